//! Which functions view one simulation, told from the registry: `backtest` and those that take
//! every argument it takes.

use crate::dialect::strategy::Constant;
use datafusion::common::ScalarValue;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, ParamKind, ParamSpec, ParamValue, QlError, Registry,
};

/// The function that gives the account over time.
const BACKTEST: &str = "backtest";
/// What the names of the other views begin with.
const PREFIX: &str = "backtest_";
/// The view of the account over time.
pub const EQUITY: &str = "equity";
/// The view of the statistics.
pub const METRICS: &str = "metrics";
/// The view of the round trips.
pub const TRADES: &str = "trades";
/// One row per symbol and time is as much as the bars themselves: `REPLAY` finds it again.
const NOT_KEPT: [&str; 1] = ["positions"];

/// The views of a simulation.
#[derive(Debug, Clone)]
pub struct Surfaces {
    functions: Vec<Function>,
}

impl Surfaces {
    /// The views that this program has.
    ///
    /// # Errors
    /// XX000 when the registry has no `backtest`.
    pub fn of(registry: &Registry) -> Result<Self, QlError> {
        let first = registry
            .get(BACKTEST)
            .ok_or_else(|| QlError::internal("the registry has no function `backtest`"))?;
        let takes_all = |spec: &FunctionSpec| {
            let params = first.spec.params.iter();
            params
                .clone()
                .all(|p| spec.params.iter().any(|q| q.name == p.name))
        };
        let others = registry.iter().filter(|f| {
            let spec = &f.spec;
            spec.kind == Kind::Relation && spec.name.starts_with(PREFIX) && takes_all(spec)
        });
        let functions = std::iter::once(first).chain(others).cloned().collect();
        Ok(Self { functions })
    }

    /// The views whose rows a run keeps, by short name.
    pub fn kept(&self) -> impl Iterator<Item = (&str, &FunctionSpec)> {
        let specs = self.functions.iter().map(|f| f.spec.as_ref());
        let named = specs.map(|spec| (short(&spec.name), spec));
        named.filter(|(name, _)| !NOT_KEPT.contains(name))
    }

    /// Fails unless every view that takes these constants accepts them.
    ///
    /// # Errors
    /// 22023, naming the argument.
    pub fn check(&self, constants: &[(String, Constant)]) -> Result<(), QlError> {
        for function in &self.functions {
            let takes = |key: &str| function.spec.params.iter().any(|p| p.name == key);
            let taken = constants.iter().filter(|(key, _)| takes(key));
            let given: Vec<(String, ScalarValue)> = taken
                .map(|(key, value)| (key.clone(), scalar(value)))
                .collect();
            (function.check)(&Args::bind_named(&function.spec, &given)?)?;
        }
        Ok(())
    }

    /// The constants of a run with the defaults of those that were left out, in the order of the
    /// views, so that a run says all that it was made with.
    pub fn effective(&self, given: &[(String, Constant)]) -> Vec<(String, Constant)> {
        let mut all: Vec<(String, Constant)> = Vec::new();
        for param in self.arguments().filter(|p| p.kind.is_option()) {
            let value = given.iter().find(|(key, _)| *key == param.name);
            let value = value.map(|(_, value)| value.clone());
            let value = value.or_else(|| param.default.as_ref().and_then(constant));
            if let Some(value) = value
                && !all.iter().any(|(key, _)| *key == param.name)
            {
                all.push((param.name.clone(), value));
            }
        }
        all
    }

    /// The argument of this name, of whichever view.
    pub fn argument(&self, name: &str) -> Option<&ParamSpec> {
        self.arguments().find(|p| p.name == name)
    }

    /// All arguments besides the bars, each view's in its order.
    pub fn arguments(&self) -> impl Iterator<Item = &ParamSpec> {
        self.functions
            .iter()
            .flat_map(|f| f.spec.params.iter().skip(1))
    }

    /// The names of all arguments, each once.
    pub fn argument_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for param in self.arguments() {
            if !names.contains(&param.name.as_str()) {
                names.push(&param.name);
            }
        }
        names
    }
}

/// Whether an argument is a query.
pub fn is_query(param: &ParamSpec) -> bool {
    param.kind == ParamKind::Query
}

fn short(function: &str) -> &str {
    function.strip_prefix(PREFIX).unwrap_or(EQUITY)
}

/// A constant as the function mechanism takes it.
fn scalar(constant: &Constant) -> ScalarValue {
    match constant {
        Constant::Number(digits) => match digits.parse::<i64>() {
            Ok(whole) => ScalarValue::Int64(Some(whole)),
            Err(_) => ScalarValue::Float64(digits.parse().ok()),
        },
        Constant::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        Constant::Flag(flag) => ScalarValue::Boolean(Some(*flag)),
        Constant::Null => ScalarValue::Null,
    }
}

/// A value as a constant; none for NULL, which is the same as leaving it out.
pub fn constant(value: &ParamValue) -> Option<Constant> {
    match value {
        ParamValue::Null => None,
        ParamValue::Integer(n) => Some(Constant::Number(n.to_string())),
        ParamValue::Number(n) => Some(Constant::Number(n.to_string())),
        ParamValue::Flag(flag) => Some(Constant::Flag(*flag)),
        ParamValue::Text(text) => Some(Constant::Text(text.clone())),
    }
}
