"""Expected values of the backtests, by backtesting.py (one symbol) and vectorbt (many).

    pip install backtesting==0.6.6 vectorbt==1.2.0 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/backtest.py

writes to tests/golden/backtest/:

* `cases.json`: program, versions and command; for each case the bars it uses, the arguments by
  which `backtest` repeats it, and the statistics that the program reports.
* `<case>_targets.csv`: the targets; a bar without one has none (NULL).
* `<case>_curve.csv`: equity at each timestamp, and cash where the program reports it.
* `<case>_trades.csv` or `<case>_orders.csv`: round trips (backtesting.py), fills (vectorbt).

The cases `goog_*` are the strategy of backtesting.py's own documentation on the prices of its
package, which do not ship with this project: the files hold no prices, only results. The case
`goog_10_30` is the run whose figures that project publishes and tests (66 trades, a return of
414.2298999999996 %). Its last trade is closed at the open of the last bar (`finalize_trades`);
our targets say so with a 0 on the bar before.

backtesting.py sizes an order as all of the cash after closing the other side (less one part in
2 ** 52, which it prints as .9999), costs included, in whole units: `target` 1, `fractional =>
false`, `reserve_costs => true`.
vectorbt sizes a target percent by the value of the shared account at the order prices before any
order of that bar, and cuts buys down to the cash: our defaults. A target known at a close is
shifted by one bar for `next_open` and `next_close`. Conventions that differ, and that the cases
leave out: vectorbt rejects a sale whose proceeds do not pay its fixed fee (ours fills), lets the
proceeds of short sales pay for purchases beyond a gross exposure of 1 (ours needs max_leverage),
and rounds the size of an order to whole units where we round the position.
"""

import json
import pathlib
import warnings

import backtesting
import numpy as np
import pandas as pd
import vectorbt as vbt
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests" / "golden" / "backtest"
SYMBOLS = ["AAPL", "GOOG", "IBM", "MSFT"]
BPS = 1e-4


class SmaCross(Strategy):
    """Long while the fast average is above the slow one, short while it is below."""

    fast = 10
    slow = 30
    targets = {}

    def init(self):
        self.quick = self.I(SMA, self.data.Close, self.fast)
        self.calm = self.I(SMA, self.data.Close, self.slow)

    def next(self):
        if crossover(self.quick, self.calm):
            self.buy()
            self.targets[self.data.index[-1]] = 1.0
        elif crossover(self.calm, self.quick):
            self.sell()
            self.targets[self.data.index[-1]] = -1.0


def write(name, table):
    """A CSV whose floats read back as the same bits."""
    table.to_csv(TARGET / name, index=False, date_format="%Y-%m-%dT%H:%M:%S")


def goog(case, slow, commission, finalize):
    """One run of backtesting.py; returns its description."""
    targets = {}
    strategy = type("Case", (SmaCross,), {"slow": slow, "targets": targets})
    test = Backtest(
        GOOG, strategy, cash=10_000, commission=commission, exclusive_orders=True, finalize_trades=finalize
    )
    stats = test.run()
    if finalize:
        assert GOOG.index[-2] not in targets and GOOG.index[-1] not in targets
        targets[GOOG.index[-2]] = 0.0
    targets = pd.DataFrame({"ts": list(targets), "target": list(targets.values())})
    write(f"{case}_targets.csv", targets)
    equity = stats["_equity_curve"]
    write(f"{case}_curve.csv", pd.DataFrame({"ts": equity.index, "equity": equity.Equity}))
    trades = stats["_trades"].sort_values("EntryTime")
    columns = {
        "entry_ts": trades.EntryTime,
        "exit_ts": trades.ExitTime,
        "units": trades.Size,
        "pnl": trades.PnL,
        "ret": trades.ReturnPct,
        "costs": trades.Commission,
        "bars": trades.ExitBar - trades.EntryBar,
    }
    write(f"{case}_trades.csv", pd.DataFrame(columns))
    return {
        "program": f"backtesting {backtesting.__version__}",
        "bars": "GOOG.csv",
        "arguments": f"cash => 10000, commission => {commission}, fractional => false, reserve_costs => true",
        "stats": {
            "total_return_percent": stats["Return [%]"],
            "end_equity": stats["Equity Final [$]"],
            "max_drawdown_percent": stats["Max. Drawdown [%]"],
            "n_trades": int(stats["# Trades"]),
            "win_rate_percent": stats["Win Rate [%]"],
            "sqn": stats["SQN"],
        },
    }


def bars(last_year):
    """Open and close of four symbols that share a calendar."""
    table = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    table = table[table.symbol.isin(SYMBOLS) & table.ts.dt.year.between(2005, last_year)]
    tables = [table.pivot(index="ts", columns="symbol", values=c) for c in ["open", "close"]]
    assert not any(t.isna().any().any() for t in tables)
    return tables


