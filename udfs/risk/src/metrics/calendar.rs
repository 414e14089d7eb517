//! Returns by calendar: weeks, months, quarters and years, and what is told from them.
//!
//! A return belongs to the calendar period in which its own period ends, by UTC.

use super::arguments::Convention;
use super::conventions::Conventions;
use super::growth::{annual_return, total_return, years};
use super::numbers::mean;
use super::series::Series;
use super::table::{Compute, ReturnMetric};
use crate::wealth::Compounding;
use chrono::{DateTime, Datelike, Days, NaiveDate};

/// Nanoseconds in a day.
pub const NANOSECONDS_IN_A_DAY: i64 = 86_400_000_000_000;

/// A calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Monday to Sunday.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// A year.
    Year,
}

impl Every {
    /// The first day of the period that holds a day.
    pub(super) fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Week => {
                day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))
            }
            Self::Month => day.with_day(1),
            Self::Quarter => day.with_day(1)?.with_month0(day.month0() / 3 * 3),
            Self::Year => NaiveDate::from_yo_opt(day.year(), 1),
        }
    }

    /// The start of the period that holds a time, in nanoseconds since 1970 UTC.
    pub fn start_of(self, time: i64) -> Option<i64> {
        let day = self.first_day(DateTime::from_timestamp_nanos(time).date_naive())?;
        day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_nanos_opt()
    }
}

/// The return of one calendar period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeriodReturn {
    /// Its start, in nanoseconds since 1970 UTC.
    pub start: i64,
    /// Its return.
    pub ret: f64,
    /// How many returns it is made of.
    pub n: usize,
}

/// The returns of the calendar periods that have any, in time order. Empty without times.
pub fn calendar_returns(s: &Series<'_>, every: Every, c: &Conventions) -> Vec<PeriodReturn> {
    let starts: Vec<Option<i64>> = s.times.iter().map(|t| every.start_of(*t)).collect();
    let mut from = 0;
    let mut found = Vec::new();
    for run in starts.chunk_by(|a, b| a == b) {
        let to = from + run.len();
        if let (Some(Some(start)), Some(returns)) = (run.first(), s.returns.get(from..to)) {
            let rows = Series {
                returns,
                ..Series::default()
            };
            found.push(PeriodReturn {
                start: *start,
                ret: total_return(&rows, c),
                n: returns.len(),
            });
        }
        from = to;
    }
    found
}

/// Returns of calendar periods as fractions.
fn returns_every(every: Every, s: &Series<'_>, c: &Conventions) -> Vec<f64> {
    let periods = calendar_returns(s, every, c);
    periods.into_iter().map(|p| p.ret).collect()
}

fn best(every: Every, s: &Series<'_>, c: &Conventions) -> f64 {
    let returns = returns_every(every, s, c).into_iter();
    returns.fold(f64::NAN, f64::max)
}

fn worst(every: Every, s: &Series<'_>, c: &Conventions) -> f64 {
    let returns = returns_every(every, s, c).into_iter();
    returns.fold(f64::NAN, f64::min)
}

fn win_rate(every: Every, s: &Series<'_>, c: &Conventions) -> f64 {
    share_above_zero(returns_every(every, s, c))
}

fn share_above_zero(values: impl IntoIterator<Item = f64>) -> f64 {
    mean(values.into_iter().map(|v| f64::from(u8::from(v > 0.0))))
}

/// The return of one period that compounds to what all of them make.
fn expected(every: Every, s: &Series<'_>, c: &Conventions) -> f64 {
    mean(returns_every(every, s, c).into_iter().map(f64::ln_1p)).exp_m1()
}

fn average_up_month(s: &Series<'_>, c: &Conventions) -> f64 {
    let months = returns_every(Every::Month, s, c);
    mean(months.into_iter().filter(|r| *r > 0.0))
}

fn average_down_month(s: &Series<'_>, c: &Conventions) -> f64 {
    let months = returns_every(Every::Month, s, c);
    mean(months.into_iter().filter(|r| *r <= 0.0))
}

