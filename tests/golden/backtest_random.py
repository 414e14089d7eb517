"""Random markets, settings, signals and orders with the reference's results, for the engine's differential test.

    python tests/golden/backtest_random.py              # writes tests/golden/backtest/random/cases.txt.gz
    python tests/golden/backtest_random.py --case N     # prints everything the reference does in one case

Standard library only. A case is its number (markets and orders follow from it, see backtest_market.py) and its
settings; the file holds both and the results as counts and weighted sums (`summary`): enough to tell that two
runs are the same, too little to fill the repository. When the Rust test finds a difference it prints the case
number and what differs; `--case` then shows the history.
"""

import argparse
import collections
import gzip
import math
import multiprocessing
import pathlib
import random

from backtest_market import STEPS, account_of, bars_of, orders_of, rates_of
from backtest_reference import run

TARGET = pathlib.Path(__file__).resolve().parent / "backtest" / "random" / "cases.txt.gz"
N_CASES = 10_000


def choose(draw):
    """Features of the market and settings, each present often enough to meet every other."""
    has, settings = set(), {}

    def maybe(chance, name, *values):
        if draw.random() < chance:
            settings[name] = draw.choice(values)
            return True
        return False

    def feature(chance, name):
        if draw.random() < chance:
            has.add(name)
        return name in has

    for name, chance in [("gaps", 0.5), ("holes", 0.6), ("hours", 0.3), ("wild", 0.2), ("fine", 0.3)]:
        feature(chance, name)
    settings["cash"] = draw.choice([10_000.0, 10_000.0, 100_000.0, 3_000.0])
    mode = draw.choice(["target", "target", "entries", "entries", "orders"])
    has.add(mode)
    feature(0.25, "orders")
    maybe(0.6, "fill", "next_open", "next_close", "vwap", "price", "same_close")
    if settings.get("fill") == "price":
        has.add("price")
    elif settings.get("fill") == "vwap":
        feature(0.6, "vwap")
    rules_of_signals(draw, has, settings, maybe, feature, mode)
    rules_of_fills(draw, has, settings, maybe, feature)
    rules_of_money(draw, has, settings, maybe, feature)
    rules_of_risk(draw, has, settings, maybe, feature, mode)
    return sorted(has), settings


def rules_of_signals(draw, has, settings, maybe, feature, mode):
    if mode == "target":
        if maybe(0.25, "sizing", "units"):
            has.add("target_units")
        if maybe(0.5, "rebalance", "always", "band") and settings["rebalance"] == "band":
            settings["rebalance_band"] = draw.choice([0.05, 0.1])
        maybe(0.15, "reserve_costs", True)
        maybe(0.15, "min_trade", 100.0, 1000.0)
    if mode == "entries":
        maybe(0.3, "accumulate", True)
        maybe(0.4, "opposite", "close", "ignore")
        maybe(0.4, "conflict", "long", "short")
        maybe(0.2, "positions", "hedging", "long_only")
        kind = draw.choice(["percent", "percent", "units", "value", "risk", "volatility", "atr", "kelly"])
        settings["size_type"] = kind
        sizes = {"units": 20.0, "value": 2500.0, "risk": 0.02, "volatility": 0.2, "atr": 0.01, "kelly": 0.8}
        settings["size"] = sizes.get(kind, 0.5)
        if kind in ("percent", "kelly"):
            feature(0.3, "size")
        elif kind == "units" and feature(0.3, "size"):
            has.add("size_units")
        if kind == "volatility":
            has.add("volatility")
        if kind == "atr":
            has.add("atr")
        if kind == "kelly":
            settings |= {"kelly_min_trades": draw.choice([1, 3]), "kelly_start": 0.4}
        if kind == "risk":
            settings["stop_loss"] = 0.05037
    else:
        maybe(0.15, "allow_short", False)
    if mode != "orders" and draw.random() < 0.5:
        stops_of(draw, has, settings, maybe, feature)


def stops_of(draw, has, settings, maybe, feature):
    """Distances with a tail that no price in cents can meet exactly: a touch is never a matter of the last place."""
    scale = 1.0
    if maybe(0.5, "stop_unit", "price", "atr"):
        scale = {"price": 60.0, "atr": 40.0}[settings["stop_unit"]]
        has.add("atr")
        feature(1.0, "wide")
    feature(0.3, "stops")
    for name, chance in [("stop_loss", 0.6), ("take_profit", 0.4), ("trailing", 0.4)]:
        if name not in settings:
            maybe(chance, name, 0.02037 * scale, 0.04037 * scale)
    if "stop_loss" in settings:
        settings["stop_loss"] = draw.choice([0.02037, 0.04037]) * scale
    maybe(0.2, "trailing_start", 0.01037 * scale, 0.02053 * scale)
    maybe(0.3, "break_even", 0.01053 * scale, 0.02071 * scale)
    maybe(0.3, "max_bars", 1, 3, 6)
    if maybe(0.15, "trailing_atr", 1.037, 2.037):
        has.add("atr")
    if draw.random() < 0.2:
        first, second = 0.01037 * scale, 0.03037 * scale
        settings["take_profit_levels"] = f"{first:g}:0.5,{second:g}:{draw.choice([0.25, 0.5])}"


