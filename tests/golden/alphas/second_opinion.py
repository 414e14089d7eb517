"""The formulas by hand beside a second program, alpha101v.

    pip install alpha101v==0.1.9 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/alphas/second_opinion.py

prints, for each alpha, the share of equal values among the rows that both know, and fails when one
is below 99.9 %. What alpha101v leaves to the caller is set to the conventions of the views, and
where the two differ on purpose the formulas by hand follow alpha101v here: a window with a day
without a value has none. Both settle ties before they rank, alpha101v at fewer decimals, because
its sums slide; the few differences are prices that tie at these decimals.
"""

import functools
import pathlib
import sys

import numpy as np
import pandas as pd
from alpha101v import factors, research_mode
from alpha101v import operators as their_operators

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import alpha101
import operators as by_hand

SETTINGS = {
    "rank": {"normalization": "one_over_n"}, "ts_rank": {"normalization": "one_over_n"}, "stddev": {"ddof": 1},
    "covariance": {"ddof": 1}, "ts_argmax": {"basis": "window_start"}, "ts_argmin": {"basis": "window_start"},
}


def set_conventions():
    for name, settings in SETTINGS.items():
        setattr(factors, name, functools.partial(getattr(their_operators, name), **settings))
    for name in ["rank", "ts_rank", "ts_argmax", "ts_argmin"]:
        setattr(factors, name, settled(getattr(factors, name)))


def rounded(x):
    return x.round(10) if isinstance(x, pd.DataFrame) else x


def settled(function):
    """Lets values tie that are equal but for the rounding of sums that slide."""
    return lambda x, *args: function(rounded(x), *args)


def whole_panel():
    """Bars without holes."""
    alpha101.damage = lambda bars: None
    return alpha101.draw_panel()


def theirs(number, p):
    function = getattr(factors, f"alpha{number}")
    names = {"Open": "open", "ind_sector": "sector", "ind_industry": "industry", "ind_subindustry": "subindustry"}
    wanted = function.__code__.co_varnames[:function.__code__.co_argcount]
    with research_mode():
        return function(**{n: getattr(p, names.get(n, n)) for n in wanted}).to_numpy(dtype=float)


def agreement(a, b):
    both = np.isfinite(a) & np.isfinite(b)
    is_equal = np.isclose(a[both], b[both], rtol=1e-6, atol=1e-9)
    return both.sum(), is_equal.mean() if both.any() else np.nan


def main():
    set_conventions()
    by_hand.present = lambda values: values
    panel, industries = whole_panel()
    p = alpha101.with_derived(panel, industries)
    p.amount = p.vwap * p.volume
    shares = {}
    for number, (name, ours) in enumerate(alpha101.all_alphas(p).items(), 1):
        rows, shares[name] = agreement(ours.to_numpy(dtype=float), theirs(number, p))
        print(f"{name} {rows} rows {shares[name]:.4f}")
    low = [name for name, share in shares.items() if not share >= 0.999]
    if low:
        sys.exit(f"below 99.9 %: {', '.join(low)}")


if __name__ == "__main__":
    main()
