//! Constant arguments: from SQL literals to checked values.

use crate::error::{QlError, SqlState};
use crate::spec::{FunctionSpec, ParamKind, ParamSpec};
use datafusion::common::ScalarValue;
use std::fmt;

/// The value of a constant argument.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Left out, or given as NULL where that is allowed.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A boolean.
    Flag(bool),
    /// A text.
    Text(String),
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Number(v) => write!(f, "{v}"),
            Self::Flag(v) => write!(f, "{v}"),
            Self::Text(v) => write!(f, "'{v}'"),
        }
    }
}

impl ParamValue {
    /// Reads a SQL literal. `None` for types no parameter takes.
    pub fn from_scalar(value: &ScalarValue) -> Option<Self> {
        if value.is_null() {
            return Some(Self::Null);
        }
        Some(match value {
            ScalarValue::Boolean(Some(v)) => Self::Flag(*v),
            ScalarValue::Utf8(Some(v))
            | ScalarValue::Utf8View(Some(v))
            | ScalarValue::LargeUtf8(Some(v)) => Self::Text(v.clone()),
            ScalarValue::Float32(Some(v)) => Self::Number(f64::from(*v)),
            ScalarValue::Float64(Some(v)) => Self::Number(*v),
            ScalarValue::Int8(Some(v)) => Self::Integer(i64::from(*v)),
            ScalarValue::Int16(Some(v)) => Self::Integer(i64::from(*v)),
            ScalarValue::Int32(Some(v)) => Self::Integer(i64::from(*v)),
            ScalarValue::Int64(Some(v)) => Self::Integer(*v),
            ScalarValue::UInt8(Some(v)) => Self::Integer(i64::from(*v)),
            ScalarValue::UInt16(Some(v)) => Self::Integer(i64::from(*v)),
            ScalarValue::UInt32(Some(v)) => Self::Integer(i64::from(*v)),
            ScalarValue::UInt64(Some(v)) => Self::Integer(i64::try_from(*v).ok()?),
            ScalarValue::Decimal128(..) | ScalarValue::Decimal256(..) => {
                match value
                    .cast_to(&datafusion::arrow::datatypes::DataType::Float64)
                    .ok()?
                {
                    ScalarValue::Float64(Some(v)) => Self::Number(v),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// The literal that stands for this value in a plan.
    pub fn to_scalar(&self) -> ScalarValue {
        match self {
            Self::Null => ScalarValue::Null,
            Self::Integer(v) => ScalarValue::Int64(Some(*v)),
            Self::Number(v) => ScalarValue::Float64(Some(*v)),
            Self::Flag(v) => ScalarValue::Boolean(Some(*v)),
            Self::Text(v) => ScalarValue::Utf8(Some(v.clone())),
        }
    }
}

/// The checked constants of one call, by parameter name.
#[derive(Debug, Clone, PartialEq)]
pub struct Args {
    function: String,
    values: Vec<(String, ParamValue)>,
    /// How many per-row arguments the call has; more than the spec's where the last one repeats.
    pub n_series: usize,
}

impl Args {
    /// Checks the constants of a call against the spec and fills in the defaults.
    ///
    /// `given` holds one entry per argument in positional order: the literal for a constant,
    /// `None` for an expression over rows.
    ///
    /// # Errors
    /// 42883 for a wrong number of arguments, 22023 for a value outside its range or for an
    /// expression where a constant is needed.
    pub fn bind(spec: &FunctionSpec, given: &[Option<ScalarValue>]) -> Result<Self, QlError> {
        check_arity(spec, given.len())?;
        let mut values = Vec::new();
        let mut n_series = given.len().saturating_sub(spec.params.len());
        for (i, param) in spec.params.iter().enumerate() {
            if !param.kind.is_option() {
                n_series += 1;
                continue;
            }
            let value = match given.get(i) {
                Some(Some(literal)) => check_literal(spec, param, literal)?,
                Some(None) => {
                    return Err(QlError::bad_argument(
                        &spec.name,
                        &param.name,
                        "a constant",
                        "an expression over rows",
                    ));
                }
                None => default_of(spec, param)?,
            };
            values.push((param.name.clone(), value));
        }
        Ok(Self {
            function: spec.name.clone(),
            values,
            n_series,
        })
    }

    /// Checks named constants, as relation functions and statements give them.
    ///
    /// # Errors
    /// 22023 for an unknown or repeated name and for a value outside its range.
    pub fn bind_named(
        spec: &FunctionSpec,
        given: &[(String, ScalarValue)],
    ) -> Result<Self, QlError> {
        let options: Vec<&ParamSpec> = spec.params.iter().filter(|p| p.kind.is_option()).collect();
        for (i, (name, _)) in given.iter().enumerate() {
            if !options.iter().any(|p| p.name == *name) {
                return Err(unknown_parameter(spec, name));
            }
            if given.iter().take(i).any(|(other, _)| other == name) {
                return Err(QlError::new(
                    SqlState::InvalidParameter,
                    format!("{}: `{name}` is given twice", spec.name),
                ));
            }
        }
        let mut values = Vec::new();
        for param in options {
            let value = match given.iter().find(|(name, _)| *name == param.name) {
                Some((_, literal)) => check_literal(spec, param, literal)?,
                None => default_of(spec, param)?,
            };
            values.push((param.name.clone(), value));
        }
        Ok(Self {
            function: spec.name.clone(),
            values,
            n_series: 0,
        })
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// XX000 when the spec has no such constant, which is our mistake.
    pub fn get(&self, name: &str) -> Result<&ParamValue, QlError> {
        self.values
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v)
            .ok_or_else(|| {
                QlError::internal(format!(
                    "{}: the spec has no constant `{name}`",
                    self.function
                ))
            })
    }

    /// A whole number (also the code of a choice).
    ///
    /// # Errors
    /// XX000 when the parameter is of another kind.
    pub fn integer(&self, name: &str) -> Result<i64, QlError> {
        match self.get(name)? {
            ParamValue::Integer(v) => Ok(*v),
            other => Err(self.wrong_kind(name, other)),
        }
    }

    /// A whole number that is not negative, as a count of rows.
    ///
    /// # Errors
    /// XX000 when the parameter is of another kind or negative.
    pub fn count(&self, name: &str) -> Result<usize, QlError> {
        let value = self.integer(name)?;
        usize::try_from(value).map_err(|_| self.wrong_kind(name, &ParamValue::Integer(value)))
    }

    /// A number.
    ///
    /// # Errors
    /// XX000 when the parameter is of another kind.
    pub fn number(&self, name: &str) -> Result<f64, QlError> {
        self.optional_number(name)?
            .ok_or_else(|| self.wrong_kind(name, &ParamValue::Null))
    }

    /// A number, or `None` for NULL.
    ///
    /// # Errors
    /// XX000 when the parameter is of another kind.
    pub fn optional_number(&self, name: &str) -> Result<Option<f64>, QlError> {
        match self.get(name)? {
            ParamValue::Number(v) => Ok(Some(*v)),
            ParamValue::Null => Ok(None),
            other => Err(self.wrong_kind(name, other)),
        }
    }

    /// A boolean.
    ///
    /// # Errors
    /// XX000 when the parameter is of another kind.
    pub fn flag(&self, name: &str) -> Result<bool, QlError> {
        match self.get(name)? {
            ParamValue::Flag(v) => Ok(*v),
            other => Err(self.wrong_kind(name, other)),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// XX000 when the parameter is of another kind.
    pub fn text(&self, name: &str) -> Result<&str, QlError> {
        match self.get(name)? {
            ParamValue::Text(v) => Ok(v),
            other => Err(self.wrong_kind(name, other)),
        }
    }

    /// All constants in the order of the spec.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.values.iter().map(|(n, v)| (n.as_str(), v))
    }

    fn wrong_kind(&self, name: &str, value: &ParamValue) -> QlError {
        QlError::internal(format!(
            "{}: `{name}` holds {value}, of another kind than asked for",
            self.function
        ))
    }
}

/// Refuses a call with too few or too many arguments.
///
/// # Errors
/// 42883, naming the signature.
pub fn check_arity(spec: &FunctionSpec, n_given: usize) -> Result<(), QlError> {
    let n_required = spec.params.iter().filter(|p| p.default.is_none()).count();
    let too_many = n_given > spec.params.len() && !spec.variadic;
    if n_given >= n_required && !too_many {
        return Ok(());
    }
    let allowed = if spec.variadic {
        format!("at least {n_required}")
    } else if n_required == spec.params.len() {
        n_required.to_string()
    } else {
        format!("{n_required} to {}", spec.params.len())
    };
    Err(QlError::new(
        SqlState::UndefinedFunction,
        format!("{}: takes {allowed} arguments, found {n_given}", spec.name),
    )
    .with_hint(format!("The signature is {}", spec.signature())))
}

/// The error for a name that no parameter has.
pub fn unknown_parameter(spec: &FunctionSpec, name: &str) -> QlError {
    let known: Vec<_> = spec.params.iter().map(|p| p.name.as_str()).collect();
    QlError::new(
        SqlState::InvalidParameter,
        format!(
            "{}: no parameter is named `{name}`; there are {}",
            spec.name,
            known.join(", ")
        ),
    )
}

fn default_of(spec: &FunctionSpec, param: &ParamSpec) -> Result<ParamValue, QlError> {
    let Some(default) = &param.default else {
        return Err(QlError::new(
            SqlState::UndefinedFunction,
            format!(
                "{}: `{}` has to be given: {}",
                spec.name,
                param.name,
                param.kind.allowed()
            ),
        ));
    };
    match (&param.kind, default) {
        (ParamKind::Choice(choices), ParamValue::Text(name)) => choices
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, code)| ParamValue::Integer(*code))
            .ok_or_else(|| {
                QlError::internal(format!(
                    "{}: default of `{}` is no choice",
                    spec.name, param.name
                ))
            }),
        _ => Ok(default.clone()),
    }
}

fn check_literal(
    spec: &FunctionSpec,
    param: &ParamSpec,
    literal: &ScalarValue,
) -> Result<ParamValue, QlError> {
    let bad =
        |found: String| QlError::bad_argument(&spec.name, &param.name, param.kind.allowed(), found);
    let Some(value) = ParamValue::from_scalar(literal) else {
        return Err(bad(format!("a value of type {}", literal.data_type())));
    };
    match (&param.kind, &value) {
        (_, ParamValue::Null) if param.default == Some(ParamValue::Null) => Ok(ParamValue::Null),
        (ParamKind::Integer { min, max }, ParamValue::Integer(v)) if v >= min && v <= max => {
            Ok(value)
        }
        (ParamKind::Number { min, max }, _) => {
            let number = match value {
                ParamValue::Integer(v) => v as f64,
                ParamValue::Number(v) => v,
                ref other => return Err(bad(other.to_string())),
            };
            if number.is_finite() && number >= *min && number <= *max {
                Ok(ParamValue::Number(number))
            } else {
                Err(bad(number.to_string()))
            }
        }
        (ParamKind::Flag, ParamValue::Flag(_)) | (ParamKind::Name, ParamValue::Text(_)) => {
            Ok(value)
        }
        (ParamKind::Choice(choices), ParamValue::Text(name)) => choices
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, code)| ParamValue::Integer(*code))
            .ok_or_else(|| bad(value.to_string())),
        (ParamKind::Choice(choices), ParamValue::Integer(code))
            if choices.iter().any(|(_, c)| c == code) =>
        {
            Ok(value)
        }
        _ => Err(bad(value.to_string())),
    }
}
