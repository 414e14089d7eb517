//! `delay`, `delta`, `ts_return`: this row beside an earlier one.

use crate::arguments::periods;
use crate::describe::{series_spec, x};
use crate::kernel::one;
use quantlake_core::series::series_function;
use quantlake_core::{Args, Function};
use std::sync::Arc;

/// Writes `value(x[t], x[t - periods])`; the first `periods` rows are left as they are.
pub fn beside_earlier(x: &[f64], periods: usize, value: impl Fn(f64, f64) -> f64, out: &mut [f64]) {
    let later = x.iter().zip(out).skip(periods);
    for ((now, slot), earlier) in later.zip(x) {
        *slot = value(*now, *earlier);
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        shifted(
            "delay",
            "The value some rows earlier, in the unit of `x`.",
            "x[t - periods]; delay of Kakushadze, 101 Formulaic Alphas (2016); pandas Series.shift",
            |_, earlier| earlier,
        ),
        shifted(
            "delta",
            "The change since some rows earlier, in the unit of `x`.",
            "x[t] - x[t - periods]; delta of Kakushadze, 101 Formulaic Alphas (2016); pandas Series.diff",
            |now, earlier| now - earlier,
        ),
        shifted(
            "ts_return",
            "The change since some rows earlier as a fraction (0.01 is 1 %); NULL after a 0.",
            "x[t] / x[t - periods] - 1; pandas Series.pct_change",
            // Dividing the change keeps the digits that subtracting 1 from the ratio would lose.
            |now, earlier| (now - earlier) / earlier,
        ),
    ]
}

fn shifted(name: &str, summary: &str, source: &str, value: fn(f64, f64) -> f64) -> Function {
    let spec = series_spec(name, "rolling", summary, source, &format!("{name}(x, 2)"))
        .with_params(vec![x(), periods()])
        .with_lookback("periods");
    let make = move |args: &Args| {
        let periods = args.count("periods")?;
        Ok(one(Some(periods), move |x: &[f64], out: &mut [f64]| {
            beside_earlier(x, periods, value, out);
        }))
    };
    series_function(spec, Arc::new(make))
}
