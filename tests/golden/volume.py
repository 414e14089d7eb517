"""Expected values of the volume, price statistics, pivot and chart functions.

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 scipy==1.17.1 statsmodels==0.15.0 \
        ta-lib==0.8.2 pandas-ta-classic==0.8.32
    python tests/golden/volume.py

writes tests/golden/machines/volume/*.csv: daily bars of AAPL with MSFT as the second leg, with the
default constants and with others, and made-up bars full of flat stretches, empty volume, ties and
missing cells. Each function follows its published formula, window by window, or comes from a
library: averages, RSI, Williams' line and Heikin-Ashi from TA-Lib, Ichimoku from pandas-ta-classic,
regressions from scipy, Granger's test from statsmodels.
"""

import math
import pathlib
import warnings

import numpy as np
import pandas as pd
import pandas_ta_classic as pta
import scipy
import scipy.stats
import statsmodels
import talib
from statsmodels.tsa.stattools import grangercausalitytests

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/golden/machines/volume"
NAN = float("nan")


def rolling(statistic, length, *columns):
    """The statistic of every full window; NaN before."""
    n = len(columns[0])
    out = np.full(n, NAN)
    for end in range(length, n + 1):
        out[end - 1] = statistic(*(c[end - length : end] for c in columns))
    return out


def ratio(part, whole):
    return part / whole if whole != 0 else NAN


def after(n_skipped, values, n):
    """Values that start some rows later, on n rows."""
    return np.concatenate([np.full(n_skipped, NAN), values])[:n]


def average(kind, values, period):
    """A TA-Lib average of a series without gaps; period 1 is the series."""
    values = np.asarray(values, dtype=float)
    if period == 1:
        return values
    return kind(values, period) if len(values) >= period else np.full(len(values), NAN)


def rma(values, period):
    """Wilder's average, seeded by the mean of the first period."""
    out = np.full(len(values), NAN)
    for t in range(period - 1, len(values)):
        if t == period - 1:
            out[t] = np.mean(values[:period])
        else:
            out[t] = out[t - 1] + (values[t] - out[t - 1]) / period
    return out


# --- volume -------------------------------------------------------------------------------------


def close_location(h, l, c):
    return 0.0 if h == l else ((c - l) - (h - c)) / (h - l)


def intraday_intensity(high, low, close, volume):
    return [close_location(h, l, c) * v for h, l, c, v in zip(high, low, close, volume)]


def time_segmented_volume(close, volume, period=18):
    flow = pd.Series(close).diff() * volume
    return flow.rolling(period).apply(math.fsum, raw=True).to_numpy()


def williams_ad_oscillator(high, low, close, period=13):
    line = talib.WAD(high, low, close)
    return line - talib.SMA(line, period)


def volume_zone_oscillator(close, volume, period=14):
    signed = np.sign(np.diff(close)) * volume[1:]
    top, bottom = average(talib.EMA, signed, period), average(talib.EMA, volume[1:], period)
    return after(1, [100 * ratio(t, b) for t, b in zip(top, bottom)], len(close))


def twiggs_money_flow(high, low, close, volume, period=21):
    top, bottom = np.maximum(high[1:], close[:-1]), np.minimum(low[1:], close[:-1])
    flow = [close_location(h, l, c) * v for h, l, c, v in zip(top, bottom, close[1:], volume[1:])]
    parts = zip(rma(np.array(flow), period), rma(volume[1:], period))
    return after(1, [ratio(a, b) for a, b in parts], len(close))


def trade_volume_index(close, volume, min_tick=0.5):
    total, sign, out = 0.0, 0, [NAN]
    for change, v in zip(np.diff(close), volume[1:]):
        if abs(change) > min_tick:
            sign = math.copysign(1, change)
        total += sign * v
        out.append(total)
    return out


