"""Writes tests/golden/machines/volatility/: values of the volatility, band, stop and rolling risk
functions, computed from the published formulas and by other programs.

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 ta-lib==0.8.2 arch==8.0.0 \
        scipy==1.17.1 statsmodels==0.15.0 empyrical-reloaded==0.7.1 quantstats==0.0.86 pandas-ta-classic==0.8.32
    python tests/golden/volatility.py

* bars.csv: AAPL's daily bars from July 2008 on; `x` is the close.
* returns.csv: AAPL's returns and, as benchmark, IBM's, rounded to 8 decimals.
* flat.csv: a price that does not move, then one that only rises: what cannot be told is NULL.

Where another program has the function it gives the values: arch (GARCH), TA-Lib (averages,
deviations, regression), pandas-ta-classic (ulcer index), empyrical (Sharpe, Sortino, Calmar, tail
ratio, value at risk, expected shortfall), quantstats (Kelly, win rate, payoff, profit factor),
statsmodels (alpha, beta), scipy (K-ratio). The others are slow sentences of their formulas.
"""

import math
import warnings
from importlib.metadata import version
from pathlib import Path

import arch.univariate
import empyrical
import numpy as np
import pandas as pd
import pandas_ta_classic
import quantstats.stats as qs
import statsmodels.api as sm
import talib
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/machines/volatility"
PROGRAMS = ["numpy", "pandas", "ta-lib", "arch", "scipy", "statsmodels", "empyrical-reloaded"]
PROGRAMS += ["quantstats", "pandas-ta-classic"]
NAN = float("nan")
warnings.filterwarnings("ignore")


class Table:
    """Columns of a file: inputs, and expected outputs under the titles that the tests read."""

    def __init__(self, name, **inputs):
        self.name, self.inputs, self.columns = name, inputs, {}

    def add(self, function, values, **constants):
        """Adds a function's values: a sequence, or one for each field of a struct."""
        given = ";".join(f"{key}={value}" for key, value in constants.items())
        title = f"{function}({given})" if given else function
        if not isinstance(values, dict):
            self.columns[title] = values
            return
        for field, column in values.items():
            self.columns[f"{title}.{field}"] = column

    def write(self):
        columns = {f"in:{key}": column for key, column in self.inputs.items()} | self.columns
        programs = ", ".join(f"{name} {version(name)}" for name in PROGRAMS)
        rows = zip(*[[cell(v) for v in column] for column in columns.values()])
        lines = [f"# {programs}", ",".join(columns), *[",".join(row) for row in rows]]
        (OUT / f"{self.name}.csv").write_text("\n".join(lines) + "\n")


def cell(value):
    return f"{value:.15g}" if np.isfinite(value) else ""


def windows(values, n, of):
    """`of` applied to the last n values of every row; NaN before there are n, or if one is NaN."""
    values = np.asarray(values, float)
    out = np.full(len(values), NAN)
    for t in range(n - 1, len(values)):
        window = values[t - n + 1 : t + 1]
        if np.isfinite(window).all():
            out[t] = of(window)
    return out


def over(a, b):
    return a / b if b != 0 else NAN


def log_returns(x):
    return np.concatenate([[NAN], np.log(x[1:] / x[:-1])])


# --- volatility ---


def sample(values):
    """The standard deviation with n - 1; equal values give exactly 0."""
    return 0.0 if values.max() == values.min() else values.std(ddof=1)


def add_estimators(t, o, h, l, c):
    r = log_returns(c)
    before = np.concatenate([[NAN], c[:-1]])
    hl, co, gap = np.log(h / l), np.log(c / o), np.log(o / before)
    rs = np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o)
    gk = hl**2 / 2 - (2 * math.log(2) - 1) * co**2

    def mean_root(samples, n, year):
        return np.sqrt(windows(samples, n, np.mean) * year)

    for n, year in [(20, 252), (10, 365)]:
        k = {} if n == 20 else {"period": n, "annualization": year}
        t.add("historical_volatility", windows(r, n, sample) * math.sqrt(year), **k)
        t.add("parkinson_volatility", mean_root(hl**2 / (4 * math.log(2)), n, year), **k)
        t.add("garman_klass_volatility", mean_root(gk, n, year), **k)
        t.add("garman_klass_yang_zhang_volatility", mean_root(gk + gap**2, n, year), **k)
        weight = 0.34 / (1.34 + (n + 1) / (n - 1))
        variance = windows(gap, n, sample) ** 2 + weight * windows(co, n, sample) ** 2
        # The gap of the first row is unknown, so its bar is in no window.
        variance += (1 - weight) * windows(np.where(np.isnan(gap), NAN, rs), n, np.mean)
        t.add("yang_zhang_volatility", np.sqrt(variance * year), **k)
    t.add("historical_volatility", windows(r, 20, np.std), annualization=1, ddof=0)


