//! What counts gains against losses, from 0 to 100 with 50 where the price did not move.
//!
//! Written out here: the dynamic momentum index with Chande's whole-number rounding of its length
//! (the library rounds to the nearest), and Ehlers' inverse Fisher transform of the RSI.

use super::FAMILY;
use crate::describe::{Describe, spec, whole};
use crate::steps::{Step, Window, not_decreasing, over_steps, wickra_core};
use quantlake_core::{Function, FunctionSpec, ParamSpec, Stability};
use quantlake_indicators::machine::{fields, number, one, over_values, period, period_from};
use wickra_core::{
    AdaptiveRsi, AnchoredRsi, FisherRsi, Indicator, LaguerreRsi, Qqe, Rmi, Rsi, Rsx, Sma, StdDev,
    Wma,
};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        anchored_rsi(),
        laguerre_rsi(),
        fisher_rsi(),
        inverse_fisher_rsi(),
        rsx(),
        dynamic_momentum_index(),
        rmi(),
        qqe(),
        efficiency_rsi(),
    ]
}

fn oscillator(name: &str, summary: &str, constants: Vec<ParamSpec>) -> FunctionSpec {
    spec(name, FAMILY, summary, &["x"], constants)
}

fn anchored_rsi() -> Function {
    let summary = "RSI of the whole move since the last anchor, 0 to 100: every gain and loss \
                   counts the same";
    let spec = spec("anchored_rsi", FAMILY, summary, &["x", "anchor"], vec![]).known(
        "1",
        Stability::PathDependent,
        "100 G / (G + L) with G and L the sums of gains and losses since the anchor row; the anchor \
         row itself is NULL",
    );
    over_steps(spec, |_| {
        let mut rsi = AnchoredRsi::new();
        Ok(Ok(move |[x, anchor]: [f64; 2]| {
            if anchor != 0.0 {
                rsi.set_anchor();
            }
            rsi.update(x).map(|value| [value])
        }))
    })
}

fn laguerre_rsi() -> Function {
    let spec = oscillator(
        "laguerre_rsi",
        "Ehlers' Laguerre RSI, 0 to 100: RSI across the four stages of a Laguerre filter",
        vec![number(
            "gamma",
            0.5,
            0.0,
            0.999,
            "damping of the filter; larger is slower",
        )],
    )
    .known(
        "0",
        Stability::Converging,
        "John F. Ehlers, Time Warp: Without Space Travel (2002): 100 U / (U + D) with U and D the \
         sums of positive and negative differences l0-l1, l1-l2, l2-l3; all stages start at the \
         first value, where the result is 50",
    );
    over_values(
        spec,
        |args| Ok(LaguerreRsi::new(args.number("gamma")?)),
        one,
    )
}

fn fisher_rsi() -> Function {
    let spec = oscillator(
        "fisher_rsi",
        "Fisher transform of the RSI, unbounded around 0: sharpens the extremes",
        vec![period("period", 14, "length of the RSI, in rows")],
    )
    .known(
        "period",
        Stability::Converging,
        "0.5 ln((1+v) / (1-v)) with v = (RSI - 50) / 50 held within 0.999, as Ehlers transforms \
         bounded series",
    );
    over_values(spec, |args| Ok(FisherRsi::new(args.count("period")?)), one)
}

fn inverse_fisher_rsi() -> Function {
    let constants = vec![
        period("period", 5, "length of the RSI, in rows"),
        period(
            "smoothing",
            9,
            "length of the weighted average of the RSI, in rows",
        ),
    ];
    let spec = oscillator(
        "inverse_fisher_rsi",
        "Inverse Fisher transform of the smoothed RSI, -1 to 1: pushes it to the extremes",
        constants,
    )
    .known(
        "period + smoothing - 1",
        Stability::Converging,
        "John F. Ehlers, The inverse Fisher transform, TASC (May 2004): \
         tanh(WMA(0.1 (RSI - 50), smoothing))",
    );
    over_steps(spec, |args| {
        Ok(inverse_fisher_step(
            args.count("period")?,
            args.count("smoothing")?,
        ))
    })
}

fn inverse_fisher_step(period: usize, smoothing: usize) -> wickra_core::Result<impl Step<1, 1>> {
    let mut rsi = Rsi::new(period)?;
    let mut average = Wma::new(smoothing)?;
    Ok(move |[x]: [f64; 1]| {
        let smoothed = average.update(0.1 * (rsi.update(x)? - 50.0))?;
        Some([smoothed.tanh()])
    })
}

fn rsx() -> Function {
    let spec = oscillator(
        "rsx",
        "Jurik's RSX as it is commonly reconstructed, 0 to 100: an RSI without its jitter",
        vec![period("period", 14, "smoothing length, in rows")],
    )
    .known(
        "period",
        Stability::Converging,
        "Reconstruction of Jurik Research's unpublished filter that chart platforms share: changes \
         and their sizes pass three stages a = (1-f) a' + f in, b = f a + (1-f) b', out = 1.5 a - \
         0.5 b with f = 3 / (period + 2); (change / size + 1) 50. All stages start at 0",
    );
    over_values(spec, |args| Ok(Rsx::new(args.count("period")?)), one)
}

