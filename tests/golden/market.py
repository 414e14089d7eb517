"""Expected values of the functions of microstructure, derivatives, breadth and sessions.

    pip install numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 scipy==1.17.1 ta-lib==0.8.2 tzdata==2026.6
    python tests/golden/market.py

writes to tests/golden/machines/market/ (window functions) and its folder rowwise/ (functions of
one row). Each value is computed from the published formula, slowly and without looking at the
kernels; what a library has, the library computes: least squares by scipy, covariances, exponential
and expanding means by pandas, the seeded exponential mean by TA-Lib, time zones by zoneinfo.

Prices are real (data/): daily bars of AAPL, 15-minute bars of BTC-USD over the weekend on which
New York left summer time. Quotes, trades, market counts and derivatives are drawn with a seed.
"""

import datetime as dt
import importlib.metadata as metadata
import math
import pathlib
import zoneinfo

import numpy as np
import pandas as pd
import scipy.stats
import talib

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = pathlib.Path(__file__).resolve().parent / "machines" / "market"
NAN = math.nan


def write(name, inputs, expected):
    """A CSV file: first the programs, then inputs and expected columns; unknown is empty."""
    programs = ", ".join(f"{p} {metadata.version(p)}" for p in ["numpy", "pandas", "scipy", "ta-lib", "tzdata"])
    columns = {f"in:{key}": column for key, column in inputs.items()} | expected
    rows = zip(*columns.values(), strict=True)
    path = OUT / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.write(f"# {programs}; python tests/golden/market.py\n")
        file.write(",".join(columns) + "\n")
        for row in rows:
            file.write(",".join("" if is_unknown(cell) else f"{cell:.15g}" for cell in row) + "\n")


def is_unknown(cell):
    return cell is None or not math.isfinite(cell)


def trailing(n_rows, span, formula):
    """formula(start, stop) over the newest `span` rows; unknown before there are so many."""
    return [NAN if i + 1 < span else formula(i + 1 - span, i + 1) for i in range(n_rows)]


def over(a, b):
    """a / b, unknown where b is not above 0."""
    return a / b if b > 0 else NAN


def sign(x):
    return int(x > 0) - int(x < 0)


# ---------------------------------------------------------------------------------------------
# Order books


def quotes(rng, n=200):
    """Five levels a side, with runs of unchanged best prices and some empty levels."""
    bid = 100 + np.cumsum(rng.integers(-1, 2, n)) * 0.01
    spread = rng.integers(1, 4, n) * 0.01
    book = {}
    for level in range(1, 6):
        for side, direction, best in [("bid", -1, bid), ("ask", 1, bid + spread)]:
            step = np.cumsum(rng.integers(1, 3, (n, level - 1)), axis=1)[:, -1] if level > 1 else 0
            book[f"{side}_price_{level}"] = np.round(best + direction * 0.01 * step, 2)
            book[f"{side}_size_{level}"] = rng.integers(0, 40, n).astype(float)
    # A step of a level is at least one tick behind the level before it.
    for level in range(2, 6):
        book[f"bid_price_{level}"] = np.round(
            np.minimum(book[f"bid_price_{level}"], book[f"bid_price_{level - 1}"] - 0.01), 2)
        book[f"ask_price_{level}"] = np.round(
            np.maximum(book[f"ask_price_{level}"], book[f"ask_price_{level - 1}"] + 0.01), 2)
    for level in (4, 5):
        empty = rng.random(n) < 0.2
        for side in ("bid", "ask"):
            book[f"{side}_price_{level}"][empty] = NAN
            book[f"{side}_size_{level}"][empty] = NAN
    for row in (7, 8):
        book["bid_size_1"][row] = book["ask_size_1"][row] = 0.0
    return book


def order_flow(book, period):
    pb, qb = book["bid_price_1"], book["bid_size_1"]
    pa, qa = book["ask_price_1"], book["ask_size_1"]
    events = [NAN]
    for i in range(1, len(pb)):
        e = qb[i] if pb[i] > pb[i - 1] else -qb[i - 1] if pb[i] < pb[i - 1] else qb[i] - qb[i - 1]
        a = qa[i] if pa[i] < pa[i - 1] else -qa[i - 1] if pa[i] > pa[i - 1] else qa[i] - qa[i - 1]
        events.append(e - a)
    return list(pd.Series(events).rolling(period).sum())


def depth_imbalance(book, row, decay):
    net = total = 0.0
    for level in range(1, 6):
        b, a = book[f"bid_size_{level}"][row], book[f"ask_size_{level}"][row]
        if math.isfinite(b) and math.isfinite(a):
            net += decay ** (level - 1) * (b - a)
            total += decay ** (level - 1) * (b + a)
    return over(net, total)


