//! The SQL side of the triple barrier; its rules are in [`crate::barriers`].

use crate::barriers::{Barriers, Exit, Gap, Path, Tie, Vertical};
use crate::price_path::PricePath;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, ParamValue, QlError,
};
use std::sync::Arc;

/// Labels every row whose exit is known; slots of the others stay as they are.
///
/// All slices have the length of `close`. `volatility` may hold NaN: that row has no label, and
/// its prices still count for the rows before it.
pub fn label_rows(
    rules: &Barriers,
    close: &[f64],
    path: &PricePath<'_>,
    volatility: &[f64],
    labels: &mut Labels<'_>,
) {
    for (entry, volatility) in volatility.iter().enumerate() {
        if let Some(exit) = rules.exit(close, path, entry, *volatility) {
            labels.set(entry, &exit);
        }
    }
}

/// Where [`label_rows`] writes, one slot a row.
#[derive(Debug)]
pub struct Labels<'a> {
    /// 1, 0 or -1.
    pub label: &'a mut [f64],
    /// Return at the exit, as a fraction.
    pub ret: &'a mut [f64],
    /// Bars from entry to exit.
    pub bars: &'a mut [f64],
    /// 1 when the exit's bar touched the profit barrier, else 0.
    pub hit_profit: &'a mut [f64],
    /// 1 when the exit's bar touched the stop barrier, else 0.
    pub hit_stop: &'a mut [f64],
}

impl Labels<'_> {
    fn set(&mut self, row: usize, exit: &Exit) {
        self.label[row] = exit.label.map_or(f64::NAN, f64::from);
        self.ret[row] = exit.ret.unwrap_or(f64::NAN);
        self.bars[row] = exit.bars as f64;
        self.hit_profit[row] = f64::from(u8::from(exit.hit_profit));
        self.hit_stop[row] = f64::from(u8::from(exit.hit_stop));
    }
}

struct TripleBarrier {
    rules: Barriers,
}

impl SeriesKernel for TripleBarrier {
    // A bar without a volatility has no label of its own and is still on the path of others.
    fn needs(&self, input: usize) -> bool {
        input == 0 || (input < 3 && self.rules.path == Path::HighLow)
    }

    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([close, high, low, volatility], [label, ret, bars, hit_profit, hit_stop]) =
            (inputs, outputs)
        else {
            return Err(QlError::internal(
                "triple_barrier: reads 4 series, writes 5",
            ));
        };
        let path = match self.rules.path {
            Path::HighLow => PricePath::new(high, low),
            Path::Close => PricePath::new(close, close),
        };
        let mut labels = Labels {
            label,
            ret,
            bars,
            hit_profit,
            hit_stop,
        };
        label_rows(&self.rules, close, &path, volatility, &mut labels);
        Ok(())
    }
}

/// The choices of each option in the order of their codes: what the spec offers, [`kernel`] reads.
const PATHS: [(&str, Path); 2] = [("high_low", Path::HighLow), ("close", Path::Close)];
const TIES: [(&str, Tie); 3] = [
    ("stop_first", Tie::StopFirst),
    ("profit_first", Tie::ProfitFirst),
    ("unknown", Tie::Unknown),
];
const VERTICALS: [(&str, Vertical); 2] = [("zero", Vertical::Zero), ("sign", Vertical::Sign)];
const GAPS: [(&str, Gap); 2] = [("barrier", Gap::Barrier), ("traded", Gap::Traded)];

fn kernel(args: &Args) -> Result<Box<dyn SeriesKernel>, QlError> {
    Ok(Box::new(TripleBarrier {
        rules: Barriers {
            profit: args.number("profit")?,
            stop: args.number("stop")?,
            horizon: args.count("horizon")?,
            path: chosen(args, "path", &PATHS)?,
            tie: chosen(args, "tie", &TIES)?,
            vertical: chosen(args, "vertical", &VERTICALS)?,
            gap: chosen(args, "gap", &GAPS)?,
        },
    }))
}

fn chosen<T: Copy>(args: &Args, name: &str, choices: &[(&str, T)]) -> Result<T, QlError> {
    choices
        .get(args.count(name)?)
        .map(|(_, choice)| *choice)
        .ok_or_else(|| QlError::internal(format!("triple_barrier: `{name}` has no such choice")))
}

