//! What is usual at this time of the day, of the week, of the year.
//!
//! A profile keeps one mean for each part (slice of the session, weekday, month). A row gets the
//! mean of its own part over all rows so far, itself included; the comparisons measure a row
//! against the rows before it only. For a whole profile, GROUP BY `session_slice` over the rows.

use super::{CLOSE, VOLUME, params, window};
use crate::binding::{Memory, by_session};
use crate::calendar::Place;
use crate::describe::{whole, with_example};
use quantlake_core::{
    Args, Function, FunctionSpec, Output, OutputField, OutputType, ParamSpec, QlError, Stability,
};

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        time_of_day_return_profile(),
        day_of_week_profile(),
        month_of_year_profile(),
        intraday_volatility_profile(),
        volume_by_time_profile(),
        seasonal_z_score(),
        relative_volume_at_time(),
    ]
}

/// Number, mean and squared deviations of values, one at a time (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.n;
        self.squares += delta * (value - self.mean);
    }

    fn mean(&self) -> f64 {
        if self.n > 0.0 { self.mean } else { f64::NAN }
    }

    /// The sample deviation; NaN for fewer than two values.
    fn deviation(&self) -> f64 {
        match self.n > 1.0 {
            true => (self.squares / (self.n - 1.0)).sqrt(),
            false => f64::NAN,
        }
    }
}

/// How time is cut into parts.
#[derive(Debug, Clone, Copy)]
enum Parts {
    Slices(usize),
    Weekdays,
    Months,
}

impl Parts {
    fn count(self) -> usize {
        match self {
            Self::Slices(n) => n,
            Self::Weekdays => 7,
            Self::Months => 12,
        }
    }

    fn of(self, place: &Place) -> usize {
        match self {
            Self::Slices(n) => place.slice(n),
            Self::Weekdays => place.weekday(),
            Self::Months => place.month(),
        }
    }

    /// The number of the first part in the output.
    fn base(self) -> f64 {
        match self {
            Self::Slices(_) => 0.0,
            Self::Weekdays | Self::Months => 1.0,
        }
    }
}

fn slices() -> ParamSpec {
    whole("slices", 24, 1, 1440, "Equal parts of the session")
}

fn by_slice(args: &Args) -> Result<Profile, QlError> {
    Ok(Profile::new(Parts::Slices(args.count("slices")?)))
}

/// The moments of each part.
#[derive(Debug, Clone)]
struct Profile {
    parts: Parts,
    moments: Vec<Moments>,
    close: f64,
}

impl Memory for Profile {
    fn held(&self) -> usize {
        size_of::<Moments>() * self.moments.capacity()
    }
}

impl Profile {
    fn new(parts: Parts) -> Self {
        Self {
            parts,
            moments: vec![Moments::default(); parts.count()],
            close: f64::NAN,
        }
    }

    /// The return since the last row; NaN for the first row and after a price not above 0.
    fn simple_return(&mut self, close: f64) -> f64 {
        let before = std::mem::replace(&mut self.close, close);
        if before > 0.0 {
            close / before - 1.0
        } else {
            f64::NAN
        }
    }

    /// The moments of a row's part as they were before the row, which is then added.
    fn exchange(&mut self, place: &Place, value: f64) -> Option<(f64, Moments, Moments)> {
        let part = self.parts.of(place);
        let moments = self.moments.get_mut(part).filter(|_| value.is_finite())?;
        let before = *moments;
        moments.add(value);
        Some((part as f64 + self.parts.base(), before, *moments))
    }
}

fn profile_output(part: &str, part_doc: &str, value: &str, value_doc: &str) -> Output {
    Output::Struct(vec![
        OutputField::new(value, OutputType::Float, value_doc),
        OutputField::new(part, OutputType::Integer, part_doc),
        OutputField::new(
            "n",
            OutputType::Integer,
            "Rows in it so far, this one included",
        ),
    ])
}

const SLICE: (&str, &str) = ("slice", "Part of the session, from 0");

/// Binds a profile of returns.
fn of_returns(
    spec: FunctionSpec,
    given: &[(&str, &str)],
    make: impl Fn(&Args) -> Result<Profile, QlError> + Send + Sync + 'static,
    statistic: fn(&Moments) -> f64,
) -> Function {
    let spec = spec.with_stability(Stability::PathDependent);
    by_session(
        with_example(spec, 120, given),
        make,
        move |profile, place, row, out| {
            let ([close, ..], [value, part, n, ..]) = (row, out) else {
                return;
            };
            let change = profile.simple_return(*close);
            if let Some((number, _, moments)) = profile.exchange(place, change) {
                (*value, *part, *n) = (statistic(&moments), number, moments.n);
            }
        },
    )
}

fn time_of_day_return_profile() -> Function {
    let spec = window(
        "time_of_day_return_profile",
        "Mean return of the rows so far in the same part of the session, as a fraction",
    )
    .with_params(params(&[CLOSE], &[slices()], "utc"))
    .with_output(profile_output(
        SLICE.0,
        SLICE.1,
        "mean",
        "Mean simple return",
    ))
    .with_source(
        "Mean of close(t) / close(t - 1) - 1 by part of the session, the intraday seasonality of \
         Heston, Korajczyk and Sadka (2010), Intraday patterns in the cross-section of stock \
         returns; the first row of a session has the return since the last of the one before",
    );
    of_returns(spec, &[("slices", "4")], by_slice, Moments::mean)
}

