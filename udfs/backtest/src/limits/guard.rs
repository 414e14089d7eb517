//! What watches the account at its marks, and counts what it trades in a day.

use super::{Breach, Limits, Rule};

const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// The number of a calendar day (UTC) of a time in nanoseconds since 1970.
pub fn day_of(ts: i64) -> i64 {
    ts.div_euclid(DAY_NS)
}

/// Value traded in the calendar day of the last fill.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DailyTurnover {
    day: i64,
    value: f64,
}

impl DailyTurnover {
    /// The value traded so far in the day of `ts`.
    pub fn at(&mut self, ts: i64) -> f64 {
        let day = day_of(ts);
        if day != self.day {
            *self = Self { day, value: 0.0 };
        }
        self.value
    }

    /// Counts a fill of this value at `ts`.
    pub fn add(&mut self, ts: i64, value: f64) {
        self.value = self.at(ts) + value;
    }
}

/// Loss of the day, drawdown and kill switch of one account.
///
/// Each rule fires once until its block ends: a day for the loss of a day, the pause for a
/// drawdown, never for the kill switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    day: Option<i64>,
    /// Equity at the last mark of the day before, or at the start.
    day_base: f64,
    last_equity: f64,
    peak: f64,
    /// The day that lost too much.
    lost_day: Option<i64>,
    /// When the pause after a drawdown ends.
    paused_until: Option<i64>,
    is_killed: bool,
}

impl Guard {
    /// For an account that starts with this equity.
    pub fn new(equity: f64) -> Self {
        Self {
            day: None,
            day_base: equity,
            last_equity: equity,
            peak: equity,
            lost_day: None,
            paused_until: None,
            is_killed: false,
        }
    }

    /// The rule that forbids opening anything at `ts`.
    pub fn blocked(&self, ts: i64) -> Option<Rule> {
        if self.is_killed {
            return Some(Rule::KillEquity);
        }
        if self.paused_until.is_some_and(|end| ts < end) {
            return Some(Rule::MaxDrawdownStop);
        }
        let is_lost = self.lost_day == Some(day_of(ts));
        is_lost.then_some(Rule::DailyLoss)
    }

    /// The mark at `ts`. Each rule met is told to `breach`: every position has to be closed at its
    /// next open, and nothing opens while [`Guard::blocked`] names a rule.
    pub fn at_mark(
        &mut self,
        limits: &Limits,
        ts: i64,
        equity: f64,
        breach: &mut impl FnMut(Breach),
    ) {
        self.start_day(ts);
        self.end_pause(ts, equity);
        self.last_equity = equity;
        self.peak = self.peak.max(equity);
        let found = [
            self.check_kill(limits, equity),
            self.check_drawdown(limits, ts, equity),
            self.check_day(limits, ts, equity),
        ];
        found.into_iter().flatten().for_each(breach);
    }

    fn start_day(&mut self, ts: i64) {
        let day = day_of(ts);
        if self.day != Some(day) {
            self.day = Some(day);
            self.day_base = self.last_equity;
        }
    }

    /// A drawdown counts from the equity at the end of its pause, else it would stop the account
    /// again at once.
    fn end_pause(&mut self, ts: i64, equity: f64) {
        if self.paused_until.is_some_and(|end| ts >= end) {
            self.paused_until = None;
            self.peak = equity;
        }
    }

    fn check_kill(&mut self, limits: &Limits, equity: f64) -> Option<Breach> {
        let limit = limits.kill_equity?;
        let is_met = !self.is_killed && equity <= limit;
        self.is_killed |= is_met;
        breach_if(is_met, Rule::KillEquity, equity, limit)
    }

    fn check_drawdown(&mut self, limits: &Limits, ts: i64, equity: f64) -> Option<Breach> {
        let limit = limits.max_drawdown_stop?;
        let value = equity / self.peak - 1.0;
        let is_met = self.paused_until.is_none() && has_lost(self.peak, equity, limit);
        if is_met {
            let pause = limits.drawdown_pause.map(|days| days * DAY_NS as f64);
            // The conversion saturates: a pause beyond the end of time has no end.
            let end = pause.map_or(i64::MAX, |pause| ts.saturating_add(pause as i64));
            self.paused_until = Some(end);
        }
        breach_if(is_met, Rule::MaxDrawdownStop, value, limit)
    }