def add_realized(t, x):
    r = log_returns(x)

    def bipower(w):
        return math.pi / 2 * sum(abs(w[i]) * abs(w[i - 1]) for i in range(1, len(w)))

    def med_rv(w):
        n = len(w)
        total = sum(np.median(np.abs(w[i - 1 : i + 2])) ** 2 for i in range(1, n - 1))
        return math.pi / (6 - 4 * math.sqrt(3) + math.pi) * n / (n - 2) * total

    def min_rv(w):
        n = len(w)
        total = sum(min(abs(w[i]), abs(w[i + 1])) ** 2 for i in range(n - 1))
        return math.pi / (math.pi - 2) * n / (n - 1) * total

    for n in (20, 7):
        k = {} if n == 20 else {"period": n}
        t.add("bipower_variation", windows(r, n, bipower), **k)
        jumps = windows(r, n, lambda w: max((w**2).sum() - bipower(w), 0))
        t.add("jump_variation", jumps, **k)
        t.add("median_realized_variance", windows(r, n, med_rv), **k)
        t.add("minimum_realized_variance", windows(r, n, min_rv), **k)
        sides = {
            "downside": windows(r, n, lambda w: (w[w < 0] ** 2).sum()),
            "upside": windows(r, n, lambda w: (w[w > 0] ** 2).sum()),
        }
        t.add("realized_semivariance", sides, **k)
        t.add("realized_quarticity", windows(r, n, lambda w: len(w) / 3 * (w**4).sum()), **k)


def garch(r, omega, alpha, beta):
    """arch's recursion, its variance before the first return set to the long-run one."""
    known = r[1:]
    long_run = omega / (1 - alpha - beta)
    bounds = np.tile([0.0, 1e6], (len(known), 1))
    variance = np.empty_like(known)
    model = arch.univariate.GARCH(p=1, o=0, q=1)
    parameters = np.array([omega, alpha, beta])
    model.compute_variance(parameters, known, variance, long_run, bounds)
    return np.concatenate([[NAN], np.sqrt(variance)])


def add_dynamics(t, h, l, c):
    r = log_returns(c)
    squares = pd.Series(r**2)
    for weight, k in [(0.94, {}), (0.8, {"lambda": 0.8})]:
        ewma = squares.ewm(alpha=1 - weight, adjust=False, ignore_na=True).mean()
        t.add("ewma_volatility", np.sqrt(ewma), **k)
    t.add("garch_volatility", garch(r, 2e-6, 0.1, 0.88))
    t.add("garch_volatility", garch(r, 1e-5, 0.05, 0.9), omega=1e-5, alpha=0.05, beta=0.9)
    for n, m, k in [(20, 20, {}), (5, 10, {"period": 5, "window": 10})]:
        vol = windows(r, n, sample)
        t.add("volatility_of_volatility", windows(vol, m, sample), **k)
    for n, m, k in [(20, 120, {}), (10, 30, {"period": 10, "window": 30})]:
        vol = windows(r, n, sample)
        fields = {
            "current": windows(vol, m, lambda w: w[-1]),
            "lowest": windows(vol, m, min),
            "median": windows(vol, m, np.median),
            "highest": windows(vol, m, max),
            "percentile": windows(vol, m, lambda w: 100 * np.mean(w <= w[-1])),
        }
        t.add("volatility_cone", fields, **k)

        def regime(w):
            low, high = np.percentile(w, [25, 75])
            return int(w[-1] > high) - int(w[-1] < low)

        t.add("volatility_regime", windows(vol, m, regime), **k)
    for n, threshold, k in [(20, 3.0, {}), (10, 2.0, {"period": 10, "threshold": 2})]:

        def jump(w, threshold=threshold):
            past, r = w[:-1], w[-1]
            away, bound = r - past.mean(), threshold * sample(past)
            return 0 if sample(past) == 0 else int(away > bound) - int(away < -bound)

        t.add("jump_indicator", windows(r, n + 1, jump), **k)
    for n, k in [(14, {}), (5, {"period": 5})]:
        t.add("volatility_ratio", schwager(true_range(h, l, c), n), **k)
        ulcer = pandas_ta_classic.ui(pd.Series(c), length=n).to_numpy().copy()
        # pandas-ta counts drawdowns from the first row, with the highest value so far.
        ulcer[: 2 * n - 2] = NAN
        t.add("ulcer_index", ulcer, **k)


