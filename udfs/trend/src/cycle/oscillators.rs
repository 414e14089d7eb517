//! Ehlers' oscillators of the cycle and of the trend.

use super::FAMILY;
use super::filters::{FIRST_RECURSIVE_ROW, Roof, roof_constants};
use crate::describe::{Describe, spec};
use crate::momentum::oscillators::symmetric;
use crate::steps::{Step, Window, increasing, or_unknown, over_steps, wickra_core};
use quantlake_core::{Function, FunctionSpec, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::{number, one, over_values, period, period_from};
use std::f64::consts::{PI, TAU};
use wickra_core::{
    EvenBetterSinewave, Indicator, Reflex, Sma, SuperSmoother, Trendflex, UniversalOscillator,
};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        cyber_cycle(),
        mesa_stochastic(),
        reflex(),
        trendflex(),
        universal_oscillator(),
        ebsw(),
        empirical_mode(),
    ]
}

fn oscillator(name: &str, summary: &str, constants: Vec<ParamSpec>) -> FunctionSpec {
    spec(name, FAMILY, summary, &["x"], constants)
}

fn cyber_cycle() -> Function {
    let spec = oscillator(
        "cyber_cycle",
        "Ehlers' cyber cycle: the cycle component of the price, around 0, with its trigger",
        vec![number("alpha", 0.07, 1e-4, 1.0, "smoothing factor; 2 / (n + 1) for a cycle of n rows")],
    )
    .gives(&[("cycle", "the cycle component"), ("trigger", "its value a row ago")])
    .known(
        "2; trigger: 3",
        Stability::Converging,
        "John F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 4: s = (x + 2 x' \
         + 2 x'' + x''') / 6; y = (1 - a/2)^2 (s - 2 s' + s'') + 2 (1-a) y' - (1-a)^2 y''; the first \
         six rows are (x - 2 x' + x'') / 4",
    );
    over_steps(spec, |args| Ok(Ok(cyber_cycle_step(args.number("alpha")?))))
}

fn cyber_cycle_step(a: f64) -> impl Step<1, 2> {
    let mut inputs = Window::new(4);
    let mut smooths = Window::new(3);
    let mut cycles = Window::new(2);
    let mut n_rows = 0;
    move |[x]: [f64; 1]| {
        inputs.push(x);
        n_rows += 1;
        if let Some(smooth) = symmetric(&inputs) {
            smooths.push(smooth);
        }
        let second_difference = |w: &Window| Some(w.ago(0)? - 2.0 * w.ago(1)? + w.ago(2)?);
        let start = second_difference(&inputs)? / 4.0;
        let cycle = match (second_difference(&smooths), cycles.ago(0), cycles.ago(1)) {
            (Some(curve), Some(y1), Some(y2)) if n_rows > FIRST_RECURSIVE_ROW => {
                let (gain, keep) = (1.0 - a / 2.0, 1.0 - a);
                gain * gain * curve + 2.0 * keep * y1 - keep * keep * y2
            }
            _ => start,
        };
        cycles.push(cycle);
        Some([cycle, or_unknown(cycles.ago(1))])
    }
}

fn mesa_stochastic() -> Function {
    let mut constants = vec![period("period", 20, "rows of the range")];
    constants.extend(roof_constants());
    let spec = oscillator(
        "mesa_stochastic",
        "Ehlers' MESA stochastic: where the roofing-filtered price stands in its range, smoothed, \
         about 0 to 1",
        constants,
    )
    .known(
        "period + 1",
        Stability::Converging,
        "John F. Ehlers, Predictive and successful indicators, TASC (January 2014): stochastic of \
         the roofing filter (`roofing_filter`), smoothed by a super smoother with the low-pass \
         cutoff",
    );
    over_steps(spec, |args| {
        let cutoffs = increasing("mesa_stochastic", args, ["lowpass", "highpass"])?;
        Ok(mesa_step(args.count("period")?, cutoffs))
    })
}

fn mesa_step(
    period: usize,
    [lowpass, highpass]: [usize; 2],
) -> wickra_core::Result<impl Step<1, 1>> {
    let mut roof = Roof::new(lowpass, highpass, 2)?;
    let mut smoother = SuperSmoother::new(lowpass)?;
    let mut window = Window::new(period);
    Ok(move |[x]: [f64; 1]| {
        let filtered = roof.update(x)?;
        window.push(filtered);
        let (low, high) = window.range();
        // Without a range the quotient is unknown, and the smoother skips the row.
        let is_known = window.is_full() && high > low;
        let position = is_known.then(|| (filtered - low) / (high - low))?;
        Some([smoother.update(position)?])
    })
}

const FLEX_SOURCE: &str = "John F. Ehlers, Reflex: a new zero-lag indicator, TASC (February 2020): \
                           super smoother with cutoff period / 2, mean distance d over the window, \
                           d / sqrt(m) with m = 0.04 d^2 + 0.96 m'";

fn reflex() -> Function {
    let spec = oscillator(
        "reflex",
        "Ehlers' reflex: mean distance of the smoothed price from the line between the window's \
         ends, in its own root mean squares",
        vec![period_from("period", 2, 20, "rows of the line")],
    )
    .known("period", Stability::Converging, FLEX_SOURCE);
    over_values(spec, |args| Ok(Reflex::new(args.count("period")?)), one)
}