def depth_slope(book, row):
    mid = (book["bid_price_1"][row] + book["ask_price_1"][row]) / 2
    slopes = []
    for side in ("bid", "ask"):
        levels = [(abs(book[f"{side}_price_{k}"][row] - mid), book[f"{side}_size_{k}"][row]) for k in range(1, 6)]
        levels = [level for level in levels if all(map(math.isfinite, level))]
        distance, size = np.array(levels).T
        slopes.append(scipy.stats.linregress(distance, np.cumsum(size)).slope)
    return sum(slopes) / 2


def books(rng):
    book = quotes(rng)
    rows = range(len(book["bid_price_1"]))
    best = {key: book[f"{key}_1"] for key in ("bid_price", "bid_size", "ask_price", "ask_size")}
    pb, qb, pa, qa = best.values()
    write("book", best, {
        "order_flow_imbalance": order_flow(book, 10),
        "order_flow_imbalance(period=1)": order_flow(book, 1),
        "order_flow_imbalance(period=50)": order_flow(book, 50),
    })
    mid = (pb + pa) / 2
    expected = {
        "mid_quote": mid,
        "quoted_spread": (pa - pb) / mid * 1e4,
        "microprice": [over(pb[i] * qa[i] + pa[i] * qb[i], qb[i] + qa[i]) for i in rows],
        "order_book_imbalance": [over(qb[i] - qa[i], qb[i] + qa[i]) for i in rows],
        "order_book_imbalance_depth": [depth_imbalance(book, i, 1.0) for i in rows],
        "order_book_imbalance_depth(decay=0.5)": [depth_imbalance(book, i, 0.5) for i in rows],
        "depth_slope": [depth_slope(book, i) for i in rows],
    }
    write("rowwise/book", best | book, expected)


# ---------------------------------------------------------------------------------------------
# Trades


def tick_rule(prices):
    signs, last, before = [], NAN, None
    for price in prices:
        if before is not None and price != before:
            last = sign(price - before)
        before = price
        signs.append(last)
    return signs


def vpin(sizes, sides, bucket, n):
    """Fills buckets unit by unit: sizes and buckets are whole numbers."""
    full, net, filled, values = [], 0, 0, []
    for size, side in zip(sizes, sides):
        if side == 0:
            values.append(NAN)
            continue
        for _ in range(int(size)):
            net, filled = net + sign(side), filled + 1
            if filled == bucket:
                full.append(abs(net))
                net = filled = 0
        values.append(sum(full[-n:]) / (n * bucket) if len(full) >= n else NAN)
    return values


def kyle(mid, sizes, sides, period):
    def slope(start, stop):
        signed = sizes[start + 1:stop] * np.sign(sides[start + 1:stop])
        if np.ptp(signed) == 0:
            return NAN
        return scipy.stats.linregress(signed, np.diff(mid[start:stop])).slope

    return trailing(len(mid), period + 1, slope)


def roll(prices, period):
    change = pd.Series(prices).diff()
    covariance = change.rolling(period).cov(change.shift(1))
    return list(2 * np.sqrt(np.maximum(0, -covariance)))


def sign_product(sides, period, lag):
    signs = pd.Series(np.sign(sides))
    return list((signs * signs.shift(lag)).rolling(period - lag).mean())


def trade_imbalance(sizes, sides, period):
    signed = pd.Series(sizes * np.sign(sides)).rolling(period).sum()
    known = pd.Series(np.where(sides == 0, 0, sizes)).rolling(period).sum()
    return list((signed / known).where(known > 0))


def spread_after(values, mid, sides, horizon):
    """20000 sign (value(t, t + horizon)) / mid, standing at the later row."""
    n = len(mid)
    return [NAN if i < horizon or sides[i - horizon] == 0
            else 2e4 * sign(sides[i - horizon]) * values(i - horizon, i) / mid[i - horizon] for i in range(n)]


