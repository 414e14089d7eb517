//! Where libraries disagree: TA-Lib's convention is the default, the others are named arguments.
//!
//! Each of them is computed by the library itself, over input that is continued backwards or
//! turned upside down, or with its result scaled, so that no formula is written a second time:
//!
//! * `seed => 'first'`: exponential averages start at the first row (TradingView, Tulip, pandas'
//!   `ewm(adjust=False)`), not at the mean of their first `period` rows. The same as a series that
//!   had always been what it is at its first row.
//! * `ddof => 1`: deviations of a sample (pandas), not of a population.
//! * `first_bar => true`: the first bar has a true range, its high minus its low (TradingView,
//!   Tulip). The same as a bar before it that traded at one price inside its range.
//! * `start => 'down'`: the trend is down until shown otherwise (TradingView's SuperTrend). The
//!   same as prices turned upside down with an upward start.
//! * `flat => 100`: the value as long as the series has not moved at all (TradingView's RSI).

use crate::names;
use quantlake_core::{Args, ParamKind, ParamSpec, ParamValue, QlError, SqlState};
use ta_lib::abstract_api::{FuncInfo, OptInputType};

/// What consists of exponential averages of its input and of nothing else, with the rows that it
/// needs besides (TRIX: the row before, for the change).
///
/// What also looks at a window or averages changes is not here: rows before the first would be
/// part of that, and no other program counts them.
const SEEDED: [(&str, usize); 14] = [
    ("APO", 0),
    ("DEMA", 0),
    ("EMA", 0),
    ("ERI", 0),
    ("MA", 0),
    ("MACD", 0),
    ("MACDEXT", 0),
    ("MACDFIX", 0),
    ("PPO", 0),
    ("PVO", 0),
    ("RMA", 0),
    ("T3", 0),
    ("TEMA", 0),
    ("TRIX", 1),
];
const DEVIATIONS: [&str; 4] = ["BBANDS", "BBW", "STDDEV", "VAR"];
const TRUE_RANGES: [&str; 4] = ["ATR", "NATR", "SUPERTREND", "TRANGE"];
const TRENDS: [&str; 1] = ["SUPERTREND"];
const FLAT: [&str; 1] = ["RSI"];

/// The averages that have a seed, by their names in a choice; 'disabled' averages nothing.
const EXPONENTIAL: [&str; 6] = ["ema", "dema", "tema", "t3", "rma", "disabled"];

/// TA-Lib's RSI of a series without a change.
const NEUTRAL: f64 = 50.0;

/// The arguments that a function has besides the library's.
pub fn params(function: &FuncInfo) -> Vec<ParamSpec> {
    let has = |names: &[&str]| names.contains(&function.name);
    let mut params = Vec::new();
    if own_rows(function).is_some() {
        params.push(seed());
    }
    if has(&DEVIATIONS) {
        params.push(ddof());
    }
    if has(&TRUE_RANGES) {
        params.push(first_bar());
    }
    if has(&TRENDS) {
        params.push(start());
    }
    if has(&FLAT) {
        params.push(flat());
    }
    params
}

/// What a function asks of these arguments together with the library's, as its documentation and
/// its errors say it.
pub fn rule(function: &FuncInfo) -> Option<&'static str> {
    let has_choice = averages(function).next().is_some();
    (has_choice && own_rows(function).is_some())
        .then_some("`seed` 'first' needs exponential averages")
}

fn seed() -> ParamSpec {
    ParamSpec::optional(
        "seed",
        ParamKind::Choice(vec![("sma".into(), 0), ("first".into(), 1)]),
        ParamValue::Text("sma".into()),
        "How exponential averages start: 'sma' with the mean of their first rows, 'first' with \
         the first row, from which on there are values (TradingView, Tulip, pandas)",
    )
}

fn ddof() -> ParamSpec {
    ParamSpec::optional(
        "ddof",
        ParamKind::Integer { min: 0, max: 1 },
        ParamValue::Integer(0),
        "Degrees of freedom taken off the rows: 0 for a population, 1 for a sample (pandas)",
    )
}

fn first_bar() -> ParamSpec {
    ParamSpec::optional(
        "first_bar",
        ParamKind::Flag,
        ParamValue::Flag(false),
        "Whether the first bar has a true range, its high minus its low (TradingView, Tulip); \
         values then begin one row earlier",
    )
}

fn start() -> ParamSpec {
    ParamSpec::optional(
        "start",
        ParamKind::Choice(vec![("up".into(), 0), ("down".into(), 1)]),
        ParamValue::Text("up".into()),
        "The trend before any is shown: 'up', or 'down' (TradingView)",
    )
}

fn flat() -> ParamSpec {
    ParamSpec::optional(
        "flat",
        ParamKind::Number {
            min: 0.0,
            max: 100.0,
        },
        ParamValue::Number(NEUTRAL),
        "The value as long as the series has not moved: 50, or 100 (TradingView), or 0 (TA-Lib up \
         to 0.8.1)",
    )
}

/// Rows before the first that the library is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before {
    Nothing,
    /// The first row, as often as the look-back is long.
    FirstRow,
    /// One bar that traded at one price, the first bar's low.
    OnePrice,
}

/// The conventions of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Conventions {
    before: Before,
    /// Rows that are unknown though the series is continued backwards.
    own_rows: usize,
    /// What the variance is multiplied by.
    variance_factor: f64,
    upside_down: bool,
    flat: f64,
}