fn trendflex() -> Function {
    let spec = oscillator(
        "trendflex",
        "Ehlers' trendflex: mean distance of the smoothed price from its last values, in its own \
         root mean squares",
        vec![period_from("period", 2, 20, "rows that are compared")],
    )
    .known("period", Stability::Converging, FLEX_SOURCE);
    over_values(spec, |args| Ok(Trendflex::new(args.count("period")?)), one)
}

fn universal_oscillator() -> Function {
    let spec = oscillator(
        "universal_oscillator",
        "Ehlers' universal oscillator: the whitened and smoothed price over its decaying peak, -1 \
         to 1",
        vec![period(
            "period",
            20,
            "cutoff of the super smoother, in rows",
        )],
    )
    .known(
        "2",
        Stability::Converging,
        "John F. Ehlers, Whiter is brighter, TASC (January 2015): f = super smoother of (x - x[2 \
         rows ago]) / 2, peak = max(|f|, 0.991 peak'), f / peak; 0 where the price never moved",
    );
    over_values(
        spec,
        |args| Ok(UniversalOscillator::new(args.count("period")?)),
        one,
    )
}

fn ebsw() -> Function {
    let constants = vec![
        period_from("highpass", 5, 40, "cutoff of the high pass, in rows"),
        period("smoothing", 10, "cutoff of the super smoother, in rows"),
    ];
    let spec = oscillator(
        "ebsw",
        "Ehlers' even better sinewave, -1 to 1: stays at an end in a trend",
        constants,
    )
    .known(
        "2",
        Stability::Converging,
        "John F. Ehlers, Cycle Analytics for Traders (2013), chapter 12: a = (1 - sin w) / cos w \
         with w = 2 pi / highpass, h = (1 + a) / 2 (x - x') + a h' from 0, f its super smoother; \
         (f + f' + f'') / 3 over the root of (f^2 + f'^2 + f''^2) / 3",
    );
    over_values(
        spec,
        |args| {
            Ok(EvenBetterSinewave::new(
                args.count("highpass")?,
                args.count("smoothing")?,
            ))
        },
        one,
    )
}

fn empirical_mode() -> Function {
    let constants = vec![
        period_from("period", 5, 20, "centre of the band pass, in rows"),
        number(
            "delta",
            0.5,
            0.01,
            1000.0,
            "half bandwidth, less than period / 8",
        ),
        number(
            "fraction",
            0.1,
            1e-6,
            1.0,
            "share of the mean peak that the bands stand at",
        ),
    ];
    let spec = oscillator(
        "emd",
        "Ehlers' empirical mode decomposition: the trend left in a band-pass filter; beyond a band \
         the market trends, between them it cycles",
        constants,
    )
    .gives(&[
        ("mean", "mean of the filtered price over two periods"),
        ("upper", "fraction of the mean of the last peaks"),
        ("lower", "fraction of the mean of the last valleys"),
    ])
    .known(
        "2 period + 1; upper and lower: 51",
        Stability::Converging,
        "John F. Ehlers and Ric Way, Empirical mode decomposition, TASC (March 2010): \
         g = 1 / cos(4 pi delta / period), a = g - sqrt(g^2 - 1), b = (1-a)/2 (x - x'') + \
         cos(2 pi / period)(1+a) b' - a b''; SMA(b, 2 period), means over 50 rows of its last peak \
         and last valley. Filter, peak and valley start from 0",
    );
    over_steps(spec, |args| {
        let (period, delta) = (args.count("period")?, args.number("delta")?);
        let limit = period as f64 / 8.0;
        if delta >= limit {
            let allowed = format!("less than `period` / 8, here {limit}");
            return Err(QlError::bad_argument("emd", "delta", allowed, delta));
        }
        Ok(empirical_mode_step(period, delta, args.number("fraction")?))
    })
}

/// Rows over which peaks and valleys are averaged.
const N_PEAKS: usize = 50;

fn empirical_mode_step(
    period: usize,
    delta: f64,
    fraction: f64,
) -> wickra_core::Result<impl Step<1, 3>> {
    let mut band_pass = band_pass_step(period as f64, delta);
    let mut mean = Sma::new(2 * period)?;
    let (mut peaks, mut valleys) = (Sma::new(N_PEAKS)?, Sma::new(N_PEAKS)?);
    let (mut peak, mut valley) = (0.0, 0.0);
    let mut past = [0.0; 2];
    Ok(move |[x]: [f64; 1]| {
        let [band] = band_pass([x])?;
        let [before, earlier] = past;
        if before > band && before > earlier {
            peak = before;
        }
        if before < band && before < earlier {
            valley = before;
        }
        past = [band, before];
        Some([
            or_unknown(mean.update(band)),
            fraction * or_unknown(peaks.update(peak)),
            fraction * or_unknown(valleys.update(valley)),
        ])
    })
}

fn band_pass_step(period: f64, delta: f64) -> impl Step<1, 1> {
    let beta = (TAU / period).cos();
    let gamma = 1.0 / (4.0 * PI * delta / period).cos();
    let alpha = gamma - (gamma * gamma - 1.0).sqrt();
    let mut inputs = Window::new(3);
    let mut past = [0.0; 2];
    move |[x]: [f64; 1]| {
        inputs.push(x);
        let change = x - inputs.ago(2)?;
        let [b1, b2] = past;
        let band = 0.5 * (1.0 - alpha) * change + beta * (1.0 + alpha) * b1 - alpha * b2;
        past = [band, b1];
        Some([band])
    }
}
