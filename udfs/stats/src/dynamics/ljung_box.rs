//! `ljung_box`: are the first autocorrelations of a series jointly 0?
//!
//! `Q = n (n + 2) sum over k of r_k^2 / (n - k)`, chi-squared with `lags - model_df` degrees of
//! freedom where the series is white noise.
//!
//! Source: Ljung and Box, Biometrika 65 (1978), pp. 297-303.

use super::autocorrelation::autocorrelations;
use crate::distribution::chi_squared_sf;
use crate::params::{count, float};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Args, Function, Output, QlError};

struct LjungBox {
    lags: usize,
    degrees: usize,
}

impl Statistic for LjungBox {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(x) = columns.first() else {
            return;
        };
        let Some(r) = autocorrelations(x, self.lags, false) else {
            return;
        };
        let n = x.len() as f64;
        let terms = r.iter().enumerate().skip(1);
        let sum: f64 = terms.map(|(k, r)| r * r / (n - k as f64)).sum();
        let statistic = n * (n + 2.0) * sum;
        fill(out, [statistic, chi_squared_sf(statistic, self.degrees)]);
    }
}

fn make(args: &Args) -> Result<Box<dyn Statistic>, QlError> {
    let (lags, fitted) = (args.count("lags")?, args.count("model_df")?);
    if fitted >= lags {
        let allowed = format!("below `lags` ({lags})");
        return Err(QlError::bad_argument(
            "ljung_box",
            "model_df",
            allowed,
            fitted,
        ));
    }
    Ok(Box::new(LjungBox {
        lags,
        degrees: lags - fitted,
    }))
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        options: vec![
            count("lags", 1, 10, "how many autocorrelations are tested"),
            count(
                "model_df",
                0,
                0,
                "coefficients of the model that left these residuals: p + q of an ARMA",
            ),
        ],
        output: Output::Struct(vec![
            float("statistic", "Q, about `lags` where there is no autocorrelation"),
            float("p_value", "probability of a Q at least as large from white noise"),
        ]),
        order: RowOrder::Significant,
        example_rows: 24,
        source: "Ljung and Box 1978; statsmodels acorr_ljungbox",
        ..Sample::of_one(
            "ljung_box",
            "Test for autocorrelation up to `lags`; a small p_value speaks against white noise; NULL without dispersion",
            make,
        )
    }
    .functions()
}
