//! `phillips_perron`: the Dickey-Fuller regression without earlier changes, corrected for
//! autocorrelation by the long-run variance of its residuals.
//!
//! Source: Phillips and Perron, Biometrika 75 (1988), pp. 335-346; Hamilton, Time Series Analysis
//! (1994), section 17.6.

use super::adf::critical_fields;
use super::dickey_fuller::schwert;
use super::kpss::long_run_variance;
use super::{Trend, tables};
use crate::center::{dot, is_constant, is_rounding};
use crate::linear::least_squares::{Reduced, residuals};
use crate::params::{choice, count_or_rule, float, integer, optional_count, x};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Args, Function, Output, QlError};

const TRENDS: [&str; 3] = ["c", "ct", "n"];

struct PhillipsPerron {
    trend: Trend,
    lags: Option<usize>,
    is_bias: bool,
}

/// Both forms of the statistic.
struct Corrected {
    tau: f64,
    rho: f64,
    n_obs: usize,
    lags: usize,
}

impl Statistic for PhillipsPerron {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(found) = columns.first().and_then(|x| self.correct(x)) else {
            return;
        };
        let (statistic, p_value, critical) = match tables::rho(self.trend) {
            Some(surface) if self.is_bias => (
                found.rho,
                surface.p_value_of_bias(found.rho),
                surface.critical_values(found.n_obs),
            ),
            _ => {
                let surface = tables::tau(self.trend, false);
                let critical = surface.critical_values(found.n_obs);
                (found.tau, surface.p_value(found.tau), critical)
            }
        };
        if statistic.is_finite() {
            let [one, five, ten] = critical;
            let (lags, n_obs) = (found.lags as f64, found.n_obs as f64);
            fill(out, [statistic, p_value, lags, n_obs, one, five, ten]);
        }
    }
}

impl PhillipsPerron {
    fn correct(&self, x: &[f64]) -> Option<Corrected> {
        let (_, before) = x.split_last()?;
        let after = x.get(1..)?;
        let lags = self.lags.unwrap_or_else(|| schwert(x.len()));
        if lags >= after.len() || is_constant(before) {
            return None;
        }
        let mut columns = self.trend.columns(after.len());
        columns.push(before.to_vec());
        let rest = residuals(&columns, after)?;
        if is_rounding(dot(&rest, &rest), x) {
            return None;
        }
        let n_columns = columns.len();
        let (slope, error) = Reduced::new(columns, after.to_vec()).last(n_columns)?;
        let n = after.len() as f64;
        let long_run = long_run_variance(&rest, lags);
        let variance = dot(&rest, &rest) / (n - n_columns as f64);
        let at_once = dot(&rest, &rest) / n;
        let excess = long_run - at_once;
        Some(Corrected {
            tau: (at_once / long_run).sqrt() * (slope - 1.0) / error
                - 0.5 * excess / long_run.sqrt() * n * error / variance.sqrt(),
            rho: n * (slope - 1.0) - 0.5 * n * n * error * error / variance * excess,
            n_obs: after.len(),
            lags,
        })
    }
}

fn make(args: &Args) -> Result<Box<dyn Statistic>, QlError> {
    Ok(Box::new(PhillipsPerron {
        trend: Trend::of(args, &TRENDS)?,
        lags: optional_count(args, "lags")?,
        is_bias: args.integer("form")? == 1,
    }))
}

pub(crate) fn functions() -> Vec<Function> {
    let mut fields = vec![
        float("statistic", "the corrected t value or normalised bias"),
        float(
            "p_value",
            "probability of a statistic at most this under a unit root",
        ),
        integer("lags", "autocovariances in the long-run variance"),
        integer("n_obs", "rows in the regression"),
    ];
    fields.extend(critical_fields());
    Sample {
        series: vec![x("levels")],
        options: vec![
            Trend::param(&TRENDS),
            count_or_rule(
                "lags",
                "autocovariances in the long-run variance; NULL for ceil(12 * (n / 100) ^ 0.25)",
            ),
            choice("form", &["tau", "rho"], "the t value or n times (rho - 1)"),
        ],
        output: Output::Struct(fields),
        order: RowOrder::Significant,
        min_rows: 5,
        example_rows: 20,
        source: "Phillips and Perron 1988, MacKinnon 1994 and 2010; arch.unitroot.PhillipsPerron",
        ..Sample::of_one(
            "phillips_perron",
            "Phillips-Perron test: a small p_value speaks against a unit root in x; NULL where x is constant",
            make,
        )
    }
    .functions()
}
