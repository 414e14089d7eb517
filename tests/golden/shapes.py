"""Expected values of DeMark studies, market profile, chart and harmonic patterns, Fibonacci
levels and bars that are not of time, from their published rules.

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/shapes.py

writes to tests/golden/machines/shapes/:

* `<series>.csv`: inputs (`in:<column>`) and the values of window functions, one column for each
  call: `td_rei(period=3)`. `daily` are bars of AAPL with two holes (a missing cell, a bar whose
  high is below its low), `hourly` are bars of EURUSD, `swings` are prices that were drawn so that
  every chart and harmonic pattern occurs on both sides.
* `bars/input.csv` and `bars/<function>.csv`: rows of two symbols, and what a relation function
  makes of them.

No library has most of these rules, so each is written out here from the source that the
function's specification names, in pandas where a rolling formula says it, as a plain loop where
the rule is told bar by bar.
"""

import math
import pathlib
import re
from collections import defaultdict

import numpy as np
import pandas as pd

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests" / "golden" / "machines" / "shapes"
NAN = math.nan
VERSIONS = f"# numpy {np.__version__}, pandas {pd.__version__}; rules written out in tests/golden/shapes.py"


# --- DeMark -------------------------------------------------------------------------------------


def td_setup(b, lookback=4, target=9):
    change = b.close - b.close.shift(lookback)
    side = -np.sign(change)
    run = (side != side.shift()).cumsum()
    count = side.groupby(run).cumcount() + 1
    return side * count.clip(upper=target)


def completed_setups(b, lookback, target):
    """(bar, side) of every bar whose uncapped count is the target."""
    count = td_setup(b, lookback, 10**9)
    return [(t, int(np.sign(c))) for t, c in enumerate(count) if abs(c) == target]


def true_high(b):
    return b.high.combine(b.close.shift(), lambda h, c: h if math.isnan(c) else max(h, c))


def true_low(b):
    return b.low.combine(b.close.shift(), lambda l, c: l if math.isnan(c) else min(l, c))


def held(n, events):
    """The last value at or before each bar."""
    values = pd.Series(NAN, index=range(n))
    for t, value in events:
        values[t] = value
    return values.ffill()


def tdst(b, lookback=4, target=9):
    th, tl = true_high(b), true_low(b)
    done = completed_setups(b, lookback, target)
    top = [(t, th[t - target + 1 : t + 1].max()) for t, side in done if side > 0]
    bottom = [(t, tl[t - target + 1 : t + 1].min()) for t, side in done if side < 0]
    return {"resistance": held(len(b), top), "support": held(len(b), bottom)}


def td_risk_level(b, lookback=4, target=9):
    spread = true_high(b) - true_low(b)
    buys, sales = [], []
    for t, side in completed_setups(b, lookback, target):
        bars = slice(t - target + 1, t + 1)
        if side > 0:
            i = b.low[bars].idxmin()
            buys.append((t, b.low[i] - spread[i]))
        else:
            i = b.high[bars].idxmax()
            sales.append((t, b.high[i] + spread[i]))
    return {"buy_stop": held(len(b), buys), "sell_stop": held(len(b), sales)}


def countdown(b, setup_lookback, setup_target, lookback, target, combo):
    """Mirrors prices for sales, so that only the buy side is told."""
    n = len(b)
    done = dict(completed_setups(b, setup_lookback, setup_target))
    out = pd.Series(NAN, index=range(n))
    views = {1: (b.low, b.close), -1: (-b.high, -b.close)}
    active, counted = 0, []

    def counts(t):
        low, close = views[active]
        if t < lookback or close[t] > low[t - lookback]:
            return False
        if combo:
            return low[t] <= low[t - 1] and close[t] < close[t - 1] and (not counted or close[t] < close[counted[-1]])
        eighth = target - 5
        if len(counted) + 1 == target and eighth >= 1:
            return low[t] <= close[counted[eighth - 1]]
        return True

    for t in range(n):
        if t in done and done[t] != active:
            active, counted = done[t], []
            for earlier in range(t - setup_target + 1, t) if combo else ():
                if len(counted) < target and counts(earlier):
                    counted.append(earlier)
        if active and len(counted) < target and counts(t):
            counted.append(t)
        if t >= max(setup_lookback, lookback):
            out[t] = active * len(counted)
        if len(counted) == target:
            active, counted = 0, []
    return out


def td_countdown(b, setup_lookback=4, setup_target=9, lookback=2, target=13):
    return countdown(b, setup_lookback, setup_target, lookback, target, False)


def td_combo(b, setup_lookback=4, setup_target=9, lookback=2, target=13):
    return countdown(b, setup_lookback, setup_target, lookback, target, True)


def td_sequential(b, setup_lookback=4, setup_target=9, lookback=2, target=13):
    count = td_countdown(b, setup_lookback, setup_target, lookback, target)
    setup = td_setup(b, setup_lookback, setup_target).fillna(0.0).where(count.notna())
    # The setup is told from the first bar at which the whole struct is known.
    return {"setup": setup, "countdown": count}


def demarker(b, period=14):
    up = b.high.diff().clip(lower=0).rolling(period).apply(math.fsum)
    down = (-b.low.diff()).clip(lower=0).rolling(period).apply(math.fsum)
    return up / (up + down)


