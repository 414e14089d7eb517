//! Ichimoku's cloud as a chart shows it over the current bar, from past bars only.

use crate::describe::{record, spec, with_example};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, QlError};
use quantlake_indicators::machine::period;
use std::sync::Arc;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    let spec = spec(
        "charts",
        "ichimoku_cloud",
        &["high", "low", "close"],
        vec![
            period("tenkan_period", 9, "Rows of the conversion line"),
            period("kijun_period", 26, "Rows of the base line"),
            period("senkou_b_period", 52, "Rows of the second leading span"),
            period(
                "displacement",
                26,
                "Rows by which the cloud and the lagging span are shifted; TradingView counts the \
                 current bar and shifts by 25",
            ),
        ],
        "Ichimoku Kinko Hyo as drawn over the current bar, in price units: the cloud is that of \
         displacement rows ago, and no field looks ahead; `ichimoku` has the spans unshifted",
    )
    .with_output(record(&[
        (
            "tenkan_sen",
            "Conversion line: middle of the range of tenkan_period",
        ),
        (
            "kijun_sen",
            "Base line: middle of the range of kijun_period",
        ),
        (
            "senkou_span_a",
            "First edge of the cloud over this bar: middle of both lines then",
        ),
        (
            "senkou_span_b",
            "Second edge of the cloud over this bar: middle of the range of \
          senkou_b_period then",
        ),
        (
            "chikou_level",
            "Close displacement rows ago, which the lagging span of this row, its close, is \
             compared with",
        ),
    ]))
    .with_lookback("each field its own; all of them from senkou_b_period + displacement - 1")
    .with_source(
        "G. Hosoda (1969); (highest high + lowest low) / 2 of each period, the spans shifted forward",
    );
    let make = |args: &Args| {
        Ok(Box::new(Cloud {
            tenkan: args.count("tenkan_period")?,
            kijun: args.count("kijun_period")?,
            senkou_b: args.count("senkou_b_period")?,
            shift: args.count("displacement")?,
        }) as Box<dyn SeriesKernel>)
    };
    vec![series_function(
        with_example(spec, 10, "2, 3, 4, 3"),
        Arc::new(make),
    )]
}

struct Cloud {
    tenkan: usize,
    kijun: usize,
    senkou_b: usize,
    shift: usize,
}

impl SeriesKernel for Cloud {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([high, low, close], [tenkan, kijun, span_a, span_b, chikou]) = (inputs, outputs)
        else {
            return Err(QlError::internal(
                "ichimoku_cloud: three series, five results",
            ));
        };
        middles(high, low, self.tenkan, tenkan);
        middles(high, low, self.kijun, kijun);
        middles(high, low, self.senkou_b, span_b);
        for (span, (tenkan, kijun)) in span_a.iter_mut().zip(tenkan.iter().zip(kijun.iter())) {
            *span = (tenkan + kijun) / 2.0;
        }
        chikou.copy_from_slice(close);
        for column in [span_a, span_b, chikou] {
            delay(column, self.shift);
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        let longest = self.tenkan.max(self.kijun).max(self.senkou_b);
        Some(longest - 1 + self.shift)
    }
}

/// Half way between the highest high and the lowest low of each window.
fn middles(high: &[f64], low: &[f64], period: usize, out: &mut [f64]) {
    let windows = high.windows(period).zip(low.windows(period));
    for (slot, (highs, lows)) in out.iter_mut().skip(period - 1).zip(windows) {
        let top = highs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bottom = lows.iter().copied().fold(f64::INFINITY, f64::min);
        *slot = (top + bottom) / 2.0;
    }
}

/// Moves a column down by some rows; the first rows are unknown.
fn delay(column: &mut [f64], rows: usize) {
    let rows = rows.min(column.len());
    column.rotate_right(rows);
    if let Some(unknown) = column.get_mut(..rows) {
        unknown.fill(f64::NAN);
    }
}
