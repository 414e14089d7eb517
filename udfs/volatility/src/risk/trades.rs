//! Wins against losses among the last returns of trades or periods.

use super::of_returns;
use crate::params::value;
use crate::window::{RAW, over_windows, ratio};
use quantlake_core::Function;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rolling_profit_factor(),
        rolling_gain_loss_ratio(),
        rolling_gain_to_pain(),
        rolling_win_rate(),
        rolling_expectancy(),
        rolling_kelly(),
    ]
}

/// Wins and losses of a window; a return of 0 is neither.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    n_wins: f64,
    n_losses: f64,
    /// Sum of the wins.
    won: f64,
    /// Sum of the losses, positive.
    lost: f64,
}

impl Tally {
    /// Counts and sums the returns of a window.
    pub(super) fn of(returns: &[f64]) -> Self {
        let mut tally = Self::default();
        for r in returns {
            if *r > 0.0 {
                tally.n_wins += 1.0;
                tally.won += r;
            } else if *r < 0.0 {
                tally.n_losses += 1.0;
                tally.lost -= r;
            }
        }
        tally
    }

    /// Sum of the wins over the sum of the losses.
    pub(super) fn profit_factor(&self) -> f64 {
        ratio(self.won, self.lost)
    }

    fn win_rate(&self) -> f64 {
        ratio(self.n_wins, self.n_wins + self.n_losses)
    }

    /// NaN unless there is a win and a loss.
    fn payoff(&self) -> f64 {
        ratio(self.won, self.n_wins) / ratio(self.lost, self.n_losses)
    }
}

fn of_tally(name: &str, summary: &str, source: &str, of: fn(Tally, n: f64) -> f64) -> Function {
    let spec = of_returns(name, summary, 1, vec![], value(), source);
    over_windows(
        spec,
        RAW,
        move |_| Ok(of),
        |[r], of| [of(Tally::of(r), r.len() as f64)],
    )
}

fn rolling_profit_factor() -> Function {
    of_tally(
        "rolling_profit_factor",
        "Profit factor of the last `period` returns: sum of the gains divided by the sum of the losses; a plain quotient, NULL without a loss",
        "sum(ret where ret > 0) / sum(-ret where ret < 0)",
        |tally, _| tally.profit_factor(),
    )
}

fn rolling_gain_loss_ratio() -> Function {
    of_tally(
        "rolling_gain_loss_ratio",
        "Gain-loss ratio (payoff ratio) of the last `period` returns: mean gain divided by mean loss; a plain quotient, NULL without a gain or without a loss",
        "mean(ret where ret > 0) / mean(-ret where ret < 0)",
        |tally, _| tally.payoff(),
    )
}

fn rolling_gain_to_pain() -> Function {
    of_tally(
        "rolling_gain_to_pain",
        "Gain to pain ratio of the last `period` returns: their sum divided by the sum of the losses; a plain quotient, NULL without a loss",
        "sum(ret) / sum(-ret where ret < 0); Schwager, Hedge Fund Market Wizards, 2012, for monthly returns",
        |tally, _| ratio(tally.won - tally.lost, tally.lost),
    )
}

fn rolling_win_rate() -> Function {
    of_tally(
        "rolling_win_rate",
        "Win rate of the last `period` returns: share of gains among those that are not 0, from 0 to 1; NULL where all are 0",
        "count(ret > 0) / count(ret <> 0), as win_rate of quantstats; wickra-core divides by all returns",
        |tally, _| tally.win_rate(),
    )
}

fn rolling_expectancy() -> Function {
    of_tally(
        "rolling_expectancy",
        "Expectancy of the last `period` returns in units of risk: mean return divided by mean loss; a plain quotient, NULL without a loss",
        "mean(ret) / mean(-ret where ret < 0); Tharp, Trade Your Way to Financial Freedom, 1998, with the mean loss as R",
        |tally, n| {
            ratio(
                (tally.won - tally.lost) / n,
                ratio(tally.lost, tally.n_losses),
            )
        },
    )
}

fn rolling_kelly() -> Function {
    of_tally(
        "rolling_kelly",
        "Kelly fraction of the last `period` returns: win rate less loss rate over the payoff ratio, as a fraction of capital; negative where there is no edge, NULL without a gain or without a loss",
        "w - (1 - w) / (mean gain / mean loss), w = count(ret > 0) / count(ret <> 0); Kelly, Bell System Technical Journal 35, 1956, as kelly_criterion of quantstats",
        |tally, _| {
            let wins = tally.win_rate();
            wins - (1.0 - wins) / tally.payoff()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_loss_is_unknown_without_one() {
        let tally = Tally::of(&[0.1, 0.0, 0.2]);
        assert!(tally.profit_factor().is_nan() && tally.payoff().is_nan());
        assert_eq!(tally.win_rate(), 1.0);
        assert!(Tally::of(&[0.0]).win_rate().is_nan());
    }

    #[test]
    fn losses_without_gains_have_no_payoff_and_a_profit_factor_of_zero() {
        let tally = Tally::of(&[-0.1]);
        assert!(tally.payoff().is_nan());
        assert_eq!(tally.profit_factor(), 0.0);
    }
}
