"""Expected values of sql/alpha158.sql: qlib's own expression engine over real bars.

    pip install pyqlib==0.9.7 numpy==2.4.6 pandas==3.1.1
    python tests/golden/alpha158.py

The expressions come from qlib too, and qlib's operators evaluate them; only the bars are handed to
it from a Parquet file, because qlib's own storage keeps single precision. The typical price stands
for the vwap, as in the view. Slope, Rsquare and Resi of qlib slide their sums along the series and
lose digits on the way; they are called for one window at a time, which is the same code without
the loss.
"""

import pathlib
import sys

import numpy as np
import pandas as pd
import qlib.data.ops as ops
from qlib.config import C
from qlib.contrib.data.loader import Alpha158DL
from qlib.data.base import Feature
from qlib.utils import parse_field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "alphas"))
import values

SERIES = {}


def anew(kernel):
    """A sliding kernel of qlib, run from the start for each window."""

    def run(x, n):
        windows = [x[max(0, end - n):end] for end in range(1, len(x) + 1)]
        return np.array([kernel(w, n)[-1] for w in windows])

    return run


def features(bars):
    SERIES.clear()
    SERIES.update({f"${c}": bars[c].reset_index(drop=True) for c in ["open", "high", "low", "close", "volume"]})
    SERIES["$vwap"] = (SERIES["$high"] + SERIES["$low"] + SERIES["$close"]) / 3.0
    price = {"windows": [0], "feature": ["OPEN", "HIGH", "LOW", "VWAP"]}
    expressions, names = Alpha158DL.get_feature_config({"kbar": {}, "price": price, "rolling": {}})
    symbol = bars.symbol.iloc[0]
    columns = {}
    for name, text in zip(names, expressions, strict=True):
        tree = eval(parse_field(text), {"Feature": Feature, "Operators": ops.Operators})
        columns[name.lower()] = tree.load(symbol, 0, len(bars) - 1, "day").to_numpy(dtype=float)
    return pd.DataFrame({"symbol": bars.symbol.to_numpy(), "ts": bars.ts.to_numpy(), **columns})


def main():
    ops.register_all_ops(C)
    Feature._load_internal = lambda self, *_: SERIES[str(self)]
    for name in ["rolling_slope", "rolling_rsquare", "rolling_resi"]:
        setattr(ops, name, anew(getattr(ops, name)))
    frames = [features(bars) for _, bars in values.us5().groupby("symbol")]
    values.write("alpha158", pd.concat(frames, ignore_index=True), ["pyqlib", "pandas", "numpy"], first=8, every=20)


if __name__ == "__main__":
    main()