def trades(rng, n=250):
    mid = np.round(100 + np.cumsum(rng.integers(-2, 3, n)) * 0.005, 4)
    sides = rng.choice([1.0, 1.0, -1.0, -1.0, 0.0], n, p=[0.25, 0.24, 0.25, 0.24, 0.02])
    price = np.round(mid + np.sign(sides) * rng.integers(0, 3, n) * 0.01, 4)
    sizes = rng.integers(0, 30, n).astype(float)
    inputs = {"price": price, "mid": mid, "size": sizes, "side": sides}
    ticks = tick_rule(price)
    quote = [sign(p - m) or t for p, m, t in zip(price, mid, ticks)]
    delta = np.where(sides == 0, NAN, np.nancumsum(sizes * np.sign(sides)))
    write("trades", inputs, {
        "trade_sign": ticks,
        "lee_ready": quote,
        "cumulative_volume_delta": delta,
        "trade_imbalance": trade_imbalance(sizes, sides, 20),
        "trade_imbalance(period=1)": trade_imbalance(sizes, sides, 1),
        "trade_sign_autocorrelation": sign_product(sides, 20, 1),
        "trade_sign_autocorrelation(period=30;lag=3)": sign_product(sides, 30, 3),
        "vpin(bucket_volume=100;buckets=5)": vpin(sizes, sides, 100, 5),
        "vpin(bucket_volume=7;buckets=50)": vpin(sizes, sides, 7, 50),
        "realized_spread": spread_after(lambda i, j: price[i] - mid[j], mid, sides, 5),
        "realized_spread(horizon=1)": spread_after(lambda i, j: price[i] - mid[j], mid, sides, 1),
        "price_impact": spread_after(lambda i, j: mid[j] - mid[i], mid, sides, 5),
        "roll_spread": roll(price, 20),
        "roll_spread(period=2)": roll(price, 2),
        "kyle_lambda": kyle(mid, sizes, sides, 50),
        "kyle_lambda(period=2)": kyle(mid, sizes, sides, 2),
    })
    write("rowwise/trades", inputs, {
        "signed_volume": np.where(sides == 0, NAN, sizes * np.sign(sides)),
        "effective_spread": np.where(sides == 0, NAN, 2e4 * np.sign(sides) * (price - mid) / mid),
    })


# ---------------------------------------------------------------------------------------------
# Liquidity from bars; where a price is discovered


def two_bar_spread(high, low):
    beta = sum(math.log(h / l) ** 2 for h, l in zip(high, low))
    gamma = math.log(max(high) / min(low)) ** 2
    k = 3 - 2 * math.sqrt(2)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / k - math.sqrt(gamma / k)
    return max(0.0, 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)))


def corwin_schultz(bars, period):
    high, low = bars.high.values, bars.low.values
    estimates = [NAN] + [two_bar_spread(high[i:i + 2], low[i:i + 2]) for i in range(len(bars) - 1)]
    return list(pd.Series(estimates).rolling(period).mean())


def abdi_ranaldo(bars, period):
    middle = (np.log(bars.high) + np.log(bars.low)) / 2
    close = np.log(bars.close)
    product = (close.shift(1) - middle.shift(1)) * (close.shift(1) - middle)
    return list(2 * np.sqrt(np.maximum(0, product.rolling(period).mean())))


def amihud(bars, period, of_inverse=False):
    change = bars.close.pct_change().abs()
    value = bars.close * bars.volume
    ratio = (value / change).where(change > 0) if of_inverse else (change / value).where(value > 0)
    mean = ratio.rolling(period, min_periods=1).mean()
    return list(mean.where(np.arange(len(bars)) >= period))


def information_share(x, y, period):
    dx, dy, error = np.diff(x), np.diff(y), (x - y)[:-1]

    def share(start, stop):
        # Changes with one lag: rows start + 2 .. stop of the prices.
        now = slice(start + 1, stop - 1)
        lag = slice(start, stop - 2)
        regressors = np.column_stack([np.ones(stop - start - 2), error[now], dx[lag], dy[lag]])
        both = np.column_stack([dx[now], dy[now]])
        coefficients, *_ = np.linalg.lstsq(regressors, both, rcond=None)
        residuals = both - regressors @ coefficients
        omega = residuals.T @ residuals / len(both)
        ax, ay = coefficients[1]
        psi = np.array([ay, -ax])
        total = psi @ omega @ psi
        x_first = (psi @ np.linalg.cholesky(omega))[0] ** 2 / total
        swapped = omega[::-1, ::-1]
        y_first = (psi[::-1] @ np.linalg.cholesky(swapped))[0] ** 2 / total
        return (x_first + 1 - y_first) / 2

    return trailing(len(x), period + 2, share)


