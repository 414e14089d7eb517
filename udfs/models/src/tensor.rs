//! The inputs and outputs of a model: names, element types, shapes, and values in their types.

use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, Outlet, TensorElementType, TensorRef, ValueType};
use quantlake_core::{QlError, SqlState};
use std::fmt;

/// An element type that numbers can be exchanged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    F64,
    I32,
    I64,
    Bool,
}

impl Element {
    fn of(ty: TensorElementType) -> Option<Self> {
        match ty {
            TensorElementType::Float32 => Some(Self::F32),
            TensorElementType::Float64 => Some(Self::F64),
            TensorElementType::Int32 => Some(Self::I32),
            TensorElementType::Int64 => Some(Self::I64),
            TensorElementType::Bool => Some(Self::Bool),
            _ => None,
        }
    }
}

/// One input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in the model.
    pub name: String,
    /// The element type as ONNX names it: `float32`, `int64`, `string`.
    pub dtype: String,
    /// The size of each dimension; `None` where it is free.
    pub dims: Vec<Option<usize>>,
    pub(crate) element: Option<Element>,
}

impl TensorSpec {
    pub(crate) fn of(outlet: &Outlet) -> Self {
        let (element, dtype, dims) = match outlet.dtype() {
            ValueType::Tensor { ty, shape, .. } => {
                let element = Element::of(*ty);
                // The variants are named as ONNX names the types, but for the capital.
                let dtype = format!("{ty:?}").to_lowercase();
                let dims = shape.iter().map(|d| usize::try_from(*d).ok()).collect();
                (element, dtype, dims)
            }
            other => (None, other.to_string(), Vec::new()),
        };
        Self {
            name: outlet.name().to_string(),
            dtype,
            dims,
            element,
        }
    }

    /// What a session takes and what it gives.
    pub(crate) fn of_session(session: &Session) -> (Vec<Self>, Vec<Self>) {
        let all = |outlets: &[Outlet]| outlets.iter().map(Self::of).collect();
        (all(session.inputs()), all(session.outputs()))
    }
}

impl fmt::Display for TensorSpec {
    /// `x float32[?, 64, 1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self
            .dims
            .iter()
            .map(|d| d.map_or_else(|| "?".to_string(), |size| size.to_string()))
            .collect();
        write!(f, "{} {}[{}]", self.name, self.dtype, dims.join(", "))
    }
}

/// A comma-separated list of inputs or outputs.
pub(crate) fn listed(specs: &[TensorSpec]) -> String {
    let shown: Vec<String> = specs.iter().map(TensorSpec::to_string).collect();
    shown.join(", ")
}

/// The values of one input in the type that the model wants.
#[derive(Debug)]
pub(crate) enum Buffer {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
}

impl Buffer {
    pub(crate) fn new(element: Element) -> Self {
        match element {
            Element::F32 => Self::F32(Vec::new()),
            Element::F64 => Self::F64(Vec::new()),
            Element::I32 => Self::I32(Vec::new()),
            Element::I64 => Self::I64(Vec::new()),
            Element::Bool => Self::Bool(Vec::new()),
        }
    }

    /// Replaces the contents.
    ///
    /// A value beyond float32 becomes infinite there, as IEEE 754 has it. A value that an integer
    /// type cannot hold is an error, because no rounding would be right.
    pub(crate) fn fill(
        &mut self,
        input: &str,
        values: impl Iterator<Item = f64>,
    ) -> Result<(), QlError> {
        match self {
            Self::F32(buffer) => {
                buffer.clear();
                buffer.extend(values.map(|v| v as f32));
                Ok(())
            }
            Self::F64(buffer) => {
                buffer.clear();
                buffer.extend(values);
                Ok(())
            }
            Self::I32(buffer) => {
                let (min, max) = (f64::from(i32::MIN), f64::from(i32::MAX));
                refill(buffer, input, "an int32", values, |v| {
                    (v.fract() == 0.0 && v >= min && v <= max).then_some(v as i32)
                })
            }
            Self::I64(buffer) => {
                // The largest double below 2^63 still fits, 2^63 itself does not.
                let limit = 2f64.powi(63);
                refill(buffer, input, "an int64", values, |v| {
                    (v.fract() == 0.0 && v >= -limit && v < limit).then_some(v as i64)
                })
            }
            Self::Bool(buffer) => refill(buffer, input, "0 or 1", values, |v| {
                (v == 0.0 || v == 1.0).then_some(v == 1.0)
            }),
        }
    }

    /// The contents as a tensor of this shape.
    pub(crate) fn tensor(&self, shape: Vec<i64>) -> ort::Result<SessionInputValue<'_>> {
        Ok(match self {
            Self::F32(b) => TensorRef::from_array_view((shape, b.as_slice()))?.into(),
            Self::F64(b) => TensorRef::from_array_view((shape, b.as_slice()))?.into(),
            Self::I32(b) => TensorRef::from_array_view((shape, b.as_slice()))?.into(),
            Self::I64(b) => TensorRef::from_array_view((shape, b.as_slice()))?.into(),
            Self::Bool(b) => TensorRef::from_array_view((shape, b.as_slice()))?.into(),
        })
    }
}

fn refill<T>(
    buffer: &mut Vec<T>,
    input: &str,
    wanted: &str,
    values: impl Iterator<Item = f64>,
    convert: impl Fn(f64) -> Option<T>,
) -> Result<(), QlError> {
    buffer.clear();
    for value in values {
        let Some(converted) = convert(value) else {
            return Err(QlError::new(
                SqlState::DataException,
                format!("model input `{input}`: a value must be {wanted}, found {value}"),
            ));
        };
        buffer.push(converted);
    }
    Ok(())
}

/// The shape and the values of an output, as doubles.
pub(crate) fn doubles(value: &DynValue) -> ort::Result<(Vec<i64>, Vec<f64>)> {
    macro_rules! extract {
        ($ty:ty, $convert:expr) => {{
            let (shape, values) = value.try_extract_tensor::<$ty>()?;
            Ok((shape.to_vec(), values.iter().map($convert).collect()))
        }};
    }
    match value.dtype().tensor_type().and_then(Element::of) {
        Some(Element::F32) => extract!(f32, |v| f64::from(*v)),
        Some(Element::F64) => extract!(f64, |v| *v),
        Some(Element::I32) => extract!(i32, |v| f64::from(*v)),
        Some(Element::I64) => extract!(i64, |v| *v as f64),
        Some(Element::Bool) => extract!(bool, |v| f64::from(u8::from(*v))),
        None => Err(ort::Error::new(format!(
            "the output is a {}",
            value.dtype()
        ))),
    }
}
