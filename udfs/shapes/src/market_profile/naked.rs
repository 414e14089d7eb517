//! Points of control that price has not come back to.

use super::histogram::{Histogram, Ranges, Weight};
use super::{FAMILY, SOURCE, bins};
use crate::bars::Bars;
use crate::bind::{Describe, Rule, over, over_bar_rules, put};
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
        Ok(Sessions {
            session,
            n_steps,
            offset,
            key: None,
            high: Vec::new(),
            low: Vec::new(),
            volume: Vec::new(),
            naked: Naked::default(),
        })
    })
}

/// The bars of the session so far, and what earlier ones have left.
#[derive(Clone)]
struct Sessions {
    session: Session,
    n_steps: usize,
    offset: f64,
    key: Option<i64>,
    high: Vec<f64>,
    low: Vec<f64>,
    volume: Vec<f64>,
    naked: Naked,
}

impl Sessions {
    /// Adds the point of control of the session that is over, and begins the next one.
    fn end(&mut self) {
        let bars = Ranges {
            high: &self.high,
            low: &self.low,
            volume: &self.volume,
        };
        let window = 0..self.high.len();
        if let Some(profile) = Histogram::of(bars, window, self.n_steps, Weight::Volume) {
            let price = profile.middle(profile.point_of_control());
            self.naked.add(price);
        }
        for column in [&mut self.high, &mut self.low, &mut self.volume] {
            column.clear();
        }
    }
}

impl Rule for Sessions {
    fn lookback(&self) -> usize {
        0
    }

    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]) {
        let key = self.session.key(bars.ts[t] + self.offset);
        // A session is over once a bar of the next one is there.
        if self.key.replace(key).is_some_and(|before| before != key) {
            self.end();
        }
        self.high.push(bars.high[t]);
        self.low.push(bars.low[t]);
        self.volume.push(bars.volume[t]);
        self.naked.visit(bars.low[t], bars.high[t]);
        if let Some(price) = self.naked.nearest(bars.close[t]) {
            put(out, [price]);
        }
    }

    fn held(&self) -> usize {
        let columns = [&self.high, &self.low, &self.volume, &self.naked.0];
        let numbers: usize = columns.iter().map(|c| c.capacity()).sum();
        size_of::<f64>() * numbers
    }
}

/// Prices in ascending order, so that a bar finds those that it touches without a scan.
#[derive(Debug, Clone, Default)]
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