def liquidity(rng):
    bars = daily("AAPL", 220)
    bars.loc[50:52, "volume"] = 0.0
    bars.loc[80, "close"] = bars.loc[79, "close"]
    bars.loc[80, "high"] = max(bars.loc[80, "high"], bars.loc[80, "close"])
    bars.loc[80, "low"] = min(bars.loc[80, "low"], bars.loc[80, "close"])
    write("liquidity", {k: bars[k] for k in ("high", "low", "close", "volume")} | {"price": bars.close}, {
        "corwin_schultz_spread": corwin_schultz(bars, 20),
        "corwin_schultz_spread(period=1)": corwin_schultz(bars, 1),
        "abdi_ranaldo_spread": abdi_ranaldo(bars, 20),
        "abdi_ranaldo_spread(period=3)": abdi_ranaldo(bars, 3),
        "roll_spread(period=21)": roll(bars.close, 21),
        "amihud_illiquidity(multiplier=1000000)": [1e6 * v for v in amihud(bars, 21)],
        "amihud_illiquidity(period=2;multiplier=1000000000)": [1e9 * v for v in amihud(bars, 2)],
        "amivest_liquidity": amihud(bars, 21, of_inverse=True),
    })
    n = 150
    news = np.cumsum(rng.normal(0, 0.05, n))
    x = np.round(100 + news + rng.normal(0, 0.01, n), 3)
    y = np.round(100 + np.concatenate([[0], news[:-1]]) + rng.normal(0, 0.03, n), 3)
    write("venues", {"x": x, "y": y}, {
        "hasbrouck_information_share": information_share(x, y, 60),
        "hasbrouck_information_share(period=12)": information_share(x, y, 12),
    })


# ---------------------------------------------------------------------------------------------
# Derivatives


def derivatives(rng, n=200):
    index = 100 + np.cumsum(rng.normal(0, 1, n))
    mark = index * (1 + rng.normal(0, 0.002, n))
    futures = index * (1 + rng.normal(0.01, 0.002, n))
    interest = np.round(5000 + np.cumsum(rng.normal(0, 50, n)))
    interest[60] = 0.0
    funding = np.round(rng.normal(1e-4, 1e-4, n), 6)
    funding[100:112] = 2e-4
    amounts = {key: np.round(rng.gamma(2.0, 100, n)) for key in (
        "long_size", "short_size", "taker_buy_volume", "taker_sell_volume", "volume", "reserve")}
    forced = {key: np.where(rng.random(n) < 0.5, 0.0, np.round(rng.gamma(1.0, 50, n)))
              for key in ("long_liquidation", "short_liquidation")}
    amounts["short_size"][5] = amounts["taker_sell_volume"][6] = amounts["volume"][7] = 0.0
    amounts["reserve"][8] = 0.0
    days = np.arange(n - 5, -5, -1).astype(float)
    inputs = {"mark_price": mark, "index_price": index, "futures_price": futures, "far_price": futures,
              "near_price": mark, "spot_price": index, "days": days, "funding_rate": funding,
              "open_interest": interest, "price": mark} | amounts | forced

    def divergence(period):
        oi, p = pd.Series(interest), pd.Series(mark)
        base = oi.shift(period)
        return list(((oi / base - 1) - (p / p.shift(period) - 1)).where(base > 0))

    def zscore(period):
        rolled = pd.Series(funding).rolling(period)
        flat = rolled.max() == rolled.min()
        return [NAN if flat[i] or i + 1 < period else scipy.stats.zscore(funding[i + 1 - period:i + 1])[-1]
                for i in range(n)]

    write("derivatives", {k: inputs[k] for k in ("funding_rate", "open_interest", "price")}, {
        "funding_rate_zscore": zscore(90),
        "funding_rate_zscore(period=5)": zscore(5),
        "oi_price_divergence": divergence(14),
        "oi_price_divergence(period=1)": divergence(1),
        "oi_weighted_price": np.cumsum(mark * interest) / np.cumsum(interest),
    })
    long, short = forced.values()
    rows = range(n)
    write("rowwise/derivatives", inputs, {
        "perpetual_premium_index": mark / index - 1,
        "term_structure_basis": futures / index - 1,
        "calendar_spread": futures / mark - 1,
        "annualized_basis": [over((futures[i] / index[i] - 1) * 365, days[i]) for i in rows],
        "annualized_basis(year=360)": [over((futures[i] / index[i] - 1) * 360, days[i]) for i in rows],
        "funding_implied_apr": funding * 1095,
        "long_short_ratio": list(map(over, amounts["long_size"], amounts["short_size"])),
        "taker_buy_sell_ratio": list(map(over, amounts["taker_buy_volume"], amounts["taker_sell_volume"])),
        "oi_to_volume_ratio": list(map(over, interest, amounts["volume"])),
        "estimated_leverage_ratio": list(map(over, interest, amounts["reserve"])),
        "liquidation_features.net": long - short,
        "liquidation_features.total": long + short,
        "liquidation_features.imbalance": list(map(over, long - short, long + short)),
    })


# ---------------------------------------------------------------------------------------------
# Breadth


def on_known(values, smooth):
    """Smooths the known values as if the unknown rows were not there."""
    series = pd.Series(values)
    known = series.dropna()
    return list(pd.Series(smooth(known.values), index=known.index).reindex(series.index))


def ewm(values, span):
    return pd.Series(values).ewm(span=span, adjust=False).mean().values