def demand_index(high, low, close, volume, period=10):
    weighted = (high + low + 2 * close) / 4
    two_bars = np.maximum(high[1:], high[:-1]) - np.minimum(low[1:], low[:-1])
    alpha, out, last = 2 / (period + 1), np.full(len(close), NAN), 0.0
    buying, selling = None, None
    for t in range(period, len(close)):
        mean_range, mean_volume = two_bars[t - period : t].mean(), volume[t - period + 1 : t + 1].mean()
        if weighted[t] != 0 and weighted[t - 1] != 0 and mean_range > 0 and mean_volume > 0:
            move = (weighted[t] - weighted[t - 1]) / min(weighted[t], weighted[t - 1])
            strong = volume[t] / mean_volume
            weak = strong * math.exp(-min(3 * weighted[t] / mean_range * abs(move), 88))
            pressures = (strong, weak) if move > 0 else (weak, strong)
            if buying is None:
                buying, selling = pressures
            else:
                buying += alpha * (pressures[0] - buying)
                selling += alpha * (pressures[1] - selling)
            if buying > selling:
                last = 100 * (1 - selling / buying)
            elif buying < selling:
                last = -100 * (1 - buying / selling)
            else:
                last = 0.0
        out[t] = last
    return out


def rolling_vwap(high, low, close, volume, period=20):
    def mean(h, l, c, v):
        return ratio(math.fsum((h + l + c) / 3 * v), math.fsum(v))

    return rolling(mean, period, high, low, close, volume)


def anchored_vwap(high, low, close, volume, anchor):
    out = np.full(len(close), NAN)
    typical = (high + low + close) / 3
    for t in range(len(close)):
        anchors = [i for i in range(t + 1) if anchor[i] == anchor[i] and anchor[i] != 0]
        if anchors:
            v = volume[anchors[-1] : t + 1]
            out[t] = ratio(math.fsum(typical[anchors[-1] : t + 1] * v), math.fsum(v))
    return out


def volume_weighted_macd(close, volume, fast=12, slow=26, signal=9):
    def average_price(c, v):
        return c.mean() if v.sum() == 0 else (c * v).sum() / v.sum()

    line = rolling(average_price, fast, close, volume) - rolling(average_price, slow, close, volume)
    smooth = after(slow - 1, average(talib.EMA, line[slow - 1 :], signal), len(close))
    line[np.isnan(smooth)] = NAN
    return {"macd": line, "signal": smooth, "hist": line - smooth}


def volume_rsi(volume, period=14):
    gains = np.maximum(np.diff(volume), 0)
    losses = np.maximum(-np.diff(volume), 0)
    up, down = rma(gains, period), rma(losses, period)
    values = [50.0 if u + d == 0 else 100 * u / (u + d) for u, d in zip(up, down)]
    return after(1, values, len(volume))


def better_volume(open, high, low, close, volume, period=20):
    spread = high - low
    effort = volume * spread
    churn = np.divide(volume, spread, out=np.full(len(spread), -1.0), where=spread > 0)
    out = np.full(len(close), NAN)
    for t in range(period - 1, len(close)):
        past = slice(t - period + 1, t)
        kind = 1 if volume[t] < volume[past].min() else 0
        climax, churning = effort[t] > effort[past].max(), churn[t] >= 0 and churn[t] > churn[past].max()
        if climax:
            kind = 3 if close[t] >= open[t] else -3
        if churning:
            kind = 4 if climax else 2
        out[t] = kind
    return out


# --- one series ---------------------------------------------------------------------------------


def coefficient_of_variation(x, period=20, ddof=0):
    window = pd.Series(x).rolling(period)
    spread = rolling(lambda w: 0.0 if w.min() == w.max() else w.std(ddof=ddof), period, x)
    return [ratio(s, m) if m == m else NAN for s, m in zip(spread, window.mean())]


def line_fit(w):
    """Residual and total sum of squares of a line over the rows; exactly 0 for a flat window."""
    if w.min() == w.max():
        return 0.0, 0.0
    fit = scipy.stats.linregress(np.arange(len(w)), w)
    rest = w - (fit.intercept + fit.slope * np.arange(len(w)))
    return float((rest**2).sum()), float(((w - w.mean()) ** 2).sum())


def linearreg_r_squared(x, period=14):
    def share(w):
        return NAN if w.min() == w.max() else scipy.stats.linregress(np.arange(len(w)), w).rvalue ** 2

    return rolling(share, period, x)


def linearreg_standard_error(x, period=14):
    return rolling(lambda w: math.sqrt(line_fit(w)[0] / (period - 2)), period, x)


def detrended_stddev(x, period=14):
    return rolling(lambda w: math.sqrt(line_fit(w)[0] / period), period, x)


def median_absolute_deviation(x, period=20):
    return rolling(scipy.stats.median_abs_deviation, period, x)


