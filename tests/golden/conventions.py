"""Values of TradingView's indicators, by a slow reading of the definitions in its Pine manual.

    pip install pandas==3.1.1
    python tests/golden/conventions.py

writes tests/golden/conventions/pine.csv: 260 daily bars of IBM (tests/golden/indicators/ibm.csv)
and 100 bars that do not move at first, and a column for each value of docs/conventions.md. The
manual prints the code of its built-in functions; each function here follows that code one bar
after the other, with None for `na`, and knows nothing of TA-Lib. pandas.csv has the same bars and
what pandas gives where the table names it; README.md says which version. Values have twelve digits: the test asks for nine.
"""

import csv
import math
import pathlib

import pandas as pd

ROOT = pathlib.Path(__file__).resolve().parent
TARGET = ROOT / "conventions"
N_MOVING = 260
N_FLAT = 40


def bars():
    """Columns of the input: IBM, and then, as a second series, bars that stand still at first."""
    with open(ROOT / "indicators" / "ibm.csv", encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    keys = ["open", "high", "low", "close", "volume"]
    moving = {key: [row[key] for row in rows[:N_MOVING]] for key in keys}
    start = {"open": 82.0, "high": 82.0, "low": 82.0, "close": 82.0, "volume": 1000.0}
    flat = {key: [start[key]] * N_FLAT + moving[key][:60] for key in keys}
    return {"moving": moving, "flat": flat}


def na(value):
    """Whether a value is missing."""
    return value is None


def each(function, *series):
    """A function of one bar's values; missing where one of them is."""
    return [None if any(map(na, row)) else function(*row) for row in zip(*series)]


def shift(series, rows=1):
    """series[rows]."""
    return [None] * rows + series[: len(series) - rows] if rows else series


def change(series):
    """ta.change."""
    return each(lambda now, before: now - before, series, shift(series))


def window(function, series, length):
    """A function of the last values; missing as long as one of them is."""
    result = []
    for row in range(len(series)):
        values = series[max(row - length + 1, 0) : row + 1]
        known = len(values) == length and not any(map(na, values))
        result.append(function(values) if known else None)
    return result


def sma(series, length):
    """ta.sma."""
    return window(lambda v: math.fsum(v) / length, series, length)


def total(series, length):
    """math.sum."""
    return window(math.fsum, series, length)


def ema(series, length):
    """ta.ema: starts with the first value."""
    return recursion(series, 2 / (length + 1), series)


def rma(series, length):
    """ta.rma: starts with the mean of the first values."""
    return recursion(series, 1 / length, sma(series, length))


def recursion(series, alpha, start):
    """alpha x + (1 - alpha) before, from the first known `start` on."""
    result, before = [], None
    for value, first in zip(series, start):
        before = first if na(before) else alpha * value + (1 - alpha) * before
        result.append(before)
    return result


def wma(series, length):
    """ta.wma."""
    norm = length * (length + 1) / 2
    return window(
        lambda v: math.fsum(x * (i + 1) for i, x in enumerate(v)) / norm, series, length
    )


def hma(series, length):
    """ta.hma."""
    twice = each(lambda a, b: 2 * a - b, wma(series, length // 2), wma(series, length))
    return wma(twice, math.floor(math.sqrt(length)))


def alma(series, length, offset, sigma):
    """ta.alma."""
    middle = offset * (length - 1)
    width = length / sigma
    weights = [math.exp(-((i - middle) ** 2) / (2 * width**2)) for i in range(length)]

    def mean(values):
        return math.fsum(w * v for w, v in zip(weights, values)) / math.fsum(weights)

    return window(mean, series, length)


def stdev(series, length):
    """ta.stdev, biased."""

    def deviation(values):
        mean = math.fsum(values) / length
        return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / length)

    return window(deviation, series, length)


def true_range(high, low, close, handle_na):
    """ta.tr(handle_na)."""
    result = []
    for h, l, before in zip(high, low, shift(close)):
        if na(before):
            result.append(h - l if handle_na else None)
        else:
            result.append(max(h - l, abs(h - before), abs(l - before)))
    return result


def atr(high, low, close, length):
    """ta.atr."""
    return rma(true_range(high, low, close, True), length)


def rsi(series, length):
    """ta.rsi."""
    moves = change(series)
    up = rma(each(lambda v: max(v, 0.0), moves), length)
    down = rma(each(lambda v: -min(v, 0.0), moves), length)

    def index(rise, fall):
        if fall == 0:
            return 100.0
        return 0.0 if rise == 0 else 100 - 100 / (1 + rise / fall)

    return each(index, up, down)


def macd(series, fast, slow, signal):
    """ta.macd."""
    line = each(lambda a, b: a - b, ema(series, fast), ema(series, slow))
    smooth = ema(line, signal)
    return line, smooth, each(lambda a, b: a - b, line, smooth)


def stoch(series, high, low, length):
    """ta.stoch."""
    top, bottom = window(max, high, length), window(min, low, length)

    def position(value, upper, lower):
        return None if upper == lower else 100 * (value - lower) / (upper - lower)

    return each(position, series, top, bottom)


def dmi(high, low, close, length, smoothing):
    """ta.dmi."""
    up = change(high)
    down = each(lambda v: -v, change(low))
    plus = each(lambda u, d: u if u > d and u > 0 else 0.0, up, down)
    minus = each(lambda u, d: d if d > u and d > 0 else 0.0, up, down)
    width = rma(true_range(high, low, close, False), length)

    def share(part, whole):
        return 100 * part / whole if whole else 0.0

    plus = each(share, rma(plus, length), width)
    minus = each(share, rma(minus, length), width)
    index = each(lambda p, m: abs(p - m) / (p + m if p + m else 1.0), plus, minus)
    return plus, minus, each(lambda v: 100 * v, rma(index, smoothing))


def supertrend(high, low, close, factor, length):
    """ta.supertrend: the line, and -1 while it runs below the price."""
    average = atr(high, low, close, length)
    lines, directions = [], []
    upper_before = lower_before = 0.0
    line_before = None
    for row, width in enumerate(average):
        if na(width):
            lines.append(None)
            directions.append(None)
            continue
        middle = (high[row] + low[row]) / 2
        upper, lower = middle + factor * width, middle - factor * width
        close_before = close[row - 1]
        if not (lower > lower_before or close_before < lower_before):
            lower = lower_before
        if not (upper < upper_before or close_before > upper_before):
            upper = upper_before
        if na(average[row - 1]):
            direction = 1
        elif line_before == upper_before:
            direction = -1 if close[row] > upper else 1
        else:
            direction = 1 if close[row] < lower else -1
        line_before = lower if direction == -1 else upper
        upper_before, lower_before = upper, lower
        lines.append(line_before)
        directions.append(direction)
    return lines, directions


def cci(source, length):
    """ta.cci."""

    def index(values):
        mean = math.fsum(values) / length
        deviation = math.fsum(abs(v - mean) for v in values) / length
        return (values[-1] - mean) / (0.015 * deviation) if deviation else None

    return window(index, source, length)


def mfi(source, volume, length):
    """ta.mfi; the bar without a bar before it counts on both sides."""
    moves = change(source)
    flows = list(zip(source, volume, moves))
    upper = total([0.0 if not na(m) and m <= 0 else v * s for s, v, m in flows], length)
    lower = total([0.0 if not na(m) and m >= 0 else v * s for s, v, m in flows], length)
    return each(lambda u, l: 100.0 if l == 0 else 100 - 100 / (1 + u / l), upper, lower)


def cmo(series, length):
    """ta.cmo."""
    moves = change(series)
    up = total(each(lambda v: max(v, 0.0), moves), length)
    down = total(each(lambda v: max(-v, 0.0), moves), length)
    return each(lambda u, d: 100 * (u - d) / (u + d) if u + d else None, up, down)


def running(series):
    """ta.cum: missing values count nothing."""
    result, before = [], 0.0
    for value in series:
        before += 0.0 if na(value) else value
        result.append(before)
    return result


def obv(close, volume):
    """ta.obv."""
    sign = each(lambda v: (v > 0) - (v < 0), change(close))
    return running(each(lambda s, v: s * v, sign, volume))


def tsi(series, short, long):
    """ta.tsi, times 100 as the chart shows it."""
    moves = change(series)
    above = ema(ema(moves, long), short)
    below = ema(ema(each(abs, moves), long), short)
    return each(lambda a, b: 100 * a / b if b else None, above, below)


def trix(series, length):
    """The chart's TRIX."""
    triple = ema(ema(ema(each(math.log, series), length), length), length)
    return each(lambda v: 10_000 * v, change(triple))


def keltner(high, low, close, length, factor):
    """ta.kc with the true range."""
    middle = ema(close, length)
    width = ema(true_range(high, low, close, False), length)
    return (
        middle,
        each(lambda m, w: m + factor * w, middle, width),
        each(lambda m, w: m - factor * w, middle, width),
    )


def mass_index(high, low, length):
    """The chart's Mass Index."""
    once = ema(each(lambda h, l: h - l, high, low), 9)
    twice = ema(once, 9)
    return total(each(lambda a, b: a / b if b else None, once, twice), length)


def force_index(close, volume, length):
    """The chart's Elder Force Index."""
    return ema(each(lambda c, v: c * v, change(close), volume), length)


def percent_rank(series, length):
    """ta.percentrank: the share of the earlier values that are not above this one."""
    return window(
        lambda v: 100 * sum(x <= v[-1] for x in v[:-1]) / length, series, length + 1
    )


def center_of_gravity(series, length):
    """ta.cog."""
    return window(
        lambda v: -math.fsum(x * (i + 1) for i, x in enumerate(reversed(v))) / math.fsum(v)
        if math.fsum(v)
        else None,
        series,
        length,
    )


def linear_regression(series, length):
    """ta.linreg at the last value."""

    def end(values):
        mean_x, mean_y = (length - 1) / 2, math.fsum(values) / length
        above = math.fsum((i - mean_x) * (v - mean_y) for i, v in enumerate(values))
        slope = above / math.fsum((i - mean_x) ** 2 for i in range(length))
        return mean_y + slope * (length - 1 - mean_x)

    return window(end, series, length)


def volume_index(close, volume, counts):
    """ta.nvi and ta.pvi: moves where `counts` says so of volume and the one before."""
    result, before = [], 1.0
    for row in range(len(close)):
        if row and counts(volume[row], volume[row - 1]):
            before += (close[row] - close[row - 1]) / close[row - 1] * before
        result.append(before)
    return result


def chop(high, low, close, length):
    """The chart's Choppiness Index."""
    moved = total(true_range(high, low, close, True), length)
    top, bottom = window(max, high, length), window(min, low, length)

    def index(part, upper, lower):
        if upper == lower or part == 0:
            return None
        return 100 * math.log10(part / (upper - lower)) / math.log10(length)

    return each(index, moved, top, bottom)


def pine(b):
    """Every column of the table, by its name."""
    high, low, close, volume = b["high"], b["low"], b["close"], b["volume"]
    hlc3 = each(lambda h, l, c: (h + l + c) / 3, high, low, close)
    hl2 = each(lambda h, l: (h + l) / 2, high, low)
    columns = {
        "ema": ema(close, 20),
        "dema": each(lambda a, b: 2 * a - b, ema(close, 9), ema(ema(close, 9), 9)),
        "rma": rma(close, 14),
        "wma": wma(close, 9),
        "hma": hma(close, 9),
        "alma": alma(close, 21, 0.85, 6.0),
        "rsi": rsi(close, 14),
        "atr": atr(high, low, close, 14),
        "tr": true_range(high, low, close, True),
        "stdev": stdev(close, 20),
        "wpr": each(lambda v: v - 100, stoch(close, high, low, 14)),
        "cci": cci(hlc3, 20),
        "mfi": mfi(hlc3, volume, 14),
        "cmo": cmo(close, 9),
        "obv": obv(close, volume),
        "tsi": tsi(close, 13, 25),
        "trix": trix(close, 18),
        "mass": mass_index(high, low, 10),
        "efi": force_index(close, volume, 13),
        "percentrank": percent_rank(close, 20),
        "cog": center_of_gravity(close, 10),
        "linreg": linear_regression(close, 14),
        "nvi": volume_index(close, volume, lambda now, before: now < before),
        "pvi": volume_index(close, volume, lambda now, before: now > before),
        "pvt": running(
            each(lambda m, c, v: m / c * v, change(close), shift(close), volume)
        ),
        "chop": chop(high, low, close, 14),
        "ao": each(lambda a, b: a - b, sma(hl2, 5), sma(hl2, 34)),
        "vwma": each(
            lambda a, b: a / b,
            sma(each(lambda c, v: c * v, close, volume), 20),
            sma(volume, 20),
        ),
    }
    once = ema(close, 9)
    twice = ema(once, 9)
    triple = ema(twice, 9)
    columns["tema"] = each(lambda a, b, c: 3 * (a - b) + c, once, twice, triple)
    columns["macd"], columns["macd_signal"], columns["macd_hist"] = macd(close, 12, 26, 9)
    columns["ppo"] = each(lambda a, b: 100 * (a - b) / b, ema(close, 12), ema(close, 26))
    columns["stoch_k"] = stoch(close, high, low, 14)
    columns["stoch_d"] = sma(columns["stoch_k"], 3)
    columns["stochrsi_k"] = sma(stoch(*[rsi(close, 14)] * 3, 14), 3)
    columns["stochrsi_d"] = sma(columns["stochrsi_k"], 3)
    columns["plus_di"], columns["minus_di"], columns["adx"] = dmi(high, low, close, 14, 14)
    columns["supertrend"], columns["direction"] = supertrend(high, low, close, 3.0, 10)
    middle, upper, lower = keltner(high, low, close, 20, 2.0)
    columns["kc_middle"], columns["kc_upper"], columns["kc_lower"] = middle, upper, lower
    columns["bb_upper"] = each(lambda m, s: m + 2 * s, sma(close, 20), stdev(close, 20))
    columns["bb_lower"] = each(lambda m, s: m - 2 * s, sma(close, 20), stdev(close, 20))
    return columns


def by_pandas(b):
    """What pandas gives, where the table names it."""
    close = pd.Series(b["close"])
    rolling = close.rolling(20)
    return {
        "ewm": close.ewm(span=20, adjust=False).mean(),
        "ewm_wilder": close.ewm(alpha=1 / 14, adjust=False).mean(),
        "std": rolling.std(),
        "var": rolling.var(),
        "band": rolling.mean() + 2 * rolling.std(),
        "width": 100 * 4 * rolling.std() / rolling.mean(),
    }


def text(value, digits):
    """A cell; empty where nothing is known."""
    return "" if na(value) or value != value else f"{value:.{digits}g}"


def write(name, columns_of):
    """One file: the bars of both series and the columns of one program."""
    with open(TARGET / name, "w", encoding="utf-8") as file:
        for number, (series, columns) in enumerate(bars().items()):
            table = {
                **{key: [text(v, 17) for v in column] for key, column in columns.items()},
                **{key: [text(v, 12) for v in c] for key, c in columns_of(columns).items()},
            }
            if number == 0:
                file.write(",".join(["series", "t", *table]) + "\n")
            for t, cells in enumerate(zip(*table.values())):
                file.write(",".join([series, str(t), *cells]) + "\n")


def main():
    """Writes both files."""
    TARGET.mkdir(exist_ok=True)
    write("pine.csv", pine)
    write("pandas.csv", by_pandas)
    (TARGET / "README.md").write_text(
        "Made by `python tests/golden/conventions.py`: `pine.csv` by the definitions in TradingView's "
        f"Pine manual,\n`pandas.csv` by pandas {pd.__version__}.\n"
    )


if __name__ == "__main__":
    main()
