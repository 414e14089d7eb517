//! Moving averages that TA-Lib does not have.
//!
//! Left to TA-Lib, which computes the same: SMA, EMA, WMA, DEMA, TEMA, HMA, KAMA, TRIMA, ZLEMA,
//! T3, VWMA, ALMA, FRAMA, VIDYA, McGinley dynamic (`mcgd`), smoothed average (`rma`), moving median
//! (`ta_median`).
//!
//! Written out here: the alligator, whose lines Williams displaces forward by 8, 5 and 3 rows (the
//! library leaves them in place), and the Laguerre filter with a fixed factor.

use crate::describe::{Describe, spec, whole};
use crate::steps::{Step, Window, or_unknown, over_steps, wickra_core};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, Stability};
use quantlake_indicators::machine::{Made, number, one, over_bars, over_values, period};
use wickra_core::{
    AdaptiveLaguerreFilter, Ehma, Evwma, GeneralizedDema, GeometricMa, HoltWinters, Indicator, Jma,
    SineWeightedMa, Smma,
};

const FAMILY: &str = "overlap";

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        jma(),
        alligator(),
        evwma(),
        sinwma(),
        geometric_ma(),
        ehma(),
        adaptive_laguerre(),
        laguerre_filter(),
        generalized_dema(),
        holt_linear(),
    ]
}

fn average(name: &str, summary: &str, constants: Vec<ParamSpec>) -> FunctionSpec {
    spec(name, FAMILY, summary, &["x"], constants)
}

fn jma() -> Function {
    let constants = vec![
        period("period", 14, "smoothing length, in rows"),
        number(
            "phase",
            0.0,
            -100.0,
            100.0,
            "negative: less overshoot, positive: less lag",
        ),
        whole("power", 1, 4, 2, "exponent of the smoothing factor"),
    ];
    let spec = average(
        "jma",
        "Jurik moving average as it is commonly reconstructed, in the unit of the series",
        constants,
    )
    .known(
        "0",
        Stability::Converging,
        "Reconstruction of Jurik Research's unpublished filter that chart platforms share: \
         b = 0.45(period-1) / (0.45(period-1) + 2), a = b^power, r = phase/100 + 1.5; \
         e0 = (1-a)x + a e0', e1 = (x-e0)(1-b) + b e1', \
         e2 = (e0 + r e1 - jma')(1-a)^2 + a^2 e2', jma = jma' + e2; starts at the first value",
    );
    let make = |args: &Args| {
        let power = args.count("power")? as u32;
        Ok(Jma::new(
            args.count("period")?,
            args.number("phase")?,
            power,
        ))
    };
    over_values(spec, make, one)
}

/// Names, defaults and displacements of the alligator's lines, slowest first.
pub(crate) const ALLIGATOR_LINES: [(&str, i64, i64); 3] =
    [("jaw", 13, 8), ("teeth", 8, 5), ("lips", 5, 3)];

/// The periods and displacements of the alligator's lines.
pub(crate) fn alligator_constants() -> Vec<ParamSpec> {
    let periods = ALLIGATOR_LINES.iter().map(|(line, n, _)| {
        period(
            line,
            *n,
            &format!("smoothing length of the {line}, in rows"),
        )
    });
    let shifts = ALLIGATOR_LINES.iter().map(|(line, _, n)| {
        let doc = format!("rows by which the {line} is displaced forward; 0: as computed");
        whole(&format!("{line}_shift"), 0, 1000, *n, &doc)
    });
    periods.chain(shifts).collect()
}

