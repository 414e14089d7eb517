//! How often and how much is won: of returns, or of the profits of trades.

use super::arguments::Convention;
use super::conventions::{Conventions, Flat};
use super::dispersion::gains_and_losses;
use super::numbers::{mean, moments, quantile, quotient, sorted};
use super::series::Series;
use super::table::ReturnMetric;
use super::tails::tail_ratio;

fn gains(s: &Series<'_>) -> impl Iterator<Item = f64> {
    s.returns.iter().copied().filter(|r| *r > 0.0)
}

/// Losses, with returns of 0 among them where the convention says so.
fn losses(s: &Series<'_>, c: &Conventions) -> impl Iterator<Item = f64> {
    let with_flat = c.flat == Flat::Lost;
    let is_loss = move |r: &f64| *r < 0.0 || (with_flat && *r == 0.0);
    s.returns.iter().copied().filter(is_loss)
}

/// The share of gains among the observations. NaN without observations.
pub fn win_rate(s: &Series<'_>, c: &Conventions) -> f64 {
    let n_counted = match c.flat {
        Flat::Excluded => s.returns.iter().filter(|r| **r != 0.0).count(),
        Flat::Counted | Flat::Lost => s.returns.len(),
    };
    quotient(gains(s).count() as f64, n_counted as f64)
}

/// The share of losses among the observations. NaN without observations.
pub fn loss_rate(s: &Series<'_>, c: &Conventions) -> f64 {
    let n_counted = match c.flat {
        Flat::Excluded => s.returns.iter().filter(|r| **r != 0.0).count(),
        Flat::Counted | Flat::Lost => s.returns.len(),
    };
    quotient(losses(s, c).count() as f64, n_counted as f64)
}

/// The mean of the observations, returns of 0 left out where the convention says so. NaN without
/// observations.
pub fn average_return(s: &Series<'_>, c: &Conventions) -> f64 {
    let excluded = c.flat == Flat::Excluded;
    mean(
        s.returns
            .iter()
            .copied()
            .filter(|r| !(excluded && *r == 0.0)),
    )
}

/// The mean gain. NaN without a gain.
pub fn average_win(s: &Series<'_>, _: &Conventions) -> f64 {
    mean(gains(s))
}

/// The mean loss, negative. NaN without a loss.
pub fn average_loss(s: &Series<'_>, c: &Conventions) -> f64 {
    mean(losses(s, c))
}

/// The highest return. NaN without returns.
pub fn best_return(s: &Series<'_>, _: &Conventions) -> f64 {
    s.returns.iter().copied().fold(f64::NAN, f64::max)
}

/// The lowest return. NaN without returns.
pub fn worst_return(s: &Series<'_>, _: &Conventions) -> f64 {
    s.returns.iter().copied().fold(f64::NAN, f64::min)
}

/// The mean gain per mean loss. NaN without a gain or without a loss.
pub fn payoff_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    quotient(average_win(s, c), -average_loss(s, c))
}

/// The sum of the gains per sum of the losses. NaN without a loss.
pub fn profit_factor(s: &Series<'_>, _: &Conventions) -> f64 {
    let (gains, losses) = gains_and_losses(s.returns.iter().copied());
    quotient(gains, losses)
}

/// Mean gain over number of gains, per mean loss over number of losses; a return of 0 is a gain.
/// NaN without a gain or a loss.
pub fn profit_ratio(s: &Series<'_>, _: &Conventions) -> f64 {
    let won = moments(s.returns.iter().copied().filter(|r| *r >= 0.0));
    let lost = moments(s.returns.iter().copied().filter(|r| *r < 0.0));
    let weight = |m: &crate::Moments| quotient(m.mean().abs(), m.count() as f64);
    quotient(weight(&won), weight(&lost))
}

/// `profit_factor * win_rate * payoff_ratio`. NaN without a gain or a loss.
pub fn cpc_index(s: &Series<'_>, c: &Conventions) -> f64 {
    profit_factor(s, c) * win_rate(s, c) * payoff_ratio(s, c)
}