    fn check_day(&mut self, limits: &Limits, ts: i64, equity: f64) -> Option<Breach> {
        let limit = limits.daily_loss?;
        let value = equity / self.day_base - 1.0;
        let today = Some(day_of(ts));
        let is_met = self.lost_day != today && has_lost(self.day_base, equity, limit);
        if is_met {
            self.lost_day = today;
        }
        breach_if(is_met, Rule::DailyLoss, value, limit)
    }
}

/// Whether this fraction of `base` is gone. Not as a quotient less 1, which misses a loss of
/// exactly the limit by its rounding.
fn has_lost(base: f64, equity: f64, fraction: f64) -> bool {
    base > 0.0 && equity <= base - base * fraction
}

fn breach_if(is_met: bool, rule: Rule, value: f64, limit: f64) -> Option<Breach> {
    is_met.then_some(Breach { rule, value, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = DAY_NS / 24;

    fn marks(limits: Limits, marks: &[(i64, f64)]) -> Vec<(usize, Rule)> {
        let mut guard = Guard::new(100.0);
        let mut found = Vec::new();
        for (place, &(ts, equity)) in marks.iter().enumerate() {
            guard.at_mark(&limits, ts, equity, &mut |b| found.push((place, b.rule)));
        }
        found
    }

    #[test]
    fn a_day_that_loses_too_much_stops_until_the_next_day() {
        let limits = Limits {
            daily_loss: Some(0.05),
            ..Limits::default()
        };
        let mut guard = Guard::new(100.0);
        let mut found = Vec::new();
        for (ts, equity) in [(HOUR, 96.0), (2 * HOUR, 95.0), (3 * HOUR, 90.0)] {
            guard.at_mark(&limits, ts, equity, &mut |b| found.push(b));
        }
        assert_eq!(found.len(), 1);
        assert!((found[0].value + 0.05).abs() < 1e-12 && found[0].limit == 0.05);
        assert_eq!(guard.blocked(23 * HOUR), Some(Rule::DailyLoss));
        assert_eq!(guard.blocked(24 * HOUR), None);
        // The next day counts from 90, and loses too much again at 85.5.
        guard.at_mark(&limits, 25 * HOUR, 85.6, &mut |b| panic!("{b:?}"));
        guard.at_mark(&limits, 26 * HOUR, 85.5, &mut |b| found.push(b));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_drawdown_stops_for_its_pause_and_counts_anew_after_it() {
        let limits = Limits {
            max_drawdown_stop: Some(0.2),
            drawdown_pause: Some(2.0),
            ..Limits::default()
        };
        let path = [
            (0, 120.0),
            (DAY_NS, 96.0),
            (2 * DAY_NS, 50.0),
            (3 * DAY_NS, 60.0),
            (4 * DAY_NS, 49.0),
            (5 * DAY_NS, 48.0),
        ];
        let stop = Rule::MaxDrawdownStop;
        assert_eq!(marks(limits, &path), [(1, stop), (5, stop)]);
        let for_ever = Limits {
            drawdown_pause: None,
            ..limits
        };
        assert_eq!(marks(for_ever, &path), [(1, stop)]);
    }

    #[test]
    fn the_kill_switch_is_met_once() {
        let limits = Limits {
            kill_equity: Some(50.0),
            ..Limits::default()
        };
        let path = [(0, 50.5), (1, 50.0), (2, 10.0)];
        assert_eq!(marks(limits, &path), [(1, Rule::KillEquity)]);
    }

    #[test]
    fn rules_fire_on_their_own_and_the_strongest_names_the_block() {
        let limits = Limits {
            daily_loss: Some(0.1),
            max_drawdown_stop: Some(0.1),
            drawdown_pause: Some(3.0),
            ..Limits::default()
        };
        let mut guard = Guard::new(100.0);
        let mut n = 0;
        guard.at_mark(&limits, 0, 80.0, &mut |_| n += 1);
        assert_eq!(n, 2);
        assert_eq!(guard.blocked(1), Some(Rule::MaxDrawdownStop));
        assert_eq!(guard.blocked(3 * DAY_NS), None);
    }

    #[test]
    fn the_value_traded_starts_anew_with_the_day() {
        let mut traded = DailyTurnover::default();
        traded.add(HOUR, 5.0);
        traded.add(2 * HOUR, 6.0);
        assert_eq!(traded.at(23 * HOUR), 11.0);
        assert_eq!(traded.at(24 * HOUR), 0.0);
        traded.add(-1, 3.0);
        assert_eq!(traded.at(0), 0.0);
    }
}
