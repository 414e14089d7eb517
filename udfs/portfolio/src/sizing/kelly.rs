//! `kelly_bet` and `kelly_leverage`: the size at which wealth grows fastest, from what is known of
//! the odds.
//!
//! A bet that wins `payoff` times the stake with probability p: `f = p - (1 - p) / payoff`, the
//! share of the equity to stake. A position with a normal excess return: `f = (mean - risk_free) /
//! variance`, the leverage. Below 0 the bet is on the wrong side.
//!
//! Source: Kelly, "A New Interpretation of Information Rate", Bell System Technical Journal 35
//! (1956), pp. 917-926; Thorp, "The Kelly Criterion in Blackjack, Sports Betting and the Stock
//! Market" (2006).

use super::{Sizer, fraction, row_wise, scalar_spec};
use crate::options::number;
use quantlake_core::{Args, Function, ParamSpec, QlError};

/// Share of the equity to stake; NaN where `win_rate` is no probability or `payoff` not above 0.
pub fn kelly_bet(win_rate: f64, payoff: f64) -> f64 {
    if (0.0..=1.0).contains(&win_rate) && payoff > 0.0 {
        win_rate - (1.0 - win_rate) / payoff
    } else {
        f64::NAN
    }
}

/// Leverage; NaN where the variance is not above 0.
pub fn kelly_leverage(mean: f64, variance: f64, risk_free: f64) -> f64 {
    if variance > 0.0 {
        (mean - risk_free) / variance
    } else {
        f64::NAN
    }
}

fn make_bet(args: &Args) -> Result<Sizer, QlError> {
    let fraction = args.number("fraction")?;
    Ok(Box::new(move |row| match row {
        [win_rate, payoff] => fraction * kelly_bet(*win_rate, *payoff),
        _ => f64::NAN,
    }))
}

fn make_leverage(args: &Args) -> Result<Sizer, QlError> {
    let (fraction, risk_free) = (args.number("fraction")?, args.number("risk_free")?);
    Ok(Box::new(move |row| match row {
        [mean, variance] => fraction * kelly_leverage(*mean, *variance, risk_free),
        _ => f64::NAN,
    }))
}

pub(super) fn bet() -> Function {
    let spec = scalar_spec(
        "kelly_bet",
        "Share of the equity to stake on a bet with this win rate and payoff, times fraction; below 0 the odds are against it",
    )
    .with_params(vec![
        ParamSpec::series("win_rate", "probability of a win, 0 to 1"),
        ParamSpec::series("payoff", "mean win over mean loss, above 0"),
        fraction(),
    ])
    .with_source("fraction * (p - (1 - p) / payoff); Kelly 1956")
    .with_example(
        "SELECT p, round(kelly_bet(p, 1.5, 0.5), 4) AS stake FROM (VALUES (0.4), (0.6)) AS t(p) ORDER BY p",
        "0.4,0.0\n0.6,0.1667",
    );
    row_wise(spec, make_bet)
}

pub(super) fn leverage() -> Function {
    let spec = scalar_spec(
        "kelly_leverage",
        "Leverage at which a position with this mean and variance grows fastest, times fraction; below 0 the position is on the wrong side",
    )
    .with_params(vec![
        ParamSpec::series("mean", "expected return of a period"),
        ParamSpec::series("variance", "variance of the return of a period"),
        number("risk_free", -1.0, 1.0, 0.0, "risk-free return of a period"),
        fraction(),
    ])
    .with_source("fraction * (mean - risk_free) / variance; Thorp 2006")
    .with_example(
        "SELECT v, kelly_leverage(0.08, v * v, 0.03, 0.5) AS leverage FROM (VALUES (0.25), (0.5)) AS t(v) ORDER BY v",
        "0.25,0.4\n0.5,0.1",
    );
    row_wise(spec, make_leverage)
}
