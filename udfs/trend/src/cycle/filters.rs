//! Ehlers' recursive filters: what they pass is in the unit of the series.

use super::FAMILY;
use crate::describe::{Describe, spec, whole};
use crate::steps::{Step, Window, increasing, or_unknown, over_steps, wickra_core};
use quantlake_core::{Function, FunctionSpec, ParamSpec, Stability};
use quantlake_indicators::machine::{number, one, over_values, period, period_from};
use std::f64::consts::TAU;
use wickra_core::{Indicator, SuperSmoother};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        super_smoother(),
        highpass(),
        decycler(),
        decycler_oscillator(),
        roofing_filter(),
        instantaneous_trendline(),
    ]
}

/// The shortest cutoff of a high pass: below it the two-pole recursion is unstable.
const MIN_CUTOFF: i64 = 3;

fn filter(name: &str, summary: &str, constants: Vec<ParamSpec>) -> FunctionSpec {
    spec(name, FAMILY, summary, &["x"], constants)
}

/// Ehlers' high-pass filter with one or two poles.
#[derive(Debug, Clone)]
pub struct Highpass {
    factor: f64,
    has_two_poles: bool,
    inputs: [Option<f64>; 2],
    outputs: [f64; 2],
}

impl Highpass {
    /// A filter that attenuates cycles longer than `cutoff` rows.
    pub fn new(cutoff: f64, n_poles: usize) -> Self {
        let has_two_poles = n_poles > 1;
        // Two poles in a row attenuate twice; 0.707 moves the cutoff back to its half-power point.
        let angle = if has_two_poles { 0.707 } else { 1.0 } * TAU / cutoff;
        Self {
            factor: (angle.cos() + angle.sin() - 1.0) / angle.cos(),
            has_two_poles,
            inputs: [None; 2],
            outputs: [0.0; 2],
        }
    }

    /// The filtered value; nothing on the first rows, whose differences are not known.
    pub fn update(&mut self, x: f64) -> Option<f64> {
        let [x1, x2] = self.inputs;
        self.inputs = [Some(x), x1];
        let [y1, y2] = self.outputs;
        let (gain, keep) = (1.0 - self.factor / 2.0, 1.0 - self.factor);
        let y = if self.has_two_poles {
            gain * gain * (x - 2.0 * x1? + x2?) + 2.0 * keep * y1 - keep * keep * y2
        } else {
            gain * (x - x1?) + keep * y1
        };
        self.outputs = [y, y1];
        Some(y)
    }
}

/// A high pass and a super smoother in a row: cycles between the two cutoffs pass.
#[derive(Debug, Clone)]
pub struct Roof {
    highpass: Highpass,
    smoother: SuperSmoother,
}

impl Roof {
    /// Passes cycles from `lowpass` to `highpass` rows.
    ///
    /// # Errors
    /// When `lowpass` is 0.
    pub fn new(lowpass: usize, highpass: usize, n_poles: usize) -> wickra_core::Result<Self> {
        Ok(Self {
            highpass: Highpass::new(highpass as f64, n_poles),
            smoother: SuperSmoother::new(lowpass)?,
        })
    }

    /// The filtered value.
    pub fn update(&mut self, x: f64) -> Option<f64> {
        self.smoother.update(self.highpass.update(x)?)
    }
}

fn super_smoother() -> Function {
    let spec = filter(
        "super_smoother",
        "Ehlers' super smoother: a two-pole low-pass filter, in the unit of the series",
        vec![period("period", 10, "cutoff, in rows")],
    )
    .known(
        "0",
        Stability::Converging,
        "John F. Ehlers, Cycle Analytics for Traders (2013), chapter 3: a = exp(-sqrt(2) pi / \
         period), b = 2 a cos(sqrt(2) pi / period); y = (1 - b + a^2)(x + x') / 2 + b y' - a^2 y''; \
         the first two rows are passed as they are",
    );
    over_values(
        spec,
        |args| Ok(SuperSmoother::new(args.count("period")?)),
        one,
    )
}

fn highpass() -> Function {
    let spec = filter(
        "highpass",
        "Ehlers' two-pole high-pass filter: what moves faster than the cutoff, around 0",
        vec![period_from("period", MIN_CUTOFF, 48, "cutoff, in rows")],
    )
    .known(
        "2",
        Stability::Converging,
        "John F. Ehlers, Cycle Analytics for Traders (2013): a = (cos w + sin w - 1) / cos w with \
         w = 0.707 2 pi / period; y = (1 - a/2)^2 (x - 2 x' + x'') + 2 (1-a) y' - (1-a)^2 y''; \
         starts from 0",
    );
    over_steps(spec, |args| {
        let mut filter = Highpass::new(args.count("period")? as f64, 2);
        Ok(Ok(move |[x]: [f64; 1]| Some([filter.update(x)?])))
    })
}