def rolling_iqr(x, period=20):
    return rolling(lambda w: scipy.stats.iqr(w, interpolation="linear"), period, x)


def min_max_scale(x, period=20):
    return rolling(lambda w: ratio(w[-1] - w.min(), w.max() - w.min()), period, x)


def percentile_of_score(x, period=100):
    return rolling(lambda w: scipy.stats.percentileofscore(w, w[-1], kind="mean"), period, x)


def log_return(x, period=1):
    pairs = zip(x, x[period:])
    return after(period, [math.log(b / a) if a > 0 and b > 0 else NAN for a, b in pairs], len(x))


def realized_volatility(x, period=20):
    returns = np.log(x[1:] / x[:-1])
    return after(1, rolling(lambda r: math.sqrt(math.fsum(r * r)), period, returns), len(x))


def close_vs_open(open, close):
    return [ratio(c - o, o) for o, c in zip(open, close)]


def body_to_range(open, high, low, close):
    return [ratio(abs(c - o), h - l) for o, h, l, c in zip(open, high, low, close)]


def wick_imbalance(open, high, low, close):
    bars = zip(open, high, low, close)
    return [ratio((h - max(o, c)) - (min(o, c) - l), h - l) for o, h, l, c in bars]


def high_low_range(high, low, close):
    return [ratio(h - l, c) for h, l, c in zip(high, low, close)]


# --- two series ---------------------------------------------------------------------------------


def is_flat(w):
    return w.min() == w.max()


def correlation(x, y):
    return NAN if is_flat(x) or is_flat(y) else scipy.stats.pearsonr(x, y).statistic


def slope(y, x):
    return NAN if is_flat(x) else scipy.stats.linregress(x, y).slope


def diff_correlation(a, b, period=20):
    return after(1, rolling(correlation, period, np.diff(a), np.diff(b)), len(a))


def diff_covariance(a, b, period=20):
    def covariance(x, y):
        return 0.0 if is_flat(x) or is_flat(y) else np.cov(x, y, ddof=0)[0, 1]

    return after(1, rolling(covariance, period, np.diff(a), np.diff(b)), len(a))


def pairwise_beta(a, b, period=60):
    ra, rb = np.log(a[1:] / a[:-1]), np.log(b[1:] / b[:-1])
    return after(1, rolling(slope, period, ra, rb), len(a))


def pair_distance_ssd(a, b, period=60):
    return rolling(lambda x, y: math.fsum((x / x[0] - y / y[0]) ** 2), period, a, b)


def comparative_relative_strength(a, b, ma_period=20, rsi_period=14):
    line = a / b
    mean, rsi = average(talib.SMA, line, ma_period), talib.RSI(line, rsi_period)
    known = ~(np.isnan(mean) | np.isnan(rsi))
    columns = {"ratio": line, "ratio_ma": mean, "ratio_rsi": rsi}
    return {name: np.where(known, column, NAN) for name, column in columns.items()}


def pair_spread_zscore(a, b, beta_period=60, z_period=20):
    la, lb = np.log(a), np.log(b)
    spread = la - rolling(slope, beta_period, la, lb) * lb
    return rolling(lambda w: ratio(w[-1] - w.mean(), w.std()), z_period, spread)


def beta_neutral_spread(a, b, period=60):
    def residual(y, x):
        if is_flat(x):
            return NAN
        fit = scipy.stats.linregress(x, y)
        return y[-1] - (fit.intercept + fit.slope * x[-1])

    return rolling(residual, period, a, b)


def spread_bollinger_bands(a, b, period=20, multiplier=2.0):
    spread = pd.Series(a - b)
    middle = spread.rolling(period).mean()
    deviation = rolling(lambda w: 0.0 if is_flat(w) else w.std(), period, spread.to_numpy())
    upper, lower = middle + multiplier * deviation, middle - multiplier * deviation
    place = [NAN if d == 0 else (s - l) / (u - l) for s, u, l, d in zip(spread, upper, lower, deviation)]
    return {"upper": upper, "middle": middle, "lower": lower, "percent_b": place}


def spread_ar1_coefficient(a, b, period=60):
    return rolling(lambda s: slope(s[1:], s[:-1]), period, a - b)


