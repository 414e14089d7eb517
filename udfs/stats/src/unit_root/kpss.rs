//! `kpss`: is a series stationary around a level or a line?
//!
//! `eta = sum of squared running sums of residuals / (n^2 s^2)` with the long-run variance s^2 of
//! Newey and West. The p-value is interpolated in the published table and stays between 0.01 and
//! 0.1.
//!
//! Sources: Kwiatkowski, Phillips, Schmidt and Shin, Journal of Econometrics 54 (1992),
//! pp. 159-178; lags after Hobijn, Franses and Ooms, Statistica Neerlandica 58 (2004), pp. 483-502.

use super::Trend;
use super::dickey_fuller::schwert;
use crate::center::{deviations, dot, is_constant, is_rounding};
use crate::linear::least_squares::residuals;
use crate::params::{choice, count_or_rule, float, integer, optional_count, x};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Args, Function, Output, QlError};

const TRENDS: [&str; 2] = ["c", "ct"];

/// The p-values of the published critical values.
const SHARES: [f64; 4] = [0.10, 0.05, 0.025, 0.01];

/// Where the number of lags comes from.
enum Lags {
    Given(usize),
    Hobijn,
    Schwert,
}

struct Kpss {
    trend: Trend,
    lags: Lags,
}

impl Statistic for Kpss {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(rest) = columns.first().and_then(|x| self.residuals(x)) else {
            return;
        };
        let n = rest.len();
        let Some(lags) = self.lags(&rest) else {
            return;
        };
        let mut sum = 0.0;
        let squares = rest.iter().map(|r| {
            sum += r;
            sum * sum
        });
        let eta = squares.sum::<f64>() / (n * n) as f64;
        let statistic = eta / long_run_variance(&rest, lags);
        if !statistic.is_finite() {
            return;
        }
        let critical = self.critical();
        let [ten, five, two, one] = critical;
        let p_value = interpolate(&critical, statistic);
        fill(out, [statistic, p_value, lags as f64, one, two, five, ten]);
    }
}

impl Kpss {
    /// The series less its mean or line; `None` where nothing is left to test.
    fn residuals(&self, x: &[f64]) -> Option<Vec<f64>> {
        if is_constant(x) {
            return None;
        }
        match self.trend {
            Trend::Constant => Some(deviations(x)),
            trend => residuals(&trend.columns(x.len()), x)
                .filter(|rest| !is_rounding(dot(rest, rest), x)),
        }
    }

    fn lags(&self, rest: &[f64]) -> Option<usize> {
        let most = rest.len() - 1;
        match self.lags {
            Lags::Given(lags) => (lags <= most).then_some(lags),
            Lags::Schwert => Some(schwert(rest.len()).min(most)),
            Lags::Hobijn => Some(hobijn(rest).min(most)),
        }
    }

    fn critical(&self) -> [f64; 4] {
        match self.trend {
            Trend::Constant => [0.347, 0.463, 0.574, 0.739],
            _ => [0.119, 0.146, 0.176, 0.216],
        }
    }
}

/// The sum of products at a lag.
fn product(rest: &[f64], lag: usize) -> f64 {
    dot(&rest[lag..], rest)
}

/// The long-run variance with Bartlett weights.
pub(super) fn long_run_variance(rest: &[f64], lags: usize) -> f64 {
    let weight = |lag: usize| 1.0 - lag as f64 / (lags as f64 + 1.0);
    let beside: f64 = (1..=lags).map(|l| 2.0 * weight(l) * product(rest, l)).sum();
    (product(rest, 0) + beside) / rest.len() as f64
}

/// The number of lags that the series itself asks for.
fn hobijn(rest: &[f64]) -> usize {
    let n = rest.len() as f64;
    let n_tried = n.powf(2.0 / 9.0) as usize;
    let (mut level, mut slope) = (product(rest, 0) / n, 0.0);
    for lag in 1..=n_tried.min(rest.len() - 1) {
        let covariance = product(rest, lag) / (n / 2.0);
        level += covariance;
        slope += lag as f64 * covariance;
    }
    let ratio = slope / level;
    (1.1447 * (ratio * ratio).cbrt() * n.cbrt()) as usize
}

/// The p-value between the published points.
fn interpolate(critical: &[f64; 4], statistic: f64) -> f64 {
    let points = critical.iter().zip(SHARES);
    for ((low, p_low), (high, p_high)) in points.clone().zip(points.skip(1)) {
        if statistic < *high {
            let part = ((statistic - low) / (high - low)).max(0.0);
            return p_low + (p_high - p_low) * part;
        }
    }
    SHARES[3]
}

fn make(args: &Args) -> Result<Box<dyn Statistic>, QlError> {
    let lags = match (optional_count(args, "lags")?, args.integer("rule")?) {
        (Some(given), _) => Lags::Given(given),
        (None, 0) => Lags::Hobijn,
        (None, _) => Lags::Schwert,
    };
    Ok(Box::new(Kpss {
        trend: Trend::of(args, &TRENDS)?,
        lags,
    }))
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        series: vec![x("levels")],
        options: vec![
            Trend::param(&TRENDS),
            count_or_rule("lags", "autocovariances in the long-run variance; NULL leaves it to `rule`"),
            choice(
                "rule",
                &["auto", "legacy"],
                "without `lags`: by the data (Hobijn) or ceil(12 * (n / 100) ^ 0.25)",
            ),
        ],
        output: Output::Struct(vec![
            float("statistic", "eta; large values reject"),
            float("p_value", "between 0.01 and 0.1, the ends of the published table"),
            integer("lags", "autocovariances in the long-run variance"),
            float("crit_1", "critical value at 1 %: a statistic above it rejects"),
            float("crit_2_5", "critical value at 2.5 %"),
            float("crit_5", "critical value at 5 %"),
            float("crit_10", "critical value at 10 %"),
        ]),
        order: RowOrder::Significant,
        min_rows: 3,
        example_rows: 20,
        source: "Kwiatkowski, Phillips, Schmidt, Shin 1992; statsmodels kpss",
        ..Sample::of_one(
            "kpss",
            "KPSS test: a small p_value speaks against x being stationary around a level or line; NULL where x is constant",
            make,
        )
    }
    .functions()
}
