"""Expected values of searches over parameters by vectorbt (the accounts) and skfolio (the splits).

    pip install skfolio==1.12.2 vectorbt==1.2.0 numpy==2.4.6 pandas==3.1.1
    python tests/golden/search.py

writes to tests/golden/search/: `bars.csv` (random prices, in full precision, so that no two averages are equal) and
`expected.json`: programs and versions; `grid` (every variant of an SMA cross, filled at the next open and at the same
close), `splits` and `walks` (who is fitted on and judged by what), `cpcv` and `walk_forward` (what comes of the grid
when those splits choose by total return).

Positions are 100 units, so that sizing plays no part. vectorbt's orders at the next open are the target of the bar
before at the price of the open. skfolio gives what is left of the bars to the last group, ours make the first groups
longer by one (numpy's array_split, as in the snippets of Lopez de Prado's book): the lengths here divide evenly, and
`uneven` is from numpy.
"""

import itertools
import json
import pathlib

import numpy as np
import pandas as pd
import skfolio
import vectorbt as vbt
from skfolio.model_selection import CombinatorialPurgedCV, WalkForward

TARGET = pathlib.Path(__file__).resolve().parent / "search"
N = 600
FAST = [2, 3, 5, 8, 13]
SLOW = [20, 25, 30, 35, 40, 50, 60, 70, 80, 100]
UNITS = 100.0
CASH = 100_000.0
FEES = 0.001
PERIODS = 252


def bars():
    rng = np.random.default_rng(20240229)
    close = 100 * np.exp(np.cumsum(rng.normal(0.0003, 0.015, N)))
    opening = close * np.exp(rng.normal(0, 0.004, N))
    ts = pd.date_range("2020-01-01", periods=N, freq="D")
    return pd.DataFrame({"open": opening, "close": close}, ts)


def targets(table):
    """The target of every variant, one column each, the slow average changing fastest."""
    columns = {}
    for fast, slow in itertools.product(FAST, SLOW):
        quick, calm = table.close.rolling(fast).mean(), table.close.rolling(slow).mean()
        gap = (quick - calm).dropna()
        assert (gap.abs() > 1e-7).all(), "two averages are too close to call"
        columns[fast, slow] = (quick > calm) * UNITS
    return pd.DataFrame(columns)


def account(table, target, fill):
    options = {"size_type": "targetamount", "fees": FEES, "init_cash": CASH, "freq": "1D"}
    if fill == "next_open":
        return vbt.Portfolio.from_orders(table.close, target.shift(), price=table.open, **options)
    return vbt.Portfolio.from_orders(table.close, target, price=table.close, **options)


def returns_of(portfolio):
    """Simple returns, the first against the cash, one column a variant."""
    value = portfolio.value()
    return value / value.shift().fillna(CASH) - 1


def total(returns):
    return np.prod(1 + returns, axis=0) - 1


def sharpe(returns):
    returns = np.asarray(returns)
    return returns.mean(axis=0) / returns.std(axis=0, ddof=1) * np.sqrt(PERIODS)


def grid(table, fill):
    portfolio = account(table, targets(table), fill)
    figures = pd.DataFrame(
        {
            "total_return": portfolio.total_return().to_numpy(),
            "end_equity": portfolio.final_value().to_numpy(),
            "max_drawdown": portfolio.max_drawdown().to_numpy(),
            "sharpe": portfolio.sharpe_ratio(year_freq=f"{PERIODS} days").to_numpy(),
            "total_costs": portfolio.orders.fees.sum().to_numpy(),
            "n_orders": portfolio.orders.count().to_numpy(),
        }
    )
    figures.insert(0, "slow", SLOW * len(FAST))
    figures.insert(0, "fast", np.repeat(FAST, len(SLOW)))
    return {name: column.tolist() for name, column in figures.items()}


def ranges(indices):
    """Ascending numbers as half-open ranges."""
    indices = np.asarray(indices)
    cuts = np.flatnonzero(np.diff(indices) != 1) + 1
    return [[int(part[0]), int(part[-1]) + 1] for part in np.split(indices, cuts)]