def td_rei(b, period=5):
    h, l, c = b.high, b.low, b.close
    up, down = h - h.shift(2), l - l.shift(2)
    one = (h.shift(2) >= c.shift(7)) | (h.shift(2) >= c.shift(8)) | (h >= l.shift(5)) | (h >= l.shift(6))
    two = (l.shift(2) <= c.shift(7)) | (l.shift(2) <= c.shift(8)) | (l <= h.shift(5)) | (l <= h.shift(6))
    moved = (up + down).where(one & two, 0.0).where(c.shift(8).notna())
    total = (up.abs() + down.abs()).where(c.shift(8).notna())
    return 100 * moved.rolling(period).apply(math.fsum) / total.rolling(period).apply(math.fsum)


def td_pressure(b, period=5):
    spread = b.high - b.low
    pressed = ((b.close - b.open) / spread).where(spread > 0, 0.0) * b.volume
    return 100 * pressed.rolling(period).apply(math.fsum) / b.volume.rolling(period).apply(math.fsum)


def signals(up, down, first):
    values = up.astype(float) - down.astype(float)
    values[:first] = NAN
    return values


def td_camouflage(b):
    c, before = b.close, b.close.shift()
    up = (c < before) & (c > b.open) & (b.low < true_low(b).shift(2))
    down = (c > before) & (c < b.open) & (b.high > true_high(b).shift(2))
    return signals(up, down, 3)


def td_clop(b):
    o, c = b.open.shift(), b.close.shift()
    up = (b.open < o) & (b.open < c) & (b.high > o) & (b.high > c)
    down = (b.open > o) & (b.open > c) & (b.low < o) & (b.low < c)
    return signals(up, down, 1)


def td_clopwin(b):
    body = pd.concat([b.open, b.close], axis=1).shift()
    inside = pd.concat([b.open, b.close], axis=1)
    within = (inside.min(axis=1) >= body.min(axis=1)) & (inside.max(axis=1) <= body.max(axis=1))
    return signals(within & (b.close > b.close.shift()), within & (b.close < b.close.shift()), 1)


def td_trap(b):
    h, l = b.high.shift(), b.low.shift()
    inside = (b.open > l) & (b.open < h)
    return signals(inside & (b.high > h), inside & (b.low < l), 1)


def td_open(b):
    h, l = b.high.shift(), b.low.shift()
    return signals((b.open < l) & (b.high > l), (b.open > h) & (b.low < h), 1)


def td_differential(b):
    buying, selling = b.close - true_low(b), true_high(b) - b.close
    d = b.close.diff()
    up = (d < 0) & (d.shift() < 0) & (buying > buying.shift()) & (selling < selling.shift())
    down = (d > 0) & (d.shift() > 0) & (buying < buying.shift()) & (selling > selling.shift())
    return signals(up, down, 2)


def td_range_projection(b):
    extra = np.where(b.close < b.open, b.low, np.where(b.close > b.open, b.high, b.close))
    x = b.high + b.low + b.close + extra
    return {"high": x / 2 - b.low, "low": x / 2 - b.high}


def td_moving_average(b, period=5, lookback=12):
    first = max(lookback, period - 1)

    def side(price, called):
        lives = called.astype(float).rolling(4, min_periods=1).max() > 0
        mean = price.rolling(period).apply(lambda w: math.fsum(w) / period)
        values = mean.where(lives)
        values[:first] = NAN
        return values

    up = b.low > b.low.shift().rolling(lookback).max()
    down = b.high < b.high.shift().rolling(lookback).min()
    return {"support": side(b.low, up), "resistance": side(b.high, down)}


# --- market profile -----------------------------------------------------------------------------


class Profile:
    def __init__(self, b, n, by_time):
        self.low, self.n = b.low.min(), n
        self.width = (b.high.max() - self.low) / n
        self.bins = np.zeros(n)
        for h, l, v in zip(b.high, b.low, b.volume):
            first, last = self.index(l), self.index(h)
            self.bins[first : last + 1] += 1.0 if by_time else v / (last - first + 1)

    def index(self, price):
        return 0 if self.width == 0 else min(int(math.floor((price - self.low) / self.width)), self.n - 1)

    def poc(self):
        heavy = [i for i in range(self.n) if self.bins[i] == self.bins.max()]
        return min(heavy, key=lambda i: (abs(i - (self.n - 1) / 2), i))

    def area(self, share):
        first = last = self.poc()
        while self.bins[first : last + 1].sum() < share * self.bins.sum() * (1 - 1e-12):
            above = self.bins[last + 1] if last + 1 < self.n else -1
            below = self.bins[first - 1] if first > 0 else -1
            first, last = (first, last + 1) if above >= below else (first - 1, last)
        return first, last

    def middle(self, i):
        return self.low + (i + 0.5) * self.width

    def edge(self, i):
        return self.low + i * self.width


def profiles(b, period, bins, by_time, fields, read):
    rows = []
    for t in range(len(b)):
        part = b.iloc[max(0, t - period + 1) : t + 1]
        known = len(part) == period and (by_time or part.volume.sum() > 0)
        rows.append(read(Profile(part, bins, by_time)) if known else [NAN] * len(fields))
    return {f: pd.Series([r[i] for r in rows]) for i, f in enumerate(fields)}


def area_levels(p, share):
    first, last = p.area(share)
    return [p.middle(p.poc()), p.edge(last + 1), p.edge(first)]


def value_area(b, period=20, bins=50, share=0.7):
    return profiles(b, period, bins, False, ["poc", "vah", "val"], lambda p: area_levels(p, share))