impl Conventions {
    /// Takes the conventions out of checked arguments.
    ///
    /// # Errors
    /// 22023 for a seed where an average has none.
    pub fn try_new(function: &FuncInfo, args: &Args) -> Result<Self, QlError> {
        let mut conventions = Self {
            before: Before::Nothing,
            own_rows: own_rows(function).unwrap_or_default(),
            variance_factor: 1.0,
            upside_down: false,
            flat: NEUTRAL,
        };
        for param in params(function) {
            conventions.take(&param.name, args)?;
        }
        if conventions.before == Before::FirstRow {
            check_averages(function, args)?;
        }
        Ok(conventions)
    }

    fn take(&mut self, name: &str, args: &Args) -> Result<(), QlError> {
        match name {
            "seed" if args.integer(name)? == 1 => self.before = Before::FirstRow,
            "first_bar" if args.flag(name)? => self.before = Before::OnePrice,
            "start" => self.upside_down = args.integer(name)? == 1,
            "flat" => self.flat = args.number(name)?,
            "ddof" if args.integer(name)? == 1 => {
                let n_rows = args.integer("period")? as f64;
                self.variance_factor = n_rows / (n_rows - 1.0);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the library's own are asked for.
    pub fn are_the_librarys(&self) -> bool {
        self.before == Before::Nothing
            && self.variance_factor == 1.0
            && !self.upside_down
            && self.flat == NEUTRAL
    }

    /// How many rows the library is shown before the first.
    pub fn n_rows_before(&self, lookback: usize) -> usize {
        match self.before {
            Before::Nothing => 0,
            Before::FirstRow => lookback,
            Before::OnePrice => 1,
        }
    }

    /// Rows at the start that are unknown all the same.
    pub fn n_unknown(&self) -> usize {
        match self.before {
            Before::FirstRow => self.own_rows,
            _ => 0,
        }
    }

    /// The columns that the library is shown. Those of a true range are high, low and close.
    pub fn shown(&self, inputs: &[&[f64]], lookback: usize) -> Vec<Vec<f64>> {
        let n_before = self.n_rows_before(lookback);
        let turned = match (self.upside_down, inputs) {
            (true, [high, low, close]) => [low, high, close].map(|c| negated(c)).to_vec(),
            _ => inputs.iter().map(|c| c.to_vec()).collect(),
        };
        let low = turned.get(1).and_then(|c| c.first()).copied();
        let first = |column: &[f64]| match self.before {
            Before::OnePrice => low,
            _ => column.first().copied(),
        };
        turned
            .iter()
            .map(|column| {
                let first = first(column).unwrap_or(f64::NAN);
                let rows = std::iter::repeat_n(first, n_before);
                rows.chain(column.iter().copied()).collect()
            })
            .collect()
    }

    /// Changes what the library gave into what was asked for.
    pub fn finish(&self, function: &FuncInfo, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        if self.upside_down {
            outputs.iter_mut().for_each(|column| negate(column));
        }
        if self.variance_factor != 1.0 {
            widen(function.name, self.variance_factor, outputs);
        }
        if self.flat != NEUTRAL
            && let ([series], [column]) = (inputs, outputs)
        {
            fill_flat(series, column, self.flat);
        }
    }
}

/// Rows besides the averages of a function whose averages can be seeded.
fn own_rows(function: &FuncInfo) -> Option<usize> {
    let entry = SEEDED.iter().find(|(name, _)| *name == function.name);
    entry.map(|(_, rows)| *rows)
}

/// The choices of an average: parameter and names by code.
fn averages(function: &FuncInfo) -> impl Iterator<Item = (String, &'static [(i64, &'static str)])> {
    function.opt_inputs.iter().filter_map(|o| match o.kind {
        OptInputType::IntegerList { values, .. } => {
            Some((names::option_name(o.param_name), values))
        }
        _ => None,
    })
}

fn check_averages(function: &FuncInfo, args: &Args) -> Result<(), QlError> {
    for (param, names) in averages(function) {
        let code = args.integer(&param)?;
        let name = names.iter().find(|(c, _)| *c == code).map(|(_, n)| *n);
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if !EXPONENTIAL.contains(&name.as_str()) {
            return Err(QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "{}: {}, found {param} => '{name}'",
                    function.name.to_ascii_lowercase(),
                    rule(function).unwrap_or_default()
                ),
            )
            .with_hint(format!("Those are '{}'", EXPONENTIAL.join("', '"))));
        }
    }
    Ok(())
}

fn negated(column: &[f64]) -> Vec<f64> {
    column.iter().map(|v| -v).collect()
}

fn negate(column: &mut [f64]) {
    column.iter_mut().for_each(|v| *v = -*v);
}

/// Scales a variance, or what is proportional to its root. A sample of one row has no variance:
/// the factor is infinite and the result not a number.
fn widen(function: &str, factor: f64, outputs: &mut [&mut [f64]]) {
    match (function, outputs) {
        ("VAR", [variance]) => variance.iter_mut().for_each(|v| *v *= factor),
        ("BBANDS", [upper, middle, lower]) => {
            for ((upper, middle), lower) in
                upper.iter_mut().zip(middle.iter()).zip(lower.iter_mut())
            {
                *upper = middle + (*upper - middle) * factor.sqrt();
                *lower = middle + (*lower - middle) * factor.sqrt();
            }
        }
        (_, outputs) => outputs
            .iter_mut()
            .flat_map(|column| column.iter_mut())
            .for_each(|v| *v *= factor.sqrt()),
    }
}

/// Writes the value of a flat series over the rows that are known and before the first change.
fn fill_flat(series: &[f64], column: &mut [f64], flat: f64) {
    let first = series.first().copied();
    let rows = series.iter().zip(column);
    rows.take_while(|(value, _)| Some(**value) == first)
        .filter(|(_, result)| !result.is_nan())
        .for_each(|(_, result)| *result = flat);
}
