"""Writes tests/golden/risk/capacity.json: random markets with fills, and what a strategy can trade.

LEAN (C#) does not run here. This is its rule, written down a second time and in decimals, from its
page on capacity and from what Common/CapacityEstimate and Common/SymbolCapacity say where the page
differs (the discount for trading fast). Two things are ours: of days and hours the bar at whose
time the fill is counts, and the last snapshot is the one at the last time. Run from the root of
the repository:

    python tests/golden/risk_capacity.py
"""

import json
import platform
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal, getcontext
from pathlib import Path

getcontext().prec = 40
OUT = Path(__file__).resolve().parent / "risk" / "capacity.json"
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
SHARES = {"day": "0.02", "hour": "0.05", "minute": "0.20", "second": "0.50"}
STEPS = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=10),
}


def draw(rng, resolution, n_symbols, n_bars, n_fills):
    """Bars by time and symbol, with gaps and bars without volume, and fills at times of bars."""
    bars, fills, liquid = {}, [], [10 ** rng.uniform(2, 5.5) for _ in range(n_symbols)]
    for symbol in range(n_symbols):
        price = rng.uniform(5, 200)
        for i in range(n_bars):
            price = round(price * (1 + rng.gauss(0, 0.01 if resolution == "day" else 0.001)), 2)
            volume = 0 if rng.random() < 0.05 else round(liquid[symbol] * rng.uniform(0.2, 2))
            if rng.random() > 0.05:
                bars[i, symbol] = (price, volume)
    places = sorted(bars)
    for i, symbol in sorted(rng.sample(places, n_fills)):
        units = rng.choice([-1, 1]) * rng.randint(1, 60)
        fills.append((i, symbol, units, bars[i, symbol][0], round(rng.uniform(0, 2), 2)))
    return bars, fills


def patience(resolution, value):
    least, wanted = {"second": (5, 100_000), "minute": (1, 6_000_000)}[resolution]
    k = Decimal(wanted) / value if value else Decimal(10)
    return timedelta(minutes=120 if k > 120 else int(max(Decimal(least), k)))


class Symbol:
    def __init__(self):
        self.sales = self.market = Decimal(0)
        self.trades = 0
        self.stale = False
        self.factor = Decimal(1)
        self.filled = self.looked = None
        self.volume = Decimal(0)


def estimate(resolution, n_bars, bars, fills, cash):
    """One row per snapshot: bar, symbol, reach per fill, share, capacity alone, capacity."""
    known, watched, order = {}, set(), []
    units, prices = {}, {}
    cash, capacity, rows = Decimal(str(cash)), Decimal(0), []
    times = sorted({i for i, _ in bars} | {f[0] for f in fills})
    clock = lambda i: START + i * STEPS[resolution]  # noqa: E731
    first, last = clock(times[0]).date(), clock(times[-1]).date()
    period = max(1, min(7, (last - first).days))
    due = first + timedelta(days=period)
    for i in times:
        now = clock(i)
        for _, symbol, quantity, price, cost in (f for f in fills if f[0] == i):
            price = Decimal(str(price))
            if symbol not in known:
                known[symbol] = Symbol()
                order.append(symbol)
            state = known[symbol]
            before = state.filled or now - timedelta(days=1)
            minutes = Decimal((now - before).total_seconds()) / 60
            state.factor = min(Decimal(1), max(Decimal("0.2"), 2 * minutes / 390))
            if state.stale:
                state.market, state.trades, state.stale = Decimal(0), 0, False
            state.sales += abs(quantity) * price
            state.trades += 1
            state.filled = now
            watched.add(symbol)
            units[symbol] = units.get(symbol, 0) + quantity
            prices[symbol] = price
            cash -= quantity * price + Decimal(str(cost))
        for symbol in {s for j, s in bars if j == i}:
            close, volume = (Decimal(str(v)) for v in bars[i, symbol])
            prices[symbol] = close
            if symbol not in watched:
                continue
            state = known[symbol]
            if resolution in ("day", "hour"):
                watched.discard(symbol)
                state.market += close * volume * state.factor
                continue
            if volume == 0:
                continue
            value = close * volume
            if state.looked is not None:
                value = close * (volume + state.volume) / (Decimal((now - state.looked).total_seconds()) / 60)
            state.looked, state.volume = now, volume
            if now <= state.filled + patience(resolution, value):
                state.market += close * volume * state.factor
            else:
                watched.discard(symbol)
        if now.date() < due and i != times[-1]:
            continue
        due = now.date() + timedelta(days=period)
        equity = cash + sum(q * prices[s] for s, q in units.items())
        usable = [s for s in order if s in known and known[s].trades and known[s].market]
        total = sum(s.sales for s in known.values())
        if equity > 0 and usable:
            least = min(usable, key=lambda s: known[s].market)
            state = known[least]
            of_sales = state.sales / total if total else Decimal(0)
            share = max(of_sales, abs(units[least] * prices[least]) / equity)
            reach = state.market * Decimal(SHARES[resolution]) / state.trades
            alone = reach / share if share else None
            new = capacity if alone is None else alone
            capacity = Decimal("0.33") * new + Decimal("0.66") * capacity if capacity else new
            rows.append([i, least, *(None if v is None else float(v) for v in (reach, share, alone, capacity))])
        if equity > 0:
            for symbol in list(known):
                state = known[symbol]
                state.stale, state.sales = True, Decimal(0)
                if not units[symbol] and now >= state.filled + timedelta(days=30):
                    del known[symbol]
                    order.remove(symbol)
                    watched.discard(symbol)
    return rows


def cases():
    rng = random.Random(11)
    shapes = [("day", 3, 400, 60), ("day", 5, 120, 12), ("day", 2, 5, 3), ("hour", 3, 900, 80)]
    shapes += [("minute", 4, 30_000, 80), ("minute", 1, 200, 20), ("second", 2, 4_000, 40)]
    for resolution, n_symbols, n_bars, n_fills in shapes:
        bars, fills = draw(rng, resolution, n_symbols, n_bars, n_fills)
        near = {i for i, *_ in fills} | {0, n_bars - 1}
        if resolution in ("minute", "second"):
            # Bars that nobody looks at make the file long and change nothing.
            span = range(0, 130 * 60 // int(STEPS[resolution].total_seconds()))
            near |= {i + k for i, *_ in fills for k in span if k % 7 == 0 or k < 9}
            bars = {(i, s): v for (i, s), v in bars.items() if i in near}
        rows = estimate(resolution, n_bars, bars, fills, 100_000)
        yield {
            "resolution": resolution,
            "step": int(STEPS[resolution].total_seconds()),
            "symbols": n_symbols,
            "cash": 100_000,
            "bars": [[i, s, *v] for (i, s), v in sorted(bars.items())],
            "fills": fills,
            "snapshots": rows,
        }


def main():
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
    programs = json.dumps({"python": platform.python_version()})
    OUT.write_text(
        f'{{"programs": {programs}, "rule": "LEAN, Capacity", "start": {int(START.timestamp())},\n'
        f'"command": "python tests/golden/risk_capacity.py",\n"cases": [\n{lines}\n]}}\n'
    )


if __name__ == "__main__":
    main()
