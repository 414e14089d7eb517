"""Expected double tops and bottoms, by brute force from the rules in words.

Tops and bottoms are written out apart, with true prices and percentages; every pair of bars is
tried, and every window is looked at as a whole. The engine mirrors prices for bottoms and walks
back once from each pivot, so the two share nothing but the rules.

Writes tests/golden/patterns/:
  adjusted.csv   defaults, the five symbols of data/us5_daily.parquet, adjusted prices
  raw.csv        other parameters, prices as traded, no volume, forming patterns too
  eurusd.csv     parameters for hourly bars, data/eurusd_1h.parquet
  versions.json  programs, versions, command

  pip install pandas==3.1.1 numpy==2.4.6 pyarrow==26.0.1
  python tests/golden/patterns.py
"""

import importlib.metadata as meta
import json
import math
import platform
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(__file__).resolve().parent / "patterns"

DEFAULTS = {
    "pivot_bars": 5,
    "tolerance": 0.03,
    "min_depth": 0.05,
    "min_bars": 10,
    "max_bars": 120,
    "min_trend": 1.5,
    "trend_bars": 120,
    "confirm_within": 60,
    "stop_margin": 0.01,
}
RAW = {"pivot_bars": 3, "tolerance": 0.015, "min_depth": 0.03, "min_bars": 6, "max_bars": 60,
       "min_trend": 0.5, "trend_bars": 40, "confirm_within": 15, "stop_margin": 0.03}
EURUSD = {"pivot_bars": 8, "tolerance": 0.002, "min_depth": 0.004, "min_bars": 12, "max_bars": 240,
          "min_trend": 1.0, "trend_bars": 240, "confirm_within": 120, "stop_margin": 0.0}


def is_swing_high(high, i, span):
    """Above the bars before, at least as high as the bars after, all of which have to be there."""
    if i < span or i + span >= len(high):
        return False
    return high[i] > high[i - span:i].max() and high[i] >= high[i + 1:i + span + 1].max()


def is_swing_low(low, i, span):
    if i < span or i + span >= len(low):
        return False
    return low[i] < low[i - span:i].min() and low[i] <= low[i + 1:i + span + 1].min()


def rise_into_top(bars, a, trend_bars):
    """Out of the lowest low of the bars before that do not exceed the top."""
    high, low = bars["high"], bars["low"]
    reach = [i for i in range(max(0, a - trend_bars), a) if high[i:a].max() <= high[a]]
    return high[a] - min([low[i] for i in reach], default=high[a])


def fall_into_bottom(bars, a, trend_bars):
    high, low = bars["high"], bars["low"]
    reach = [i for i in range(max(0, a - trend_bars), a) if low[i:a].min() >= low[a]]
    return max([high[i] for i in reach], default=low[a]) - low[a]


def top_between(bars, a, c, p):
    """The double top of two swing highs, or None."""
    high, low = bars["high"], bars["low"]
    b = a + 1 + int(np.argmin(low[a + 1:c]))
    lower, upper = sorted((high[a], high[c]))
    height = upper - low[b]
    good = (
        high[a + 1:b + 1].max() <= high[a]
        and high[b:c].max() <= high[c]
        and (upper - lower) / upper <= p["tolerance"]
        and (lower - low[b]) / lower >= p["min_depth"]
        and rise_into_top(bars, a, p["trend_bars"]) >= p["min_trend"] * height
    )
    if not good:
        return None
    target = low[b] - height
    return {
        "a": a, "b": b, "c": c, "first": high[a], "second": high[c], "neckline": low[b], "height": height,
        "target": target if target > 0 else None, "stop": upper * (1 + p["stop_margin"]),
        "gap": (upper - lower) / upper,
    }


def bottom_between(bars, a, c, p):
    """The double bottom of two swing lows, or None."""
    high, low = bars["high"], bars["low"]
    b = a + 1 + int(np.argmax(high[a + 1:c]))
    lower, upper = sorted((low[a], low[c]))
    height = high[b] - lower
    good = (
        low[a + 1:b + 1].min() >= low[a]
        and low[b:c].min() >= low[c]
        and (upper - lower) / upper <= p["tolerance"]
        and (high[b] - upper) / upper >= p["min_depth"]
        and fall_into_bottom(bars, a, p["trend_bars"]) >= p["min_trend"] * height
    )
    if not good:
        return None
    return {
        "a": a, "b": b, "c": c, "first": low[a], "second": low[c], "neckline": high[b], "height": height,
        "target": high[b] + height, "stop": lower * (1 - p["stop_margin"]), "gap": (upper - lower) / upper,
    }