def lead_lag_correlation(a, b, period=60, max_lag=5):
    n = len(a)
    lags, values = np.full(n, NAN), np.full(n, NAN)
    for t in range(period + 2 * max_lag - 1, n):
        last = t - max_lag
        tried = []
        for lag in range(-max_lag, max_lag + 1):
            x = a[last - period + 1 : last + 1]
            y = b[last - period + 1 + lag : last + 1 + lag]
            c = correlation(x, y)
            if c == c:
                # Ties beyond rounding go to the smaller shift, b leading first.
                tried.append((-round(abs(c), 12), abs(lag), lag, c))
        if tried:
            lags[t], values[t] = min(tried)[2:]
    return {"lag": lags, "correlation": values}


def granger_causality(a, b, period=60, lag=1):
    def statistic(x, y):
        if is_flat(x) or is_flat(y):
            return NAN
        tests = grangercausalitytests(np.column_stack([x, y]), [lag])
        return tests[lag][0]["ssr_ftest"][0]

    return rolling(statistic, period, a, b)


# --- pivots -------------------------------------------------------------------------------------


def classic_pivots(high, low, close):
    pp = (high + low + close) / 3
    return {
        "pp": pp, "r1": 2 * pp - low, "r2": pp + high - low, "r3": high + 2 * (pp - low),
        "s1": 2 * pp - high, "s2": pp - (high - low), "s3": low - 2 * (high - pp),
    }


def fibonacci_pivots(high, low, close):
    pp = (high + low + close) / 3
    out = {"pp": pp}
    for i, share in enumerate([0.382, 0.618, 1.0], 1):
        out[f"r{i}"], out[f"s{i}"] = pp + share * (high - low), pp - share * (high - low)
    return out


def camarilla_pivots(high, low, close):
    out = {"pp": (high + low + close) / 3}
    for i, part in enumerate([12, 6, 4, 2], 1):
        out[f"r{i}"], out[f"s{i}"] = close + (high - low) * 1.1 / part, close - (high - low) * 1.1 / part
    return out


def woodie_pivots(high, low, close):
    pp = (high + low + 2 * close) / 4
    return {
        "pp": pp, "r1": 2 * pp - low, "r2": pp + high - low,
        "s1": 2 * pp - high, "s2": pp - high + low,
    }


def demark_pivots(open, high, low, close):
    x = np.where(close < open, high + 2 * low + close, 2 * high + low + close)
    x = np.where(close == open, high + low + 2 * close, x)
    return {"pp": x / 4, "r1": x / 2 - low, "s1": x / 2 - high}


def central_pivot_range(high, low, close):
    pivot, middle = (high + low + close) / 3, (high + low) / 2
    other = pivot - middle + pivot
    return {"pivot": pivot, "top": np.maximum(other, middle), "bottom": np.minimum(other, middle)}


def murrey_eighths(high, low, period=64):
    top, bottom = pd.Series(high).rolling(period).max(), pd.Series(low).rolling(period).min()
    return {f"mm{i}_8": ((8 - i) * bottom + i * top) / 8 for i in range(9)}


def volume_weighted_support_resistance(high, low, volume, period=20):
    def mean(price, v):
        return ratio(math.fsum(price * v), math.fsum(v))

    return {
        "support": rolling(mean, period, low, volume),
        "resistance": rolling(mean, period, high, volume),
    }


def swing_points(high, low, left, right):
    """(row, row of confirmation, is a high, price), each above or below all its neighbours."""
    for i in range(left, len(high) - right):
        others = [j for j in range(i - left, i + right + 1) if j != i]
        is_high = all(high[j] < high[i] for j in others)
        is_low = all(low[j] > low[i] for j in others)
        yield i, i + right, is_high, is_low


def andrews_pitchfork(high, low, strength=2):
    n = len(high)
    found = list(swing_points(high, low, strength, strength))
    out = {name: np.full(n, NAN) for name in ["median", "upper", "lower"]}
    for t in range(n):
        swings = []
        for i, confirmed, is_high, is_low in found:
            if confirmed > t or is_high == is_low:
                continue
            point = (i, high[i] if is_high else low[i], is_high)
            if swings and swings[-1][2] == is_high:
                if (point[1] > swings[-1][1]) == is_high and point[1] != swings[-1][1]:
                    swings[-1] = point
            else:
                swings.append(point)
        if len(swings) < 3:
            continue
        (t0, p0, _), (t1, p1, _), (t2, p2, _) = swings[-3:]
        per_row = ((p1 + p2) / 2 - p0) / ((t1 + t2) / 2 - t0)

        def through(row, price):
            return price + per_row * (t - row)

        out["median"][t] = through(t0, p0)
        out["upper"][t] = max(through(t1, p1), through(t2, p2))
        out["lower"][t] = min(through(t1, p1), through(t2, p2))
    return out


