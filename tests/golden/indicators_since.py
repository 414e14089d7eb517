"""Functions whose arithmetic TA-Lib changed after the C library that can be had, under both rules.

`indicators_hash.py` checks every function here under the old rules against C 0.8.1, to the last
bit, and takes its values under the new rules as what 0.8.3 has to give. So what a function is made
of is the C library's, and only one line of arithmetic comes from here:

* an exponential average steps by `beta prev + k x` in one fused operation, where it was
  `prev + k (x - prev)` in one fused operation,
* Wilder's sums and averages multiply by 1/period, where they divided.

All operations are in double precision and in the order in which the library has them.
"""

import ctypes
import math

import numpy as np
import talib

NAN = math.nan
EMA, DEMA, TEMA = 1, 3, 4

fma = ctypes.CDLL("libm.so.6").fma
fma.restype = ctypes.c_double
fma.argtypes = [ctypes.c_double] * 3


class Old:
    """C 0.8.1."""

    @staticmethod
    def weights(period, k=None):
        """What a step of an exponential average needs."""
        return (2.0 / (period + 1) if k is None else k,)

    @staticmethod
    def ema(previous, value, k):
        """A step of an exponential average."""
        return fma(value - previous, k, previous)

    @staticmethod
    def weighted(previous, value, k):
        """A step of an average of Chaikin's oscillator."""
        return fma(1.0 - k, previous, k * value)

    @staticmethod
    def decayed(total, period):
        """What is left of Wilder's sum."""
        return total - total / period

    @staticmethod
    def averaged(previous, value, period):
        """A step of Wilder's average."""
        return (previous * (period - 1) + value) / period

    gain_averaged = averaged


class New:
    """0.8.2 and later."""

    @staticmethod
    def weights(period, k=None):
        """Both weights; they sum to one exactly, so that a flat series stays on its level."""
        if k is not None:
            beta = 1.0 - k
            return beta, 1.0 - beta
        beta = (period - 1) / (period + 1)
        k = 1.0 - beta
        return (1.0 - k if beta < 0.5 else beta), k

    @staticmethod
    def ema(previous, value, beta, k):
        """A step of an exponential average."""
        return fma(beta, previous, k * value)

    weighted = ema

    @staticmethod
    def decayed(total, period):
        """What is left of Wilder's sum."""
        return total - total * (1.0 / period)

    @staticmethod
    def averaged(previous, value, period):
        """A step of Wilder's average of DX."""
        return previous - (previous - value) * (1.0 / period)

    @staticmethod
    def gain_averaged(previous, value, period):
        """A step of Wilder's average of gains."""
        inverse = 1.0 / period
        return previous + (value * inverse - previous * inverse)


def unknown(values):
    """A column of the same length without values."""
    return np.full(len(values), NAN)


def ema(rules, values, period, first=0, k=None):
    """An exponential average whose seed is the mean of `period` values from row `first` on."""
    result = unknown(values)
    if len(values) < first + period:
        return result
    previous = 0.0
    for value in values[first : first + period].tolist():
        previous += value
    previous /= period
    weights = rules.weights(period, k)
    result[first + period - 1] = previous
    for row, value in enumerate(values[first + period :].tolist(), first + period):
        previous = rules.ema(previous, value, *weights)
        result[row] = previous
    return result


def dema(rules, values, period, first=0):
    """Two averages, one after the other."""
    once = ema(rules, values, period, first)
    return 2.0 * once - ema(rules, once, period, first + period - 1)


def tema(rules, values, period, first=0):
    """Three averages, one after the other."""
    once = ema(rules, values, period, first)
    twice = ema(rules, once, period, first + period - 1)
    thrice = ema(rules, twice, period, first + 2 * (period - 1))
    return thrice + (3.0 * once - 3.0 * twice)


AVERAGES = {EMA: (ema, 1), DEMA: (dema, 2), TEMA: (tema, 3)}


