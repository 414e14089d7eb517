//! `cusum_filter`: rows at which a series has moved by a threshold since the last such row.
//!
//! Two sums of changes run along: `up = max(0, up + change)` and `down = min(0, down + change)`.
//! When up passes the threshold the row is an event 1 and up starts again at 0; likewise -1 for
//! down. A series that hovers around a level gives no events, unlike bands around it.
//!
//! Source: Page, Biometrika 41 (1954), pp. 100-115; Lopez de Prado, Advances in Financial Machine
//! Learning (2018), snippet 2.4.

use super::window_spec;
use crate::params::{float, integer, x};
use quantlake_core::recurrence::{Recurrence, over_rows};
use quantlake_core::{Function, Output, ParamSpec, Stability};

#[derive(Clone, Copy, Default)]
struct CusumFilter {
    before: Option<f64>,
    up: f64,
    down: f64,
}

impl Recurrence<2, 3> for CusumFilter {
    fn next(&mut self, [x, limit]: [f64; 2]) -> [f64; 3] {
        let Some(before) = self.before.replace(x) else {
            return [f64::NAN; 3];
        };
        let change = x - before;
        self.up = (self.up + change).max(0.0);
        self.down = (self.down + change).min(0.0);
        if limit.is_nan() || limit <= 0.0 {
            return [f64::NAN; 3];
        }
        let (up, down) = (self.up, self.down);
        let event = if down < -limit {
            self.down = 0.0;
            -1.0
        } else if up > limit {
            self.up = 0.0;
            1.0
        } else {
            0.0
        };
        [event, up, down]
    }

    // A row without a threshold still moves the sums.
    fn needs(input: usize) -> bool {
        input == 0
    }
}

pub(crate) fn function() -> Function {
    let spec = window_spec(
        "cusum_filter",
        "Events at which x has moved by more than `threshold` since the last event; NULL where the threshold is not positive",
    )
    .with_params(vec![
        x("the values, such as the logarithm of a price"),
        ParamSpec::series(
            "threshold",
            "move that makes an event, in units of x: a constant or an expression, such as a multiple of volatility",
        ),
    ])
    .with_output(Output::Struct(vec![
        integer("event", "1 for a move up, -1 for a move down, 0 for none"),
        float("up", "sum of changes upwards before it starts again, in units of x"),
        float("down", "sum of changes downwards, 0 or negative"),
    ]))
    .with_lookback("1")
    .with_stability(Stability::PathDependent)
    .with_source("Page 1954; Lopez de Prado 2018, snippet 2.4")
    .with_example(
        "SELECT t, (cusum_filter(x, 1.5) OVER (ORDER BY t))['event'] AS event FROM (VALUES (1, 1.0), (2, 2.0), \
         (3, 3.0), (4, 2.5), (5, 1.0), (6, 1.5), (7, 1.0)) AS v(t, x) ORDER BY t",
        "",
    );
    over_rows(spec, |_| Ok(CusumFilter::default()))
}
