//! Dates, times and intervals as PostgreSQL writes them (DateStyle ISO, IntervalStyle postgres).

use super::numbers::{put_integer, put_padded};
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Offset, TimeZone};
use datafusion::arrow::array::timezone::Tz;

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL's calendar starts.
pub const EPOCH_DAYS: i32 = 10_957;

/// The same in microseconds.
pub const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The zone in which times that have one are shown.
#[derive(Debug, Clone, Copy)]
pub enum Zone {
    /// Worth a case of its own: it needs no look-up.
    Utc,
    /// Another one.
    Named(Tz),
}

impl Zone {
    /// The zone of this name; UTC when there is none.
    pub fn named(name: &str) -> Self {
        match name {
            "" | "UTC" | "utc" | "GMT" | "Etc/UTC" => Self::Utc,
            name => name.parse().map_or(Self::Utc, Self::Named),
        }
    }

    /// Seconds that a clock in the zone is ahead of UTC at a moment.
    fn offset(self, micros: i64) -> i32 {
        match (self, DateTime::from_timestamp_micros(micros)) {
            (Self::Named(zone), Some(moment)) => zone
                .offset_from_utc_datetime(&moment.naive_utc())
                .fix()
                .local_minus_utc(),
            _ => 0,
        }
    }
}

/// Appends `2024-02-29`, from days since 1970.
pub fn put_date(days: i64, out: &mut BytesMut) {
    let is_bc = put_day(days, out);
    put_era(is_bc, out);
}

/// Appends `2024-02-29 12:30:00.5`, from microseconds since 1970.
pub fn put_timestamp(micros: i64, out: &mut BytesMut) {
    let is_bc = put_day_and_time(micros, out);
    put_era(is_bc, out);
}

/// Appends `2024-02-29 12:30:00.5+01`, from microseconds since 1970.
pub fn put_timestamp_in(zone: Zone, micros: i64, out: &mut BytesMut) {
    let offset = zone.offset(micros);
    let is_bc = put_day_and_time(micros.saturating_add(i64::from(offset) * SECOND), out);
    put_offset(offset, out);
    put_era(is_bc, out);
}

/// Appends `12:30:00.5`, from microseconds since midnight.
pub fn put_time(micros: i64, out: &mut BytesMut) {
    let seconds = (micros / SECOND) as u32;
    put_padded(seconds / 3600, 2, out);
    out.put_u8(b':');
    put_padded(seconds / 60 % 60, 2, out);
    out.put_u8(b':');
    put_padded(seconds % 60, 2, out);
    put_fraction(micros % SECOND, out);
}

/// Appends `1 year 2 mons 3 days 04:05:06.7`.
pub fn put_interval(months: i32, days: i32, micros: i64, out: &mut BytesMut) {
    let start = out.len();
    for (count, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if count != 0 {
            if out.len() > start {
                out.put_u8(b' ');
            }
            put_integer(i64::from(count), out);
            out.put_u8(b' ');
            out.put_slice(unit.as_bytes());
            if count != 1 {
                out.put_u8(b's');
            }
        }
    }
    if micros == 0 && out.len() > start {
        return;
    }
    if out.len() > start {
        out.put_u8(b' ');
    }
    if micros < 0 {
        out.put_u8(b'-');
    }
    put_hours(micros.unsigned_abs(), out);
}

/// Hours may exceed a day here.
fn put_hours(micros: u64, out: &mut BytesMut) {
    const HOUR: u64 = 3600 * SECOND as u64;
    let hours = micros / HOUR;
    if hours < 10 {
        out.put_u8(b'0');
    }
    put_integer(hours as i64, out);
    let rest = (micros % HOUR) as i64;
    out.put_u8(b':');
    put_padded((rest / SECOND / 60) as u32, 2, out);
    out.put_u8(b':');
    put_padded((rest / SECOND % 60) as u32, 2, out);
    put_fraction(rest % SECOND, out);
}