def true_range(h, l, c):
    before = np.concatenate([[NAN], c[:-1]])
    return np.fmax(h - l, np.fmax(abs(h - before), abs(l - before)))


def schwager(tr, n):
    out, average = np.full(len(tr), NAN), tr[1 : n + 1].mean()
    for t in range(n + 1, len(tr)):
        out[t] = tr[t] / average if average > 0 else 0.0
        average += 2 / (n + 1) * (tr[t] - average)
    return out


# --- bands ---


def wilder(values, n):
    """Wilder's average, seeded with the mean of the first n values."""
    out = np.full(len(values), NAN)
    if len(values) >= n:
        out[n - 1] = values[:n].mean()
    for t in range(n, len(values)):
        out[t] = out[t - 1] + (values[t] - out[t - 1]) / n
    return out


def atr(h, l, c, n):
    return wilder(true_range(h, l, c), n)


def lines(middle, width):
    return {"upper": middle + width, "middle": middle, "lower": middle - width}


def add_average_bands(t, h, l, c, v):
    sma = lambda n: windows(c, n, np.mean)
    for n, percent, k in [(20, 2.5, {}), (7, 1, {"period": 7, "percent": 1})]:
        t.add("ma_envelope", lines(sma(n), sma(n) * percent / 100), **k)
    for n, a, b, k in [(20, 1.0, 2.0, {}), (10, 0.5, 1.5, {"period": 10, "inner": 0.5, "outer": 1.5})]:
        inner = talib.BBANDS(c, n, a, a)
        outer = talib.BBANDS(c, n, b, b)
        names = ["upper_outer", "upper_inner", "middle", "lower_inner", "lower_outer"]
        values = [outer[0], inner[0], inner[1], inner[2], outer[2]]
        t.add("double_bollinger", dict(zip(names, values)), **k)
    for n, m, mult in [(6, 15, 2.0), (10, 5, 1.5)]:
        k = {} if n == 6 else {"period": n, "atr_period": m, "multiplier": mult}
        width = mult * atr(h, l, c, m)
        t.add("starc_bands", lines(np.where(np.isnan(width), NAN, sma(n)), width), **k)
    for n, m, mult in [(20, 10, 2.0), (10, 5, 1.5)]:
        k = {} if n == 20 else {"period": n, "atr_period": m, "multiplier": mult}
        # Both lines start where the average and the range are known.
        channel = lines(talib.EMA(c, n), mult * atr(h, l, c, m))
        channel["middle"] = np.where(np.isnan(channel["upper"]), NAN, channel["middle"])
        t.add("keltner_channels", channel, **k)
    for n, mult, k in [(14, 3.0, {}), (5, 2.0, {"period": 5, "multiplier": 2})]:
        width = mult * atr(h, l, c, n)
        t.add("atr_bands", lines(np.where(np.isnan(width), NAN, c), width), **k)
    for n, mult, k in [(10, 0.5, {}), (20, 1.0, {"period": 20, "multiplier": 1})]:
        span = windows(h, n, max) - windows(l, n, min)
        t.add("range_channel", lines(sma(n), mult * span), **k)
    for mult, k in [(2.0, {}), (1.0, {"multiplier": 1})]:
        t.add("vwap_bands", vwap(h, l, c, v, mult), **k)


def vwap(h, l, c, v, mult):
    p, rows = (h + l + c) / 3, range(1, len(c) + 1)
    known = [v[:n].sum() > 0 for n in rows]
    mean = np.array([np.average(p[:n], weights=v[:n]) if k else NAN for n, k in zip(rows, known)])
    square = [np.average((p[:n] - m) ** 2, weights=v[:n]) if k else NAN for n, m, k in zip(rows, mean, known)]
    return lines(mean, mult * np.sqrt(square)) | {"deviation": np.sqrt(square)}


