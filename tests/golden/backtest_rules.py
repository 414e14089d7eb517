"""Expected values of the rules of a backtest (costs, stops, sizes, limits, trades, attribution).

    pip install zipline-reloaded==3.2.1 pyfolio-reloaded==0.9.9 "pandas==2.3.3" numpy==2.4.6
    python tests/golden/backtest_rules.py zipline
    pip install vectorbt==1.2.0 backtesting==0.6.6 pandas==3.1.1 numpy==2.4.6
    python tests/golden/backtest_rules.py vectorbt
    pip install nautilus_trader==1.221.0
    python tests/golden/backtest_rules.py nautilus
    python tests/golden/backtest_rules.py formulas

Each writes one file to tests/golden/backtest/rules/, with the programs and their versions:

* `zipline.json`: prices of VolumeShareSlippage and FixedBasisPointsSlippage, commissions of
  PerShare, PerContract, PerTrade and PerDollar over orders of several fills, and the round trips
  that pyfolio finds, first in, first out.
* `vectorbt.json`: exits of `Portfolio.from_signals` with sl_stop, tp_stop and sl_trail on OHLC
  bars, exits of backtesting.py's SL and TP, and vectorbt's exit trades, which are at the average
  price.
* `nautilus.json`: which extreme of a bar NautilusTrader visits first with
  `bar_adaptive_high_low_ordering`.
* `formulas.json`: docs/backtest.md in exact fractions, written from the page: commissions over
  months, sizes, correlations, and the books of random accounts with their attribution.

Conventions that differ, with who is right. The cases leave them out; the ones of the stops are
counted in the files.

* zipline charges a minimum commission once per order, however many fills; docs/backtest.md once
  per fill. Cases with a minimum have one fill per order.
* zipline's volume share counts what the model filled in the bar before this order; ours is that
  of the order's own fill (docs/backtest.md, section 8). The cases have one order per bar.
* vectorbt and backtesting.py ask for the stop before the take-profit whatever the open: a bar
  that opens beyond the take-profit and later reaches the stop sells at the stop. The open comes
  first, so the limit order fills there: ours.
* vectorbt's trailing stop looks at the extremes before the bar only. Ours moves with the bar's
  open and, once its better extreme was visited, guards the way to its close.
"""

import json
import math
import pathlib
import platform
import random
import sys
from datetime import datetime, timedelta, timezone
from fractions import Fraction

FOLDER = pathlib.Path(__file__).resolve().parent / "backtest" / "rules"
DAY = 86_400_000_000_000


def write(name, programs, content):
    FOLDER.mkdir(parents=True, exist_ok=True)
    head = {"command": f"python tests/golden/backtest_rules.py {name}", "programs": programs}
    text = json.dumps(head | content, indent=None, separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text.replace('],"', '],\n"').replace("},{", "},\n{") + "\n")


def versions(*names):
    from importlib.metadata import version

    return {name: version(name) for name in names} | {"python": platform.python_version()}


def price(rng, low=5.0, high=500.0):
    return round(rng.uniform(low, high), 2)


# ---------------------------------------------------------------- zipline


class OneBar:
    """What zipline's models ask of their data."""

    def __init__(self, close, volume):
        self.fields = {"close": close, "volume": volume}

    def current(self, _asset, field):
        return self.fields[field]


def zipline_slippage(rng):
    from zipline.finance.slippage import FixedBasisPointsSlippage, VolumeShareSlippage

    cases = []
    for _ in range(60):
        close, volume = price(rng), rng.randrange(2_000, 1_000_000)
        side = rng.choice([1, -1])
        limit = rng.choice([0.025, 0.1, 0.5])
        impact = rng.choice([0.05, 0.1, 1.0])
        wanted = rng.randrange(1, int(volume * limit * 1.5))
        order = Paid(asset="A", open_amount=side * wanted, direction=side, limit=None)
        model = VolumeShareSlippage(volume_limit=limit, price_impact=impact)
        model._volume_for_bar = 0
        paid, units = model.process_order(OneBar(close, volume), order)
        cases.append(
            {"model": "volume_share", "price": close, "volume": volume, "side": side, "limit": limit,
             "coefficient": impact, "units": abs(units), "expected": paid}
        )  # fmt: skip
        bps = rng.choice([1.0, 5.0, 12.5])
        model = FixedBasisPointsSlippage(basis_points=bps, volume_limit=1.0)
        model._volume_for_bar = 0
        paid, units = model.process_order(OneBar(close, volume), order)
        cases.append({"model": "bps", "price": close, "side": side, "bps": bps, "units": abs(units), "expected": paid})
    return cases