def splits(n, groups, test_groups, purge, embargo):
    cv = CombinatorialPurgedCV(n_folds=groups, n_test_folds=test_groups, purged_size=purge, embargo_size=embargo)
    found = [
        {"train": ranges(train), "test": [ranges(part)[0] for part in test]}
        for train, test in cv.split(np.zeros((n, 1)))
    ]
    paths = [[None] * groups for _ in range(cv.n_test_paths)]
    for split, (judged, ids) in enumerate(zip(cv.test_set_index, cv.get_path_ids(), strict=True)):
        for group, path in zip(judged, ids, strict=True):
            paths[path][group] = split
    return {"n": n, "groups": groups, "test_groups": test_groups, "purge": purge, "embargo": embargo,
            "splits": found, "paths": paths}  # fmt: skip


def walk(n, train, test, purge, anchored):
    cv = WalkForward(train_size=train, test_size=test, purged_size=purge, expand_train=anchored, reduce_test=True)
    folds = [[ranges(a)[0], ranges(b)[0]] for a, b in cv.split(np.zeros((n, 1)))]
    return {"n": n, "train": train, "test": test, "purge": purge, "anchored": anchored, "folds": folds}


def cpcv(table):
    """The best variant by total return of each split, and its returns put together to paths."""
    settings = {"groups": 6, "test_groups": 2, "purge": 5, "embargo": 7}
    returns = returns_of(account(table, targets(table), "next_open")).to_numpy()
    found = splits(N, **settings)
    chosen, fitted = [], []
    for split in found["splits"]:
        train = np.concatenate([np.arange(*part) for part in split["train"]])
        values = total(returns[train])
        chosen.append(int(values.argmax()))
        fitted.append(values.max())
    size = N // settings["groups"]
    paths = {"path": [], "in_sample": [], "total_return": [], "sharpe": []}
    for number, path in enumerate(found["paths"], 1):
        parts = [returns[g * size : (g + 1) * size, chosen[s]] for g, s in enumerate(path)]
        whole = np.concatenate(parts)
        paths["path"].append(number)
        paths["in_sample"].append(float(np.mean([fitted[s] for s in path])))
        paths["total_return"].append(float(total(whole)))
        paths["sharpe"].append(float(sharpe(whole)))
    return settings | {"paths": paths}


def walk_forward(table):
    """The best variant by total return of each fold, and one account over all judged bars."""
    settings = {"train": 150, "test": 60, "purge": 3}
    folds = walk(N, anchored=False, **settings)["folds"]
    target = targets(table)
    joined = pd.Series(np.nan, table.index)
    rows = {"fast": [], "slow": [], "in_sample": [], "out_of_sample": []}
    for (start, end), (first, last) in folds:
        part = table.iloc[start:end]
        values = total(returns_of(account(part, target.iloc[start:end], "next_open")).to_numpy())
        best = int(values.argmax())
        fast, slow = target.columns[best]
        rows["fast"].append(int(fast))
        rows["slow"].append(int(slow))
        rows["in_sample"].append(float(values[best]))
        joined.iloc[first:last] = target.iloc[first:last, best]
    begin = folds[0][1][0]
    portfolio = account(table.iloc[begin:], joined.iloc[begin:].to_frame("joined"), "next_open")
    returns = returns_of(portfolio).to_numpy()[:, 0]
    rows["out_of_sample"] = [float(total(returns[a - begin : b - begin])) for _, (a, b) in folds]
    return settings | {"folds": rows, "end_equity": float(portfolio.final_value().iloc[0])}


def main():
    TARGET.mkdir(exist_ok=True)
    table = bars()
    day = pd.Series(np.arange(N), table.index, name="day")
    table.assign(day=day)[["day", "open", "close"]].to_csv(TARGET / "bars.csv", index=False)
    expected = {
        "programs": {"vectorbt": vbt.__version__, "skfolio": skfolio.__version__, "numpy": np.__version__},
        "grid": {fill: grid(table, fill) for fill in ("next_open", "same_close")},
        "splits": [splits(60, 6, 2, 0, 0), splits(100, 5, 2, 3, 4), splits(84, 7, 3, 2, 0), splits(40, 4, 3, 1, 1)],
        "uneven": [
            {"n": n, "groups": k, "sizes": [len(part) for part in np.array_split(np.arange(n), k)]}
            for n, k in ((61, 6), (10, 4), (23, 7))
        ],
        "walks": [walk(100, 40, 20, 0, False), walk(100, 30, 13, 4, False), walk(97, 25, 10, 2, True)],
        "cpcv": cpcv(table),
        "walk_forward": walk_forward(table),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in expected.items()]
    (TARGET / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