/// The alligator's lines for one median price after another; NaN where a line is not known.
pub(crate) fn alligator_lines(
    args: &Args,
) -> Made<impl FnMut(f64) -> [f64; 3] + Clone + Send + Sync + use<>> {
    let mut lines = Vec::new();
    for (line, _, _) in ALLIGATOR_LINES {
        let shift = args.count(&format!("{line}_shift"))?;
        match Smma::new(args.count(line)?) {
            Ok(average) => lines.push((average, Window::new(shift + 1), shift)),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    Ok(Ok(move |median: f64| {
        let mut values = [f64::NAN; 3];
        for (value, (average, past, shift)) in values.iter_mut().zip(&mut lines) {
            if let Some(smoothed) = average.update(median) {
                past.push(smoothed);
            }
            *value = or_unknown(past.ago(*shift));
        }
        values
    }))
}

fn alligator() -> Function {
    let summary = "Alligator: smoothed averages of the median price, displaced forward, in prices; \
                   the value at a row was known `shift` rows before";
    let spec = spec(
        "alligator",
        FAMILY,
        summary,
        &["high", "low"],
        alligator_constants(),
    )
    .gives(&[
        ("jaw", "slowest line"),
        ("teeth", "middle line"),
        ("lips", "fastest line"),
    ])
    .known(
        "for each line: its period + its shift - 1",
        Stability::Converging,
        "Bill Williams, Trading Chaos (1995): Wilder averages of (high + low) / 2 over 13, 8 and \
             5 rows, displaced by 8, 5 and 3",
    );
    over_steps(spec, |args| {
        Ok(alligator_lines(args)?
            .map(|mut lines| move |[high, low]: [f64; 2]| Some(lines(f64::midpoint(high, low)))))
    })
}

fn evwma() -> Function {
    let spec = spec(
        "evwma",
        FAMILY,
        "Elastic volume-weighted moving average: moves by a bar's share of the window's volume, \
         in prices",
        &["close", "volume"],
        vec![period(
            "period",
            20,
            "rows whose volume counts as outstanding",
        )],
    )
    .known(
        "period - 1",
        Stability::Converging,
        "Christian P. Fries, Elastic moving averages, Wilmott (2001): \
         ((V - volume) evwma' + volume close) / V with V the volume of the last `period` rows; \
         starts at the close of the first full window, and stays where V is 0",
    );
    over_bars(spec, |args| Ok(Evwma::new(args.count("period")?)), one)
}

fn sinwma() -> Function {
    let spec = average(
        "sinwma",
        "Sine-weighted moving average, in the unit of the series",
        vec![period("period", 14, "rows in the window")],
    )
    .known(
        "period - 1",
        Stability::Exact,
        "Weight sin(pi i / (period + 1)) for the i-th value of the window, divided by the weights' \
         sum; Everget's sine-weighted moving average",
    );
    over_values(
        spec,
        |args| Ok(SineWeightedMa::new(args.count("period")?)),
        one,
    )
}

fn geometric_ma() -> Function {
    let spec = average(
        "geometric_ma",
        "Geometric moving average: the period-th root of the product of the last values; a value \
         that is not positive is taken as missing",
        vec![period("period", 14, "rows in the window")],
    )
    .known(
        "period - 1",
        Stability::Exact,
        "exp(mean(ln x)) over the last `period` values",
    );
    over_values(
        spec,
        |args| Ok(GeometricMa::new(args.count("period")?)),
        one,
    )
}

fn ehma() -> Function {
    let spec = average(
        "ehma",
        "Exponential Hull moving average, in the unit of the series",
        vec![period("period", 20, "length of the slow average, in rows")],
    )
    .known(
        "period + round(sqrt(period)) - 2",
        Stability::Converging,
        "Hull's construction on exponential averages: \
         EMA(2 EMA(x, period / 2) - EMA(x, period), round(sqrt(period)))",
    );
    over_values(spec, |args| Ok(Ehma::new(args.count("period")?)), one)
}

fn adaptive_laguerre() -> Function {
    let spec = average(
        "adaptive_laguerre",
        "Ehlers' adaptive Laguerre filter: smooths less where it tracks badly, in the unit of the \
         series",
        vec![period(
            "period",
            20,
            "rows whose tracking errors are compared",
        )],
    )
    .known(
        "period - 1",
        Stability::Converging,
        "John F. Ehlers, TASC (2007): a = median over 5 rows of (error - lowest) / (highest - \
         lowest) of |x - filter'| over `period` rows; l0 = a x + (1-a) l0', \
         l1 = -(1-a) l0 + l0' + (1-a) l1' and so on; (l0 + 2 l1 + 2 l2 + l3) / 6. Starts at the \
         first value with a = 1",
    );
    over_values(
        spec,
        |args| Ok(AdaptiveLaguerreFilter::new(args.count("period")?)),
        one,
    )
}

fn laguerre_filter() -> Function {
    let spec = average(
        "laguerre_filter",
        "Ehlers' Laguerre filter with a fixed damping factor, in the unit of the series",
        vec![number(
            "gamma",
            0.8,
            0.0,
            0.999,
            "damping; 0 weighs the last four values 1, 2, 2, 1",
        )],
    )
    .known(
        "0",
        Stability::Converging,
        "John F. Ehlers, Time Warp: Without Space Travel (2002): l0 = (1-gamma) x + gamma l0', \
         l1 = -gamma l0 + l0' + gamma l1' and so on; (l0 + 2 l1 + 2 l2 + l3) / 6; starts at the \
         first value",
    );
    over_steps(spec, |args| Ok(Ok(laguerre_step(args.number("gamma")?))))
}

fn laguerre_step(gamma: f64) -> impl Step<1, 1> {
    let mut stages: Option<[f64; 4]> = None;
    move |[x]: [f64; 1]| {
        let [l0, l1, l2, l3] = stages.unwrap_or([x; 4]);
        let n0 = (1.0 - gamma) * x + gamma * l0;
        let n1 = -gamma * n0 + l0 + gamma * l1;
        let n2 = -gamma * n1 + l1 + gamma * l2;
        let n3 = -gamma * n2 + l2 + gamma * l3;
        stages = Some([n0, n1, n2, n3]);
        Some([(n0 + 2.0 * n1 + 2.0 * n2 + n3) / 6.0])
    }
}

fn generalized_dema() -> Function {
    let constants = vec![
        period("period", 14, "length of both averages, in rows"),
        number(
            "volume_factor",
            0.7,
            0.0,
            1.0,
            "0 gives the EMA, 1 the DEMA",
        ),
    ];
    let spec = average(
        "generalized_dema",
        "Tillson's generalised DEMA, the block that T3 repeats, in the unit of the series",
        constants,
    )
    .known(
        "2 (period - 1)",
        Stability::Converging,
        "Tim Tillson, Smoothing techniques for more accurate signals, TASC (January 1998): \
         (1 + v) EMA(x) - v EMA(EMA(x))",
    );
    over_values(
        spec,
        |args| {
            Ok(GeneralizedDema::new(
                args.count("period")?,
                args.number("volume_factor")?,
            ))
        },
        one,
    )
}

fn holt_linear() -> Function {
    let constants = vec![
        number(
            "alpha",
            0.2,
            1e-6,
            1.0,
            "weight of the newest value in the level",
        ),
        number(
            "beta",
            0.1,
            1e-6,
            1.0,
            "weight of the newest change in the trend",
        ),
    ];
    let spec = average(
        "holt_linear",
        "Holt's double exponential smoothing: the forecast for the next row, in the unit of the \
         series",
        constants,
    )
    .known(
        "1",
        Stability::Converging,
        "C. C. Holt (1957): level = alpha x + (1-alpha)(level' + trend'), \
         trend = beta (level - level') + (1-beta) trend', forecast = level + trend; starts with the \
         second value as level and the first change as trend",
    );
    over_values(
        spec,
        |args| {
            Ok(HoltWinters::new(
                args.number("alpha")?,
                args.number("beta")?,
            ))
        },
        one,
    )
}
