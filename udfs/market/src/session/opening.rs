//! The range of a session's first minutes, known once they are over.

use super::{Bar, CLOSE, HIGH, LOW, PerSession, params, window};
use crate::binding::by_session;
use crate::calendar::Place;
use crate::describe::{floats, whole, with_example};
use quantlake_core::{Function, FunctionSpec, Output, OutputField, OutputType, ParamSpec};

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![opening_range(), initial_balance()]
}

fn minutes(default: i64) -> ParamSpec {
    whole(
        "minutes",
        default,
        1,
        1440,
        "Length of the range, from the opening",
    )
}

fn shown(spec: FunctionSpec) -> FunctionSpec {
    let given = [("minutes", "60"), ("calendar", "'nyse'")];
    with_example(
        spec.with_lookback("rows since the session's first"),
        8,
        &given,
    )
}

/// The range of the first minutes, or `None` while they last.
fn range_at(bar: &mut Option<Bar>, minutes: i64, place: &Place, next: Bar) -> Option<Bar> {
    if place.is_within(minutes) {
        *bar = Some(Bar::extend(*bar, next));
    }
    bar.filter(|_| place.is_past(minutes))
}

const AFTER: &str = "Highest and lowest price of the session's first minutes; NULL until they are \
                     over, and in a session without rows in them";

fn opening_range() -> Function {
    let spec = window(
        "opening_range",
        "High, low and middle of the session's first minutes, and which side price has left",
    )
    .with_params(params(&[HIGH, LOW, CLOSE], &[minutes(30)], "utc"))
    .with_output(Output::Struct(vec![
        OutputField::new("high", OutputType::Float, "Highest price of the range"),
        OutputField::new("low", OutputType::Float, "Lowest price of the range"),
        OutputField::new("middle", OutputType::Float, "(high + low) / 2"),
        OutputField::new(
            "breakout",
            OutputType::Integer,
            "1 with the close above the range, -1 below, 0 inside",
        ),
    ]))
    .with_source(&format!(
        "Crabel (1990), Day Trading with Short Term Price Patterns and Opening Range Breakout. \
         {AFTER}"
    ));
    by_session(
        shown(spec),
        |args| {
            Ok((
                args.integer("minutes")?,
                PerSession::<Option<Bar>>::default(),
            ))
        },
        |(minutes, session), place, row, out| {
            let ([high, low, close, ..], [top, bottom, middle, breakout, ..]) = (row, out) else {
                return;
            };
            let next = Bar::of(*close, *high, *low, *close);
            let bar = session.at(place);
            if let Some(range) = next.and_then(|next| range_at(bar, *minutes, place, next)) {
                (*top, *bottom) = (range.high, range.low);
                *middle = f64::midpoint(range.high, range.low);
                *breakout = outside(*close, range);
            }
        },
    )
}

/// On which side of a range a price lies.
fn outside(price: f64, range: Bar) -> f64 {
    match price {
        p if p > range.high => 1.0,
        p if p < range.low => -1.0,
        _ => 0.0,
    }
}

fn initial_balance() -> Function {
    let spec = window(
        "initial_balance",
        "High, low and width of the session's first hour",
    )
    .with_params(params(&[HIGH, LOW], &[minutes(60)], "utc"))
    .with_output(floats(&[
        ("high", "Highest price of the balance"),
        ("low", "Lowest price of the balance"),
        ("range", "high - low, in units of price"),
    ]))
    .with_source(&format!(
        "Dalton, Jones and Dalton (1990), Mind over Markets: the first two half-hour periods. \
         {AFTER}"
    ));
    by_session(
        shown(spec),
        |args| {
            Ok((
                args.integer("minutes")?,
                PerSession::<Option<Bar>>::default(),
            ))
        },
        |(minutes, session), place, row, out| {
            let ([high, low, ..], [top, bottom, width, ..]) = (row, out) else {
                return;
            };
            let next = Bar::of_range(*high, *low);
            let bar = session.at(place);
            if let Some(range) = next.and_then(|next| range_at(bar, *minutes, place, next)) {
                (*top, *bottom) = (range.high, range.low);
                *width = range.high - range.low;
            }
        },
    )
}
