"""Expected values of the label functions, from programs that share no code with the engine.

Writes tests/golden/labels/:
  bars.csv              the inputs: GOOG and FB out of data/us5_daily.parquet, with a volatility
  forward.csv           forward returns by pandas
  rules_<case>.csv      triple barrier by the loop below, written from the rules in words
  mlfinpy_<case>.csv    triple barrier by mlfinpy 0.1.2, closes only
  polars_ta.csv         triple barrier by polars-ta 0.5.18, highs and lows
  versions.json         programs, versions, command

mlfinpy needs numpy < 1.27, so there are two environments:
  pip install pandas==3.1.1 numpy==2.4.6 pyarrow==26.0.1 polars==2.1.0 polars-ta==0.5.18
  python tests/golden/labels.py
  pip install mlfinpy==0.1.2
  python tests/golden/labels.py mlfinpy
The second run reads the first one's bars.csv; the rows of all files are in its order.
"""

import json
import math
import platform
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(__file__).resolve().parent / "labels"
SYMBOLS = ["GOOG", "FB"]

# Every option away from its default at least once; multiples that make ties and gaps happen.
CASES = {
    "default": {},
    "close": {"path": "close", "profit": 1.5, "stop": 0.75, "horizon": 10},
    "profit_first": {"profit": 0.5, "stop": 0.5, "horizon": 5, "tie": "profit_first", "gap": "traded"},
    "unknown": {"profit": 0.5, "stop": 0.25, "horizon": 3, "tie": "unknown", "vertical": "sign"},
    "no_stop": {"profit": 3.0, "stop": 0.0, "horizon": 60, "vertical": "sign"},
}
DEFAULTS = {
    "profit": 2.0,
    "stop": 2.0,
    "horizon": 20,
    "path": "high_low",
    "tie": "stop_first",
    "vertical": "zero",
    "gap": "barrier",
}


def bars():
    """The rows as shipped, with the standard deviation of the last 20 daily returns."""
    frame = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    frame = frame[frame["symbol"].isin(SYMBOLS)].sort_values(["symbol", "ts"]).reset_index(drop=True)
    returns = frame.groupby("symbol")["close"].transform(lambda close: close / close.shift(1) - 1.0)
    frame["volatility"] = returns.groupby(frame["symbol"]).transform(lambda r: r.rolling(20).std()).round(8)
    frame["ts"] = frame["ts"].dt.strftime("%Y-%m-%d")
    return frame[["symbol", "ts", "close", "high", "low", "volatility"]]


def rules(rows, profit, stop, horizon, path, tie, vertical, gap):
    """One symbol, one entry after the other, one later bar after the other."""
    records = rows.to_dict("records")
    labels = []
    for t, entry in enumerate(records):
        labels.append(None)
        if not entry["volatility"] > 0:
            continue
        take = entry["close"] * (1 + profit * entry["volatility"]) if profit else None
        cut = entry["close"] * (1 - stop * entry["volatility"]) if stop else None
        for bars_held in range(1, horizon + 1):
            if t + bars_held >= len(records):
                break
            later = records[t + bars_held]
            top, bottom = (later["high"], later["low"]) if path == "high_low" else (later["close"],) * 2
            at_profit = take is not None and top >= take
            at_stop = cut is not None and bottom <= cut
            if at_profit and at_stop and tie == "unknown":
                labels[t] = (None, None, bars_held, True, True)
            elif at_profit and not (at_stop and tie == "stop_first"):
                price = take if path == "high_low" else later["close"]
                if gap == "traded" and bottom > take:
                    price = bottom
                labels[t] = (1, price / entry["close"] - 1, bars_held, at_profit, at_stop)
            elif at_stop:
                price = cut if path == "high_low" else later["close"]
                if gap == "traded" and top < cut:
                    price = top
                labels[t] = (-1, price / entry["close"] - 1, bars_held, at_profit, at_stop)
            elif bars_held == horizon:
                ret = later["close"] / entry["close"] - 1
                label = 0 if vertical == "zero" or ret == 0 else int(math.copysign(1, ret))
                labels[t] = (label, ret, horizon, False, False)
            else:
                continue
            break
    return labels