fn decycler() -> Function {
    let spec = filter(
        "decycler",
        "Ehlers' simple decycler: the price without the cycles shorter than the cutoff",
        vec![period_from("period", MIN_CUTOFF, 125, "cutoff, in rows")],
    )
    .known(
        "2",
        Stability::Converging,
        "John F. Ehlers, Decyclers, TASC (September 2015): x minus its two-pole high pass \
         (`highpass`)",
    );
    over_steps(spec, |args| {
        let mut filter = Highpass::new(args.count("period")? as f64, 2);
        Ok(Ok(move |[x]: [f64; 1]| Some([x - filter.update(x)?])))
    })
}

fn decycler_oscillator() -> Function {
    let constants = vec![
        period_from(
            "fast",
            MIN_CUTOFF,
            30,
            "cutoff of the fast decycler, in rows",
        ),
        period_from(
            "slow",
            MIN_CUTOFF,
            60,
            "cutoff of the slow decycler, in rows, more than `fast`",
        ),
    ];
    let spec = filter(
        "decycler_oscillator",
        "Ehlers' decycler oscillator: a fast decycler minus a slow one, around 0",
        constants,
    )
    .known(
        "2",
        Stability::Converging,
        "John F. Ehlers, Decyclers (2015): the two-pole high pass with the slow cutoff minus the one \
         with the fast cutoff",
    );
    over_steps(spec, |args| {
        let cutoffs = increasing("decycler_oscillator", args, ["fast", "slow"])?;
        Ok(Ok(decycler_step(cutoffs)))
    })
}

fn decycler_step([fast, slow]: [usize; 2]) -> impl Step<1, 1> {
    let mut fast = Highpass::new(fast as f64, 2);
    let mut slow = Highpass::new(slow as f64, 2);
    move |[x]: [f64; 1]| {
        let (fast, slow) = (fast.update(x), slow.update(x));
        Some([slow? - fast?])
    }
}

/// The cutoffs of a roofing filter.
pub(crate) fn roof_constants() -> Vec<ParamSpec> {
    vec![
        period("lowpass", 10, "shortest cycle that passes, in rows"),
        period_from(
            "highpass",
            5,
            48,
            "longest cycle that passes, in rows, more than `lowpass`",
        ),
    ]
}

fn roofing_filter() -> Function {
    let mut constants = roof_constants();
    constants.push(whole(
        "poles",
        1,
        2,
        2,
        "poles of the high pass: 1 rolls off slower",
    ));
    let spec = filter(
        "roofing_filter",
        "Ehlers' roofing filter: the cycles between two cutoffs, around 0",
        constants,
    )
    .known(
        "poles",
        Stability::Converging,
        "John F. Ehlers, Predictive and successful indicators, TASC (January 2014): a super smoother \
         on a two-pole high pass; one pole as in Cycle Analytics for Traders (2013), chapter 7",
    );
    over_steps(spec, |args| {
        let [lowpass, highpass] = increasing("roofing_filter", args, ["lowpass", "highpass"])?;
        let roof = Roof::new(lowpass, highpass, args.count("poles")?);
        Ok(roof.map(|mut roof| move |[x]: [f64; 1]| Some([roof.update(x)?])))
    })
}

fn instantaneous_trendline() -> Function {
    let spec = filter(
        "instantaneous_trendline",
        "Ehlers' instantaneous trendline: the trend with next to no lag, with its trigger, in prices",
        vec![number("alpha", 0.07, 1e-4, 1.0, "smoothing factor; 2 / (n + 1) for a cycle of n rows")],
    )
    .gives(&[
        ("trendline", "the filtered price"),
        ("trigger", "twice the line minus its value two rows ago"),
    ])
    .known(
        "2; trigger: 4",
        Stability::Converging,
        "John F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 3: \
         y = (a - a^2/4) x + a^2/2 x' - (a - 3a^2/4) x'' + 2 (1-a) y' - (1-a)^2 y''; the first six \
         rows are (x + 2 x' + x'') / 4",
    );
    over_steps(spec, |args| Ok(Ok(trendline_step(args.number("alpha")?))))
}

/// Ehlers lets the recursions of Cybernetic Analysis start at this row, counted from 0.
pub(crate) const FIRST_RECURSIVE_ROW: usize = 6;

fn trendline_step(a: f64) -> impl Step<1, 2> {
    let mut inputs = Window::new(3);
    let mut lines = Window::new(3);
    let mut n_rows = 0;
    move |[x]: [f64; 1]| {
        inputs.push(x);
        n_rows += 1;
        let (x1, x2) = (inputs.ago(1)?, inputs.ago(2)?);
        let line = match (lines.ago(0), lines.ago(1)) {
            (Some(y1), Some(y2)) if n_rows > FIRST_RECURSIVE_ROW => {
                (a - a * a / 4.0) * x + 0.5 * a * a * x1 - (a - 0.75 * a * a) * x2
                    + 2.0 * (1.0 - a) * y1
                    - (1.0 - a) * (1.0 - a) * y2
            }
            _ => (x + 2.0 * x1 + x2) / 4.0,
        };
        lines.push(line);
        let trigger = lines.ago(2).map(|y2| 2.0 * line - y2);
        Some([line, or_unknown(trigger)])
    }
}