def pivot_reversal(high, low, close, left=4, right=2):
    n = len(close)
    found = list(swing_points(high, low, left, right))
    out = np.full(n, NAN)
    for t in range(left + right, n):
        highs = [high[i] for i, known, is_high, _ in found if is_high and known <= t]
        lows = [low[i] for i, known, _, is_low in found if is_low and known <= t]
        out[t] = 0
        if highs and close[t] > highs[-1] >= close[t - 1]:
            out[t] = 1
        if lows and close[t] < lows[-1] <= close[t - 1]:
            out[t] = -1
    return out


# --- charts -------------------------------------------------------------------------------------


def middle(high, low, period):
    return (pd.Series(high).rolling(period).max() + pd.Series(low).rolling(period).min()) / 2


def ichimoku_cloud(high, low, close, tenkan_period=9, kijun_period=26, senkou_b_period=52, displacement=26):
    tenkan, kijun = middle(high, low, tenkan_period), middle(high, low, kijun_period)
    out = {
        "tenkan_sen": tenkan,
        "kijun_sen": kijun,
        "senkou_span_a": ((tenkan + kijun) / 2).shift(displacement),
        "senkou_span_b": middle(high, low, senkou_b_period).shift(displacement),
        "chikou_level": pd.Series(close).shift(displacement),
    }
    if displacement == kijun_period and len(close) > senkou_b_period + displacement:
        check_ichimoku(out, high, low, close, tenkan_period, kijun_period, senkou_b_period)
    return out


def check_ichimoku(out, high, low, close, tenkan, kijun, senkou):
    """pandas-ta-classic shifts by kijun; its lagging span is the close itself, drawn back."""
    columns, _ = pta.ichimoku(
        pd.Series(high), pd.Series(low), pd.Series(close), tenkan=tenkan, kijun=kijun, senkou=senkou
    )
    ours = ["senkou_span_a", "senkou_span_b", "tenkan_sen", "kijun_sen"]
    for name, prefix in zip(ours, ["ISA", "ISB", "ITS", "IKS"]):
        theirs = next(columns[c] for c in columns if c.startswith(prefix))
        np.testing.assert_allclose(np.asarray(out[name]), np.asarray(theirs), rtol=1e-12)


def heikin_ashi_oscillator(open, high, low, close, period=5):
    ha_open, _, _, ha_close = talib.HA(open, high, low, close)
    return average(talib.EMA, ha_close - ha_open, period)


def smoothed_heikin_ashi(open, high, low, close, period=10):
    smooth = [average(talib.EMA, c, period)[period - 1 :] for c in (open, high, low, close)]
    candle = talib.HA(*smooth)
    names = ["open", "high", "low", "close"]
    return {name: after(period - 1, c, len(close)) for name, c in zip(names, candle)}


def three_line_break(close, lines=3):
    """The chart drawn by hand: a list of (start, end)."""
    chart, rows = [], []
    for price in close:
        if not chart:
            if price != close[0]:
                chart.append((close[0], price))
        else:
            start, end = chart[-1]
            ends = [e for line in chart[-lines:] for e in line]
            if end > start:
                if price > end:
                    chart.append((end, price))
                elif price < min(ends):
                    chart.append((start, price))
            elif price < end:
                chart.append((end, price))
            elif price > max(ends):
                chart.append((start, price))
        if not chart:
            rows.append([NAN] * 4)
            continue
        start, end = chart[-1]
        ends = [e for line in chart[-lines:] for e in line]
        rows.append([1, start, end, min(ends)] if end > start else [-1, start, end, max(ends)])
    return dict(zip(["direction", "open", "close", "reversal"], np.array(rows).T))


def equivolume(high, low, volume, period=14):
    width = rolling(lambda v: ratio(v[-1], v.mean()), period, volume)
    height = np.where(np.arange(len(high)) >= period - 1, high - low, NAN)
    return {"height": height, "width": width}


