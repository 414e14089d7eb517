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
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Function, Output, ParamSpec, QlError, Stability};
use std::sync::Arc;

struct CusumFilter;

impl SeriesKernel for CusumFilter {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([x, threshold], [event, ups, downs]) = (inputs, outputs) else {
            return Err(QlError::internal("cusum_filter has 2 inputs and 3 outputs"));
        };
        let (mut up, mut down) = (0.0_f64, 0.0_f64);
        for t in 1..x.len() {
            let (change, limit) = (x[t] - x[t - 1], threshold[t]);
            up = (up + change).max(0.0);
            down = (down + change).min(0.0);
            if limit.is_nan() || limit <= 0.0 {
                continue;
            }
            (ups[t], downs[t]) = (up, down);
            event[t] = if down < -limit {
                down = 0.0;
                -1.0
            } else if up > limit {
                up = 0.0;
                1.0
            } else {
                0.0
            };
        }
        Ok(())
    }

    // A row without a threshold still moves the sums.
    fn needs(&self, input: usize) -> bool {
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
    series_function(spec, Arc::new(|_| Ok(Box::new(CusumFilter))))
}
