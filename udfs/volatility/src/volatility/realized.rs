//! Measures of the variance that a price went through, and of what jumps gave to it.
//!
//! All are sums over the last `period` logarithmic returns, on the scale of a variance of the
//! whole window, and not per year. Meant for many returns in a day, exact for any.

use super::FAMILY;
use crate::params::{period, price, record, spec, told, value};
use crate::window::{LOG_RETURNS, over_windows};
use quantlake_core::{Function, Output, Stability};
use std::f64::consts::{FRAC_PI_2, PI};

/// The measures of this file.
pub fn functions() -> Vec<Function> {
    vec![
        bipower_variation(),
        jump_variation(),
        median_realized_variance(),
        minimum_realized_variance(),
        realized_semivariance(),
        realized_quarticity(),
    ]
}

/// A measure of the returns in a window.
type Measure<const M: usize> = fn(&[f64]) -> [f64; M];

fn measure<const M: usize>(
    name: &str,
    summary: &str,
    min: i64,
    output: Output,
    source: &str,
    of: Measure<M>,
) -> Function {
    let params = vec![price(), period(min, 20)];
    let spec = spec(name, FAMILY, summary, params, output);
    let spec = told(spec, "period", Stability::Exact, source);
    over_windows(
        spec,
        LOG_RETURNS,
        move |_| Ok(of),
        |[returns], of| of(returns),
    )
}

fn sum_of_squares(returns: &[f64]) -> f64 {
    returns.iter().map(|r| r * r).sum()
}

fn bipower(returns: &[f64]) -> f64 {
    let neighbours = returns.iter().zip(returns.iter().skip(1));
    FRAC_PI_2 * neighbours.map(|(a, b)| (a * b).abs()).sum::<f64>()
}

fn bipower_variation() -> Function {
    measure(
        "bipower_variation",
        "Realized bipower variation: the variance of the last `period` returns without what single jumps gave to it, for the whole window",
        2,
        value(),
        "pi / 2 * sum(|r[i]| * |r[i-1]|) over the period - 1 pairs of the window, not rescaled; Barndorff-Nielsen and Shephard, Journal of Financial Econometrics 2, 2004",
        |returns| [bipower(returns)],
    )
}

fn jump_variation() -> Function {
    measure(
        "jump_variation",
        "Jump variation: what jumps gave to the variance of the last `period` returns, for the whole window; 0 where the bipower variation is larger than the realized variance",
        2,
        value(),
        "max(sum(r^2) - pi / 2 * sum(|r[i]| * |r[i-1]|), 0); Barndorff-Nielsen and Shephard, Journal of Financial Econometrics 2, 2004",
        |returns| [(sum_of_squares(returns) - bipower(returns)).max(0.0)],
    )
}

fn median_of_three(a: f64, b: f64, c: f64) -> f64 {
    a.max(b).min(a.min(b).max(c))
}

fn median_realized_variance() -> Function {
    measure(
        "median_realized_variance",
        "MedRV: variance of the last `period` returns from medians of three neighbours, which jumps and zero returns do not reach, for the whole window",
        3,
        value(),
        "pi / (6 - 4 sqrt(3) + pi) * n / (n - 2) * sum(median(|r[i-1]|, |r[i]|, |r[i+1]|)^2); Andersen, Dobrev and Schaumburg, Journal of Econometrics 169, 2012",
        |returns| {
            let n = returns.len() as f64;
            let squares = returns
                .iter()
                .zip(returns.iter().skip(1))
                .zip(returns.iter().skip(2));
            let sum: f64 = squares
                .map(|((a, b), c)| median_of_three(a.abs(), b.abs(), c.abs()).powi(2))
                .sum();
            [PI / (6.0 - 4.0 * 3f64.sqrt() + PI) * n / (n - 2.0) * sum]
        },
    )
}

fn minimum_realized_variance() -> Function {
    measure(
        "minimum_realized_variance",
        "MinRV: variance of the last `period` returns from the smaller of two neighbours, which jumps do not reach, for the whole window",
        2,
        value(),
        "pi / (pi - 2) * n / (n - 1) * sum(min(|r[i]|, |r[i+1]|)^2); Andersen, Dobrev and Schaumburg, Journal of Econometrics 169, 2012",
        |returns| {
            let n = returns.len() as f64;
            let neighbours = returns.iter().zip(returns.iter().skip(1));
            let sum: f64 = neighbours.map(|(a, b)| a.abs().min(b.abs()).powi(2)).sum();
            [PI / (PI - 2.0) * n / (n - 1.0) * sum]
        },
    )
}

fn realized_semivariance() -> Function {
    measure(
        "realized_semivariance",
        "Realized semivariances: the sums of the squared negative and of the squared positive returns among the last `period`, for the whole window",
        1,
        record(&[
            ("downside", "sum of the squared negative returns"),
            ("upside", "sum of the squared positive returns"),
        ]),
        "sum(r^2 where r < 0), sum(r^2 where r > 0); Barndorff-Nielsen, Kinnebrock and Shephard, 2010",
        |returns| {
            let sum_where = |sign: f64| -> f64 {
                let side = returns.iter().map(|r| (r * sign).max(0.0));
                side.map(|r| r * r).sum()
            };
            [sum_where(-1.0), sum_where(1.0)]
        },
    )
}

fn realized_quarticity() -> Function {
    measure(
        "realized_quarticity",
        "Realized quarticity: fourth powers of the last `period` returns, scaled to the integrated quarticity; the uncertainty of a realized variance",
        1,
        value(),
        "n / 3 * sum(r^4); Barndorff-Nielsen and Shephard, Journal of the Royal Statistical Society B 64, 2002",
        |returns| {
            let sum: f64 = returns.iter().map(|r| r.powi(4)).sum();
            [returns.len() as f64 / 3.0 * sum]
        },
    )
}