fn day_of_week_profile() -> Function {
    let weekday = "Day of the week of the trading date, Monday 1 to Sunday 7";
    let spec = window(
        "day_of_week_profile",
        "Mean return of the rows so far on the same day of the week, as a fraction",
    )
    .with_params(params(&[CLOSE], &[], "date"))
    .with_output(profile_output(
        "weekday",
        weekday,
        "mean",
        "Mean simple return",
    ))
    .with_source(
        "Mean of close(t) / close(t - 1) - 1 by weekday, French (1980), Stock returns and the \
         weekend effect",
    );
    let make = |_: &Args| Ok(Profile::new(Parts::Weekdays));
    of_returns(spec, &[("calendar", "'utc'")], make, Moments::mean)
}

fn month_of_year_profile() -> Function {
    let month = "Month of the trading date, 1 to 12";
    let spec = window(
        "month_of_year_profile",
        "Mean return of the rows so far in the same month of the year, as a fraction",
    )
    .with_params(params(&[CLOSE], &[], "date"))
    .with_output(profile_output("month", month, "mean", "Mean simple return"))
    .with_source(
        "Mean of close(t) / close(t - 1) - 1 by month, Rozeff and Kinney (1976), Capital market \
         seasonality: the case of stock returns",
    );
    let make = |_: &Args| Ok(Profile::new(Parts::Months));
    of_returns(spec, &[("calendar", "'utc'")], make, Moments::mean)
}

fn intraday_volatility_profile() -> Function {
    let value = "Sample deviation of simple returns (ddof 1); NULL for fewer than two";
    let spec = window(
        "intraday_volatility_profile",
        "Standard deviation of the returns of the rows so far in the same part of the session, as \
         a fraction",
    )
    .with_params(params(&[CLOSE], &[slices()], "utc"))
    .with_output(profile_output(SLICE.0, SLICE.1, "stddev", value))
    .with_source(
        "Sample deviation of close(t) / close(t - 1) - 1 by part of the session, Wood, McInish and \
         Ord (1985), An investigation of transactions data for NYSE stocks",
    );
    of_returns(spec, &[("slices", "4")], by_slice, Moments::deviation)
}

fn volume_by_time_profile() -> Function {
    let spec = window(
        "volume_by_time_profile",
        "Mean volume of the rows so far in the same part of the session",
    )
    .with_params(params(&[VOLUME], &[slices()], "utc"))
    .with_output(profile_output(
        SLICE.0,
        SLICE.1,
        "mean",
        "Mean traded units of a row",
    ))
    .with_stability(Stability::PathDependent)
    .with_source("Mean volume by part of the session, the intraday volume curve");
    by_session(
        with_example(spec, 120, &[("slices", "4")]),
        by_slice,
        |profile, place, row, out| {
            let ([volume, ..], [value, part, n, ..]) = (row, out) else {
                return;
            };
            let known = if *volume < 0.0 { f64::NAN } else { *volume };
            if let Some((number, _, moments)) = profile.exchange(place, known) {
                (*value, *part, *n) = (moments.mean(), number, moments.n);
            }
        },
    )
}

fn seasonal_z_score() -> Function {
    let spec = window(
        "seasonal_z_score",
        "Return of the row in standard deviations from what earlier rows in the same part of the \
         session returned",
    )
    .with_params(params(&[CLOSE], &[slices()], "utc"))
    .with_stability(Stability::PathDependent)
    .with_source(
        "(r - mean) / stddev of the earlier simple returns of the part, sample deviation (ddof \
         1); NULL with fewer than two earlier returns or equal ones",
    );
    by_session(
        with_example(spec, 120, &[("slices", "4")]),
        by_slice,
        |profile, place, row, out| {
            let ([close, ..], [slot, ..]) = (row, out) else {
                return;
            };
            let change = profile.simple_return(*close);
            if let Some((_, before, _)) = profile.exchange(place, change) {
                let deviation = before.deviation();
                if deviation > 0.0 {
                    *slot = (change - before.mean) / deviation;
                }
            }
        },
    )
}

fn relative_volume_at_time() -> Function {
    let spec = window(
        "relative_volume_at_time",
        "Volume of the row over the mean volume of earlier rows in the same part of the session",
    )
    .with_params(params(&[VOLUME], &[slices()], "utc"))
    .with_stability(Stability::PathDependent)
    .with_source("volume / mean earlier volume of the part; NULL where there was none");
    by_session(
        with_example(spec, 120, &[("slices", "4")]),
        by_slice,
        |profile, place, row, out| {
            let ([volume, ..], [slot, ..]) = (row, out) else {
                return;
            };
            let known = if *volume < 0.0 { f64::NAN } else { *volume };
            if let Some((_, before, _)) = profile.exchange(place, known)
                && before.mean() > 0.0
            {
                *slot = known / before.mean;
            }
        },
    )
}
