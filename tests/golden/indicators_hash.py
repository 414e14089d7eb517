"""Hashes of the bytes that TA-Lib's C library gives, over input shapes like those of its own tests.

    pip install ta-lib==0.8.2 numpy==2.4.6
    python tests/golden/indicators_hash.py

writes tests/golden/indicators/hashes.json. Inputs follow from (shape, seed, number of bars) by
integer arithmetic, so that the test makes the same bits. Of each function and shape there is one
hash over every series, set of constants and output: FNV-1a of 64 bits over the little-endian
doubles of each output (NaN where SQL has NULL), then over the hashes of the outputs.

The wheel carries C 0.8.1, the crate is 0.8.3, and no program carries what lies between. A few rules
changed between the two, each on purpose (their numbers in the library's tracker are in the crate's
change histories):

* positions of extremes name the newest of equal prices (503): taken from numpy, checked here,
* RSI of a series without any change is 50 and no longer 0 (480): put in here,
* the step of an exponential average is fused otherwise, and Wilder's sums and averages multiply
  where they divided (411): `indicators_since.py` has the functions that are made of these under
  both rules. Under the old one they give the wheel's bits, which is checked here; under the new
  one they give the hash,
* sliding variances are rebuilt at other rows (434).

A function of the last kind cannot have the wheel's hash. It is in `CHANGED` with the largest
difference that was measured over all series here, as a share of the largest value of its output;
the file holds values at some rows, and the test holds the function to that difference. The file
has its hashes too: the test fails when all of them agree, so that the list stays as short as it
can be.
"""

import json
import math
import pathlib

import numpy as np
import talib
from indicators_since import New, Old, model_of
from talib import abstract

TARGET = pathlib.Path(__file__).resolve().parent / "indicators" / "hashes.json"
SHAPES = ["walk", "growth", "trend_chop", "constant", "monotone"]
SEEDS = [1, 2, 3]
SIZES = [1, 2, 3, 17, 60, 253, 1000, 2000]
# Prices are whole numbers of ticks, divided once: the division rounds alike everywhere.
TICKS_PER_UNIT = 10_000.0
START = 1_000_000
FLOOR = 10_000
MASK = (1 << 64) - 1
FNV_OFFSET = 0xCBF29CE484222325
FNV_PRIME = 0x100000001B3
# The rows that stand for a changed function: the last ones of these series.
SAMPLED_SIZES = [17, 60, 253, 2000]
SAMPLED_SEED = 1

VARIANCE = "sliding variances are rebuilt from scratch at other rows since 0.8.1"
CHANGED = {"STDDEV": (VARIANCE, 1.6e-11), "VAR": (VARIANCE, 2.4e-12)}


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        """The next 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        """A whole number from 0 up to n - 1."""
        return self.bits() % n


def next_close(shape, row, last, random):
    """The close after `last`, in ticks."""
    draw = random.bits()
    if shape == "walk":
        return max(last + draw % 20_001 - 10_000, FLOOR)
    if shape == "growth":
        return max(last * (10_000 + draw % 401 - 200) // 10_000, FLOOR)
    if shape == "trend_chop":
        drift = [4_000, 0, -4_000, 0][row // 50 % 4]
        return max(last + drift + draw % 8_001 - 4_000, FLOOR)
    if shape == "monotone":
        return last + 1 + draw % 997
    return last


def bars(shape, seed, n_rows):
    """The columns of one series."""
    random = Random(seed)
    flat = shape == "constant"
    rows = []
    close = START
    for row in range(n_rows):
        open_ = close if flat else max(close + random.below(2_001) - 1_000, FLOOR)
        close = next_close(shape, row, close, random)
        above, below = (0, 0) if flat else (random.below(3_000), random.below(3_000))
        volume = 1_000 if flat else 1_000 + random.below(9_000)
        rows.append((open_, max(open_, close) + above, min(open_, close) - below, close, volume))
    ticks = np.array(rows, dtype=np.int64).reshape(n_rows, 5).T
    open_, high, low, close = (ticks[i].astype(float) / TICKS_PER_UNIT for i in range(4))
    return {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": ticks[4].astype(float),
        "periods": 2.0 + np.arange(n_rows) % 20,
        "unit": ticks[3].astype(float) / 1_048_576.0,
    }


def inputs_of(function):
    """The columns that a function takes, in the order of its arguments."""
    if function.info["group"] == "Math Transform":
        return ["unit"]
    columns = []
    for default in function.input_names.values():
        columns += [default] if isinstance(default, str) else default
    return columns


def constants_of(function):
    """Sets of constants, each complete: defaults, larger ones, smaller ones."""
    defaults = function.info["parameters"]
    sets = []
    for add, times, shift in [(0, 1.0, 0), (3, 1.25, 1), (None, 0.75, 2)]:
        chosen = {}
        for name, default in defaults.items():
            if name.endswith("matype"):
                chosen[name] = (default + shift) % 9
            elif isinstance(default, int):
                chosen[name] = max(2, default // 2) if add is None else default + add
            else:
                chosen[name] = default * times
        if chosen not in sets:
            sets.append(chosen)
    return sets


def newest_extremes(name, values, period):
    """Positions of the extremes of each window, the newest one of equal prices.

    C 0.8.1 names now the older and now the newer one, 0.8.3 always the newer one.
    """
    n_rows = len(values)
    if n_rows < period:
        nothing = np.zeros(n_rows, dtype=int)
        return [nothing] * (2 if name == "MINMAXINDEX" else 1)
    windows = np.lib.stride_tricks.sliding_window_view(values, period)[:, ::-1]
    newest = np.arange(period - 1, n_rows)
    positions = {
        "MIN": np.pad(newest - windows.argmin(axis=1), (period - 1, 0)),
        "MAX": np.pad(newest - windows.argmax(axis=1), (period - 1, 0)),
    }
    names = ["MIN", "MAX"] if name == "MINMAXINDEX" else [name.removesuffix("INDEX")]
    return [positions[name] for name in names]


def known(values, lookback):
    """A column as SQL has it, with NaN for NULL."""
    values = np.array(values, dtype=float)
    values[:lookback] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def since_the_wheel(name, columns, constants, outputs, lookback):
    """The outputs of the wheel, with the rules that changed since put in."""
    values = columns[0]
    if name.endswith("INDEX"):
        newest = newest_extremes(name, values, constants["timeperiod"])
        for ours, theirs in zip(newest, outputs):
            assert (values[ours] == values[theirs]).all(), name
        return newest
    if name == "RSI" and (values == values[0]).all():
        return [np.full(len(values), 50.0)]
    model = model_of(name, constants)
    if model is None or len(values) <= lookback:
        return outputs
    for ours, theirs in zip(model(Old, *columns, *constants.values()), outputs):
        ours, theirs = known(ours, lookback), known(theirs, lookback)
        assert ours.tobytes() == theirs.tobytes(), (name, constants)
    return model(New, *columns, *constants.values())


def call(name, columns, constants, lookback):
    """The outputs of a function over one series, NaN where SQL has NULL."""
    outputs = getattr(talib, name)(*columns, **constants)
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    with np.errstate(all="ignore"):
        outputs = since_the_wheel(name, columns, constants, outputs, lookback)
    return [known(output, lookback) for output in outputs]


def hash_columns(columns):
    """FNV-1a of each column's bytes; the columns are hashed side by side, byte for byte."""
    table = np.column_stack(columns)
    table[np.isnan(table)] = np.nan
    data = np.ascontiguousarray(table.astype("<f8")).view(np.uint8)
    data = data.reshape(table.shape[0], table.shape[1], 8).transpose(0, 2, 1).astype(np.uint64)
    state = np.full(table.shape[1], FNV_OFFSET, dtype=np.uint64)
    prime = np.uint64(FNV_PRIME)
    for row in data:
        for byte in row:
            state = (state ^ byte) * prime
    return [int(h) for h in state]