def add_order_bands(t, x):
    for n, k in [(20, {}), (9, {"period": 9})]:
        quartile = lambda q: windows(x, n, lambda w: np.percentile(w, q))
        fields = {"upper": quartile(75), "middle": quartile(50), "lower": quartile(25)}
        t.add("quartile_bands", fields, **k)
    for n, mult, k in [(20, 2.0, {}), (9, 1.5, {"period": 9, "multiplier": 1.5})]:
        mad = windows(x, n, lambda w: np.median(abs(w - np.median(w))))
        t.add("median_channel", lines(windows(x, n, np.median), mult * mad), **k)
    for n, share, k in [(21, 0.85, {}), (40, 0.6, {"period": 40, "coverage": 0.6})]:
        mean = windows(x, n, np.mean)
        away = windows(x, n, lambda w: np.percentile(abs(w / w.mean() - 1), 100 * share))
        t.add("bomar_bands", lines(mean, abs(mean) * away), **k)


def fit(w):
    """End of the least-squares line, its slope, and the squared residuals in sum."""
    line = stats.linregress(range(len(w)), w)
    fitted = line.intercept + line.slope * np.arange(len(w))
    return fitted[-1], line.slope, ((w - fitted) ** 2).sum()


def add_regression_bands(t, h, l, c):
    for n, mult, k in [(100, 2.0, {}), (10, 1.0, {"period": 10, "multiplier": 1})]:
        width = windows(c, n, lambda w: mult * math.sqrt(fit(w)[2] / n))
        t.add("linreg_channel", lines(talib.LINEARREG(c, n), width), **k)
    for n, mult, s in [(21, 2.0, 3), (10, 1.0, 1), (5, 2.0, 5)]:
        k = {} if n == 21 else {"period": n, "multiplier": mult, "smooth": s}
        error = windows(c, n, lambda w: math.sqrt(fit(w)[2] / (n - 2)))
        middle = windows(talib.LINEARREG(c, n), s, np.mean)
        t.add("standard_error_bands", lines(middle, mult * windows(error, s, np.mean)), **k)
    for n, k in [(14, {}), (5, {"period": 5})]:
        ahead = np.arange(n)[::-1]
        upper = windows(h, n, lambda w: max(w + fit(w)[1] * ahead))
        lower = windows(l, n, lambda w: min(w + fit(w)[1] * ahead))
        fields = {"upper": upper, "middle": (upper + lower) / 2, "lower": lower}
        t.add("projection_bands", fields, **k)
        with np.errstate(all="ignore"):
            place = np.where(upper == lower, 50.0, 100 * (c - lower) / (upper - lower))
        t.add("projection_oscillator", place, **k)


def add_fractals(t, h, l):
    for k, constants in [(2, {}), (4, {"half_width": 4})]:
        upper, lower = np.full(len(h), NAN), np.full(len(h), NAN)
        for i in range(k, len(h) - k):
            sides = [j for j in range(i - k, i + k + 1) if j != i]
            if all(h[j] < h[i] for j in sides):
                upper[i + k] = h[i]
            if all(l[j] > l[i] for j in sides):
                lower[i + k] = l[i]
        upper, lower = pd.Series(upper).ffill(), pd.Series(lower).ffill()
        both = upper.notna() & lower.notna()
        fields = {"upper": upper.where(both), "lower": lower.where(both)}
        t.add("fractal_chaos_bands", fields, **constants)


# --- stops ---


def sides(stop, direction):
    return {"stop": stop, "direction": direction}


def reversing(rows, start, carry):
    """A stop that is started anew on the other side when a close crosses it.

    `start(t, side)` is the stop of a new position, `carry(t, side, stop)` that of an old one.
    """
    stop, direction, side = {}, {}, 0
    for t, close in rows:
        if side == 0:
            side, level = 1, start(t, 1)
        else:
            level = carry(t, side, stop[t - 1])
            if side * (close - level) < 0:
                side = -side
                level = start(t, side)
        stop[t], direction[t] = level, side
    return stop, direction


def column(values, n):
    return [values.get(t, NAN) for t in range(n)]


