//! Trading sessions by name: when they open and close, in local time with its summer time.
//!
//! A session is named by its trading date. Sessions that open on the evening before (futures,
//! foreign exchange) carry the date on which they close. Exchanges trade from Monday to Friday;
//! their holidays need no list, because no rows come on them. Lunch breaks and early closes are
//! not cut out, and opening hours are those of 2026 for all years.

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone};
use chrono_tz::{America, Asia, Australia, Europe, Tz};
use quantlake_core::{Args, ParamKind, QlError};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 86_400 * SECOND;

/// The daily session of a market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calendar {
    /// The name used in SQL.
    pub name: &'static str,
    /// The time zone of its hours.
    pub zone: Tz,
    /// Minutes from midnight of the trading date to the opening; negative for the evening before.
    pub open: i64,
    /// Minutes from midnight of the trading date to the close.
    pub close: i64,
    /// Whether it trades on Saturdays and Sundays.
    pub on_weekends: bool,
    /// Whether times are dates: midnight begins the day, whatever the stamp says.
    pub is_date: bool,
}

const fn exchange(name: &'static str, zone: Tz, open: i64, close: i64) -> Calendar {
    Calendar {
        name,
        zone,
        open,
        close,
        on_weekends: false,
        is_date: false,
    }
}

/// Minutes after midnight.
const fn hm(hours: i64, minutes: i64) -> i64 {
    60 * hours + minutes
}

/// All calendars; a calendar's position is its number in SQL.
pub const CALENDARS: [Calendar; 18] = [
    Calendar {
        on_weekends: true,
        is_date: true,
        ..exchange("date", Tz::UTC, 0, hm(24, 0))
    },
    Calendar {
        on_weekends: true,
        ..exchange("utc", Tz::UTC, 0, hm(24, 0))
    },
    exchange("nyse", America::New_York, hm(9, 30), hm(16, 0)),
    exchange("nasdaq", America::New_York, hm(9, 30), hm(16, 0)),
    exchange("us_extended", America::New_York, hm(4, 0), hm(20, 0)),
    exchange("tsx", America::Toronto, hm(9, 30), hm(16, 0)),
    exchange("lse", Europe::London, hm(8, 0), hm(16, 30)),
    exchange("xetra", Europe::Berlin, hm(9, 0), hm(17, 30)),
    exchange("euronext", Europe::Paris, hm(9, 0), hm(17, 30)),
    exchange("six", Europe::Zurich, hm(9, 0), hm(17, 30)),
    exchange("tse", Asia::Tokyo, hm(9, 0), hm(15, 30)),
    exchange("hkex", Asia::Hong_Kong, hm(9, 30), hm(16, 0)),
    exchange("sse", Asia::Shanghai, hm(9, 30), hm(15, 0)),
    exchange("krx", Asia::Seoul, hm(9, 0), hm(15, 30)),
    exchange("nse", Asia::Kolkata, hm(9, 15), hm(15, 30)),
    exchange("asx", Australia::Sydney, hm(10, 0), hm(16, 0)),
    exchange("cme", America::Chicago, hm(-7, 0), hm(16, 0)),
    exchange("fx", America::New_York, hm(-7, 0), hm(17, 0)),
];

/// What the parameter `calendar` takes.
pub fn calendar_kind() -> ParamKind {
    let numbered = CALENDARS.iter().zip(0..);
    ParamKind::Choice(numbered.map(|(c, i)| (c.name.to_string(), i)).collect())
}

/// Which end of its interval a row's time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The end: a row at the opening still belongs to what came before.
    Close,
    /// The beginning, and the moment of a trade or quote: a row at the close came too late.
    Open,
}

/// What the parameter `stamp` takes.
pub fn stamp_kind() -> ParamKind {
    ParamKind::Choice(vec![("close".into(), 0), ("open".into(), 1)])
}

/// What a sum or a range begins anew with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Each trading date.
    Session,
    /// Each week from Monday.
    Week,
    /// Each month.
    Month,
    /// Each quarter.
    Quarter,
    /// Each year.
    Year,
}

