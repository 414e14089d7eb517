"""A quarter of the reference of docs/backtest.md: orders, costs, buying power, fills, trades of one account.

`backtest_reference.py` steps the account through time and says how to use it.
"""

import math
import statistics
from types import SimpleNamespace as Record

DAY = 86_400_000_000
TINY = 1e-9
RESTING = ("limit", "stop", "stop_limit", "trailing")
AT_OPEN = ("market", "market_on_open")
NONE = None

DEFAULTS = {
    "cash": 100_000.0, "fill": "next_open", "sizing": "weight", "rebalance": "change", "rebalance_band": 0.0,
    "reserve_costs": False, "fractional": True, "lot": 1.0, "tick": 0.0, "min_notional": 0.0, "min_trade": 0.0,
    "participation": NONE, "clip_to_bar": False, "limit_fill": "touch", "intrabar": "pessimistic",
    "intrabar_entry": False, "close_at_end": False, "size_type": "percent", "size": 1.0, "accumulate": False,
    "opposite": "reverse", "conflict": "ignore", "kelly_min_trades": 20, "kelly_start": 0.0, "periods": 252.0,
    "max_leverage": 1.0, "partial": True, "allow_short": True, "positions": "netting", "maintenance": 0.0,
    "liquidation_buffer": 0.1, "liquidation_fee": 0.0, "commission": 0.0, "commission_per_unit": 0.0,
    "commission_fixed": 0.0, "commission_min": 0.0, "commission_max": math.inf, "maker": NONE, "taker": NONE,
    "tiers": NONE, "slippage_bps": 0.0, "slippage_ticks": 0.0, "spread_share": 0.5, "impact": NONE,
    "impact_coefficient": 0.1, "slippage_volatility": 0.0, "cash_rate": 0.0, "debit_rate": 0.0, "borrow": 0.0,
    "futures": False, "currency": "USD", "stop_unit": "fraction", "stop_loss": NONE, "take_profit": NONE,
    "trailing": NONE, "trailing_start": NONE, "trailing_atr": NONE, "break_even": NONE, "max_bars": NONE,
    "take_profit_levels": NONE, "max_position": NONE, "max_gross": NONE, "max_net": NONE, "max_sector": NONE,
    "max_positions": NONE, "max_correlation": NONE, "correlation_bars": 60, "max_turnover": NONE, "daily_loss": NONE, "max_drawdown_stop": NONE,
    "drawdown_pause": NONE, "kill_equity": NONE, "matching": "fifo",
}  # fmt: skip


def known(x):
    return x is not None and math.isfinite(x)


def above_0(x):
    return known(x) and x > 0


def date_of(ts):
    return ts // DAY


def month_of(ts):
    """Number of the calendar month of a time, counted from 1970-01 (civil from days)."""
    days = ts // DAY + 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return (year + era * 400) * 12 + month


def pairs(text):
    """'0.05:0.5,0.1:0.5' as numbers."""
    return [tuple(float(x) for x in pair.split(":")) for pair in text.split(",")]


def new_order(symbol, kind, **fields):
    """An order in the state `accepted`. `sign` is +1 for a purchase, `left` the quantity still wanted
    (None before it is sized), `bar` the number of the symbol's bar at submission."""
    order = Record(
        symbol=symbol, kind=kind, sign=0, side=0, left=None, filled=0.0, state="accepted", reason=None, bar=-1,
        why=kind, signal=False, forced=False, tried=False, paid_fixed=False, fok=False, tif="gtc", row={},
        target=None, distances=None, position=None, limit=None, stop=None, best=None, first_day=None, ts=0,
        parent=None, oco=None, reduce_only=False, done_ts=None, entry_atr=None, entry_vol=None,
        size=None, key=None, born=None, cut=None, just=None, gap=None, gap_of=None,
    )  # fmt: skip
    order.__dict__.update(fields)
    return order


def is_open(order):
    return order.state in ("accepted", "partially_filled")


