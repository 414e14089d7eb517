"""The paper's functions over panels: one row a day, one column a symbol, NaN where nothing is known.

Every window is computed on its own, from its own rows: slow, and without the rounding that sums
carry along when they slide. Days on which a symbol has no value do not count in its windows.
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view


def known(values):
    return values.replace([np.inf, -np.inf], np.nan)


def present(values):
    """The days that count in a symbol's windows."""
    return values.dropna()


def evaluate(formula, *windows):
    """One value for each window without a hole."""
    is_full = ~np.any([np.isnan(w).any(axis=1) for w in windows], axis=0)
    values = np.full(len(is_full), np.nan)
    values[is_full] = formula(*(w[is_full] for w in windows))
    return values


def over_rows(x, formula):
    """formula(values of the days that count) -> values, for each symbol."""
    return pd.DataFrame({s: formula(present(x[s])).reindex(x.index) for s in x})


def over_pairs(x, y, d, formula):
    """formula(windows of x, windows of y) -> values, for each symbol: a window is a row of an array."""
    columns = {}
    for s in x:
        both = present(pd.DataFrame({"x": x[s], "y": y[s]}))
        if len(both) < d:
            columns[s] = pd.Series(np.nan, index=x.index)
            continue
        windows = (sliding_window_view(both[k].to_numpy(), d) for k in "xy")
        columns[s] = pd.Series(evaluate(formula, *windows), index=both.index[d - 1:]).reindex(x.index)
    return known(pd.DataFrame(columns))


def over_windows(x, d, formula):
    """The same for one panel."""
    return over_pairs(x, x, d, lambda w, _: formula(w))


def centered(w):
    """Distances from the mean; exactly 0 in a window of equal values."""
    w = w - w[:, -1:]
    return w - w.mean(axis=1, keepdims=True)


def products(a, b):
    return (centered(a) * centered(b)).sum(axis=1)


def pearson(a, b):
    with np.errstate(invalid="ignore", divide="ignore"):
        return products(a, b) / (np.sqrt(products(a, a)) * np.sqrt(products(b, b)))


def place(w):
    """Average rank of the newest value over the number of values."""
    newest = w[:, -1:]
    return ((w < newest).sum(axis=1) + ((w == newest).sum(axis=1) + 1) / 2) / w.shape[1]


def delay(x, d):
    return over_rows(x, lambda v: v.shift(d))


def delta(x, d):
    return over_rows(x, lambda v: v - v.shift(d))


def sum_(x, d):
    return over_windows(x, d, lambda w: w.sum(axis=1))


def mean(x, d):
    return over_windows(x, d, lambda w: w.mean(axis=1))


def product(x, d):
    return over_windows(x, d, lambda w: w.prod(axis=1))


def stddev(x, d):
    return over_windows(x, d, lambda w: np.sqrt(products(w, w) / (d - 1)))


def correlation(x, y, d):
    return over_pairs(x, y, d, pearson)


def covariance(x, y, d):
    return over_pairs(x, y, d, lambda a, b: products(a, b) / (d - 1))


def ts_min(x, d):
    return over_windows(x, d, lambda w: w.min(axis=1))


def ts_max(x, d):
    return over_windows(x, d, lambda w: w.max(axis=1))


def ts_argmin(x, d):
    return over_windows(x, d, lambda w: w.argmin(axis=1) + 1.0)


def ts_argmax(x, d):
    return over_windows(x, d, lambda w: w.argmax(axis=1) + 1.0)


def ts_rank(x, d):
    return over_windows(x, d, place)


def decay_linear(x, d):
    weights = np.arange(1.0, d + 1)
    return over_windows(x, d, lambda w: w @ (weights / weights.sum()))


def settle(x):
    """What is made of ranks and correlations ties often; here the ties that rounding broke tie again."""
    return x.round(12)


def rank(x):
    return x.rank(axis=1, pct=True)


def scale(x):
    total = x.abs().sum(axis=1)
    return x.div(total.where(total > 0), axis=0)


def indneutralize(x, groups):
    """`groups`: the group of each symbol."""
    return x - x.T.groupby(groups).transform("mean").T


def ratio(a, b):
    return a / b.where(b != 0)


def log(x):
    return np.log(x.where(x > 0))


def sign(x):
    return np.sign(x)


def signedpower(x, a):
    with np.errstate(over="ignore"):
        return known(np.sign(x) * x.abs() ** a)


def power(x, y):
    """x to the y; 1 to an unknown power is unknown."""
    return (x**y).where(y.notna())


def compare(a, b, holds):
    """1 and 0, NaN where a side is not known."""
    unknown = pd.isna(a) | pd.isna(b)
    return holds(a, b).astype(float).mask(unknown)


def less(a, b):
    return compare(a, b, lambda a, b: a < b)


def equal(a, b):
    return compare(a, b, lambda a, b: a == b)


def either(a, b):
    """True beats unknown, unknown beats false."""
    return np.fmax(a, b).where((a == 1) | (b == 1) | (a.notna() & b.notna()))


def choose(condition, yes, no):
    """yes where the condition is 1, no where it is 0, unknown where it is."""
    like = condition * 0
    return (yes + like).where(condition == 1, no + like).where(condition.notna())


def lesser(a, b):
    return a.where(a < b, b).where(a.notna() & b.notna())


def greater(a, b):
    return a.where(a > b, b).where(a.notna() & b.notna())