def candle_volume(open, close, volume, period=14):
    width = rolling(lambda v: ratio(v[-1], v.mean()), period, volume)
    body = np.where(np.arange(len(open)) >= period - 1, close - open, NAN)
    return {"body": body, "width": width}


# --- tables -------------------------------------------------------------------------------------

FUNCTIONS = [
    intraday_intensity, time_segmented_volume, williams_ad_oscillator, volume_zone_oscillator,
    twiggs_money_flow, trade_volume_index, demand_index, rolling_vwap, anchored_vwap,
    volume_weighted_macd, volume_rsi, better_volume, coefficient_of_variation, linearreg_r_squared,
    linearreg_standard_error, detrended_stddev, median_absolute_deviation, rolling_iqr,
    min_max_scale, percentile_of_score, log_return, realized_volatility, close_vs_open,
    body_to_range, wick_imbalance, high_low_range, diff_correlation, diff_covariance, pairwise_beta,
    pair_distance_ssd, comparative_relative_strength, pair_spread_zscore, beta_neutral_spread,
    spread_bollinger_bands, spread_ar1_coefficient, lead_lag_correlation, granger_causality,
    classic_pivots, fibonacci_pivots, camarilla_pivots, woodie_pivots, demark_pivots,
    central_pivot_range, murrey_eighths, volume_weighted_support_resistance, andrews_pitchfork,
    pivot_reversal, ichimoku_cloud, heikin_ashi_oscillator, smoothed_heikin_ashi, three_line_break,
    equivolume, candle_volume,
]

#: Constants other than the defaults, small enough for short series.
OTHERS = [
    (time_segmented_volume, {"period": 1}), (williams_ad_oscillator, {"period": 5}),
    (volume_zone_oscillator, {"period": 5}), (twiggs_money_flow, {"period": 4}),
    (trade_volume_index, {"min_tick": 0.0}), (demand_index, {"period": 4}),
    (rolling_vwap, {"period": 3}), (volume_weighted_macd, {"fast": 2, "slow": 5, "signal": 3}),
    (volume_rsi, {"period": 3}), (better_volume, {"period": 4}),
    (coefficient_of_variation, {"period": 5, "ddof": 1}), (linearreg_r_squared, {"period": 4}),
    (linearreg_standard_error, {"period": 4}), (detrended_stddev, {"period": 4}),
    (median_absolute_deviation, {"period": 5}), (rolling_iqr, {"period": 7}),
    (min_max_scale, {"period": 4}), (percentile_of_score, {"period": 6}), (log_return, {"period": 3}),
    (realized_volatility, {"period": 2}), (diff_correlation, {"period": 4}),
    (diff_covariance, {"period": 4}), (pairwise_beta, {"period": 4}), (pair_distance_ssd, {"period": 4}),
    (comparative_relative_strength, {"ma_period": 5, "rsi_period": 3}),
    (pair_spread_zscore, {"beta_period": 8, "z_period": 4}), (beta_neutral_spread, {"period": 5}),
    (spread_bollinger_bands, {"period": 5, "multiplier": 1.5}), (spread_ar1_coefficient, {"period": 6}),
    (lead_lag_correlation, {"period": 8, "max_lag": 2}), (granger_causality, {"period": 30, "lag": 3}),
    (murrey_eighths, {"period": 4}), (volume_weighted_support_resistance, {"period": 3}),
    (andrews_pitchfork, {"strength": 1}), (pivot_reversal, {"left": 1, "right": 1}),
    (ichimoku_cloud, {"tenkan_period": 3, "kijun_period": 5, "senkou_b_period": 9, "displacement": 4}),
    (heikin_ashi_oscillator, {"period": 1}), (smoothed_heikin_ashi, {"period": 3}),
    (three_line_break, {"lines": 2}), (equivolume, {"period": 3}), (candle_volume, {"period": 3}),
]

#: Not on the made-up bars: flat stretches leave only rounding of these fits, and which of the
#: tied shifts wins is rounding too.
SMOOTH_ONLY = [granger_causality, lead_lag_correlation, pair_spread_zscore]


