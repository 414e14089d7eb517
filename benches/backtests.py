"""Backtests beside vectorbt, in one run on one machine: ratios, losses included, nothing asserted.

Questions:
1. An SMA cross on 100,000 bars: the last equity and the full report, from SQL over Parquet and with vectorbt from the
   same file. (The kernel alone is in backtest.rs.)
2. vectorbt's README: 1,000 symbols x 1,000 bars with random entries and exits, each symbol an account of its own, against
   vectorbt's numba engine and its Rust engine where that is installed.
3. 10,000 variants of an SMA cross on 2,500 bars: `backtest_grid` and vectorbt's broadcasting, in parts that fit in memory.
4. 500 symbols of minute bars with shared cash (`--minutes` bars each; ten years are 982,800) from a file in the order of
   time, streamed: bars per second and peak memory of the server. NautilusTrader says of itself that it streams up to
   5 million rows a second.

A ratio above 1 means that QuantLake is faster. Each figure is the best of `--repeat` runs after a warm-up, so that
numba has compiled; QuantLake is asked through psycopg and the time includes the wire.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import vectorbt as vbt
from side_by_side import best_of, make_bars, quantlake_server

Row = dict[str, object]
CASH = 100_000.0
FEES = 0.001


def connect(port: int) -> psycopg.Connection:
    return psycopg.connect(f"host=127.0.0.1 port={port} user=bench dbname=quantlake", autocommit=True)


def external(connection: psycopg.Connection, name: str, path: Path) -> None:
    connection.execute(f"CREATE EXTERNAL TABLE {name} STORED AS PARQUET WITH ORDER (symbol, ts) LOCATION '{path}'")


def engines() -> list[str]:
    """vectorbt's engines that are installed."""
    try:
        import vectorbt_rust  # noqa: F401
    except ImportError:
        return ["numba"]
    return ["numba", "rust"]


def sma_cross(connection: psycopg.Connection, folder: Path, repeat: int) -> list[Row]:
    """Question 1."""
    path = folder / "one.parquet"
    make_bars(path, 100_000, 1)
    external(connection, "one", path)
    bars = """(
        SELECT ts, symbol, open, close,
            CASE WHEN sma(close, 10) OVER w > sma(close, 30) OVER w THEN 1 ELSE 0 END AS target
        FROM one WINDOW w AS (PARTITION BY symbol ORDER BY ts)
    )"""
    last = f"SELECT equity FROM backtest({bars}, keys => 'symbol', commission => {FEES}) ORDER BY ts DESC LIMIT 1"
    report = f"SELECT metric, value FROM backtest_metrics({bars}, keys => 'symbol', commission => {FEES})"

    def portfolio() -> vbt.Portfolio:
        frame = pq.read_table(path, columns=["ts", "open", "close"]).to_pandas().set_index("ts")
        fast, slow = frame.close.rolling(10).mean(), frame.close.rolling(30).mean()
        target = pd.Series(np.where(fast > slow, 1.0, 0.0), frame.index)
        size = target.where(target.ne(target.shift())).shift()
        options = {"size_type": "targetpercent", "price": frame.open, "fees": FEES, "init_cash": CASH, "freq": "1min"}
        return vbt.Portfolio.from_orders(frame.close, size, **options)

    rows: list[Row] = []
    for what, ours, theirs in [("last equity", last, vbt.Portfolio.final_value), ("full report", report, vbt.Portfolio.stats)]:
        row: Row = {"bench": f"SMA cross, 100,000 bars, from Parquet: {what}"}
        row["quantlake"] = best_of(repeat, lambda: connection.execute(ours).fetchall())
        row["vectorbt"] = best_of(repeat, lambda: theirs(portfolio()))
        rows.append(row)
    return rows


def random_signals(connection: psycopg.Connection, folder: Path, repeat: int) -> list[Row]:
    """Question 2: signals at closes, filled at them, as the README does."""
    n = 1_000
    rng = np.random.default_rng(42)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (n, n)), axis=0))
    entries, exits = rng.random((n, n)) < 0.1, rng.random((n, n)) < 0.1
    ts = np.arange(n) * 86_400_000_000
    names = [f"S{i:04d}" for i in range(n)]
    table = pa.table(
        {
            "symbol": np.repeat(names, n),
            "ts": pa.array(np.tile(ts, n), pa.timestamp("us")),
            "close": close.T.ravel(),
            "entry_long": entries.T.ravel(),
            "exit_long": exits.T.ravel(),
        }
    )
    path = folder / "signals.parquet"
    pq.write_table(table, path)
    external(connection, "signals", path)
    ours = f"""
        SELECT sum(equity) FROM backtest(signals,
            keys => 'symbol', fill => 'same_close', commission => {FEES}, cash => {CASH})
    """
    row: Row = {"bench": "1,000 x 1,000 random signals"}
    row["quantlake"] = best_of(repeat, lambda: connection.execute(ours).fetchall())
    frame = pd.DataFrame(close, pd.to_datetime(ts, unit="us"), names)
    for engine in engines():

        def theirs(engine: str = engine) -> float:
            options = {"fees": FEES, "init_cash": CASH, "freq": "1D", "engine": engine}
            return float(vbt.Portfolio.from_signals(frame, entries, exits, **options).value().to_numpy().sum())

        row[f"vectorbt {engine}"] = best_of(repeat, theirs)
    return [row]


