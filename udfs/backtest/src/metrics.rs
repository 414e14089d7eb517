//! Statistics of a run.
//!
//! Returns are simple, one per timestamp, the first against the starting cash. Statistics of
//! returns are those of the SQL aggregates (`sharpe`, `calmar`, ...) over the column `ret`. A
//! statistic that is not defined (a ratio over 0, a mean of nothing) is NaN. [`report`] adds every
//! metric of `quantlake_risk::metrics` that has another name.

use crate::engine::Run;
use crate::settings::Settings;
use crate::trades::Trade;
use quantlake_core::metric::Metric;
use quantlake_risk::annual_return::AnnualReturn;
use quantlake_risk::calmar::Calmar;
use quantlake_risk::cvar_historical::DiscreteCvar;
use quantlake_risk::honest::{
    FourMoments, MomentRule, deflated_sharpe, min_track_record_length, probabilistic_sharpe,
};
use quantlake_risk::metrics::{Conventions, Observations, Trades};
use quantlake_risk::sharpe::Sharpe;
use quantlake_risk::sortino::Sortino;
use quantlake_risk::var_historical::HistoricalVar;
use quantlake_risk::volatility::Volatility;
use quantlake_risk::{Compounding, Moments};

const SIMPLE: Compounding = Compounding::Simple;

/// Name and value of every statistic, in the order in which they are reported.
pub fn metrics(settings: &Settings, run: &Run, trades: &[Trade]) -> Vec<(&'static str, f64)> {
    let equity = run.curve.equity();
    let mut report = return_metrics(settings, &equity);
    report.extend(trading_metrics(settings, run, &equity));
    report.extend(trade_metrics(trades));
    report
}

/// Simple returns of the equity, the first one against the starting cash; NaN after an equity
/// that is not above 0.
pub fn returns(start: f64, equity: &[f64]) -> Vec<f64> {
    let before = std::iter::once(&start).chain(equity);
    let pairs = equity.iter().zip(before);
    pairs
        .map(|(now, before)| {
            if *before > 0.0 {
                now / before - 1.0
            } else {
                f64::NAN
            }
        })
        .collect()
}

/// Equity over its highest value so far, starting cash included, minus 1: 0 or negative.
pub fn drawdowns(start: f64, equity: &[f64]) -> Vec<f64> {
    let mut peak = start;
    let below_peak = |value: &f64| {
        peak = peak.max(*value);
        value / peak - 1.0
    };
    equity.iter().map(below_peak).collect()
}

/// What a full report needs to know besides the run.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The timestamps of the account.
    pub times: &'a [i64],
    /// Closes of the benchmark with their times, ascending; empty without one.
    pub benchmark: &'a [(i64, f64)],
    /// Variants tried to find this one, at least 1.
    pub trials: f64,
    /// Variance of their Sharpe ratios per period, where it is known.
    pub trials_variance: Option<f64>,
}

/// Every statistic by name: those of [`metrics`] first, then the other metrics of returns, of
/// trades, beside the benchmark, and of the Sharpe ratio given the trials. A metric of returns
/// whose name is taken by one of trades is called `period_...`.
pub fn report(settings: &Settings, run: &Run, about: &About<'_>) -> Vec<(String, f64)> {
    let conventions = Conventions {
        periods: settings.periods,
        ..Conventions::default()
    };
    let rets = returns(settings.cash, &run.curve.equity());
    let own = metrics(settings, run, &run.trades).into_iter();
    let mut report: Vec<(String, f64)> = own.map(|(name, v)| (name.into(), v)).collect();
    add(
        &mut report,
        "period_",
        of_returns(&rets, about, &conventions),
    );
    add(
        &mut report,
        "trade_",
        of_trades(settings, run, about, &conventions),
    );
    add(&mut report, "", honest(&rets, about));
    report
}

/// The names that stand for one thing in the report and in the table of metrics.
const SAME: [&str; 9] = [
    "total_return",
    "annual_return",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "n_trades",
    "total_costs",
];

