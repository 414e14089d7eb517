//! Krausz's HiLo activator.
//!
//! Written here because wickra-core's shows the averages of the bar before; the published
//! formula and pandas-ta compare with those, and show the current ones.

use super::FAMILY;
use crate::params::{bar, period, spec, stop_and_side, told};
use crate::window::mean;
use quantlake_core::recurrence::{Recurrence, over_rows};
use quantlake_core::{Function, Stability};

/// The function of this file.
pub fn functions() -> Vec<Function> {
    vec![hilo_activator()]
}

/// The bars that the averages need, and what came of those before.
#[derive(Clone)]
struct HiLo {
    period: usize,
    highs: Vec<f64>,
    lows: Vec<f64>,
    /// The averages of highs and lows at the bar before.
    before: Option<(f64, f64)>,
    side: f64,
}

impl Recurrence<3, 2> for HiLo {
    fn next(&mut self, [high, low, close]: [f64; 3]) -> [f64; 2] {
        push(&mut self.highs, high, self.period);
        push(&mut self.lows, low, self.period);
        if self.highs.len() < self.period {
            return [f64::NAN; 2];
        }
        let (upper, lower) = (mean(&self.highs), mean(&self.lows));
        self.side = turned(self.side, close, self.before.replace((upper, lower)));
        match self.side {
            side if side > 0.0 => [lower, side],
            side if side < 0.0 => [upper, side],
            _ => [f64::NAN; 2],
        }
    }

    fn held(&self) -> usize {
        size_of::<f64>() * (self.highs.capacity() + self.lows.capacity())
    }
}

/// Adds the newest value; of more than `capacity` the oldest leaves.
fn push(values: &mut Vec<f64>, value: f64, capacity: usize) {
    values.push(value);
    if values.len() > capacity {
        values.remove(0);
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
    over_rows(spec, |args| {
        Ok(HiLo {
            period: args.count("period")?,
            highs: Vec::new(),
            lows: Vec::new(),
            before: None,
            side: 0.0,
        })
    })
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