def cell(value):
    """CSV text of a value: empty for unknown, 12 digits for numbers, which is below the tolerance."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}"


def write(name, header, rows):
    lines = [",".join(header)] + [",".join(cell(v) for v in row) for row in rows]
    (OUT / name).write_text("\n".join(lines) + "\n")


def by_symbol(frame, function):
    """Applies a function of one symbol's rows and joins the lists it returns."""
    return [row for symbol in frame["symbol"].unique() for row in function(frame[frame["symbol"] == symbol])]


def write_rules(frame):
    frame.to_csv(OUT / "bars.csv", index=False)
    header = ["label", "ret", "bars", "hit_profit", "hit_stop"]
    for case, options in CASES.items():
        rows = by_symbol(frame, lambda part: rules(part, **(DEFAULTS | options)))
        write(f"rules_{case}.csv", header, [row or (None,) * 5 for row in rows])


def write_forward(frame):
    def columns(part):
        close = part["close"]
        simple = close.shift(-1) / close - 1.0
        logs = close.shift(-21).map(math.log) - close.map(math.log)
        return list(zip(simple, logs))

    write("forward.csv", ["simple_1", "log_21"], by_symbol(frame, columns))


def write_polars_ta(frame):
    """Constant volatility 0.02, 10 bars; its vertical label is the sign. `d` counts the entry's bar."""
    import numpy as np
    import polars as pl
    from polars_ta.labels.future import ts_triple_barrier

    def labels(part):
        data = pl.DataFrame({name: part[name].to_numpy() for name in ("close", "high", "low")})
        barrier = ts_triple_barrier(pl.col("close"), pl.col("high"), pl.col("low"), 11, 0.04, 0.03)
        return [(v,) for v in data.select(barrier.alias("label"))["label"].to_numpy().astype(np.float64)]

    write("polars_ta.csv", ["label"], by_symbol(frame, labels))


def write_mlfinpy(frame):
    """First touches by closes: its get_bins labels by another return than it touches by, so that is left out."""
    from mlfinpy.labeling.labeling import get_events

    cases = {"symmetric": (2.0, 2.0, 10), "asymmetric": (1.5, 0.75, 20)}
    for case, (profit, stop, horizon) in cases.items():

        def touches(part):
            index = pd.DatetimeIndex(part["ts"])
            close = pd.Series(part["close"].to_numpy(), index=index)
            target = pd.Series(part["volatility"].to_numpy(), index=index).dropna()
            position = {ts: i for i, ts in enumerate(index)}
            vertical = pd.Series(index[horizon:], index=index[:-horizon]).reindex(target.index)
            # A side makes it use both multiples; without one it takes the first for both barriers.
            events = get_events(
                close, target.index, [profit, stop], target, 0.0, 1, vertical,
                side_prediction=pd.Series(1.0, index=target.index), verbose=False,
            )
            rows = [(None, None)] * len(index)
            for start, end in events["t1"].items():
                if pd.notna(end):
                    held = position[end] - position[start]
                    ret = close[end] / close[start] - 1
                    side = 1 if ret > profit * target[start] else -1 if ret < -stop * target[start] else 0
                    rows[position[start]] = (side, held)
            return rows

        write(f"mlfinpy_{case}.csv", ["label", "bars"], by_symbol(frame, touches))


def remember(programs):
    path = OUT / "versions.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    import importlib.metadata as meta

    for name in programs:
        known[name] = meta.version(name)
    known["python"] = platform.python_version()
    known["command"] = "python tests/golden/labels.py; python tests/golden/labels.py mlfinpy"
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


def main():
    OUT.mkdir(exist_ok=True)
    if "mlfinpy" in sys.argv[1:]:
        write_mlfinpy(pd.read_csv(OUT / "bars.csv"))
        remember(["mlfinpy"])
        return
    frame = bars()
    write_rules(frame)
    write_forward(frame)
    write_polars_ta(frame)
    remember(["numpy", "pandas", "polars", "polars-ta", "pyarrow"])


if __name__ == "__main__":
    main()
