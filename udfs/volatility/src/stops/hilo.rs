//! Krausz's HiLo activator.
//!
//! Written here because wickra-core's shows the averages of the bar before; the published
//! formula and pandas-ta compare with those, and show the current ones.

use super::FAMILY;
use crate::params::{bar, period, spec, stop_and_side, told};
use crate::window::{mean, write};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, QlError, Stability};
use std::sync::Arc;

/// The function of this file.
pub fn functions() -> Vec<Function> {
    vec![hilo_activator()]
}

struct HiLo {
    period: usize,
}

impl SeriesKernel for HiLo {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let [high, low, close] = inputs else {
            return Err(QlError::internal("hilo_activator: takes three series"));
        };
        let lines = high.windows(self.period).zip(low.windows(self.period));
        let lines = lines.map(|(high, low)| (mean(high), mean(low)));
        let closes = close.iter().enumerate().skip(self.period - 1);
        let (mut side, mut before) = (0.0, None);
        for ((row, close), (upper, lower)) in closes.zip(lines) {
            side = turned(side, *close, before);
            before = Some((upper, lower));
            if side != 0.0 {
                write(outputs, row, [if side > 0.0 { lower } else { upper }, side]);
            }
        }
        Ok(())
    }
}

/// The side after a close, given the averages of highs and lows of the bar before.
fn turned(side: f64, close: f64, before: Option<(f64, f64)>) -> f64 {
    match before {
        Some((upper, _)) if close > upper => 1.0,
        Some((_, lower)) if close < lower => -1.0,
        _ => side,
    }
}

fn hilo_activator() -> Function {
    let params = [bar(&["high", "low", "close"]), vec![period(1, 3)]].concat();
    let summary = "HiLo activator: the simple average of lows while long, of highs while short; long after a close above the average of highs of the bar before, short after one below that of lows";
    let spec = told(
        spec("hilo_activator", FAMILY, summary, params, stop_and_side()),
        "until a close is beyond the averages of the bar before, period at the least",
        Stability::PathDependent,
        "Krausz, The New Gann Swing Chartist, Technical Analysis of Stocks and Commodities, February 1998",
    );
    series_function(
        spec,
        Arc::new(|args: &Args| {
            Ok(Box::new(HiLo {
                period: args.count("period")?,
            }))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_holds_until_the_other_average_is_crossed() {
        let before = Some((12.0, 10.0));
        assert_eq!(turned(0.0, 11.0, before), 0.0);
        assert_eq!(turned(1.0, 11.0, before), 1.0);
        assert_eq!(turned(1.0, 9.0, before), -1.0);
        assert_eq!(turned(-1.0, 13.0, before), 1.0);
        assert_eq!(turned(1.0, 9.0, None), 1.0);
    }
}
