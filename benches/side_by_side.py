"""Measures QuantLake beside its peers, in one run on one machine, and prints ratios.

Questions:
1. 30 indicators over N rows of 500 symbols, from Parquet to a result: QuantLake, polars with
   polars-talib, DuckDB SQL windows (only the indicators that SQL windows can express).
2. An SMA-cross backtest on one long series: QuantLake, vectorbt.
3. One million rows to a Python client: QuantLake, PostgreSQL 15.

A ratio above 1 means that QuantLake is faster. Each figure is the best of `--repeat` runs after a
warm-up; peers run with their defaults (all cores).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

# name in the result, QuantLake SQL, polars-talib expression, DuckDB SQL or None
INDICATORS: list[tuple[str, str, str, str | None]] = [
    ("sma_10", "sma(close, 10) OVER w", "sma(c, 10)", "avg(close) OVER (w ROWS 9 PRECEDING)"),
    ("sma_20", "sma(close, 20) OVER w", "sma(c, 20)", "avg(close) OVER (w ROWS 19 PRECEDING)"),
    ("sma_50", "sma(close, 50) OVER w", "sma(c, 50)", "avg(close) OVER (w ROWS 49 PRECEDING)"),
    ("max_20", "ta_max(high, 20) OVER w", "max(h, 20)", "max(high) OVER (w ROWS 19 PRECEDING)"),
    ("min_20", "ta_min(low, 20) OVER w", "min(l, 20)", "min(low) OVER (w ROWS 19 PRECEDING)"),
    ("sum_20", "ta_sum(volume, 20) OVER w", "sum(v, 20)", "sum(volume) OVER (w ROWS 19 PRECEDING)"),
    ("stddev_20", "ta_stddev(close, 20) OVER w", "stddev(c, 20)", "stddev_pop(close) OVER (w ROWS 19 PRECEDING)"),
    ("mom_10", "mom(close, 10) OVER w", "mom(c, 10)", "close - lag(close, 10) OVER w"),
    ("roc_10", "roc(close, 10) OVER w", "roc(c, 10)", "100 * (close / lag(close, 10) OVER w - 1)"),
    ("obv", "obv(close, volume) OVER w", "obv(c, v)", None),
    ("ema_12", "ema(close, 12) OVER w", "ema(c, 12)", None),
    ("ema_26", "ema(close, 26) OVER w", "ema(c, 26)", None),
    ("dema_20", "dema(close, 20) OVER w", "dema(c, 20)", None),
    ("tema_20", "tema(close, 20) OVER w", "tema(c, 20)", None),
    ("wma_20", "wma(close, 20) OVER w", "wma(c, 20)", None),
    ("kama_30", "kama(close, 30) OVER w", "kama(c, 30)", None),
    ("rsi_7", "rsi(close, 7) OVER w", "rsi(c, 7)", None),
    ("rsi_14", "rsi(close, 14) OVER w", "rsi(c, 14)", None),
    ("rsi_21", "rsi(close, 21) OVER w", "rsi(c, 21)", None),
    ("cmo_14", "cmo(close, 14) OVER w", "cmo(c, 14)", None),
    ("trix_15", "trix(close, 15) OVER w", "trix(c, 15)", None),
    ("atr_14", "atr(high, low, close, 14) OVER w", "atr(h, l, c, 14)", None),
    ("natr_14", "natr(high, low, close, 14) OVER w", "natr(h, l, c, 14)", None),
    ("adx_14", "adx(high, low, close, 14) OVER w", "adx(h, l, c, 14)", None),
    ("cci_14", "cci(high, low, close, 14) OVER w", "cci(h, l, c, 14)", None),
    ("willr_14", "willr(high, low, close, 14) OVER w", "willr(h, l, c, 14)", None),
    ("mfi_14", "mfi(high, low, close, volume, 14) OVER w", "mfi(h, l, c, v, 14)", None),
    ("ad", "ad(high, low, close, volume) OVER w", "ad(h, l, c, v)", None),
    ("aroonosc_14", "aroonosc(high, low, 14) OVER w", "aroonosc(h, l, 14)", None),
    ("linearreg_14", "linearreg(close, 14) OVER w", "linearreg(c, 14)", None),
]


def talib_expression(text: str) -> pl.Expr:
    """Turns `atr(h, l, c, 14)` into the polars-talib expression."""
    import polars_talib as plta

    name, rest = text.rstrip(")").split("(")
    args = [a.strip() for a in rest.split(",")]
    columns = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
    series = [pl.col(columns[a]) for a in args if a in columns]
    periods = [int(a) for a in args if a not in columns]
    return getattr(plta, name)(*series, *periods)


def best_of(repeat: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of `repeat` runs, after one warm-up."""
    work()
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def make_bars(path: Path, n_rows: int, n_symbols: int) -> None:
    """Writes random-walk bars sorted by symbol and time."""
    per_symbol = n_rows // n_symbols
    rng = np.random.default_rng(7)
    schema = None
    writer = None
    for i in range(n_symbols):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, per_symbol)))
        open_ = close * (1 + rng.normal(0, 0.002, per_symbol))
        table = pa.table(
            {
                "symbol": pa.array([f"S{i:04d}"] * per_symbol),
                "ts": pa.array(np.arange(per_symbol) * 60_000_000, pa.timestamp("us")),
                "open": open_,
                "high": np.maximum(open_, close) * 1.002,
                "low": np.minimum(open_, close) * 0.998,
                "close": close,
                "volume": rng.uniform(1e3, 1e6, per_symbol),
            }
        )
        schema = schema or table.schema
        writer = writer or pq.ParquetWriter(path, schema)
        writer.write_table(table, row_group_size=per_symbol)
    writer.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def quantlake_server(binary: str, data: Path, allowed: Path) -> Iterator[int]:
    """A QuantLake server on a free port."""
    port = free_port()
    command = [binary, "serve", "--data", str(data), "--listen", f"127.0.0.1:{port}", "--trust-loopback", "--allow-path", str(allowed)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            sys.exit("the server ended at once")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the server does not accept connections")


def bench_indicators(port: int, bars: Path, repeat: int) -> list[dict[str, object]]:
    """Question 1. Every engine reduces each column to its sum, so that all values are computed
    and none has to travel."""
    results = []
    subsets = {"30 indicators": INDICATORS, "the 9 that SQL windows express": [i for i in INDICATORS if i[3]]}
    connection = psycopg.connect(f"host=127.0.0.1 port={port} user=bench dbname=quantlake", autocommit=True)
    connection.execute(f"CREATE EXTERNAL TABLE bench_bars STORED AS PARQUET WITH ORDER (symbol, ts) LOCATION '{bars}'")
    duck = duckdb.connect()
    for name, subset in subsets.items():
        columns = ", ".join(f"{sql} AS {n}" for n, sql, _, _ in subset)
        sums = ", ".join(f"sum({n})" for n, *_ in subset)
        ours = f"SELECT {sums} FROM (SELECT {columns} FROM bench_bars WINDOW w AS (PARTITION BY symbol ORDER BY ts)) t"
        row = {
            "bench": f"indicators: {name}",
            "quantlake": best_of(repeat, lambda: connection.execute(ours).fetchall()),
            "polars-talib": best_of(repeat, lambda: polars_sums(bars, subset)),
        }
        if all(i[3] for i in subset):
            columns = ", ".join(f"{sql} AS {n}" for n, _, _, sql in subset)
            theirs = (
                f"SELECT {sums} FROM (SELECT {columns} FROM read_parquet('{bars}') "
                "WINDOW w AS (PARTITION BY symbol ORDER BY ts)) t"
            )
            row["duckdb"] = best_of(repeat, lambda: duck.execute(theirs).fetchall())
        results.append(row)
    connection.close()
    return results


def polars_sums(bars: Path, subset: list[tuple[str, str, str, str | None]]) -> pl.DataFrame:
    # OBV and AD need a double volume, which it is; `over` keeps partitions apart.
    columns = [talib_expression(expr).over("symbol").fill_nan(None).sum().alias(n) for n, _, expr, _ in subset]
    return pl.scan_parquet(bars).select(columns).collect()


def bench_backtest(port: int, folder: Path, repeat: int) -> list[dict[str, object]]:
    """Question 2: SMA 10/30 cross, all in or flat, 0.1 % fees, fills at the next open."""
    import pandas as pd
    import vectorbt as vbt

    n_rows = 100_000
    path = folder / "one.parquet"
    make_bars(path, n_rows, 1)
    frame = pq.read_table(path).to_pandas().set_index("ts")
    connection = psycopg.connect(f"host=127.0.0.1 port={port} user=bench dbname=quantlake", autocommit=True)
    connection.execute(f"CREATE EXTERNAL TABLE one STORED AS PARQUET WITH ORDER (symbol, ts) LOCATION '{path}'")
    ours = """
        SELECT value FROM backtest_metrics((
            SELECT ts, symbol, open, high, low, close,
                   CASE WHEN sma(close, 10) OVER w > sma(close, 30) OVER w THEN 1 ELSE 0 END AS target
            FROM one WINDOW w AS (PARTITION BY symbol ORDER BY ts)
        ), commission => 0.001) WHERE metric = 'end_equity'
    """

    def theirs() -> float:
        frame = pq.read_table(path).to_pandas().set_index("ts")
        fast, slow = frame.close.rolling(10).mean(), frame.close.rolling(30).mean()
        target = pd.Series(np.where(fast > slow, 1.0, 0.0), frame.index)
        size = target.where(target.ne(target.shift()), np.nan).shift()
        portfolio = vbt.Portfolio.from_orders(
            frame.close, size, size_type="targetpercent", price=frame.open, fees=0.001, init_cash=100_000, freq="1min"
        )
        return float(portfolio.final_value())

    return [
        {
            "bench": f"SMA cross backtest, {n_rows} bars, from Parquet",
            "quantlake": best_of(repeat, lambda: connection.execute(ours).fetchall()),
            "vectorbt": best_of(repeat, theirs),
        }
    ]


@contextmanager
def postgres_server(folder: Path) -> Iterator[int | None]:
    """PostgreSQL with its defaults on a free port; None where it is not installed."""
    tools = postgres_tools()
    if tools is None:
        yield None
        return
    data = folder / "pg"
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data.mkdir()
    if user:
        shutil.chown(data, "postgres")
        folder.chmod(0o755)
    subprocess.run([*user, tools / "initdb", "-D", data, "-A", "trust", "-U", "bench"], check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    command = [*user, tools / "postgres", "-D", data, "-p", str(port), "-k", "", "-h", "127.0.0.1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        time.sleep(1)
        yield port
    finally:
        process.terminate()
        process.wait()


def postgres_tools() -> Path | None:
    for folder in [Path("/usr/lib/postgresql/15/bin"), Path("/usr/local/bin")]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def bench_wire(port: int, bars: Path, folder: Path, repeat: int) -> list[dict[str, object]]:
    """Question 3: one million rows of seven columns, text and binary, through psycopg."""
    query = "SELECT symbol, ts, open, high, low, close, volume FROM wire"
    ours = psycopg.connect(f"host=127.0.0.1 port={port} user=bench dbname=quantlake", autocommit=True)
    ours.execute("CREATE TABLE wire AS SELECT * FROM bench_bars LIMIT 1000000")
    results = []
    with postgres_server(folder) as pg_port:
        theirs = None
        if pg_port is not None:
            theirs = psycopg.connect(f"host=127.0.0.1 port={pg_port} user=bench dbname=postgres", autocommit=True)
            theirs.execute(
                "CREATE TABLE wire (symbol text, ts timestamp, open float8, high float8, low float8, close float8, volume float8)"
            )
            with theirs.cursor().copy("COPY wire FROM STDIN") as copy:
                for row in ours.execute(query):
                    copy.write_row(row)
            theirs.execute("VACUUM ANALYZE wire")
        for binary in [False, True]:
            row = {
                "bench": f"1,000,000 rows to psycopg, {'binary' if binary else 'text'}",
                "quantlake": best_of(repeat, lambda: ours.cursor(binary=binary).execute(query).fetchall()),
            }
            if theirs is not None:
                row["postgresql 15"] = best_of(repeat, lambda: theirs.cursor(binary=binary).execute(query).fetchall())
            results.append(row)
    return results


def print_table(results: list[dict[str, object]]) -> None:
    print("\n| bench | QuantLake s | peer | peer s | ratio |\n|---|---|---|---|---|")
    for row in results:
        ours = float(row["quantlake"])
        for peer, seconds in row.items():
            if peer not in ("bench", "quantlake"):
                print(f"| {row['bench']} | {ours:.3f} | {peer} | {float(seconds):.3f} | {float(seconds) / ours:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the quantlake binary")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    print(f"{args.rows} rows x {args.symbols} symbols, {os.cpu_count()} cores, {platform.processor() or platform.machine()}, best of {args.repeat}")
    print(f"duckdb {duckdb.__version__}, polars {pl.__version__}, psycopg {psycopg.__version__}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bars = folder / "bars.parquet"
        make_bars(bars, args.rows, args.symbols)
        with quantlake_server(args.binary, folder / "data", folder) as port:
            results = []
            for name, bench in {
                "indicators": lambda: bench_indicators(port, bars, args.repeat),
                "backtest": lambda: bench_backtest(port, folder, args.repeat),
                "wire": lambda: bench_wire(port, bars, folder, args.repeat),
            }.items():
                print(f"{name} ...", file=sys.stderr, flush=True)
                results += bench()
        print_table(results)
        if args.json:
            args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