fn dynamic_momentum_index() -> Function {
    let constants = vec![
        period(
            "period",
            14,
            "length of the RSI at average volatility, in rows",
        ),
        whole("min_period", 1, 1000, 5, "shortest length, in rows"),
        whole("max_period", 1, 1000, 30, "longest length, in rows"),
    ];
    let spec = oscillator(
        "dynamic_momentum_index",
        "Chande and Kroll's dynamic momentum index, 0 to 100: an RSI that shortens when prices are \
         volatile",
        constants,
    )
    .known(
        "max(max_period, 13)",
        Stability::Exact,
        "Tushar Chande and Stanley Kroll, The New Technical Trader (1994): v = stddev(x, 5) / \
         SMA(stddev(x, 5), 10), length = int(period / v) within the limits; 100 G / (G + L) over \
         the last `length` changes",
    );
    over_steps(spec, |args| {
        let name = "dynamic_momentum_index";
        let limits = not_decreasing(name, args, ["min_period", "max_period"])?;
        Ok(dynamic_momentum_step(args.count("period")? as f64, limits))
    })
}

fn dynamic_momentum_step(
    period: f64,
    [shortest, longest]: [usize; 2],
) -> wickra_core::Result<impl Step<1, 1>> {
    let mut deviation = StdDev::new(5)?;
    let mut usual_deviation = Sma::new(10)?;
    let mut changes = Window::new(longest);
    let mut previous = None;
    Ok(move |[x]: [f64; 1]| {
        if let Some(before) = previous.replace(x) {
            changes.push(x - before);
        }
        let now = deviation.update(x)?;
        let usual = usual_deviation.update(now)?;
        if !changes.is_full() {
            return None;
        }
        // Prices that stand still make the quotient infinite or unknown: the longest length.
        let wished = (period / (now / usual)).trunc();
        let length = if wished >= longest as f64 || wished.is_nan() {
            longest
        } else {
            (wished as usize).max(shortest)
        };
        Some([share_of_gains(changes.newest_first().take(length))])
    })
}

fn share_of_gains(changes: impl Iterator<Item = f64>) -> f64 {
    let (gains, losses) = changes.fold((0.0, 0.0), |(gains, losses), change| {
        (gains + change.max(0.0), losses - change.min(0.0))
    });
    match gains + losses {
        0.0 => 50.0,
        moves => 100.0 * (gains / moves),
    }
}

fn rmi() -> Function {
    let constants = vec![
        period("period", 20, "length of Wilder's averages, in rows"),
        period("momentum", 5, "rows between the two prices of a change"),
    ];
    let spec = oscillator(
        "rmi",
        "Relative momentum index, 0 to 100: an RSI of changes over several rows",
        constants,
    )
    .known(
        "period + momentum - 1",
        Stability::Converging,
        "Roger Altman, Relative momentum index, TASC (February 1993): 100 G / (G + L) with Wilder's \
         averages of the gains and losses of x - x[momentum rows ago]; momentum 1 is the RSI",
    );
    over_values(
        spec,
        |args| Ok(Rmi::new(args.count("period")?, args.count("momentum")?)),
        one,
    )
}

fn qqe() -> Function {
    let constants = vec![
        period("period", 14, "length of the RSI, in rows"),
        period("smoothing", 5, "length of the average of the RSI, in rows"),
        number(
            "factor",
            4.236,
            1e-6,
            1e6,
            "width of the bands in average moves of the RSI",
        ),
    ];
    let spec = oscillator(
        "qqe",
        "Quantitative qualitative estimation: the smoothed RSI with a stop that trails it, 0 to 100",
        constants,
    )
    .gives(&[
        ("rsi", "exponential average of the RSI"),
        ("trailing", "stop below it in an upturn, above it in a downturn"),
    ])
    .known(
        "5 period + smoothing - 4",
        Stability::PathDependent,
        "Igor Livshin's indicator as MetaTrader distributes it: band = factor EMA(EMA(|change of \
         the smoothed RSI|)), both over 2 period - 1 rows; the stop only moves towards the line \
         until that crosses it. Begins as an upturn",
    );
    over_values(
        spec,
        |args| {
            let (period, smoothing) = (args.count("period")?, args.count("smoothing")?);
            Ok(Qqe::new(period, smoothing, args.number("factor")?))
        },
        |lines, out| fields([lines.rsi_ma, lines.trailing_line], out),
    )
}

fn efficiency_rsi() -> Function {
    let spec = oscillator(
        "efficiency_rsi",
        "RSI whose averages follow faster the straighter the price runs, 0 to 100",
        vec![period_from("period", 2, 14, "rows of the efficiency ratio and of the start")],
    )
    .known(
        "period",
        Stability::Converging,
        "Wilder's average gain and loss smoothed by Kaufman's constant (e (2/3 - 2/31) + 2/31)^2, e \
         the efficiency ratio over `period` rows; starts at the means of the first `period` changes",
    );
    over_values(
        spec,
        |args| Ok(AdaptiveRsi::new(args.count("period")?)),
        one,
    )
}