/// The number of the month that holds a time, counted from the year 0.
fn month_number(time: i64) -> i64 {
    let day = DateTime::from_timestamp_nanos(time);
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

/// The share of gains over twelve months, of the months for which the wealth a year before is
/// known.
fn twelve_month_win_rate(s: &Series<'_>, c: &Conventions) -> f64 {
    let months = calendar_returns(s, Every::Month, c);
    let mut points: Vec<i64> = months.iter().map(|m| month_number(m.start)).collect();
    let mut returns: Vec<f64> = months.iter().map(|m| m.ret).collect();
    let before = s.start.map(month_number);
    if let Some(month) = before.filter(|m| points.first().is_some_and(|first| m < first)) {
        points.insert(0, month);
        returns.insert(0, 0.0);
    }
    let over_a_year = |last: usize| {
        let first = points.binary_search(&(points.get(last)? - 12)).ok()?;
        let returns = returns.get(first + 1..=last)?;
        Some(total_return(
            &Series {
                returns,
                ..Series::default()
            },
            &of_simple(c),
        ))
    };
    share_above_zero((0..points.len()).filter_map(over_a_year))
}

/// The conventions for returns that are simple already.
fn of_simple(c: &Conventions) -> Conventions {
    Conventions {
        method: Compounding::Simple,
        ..*c
    }
}

/// The years that the returns span. NaN without returns.
fn years_spanned(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.is_empty() {
        return f64::NAN;
    }
    years(s, c)
}

/// A line about the returns of calendar periods.
const fn of_periods(
    name: &'static str,
    compute: Compute,
    summary: &'static str,
    source: &'static str,
) -> ReturnMetric {
    ReturnMetric::new(name, compute, summary, source)
        .taking(&[Convention::Method, Convention::Compounded])
        .with_times()
}

/// The lines of the table about the calendar.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "years",
        years_spanned,
        "Years that the returns span",
        "n / periods, or calendar days / 365 or 365.25",
    )
    .taking(&[Convention::Periods, Convention::Years])
    .with_times()
    .example("0.02381"),
    ReturnMetric::new(
        "calendar_cagr",
        annual_return,
        "Compounded growth rate per year as a fraction, with years counted by the calendar; a first row of return 0 says when the first period started",
        "Compounding Annual Return of LEAN, cagr of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded, Convention::CalendarYears])
    .with_times()
    .example("0.053352"),
    of_periods(
        "best_month",
        |s, c| best(Every::Month, s, c),
        "Highest return of a calendar month, as a fraction",
        "best of quantstats, best_month of ffn",
    )
    .example("0.6"),
    of_periods(
        "worst_month",
        |s, c| worst(Every::Month, s, c),
        "Lowest return of a calendar month, as a fraction",
        "worst of quantstats, worst_month of ffn",
    )
    .example("-0.2"),
    of_periods(
        "month_win_rate",
        |s, c| win_rate(Every::Month, s, c),
        "Share of calendar months with a gain, as a fraction",
        "win_rate of quantstats, pos_month_perc of ffn, which leaves out the first month",
    )
    .example("0.5"),
    of_periods(
        "twelve_month_win_rate",
        twelve_month_win_rate,
        "Share of months at whose end the wealth is above that of twelve months before, as a fraction; NULL within the first year",
        "twelve_month_win_perc of ffn",
    )
    .example("1.0"),
    of_periods(
        "avg_up_month",
        average_up_month,
        "Mean return of the calendar months with a gain, as a fraction",
        "avg_up_month of ffn",
    )
    .example("0.313333"),
    of_periods(
        "avg_down_month",
        average_down_month,
        "Mean return of the calendar months without a gain, as a fraction",
        "avg_down_month of ffn",
    )
    .example("-0.073333"),
    of_periods(
        "expected_monthly_return",
        |s, c| expected(Every::Month, s, c),
        "Geometric mean of the returns of calendar months, as a fraction",
        "expected_return of quantstats",
    )
    .example("0.092032"),
    of_periods(
        "best_quarter",
        |s, c| best(Every::Quarter, s, c),
        "Highest return of a calendar quarter, as a fraction",
        "best of quantstats",
    )
    .example("0.6"),
    of_periods(
        "worst_quarter",
        |s, c| worst(Every::Quarter, s, c),
        "Lowest return of a calendar quarter, as a fraction",
        "worst of quantstats",
    )
    .example("-0.2"),
    of_periods(
        "quarter_win_rate",
        |s, c| win_rate(Every::Quarter, s, c),
        "Share of calendar quarters with a gain, as a fraction",
        "win_rate of quantstats",
    )
    .example("0.6"),
    of_periods(
        "expected_quarterly_return",
        |s, c| expected(Every::Quarter, s, c),
        "Geometric mean of the returns of calendar quarters, as a fraction",
        "expected_return of quantstats",
    )
    .example("0.111431"),
    of_periods(
        "best_year",
        |s, c| best(Every::Year, s, c),
        "Highest return of a calendar year, as a fraction",
        "best of quantstats, best_year of ffn",
    )
    .example("0.6"),
    of_periods(
        "worst_year",
        |s, c| worst(Every::Year, s, c),
        "Lowest return of a calendar year, as a fraction",
        "worst of quantstats, worst_year of ffn",
    )
    .example("-0.2"),
    of_periods(
        "year_win_rate",
        |s, c| win_rate(Every::Year, s, c),
        "Share of calendar years with a gain, as a fraction",
        "win_rate of quantstats, win_year_perc of ffn, which leaves out the first year",
    )
    .example("0.6"),
    of_periods(
        "expected_yearly_return",
        |s, c| expected(Every::Year, s, c),
        "Geometric mean of the returns of calendar years, as a fraction",
        "expected_return of quantstats",
    )
    .example("0.111431"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The day of a month of 2024, at midnight.
    fn day(month: u32, day: u32) -> i64 {
        let date = NaiveDate::from_ymd_opt(2024, month, day).unwrap();
        let start = date.and_hms_opt(0, 0, 0).unwrap();
        start.and_utc().timestamp_nanos_opt().unwrap()
    }

    #[test]
    fn a_day_lies_in_its_week_month_quarter_and_year() {
        let friday = day(5, 31);
        assert_eq!(Every::Week.start_of(friday), Some(day(5, 27)));
        assert_eq!(Every::Month.start_of(friday), Some(day(5, 1)));
        assert_eq!(Every::Quarter.start_of(friday), Some(day(4, 1)));
        assert_eq!(Every::Year.start_of(friday), Some(day(1, 1)));
    }

    #[test]
    fn returns_compound_within_a_month_and_not_beyond() {
        let times = [day(1, 30), day(1, 31), day(2, 1)];
        let series = Series {
            returns: &[0.1, 0.1, -0.5],
            times: &times,
            ..Default::default()
        };
        let months = calendar_returns(&series, Every::Month, &Conventions::default());
        assert_eq!(
            months.iter().map(|m| (m.start, m.n)).collect::<Vec<_>>(),
            [(day(1, 1), 2), (day(2, 1), 1)]
        );
        assert!((months[0].ret - 0.21).abs() < 1e-15);
        assert!((months[1].ret + 0.5).abs() < 1e-15);
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for time in [i64::MIN, i64::MAX] {
            for every in [Every::Week, Every::Month, Every::Quarter, Every::Year] {
                let start = every.start_of(time);
                assert!(start.is_none_or(|s| s <= time));
            }
        }
    }
}