def breadth(rng, n=220):
    up = rng.integers(0, 2000, n).astype(float)
    down = rng.integers(0, 2000, n).astype(float)
    up[30:32] = down[30:32] = 0.0
    down[40] = 0.0
    volumes = {"advancing_volume": up * rng.integers(100, 200, n), "declining_volume": down * rng.integers(100, 200, n)}
    high = rng.integers(0, 3, n).astype(float) * rng.integers(0, 50, n)
    low = rng.integers(0, 3, n).astype(float) * rng.integers(0, 50, n)
    high[60:75] = low[60:75] = 0.0
    inputs = {"advances": up, "declines": down, "new_highs": high, "new_lows": low} | volumes
    share = np.array(list(map(over, up, up + down)))
    net = np.array([1000 * over(a - d, a + d) for a, d in zip(up, down)])
    plain = np.where(up + down > 0, up - down, NAN)
    record = pd.Series([100 * over(h, h + l) for h, l in zip(high, low)])

    def mcclellan(values, fast=19, slow=39):
        return on_known(values, lambda v: ewm(v, fast) - ewm(v, slow))

    def high_low_index(period):
        mean = record.rolling(period, min_periods=1).mean()
        return list(mean.where(np.arange(n) >= period - 1))

    index = 1000 * np.exp(np.cumsum(rng.normal(0.001, 0.01, n)))
    total = up + down + 100
    oscillator = np.array(mcclellan(net))

    def omen(share, period):
        before = np.concatenate([np.full(period, NAN), index[:-period]])
        split = np.minimum(high, low) >= share / 100 * total
        holds = (index > before) & split & (high <= 2 * low) & (oscillator < 0)
        return np.where(np.isnan(before) | ((index > before) & split & (high <= 2 * low) & np.isnan(oscillator)),
                        NAN, holds.astype(float))

    write("breadth", inputs | {"total": total, "close": index}, {
        "hindenburg_omen": omen(2.2, 50),
        "hindenburg_omen(share=0.2;period=3)": omen(0.2, 3),
        "advance_decline_line": np.cumsum(up - down),
        "advance_decline_volume_line": np.cumsum(volumes["advancing_volume"] - volumes["declining_volume"]),
        "high_low_line": np.cumsum(high - low),
        "high_low_index": high_low_index(10),
        "high_low_index(period=1)": high_low_index(1),
        "mcclellan_oscillator": mcclellan(net),
        "mcclellan_oscillator(fast=5;slow=8;ratio_adjusted=false)": mcclellan(plain, 5, 8),
        "mcclellan_summation_index": on_known(net, lambda v: np.cumsum(ewm(v, 19) - ewm(v, 39))),
        "breadth_thrust": on_known(share, lambda v: talib.EMA(v, 10)),
        "breadth_thrust(period=7;ma=sma)": on_known(share, lambda v: pd.Series(v).rolling(7).mean().values),
    })
    rowwise = {"upticks": up, "downticks": down, "above": up, "bullish": down, "total": total}
    ratio = np.array(list(map(over, up, down)))
    volume_ratio = np.array(list(map(over, *volumes.values())))
    write("rowwise/breadth", inputs | rowwise, {
        "advance_decline_ratio": ratio,
        "ratio_adjusted_net_advances": net,
        "absolute_breadth_index": np.abs(up - down),
        "tick_index": up - down,
        "net_new_highs": high - low,
        "trin": list(map(over, ratio, volume_ratio)),
        "up_down_volume_ratio": volume_ratio,
        "record_high_percent": record,
        "percent_above_ma": 100 * up / total,
        "bullish_percent_index": 100 * down / total,
    })


# ---------------------------------------------------------------------------------------------
# Sessions

HOURS = {
    "nyse": ("America/New_York", 9.5, 16), "nasdaq": ("America/New_York", 9.5, 16),
    "us_extended": ("America/New_York", 4, 20), "tsx": ("America/Toronto", 9.5, 16),
    "lse": ("Europe/London", 8, 16.5),
    "xetra": ("Europe/Berlin", 9, 17.5), "euronext": ("Europe/Paris", 9, 17.5),
    "six": ("Europe/Zurich", 9, 17.5), "tse": ("Asia/Tokyo", 9, 15.5), "hkex": ("Asia/Hong_Kong", 9.5, 16),
    "sse": ("Asia/Shanghai", 9.5, 15), "krx": ("Asia/Seoul", 9, 15.5), "nse": ("Asia/Kolkata", 9.25, 15.5),
    "asx": ("Australia/Sydney", 10, 16), "cme": ("America/Chicago", -7, 16), "fx": ("America/New_York", -7, 17),
}


