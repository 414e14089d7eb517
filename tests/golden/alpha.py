"""Expected values of the building blocks of alphas, from pandas, scipy, statsmodels and polars_ta.

    pip install numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 statsmodels==0.15.0 pyarrow==26.0.1 \
        polars==2.1.0 polars-ta==0.5.18
    python tests/golden/alpha.py

writes CSV files into tests/golden/alpha/: `in:` columns are inputs, the others are expected, an
empty cell is NULL. Missing rows are taken out before a program sees the series and are put back
as NULL, which is QuantLake's rule and not the programs'. `fold.csv` has plain columns.
"""

import pathlib
import warnings

import numpy as np
import pandas as pd
import polars as pl
import polars_ta
import scipy
import scipy.stats
import statsmodels
import statsmodels.api as sm
from polars_ta.wq import cross_sectional as cs
from polars_ta.wq import time_series as ts

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "golden" / "alpha"
N_ROWS = 160
PROGRAMS = (
    f"# pandas {pd.__version__}, numpy {np.__version__}, scipy {scipy.__version__}, "
    f"statsmodels {statsmodels.__version__}, polars {pl.__version__}, "
    f"polars-ta {polars_ta.__version__}: python tests/golden/alpha.py"
)


def bars(symbol, first):
    """Closes of one symbol from a row on."""
    table = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    rows = table[table.symbol == symbol].sort_values("ts")
    return rows.close.to_numpy(float)[first : first + N_ROWS]


def inputs():
    """Two price series with missing rows, ties and a flat stretch, and a condition."""
    x = np.round(bars("AAPL", 500), 1)
    x[90:104] = x[90]
    y = bars("IBM", 500).copy()
    x[[3, 41, 77]] = np.nan
    y[[41, 55]] = np.nan
    condition = (np.arange(N_ROWS) % 7 < 3).astype(float)
    condition[:5] = 0
    condition[[20, 21]] = np.nan
    return pd.DataFrame({"x": x, "y": y, "condition": condition})


def over_present(columns, compute):
    """Runs `compute` on the rows where all columns have a value; the others are NULL."""
    frame = pd.DataFrame(columns)
    present = frame.dropna().reset_index(drop=True)
    result = np.full(len(frame), np.nan)
    values = np.asarray(compute(*(present[c] for c in present)), dtype=float)
    result[frame.notna().all(axis=1).to_numpy()] = values
    return result


def windows(period, least, value):
    """A function of series: `value` of each window of the newest `period` rows, on its own."""

    def compute(*series):
        arrays = [s.to_numpy() for s in series]
        n_rows = len(arrays[0])
        result = np.full(n_rows, np.nan)
        for end in range(least, n_rows + 1):
            rows = slice(max(0, end - period), end)
            result[end - 1] = value(*(a[rows] for a in arrays))
        return result

    return compute


def line(window):
    """scipy's straight line through a window over the times 0, 1, ...."""
    return scipy.stats.linregress(np.arange(len(window)), window)


def r_square(window):
    return scipy.stats.pearsonr(np.arange(len(window)), window).statistic ** 2


def residual(window):
    fitted = line(window)
    return window[-1] - (fitted.intercept + fitted.slope * (len(window) - 1))


def at_least(n, value):
    """NULL below n rows, for programs that refuse them or answer with something else."""
    return lambda *w: value(*w) if len(w[0]) >= n else np.nan


def wq(name, *arguments, **options):
    """A function of polars_ta on one series."""

    def compute(series):
        frame = pl.DataFrame({"x": series.to_numpy()})
        expr = getattr(ts, name)(pl.col("x"), *arguments, **options)
        return frame.select(expr).to_series().cast(pl.Float64).to_numpy()

    return compute


