//! Window functions written over whole bars.
//!
//! A rule sees bars in time order as plain columns and gives its values bar by bar: over a whole
//! partition, or from the end of one with the bars that it looks back to. A row that is no [bar]
//! is NULL.
//!
//! [bar]: crate::bars

use crate::bars::{Bars, Roles};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::window::state::SeriesState;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    QlError, Stability,
};
use std::sync::Arc;

/// What a function does at a bar, and what it remembers of the bars before.
pub trait Rule: Clone + Send + Sync + 'static {
    /// Whether nothing is remembered: a value depends on the bars of [`Self::lookback`] alone.
    const IS_MEMORYLESS: bool = false;

    /// How many bars before a bar it looks at.
    fn lookback(&self) -> usize;

    /// Takes the bar at `t`, the next one, and writes its fields into `out`, which holds NaN.
    /// Before it lie at least as many bars as it looks back, or all there are.
    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]);

    /// Bytes held besides its own size.
    fn held(&self) -> usize {
        0
    }
}

/// Joins a spec and a rule to a window function; the names of the series parameters say what each
/// is, as in [`Bars`].
pub fn over_bar_rules<R: Rule>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<R, QlError> + Send + Sync + 'static,
) -> Function {
    let roles = Roles::of(&spec);
    let n_outputs = spec.output.fields().len().max(1);
    series_function(
        spec,
        Arc::new(move |args| {
            Ok(Box::new(RuleKernel {
                rule: make(args)?,
                roles,
                n_outputs,
            }))
        }),
    )
}

struct RuleKernel<R> {
    rule: R,
    roles: Roles,
    n_outputs: usize,
}

impl<R: Rule> SeriesKernel for RuleKernel<R> {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let bars = self.roles.read_all(inputs);
        let mut rule = self.rule.clone();
        let mut results = vec![f64::NAN; outputs.len()];
        for (t, row) in bars.rows.iter().enumerate() {
            results.fill(f64::NAN);
            rule.next(&bars, t, &mut results);
            for (column, result) in outputs.iter_mut().zip(&results) {
                if let Some(slot) = column.get_mut(*row) {
                    *slot = *result;
                }
            }
        }
        Ok(())
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let mut recent = self.roles.read_all(inputs);
        let mut rule = self.rule.clone();
        if !R::IS_MEMORYLESS {
            let mut ignored = vec![f64::NAN; self.n_outputs];
            for t in 0..recent.len() {
                rule.next(&recent, t, &mut ignored);
            }
        }
        recent.keep(rule.lookback());
        Some(Box::new(RuleState {
            rule,
            roles: self.roles,
            n_rows: inputs.first().map_or(0, |column| column.len()),
            // A copy has no more room than it needs.
            recent: recent.clone(),
        }))
    }
}

/// A rule after the bars so far.
#[derive(Clone)]
struct RuleState<R> {
    rule: R,
    roles: Roles,
    n_rows: usize,
    recent: Bars,
}

impl<R: Rule> SeriesState for RuleState<R> {
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        let at = |input: usize| row.get(input).copied();
        if let Some(bar) = self.roles.read(self.n_rows, at) {
            let t = self.recent.len();
            self.recent.push(self.n_rows, bar);
            self.rule.next(&self.recent, t, out);
            self.recent.keep(self.rule.lookback());
        }
        self.n_rows += 1;
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.rule.held() + self.recent.held()
    }
}

/// A rule of a bar and `lookback` bars before it; with fewer nothing is known.
pub fn each<const N: usize, F>(lookback: usize, value: F) -> Each<N, F>
where
    F: Fn(&Bars, usize) -> [f64; N] + Clone + Send + Sync + 'static,
{
    each_from(lookback, lookback, value)
}

/// The same for values that are known with fewer bars before, from `least` on.
pub fn each_from<const N: usize, F>(least: usize, lookback: usize, value: F) -> Each<N, F>
where
    F: Fn(&Bars, usize) -> [f64; N] + Clone + Send + Sync + 'static,
{
    Each {
        least,
        lookback,
        value,
    }
}

/// What [`each`] makes.
#[derive(Debug, Clone)]
pub struct Each<const N: usize, F> {
    least: usize,
    lookback: usize,
    value: F,
}

impl<const N: usize, F> Rule for Each<N, F>
where
    F: Fn(&Bars, usize) -> [f64; N] + Clone + Send + Sync + 'static,
{
    const IS_MEMORYLESS: bool = true;

    fn lookback(&self) -> usize {
        self.lookback
    }

    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]) {
        if t >= self.least {
            put(out, (self.value)(bars, t));
        }
    }
}