def sessions(ts, calendar, stamp):
    """For each row its trading date, minutes since the opening and length; None outside."""
    return [session(t, calendar, stamp) for t in ts]


def session(t, calendar, stamp):
    utc = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(microseconds=int(t))
    zone, opening, close = HOURS.get(calendar, ("UTC", 0, 24))
    local = utc.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    for shift in (0, 1, -1):
        date = local.date() + dt.timedelta(days=shift)
        if calendar in HOURS and date.isoweekday() > 5:
            continue
        midnight = dt.datetime.combine(date, dt.time())
        minutes = (local - midnight).total_seconds() / 60 - 60 * opening
        length = 60 * (close - opening)
        at_start = stamp == "open" or calendar == "date"
        if (0 <= minutes < length) if at_start else (0 < minutes <= length):
            return date, minutes, length
    return None


def in_slices(places, slices, stamp):
    def number(place):
        if place is None:
            return None
        part = place[1] * slices / place[2]
        return math.floor(part + 1e-9) if stamp == "open" else math.ceil(part - 1e-9) - 1

    return [number(place) for place in places]


def frame(bars, calendar, stamp, anchor="session"):
    """The rows inside of the sessions, with the first date of their period and their minutes."""
    places = sessions(bars.ts, calendar, stamp)
    begin = {
        "session": lambda d: d,
        "week": lambda d: d - dt.timedelta(days=d.weekday()),
        "month": lambda d: d.replace(day=1),
        "quarter": lambda d: d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1),
        "year": lambda d: d.replace(month=1, day=1),
    }[anchor]
    rows = bars.assign(date=[p and begin(p[0]) for p in places], minutes=[p and p[1] for p in places])
    return rows[rows.date.notna()]


def back(bars, column):
    return list(pd.Series(column).reindex(bars.index))


def so_far(bars, calendar, stamp, anchor="session"):
    rows = frame(bars, calendar, stamp, anchor)
    by = rows.groupby("date")
    typical = (rows.high + rows.low + rows.close) / 3
    value = (typical * rows.volume).groupby(rows.date).cumsum()
    volume = by.volume.cumsum()
    vwap = (value / volume).where(volume > 0)
    variance = pd.Series(index=rows.index, dtype=float)
    for _, group in rows.groupby("date"):
        for i in group.index:
            upto = group.loc[:i]
            if upto.volume.sum() > 0:
                t = typical.loc[upto.index]
                mean = np.average(t, weights=upto.volume)
                variance[i] = np.average((t - mean) ** 2, weights=upto.volume)
    width = 2 * np.sqrt(variance)
    delta = (rows["size"] * np.sign(rows.side)).groupby(rows.date).cumsum().where(rows.side != 0)
    options = f"(calendar={calendar};stamp={stamp};anchor={anchor})"
    high, low = by.high.cummax(), by.low.cummin()
    columns = {
        f"session_vwap{options}": vwap,
        f"session_vwap_bands{options}.vwap": vwap,
        f"session_vwap_bands{options}.upper": vwap + width,
        f"session_vwap_bands{options}.lower": vwap - width,
        f"session_twap{options}": by.close.expanding().mean().droplevel(0).sort_index(),
        f"session_bar{options}.open": by.open.transform("first"),
        f"session_bar{options}.high": high,
        f"session_bar{options}.low": low,
        f"session_bar{options}.close": rows.close,
        f"session_bar{options}.volume": volume,
        f"session_high_low{options}.high": high,
        f"session_high_low{options}.low": low,
        f"session_range{options}": high - low,
        f"session_volume_delta{options}": delta,
    }
    return {key: back(bars, column) for key, column in columns.items()}


def opening(bars, calendar, stamp, minutes, name):
    rows = frame(bars, calendar, stamp)
    early = rows[rows.minutes < minutes] if stamp == "open" else rows[rows.minutes <= minutes]
    high = rows.date.map(early.groupby("date").high.max())
    low = rows.date.map(early.groupby("date").low.min())
    known = rows.minutes >= minutes
    high, low = high.where(known), low.where(known)
    options = f"(minutes={minutes};calendar={calendar};stamp={stamp})"
    columns = {f"{name}{options}.high": high, f"{name}{options}.low": low}
    if name == "opening_range":
        side = (rows.close > high).astype(float) - (rows.close < low)
        columns |= {f"{name}{options}.middle": (high + low) / 2, f"{name}{options}.breakout": side.where(high.notna())}
    else:
        columns |= {f"{name}{options}.range": high - low}
    return {key: back(bars, column) for key, column in columns.items()}