def series_functions():
    """Column title, input columns, computation."""
    x, xy, c = ["x"], ["x", "y"], ["condition"]
    yield "delay", x, lambda s: s.shift(1)
    yield "delay(periods=5)", x, lambda s: s.shift(5)
    yield "delta(periods=3)", x, lambda s: s.diff(3)
    yield "ts_return(periods=2)", x, lambda s: s.pct_change(2)
    for period, least in [(1, 1), (7, 7), (20, 5), (70, 1)]:
        yield from plain_windows(f"(period={period};min_periods={least})", period, least)
    for period, least in [(5, 5), (13, 1), (80, 40)]:
        yield from shaped_windows(f"period={period};min_periods={least}", period, least)
    for name in ["sum", "product", "min", "max", "count"]:
        programs = {
            "sum": lambda s: s.cumsum(),
            "product": lambda s: s.cumprod(),
            "min": lambda s: s.cummin(),
            "max": lambda s: s.cummax(),
            "count": lambda s: s.expanding().count(),
        }
        yield f"cum_{name}", x, programs[name]
    yield "ts_bars_since", c, bars_since
    yield "ts_count(period=6)", c, wq("ts_sum", 6)
    for text, options in [
        ("span=10", {"span": 10}),
        ("halflife=4.5;adjust=false", {"halflife": 4.5, "adjust": False}),
        ("alpha=0.3;min_periods=6", {"alpha": 0.3, "min_periods": 6}),
        ("com=2;min_periods=1", {"com": 2, "min_periods": 1}),
        ("alpha=1", {"alpha": 1.0}),
    ]:
        yield from exponential(text, options)


def plain_windows(text, period, least):
    x, xy = ["x"], ["x", "y"]
    rolling = lambda s: s.rolling(period, min_periods=least)
    yield f"ts_sum{text}", x, lambda s: rolling(s).sum()
    yield f"ts_mean{text}", x, lambda s: rolling(s).mean()
    yield f"ts_product{text}", x, windows(period, least, np.prod)
    yield f"ts_min{text}", x, lambda s: rolling(s).min()
    yield f"ts_max{text}", x, lambda s: rolling(s).max()
    yield f"ts_median{text}", x, lambda s: rolling(s).median()
    yield f"ts_rank{text}", x, lambda s: rolling(s).rank(method="average", pct=True)
    yield f"ts_rank{text[:-1]};pct=false)", x, lambda s: rolling(s).rank(method="average")
    yield f"ts_argmax{text}", x, windows(period, least, lambda w: 1 + np.argmax(w))
    yield f"ts_argmin{text}", x, windows(period, least, lambda w: 1 + np.argmin(w))
    for ours, theirs in [("ts_argmax", "ts_arg_max"), ("ts_argmin", "ts_arg_min")]:
        yield f"{ours}{text[:-1]};from_newest=true)", x, wq(theirs, period, min_samples=least)
    for q in [0.0, 0.3, 1.0]:
        yield f"ts_quantile{text[:-1]};q={q})", x, lambda s, q=q: rolling(s).quantile(q)
    yield f"ts_mad{text}", x, windows(period, least, lambda w: np.abs(w - w.mean()).mean())
    if period == least:
        yield f"decay_linear{text}", x, wq("ts_decay_linear", period)
        yield f"decay_exp{text[:-1]};factor=0.7)", x, wq("ts_decay_exp_window", period, 0.7)
    else:
        ramp = lambda w: np.average(w, weights=np.arange(1, len(w) + 1))
        fading = lambda w: np.average(w, weights=0.7 ** np.arange(len(w) - 1, -1, -1))
        yield f"decay_linear{text}", x, windows(period, least, ramp)
        yield f"decay_exp{text[:-1]};factor=0.7)", x, windows(period, least, fading)


