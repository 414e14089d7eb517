//! One session against the one before.

use super::{Bar, CLOSE, HIGH, LOW, OPEN, anchored_params, params, window};
use crate::binding::{Memory, by_session};
use crate::calendar::Place;
use crate::describe::{floats, with_example};
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use quantlake_indicators::machine::period;
use std::collections::VecDeque;

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        previous_session(),
        overnight_gap(),
        overnight_intraday_return(),
        average_daily_range(),
    ]
}

/// The bar of this session so far, and that of the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Sessions {
    period: Option<i64>,
    before: Option<Bar>,
    now: Option<Bar>,
}

impl Memory for Sessions {}

impl Sessions {
    /// Adds a row; true where it is the first of its session.
    fn add(&mut self, place: &Place, next: Bar) -> bool {
        let is_first = self.period != Some(place.period);
        if is_first {
            self.period = Some(place.period);
            self.before = self.now.take();
        }
        self.now = Some(Bar::extend(self.now, next));
        is_first
    }
}

fn start(_: &Args) -> Result<Sessions, QlError> {
    Ok(Sessions::default())
}

fn shown(spec: FunctionSpec) -> FunctionSpec {
    let spec = spec.with_lookback("rows of this and the previous session");
    with_example(spec, 30, &[("calendar", "'utc'")])
}

fn previous_session() -> Function {
    let spec = window(
        "previous_session",
        "Open, high, low and close of the session, week, month, quarter or year before this one",
    )
    .with_params(anchored_params(&[OPEN, HIGH, LOW, CLOSE], &[], "date"))
    .with_output(floats(&[
        ("open", "First price of the previous session"),
        ("high", "Highest price of the previous session"),
        ("low", "Lowest price of the previous session"),
        ("close", "Last price of the previous session"),
    ]))
    .with_source("The levels that pivot points are made of; NULL in the first session");
    by_session(shown(spec), start, |sessions, place, row, out| {
        let ([open, high, low, close, ..], [o, h, l, c, ..]) = (row, out) else {
            return;
        };
        if let Some(next) = Bar::of(*open, *high, *low, *close) {
            sessions.add(place, next);
            if let Some(bar) = sessions.before {
                (*o, *h, *l, *c) = (bar.open, bar.high, bar.low, bar.close);
            }
        }
    })
}

/// b / a - 1; NaN where a is not above 0.
fn growth(a: f64, b: f64) -> f64 {
    if a > 0.0 { b / a - 1.0 } else { f64::NAN }
}

/// A row of open and close as a bar of its own.
fn open_to_close(row: &[f64]) -> Option<Bar> {
    let [open, close, ..] = row else {
        return None;
    };
    Bar::of(*open, open.max(*close), open.min(*close), *close)
}

fn overnight_gap() -> Function {
    let spec = window(
        "overnight_gap",
        "First price of the session over the last price of the one before, less 1: a fraction \
         that holds for the whole session",
    )
    .with_params(params(&[OPEN, CLOSE], &[], "date"))
    .with_source(
        "open / previous close - 1; NULL in the first session and after a close not above 0",
    );
    by_session(shown(spec), start, |sessions, place, row, out| {
        if let (Some(next), [slot, ..]) = (open_to_close(row), out) {
            sessions.add(place, next);
            if let (Some(before), Some(now)) = (sessions.before, sessions.now) {
                *slot = growth(before.close, now.open);
            }
        }
    })
}

fn overnight_intraday_return() -> Function {
    let spec = window(
        "overnight_intraday_return",
        "Return from the last session's close to this one's open, and from there to now, both as \
         fractions",
    )
    .with_params(params(&[OPEN, CLOSE], &[], "date"))
    .with_output(floats(&[
        ("overnight", "open / previous close - 1"),
        ("intraday", "close / open of the session - 1"),
    ]))
    .with_source(
        "Lou, Polk and Skouras (2019), A tug of war: overnight versus intraday expected returns; \
         (1 + overnight) (1 + intraday) is the whole return",
    );
    by_session(shown(spec), start, |sessions, place, row, out| {
        if let (Some(next), [overnight, intraday, ..]) = (open_to_close(row), out) {
            sessions.add(place, next);
            if let Some(now) = sessions.now {
                *intraday = growth(now.open, now.close);
                *overnight = sessions
                    .before
                    .map_or(f64::NAN, |before| growth(before.close, now.open));
            }
        }
    })
}

/// Ranges of the sessions that are over.
#[derive(Debug, Clone)]
struct Ranges {
    period: usize,
    sessions: Sessions,
    past: VecDeque<f64>,
}

impl Memory for Ranges {
    fn held(&self) -> usize {
        size_of::<f64>() * self.past.capacity()
    }
}

impl Ranges {
    fn add(&mut self, place: &Place, next: Bar) -> f64 {
        if self.sessions.add(place, next)
            && let Some(over) = self.sessions.before
        {
            if self.past.len() == self.period {
                self.past.pop_front();
            }
            self.past.push_back(over.high - over.low);
        }
        match self.past.len() == self.period {
            true => self.past.iter().sum::<f64>() / self.period as f64,
            false => f64::NAN,
        }
    }
}

fn average_daily_range() -> Function {
    let sessions = period("period", 14, "Sessions in the mean");
    let spec = window(
        "average_daily_range",
        "Mean range of the last sessions that are over, in units of price",
    )
    .with_params(params(&[HIGH, LOW], &[sessions], "date"))
    .with_lookback("rows of this and the `period` previous sessions")
    .with_source(
        "Mean of high - low of whole sessions; the running session does not count, so that the \
         value is known at its opening",
    );
    let given = [("period", "2"), ("calendar", "'utc'")];
    by_session(
        with_example(spec, 120, &given),
        |args| {
            Ok(Ranges {
                period: args.count("period")?,
                sessions: Sessions::default(),
                past: VecDeque::new(),
            })
        },
        |ranges, place, row, out| {
            if let ([high, low, ..], [slot, ..]) = (row, out)
                && let Some(next) = Bar::of_range(*high, *low)
            {
                *slot = ranges.add(place, next);
            }
        },
    )
}