fn put_day_and_time(micros: i64, out: &mut BytesMut) -> bool {
    let is_bc = put_day(micros.div_euclid(DAY), out);
    out.put_u8(b' ');
    put_time(micros.rem_euclid(DAY), out);
    is_bc
}

/// Writes the day; true when it is before the year 1, which is written after everything else.
fn put_day(days: i64, out: &mut BytesMut) -> bool {
    let (year, month, day) = civil(days);
    let is_bc = year <= 0;
    let shown = if is_bc { 1 - year } else { year };
    put_padded(shown as u32, 4, out);
    out.put_u8(b'-');
    put_padded(month, 2, out);
    out.put_u8(b'-');
    put_padded(day, 2, out);
    is_bc
}

fn put_era(is_bc: bool, out: &mut BytesMut) {
    if is_bc {
        out.put_slice(b" BC");
    }
}

fn put_offset(seconds: i32, out: &mut BytesMut) {
    out.put_u8(if seconds < 0 { b'-' } else { b'+' });
    let seconds = seconds.unsigned_abs();
    put_padded(seconds / 3600, 2, out);
    for part in [seconds / 60 % 60, seconds % 60] {
        if part != 0 || !seconds.is_multiple_of(60) {
            out.put_u8(b':');
            put_padded(part, 2, out);
        }
    }
}

fn put_fraction(micros: i64, out: &mut BytesMut) {
    if micros == 0 {
        return;
    }
    out.put_u8(b'.');
    put_padded(micros as u32, 6, out);
    while out.last() == Some(&b'0') {
        out.truncate(out.len() - 1);
    }
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01
/// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate};
    use proptest::prelude::*;

    fn text(put: impl Fn(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        put(&mut out);
        String::from_utf8(out.to_vec()).expect("ASCII")
    }

    #[test]
    fn timestamps_look_as_in_postgresql() {
        let leap = 1_709_209_800_500_000;
        assert_eq!(text(|o| put_timestamp(leap, o)), "2024-02-29 12:30:00.5");
        assert_eq!(
            text(|o| put_timestamp_in(Zone::Utc, leap, o)),
            "2024-02-29 12:30:00.5+00"
        );
        let kolkata = Zone::named("Asia/Kolkata");
        assert_eq!(
            text(|o| put_timestamp_in(kolkata, leap, o)),
            "2024-02-29 18:00:00.5+05:30"
        );
        let new_york = Zone::named("America/New_York");
        assert_eq!(
            text(|o| put_timestamp_in(new_york, 0, o)),
            "1969-12-31 19:00:00-05"
        );
        assert_eq!(text(|o| put_timestamp(-1, o)), "1969-12-31 23:59:59.999999");
    }

    #[test]
    fn years_before_one_are_bc() {
        assert_eq!(text(|o| put_date(-719_163, o)), "0001-12-31 BC");
        assert_eq!(text(|o| put_date(-719_162, o)), "0001-01-01");
    }

    #[test]
    fn intervals_look_as_in_postgresql() {
        let cases = [
            ((14, 3, 14_706_700_000), "1 year 2 mons 3 days 04:05:06.7"),
            ((0, 0, 0), "00:00:00"),
            ((0, 1, 0), "1 day"),
            ((-1, 0, -3_600_000_000), "-1 mons -01:00:00"),
            ((0, 0, 100 * 3_600_000_000), "100:00:00"),
        ];
        for ((months, days, micros), expected) in cases {
            assert_eq!(text(|o| put_interval(months, days, micros, o)), expected);
        }
    }

    proptest! {
        #[test]
        fn days_agree_with_chrono(days in -700_000i32..3_000_000) {
            let date = NaiveDate::from_ymd_opt(1970, 1, 1).expect("epoch")
                + chrono::Duration::days(i64::from(days));
            let expected = (i64::from(date.year()), date.month(), date.day());
            prop_assert_eq!(civil(i64::from(days)), expected);
        }

        #[test]
        fn no_moment_makes_the_writer_panic(micros in any::<i64>()) {
            let zone = Zone::named("Europe/Berlin");
            text(|o| put_timestamp_in(zone, micros, o));
        }
    }
}
