//! Row-wise functions.

use crate::arguments::Args;
use crate::error::QlError;
use crate::registry::{Function, Implementation};
use crate::series::{coerce_arguments, param_is_option};
use crate::spec::{FunctionSpec, ParamKind, default_time_type};
use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The core of a row-wise function over one batch.
///
/// `columns` holds the per-row arguments in the order of the spec (doubles as `Float64Array`,
/// texts as `StringViewArray`), all of length `n_rows`; left-out ones are all NULL.
pub type ScalarKernel =
    Arc<dyn Fn(&Args, &[ArrayRef], usize) -> Result<ArrayRef, QlError> + Send + Sync>;

/// Joins a spec and a kernel to a scalar function.
///
/// `volatility` is `Immutable` for a pure function; `Stable` where the answer can change between
/// statements (a model that may be replaced).
pub fn scalar_function(
    spec: FunctionSpec,
    volatility: Volatility,
    kernel: ScalarKernel,
) -> Function {
    let spec = Arc::new(spec);
    let (probed, probe) = (Arc::clone(&spec), Arc::clone(&kernel));
    let udf = ScalarFunction {
        spec: Arc::clone(&spec),
        signature: Signature::user_defined(volatility),
        kernel,
    };
    Function {
        spec,
        implementation: Implementation::Scalar(Arc::new(ScalarUDF::from(udf))),
        check: Arc::new(move |args| probe(args, &no_rows(&probed, args), 0).map(drop)),
    }
}

/// The per-row arguments of a call over no rows.
fn no_rows(spec: &FunctionSpec, args: &Args) -> Vec<ArrayRef> {
    let per_row: Vec<_> = spec.params.iter().filter(|p| !p.kind.is_option()).collect();
    (0..args.n_series)
        .filter_map(|i| per_row.get(i).or(per_row.last()))
        .map(|param| match param.kind {
            ParamKind::Texts | ParamKind::Groups => new_null_array(&DataType::Utf8View, 0),
            ParamKind::Times => new_null_array(&default_time_type(), 0),
            _ => new_null_array(&DataType::Float64, 0),
        })
        .collect()
}

/// The DataFusion side of a scalar function.
pub struct ScalarFunction {
    spec: Arc<FunctionSpec>,
    signature: Signature,
    kernel: ScalarKernel,
}

impl fmt::Debug for ScalarFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScalarFunction")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for ScalarFunction {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}

impl Eq for ScalarFunction {}

impl Hash for ScalarFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl ScalarUDFImpl for ScalarFunction {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.spec.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(self.spec.output.data_type())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(
            &self.spec.name,
            self.spec.output.data_type(),
            true,
        )))
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(coerce_arguments(&self.spec, given)?)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let given: Vec<Option<ScalarValue>> = call
            .args
            .iter()
            .map(|a| match a {
                ColumnarValue::Scalar(v) => Some(v.clone()),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        let args = Args::bind(&self.spec, &given)?;
        let rows_known = call
            .args
            .iter()
            .any(|a| matches!(a, ColumnarValue::Array(_)));
        // A call on constants alone is computed once, not once per row.
        let n_rows = if rows_known { call.number_rows } else { 1 };
        let mut columns = Vec::with_capacity(args.n_series);
        for (i, value) in call.args.iter().enumerate() {
            if !param_is_option(&self.spec, i) {
                columns.push(value.to_array(n_rows)?);
            }
        }
        for param in self.spec.params.iter().skip(call.args.len()) {
            match param.kind {
                ParamKind::Series => columns.push(new_null_array(&DataType::Float64, n_rows)),
                ParamKind::Texts | ParamKind::Groups => {
                    columns.push(new_null_array(&DataType::Utf8View, n_rows));
                }
                ParamKind::Times => columns.push(new_null_array(&default_time_type(), n_rows)),
                _ => {}
            }
        }
        let result = (self.kernel)(&args, &columns, n_rows)?;
        if rows_known {
            Ok(ColumnarValue::Array(result))
        } else {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &result, 0,
            )?))
        }
    }
}