def add_range_stops(t, h, l, c):
    n_rows = len(c)
    for n, mult, k in [(22, 3.0, {}), (5, 2.0, {"period": 5, "multiplier": 2})]:
        width = mult * atr(h, l, c, n)
        fields = {"long_stop": windows(h, n, max) - width, "short_stop": windows(l, n, min) + width}
        t.add("chandelier_exit", fields, **k)
    for n, mult, k in [(14, 3.0, {}), (10, 1.0, {"period": 10, "multiplier": 1})]:
        width, stop = mult * atr(h, l, c, n), np.full(n_rows, NAN)
        for i in range(n - 1, n_rows):
            below, above = c[i] - width[i], c[i] + width[i]
            if i == n - 1:
                stop[i] = below
            elif min(c[i], c[i - 1]) > stop[i - 1]:
                stop[i] = max(stop[i - 1], below)
            elif max(c[i], c[i - 1]) < stop[i - 1]:
                stop[i] = min(stop[i - 1], above)
            else:
                stop[i] = below if c[i] > stop[i - 1] else above
        t.add("atr_trailing_stop", stop, **k)
    for n, mult, k in [(7, 3.0, {}), (14, 1.5, {"period": 14, "multiplier": 1.5})]:
        width, stop = mult * atr(h, l, c, n), np.full(n_rows, NAN)
        side, since = 1, n - 1
        for i in range(n - 1, n_rows):
            # The significant close is the best one from the reversal up to the row before.
            if i > since and side * (c[i] - side * max(side * c[since:i])) < -width[i]:
                side, since = -side, i
            stop[i] = side * max(side * c[since : i + 1]) - side * width[i]
        t.add("volatility_stop", stop, **k)
    for n, start, step in [(14, 3.0, 0.05), (5, 2.0, 0.3)]:
        k = {} if n == 14 else {"period": n, "start": start, "increment": step}
        width = atr(h, l, c, n)
        stop, direction = reversing(
            [(i, c[i]) for i in range(n - 1, n_rows)],
            lambda i, side: c[i] - side * start * width[i],
            lambda i, side, stop: stop + side * step * width[i],
        )
        t.add("atr_ratchet", sides(column(stop, n_rows), column(direction, n_rows)), **k)


def add_noise_stops(t, h, l, c):
    n_rows = len(c)

    def toward(side, stop, level):
        return max(stop, level) if side > 0 else min(stop, level)

    for n, mult, k in [(30, 2.2, {}), (10, 1.0, {"period": 10, "multiplier": 1})]:
        two = np.concatenate([[NAN], np.maximum(h[1:], h[:-1]) - np.minimum(l[1:], l[:-1])])
        band = windows(two, n, np.mean) + mult * windows(two, n, sample)
        since = {"row": None}

        def extreme(i, side):
            past = slice(since["row"], i + 1)
            return max(h[past]) if side > 0 else min(l[past])

        def start(i, side):
            since["row"] = i
            return extreme(i, side) - side * band[i]

        def carry(i, side, stop):
            return toward(side, stop, extreme(i, side) - side * band[i])

        stop, direction = reversing([(i, c[i]) for i in range(n, n_rows)], start, carry)
        t.add("kase_dev_stop", sides(column(stop, n_rows), column(direction, n_rows)), **k)

    def mean_positive(w):
        return w[w > 0].mean() if (w > 0).any() else 0.0

    for n, mult, k in [(10, 2.0, {}), (22, 3.0, {"period": 22, "multiplier": 3})]:
        down = windows(np.concatenate([[NAN], l[:-1] - l[1:]]), n, mean_positive)
        up = windows(np.concatenate([[NAN], h[1:] - h[:-1]]), n, mean_positive)

        def level(i, side):
            return l[i] - mult * down[i] if side > 0 else h[i] + mult * up[i]

        stop, direction = reversing(
            [(i, c[i]) for i in range(n, n_rows)],
            level,
            lambda i, side, stop: toward(side, stop, level(i, side)),
        )
        t.add("elder_safezone", sides(column(stop, n_rows), column(direction, n_rows)), **k)

    for n, k in [(14, {}), (5, {"period": 5})]:
        average, side = wilder(c, n), 0
        stop, direction = np.full(n_rows, NAN), np.full(n_rows, NAN)
        for i in range(n - 1, n_rows):
            if side == 0:
                side, stop[i] = (1 if c[i] >= average[i] else -1), average[i]
            else:
                stop[i] = toward(side, stop[i - 1], average[i])
                if side * (c[i] - stop[i]) < 0:
                    side, stop[i] = -side, average[i]
            direction[i] = side
        t.add("smma_trailing_stop", sides(stop, direction), **k)

    for percent, k in [(2.0, {}), (7.5, {"percent": 7.5})]:
        side, since = 1, 0
        stop, direction = np.full(n_rows, NAN), np.full(n_rows, NAN)
        for i in range(n_rows):
            line = lambda: side * max(side * c[since : i + 1]) * (1 - side * percent / 100)
            if side * (c[i] - line()) < 0:
                side, since = -side, i
            stop[i], direction[i] = line(), side
        t.add("nrtr", sides(stop, direction), **k)


