//! Annual return over the drawdowns that it cost, from the last returns.
//!
//! Wealth is compounded within the window, from 1 before its first return.

use super::of_returns;
use super::underwater::{Underwater, compounded};
use crate::params::{annualization, value};
use crate::window::{RAW, over_windows, ratio};
use quantlake_core::Function;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rolling_calmar(),
        rolling_sterling(),
        rolling_burke(),
        rolling_martin(),
        rolling_pain_ratio(),
    ]
}

/// Annual return over what `cost` reads from the curve below water.
fn return_over(name: &str, summary: &str, source: &str, cost: fn(&Underwater) -> f64) -> Function {
    let summary = format!(
        "{summary}; both as fractions, the annual return compounded, NULL without a drawdown"
    );
    let spec = of_returns(name, &summary, 2, vec![annualization()], value(), source);
    let params = move |args: &quantlake_core::Args| Ok((args.number("annualization")?, cost));
    over_windows(spec, RAW, params, |[r], (year, cost)| {
        let quotient = |curve: Underwater| ratio(curve.annual_return(*year), cost(&curve));
        [compounded(r).map_or(f64::NAN, quotient)]
    })
}

fn rolling_calmar() -> Function {
    return_over(
        "rolling_calmar",
        "Calmar ratio of the last `period` returns: annual return divided by the deepest drawdown",
        "Young 1991, as `calmar` and calmar_ratio of empyrical",
        |curve| curve.deepest,
    )
}

fn rolling_sterling() -> Function {
    return_over(
        "rolling_sterling",
        "Sterling ratio of the last `period` returns: annual return divided by the mean of the greatest depths of all drawdown episodes",
        "annual return / mean(depths); after Jones, in Bacon, Practical Portfolio Performance Measurement and Attribution, without the 10 % that Kestner adds",
        |curve| ratio(curve.depths, curve.episodes),
    )
}

fn rolling_burke() -> Function {
    return_over(
        "rolling_burke",
        "Burke ratio of the last `period` returns: annual return divided by the root of the sum of the squared depths of all drawdown episodes",
        "annual return / sqrt(sum(depth^2)); Burke, Futures 23, 1994, without risk-free return",
        |curve| curve.squared_depths.sqrt(),
    )
}

fn rolling_martin() -> Function {
    return_over(
        "rolling_martin",
        "Martin ratio (ulcer performance index) of the last `period` returns: annual return divided by the root of the mean square distance to the peak",
        "annual return / sqrt(mean(drawdown^2)); Martin and McCann 1989, without risk-free return, as MartinRatio of the R package PerformanceAnalytics",
        |curve| (curve.squares / curve.points).sqrt(),
    )
}

fn rolling_pain_ratio() -> Function {
    return_over(
        "rolling_pain_ratio",
        "Pain ratio of the last `period` returns: annual return divided by the mean distance to the peak",
        "annual return / mean(drawdown); Becker 2006, without risk-free return, as PainRatio of the R package PerformanceAnalytics",
        |curve| curve.pain / curve.points,
    )
}
