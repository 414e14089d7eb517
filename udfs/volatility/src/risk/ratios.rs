//! Reward over dispersion or shortfall of the last returns.

use super::of_returns;
use crate::params::{annualization, required, risk_free, value};
use crate::window::{RAW, deviation, mean, over_windows, ratio};
use quantlake_core::{Args, Function, QlError};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rolling_sharpe(),
        rolling_sortino(),
        rolling_omega(),
        rolling_upside_potential(),
        rolling_k_ratio(),
    ]
}

/// A rate per period and the periods in a year.
fn rate_and_year(args: &Args, rate: &str) -> Result<(f64, f64), QlError> {
    Ok((args.number(rate)?, args.number("annualization")?))
}

fn rolling_sharpe() -> Function {
    let spec = of_returns(
        "rolling_sharpe",
        "Sharpe ratio of the last `period` returns: mean excess return divided by the sample standard deviation, times the root of the periods in a year; NULL without dispersion",
        2,
        vec![annualization(), risk_free()],
        value(),
        "(mean(ret) - risk_free) / std(ret) * sqrt(annualization), std with n - 1; Sharpe 1994, as `sharpe`",
    );
    over_windows(
        spec,
        RAW,
        |args| rate_and_year(args, "risk_free"),
        |[r], (risk_free, year)| [ratio(mean(r) - risk_free, deviation(r, 1)) * year.sqrt()],
    )
}

/// Root of the mean square of the shortfalls, over all observations.
fn downside_deviation(returns: &[f64], required: f64) -> f64 {
    let squares = returns.iter().map(|r| (r - required).min(0.0).powi(2));
    (squares.sum::<f64>() / returns.len() as f64).sqrt()
}

fn rolling_sortino() -> Function {
    let spec = of_returns(
        "rolling_sortino",
        "Sortino ratio of the last `period` returns: mean excess over the required return divided by the downside deviation over all of them, times the root of the periods in a year; NULL when none falls short",
        2,
        vec![annualization(), required()],
        value(),
        "(mean(ret) - required) / sqrt(mean(min(ret - required, 0)^2)) * sqrt(annualization); Sortino and Price 1994, as `sortino`",
    );
    over_windows(
        spec,
        RAW,
        |args| rate_and_year(args, "required"),
        |[r], (required, year)| {
            let shortfall = downside_deviation(r, *required);
            [ratio(mean(r) - required, shortfall) * year.sqrt()]
        },
    )
}

fn excess(returns: &[f64], required: f64) -> f64 {
    returns.iter().map(|r| (r - required).max(0.0)).sum()
}

fn shortfall(returns: &[f64], required: f64) -> f64 {
    returns.iter().map(|r| (required - r).max(0.0)).sum()
}

fn rolling_omega() -> Function {
    let spec = of_returns(
        "rolling_omega",
        "Omega ratio of the last `period` returns: what they are above the required return in sum, divided by what they are below it; a plain quotient, NULL when none falls short",
        1,
        vec![required()],
        value(),
        "sum(max(ret - required, 0)) / sum(max(required - ret, 0)); Keating and Shadwick, 2002",
    );
    over_windows(
        spec,
        RAW,
        |args| args.number("required"),
        |[r], required| [ratio(excess(r, *required), shortfall(r, *required))],
    )
}

fn rolling_upside_potential() -> Function {
    let spec = of_returns(
        "rolling_upside_potential",
        "Upside potential ratio of the last `period` returns: their mean excess over the required return divided by the downside deviation, both over all of them; per period, NULL when none falls short",
        1,
        vec![required()],
        value(),
        "mean(max(ret - required, 0)) / sqrt(mean(min(ret - required, 0)^2)); Sortino, van der Meer and Plantinga, Journal of Portfolio Management 26, 1999",
    );
    over_windows(
        spec,
        RAW,
        |args| args.number("required"),
        |[r], required| {
            let mean_excess = excess(r, *required) / r.len() as f64;
            [ratio(mean_excess, downside_deviation(r, *required))]
        },
    )
}

/// Slope of the compounded wealth's logarithm over its standard error. Equal returns after the
/// first make a straight line, whose error is 0 but for rounding.
fn k_ratio(returns: &[f64]) -> f64 {
    if deviation(returns.get(1..).unwrap_or_default(), 1) == 0.0 {
        return f64::NAN;
    }
    let mut wealth = 0.0;
    let curve: Vec<f64> = returns
        .iter()
        .map(|r| {
            wealth += r.ln_1p();
            wealth
        })
        .collect();
    let n = curve.len() as f64;
    let (centre, mean) = ((n - 1.0) / 2.0, mean(&curve));
    let places = || {
        curve
            .iter()
            .enumerate()
            .map(|(i, w)| (i as f64 - centre, w - mean))
    };
    let spread: f64 = places().map(|(t, _)| t * t).sum();
    let slope = places().map(|(t, w)| t * w).sum::<f64>() / spread;
    let squares: f64 = places().map(|(t, w)| (w - slope * t).powi(2)).sum();
    ratio(slope, (squares / (n - 2.0) / spread).sqrt())
}

fn rolling_k_ratio() -> Function {
    let spec = of_returns(
        "rolling_k_ratio",
        "K-ratio of the last `period` returns: slope of the regression line through the logarithm of the compounded wealth, divided by the standard error of the slope; a plain number, NULL without dispersion",
        3,
        vec![],
        value(),
        "slope / standard error of cumsum(ln(1 + ret)) on 1..period; Kestner, Technical Analysis of Stocks and Commodities, March 1996, before the scalings of 2003 and 2013",
    );
    over_windows(spec, RAW, |_| Ok(()), |[r], ()| [k_ratio(r)])
}
