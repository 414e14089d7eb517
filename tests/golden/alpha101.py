"""Expected values of sql/alpha101.sql and sql/alpha101_industry.sql: the paper's formulas by hand.

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/alpha101.py

The formulas stand in alphas/formulas_1.py and alphas/formulas_2.py, one function an alpha; they share
nothing with the generator of the SQL. The bars are drawn with a seed: 20 symbols over 320 days, one
of which is listed late and one delisted, with bars that have no range and bars without volume.
alphas/second_opinion.py compares the same formulas with another program.
"""

import pathlib
import sys
import types

import numpy as np
import pandas as pd

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "alphas"))
import formulas_1
import formulas_2
import values
from operators import delta, delay, mean, ratio

N_SYMBOLS, N_DAYS = 20, 320
FIELDS = ["open", "high", "low", "close", "volume"]
GROUPED = [48, 56, 58, 59, 63, 67, 69, 70, 76, 79, 80, 82, 87, 89, 90, 91, 93, 97, 100]


def draw_bars(rng):
    """Prices from a market, an own walk and gaps over night; more volume on wild days.

    Levels are so close that ranks change from day to day.
    """
    shape = (N_DAYS, N_SYMBOLS)
    market = rng.normal(0.0003, 0.008, (N_DAYS, 1)) * rng.uniform(0.5, 1.5, N_SYMBOLS)
    day, night = market + rng.normal(0, 0.012, shape), rng.normal(0, 0.006, shape)
    open_ = np.exp(np.log(rng.uniform(40, 60, N_SYMBOLS)) + np.cumsum(day + night, axis=0) - day)
    close = open_ * np.exp(day)
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.005, shape)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.005, shape)))
    volume = np.exp(rng.normal(13, 0.3, N_SYMBOLS) + rng.normal(0, 0.4, shape) + 15 * np.abs(day))
    return {**{k: np.round(x, 5) for k, x in zip(FIELDS, (open_, high, low, close))}, "volume": np.round(volume, -2)}


def damage(bars):
    """Bars without a range, bars without volume, a listing and a delisting."""
    for row, column in [(150, 2), (277, 11), (300, 5)]:
        for field in ["open", "high", "low"]:
            bars[field][row, column] = bars["close"][row, column]
    for row, column in [(100, 7), (299, 7)]:
        bars["volume"][row, column] = 0.0
    for field in FIELDS:
        bars[field][:120, 18] = np.nan
        bars[field][290:, 19] = np.nan


def draw_panel():
    rng = np.random.default_rng(101)
    bars = draw_bars(rng)
    damage(bars)
    days = pd.bdate_range("2020-01-01", periods=N_DAYS, name="ts").astype("datetime64[us]")
    symbols = [f"S{i + 1:02}" for i in range(N_SYMBOLS)]
    panel = {k: pd.DataFrame(x, days, symbols) for k, x in bars.items()}
    number = np.arange(N_SYMBOLS)
    industries = pd.DataFrame({
        "symbol": symbols, "sector": [f"sector {i % 3}" for i in number],
        "industry": [f"industry {i % 6}" for i in number], "subindustry": [f"subindustry {i % 9}" for i in number],
        "shares": np.round(np.exp(rng.normal(18, 1, N_SYMBOLS)), -6)})
    return panel, industries


def with_derived(panel, industries):
    """The names that the formulas use. The typical price stands for the vwap, as in the views."""
    p = types.SimpleNamespace(**panel)
    p.vwap = (p.high + p.low + p.close) / 3.0
    p.returns = ratio(delta(p.close, 1), delay(p.close, 1))
    p.adv = lambda d: mean(p.vwap * p.volume, d)
    by_symbol = industries.set_index("symbol")
    p.sector, p.industry, p.subindustry = (by_symbol[k] for k in ["sector", "industry", "subindustry"])
    p.cap = p.close * by_symbol.shares
    return p


def long(frames, panel):
    """One row a symbol and day, in that order, of the days on which the symbol has a bar."""
    table = pd.concat({name: x.unstack() for name, x in frames.items()}, axis=1)
    table.index.names = ["symbol", "ts"]
    return table[panel["close"].unstack().notna()].copy().reset_index()


def all_alphas(p):
    functions = vars(formulas_1) | vars(formulas_2)
    return {f"alpha{n:03}": functions[f"alpha{n:03}"](p) for n in range(1, 102)}


def main():
    panel, industries = draw_panel()
    long(panel, panel).to_parquet(values.HERE / "panel.parquet", index=False, compression="zstd")
    industries.to_csv(values.HERE / "industries.csv", index=False)
    alphas = all_alphas(with_derived(panel, industries))
    table = long(alphas, panel)
    grouped = [f"alpha{n:03}" for n in GROUPED]
    packages = ["pandas", "numpy"]
    values.write("alpha101", table.drop(columns=grouped), packages, first=1, every=80, last=3)
    values.write("alpha101_industry", table[["symbol", "ts", *grouped]], packages, first=1, every=80, last=3)


if __name__ == "__main__":
    main()