def trend(close):
    """Whether the average of 10 closes is above the average of 40; NaN during warm-up."""
    fast, slow = close.rolling(10).mean(), close.rolling(40).mean()
    return (fast > slow).astype(float).where(slow.notna())


def only_changes(targets):
    """The targets that differ from the one before, the first from 0."""
    return targets.where(targets != targets.shift().fillna(0.0))


def equal_weights(up):
    """The account split evenly over the symbols in an upward trend."""
    return up.div(up.sum(axis=1).clip(lower=1), axis=0)


def last_of_week(table):
    """The last bar of every week; nothing on the others."""
    week = table.index.isocalendar()
    is_last = (week.week != week.week.shift(-1)).to_numpy()
    return table.where(np.broadcast_to(is_last[:, None], table.shape))


def shared(case, last_year, targets, fill, price, arguments, **options):
    """One run of vectorbt with one account for all symbols; returns its description."""
    _, close = bars(last_year)
    size = targets if fill == "same_close" else targets.shift()
    portfolio = vbt.Portfolio.from_orders(
        close,
        size=size,
        price=price,
        size_type="targetpercent",
        init_cash=100_000,
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        freq="1D",
        **options,
    )
    long = targets.stack().rename("target").reset_index()
    write(f"{case}_targets.csv", long.dropna()[["ts", "symbol", "target"]])
    curve = pd.DataFrame({"ts": close.index, "equity": portfolio.value(), "cash": portfolio.cash()})
    write(f"{case}_curve.csv", curve)
    orders = portfolio.orders.records_readable
    orders = pd.DataFrame(
        {
            "ts": orders.Timestamp,
            "symbol": [c[-1] if isinstance(c, tuple) else c for c in orders.Column],
            "units": orders.Size * np.where(orders.Side == "Buy", 1, -1),
            "price": orders.Price,
            "costs": orders.Fees,
        }
    ).sort_values(["ts", "symbol"])
    write(f"{case}_orders.csv", orders)
    returns = portfolio.returns().vbt.returns(freq="1D", year_freq="252D")
    trades = portfolio.trades
    stats = {
        "end_equity": portfolio.final_value(),
        "total_return": portfolio.total_return(),
        "volatility": returns.annualized_volatility(),
        "sharpe": returns.sharpe_ratio(),
        "sortino": returns.sortino_ratio(),
        "calmar": returns.calmar_ratio(),
        "cagr": returns.annualized(),
        "max_drawdown": returns.max_drawdown(),
        "var_95": returns.value_at_risk(),
        "cvar_95": returns.cond_value_at_risk(),
        "total_costs": orders.costs.sum(),
        "n_orders": len(orders),
    }
    if case == "us4_change":  # Positions are opened and closed whole: our trades are the same.
        stats["n_trades"] = int(trades.closed.count())
        stats["win_rate"] = trades.closed.win_rate()
        stats["profit_factor"] = trades.closed.profit_factor()
        stats["expectancy"] = trades.closed.expectancy()
        stats["sqn"] = trades.closed.sqn()
    return {
        "program": f"vectorbt {vbt.__version__}",
        "bars": "us5_daily.parquet",
        "last_year": last_year,
        "arguments": f"cash => 100000, fill => '{fill}', {arguments}",
        "stats": {name: float(value) for name, value in stats.items()},
    }


def main():
    warnings.simplefilter("ignore")
    TARGET.mkdir(exist_ok=True)
    open_, close = bars(2010)
    short_open, short_close = bars(2006)
    up = trend(close)
    cases = {
        "goog_10_30": goog("goog_10_30", 30, 0, True),
        "goog_10_20_commission": goog("goog_10_20_commission", 20, 0.002, False),
        "us4_change": shared(
            "us4_change",
            2010,
            only_changes(up * 0.25),
            "next_open",
            open_,
            "commission => 0.001, slippage_bps => 5",
            fees=0.001,
            slippage=5 * BPS,
        ),
        "us4_long_short": shared(
            "us4_long_short",
            2006,
            trend(short_close) * 0.4 - 0.2,
            "next_open",
            short_open,
            "rebalance => 'always', commission => 0.0005",
            fees=0.0005,
        ),
        "us4_all_cash": shared(
            "us4_all_cash",
            2010,
            last_of_week(equal_weights(up)),
            "next_close",
            close,
            "rebalance => 'always', commission => 0.001, slippage_bps => 10",
            fees=0.001,
            slippage=10 * BPS,
        ),
        "us4_same_close": shared(
            "us4_same_close",
            2010,
            only_changes(equal_weights(up)),
            "same_close",
            close,
            "commission => 0.002, commission_fixed => 2",
            fees=0.002,
            fixed_fees=2.0,
        ),
    }
    about = {
        "command": "python tests/golden/backtest.py",
        "versions": {"numpy": np.__version__, "pandas": pd.__version__},
        "cases": cases,
    }
    (TARGET / "cases.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