def add_fixed_stops(t, x):
    n_rows, rows = len(x), list(enumerate(x))

    def follow(level):
        pick = {1: max, -1: min}
        # The crossing is judged against the stop of the row before; only then it moves.
        stop, side = np.full(n_rows, NAN), 1
        for i, price in rows:
            if i == 0:
                stop[i] = level(price, 1)
            elif side * (price - stop[i - 1]) < 0:
                side = -side
                stop[i] = level(price, side)
            else:
                stop[i] = pick[side](stop[i - 1], level(price, side))
        return stop

    for percent, k in [(5.0, {}), (1.0, {"percent": 1})]:
        level = lambda price, side: price - side * price * percent / 100
        t.add("percent_trailing_stop", follow(level), **k)
    for step, k in [(1.0, {}), (2.5, {"step": 2.5})]:
        below = lambda price: math.floor((price - step) / step) * step
        above = lambda price: math.ceil((price + step) / step) * step
        t.add("step_trailing_stop", follow(lambda p, side: below(p) if side > 0 else above(p)), **k)
    for brick, k in [(1.0, {}), (4.0, {"brick": 4})]:
        anchor, side, stop = x[0], 1, np.full(n_rows, NAN)
        for i, price in rows:
            if side * (price - (anchor - side * brick)) < 0:
                side, anchor = -side, price
            else:
                anchor += side * brick * max(math.floor(side * (price - anchor) / brick), 0)
            stop[i] = anchor - side * brick
        t.add("renko_trailing_stop", stop, **k)


def add_hilo(t, h, l, c):
    for n, k in [(3, {}), (10, {"period": 10})]:
        upper = pd.Series(windows(h, n, np.mean))
        lower = pd.Series(windows(l, n, np.mean))
        signal = pd.Series(NAN, range(len(c)))
        signal[c > upper.shift()] = 1
        signal[c < lower.shift()] = -1
        signal = signal.ffill()
        stop = lower.where(signal > 0, upper).where(signal.notna())
        t.add("hilo_activator", sides(stop, signal), **k)


# --- rolling risk ---


def drawdowns(wealth):
    """Distances to the peak, as positive fractions, and the greatest depth of each episode."""
    peak = np.maximum.accumulate(wealth)
    falls = (peak - wealth) / peak
    episodes, depth = [], 0.0
    for fall in falls:
        if fall == 0 and depth > 0:
            episodes.append(depth)
        depth = 0.0 if fall == 0 else max(depth, fall)
    return falls, np.array(episodes + ([depth] if depth > 0 else []))


