"""Expected values of indicators that TA-Lib got after 0.8.1, from their published formulas.

    pip install ta-lib==0.8.2 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/indicators_formulas.py

writes tests/golden/indicators/formulas.jsonl over the series of ibm.csv: a line with programs and
command, then one line per function like those of indicators.py, every eleventh row. The formulas
are written with numpy and pandas on whole windows; where one is made of older indicators (RSI,
EMA, SMA), these come from the TA-Lib wheel.
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd
import talib

from indicators import text

FOLDER = pathlib.Path(__file__).resolve().parent / "indicators"
BARS = pd.read_csv(FOLDER / "ibm.csv")


def midpoint(period):
    """Half way between the highest high and the lowest low of each window."""
    return (BARS.high.rolling(period).max() + BARS.low.rolling(period).min()) / 2


def ichimoku(tenkan_period, kijun_period, senkou_b_period):
    """Hosoda's four lines, none of them shifted; all start when the slowest does."""
    tenkan, kijun, span_b = map(midpoint, (tenkan_period, kijun_period, senkou_b_period))
    return [tenkan, kijun, (tenkan + kijun) / 2, span_b]


def bands(period, dev_up, dev_dn):
    """Bollinger's bands: the deviation divides by the number of rows."""
    middle = BARS.close.rolling(period).mean()
    deviation = BARS.close.rolling(period).apply(lambda w: np.std(w, ddof=0), raw=True)
    return middle + dev_up * deviation, middle, middle - dev_dn * deviation


def percentb(period, dev_up, dev_dn, _average):
    """Where the close is between the lower (0) and the upper (1) band."""
    upper, _, lower = bands(period, dev_up, dev_dn)
    return [(BARS.close - lower) / (upper - lower)]


def bbw(period, dev_up, dev_dn, _average):
    """Width of the bands in percent of the middle one."""
    upper, middle, lower = bands(period, dev_up, dev_dn)
    return [100 * (upper - lower) / middle]


def ibs():
    """Where the close is between low (0) and high (1) of its bar."""
    return [(BARS.close - BARS.low) / (BARS.high - BARS.low)]


def kst(*periods):
    """Pring: four averaged rates of change with weights 1 to 4, and their average."""
    changes, averages, signal = periods[:4], periods[4:8], periods[8]
    line = sum(
        weight * (100 * BARS.close.pct_change(change)).rolling(average).mean()
        for weight, change, average in zip((1, 2, 3, 4), changes, averages)
    )
    return [line, line.rolling(signal).mean()]


def cti(period):
    """Ehlers: correlation of each window with a rising line."""
    ramp = np.arange(period)
    window = BARS.close.rolling(period)
    return [window.apply(lambda w: np.corrcoef(w, ramp)[0, 1], raw=True)]


def alma(period, sigma, offset):
    """Legoux: Gaussian weights with the peak on the whole row at `offset` of the window."""
    peak, width = math.floor(offset * (period - 1)), period / sigma
    weights = np.exp(-((np.arange(period) - peak) ** 2) / (2 * width**2))
    window = BARS.close.rolling(period)
    return [window.apply(lambda w: np.dot(w, weights) / weights.sum(), raw=True)]


def rogerssatchell(period, annualization):
    """Rogers and Satchell 1991: drift-free variance out of the four prices of a bar."""
    high, low = np.log(BARS.high), np.log(BARS.low)
    opened, closed = np.log(BARS.open), np.log(BARS.close)
    variance = (high - closed) * (high - opened) + (low - closed) * (low - opened)
    return [np.sqrt(variance.rolling(period).mean() * annualization)]


def median(period):
    """Median of each window."""
    return [BARS.close.rolling(period).median()]


def kurtosis(period):
    """Excess kurtosis of each window, corrected for the sample (G2)."""
    window = BARS.close.rolling(period)
    return [window.apply(lambda w: pd.Series(w).kurt(), raw=True)]


def dosc(period, first, second, signal):
    """Brown: twice smoothed RSI less its average."""
    close = BARS.close.to_numpy()
    line = talib.EMA(talib.EMA(talib.RSI(close, period), first), second)
    return [pd.Series(line - talib.SMA(line, signal))]


# Function, columns, constants. Constants differ from the defaults where that shows more.
CASES = [
    (ichimoku, ["high", "low"], [7, 22, 44]),
    (percentb, ["close"], [20, 2.0, 1.5, 0]),
    (bbw, ["close"], [20, 2.0, 1.5, 0]),
    (ibs, ["high", "low", "close"], []),
    (kst, ["close"], [10, 15, 20, 30, 10, 11, 12, 15, 9]),
    (cti, ["close"], [20]),
    (alma, ["close"], [9, 5.5, 0.8]),
    (rogerssatchell, ["open", "high", "low", "close"], [10, 252.0]),
    (median, ["close"], [30]),
    (kurtosis, ["close"], [30]),
    (dosc, ["close"], [14, 5, 3, 9]),
]


def result_of(formula, columns, constants):
    """One line; a row counts from the first at which every output is known."""
    outputs = [np.asarray(values, dtype=float) for values in formula(*constants)]
    lookback = max(int(np.argmax(np.isfinite(values))) for values in outputs)
    rows = sorted({*range(lookback, len(BARS), 11), len(BARS) - 1})
    return {
        "name": formula.__name__.upper(),
        "inputs": columns,
        "constants": constants,
        "lookback": lookback,
        "outputs": [{"rows": rows, "values": text(v[row] for row in rows)} for v in outputs],
    }


def main():
    """All cases into one file."""
    header = {
        "program": f"numpy {np.__version__}, pandas {pd.__version__}, TA-Lib wheel {talib.__version__}",
        "command": "python tests/golden/indicators_formulas.py",
    }
    lines = [header] + [result_of(*case) for case in CASES]
    lines = [json.dumps(line, separators=(",", ":")) for line in lines]
    (FOLDER / "formulas.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
