//! Running over all bars of a market, and quickly over those of one plain symbol.
//!
//! One symbol without exits, orders of a query, financing or limits needs few of the steps of
//! [`Engine::step`], and at most of its bars nothing happens but that its price moves. Such a
//! stretch is found and told as a whole: the same numbers, at the speed of a scan.

use super::Engine;
use super::moment::{Asker, Intent, is_outside};
use super::reasons;
use super::record::{Moment, Sink, Snapshot, State};
use super::state::{Now, Queue};
use crate::market::{Columns, Market, is_price};
use crate::settings::{FillAt, Rebalance};

/// How many rows are looked at together, so that the compiler can use vectors.
const BLOCK: usize = 8;

impl Engine {
    /// Steps through every timestamp of a market, and ends the run.
    pub fn run<S: Sink>(&mut self, market: &Market<'_>, columns: &Columns<'_>, sink: &mut S) {
        self.prepare(market.n_symbols, &market.instruments, columns);
        if self.is_plain(market, columns) {
            self.run_plain(market, columns, sink);
        } else {
            for (time, rows) in market.first_row.windows(2).enumerate() {
                self.step(columns, rows[0]..rows[1], market.times[time], sink);
            }
        }
        self.finish(sink);
        if self.settings.close_at_end {
            self.close_all(columns, sink);
        }
    }

    /// Whether the market is one symbol that needs nothing but fills and marks.
    fn is_plain(&self, market: &Market<'_>, columns: &Columns<'_>) -> bool {
        let other_columns = [
            columns.split,
            columns.dividend,
            columns.roll,
            columns.funding,
            columns.borrow,
            columns.atr,
        ];
        let features = &self.features;
        let has_features = features.exits
            || features.participation
            || features.tiers
            || features.limits
            || features.guard
            || features.correlations
            || features.futures;
        market.n_symbols == 1
            && market.closes_known
            && other_columns.iter().all(|c| c.is_empty())
            && !has_features
            && self.book.is_empty()
            && self.watch.trades.is_none()
            && self.settings.costs.financing.is_free()
            && self.settings.margin.maintenance == 0.0
            && self.symbols.instrument[0].currency.is_none()
            && !matches!(self.settings.rebalance, Rebalance::Band(_))
            && !self.is_hedging()
    }

    fn run_plain<S: Sink>(&mut self, market: &Market<'_>, columns: &Columns<'_>, sink: &mut S) {
        let n_times = market.n_times();
        let mut time = 0;
        while time < n_times {
            if self.n_waiting == 0 {
                time += self.pass(market, columns, time, sink);
                if time == n_times {
                    break;
                }
            }
            let (row, ts) = (market.first_row[time], market.times[time]);
            if self.watch.is_bankrupt {
                self.step(columns, row..row + 1, ts, sink);
            } else {
                self.step_plain(columns, row, ts, sink);
            }
            time += 1;
        }
    }

    /// What [`Engine::step`] does for a plain symbol.
    fn step_plain<S: Sink>(&mut self, columns: &Columns<'_>, row: usize, ts: i64, sink: &mut S) {
        self.clock.time = self.n_steps;
        self.clock.ts = ts;
        self.n_steps += 1;
        self.tally = Default::default();
        sink.bars(self.clock.time, columns, row..row + 1);
        let moment = self.signal_moment();
        if self.n_waiting > 0 {
            self.fill_plain(columns, row, moment, sink);
        }
        let close = columns.close[row];
        self.account.marks[0] = close;
        if self.account.cash + self.account.exposure(0) <= 0.0 {
            self.watch_account(sink);
        } else {
            self.take_signals(columns, row..row + 1, sink);
        }
        if self.settings.close_at_end {
            self.symbols.last_row[0] = row;
            self.note_quote(columns, row);
        }
        if self.settings.fill == FillAt::SameClose && self.n_waiting > 0 {
            self.fill_plain(columns, row, Moment::Close, sink);
        }
        self.tell_plain(sink);
    }