class Paid:
    """An order or fill as zipline's commission models see it."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


def zipline_commissions(rng):
    from zipline.finance.commission import PerContract, PerDollar, PerShare, PerTrade

    cases = []
    for i in range(80):
        kind = ["per_share", "per_share_min", "per_contract", "per_trade", "per_dollar"][i % 5]
        a, b = round(rng.uniform(0.0005, 0.02), 4), round(rng.uniform(0.5, 9.0), 2)
        model = {
            "per_share": lambda: PerShare(cost=a, min_trade_cost=0.0),
            "per_share_min": lambda: PerShare(cost=a, min_trade_cost=b),
            "per_contract": lambda: PerContract(cost=100 * a, exchange_fee=b, min_trade_cost=0.0),
            "per_trade": lambda: PerTrade(cost=b),
            "per_dollar": lambda: PerDollar(cost=a / 10),
        }[kind]()
        order = Paid(commission=0.0, filled=0, asset=Paid(root_symbol="ES"))
        fills = []
        for _ in range(1 if kind == "per_share_min" else rng.randrange(1, 4)):
            units, paid = rng.randrange(1, 900), price(rng)
            fee = model.calculate(order, Paid(amount=units, price=paid))
            order.commission += fee
            order.filled += units
            fills.append([units, paid, fee])
        cases.append({"model": kind, "a": a, "b": b, "fills": fills})
    return cases


def random_fills(rng, n):
    """Units and prices that open, add, reduce, close and turn a position."""
    held, fills = 0, []
    for _ in range(n):
        units = rng.choice([-1, 1]) * rng.randrange(1, 80)
        if rng.random() < 0.15 and held != 0:
            units = -held
        held += units
        fills.append([units, price(rng, 50, 150)])
    return fills


def pyfolio_round_trips(rng):
    import pandas as pd
    from pyfolio.round_trips import extract_round_trips

    cases = []
    for _ in range(25):
        fills = random_fills(rng, 14)
        # Days apart: pyfolio merges what happens within hours.
        times = pd.date_range("2024-01-01", periods=len(fills), freq="D", tz="UTC")
        frame = pd.DataFrame({"amount": [f[0] for f in fills], "price": [f[1] for f in fills], "symbol": "A"}, index=times)
        trips = extract_round_trips(frame)
        by_exit = {}
        for exit_time, pnl in zip(trips["close_dt"], trips["pnl"], strict=True):
            at = times.get_loc(exit_time)
            by_exit[at] = by_exit.get(at, 0.0) + float(pnl)
        cases.append({"fills": fills, "pnl": [[at, pnl] for at, pnl in sorted(by_exit.items())]})
    return cases


def zipline():
    rng = random.Random(20240102)
    content = {
        "slippage": zipline_slippage(rng),
        "commissions": zipline_commissions(rng),
        "round_trips": pyfolio_round_trips(rng),
    }
    write("zipline", versions("zipline-reloaded", "pyfolio-reloaded", "pandas", "numpy"), content)


# ---------------------------------------------------------------- vectorbt and backtesting.py


def random_bars(rng, n, has_gaps=True, volatility=0.02):
    """Bars whose first close is the entry."""
    bars, close = [], price(rng, 80, 120)
    for _ in range(n):
        first = close * math.exp(rng.gauss(0, volatility / 2) if has_gaps else 0.0)
        last = first * math.exp(rng.gauss(0, volatility))
        high = max(first, last) * (1 + abs(rng.gauss(0, volatility / 2)))
        low = min(first, last) * (1 - abs(rng.gauss(0, volatility / 2)))
        bars.append([round(x, 4) for x in (first, max(high, first, last), min(low, first, last), last)])
        close = last
    return bars


def opens_beyond_take(bar, side, stop, take):
    """The bar opens beyond the take-profit, and reaches the stop as well."""
    if stop is None or take is None:
        return False
    o, h, l, _ = bar
    return side * (o - take) >= 0 and (l <= stop if side > 0 else h >= stop)


def trail_differs(bars, end, side, entry, distance):
    """Whether the bar's own open or better extreme would have moved the stop to what the bar met."""
    best = entry
    for o, h, l, c in bars[1 : end + 1]:
        extreme = h if side > 0 else l
        if side * (o - best) > 0 or side * (c - max(best * side, extreme * side) * side * (1 - side * distance)) <= 0:
            return True
        best = max(best, extreme) if side > 0 else min(best, extreme)
    return False