const ANCHORS: [(&str, Anchor); 5] = [
    ("session", Anchor::Session),
    ("week", Anchor::Week),
    ("month", Anchor::Month),
    ("quarter", Anchor::Quarter),
    ("year", Anchor::Year),
];

/// What the parameter `anchor` takes.
pub fn anchor_kind() -> ParamKind {
    let numbered = ANCHORS.iter().zip(0..);
    ParamKind::Choice(
        numbered
            .map(|((name, _), i)| ((*name).to_string(), i))
            .collect(),
    )
}

impl Anchor {
    /// A number that all trading dates of one period share.
    fn period(self, day: i64) -> i64 {
        let date = || date_of(day).unwrap_or_default();
        match self {
            Self::Session => day,
            // Day -3 was a Monday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => i64::from(date().year()) * 12 + i64::from(date().month0()),
            Self::Quarter => i64::from(date().year()) * 4 + i64::from(date().month0() / 3),
            Self::Year => i64::from(date().year()),
        }
    }
}

/// The date of a day since 1970, unless it is too far away to have one.
fn date_of(day: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp(day.checked_mul(86_400)?, 0).map(|t| t.date_naive())
}

/// Where in its session a row stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The trading date, in days since 1970.
    pub day: i64,
    /// The number of the period that the function's anchor makes of trading dates.
    pub period: i64,
    /// Microseconds since the opening.
    pub elapsed: i64,
    /// Microseconds from opening to close.
    pub length: i64,
    /// Which end of its interval the row's time names.
    pub stamp: Stamp,
}

impl Place {
    /// Whether the row lies in the first minutes of the session.
    pub fn is_within(&self, minutes: i64) -> bool {
        match self.stamp {
            Stamp::Close => self.elapsed <= minutes * MINUTE,
            Stamp::Open => self.elapsed < minutes * MINUTE,
        }
    }

    /// Whether the first minutes of the session are over at the row.
    pub fn is_past(&self, minutes: i64) -> bool {
        self.elapsed >= minutes * MINUTE
    }

    /// Minutes since the opening.
    pub fn minutes_since_open(&self) -> f64 {
        self.elapsed as f64 / MINUTE as f64
    }

    /// Minutes until the close.
    pub fn minutes_to_close(&self) -> f64 {
        (self.length - self.elapsed) as f64 / MINUTE as f64
    }

    /// Which of `n` equal slices of the session the row lies in, from 0.
    pub fn slice(&self, n: usize) -> usize {
        let parts = i128::from(self.elapsed) * n as i128;
        let length = i128::from(self.length.max(1));
        let slice = match self.stamp {
            Stamp::Open => parts / length,
            Stamp::Close => (parts + length - 1) / length - 1,
        };
        usize::try_from(slice).map_or(0, |s| s.min(n.saturating_sub(1)))
    }

    /// The day of the week, Monday 0 to Sunday 6.
    pub fn weekday(&self) -> usize {
        weekday(self.day)
    }

    /// The trading date, unless it is too far away to have one.
    pub fn date(&self) -> Option<NaiveDate> {
        date_of(self.day)
    }

    /// The month of the trading date, January 0 to December 11.
    pub fn month(&self) -> usize {
        self.date().map_or(0, |date| date.month0() as usize)
    }
}

/// The day of the week of a day since 1970, Monday 0 to Sunday 6.
pub fn weekday(day: i64) -> usize {
    // 1970-01-01 was a Thursday.
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}

/// Finds the session of a time.
#[derive(Debug, Clone)]
pub struct Clock {
    calendar: Calendar,
    stamp: Stamp,
    anchor: Anchor,
    offsets: Offsets,
}

impl Clock {
    /// A clock for this calendar.
    pub fn new(calendar: Calendar, stamp: Stamp) -> Self {
        let stamp = if calendar.is_date { Stamp::Open } else { stamp };
        Self {
            calendar,
            stamp,
            anchor: Anchor::Session,
            offsets: Offsets::default(),
        }
    }