def score(bars, shape, p):
    """Mean of equal levels, height out of 8 true ranges, a central middle, fading volume."""
    a, b, c = shape["a"], shape["b"], shape["c"]
    ranges = [
        max(bars["high"][i], bars["close"][i - 1]) - min(bars["low"][i], bars["close"][i - 1])
        for i in range(a, c + 1)
    ]
    parts = [
        1 - shape["gap"] / p["tolerance"],
        min(1.0, shape["height"] / (8 * np.mean(ranges))),
        1 - abs((b - a) - (c - b)) / (c - a),
    ]
    span = p["pivot_bars"]
    if "volume" in bars:
        around = [bars["volume"][i - span:i + span + 1].mean() for i in (a, c)]
        if sum(around) > 0:
            parts.append(around[0] / sum(around))
    return sum(parts) / len(parts)


def decide(bars, pattern, shape, p):
    """The state of a known pattern and the bar at which it got there."""
    known = shape["c"] + p["pivot_bars"]
    for i in range(known, known + p["confirm_within"] + 1):
        if i == len(bars["close"]):
            return "forming", None
        if pattern == "double_top":
            wrong, right = bars["high"][i] > shape["stop"], bars["close"][i] < shape["neckline"]
        else:
            wrong, right = bars["low"][i] < shape["stop"], bars["close"][i] > shape["neckline"]
        if wrong:
            return "failed", i
        if right:
            return "confirmed", i
    return "expired", known + p["confirm_within"]


def events_of(bars, pattern, p):
    """All patterns of one kind: for each second extreme the best first one, each middle once."""
    is_pivot, extreme, between = {
        "double_top": (is_swing_high, "high", top_between),
        "double_bottom": (is_swing_low, "low", bottom_between),
    }[pattern]
    n = len(bars["close"])
    pivots = [i for i in range(n) if is_pivot(bars[extreme], i, p["pivot_bars"])]
    taken = set()
    for c in pivots:
        found = [
            between(bars, a, c, p) for a in pivots if p["min_bars"] <= c - a <= p["max_bars"]
        ]
        found = [shape for shape in found if shape and shape["b"] not in taken]
        if found:
            best = max(found, key=lambda shape: (score(bars, shape, p), shape["a"]))
            taken.add(best["b"])
            status, decided = decide(bars, pattern, best, p)
            yield best | {
                "pattern": pattern, "direction": -1 if pattern == "double_top" else 1, "status": status,
                "known": c + p["pivot_bars"], "decided": decided, "score": score(bars, best, p),
            }


COLUMNS = ["symbol", "pattern", "direction", "first_ts", "first_price", "middle_ts", "middle_price", "second_ts",
           "second_price", "known_ts", "event_ts", "status", "neckline", "target", "stop", "height", "score"]


def table(frame, p, with_forming):
    """The rows of pattern_events: by symbol and time of decision, undecided ones last."""
    rows = []
    for symbol, part in frame.groupby("symbol", sort=True):
        part = part.sort_values("ts")
        bars = {name: part[name].to_numpy(float) for name in part.columns if name not in ("symbol", "ts")}
        ts = part["ts"].dt.strftime("%Y-%m-%d %H:%M").to_numpy()
        events = [e for pattern in ("double_top", "double_bottom") for e in events_of(bars, pattern, p)]
        events = [e for e in events if with_forming or e["decided"] is not None]
        events.sort(key=lambda e: (math.inf if e["decided"] is None else e["decided"], e["known"]))
        for e in events:
            rows.append([
                symbol, e["pattern"], e["direction"], ts[e["a"]], e["first"], ts[e["b"]], e["neckline"], ts[e["c"]],
                e["second"], ts[e["known"]], None if e["decided"] is None else ts[e["decided"]], e["status"],
                e["neckline"], e["target"], e["stop"], e["height"], e["score"],
            ])
    return pd.DataFrame(rows, columns=COLUMNS)


def adjusted(frame):
    """Prices times adj_close / close, the way the test's query writes it."""
    factor = frame["adj_close"] / frame["close"]
    return frame.assign(high=frame["high"] * factor, low=frame["low"] * factor, close=frame["close"] * factor)


def main():
    OUT.mkdir(exist_ok=True)
    us5 = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    eurusd = pd.read_parquet(ROOT / "data" / "eurusd_1h.parquet")
    bars = ["symbol", "ts", "high", "low", "close"]
    files = {
        "adjusted.csv": table(adjusted(us5)[[*bars, "volume"]], DEFAULTS, False),
        "raw.csv": table(us5[bars], RAW, True),
        "eurusd.csv": table(eurusd[[*bars, "volume"]], EURUSD, True),
    }
    for name, events in files.items():
        events.to_csv(OUT / name, index=False, float_format="%.14g")
    versions = {name: meta.version(name) for name in ("numpy", "pandas", "pyarrow")}
    versions |= {"python": platform.python_version(), "command": "python tests/golden/patterns.py"}
    (OUT / "versions.json").write_text(json.dumps(versions, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