/// `triple_barrier(close, high, low, volatility, profit => 2.0, stop => 2.0, horizon => 20, ...)`.
pub fn function() -> Function {
    series_function(spec(), Arc::new(kernel))
}

fn spec() -> FunctionSpec {
    FunctionSpec::new(
        "triple_barrier",
        "labels",
        Kind::Window,
        "Which of a profit, a stop and a time barrier the price meets first after this bar's close; NULL while that is not known.",
    )
    .with_params(params())
    .with_output(Output::Struct(vec![
        OutputField::new(
            "label",
            OutputType::Integer,
            "1 profit, -1 stop, 0 (or the sign of the return) when time ran out; NULL for a tie of unknown order.",
        ),
        OutputField::new(
            "ret",
            OutputType::Float,
            "Return from the entry's close to the exit, as a fraction. The exit is at the barrier's price with path 'high_low', at that bar's close with path 'close' and when time ran out.",
        ),
        OutputField::new("bars", OutputType::Integer, "Bars from entry to exit."),
        OutputField::new(
            "hit_profit",
            OutputType::Flag,
            "Whether the exit's bar touched the profit barrier.",
        ),
        OutputField::new(
            "hit_stop",
            OutputType::Flag,
            "Whether the exit's bar touched the stop barrier; with hit_profit it marks a label that rests on the tie rule.",
        ),
    ]))
    .with_causality(Causality::Forward("horizon".into()))
    .with_source("López de Prado, Advances in Financial Machine Learning (2018), sections 3.3 to 3.5")
    .with_example(
        "SELECT t, b['label'] AS label, b['ret'] AS ret, b['bars'] AS bars FROM (\
         SELECT t, triple_barrier(c, h, l, 0.125, 2, 1, 2) OVER (ORDER BY t) AS b \
         FROM (VALUES (1, 8.0, 8.0, 8.0), (2, 8.0, 8.5, 7.5), (3, 9.0, 10.5, 8.0), (4, 6.0, 9.0, 5.0)) \
         AS v(t, c, h, l)) AS labelled ORDER BY t",
        "1,1,0.25,2\n2,1,0.25,1\n3,-1,-0.125,1\n4,,,",
    )
}

fn params() -> Vec<ParamSpec> {
    let multiple = ParamKind::Number {
        min: 0.0,
        max: 1_000_000.0,
    };
    vec![
        ParamSpec::series("close", "Close of each bar: the price of entry."),
        ParamSpec::series("high", "High of each bar."),
        ParamSpec::series("low", "Low of each bar."),
        ParamSpec::series(
            "volatility",
            "Expected move as a fraction of the price (0.02 is 2 %), a column or a constant; where it is not positive the label is NULL.",
        ),
        ParamSpec::optional(
            "profit",
            multiple.clone(),
            ParamValue::Number(2.0),
            "Distance of the profit barrier in volatilities; 0 for none.",
        ),
        ParamSpec::optional(
            "stop",
            multiple,
            ParamValue::Number(2.0),
            "Distance of the stop barrier in volatilities; 0 for none.",
        ),
        ParamSpec::optional(
            "horizon",
            ParamKind::Integer {
                min: 1,
                max: 1_000_000,
            },
            ParamValue::Integer(20),
            "Bars up to the vertical barrier.",
        ),
        choice(
            "path",
            &PATHS,
            "Whether the highs and lows of bars touch a barrier, or only their closes.",
        ),
        choice(
            "tie",
            &TIES,
            "Which barrier counts when one bar touches both; 'unknown' gives label and return NULL.",
        ),
        choice(
            "vertical",
            &VERTICALS,
            "The label when time runs out: 0, or the sign of the return.",
        ),
        choice(
            "gap",
            &GAPS,
            "The exit's price when a whole bar lies beyond the barrier: the barrier, or the nearest price that the bar traded.",
        ),
    ]
}

/// A choice whose default is the first one.
fn choice<T>(name: &str, choices: &[(&str, T)], doc: &str) -> ParamSpec {
    let coded = (0..)
        .zip(choices)
        .map(|(code, (choice, _))| (choice.to_string(), code));
    let first = choices.first().map_or("", |(choice, _)| choice);
    ParamSpec::optional(
        name,
        ParamKind::Choice(coded.collect()),
        ParamValue::Text(first.into()),
        doc,
    )
}
