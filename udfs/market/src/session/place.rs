//! Where a time lies in its trading session: for GROUP BY, filters and features.

use super::params;
use crate::binding::rowwise;
use crate::calendar::{Clock, Place};
use crate::describe::{whole, with_example};
use quantlake_core::{Function, FunctionSpec, Kind, Output, OutputType};

/// Microseconds in a day.
const DAY: f64 = 86_400e6;

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    let mut functions = of_place();
    functions.extend([session_slice(), in_session()]);
    functions
}

fn scalar(name: &str, summary: &str, output: OutputType) -> FunctionSpec {
    FunctionSpec::new(name, "session", Kind::Scalar, summary)
        .with_output(Output::Value(output))
        .with_params(params(&[], &[], "utc"))
        .with_source("Opening hours in local time by the IANA time zone database")
}

fn by_place(spec: FunctionSpec, value: fn(&Place) -> f64) -> Function {
    let spec = with_example(spec, 8, &[("calendar", "'nyse'")]);
    rowwise(spec, 1, move |args| {
        let mut clock = Clock::of(args)?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([time, ..], [slot, ..]) = (row, out)
                && let Some(place) = clock.place(*time)
            {
                *slot = value(&place);
            }
        })
    })
}

fn of_place() -> Vec<Function> {
    vec![
        by_place(
            scalar(
                "session_date",
                "Trading date of a time, at 00:00; NULL outside of the sessions",
                OutputType::Time,
            ),
            |place| place.day as f64 * DAY,
        ),
        by_place(
            scalar(
                "minutes_since_open",
                "Minutes from the opening of the session; NULL outside of the sessions",
                OutputType::Float,
            ),
            Place::minutes_since_open,
        ),
        by_place(
            scalar(
                "minutes_to_close",
                "Minutes until the close of the session; NULL outside of the sessions",
                OutputType::Float,
            ),
            Place::minutes_to_close,
        ),
    ]
}

fn in_session() -> Function {
    let spec = scalar(
        "in_session",
        "Whether a time lies in a trading session",
        OutputType::Flag,
    );
    let spec = with_example(spec, 8, &[("calendar", "'nyse'")]);
    rowwise(spec, 1, |args| {
        let mut clock = Clock::of(args)?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([time, ..], [slot, ..]) = (row, out) {
                *slot = f64::from(u8::from(clock.place(*time).is_some()));
            }
        })
    })
}

fn session_slice() -> Function {
    let slices = whole("slices", 24, 1, 1440, "Equal parts of the session");
    let spec = scalar(
        "session_slice",
        "Which of equal parts of the session a time lies in, from 0; NULL outside of the sessions",
        OutputType::Integer,
    )
    .with_params(params(&[], &[slices], "utc"));
    let spec = with_example(spec, 8, &[("slices", "13"), ("calendar", "'nyse'")]);
    rowwise(spec, 1, |args| {
        let n = args.count("slices")?;
        let mut clock = Clock::of(args)?;
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let ([time, ..], [slot, ..]) = (row, out)
                && let Some(place) = clock.place(*time)
            {
                *slot = place.slice(n) as f64;
            }
        })
    })
}
