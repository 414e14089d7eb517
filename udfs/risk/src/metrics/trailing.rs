//! Returns up to the last row: of its month and year, and over spans that end with it.
//!
//! A span of months goes back to the same day of an earlier month, or, where the last row is the
//! last business day of its month, to the end of an earlier month. Spans of years are brought to
//! one year and start at the first row that is not before the same day. What starts later than a
//! span is unknown over it.

use super::arguments::Convention;
use super::calendar::{Every, calendar_returns};
use super::conventions::Conventions;
use super::growth::{annual_return, total_return};
use super::series::Series;
use super::table::{Compute, ReturnMetric};
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc, Weekday};

/// The return of the calendar period of the last row so far.
fn to_date(every: Every, s: &Series<'_>, c: &Conventions) -> f64 {
    let periods = calendar_returns(s, every, c);
    periods.last().map_or(f64::NAN, |p| p.ret)
}

/// Whether the next day that is not of a weekend lies in another month.
fn is_last_business_day(day: NaiveDate) -> bool {
    let is_business = |d: &NaiveDate| !matches!(d.weekday(), Weekday::Sat | Weekday::Sun);
    let mut later = day.iter_days().skip(1);
    later
        .find(is_business)
        .is_none_or(|d| d.month() != day.month())
}

fn nanoseconds(time: DateTime<Utc>) -> Option<i64> {
    time.timestamp_nanos_opt()
}

/// The first time that a span of months up to `last` takes in.
fn span_start(last: i64, months: u32) -> Option<i64> {
    let end = DateTime::from_timestamp_nanos(last);
    let day = end.date_naive();
    if !is_last_business_day(day) {
        return nanoseconds(end.checked_sub_months(Months::new(months))?)?.checked_add(1);
    }
    let first = Every::Month.first_day(day)?;
    let first = first.checked_sub_months(Months::new(months.saturating_sub(1)))?;
    nanoseconds(first.and_hms_opt(0, 0, 0)?.and_utc())
}

/// When the wealth is known first.
fn first_point(s: &Series<'_>) -> Option<i64> {
    s.start.or(s.times.first().copied())
}

fn over_months(months: u32, s: &Series<'_>, c: &Conventions) -> f64 {
    let total = || {
        let start = span_start(*s.times.last()?, months)?;
        let first = s.times.partition_point(|t| *t < start);
        let returns = s.returns.get(first..)?;
        let span = Series {
            returns,
            ..Series::default()
        };
        (first_point(s)? < start).then(|| total_return(&span, c))
    };
    total().unwrap_or(f64::NAN)
}

/// The growth per year over a span of years.
fn over_years(years: u32, s: &Series<'_>, c: &Conventions) -> f64 {
    let growth = || {
        let end = DateTime::from_timestamp_nanos(*s.times.last()?);
        let bound = nanoseconds(end.checked_sub_months(Months::new(12 * years))?)?;
        let by_calendar = Conventions {
            years: Conventions::BY_CALENDAR.years,
            ..*c
        };
        if first_point(s)? > bound {
            return None;
        }
        Some(annual_return(&from_point(s, bound)?, &by_calendar))
    };
    growth().unwrap_or(f64::NAN)
}

/// The rows after the first time at which the wealth is known and that is not before a bound.
fn from_point<'a>(s: &Series<'a>, bound: i64) -> Option<Series<'a>> {
    if s.start.is_some_and(|start| start >= bound) {
        return Some(*s);
    }
    let point = s.times.partition_point(|t| *t < bound);
    Some(Series {
        returns: s.returns.get(point + 1..)?,
        times: s.times.get(point + 1..)?,
        start: s.times.get(point).copied(),
        ..Series::default()
    })
}

/// A line about a span up to the last row.
const fn trailing(
    name: &'static str,
    compute: Compute,
    summary: &'static str,
    source: &'static str,
) -> ReturnMetric {
    ReturnMetric::new(name, compute, summary, source)
        .taking(&[Convention::Method, Convention::Compounded])
        .with_times()
}

/// The lines of the table about the last months and years.
pub(super) const METRICS: &[ReturnMetric] = &[
    trailing(
        "mtd_return",
        |s, c| to_date(Every::Month, s, c),
        "Return of the calendar month of the last row, up to it, as a fraction",
        "mtd of ffn",
    )
    .example("0.04"),
    trailing(
        "ytd_return",
        |s, c| to_date(Every::Year, s, c),
        "Return of the calendar year of the last row, up to it, as a fraction",
        "ytd of ffn",
    )
    .example("0.04"),
    trailing(
        "three_month_return",
        |s, c| over_months(3, s, c),
        "Return over the three months up to the last row, as a fraction; NULL where the rows start later",
        "three_month of ffn",
    )
    .example("0.0192"),
    trailing(
        "six_month_return",
        |s, c| over_months(6, s, c),
        "Return over the six months up to the last row, as a fraction; NULL where the rows start later",
        "six_month of ffn",
    )
    .example("0.32496"),
    trailing(
        "one_year_return",
        |s, c| over_months(12, s, c),
        "Return over the twelve months up to the last row, as a fraction; NULL where the rows start later",
        "one_year of ffn",
    )
    .example("0.32496"),
    trailing(
        "three_year_return",
        |s, c| over_years(3, s, c),
        "Growth rate per year over the three years up to the last row, as a fraction; NULL where the rows start later",
        "three_year of ffn",
    )
    .example("0.252803"),
    trailing(
        "five_year_return",
        |s, c| over_years(5, s, c),
        "Growth rate per year over the five years up to the last row, as a fraction; NULL where the rows start later",
        "five_year of ffn",
    )
    .example("0.252803"),
    trailing(
        "ten_year_return",
        |s, c| over_years(10, s, c),
        "Growth rate per year over the ten years up to the last row, as a fraction; NULL where the rows start later",
        "ten_year of ffn",
    )
    .example("0.010324"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i32, month: u32, day: u32) -> i64 {
        let date = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let noon = date.and_hms_opt(12, 0, 0).unwrap();
        nanoseconds(noon.and_utc()).unwrap()
    }

    #[test]
    fn a_month_that_is_over_is_held_against_the_end_of_one() {
        let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        // 2024-03-29 was a Friday, 2024-06-28 too.
        assert!(is_last_business_day(day(2024, 3, 29)));
        assert!(is_last_business_day(day(2024, 6, 30)));
        assert!(!is_last_business_day(day(2024, 6, 27)));
        let april = at(2024, 4, 1) - 12 * 3_600_000_000_000;
        assert_eq!(span_start(at(2024, 6, 28), 3), Some(april));
        assert_eq!(span_start(at(2024, 6, 27), 3), Some(at(2024, 3, 27) + 1));
    }

    #[test]
    fn what_starts_later_than_a_span_is_unknown_over_it() {
        let times = [at(2023, 6, 26), at(2024, 3, 27), at(2024, 6, 27)];
        let series = Series {
            returns: &[0.5, 0.1, 0.2],
            times: &times,
            ..Default::default()
        };
        let c = Conventions::default();
        assert!((over_months(3, &series, &c) - 0.2).abs() < 1e-15);
        assert!((over_months(12, &series, &c) - 0.32).abs() < 1e-15);
        assert!(over_years(3, &series, &c).is_nan());
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for time in [i64::MIN, i64::MAX] {
            let series = Series {
                returns: &[0.1],
                times: &[time],
                ..Default::default()
            };
            for line in METRICS {
                (line.compute)(&series, &Conventions::default());
            }
        }
    }
}
