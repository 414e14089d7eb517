//! Window functions written over whole bars.
//!
//! A rule sees the bars of one partition in time order as plain columns and writes its values bar
//! by bar. A row that is no bar (a high below its open, close or low, or a negative volume) is
//! taken out before and is NULL, as with the state machines of `quantlake_indicators::machine`.

use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    QlError, Stability,
};
use std::sync::Arc;

/// The bars of one partition. Columns that the function does not take are filled as the roles in
/// [`Bars::read`] say; all have one length.
#[derive(Debug, Default)]
pub struct Bars {
    /// Opening prices; the closes where the function takes no open.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Closing prices; the middle of high and low where the function takes no close.
    pub close: Vec<f64>,
    /// Volumes, 0 where the function takes none.
    pub volume: Vec<f64>,
    /// Times in microseconds since 1970 UTC, the row's number where the function takes none.
    pub ts: Vec<f64>,
    rows: Vec<usize>,
}

impl Bars {
    /// How many bars there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The larger of this bar's high and the close before it; the high of the first bar.
    pub fn true_high(&self, t: usize) -> f64 {
        match t.checked_sub(1) {
            Some(before) => self.high[t].max(self.close[before]),
            None => self.high[t],
        }
    }

    /// The smaller of this bar's low and the close before it; the low of the first bar.
    pub fn true_low(&self, t: usize) -> f64 {
        match t.checked_sub(1) {
            Some(before) => self.low[t].min(self.close[before]),
            None => self.low[t],
        }
    }

    fn read(names: &[String], inputs: &[&[f64]]) -> Self {
        let column = |name: &str| {
            let position = names.iter().position(|n| n == name)?;
            inputs.get(position).copied()
        };
        let [open, high, low, close, volume, ts] =
            ["open", "high", "low", "close", "volume", "ts"].map(column);
        let n_rows = inputs.first().map_or(0, |c| c.len());
        let mut bars = Self::default();
        for row in 0..n_rows {
            let at = |column: Option<&[f64]>| column.and_then(|c| c.get(row)).copied();
            let (top, bottom) = (at(high), at(low));
            let middle = || Some((top? + bottom?) / 2.0);
            let Some(end) = at(close).or_else(middle) else {
                continue;
            };
            let start = at(open).unwrap_or(end);
            let top = top.unwrap_or(start.max(end));
            let bottom = bottom.unwrap_or(start.min(end));
            let traded = at(volume).unwrap_or(0.0);
            if top >= start.max(end) && bottom <= start.min(end) && traded >= 0.0 {
                bars.open.push(start);
                bars.high.push(top);
                bars.low.push(bottom);
                bars.close.push(end);
                bars.volume.push(traded);
                bars.ts.push(at(ts).unwrap_or(row as f64));
                bars.rows.push(row);
            }
        }
        bars
    }
}

/// Where a rule writes its values.
pub struct Out<'a, 'b> {
    columns: &'a mut [&'b mut [f64]],
    rows: &'a [usize],
}

impl Out<'_, '_> {
    /// Writes the fields of a bar; what is not written stays unknown.
    pub fn set(&mut self, bar: usize, values: &[f64]) {
        let Some(row) = self.rows.get(bar) else {
            return;
        };
        for (column, value) in self.columns.iter_mut().zip(values) {
            if let Some(slot) = column.get_mut(*row) {
                *slot = *value;
            }
        }
    }
}

/// What a function does with the bars of one partition.
pub type Rule = Box<dyn Fn(&Bars, &mut Out) + Send + Sync>;

/// Joins a spec and a rule to a window function; the names of the series parameters say what each
/// is, as in [`Bars`].
pub fn over_bar_rules(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<Rule, QlError> + Send + Sync + 'static,
) -> Function {
    let names: Vec<String> = spec
        .params
        .iter()
        .filter(|p| !p.kind.is_option())
        .map(|p| p.name.clone())
        .collect();
    series_function(
        spec,
        Arc::new(move |args| {
            Ok(Box::new(RuleKernel {
                rule: make(args)?,
                names: names.clone(),
            }))
        }),
    )
}

struct RuleKernel {
    rule: Rule,
    names: Vec<String>,
}

impl SeriesKernel for RuleKernel {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let bars = Bars::read(&self.names, inputs);
        let mut out = Out {
            columns: outputs,
            rows: &bars.rows,
        };
        (self.rule)(&bars, &mut out);
        Ok(())
    }
}

/// A rule that looks at a bar and at most `lookback` bars before it.
pub fn each<const N: usize>(
    lookback: usize,
    value: impl Fn(&Bars, usize) -> [f64; N] + Send + Sync + 'static,
) -> Rule {
    Box::new(move |bars, out| {
        for t in lookback..bars.len() {
            out.set(t, &value(bars, t));
        }
    })
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
