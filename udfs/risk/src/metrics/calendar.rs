//! Returns by calendar: weeks, months, quarters, years, and the days of drawdowns.
//!
//! A return belongs to the calendar period in which its own period ends, by UTC.

use super::arguments::Convention;
use super::conventions::Conventions;
use super::drawdown::{Episode, drawdowns, episodes};
use super::growth::{total_return, years};
use super::numbers::mean;
use super::series::Series;
use super::table::ReturnMetric;
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
    fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
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

fn returns_every(every: Every, s: &Series<'_>, c: &Conventions) -> Vec<f64> {
    let periods = calendar_returns(s, every, c);
    periods.into_iter().map(|p| p.ret).collect()
}

fn highest(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::NAN, f64::max)
}

fn lowest(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::NAN, f64::min)
}

fn share_above_zero(values: Vec<f64>) -> f64 {
    mean(values.into_iter().map(|v| f64::from(u8::from(v > 0.0))))
}

fn best_month(s: &Series<'_>, c: &Conventions) -> f64 {
    highest(returns_every(Every::Month, s, c))
}

fn worst_month(s: &Series<'_>, c: &Conventions) -> f64 {
    lowest(returns_every(Every::Month, s, c))
}

fn month_win_rate(s: &Series<'_>, c: &Conventions) -> f64 {
    share_above_zero(returns_every(Every::Month, s, c))
}

fn average_up_month(s: &Series<'_>, c: &Conventions) -> f64 {
    let months = returns_every(Every::Month, s, c);
    mean(months.into_iter().filter(|r| *r > 0.0))
}

fn average_down_month(s: &Series<'_>, c: &Conventions) -> f64 {
    let months = returns_every(Every::Month, s, c);
    mean(months.into_iter().filter(|r| *r <= 0.0))
}

fn best_year(s: &Series<'_>, c: &Conventions) -> f64 {
    highest(returns_every(Every::Year, s, c))
}

fn worst_year(s: &Series<'_>, c: &Conventions) -> f64 {
    lowest(returns_every(Every::Year, s, c))
}

fn year_win_rate(s: &Series<'_>, c: &Conventions) -> f64 {
    share_above_zero(returns_every(Every::Year, s, c))
}

/// Days from the first row below the peak to the row that is back, or to the last row.
fn drawdown_days(s: &Series<'_>, c: &Conventions) -> Vec<f64> {
    let episodes = episodes(&drawdowns(s.returns, c));
    let days = |e: &Episode| {
        let from = s.times.get(e.start)?;
        let to = s.times.get(e.recovery.unwrap_or(e.last))?;
        Some(to.saturating_sub(*from) as f64 / NANOSECONDS_IN_A_DAY as f64)
    };
    episodes.iter().filter_map(days).collect()
}

fn longest_drawdown_days(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.is_empty() {
        return f64::NAN;
    }
    drawdown_days(s, c).into_iter().fold(0.0, f64::max)
}

fn average_drawdown_days(s: &Series<'_>, c: &Conventions) -> f64 {
    mean(drawdown_days(s, c))
}

/// Days from a peak to the row that is back at it, the longest of the drawdowns that ended.
fn longest_recovery_days(s: &Series<'_>, c: &Conventions) -> f64 {
    let episodes = episodes(&drawdowns(s.returns, c));
    let peak = |start: usize| match start.checked_sub(1) {
        Some(row) => s.times.get(row).copied(),
        None => s.start,
    };
    let days = |e: &Episode| {
        let to = s.times.get(e.recovery?)?;
        Some(to.saturating_sub(peak(e.start)?) as f64 / NANOSECONDS_IN_A_DAY as f64)
    };
    episodes.iter().filter_map(days).fold(f64::NAN, f64::max)
}

/// The lines of the table about the calendar.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "years",
        years,
        "Years that the returns span",
        "n / periods, or calendar days / 365 or 365.25",
    )
    .taking(&[Convention::Periods, Convention::Years])
    .with_times(),
    ReturnMetric::new(
        "best_month",
        best_month,
        "Highest return of a calendar month, as a fraction",
        "best of quantstats, best_month of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "worst_month",
        worst_month,
        "Lowest return of a calendar month, as a fraction",
        "worst of quantstats, worst_month of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "month_win_rate",
        month_win_rate,
        "Share of calendar months with a gain, as a fraction",
        "pos_month_perc of ffn, which leaves out the first month",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "avg_up_month",
        average_up_month,
        "Mean return of the calendar months with a gain, as a fraction",
        "avg_up_month of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "avg_down_month",
        average_down_month,
        "Mean return of the calendar months without a gain, as a fraction",
        "avg_down_month of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "best_year",
        best_year,
        "Highest return of a calendar year, as a fraction",
        "best_year of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "worst_year",
        worst_year,
        "Lowest return of a calendar year, as a fraction",
        "worst_year of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "year_win_rate",
        year_win_rate,
        "Share of calendar years with a gain, as a fraction",
        "win_year_perc of ffn, which leaves out the first year",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .with_times(),
    ReturnMetric::new(
        "max_drawdown_days",
        longest_drawdown_days,
        "Most days from the first row below a peak to the row back at it or the last one",
        "Length in drawdown_details of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded, Convention::Base])
    .ordered()
    .with_times(),
    ReturnMetric::new(
        "avg_drawdown_days",
        average_drawdown_days,
        "Mean days from the first row below a peak to the row back at it or the last one",
        "avg_drawdown_days of ffn",
    )
    .taking(&[Convention::Method, Convention::Compounded, Convention::Base])
    .ordered()
    .with_times(),
    ReturnMetric::new(
        "drawdown_recovery_days",
        longest_recovery_days,
        "Most days from a peak to the row back at it, of the drawdowns that ended",
        "Drawdown Recovery of LEAN",
    )
    .taking(&[Convention::Method, Convention::Compounded, Convention::Base])
    .ordered()
    .with_times(),
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