def rules_of_fills(draw, has, settings, maybe, feature):
    maybe(0.6, "intrabar", "pessimistic", "optimistic", "ohlc", "olhc", "adaptive")
    maybe(0.3, "intrabar_entry", True)
    maybe(0.3, "limit_fill", "through")
    if feature(0.5, "volume") and maybe(0.5, "participation", 0.01, 0.05, 0.2):
        pass
    if maybe(0.25, "fractional", False):
        maybe(0.5, "lot", 5, 10)
    if maybe(0.2, "tick", 0.05, 0.25):
        maybe(0.4, "slippage_ticks", 1.0, 2.0)
    maybe(0.15, "min_notional", 200.0, 1000.0)
    maybe(0.2, "clip_to_bar", True)
    maybe(0.2, "partial", False)


def rules_of_money(draw, has, settings, maybe, feature):
    maybe(0.5, "commission", 0.001, 0.005)
    plain = settings.get("reserve_costs")
    if not plain:
        maybe(0.15, "commission_fixed", 1.0, 5.0)
        maybe(0.1, "commission_min", 2.0)
        maybe(0.1, "commission_max", 10.0)
    maybe(0.15, "commission_per_unit", 0.01, 0.05)
    if maybe(0.1, "maker", 0.0005):
        settings["taker"] = 0.002
    elif maybe(0.1, "tiers", "0:0.004,5000:0.002,20000:0.001"):
        pass
    maybe(0.4, "slippage_bps", 5.0, 20.0)
    if feature(0.2, "spread"):
        maybe(0.5, "spread_share", 0.25, 1.0)
    if "volume" in has and maybe(0.3, "impact", "linear", "sqrt", "volume_share"):
        settings["impact_coefficient"] = draw.choice([0.01, 0.1])
        if settings["impact"] == "sqrt":
            has.add("volatility")
    if maybe(0.1, "slippage_volatility", 0.1):
        has.add("volatility")
    maybe(0.15, "cash_rate", 0.03)
    maybe(0.15, "debit_rate", 0.06)
    maybe(0.15, "borrow", 0.05)
    for name in ("dividend", "split", "funding", "borrow"):
        feature(0.15, name)
    feature(0.07, "roll")
    feature(0.15, "multiplier")
    feature(0.12, "currency")
    maybe(0.08, "futures", True)
    maybe(0.15, "matching", "average")
    maybe(0.2, "close_at_end", True)


def rules_of_risk(draw, has, settings, maybe, feature, mode):
    if maybe(0.4, "max_leverage", 0.8, 2.0, 4.0) and settings["max_leverage"] == 4.0:
        feature(0.7, "levered")
        if mode == "entries" and settings["size_type"] == "percent":
            settings["size"] = 2.0
    if maybe(0.3, "maintenance", 0.3, 0.5, 0.9):
        maybe(0.5, "liquidation_buffer", 0.0, 0.2)
        maybe(0.3, "liquidation_fee", 0.005)
    maybe(0.1, "max_position", 0.3, 0.6)
    maybe(0.1, "max_gross", 0.5, 0.9)
    maybe(0.1, "max_net", 0.3, 0.6)
    if maybe(0.1, "max_sector", 0.4, 0.7):
        has.add("sector")
    maybe(0.08, "max_positions", 1, 2)
    if maybe(0.12, "max_correlation", 0.1, 0.5):
        settings["correlation_bars"] = draw.choice([2, 4, 6])
    maybe(0.08, "max_turnover", 0.5, 1.0)
    maybe(0.08, "daily_loss", 0.01, 0.03)
    if maybe(0.08, "max_drawdown_stop", 0.03, 0.08):
        maybe(0.6, "drawdown_pause", 2, 5)
    maybe(0.05, "kill_equity", 0.9 * settings["cash"])


def case_of(number):
    draw = random.Random(number)
    has, settings = choose(draw)
    n_symbols = draw.choice([1, 1, 2, 2, 3, 4])
    if n_symbols > 1 and draw.random() < 0.05:
        has = sorted([*has, "accounts"])
    return n_symbols, 5 + draw.randrange(36), has, settings