def tpo_value_area(b, period=30, bins=50, share=0.7):
    b = b.assign(volume=0.0)
    return profiles(b, period, bins, True, ["poc", "vah", "val"], lambda p: area_levels(p, share))


def volume_nodes(b, period=20, bins=50):
    def read(p):
        traded = [i for i in range(p.n) if p.bins[i] > 0]
        return [p.middle(p.poc()), p.middle(min(traded, key=lambda i: (p.bins[i], i)))]

    return profiles(b, period, bins, False, ["hvn", "lvn"], read)


def profile_shape(b, period=20, bins=50):
    third = bins // 3
    read = lambda p: [float(p.poc() >= bins - third) - float(p.poc() < third)]
    return profiles(b, period, bins, False, ["x"], read)["x"]


def single_prints(b, period=20, bins=50):
    b = b.assign(volume=0.0)
    return profiles(b, period, bins, True, ["x"], lambda p: [float((p.bins == 1).sum())])["x"]


def naked_poc(b, session="day", bins=50, utc_offset=0.0):
    ts = pd.to_datetime(b.ts, unit="us") + pd.Timedelta(hours=utc_offset)
    key = {"day": ts.dt.date, "week": ts.dt.to_period("W-SUN"), "month": ts.dt.to_period("M")}[session]
    key = key.astype(str).tolist()
    out, naked, first = [], [], 0
    for t in range(len(b)):
        if key[t] != key[first]:
            part = b.iloc[first:t]
            if part.volume.sum() > 0:
                p = Profile(part, bins, False)
                naked.append(p.middle(p.poc()))
            first = t
        naked = [p for p in naked if not b.low[t] <= p <= b.high[t]]
        out.append(min(naked, key=lambda p: (abs(p - b.close[t]), p)) if naked else NAN)
    return pd.Series(out)


# --- candlesticks -------------------------------------------------------------------------------


def tweezer(b, tolerance=0.001):
    def level(x):
        return (x - x.shift()).abs() <= tolerance * pd.concat([x.abs(), x.shift().abs()], axis=1).max(axis=1)

    bottom, top = level(b.low), level(b.high)
    return signals(bottom, top & ~bottom, 1)