def add_ratios(t, ret, year, n, k):
    annual = {} if year == 252 else {"annualization": year}
    flat = lambda w: w.max() == w.min()

    def sharpe(w, rate=0.0):
        return NAN if flat(w) else empyrical.sharpe_ratio(w, rate, annualization=year)

    def sortino(w, rate=0.0):
        return NAN if (w >= rate).all() else empyrical.sortino_ratio(w, rate, annualization=year)

    t.add("rolling_sharpe", windows(ret, n, sharpe), **k, **annual)
    t.add("rolling_sortino", windows(ret, n, sortino), **k, **annual)
    for rate in (0.0, 0.001):
        required = {"required": rate} if rate else {}
        up = lambda w: np.maximum(w - rate, 0)
        down = lambda w: np.maximum(rate - w, 0)
        omega = windows(ret, n, lambda w: over(up(w).sum(), down(w).sum()))
        t.add("rolling_omega", omega, **k, **required)
        upside = windows(ret, n, lambda w: over(up(w).mean(), math.sqrt((down(w) ** 2).mean())))
        t.add("rolling_upside_potential", upside, **k, **required)
    rated = k | {"risk_free": 0.0001} | annual
    t.add("rolling_sharpe", windows(ret, n, lambda w: sharpe(w, 0.0001)), **rated)
    rated = k | {"required": 0.0005} | annual
    t.add("rolling_sortino", windows(ret, n, lambda w: sortino(w, 0.0005)), **rated)

    def k_ratio(w):
        line = stats.linregress(range(len(w)), np.cumsum(np.log1p(w)))
        return NAN if flat(w[1:]) else line.slope / line.stderr

    t.add("rolling_k_ratio", windows(ret, n, k_ratio), **k)

    def cost(of):
        def ratio(w):
            wealth = np.concatenate([[1.0], np.cumprod(1 + w)])
            falls, depths = drawdowns(wealth)
            return over(wealth[-1] ** (year / n) - 1, of(falls, depths)) if len(depths) else NAN

        return windows(ret, n, ratio)

    def calmar(w):
        deepest = empyrical.max_drawdown(w)
        return over(empyrical.annual_return(w, annualization=year), abs(deepest))

    t.add("rolling_calmar", windows(ret, n, calmar), **k, **annual)
    t.add("rolling_sterling", cost(lambda falls, depths: depths.mean()), **k, **annual)
    t.add("rolling_burke", cost(lambda falls, depths: np.linalg.norm(depths)), **k, **annual)
    t.add("rolling_martin", cost(lambda f, d: math.sqrt((f[1:] ** 2).mean())), **k, **annual)
    t.add("rolling_pain_ratio", cost(lambda f, d: f[1:].mean()), **k, **annual)


def add_trades(t, ret, n, k):
    def losing(of):
        return windows(ret, n, lambda w: of(w, w[w > 0], -w[w < 0]) if (w < 0).any() else NAN)

    def both(of):
        return lambda w, wins, losses: of(pd.Series(w)) if len(wins) else NAN

    quick = lambda f: lambda s: f(s, prepare_returns=False)
    factor = losing(lambda w, wins, losses: qs.profit_factor(pd.Series(w), False) if len(wins) else 0)
    t.add("rolling_profit_factor", factor, **k)
    t.add("rolling_gain_loss_ratio", losing(both(quick(qs.payoff_ratio))), **k)
    t.add("rolling_kelly", losing(both(quick(qs.kelly_criterion))), **k)
    t.add("rolling_gain_to_pain", losing(lambda w, wins, losses: w.sum() / losses.sum()), **k)
    t.add("rolling_expectancy", losing(lambda w, wins, losses: w.mean() / losses.mean()), **k)
    rate = windows(ret, n, lambda w: over((w > 0).sum(), (w != 0).sum()))
    t.add("rolling_win_rate", rate, **k)
    for level in (0.95, 0.9):
        share = {} if level == 0.95 else {"level": level}
        risk = lambda w: empyrical.value_at_risk(w, round(1 - level, 12))
        mean = lambda w: empyrical.conditional_value_at_risk(w, round(1 - level, 12))
        t.add("rolling_value_at_risk", windows(ret, n, risk), **k, **share)
        t.add("rolling_expected_shortfall", windows(ret, n, mean), **k, **share)
    tail = windows(ret, n, lambda w: empyrical.tail_ratio(w) if np.percentile(w, 5) else NAN)
    t.add("rolling_tail_ratio", tail, **k)
    t.add("rolling_common_sense_ratio", factor * tail, **k)


def pairs(ret, benchmark, n, of):
    out = np.full(len(ret), NAN)
    for t in range(n - 1, len(ret)):
        out[t] = of(ret[t - n + 1 : t + 1], benchmark[t - n + 1 : t + 1])
    return out


