"""Expected values of backtests by vectorbt, backtesting.py and bt, under the arguments that make ours theirs.

    pip install backtesting==0.6.6 vectorbt==1.2.0 bt==1.4.1 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/backtest_peers.py

writes to tests/golden/backtest/peers/: `cases.json` (program, version, arguments of ours, final values) and for each
case `<case>_signals.csv` (what the bars of data/us5_daily.parquet get besides prices), `<case>_query.csv` (the orders
query), where there is one, `<case>_fills.csv` and `<case>_curve.csv` (what the program did; equity at every fifth timestamp). Every case is also run by the reference
(backtest_reference.py), so that the page, the reference and the program agree before the engine is asked.

Each program is used as a user uses it. What is translated, and why, stands at the function that does it;
docs/backtest_conventions.md is the table of what comes out of this.
"""

import json
import math
import pathlib
import warnings

import backtesting
import bt
import numpy as np
import pandas as pd
import vectorbt as vbt
from backtesting import Backtest, Strategy
from backtesting.lib import crossover, resample_apply
from backtesting.test import SMA

import backtest_reference

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests" / "golden" / "backtest" / "peers"
SYMBOLS = ["AAPL", "IBM", "MSFT"]
TOLERANCE = 1e-9
CASES = {}


def prices(symbol, first, last):
    table = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    table = table[(table.symbol == symbol) & table.ts.between(first, last)]
    return table.drop(columns="symbol").set_index("ts").sort_index()


def panel(first, last):
    """Bars of three symbols in the order of time, and their closes side by side."""
    tables = {s: prices(s, first, last) for s in SYMBOLS}
    long = pd.concat([t.assign(symbol=s).reset_index() for s, t in tables.items()])
    return long.sort_values(["ts", "symbol"], ignore_index=True), pd.DataFrame({s: t.close for s, t in tables.items()})


def literal(value):
    """A value as SQL and as the reference take it."""
    text = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    return text


def micros(ts):
    return int(pd.Timestamp(ts).as_unit("us").asm8.astype("int64"))


def rows_of(table):
    """A frame as the reference's rows."""
    rows = []
    for row in table.to_dict("records"):
        row = {k: (None if v is None or (isinstance(v, float) and math.isnan(v)) else v) for k, v in row.items()}
        for column in ("ts", "expires", "cancel_at"):
            if row.get(column) is not None and column in row:
                row[column] = micros(row[column])
                rows.append(row)
    return rows


def case(name, program, bars, arguments, fills, equity, query=None):
    """Checks one case against the reference and writes it. `fills`: ts, symbol, units, price, fee."""
    settings = {k: v for k, v in arguments.items()}
    history = backtest_reference.run(rows_of(bars), settings, rows_of(query) if query is not None else [])
    compare(name, history, fills, equity)
    signals = bars.drop(columns=["open", "high", "low", "close", "volume"])
    if set(signals) != {"ts", "symbol"}:
        write(f"{name}_signals.csv", signals[signals.drop(columns=["ts", "symbol"]).notna().any(axis=1)])
    write(f"{name}_fills.csv", fills)
    write(f"{name}_curve.csv", pd.DataFrame({"ts": equity.index, "equity": equity.to_numpy()})[::5])
    if query is not None:
        write(f"{name}_query.csv", query)
    CASES[name] = {
        "program": program,
        "arguments": ", ".join(f"{k} => {literal(v)}" for k, v in arguments.items()),
        "symbols": sorted(bars.symbol.unique()),
        "first": str(bars.ts.min()),
        "last": str(bars.ts.max()),
        "has_signals": set(signals) != {"ts", "symbol"},
        "has_query": query is not None,
        "n_fills": len(fills),
        "end_equity": float(equity.iloc[-1]),
    }


