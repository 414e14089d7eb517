"""Expected values of sql/features60.sql: TA-Lib and pandas over real bars.

    pip install ta-lib==0.8.2 numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1
    python tests/golden/features60.py
"""

import pathlib
import sys

import numpy as np
import pandas as pd
import talib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "alphas"))
import values


def of_symbol(bars):
    """The features that need nothing but the symbol's own bars, and what the others are made of."""
    o, h, l, c, v = (bars[k].to_numpy(dtype=float) for k in ["open", "high", "low", "close", "volume"])
    close, volume = bars.close.reset_index(drop=True), bars.volume.reset_index(drop=True)
    f = {"symbol": bars.symbol.to_numpy(), "ts": bars.ts.to_numpy()}
    for n in (1, 2, 5, 10, 20):
        f[f"return_{n}"] = close.pct_change(n)
    f["log_return"] = np.log(close).diff()
    f["gap"] = pd.Series(o) / close.shift() - 1
    f |= {f"sma_{n}": talib.SMA(c, n) for n in (5, 10, 20, 50, 200)}
    f |= {f"ema_{n}": talib.EMA(c, n) for n in (9, 12, 21, 26, 50)}
    f["macd"], f["macd_signal"], f["macd_hist"] = talib.MACD(c, 12, 26, 9)
    f["adx_14"], f["plus_di_14"] = talib.ADX(h, l, c, 14), talib.PLUS_DI(h, l, c, 14)
    f["minus_di_14"] = talib.MINUS_DI(h, l, c, 14)
    down, up = talib.AROON(h, l, 14)
    f |= {"aroon_up_14": up, "aroon_down_14": down}
    f |= {f"rsi_{n}": talib.RSI(c, n) for n in (7, 14, 21)}
    f["stoch_k"], f["stoch_d"] = talib.STOCH(h, l, c, 14, 3, 0, 3, 0)
    f |= {"williams_r_14": talib.WILLR(h, l, c, 14), "roc_10": talib.ROC(c, 10)}
    f |= volatility(h, l, c) | volumes(bars.reset_index(drop=True))
    f["obv"] = talib.OBV(c, v)
    f["close_zscore_60"] = (close - close.rolling(60).mean()) / close.rolling(60).std()
    f["volume_ratio_20"] = volume / volume.rolling(20).mean()
    f["volatility_ratio"] = f["log_return"].rolling(5).std() / f["log_return"].rolling(60).std()
    f["weight"] = (close * volume).rolling(20).mean().shift()
    return pd.DataFrame(f)


def volatility(h, l, c):
    upper, middle, lower = talib.BBANDS(c, 20, 2, 2)
    f = {"atr_14": talib.ATR(h, l, c, 14), "bollinger_upper": upper, "bollinger_lower": lower}
    f |= {"bollinger_width": (upper - lower) / middle, "bollinger_position": (c - lower) / (upper - lower)}
    reach = 2 * talib.ATR(h, l, c, 10)
    bands = {"keltner": (talib.EMA(c, 20) + reach, talib.EMA(c, 20) - reach),
             "donchian": (talib.MAX(h, 20), talib.MIN(l, 20))}
    for name, (top, bottom) in bands.items():
        f |= {f"{name}_upper": top, f"{name}_lower": bottom, f"{name}_position": (c - bottom) / (top - bottom)}
    return f


def volumes(bars):
    span = bars.high - bars.low
    flow = ((bars.close - bars.low) - (bars.high - bars.close)) / span * bars.volume
    total = bars.volume.rolling(20).sum()
    dollars = (bars.high + bars.low + bars.close) / 3 * bars.volume
    return {"vwap_20": dollars.rolling(20).sum() / total, "cmf_20": flow.where(span > 0, 0.0).rolling(20).sum() / total}


def calendar(f):
    weekday, month = (f.ts.dt.day_of_week + 1) % 7, f.ts.dt.month - 1
    for name, angle in {"day_of_week": weekday / 7, "month": month / 12}.items():
        f[f"{name}_sin"], f[f"{name}_cos"] = np.sin(2 * np.pi * angle), np.cos(2 * np.pi * angle)


def across_symbols(f):
    day = f.groupby("ts")
    f["excess_return_1"] = f.return_1 - day.return_1.transform("mean")
    f["return_rank_1"], f["return_rank_20"] = day.return_1.rank(pct=True), day.return_20.rank(pct=True)
    both = f.dropna(subset=["weight", "return_1"])
    total = both.assign(part=both.weight * both.return_1).groupby("ts")[["part", "weight"]].sum()
    f["index_return_1"] = f.ts.map(total.part / total.weight)


def beside_index(f):
    """Per symbol: its own rows alone count, as in the view."""
    growth = f.index_return_1.add(1).rolling(20).apply(np.prod, raw=True)
    f["index_momentum_20"] = growth - 1
    f["relative_strength_20"] = f.return_20 - f.index_momentum_20
    f["index_beta_60"] = f.return_1.rolling(60).cov(f.index_return_1) / f.index_return_1.rolling(60).var()
    return f


def main():
    features = pd.concat([of_symbol(bars) for _, bars in values.us5().groupby("symbol")], ignore_index=True)
    calendar(features)
    across_symbols(features)
    features = pd.concat([beside_index(f.copy()) for _, f in features.groupby("symbol")], ignore_index=True)
    features = features.drop(columns="weight")
    assert features.shape[1] == 62, features.shape
    values.write("features60", features, ["ta-lib", "pandas", "numpy"], first=8, every=20)


if __name__ == "__main__":
    main()