/// Adds figures under their names; where a name is taken, with a prefix.
fn add(report: &mut Vec<(String, f64)>, prefix: &str, figures: Vec<(&'static str, f64)>) {
    for (name, value) in figures {
        if SAME.contains(&name) {
            continue;
        }
        let is_taken = report.iter().any(|(other, _)| other == name);
        let name = if is_taken {
            format!("{prefix}{name}")
        } else {
            name.to_string()
        };
        report.push((name, value));
    }
}

fn of_returns(
    rets: &[f64],
    about: &About<'_>,
    conventions: &Conventions,
) -> Vec<(&'static str, f64)> {
    let alone = Observations::new(rets, &[], about.times);
    let mut figures = quantlake_risk::metrics::all(&alone.series(), conventions);
    if !about.benchmark.is_empty() {
        let benchmark = benchmark_returns(about);
        let both = Observations::new(rets, &benchmark, about.times);
        let beside = quantlake_risk::metrics::all(&both.series(), conventions);
        let is_new = |(name, _): &(&'static str, f64)| !figures.iter().any(|(n, _)| n == name);
        let beside: Vec<_> = beside.into_iter().filter(is_new).collect();
        figures.extend(beside);
    }
    figures
}

/// The benchmark's return over each step of the account, by its last closes at or before them; NaN
/// before its second one.
fn benchmark_returns(about: &About<'_>) -> Vec<f64> {
    let (mut next, mut before, mut last) = (0, f64::NAN, f64::NAN);
    let step = |time: &i64| {
        while let Some((_, close)) = about.benchmark.get(next).filter(|(ts, _)| ts <= time) {
            last = *close;
            next += 1;
        }
        let ret = last / before - 1.0;
        before = last;
        ret
    };
    about.times.iter().map(step).collect()
}

fn of_trades(
    settings: &Settings,
    run: &Run,
    about: &About<'_>,
    conventions: &Conventions,
) -> Vec<(&'static str, f64)> {
    let mut closed: Vec<_> = run
        .trades
        .iter()
        .filter_map(|t| Some((t.exit?, t)))
        .collect();
    closed.sort_by_key(|(exit, _)| exit.time);
    let column =
        |value: fn(&Trade) -> f64| closed.iter().map(|(_, t)| value(t)).collect::<Vec<_>>();
    let time = |index: usize| about.times.get(index).copied().unwrap_or(0);
    let (pnl, ret) = (column(|t| t.pnl), column(Trade::ret));
    let (costs, bars) = (column(|t| t.costs), column(|t| t.bars as f64));
    let (mae, mfe) = (
        column(|t| t.mae * t.entry_value),
        column(|t| t.mfe * t.entry_value),
    );
    let entry: Vec<i64> = closed.iter().map(|(_, t)| time(t.entry_time)).collect();
    let exit: Vec<i64> = closed.iter().map(|(exit, _)| time(exit.time)).collect();
    let trades = Trades {
        pnl: &pnl,
        ret: &ret,
        entry: &entry,
        exit: &exit,
        costs: &costs,
        bars: &bars,
        mae: &mae,
        mfe: &mfe,
        capital: settings.cash,
    };
    quantlake_risk::metrics::trades::all(&trades, conventions)
}

/// What the Sharpe ratio is worth, given how long it was seen and how often was tried.
fn honest(rets: &[f64], about: &About<'_>) -> Vec<(&'static str, f64)> {
    let known: Vec<f64> = rets.iter().copied().filter(|r| r.is_finite()).collect();
    let estimate = FourMoments::of(&known).estimate(1, MomentRule::Population);
    vec![
        ("trials", about.trials),
        ("probabilistic_sharpe", probabilistic_sharpe(&estimate, 0.0)),
        (
            "deflated_sharpe",
            deflated_sharpe(&estimate, about.trials, about.trials_variance),
        ),
        (
            "min_track_record_length",
            min_track_record_length(&estimate, 0.0, CONFIDENCE),
        ),
    ]
}

/// The confidence of the minimum track record length.
const CONFIDENCE: f64 = 0.95;

fn return_metrics(settings: &Settings, equity: &[f64]) -> Vec<(&'static str, f64)> {
    let periods = settings.periods;
    let mut rets = returns(settings.cash, equity);
    // As the aggregates do: what is missing is left out.
    rets.retain(|r| r.is_finite());
    let over = |mut metric: Box<dyn Metric>| {
        rets.iter().for_each(|r| metric.push(&[*r]));
        metric.values().first().copied().unwrap_or(f64::NAN)
    };
    let drawdowns = drawdowns(settings.cash, equity);
    let end = equity.last().copied().unwrap_or(f64::NAN);
    vec![
        ("start_equity", settings.cash),
        ("end_equity", end),
        ("total_return", end / settings.cash - 1.0),
        ("cagr", over(Box::new(AnnualReturn::new(periods, SIMPLE)))),
        ("volatility", over(Box::new(Volatility::new(periods, 1)))),
        ("sharpe", over(Box::new(Sharpe::new(periods, 0.0, 1)))),
        ("sortino", over(Box::new(Sortino::new(periods, 0.0)))),
        ("calmar", over(Box::new(Calmar::new(periods, SIMPLE)))),
        (
            "max_drawdown",
            drawdowns.iter().copied().fold(0.0, f64::min),
        ),
        ("max_drawdown_bars", longest_drawdown(&drawdowns)),
        ("var_95", over(Box::new(HistoricalVar::new(0.05)))),
        ("cvar_95", over(Box::new(DiscreteCvar::new(0.05)))),
    ]
}

fn trading_metrics(settings: &Settings, run: &Run, equity: &[f64]) -> Vec<(&'static str, f64)> {
    let invested = run
        .curve
        .n_positions
        .iter()
        .map(|n| f64::from(u8::from(*n > 0)));
    let turnover = over_equity(&run.curve.traded, equity);
    vec![
        ("exposure_time", mean(invested)),
        ("turnover", mean(turnover.into_iter()) * settings.periods),
        ("total_costs", run.curve.costs.iter().sum()),
        ("total_slippage", run.slippage),
        ("n_orders", run.counts.filled as f64),
        ("reduced_orders", run.counts.reduced as f64),
        ("rejected_orders", run.counts.rejected as f64),
        ("expired_orders", run.counts.expired as f64),
        ("delayed_orders", run.counts.delayed as f64),
    ]
}

fn trade_metrics(trades: &[Trade]) -> Vec<(&'static str, f64)> {
    let closed: Vec<&Trade> = trades.iter().filter(|t| t.exit.is_some()).collect();
    let pnl = || closed.iter().map(|t| t.pnl);
    let wins = || pnl().filter(|p| *p > 0.0);
    let losses = || pnl().filter(|p| *p < 0.0);
    let mut moments = Moments::default();
    pnl().for_each(|p| moments.push(p));
    let n_trades = closed.len() as f64;
    vec![
        ("n_trades", n_trades),
        ("n_open_trades", (trades.len() - closed.len()) as f64),
        ("win_rate", ratio(wins().count() as f64, n_trades)),
        ("profit_factor", ratio(wins().sum(), -losses().sum::<f64>())),
        ("expectancy", moments.mean()),
        ("avg_win", mean(wins())),
        ("avg_loss", mean(losses())),
        ("avg_trade_return", mean(closed.iter().map(|t| t.ret()))),
        ("avg_trade_bars", mean(closed.iter().map(|t| t.bars as f64))),
        (
            "sqn",
            n_trades.sqrt() * ratio(moments.mean(), moments.deviation(1)),
        ),
    ]
}

/// Amounts of money as fractions of the equity, NaN where that is not above 0.
pub fn over_equity(money: &[f64], equity: &[f64]) -> Vec<f64> {
    let pairs = money.iter().zip(equity);
    pairs
        .map(|(money, equity)| {
            if *equity > 0.0 {
                money / equity
            } else {
                f64::NAN
            }
        })
        .collect()
}

fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 {
        f64::NAN
    } else {
        numerator / denominator
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0_u64, 0.0), |(n, sum), v| (n + 1, sum + v));
    ratio(sum, n as f64)
}

/// Most timestamps in a row below an earlier high.
fn longest_drawdown(drawdowns: &[f64]) -> f64 {
    let (mut longest, mut length) = (0_u64, 0_u64);
    for drawdown in drawdowns {
        length = if *drawdown < 0.0 { length + 1 } else { 0 };
        longest = longest.max(length);
    }
    longest as f64
}
