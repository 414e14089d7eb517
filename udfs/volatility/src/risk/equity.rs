//! Drawdowns of an equity curve, over the last rows and since the first one.

use super::underwater::Underwater;
use super::{FAMILY, HALF_A_YEAR};
use crate::params::{equity, period, spec, told, value, whole};
use crate::window::{RAW, over_windows, ratio};
use quantlake_core::recurrence::{Recurrence, over_rows};
use quantlake_core::{Function, FunctionSpec, Output, OutputField, OutputType, Stability};
use quantlake_indicators::machine::over_values;
use quantlake_indicators::machine::wickra_core::{DrawdownDuration, MaxDrawdown};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rolling_max_drawdown(),
        rolling_average_drawdown(),
        rolling_pain_index(),
        drawdown(),
        drawdown_duration(),
        recovery_factor(),
    ]
}

fn of_window(name: &str, summary: &str, source: &str) -> FunctionSpec {
    let params = vec![equity(), period(1, HALF_A_YEAR)];
    let spec = spec(name, FAMILY, summary, params, value());
    told(spec, "period - 1", Stability::Exact, source)
}

fn rolling_max_drawdown() -> Function {
    let spec = of_window(
        "rolling_max_drawdown",
        "Deepest fall of an equity curve below an earlier peak within the last `period` rows, as a fraction from -1 to 0",
        "min(x[j] / x[i] - 1) for i <= j in the window, as `max_drawdown` has it for returns; a peak that is not positive has no fall",
    );
    over_values(
        spec,
        |a| Ok(MaxDrawdown::new(a.count("period")?)),
        |fall, out| {
            if let [slot, ..] = out {
                *slot = 0.0 - fall;
            }
        },
    )
}

/// What lies below the peaks of a window that starts at its first row.
fn below_peaks(window: &[f64]) -> Option<Underwater> {
    Underwater::of(*window.first()?, window.iter().copied())
}

fn rolling_average_drawdown() -> Function {
    let spec = of_window(
        "rolling_average_drawdown",
        "Mean of the greatest depths of the drawdown episodes of an equity curve within the last `period` rows, as a fraction from -1 to 0; 0 without a drawdown, NULL where the window starts at or below 0",
        "- mean over episodes of max((peak - x) / peak); an episode lasts from a peak until it is reached again or the window ends; Bacon, Practical Portfolio Performance Measurement and Attribution",
    );
    over_windows(
        spec,
        RAW,
        |_| Ok(()),
        |[x], ()| {
            let mean_depth = |c: Underwater| {
                if c.episodes > 0.0 {
                    -c.depths / c.episodes
                } else {
                    0.0
                }
            };
            [below_peaks(x).map_or(f64::NAN, mean_depth)]
        },
    )
}

fn rolling_pain_index() -> Function {
    let spec = of_window(
        "rolling_pain_index",
        "Pain index of an equity curve within the last `period` rows: mean distance to the highest value so far in the window, as a fraction of it, from 0 to 1; NULL where the window starts at or below 0",
        "mean((peak - x) / peak); Becker 2006",
    );
    over_windows(
        spec,
        RAW,
        |_| Ok(()),
        |[x], ()| [below_peaks(x).map_or(f64::NAN, |c| c.pain / c.points)],
    )
}

/// Drawdowns since the first row.
#[derive(Clone, Copy)]
struct Drawdown {
    peak: f64,
    deepest: f64,
}

impl Recurrence<1, 3> for Drawdown {
    fn next(&mut self, [value]: [f64; 1]) -> [f64; 3] {
        self.peak = self.peak.max(value);
        if self.peak > 0.0 {
            let fall = value / self.peak - 1.0;
            self.deepest = self.deepest.min(fall);
            return [fall, self.deepest, self.peak];
        }
        [f64::NAN; 3]
    }
}

fn drawdown() -> Function {
    let field = |name: &str, doc: &str| OutputField::new(name, OutputType::Float, doc);
    let output = Output::Struct(vec![
        field(
            "current",
            "distance to the peak, as a fraction from -1 to 0",
        ),
        field(
            "deepest",
            "deepest distance so far, as a fraction from -1 to 0",
        ),
        field("peak", "highest value so far, in units of x"),
    ]);
    let summary = "Drawdown of an equity curve since the first row of the partition, the deepest one so far and the peak; NULL until a value is positive";
    let spec = told(
        spec("drawdown", FAMILY, summary, vec![equity()], output),
        "0",
        Stability::PathDependent,
        "x / max(x so far) - 1; Magdon-Ismail and Atiya, Risk 17, 2004",
    );
    over_rows(spec, |_| {
        Ok(Drawdown {
            peak: f64::NEG_INFINITY,
            deepest: 0.0,
        })
    })
}

fn drawdown_duration() -> Function {
    let summary = "Rows since the highest value of an equity curve so far, the last one of equal values; 0 at a peak";
    let spec = told(
        spec(
            "drawdown_duration",
            FAMILY,
            summary,
            vec![equity()],
            whole(),
        ),
        "0",
        Stability::PathDependent,
        "t - argmax(x so far), the length of the current drawdown; Bacon, Practical Portfolio Performance Measurement and Attribution",
    );
    over_values(
        spec,
        |_| Ok(Ok(DrawdownDuration::new())),
        quantlake_indicators::machine::one,
    )
}

/// Gain since the first row over the deepest drawdown since then.
#[derive(Clone, Copy, Default)]
struct RecoveryFactor {
    start: Option<f64>,
    peak: f64,
    deepest: f64,
}

impl Recurrence<1, 1> for RecoveryFactor {
    fn next(&mut self, [value]: [f64; 1]) -> [f64; 1] {
        let start = *self.start.get_or_insert(value);
        if start <= 0.0 {
            return [f64::NAN];
        }
        // The first value is positive, so that the peak starts with it.
        self.peak = self.peak.max(value);
        self.deepest = self.deepest.max(1.0 - value / self.peak);
        [ratio(value / start - 1.0, self.deepest)]
    }
}

fn recovery_factor() -> Function {
    let summary = "Recovery factor of an equity curve: return since the first row of the partition divided by the deepest drawdown since then, both as fractions; NULL before the first drawdown and where the first value is not positive";
    let spec = told(
        spec("recovery_factor", FAMILY, summary, vec![equity()], value()),
        "until the first drawdown",
        Stability::PathDependent,
        "(x / x[first] - 1) / max((peak - x) / peak), as recovery_factor of quantstats with compounding; wickra-core gives 0 before the first drawdown",
    );
    over_rows(spec, |_| Ok(RecoveryFactor::default()))
}
