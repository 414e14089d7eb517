//! Statistics of a run.
//!
//! Returns are simple, one per timestamp, the first against the starting cash. Statistics of
//! returns are those of the SQL aggregates (`sharpe`, `calmar`, ...) over the column `ret`. A
//! statistic that is not defined (a ratio over 0, a mean of nothing) is NaN.

use crate::engine::Run;
use crate::settings::Settings;
use crate::trades::Trade;
use quantlake_core::metric::Metric;
use quantlake_risk::annual_return::AnnualReturn;
use quantlake_risk::calmar::Calmar;
use quantlake_risk::cvar_historical::DiscreteCvar;
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
        ("n_orders", run.fills.len() as f64),
        ("reduced_orders", run.counts.reduced as f64),
        ("rejected_orders", run.counts.rejected as f64),
        ("expired_orders", run.counts.expired as f64),
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
