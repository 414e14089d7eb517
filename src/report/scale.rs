//! Axes: from values to places, and where the ticks stand.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta};

/// A straight map from values to places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// Value at the beginning.
    pub low: f64,
    /// Value at the end.
    pub high: f64,
    /// Place of the beginning.
    pub from: f64,
    /// Place of the end.
    pub to: f64,
}

impl Linear {
    /// The place of a value.
    pub fn at(&self, value: f64) -> f64 {
        let width = self.high - self.low;
        let share = if width > 0.0 {
            (value - self.low) / width
        } else {
            0.5
        };
        self.from + share * (self.to - self.from)
    }
}

/// Smallest and largest finite value, with `include` among them.
pub fn extent<'a>(values: impl Iterator<Item = &'a f64>, include: &'a [f64]) -> Option<(f64, f64)> {
    let all = values.chain(include).copied().filter(|v| v.is_finite());
    all.fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
    })
}

/// Round values that cover a range in about `n` steps: each is 1, 2 or 5 times a power of ten.
pub fn ticks(low: f64, high: f64, n: usize) -> Vec<f64> {
    let width = high - low;
    if !width.is_finite() || width <= 0.0 {
        return vec![low];
    }
    let rough = width / n.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|s| *s >= rough);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    // From whole numbers, so that 0.30000000000000004 does not come up.
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Times that stand at round dates, with their labels: years, months, days or times of the day.
pub fn time_ticks(first: i64, last: i64, n: usize) -> Vec<(i64, String)> {
    let (Some(start), Some(end)) = (
        DateTime::from_timestamp_micros(first),
        DateTime::from_timestamp_micros(last),
    ) else {
        return Vec::new();
    };
    let days = (end - start).num_days();
    if days < 3 {
        return clock_ticks(first, last, n);
    }
    let wanted = days as f64 / n.max(1) as f64;
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240];
    if wanted < 20.0 {
        return day_ticks(start.date_naive(), end.date_naive(), wanted);
    }
    let step = months
        .into_iter()
        .find(|m| f64::from(*m) * 30.4 >= wanted)
        .unwrap_or(480);
    month_ticks(start.date_naive(), end.date_naive(), step)
}

fn micros(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_micros()
}

fn month_ticks(start: NaiveDate, end: NaiveDate, step: u32) -> Vec<(i64, String)> {
    let Some(mut date) = NaiveDate::from_ymd_opt(start.year(), 1, 1) else {
        return Vec::new();
    };
    // Whole decades and half-decades, not years counted from the first bar.
    if step > 12 {
        let years = (step / 12) as i32;
        let year = start.year().div_euclid(years) * years;
        date = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(date);
    }
    let mut found = Vec::new();
    while date <= end {
        if date >= start {
            let format = if step.is_multiple_of(12) {
                "%Y"
            } else {
                "%b %Y"
            };
            found.push((micros(date), date.format(format).to_string()));
        }
        match date.checked_add_months(Months::new(step)) {
            Some(next) => date = next,
            None => break,
        }
    }
    found
}

fn day_ticks(start: NaiveDate, end: NaiveDate, wanted: f64) -> Vec<(i64, String)> {
    let step = [1, 2, 7, 14, 28]
        .into_iter()
        .find(|d| *d as f64 >= wanted)
        .unwrap_or(28);
    let dates = start.iter_days().step_by(step).take_while(|d| *d <= end);
    dates
        .map(|d| (micros(d), d.format("%-d %b").to_string()))
        .collect()
}

fn clock_ticks(first: i64, last: i64, n: usize) -> Vec<(i64, String)> {
    const MINUTE: i64 = 60_000_000;
    let wanted = (last - first) / n.max(1) as i64;
    let steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map(|m| m * MINUTE);
    let step = steps
        .into_iter()
        .find(|s| *s >= wanted)
        .unwrap_or(1440 * MINUTE);
    let begin = first.div_euclid(step) + i64::from(first.rem_euclid(step) != 0);
    let times = (begin..).map(|i| i * step).take_while(|t| *t <= last);
    let label = |t: i64| DateTime::from_timestamp_micros(t).map(|d| d.format("%H:%M").to_string());
    times.filter_map(|t| Some((t, label(t)?))).collect()
}

/// A time as a date, with the time of the day where bars are closer than a day.
pub fn show_time(time: i64, is_intraday: bool) -> String {
    let format = if is_intraday {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d"
    };
    DateTime::from_timestamp_micros(time)
        .map_or_else(|| time.to_string(), |t| t.format(format).to_string())
}

/// Whether times lie closer than most of a day.
pub fn is_intraday(times: &[i64]) -> bool {
    let closest = times.windows(2).map(|w| w[1] - w[0]).min();
    closest.is_some_and(|gap| gap < TimeDelta::hours(20).num_microseconds().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            ticks(0.0, 1.0, 5),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(
            ticks(97_300.0, 131_000.0, 4),
            [100_000.0, 110_000.0, 120_000.0, 130_000.0]
        );
        assert_eq!(ticks(3.0, 3.0, 4), [3.0]);
    }

    #[test]
    fn time_ticks_are_years_months_days_or_hours() {
        let at = |text: &str| micros(NaiveDate::parse_from_str(text, "%Y-%m-%d").expect(text));
        let labels = |a, b| {
            let ticks = time_ticks(at(a), at(b), 6);
            ticks
                .into_iter()
                .map(|(_, label)| label)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            labels("2014-05-01", "2024-05-01"),
            ["2016", "2018", "2020", "2022", "2024"]
        );
        assert_eq!(
            labels("2024-01-10", "2024-05-20"),
            ["Feb 2024", "Mar 2024", "Apr 2024", "May 2024"]
        );
        assert_eq!(labels("2024-01-10", "2024-01-16").len(), 7);
        assert_eq!(
            labels("2024-01-10", "2024-01-11")
                .first()
                .map(String::as_str),
            Some("00:00")
        );
    }

    #[test]
    fn a_flat_range_lies_in_the_middle() {
        let flat = Linear {
            low: 1.0,
            high: 1.0,
            from: 0.0,
            to: 10.0,
        };
        assert_eq!(flat.at(1.0), 5.0);
    }
}
