//! Trading sessions: what happened in this one, in the one before, and at this time of day.
//!
//! Sessions are those of [`crate::calendar`], in local time with its summer time; `wickra-core`
//! shifts UTC by a fixed offset instead. Rows outside of the sessions, bars that are none (a high
//! below the low, open or close outside of them) and negative volumes are NULL and change nothing.
//! Functions that compare whole days take `calendar => 'date'` by default: daily bars carry their
//! date at 00:00. The others take `'utc'`.
//!
//! Other than in `wickra-core`: `SessionRange` there is three fixed thirds of a day; here any
//! calendar can be asked for. Its profiles are lists that repeat in every row; here a row gets
//! the number of its own part of the day, week or year.

pub mod days;
pub mod opening;
pub mod place;
pub mod profiles;
pub mod so_far;
pub mod turn_of_month;

use crate::binding::Memory;
use crate::calendar::Place;
use crate::describe::{anchor, clock_params, series, times};
use quantlake_core::{Function, FunctionSpec, Kind, ParamSpec};

/// All functions of sessions.
pub fn functions() -> Vec<Function> {
    [
        place::functions(),
        so_far::functions(),
        opening::functions(),
        days::functions(),
        turn_of_month::functions(),
        profiles::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn window(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "session", Kind::Window, summary)
}

const OPEN: (&str, &str) = ("open", "First price of the bar");
const HIGH: (&str, &str) = ("high", "Highest price of the bar");
const LOW: (&str, &str) = ("low", "Lowest price of the bar");
const CLOSE: (&str, &str) = ("close", "Last price of the bar, or price of the trade");
const VOLUME: (&str, &str) = ("volume", "Traded units of the row, not negative");

/// The time, some series, some constants, and the choice of sessions.
fn params(of_rows: &[(&str, &str)], constants: &[ParamSpec], calendar: &str) -> Vec<ParamSpec> {
    let mut params = vec![times()];
    params.extend(series(of_rows));
    params.extend_from_slice(constants);
    params.extend(clock_params(calendar));
    params
}

/// As [`params`], with the choice of what begins anew.
fn anchored_params(
    of_rows: &[(&str, &str)],
    constants: &[ParamSpec],
    calendar: &str,
) -> Vec<ParamSpec> {
    let mut params = params(of_rows, constants, calendar);
    params.push(anchor());
    params
}

/// Whether the prices are those of a bar.
fn is_bar(open: f64, high: f64, low: f64, close: f64) -> bool {
    high >= low && (low..=high).contains(&open) && (low..=high).contains(&close)
}

/// A state that each session, or other period of the anchor, begins anew.
#[derive(Debug, Clone, Default)]
struct PerSession<S> {
    period: Option<i64>,
    state: S,
}

// A session's state has no buffers.
impl<S: Copy + Send + Sync + 'static> Memory for PerSession<S> {}

impl<S: Default> PerSession<S> {
    /// The state of the row's session.
    fn at(&mut self, place: &Place) -> &mut S {
        if self.period != Some(place.period) {
            self.period = Some(place.period);
            self.state = S::default();
        }
        &mut self.state
    }
}

/// The bar of a session so far.
#[derive(Debug, Clone, Copy)]
struct Bar {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
}

impl Bar {
    /// Adds a later bar.
    fn extend(before: Option<Self>, next: Self) -> Self {
        match before {
            None => next,
            Some(bar) => Self {
                open: bar.open,
                high: bar.high.max(next.high),
                low: bar.low.min(next.low),
                close: next.close,
            },
        }
    }

    /// The bar of a row; `None` where the prices are none.
    fn of(open: f64, high: f64, low: f64, close: f64) -> Option<Self> {
        is_bar(open, high, low, close).then_some(Self {
            open,
            high,
            low,
            close,
        })
    }

    /// The bar of a row of which only the range is known.
    fn of_range(high: f64, low: f64) -> Option<Self> {
        Self::of(low, high, low, high)
    }
}
