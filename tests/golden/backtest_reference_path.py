"""A quarter of the reference of docs/backtest.md: the path inside a bar and the exits attached to positions.

`backtest_reference.py` says how to use it.
"""

import math
from types import SimpleNamespace as Record

from backtest_reference_account import RESTING, TINY, Account, is_open, known, new_order


class Path(Account):
    """Section 5 (path) and section 9."""

    def path(self, name, row):
        o, h, l, c = (row.get(k) for k in ("open", "high", "low", "close"))
        sides = {math.copysign(1, p.units) for (n, _), p in self.legs.items() if n == name}
        side = sides.pop() if len(sides) == 1 else 0
        kind = self.s.intrabar
        if kind == "adaptive":
            low_first = not (known(o) and known(h) and known(l) and h - o < o - l)
        elif kind == "pessimistic":
            low_first = side >= 0
        elif kind == "optimistic":
            low_first = side < 0
        else:
            low_first = kind == "olhc"
        points = [o, l, h, c] if low_first else [o, h, l, c]
        return [x for x in points if known(x)]

    def walk(self, name, row):
        points = self.path(name, row)
        self.ratchet(name)
        here = points[0]
        self.ahead = points
        self.leg(name, row, here, here, not known(row.get("open")))
        self.moved(name, here)
        for i, there in enumerate(points[1:], 1):
            self.ahead = points[i:]
            self.leg(name, row, here, there, False)
            self.moved(name, there)
            here = there

    def leg(self, name, row, start, stop, first):
        """Everything met between two prices, in the order in which it is met."""
        here, begun = start, {}
        while True:
            found = []
            for item in self.reachable(name, here):
                begun.setdefault(item.key, here)
                met = self.meets(item, here, stop, here == begun[item.key], first or item.just == here)
                if met is not None:
                    price, maker = met
                    key = (round(abs(price - here) / (TINY * here)), item.is_limit, not item.attached, item.id)
                    found.append((key, price, maker, item))
            if not found:
                return
            _, here, maker, item = min(found, key=lambda f: f[0])
            if item.order is not None and item.order.kind == "stop_limit" and not item.is_limit:
                item.order.kind, item.order.just = "limit", here
                begun[(item.order.id, True)] = here
            else:
                self.hit(item, row, here, maker)

    def meets(self, item, here, stop, at_start, equal_is_met):
        """The price at which an order is met between here and stop, and whether it made the market."""
        up = item.sign if not item.is_limit else -item.sign
        x, end, level = up * here, up * stop, up * item.price
        touch = self.s.limit_fill == "touch" or not item.is_limit
        if x > level or (at_start and x == level and (touch or equal_is_met)):
            return here, False
        if end > level or (touch and end == level):
            return item.price, item.is_limit
        return None

    def reachable(self, name, here):
        """Resting orders and attached exits that may still fill in this bar."""
        for order in self.orders:
            if order.symbol != name or order.kind not in RESTING or order.tried or not self.is_active(order):
                continue
            self.first_bar(order)
            if order.kind == "trailing":
                if order.best is None and here is None:
                    continue  # at the open of its first bar it has no stop yet
                if order.best is None:
                    order.best = here
                trail, percent = order.row.get("trail"), order.row.get("trail_percent")
                away = trail if known(trail) else order.best * percent / 100
                price = order.best + order.sign * away
            else:
                price = order.limit if order.kind == "limit" else order.stop
            is_limit = order.kind == "limit"
            yield Record(
                key=(order.id, is_limit), id=order.id, order=order, position=None, sign=order.sign, price=price,
                is_limit=is_limit, attached=False, just=order.just, reason=None,
            )  # fmt: skip
        for (n, _), p in list(self.legs.items()):
            if n == name and self.acts(p) and "rejected" not in p.tried:
                yield from self.preferred(list(self.attached(p)), here)

    def preferred(self, items, here):
        """Of a stop and a target that the rest of the path both reaches: the stop when pessimistic, the target when optimistic."""
        rest = [] if here is None else [here, *self.ahead]

        def is_ahead(item):
            up = item.sign if not item.is_limit else -item.sign
            return any(up * p >= up * item.price for p in rest)

        stops = [i for i in items if not i.is_limit]
        takes = [i for i in items if i.is_limit]
        if self.s.intrabar == "pessimistic" and any(map(is_ahead, stops)):
            return stops
        if self.s.intrabar == "optimistic" and any(map(is_ahead, takes)):
            return takes
        return items

    def acts(self, p):
        if p.distances is None or self.pending(p):
            return False
        return p.bar < self.symbols[p.name].bar or self.s.intrabar_entry

    def pending(self, p):
        return any(o.position is p and is_open(o) and o.kind in ("exit_rest", "close") for o in self.orders)

    @staticmethod
    def away(distance, entry):
        """A distance of the position in price units; None without one."""
        kind, value = distance
        if value is None:
            return None
        return value * entry if kind == "fraction" else value

    def attached(self, p):
        """The exits of a position at this moment: (reason, price, limit or stop, units)."""
        d, side = p.distances, math.copysign(1, p.units)
        loss = self.away(d.stop_loss, p.entry)
        stops = [] if loss is None else [("stop_loss", p.entry - side * loss)]
        even = self.away(d.break_even, p.entry)
        if even is not None and side * p.best >= side * (p.entry + side * even):
            stops.append(("stop_loss", p.entry))
        if p.level is not None:
            stops.append(("trailing", p.level))
        if stops:
            reason, price = max(stops, key=lambda s: side * s[1])  # of equal ones the first
            yield self.exit_item(p, reason, price, False, abs(p.units), "stop")
        takes = []
        for i, (distance, share) in enumerate(d.levels):
            units = self.lots(share * p.opened) - p.done.get(i, 0.0)
            if units > 1e-9 * p.opened:
                takes.append((self.away(distance, p.entry), min(units, abs(p.units)), i))
        gain = self.away(d.take_profit, p.entry)
        if gain is not None:
            takes.append((gain, abs(p.units), "take_profit"))
        for distance, units, key in sorted(takes, key=lambda take: (take[0], take[2] != "take_profit")):
            yield from self.unless_done(p, p.entry + side * distance, units, key)

    def unless_done(self, p, price, units, key):
        if key not in p.tried and not (key in p.exits and p.exits[key].state == "rejected"):
            yield self.exit_item(p, "take_profit", price, True, units, key)

    def exit_item(self, p, reason, price, is_limit, units, key):
        sign = -int(math.copysign(1, p.units))
        return Record(
            key=("exit", p.side, key), id=0, order=None, position=p, sign=sign, price=price, is_limit=is_limit,
            attached=True, just=None, reason=reason, units=units, exit=key,
        )  # fmt: skip

    def hit(self, item, row, price, maker):
        if not item.attached:
            order = item.order
            order.tried = True
            if item.is_limit:
                self.attempt(order, row, price, at_limit=True, maker=maker)
            else:
                self.attempt(order, row, price)
                if is_open(order):
                    order.kind = "market"
            return
        p, key = item.position, item.exit
        order = p.exits.get(key)
        if order is None or not is_open(order):
            order = self.add(
                new_order(p.name, "attached", sign=item.sign, side=p.side, why=item.reason, position=p, ts=self.t)
            )
            p.exits[key] = order
        order.left = item.units
        filled = order.filled
        self.attempt(order, row, price, at_limit=item.is_limit, maker=maker)
        if item.is_limit:
            p.tried.add(key)
            p.done[key] = p.done.get(key, 0.0) + order.filled - filled
        elif order.state == "rejected":
            p.tried.add("rejected")
        elif is_open(order):
            order.kind, order.bar = "exit_rest", self.symbols[p.name].bar

    def moved(self, name, price):
        """A leg has ended at a price: best prices follow."""
        for order in self.orders:
            if order.symbol == name and order.kind == "trailing" and self.is_active(order) and order.best is not None:
                order.best = min(order.best, price) if order.sign > 0 else max(order.best, price)
        for (n, _), p in self.legs.items():
            if n == name and p.distances is not None:
                p.best = max(p.best, price) if p.units > 0 else min(p.best, price)
        self.ratchet(name)

    def ratchet(self, name):
        """Trailing stops follow the best price and never move away."""
        for (n, _), p in self.legs.items():
            if n != name or p.distances is None or not self.acts(p):
                continue
            d, side = p.distances, math.copysign(1, p.units)
            start = self.away(d.trailing_start, p.entry)
            if start is not None and side * p.best < side * (p.entry + side * start):
                continue
            stops = [] if p.level is None else [p.level]
            kind, value = d.trailing
            if value is not None:
                stops.append(p.best - side * (value * p.best if kind == "fraction" else value))
            atr = self.symbols[name].atr
            if d.trailing_atr is not None and atr is not None:
                stops.append(p.best - side * d.trailing_atr * atr)
            if stops:
                p.level = max(stops, key=lambda s: side * s)
