"""Sixty indicators over many symbols, from Parquet to one number per indicator: QuantLake beside
polars-talib, DuckDB's SQL windows and TA-Lib called per symbol from pandas.

Every engine reduces each indicator to its sum, so that all values are computed and none has to
travel or be kept. Each peer runs in a process of its own, so that its peak memory is its own; times
exclude the start of the interpreter and imports. polars is asked in both ways its users write
(`over("symbol")` per indicator, and `group_by("symbol").agg(...)`), DuckDB only for those
indicators that SQL windows can express, on which QuantLake is measured once more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from side_by_side import make_bars, quantlake_server

# function of TA-Lib, its inputs, its constants; in SQL the same name, with ta_ before built-ins
INPUTS = {"c": "close", "o": "open", "h": "high", "l": "low", "v": "volume"}
BUILTIN = {"max", "min", "sum", "stddev", "var"}
INDICATORS: list[tuple[str, str, tuple[int, ...]]] = [
    *[("sma", "c", (n,)) for n in (5, 10, 20, 50, 100, 200)],
    *[("ema", "c", (n,)) for n in (5, 12, 26, 50, 100, 200)],
    *[("wma", "c", (n,)) for n in (10, 20)],
    *[("dema", "c", (n,)) for n in (10, 20)],
    *[("tema", "c", (n,)) for n in (10, 20)],
    *[("kama", "c", (n,)) for n in (30,)],
    *[("trima", "c", (n,)) for n in (20,)],
    *[("rsi", "c", (n,)) for n in (7, 14, 21)],
    *[("cmo", "c", (n,)) for n in (14,)],
    *[("mom", "c", (n,)) for n in (1, 10, 60)],
    *[("roc", "c", (n,)) for n in (1, 5, 10)],
    *[("trix", "c", (n,)) for n in (15,)],
    *[("max", "h", (n,)) for n in (20, 60)],
    *[("min", "l", (n,)) for n in (20, 60)],
    *[("sum", "v", (n,)) for n in (20,)],
    *[("stddev", "c", (n,)) for n in (20, 60)],
    *[("var", "c", (n,)) for n in (20,)],
    *[("linearreg", "c", (n,)) for n in (14,)],
    *[("linearreg_slope", "c", (n,)) for n in (14,)],
    *[("tsf", "c", (n,)) for n in (14,)],
    *[("atr", "hlc", (n,)) for n in (7, 14)],
    *[("natr", "hlc", (n,)) for n in (14,)],
    *[("adx", "hlc", (n,)) for n in (14,)],
    *[("plus_di", "hlc", (n,)) for n in (14,)],
    *[("minus_di", "hlc", (n,)) for n in (14,)],
    *[("cci", "hlc", (n,)) for n in (14,)],
    *[("willr", "hlc", (n,)) for n in (14,)],
    *[("mfi", "hlcv", (n,)) for n in (14,)],
    *[("aroonosc", "hl", (n,)) for n in (14,)],
    *[("midpoint", "c", (n,)) for n in (14,)],
    *[("midprice", "hl", (n,)) for n in (14,)],
    *[("beta", "hl", (n,)) for n in (5,)],
    *[("correl", "hl", (n,)) for n in (30,)],
    ("obv", "cv", ()),
    ("ad", "hlcv", ()),
    ("trange", "hlc", ()),
    ("bop", "ohlc", ()),
]

# The same numbers in DuckDB's SQL, where its windows have them.
DUCK = {
    "sma": "avg({0}) OVER (w ROWS {p} PRECEDING)",
    "max": "max({0}) OVER (w ROWS {p} PRECEDING)",
    "min": "min({0}) OVER (w ROWS {p} PRECEDING)",
    "sum": "sum({0}) OVER (w ROWS {p} PRECEDING)",
    "stddev": "stddev_pop({0}) OVER (w ROWS {p} PRECEDING)",
    "var": "var_pop({0}) OVER (w ROWS {p} PRECEDING)",
    "mom": "{0} - lag({0}, {n}) OVER w",
    "roc": "100 * ({0} / lag({0}, {n}) OVER w - 1)",
    "midpoint": "(max({0}) OVER (w ROWS {p} PRECEDING) + min({0}) OVER (w ROWS {p} PRECEDING)) / 2",
}


def columns(inputs: str) -> list[str]:
    return [INPUTS[letter] for letter in inputs]


def ours(subset: list[tuple[str, str, tuple[int, ...]]]) -> str:
    calls = []
    for i, (name, inputs, constants) in enumerate(subset):
        sql = f"ta_{name}" if name in BUILTIN else name
        arguments = ", ".join([*columns(inputs), *map(str, constants)])
        calls.append(f"{sql}({arguments}) OVER w AS i{i}")
    sums = ", ".join(f"sum(i{i})" for i in range(len(subset)))
    return f"SELECT {sums} FROM (SELECT {', '.join(calls)} FROM bars WINDOW w AS (PARTITION BY symbol ORDER BY ts)) t"


def duck_sql(path: str, subset: list[tuple[str, str, tuple[int, ...]]]) -> str:
    calls = []
    for i, (name, inputs, constants) in enumerate(subset):
        n = constants[0]
        calls.append(f"{DUCK[name].format(*columns(inputs), n=n, p=n - 1)} AS i{i}")
    sums = ", ".join(f"sum(i{i})" for i in range(len(subset)))
    return (
        f"SELECT {sums} FROM (SELECT {', '.join(calls)} FROM read_parquet('{path}') "
        "WINDOW w AS (PARTITION BY symbol ORDER BY ts)) t"
    )


def expressible() -> list[tuple[str, str, tuple[int, ...]]]:
    return [i for i in INDICATORS if i[0] in DUCK]


def peer_polars(path: str, grouped: bool) -> list[float]:
    import polars as pl
    import polars_talib as plta

    calls = [getattr(plta, name)(*map(pl.col, columns(inputs)), *constants) for name, inputs, constants in INDICATORS]
    started = time.perf_counter()
    bars = pl.scan_parquet(path)
    if grouped:
        sums = [call.fill_nan(None).sum().alias(f"i{i}") for i, call in enumerate(calls)]
        result = bars.group_by("symbol").agg(sums).select(pl.exclude("symbol").sum()).collect()
    else:
        sums = [call.over("symbol").fill_nan(None).sum().alias(f"i{i}") for i, call in enumerate(calls)]
        result = bars.select(sums).collect()
    print(json.dumps({"seconds": time.perf_counter() - started}))
    return list(result.row(0))


def peer_pandas(path: str) -> list[float]:
    import numpy as np
    import pandas as pd
    import talib

    # TA-Lib knows sixty-four-bit floats; constants by position, as its functions take them.
    functions = [(getattr(talib, name.upper()), columns(inputs), constants) for name, inputs, constants in INDICATORS]
    started = time.perf_counter()
    sums = [0.0] * len(functions)
    for _, bars in pd.read_parquet(path).groupby("symbol", sort=False):
        arrays = {name: bars[name].to_numpy() for name in INPUTS.values()}
        for i, (function, names, constants) in enumerate(functions):
            sums[i] += np.nansum(function(*(arrays[n] for n in names), *constants))
    print(json.dumps({"seconds": time.perf_counter() - started}))
    return sums


def peer_duckdb(path: str) -> list[float]:
    import duckdb

    connection = duckdb.connect()
    started = time.perf_counter()
    row = connection.execute(duck_sql(path, expressible())).fetchone()
    print(json.dumps({"seconds": time.perf_counter() - started}))
    return list(row)


PEERS = {
    "polars-talib, over": lambda path: peer_polars(path, grouped=False),
    "polars-talib, group_by": lambda path: peer_polars(path, grouped=True),
    "TA-Lib from pandas": peer_pandas,
    "DuckDB": peer_duckdb,
}


def run_peer(name: str, path: Path, repeat: int) -> dict[str, float]:
    """Seconds of the best run and the peak memory of a process that does nothing else."""
    best, peak, sums = float("inf"), 0.0, []
    for _ in range(repeat):
        process = subprocess.Popen([sys.executable, __file__, "--peer", name, "--path", str(path)], stdout=subprocess.PIPE, text=True)
        lines = process.stdout.read().splitlines()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            return {"seconds": float("nan"), "gigabytes": usage.ru_maxrss / 2**20, "sums": []}
        best = min(best, json.loads(lines[0])["seconds"])
        sums = json.loads(lines[1])
        peak = max(peak, usage.ru_maxrss / 2**20)
    return {"seconds": best, "gigabytes": peak, "sums": sums}


def run_ours(binary: str, folder: Path, bars: Path, repeat: int) -> dict[str, dict[str, float]]:
    import psycopg

    data = folder / "data"
    subprocess.run([binary, "-q", "import", "--data", data, "--table", "bars", bars], check=True)
    results = {}
    for name, subset in {"60": INDICATORS, "expressible": expressible()}.items():
        with quantlake_server(binary, data, folder) as port:
            connection = psycopg.connect(f"host=127.0.0.1 port={port} user=bench dbname=quantlake", autocommit=True)
            seconds, sums = [], []
            for _ in range(repeat):
                started = time.perf_counter()
                sums = list(connection.execute(ours(subset)).fetchone())
                seconds.append(time.perf_counter() - started)
            plan = connection.execute("EXPLAIN ANALYZE " + ours(subset)).fetchall()
            results[name] = {"seconds": min(seconds), "gigabytes": server_peak(binary), "sums": sums, "plan": plan[-1][-1]}
            connection.close()
    return results


def server_peak(binary: str) -> float:
    """Peak resident memory of the running server, in gigabytes."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text().split("\0")
            if command[0] == binary and "serve" in command:
                status = (process / "status").read_text()
                return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 2**20
        except OSError:
            continue
    return float("nan")


