"""Writes the expected values of a view: some rows with all their values, and sums over all rows.

NAME.parquet holds the first rows of each symbol and every so manieth after them; NAME.csv holds, for
each column, how many rows have a value, and the sum and the sum of the magnitudes of all values.
"""

import importlib.metadata as metadata
import pathlib

import numpy as np
import pandas as pd

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "data"


def us5():
    """Daily bars of five US stocks from June 2011 on; one of them starts a year later."""
    bars = pd.read_parquet(DATA / "us5_daily.parquet")
    bars = bars[bars.ts >= "2011-06-01"].sort_values(["symbol", "ts"], ignore_index=True)
    bars["volume"] = bars.volume.astype(float)
    return bars[["symbol", "ts", "open", "high", "low", "close", "volume"]]


def write(name, values, packages, first, every, last=0):
    """`values` has symbol, ts and one column a feature, in the order of symbol and ts."""
    values = values.replace([np.inf, -np.inf], np.nan)
    row = values.groupby("symbol").cumcount()
    from_end = values.groupby("symbol").cumcount(ascending=False)
    sample = values[(row < first) | (row % every == 0) | (from_end < last)]
    sample.to_parquet(HERE / f"{name}.parquet", index=False, compression="zstd")
    programs = ", ".join(f"{p} {metadata.version(p)}" for p in packages)
    features = values.drop(columns=["symbol", "ts"]).astype(float)
    with (HERE / f"{name}.csv").open("w") as file:
        file.write(f"# {programs}; python tests/golden/{name.removesuffix('_industry')}.py\n")
        file.write("column,known,sum,magnitude\n")
        for column, x in features.items():
            file.write(f"{column},{x.count()},{x.sum():.17g},{x.abs().sum():.17g}\n")