def vectorbt_stops(rng):
    import numpy as np
    import vectorbt as vbt

    cases, left_out = [], 0
    for i in range(900):
        trails = i % 2 == 0
        # A gap beyond the best price is one of the things that the trailing stops differ in.
        bars = random_bars(rng, 18, has_gaps=not trails)
        o, h, l, c = (np.array(column) for column in zip(*bars, strict=True))
        side = rng.choice([1, -1])
        stop = round(rng.uniform(0.01, 0.06), 3) if trails or rng.random() < 0.8 else None
        take = round(rng.uniform(0.01, 0.06), 3) if stop is None or rng.random() < 0.6 else None
        entries = np.zeros(len(c), dtype=bool)
        entries[0] = True
        portfolio = vbt.Portfolio.from_signals(
            c, entries=entries, exits=False, direction="longonly" if side > 0 else "shortonly", open=o, high=h, low=l,
            sl_stop=np.nan if stop is None else stop, tp_stop=np.nan if take is None else take, sl_trail=trails,
            init_cash=1e6, size=10.0, freq="1D",
        )  # fmt: skip
        orders = portfolio.orders.records
        end = int(orders["idx"][1]) if len(orders) > 1 else None
        last = len(c) - 1 if end is None else end
        entry = c[0]
        loss = None if stop is None or trails else entry * (1 - side * stop)
        gain = None if take is None else entry * (1 + side * take)
        if trails and trail_differs(bars, last, side, entry, stop):
            left_out += 1
            continue
        if any(opens_beyond_take(bar, side, loss, gain) for bar in bars[1 : last + 1]):
            left_out += 1
            continue
        cases.append(
            {"bars": bars, "side": side, "stop": stop, "take": take, "trails": trails, "exit_bar": end,
             "exit_price": None if end is None else float(orders["price"][1])}
        )  # fmt: skip
    # The files stay small: what is alike is not needed a thousand times.
    return cases[:200], left_out


def backtesting_stops(rng):
    import pandas as pd
    from backtesting import Backtest, Strategy

    class Once(Strategy):
        side = 1
        stop = None
        take = None

        def init(self):
            pass

        def next(self):
            if len(self.data) == 2:
                order = self.buy if self.side > 0 else self.sell
                order(size=10, sl=self.stop, tp=self.take)

    cases, left_out = [], 0
    for _ in range(400):
        bars = random_bars(rng, 16)
        side = rng.choice([1, -1])
        entry = bars[2][0]
        stop = round(entry * (1 - side * rng.uniform(0.005, 0.05)), 4) if rng.random() < 0.8 else None
        take = round(entry * (1 + side * rng.uniform(0.005, 0.05)), 4) if stop is None or rng.random() < 0.6 else None
        # Its own check of an order's prices is against the close of the signal.
        close = bars[1][3]
        if (stop and side * (close - stop) <= 0) or (take and side * (take - close) <= 0):
            continue
        frame = pd.DataFrame(bars, columns=["Open", "High", "Low", "Close"], index=pd.date_range("2024-01-01", periods=len(bars)))
        frame["Volume"] = 1
        run = Backtest(frame, Once, cash=1e6, finalize_trades=True).run(side=side, stop=stop, take=take)
        trade = run["_trades"].iloc[0]
        end = int(trade["ExitBar"])
        if any(opens_beyond_take(bar, side, stop, take) for bar in bars[2 : end + 1]):
            left_out += 1
            continue
        # What is held at the last bar was closed by `finalize_trades`, or may have been.
        is_closed = end < len(bars) - 1
        cases.append(
            {"bars": bars, "side": side, "stop": stop, "take": take, "exit_bar": end if is_closed else None,
             "exit_price": float(trade["ExitPrice"]) if is_closed else None}
        )  # fmt: skip
    return cases[:100], left_out