def simulate(number):
    """The histories of the accounts of a case."""
    n_symbols, n_bars, has, settings = case_of(number)
    bars = bars_of(number, n_symbols, n_bars, has)
    orders, rates = orders_of(number, n_symbols, n_bars, has), rates_of(number, n_bars, has)
    if "accounts" not in has:
        return [run(bars, settings, orders, rates)]
    mine = [
        [[row for row in rows if account_of(row["symbol"]) == account] for rows in (bars, orders)]
        for account in ("odd", "even")
    ]
    return [run(bars, settings, orders, rates) for bars, orders in mine if bars]


def weight(ts, has, symbol=""):
    """A weight that tells times and symbols apart, so that sums over them show what moved."""
    at = ts // STEPS["hours" if "hours" in has else "daily"]
    name = ord(symbol[0]) if symbol else 0
    return 1 + (at * 31 + name * 17) % 97 / 97


def summary(histories, has):
    """Counts and weighted sums: the same for two runs that are the same, whatever the order inside one bar."""
    fills, orders, trades, curve, events = (
        [one for history in histories for one in getattr(history, name)]
        for name in ("fills", "orders", "trades", "curve", "events")
    )
    money = [weight(f.ts, has, f.symbol) * f.units * f.price for f in fills]
    asked = [order for order in orders if order.signal or order.row]
    return [
        len(fills),
        sum(money),
        sum(map(abs, money)),
        sum(weight(f.ts, has, f.symbol) * f.fee for f in fills),
        sum(weight(t, has) * cash for t, cash, _ in curve),
        sum(weight(t, has) * equity for t, _, equity in curve),
        sum(history.curve[-1][2] for history in histories),
        len(trades),
        sum(weight(t.exit_ts, has, t.symbol) * t.pnl for t in trades),
        tally(f.reason for f in fills),
        tally(f"{o.state}{':' + o.reason if o.reason else ''}" for o in asked),
        tally(e.rule for e in events),
    ]


def tally(names):
    return "+".join(f"{k}*{n}" for k, n in sorted(collections.Counter(names).items()))


def cell(value):
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def line(number):
    n_symbols, n_bars, has, settings = case_of(number)
    given = ",".join(
        f"{k}={str(v).lower() if isinstance(v, bool) else v}".replace(",", ";") for k, v in settings.items()
    )
    results = "|".join(cell(x) for x in summary(simulate(number), has))
    return f"{number}|{n_symbols}|{n_bars}|{','.join(has)}|{given}|{results}"


def show(number):
    """The whole history of one case."""
    n_symbols, n_bars, has, settings = case_of(number)
    print(f"case {number}: {n_symbols} symbols, {n_bars} bars, {' '.join(has)}\n{settings}")
    step = STEPS["hours" if "hours" in has else "daily"]
    bars = bars_of(number, n_symbols, n_bars, has)
    start = bars[0]["ts"]
    for bar in bars:
        values = " ".join(f"{k}={v}" for k, v in bar.items() if k not in ("ts", "symbol") and v is not None)
        print("bar", (bar["ts"] - start) / step, bar["symbol"], values)
    for order in orders_of(number, n_symbols, n_bars, has):
        print("query", (order["ts"] - start) / step, {k: v for k, v in order.items() if k != "ts" and v is not None})
    for history in simulate(number):
        show_history(history, start, step)


def show_history(history, start, step):
    for order in history.orders:
        at = (order.ts - start) / step
        print(
            f"order {order.id} at {at:g} {order.symbol} {order.kind} {order.why} sign {order.sign} filled {order.filled:.12g} {order.state} {order.reason}"
        )
    for f in history.fills:
        print(
            f"fill {(f.ts - start) / step:g} {f.symbol} {f.units:.12g} @ {f.price:.12g} fee {f.fee:.12g} {f.reason} order {f.order.__dict__.get('id')}"
        )
    for t in history.trades:
        print(
            f"trade {t.symbol} {t.side:g} {(t.entry_ts - start) / step:g} {t.entry_price:.12g} {(t.exit_ts - start) / step:g} {t.exit_price:.12g} {t.quantity:.12g} {t.pnl:.12g} {t.reason}"
        )
    for e in history.events:
        print("event", (e.ts - start) / step, e.rule, e.symbol, e.value, e.limit)
    for t, cash, equity in history.curve:
        print(f"curve {(t - start) / step:g} {cash:.12g} {equity:.12g}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", type=int)
    parser.add_argument("--cases", type=int, default=N_CASES)
    arguments = parser.parse_args()
    if arguments.case is not None:
        show(arguments.case)
        return
    with multiprocessing.Pool() as pool:
        lines = pool.map(line, range(arguments.cases), chunksize=50)
    assert not any(math.isnan(float(x)) for one in lines for x in one.split("|")[6:9])
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(TARGET, "wb", mtime=0) as file:
        file.write(
            (
                "# standard library of Python 3; python tests/golden/backtest_random.py\n" + "\n".join(lines) + "\n"
            ).encode()
        )


if __name__ == "__main__":
    main()
