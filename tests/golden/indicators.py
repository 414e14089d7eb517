"""Expected values of the indicators, by TA-Lib's C library behind its Python wheel.

    pip install ta-lib==0.8.2 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/indicators.py

writes to tests/golden/indicators/:

* `<series>.csv`: the input, 400 daily bars of one symbol (data/us5_daily.parquet), with
  `periods` (a period for each row) and `unit` (close / highest close: inside the domain of the
  mathematical functions) added. The series `*_holes` have missing cells: empty, NaN or inf.
* `<series>.jsonl`: first a line with program, version and command, then one line for each
  function of the wheel: inputs (columns in the function's order), all constants, the look-back,
  and the outputs.

MININDEX, MAXINDEX and MINMAXINDEX come from numpy instead: where the extreme occurs twice in a
window, C 0.8.1 names now the older and now the newer row, and the library since names the newer
one always (its issue 503). The script checks that both point at the same price.

Rows with a missing input are taken out before the call, and the results are put back at the rows
that are left. Every constant is passed, because defaults differ between versions of the library.
Outputs of real numbers are written at every eighth present row, the first three and the last
one (`rows`, `values`, the latter as text), outputs of whole numbers completely, as the rows at which they change
(`changes`).
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd
import talib
from talib import abstract

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests" / "golden" / "indicators"
COLUMNS = ["open", "high", "low", "close", "volume", "periods", "unit"]
# Rows of the data set by symbol. AAPL's hold the unadjusted 2:1 split of 2005-02-28.
SLICES = {"AAPL": slice(1100, 1500), "IBM": slice(0, 400)}
MISSING = [None, math.nan, math.inf]


def bars(symbol):
    """The input columns of one symbol."""
    table = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    table = table[table.symbol == symbol].sort_values("ts").iloc[SLICES[symbol]]
    table = table.reset_index(drop=True)
    table["volume"] = table.volume.astype(float)
    table["periods"] = 2.0 + np.arange(len(table)) % 20
    table["unit"] = table.close / table.close.max()
    return table[COLUMNS].astype(object)


def punch(table):
    """The same bars with holes, at other rows in each column."""
    table = table.copy()
    for number, column in enumerate(COLUMNS):
        rows = range(3 + 5 * number, len(table), 37 + 4 * number)
        for count, row in enumerate(rows):
            table.at[row, column] = MISSING[count % len(MISSING)]
    return table


def cell(value):
    """A value as CSV text that reads back to the same double."""
    return "" if value is None else repr(float(value))


def inputs_of(function):
    """The columns that a function takes, in the order of its arguments."""
    if function.info["group"] == "Math Transform":
        return ["unit"]
    columns = []
    for default in function.input_names.values():
        columns += [default] if isinstance(default, str) else default
    return columns


def constants_of(function, varied):
    """Every constant of a function: the wheel's defaults, or others beside them."""
    constants = {}
    for name, default in function.info["parameters"].items():
        if not varied:
            constants[name] = default
        elif name.endswith("matype"):
            constants[name] = (default + 1) % 9
        elif isinstance(default, int):
            constants[name] = default + 3
        else:
            constants[name] = default * 1.25
    return constants


def written(values, rows, lookback):
    """One output at the rows of the table that it belongs to."""
    known = [(int(row), value) for row, value in zip(rows[lookback:], values[lookback:])]
    if values.dtype.kind == "i":
        changes = []
        for row, value in known:
            if not changes or changes[-1][1] != int(value):
                changes.append([row, int(value)])
        return {"changes": changes}
    last = len(known) - 1
    sample = [pair for i, pair in enumerate(known) if i < 3 or i % 8 == 0 or i == last]
    return {"rows": [row for row, _ in sample], "values": text(v for _, v in sample)}


def text(values):
    """Numbers as one string: readers of JSON numbers may be off by the last bit."""
    return " ".join(repr(float(v)) if math.isfinite(v) else "NULL" for v in values)


def newest_extremes(name, values, period):
    """Positions of the extremes of each window, the newest one of equal prices."""
    windows = np.lib.stride_tricks.sliding_window_view(values, period)[:, ::-1]
    newest = np.arange(period - 1, len(values))
    positions = {
        "MIN": np.pad(newest - windows.argmin(axis=1), (period - 1, 0)),
        "MAX": np.pad(newest - windows.argmax(axis=1), (period - 1, 0)),
    }
    names = ["MIN", "MAX"] if name == "MINMAXINDEX" else [name.removesuffix("INDEX")]
    return [positions[name] for name in names]


def call(name, dense, constants):
    """The outputs of a function over rows without holes."""
    outputs = getattr(talib, name)(*dense, **constants)
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    if not name.endswith("INDEX"):
        return outputs
    newest = newest_extremes(name, dense[0], constants["timeperiod"])
    for ours, theirs in zip(newest, outputs):
        assert (dense[0][ours] == dense[0][theirs]).all(), name
    return newest


def result_of(name, table, varied):
    """One line: a function over the rows that have all its inputs."""
    function = abstract.Function(name)
    columns = inputs_of(function)
    constants = constants_of(function, varied)
    numbers = table[columns].astype(float).to_numpy()
    rows = np.flatnonzero(np.isfinite(numbers).all(axis=1))
    dense = [np.ascontiguousarray(numbers[rows, i]) for i in range(len(columns))]
    outputs = call(name, dense, constants)
    function.set_parameters(constants)
    return {
        "name": name,
        "inputs": columns,
        "constants": list(constants.values()),
        "lookback": function.lookback,
        "outputs": [written(values, rows, function.lookback) for values in outputs],
    }


def write(series, table, varied):
    """The input and the expected values of one series."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(cell(v) for v in row) for row in table.itertuples(index=False)]
    (TARGET / f"{series}.csv").write_text("\n".join(lines) + "\n")
    header = {
        "program": "TA-Lib, C library, through the Python wheel ta-lib",
        "library": talib.__ta_version__.decode().split(" ")[0],
        "wheel": talib.__version__,
        "command": "python tests/golden/indicators.py",
    }
    lines = [header] + [result_of(name, table, varied) for name in sorted(talib.get_functions())]
    lines = [json.dumps(line, separators=(",", ":")) for line in lines]
    (TARGET / f"{series}.jsonl").write_text("\n".join(lines) + "\n")


def main():
    """AAPL with the default constants, IBM with others; each complete and with holes."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for symbol, varied in [("AAPL", False), ("IBM", True)]:
        table = bars(symbol)
        write(symbol.lower(), table, varied)
        write(f"{symbol.lower()}_holes", punch(table), varied)


if __name__ == "__main__":
    main()