def average_trades(rng):
    import numpy as np
    import vectorbt as vbt

    cases = []
    for _ in range(25):
        fills = random_fills(rng, 14)
        prices = np.array([f[1] for f in fills])
        sizes = np.array([f[0] for f in fills], dtype=float)
        portfolio = vbt.Portfolio.from_orders(
            prices, size=sizes, price=prices, fees=0.001, fixed_fees=1.5, init_cash=1e9, freq="1D"
        )
        closed = portfolio.exit_trades.records
        closed = closed[closed["status"] == 1]
        trades = [
            [int(t["exit_idx"]), float(t["size"]), int(t["direction"]), float(t["entry_price"]),
             float(t["entry_fees"] + t["exit_fees"]), float(t["pnl"])]
            for _, t in closed.iterrows()
        ]  # fmt: skip
        cases.append({"fills": fills, "rate": 0.001, "fixed": 1.5, "trades": trades})
    return cases


def vectorbt():
    rng = random.Random(20240103)
    stops, stops_left_out = vectorbt_stops(rng)
    other, other_left_out = backtesting_stops(rng)
    content = {
        "stops": stops,
        "stops_left_out": stops_left_out,
        "backtesting": other,
        "backtesting_left_out": other_left_out,
        "average_trades": average_trades(rng),
    }
    write("vectorbt", versions("vectorbt", "backtesting", "pandas", "numpy"), content)


# ---------------------------------------------------------------- NautilusTrader


def nautilus():
    """Two limit orders halfway to the extremes of each bar: the one that fills first tells the path."""
    from decimal import Decimal

    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.data import Bar, BarType
    from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
    from nautilus_trader.model.identifiers import Venue
    from nautilus_trader.model.objects import Money
    from nautilus_trader.test_kit.providers import TestInstrumentProvider
    from nautilus_trader.trading.strategy import Strategy

    rng = random.Random(20240105)
    shapes, first = [], 10_000
    for _ in range(120):
        # Whole ticks, several apart, with ties of the two distances among them. A bar opens where
        # the one before closed, so that no order can be filled when it is handed in.
        up, down = 4 * rng.randrange(1, 12), 4 * rng.randrange(1, 12)
        last = rng.randrange(first - down, first + up + 1)
        shapes.append([x / 100 for x in (first, first + up, first - down, last)])
        first = last
    instrument = TestInstrumentProvider.equity(symbol="A", venue="X")
    bar_type = BarType.from_str("A.X-1-DAY-LAST-EXTERNAL")
    number, size = instrument.make_price, instrument.make_qty
    bars = [
        Bar(bar_type, *(number(x) for x in shape), size(1_000_000), (i + 1) * DAY, (i + 1) * DAY)
        for i, shape in enumerate(shapes)
    ]
    filled = []

    class Probe(Strategy):
        def on_start(self):
            self.place = -1
            self.subscribe_bars(bar_type)

        def on_bar(self, _bar):
            self.cancel_all_orders(instrument.id)
            self.place += 1
            if self.place + 1 == len(shapes):
                return
            o, h, l, _ = shapes[self.place + 1]
            for side, level in ((OrderSide.SELL, (o + h) / 2), (OrderSide.BUY, (o + l) / 2)):
                self.submit_order(self.order_factory.limit(instrument.id, side, size(1), number(level)))

        def on_order_filled(self, event):
            filled.append([self.place + 1, "high" if event.order_side == OrderSide.SELL else "low"])

    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("X"), OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000_000, USD)], default_leverage=Decimal(10),
        bar_execution=True, bar_adaptive_high_low_ordering=True,
    )  # fmt: skip
    engine.add_instrument(instrument)
    engine.add_data(bars)
    engine.add_strategy(Probe())
    engine.run()
    first_extreme = {}
    for place, extreme in filled:
        first_extreme.setdefault(place, extreme)
    cases = [[*shapes[place], extreme] for place, extreme in sorted(first_extreme.items())]
    write("nautilus", versions("nautilus_trader"), {"bars": cases})


# ---------------------------------------------------------------- the page in fractions


