//! From `WITH (...)` to checked values: which are parameters of the strategy, which are arguments
//! of `backtest`, and which runs a list of values asks for.

use super::surfaces::{Surfaces, is_query};
use crate::dialect::strategy::{Constant, CreateStrategy, Parameter, ParameterType, Setting};
use chrono::{NaiveDate, NaiveDateTime};
use datafusion::sql::sqlparser::ast::Query;
use quantlake_core::{QlError, SqlState};

/// Options of the statement itself.
pub const FAMILY: &str = "family";
/// Free text of the user.
pub const NOTE: &str = "note";
/// Arguments that the ledger gives, because it counts.
const COUNTED: [&str; 2] = ["trials", "trials_variance"];
/// The argument that would put several accounts into one run.
const KEYS: &str = "keys";

/// The most runs that one statement may ask for.
const MAX_RUNS: usize = 1000;

/// Names with their constants.
pub type Constants = Vec<(String, Constant)>;

/// What a statement asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// One entry for each run: the values of all parameters and the arguments given.
    pub variants: Vec<Variant>,
    /// Arguments that are queries.
    pub queries: Vec<(String, Box<Query>)>,
    /// The family whose trials are counted together.
    pub family: String,
    /// What the user had to say.
    pub note: Option<String>,
}

/// The values of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Variant {
    /// Every parameter of the strategy.
    pub parameters: Constants,
    /// The constant arguments of `backtest` and its views, defaults included.
    pub arguments: Constants,
}

/// Checks settings against a strategy and the views.
///
/// # Errors
/// 42703 for a name that neither has, 42804 for a value of another type, 22023 for a parameter
/// without value and for an option that a run does not take.
pub fn bind(
    surfaces: &Surfaces,
    strategy: &CreateStrategy,
    settings: &[(String, Setting)],
) -> Result<Bound, QlError> {
    let mut bound = Bound {
        variants: vec![Variant::default()],
        queries: Vec::new(),
        family: strategy.name.clone(),
        note: None,
    };
    for parameter in &strategy.parameters {
        let given = settings.iter().find(|(key, _)| *key == parameter.name);
        let values = parameter_values(strategy, parameter, given.map(|(_, value)| value))?;
        bound.multiply(|v| &mut v.parameters, &parameter.name, &values)?;
    }
    for (key, value) in settings {
        if strategy.parameters.iter().any(|p| p.name == *key) {
            continue;
        }
        bound.take_option(surfaces, strategy, key, value)?;
    }
    for variant in &mut bound.variants {
        surfaces.check(&variant.arguments)?;
        variant.arguments = one_run(surfaces.effective(&variant.arguments));
    }
    Ok(bound)
}

/// The arguments that one simulation of one variant has.
pub fn one_run(mut arguments: Constants) -> Constants {
    let is_run = |key: &str| key != KEYS && !COUNTED.contains(&key);
    arguments.retain(|(key, _)| is_run(key));
    arguments
}

impl Bound {
    fn take_option(
        &mut self,
        surfaces: &Surfaces,
        strategy: &CreateStrategy,
        key: &str,
        value: &Setting,
    ) -> Result<(), QlError> {
        match key {
            FAMILY => {
                self.family = text_of(key, value)?;
                return Ok(());
            }
            NOTE => {
                self.note = Some(text_of(key, value)?);
                return Ok(());
            }
            _ if COUNTED.contains(&key) => return Err(counted(key)),
            KEYS => return Err(one_account()),
            _ => {}
        }
        let Some(param) = surfaces.argument(key) else {
            return Err(unknown(surfaces, strategy, key));
        };
        match (value, is_query(param)) {
            (Setting::Query(query), true) => self.queries.push((key.to_string(), query.clone())),
            (Setting::Constants(values), false) => {
                self.multiply(|v| &mut v.arguments, key, values)?;
            }
            _ => return Err(mismatch(key, &param.kind.allowed(), value)),
        }
        Ok(())
    }

    /// Every run so far, once with each of the values.
    fn multiply(
        &mut self,
        of: fn(&mut Variant) -> &mut Constants,
        name: &str,
        values: &[Constant],
    ) -> Result<(), QlError> {
        if self.variants.len().saturating_mul(values.len()) > MAX_RUNS {
            let allowed = format!("lists that ask for at most {MAX_RUNS} runs");
            return Err(QlError::bad_argument(
                "RUN BACKTEST",
                "WITH",
                allowed,
                "more",
            ));
        }
        let runs = std::mem::take(&mut self.variants);
        for run in runs {
            for value in values {
                let mut run = run.clone();
                of(&mut run).push((name.to_string(), value.clone()));
                self.variants.push(run);
            }
        }
        Ok(())
    }
}