def grid(connection: psycopg.Connection, folder: Path, repeat: int) -> list[Row]:
    """Question 3: 100 fast x 100 slow averages."""
    path = folder / "daily.parquet"
    make_bars(path, 2_500, 1)
    external(connection, "daily", path)
    fast, slow = range(2, 102), range(110, 210)
    ours = f"""
        SELECT max(total_return) FROM backtest_grid((SELECT * FROM daily),
            strategy => CASE WHEN sma(close, fast) > sma(close, slow) THEN 1 ELSE 0 END,
            fast => range({fast.start}, {fast.stop}), slow => range({slow.start}, {slow.stop}), commission => {FEES})
    """
    close = pq.read_table(path).to_pandas().set_index("ts").close

    def theirs() -> float:
        quick = {n: close.rolling(n).mean() for n in fast}
        calm = {n: close.rolling(n).mean() for n in slow}
        best = -np.inf
        for a in fast:  # 100 variants at a time: all 10,000 would take gigabytes.
            target = pd.DataFrame({b: (quick[a] > calm[b]).astype(float) for b in slow})
            size = target.where(target.ne(target.shift())).shift()
            options = {"size_type": "targetpercent", "fees": FEES, "init_cash": CASH, "freq": "1D"}
            portfolio = vbt.Portfolio.from_orders(close, size, **options)
            best = max(best, float(portfolio.total_return().max()))
        return best

    row: Row = {"bench": "grid of 10,000 SMA crosses, 2,500 bars"}
    row["quantlake"] = best_of(repeat, lambda: connection.execute(ours).fetchall())
    row["vectorbt"] = best_of(1, theirs)
    return [row]


def write_minutes(path: Path, n_minutes: int, n_symbols: int) -> None:
    """Random walks in the order of time, 390 minutes a day, with a weight for what is above its slow average."""
    rng = np.random.default_rng(1)
    names = pa.array([f"S{i:03d}" for i in range(n_symbols)])
    close = np.full(n_symbols, 100.0)
    slow = close.copy()
    writer = None
    for start in range(0, n_minutes, 2_000):
        n = min(2_000, n_minutes - start)
        closes = close * np.exp(np.cumsum(rng.normal(0, 0.0005, (n, n_symbols)), axis=0))
        opens = np.vstack([close, closes[:-1]])
        close = closes[-1]
        weights = np.empty_like(closes)
        for i, now in enumerate(closes):
            slow += (now - slow) / 195
            weights[i] = (now > slow) / n_symbols
        minute = np.arange(start, start + n)
        ts = (minute // 390 * 1_440 + 570 + minute % 390) * 60_000_000
        columns = {
            "ts": pa.array(np.repeat(ts, n_symbols), pa.timestamp("us")),
            "symbol": pa.DictionaryArray.from_arrays(np.tile(np.arange(n_symbols, dtype=np.int32), n), names),
            "open": opens.ravel(),
            "close": closes.ravel(),
            "target": weights.ravel(),
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def minutes(connection: psycopg.Connection, folder: Path, n_minutes: int, server: psutil.Process) -> list[Row]:
    """Question 4: one account for 500 symbols."""
    n_symbols = 500
    path = folder / "minutes.parquet"
    write_minutes(path, n_minutes, n_symbols)
    connection.execute(f"CREATE EXTERNAL TABLE minutes STORED AS PARQUET WITH ORDER (ts, symbol) LOCATION '{path}'")
    ours = f"SELECT max(equity), sum(turnover) FROM backtest(minutes, commission => {FEES})"
    started = time.perf_counter()
    connection.execute(ours).fetchall()
    seconds = time.perf_counter() - started
    n_bars = n_symbols * n_minutes
    status = Path(f"/proc/{server.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 2**20
    print(f"\n{n_bars:,} minute bars of {n_symbols} symbols: {n_bars / seconds:,.0f} bars/s, peak of the server {peak:.2f} GB", flush=True)
    return [{"bench": f"{n_bars:,} minute bars, shared cash", "quantlake": seconds}]


def server_of(port: int) -> psutil.Process:
    found = [c for c in psutil.Process().children() if any(x.laddr.port == port for x in c.net_connections("tcp"))]
    return found[0]


def print_table(rows: list[Row]) -> None:
    print("\n| bench | QuantLake s | peer | peer s | ratio |\n|---|---|---|---|---|")
    for row in rows:
        ours = float(row["quantlake"])
        for peer in [k for k in row if k not in ("bench", "quantlake")]:
            seconds = float(row[peer])
            print(f"| {row['bench']} | {ours:.4f} | {peer} | {seconds:.4f} | {seconds / ours:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the quantlake binary")
    parser.add_argument("--minutes", type=int, default=20_000, help="minute bars of each symbol; ten years are 982,800")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=["sma", "signals", "grid", "minutes"])
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}, best of {args.repeat}, vectorbt {vbt.__version__}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with quantlake_server(args.binary, folder / "data", folder) as port:
            connection = connect(port)
            benches: dict[str, Callable[[], list[Row]]] = {
                "sma": lambda: sma_cross(connection, folder, args.repeat),
                "signals": lambda: random_signals(connection, folder, args.repeat),
                "grid": lambda: grid(connection, folder, args.repeat),
                "minutes": lambda: minutes(connection, folder, args.minutes, server_of(port)),
            }
            rows: list[Row] = []
            for name, bench in benches.items():
                if args.only in (None, name):
                    print(f"{name} ...", file=sys.stderr, flush=True)
                    rows += bench()
            connection.close()
    print_table(rows)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