def previous(bars, anchor):
    rows = frame(bars, "date", "open", anchor)
    whole = rows.groupby("date").agg(
        open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"))
    return {f"previous_session(anchor={anchor}).{key}": list(rows.date.map(column))
            for key, column in whole.shift(1).items()}


def days(bars, calendar, stamp, period):
    rows = frame(bars, calendar, stamp)
    whole = rows.groupby("date").agg(
        open=("open", "first"), high=("high", "max"), low=("low", "min"), close=("close", "last"))
    before = whole.shift(1)
    gap = whole.open / before.close - 1
    first = rows.groupby("date").open.transform("first")
    mean_range = (whole.high - whole.low).rolling(period).mean().shift(1)
    options = f"(calendar={calendar};stamp={stamp})"
    columns = {f"previous_session{options}.{key}": rows.date.map(before[key]) for key in whole}
    columns |= {
        f"overnight_gap{options}": rows.date.map(gap),
        f"overnight_intraday_return{options}.overnight": rows.date.map(gap),
        f"overnight_intraday_return{options}.intraday": rows.close / first - 1,
        f"average_daily_range(period={period};calendar={calendar};stamp={stamp})": rows.date.map(mean_range),
    }
    return {key: back(bars, column) for key, column in columns.items()}


def is_turn(date, first, last):
    month = pd.bdate_range(date.replace(day=1), periods=23)
    month = [d.date() for d in month if d.month == date.month]
    return date in month[:first] or (last > 0 and date in month[-last:])


def turn_of_month(bars, calendar, stamp, first, last):
    rows = frame(bars, calendar, stamp)
    values, close_before, date_before, done = {}, NAN, None, []
    close = NAN
    for i, row in rows.iterrows():
        if row.date != date_before:
            if date_before is not None and is_turn(date_before, first, last) and close_before > 0:
                done.append(close / close_before - 1)
            close_before, date_before = close, row.date
        close = row.close
        now = [close / close_before - 1] if is_turn(row.date, first, last) and close_before > 0 else []
        values[i] = np.mean(done + now) if done + now else NAN
    options = f"(first={first};last={last};calendar={calendar};stamp={stamp})"
    return {f"turn_of_month_return{options}": back(bars, pd.Series(values))}


def profiles(bars, calendar, stamp, slices):
    rows = frame(bars, calendar, stamp)
    change = rows.close.pct_change()
    places = sessions(rows.ts, calendar, stamp)
    part = pd.Series(in_slices(places, slices, stamp), index=rows.index)
    known = change.notna()

    def expanding(values, key, how):
        grouped = values.groupby(key[values.index]).expanding()
        return getattr(grouped, how)().droplevel(0).sort_index()

    def earlier(values, key, how):
        one_before = values.groupby(key[values.index]).shift(1)
        grouped = one_before.groupby(key[values.index]).expanding()
        return getattr(grouped, how)().droplevel(0).sort_index()

    r = change[known]
    weekday = pd.Series([d.isoweekday() for d in rows.date], index=rows.index)
    month = pd.Series([d.month for d in rows.date], index=rows.index)
    clock = f"calendar={calendar};stamp={stamp}"
    sliced = f"(slices={slices};{clock})"
    columns = {}
    for name, key, label in [("day_of_week_profile", weekday, "weekday"), ("month_of_year_profile", month, "month")]:
        columns |= {f"{name}({clock}).mean": expanding(r, key, "mean"), f"{name}({clock}).{label}": key[known],
                    f"{name}({clock}).n": expanding(r, key, "count")}
    columns |= {
        f"time_of_day_return_profile{sliced}.mean": expanding(r, part, "mean"),
        f"time_of_day_return_profile{sliced}.slice": part[known],
        f"time_of_day_return_profile{sliced}.n": expanding(r, part, "count"),
        f"intraday_volatility_profile{sliced}.stddev": expanding(r, part, "std"),
        f"volume_by_time_profile{sliced}.mean": expanding(rows.volume, part, "mean"),
        f"volume_by_time_profile{sliced}.slice": part,
        f"volume_by_time_profile{sliced}.n": expanding(rows.volume, part, "count"),
        f"seasonal_z_score{sliced}": (r - earlier(r, part, "mean")) / earlier(r, part, "std"),
    }
    mean = earlier(rows.volume, part, "mean")
    columns[f"relative_volume_at_time{sliced}"] = (rows.volume / mean).where(mean > 0)
    return {key: back(bars, column) for key, column in columns.items()}


def places(bars):
    expected = {}
    clocks = [(c, s) for c in ["utc", "date", *HOURS] for s in ("close", "open")]
    for calendar, stamp in clocks:
        found = sessions(bars.ts, calendar, stamp)
        options = f"(calendar={calendar};stamp={stamp})"
        day = dt.date(1970, 1, 1)
        expected[f"session_date{options}"] = [p and (p[0] - day).days * 86_400e6 for p in found]
        expected[f"minutes_since_open{options}"] = [p and p[1] for p in found]
        if calendar not in ("nyse", "cme", "utc"):
            continue
        at_start = "open" if calendar == "date" else stamp
        expected[f"minutes_to_close{options}"] = [p and p[2] - p[1] for p in found]
        expected[f"in_session{options}"] = [float(p is not None) for p in found]
        expected[f"session_slice(slices=13;calendar={calendar};stamp={stamp})"] = in_slices(found, 13, at_start)
    write("rowwise/places", {"ts": bars.ts}, expected)


def daily(symbol, n):
    table = pd.read_parquet(ROOT / "data" / "us5_daily.parquet")
    table = table[table.symbol == symbol].iloc[:n].reset_index(drop=True)
    return timed(table)


def timed(table):
    numbers = table[["open", "high", "low", "close", "volume"]].astype(float)
    numbers = numbers.assign(size=1.0, side=1.0)
    return numbers.assign(ts=table.ts.astype("datetime64[us]").astype("int64"))


def intraday(rng, n):
    """BTC-USD from Thursday, 2021-11-04, over the end of summer time in New York."""
    table = pd.read_parquet(ROOT / "data" / "btcusd_15m.parquet")
    table = table[table.ts >= "2021-11-04 12:00"].iloc[:n].reset_index(drop=True)
    bars = timed(table)
    sides = rng.choice([1.0, -1.0, 0.0], n, p=[0.5, 0.4, 0.1])
    return bars.assign(size=rng.integers(0, 30, n).astype(float), side=sides)


def markets(rng):
    bars = intraday(rng, 420)
    # Prices of a bar that are none stay out of the reference: the source has them clean.
    clean = (bars.low <= bars[["open", "close"]].min(axis=1)) & (bars.high >= bars[["open", "close"]].max(axis=1))
    assert clean.all()
    inputs = {key: bars[key] for key in ("ts", "open", "high", "low", "close", "volume", "size", "side")}
    expected = {}
    for calendar, stamp in [("nyse", "open"), ("utc", "close"), ("cme", "close")]:
        expected |= so_far(bars, calendar, stamp)
    for calendar, stamp, minutes in [("nyse", "open", 30), ("nyse", "close", 45), ("lse", "close", 60)]:
        expected |= opening(bars, calendar, stamp, minutes, "opening_range")
        expected |= opening(bars, calendar, stamp, minutes, "initial_balance")
    for calendar, stamp in [("nyse", "open"), ("tse", "close"), ("utc", "close")]:
        expected |= days(bars, calendar, stamp, 2)
    expected |= profiles(bars, "nyse", "open", 13)
    expected |= profiles(bars, "utc", "close", 24)
    expected |= turn_of_month(bars, "utc", "close", 5, 1)
    write("intraday", inputs, expected)

    bars = daily("AAPL", 260)
    inputs = {key: bars[key] for key in ("ts", "open", "high", "low", "close", "volume")}
    expected = days(bars, "date", "close", 14) | turn_of_month(bars, "date", "close", 3, 1)
    expected |= profiles(bars, "date", "open", 1)
    for anchor in ("week", "month", "quarter", "year"):
        expected |= previous(bars, anchor)
        expected |= {key: column for key, column in so_far(bars, "date", "close", anchor).items()
                     if key.startswith(("session_vwap(", "session_range"))}
    write("daily", inputs, expected)

    # Every calendar, each hour over both ends of summer time on both halves of the earth, and a
    # few times off the hour.
    start = dt.datetime(2021, 3, 10, tzinfo=dt.timezone.utc)
    stamps = [start + dt.timedelta(hours=11 * h, minutes=15 * (h % 4), seconds=(h % 3 == 0) * 7) for h in range(540)]
    stamps = [int(t.timestamp()) * 1e6 for t in stamps]
    places(pd.DataFrame({"ts": np.array(sorted(stamps))}))

    turn = pd.DataFrame({"ts": [(start + dt.timedelta(days=d)).timestamp() * 1e6 for d in range(400)]})
    dates = [session(t, "date", "open")[0] for t in turn.ts]
    write("rowwise/turn", {"ts": turn.ts}, {
        "turn_of_month": [float(is_turn(d, 3, 1)) for d in dates],
        "turn_of_month(first=0;last=4)": [float(is_turn(d, 0, 4)) for d in dates],
    })


def main():
    books(np.random.default_rng(1))
    trades(np.random.default_rng(2))
    liquidity(np.random.default_rng(3))
    derivatives(np.random.default_rng(4))
    breadth(np.random.default_rng(5))
    markets(np.random.default_rng(6))


if __name__ == "__main__":
    main()