fn parameter_values(
    strategy: &CreateStrategy,
    parameter: &Parameter,
    given: Option<&Setting>,
) -> Result<Vec<Constant>, QlError> {
    let wanted = parameter.ty.sql_name();
    match (given, &parameter.default) {
        (Some(Setting::Constants(values)), _) => {
            for value in values {
                check_type(&strategy.name, parameter, value)?;
            }
            Ok(values.clone())
        }
        (Some(query), _) => Err(mismatch(&parameter.name, wanted, query)),
        (None, Some(default)) => Ok(vec![default.clone()]),
        (None, None) => Err(QlError::new(
            SqlState::InvalidParameter,
            format!(
                "{}: `{}` has to be given: {wanted}",
                strategy.name, parameter.name
            ),
        )),
    }
}

/// Fails unless a value has the type of its parameter.
///
/// # Errors
/// 42804.
pub fn check_type(strategy: &str, parameter: &Parameter, value: &Constant) -> Result<(), QlError> {
    let fits = match (parameter.ty, value) {
        (_, Constant::Null) => true,
        (ParameterType::Integer, Constant::Number(digits)) => digits.parse::<i64>().is_ok(),
        (ParameterType::Number, Constant::Number(digits)) => {
            digits.parse::<f64>().is_ok_and(f64::is_finite)
        }
        (ParameterType::Flag, Constant::Flag(_)) | (ParameterType::Text, Constant::Text(_)) => true,
        (ParameterType::Date, Constant::Text(text)) => is_date(text),
        (ParameterType::Timestamp, Constant::Text(text)) => is_timestamp(text),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let (name, ty) = (&parameter.name, parameter.ty.sql_name());
    Err(QlError::new(
        SqlState::DatatypeMismatch,
        format!("{strategy}: `{name}` must be {ty}, found {value}"),
    ))
}

fn is_date(text: &str) -> bool {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_timestamp(text: &str) -> bool {
    let text = text.replacen('T', " ", 1);
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let is_time = |format: &str| NaiveDateTime::parse_from_str(&text, format).is_ok();
    is_date(&text) || formats.iter().any(|f| is_time(f))
}

/// A value as SQL that has the parameter's type wherever it stands.
pub fn sql_of(ty: ParameterType, value: &Constant) -> String {
    match (ty, value) {
        (_, Constant::Null) => format!("CAST(NULL AS {})", ty.sql_name()),
        // An exponent keeps a double a double: 2 would be an integer.
        (ParameterType::Number, Constant::Number(d)) if !d.contains(['.', 'e', 'E']) => {
            format!("({d}e0)")
        }
        (_, Constant::Number(digits)) if digits.starts_with('-') => format!("({digits})"),
        (ParameterType::Date, text) => format!("DATE {text}"),
        (ParameterType::Timestamp, text) => format!("TIMESTAMP {text}"),
        (_, other) => other.to_string(),
    }
}

fn text_of(key: &str, value: &Setting) -> Result<String, QlError> {
    match value {
        Setting::Constants(values) => match values.as_slice() {
            [Constant::Text(text)] if !text.is_empty() => Ok(text.clone()),
            _ => Err(mismatch(key, "a text", value)),
        },
        Setting::Query(_) => Err(mismatch(key, "a text", value)),
    }
}

fn mismatch(key: &str, wanted: &str, found: &Setting) -> QlError {
    QlError::new(
        SqlState::DatatypeMismatch,
        format!("RUN BACKTEST: `{key}` must be {wanted}, found {found}"),
    )
}

fn counted(key: &str) -> QlError {
    QlError::bad_argument(
        "RUN BACKTEST",
        key,
        "left out: the ledger counts the trials",
        "a value",
    )
    .with_hint("Runs and sweeps of one family count together: WITH (family = '...')")
}

fn one_account() -> QlError {
    QlError::bad_argument(
        "RUN BACKTEST",
        KEYS,
        "left out: a run is one simulation",
        "a value",
    )
    .with_hint("A list of values makes one run for each: WITH (fast = (5, 10, 20))")
}

fn unknown(surfaces: &Surfaces, strategy: &CreateStrategy, key: &str) -> QlError {
    let own: Vec<&str> = strategy
        .parameters
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    let own = if own.is_empty() {
        "no parameters".to_string()
    } else {
        format!("the parameters {}", own.join(", "))
    };
    QlError::new(
        SqlState::UndefinedColumn,
        format!(
            "RUN BACKTEST: there is no `{key}`; {} has {own}",
            strategy.name
        ),
    )
    .with_hint(format!(
        "Besides them there are {FAMILY}, {NOTE} and the arguments of backtest: {}",
        surfaces.argument_names().join(", ")
    ))
}