/// `profit_factor * tail_ratio`. NaN without a loss.
pub fn common_sense_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    profit_factor(s, c) * tail_ratio(s, c)
}

/// The fraction of capital that maximises growth, `(payoff * win - loss) / payoff`, with loss =
/// 1 - win. NaN without a gain or a loss.
pub fn kelly(s: &Series<'_>, c: &Conventions) -> f64 {
    let (win, payoff) = (win_rate(s, c), payoff_ratio(s, c));
    quotient(payoff * win - (1.0 - win), payoff)
}

/// What an observation wins in units of the mean loss, `win_rate * payoff_ratio - loss_rate`. NaN
/// without a gain or a loss.
pub fn expectancy_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    win_rate(s, c) * payoff_ratio(s, c) - loss_rate(s, c)
}

/// System quality number: `sqrt(n) * mean / std`. NaN below two values and without dispersion.
pub fn system_quality_number(s: &Series<'_>, c: &Conventions) -> f64 {
    let values = moments(s.returns.iter().copied());
    (s.returns.len() as f64).sqrt() * quotient(values.mean(), values.deviation(c.ddof))
}

/// The probability of ruin of even bets, `((1 - win) / (1 + win))^n`. NaN without returns.
pub fn risk_of_ruin(s: &Series<'_>, c: &Conventions) -> f64 {
    let win = win_rate(s, c);
    if win.is_nan() {
        return f64::NAN;
    }
    ((1.0 - win) / (1.0 + win)).powf(s.returns.len() as f64)
}

/// The high quantile of the returns per mean of those not below 0. NaN without such a return.
pub fn outlier_win_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    let gains = mean(s.returns.iter().copied().filter(|r| *r >= 0.0));
    quotient(quantile(&sorted(s.returns), c.win_quantile), gains)
}

/// The low quantile of the returns per mean loss. NaN without a loss.
pub fn outlier_loss_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    let losses = mean(s.returns.iter().copied().filter(|r| *r < 0.0));
    quotient(quantile(&sorted(s.returns), c.loss_quantile), losses)
}

/// The longest run of gains. NaN without returns.
pub fn consecutive_wins(s: &Series<'_>, _: &Conventions) -> f64 {
    longest_run(s.returns, |r| r > 0.0)
}

/// The longest run of losses. NaN without returns.
pub fn consecutive_losses(s: &Series<'_>, c: &Conventions) -> f64 {
    let with_flat = c.flat == Flat::Lost;
    longest_run(s.returns, |r| r < 0.0 || (with_flat && r == 0.0))
}

fn longest_run(values: &[f64], counts: impl Fn(f64) -> bool) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let (mut longest, mut length) = (0_u32, 0_u32);
    for value in values {
        length = if counts(*value) { length + 1 } else { 0 };
        longest = longest.max(length);
    }
    f64::from(longest)
}