def compare(name, history, fills, equity):
    """Fills of one bar, symbol and price are added up: a reversal is one of ours and two of theirs."""
    sums = {}
    for f in history.fills:
        units, fee = sums.get((f.ts, f.symbol, f.price), (0.0, 0.0))
        sums[(f.ts, f.symbol, f.price)] = (units + f.units, fee + f.fee)
    ours = sorted((ts, symbol, units, price, fee) for (ts, symbol, price), (units, fee) in sums.items() if units)
    theirs = sorted(
        (micros(r.ts), r.symbol, float(r.units), float(r.price), float(r.fee)) for r in fills.itertuples(index=False)
    )
    for a, b in zip(ours, theirs, strict=False):
        if a[:2] != b[:2] or any(abs(x - y) > TOLERANCE * max(1.0, abs(y)) for x, y in zip(a[2:], b[2:], strict=True)):
            raise SystemExit(f"{name}: first different fill: ours {a}, theirs {b}")
    if len(ours) != len(theirs):
        raise SystemExit(
            f"{name}: {len(ours)} fills, theirs {len(theirs)}: {ours[len(theirs) :][:2]} {theirs[len(ours) :][:2]}"
        )
    for (ts, _, value), want in zip(history.curve, equity, strict=True):
        if abs(value - want) > TOLERANCE * abs(want):
            raise SystemExit(f"{name}: equity at {pd.Timestamp(ts * 1000)}: ours {value!r}, theirs {want!r}")
    print(f"{name}: {len(ours)} fills agree")


def write(name, table):
    table.to_csv(TARGET / name, index=False, date_format="%Y-%m-%dT%H:%M:%S")


# -------------------------------------------------------------------------------------------- vectorbt


def vbt_fills(portfolio, symbol):
    orders = portfolio.orders.records_readable
    names = [c[-1] if isinstance(c, tuple) else c for c in orders.Column]
    return pd.DataFrame(
        {
            "ts": orders.Timestamp,
            "symbol": [c if c in SYMBOLS else symbol for c in names],
            "units": orders.Size * np.where(orders.Side == "Buy", 1, -1),
            "price": orders.Price,
            "fee": orders.Fees,
        }
    )


def flags(n, seed, share=0.08):
    rng = np.random.default_rng(seed)
    return [rng.random(n) < share for _ in range(4)]


def signals_case(name, arguments, ours=None, seed=1, sides="long", first="2006-01-01", last="2008-12-31", **options):
    """from_signals at the close of the signal's bar (`same_close`), flags drawn with a seed.

    vectorbt makes one order per bar: where a stop has closed the position inside a bar, the flags of that bar
    are cleared, since ours would fill them at its close as well; so are an entry and an exit of one side in one bar
    (vectorbt ignores both, ours closes and opens again).
    """
    bars = prices("AAPL", first, last)
    long_in, long_out, short_in, short_out = flags(len(bars), seed)
    long_in, long_out = long_in & ~long_out, long_out & ~long_in
    short_in, short_out = short_in & ~short_out, short_out & ~short_in
    if sides == "long":
        short_in = short_out = np.zeros(len(bars), bool)
    else:
        long_out, short_out = long_out & ~short_in & ~short_out, short_out & ~long_in & ~long_out
        short_in = short_in & ~long_in
    while True:
        portfolio = vbt.Portfolio.from_signals(
            bars.close, long_in, long_out, short_in, short_out, open=bars.open, high=bars.high, low=bars.low,
            init_cash=100_000, freq="1D", **options,
        )  # fmt: skip
        fills = vbt_fills(portfolio, "AAPL")
        at = bars.index.get_indexer(fills.ts)
        inside = np.zeros(len(bars), bool)
        slip = options.get("slippage", 0.0)
        close = bars.close.to_numpy()[at]
        inside[at[np.abs(fills.price / close - 1) > slip + 1e-9]] = True
        changed = inside & (long_in | long_out | short_in | short_out)
        if not changed.any():
            break
        long_in, long_out, short_in, short_out = (f & ~inside for f in (long_in, long_out, short_in, short_out))
    table = bars.reset_index().assign(
        symbol="AAPL", entry_long=long_in, exit_long=long_out, entry_short=short_in, exit_short=short_out
    )
    settings = {"cash": 100_000.0, "fill": "same_close"} | arguments
    case(name, f"vectorbt {vbt.__version__}, from_signals", table, settings, fills, portfolio.value())


