//! The table of the metrics of trades.

use super::growth::geometric_mean_return;
use super::numbers::{mean, moments, quotient};
use super::trade_drawdown::{closed_trades, longest_days, within_trades};
use super::trades::{
    TradeMetric, Trades, days, deviation_of_losses, expectancy_on_capital, highest, lowest, median,
    of_trades, on_capital, on_capital_series, profits, returns, sum, won_days,
};
use super::{Conventions, wins};

const fn line(
    name: &'static str,
    compute: fn(&Trades<'_>, &Conventions) -> f64,
    summary: &'static str,
    source: &'static str,
) -> TradeMetric {
    TradeMetric {
        name,
        summary,
        source,
        compute,
    }
}

/// The metrics of trades.
pub const TRADE_METRICS: &[TradeMetric] = &[
    line(
        "n_trades",
        |t, _| t.pnl.len() as f64,
        "Closed trades",
        "TotalNumberOfTrades of LEAN",
    ),
    line(
        "n_winning_trades",
        |t, _| of_trades(t, t.pnl, true).count() as f64,
        "Trades with a profit above 0",
        "NumberOfWinningTrades of LEAN",
    ),
    line(
        "n_losing_trades",
        |t, _| of_trades(t, t.pnl, false).count() as f64,
        "Trades with a profit of 0 or below",
        "NumberOfLosingTrades of LEAN",
    ),
    line(
        "total_pnl",
        |t, _| sum(t.pnl.iter().copied()),
        "Sum of the profits, in money",
        "TotalProfitLoss of LEAN",
    ),
    line(
        "gross_profit",
        |t, _| sum(of_trades(t, t.pnl, true)),
        "Sum of the profits above 0, in money",
        "TotalProfit of LEAN",
    ),
    line(
        "gross_loss",
        |t, _| sum(of_trades(t, t.pnl, false)),
        "Sum of the profits below 0, in money, negative",
        "TotalLoss of LEAN",
    ),
    line(
        "total_costs",
        |t, _| sum(t.costs.iter().copied()),
        "Sum of the commissions, in money",
        "Total Fees of LEAN",
    ),
    line(
        "win_rate",
        |t, c| wins::win_rate(&profits(t), c),
        "Share of trades with a profit above 0, as a fraction",
        "WinRate of LEAN, Win Rate of backtesting.py and vectorbt",
    ),
    line(
        "loss_rate",
        |t, c| wins::loss_rate(&profits(t), c),
        "Share of trades with a loss, as a fraction",
        "LossRate of LEAN, where 0 is a loss",
    ),
    line(
        "expectancy",
        |t, _| mean(t.pnl.iter().copied()),
        "Mean profit of a trade, in money",
        "AverageProfitLoss of LEAN, Expectancy of vectorbt",
    ),
    line(
        "expectancy_ratio",
        |t, c| wins::expectancy_ratio(&profits(t), c),
        "Win rate times payoff ratio less loss rate",
        "Tharp 2006",
    ),
    line(
        "expectancy_on_capital",
        expectancy_on_capital,
        "Expectancy ratio of the profits as fractions of the capital before them",
        "Expectancy of LEAN",
    ),
    line(
        "avg_win",
        |t, _| mean(of_trades(t, t.pnl, true)),
        "Mean profit of the winning trades, in money",
        "AverageProfit of LEAN",
    ),
    line(
        "avg_loss",
        |t, c| wins::average_loss(&profits(t), c),
        "Mean loss of the losing trades, in money, negative",
        "AverageLoss of LEAN, where 0 is a loss",
    ),
    line(
        "avg_win_on_capital",
        |t, c| wins::average_win(&on_capital_series(&on_capital(t)), c),
        "Mean profit of the winning trades as a fraction of the capital before them",
        "Average Win of LEAN",
    ),
    line(
        "avg_loss_on_capital",
        |t, c| wins::average_loss(&on_capital_series(&on_capital(t)), c),
        "Mean loss of the losing trades as a fraction of the capital before them, negative",
        "Average Loss of LEAN",
    ),
    line(
        "payoff_on_capital",
        |t, c| wins::payoff_ratio(&on_capital_series(&on_capital(t)), c),
        "Mean win divided by mean loss, as fractions of the capital before them",
        "Profit-Loss Ratio of LEAN",
    ),
    line(
        "largest_win",
        |t, _| highest(of_trades(t, t.pnl, true)),
        "Highest profit of a trade, in money",
        "LargestProfit of LEAN",
    ),
    line(
        "largest_loss",
        |t, _| lowest(of_trades(t, t.pnl, false)),
        "Lowest profit of a trade, in money",
        "LargestLoss of LEAN",
    ),
    line(
        "payoff_ratio",
        |t, c| wins::payoff_ratio(&profits(t), c),
        "Mean win divided by mean loss",
        "ProfitLossRatio of LEAN",
    ),
    line(
        "win_loss_ratio",
        |t, _| {
            quotient(
                of_trades(t, t.pnl, true).count() as f64,
                of_trades(t, t.pnl, false).count() as f64,
            )
        },
        "Winning trades per losing trade",
        "WinLossRatio of LEAN, which gives 10 without a loss",
    ),
    line(
        "profit_factor",
        |t, c| wins::profit_factor(&profits(t), c),
        "Sum of the profits divided by the sum of the losses",
        "ProfitFactor of LEAN, which gives 10 without a loss",
    ),
    line(
        "pnl_deviation",
        |t, _| moments(t.pnl.iter().copied()).deviation(1),
        "Standard deviation of the profits, in money",
        "ProfitLossStandardDeviation of LEAN",
    ),
    line(
        "pnl_downside_deviation",
        |t, _| deviation_of_losses(t),
        "Standard deviation of the losses, in money",
        "ProfitLossDownsideDeviation of LEAN",
    ),
    line(
        "trade_sharpe",
        |t, _| {
            let pnl = moments(t.pnl.iter().copied());
            quotient(pnl.mean(), pnl.deviation(1))
        },
        "Mean profit divided by the deviation of the profits, not annualised",
        "SharpeRatio of LEAN's trades",
    ),
    line(
        "trade_sortino",
        |t, _| quotient(mean(t.pnl.iter().copied()), deviation_of_losses(t)),
        "Mean profit divided by the deviation of the losses, not annualised",
        "SortinoRatio of LEAN's trades",
    ),
    line(
        "sqn",
        |t, c| wins::system_quality_number(&profits(t), c),
        "Root of the number of trades times mean profit divided by its deviation",
        "Tharp 2008; SQN of backtesting.py",
    ),
    line(
        "kelly_criterion",
        |t, c| wins::kelly(&returns(t), c),
        "Share of capital that maximises growth at this win rate and payoff, by the returns of the trades",
        "Kelly 1956; Kelly Criterion of backtesting.py",
    ),
    line(
        "cpc_index",
        |t, c| wins::cpc_index(&profits(t), c),
        "Profit factor times win rate times payoff ratio",
        "cpc_index of quantstats, over trades",
    ),
    line(
        "consecutive_wins",
        |t, c| wins::consecutive_wins(&profits(t), c),
        "Most winning trades in a row",
        "MaxConsecutiveWinningTrades of LEAN",
    ),
    line(
        "consecutive_losses",
        |t, c| wins::consecutive_losses(&profits(t), c),
        "Most losing trades in a row",
        "MaxConsecutiveLosingTrades of LEAN",
    ),
    line(
        "avg_trade_return",
        |t, _| mean(t.ret.iter().copied()),
        "Mean return of a trade, as a fraction",
        "Avg. Trade of vectorbt",
    ),
    line(
        "geometric_trade_return",
        |t, c| geometric_mean_return(&returns(t), c),
        "Return of a trade that compounds to that of all, as a fraction",
        "Avg. Trade of backtesting.py",
    ),
    line(
        "best_trade",
        |t, c| wins::best_return(&returns(t), c),
        "Highest return of a trade, as a fraction",
        "Best Trade of backtesting.py and vectorbt",
    ),
    line(
        "worst_trade",
        |t, c| wins::worst_return(&returns(t), c),
        "Lowest return of a trade, as a fraction",
        "Worst Trade of backtesting.py and vectorbt",
    ),
    line(
        "avg_win_return",
        |t, c| wins::average_win(&returns(t), c),
        "Mean return of the winning trades, as a fraction",
        "Avg Winning Trade of vectorbt",
    ),
    line(
        "avg_loss_return",
        |t, c| wins::average_loss(&returns(t), c),
        "Mean return of the losing trades, as a fraction, negative",
        "Avg Losing Trade of vectorbt",
    ),
    line(
        "outlier_win_ratio",
        |t, c| wins::outlier_win_ratio(&returns(t), c),
        "High quantile of the returns of trades divided by the mean of those not below 0",
        "outlier_win_ratio of quantstats, over trades",
    ),
    line(
        "outlier_loss_ratio",
        |t, c| wins::outlier_loss_ratio(&returns(t), c),
        "Low quantile of the returns of trades divided by the mean loss",
        "outlier_loss_ratio of quantstats, over trades",
    ),
    line(
        "avg_trade_bars",
        |t, _| mean(t.bars.iter().copied()),
        "Mean number of bars of a trade",
        "bars from entry to exit",
    ),
    line(
        "avg_win_bars",
        |t, _| mean(of_trades(t, t.bars, true)),
        "Mean number of bars of the winning trades",
        "bars from entry to exit",
    ),
    line(
        "avg_loss_bars",
        |t, _| mean(of_trades(t, t.bars, false)),
        "Mean number of bars of the losing trades",
        "bars from entry to exit",
    ),
    line(
        "avg_trade_days",
        |t, _| mean(days(t)),
        "Mean days of a trade",
        "AverageTradeDuration of LEAN",
    ),
    line(
        "avg_win_days",
        |t, _| mean(won_days(t, true)),
        "Mean days of the winning trades",
        "AverageWinningTradeDuration of LEAN",
    ),
    line(
        "avg_loss_days",
        |t, _| mean(won_days(t, false)),
        "Mean days of the losing trades",
        "AverageLosingTradeDuration of LEAN",
    ),
    line(
        "median_trade_days",
        |t, _| median(&days(t)),
        "Median days of a trade",
        "MedianTradeDuration of LEAN",
    ),
    line(
        "max_trade_days",
        |t, _| highest(days(t).into_iter()),
        "Most days of a trade",
        "Max. Trade Duration of backtesting.py",
    ),
    line(
        "avg_mae",
        |t, _| mean(t.mae.iter().copied()),
        "Mean of the worst profits during the trades, in money",
        "AverageMAE of LEAN",
    ),
    line(
        "avg_mfe",
        |t, _| mean(t.mfe.iter().copied()),
        "Mean of the best profits during the trades, in money",
        "AverageMFE of LEAN",
    ),
    line(
        "largest_mae",
        |t, _| lowest(t.mae.iter().copied()),
        "Worst profit during a trade, in money",
        "LargestMAE of LEAN",
    ),
    line(
        "largest_mfe",
        |t, _| highest(t.mfe.iter().copied()),
        "Best profit during a trade, in money",
        "LargestMFE of LEAN",
    ),
    line(
        "avg_giveback",
        |t, _| mean(t.pnl.iter().copied()) - mean(t.mfe.iter().copied()),
        "Mean profit less the mean best profit during the trades, in money",
        "AverageEndTradeDrawdown of LEAN",
    ),
    line(
        "max_closed_trade_drawdown",
        |t, _| closed_trades(t.pnl),
        "Deepest fall of the summed profits below their peak, in money, 0 or negative",
        "MaximumClosedTradeDrawdown of LEAN",
    ),
    line(
        "max_intra_trade_drawdown",
        |t, _| within_trades(t),
        "Deepest fall below the peak of the summed profits with the best and worst profits during trades, in money",
        "MaximumIntraTradeDrawdown of LEAN",
    ),
    line(
        "profit_to_max_drawdown",
        |t, _| quotient(sum(t.pnl.iter().copied()), -closed_trades(t.pnl)),
        "Sum of the profits divided by the closed-trade drawdown",
        "ProfitToMaxDrawdownRatio of LEAN, which gives 10 without one",
    ),
    line(
        "max_trade_drawdown_days",
        |t, _| longest_days(t),
        "Most days between peaks of the summed profits with a losing trade between them",
        "MaximumDrawdownDuration of LEAN",
    ),
];