def columns_of(function, constants, bars):
    """Expected columns by title; rows with a missing input are left out and stay empty."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    series = [name for name in names if name in bars]
    needed = [name for name in series if name != "anchor"]
    present = bars[needed].notna().all(axis=1).to_numpy()
    result = function(*(bars[name].to_numpy()[present] for name in series), **constants)
    call = function.__name__
    if constants:
        call += "(" + ";".join(f"{k}={v}" for k, v in constants.items()) + ")"
    fields = result if isinstance(result, dict) else {None: result}
    out = {}
    for field, values in fields.items():
        column = np.full(len(bars), NAN)
        column[present] = np.asarray(values, dtype=float)
        out[call if field is None else f"{call}.{field}"] = column
    return out


def text(value):
    return "" if not math.isfinite(value) else f"{value:.15g}"


def write(name, bars, calls, data):
    table = {f"in:{column}": bars[column].to_numpy() for column in bars}
    for function, constants in calls:
        table |= columns_of(function, constants, bars)
    lines = [
        f"# talib {talib.__version__}, pandas-ta-classic {pta.version}, scipy {scipy.__version__}, "
        f"statsmodels {statsmodels.__version__}, numpy {np.__version__}, pandas {pd.__version__}",
        f"# python tests/golden/volume.py; {data}",
        ",".join(table),
    ]
    rows = zip(*(column.tolist() for column in table.values()))
    lines += [",".join(map(text, row)) for row in rows]
    (FOLDER / name).write_text("\n".join(lines) + "\n")


def market_bars(n_rows):
    """The last AAPL bars with MSFT's close; the anchor is set on the first bar of a month."""
    daily = pd.read_parquet(ROOT / "data/us5_daily.parquet")
    apple = daily[daily.symbol == "AAPL"].set_index("ts")
    other = daily[daily.symbol == "MSFT"].set_index("ts")
    bars = apple[["open", "high", "low", "close", "volume"]].astype(float)
    bars["x"], bars["a"], bars["b"] = apple.close, apple.close, other.close
    month = pd.Series(bars.index.month, index=bars.index)
    bars["anchor"] = (month != month.shift()).astype(float)
    return bars.iloc[-n_rows:].reset_index(drop=True)


def made_up_bars(n_rows):
    """Prices on a coarse grid: ties, flat stretches, bars without range or volume, missing cells."""
    random = np.random.default_rng(20240229)
    steps = random.choice([-1.0, -0.5, 0.0, 0.0, 0.5, 1.0], n_rows)
    steps[20:32] = 0
    close = 30 + np.cumsum(steps)
    open = close - random.choice([-0.5, 0.0, 0.5], n_rows)
    wicks = random.choice([0.0, 0.0, 0.5, 1.0], (2, n_rows))
    bars = pd.DataFrame({"open": open, "close": close})
    bars["high"], bars["low"] = np.maximum(open, close) + wicks[0], np.minimum(open, close) - wicks[1]
    bars.loc[24:27, ["open", "high", "low"]] = np.repeat(bars.close[24:28].to_numpy()[:, None], 3, axis=1)
    bars["volume"] = random.choice([0.0, 100.0, 200.0, 350.0], n_rows)
    bars.loc[40:52, "volume"] = 0
    bars["x"], bars["a"] = bars.close, bars.close
    bars["b"] = 20 + np.cumsum(random.choice([-0.25, 0.0, 0.25], n_rows))
    bars.loc[60:70, "b"] = bars.b[60]
    bars["anchor"] = (random.random(n_rows) < 0.08).astype(float)
    for row, column in [(5, "close"), (11, "volume"), (15, "anchor"), (33, "b"), (36, "high"), (57, "x")]:
        bars.loc[row, column] = NAN
    return bars


def main():
    warnings.simplefilter("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    bars = market_bars(200)
    write("defaults.csv", bars, [(f, {}) for f in FUNCTIONS], "AAPL and MSFT, the last 200 days")
    write("constants.csv", bars.iloc[:120], OTHERS, "AAPL and MSFT, 120 days")
    rough = [(f, constants) for f, constants in OTHERS if f not in SMOOTH_ONLY]
    simple = [(f, {}) for f in FUNCTIONS if "period" not in str(f.__defaults__) and not f.__defaults__]
    write("rough.csv", made_up_bars(100), rough + simple, "made-up bars, seed 20240229")


if __name__ == "__main__":
    main()
