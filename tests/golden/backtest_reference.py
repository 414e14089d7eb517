"""The rules of docs/backtest.md as a program that is slow and easy to check: the reference of the engine.

Standard library only. Every rule stands in a method named after it; nothing is cached, every value is
computed when it is asked for. `run` simulates one account:

    history = run(bars, settings, orders, rates)

`bars`, `orders` and `rates` are lists of dicts with the columns of the page (times in microseconds,
NULL = None); `settings` a dict with the arguments. The history has `fills`, `orders`, `trades`,
`curve` (time, cash, equity) and `events`. It was written from the page, not from the engine.
"""

import math
from types import SimpleNamespace as Record

from backtest_reference_account import (
    AT_OPEN, DAY, RESTING, TINY, above_0, date_of, is_open, known, new_order,
)  # fmt: skip
from backtest_reference_signals import Signals

YEAR = 365 * DAY


class Simulation(Signals):
    """The steps of section 2."""

    def run(self):
        times = sorted({bar["ts"] for bar in self.bars})
        before = None
        for self.t in times:
            rows = {bar["symbol"]: bar for bar in self.bars if bar["ts"] == self.t}
            self.begin(rows)
            self.end_of_time()
            self.actions(rows)
            if before is not None:
                self.financing(rows, (self.t - before) / YEAR)
            before = self.t
            self.at_open(rows)
            self.step = "path"
            for name in sorted(rows):
                if known(rows[name].get("close")):
                    self.walk(name, rows[name])
            self.at_close(rows)
            self.mark(rows)
            self.note_returns(rows)
            self.signals(rows)
            self.end_of_bar(rows)
            self.curve.append((self.t, self.cash, self.equity()))
        self.finish()
        return self

    def begin(self, rows):
        """The symbols of this timestamp and the exchange rates."""
        for name, row in rows.items():
            symbol = self.symbols.get(name)
            if symbol is None:
                symbol = self.symbols[name] = Record(
                    name=name, bar=-1, mark=0.0, multiplier=row.get("multiplier") or 1.0, row=None,
                    currency=row.get("currency"), sector=row.get("sector"), rate=None, last=0.0, closed=[],
                    volume_left=0.0, atr=None, borrow=None, last_row=None, last_close=None, returns=[],
                )  # fmt: skip
            symbol.bar += 1
            symbol.row = row
            symbol.volume_left = (row.get("volume") or 0.0) * (self.s.participation or 0.0)
        for name, symbol in self.symbols.items():
            if name not in rows:
                symbol.row = None
            symbol.rate = 1.0
            if symbol.currency not in (None, self.s.currency):
                past = [r for r in self.rates if r["currency"] == symbol.currency and r["ts"] <= self.t]
                symbol.rate = max(past, key=lambda r: r["ts"])["rate"] if past else None
        for order in self.orders:
            order.tried, order.just = False, None
        for position in self.legs.values():
            position.tried = set()

    def end_of_time(self):
        """Step 0."""
        for order in self.orders:
            if not is_open(order):
                continue
            row = order.row
            if order.row.get("cancel_at") is not None and row["cancel_at"] <= self.t:
                self.end(order, "cancelled", "cancel_at")
            elif order.tif == "gtd" and row["expires"] < self.t:
                self.end(order, "expired", "gtd")
            elif order.tif == "day" and order.first_day is not None and order.first_day < date_of(self.t):
                self.end(order, "expired", "day")

    # ---------------------------------------------------------------- section 8

    def actions(self, rows):
        self.step = "actions"
        for name in sorted(rows):
            row = rows[name]
            if known(row.get("split")):
                self.split(name, row["split"])
            if known(row.get("dividend")):
                for (n, _), p in self.legs.items():
                    if n == name:
                        self.cash += p.units * self.value_of_unit(name, row["dividend"])
            if known(row.get("roll")):
                self.roll(name, row)

    def split(self, name, ratio):
        symbol = self.symbols[name]
        symbol.mark /= ratio
        symbol.atr = symbol.atr and symbol.atr / ratio
        symbol.last_close = symbol.last_close and symbol.mark
        symbol.last *= ratio if self.s.sizing == "units" else 1.0
        for order in self.orders:
            if order.symbol == name and is_open(order):
                for field in ("limit", "stop", "best", "entry_atr"):
                    if getattr(order, field) is not None:
                        setattr(order, field, getattr(order, field) / ratio)
                if order.row.get("trail") is not None:
                    order.row = order.row | {"trail": order.row["trail"] / ratio}
                if order.left is not None:
                    order.left *= ratio
                    order.filled *= ratio
                if order.kind == "target" and self.s.sizing == "units":
                    order.target *= ratio
                if order.kind == "entry" and self.s.size_type == "units":
                    order.size *= ratio
                self.rescale(order.distances, ratio, ("price",))
        for key in [k for k in self.legs if k[0] == name]:
            p = self.legs[key]
            for field in ("entry", "best", "settled"):
                setattr(p, field, getattr(p, field) / ratio)
            if p.level is not None:
                p.level /= ratio
            self.rescale(p.distances, ratio, ("price", "argument"))
            self.rescale(p.asked, ratio, ("price",))
            p.units *= ratio
            p.opened *= ratio
            p.done = {level: units * ratio for level, units in p.done.items()}
            for lot in p.lots:
                lot.price /= ratio
                lot.worth /= ratio
                lot.quantity *= ratio
            p.variation /= ratio
            fraction = abs(p.units) - self.lots(abs(p.units))
            if fraction > TINY * abs(p.units):
                sign = -math.copysign(1, p.units)
                order = new_order(name, "split", sign=sign, side=key[1], why="split", forced=True)
                before = p.units
                self.book(order, sign * fraction, symbol.mark, symbol.mark, 0.0)
                self.drop_rests(order, before, self.held(name, key[1]))

    @staticmethod
    def rescale(distances, ratio, kinds):
        """Distances in price units; those of arguments only once they belong to a position."""
        if distances is None:
            return

        def scaled(pair):
            kind, value = pair
            return (kind, value / ratio) if kind in kinds and value is not None else pair

        for field in ("stop_loss", "take_profit", "trailing", "trailing_start", "break_even"):
            setattr(distances, field, scaled(getattr(distances, field)))
        distances.levels = [(scaled(pair), share) for pair, share in distances.levels]

    def roll(self, name, row):
        symbol = self.symbols[name]
        new, old = row["roll"], symbol.mark
        symbol.last_close = symbol.last_close and new
        for (n, side), p in list(self.legs.items()):
            if n != name:
                continue
            sign = math.copysign(1, p.units)
            quantity = abs(p.units)
            ends = []
            for price, direction in ((old, -sign), (new, sign)):
                order = new_order(name, "roll", sign=direction, side=side, why="roll")
                paid = price if self.lacks_costs(row) else self.slipped(row, price, direction, quantity)
                paid = paid if paid > 0 else price
                fee = self.commission(order, quantity, paid, False)
                self.traded(quantity, price, paid, name)
                ends.append((paid, fee, direction, order))
            if self.s.futures:
                self.settle_at(p, ends[0][0])
                p.settled = ends[1][0]
            else:
                self.cash -= p.units * self.value_of_unit(name, ends[1][0] - ends[0][0])
            shift = ends[1][0] - ends[0][0]
            for paid, fee, direction, order in ends:
                self.cash -= fee
                self.fills.append(
                    Record(
                        ts=self.t,
                        symbol=name,
                        units=direction * quantity,
                        price=paid,
                        fee=fee,
                        reason="roll",
                        order=order,
                    )
                )
            for lot in p.lots:
                lot.price += shift
                lot.worth += 0.0 if self.s.futures else self.value_of_unit(name, shift)
                lot.fee += (ends[0][1] + ends[1][1]) * lot.quantity / quantity
            self.fix_distances(p)
            p.entry += new - old
            p.best += new - old
            if p.level is not None:
                p.level += new - old
        symbol.mark = new
        self.settle()

    @staticmethod
    def fix_distances(position):
        """At a roll distances stay what they are in price units."""
        d = position.distances
        if d is None:
            return
        fixed = {f: getattr(d, f) for f in ("stop_loss", "take_profit", "trailing_start", "break_even")}
        for field, (kind, value) in fixed.items():
            if kind == "fraction" and value is not None:
                setattr(d, field, ("price", value * position.entry))
        d.levels = [(("price", v * position.entry) if k == "fraction" else (k, v), share) for (k, v), share in d.levels]

    def financing(self, rows, years):
        s = self.s
        self.cash += self.cash * (s.cash_rate if self.cash > 0 else s.debit_rate) * years
        for (name, _), p in self.legs.items():
            symbol = self.symbols[name]
            value = p.units * self.value_of_unit(name, symbol.mark)
            if value < 0:
                rate = s.borrow if symbol.borrow is None else symbol.borrow
                self.cash += value * rate * years
            if name in rows and known(rows[name].get("funding")):
                self.cash -= value * rows[name]["funding"]

    # ---------------------------------------------------------------- section 2, steps 3 and 5

    def is_active(self, order):
        """Whether the order may fill at the symbol's bar of now: made at an earlier bar, parent complete."""
        symbol = self.symbols.get(order.symbol)
        if not is_open(order) or symbol.row is None or symbol.bar <= order.bar:
            return False
        parent = order.parent
        if parent is None:
            return True
        in_path = self.s.intrabar_entry and order.kind in RESTING
        return parent.state == "filled" and (parent.done_ts < self.t or in_path)

    def first_bar(self, order):
        if order.born is None:
            order.born = self.symbols[order.symbol].bar
            order.first_day = date_of(self.t)

    def at_open(self, rows):
        self.step = "open"
        for name in rows:
            self.ratchet(name)
        usable = {}
        for name, row in rows.items():
            if known(row.get("close")) and known(row.get("open")):
                usable[name] = row["open"]
                self.symbols[name].mark = row["open"]
        for order in self.orders:
            if self.is_active(order):
                self.first_bar(order)
                is_now_or_never = order.tif in ("ioc", "fok")
                if (
                    order.kind == "market_on_open"
                    and order.filled == 0
                    and order.symbol not in usable
                    and not is_now_or_never
                ):
                    self.end(order, "expired", "no open")
        for (name, side), p in self.legs.items():
            d = p.distances
            if name in usable and d and d.max_bars is not None and not self.pending(p):
                if self.symbols[name].bar >= p.bar + d.max_bars:
                    self.add(new_order(name, "close", side=side, why="time", position=p, forced=True, ts=self.t))
        kinds = [*AT_OPEN, "liquidation", "close", "exit_rest"]
        if self.s.fill == "next_open":
            kinds += ["target", "entry", "exit"]
        waiting = [o for o in self.orders if o.kind in kinds and self.is_active(o)]
        self.moment(waiting + self.gaps(usable), usable)

    def gaps(self, opens):
        """Resting orders and attached exits that the open has already met."""
        found = []
        for name, price in opens.items():
            self.ratchet(name)
            for item in self.reachable(name, None):
                is_second = any(o.gap_of is item.position for o in found)  # it fills where the path begins
                if item.attached and (item.position.bar == self.symbols[name].bar or is_second):
                    continue
                up = item.sign if not item.is_limit else -item.sign
                if item.price is not None and up * price >= up * item.price:
                    found.append(self.gap_order(item))
        return found

    def gap_order(self, item):
        """What stands for an item of the path in the moment of the open."""
        order = item.order
        if item.attached:
            order = new_order(item.position.name, "gap", sign=item.sign, side=item.position.side, left=item.units)
            order.id = math.inf
        order.gap, order.gap_of = item, item.position
        return order

    def at_close(self, rows):
        self.step = "close"
        signal = ("target", "entry", "exit")
        alive = {n: r for n, r in rows.items() if known(r.get("close"))}
        if self.s.fill in ("vwap", "price"):
            usable = {}
            for name, row in alive.items():
                price = self.own_price(row)
                if known(price):
                    usable[name] = self.symbols[name].mark = price
            self.moment([o for o in self.orders if o.kind in signal and self.is_active(o)], usable)
        closes = {n: r["close"] for n, r in alive.items()}
        for name, close in closes.items():
            self.symbols[name].mark = close
        kinds = ["market_on_close"]
        if self.s.fill in ("next_close", "same_close"):
            kinds += signal
        self.moment([o for o in self.orders if o.kind in kinds and self.is_active(o)], closes)

    def own_price(self, row):
        if self.s.fill == "price":
            return row.get("price")
        if "vwap" in self.columns:
            return row.get("vwap")
        prices = [row.get(k) for k in ("high", "low", "close")]
        return sum(prices) / 3 if all(map(known, prices)) else None

    def moment(self, orders, prices):
        """All orders that fill at one moment: sized by the equity before the first of them."""
        equity = self.equity()
        turns = []
        for order in orders:
            if order.symbol in prices:
                added = self.exposure_added(order, prices[order.symbol], equity)
                turns.append((round(added / (TINY * abs(equity) or 1.0)), order.symbol, order.id, -order.side, order))
        for *_, order in sorted(turns, key=lambda turn: turn[:4]):
            if is_open(order):
                self.turn(order, prices[order.symbol], equity)

    def turn(self, order, price, equity):
        if order.gap is not None:
            return self.turn_of_gap(order, price)
        row = self.symbols[order.symbol].row or self.symbols[order.symbol].last_row
        if self.s.fill == "price" and order.signal and self.step == "close" and known(row.get("price")):
            low, high = row.get("low"), row.get("high")
            if (known(low) and price < low) or (known(high) and price > high):
                return self.end(order, "rejected", "price outside the bar")
        if order.left is None and not self.size(order, row, price, equity):
            return None
        if order.kind in ("exit", "close", "exit_rest"):
            held = self.held(order.symbol, order.side)
            gone = order.position is not None and self.legs.get((order.symbol, order.side)) is not order.position
            if gone or held * order.sign >= 0:
                return self.end(order, "cancelled", "nothing to do")
            order.left = min(order.left, abs(held))
        return self.attempt(order, row, price)

    def turn_of_gap(self, order, price):
        """A resting order or an attached exit at the open: as on the path, if it is still there."""
        item, order.gap = order.gap, None
        name = order.symbol
        if item.attached:
            if self.legs.get((name, order.side)) is not item.position or not self.acts(item.position):
                return
            item.units = min(item.units, abs(item.position.units))
        elif order.kind == "stop_limit":
            order.kind, order.just = "limit", price
            if order.sign * price > order.sign * order.limit:
                return
            item.is_limit = True
        self.hit(item, self.symbols[name].row, price, False)

    def exposure_added(self, order, price, equity):
        if self.symbols[order.symbol].rate is None:
            return 0.0
        unit = self.value_of_unit(order.symbol, price)
        held = self.held(order.symbol, order.side)
        if order.kind in ("exit", "close", "exit_rest"):
            closed = abs(held) if order.left is None else min(order.left, abs(held))
            return -closed * unit if held * order.sign <= 0 else 0.0
        if order.reduce_only:
            return -min(abs(held), order.left) * unit if held * order.sign < 0 else 0.0
        if order.left is not None:
            return (abs(held + order.sign * order.left) - abs(held)) * unit
        if order.kind == "target":
            wish = abs(order.target) * (equity if self.s.sizing == "weight" else unit)
            return wish - abs(held) * unit
        size = self.lots(max(self.entry_units(order, price, equity) or 0.0, 0.0))
        if size == 0:
            return 0.0  # it will be rejected
        after = abs(held) + size if held * order.sign > 0 else size
        return (after - abs(held)) * unit

    # ---------------------------------------------------------------- section 2, steps 6 to 8

    def settle(self):
        """Variation margin of futures."""
        if self.s.futures:
            for (name, _), p in self.legs.items():
                self.settle_at(p, self.symbols[name].mark)

    def mark(self, rows):
        self.settle()
        if self.date != date_of(self.t):
            self.date, self.day_before = date_of(self.t), self.today
        equity = self.equity()
        if equity <= 0 and not self.bankrupt:
            self.bankrupt = True
            self.event("bankrupt", None, equity, 0.0)
            self.close_all("bankrupt", list(self.orders), "liquidation")
        if not self.bankrupt:
            self.switches(equity)
            if equity < self.s.maintenance * self.gross() * (1 - TINY):
                self.margin_call(equity)

    def margin_call(self, equity):
        s, gross = self.s, self.gross()
        self.event("margin_call", None, equity, s.maintenance * gross)
        for order in self.orders:
            if is_open(order) and order.kind == "liquidation":
                self.end(order, "cancelled", "replaced")
        surplus = gross - equity / (s.maintenance * (1 + s.liquidation_buffer))

        def largest_first(leg):
            (name, side), p = leg
            value = abs(p.units) * self.value_of_unit(name, self.symbols[name].mark)
            return -round(value / (TINY * gross)), name, -side

        by_value = sorted(self.legs.items(), key=largest_first)
        for (name, side), p in by_value:
            if surplus <= TINY * gross:
                return
            if self.forced(name, side):
                surplus -= abs(p.units) * self.value_of_unit(name, self.symbols[name].mark)
                continue
            unit = self.value_of_unit(name, self.symbols[name].mark)
            units = min(abs(p.units), self.lots(surplus / unit, up=True))
            surplus -= units * unit
            self.add(
                new_order(
                    name, "liquidation", sign=-int(math.copysign(1, p.units)), side=side, left=units, forced=True,
                    reduce_only=True, bar=self.symbols[name].bar, ts=self.t,
                )
            )  # fmt: skip

    def switches(self, equity):
        s, t = self.s, self.t
        if t >= self.blocks.get("max_drawdown_stop", math.inf):
            del self.blocks["max_drawdown_stop"]
            self.peak = equity
        self.peak = max(self.peak, equity)
        drawdown, day = equity / self.peak - 1, equity / self.day_before - 1
        pause = math.inf if s.drawdown_pause is None else t + s.drawdown_pause * DAY
        rules = [
            ("kill_equity", s.kill_equity is not None and equity <= s.kill_equity, equity, s.kill_equity, math.inf),
            ("max_drawdown_stop", s.max_drawdown_stop is not None and drawdown <= -s.max_drawdown_stop, drawdown, s.max_drawdown_stop, pause),
            ("daily_loss", s.daily_loss is not None and day <= -s.daily_loss, day, s.daily_loss, (date_of(t) + 1) * DAY),
        ]  # fmt: skip
        for rule, is_broken, value, limit, until in rules:
            if is_broken and t >= self.blocks.get(rule, -math.inf):
                self.blocks[rule] = until
                self.event(rule, None, value, limit)
                self.close_all(rule, [o for o in self.orders if o.signal], "risk")

    def close_all(self, reason, to_cancel, why):
        for order in to_cancel:
            if is_open(order):
                self.end(order, "cancelled", reason)
        for name, side in self.held_legs():
            for order in self.forced(name, side):
                self.end(order, "cancelled", "replaced")
            self.add(new_order(name, "close", side=side, bar=self.symbols[name].bar, why=why, forced=True, ts=self.t))

    def held_legs(self):
        """By symbol, the long side before the short one."""
        return sorted(self.legs, key=lambda leg: (leg[0], -leg[1]))

    def note_returns(self, rows):
        """From close to close, with the times; a bar without a close is none."""
        for name, row in rows.items():
            symbol, close = self.symbols[name], row.get("close")
            if known(close):
                if symbol.last_close is not None:
                    symbol.returns.append((self.t, close / symbol.last_close - 1))
                symbol.last_close = close

    def forced(self, name, side):
        """Closings of a position that the rules ask for and that wait."""
        kinds = ("close", "exit_rest", "liquidation")
        return [o for o in self.orders if o.symbol == name and o.side == side and o.kind in kinds and is_open(o)]

    def signals(self, rows):
        self.step = "signals"
        for name in sorted(rows):
            if not self.bankrupt:
                if "target" in self.columns:
                    self.target(name, rows[name])
                elif self.hedging:
                    self.hedged_entries(name, rows[name])
                else:
                    self.entries(name, rows[name])
        while self.query and self.query[0]["ts"] <= self.t:
            self.submit(self.query.pop(0))
        if self.s.fill == "same_close":
            closes = {n: r["close"] for n, r in rows.items() if known(r.get("close"))}
            self.moment([o for o in self.orders if o.signal and o.ts == self.t and is_open(o)], closes)
            self.settle()

    def end_of_bar(self, rows):
        for order in self.orders:
            if (
                is_open(order)
                and order.born is not None
                and order.tif in ("ioc", "fok")
                and self.symbols[order.symbol].row
            ):
                self.end(order, "cancelled", "not filled at once")
            if is_open(order) and order.tif == "gtd" and order.row["expires"] <= self.t:
                self.end(order, "expired", "gtd")
        for name, row in rows.items():
            symbol = self.symbols[name]
            symbol.last_row = row
            if above_0(row.get("atr")):
                symbol.atr = row["atr"]
            if known(row.get("borrow")):
                symbol.borrow = row["borrow"]
        self.today = self.equity()

    def finish(self):
        for order in self.orders:
            if is_open(order) and order.signal:
                self.end(order, "expired", "end of data")
        if self.s.close_at_end and self.curve:
            self.step = "close"
            for name, side in self.held_legs():
                units = self.held(name, side)
                order = new_order(
                    name, "end", sign=-int(math.copysign(1, units)), side=side, left=abs(units), forced=True
                )
                self.close_at_mark(self.add(order), units)
            self.settle()
            self.curve[-1] = (self.t, self.cash, self.equity())

    def close_at_mark(self, order, units):
        """There is no market any more: all of it, whatever the volume; slippage where it is known."""
        symbol = self.symbols[order.symbol]
        row, price, sign = symbol.last_row, symbol.mark, order.sign
        if self.lacks_costs(row):
            paid = price
        elif known(row.get("close")):
            paid = self.fill_price(row, price, sign, abs(units), False)
        else:  # the mark is of an earlier bar, which this one's range does not bound
            paid = self.slipped(row, price, sign, abs(units))
        paid = paid if paid > 0 else price
        self.book(order, -units, price, paid, self.commission(order, abs(units), paid, False))
        order.state = "filled"


def run(bars, settings, orders=(), rates=()):
    """One account from the first timestamp to the last."""
    return Simulation(bars, settings, orders, rates).run()
