//! The days around the end of a month, on which stocks have earned most of their return.
//!
//! The days are weekdays of the month, because holidays are not known: the last weekday of a month
//! is known on that day, the last trading day only by a list. `wickra-core` counts calendar days,
//! so that a weekend can hold the whole window.

use super::{CLOSE, params, window};
use crate::binding::{Memory, by_session, rowwise};
use crate::calendar::{Clock, Place, is_turn_of_month};
use crate::describe::{whole, with_example};
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamSpec, QlError, Stability,
};

const SOURCE: &str = "Lakonishok and Smidt (1988), Are seasonal anomalies real?: the last and the \
                      first three trading days, here weekdays, of a month";

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![turn_of_month(), turn_of_month_return()]
}

fn day_params() -> [ParamSpec; 2] {
    [
        whole("first", 3, 0, 23, "Weekdays at the beginning of a month"),
        whole("last", 1, 0, 23, "Weekdays at the end of a month"),
    ]
}

/// The numbers of days at the beginning and at the end of a month.
#[derive(Debug, Clone, Copy)]
struct Days {
    first: u32,
    last: u32,
}

impl Days {
    fn of(args: &Args) -> Result<Self, QlError> {
        let days = |name| Ok::<u32, QlError>(u32::try_from(args.count(name)?).unwrap_or(u32::MAX));
        Ok(Self {
            first: days("first")?,
            last: days("last")?,
        })
    }

    fn hold(&self, place: &Place) -> bool {
        let date = place.date();
        date.is_some_and(|date| is_turn_of_month(date, self.first, self.last))
    }
}

fn turn_of_month() -> Function {
    let summary = "Whether a trading date is among the first or last weekdays of its month";
    let spec = FunctionSpec::new("turn_of_month", "session", Kind::Scalar, summary)
        .with_params(params(&[], &day_params(), "date"))
        .with_output(Output::Value(OutputType::Flag))
        .with_source(SOURCE);
    rowwise(with_example(spec, 8, &[]), 1, |args| {
        let days = Days::of(args)?;
        let mut clock = Clock::of(args)?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([time, ..], [slot, ..]) = (row, out)
                && let Some(place) = clock.place(*time)
            {
                *slot = f64::from(u8::from(days.hold(&place)));
            }
        })
    })
}

/// Returns of the sessions in the window: those that are over, and the running one.
#[derive(Debug, Clone)]
struct Returns {
    days: Days,
    day: Option<i64>,
    is_in_window: bool,
    /// The last close of the session before, once there is one.
    base: f64,
    close: f64,
    sum: f64,
    n: f64,
}

impl Memory for Returns {}

impl Returns {
    fn add(&mut self, place: &Place, close: f64) -> f64 {
        if self.day != Some(place.day) {
            if let Some(done) = self.running() {
                self.sum += done;
                self.n += 1.0;
            }
            self.day = Some(place.day);
            self.is_in_window = self.days.hold(place);
            self.base = self.close;
        }
        self.close = close;
        match self.running() {
            Some(now) => (self.sum + now) / (self.n + 1.0),
            None if self.n > 0.0 => self.sum / self.n,
            None => f64::NAN,
        }
    }

    /// The return of the running session, if it counts.
    fn running(&self) -> Option<f64> {
        let counts = self.is_in_window && self.base > 0.0;
        counts.then(|| self.close / self.base - 1.0)
    }
}

fn turn_of_month_return() -> Function {
    let spec = window(
        "turn_of_month_return",
        "Mean return of the sessions at the turn of a month since the first row, from close to \
         close, as a fraction",
    )
    .with_params(params(&[CLOSE], &day_params(), "date"))
    .with_stability(Stability::PathDependent)
    .with_source(&format!(
        "{SOURCE}. The running session counts with its latest close; NULL before the first return"
    ));
    by_session(
        with_example(spec, 160, &[("calendar", "'utc'"), ("first", "10")]),
        |args| {
            Ok(Returns {
                days: Days::of(args)?,
                day: None,
                is_in_window: false,
                base: f64::NAN,
                close: f64::NAN,
                sum: 0.0,
                n: 0.0,
            })
        },
        |returns, place, row, out| {
            if let ([close, ..], [slot, ..]) = (row, out) {
                *slot = returns.add(place, *close);
            }
        },
    )
}
