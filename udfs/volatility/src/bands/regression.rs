//! Bands around a line fitted by least squares.

use super::FAMILY;
use crate::params::{band, bar, multiplier, period, price, rows, spec, told, value};
use crate::window::{mean, write};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, QlError, Stability};
use quantlake_indicators::machine::wickra_core::{
    LinRegChannel, ProjectionBands, ProjectionOscillator,
};
use quantlake_indicators::machine::{fields, one, over_bars, over_values};
use std::sync::Arc;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        linreg_channel(),
        standard_error_bands(),
        projection_bands(),
        projection_oscillator(),
    ]
}

fn linreg_channel() -> Function {
    let params = vec![
        price(),
        period(2, 100),
        multiplier(
            2.0,
            "standard deviations of the residuals between the middle and a line",
        ),
    ];
    let output = band(
        "end of the line plus `multiplier` deviations, in units of x",
        "end of the line, at the current row",
        "end of the line minus `multiplier` deviations, in units of x",
    );
    let summary = "Linear regression channel: end of the least-squares line through the last `period` rows, with lines some population standard deviations of the residuals away";
    let spec = told(
        spec("linreg_channel", FAMILY, summary, params, output),
        "period - 1",
        Stability::Exact,
        "fit(period) +- multiplier * sqrt(sum(residual^2) / period), as TradingView's linear regression channel at its newest bar",
    );
    let make = |a: &Args| {
        Ok(LinRegChannel::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_values(spec, make, |o, out| {
        fields([o.upper, o.middle, o.lower], out)
    })
}

/// End of the least-squares line through the values, and the standard error of the estimate with
/// `n - 2` degrees of freedom.
fn line_end(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let centre = (n - 1.0) / 2.0;
    let mean = mean(values);
    let places = || {
        values
            .iter()
            .enumerate()
            .map(|(i, v)| (i as f64 - centre, v - mean))
    };
    let slope =
        places().map(|(t, v)| t * v).sum::<f64>() / places().map(|(t, _)| t * t).sum::<f64>();
    let squares: f64 = places().map(|(t, v)| (v - slope * t).powi(2)).sum();
    (mean + slope * centre, (squares / (n - 2.0)).sqrt())
}

struct StandardErrorBands {
    period: usize,
    smooth: usize,
    multiplier: f64,
}

impl SeriesKernel for StandardErrorBands {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let values = inputs.first().copied().unwrap_or_default();
        let fits = values.windows(self.period).map(line_end);
        let (ends, errors): (Vec<f64>, Vec<f64>) = fits.unzip();
        let smoothed = ends.windows(self.smooth).zip(errors.windows(self.smooth));
        for (i, (ends, errors)) in smoothed.enumerate() {
            let (middle, width) = (mean(ends), self.multiplier * mean(errors));
            let row = i + self.period + self.smooth - 2;
            write(outputs, row, [middle + width, middle, middle - width]);
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.period + self.smooth - 2)
    }
}

fn standard_error_bands() -> Function {
    let params = vec![
        price(),
        period(3, 21),
        multiplier(2.0, "standard errors between the middle and a line"),
        rows(
            "smooth",
            1,
            3,
            "length of the average of the middle and of the errors, in rows; 1 for none",
        ),
    ];
    let output = band(
        "middle plus `multiplier` standard errors, in units of x",
        "average of the ends of the lines, in units of x",
        "middle minus `multiplier` standard errors, in units of x",
    );
    let summary = "Standard error bands: end of the least-squares line through the last `period` rows with lines some standard errors of the estimate away, each smoothed by a short simple average";
    let spec = told(
        spec("standard_error_bands", FAMILY, summary, params, output),
        "period + smooth - 2",
        Stability::Exact,
        "sma(fit, smooth) +- multiplier * sma(sqrt(sum(residual^2) / (period - 2)), smooth); Andersen, Technical Analysis of Stocks and Commodities, September 1996",
    );
    series_function(
        spec,
        Arc::new(|args: &Args| {
            Ok(Box::new(StandardErrorBands {
                period: args.count("period")?,
                smooth: args.count("smooth")?,
                multiplier: args.number("multiplier")?,
            }))
        }),
    )
}

fn projection_bands() -> Function {
    let params = [bar(&["high", "low"]), vec![period(2, 14)]].concat();
    let output = band(
        "highest of the highs carried to the current row, in units of the price",
        "midway between the lines",
        "lowest of the lows carried to the current row, in units of the price",
    );
    let summary = "Projection bands: the highs and lows of the last `period` bars, carried to the current row along the slopes of their own regression lines";
    let spec = told(
        spec("projection_bands", FAMILY, summary, params, output),
        "period - 1",
        Stability::Exact,
        "max(high[t-i] + i * slope(high, period)), min(low[t-i] + i * slope(low, period)); Widner, Technical Analysis of Stocks and Commodities, July 1995",
    );
    over_bars(
        spec,
        |a| Ok(ProjectionBands::new(a.count("period")?)),
        |o, out| fields([o.upper, o.middle, o.lower], out),
    )
}

fn projection_oscillator() -> Function {
    let params = [bar(&["high", "low", "close"]), vec![period(2, 14)]].concat();
    let summary = "Projection oscillator: place of the close between the projection bands, 0 at the lower and 100 at the upper one; 50 where they meet";
    let spec = told(
        spec("projection_oscillator", FAMILY, summary, params, value()),
        "period - 1",
        Stability::Exact,
        "100 * (close - lower) / (upper - lower), not smoothed; Widner, Technical Analysis of Stocks and Commodities, July 1995",
    );
    over_bars(
        spec,
        |a| Ok(ProjectionOscillator::new(a.count("period")?)),
        one,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_ends_at_its_last_value_without_error() {
        let (end, error) = line_end(&[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((end, error), (7.0, 0.0));
    }

    #[test]
    fn the_error_has_two_degrees_of_freedom_less_than_rows() {
        let (end, error) = line_end(&[0.0, 3.0, 0.0]);
        assert_eq!((end, error), (1.0, 6f64.sqrt()));
    }
}