def bowl(close, period, sign):
    def found(w):
        i = int(np.argmin(w))
        return float(period // 4 <= i < period - period // 4 and w[-1] > w[0])

    return sign * (sign * close).rolling(period).apply(found, raw=True) + 0.0


def fry_pan_bottom(b, period=10):
    return bowl(b.close, period, 1)


def dumpling_top(b, period=10):
    return bowl(b.close, period, -1)


def new_price_lines(b, count=8):
    d = b.close.diff()
    return signals((d < 0).rolling(count).sum() == count, (d > 0).rolling(count).sum() == count, 1)


def tower_top_bottom(b, max_pause=5, period=10):
    body = b.close - b.open
    is_long = body.abs() > body.abs().rolling(period).apply(lambda w: w.sum() / period).shift()
    out = pd.Series(0.0, index=b.index)
    for t in range(period + 2, len(b)):
        for pause in range(1, max_pause + 1):
            base = t - pause - 1
            if base < period or not is_long[t] or not is_long[base] or is_long[base + 1 : t].any():
                continue
            if body[base] * body[t] < 0:
                out[t] = np.sign(body[t])
    out[: period + 2] = NAN
    return out


# --- swings -------------------------------------------------------------------------------------


def swings(b, threshold):
    """[(bar of confirmation, bar of the extreme, price, +1 for a high)]"""
    found = []
    side, price, at = 1, b.high[0], 0
    for t in range(1, len(b)):
        ahead, behind = (b.high[t], b.low[t]) if side > 0 else (b.low[t], b.high[t])
        if (ahead - price) * side > 0:
            price, at = ahead, t
        elif (price - behind) * side > 0 and (price - behind) * side >= threshold * abs(price):
            found.append((t, at, price, side))
            side, price, at = -side, behind, t
    return found


def level(a, b, tolerance):
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


def at_swings(b, threshold, n, found):
    """found(prices, bars, side of the last) at confirmations, 0 between, unknown before the n-th."""
    all_swings = swings(b, threshold)
    out = pd.Series(NAN, index=b.index)
    if len(all_swings) >= n:
        out[all_swings[n - 1][0] :] = 0.0
    for k in range(n, len(all_swings) + 1):
        part = all_swings[k - n : k]
        out[part[-1][0]] = float(found([s[2] for s in part], [s[1] for s in part], part[-1][3]))
    return out


def double_top_bottom(b, threshold=0.05, tolerance=0.03):
    return at_swings(b, threshold, 3, lambda p, _, side: -side * level(p[0], p[2], tolerance))


def triple_top_bottom(b, threshold=0.05, tolerance=0.03):
    return at_swings(b, threshold, 5, lambda p, _, side: -side * level(min(p[::2]), max(p[::2]), tolerance))


def head_and_shoulders(b, threshold=0.05, tolerance=0.03):
    def found(p, _, side):
        head = side * p[2] > side * p[0] and side * p[2] > side * p[4]
        return -side * (head and level(p[0], p[4], tolerance) and level(p[1], p[3], tolerance))

    return at_swings(b, threshold, 5, found)


def high_low(p, side):
    return ((p[1], p[3]), (p[0], p[2])) if side > 0 else ((p[0], p[2]), (p[1], p[3]))


def triangle_pattern(b, threshold=0.05, tolerance=0.03):
    def found(p, _, side):
        (h1, h2), (l1, l2) = high_low(p, side)
        flat_h, flat_l = level(h1, h2, tolerance), level(l1, l2, tolerance)
        if flat_h and not flat_l and l2 > l1:
            return 1
        if flat_l and not flat_h and h2 < h1:
            return -1
        return -side if not flat_h and not flat_l and h2 < h1 and l2 > l1 else 0

    return at_swings(b, threshold, 4, found)


def wedge_pattern(b, threshold=0.05):
    def found(p, bars, side):
        (h1, h2), (l1, l2) = high_low(p, side)
        (hb1, hb2), (lb1, lb2) = high_low(bars, side)
        high, low = (h2 - h1) / (hb2 - hb1), (l2 - l1) / (lb2 - lb1)
        return -1 if 0 < high < low else 1 if high < low < 0 else 0

    return at_swings(b, threshold, 4, found)


def rectangle_pattern(b, threshold=0.05, tolerance=0.03):
    return at_swings(b, threshold, 4, lambda p, _, side: -side * (level(p[0], p[2], tolerance) and level(p[1], p[3], tolerance)))


def flag_pennant(b, threshold=0.05, max_retrace=0.5):
    return at_swings(b, threshold, 3, lambda p, _, side: -side * (abs(p[2] - p[1]) < max_retrace * abs(p[1] - p[0])))


def cup_and_handle(b, threshold=0.05, tolerance=0.03, max_handle=0.5):
    def found(p, _, side):
        return -side * (level(p[0], p[2], tolerance) and abs(p[2] - p[3]) < max_handle * abs(p[2] - p[1]))

    return at_swings(b, threshold, 4, found)


def harmonic(windows):
    """A five-point pattern from {legs: window}, e.g. {"AB/XA": (0.382, 0.618)}."""

    def function(b, threshold=0.05):
        def found(p, _, side):
            points = dict(zip("XABCD", p))
            length = lambda leg: abs(points[leg[1]] - points[leg[0]])
            ratio = lambda legs: length(legs[:2]) / length(legs[3:])
            return -side * all(low <= ratio(legs) <= high for legs, (low, high) in windows.items())

        return at_swings(b, threshold, 5, found)

    return function


BC = {"BC/AB": (0.382, 0.886)}
harmonic_gartley = harmonic({"AB/XA": (0.55, 0.70), **BC, "CD/BC": (1.13, 1.618), "AD/XA": (0.74, 0.84)})
harmonic_bat = harmonic({"AB/XA": (0.382, 0.50), **BC, "CD/BC": (1.618, 2.618), "AD/XA": (0.84, 0.93)})
harmonic_butterfly = harmonic({"AB/XA": (0.74, 0.84), **BC, "CD/BC": (1.618, 2.618), "AD/XA": (1.27, 1.618)})
harmonic_crab = harmonic({"AB/XA": (0.382, 0.618), **BC, "CD/BC": (2.24, 3.618), "AD/XA": (1.55, 1.65)})
harmonic_shark = harmonic({"BC/AB": (1.13, 1.618), "CD/BC": (1.618, 2.24), "AD/XA": (0.886, 1.13)})
harmonic_cypher = harmonic({"AB/XA": (0.382, 0.618), "XC/XA": (1.272, 1.414), "CD/XC": (0.74, 0.83)})


def harmonic_abcd(b, threshold=0.05):
    def found(p, _, side):
        ab, bc, cd = np.abs(np.diff(p))
        return -side * (0.382 <= bc / ab <= 0.886 and 1.13 <= cd / bc <= 2.618 and level(ab, cd, 0.1))

    return at_swings(b, threshold, 4, found)


def harmonic_three_drives(b, threshold=0.05):
    def found(p, _, side):
        r = np.abs(np.diff(p))
        r = r[1:] / r[:-1]
        corrections = all(0.55 <= x <= 0.84 for x in r[0::2])
        return -side * (corrections and all(1.13 <= x <= 1.75 for x in r[1::2]))

    return at_swings(b, threshold, 6, found)


# --- Fibonacci ----------------------------------------------------------------------------------


def by_swings(b, threshold, keep, least, fields, value):
    """value(last swings, bar) at every bar from the `least`-th confirmation on."""
    all_swings = swings(b, threshold)
    out = {f: pd.Series(NAN, index=b.index) for f in fields}
    for t in b.index:
        known = [s for s in all_swings if s[0] <= t]
        if len(known) >= least:
            for f, v in zip(fields, value(known[-keep:], t)):
                out[f][t] = v
    return out


BACK = [0, 0.236, 0.382, 0.5, 0.618, 0.786, 1]
BACK_FIELDS = ["level_0", "level_236", "level_382", "level_500", "level_618", "level_786", "level_1000"]


def fib_retracement(b, threshold=0.05):
    return by_swings(b, threshold, 2, 2, BACK_FIELDS, lambda s, t: [(1 - r) * s[1][2] + r * s[0][2] for r in BACK])


def auto_fib(b, threshold=0.05, legs=5):
    def value(s, t):
        start, end = max(zip(s, s[1:]), key=lambda leg: (abs(leg[0][2] - leg[1][2]), leg[1][0]))
        return [(1 - r) * end[2] + r * start[2] for r in BACK]

    return by_swings(b, threshold, legs + 1, 2, BACK_FIELDS, value)


def fib_extension(b, threshold=0.05):
    fields = ["level_1272", "level_1414", "level_1618", "level_2000", "level_2618"]
    ratios = [1.272, 1.414, 1.618, 2, 2.618]
    return by_swings(b, threshold, 2, 2, fields, lambda s, t: [(1 - r) * s[0][2] + r * s[1][2] for r in ratios])


def fib_projection(b, threshold=0.05):
    fields = ["level_618", "level_1000", "level_1618", "level_2618"]
    return by_swings(b, threshold, 3, 3, fields, lambda s, t: [s[2][2] + r * (s[1][2] - s[0][2]) for r in [0.618, 1, 1.618, 2.618]])


def golden_pocket(b, threshold=0.05):
    def value(s, t):
        zone = [s[1][2] - r * (s[1][2] - s[0][2]) for r in [0.618, 0.65]]
        return [min(zone), sum(zone) / 2, max(zone)]

    return by_swings(b, threshold, 2, 2, ["low", "mid", "high"], value)


def fib_confluence(b, threshold=0.05, legs=5, tolerance=0.03):
    def value(s, t):
        levels = [e[2] + r * (a[2] - e[2]) for a, e in zip(s, s[1:]) for r in [0.382, 0.5, 0.618]]
        clusters = [[x for x in levels if level(x, centre, tolerance)] for centre in levels]
        best = max(enumerate(clusters), key=lambda c: (len(c[1]), c[0]))[1]
        return [sum(best) / len(best), len(best)]

    return by_swings(b, threshold, legs + 1, 3, ["price", "strength"], value)


def fib_fan(b, threshold=0.05):
    def value(s, t):
        (_, b0, p0, _), (_, b1, p1, _) = s
        # The line through (b0, p0) and the retracement level at b1.
        return [p0 + (p1 + r * (p0 - p1) - p0) / (b1 - b0) * (t - b0) for r in [0.382, 0.5, 0.618]]

    return by_swings(b, threshold, 2, 2, ["fan_382", "fan_500", "fan_618"], value)


def fib_arcs(b, threshold=0.05):
    def value(s, t):
        (_, b0, p0, _), (_, b1, p1, _) = s
        x = (t - b1) / (b1 - b0)
        # In units of the leg the base line is sqrt(2) long; the circle cuts it at the share r.
        radii = [r * math.sqrt(2) for r in [0.382, 0.5, 0.618]]
        return [p1 + (p0 - p1) * math.sqrt(q * q - x * x) if q >= abs(x) else NAN for q in radii]

    return by_swings(b, threshold, 2, 2, ["arc_382", "arc_500", "arc_618"], value)


def fib_channel(b, threshold=0.05):
    def value(s, t):
        bars, prices = [x[1] for x in s], [x[2] for x in s]
        line = lambda bar: np.interp(bar, [bars[0], bars[2]], [prices[0], prices[2]])
        base = prices[2] + (prices[2] - prices[0]) / (bars[2] - bars[0]) * (t - bars[2])
        return [base + r * (prices[1] - line(bars[1])) for r in [0, 0.618, 1, 1.618]]

    return by_swings(b, threshold, 3, 3, ["base", "level_618", "level_1000", "level_1618"], value)


def fib_time_zones(b, threshold=0.05):
    numbers = [1, 2]
    while numbers[-1] < 10**6:
        numbers.append(numbers[-1] + numbers[-2])

    def value(s, t):
        distance = t - s[-1][1]
        return [float(distance in numbers), next(z for z in numbers if z > distance) - distance]

    return by_swings(b, threshold, 1, 1, ["on_zone", "bars_to_next"], value)


# --- bars that are not of time ------------------------------------------------------------------


def renko_bars(close, brick):
    """Bricks as (row, open, high, low, close), one after another on the grid of the first close."""
    k, side, out = 0, 0, []
    price = lambda k: close[0] + k * brick
    eps = 1e-9 * brick
    for t, c in enumerate(close):
        while True:
            if side >= 0 and c >= price(k + 1) - eps:
                step, start = 1, k
            elif side <= 0 and c <= price(k - 1) + eps:
                step, start = -1, k
            elif side > 0 and c <= price(k - 2) + eps:
                step, start = -1, k - 1
            elif side < 0 and c >= price(k + 2) - eps:
                step, start = 1, k + 1
            else:
                break
            k, side = start + step, step
            out.append((t, price(start), max(price(start), price(k)), min(price(start), price(k)), price(k)))
    return out


def range_bars(close, range):
    out, o = [], close[0]
    high = low = o
    for t, c in enumerate(close):
        while max(high, c) - min(low, c) >= range * (1 - 1e-9):
            end = low + range if c - low >= range * (1 - 1e-9) else high - range
            out.append((t, o, max(high, end), min(low, end), end))
            o = high = low = end
        high, low = max(high, c), min(low, c)
    return out


def kagi_bars(close, reversal, unit="price"):
    out, turns = [], [close[0]]
    extreme = close[0]
    for t, c in enumerate(close):
        side = np.sign(extreme - turns[-1])
        amount = reversal if unit == "price" else reversal / 100 * abs(extreme)
        if side == 0 or side * (c - extreme) > 0:
            extreme = c
        elif side * (extreme - c) >= amount:
            out.append((t, turns[-1], max(turns[-1], extreme), min(turns[-1], extreme), extreme))
            turns.append(extreme)
            extreme = c
    return out


def point_and_figure_bars(close, box, reversal=3):
    floor = lambda c: math.floor(c / box + 1e-9)
    ceil = lambda c: math.ceil(c / box - 1e-9)
    out, side, bottom, top = [], 0, floor(close[0]), ceil(close[0])
    for t, c in enumerate(close):
        if side == 0:
            if floor(c) > bottom:
                side, top = 1, floor(c)
            elif ceil(c) < top:
                side, bottom = -1, ceil(c)
        elif side > 0 and floor(c) > top:
            top = floor(c)
        elif side < 0 and ceil(c) < bottom:
            bottom = ceil(c)
        elif side > 0 and top - ceil(c) >= reversal:
            out.append((t, bottom * box, top * box, bottom * box, top * box))
            side, bottom, top = -1, ceil(c), top - 1
        elif side < 0 and floor(c) - bottom >= reversal:
            out.append((t, top * box, top * box, bottom * box, bottom * box))
            side, bottom, top = 1, bottom + 1, floor(c)
    return out


def line_break_bars(close, lines=3):
    chart, out = [], []
    for t, c in enumerate(close):
        edges = [e for line in chart[-lines:] for e in line] or [close[0]]
        if not chart:
            line = (close[0], c) if c != close[0] else None
        else:
            start, end = chart[-1]
            on = np.sign(end - start)
            if on * (c - end) > 0:
                line = (end, c)
            elif (on > 0 and c < min(edges)) or (on < 0 and c > max(edges)):
                line = (start, c)
            else:
                line = None
        if line:
            chart.append(line)
            out.append((t, line[0], max(line), min(line), line[1]))
    return out


def with_rows(rows, lines):
    """Adds start, volume, value, count and direction to bars that prices made."""
    per_row = defaultdict(list)
    for line in lines:
        per_row[line[0]].append(line)
    first, bars = 0, []
    for t in sorted(per_row):
        part, n = rows.iloc[first : t + 1], len(per_row[t])
        volume, value = part.volume.sum(skipna=False), (part.close * part.volume).sum(skipna=False)
        for i, (_, o, h, l, c) in enumerate(per_row[t]):
            start = part.ts.iloc[0] if i == 0 else rows.ts[t]
            bars.append([start, rows.ts[t], o, h, l, c, volume / n, value / n, len(part) if i == 0 else 0, int(np.sign(c - o))])
        first = t + 1
    return bars


def by_price(rule):
    def function(rows, **constants):
        rows = rows[rows.close.notna()].reset_index(drop=True)
        return with_rows(rows, rule(rows.close.tolist(), **constants))

    return function


def by_trading(weight_of, reach):
    """Bars of rows cut where reach(weights, sides of the rows so far) says so."""

    def function(rows, weight="tick", **size):
        (size,) = size.values()
        weigh = weight_of or {"tick": lambda r: 1.0, "volume": lambda r: r.volume, "dollar": lambda r: r.close * r.volume}[weight]
        needs_volume = weight != "tick" or weight_of in (BY_VOLUME, BY_VALUE)
        rows = rows[rows.close.notna() & (rows.volume.notna() | (not needs_volume))].reset_index(drop=True)
        side = np.sign(rows.close.diff()).replace(0, NAN).ffill().fillna(0)
        bars, first = [], 0
        for t in range(len(rows)):
            part = rows.iloc[first : t + 1]
            weights = [weigh(r) for r in part.itertuples()]
            ended = reach(weights, side[first : t + 1].tolist(), size)
            if ended is not None:
                high = part[["open", "high", "low", "close"]].max(axis=1).max()
                low = part[["open", "high", "low", "close"]].min(axis=1).min()
                o, c = part.open.iloc[0], part.close.iloc[-1]
                direction = ended or int(np.sign(c - o))
                volume, value = part.volume.sum(skipna=False), (part.close * part.volume).sum(skipna=False)
                bars.append([part.ts.iloc[0], part.ts.iloc[-1], o, high, low, c, volume, value, len(part), direction])
                first = t + 1
        return bars

    return function


def full(weights, sides, size):
    return 0 if sum(weights) >= size else None


def led(weights, sides, size):
    lead = sum(w * s for w, s in zip(weights, sides))
    return int(np.sign(lead)) if abs(lead) >= size else None


def reached(weights, sides, size):
    bought, sold = (sum(w for w, s in zip(weights, sides) if s == x) for x in (1, -1))
    return int(np.sign(bought - sold)) if max(bought, sold) >= size else None


BY_VOLUME, BY_VALUE = (lambda r: r.volume), (lambda r: r.close * r.volume)
BAR_CALLS = [
    ("renko_bars", {"brick": 1.0}, by_price(renko_bars)),
    ("range_bars", {"range": 1.5}, by_price(range_bars)),
    ("kagi_bars", {"reversal": 2.0}, by_price(kagi_bars)),
    ("kagi_bars", {"reversal": 4.0, "unit": "percent"}, by_price(kagi_bars)),
    ("point_and_figure_bars", {"box": 0.5, "reversal": 3}, by_price(point_and_figure_bars)),
    ("line_break_bars", {"lines": 3}, by_price(line_break_bars)),
    ("tick_bars", {"ticks": 7}, by_trading(lambda r: 1.0, full)),
    ("volume_bars", {"volume": 3e7}, by_trading(BY_VOLUME, full)),
    ("dollar_bars", {"value": 1e9}, by_trading(BY_VALUE, full)),
    ("imbalance_bars", {"threshold": 3.0}, by_trading(None, led)),
    ("imbalance_bars", {"threshold": 2e7, "weight": "volume"}, by_trading(None, led)),
    ("run_bars", {"threshold": 4.0}, by_trading(None, reached)),
    ("run_bars", {"threshold": 5e8, "weight": "dollar"}, by_trading(None, reached)),
]
BAR_COLUMNS = ["start_ts", "end_ts", "open", "high", "low", "close", "volume", "value", "n_rows", "direction"]


# --- files --------------------------------------------------------------------------------------


def text(value):
    return "" if value is None or not math.isfinite(value) else f"{value:.15g}"


def write_csv(path, columns, comments=()):
    lines = [VERSIONS, *comments, ",".join(columns)]
    lines += [",".join(text(v) for v in row) for row in zip(*columns.values())]
    path.write_text("\n".join(lines) + "\n")


def present(table, inputs):
    """The rows that are bars, as the function sees them."""
    rows = table[inputs].notna().all(axis=1)
    b = table.reindex(columns=["open", "high", "low", "close", "volume", "ts"]).copy()
    for column in b.columns:
        if column not in inputs:
            b[column] = NAN
    b["close"] = b.close.fillna((b.high + b.low) / 2)
    b["open"] = b.open.fillna(b.close)
    body = b[["open", "close"]]
    b["high"] = b.high.where(b.high.notna(), body.max(axis=1))
    b["low"] = b.low.where(b.low.notna(), body.min(axis=1))
    b["volume"] = b.volume.fillna(0.0)
    rows &= (b.high >= body.max(axis=1)) & (b.low <= body.min(axis=1))
    return b[rows].reset_index(drop=True), np.flatnonzero(rows)


def column_of(name, inputs, table, constants):
    """{title: cells} of one call."""
    b, rows = present(table, inputs)
    result = globals()[name](b, **constants)
    given = ";".join(f"{k}={v}" for k, v in constants.items())
    title = f"{name}({given})" if given else name
    fields = result if isinstance(result, dict) else {"": result}
    columns = {}
    for field, values in fields.items():
        cells = np.full(len(table), NAN)
        cells[rows] = values.to_numpy(dtype=float)
        columns[f"{title}.{field}" if field else title] = cells
    return columns


HLC, OHLC, HLV = ["high", "low", "close"], ["open", "high", "low", "close"], ["high", "low", "volume"]
HL, C = ["high", "low"], ["close"]
SHORT = {"setup_lookback": 2, "setup_target": 3, "lookback": 1, "target": 7}
SESSION = ["ts", "high", "low", "close", "volume"]
DAILY = [
    ("td_setup", C, {}),
    ("td_setup", C, {"lookback": 2, "target": 4}),
    ("tdst", HLC, {}),
    ("tdst", HLC, {"lookback": 2, "target": 4}),
    ("td_risk_level", HLC, {}),
    ("td_risk_level", HLC, {"lookback": 2, "target": 4}),
    ("td_sequential", HLC, {}),
    ("td_sequential", HLC, SHORT),
    ("td_countdown", HLC, {}),
    ("td_countdown", HLC, SHORT),
    ("td_combo", HLC, {}),
    ("td_combo", HLC, SHORT),
    ("demarker", HL, {}),
    ("td_rei", HLC, {}),
    ("td_pressure", OHLC + ["volume"], {}),
    ("td_camouflage", OHLC, {}),
    ("td_clop", OHLC, {}),
    ("td_clopwin", ["open", "close"], {}),
    ("td_trap", ["open", "high", "low"], {}),
    ("td_open", ["open", "high", "low"], {}),
    ("td_differential", HLC, {}),
    ("td_range_projection", OHLC, {}),
    ("td_moving_average", HL, {}),
    ("value_area", HLV, {}),
    ("value_area", HLV, {"period": 10, "bins": 24, "share": 0.4}),
    ("tpo_value_area", HL, {}),
    ("volume_nodes", HLV, {}),
    ("profile_shape", HLV, {}),
    ("profile_shape", HLV, {"period": 12, "bins": 10}),
    ("single_prints", HL, {}),
    ("naked_poc", SESSION, {"session": "week", "bins": 10}),
    ("naked_poc", SESSION, {"session": "month"}),
    ("tweezer", HL, {}),
    ("tweezer", HL, {"tolerance": 0.005}),
    ("fry_pan_bottom", C, {}),
    ("dumpling_top", C, {}),
    ("new_price_lines", C, {}),
    ("new_price_lines", C, {"count": 3}),
    ("tower_top_bottom", ["open", "close"], {}),
    ("fib_retracement", HL, {}),
    ("auto_fib", HL, {}),
    ("fib_extension", HL, {}),
    ("fib_projection", HL, {}),
    ("golden_pocket", HL, {}),
    ("fib_confluence", HL, {}),
    ("fib_fan", HL, {}),
    ("fib_arcs", HL, {}),
    ("fib_channel", HL, {}),
    ("fib_time_zones", HL, {}),
]
HOURLY = [("naked_poc", SESSION, {"session": "day", "utc_offset": -5}), ("auto_fib", HL, {"threshold": 0.004, "legs": 3})]
CHARTS = [
    "double_top_bottom",
    "triple_top_bottom",
    "head_and_shoulders",
    "triangle_pattern",
    "wedge_pattern",
    "rectangle_pattern",
    "flag_pennant",
    "cup_and_handle",
]
HARMONICS = ["abcd", "gartley", "bat", "butterfly", "crab", "shark", "cypher", "three_drives"]

# Legs of each pattern as prices, from the side that ends in a low.
SHAPES = [
    [200, 150, 180, 130],
    [100, 200, 138, 172, 122],
    [100, 200, 155, 185, 112],
    [100, 200, 121, 170, 70],
    [100, 200, 145, 187, 40],
    [100, 200, 150, 215, 98],
    [100, 200, 150, 235, 129],
    [200, 150, 185, 137, 170, 125],
    [120, 100, 121, 101],
    [120, 100, 121, 101, 120, 100],
    [125, 100, 115, 85, 116, 101],
    [120, 100, 119, 111],
    [140, 100, 128, 101],
    [140, 100, 120, 97],
    [100, 140, 126],
    [120, 100, 121, 114],
]


def drawn_prices(seed):
    """Every shape and its mirror image one after another, four bars a leg, with a little noise."""
    random = np.random.default_rng(seed)
    points = [150.0]
    for shape in SHAPES:
        points += [float(p) for p in shape] + [points[-1]]
        points += [300.0 - p for p in shape] + [150.0]
    path = np.interp(np.arange(4 * (len(points) - 1) + 1) / 4, np.arange(len(points)), points)
    path = np.round(path * (1 + random.normal(0, 0.001, len(path))), 4)
    wick = np.round(np.abs(random.normal(0, 0.1, (2, len(path)))), 4)
    return pd.DataFrame({"high": np.round(path + wick[0], 4), "low": np.round(path - wick[1], 4)})


def bars_of(file, symbol, rows):
    table = pd.read_parquet(ROOT / "data" / file)
    if "symbol" in table and symbol:
        table = table[table.symbol == symbol]
    table = table.sort_values("ts").iloc[rows].reset_index(drop=True)
    table["ts"] = pd.to_datetime(table.ts).astype("datetime64[us]").astype("int64").astype(float)
    table["volume"] = table.volume.astype(float)
    return table[["open", "high", "low", "close", "volume", "ts"]]


def write_windows(name, table, calls):
    columns = {f"in:{c}": table[c].tolist() for c in table}
    for function, inputs, constants in calls:
        columns.update(column_of(function, inputs, table, constants))
    write_csv(TARGET / f"{name}.csv", columns)


def write_call(folder, call, columns):
    """Named after the function and its text constants; the call stands in the file."""
    name = "_".join([call.split("(")[0], *re.findall(r"=([a-z]+)", call)])
    write_csv(folder / f"{name}.csv", columns, [f"# call {call}"])


def write_bars():
    symbols = {"A": bars_of("us5_daily.parquet", "MSFT", slice(0, 120)), "B": bars_of("us5_daily.parquet", "IBM", slice(300, 420))}
    symbols["B"].loc[40, "volume"] = NAN
    symbols["B"].loc[50, "close"] = NAN
    symbols["A"].loc[20, ["open", "high", "low"]] = symbols["A"].close[20]
    folder = TARGET / "bars"
    folder.mkdir(parents=True, exist_ok=True)
    both = pd.concat([t.assign(symbol=float(i)) for i, t in enumerate(symbols.values())])
    write_csv(folder / "input.csv", {c: both[c].tolist() for c in ["symbol", "ts", "open", "high", "low", "close", "volume"]})
    for name, constants, function in BAR_CALLS:
        rows = [[float(i), *bar] for i, t in enumerate(symbols.values()) for bar in function(t, **constants)]
        given = ";".join(f"{k}={v}" for k, v in constants.items())
        columns = {c: [float(r[i]) for r in rows] for i, c in enumerate(["symbol", *BAR_COLUMNS])}
        write_call(folder, f"{name}({given})", columns)
    write_profile(folder, symbols)


def write_profile(folder, symbols):
    for by in ["volume", "time"]:
        rows = []
        for i, table in enumerate(symbols.values()):
            b = table[table[["high", "low", "volume"]].notna().all(axis=1)]
            volumes, marks = Profile(b, 20, False), Profile(b, 20, True)
            p = marks if by == "time" else volumes
            first, last = p.area(0.7)
            for k in range(20):
                row = [i, k + 1, p.edge(k), p.edge(k + 1), volumes.bins[k], marks.bins[k], k == p.poc(), first <= k <= last]
                rows.append([float(x) for x in row])
        names = ["symbol", "step", "price_low", "price_high", "volume", "bars", "is_poc", "in_value_area"]
        write_call(folder, f"volume_profile(bins=20;by={by})", {c: [r[i] for r in rows] for i, c in enumerate(names)})


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    daily = bars_of("us5_daily.parquet", "AAPL", slice(100, 400))
    daily.loc[150, "close"] = NAN
    daily.loc[200, "high"] = daily.low[200] - 1
    write_windows("daily", daily, DAILY)
    write_windows("hourly", bars_of("eurusd_1h.parquet", None, slice(0, 250)), HOURLY)
    drawn = [(n, HL, {}) for n in CHARTS] + [(f"harmonic_{n}", HL, {}) for n in HARMONICS]
    drawn += [("wedge_pattern", HL, {"threshold": 0.002}), ("triangle_pattern", HL, {"threshold": 0.01, "tolerance": 0.01})]
    write_windows("swings", drawn_prices(7), drawn)
    write_bars()


if __name__ == "__main__":
    main()