def vectorbt_signals():
    costs = {"commission": 0.001, "commission_fixed": 1.5, "slippage_bps": 5.0}
    theirs = {"fees": 0.001, "fixed_fees": 1.5, "slippage": 5e-4}
    signals_case("vbt_signals_all_cash", costs, seed=1, **theirs)
    signals_case("vbt_signals_units", costs | {"size_type": "units", "size": 100.0, "accumulate": True}, seed=2,
                 size=100, accumulate="addonly", **theirs)  # fmt: skip
    signals_case("vbt_signals_value", costs | {"size_type": "value", "size": 20_000.0}, seed=3, size=20_000,
                 size_type="value", **theirs)  # fmt: skip
    signals_case("vbt_signals_percent", {"size_type": "percent", "size": 0.5}, seed=4, size=0.5, size_type="percent")
    for opposite in ("reverse", "close", "ignore"):
        signals_case(f"vbt_signals_both_{opposite}", costs | {"size_type": "units", "size": 50.0, "opposite": opposite},
                     seed=5, sides="both", size=50, upon_opposite_entry=opposite, **theirs)  # fmt: skip
    fixed = {"size_type": "units", "size": 100.0, "commission": 0.001}
    signals_case("vbt_stop_loss", fixed | {"stop_loss": 0.05}, seed=6, size=100, fees=0.001, sl_stop=0.05)
    signals_case("vbt_take_profit", fixed | {"take_profit": 0.04}, seed=7, size=100, fees=0.001, tp_stop=0.04)
    signals_case("vbt_stop_and_target", fixed | {"stop_loss": 0.03, "take_profit": 0.03}, seed=8, size=100, fees=0.001,
                 sl_stop=0.03, tp_stop=0.03)  # fmt: skip
    signals_case("vbt_trailing", fixed | {"trailing": 0.06}, seed=9, size=100, fees=0.001, sl_stop=0.06, sl_trail=True)
    # vectorbt moves a trailing stop after the bar, ours after each leg of the path: wide enough not to matter here.
    signals_case("vbt_stops_both_sides", fixed | {"trailing": 0.1, "take_profit": 0.08, "opposite": "reverse"}, seed=10,
                 sides="both", size=100, fees=0.001, sl_stop=0.1, sl_trail=True, tp_stop=0.08,
                 upon_opposite_entry="reverse")  # fmt: skip