    /// The clock that the arguments `calendar`, `stamp` and, where there is one, `anchor` name.
    ///
    /// # Errors
    /// XX000 when the spec lacks these parameters.
    pub fn of(args: &Args) -> Result<Self, QlError> {
        let calendar = CALENDARS
            .get(args.count("calendar")?)
            .ok_or_else(|| QlError::internal("no calendar has this number"))?;
        let stamp = match args.integer("stamp")? {
            0 => Stamp::Close,
            _ => Stamp::Open,
        };
        let mut clock = Self::new(*calendar, stamp);
        if args.iter().any(|(name, _)| name == "anchor")
            && let Some((_, anchor)) = ANCHORS.get(args.count("anchor")?)
        {
            clock.anchor = *anchor;
        }
        Ok(clock)
    }

    /// The place of a time in microseconds since 1970 UTC, or `None` outside of the sessions.
    pub fn place(&mut self, micros: f64) -> Option<Place> {
        let utc = micros as i64;
        let local = utc.checked_add(self.offsets.at(self.calendar.zone, utc)?)?;
        let date = local.div_euclid(DAY);
        // A session may begin on the evening before its date and may end at midnight after it.
        [date, date + 1, date - 1]
            .into_iter()
            .find_map(|day| self.place_on(day, local))
    }

    fn place_on(&self, day: i64, local: i64) -> Option<Place> {
        let elapsed = local - day * DAY - self.calendar.open * MINUTE;
        let length = (self.calendar.close - self.calendar.open) * MINUTE;
        let is_inside = match self.stamp {
            Stamp::Open => (0..length).contains(&elapsed),
            Stamp::Close => elapsed > 0 && elapsed <= length,
        };
        let is_trading = self.calendar.on_weekends || weekday(day) < 5;
        (is_inside && is_trading).then(|| Place {
            day,
            period: self.anchor.period(day),
            elapsed,
            length,
            stamp: self.stamp,
        })
    }
}

/// The offset of local time, looked up once a day: the zone's table is searched in 50 ns.
#[derive(Debug, Clone, Default)]
struct Offsets {
    day: Option<(i64, i64)>,
}

impl Offsets {
    /// Local time minus UTC in microseconds; `None` for a time that the zone's table cannot hold.
    fn at(&mut self, zone: Tz, utc: i64) -> Option<i64> {
        let day = utc.div_euclid(DAY);
        if let Some((known, offset)) = self.day
            && known == day
        {
            return Some(offset);
        }
        let start = offset_at(zone, day.checked_mul(DAY)?)?;
        let end = offset_at(zone, day.checked_add(1)?.checked_mul(DAY)?)?;
        if start == end {
            self.day = Some((day, start));
            return Some(start);
        }
        offset_at(zone, utc)
    }
}

fn offset_at(zone: Tz, utc: i64) -> Option<i64> {
    let time = DateTime::from_timestamp(utc.div_euclid(SECOND), 0)?.naive_utc();
    let offset = zone.offset_from_utc_datetime(&time).fix();
    Some(i64::from(offset.local_minus_utc()) * SECOND)
}

