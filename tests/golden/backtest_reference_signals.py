"""A quarter of the reference of docs/backtest.md: sizes (section 6), signals and the orders query (section 4).

`backtest_reference.py` says how to use it.
"""

import math
from types import SimpleNamespace as Record

from backtest_reference_account import AT_OPEN, RESTING, TINY, above_0, is_open, known, new_order, pairs
from backtest_reference_path import Path


class Signals(Path):
    """What becomes an order, and how large it is."""

    # ---------------------------------------------------------------- section 6: sizes

    def size(self, order, row, price, equity):
        """Fixes sign and quantity of an order at its first fill; whether there is something to fill."""
        name = order.symbol
        if self.lacks_data(row) or (
            self.s.participation is not None and self.lots(self.symbols[name].volume_left) <= 0
        ):
            return False
        if self.symbols[name].rate is None:
            self.end(order, "rejected", "no rate")
            return False
        held = self.held(name, order.side)
        if order.kind in ("exit", "close"):
            gone = order.position is not None and self.legs.get((name, order.side)) is not order.position
            if held == 0 or gone or held * order.sign > 0:
                self.end(order, "cancelled", "nothing to do")
                return False
            order.sign, order.left = (-1 if held > 0 else 1), abs(held)
            return True
        if order.kind == "target":
            return self.size_target(order, row, price, equity, held)
        units = self.entry_units(order, price, equity)
        if units is None or units <= 0:
            self.end(order, "rejected", "size not above 0")
            return False
        units = self.lots(units)
        if units <= 0:
            self.end(order, "rejected", "below one lot")
            return False
        order.left = units + (abs(held) if held * order.sign < 0 else 0.0)
        return True

    def size_target(self, order, row, price, equity, held):
        unit = self.value_of_unit(order.symbol, price)
        wish = order.target
        if self.s.sizing == "weight":
            equity = max(equity, 0.0)
            wish = self.paying(order, row, price, equity, held) if self.s.reserve_costs else wish * equity / unit
        exact, wish = wish, math.copysign(self.lots(abs(wish)), wish)
        change = wish - held
        if abs(change) <= TINY * max(abs(wish), abs(held)):
            asked = exact != 0 and wish == 0 and held == 0
            self.end(order, "rejected" if asked else "cancelled", "below one lot" if asked else "nothing to do")
            return False
        order.sign, order.left = (1 if change > 0 else -1), abs(change)
        return True

    def paying(self, order, row, price, equity, held):
        """The position whose value and cost of getting there are the weight's share."""
        unit = self.value_of_unit(order.symbol, price)
        sign = math.copysign(1, order.target)

        def excess(units):
            change = sign * units - held
            direction = 1 if change > 0 else -1
            costs = self.cost(order, row, abs(change), price, direction, False, False)
            return units * unit + costs - abs(order.target) * equity

        low, high = 0.0, abs(order.target) * max(equity, 0.0) / unit
        if excess(high) <= 0:
            return sign * high
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) <= 0 else (low, middle)
        return sign * low

    def entry_units(self, order, price, equity):
        s, size = self.s, order.size
        symbol = self.symbols[order.symbol]
        scale = symbol.multiplier * (symbol.rate or 0.0)
        if scale == 0:
            return None
        unit = price * scale
        if s.size_type == "units":
            return size
        if s.size_type == "value":
            return size / unit
        if s.size_type == "percent":
            return size * equity / unit
        if s.size_type == "volatility":
            return size / (order.entry_vol * math.sqrt(s.periods)) * equity / unit
        if s.size_type == "atr":
            return size * equity / (order.entry_atr * scale)
        if s.size_type == "risk":
            kind, value = order.distances.stop_loss
            if value is None:
                kind, value = order.distances.trailing
            return size * equity / ((value * price if kind == "fraction" else value) * scale)
        return size * self.kelly(symbol) * equity / unit

    def kelly(self, symbol):
        n = len(symbol.closed)
        if n < self.s.kelly_min_trades:
            return self.s.kelly_start
        wins = [x for x in symbol.closed if x > 0]
        losses = [-x for x in symbol.closed if x <= 0]
        share = len(wins) / n
        if not wins:
            return 0.0
        loss = sum(losses) / len(losses) if losses else 0.0
        return share if loss == 0 else share - (1 - share) / (sum(wins) / len(wins) / loss)

    # ---------------------------------------------------------------- section 6: signals become orders

    def distances(self, row):
        """The attached exits that a signal's row asks for: (kind, value) each."""
        s = self.s

        def one(value, is_own=False):
            if value is None:
                return ("price", None)
            if s.stop_unit == "atr":
                return ("price", value * row["atr"] if above_0(row.get("atr")) else None)
            return ("argument", value) if s.stop_unit == "price" and not is_own else (s.stop_unit, value)

        own = {}
        for field in ("stop_loss", "take_profit", "trailing"):
            is_own = above_0(row.get(field))
            own[field] = one(row[field] if is_own else getattr(s, field), is_own)
        levels = pairs(s.take_profit_levels) if s.take_profit_levels else []
        result = Record(
            **own, trailing_start=one(s.trailing_start), break_even=one(s.break_even),
            trailing_atr=s.trailing_atr, max_bars=s.max_bars, levels=[(one(d), share) for d, share in levels],
        )  # fmt: skip
        asked = [s.break_even, *levels]
        has_one = s.stop_unit == "atr" and any(x is not None for x in [*asked, *self.wishes(row)])
        result.needs_atr = s.trailing_atr is not None or has_one
        return result

    def wishes(self, row):
        """Distances that the row or the arguments ask for, in the unit of the arguments."""
        return [row[k] if above_0(row.get(k)) else getattr(self.s, k) for k in ("stop_loss", "take_profit", "trailing")]

    def signal_order(self, name, row, kind, sign, side=0, **fields):
        """Submits an order of a signal: checked, and in the place of those that wait."""
        d = self.distances(row)
        order = new_order(
            name, kind, sign=sign, side=side, signal=True, bar=self.symbols[name].bar, ts=self.t, why=kind,
            distances=d, entry_atr=row.get("atr"), entry_vol=row.get("volatility"), **fields,
        )  # fmt: skip
        reason = None if kind == "exit" or order.target == 0 else self.refusal(order, row, d)
        if reason:
            self.end(self.add(order), "rejected", reason)
            return
        self.replace(name, side)
        self.add(order)

    def refusal(self, order, row, d):
        s = self.s
        if self.blocked():
            return self.blocked()
        if (d.needs_atr or (order.kind == "entry" and s.size_type == "atr")) and not above_0(row.get("atr")):
            return "no atr"
        if order.kind == "entry" and s.size_type == "volatility" and not above_0(row.get("volatility")):
            return "no volatility"
        if order.kind == "entry" and s.size_type == "risk" and d.stop_loss[1] is None and d.trailing[1] is None:
            return "no stop"
        return None

    def replace(self, name, side, kinds=("target", "entry", "exit"), sign=None):
        for order in self.orders:
            mine = order.signal and order.symbol == name and order.side == side and order.ts < self.t
            if mine and is_open(order) and order.kind in kinds and sign in (None, order.sign):
                self.end(order, "cancelled", "replaced")

    def target(self, name, row):
        target, s, symbol = row.get("target"), self.s, self.symbols[name]
        if not known(target):
            return
        wanted = s.rebalance == "always" or (s.rebalance == "change" and target != symbol.last)
        if s.rebalance == "band" and symbol.rate is not None:
            unit, equity = self.value_of_unit(name, symbol.mark), self.equity()
            wish = target if s.sizing == "weight" else target * unit / equity
            wanted = abs(wish - self.held(name) * unit / equity) > s.rebalance_band
        symbol.last = target
        if wanted:
            self.signal_order(name, row, "target", 0, target=target)

    def exit(self, name, row, sign, side=0):
        """Closes what `sign` (1 long, -1 short) holds; whether there is something."""
        self.replace(name, side, ("entry",), sign)
        if self.held(name, side) * sign <= 0:
            return False
        self.signal_order(name, row, "exit", -sign, side)
        return True

    def entry(self, name, row, sign, side=0):
        size = row["size"] if known(row.get("size")) else self.s.size
        self.signal_order(name, row, "entry", sign, side, size=size)

    def entries(self, name, row):
        s, held = self.s, self.held(name)
        for sign, flag in ((1, "exit_long"), (-1, "exit_short")):
            if row.get(flag) and self.exit(name, row, sign):
                held = 0.0
        both = row.get("entry_long") and row.get("entry_short")
        for sign, flag, word in ((1, "entry_long", "long"), (-1, "entry_short", "short")):
            if not row.get(flag) or (both and s.conflict != word):
                continue
            if held * sign > 0 and not s.accumulate:
                continue
            if held * sign < 0 and s.opposite == "ignore":
                continue
            if held * sign < 0 and s.opposite == "close":
                self.signal_order(name, row, "exit", sign)
            else:
                self.entry(name, row, sign)

    def hedged_entries(self, name, row):
        both = row.get("entry_long") and row.get("entry_short")
        for side, word in ((1, "long"), (-1, "short")):
            is_out = row.get(f"exit_{word}") and self.exit(name, row, side, side)
            is_chosen = not both or self.s.conflict == word
            if row.get(f"entry_{word}") and is_chosen and (self.held(name, side) == 0 or is_out or self.s.accumulate):
                self.entry(name, row, side, side)

    # ---------------------------------------------------------------- section 4: the orders query

    def submit(self, row):
        name, kind, side = row["symbol"], row.get("type") or "market", row.get("side")
        sign = {"buy": 1, "sell": -1}.get(side, 0)
        leg = 0
        if self.hedging:
            leg = -sign if row.get("reduce_only") else sign
        order = new_order(
            name, kind, sign=sign, side=leg, ts=row["ts"], row=row, tif=row.get("tif") or "gtc",
            fok=row.get("tif") == "fok", reduce_only=bool(row.get("reduce_only")), oco=row.get("oco"), why="order",
            key=row.get("id"), limit=row.get("limit_price"), stop=row.get("stop_price"),
        )  # fmt: skip
        parents = [o for o in self.orders if o.key is not None and o.key == row.get("parent")]
        reason = self.refused(row, order, parents)
        self.add(order)
        if reason:
            self.end(order, "rejected", reason)
            return
        order.bar = self.symbols[name].bar
        order.left = self.lots(row["quantity"])
        if parents:
            order.parent = parents[0]
            if not is_open(order.parent) and order.parent.state != "filled":
                self.end(order, "cancelled", "parent")

    def refused(self, row, order, parents):
        kinds = {"limit": ("limit_price",), "stop": ("stop_price",), "stop_limit": ("limit_price", "stop_price")}
        if order.symbol not in self.symbols:
            return "unknown symbol"
        if order.sign == 0:
            return "unknown side"
        if order.kind not in (*AT_OPEN, "market_on_close", *RESTING):
            return "unknown type"
        if order.tif not in ("gtc", "day", "ioc", "fok", "gtd"):
            return "unknown tif"
        if not above_0(row.get("quantity")):
            return "quantity not above 0"
        for field in kinds.get(order.kind, ()):
            if not above_0(row.get(field)):
                return "missing " + field.replace("_", " ")
        if order.kind == "trailing" and not (above_0(row.get("trail")) or above_0(row.get("trail_percent"))):
            return "missing trail"
        if order.tif == "gtd" and row.get("expires") is None:
            return "missing expires"
        if order.key is not None and any(o.key == order.key for o in self.orders):
            return "duplicate id"
        if row.get("parent") is not None and not parents:
            return "unknown parent"
        if self.lots(row["quantity"]) <= 0:
            return "below one lot"
        return "bankrupt" if self.bankrupt else None

    def add(self, order):
        order.id = len(self.orders) + 1
        self.orders.append(order)
        return order
