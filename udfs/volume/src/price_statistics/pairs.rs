//! How two series move together.

use super::returns::log_returns;
use crate::describe::{record, spec, with_example};
use crate::kernel::over_windows;
use crate::moments::PairMoments;
use quantlake_core::{Function, FunctionSpec, ParamSpec, Stability};
use quantlake_indicators::machine::wickra_core::RelativeStrengthAB;
use quantlake_indicators::machine::{fields, over_pairs, period, period_from};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        diff_correlation(),
        diff_covariance(),
        pairwise_beta(),
        pair_distance_ssd(),
        comparative_relative_strength(),
    ]
}

fn pair(name: &str, constants: Vec<ParamSpec>, summary: &str) -> FunctionSpec {
    spec("statistic", name, &["a", "b"], constants, summary)
}

fn changes_of_a_window(default: i64) -> Vec<ParamSpec> {
    vec![period_from(
        "period",
        2,
        default,
        "Changes in the window, in rows",
    )]
}

fn diff_correlation() -> Function {
    let spec = pair(
        "diff_correlation",
        changes_of_a_window(20),
        "Pearson's correlation of the row-to-row differences of two series, from -1 to 1; NULL \
         where either never changes",
    )
    .with_lookback("period")
    .with_source("cov(diff(a), diff(b)) / (sd(diff(a)) * sd(diff(b))) over the period");
    over_windows(with_example(spec, 8, "4"), |args| {
        let (mut changes_a, mut changes_b) = (Vec::new(), Vec::new());
        let correlation = move |[a, b]: [&[f64]; 2]| {
            changes(&mut changes_a, a);
            changes(&mut changes_b, b);
            [PairMoments::of(&changes_a, &changes_b).correlation()]
        };
        Ok((args.count("period")? + 1, correlation))
    })
}

fn diff_covariance() -> Function {
    let spec = pair(
        "diff_covariance",
        changes_of_a_window(20),
        "Population covariance of the row-to-row differences of two series, in units of a times b",
    )
    .with_lookback("period")
    .with_source("mean(diff(a) * diff(b)) - mean(diff(a)) * mean(diff(b)) over the period");
    over_windows(with_example(spec, 8, "4"), |args| {
        let (mut changes_a, mut changes_b) = (Vec::new(), Vec::new());
        let covariance = move |[a, b]: [&[f64]; 2]| {
            changes(&mut changes_a, a);
            changes(&mut changes_b, b);
            [PairMoments::of(&changes_a, &changes_b).covariance]
        };
        Ok((args.count("period")? + 1, covariance))
    })
}

fn changes(out: &mut Vec<f64>, window: &[f64]) {
    out.clear();
    out.extend(window.windows(2).filter_map(|pair| match pair {
        [before, now] => Some(now - before),
        _ => None,
    }));
}

fn pairwise_beta() -> Function {
    let spec = pair(
        "pairwise_beta",
        changes_of_a_window(60),
        "Slope of a's log returns on b's log returns, without unit; NULL where b never moves or a \
         price is not positive",
    )
    .with_lookback("period")
    .with_source("cov(ra, rb) / var(rb) of log returns over the period; `beta` takes simple ones");
    over_windows(with_example(spec, 8, "4"), |args| {
        let (mut returns_a, mut returns_b) = (Vec::new(), Vec::new());
        let beta = move |[a, b]: [&[f64]; 2]| {
            returns_a.clear();
            returns_a.extend(log_returns(a));
            returns_b.clear();
            returns_b.extend(log_returns(b));
            [PairMoments::of(&returns_b, &returns_a).slope()]
        };
        Ok((args.count("period")? + 1, beta))
    })
}

fn pair_distance_ssd() -> Function {
    let spec = pair(
        "pair_distance_ssd",
        vec![period_from("period", 2, 60, "Rows of the window")],
        "Sum of squared differences of two prices, each divided by its price at the window's \
         start, without unit; NULL where one starts at 0",
    )
    .with_lookback("period - 1")
    .with_source(
        "sum((a / a at the start - b / b at the start)^2); E. Gatev, W. Goetzmann, \
         K. Rouwenhorst, Pairs Trading, RFS 19 (2006)",
    );
    over_windows(with_example(spec, 8, "4"), |args| {
        let distance = |[a, b]: [&[f64]; 2]| {
            let (Some(start_a), Some(start_b)) = (a.first(), b.first()) else {
                return [f64::NAN];
            };
            let gaps = a.iter().zip(b).map(|(a, b)| a / start_a - b / start_b);
            [gaps.map(|gap| gap * gap).sum::<f64>()]
        };
        Ok((args.count("period")?, distance))
    })
}

fn comparative_relative_strength() -> Function {
    let spec = pair(
        "comparative_relative_strength",
        vec![
            period("ma_period", 20, "Rows of the ratio's moving average"),
            period("rsi_period", 14, "Rows of the ratio's RSI"),
        ],
        "Price of a in units of b with its simple moving average and its RSI; a row where b is 0 \
         is missing",
    )
    .with_output(record(&[
        ("ratio", "a divided by b"),
        ("ratio_ma", "Simple moving average of the ratio"),
        ("ratio_rsi", "Wilder's RSI of the ratio, from 0 to 100"),
    ]))
    .with_lookback("the larger of ma_period - 1 and rsi_period")
    .with_stability(Stability::Converging)
    .with_source(
        "a / b, sma(a / b, ma_period), rsi(a / b, rsi_period); J. Murphy, Intermarket Analysis",
    );
    over_pairs(
        with_example(spec, 8, "3, 3"),
        |args| {
            let [ma, rsi] = ["ma_period", "rsi_period"].map(|name| args.count(name));
            Ok(RelativeStrengthAB::new(ma?, rsi?))
        },
        |o, out| fields([o.ratio, o.ratio_ma, o.ratio_rsi], out),
    )
}