def vectorbt_orders():
    """from_orders: amounts are market-on-close orders submitted one bar before; targets are `units`."""
    bars = prices("IBM", "2006-01-01", "2007-12-31")
    rng = np.random.default_rng(11)
    size = np.where(rng.random(len(bars)) < 0.2, rng.integers(-300, 301, len(bars)), np.nan).astype(float)
    size[0] = np.nan
    size[size == 0] = np.nan
    costs = {"cash": 50_000.0, "commission": 0.002, "commission_fixed": 2.0, "slippage_bps": 10.0}
    theirs = {"init_cash": 50_000, "fees": 0.002, "fixed_fees": 2.0, "slippage": 1e-3, "freq": "1D"}
    portfolio = vbt.Portfolio.from_orders(bars.close, size=size, direction="longonly", **theirs)
    at = np.flatnonzero(~np.isnan(size))
    query = pd.DataFrame(
        {
            "ts": bars.index[at - 1],
            "symbol": "IBM",
            "side": np.where(size[at] > 0, "buy", "sell"),
            "quantity": np.abs(size[at]),
            "type": "market_on_close",
        }
    )
    table = bars.reset_index().assign(symbol="IBM")
    name = f"vectorbt {vbt.__version__}, from_orders"
    case(
        "vbt_amount", name, table, costs | {"allow_short": False}, vbt_fills(portfolio, "IBM"), portfolio.value(), query
    )

    target = pd.Series(np.where(rng.random(len(bars)) < 0.2, rng.integers(-150, 151, len(bars)), np.nan), bars.index)
    portfolio = vbt.Portfolio.from_orders(
        bars.close, size=target.shift(), size_type="targetamount", price=bars.open, **theirs
    )
    case("vbt_target_amount", name, table.assign(target=target.to_numpy()),
         costs | {"sizing": "units", "rebalance": "always"}, vbt_fills(portfolio, "IBM"), portfolio.value())  # fmt: skip

    long, close = panel("2007-01-01", "2008-06-30")
    weights = pd.DataFrame(rng.dirichlet([1, 1, 1], len(close)), close.index, close.columns) * 0.95
    weights[rng.random(len(close)) >= 0.1] = np.nan
    portfolio = vbt.Portfolio.from_orders(
        close, size=weights.shift(), size_type="targetpercent", init_cash=100_000, cash_sharing=True, group_by=True,
        call_seq="auto", fees=0.001, slippage=5e-4, freq="1D",
    )  # fmt: skip
    flat = weights.stack(future_stack=True).rename("target").reset_index().rename(columns={"level_1": "symbol"})
    flat.columns = ["ts", "symbol", "target"]
    case("vbt_target_percent_shared", name, long.merge(flat, on=["ts", "symbol"]),
         {"cash": 100_000.0, "fill": "next_close", "rebalance": "always", "commission": 0.001, "slippage_bps": 5.0},
         vbt_fills(portfolio, "IBM"), portfolio.value())  # fmt: skip


# -------------------------------------------------------------------------------------- backtesting.py


class Recorded(Strategy):
    """Writes down what it asks for. Subclasses decide in `decide`."""

    log = None

    def ask(self, sign, size=None, **prices_of):
        self.log.append({"at": len(self.data) - 1, "sign": sign, **prices_of})
        kwargs = {} if size is None else {"size": size}
        return (self.buy if sign > 0 else self.sell)(**kwargs, **prices_of)

    def next(self):
        self.decide()


def sma_indicator(values, n):
    return SMA(values, n)


