"""Real daily bars cut into forecasting windows, and the split in time that keeps the test honest.

A window has an origin: the bar at whose close the forecast is made. Its input is the last `CONTEXT` log returns up to
and including the origin, its targets are the cumulative log returns over the next 1..`HORIZON` bars.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

CONTEXT = 64
HORIZON = 12
PURGE = CONTEXT + HORIZON
"""Bars between the last training origin and the first validation origin: no return is seen on both sides."""

TRAIN_END = np.datetime64("2006-12-31")
"""Nothing after this date is seen in training or validation; the engine's leakage guard reads it from the model."""

TEST_START = np.datetime64("2007-01-01")
TEST_END = np.datetime64("2013-03-01")
VALIDATION_SHARE = 0.15

SOURCES = (
    ("spx_msft_daily.parquet", "SPX", "close"),
    ("spx_msft_daily.parquet", "MSFT", "close"),
    ("us5_daily.parquet", "AAPL", "adj_close"),
    ("us5_daily.parquet", "FB", "adj_close"),
    ("us5_daily.parquet", "GOOG", "adj_close"),
    ("us5_daily.parquet", "IBM", "adj_close"),
)
"""File, symbol and price column of every series; MSFT is in both files and is taken once, from the longer one."""

FloatArray = npt.NDArray[np.float64]
DateArray = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Series:
    """Log returns of one symbol; `dates[i]` is the bar at whose close `returns[i]` became known."""

    symbol: str
    dates: DateArray
    returns: FloatArray


@dataclass(frozen=True)
class Windows:
    """Forecasting windows of many symbols, one per row.

    `x` is [N, CONTEXT] log returns (rounded to float32, as the model receives them), `y` is [N, HORIZON] cumulative
    log returns, `first`, `origin` and `last` are the dates of the first input return, of the origin and of the last
    target.
    """

    symbol: npt.NDArray[np.str_]
    first: DateArray
    origin: DateArray
    last: DateArray
    x: FloatArray
    y: FloatArray

    def __len__(self) -> int:
        return len(self.origin)

    def where(self, keep: npt.NDArray[np.bool_]) -> "Windows":
        """The windows for which `keep` holds."""
        return Windows(
            self.symbol[keep], self.first[keep], self.origin[keep], self.last[keep], self.x[keep], self.y[keep]
        )


@dataclass(frozen=True)
class Split:
    """Windows for fitting, for early stopping and for the report, and the first origin of the validation part."""

    train: Windows
    validation: Windows
    test: Windows
    validation_start: np.datetime64


def load_series(path: Path, symbol: str, price: str) -> Series:
    """Log returns of `symbol` from the column `price` of one Parquet file, in time order."""
    table = pq.read_table(path, columns=["symbol", "ts", price])
    table = table.filter(pc.equal(table["symbol"], symbol)).sort_by("ts")
    dates = table["ts"].to_numpy().astype("datetime64[D]")
    prices = table[price].to_numpy().astype(np.float64)
    if len(prices) <= PURGE:
        raise ValueError(f"{path.name}: {symbol} has {len(prices)} bars, more than {PURGE} are needed")
    if not np.all(np.diff(dates) > np.timedelta64(0, "D")):
        raise ValueError(f"{path.name}: the dates of {symbol} are not strictly increasing")
    if not np.all(np.isfinite(prices) & (prices > 0)):
        raise ValueError(f"{path.name}: {symbol} has a price in {price} that is missing or not positive")
    return Series(symbol, dates[1:], np.diff(np.log(prices)))


def cut_windows(series: Series) -> Windows:
    """Every window of one series whose inputs and targets are complete."""
    count = len(series.returns) - PURGE + 1
    origin = np.arange(count) + CONTEXT - 1
    inputs = series.returns.astype(np.float32).astype(np.float64)
    x = np.lib.stride_tricks.sliding_window_view(inputs, CONTEXT)[:count]
    ahead = np.lib.stride_tricks.sliding_window_view(series.returns[CONTEXT:], HORIZON)
    return Windows(
        symbol=np.full(count, series.symbol),
        first=series.dates[:count],
        origin=series.dates[origin],
        last=series.dates[origin + HORIZON],
        x=np.ascontiguousarray(x),
        y=np.cumsum(ahead, axis=1),
    )


def concatenate(parts: list[Windows]) -> Windows:
    """All windows of `parts`, in the given order."""
    fields = ("symbol", "first", "origin", "last", "x", "y")
    return Windows(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))


def load_windows(data_dir: Path) -> Windows:
    """All windows of all series in `SOURCES`."""
    return concatenate([cut_windows(load_series(data_dir / file, symbol, price)) for file, symbol, price in SOURCES])


def split_windows(windows: Windows) -> Split:
    """Splits by date, the same dates for every symbol, so that no symbol reveals another one's future.

    The trading days of the training period are the union of all symbols' days. Validation origins lie in the last
    `VALIDATION_SHARE` of them; training origins end `PURGE` days earlier. Targets of both end by `TRAIN_END`. Test
    origins and targets lie in `TEST_START`..`TEST_END`; the inputs of the first test windows reach back before
    `TEST_START`, because these bars are known at the origin.
    """
    days = np.unique(np.concatenate([windows.first, windows.last]))
    days = days[days <= TRAIN_END]
    cut = int(len(days) * (1 - VALIDATION_SHARE))
    seen = windows.last <= TRAIN_END
    return Split(
        train=windows.where(seen & (windows.origin <= days[cut - PURGE])),
        validation=windows.where(seen & (windows.origin >= days[cut])),
        test=windows.where((windows.origin >= TEST_START) & (windows.last <= TEST_END)),
        validation_start=days[cut],
    )


def check_split(split: Split) -> None:
    """Raises `AssertionError` where a return is shared that must not be."""
    assert split.train.last.max() < split.validation.first.min(), "training and validation windows overlap"
    assert split.validation.last.max() <= TRAIN_END < split.test.origin.min(), "validation reaches into the test"
    assert split.test.last.max() <= TEST_END, "the test period is too long"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
