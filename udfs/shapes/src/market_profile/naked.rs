//! Points of control that price has not come back to.

use super::histogram::{Histogram, Weight};
use super::{FAMILY, SOURCE, bins};
use crate::bind::{Bars, Describe, Out, over, over_bar_rules};
use quantlake_core::{Function, ParamKind, ParamSpec, ParamValue, Stability};
use quantlake_indicators::machine::number;

const MICROS_PER_DAY: f64 = 86_400e6;
const MICROS_PER_HOUR: f64 = 3_600e6;

/// How long a session is.
#[derive(Debug, Clone, Copy)]
enum Session {
    Day,
    Week,
    Month,
}

impl Session {
    fn of(code: i64) -> Self {
        match code {
            1 => Self::Week,
            2 => Self::Month,
            _ => Self::Day,
        }
    }

    /// A number that bars of one session share; weeks start on Monday.
    fn key(self, ts: f64) -> i64 {
        let day = (ts / MICROS_PER_DAY).floor() as i64;
        match self {
            Self::Day => day,
            // 1970-01-01 was a Thursday.
            Self::Week => (day.saturating_add(3)).div_euclid(7),
            Self::Month => month_of(day),
        }
    }
}

/// Months since year 0 of a day since 1970-01-01, by the calendar that starts its years in March.
fn month_of(day: i64) -> i64 {
    let day = day.saturating_add(719_468);
    let (era, day_of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * day_of_year + 2) / 153
}

/// `naked_poc(ts, high, low, close, volume, ...)`.
pub(super) fn naked_poc() -> Function {
    let choices = ["day", "week", "month"].iter().zip(0_i64..);
    let choices = choices
        .map(|(name, code)| (name.to_string(), code))
        .collect();
    let spec = over("naked_poc", FAMILY, &["ts", "high", "low", "close", "volume"], "Naked point of control: of the points of control of earlier sessions that no bar since has traded at, the one nearest to the close, as a price; NULL where there is none.")
        .constants(vec![
            ParamSpec::optional("session", ParamKind::Choice(choices), ParamValue::Text("day".into()), "calendar period of one profile; weeks start on Monday"),
            bins(1),
            number("utc_offset", 0.0, -24.0, 24.0, "hours to add to the time before it is read as a date"),
        ])
        .facts("the first session", Stability::PathDependent, SOURCE)
        .shown("'day', 10", "");
    over_bar_rules(spec, |args| {
        let (session, n_steps) = (Session::of(args.integer("session")?), args.count("bins")?);
        let offset = args.number("utc_offset")? * MICROS_PER_HOUR;
        Ok(Box::new(move |bars, out| {
            let key = |t: usize| session.key(bars.ts[t] + offset);
            write_nearest(bars, out, n_steps, key);
        }))
    })
}

fn write_nearest(bars: &Bars, out: &mut Out, n_steps: usize, key: impl Fn(usize) -> i64) {
    let mut naked = Naked::default();
    let mut first = 0;
    for t in 0..bars.len() {
        // A session is over once a bar of the next one is there.
        if key(t) != key(first) {
            if let Some(profile) = Histogram::of(bars.ranges(), first..t, n_steps, Weight::Volume) {
                naked.add(profile.middle(profile.point_of_control()));
            }
            first = t;
        }
        naked.visit(bars.low[t], bars.high[t]);
        if let Some(price) = naked.nearest(bars.close[t]) {
            out.set(t, &[price]);
        }
    }
}

/// Prices in ascending order, so that a bar finds those that it touches without a scan.
#[derive(Debug, Default)]
struct Naked(Vec<f64>);

impl Naked {
    fn add(&mut self, price: f64) {
        let place = self.0.partition_point(|p| *p < price);
        self.0.insert(place, price);
    }

    fn visit(&mut self, low: f64, high: f64) {
        let first = self.0.partition_point(|p| *p < low);
        let last = self.0.partition_point(|p| *p <= high);
        self.0.drain(first..last.max(first));
    }

    /// Of two equally near prices the lower.
    fn nearest(&self, close: f64) -> Option<f64> {
        let place = self.0.partition_point(|p| *p < close);
        let below = place.checked_sub(1).and_then(|i| self.0.get(i));
        let above = self.0.get(place);
        match (below, above) {
            (Some(below), Some(above)) if above - close < close - below => Some(*above),
            (Some(below), _) => Some(*below),
            (None, above) => above.copied(),
        }
    }
}
