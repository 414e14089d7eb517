//! Bars that end after so much trading: tick, volume, dollar, imbalance and run bars.

use super::columns::{Bar, Row};
use super::line::direction;
use super::{Bars, over_rows, spec};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, QlError};

const LOPEZ: &str = "López de Prado, Advances in Financial Machine Learning (2018), chapter 2";

/// Says after each row whether it ends the bar, and then in which direction (0: that of the bar).
type Ends = Box<dyn FnMut(&Row) -> Option<i64>>;

/// Collects rows into bars until `ends` says so.
fn collect(rows: &[Row], bars: &mut Bars, mut ends: Ends) {
    let mut pending: Option<Bar> = None;
    for row in rows {
        let bar = pending.get_or_insert(empty(row));
        take_in(bar, row);
        if let Some(side) = ends(row) {
            bar.direction = match side {
                0 => direction(bar.open, bar.close),
                side => side,
            };
            bars.push(*bar);
            pending = None;
        }
    }
}

fn empty(row: &Row) -> Bar {
    Bar {
        start: row.ts,
        end: row.ts,
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        volume: 0.0,
        value: 0.0,
        n_rows: 0,
        direction: 0,
    }
}

fn take_in(bar: &mut Bar, row: &Row) {
    bar.end = row.ts;
    bar.high = bar.high.max(row.high);
    bar.low = bar.low.min(row.low);
    bar.close = row.close;
    bar.volume += row.volume;
    bar.value += row.close * row.volume;
    bar.n_rows += 1;
}

/// What a row counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Rows,
    Volume,
    Value,
}

impl Measure {
    fn of(code: i64) -> Self {
        match code {
            1 => Self::Volume,
            2 => Self::Value,
            _ => Self::Rows,
        }
    }

    fn weigh(self, row: &Row) -> f64 {
        match self {
            Self::Rows => 1.0,
            Self::Volume => row.volume,
            Self::Value => row.close * row.volume,
        }
    }
}

fn sampled(
    spec: FunctionSpec,
    measure: Measure,
    size: fn(&Args) -> Result<f64, QlError>,
) -> Function {
    over_rows(
        spec,
        move |_| Ok(measure != Measure::Rows),
        move |args| {
            let size = size(args)?;
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let mut traded = 0.0;
                let ends = move |row: &Row| {
                    traded += measure.weigh(row);
                    let is_full = traded >= size;
                    if is_full {
                        traded = 0.0;
                    }
                    is_full.then_some(0)
                };
                collect(rows, bars, Box::new(ends));
                Ok(())
            }))
        },
    )
}

fn tick_bars() -> Function {
    let constants = vec![spec::count("ticks", 100, 1_000_000_000, "rows in a bar")];
    let spec = spec::spec(
        "tick_bars",
        constants,
        "Tick bars: one bar for every so many rows (trades).",
        LOPEZ,
        "ticks => 2",
    );
    sampled(
        spec,
        Measure::Rows,
        |args| Ok(args.integer("ticks")? as f64),
    )
}

fn volume_bars() -> Function {
    let constants = vec![spec::size(
        "volume",
        "volume at which a bar ends; what the last row has more stays in the bar",
    )];
    let spec = spec::spec(
        "volume_bars",
        constants,
        "Volume bars: a bar ends with the row that brings its volume to the given size.",
        LOPEZ,
        "volume => 12.0",
    );
    sampled(spec, Measure::Volume, |args| args.number("volume"))
}

fn dollar_bars() -> Function {
    let constants = vec![spec::size(
        "value",
        "close times volume at which a bar ends; what the last row has more stays in the bar",
    )];
    let spec = spec::spec(
        "dollar_bars",
        constants,
        "Dollar bars: a bar ends with the row that brings its traded value to the given size.",
        LOPEZ,
        "value => 1200.0",
    );
    sampled(spec, Measure::Value, |args| args.number("value"))
}

/// The tick rule: the sign of the last change of the close.
#[derive(Debug, Clone, Copy, Default)]
struct TickRule {
    before: Option<f64>,
    sign: i64,
}

impl TickRule {
    /// The side of a row; 0 before the first change.
    fn side(&mut self, close: f64) -> i64 {
        if let Some(before) = self.before.replace(close)
            && close != before
        {
            self.sign = direction(before, close);
        }
        self.sign
    }
}

fn sided_params(doc: &str) -> Vec<ParamSpec> {
    vec![
        spec::size("threshold", doc),
        spec::choice(
            "weight",
            &["tick", "volume", "dollar"],
            "what a row counts for: 1, its volume, or close times volume",
        ),
    ]
}

/// A function whose rows have a side: `is_over` sees bought and sold so far.
fn sided(spec: FunctionSpec, reach: fn(bought: f64, sold: f64) -> f64) -> Function {
    let measure = |args: &Args| Ok::<_, QlError>(Measure::of(args.integer("weight")?));
    over_rows(
        spec,
        move |args| Ok(measure(args)? != Measure::Rows),
        move |args| {
            let (threshold, measure) = (args.number("threshold")?, measure(args)?);
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let mut rule = TickRule::default();
                let (mut bought, mut sold) = (0.0, 0.0);
                let ends = move |row: &Row| {
                    match rule.side(row.close) {
                        1 => bought += measure.weigh(row),
                        -1 => sold += measure.weigh(row),
                        _ => {}
                    }
                    if reach(bought, sold) < threshold {
                        return None;
                    }
                    let side = direction(sold, bought);
                    (bought, sold) = (0.0, 0.0);
                    Some(side)
                };
                collect(rows, bars, Box::new(ends));
                Ok(())
            }))
        },
    )
}

fn imbalance_bars() -> Function {
    let constants =
        sided_params("imbalance, bought less sold or the other way round, at which a bar ends");
    let spec = spec::spec(
        "imbalance_bars",
        constants,
        "Imbalance bars: rows are bought or sold by the tick rule, and a bar ends when one side leads by a fixed threshold; direction is that side.",
        LOPEZ,
        "threshold => 2.0",
    );
    sided(spec, |bought, sold| (bought - sold).abs())
}

fn run_bars() -> Function {
    let constants = sided_params("sum of one side at which a bar ends");
    let spec = spec::spec(
        "run_bars",
        constants,
        "Run bars: rows are bought or sold by the tick rule, and a bar ends when one side, interrupted or not, reaches a fixed threshold; direction is the larger side.",
        LOPEZ,
        "threshold => 2.0",
    );
    sided(spec, f64::max)
}

pub(super) fn functions() -> Vec<Function> {
    vec![
        tick_bars(),
        volume_bars(),
        dollar_bars(),
        imbalance_bars(),
        run_bars(),
    ]
}