/// Whether a date is among the first or last days of its month on which exchanges trade: the
/// weekdays, because holidays are not known.
pub fn is_turn_of_month(date: NaiveDate, n_first: u32, n_last: u32) -> bool {
    let is_weekday = |day: u32| {
        date.with_day(day)
            .is_some_and(|d| d.weekday().num_days_from_monday() < 5)
    };
    let today = date.day();
    let n_until = (1..=today).filter(|day| is_weekday(*day)).count();
    let n_from = (today..=31).filter(|day| is_weekday(*day)).count();
    is_weekday(today) && (n_until <= n_first as usize || n_from <= n_last as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A time written as in SQL.
    fn micros(text: &str) -> f64 {
        let time = DateTime::parse_from_rfc3339(&format!("{}Z", text.replace(' ', "T")));
        time.expect("a time").timestamp_micros() as f64
    }

    fn place(calendar: &str, stamp: Stamp, time: &str) -> Option<(String, i64)> {
        let calendar = CALENDARS.iter().find(|c| c.name == calendar);
        let mut clock = Clock::new(*calendar.expect("a calendar"), stamp);
        let place = clock.place(micros(time))?;
        Some((place.date()?.to_string(), place.elapsed / MINUTE))
    }

    #[test]
    fn summer_time_moves_the_session_in_utc() {
        let before = place("nyse", Stamp::Close, "2021-11-05 13:45:00");
        let after = place("nyse", Stamp::Close, "2021-11-08 14:45:00");
        assert_eq!(before, Some(("2021-11-05".into(), 15)));
        assert_eq!(after, Some(("2021-11-08".into(), 15)));
        assert_eq!(place("nyse", Stamp::Close, "2021-11-08 13:45:00"), None);
    }

    #[test]
    fn the_stamp_says_which_end_of_the_session_belongs_to_it() {
        let open = "2021-11-05 13:30:00";
        let close = "2021-11-05 20:00:00";
        assert_eq!(place("nyse", Stamp::Close, open), None);
        assert_eq!(
            place("nyse", Stamp::Close, close),
            Some(("2021-11-05".into(), 390))
        );
        assert_eq!(
            place("nyse", Stamp::Open, open),
            Some(("2021-11-05".into(), 0))
        );
        assert_eq!(place("nyse", Stamp::Open, close), None);
    }

    #[test]
    fn evening_sessions_carry_the_date_of_their_close() {
        let sunday = place("cme", Stamp::Open, "2021-11-07 23:30:00");
        assert_eq!(sunday, Some(("2021-11-08".into(), 30)));
        assert_eq!(place("cme", Stamp::Open, "2021-11-05 22:30:00"), None);
        assert_eq!(place("fx", Stamp::Open, "2021-11-06 12:00:00"), None);
    }

    #[test]
    fn midnight_ends_the_day_of_a_bar_and_begins_that_of_a_date() {
        let midnight = "2021-11-06 00:00:00";
        assert_eq!(
            place("utc", Stamp::Close, midnight),
            Some(("2021-11-05".into(), 1440))
        );
        assert_eq!(
            place("date", Stamp::Close, midnight),
            Some(("2021-11-06".into(), 0))
        );
    }

    #[test]
    fn times_beyond_the_zone_tables_are_in_no_session() {
        let mut clock = Clock::new(CALENDARS[2], Stamp::Close);
        for time in [f64::MAX, f64::MIN, 9.2e18, -9.2e18] {
            assert_eq!(clock.place(time), None);
        }
    }

    #[test]
    fn slices_follow_the_stamp() {
        let calendar = CALENDARS[1];
        let slice = |stamp, time| {
            let place = Clock::new(calendar, stamp).place(micros(time));
            place.map(|p| p.slice(24))
        };
        assert_eq!(slice(Stamp::Close, "2021-11-06 01:00:00"), Some(0));
        assert_eq!(slice(Stamp::Open, "2021-11-06 01:00:00"), Some(1));
        assert_eq!(slice(Stamp::Close, "2021-11-06 00:00:00"), Some(23));
    }

    #[test]
    fn the_turn_of_the_month_counts_weekdays() {
        let is_turn = |y, m, d| {
            let date = NaiveDate::from_ymd_opt(y, m, d).expect("a date");
            is_turn_of_month(date, 3, 1)
        };
        // May 2021 began on a Saturday and ended on a Monday.
        assert!(!is_turn(2021, 5, 1));
        assert!(is_turn(2021, 5, 3) && is_turn(2021, 5, 5) && !is_turn(2021, 5, 6));
        assert!(is_turn(2021, 5, 31) && !is_turn(2021, 5, 28));
    }
}