def page_commissions(rng):
    """Tiers by the value traded so far in the month, over fills at random times."""
    cases = []
    for _ in range(20):
        tiers = [[0, 0.001], [rng.randrange(10_000, 90_000), 0.0006], [rng.randrange(100_000, 900_000), 0.0002]]
        bounds = {"min": rng.choice([None, 1.0, 12.0]), "max": rng.choice([None, 40.0])}
        per_unit, fixed = rng.choice([0.0, 0.004]), rng.choice([0.0, 2.5])
        now = datetime(2023, 12, 20, tzinfo=timezone.utc)
        traded, month, fills = 0.0, None, []
        for _ in range(40):
            now += timedelta(hours=rng.randrange(1, 100))
            if (now.year, now.month) != month:
                month, traded = (now.year, now.month), 0.0
            units, paid, is_first = rng.randrange(1, 400), price(rng), rng.random() < 0.7
            rate = [rate for start, rate in tiers if start <= traded][-1]
            fee = units * paid * rate + units * per_unit + (fixed if is_first else 0.0)
            fee = min(fee, math.inf if bounds["max"] is None else bounds["max"])
            fee = max(fee, -math.inf if bounds["min"] is None else bounds["min"])
            ts = int(now.timestamp()) * 1_000_000_000
            fills.append([ts, units, paid, is_first, fee])
            traded += units * paid
        cases.append({"tiers": tiers, "per_unit": per_unit, "fixed": fixed, "fills": fills} | bounds)
    return cases


def page_correlations(rng):
    """numpy's corrcoef over the last bars of two symbols, some bars missing."""
    import numpy as np

    cases = []
    for _ in range(12):
        n_bars = rng.randrange(3, 12)
        bars, last = [], {0: None, 1: None}
        returns = {0: [], 1: []}
        shared = 0.0
        level = {0: 100.0, 1: 40.0}
        for ts in range(40):
            shared = rng.gauss(0, 0.02)
            for symbol in (0, 1):
                level[symbol] *= math.exp(shared * (1 if symbol else rng.choice([1, -0.5])) + rng.gauss(0, 0.01))
                if rng.random() < 0.1:
                    continue
                close = round(level[symbol], 4)
                if last[symbol] is not None:
                    returns[symbol].append((ts, close / last[symbol] - 1))
                last[symbol] = close
                expected = None
                recent = [dict(returns[s][-n_bars:]) for s in (0, 1)]
                if all(len(r) == n_bars for r in recent):
                    common = sorted(recent[0].keys() & recent[1].keys())
                    if len(common) >= 2:
                        found = np.corrcoef([recent[0][t] for t in common], [recent[1][t] for t in common])[0, 1]
                        expected = None if math.isnan(found) else float(found)
                bars.append([symbol, ts, close, expected])
        cases.append({"n_bars": n_bars, "bars": bars})
    return cases