    fn fill_plain<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        moment: Moment,
        sink: &mut S,
    ) {
        let price = self.price_at(columns, row, moment);
        self.account.marks[0] = price;
        let held = self.account.exposure(0);
        let equity = self.account.cash + held;
        self.now = Now {
            equity,
            gross: held.abs(),
            sizing_equity: equity,
        };
        // An exit frees what an entry of the same bar needs.
        for queue in [Queue::Exit, Queue::Entry] {
            let order = *self.slots.queue(queue, 0);
            if !order.is_some() {
                continue;
            }
            if !is_price(price) {
                self.counts.delayed += 1;
            } else if moment == Moment::Average && is_outside(columns, row, price) {
                self.end_waiting(queue, 0, State::Rejected, reasons::OUTSIDE_BAR, sink);
            } else {
                let intent = Intent {
                    slot: 0,
                    row,
                    price,
                    asker: Asker::Waiting(queue),
                    id: order.id,
                    is_inside: false,
                    need: 0.0,
                };
                self.turn_of_waiting(columns, &intent, queue, moment, sink);
            }
        }
    }

    fn tell_plain<S: Sink>(&mut self, sink: &mut S) {
        let value = self.account.exposure(0);
        let now = Snapshot {
            time: self.clock.time,
            ts: self.clock.ts,
            cash: self.account.cash,
            positions: value,
            net: value,
            gross: value.abs(),
            traded: self.tally.traded,
            costs: self.tally.costs,
            n_positions: self.account.held.len() as u32,
        };
        sink.account(&now, &self.account);
    }

    /// Passes over the bars before the next one at which something can happen; how many they are.
    fn pass<S: Sink>(
        &mut self,
        market: &Market<'_>,
        columns: &Columns<'_>,
        time: usize,
        sink: &mut S,
    ) -> usize {
        let (first, last) = (market.first_row[time], market.first_row[market.n_times()]);
        let before_signal = self.quiet_rows(columns, first, last);
        // The bar of a signal is quiet too, unless the signal fills at once.
        let is_at_once = self.settings.fill == FillAt::SameClose;
        let has_signal = !is_at_once && first + before_signal < last;
        let n_quiet = before_signal + usize::from(has_signal);
        let closes = &columns.close[first..first + n_quiet];
        let n_quiet = self.solvent_rows(closes);
        let Some(&close) = closes[..n_quiet].last() else {
            return 0;
        };
        self.account.marks[0] = close;
        self.n_steps += n_quiet;
        self.clock.time = self.n_steps - 1;
        self.clock.ts = market.times[time + n_quiet - 1];
        if self.settings.close_at_end {
            self.symbols.last_row[0] = first + n_quiet - 1;
            self.note_quote(columns, first + n_quiet - 1);
        }
        sink.quiet(time, &self.account, columns, first..first + n_quiet);
        if n_quiet > before_signal {
            let row = first + before_signal;
            self.take_signals(columns, row..row + 1, sink);
        }
        n_quiet
    }

    /// Rows before the next signal that may become an order.
    fn quiet_rows(&self, columns: &Columns<'_>, first: usize, last: usize) -> usize {
        if self.watch.is_bankrupt {
            return last - first;
        }
        let mut n_rows = last - first;
        if !columns.target.is_empty() {
            let targets = &columns.target[first..last];
            n_rows = match self.settings.rebalance {
                Rebalance::OnChange => {
                    let before = self.symbols.target[0];
                    first_where(targets, |t| (t != before) & (t.abs() < f64::INFINITY))
                }
                _ => first_where(targets, |t| t.abs() < f64::INFINITY),
            };
        }
        if !columns.flags.is_empty() {
            n_rows = first_where(&columns.flags[first..first + n_rows], |bits| bits != 0);
        }
        n_rows
    }

    /// Rows before the account is worth nothing; one without debts and shorts always is.
    fn solvent_rows(&self, closes: &[f64]) -> usize {
        let (cash, units) = (self.account.cash, self.account.units[0]);
        if self.watch.is_bankrupt || (cash > 0.0 && units >= 0.0) || (cash >= 0.0 && units > 0.0) {
            return closes.len();
        }
        let per_point = units * self.account.point[0];
        first_where(closes, |close| cash + per_point * close <= 0.0)
    }
}

/// The place of the first value that fulfils a condition, or the length.
fn first_where<T: Copy>(values: &[T], is_met: impl Fn(T) -> bool) -> usize {
    let mut start = 0;
    for block in values.chunks(BLOCK) {
        let is_in_block = block.iter().fold(false, |any, v| any | is_met(*v));
        if is_in_block {
            let place = block.iter().position(|v| is_met(*v));
            return start + place.unwrap_or(0);
        }
        start += block.len();
    }
    values.len()
}