def apo(rules, values, fast, slow, kind):
    """Absolute price oscillator."""
    average, _ = AVERAGES[kind]
    fast, slow = sorted((fast, slow))
    return [average(rules, values, fast) - average(rules, values, slow)]


def ppo(rules, values, fast, slow, kind):
    """Percentage price oscillator, of a price or of volume."""
    average, _ = AVERAGES[kind]
    fast, slow = (average(rules, values, period) for period in sorted((fast, slow)))
    return [(fast - slow) / slow * 100.0]


def with_signal(rules, line, signal, first):
    """The line of a MACD, its average and their difference."""
    smooth = ema(rules, line, signal, first)
    return [line, smooth, line - smooth]


def macd(rules, values, fast, slow, signal):
    """MACD: the first values of both averages stand in the same row."""
    fast, slow = sorted((fast, slow))
    line = ema(rules, values, fast, slow - fast) - ema(rules, values, slow)
    return with_signal(rules, line, signal, slow - 1)


def macdext(rules, values, fast, _fast_kind, slow, _slow_kind, signal, _signal_kind):
    """MACD with a choice of averages, where all are exponential."""
    return macd(rules, values, fast, slow, signal)


def macdfix(rules, values, signal):
    """MACD of 12 and 26 rows with rounded weights."""
    fast = ema(rules, values, 12, 26 - 12, 0.15)
    slow = ema(rules, values, 26, 0, 0.075)
    return with_signal(rules, fast - slow, signal, 25)


def trix(rules, values, period):
    """Percent change of a triple average."""
    triple = values
    for depth in range(3):
        triple = ema(rules, triple, period, depth * (period - 1))
    result = unknown(values)
    result[1:] = (triple[1:] / triple[:-1] - 1.0) * 100.0
    return [result]


def eri(rules, high, low, close, period):
    """Bull and bear power."""
    average = ema(rules, close, period)
    return [high - average, low - average]


def efi(rules, close, volume, period):
    """Force index."""
    force = unknown(close)
    force[1:] = (close[1:] - close[:-1]) * volume[1:]
    return [ema(rules, force, period, 1)]


def zlema(rules, values, period):
    """Zero-lag average."""
    lag = (period - 1) // 2
    ahead = unknown(values)
    ahead[lag:] = 2.0 * values[lag:] - values[: len(values) - lag]
    return [ema(rules, ahead, period, lag)]


def tsi(rules, values, first, second):
    """True strength index."""
    moves = unknown(values)
    moves[1:] = values[1:] - values[:-1]

    def twice(series):
        return ema(rules, ema(rules, series, first, 1), second, first)

    above, below = twice(moves), twice(np.abs(moves))
    return [np.where(below > 0.0, 100.0 * above / below, 0.0 * below)]


def cvi(rules, high, low, period, change):
    """Chaikin's volatility."""
    average = ema(rules, high - low, period)
    result = unknown(high)
    before = average[:-change]
    result[change:] = 100.0 * ((average[change:] - before) / before)
    result[change:][before == 0.0] = 0.0
    return [result]


def massi(rules, high, low, fast, slow):
    """Mass index: a sliding sum, as the library adds and takes away."""
    once = ema(rules, high - low, fast)
    twice = ema(rules, once, fast, fast - 1)
    ratio = np.where(twice == 0.0, 1.0, once / twice).tolist()
    result, total, first = unknown(high), 0.0, 2 * (fast - 1)
    for row in range(first, len(ratio)):
        total += ratio[row]
        oldest = row - slow + 1
        if oldest >= first:
            result[row] = total
            total -= ratio[oldest]
    return [result]


def smi(rules, high, low, close, period, fast, slow, signal):
    """Stochastic momentum index."""
    top, bottom = talib.MAX(high, period), talib.MIN(low, period)
    first = period - 1

    def twice(series):
        return ema(rules, ema(rules, series, slow, first), fast, first + slow - 1)

    above = twice(close - (top + bottom) * 0.5)
    half = 0.5 * twice(top - bottom)
    line = np.where(half > 0.0, 100.0 * above / half, 0.0 * half)
    return [line, ema(rules, line, signal, first + slow - 1 + fast - 1)]