/// The lines of the table about gains and losses.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "win_rate",
        win_rate,
        "Share of values above 0, as a fraction",
        "win_rate of quantstats, which leaves out returns of 0; Win Rate of LEAN",
    )
    .taking(&[Convention::Flat])
    .example("0.5"),
    ReturnMetric::new(
        "loss_rate",
        loss_rate,
        "Share of values below 0, as a fraction",
        "Loss Rate of LEAN, where 0 is a loss",
    )
    .taking(&[Convention::Flat])
    .example("0.333333"),
    ReturnMetric::new(
        "avg_return",
        average_return,
        "Mean value, optionally without those of exactly 0, in the unit of the input",
        "avg_return of quantstats, which leaves out returns of 0",
    )
    .taking(&[Convention::Flat])
    .example("0.005"),
    ReturnMetric::new(
        "avg_win",
        average_win,
        "Mean of the values above 0, in the unit of the input; NULL without one",
        "avg_win of quantstats",
    )
    .example("0.02"),
    ReturnMetric::new(
        "avg_loss",
        average_loss,
        "Mean of the values below 0, in the unit of the input, negative; NULL without one",
        "avg_loss of quantstats",
    )
    .taking(&[Convention::Flat])
    .example("-0.015"),
    ReturnMetric::new(
        "best_return",
        best_return,
        "Highest value, in the unit of the input",
        "best of quantstats",
    )
    .example("0.03"),
    ReturnMetric::new(
        "worst_return",
        worst_return,
        "Lowest value, in the unit of the input",
        "worst of quantstats",
    )
    .example("-0.02"),
    ReturnMetric::new(
        "payoff_ratio",
        payoff_ratio,
        "Mean gain divided by mean loss; NULL without a gain or a loss",
        "payoff_ratio and win_loss_ratio of quantstats, Profit-Loss Ratio of LEAN",
    )
    .taking(&[Convention::Flat])
    .example("1.333333"),
    ReturnMetric::new(
        "profit_factor",
        profit_factor,
        "Sum of the gains divided by the sum of the losses; NULL without a loss",
        "profit_factor of quantstats, which gives infinity without a loss",
    )
    .example("2.0"),
    ReturnMetric::new(
        "profit_ratio",
        profit_ratio,
        "Mean gain per number of gains divided by mean loss per number of losses, 0 counted as a gain; NULL without a gain or a loss",
        "profit_ratio of quantstats",
    )
    .example("0.5"),
    ReturnMetric::new(
        "cpc_index",
        cpc_index,
        "CPC index: profit factor times win rate times payoff ratio; NULL without a gain or a loss",
        "cpc_index of quantstats",
    )
    .taking(&[Convention::Flat])
    .example("1.333333"),
    ReturnMetric::new(
        "common_sense_ratio",
        common_sense_ratio,
        "Common sense ratio: profit factor times tail ratio; NULL without a loss",
        "common_sense_ratio of quantstats",
    )
    .taking(&[Convention::Level])
    .example("3.142857"),
    ReturnMetric::new(
        "kelly_criterion",
        kelly,
        "Kelly criterion: share of capital that maximises growth at this win rate and payoff, as a fraction; NULL without a gain or a loss",
        "Kelly 1956; kelly_criterion of quantstats",
    )
    .taking(&[Convention::Flat])
    .example("0.125"),
    ReturnMetric::new(
        "expectancy_ratio",
        expectancy_ratio,
        "Expectancy in units of the mean loss: win rate times payoff ratio less loss rate; NULL without a gain or a loss",
        "Expectancy of LEAN",
    )
    .taking(&[Convention::Flat])
    .example("0.333333"),
    ReturnMetric::new(
        "sqn",
        system_quality_number,
        "System quality number: root of n times mean divided by standard deviation; NULL below two values and without dispersion",
        "Tharp 2008; SQN of backtesting.py",
    )
    .taking(&[Convention::Ddof])
    .example("0.654654"),
    ReturnMetric::new(
        "risk_of_ruin",
        risk_of_ruin,
        "Probability of losing everything with even bets at this win rate, as a fraction",
        "((1 - win) / (1 + win))^n; risk_of_ruin of quantstats",
    )
    .taking(&[Convention::Flat])
    .example("0.001372"),
    ReturnMetric::new(
        "outlier_win_ratio",
        outlier_win_ratio,
        "High quantile of the values divided by the mean of those not below 0; NULL without one",
        "outlier_win_ratio of quantstats",
    )
    .taking(&[Convention::WinQuantile])
    .example("1.966667"),
    ReturnMetric::new(
        "outlier_loss_ratio",
        outlier_loss_ratio,
        "Low quantile of the values divided by the mean loss; NULL without a loss",
        "outlier_loss_ratio of quantstats",
    )
    .taking(&[Convention::LossQuantile])
    .example("1.3"),
    ReturnMetric::new(
        "consecutive_wins",
        consecutive_wins,
        "Most values above 0 in a row",
        "consecutive_wins of quantstats",
    )
    .ordered()
    .whole()
    .example("1"),
    ReturnMetric::new(
        "consecutive_losses",
        consecutive_losses,
        "Most values below 0 in a row",
        "consecutive_losses of quantstats",
    )
    .taking(&[Convention::Flat])
    .ordered()
    .whole()
    .example("1"),
];