def backtesting_table():
    bars = prices("AAPL", "2005-01-01", "2009-12-31")
    columns = {"open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}
    return bars, bars.rename(columns=columns)[list(columns.values())]


def backtesting_fills(stats, index, commission):
    """Entries and exits of backtesting.py's trades as fills; those of one bar, side and price are one fill."""
    rows = []
    for t in stats["_trades"].itertuples():
        rows.append((index[t.EntryBar], t.Size, t.EntryPrice, t.EntryBar))
        rows.append((index[t.ExitBar], -t.Size, t.ExitPrice, t.ExitBar))
    table = pd.DataFrame(rows, columns=["ts", "units", "price", "bar"])
    table = table.assign(symbol="AAPL", fee=table.units.abs() * table.price * commission)
    return table.sort_values(["bar"], kind="stable")


def merge_fills(table):
    """One row per time and price: a reversal is one fill of ours, a closing and an opening trade of theirs."""
    grouped = table.groupby(["ts", "symbol", "price"], as_index=False).agg({"units": "sum", "fee": "sum"})
    return grouped[grouped.units != 0][["ts", "symbol", "units", "price", "fee"]]


def replay(name, strategy, arguments, query_of, finalize=False, cash=10_000, commission=0.0, **options):
    """Runs a strategy and gives its orders to ours as an orders query with the sizes that were filled."""
    bars, table = backtesting_table()
    log = []
    cls = type(name, (strategy,), {"log": log})
    stats = Backtest(table, cls, cash=cash, commission=commission, finalize_trades=finalize, **options).run()
    query = query_of(stats, bars.index, log)
    open_at_end = stats._strategy.trades
    fills = backtesting_fills(stats, bars.index, commission)
    extra = [(bars.index[t.entry_bar], t.size, t.entry_price, t.entry_bar) for t in open_at_end]
    if extra:
        more = pd.DataFrame(extra, columns=["ts", "units", "price", "bar"])
        more = more.assign(symbol="AAPL", fee=more.units.abs() * more.price * commission)
        fills = pd.concat([fills, more]).sort_values("bar", kind="stable")
    equity = stats["_equity_curve"].Equity
    ours = {"cash": float(cash), "commission": commission} | arguments
    bars = bars.reset_index().assign(symbol="AAPL")
    case(name, f"backtesting {backtesting.__version__}", bars, ours, merge_fills(fills), equity, query)


def all_trades(stats):
    """Closed and open trades: entry bar, exit bar or None, size, stop and target prices."""
    closed = [(t.EntryBar, t.ExitBar, t.Size, t.SL, t.TP, t.ExitPrice) for t in stats["_trades"].itertuples()]
    still = [(t.entry_bar, None, t.size, t.sl, t.tp, None) for t in stats._strategy.trades]
    return sorted(closed + still, key=lambda t: t[0])


def order_row(index, bar, units, kind, **fields):
    return {"ts": index[bar], "symbol": "AAPL", "side": "buy" if units > 0 else "sell", "quantity": float(abs(units)),
            "type": kind, **fields}  # fmt: skip


def as_query(rows):
    table = pd.DataFrame(rows)
    for column in ("id", "parent", "oco", "tif"):
        if column in table:
            table[column] = table[column].where(table[column].notna(), None)
    return table.sort_values("ts", kind="stable", ignore_index=True)


def market_rows(stats, index, _log):
    """Every entry and every exit as a market order of the bar before."""
    rows = []
    for entry, leave, size, *_ in all_trades(stats):
        rows.append(order_row(index, entry - 1, size, "market"))
        if leave is not None:
            rows.append(order_row(index, leave - 1, -size, "market"))
    return as_query(rows)


class Crossing(Recorded):
    def init(self):
        self.quick = self.I(sma_indicator, self.data.Close, 10)
        self.calm = self.I(sma_indicator, self.data.Close, 20)

    def decide(self):
        if crossover(self.quick, self.calm):
            self.position.close()
            self.ask(1)
        elif crossover(self.calm, self.quick):
            self.position.close()
            self.ask(-1)


class CrossingWithBrackets(Crossing):
    """Stop-loss and take-profit at fixed distances of the close, as in the documentation of `buy`."""

    def decide(self):
        price = self.data.Close[-1]
        if crossover(self.quick, self.calm) and not self.position:
            self.ask(1, size=50, sl=0.95 * price, tp=1.08 * price)
        elif crossover(self.calm, self.quick) and not self.position:
            self.ask(-1, size=50, sl=1.05 * price, tp=0.92 * price)


def bracket_rows(stats, index, _log):
    """A market order with a stop and a limit as children that cancel each other, active on the entry's own bar."""
    rows = []
    for k, (entry, _, size, sl, tp, _) in enumerate(all_trades(stats)):
        at = entry - 1
        rows.append(order_row(index, at, size, "market", id=f"e{k}"))
        if sl is not None and not math.isnan(sl):
            rows.append(
                order_row(index, at, -size, "stop", stop_price=sl, parent=f"e{k}", oco=f"g{k}", reduce_only=True)
            )
        if tp is not None and not math.isnan(tp):
            rows.append(
                order_row(index, at, -size, "limit", limit_price=tp, parent=f"e{k}", oco=f"g{k}", reduce_only=True)
            )
    return as_query(rows)


class FourAverages(Recorded):
    """The composite system of the documentation: four averages and two relative strength indices, one of them weekly."""

    def init(self):
        # Only attributes are cut at the bar of `next`; a list of indicators would show their last values.
        self.ten, self.twenty, self.fifty, self.hundred = (
            self.I(sma_indicator, self.data.Close, n) for n in (10, 20, 50, 100)
        )
        self.daily = self.I(rsi, self.data.Close, 14)
        self.weekly = resample_apply("W-FRI", rsi, self.data.Close, 14)

    def decide(self):
        price = self.data.Close[-1]
        ten, twenty, fifty, hundred = self.ten[-1], self.twenty[-1], self.fifty[-1], self.hundred[-1]
        if not self.position and self.daily[-1] > 52 and self.weekly[-1] > 52:
            if ten > twenty > fifty > hundred and price > ten:
                self.ask(1, size=60, sl=0.92 * price)
        elif self.position and price < 0.98 * ten:
            self.position.close()


def rsi(values, n):
    change = pd.Series(values).diff()
    up, down = change.clip(lower=0).rolling(n).mean(), (-change.clip(upper=0)).rolling(n).mean()
    return 100 - 100 / (1 + up / down)


def bracket_or_close_rows(stats, index, _log):
    """Brackets; an exit that is not at the stop is a market order of the bar before."""
    rows = bracket_rows(stats, index, None).to_dict("records")
    for k, (_, leave, size, sl, _, at) in enumerate(all_trades(stats)):
        gap = leave is not None and at is not None and sl is not None
        if leave is not None and not (gap and at <= sl):
            rows.append(order_row(index, leave - 1, -size, "market", oco=f"g{k}", reduce_only=True))
    return as_query(rows)


class Trailing(Recorded):
    """A stop that follows at a distance of the newest close, set anew after every bar."""

    def init(self):
        self.quick = self.I(sma_indicator, self.data.Close, 10)
        self.calm = self.I(sma_indicator, self.data.Close, 30)

    def decide(self):
        if crossover(self.quick, self.calm) and not self.position:
            self.ask(1, size=40)
        for trade in self.trades:
            level = self.data.Close[-1] * 0.93
            trade.sl = max(trade.sl or -np.inf, level)
            self.log[-1].setdefault("stops", []).append((len(self.data) - 1, trade.sl))


def trailing_rows(stats, index, log):
    """One stop order per bar that lives for the next bar only (`ioc`)."""
    rows = []
    trades = all_trades(stats)
    for entry, leave, size, *_ in trades:
        rows.append(order_row(index, entry - 1, size, "market"))
        asked = [a for a in log if a["at"] == entry - 1][0]
        for bar, level in asked["stops"]:
            rows.append(order_row(index, bar, -size, "stop", stop_price=level, tif="ioc", reduce_only=True))
    return as_query(rows)


class Resting(Recorded):
    """Limit entries below and stop entries above the market, closed after ten bars."""

    def init(self):
        self.calm = self.I(sma_indicator, self.data.Close, 20)

    def decide(self):
        price = self.data.Close[-1]
        n = len(self.data)
        if n % 15 == 0:
            self.ask(1, size=10, limit=round(0.98 * price, 2))
        if n % 15 == 5:
            self.ask(1, size=10, stop=round(1.02 * price, 2))
        if n % 15 == 8:
            self.ask(-1, size=10, limit=round(1.02 * price, 2))
        if n % 15 == 11:
            self.ask(-1, size=10, stop=round(0.98 * price, 2))


def resting_rows(_stats, index, log):
    """No stop-limit orders: one that gaps through its stop fills at the stop there, at the open here."""
    rows = []
    for a in log:
        kind = "stop" if "stop" in a else "limit"
        rows.append(
            order_row(index, a["at"], a["sign"] * 10, kind, limit_price=a.get("limit"), stop_price=a.get("stop"))
        )
    return as_query(rows)


class Hedged(Recorded):
    """Long and short trades side by side, each closed after eleven bars."""

    def init(self):
        pass

    def decide(self):
        n = len(self.data)
        if n % 7 == 0:
            self.ask(1, size=10)
        if n % 9 == 0:
            self.ask(-1, size=15)
        for trade in self.trades:
            if n - 1 - trade.entry_bar == 10:
                trade.close()


def hedged_rows(stats, index, _log):
    rows = []
    for entry, leave, size, *_ in all_trades(stats):
        rows.append(order_row(index, entry - 1, size, "market", reduce_only=False))
        if leave is not None:
            rows.append(order_row(index, leave - 1, -size, "market", reduce_only=True))
    return as_query(rows)


def backtesting_py():
    replay("btpy_sma_cross_leverage", Crossing, {"max_leverage": 6.0}, market_rows, margin=0.2, commission=0.002)
    replay("btpy_sma_cross_exclusive", Crossing, {}, market_rows, exclusive_orders=True, commission=0.001)
    replay("btpy_brackets", CrossingWithBrackets, {"intrabar_entry": True, "max_leverage": 2.0}, bracket_rows,
           commission=0.002, margin=0.5)  # fmt: skip
    replay("btpy_four_averages", FourAverages, {"intrabar_entry": True}, bracket_or_close_rows, cash=20_000)
    replay("btpy_trailing", Trailing, {}, trailing_rows, commission=0.001)
    replay("btpy_hedging", Hedged, {"positions": "hedging", "max_leverage": 20.0}, hedged_rows, cash=100_000,
           hedging=True, margin=0.05, commission=0.001)  # fmt: skip
    replay("btpy_resting_orders", Resting, {"max_leverage": 20.0}, resting_rows, cash=100_000, margin=0.05)


# -------------------------------------------------------------------------------------------------- bt


def bt_weights(name, fill, first_of_month, lag, commission):
    """Equal and drifting weights, rebalanced on the first bar of each month at its close (bt's own timing) or one bar later."""
    long, close = panel("2006-01-03", "2008-12-31")
    rng = np.random.default_rng(21)
    raw = rng.dirichlet([2, 2, 2], len(close))
    weights = pd.DataFrame(raw * 0.9, close.index, close.columns)
    month = pd.Series(close.index.month, close.index)
    weights = weights[(month != month.shift()).to_numpy()].iloc[1:]
    asked = weights.copy()
    if lag:
        asked.index = close.index[close.index.get_indexer(weights.index) + 1]
    algos = [bt.algos.RunOnDate(*asked.index), bt.algos.WeighTarget(asked), bt.algos.Rebalance()]
    test = bt.Backtest(bt.Strategy(name, algos), close, initial_capital=100_000.0, integer_positions=False,
                       commissions=lambda q, p: abs(q) * p * commission, progress_bar=False)  # fmt: skip
    bt.run(test)
    value = test.strategy.values.iloc[1:]
    positions = test.positions.iloc[1:]
    moves = positions.diff().fillna(positions.iloc[[0]])
    fills = moves.stack().rename("units").reset_index()
    fills.columns = ["ts", "symbol", "units"]
    fills = fills[fills.units != 0]
    fills["price"] = [close.loc[r.ts, r.symbol] for r in fills.itertuples()]
    fills["fee"] = fills.units.abs() * fills.price * commission
    flat = weights.stack().rename("target").reset_index()
    flat.columns = ["ts", "symbol", "target"]
    table = long.merge(flat, on=["ts", "symbol"], how="left")
    arguments = {"cash": 100_000.0, "fill": fill, "rebalance": "always", "commission": commission}
    case(name, f"bt {bt.__version__}", table, arguments, fills, value)


def main():
    warnings.simplefilter("ignore")
    TARGET.mkdir(parents=True, exist_ok=True)
    vectorbt_signals()
    vectorbt_orders()
    backtesting_py()
    bt_weights("bt_monthly_same_close", "same_close", True, False, 0.0)
    bt_weights("bt_monthly_lagged", "next_close", True, True, 0.0)
    about = {"command": "python tests/golden/backtest_peers.py", "cases": CASES}
    (TARGET / "cases.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