def kc(rules, high, low, close, period, atr_period, factor):
    """Keltner channels."""
    middle = ema(rules, talib.TYPPRICE(high, low, close), period)
    # The range starts as late as the average allows.
    later = max(period - 1 - atr_period, 0)
    width = unknown(close)
    width[later:] = talib.ATR(high[later:], low[later:], close[later:], atr_period)
    return [middle + factor * width, middle, middle - factor * width]


def adosc(rules, high, low, close, volume, fast, slow):
    """Chaikin's oscillator: its averages start with the first value."""
    line = talib.AD(high, low, close, volume)

    def average(period):
        weights, previous, result = rules.weights(period), line[0], [line[0]]
        for value in line[1:].tolist():
            previous = rules.weighted(previous, value, *weights)
            result.append(previous)
        return np.array(result)

    return [average(fast) - average(slow)]


def mavp(rules, values, periods, low, high, _kind):
    """The average of a period of its own in each row."""
    chosen = np.clip(periods.astype(int), low, high)
    result = unknown(values)
    for period in np.unique(chosen):
        average = ema(rules, values, int(period), int(high - period))
        result = np.where(chosen == period, average, result)
    return [result]


def bbands(rules, values, period, up, down, _kind):
    """Bollinger bands around an exponential average."""
    middle, deviation = ema(rules, values, period), talib.STDDEV(values, period, 1.0)
    return [middle + deviation * up, middle, middle - deviation * down]


def smoothed(rules, raw, first, period, kind):
    """An average over a line that starts at row `first`, and where its values start."""
    average, depth = AVERAGES[kind]
    return average(rules, raw, period, first), first + depth * (period - 1)


def stoch(rules, high, low, close, fast, slow, slow_kind, signal, signal_kind):
    """Stochastic."""
    raw = talib.STOCHF(high, low, close, fast, 1, 0)[0]
    k, first = smoothed(rules, raw, fast - 1, slow, slow_kind)
    return [k, smoothed(rules, k, first, signal, signal_kind)[0]]


def stochf(rules, high, low, close, fast, signal, kind):
    """Fast stochastic."""
    raw = talib.STOCHF(high, low, close, fast, 1, 0)[0]
    return [raw, smoothed(rules, raw, fast - 1, signal, kind)[0]]


def stochrsi(rules, values, period, fast, signal, kind):
    """Fast stochastic of an RSI."""
    raw = talib.STOCHRSI(values, period, fast, 1, 0)[0]
    return [raw, smoothed(rules, raw, period + fast - 1, signal, kind)[0]]


def kdj(rules, high, low, close, fast, slow, slow_kind, signal, signal_kind):
    """Stochastic with a third line."""
    k, d = stoch(rules, high, low, close, fast, slow, slow_kind, signal, signal_kind)
    return [k, d, 3.0 * k - 2.0 * d]


def moves(high, low):
    """Directional movement of each row, up and down."""
    up, down = high[1:] - high[:-1], low[:-1] - low[1:]
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    return [0.0] + plus.tolist(), [0.0] + minus.tolist()


def wilder_sum(rules, values, period):
    """Wilder's sum: `period - 1` values, then each value with what is left of the sum before."""
    result, total = unknown(values), 0.0
    for row, value in enumerate(values):
        if 0 < row < period:
            total += value
        elif row >= period:
            total = rules.decayed(total, period) + value
        result[row] = total if row >= period - 1 else NAN
    return result


def directional_movement(side):
    """PLUS_DM and MINUS_DM."""

    def function(rules, high, low, period):
        return [wilder_sum(rules, moves(high, low)[side], period)]

    return function