class Account:
    """One cash account, stepped through its timestamps."""

    def __init__(self, bars, settings, orders=(), rates=()):
        self.s = Record(**(DEFAULTS | settings))
        assert set(settings) <= set(DEFAULTS), set(settings) - set(DEFAULTS)
        self.columns = set().union(*(bar.keys() for bar in bars)) if bars else set()
        self.bars = bars
        self.query = sorted(orders, key=lambda o: o["ts"])
        self.rates = list(rates)
        self.hedging = self.s.positions == "hedging"
        self.can_short = self.s.allow_short and self.s.positions != "long_only"
        self.cash = self.s.cash
        self.symbols = {}
        self.orders, self.fills, self.trades, self.curve, self.events = [], [], [], [], []
        self.legs = {}  # (symbol, side) -> position; side is 0 unless hedging
        self.peak = self.s.cash
        self.day_before = self.today = self.s.cash
        self.date = None
        self.blocks = {}  # rule -> end of the block
        self.fired_on = None
        self.bankrupt = False
        self.month, self.month_traded = None, 0.0
        self.traded_on, self.day_traded = None, 0.0
        self.t = None

    # ---------------------------------------------------------------- values of the moment

    def value_of_unit(self, name, price):
        symbol = self.symbols[name]
        return price * symbol.multiplier * symbol.rate

    def held(self, name, side=0):
        position = self.legs.get((name, side))
        return position.units if position else 0.0

    def equity(self):
        total = self.cash
        for (name, _), p in self.legs.items():
            mark = self.symbols[name].mark
            paid = p.settled if self.s.futures else 0.0
            total += p.units * self.value_of_unit(name, mark - paid)
        return total

    def gross(self):
        return sum(abs(p.units) * self.value_of_unit(n, self.symbols[n].mark) for (n, _), p in self.legs.items())

    def net(self):
        return sum(p.units * self.value_of_unit(n, self.symbols[n].mark) for (n, _), p in self.legs.items())

    def event(self, rule, name=None, value=None, limit=None):
        self.events.append(Record(ts=self.t, rule=rule, symbol=name, value=value, limit=limit))

    # ---------------------------------------------------------------- section 5: rounding

    def lots(self, quantity, up=False):
        if self.s.fractional:
            return quantity
        n = quantity / self.s.lot
        near = round(n)
        if abs(n - near) <= TINY * max(1.0, abs(n)):
            return near * self.s.lot
        return (math.ceil(n) if up else math.trunc(n)) * self.s.lot

    # ---------------------------------------------------------------- section 8: costs

    def lacks_data(self, row):
        """Whether a bar cannot fill anything: what a cost or the participation needs is unknown."""
        if self.s.participation is not None and not above_0(row.get("volume")):
            return True
        return self.lacks_costs(row)

    def lacks_costs(self, row):
        """Whether the slippage of a bar is unknown."""
        s = self.s
        if s.impact and not above_0(row.get("volume")):
            return True
        needs_volatility = s.impact == "sqrt" or s.slippage_volatility > 0
        return needs_volatility and not (known(row.get("volatility")) and row["volatility"] >= 0)

    def slippage(self, row, price, quantity):
        s = self.s
        total = price * s.slippage_bps / 1e4 + s.slippage_ticks * s.tick
        if "spread" in self.columns and known(row.get("spread")):
            total += s.spread_share * row["spread"]
        if s.impact:
            share = quantity / row["volume"]
            if s.impact == "linear":
                total += price * s.impact_coefficient * share
            elif s.impact == "sqrt":
                total += price * s.impact_coefficient * row["volatility"] * math.sqrt(share)
            else:
                most = 0.025 if s.participation is None else s.participation
                total += price * s.impact_coefficient * min(share, most) ** 2
        if s.slippage_volatility > 0:
            total += s.slippage_volatility * row["volatility"] * price
        return total

    def fill_price(self, row, price, sign, quantity, at_limit):
        if at_limit:
            return price
        price = self.slipped(row, price, sign, quantity)
        if self.s.clip_to_bar:
            if known(row.get("low")):
                price = max(price, row["low"])
            if known(row.get("high")):
                price = min(price, row["high"])
        return price

    def slipped(self, row, price, sign, quantity):
        s = self.s
        price += sign * self.slippage(row, price, quantity)
        if s.tick > 0:
            n = price / s.tick
            near = round(n)
            is_near = abs(n - near) <= TINY * max(1.0, near)
            n = near if is_near else (math.ceil(n) if sign > 0 else math.floor(n))
            price = n * s.tick
        return price

    def commission_rate(self, maker):
        s = self.s
        if maker and s.maker is not None:
            return s.maker
        if not maker and s.taker is not None:
            return s.taker
        if s.tiers:
            traded = self.month_traded if self.month == month_of(self.t) else 0.0
            return [rate for start, rate in pairs(s.tiers) if traded >= start][-1]
        return s.commission

    def commission(self, order, quantity, price, maker):
        s = self.s
        value = quantity * self.value_of_unit(order.symbol, price)
        fixed = 0.0 if order.paid_fixed else s.commission_fixed
        fee = value * self.commission_rate(maker) + quantity * s.commission_per_unit + fixed
        fee = max(s.commission_min, min(s.commission_max, fee))
        return fee + (value * s.liquidation_fee if order.why == "liquidation" else 0.0)

    def cost(self, order, row, quantity, price, sign, at_limit, maker):
        if quantity == 0:
            return 0.0
        paid = self.fill_price(row, price, sign, quantity, at_limit)
        lost = quantity * self.value_of_unit(order.symbol, abs(paid - price))
        return self.commission(order, quantity, paid, maker) + lost

    # ---------------------------------------------------------------- sections 6 and 10: what may open

    def blocked(self):
        """The rule that forbids entries now."""
        for rule in ("kill_equity", "max_drawdown_stop", "daily_loss"):
            if rule in self.blocks and self.t < self.blocks[rule]:
                return rule
        return None

    def limited(self, order, unit, sign, opening, closing, after_closing):
        """The opening quantity that short selling and the risk manager leave, and the last reason."""
        s, reason = self.s, None
        if sign < 0 and not self.can_short and opening > 0:
            return 0.0, "short not allowed"
        if self.blocked():
            return 0.0, self.blocked()
        equity = self.equity()
        group = self.symbols[order.symbol].sector
        gross = self.gross() - closing * unit
        net = self.net() + sign * closing * unit
        in_sector = (
            sum(
                abs(p.units) * self.value_of_unit(n, self.symbols[n].mark)
                for (n, _), p in self.legs.items()
                if self.symbols[n].sector == group
            )
            - closing * unit
        )
        used = (self.day_traded if self.traded_on == date_of(self.t) else 0.0) + closing * unit
        rooms = [
            ("max_position", s.max_position, abs(after_closing) * unit),
            ("max_gross", s.max_gross, gross),
            ("max_net", s.max_net, sign * net),
            ("max_sector", s.max_sector, in_sector),
            ("max_positions", s.max_positions, None),
            ("max_correlation", s.max_correlation, None),
            ("max_turnover", s.max_turnover, used),
        ]
        for rule, limit, now in rooms:
            if limit is None or opening <= 0:
                continue
            if rule == "max_positions":
                others = {n for (n, _), p in self.legs.items() if n != order.symbol}
                is_held = after_closing != 0
                if not is_held and len(others) >= limit:
                    opening, reason = 0.0, rule
                    self.event(rule, order.symbol, len(others), limit)
                continue
            if rule == "max_correlation":
                largest = self.largest_correlation(order.symbol)
                if after_closing == 0 and largest is not None and largest > limit:
                    opening, reason = 0.0, rule
                    self.event(rule, order.symbol, largest, limit)
                continue
            would, most = now + opening * unit, limit * equity
            if would - most > TINY * abs(most):
                self.event(rule, order.symbol, would / equity, limit)
                is_used_up = most - now <= TINY * max(abs(most), opening * unit)
                opening, reason = (0.0 if is_used_up else (most - now) / unit), rule
        return opening, reason

    def largest_correlation(self, name):
        """With the other symbols held; None where none is known."""
        others = {n for (n, _) in self.legs if n != name}
        found = [self.correlation(name, other) for other in others]
        return max((c for c in found if c is not None), default=None)

    def correlation(self, a, b):
        """Of the last returns of two symbols at the times that both have; None where it is not known."""
        n = self.s.correlation_bars
        last = [dict(self.symbols[name].returns[-n:]) for name in (a, b)]
        times = [t for t in last[0] if t in last[1]]
        if min(map(len, last)) < n or len(times) < 2:
            return None
        x, y = ([one[t] for t in times] for one in last)
        if len(set(x)) == 1 or len(set(y)) == 1:
            return None
        return statistics.correlation(x, y)

    def affordable(self, order, row, price, sign, opening, closing, at_limit, maker):
        """The largest opening quantity with gross <= max_leverage x (equity - costs)."""
        s = self.s
        unit = self.value_of_unit(order.symbol, price)
        gross, equity = self.gross() - closing * unit, self.equity()

        def excess(quantity):
            costs = self.cost(order, row, closing + quantity, price, sign, at_limit, maker)
            return gross + quantity * unit - s.max_leverage * (equity - costs)

        if excess(opening) <= TINY * s.max_leverage * abs(equity):
            return opening
        if not s.partial:
            return 0.0
        low, high = 0.0, opening
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) <= 0 else (low, middle)
        return low if low > TINY * opening else 0.0

    # ---------------------------------------------------------------- states of orders

    def end(self, order, state, reason=None):
        order.state, order.reason = state, reason
        if state in ("cancelled", "rejected", "expired"):
            for child in [o for o in self.orders if o.parent is order and is_open(o)]:
                self.end(child, "cancelled", "parent")

    def after_fill(self, order):
        """One-cancels-others, children, and rests of other orders of a closed position."""
        if order.oco is not None:
            for other in self.orders:
                if other is not order and other.oco == order.oco and is_open(other):
                    self.end(other, "cancelled", "oco")
        if order.state == "filled":
            order.done_ts = self.t

    def drop_rests(self, order, before, after):
        if before != 0 and before * after <= 0:
            for other in self.orders:
                same = other.symbol == order.symbol and other.side == order.side
                is_rest = other.signal and other.state == "partially_filled"
                is_forced = is_open(other) and other.kind in ("close", "exit_rest", "liquidation")
                if other is not order and same and (is_rest or is_forced):
                    self.end(other, "cancelled", "position closed")

    # ---------------------------------------------------------------- one order at its turn (section 5)

    def attempt(self, order, row, price, at_limit=False, maker=False):
        """Fills what it may of `order.left` with `order.sign` at a price +0."""
        name = order.symbol
        symbol = self.symbols[name]
        if self.lacks_data(row) or (self.s.participation is not None and self.lots(symbol.volume_left) <= 0):
            if order.fok:
                self.end(order, "cancelled", "not filled at once")
            return
        held = self.held(name, order.side)
        against = -held * order.sign > 0
        if order.reduce_only:
            most = abs(held) if against else 0.0
            if most == 0:
                return self.end(order, "cancelled", "nothing to reduce")
            order.cut = "nothing to reduce" if order.left > most * (1 + TINY) else None
        if symbol.rate is None:
            return self.end(order, "rejected", "no rate")
        wanted = min(order.left, most) if order.reduce_only else order.left
        unit = self.value_of_unit(name, price)
        closes_all = against and abs(wanted - abs(held)) <= TINY * abs(held)
        if order.filled == 0 and not closes_all:
            if order.kind == "target" and wanted * unit < self.s.min_trade:
                return self.end(order, "cancelled", "nothing to do")
            if wanted * unit < self.s.min_notional and not order.forced:
                return self.end(order, "rejected", "below minimum notional")
        quantity = wanted
        if self.s.participation is not None:
            quantity = min(wanted, self.lots(symbol.volume_left))
            if order.fok and quantity < wanted:
                return self.end(order, "cancelled", "not filled at once")
        mark, symbol.mark = symbol.mark, price  # what trades is valued at the price of its fill
        self.fill_some(order, row, price, quantity, wanted, held, at_limit, maker)
        symbol.mark = mark

    def fill_some(self, order, row, price, quantity, wanted, held, at_limit, maker):
        sign, name = order.sign, order.symbol
        unit = self.value_of_unit(name, price)
        closing = min(quantity, abs(held)) if held * sign < 0 else 0.0
        if closing and abs(quantity - abs(held)) <= TINY * abs(held):
            closing = quantity = abs(held)
        asked = opening = quantity - closing
        reason = order.cut
        if opening > 0:
            after_closing = held + sign * closing
            opening, why = self.limited(order, unit, sign, opening, closing, after_closing)
            reason = why or reason
            if why:
                opening = self.lots(opening)
            if opening > 0:
                affordable = self.affordable(order, row, price, sign, opening, closing, at_limit, maker)
                if affordable < opening:
                    is_cash = self.s.max_leverage == 1 and sign > 0
                    opening, reason = affordable, "insufficient cash" if is_cash else "insufficient margin"
            if opening < asked:
                opening = self.lots(opening)
                if order.fok:
                    return self.end(order, "cancelled", "not filled at once")
        filled = closing + opening
        if filled <= 0:
            return self.end(order, "rejected", reason)
        paid = self.fill_price(row, price, sign, filled, at_limit)
        if paid <= 0:
            return self.end(order, "rejected", "price not positive")
        self.book(order, sign * filled, price, paid, self.commission(order, filled, paid, maker))
        order.filled += filled
        order.left -= filled
        symbol = self.symbols[name]
        symbol.volume_left -= filled
        if symbol.volume_left <= TINY * filled:
            symbol.volume_left = 0.0
        is_all_reduced = order.cut and wanted - filled <= TINY * filled
        if order.left <= TINY * order.filled:
            order.state = "filled"
        else:
            order.state = "partially_filled"
        self.after_fill(order)
        if order.state != "filled" and (opening < asked or is_all_reduced):
            self.end(order, "cancelled", reason if opening < asked else order.cut)
        self.drop_rests(order, held, self.held(name, order.side))

    # ---------------------------------------------------------------- the account and its trades

    def book(self, order, units, price, paid, fee):
        """One fill: cash, position, lots, trades."""
        name = order.symbol
        symbol = self.symbols[name]
        key = (name, order.side)
        position = self.legs.get(key)
        if self.s.futures:
            if position:
                self.settle_at(position, paid)
            self.cash -= fee
        else:
            self.cash -= units * self.value_of_unit(name, paid) + fee
        order.paid_fixed = True
        if order.why != "split":  # nobody traded the cash for fractions
            self.traded(abs(units), price, paid, name)
        self.fills.append(
            Record(ts=self.t, symbol=name, units=units, price=paid, fee=fee, reason=order.why, order=order)
        )
        held = position.units if position else 0.0
        closing = min(abs(units), abs(held)) if held * units < 0 else 0.0
        if closing:
            reason = "signal" if order.signal else order.why
            if order.signal and abs(units) > closing * (1 + TINY):
                reason = "reversal"
            self.close_lots(position, name, closing, paid, fee * closing / abs(units), reason)
            position.units += math.copysign(closing, units)
            if abs(position.units) <= TINY * abs(held):
                del self.legs[key]
                position = None
        opening = abs(units) - closing
        if opening > TINY * abs(units):
            if position is None:
                position = Record(
                    units=0.0, entry=0.0, opened=0.0, bar=symbol.bar, best=paid, level=None, distances=None, asked=None,
                    lots=[], settled=paid, variation=0.0, exits={}, tried=set(),
                    name=name, side=order.side, done={},
                )  # fmt: skip
                self.legs[key] = position
            signed = math.copysign(opening, units)
            before = abs(position.units)
            # the first price stays what it is, to the last place
            position.entry = paid if before == 0 else position.entry + (paid - position.entry) * opening / (before + opening)
            position.units += signed
            position.opened += opening
            is_new = position.opened == opening
            if order.signal and (is_new or position.asked is not None):
                position.asked = Record(**vars(order.distances))
            if position.asked is not None:  # an increase by an order of the query counts in the average as well
                position.distances = Record(**vars(position.asked))
                self.ratchet(name)
            self.add_lot(position, opening, paid, fee * opening / abs(units))

    def traded(self, quantity, price, paid, name):
        """The values traded this month (fill prices) and today (prices +0)."""
        month, day = month_of(self.t), date_of(self.t)
        if self.month != month:
            self.month, self.month_traded = month, 0.0
        if self.traded_on != day:
            self.traded_on, self.day_traded = day, 0.0
        self.month_traded += quantity * self.value_of_unit(name, paid)
        self.day_traded += quantity * self.value_of_unit(name, price)

    def settle_at(self, position, price):
        """Variation margin of a future up to a price."""
        gain = self.value_of_unit(position.name, price - position.settled)
        self.cash += position.units * gain
        position.variation += gain
        position.settled = price

    def worth(self, position, price):
        """Money per unit: the price, or the variation margin up to it."""
        return position.variation if self.s.futures else self.value_of_unit(position.name, price)

    def add_lot(self, position, quantity, price, fee):
        worth = self.worth(position, price)
        lot = Record(quantity=quantity, price=price, worth=worth, fee=fee, ts=self.t)
        if self.s.matching == "average" and position.lots:
            old = position.lots[0]
            total = old.quantity + quantity
            old.price = (old.price * old.quantity + price * quantity) / total
            old.worth = (old.worth * old.quantity + worth * quantity) / total
            old.fee += fee
            old.quantity = total
        else:
            position.lots.append(lot)

    def close_lots(self, position, name, quantity, price, fee, reason):
        symbol = self.symbols[name]
        sign = math.copysign(1, position.units)
        left = quantity
        while left > TINY * quantity and position.lots:
            lot = position.lots[0]
            part = lot.quantity if lot.quantity <= left * (1 + TINY) else left
            entry_fee = lot.fee * part / lot.quantity
            gain = sign * part * (self.worth(position, price) - lot.worth)
            costs = entry_fee + fee * part / quantity
            self.trades.append(
                Record(
                    symbol=name, side=sign, entry_ts=lot.ts, entry_price=lot.price, exit_ts=self.t,
                    exit_price=price, quantity=part, pnl=gain - costs, costs=costs, reason=reason,
                )
            )  # fmt: skip
            symbol.closed.append(gain - costs)
            lot.quantity -= part
            lot.fee -= entry_fee
            left -= part
            if lot.quantity <= TINY * part:
                position.lots.pop(0)