class Books:
    """A random account in exact fractions: cash, lots first in first out, and what each did."""

    def __init__(self, rng):
        self.rng = rng
        self.cash = Fraction(0)
        self.lots = {0: [], 1: []}
        self.marks = {0: Fraction(100), 1: Fraction(40)}
        self.units_value = {0: Fraction(1), 1: Fraction(7, 4)}
        self.events = []
        self.trades = []

    def number(self, low, high, digits=2):
        return Fraction(round(self.rng.uniform(low, high), digits)).limit_denominator(10**digits)

    def held(self, symbol):
        return sum((lot["units"] for lot in self.lots[symbol]), Fraction(0))

    def fill(self, symbol):
        rng = self.rng
        units = Fraction(rng.choice([-1, 1]) * rng.randrange(1, 50))
        if rng.random() < 0.2 and self.held(symbol):
            units = -self.held(symbol)
        base = self.marks[symbol]
        slip = self.number(0, 0.3)
        paid = base + slip * (1 if units > 0 else -1)
        fee, source, point = self.number(0, 5), rng.randrange(3), self.units_value[symbol]
        self.cash -= units * paid * point + fee
        self.events.append(["fill", symbol, float(units), float(base), float(paid), float(fee), float(point), source])
        left, size = units, abs(units)
        while left and self.lots[symbol] and self.lots[symbol][0]["units"] * left < 0:
            lot = self.lots[symbol][0]
            part = -left if abs(left) < abs(lot["units"]) else lot["units"]
            self.close(symbol, lot, part, base, slip, fee / size, point)
            left += part
            if not lot["units"]:
                self.lots[symbol].pop(0)
        if left:
            self.lots[symbol].append(
                {"units": left, "value": base * point, "slippage": slip * point * abs(left), "commission": fee / size * abs(left),
                 "dividends": Fraction(0), "borrow": Fraction(0), "funding": Fraction(0), "source": source}
            )  # fmt: skip

    def close(self, symbol, lot, part, base, slip, fee_per_unit, point, is_open=False):
        share = part / lot["units"]
        done = {kind: lot[kind] * share for kind in ("slippage", "commission", "dividends", "borrow", "funding")}
        for kind, value in done.items():
            lot[kind] -= value
        lot["units"] -= part
        self.trades.append(
            done
            | {"symbol": symbol, "source": lot["source"], "side": 1 if part < 0 else 0, "price": part * (base * point - lot["value"]),
               "slippage": done["slippage"] + slip * point * abs(part), "commission": done["commission"] + fee_per_unit * abs(part)}
        )  # fmt: skip

    def flow(self, symbol, kind):
        held = self.held(symbol)
        if held:
            amount = self.number(-20, 20)
            self.cash += amount
            self.events.append(["flow", symbol, kind, float(amount)])
            for lot in self.lots[symbol]:
                lot[kind] += amount * lot["units"] / held

    def split(self, symbol):
        ratio = self.rng.choice([Fraction(2), Fraction(3, 2), Fraction(1, 4)])
        self.events.append(["split", symbol, float(ratio)])
        self.marks[symbol] /= ratio
        for lot in self.lots[symbol]:
            lot["units"] *= ratio
            lot["value"] /= ratio

    def roll(self, symbol):
        held, old, point = self.held(symbol), self.marks[symbol], self.units_value[symbol]
        if not held:
            return
        new, slip, fee = old + self.number(-2, 2), self.number(0, 0.2), self.number(0, 3)
        sign = 1 if held > 0 else -1
        # Closed at old - slip, opened at new + slip, for a long position; the other way round for a short one.
        self.cash -= held * (new - old + 2 * sign * slip) * point + fee
        cost = 2 * slip * abs(held) * point
        self.events.append(["roll", symbol, float(new - old + 2 * sign * slip), float(new - old), float(point), float(cost), float(fee)])
        for lot in self.lots[symbol]:
            lot["value"] += (new - old) * point
            lot["slippage"] += cost * lot["units"] / held
            lot["commission"] += fee * lot["units"] / held
        self.marks[symbol] = new

    def run(self, n):
        for _ in range(n):
            symbol = self.rng.randrange(2)
            self.marks[symbol] = max(Fraction(1), self.marks[symbol] + self.number(-3, 3))
            kind = self.rng.random()
            if kind < 0.6:
                self.fill(symbol)
            elif kind < 0.75:
                self.flow(symbol, self.rng.choice(["dividends", "borrow", "funding"]))
            elif kind < 0.8:
                self.split(symbol)
            elif kind < 0.88:
                self.roll(symbol)
            elif kind < 0.95:
                self.units_value[symbol] += self.number(0, 0.1)
        equity = self.cash + sum((self.held(s) * self.marks[s] * self.units_value[s] for s in (0, 1)), Fraction(0))
        for symbol in (0, 1):
            for lot in list(self.lots[symbol]):
                zero = Fraction(0)
                self.close(symbol, lot, lot["units"], self.marks[symbol], zero, zero, self.units_value[symbol])
        total = lambda t: t["price"] - t["slippage"] - t["commission"] + t["dividends"] + t["borrow"] + t["funding"]  # noqa: E731
        assert sum(map(total, self.trades), Fraction(0)) == equity, "the books do not balance"
        groups = {}
        for trade in self.trades:
            for dimension in ("symbol", "side", "source"):
                key = f"{dimension}:{trade[dimension]}"
                groups[key] = groups.get(key, Fraction(0)) + total(trade)
            for kind in ("price", "slippage", "commission", "dividends", "borrow", "funding"):
                key = f"cost:{kind}"
                sign = -1 if kind in ("slippage", "commission") else 1
                groups[key] = groups.get(key, Fraction(0)) + sign * trade[kind]
        marks = [[float(self.marks[s]), float(self.units_value[s])] for s in (0, 1)]
        return {"events": self.events, "marks": marks, "equity": float(equity), "groups": {k: float(v) for k, v in groups.items()}}


def formulas():
    rng = random.Random(20240104)
    content = {
        "commissions": page_commissions(rng),
        "correlations": page_correlations(rng),
        "books": [Books(rng).run(80) for _ in range(15)],
    }
    write("formulas", versions("numpy"), content)


if __name__ == "__main__":
    {"zipline": zipline, "vectorbt": vectorbt, "nautilus": nautilus, "formulas": formulas}[sys.argv[1]]()