def shaped_windows(text, period, least):
    x, xy = ["x"], ["x", "y"]
    each = lambda n, value: windows(period, least, at_least(n, value))
    for ddof in [0, 1]:
        more = f"({text};ddof={ddof})"
        sigma = lambda w, d=ddof: 0.0 if np.ptp(w) == 0 else w.std(ddof=d)
        yield f"ts_stddev{more}", x, each(1 + ddof, sigma)
        yield f"ts_variance{more}", x, each(1 + ddof, lambda w, d=ddof: np.var(w, ddof=d))
        z = lambda w, s=sigma: np.nan if np.ptp(w) == 0 else (w[-1] - w.mean()) / s(w)
        yield f"ts_zscore{more}", x, each(2, z)
        yield f"ts_cov{more}", xy, each(1 + ddof, lambda a, b, d=ddof: np.cov(a, b, ddof=d)[0, 1])
    yield f"ts_skewness({text})", x, each(3, lambda w: scipy.stats.skew(w, bias=False))
    yield f"ts_kurtosis({text})", x, each(4, lambda w: scipy.stats.kurtosis(w, bias=False))
    scaled = lambda w: (w[-1] - w.min()) / np.ptp(w) if np.ptp(w) else np.nan
    yield f"ts_minmax_scale({text})", x, windows(period, least, scaled)
    yield f"ts_corr({text})", xy, each(2, lambda a, b: scipy.stats.pearsonr(a, b).statistic)
    beta = lambda a, b: scipy.stats.linregress(b, a).slope
    yield f"ts_beta({text})", xy, each(2, beta)
    yield f"ts_slope({text})", x, each(2, lambda w: line(w).slope)
    yield f"ts_intercept({text})", x, each(2, lambda w: line(w).intercept)
    yield f"ts_rsquare({text})", x, each(2, r_square)
    yield f"ts_residual({text})", x, each(2, residual)


def bars_since(condition):
    rows = pd.Series(np.arange(len(condition)))
    return rows - rows.where(condition != 0).ffill()


def exponential(text, options):
    """pandas' ewm; a variance of one row is left to it."""
    x, xy = ["x"], ["x", "y"]
    yield f"ewm_mean({text})", x, lambda s: s.ewm(**options).mean()
    for bias in [False, True]:
        more = f"({text};bias={str(bias).lower()})"
        yield f"ewm_var{more}", x, lambda s, b=bias: s.ewm(**options).var(bias=b)
        yield f"ewm_std{more}", x, lambda s, b=bias: s.ewm(**options).std(bias=b)
        yield f"ewm_cov{more}", xy, lambda s, o, b=bias: s.ewm(**options).cov(o, bias=b)
    yield f"ewm_corr({text})", xy, lambda s, o: s.ewm(**options).corr(o)


def cross_section(n_rows, seed):
    """One moment: factors with ties and missing rows, and a group."""
    random = np.random.default_rng(seed)
    x = np.round(random.normal(size=n_rows) * 10, 0 if n_rows > 20 else 3)
    y = 0.5 * x + random.normal(size=n_rows)
    group = random.integers(0, 4, size=n_rows).astype(float)
    if n_rows > 4:
        x[1] = y[2] = group[3] = np.nan
    return pd.DataFrame({"x": x, "y": y, "group": group})


def cross_functions():
    x, grouped = ["x"], ["x", "group"]
    same = lambda value: lambda s: np.full(len(s), value(s))
    yield "cs_rank", x, lambda s: s.rank(pct=True)
    yield "cs_rank(pct=false)", x, lambda s: s.rank()
    yield "cs_demean", x, lambda s: s - s.mean()
    yield "cs_zscore", x, lambda s: (s - s.mean()) / s.std()
    yield "cs_zscore(ddof=0)", x, lambda s: scipy.stats.zscore(s)
    yield "cs_scale", x, polars_scale(1)
    yield "cs_scale(to=20.5)", x, polars_scale(20.5)
    yield "cs_minmax_scale", x, lambda s: (s - s.min()) / (s.max() - s.min())
    yield "cs_mean", x, same(lambda s: s.mean())
    yield "cs_median", x, same(lambda s: s.median())
    yield "cs_std", x, same(lambda s: s.std())
    yield "cs_std(ddof=0)", x, same(lambda s: s.std(ddof=0))
    yield "cs_count", x, same(len)
    quantiles = lambda share: lambda s: s.clip(s.quantile(share), s.quantile(1 - share))
    yield "cs_winsorize", x, quantiles(0.01)
    yield "cs_winsorize(limit=0.1)", x, quantiles(0.1)
    around = lambda n: lambda s: s if len(s) < 2 else s.clip(s.mean() - n * s.std(), s.mean() + n * s.std())
    yield "cs_winsorize(method=std)", x, around(3)
    yield "cs_winsorize(method=std;limit=1.2)", x, around(1.2)
    for n in [2, 5, 10]:
        yield f"cs_quantile_bucket(buckets={n})", x, quantile_buckets(n)
    yield "cs_neutralize", grouped, lambda s, g: s - s.groupby(g).transform("mean")
    yield "cs_group_rank", grouped, lambda s, g: s.groupby(g).rank(pct=True)
    yield "cs_group_rank(pct=false)", grouped, lambda s, g: s.groupby(g).rank()
    yield "cs_group_zscore", grouped, lambda s, g: s.groupby(g).transform(group_z)
    yield "cs_regress_out", ["y", "x"], ols_residual