def disagreements(name: str, subset: list[tuple[str, str, tuple[int, ...]]], mine: list[float], theirs: list[float]) -> None:
    for indicator, a, b in zip(subset, mine, theirs):
        if abs(a - b) > 1e-6 * max(abs(a), abs(b), 1.0):
            print(f"note: {name} gives another sum of {indicator}: {b!r}, QuantLake {a!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", help="the quantlake binary")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--symbols", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    parser.add_argument("--bars", type=Path, help="a file made by an earlier run")
    args = parser.parse_args()
    if args.peer:
        print(json.dumps([float(v) for v in PEERS[args.peer](args.path)]))
        return
    assert len(INDICATORS) == 60, len(INDICATORS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bars = args.bars or folder / "bars.parquet"
        if not bars.exists():
            make_bars(bars, args.rows, args.symbols)
        mine = run_ours(args.binary, folder, bars, args.repeat)
        print(f"{args.rows} rows x {args.symbols} symbols, {os.cpu_count()} cores, best of {args.repeat}\n")
        print("| indicators | engine | s | ns per row and indicator | peak GB | times QuantLake |\n|---|---|---|---|---|---|")
        for label, key, peers in [
            ("60", "60", ["polars-talib, over", "polars-talib, group_by", "TA-Lib from pandas"]),
            (f"{len(expressible())} as SQL windows", "expressible", ["DuckDB"]),
        ]:
            subset = INDICATORS if key == "60" else expressible()
            rows = {"QuantLake": mine[key]} | {peer: run_peer(peer, bars, args.repeat) for peer in peers}
            for engine, row in rows.items():
                per_value = row["seconds"] * 1e9 / args.rows / len(subset)
                ratio = row["seconds"] / mine[key]["seconds"]
                print(f"| {label} | {engine} | {row['seconds']:.2f} | {per_value:.2f} | {row['gigabytes']:.2f} | {ratio:.2f} |", flush=True)
                disagreements(engine, subset, mine[key]["sums"], row["sums"])
        window = next(line for line in mine["60"]["plan"].splitlines() if "SeriesWindowExec" in line)
        print("\nThe window operator's own figures:", window[window.index("metrics="):])


if __name__ == "__main__":
    main()