def indicators(rules, high, low, close, period):
    """+DI and -DI from row `period` on."""
    ranges = talib.TRANGE(high, low, close)
    width = wilder_sum(rules, ranges.tolist(), period)
    result = []
    for side in moves(high, low):
        share = 100.0 * (wilder_sum(rules, side, period) / width)
        share[:period] = NAN
        result.append(np.where(width > 0.0, share, 0.0 * width))
    return result


def directional_indicator(side):
    """PLUS_DI and MINUS_DI."""

    def function(rules, high, low, close, period):
        return [indicators(rules, high, low, close, period)[side]]

    return function


def dx(rules, high, low, close, period):
    """Directional index; without any movement it keeps its value."""
    plus, minus = indicators(rules, high, low, close, period)
    result, previous = unknown(high), 0.0
    for row in range(period, len(high)):
        total = minus[row] + plus[row]
        if not abs(total) < 1e-14:
            previous = 100.0 * (abs(minus[row] - plus[row]) / total)
        result[row] = previous
    return [result]


def adx(rules, high, low, close, period):
    """Average of the directional index."""
    index = dx(rules, high, low, close, period)[0].tolist()
    result, total = unknown(high), 0.0
    for row in range(period, len(index)):
        if row < 2 * period:
            total += index[row]
            average = total / period
        else:
            average = rules.averaged(average, index[row], period)
        result[row] = average if row >= 2 * period - 1 else NAN
    return [result]


def adxr(rules, high, low, close, period):
    """ADX averaged with what it was `period - 1` rows ago."""
    index = adx(rules, high, low, close, period)[0]
    result = unknown(high)
    result[period - 1 :] = (index[period - 1 :] + index[: len(index) - period + 1]) / 2.0
    return [result]


def cmo(rules, values, period):
    """Chande's momentum with Wilder's averages."""
    result, gain, loss = unknown(values), 0.0, 0.0
    for row in range(1, len(values)):
        move = values[row] - values[row - 1]
        up, down = max(move, 0.0), max(-move, 0.0)
        if row <= period:
            gain, loss = gain + up, loss + down
            if row == period:
                gain, loss = gain / period, loss / period
        else:
            gain = rules.gain_averaged(gain, up, period)
            loss = rules.gain_averaged(loss, down, period)
        total = gain + loss
        if row >= period:
            result[row] = 100.0 * ((gain - loss) / total) if total > 0.0 else 0.0
    return [result]


MODELS = {
    "ADOSC": adosc,
    "ADX": adx,
    "ADXR": adxr,
    "APO": apo,
    "BBANDS": bbands,
    "CMO": cmo,
    "CVI": cvi,
    "DEMA": lambda *arguments: [dema(*arguments)],
    "DX": dx,
    "EFI": efi,
    "EMA": lambda *arguments: [ema(*arguments)],
    "ERI": eri,
    "KC": kc,
    "KDJ": kdj,
    "MA": lambda rules, values, period, _kind: [ema(rules, values, period)],
    "MACD": macd,
    "MACDEXT": macdext,
    "MACDFIX": macdfix,
    "MASSI": massi,
    "MAVP": mavp,
    "MINUS_DI": directional_indicator(1),
    "MINUS_DM": directional_movement(1),
    "PLUS_DI": directional_indicator(0),
    "PLUS_DM": directional_movement(0),
    "PPO": ppo,
    "PVO": ppo,
    "SMI": smi,
    "STOCH": stoch,
    "STOCHF": stochf,
    "STOCHRSI": stochrsi,
    "TEMA": lambda *arguments: [tema(*arguments)],
    "TRIX": trix,
    "TSI": tsi,
    "ZLEMA": zlema,
}


def model_of(name, constants):
    """The model of a call, if its arithmetic changed: not where its averages are others."""
    kinds = [value for key, value in constants.items() if key.endswith("matype")]
    has_model = name in MODELS and all(kind in AVERAGES for kind in kinds)
    return MODELS[name] if has_model else None