def group_z(s):
    return (s - s.mean()) / s.std()


def polars_scale(to):
    def compute(s):
        return pl.DataFrame({"x": s.to_numpy()}).select(cs.cs_scale(pl.col("x"), to)).to_series()

    return compute


def quantile_buckets(n):
    """pandas.qcut where it can: it refuses edges that are equal."""

    def compute(s):
        edges = np.quantile(s, np.arange(1, n) / n)
        return 1 + np.searchsorted(edges, s, side="left")

    def by_qcut(s):
        try:
            return pd.qcut(s, n, labels=False) + 1
        except ValueError:
            return compute(s)

    return by_qcut


def ols_residual(y, x):
    if len(y) < 3:
        return np.full(len(y), np.nan)
    return sm.OLS(y, sm.add_constant(x)).fit().resid


def write(name, frame, functions):
    columns = {f"in:{c}": frame[c] for c in frame}
    for title, names, compute in functions:
        columns[title] = over_present({n: frame[n] for n in names}, compute)
    save(name, pd.DataFrame(columns))


def save(name, table):
    finite = table.astype(float).replace([np.inf, -np.inf], np.nan)
    rows = [",".join(finite)]
    rows += [",".join("" if np.isnan(v) else repr(float(v)) for v in row) for row in finite.to_numpy()]
    (FOLDER / name).write_text("\n".join([PROGRAMS, *rows]) + "\n")


def several_factors():
    """Residuals on three factors, of which the third is a combination of the others."""
    random = np.random.default_rng(5)
    a, b, noise = random.normal(size=(3, 25))
    y = 2 * a - b + noise
    third = a + 2 * b
    resid = sm.OLS(y, sm.add_constant(np.column_stack([a, b]))).fit().resid
    return pd.DataFrame({"y": y, "a": a, "b": b, "c": third, "residual": resid})


def folds():
    """Recurrences in plain Python over prices."""
    x = bars("AAPL", 500)
    table = {"x": x, "smooth": pd.Series(x).ewm(alpha=0.1, adjust=False).mean()}
    returns = np.diff(np.log(x), prepend=np.log(x[0]))
    state, cusum = 0.0, []
    for r in returns:
        state = max(0.0, state + r - 0.002)
        cusum.append(state)
    stop, stops = 0.0, []
    for price in x:
        stop = max(stop, price * 0.9) if price > stop else price * 0.9
        stops.append(stop)
    variance, garch = 0.0004, []
    for r in returns:
        variance = 0.00001 + 0.08 * r**2 + 0.9 * variance
        garch.append(variance)
    return pd.DataFrame({**table, "r": returns, "cusum": cusum, "stop": stops, "garch": garch})


def main():
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    write("series.csv", inputs(), series_functions())
    for n_rows, seed in [(1, 1), (2, 2), (15, 3), (101, 4)]:
        write(f"cross_{n_rows}.csv", cross_section(n_rows, seed), cross_functions())
    (FOLDER / "plain").mkdir(exist_ok=True)
    save("plain/factors.csv", several_factors())
    save("plain/fold.csv", folds())


if __name__ == "__main__":
    main()
