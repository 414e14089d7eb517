"""Expected values of trend, momentum and cycle functions that TA-Lib lacks, by their formulas.

    pip install ta-lib==0.8.2 statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/trend.py

writes tests/golden/machines/trend/*.csv: a year of daily bars (data/us5_daily.parquet) with the
functions' values next to them. The formulas are those of the publications that the functions name,
on whole windows; averages, regressions, RSI, CCI and MACD inside them come from the TA-Lib wheel,
linear filters from scipy, Holt's smoothing from statsmodels.
"""

import math
import pathlib
import sys

import numpy as np
import pandas as pd
import scipy
import scipy.signal
import scipy.stats
import statsmodels
import talib
from statsmodels.tsa.holtwinters import Holt

ROOT = pathlib.Path(__file__).resolve().parents[2]
N_ROWS = 240
NAN = float("nan")


def bars(symbol, first):
    """A year of one symbol."""
    rows = pd.read_parquet(ROOT / "data/us5_daily.parquet")
    rows = rows[rows.symbol == symbol].sort_values("ts")
    return rows.iloc[first : first + N_ROWS].reset_index(drop=True)


def known(function, series, *args):
    """A TA-Lib function of one series behind the rows at its start that are not known."""
    series = np.asarray(series, dtype=float)
    start = int(np.argmax(np.isfinite(series))) if np.isfinite(series).any() else len(series)
    out = np.full(len(series), NAN)
    out[start:] = function(series[start:], *args)
    return out


def ema(series, period):
    return np.asarray(series, float) if period == 1 else known(talib.EMA, series, period)


def sma(series, period):
    return np.asarray(series, float) if period == 1 else known(talib.SMA, series, period)


def rolling(series, period, function):
    """The function of each full window, oldest value first."""
    out = np.full(len(series), NAN)
    for t in range(period - 1, len(series)):
        window = np.asarray(series[t - period + 1 : t + 1], float)
        if np.isfinite(window).all():
            out[t] = function(window)
    return out


def shift(series, n):
    return np.r_[np.full(n, NAN), np.asarray(series, float)[: len(series) - n]] if n else np.asarray(series, float)


def wilder(series, period):
    """Wilder's average: the mean of the first values, then a part 1/period of each new one."""
    series = np.asarray(series, float)
    out, start = np.full(len(series), NAN), int(np.argmax(np.isfinite(series)))
    out[start + period - 1] = series[start : start + period].mean()
    for t in range(start + period, len(series)):
        out[t] = out[t - 1] + (series[t] - out[t - 1]) / period
    return out


def changes(x):
    return np.r_[NAN, np.diff(x)]


def gains_share(gains, losses):
    total = gains + losses
    return np.where(total == 0, 50.0, 100 * gains / np.where(total == 0, 1, total))


# Moving averages


def jma(x, period=14, phase=0, power=2):
    b = 0.45 * (period - 1) / (0.45 * (period - 1) + 2)
    a, r = b**power, phase / 100 + 1.5
    e0, e1, e2, line = x[0], 0.0, 0.0, [x[0]]
    for value in x[1:]:
        e0 = (1 - a) * value + a * e0
        e1 = (1 - b) * (value - e0) + b * e1
        e2 = (1 - a) ** 2 * (e0 + r * e1 - line[-1]) + a**2 * e2
        line.append(line[-1] + e2)
    return line


def alligator(high, low, periods=(13, 8, 5), shifts=(8, 5, 3)):
    median = (high + low) / 2
    return [shift(wilder(median, n), s) for n, s in zip(periods, shifts)]


def gator(high, low, *args):
    jaw, teeth, lips = alligator(high, low, *args)
    return [abs(jaw - teeth), -abs(teeth - lips)]


def evwma(close, volume, period=20):
    out, value = [NAN] * len(close), None
    for t in range(period - 1, len(close)):
        total = volume[t - period + 1 : t + 1].sum()
        value = close[t] if value is None else value
        value += volume[t] / total * (close[t] - value)
        out[t] = value
    return out


def sinwma(x, period=14):
    weights = np.sin(np.pi * np.arange(1, period + 1) / (period + 1))
    return rolling(x, period, lambda w: np.average(w, weights=weights))


def geometric_ma(x, period=14):
    return rolling(x, period, lambda w: scipy.stats.gmean(w))


