//! `autocorrelation` and `partial_autocorrelation`: a series against its own past.
//!
//! `r_k = sum (x_t - m)(x_(t-k) - m) / sum (x_t - m)^2` with the mean m of all values; divided by n
//! for every lag, which keeps r_k within -1 and 1, or by n - k where `adjusted`. The partial
//! autocorrelation is the last coefficient of the Yule-Walker equations of order k, by the
//! Durbin-Levinson recursion.

use crate::center::{deviations, dot, is_constant};
use crate::params::{count, flag};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Args, Function, ParamSpec, QlError};

/// Autocorrelations at the lags 0 to `last`; `None` without dispersion or with too few values.
pub(crate) fn autocorrelations(values: &[f64], last: usize, adjusted: bool) -> Option<Vec<f64>> {
    if values.len() <= last || is_constant(values) {
        return None;
    }
    let centred = deviations(values);
    let n = values.len() as f64;
    let scale = dot(&centred, &centred);
    let at = |lag: usize| {
        let product = dot(&centred[lag..], &centred) / scale;
        if adjusted {
            product * n / (n - lag as f64)
        } else {
            product
        }
    };
    Some((0..=last).map(at).collect())
}

/// The coefficient of lag k in an autoregression of order k, from autocorrelations up to k.
fn durbin_levinson(r: &[f64]) -> f64 {
    let mut phi: Vec<f64> = Vec::new();
    let mut unexplained = 1.0;
    for k in 1..r.len() {
        let known: f64 = phi.iter().enumerate().map(|(j, p)| p * r[k - 1 - j]).sum();
        let next = (r[k] - known) / unexplained;
        let turned: Vec<f64> = phi.iter().rev().copied().collect();
        for (p, q) in phi.iter_mut().zip(turned) {
            *p -= next * q;
        }
        phi.push(next);
        unexplained *= 1.0 - next * next;
    }
    phi.last().copied().unwrap_or(f64::NAN)
}

struct Lagged {
    lag: usize,
    adjusted: bool,
    is_partial: bool,
}

impl Statistic for Lagged {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let correlations = columns
            .first()
            .and_then(|x| autocorrelations(x, self.lag, self.adjusted));
        let Some(correlations) = correlations else {
            return;
        };
        let plain = correlations.last().copied().unwrap_or(f64::NAN);
        let value = if self.is_partial {
            durbin_levinson(&correlations)
        } else {
            plain
        };
        fill(out, [value]);
    }
}

fn lagged(args: &Args, is_partial: bool) -> Result<Box<dyn Statistic>, QlError> {
    Ok(Box::new(Lagged {
        lag: args.count("lag")?,
        adjusted: args.flag("adjusted")?,
        is_partial,
    }))
}

fn options() -> Vec<ParamSpec> {
    vec![
        count("lag", 1, 1, "rows between the values that are compared"),
        flag(
            "adjusted",
            false,
            "true divides the products at lag k by n - k, false by n",
        ),
    ]
}

pub(crate) fn autocorrelation() -> Vec<Function> {
    Sample {
        options: options(),
        order: RowOrder::Significant,
        source: "Box and Jenkins, Time Series Analysis, chapter 2; statsmodels acf",
        ..Sample::of_one(
            "autocorrelation",
            "Correlation of x with itself `lag` rows earlier, from -1 to 1; NULL without dispersion",
            |args| lagged(args, false),
        )
    }
    .functions()
}

pub(crate) fn partial_autocorrelation() -> Vec<Function> {
    Sample {
        options: options(),
        order: RowOrder::Significant,
        source: "Yule-Walker equations by Durbin-Levinson; statsmodels pacf, methods ywm and yw",
        ..Sample::of_one(
            "partial_autocorrelation",
            "Correlation of x with itself `lag` rows earlier that the lags in between do not explain; NULL without dispersion",
            |args| lagged(args, true),
        )
    }
    .functions()
}