/// Writes the fields of a bar.
pub fn put<const N: usize>(out: &mut [f64], fields: [f64; N]) {
    for (slot, value) in out.iter_mut().zip(fields) {
        *slot = value;
    }
}

/// `+1` for the first condition, `-1` for the second, 0 for neither.
pub fn sign_of(is_up: bool, is_down: bool) -> f64 {
    f64::from(i8::from(is_up) - i8::from(is_down))
}

/// A window function's spec over these series of a bar.
pub fn over(name: &str, family: &str, inputs: &[&str], summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, family, Kind::Window, summary)
        .with_params(inputs.iter().map(|name| input(name)).collect())
}

fn input(name: &str) -> ParamSpec {
    match name {
        "open" => ParamSpec::series(name, "opening price"),
        "high" => ParamSpec::series(name, "highest price"),
        "low" => ParamSpec::series(name, "lowest price"),
        "close" => ParamSpec::series(name, "closing price"),
        "volume" => ParamSpec::series(name, "traded volume, not negative"),
        "ts" => ParamSpec::required(name, ParamKind::Times, "time of the bar"),
        _ => ParamSpec::series(name, "a number"),
    }
}

/// What the specs of this crate add to [`FunctionSpec`].
pub trait Describe {
    /// Appends constants to the series.
    #[must_use]
    fn constants(self, params: Vec<ParamSpec>) -> Self;
    /// A whole number as output.
    #[must_use]
    fn integer(self) -> Self;
    /// A struct of numbers as output.
    #[must_use]
    fn numbers(self, fields: &[(&str, &str)]) -> Self;
    /// Look-back, stability and source.
    #[must_use]
    fn facts(self, lookback: &str, stability: Stability, source: &str) -> Self;
    /// A query over [`wave`]; of a struct this field is shown.
    #[must_use]
    fn shown(self, constants: &str, field: &str) -> Self;
}

impl Describe for FunctionSpec {
    fn constants(mut self, params: Vec<ParamSpec>) -> Self {
        self.params.extend(params);
        self
    }

    fn integer(self) -> Self {
        self.with_output(Output::Value(OutputType::Integer))
    }

    fn numbers(self, fields: &[(&str, &str)]) -> Self {
        let field = |(name, doc): &(&str, &str)| OutputField::new(name, OutputType::Float, doc);
        self.with_output(Output::Struct(fields.iter().map(field).collect()))
    }

    fn facts(self, lookback: &str, stability: Stability, source: &str) -> Self {
        self.with_lookback(lookback)
            .with_stability(stability)
            .with_source(source)
    }

    fn shown(self, constants: &str, field: &str) -> Self {
        let sql = wave(&self, constants, field);
        self.with_example(&sql, "")
    }
}

/// The function over 20 bars whose close falls and rises by 1 from bar to bar.
fn wave(spec: &FunctionSpec, constants: &str, field: &str) -> String {
    let series = spec
        .params
        .iter()
        .filter(|p| !p.kind.is_option())
        .map(|p| p.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let value = call(&spec.name, &series, constants, field);
    format!(
        "SELECT t, {value} AS value FROM (SELECT t, open, close, greatest(open, close) + 0.5 AS high, \
         least(open, close) - 0.5 AS low, 1000.0 + 10 * (t % 7) AS volume, \
         to_timestamp(t * 43200) AS ts FROM (SELECT t, 100.0 + abs((t + 13) % 14 - 7) AS open, \
         100.0 + abs(t % 14 - 7) AS close FROM generate_series(1, 20) AS g(t)) AS g) AS bars \
         ORDER BY t DESC LIMIT 8"
    )
}

fn call(name: &str, series: &str, constants: &str, field: &str) -> String {
    let constants = match constants {
        "" => String::new(),
        given => format!(", {given}"),
    };
    let call = format!("{name}({series}{constants}) OVER (ORDER BY t)");
    match field {
        "" => call,
        field => format!("({call})['{field}']"),
    }
}

/// A query over prices in which high and low are one, as text; of a struct `field` is shown.
pub fn over_prices(name: &str, constants: &str, field: &str, prices: &[f64]) -> String {
    let rows = prices
        .iter()
        .enumerate()
        .map(|(i, price)| format!("({}, {price:?})", i + 1))
        .collect::<Vec<_>>()
        .join(", ");
    let value = call(name, "price, price", constants, field);
    format!("SELECT t, {value} AS value FROM (VALUES {rows}) AS v(t, price) ORDER BY t")
}