def ehma(x, period=20):
    inner = 2 * ema(x, max(period // 2, 1)) - ema(x, period)
    return ema(inner, int(math.floor(math.sqrt(period) + 0.5)))


def laguerre_stages(x, gammas):
    """The four stages; each is a first-order all-pass of the one before."""
    past, rows = [x[0]] * 4, []
    for value, g in zip(x, gammas):
        stages = [(1 - g) * value + g * past[0]]
        for k in range(1, 4):
            stages.append(past[k - 1] + g * (past[k] - stages[k - 1]))
        rows.append(stages)
        past = stages
    return np.array(rows)


def laguerre_filter(x, gamma=0.8):
    return laguerre_stages(x, [gamma] * len(x)) @ np.array([1, 2, 2, 1]) / 6


def adaptive_laguerre(x, period=20):
    """Bar by bar, because each factor depends on the filter's last error."""
    alpha, mids, errors, out, stages = 1.0, [], [], [], [x[0]] * 4
    for t, value in enumerate(x):
        errors.append(abs(value - out[-1]) if out else 0.0)
        window = errors[-period:]
        if max(window) > min(window):
            mids.append((errors[-1] - min(window)) / (max(window) - min(window)))
            alpha = float(np.median(mids[-5:]))
        new = [stages[0] + alpha * (value - stages[0])]
        for k in range(1, 4):
            new.append(stages[k - 1] + (1 - alpha) * (stages[k] - new[k - 1]))
        stages = new
        out.append((new[0] + 2 * new[1] + 2 * new[2] + new[3]) / 6)
    return [NAN] * (period - 1) + out[period - 1 :]


def generalized_dema(x, period=14, v=0.7):
    once = ema(x, period)
    return (1 + v) * once - v * ema(once, period)


def holt_linear(x, alpha=0.2, beta=0.1):
    """statsmodels forecasts each value from those before; the last forecast needs one value more."""
    model = Holt(
        np.r_[x[2:], 0.0], initialization_method="known", initial_level=x[1], initial_trend=x[1] - x[0]
    )
    fit = model.fit(smoothing_level=alpha, smoothing_trend=beta, optimized=False)
    return np.r_[NAN, fit.fittedvalues]


# RSI relatives


def anchored_rsi(x, anchor):
    out, start = [], 0
    for t in range(len(x)):
        start = t if anchor[t] else start
        moves = np.diff(x[start : t + 1])
        up, down = moves[moves > 0].sum(), -moves[moves < 0].sum()
        out.append(NAN if len(moves) == 0 else 100 - 100 / (1 + up / down) if down else 100.0 if up else 50.0)
    return out


def laguerre_rsi(x, gamma=0.5):
    steps = -np.diff(laguerre_stages(x, [gamma] * len(x)), axis=1)
    up, down = np.where(steps > 0, steps, 0).sum(axis=1), np.where(steps < 0, -steps, 0).sum(axis=1)
    return gains_share(up, down)


def fisher_rsi(x, period=14):
    return np.arctanh(np.clip((talib.RSI(x, period) - 50) / 50, -0.999, 0.999))


def inverse_fisher_rsi(x, period=5, smoothing=9):
    value = known(talib.WMA, 0.1 * (talib.RSI(x, period) - 50), smoothing)
    return (np.exp(2 * value) - 1) / (np.exp(2 * value) + 1)


def rsx_smooth(series, f):
    """Three stages; a stage is 1.5 a - 0.5 b, a smooths its input, b smooths a."""
    for _ in range(3):
        a = scipy.signal.lfilter([f], [1, f - 1], series)
        b = scipy.signal.lfilter([f], [1, f - 1], a)
        series = 1.5 * a - 0.5 * b
    return series


def rsx(x, period=14):
    f = 3 / (period + 2)
    moves = np.diff(x)
    ratio = rsx_smooth(moves, f) / rsx_smooth(abs(moves), f)
    out = np.r_[NAN, np.clip((ratio + 1) * 50, 0, 100)]
    out[:period] = NAN
    return out


def dynamic_momentum_index(x, period=14, shortest=5, longest=30):
    deviation = talib.STDDEV(x, 5)
    volatility = deviation / sma(deviation, 10)
    out = [NAN] * len(x)
    for t in range(max(longest, 13), len(x)):
        length = int(min(max(int(period / volatility[t]), shortest), longest))
        moves = np.diff(x[t - length : t + 1])
        out[t] = 100 * moves[moves > 0].sum() / abs(moves).sum()
    return out


def rmi(x, period=20, momentum=5):
    moves = x - shift(x, momentum)
    up, down = np.maximum(moves, 0), np.maximum(-moves, 0)
    return gains_share(wilder(up, period), wilder(down, period))


def qqe(x, period=14, smoothing=5, factor=4.236):
    line = ema(talib.RSI(x, period), smoothing)
    width = factor * ema(ema(abs(changes(line)), 2 * period - 1), 2 * period - 1)
    trailing, floor, ceiling, is_up = [NAN] * len(x), None, None, True
    for t in range(len(x)):
        if math.isnan(width[t]):
            continue
        old_floor, old_ceiling = floor, ceiling
        floor, ceiling = line[t] - width[t], line[t] + width[t]
        if old_floor is not None:
            if min(line[t - 1], line[t]) > old_floor:
                floor = max(floor, old_floor)
            if max(line[t - 1], line[t]) < old_ceiling:
                ceiling = min(ceiling, old_ceiling)
            if line[t] > old_ceiling:
                is_up = True
            elif line[t] < old_floor:
                is_up = False
        trailing[t] = floor if is_up else ceiling
    return [np.where(np.isnan(trailing), NAN, line), trailing]


def kaufman_constant(x, n_steps):
    """Per row, from the efficiency of the last steps."""
    path = rolling(abs(changes(x)), n_steps, np.sum)
    efficiency = abs(x - shift(x, n_steps)) / path
    return (efficiency * (2 / 3 - 2 / 31) + 2 / 31) ** 2


def efficiency_rsi(x, period=14):
    moves, constant = changes(x), kaufman_constant(x, period)
    up, down = np.maximum(moves, 0), np.maximum(-moves, 0)
    averages = []
    for side in (up, down):
        average = np.full(len(x), NAN)
        average[period] = side[1 : period + 1].mean()
        for t in range(period + 1, len(x)):
            average[t] = average[t - 1] + constant[t] * (side[t] - average[t - 1])
        averages.append(average)
    return gains_share(*averages)


# Other momentum oscillators


def pmo(x, first=35, second=20, signal=10):
    def smooth(series, period):
        out = [series[0]]
        for value in series[1:]:
            out.append(out[-1] + 2 / period * (value - out[-1]))
        return np.array(out)

    change = 100 * (x[1:] / x[:-1] - 1)
    line = np.r_[NAN, smooth(10 * smooth(change, first), second)]
    return [line, ema(line, signal)]


def symmetric(series):
    return rolling(series, 4, lambda w: np.dot(w, [1, 2, 2, 1]) / 6)


def rvgi(o, h, l, c, period=10):
    line = rolling(symmetric(c - o), period, np.sum) / rolling(symmetric(h - l), period, np.sum)
    return [line, symmetric(line)]


def true_range(h, l, c):
    before = shift(c, 1)
    return np.nanmax([h - l, abs(h - before), abs(l - before)], axis=0)


def pgo(h, l, c, period=14):
    return (c - sma(c, period)) / ema(true_range(h, l, c), period)


def inertia(close, rvi_period=14, period=20):
    deviation = talib.STDDEV(close, rvi_period)
    moves = changes(close)
    sides = [np.where(np.isnan(deviation), NAN, np.where(s * moves > 0, deviation, 0)) for s in (1, -1)]
    up, down = (wilder(side, rvi_period) for side in sides)
    return known(talib.LINEARREG, 100 * up / (up + down), period)


def disparity_index(x, period=14):
    return 100 * (x / sma(x, period) - 1)


def stoch_cci(h, l, c, period=14):
    cci = talib.CCI(h, l, c, period)
    return rolling(cci, period, lambda w: 100 * (w[-1] - w.min()) / (w.max() - w.min()))


def efficiency_cci(h, l, c, period=20):
    price = (h + l + c) / 3
    constant = kaufman_constant(price, period - 1)
    out, mean = [NAN] * len(price), None
    for t in range(period - 1, len(price)):
        window = price[t - period + 1 : t + 1]
        mean = window.mean() if mean is None else mean + constant[t] * (price[t] - mean)
        out[t] = (price[t] - mean) / (0.015 * abs(window - mean).mean())
    return out


# Trend


def rwi(h, l, c, shortest=2, longest=7):
    tr = true_range(h, l, c)
    rise, fall = [NAN] * len(c), [NAN] * len(c)
    for t in range(longest + 1, len(c)):
        lengths = range(shortest, longest + 1)
        walk = {n: tr[t - n : t].mean() * math.sqrt(n) for n in lengths}
        rise[t] = max((h[t] - l[t - n]) / walk[n] for n in lengths)
        fall[t] = max((h[t - n] - l[t]) / walk[n] for n in lengths)
    return [rise, fall]


def tii(x, period=60, deviation_period=30):
    deviation = x - sma(x, period)
    return rolling(deviation, deviation_period, lambda w: 100 * w[w > 0].sum() / abs(w).sum())


def trend_label(x, period=10):
    return np.sign(talib.LINEARREG_SLOPE(x, period))


def trend_r2(x, period=20):
    return rolling(x, period, lambda w: (lambda r: r * abs(r))(np.corrcoef(w, np.arange(period))[0, 1]))


def ttm_trend(h, l, c, period=6):
    mean = sma((h + l) / 2, period)
    return np.where(np.isnan(mean), NAN, np.where(c > mean, 1, -1))


def pfe(x, period=10, smoothing=5):
    move = x - shift(x, period)
    path = rolling(np.sqrt(changes(x) ** 2 + 1), period, np.sum)
    return ema(100 * np.sign(move) * np.sqrt(move**2 + period**2) / path, smoothing)


# Price oscillators


def cfo(x, period=14):
    return 100 * (x - talib.LINEARREG(x, period)) / x


def tsf_oscillator(x, period=14):
    return 100 * (x - talib.TSF(x, period)) / x


def ao_change(h, l, fast=5, slow=34, period=1):
    ao = sma((h + l) / 2, fast) - sma((h + l) / 2, slow)
    return ao - shift(ao, period)


def zlema(x, period):
    return ema(2 * np.asarray(x) - shift(x, (period - 1) // 2), period)


def zero_lag_macd(x, fast=12, slow=26, signal=9):
    line = zlema(x, fast) - zlema(x, slow)
    average = zlema(line, signal)
    return [np.where(np.isnan(average), NAN, line), average, line - average]


def elder_impulse(x, period=13, fast=12, slow=26, signal=9):
    trend = np.sign(changes(ema(x, period)))
    momentum = np.sign(changes(talib.MACD(x, fast, slow, signal)[2]))
    both = np.where(trend == momentum, trend, 0)
    return np.where(np.isnan(trend) | np.isnan(momentum), NAN, both)


def ppo_lines(x, fast=12, slow=26, signal=9):
    line = talib.PPO(x, fast, slow, 1)
    average = ema(line, signal)
    return [line, average, line - average]


# Ehlers' filters


def recursion(series, gain, keep_1, keep_2, start=()):
    """y = gain series + keep_1 y' + keep_2 y'' behind unknown rows and given first values."""
    series = np.asarray(series, float)
    first = int(np.argmax(np.isfinite(series)))
    tail = series[first:]
    n = len(start)
    state = scipy.signal.lfiltic([gain], [1, -keep_1, -keep_2], list(start)[::-1] or [0, 0])
    rest, _ = scipy.signal.lfilter([gain], [1, -keep_1, -keep_2], tail[n:], zi=state)
    return np.r_[np.full(first, NAN), start, rest]


def super_smoother(series, period=10):
    series = np.asarray(series, float)
    first = int(np.argmax(np.isfinite(series)))
    a = math.exp(-math.sqrt(2) * math.pi / period)
    b = 2 * a * math.cos(math.sqrt(2) * math.pi / period)
    means = (series + shift(series, 1)) / 2
    means[first] = series[first]
    return recursion(means, 1 - b + a * a, b, -a * a, series[first : first + 2])


def highpass(x, period=48, poles=2):
    w = (0.707 if poles == 2 else 1) * 2 * math.pi / period
    a = (math.cos(w) + math.sin(w) - 1) / math.cos(w)
    if poles == 1:
        return recursion(changes(x), 1 - a / 2, 1 - a, 0)
    return recursion(changes(changes(x)), (1 - a / 2) ** 2, 2 * (1 - a), -((1 - a) ** 2))


def decycler(x, period=125):
    return x - highpass(x, period)


def decycler_oscillator(x, fast=30, slow=60):
    return decycler(x, fast) - decycler(x, slow)


def roofing_filter(x, lowpass=10, cutoff=48, poles=2):
    return super_smoother(highpass(x, cutoff, poles), lowpass)


def instantaneous_trendline(x, alpha=0.07):
    line = (x + 2 * shift(x, 1) + shift(x, 2)) / 4
    for t in range(6, len(x)):
        line[t] = (
            (alpha - alpha**2 / 4) * x[t]
            + 0.5 * alpha**2 * x[t - 1]
            - (alpha - 0.75 * alpha**2) * x[t - 2]
            + 2 * (1 - alpha) * line[t - 1]
            - (1 - alpha) ** 2 * line[t - 2]
        )
    return [line, 2 * line - shift(line, 2)]


def cyber_cycle(x, alpha=0.07):
    smooth, cycle = symmetric(x), changes(changes(x)) / 4
    curve = changes(changes(smooth))
    for t in range(6, len(x)):
        cycle[t] = (
            (1 - alpha / 2) ** 2 * curve[t]
            + 2 * (1 - alpha) * cycle[t - 1]
            - (1 - alpha) ** 2 * cycle[t - 2]
        )
    return [cycle, shift(cycle, 1)]


def mesa_stochastic(x, period=20, lowpass=10, cutoff=48):
    roof = roofing_filter(x, lowpass, cutoff)
    place = rolling(roof, period, lambda w: (w[-1] - w.min()) / (w.max() - w.min()))
    return super_smoother(place, lowpass)


def flex(x, period, distance):
    smooth = super_smoother(x, period / 2)
    mean = rolling(smooth, period + 1, distance)
    return mean / np.sqrt(recursion(mean**2, 0.04, 0.96, 0))


def reflex(x, period=20):
    line = np.arange(1, period + 1) / period
    return flex(x, period, lambda w: np.mean(w[-1] + line * (w[0] - w[-1]) - w[-2::-1]))


def trendflex(x, period=20):
    return flex(x, period, lambda w: np.mean(w[-1] - w[:-1]))


def universal_oscillator(x, period=20):
    smooth, peak, out = super_smoother((x - shift(x, 2)) / 2, period), 0.0, []
    for value in smooth:
        peak = peak if math.isnan(value) else max(abs(value), 0.991 * peak)
        out.append(value / peak if peak else NAN)
    return out


def ebsw(x, cutoff=40, smoothing=10):
    w = 2 * math.pi / cutoff
    a = (1 - math.sin(w)) / math.cos(w)
    high = recursion(np.r_[0, np.diff(x)], 0.5 * (1 + a), a, 0)
    smooth = super_smoother(high, smoothing)
    return rolling(smooth, 3, lambda w: w.mean() / math.sqrt((w**2).mean()))


def emd(x, period=20, delta=0.5, fraction=0.1):
    gamma = 1 / math.cos(4 * math.pi * delta / period)
    alpha = gamma - math.sqrt(gamma**2 - 1)
    band = recursion(
        x - shift(x, 2), (1 - alpha) / 2, math.cos(2 * math.pi / period) * (1 + alpha), -alpha
    )
    padded = np.where(np.isnan(band), 0, band)
    peak, valley = np.full(len(x), NAN), np.full(len(x), NAN)
    high, low = 0.0, 0.0
    for t in range(2, len(x)):
        earlier, before, now = padded[t - 2 : t + 1]
        high = before if before > max(earlier, now) else high
        low = before if before < min(earlier, now) else low
        peak[t], valley[t] = high, low
    return [sma(band, 2 * period), fraction * sma(peak, 50), fraction * sma(valley, 50)]


def pearson(a, b):
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt((a @ a) * (b @ b))
    return a @ b / scale if scale else 0.0


def dominant_cycle(x, shortest=10, longest=48):
    roof = roofing_filter(x, shortest, longest)
    periods, lags = np.arange(shortest, longest + 1), np.arange(3, longest + 1)
    waves = np.exp(2j * np.pi * np.outer(1 / periods, lags))
    power, peak, out = np.zeros(len(periods)), 0.0, np.full(len(x), NAN)
    for t in range(longest + 4, len(x)):
        newest_first = roof[t::-1]
        correlations = [pearson(newest_first[:3], newest_first[lag : lag + 3]) for lag in lags]
        power = 0.2 * abs(waves @ correlations) ** 4 + 0.8 * power
        peak = max(0.995 * peak, power.max())
        strong = power >= 0.5 * peak
        out[t] = np.average(periods[strong], weights=power[strong]) if strong.any() else out[t - 1]
    return out


def adaptive(x, shortest, longest, reading):
    roof, cycle = roofing_filter(x, shortest, longest), dominant_cycle(x, shortest, longest)
    raw = [NAN if math.isnan(c) else reading(roof[: t + 1], c) for t, c in enumerate(cycle)]
    return super_smoother(raw, shortest)


def adaptive_rsi(x, shortest=10, longest=48):
    def reading(roof, cycle):
        moves = np.diff(roof[-int(cycle / 2) - 1 :])
        return moves[moves > 0].sum() / abs(moves).sum()

    return adaptive(x, shortest, longest, reading)


def adaptive_stochastic(x, shortest=10, longest=48):
    def reading(roof, cycle):
        window = roof[-int(cycle) :]
        return (window[-1] - window.min()) / (window.max() - window.min())

    return adaptive(x, shortest, longest, reading)


def adaptive_cci(x, shortest=10, longest=48):
    def reading(roof, cycle):
        window = roof[-int(cycle) :]
        return (window[-1] - window.mean()) / (0.015 * window.std())

    return adaptive(x, shortest, longest, reading)


def columns(data):
    """Titles with values: each function with its defaults and with other constants."""
    o, h, l, c = (data[name].to_numpy(float) for name in ("open", "high", "low", "close"))
    v, x = data.volume.to_numpy(float), data.close.to_numpy(float)
    anchor = np.zeros(len(x))
    anchor[[60, 61, 150]] = 1
    table = {"in:open": o, "in:high": h, "in:low": l, "in:close": c, "in:volume": v, "in:x": x}
    table["in:anchor"] = anchor

    def put(call, values, fields=()):
        for field, column in zip(fields or [""], values if fields else [values]):
            table[call + (f".{field}" if field else "")] = np.asarray(column, float)

    def of_x(function, other="", *constants, fields=()):
        """The function of x, with its defaults and with other constants."""
        put(function.__name__, function(x), fields)
        if other:
            put(f"{function.__name__}({other})", function(x, *constants), fields)

    of_x(jma, "period=7;phase=50;power=1", 7, 50, 1)
    put("alligator", alligator(h, l), ("jaw", "teeth", "lips"))
    other = "jaw=8;teeth=5;lips=3;jaw_shift=0;teeth_shift=2;lips_shift=0"
    put(f"alligator({other})", alligator(h, l, (8, 5, 3), (0, 2, 0)), ("jaw", "teeth", "lips"))
    put("gator", gator(h, l), ("upper", "lower"))
    put(f"gator({other})", gator(h, l, (8, 5, 3), (0, 2, 0)), ("upper", "lower"))
    put("evwma", evwma(c, v))
    put("evwma(period=5)", evwma(c, v, 5))
    of_x(sinwma, "period=5", 5)
    of_x(geometric_ma, "period=1", 1)
    of_x(ehma, "period=7", 7)
    of_x(adaptive_laguerre, "period=5", 5)
    of_x(laguerre_filter, "gamma=0.3", 0.3)
    of_x(generalized_dema, "period=5;volume_factor=0.2", 5, 0.2)
    of_x(holt_linear, "alpha=0.5;beta=0.3", 0.5, 0.3)

    put("anchored_rsi", anchored_rsi(x, anchor))
    of_x(laguerre_rsi, "gamma=0.8", 0.8)
    of_x(fisher_rsi, "period=3", 3)
    of_x(inverse_fisher_rsi, "period=14;smoothing=3", 14, 3)
    of_x(rsx, "period=5", 5)
    other = "period=10;min_period=3;max_period=15"
    of_x(dynamic_momentum_index, other, 10, 3, 15)
    of_x(rmi, "period=8;momentum=1", 8, 1)
    of_x(qqe, "period=5;smoothing=3;factor=2", 5, 3, 2, fields=("rsi", "trailing"))
    of_x(efficiency_rsi, "period=5", 5)

    other = "first_period=10;second_period=5;signal=1"
    of_x(pmo, other, 10, 5, 1, fields=("pmo", "signal"))
    put("rvgi", rvgi(o, h, l, c), ("rvgi", "signal"))
    put("rvgi(period=4)", rvgi(o, h, l, c, 4), ("rvgi", "signal"))
    put("pgo", pgo(h, l, c))
    put("pgo(period=5)", pgo(h, l, c, 5))
    put("inertia", inertia(c))
    put("inertia(rvi_period=7;period=4)", inertia(c, 7, 4))
    of_x(disparity_index, "period=5", 5)
    put("stoch_cci", stoch_cci(h, l, c))
    put("stoch_cci(period=5)", stoch_cci(h, l, c, 5))
    put("efficiency_cci", efficiency_cci(h, l, c))
    put("efficiency_cci(period=6)", efficiency_cci(h, l, c, 6))

    put("rwi", rwi(h, l, c), ("high", "low"))
    put("rwi(min_period=8;max_period=64)", rwi(h, l, c, 8, 64), ("high", "low"))
    of_x(tii, "period=20;deviation_period=10", 20, 10)
    of_x(trend_label, "period=3", 3)
    of_x(trend_r2, "period=5", 5)
    put("ttm_trend", ttm_trend(h, l, c))
    put("ttm_trend(period=3)", ttm_trend(h, l, c, 3))
    of_x(pfe, "period=5;smoothing=1", 5, 1)

    of_x(cfo, "period=5", 5)
    of_x(tsf_oscillator, "period=5", 5)
    put("ao_change", ao_change(h, l))
    put("ao_change(fast=3;slow=10;period=4)", ao_change(h, l, 3, 10, 4))
    lines = ("macd", "signal", "hist")
    of_x(zero_lag_macd, "fast=5;slow=12;signal=4", 5, 12, 4, fields=lines)
    of_x(elder_impulse, "period=5;fast=6;slow=13;signal=4", 5, 6, 13, 4)
    lines = ("ppo", "signal", "hist")
    of_x(ppo_lines, "fast=5;slow=12;signal=4", 5, 12, 4, fields=lines)

    of_x(super_smoother, "period=25", 25)
    of_x(highpass, "period=7", 7)
    of_x(decycler, "period=20", 20)
    of_x(decycler_oscillator, "fast=10;slow=30", 10, 30)
    of_x(roofing_filter, "lowpass=8;highpass=40;poles=1", 8, 40, 1)
    of_x(instantaneous_trendline, "alpha=0.3", 0.3, fields=("trendline", "trigger"))
    of_x(cyber_cycle, "alpha=0.2", 0.2, fields=("cycle", "trigger"))
    of_x(mesa_stochastic, "period=10;lowpass=8;highpass=40", 10, 8, 40)
    of_x(reflex, "period=7", 7)
    of_x(trendflex, "period=7", 7)
    of_x(universal_oscillator, "period=8", 8)
    of_x(ebsw, "highpass=30;smoothing=6", 30, 6)
    of_x(emd, "period=12;delta=0.2;fraction=0.3", 12, 0.2, 0.3, fields=("mean", "upper", "lower"))

    table["autocorrelation_periodogram"] = dominant_cycle(x)
    other = "(min_period=6;max_period=30)"
    table["autocorrelation_periodogram" + other] = dominant_cycle(x, 6, 30)
    of_x(adaptive_rsi, other[1:-1], 6, 30)
    of_x(adaptive_stochastic, other[1:-1], 6, 30)
    of_x(adaptive_cci, other[1:-1], 6, 30)
    return table


def write(name, table):
    versions = [f"python {sys.version.split()[0]}"] + [
        f"{m.__name__} {m.__version__}" for m in (np, pd, scipy, statsmodels, talib)
    ]
    lines = ["# " + ", ".join(versions) + ": tests/golden/trend.py", ",".join(table)]
    for row in zip(*table.values()):
        lines.append(",".join("" if math.isnan(value) else f"{value:.15g}" for value in row))
    folder = ROOT / "tests/golden/machines/trend"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write("aapl", columns(bars("AAPL", 2100)))
