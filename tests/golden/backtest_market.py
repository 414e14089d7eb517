"""Small markets drawn from a case number, the same in Python and in `udfs/backtest/tests/differential`.

Every column of every symbol has a stream of integers of its own (splitmix64), so that a column can be left out
without moving another. Prices are integers of cents until the end: both languages give the same doubles.
"""

STEPS = {"daily": 86_400_000_000, "hours": 21_600_000_000}
START = 19_751 * 86_400_000_000  # 2024-01-29: the month ends inside every case
MASK = (1 << 64) - 1
COLUMNS = [
    "presence", "price", "gap", "range", "holes", "volume", "vwap", "own", "spread", "target", "entries", "size",
    "stops", "atr", "volatility", "dividend", "split", "roll", "funding", "borrow", "static", "orders", "rates",
]  # fmt: skip
WEIGHTS = [-1.0, -0.5, -0.25, 0.0, 0.0, 0.25, 0.5, 1.0, 1.5]
SPLITS = [(2, 1), (3, 1), (3, 2), (1, 2)]
KINDS = ["market", "market_on_open", "market_on_close", "limit", "limit", "stop", "stop_limit", "trailing"]


class Stream:
    """splitmix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, case, column, symbol):
        self.state = (case * 1_000_003 + COLUMNS.index(column) * 10_007 + symbol * 101) & MASK

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % n

    def one_in(self, n):
        return self.below(n) == 0


def walk(case, symbol, n_bars, has):
    """Cents of open, high, low, close of each bar, before anything is hidden; ratio of its split, price of its roll."""
    price, gap, reach = (Stream(case, c, symbol) for c in ("price", "gap", "range"))
    split, roll = Stream(case, "split", symbol), Stream(case, "roll", symbol)
    swing = 6001 if "wild" in has else 401
    last = 5_000 + price.below(10_000)
    for _ in range(n_bars):
        ratio = rolled = None
        if split.one_in(12) and "split" in has:
            ratio = SPLITS[split.below(4)]
            last = max(200, last * ratio[1] // ratio[0])
        if roll.one_in(12) and "roll" in has:
            rolled = last = max(200, last + roll.below(101) - 50)
        jump = gap.below(1001) - 500 if gap.one_in(8) else gap.below(61) - 30
        open_ = max(200, last + jump)
        close = max(200, open_ + price.below(swing) - swing // 2)
        high = max(open_, close) + reach.below(150)
        low = max(100, min(open_, close) - reach.below(150))
        last = close
        yield open_, high, low, close, ratio, rolled


def account_of(symbol):
    """Symbols take turns between two sub-accounts; one without bars is in the second."""
    return "even" if symbol in "AC" else "odd"


def bars_of(case, n_symbols, n_bars, has):
    """Rows in the order of time, then symbol; `has` names the features."""
    rows = []
    for symbol in range(n_symbols):
        rows += symbol_bars(case, symbol, n_bars, has)
    return sorted(rows, key=lambda row: (row["ts"], row["symbol"]))


def symbol_bars(case, symbol, n_bars, has):
    streams = {c: Stream(case, c, symbol) for c in COLUMNS}
    step = STEPS["hours" if "hours" in has else "daily"]
    static = streams["static"]
    fixed = {
        "multiplier": [1.0, 10.0, 0.5][static.below(3)],
        "currency": [None, "USD", "EUR", "JPY"][static.below(4)],
        "sector": ["tech", "bank"][static.below(2)],
    }
    for i, (open_, high, low, close, ratio, rolled) in enumerate(walk(case, symbol, n_bars, has)):
        row = {"ts": START + i * step, "symbol": "ABCD"[symbol]}
        row |= {"open": open_ / 100, "high": high / 100, "low": low / 100, "close": close / 100}
        row |= traded(streams, open_, high, low, has)
        hide(row, streams["holes"], has)
        row |= signals(streams, has)
        row |= flows(streams, has)
        if "split" in has:
            row["split"] = ratio and ratio[0] / ratio[1]
        if "roll" in has:
            row["roll"] = rolled and rolled / 100
        row |= {k: v for k, v in fixed.items() if k in has}
        if not (streams["presence"].one_in(16) and "gaps" in has):
            yield row


def hide(row, holes, has):
    """Halted bars (no close) and partial bars."""
    kind = holes.below(72)
    if "holes" in has:
        for column in {0: ["close"], 1: ["close", "open"], 2: ["close"], 3: ["open"], 4: ["open"], 5: ["high"],
                       6: ["low"], 7: ["high", "low"], 8: ["open", "high", "low"]}.get(kind, []):  # fmt: skip
            row[column] = None


def traded(streams, open_, high, low, has):
    """Volume, own prices and spread; drawn whether used or not."""
    volume, vwap, own, spread = (streams[c] for c in ("volume", "vwap", "own", "spread"))
    row, traded_units, kind = {}, volume.below(2000), volume.below(24)
    if "volume" in has:
        row["volume"] = None if kind == 0 else 0.0 if kind < 3 else float(traded_units)
    at, is_hidden = vwap.below(9), vwap.one_in(12)
    if "vwap" in has:
        row["vwap"] = None if is_hidden else (low * 8 + (high - low) * at) / 800
    at, kind = own.below(9), own.below(20)
    if "price" in has:
        row["price"] = None if kind == 0 else high / 100 + 1.0 if kind < 3 else (low * 8 + (high - low) * at) / 800
    cents, is_hidden = spread.below(20), spread.one_in(10)
    if "spread" in has:
        row["spread"] = None if is_hidden else cents / 100
    return row


def signals(streams, has):
    target, entries, size, stops = (streams[c] for c in ("target", "entries", "size", "stops"))
    row, has_one, which = {}, target.below(3), target.below(9)
    if "target" in has:
        scale = 40.0 if "target_units" in has else 1.0
        scale *= 3.0 if "levered" in has else 1.0
        row["target"] = None if has_one == 0 else WEIGHTS[which] * scale
    for flag in ("entry_long", "exit_long", "entry_short", "exit_short"):
        kind = entries.below(24)
        if "entries" in has:
            row[flag] = None if kind == 0 else kind < 5
    has_one, tenths = size.below(3), size.below(12)
    if "size" in has:
        row["size"] = None if has_one < 2 else tenths / 10 * (50.0 if "size_units" in has else 1.0)
    for column in ("stop_loss", "take_profit", "trailing"):
        has_one, n = stops.below(2), 1 + stops.below(8)
        if "stops" in has:
            # the tail keeps stops off the grid of the prices
            row[column] = None if has_one == 0 else (n * 1000 + 37) / 100_000 * (100.0 if "wide" in has else 1.0)
    return row


def flows(streams, has):
    row = {}
    atr, volatility, dividend = (streams[c] for c in ("atr", "volatility", "dividend"))
    cents, is_hidden = 50 + atr.below(200), atr.one_in(8)
    if "atr" in has:
        row["atr"] = None if is_hidden else cents / 100
    per_mille, is_hidden = 5 + volatility.below(30), volatility.one_in(8)
    if "volatility" in has:
        row["volatility"] = None if is_hidden else per_mille / 1000
    cents, is_paid = dividend.below(100), dividend.one_in(10)
    if "dividend" in has:
        row["dividend"] = cents / 100 if is_paid else None
    n, is_hidden = streams["funding"].below(21), streams["funding"].one_in(2)
    if "funding" in has:
        row["funding"] = None if is_hidden else (n - 10.0) / 10_000
    n, is_hidden = streams["borrow"].below(10), streams["borrow"].one_in(2)
    if "borrow" in has:
        row["borrow"] = None if is_hidden else n / 100
    return row


def rates_of(case, n_bars, has):
    """Exchange rates every third bar, from the bar on at which the first is known."""
    if "currency" not in has:
        return []
    step = STEPS["hours" if "hours" in has else "daily"]
    stream, rows = Stream(case, "rates", 0), []
    first = stream.below(6)
    for i in range(first, n_bars, 3):
        rows.append({"ts": START + i * step, "currency": "EUR", "rate": (100 + stream.below(21)) / 100})
        rows.append({"ts": START + i * step, "currency": "JPY", "rate": (60 + stream.below(10)) / 1000})
    return rows


def orders_of(case, n_symbols, n_bars, has):
    """Orders near the prices of their time, some of them wrong, in the order of time."""
    if "orders" not in has:
        return []
    step = STEPS["hours" if "hours" in has else "daily"]
    s = Stream(case, "orders", 0)
    prices = [list(walk(case, symbol, n_bars, has)) for symbol in range(n_symbols)]
    rows = []
    for k in range(6 + s.below(20)):
        bar, symbol = s.below(n_bars), s.below(n_symbols)
        close = prices[symbol][bar][3]
        row = {"ts": START + bar * step - (step // 2 if s.one_in(4) else 0), "symbol": "ABCD"[symbol]}
        row["side"] = ["buy", "sell"][s.below(2)]
        row["type"] = KINDS[s.below(8)]
        row["quantity"] = float(1 + s.below(60)) / (4.0 if "fine" in has else 1.0)
        row["limit_price"] = max(100, close + s.below(601) - 300) / 100
        row["stop_price"] = max(100, close + s.below(601) - 300) / 100
        trail, percent, which = (10 + s.below(300)) / 100, float(1 + s.below(5)), s.below(2)
        row["trail"], row["trail_percent"] = (trail, None) if which else (None, percent)
        row["tif"] = ["gtc", "gtc", "gtc", "gtc", "day", "ioc", "fok", "gtd"][s.below(8)]
        row["expires"] = row["ts"] + s.below(6) * step
        row["id"] = f"o{k}" if s.below(3) else None
        parent, group, later = s.below(max(k, 1)), s.below(3), s.below(8)
        wants = s.one_in(3) and k > 0 and rows[parent]["id"] is not None and rows[parent]["ts"] <= row["ts"]
        row["parent"] = rows[parent]["id"] if wants else None
        row["oco"] = f"g{k // 3 + group}" if s.one_in(3) else None
        row["cancel_at"] = row["ts"] + later * step if s.one_in(6) else None
        row["reduce_only"] = s.one_in(6)
        spoil(row, s.below(200))
        rows.append(row)
    return sorted(rows, key=lambda row: row["ts"])


def spoil(row, kind):
    """What a careless user sends."""
    wrong = {
        0: {"symbol": "ZZZ"}, 1: {"side": "hold"}, 2: {"type": "iceberg"}, 3: {"quantity": 0.0}, 4: {"quantity": None},
        5: {"limit_price": None}, 6: {"stop_price": None}, 7: {"trail": None, "trail_percent": None},
        8: {"expires": None}, 9: {"id": "o0"}, 10: {"parent": "nobody"}, 11: {"tif": "later"}, 12: {"quantity": 0.3},
        13: {"quantity": -5.0},
    }  # fmt: skip
    row.update(wrong.get(kind, {}))