def add_benchmark(t, ret, benchmark, n, year, rate, k):
    def line(r, b):
        """Intercept and slope of the excess returns on the benchmark's."""
        if b.max() == b.min():
            return NAN, NAN
        if r.max() == r.min():
            return r[0] - rate, 0.0
        return sm.OLS(r - rate, sm.add_constant(b - rate, has_constant="add")).fit().params

    rated = k | ({"risk_free": rate} if rate else {})
    t.add("rolling_alpha", pairs(ret, benchmark, n, lambda r, b: year * line(r, b)[0]), **rated)
    treynor = pairs(ret, benchmark, n, lambda r, b: over(year * (r.mean() - rate), line(r, b)[1]))
    t.add("rolling_treynor", treynor, **rated)
    m2 = lambda r, b: year * (rate + over(r.mean() - rate, sample(r)) * sample(b))
    t.add("rolling_m2", pairs(ret, benchmark, n, m2), **rated)
    ratio = lambda r, b: over((r - b).mean(), sample(r - b)) * math.sqrt(year)
    t.add("rolling_information_ratio", pairs(ret, benchmark, n, ratio), **k)
    error = pairs(ret, benchmark, n, lambda r, b: sample(r - b) * math.sqrt(year))
    t.add("rolling_tracking_error", error, **k)


def add_equity(t, x, n, k):
    below = drawdowns
    t.add("rolling_max_drawdown", windows(x, n, lambda w: 0 - below(w)[0].max()), **k)
    depth = lambda w: -below(w)[1].mean() if len(below(w)[1]) else 0
    t.add("rolling_average_drawdown", windows(x, n, depth), **k)
    t.add("rolling_pain_index", windows(x, n, lambda w: below(w)[0].mean()), **k)


def add_since_start(t, x):
    s = pd.Series(x)
    peak = s.cummax()
    fall = s / peak - 1
    t.add("drawdown", {"current": fall, "deepest": fall.cummin(), "peak": peak})
    newest = [i - max(j for j in range(i + 1) if x[j] == peak[i]) for i in range(len(x))]
    t.add("drawdown_duration", newest)
    t.add("recovery_factor", [over(x[i] / x[0] - 1, -fall[: i + 1].min()) for i in range(len(x))])


def bars_of(symbol):
    daily = pd.read_parquet(ROOT / "data/us5_daily.parquet")
    return daily[(daily.symbol == symbol) & (daily.ts >= "2008-07-01")].head(220)


def add_all_of_bars(t, o, h, l, c, v):
    add_estimators(t, o, h, l, c)
    add_realized(t, c)
    add_dynamics(t, h, l, c)
    add_average_bands(t, h, l, c, v)
    add_order_bands(t, c)
    add_regression_bands(t, h, l, c)
    add_fractals(t, h, l)
    add_range_stops(t, h, l, c)
    add_noise_stops(t, h, l, c)
    add_fixed_stops(t, c)
    add_hilo(t, h, l, c)
    for n, k in [(126, {}), (20, {"period": 20})]:
        add_equity(t, c, n, k)
    add_since_start(t, c)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    apple, ibm = bars_of("AAPL"), bars_of("IBM")
    o, h, l, c = (apple[p].to_numpy(float) for p in ("open", "high", "low", "close"))
    v = apple.volume.to_numpy(float)
    bars = Table("bars", open=o, high=h, low=l, close=c, volume=v, x=c)
    add_all_of_bars(bars, o, h, l, c, v)
    bars.write()

    ret = np.round(c[1:] / c[:-1] - 1, 8)
    y = ibm.close.to_numpy(float)
    benchmark = np.round(y[1:] / y[:-1] - 1, 8)
    returns = Table("returns", ret=ret, benchmark=benchmark)
    for n, year, k in [(126, 252, {}), (20, 365, {"period": 20})]:
        add_ratios(returns, ret, year, n, k)
        add_trades(returns, ret, n, k)
        annual = k | ({} if year == 252 else {"annualization": year})
        add_benchmark(returns, ret, benchmark, n, year, 0.0001 if k else 0.0, annual)
    returns.write()

    ret = np.array([0.0] * 8 + [0.01] * 8 + [-0.01] * 8 + [0.0] * 8)
    benchmark = np.concatenate([[0.01] * 12, np.resize([0.01, 0.02, 0.04], 20)])
    flat = Table("flat", ret=ret, benchmark=benchmark, x=100 * np.cumprod(1 + ret))
    add_ratios(flat, ret, 252, 4, {"period": 4})
    add_trades(flat, ret, 4, {"period": 4})
    add_benchmark(flat, ret, benchmark, 4, 252, 0.0, {"period": 4})
    add_equity(flat, flat.inputs["x"], 4, {"period": 4})
    add_since_start(flat, flat.inputs["x"])
    flat.write()


if __name__ == "__main__":
    main()