def join_hashes(hashes):
    """FNV-1a over the hashes of a function's outputs."""
    state = FNV_OFFSET
    for value in hashes:
        for byte in value.to_bytes(8, "little"):
            state = ((state ^ byte) * FNV_PRIME) & MASK
    return f"{state:016x}"


def text(value):
    """A number as text that reads back to the same double."""
    return repr(float(value)) if math.isfinite(value) else "NULL"


def outputs_over(name, series):
    """A function over the series of one shape: its joined outputs, and its sampled values."""
    function = abstract.Function(name)
    columns = inputs_of(function)
    joined, sampled = [], []
    for constants in constants_of(function):
        lookback = lookback_of(name, constants)
        found = {
            key: call(name, [table[c] for c in columns], constants, lookback)
            for key, table in series.items()
        }
        joined += [np.concatenate(output) for output in zip(*found.values())]
        for size in SAMPLED_SIZES:
            sampled += [text(output[-1]) for output in found[SAMPLED_SEED, size]]
    return joined, " ".join(sampled)


def results_of(names, series):
    """Hash and sampled values of every function over the series of one shape."""
    found = {name: outputs_over(name, series) for name in names}
    hashes = iter(hash_columns([column for joined, _ in found.values() for column in joined]))
    return {
        name: (join_hashes([next(hashes) for _ in joined]), sampled)
        for name, (joined, sampled) in found.items()
    }


def lookback_of(name, constants):
    """Rows before the first value."""
    function = abstract.Function(name)
    if constants:
        function.set_parameters(constants)
    return function.lookback


def entry(name, results):
    """What the file says about one function; `results` has its hash and values by shape."""
    function = abstract.Function(name)
    line = {
        "name": name,
        "inputs": inputs_of(function),
        "constants": [list(constants.values()) for constants in constants_of(function)],
        "hashes": [results[shape][name][0] for shape in SHAPES],
    }
    if name in CHANGED:
        reason, difference = CHANGED[name]
        values = [results[shape][name][1] for shape in SHAPES]
        line["changed"] = {"reason": reason, "difference": difference, "values": values}
    return line


def main():
    """Every function of the wheel over every shape."""
    names = sorted(talib.get_functions())
    results = {}
    for shape in SHAPES:
        series = {(seed, size): bars(shape, seed, size) for seed in SEEDS for size in SIZES}
        results[shape] = results_of(names, series)
    header = {
        "program": "TA-Lib, C library, through the Python wheel ta-lib",
        "library": talib.__ta_version__.decode().split(" ")[0],
        "wheel": talib.__version__,
        "command": "python tests/golden/indicators_hash.py",
        "shapes": SHAPES,
        "seeds": SEEDS,
        "sizes": SIZES,
        "sampled_seed": SAMPLED_SEED,
        "sampled_sizes": SAMPLED_SIZES,
    }
    lines = [json.dumps(header)] + [json.dumps(entry(name, results)) for name in names]
    TARGET.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
