//! `kalman_hedge`: a hedge ratio that moves, by a Kalman filter.
//!
//! `y_t = beta_t x_t + intercept_t + e_t`, where beta and intercept take random steps of variance
//! `delta / (1 - delta)` and e has `observation_variance`. The residual is y less its forecast from
//! the rows before; z is the residual over its forecast standard deviation. beta and intercept at t
//! know y_t.
//!
//! Source: Chan, Algorithmic Trading (2013), chapter 3, where the filter starts at 0 with no
//! uncertainty (`initial_variance => 0`).

use super::window_spec;
use crate::params::{float, number, x, y};
use quantlake_core::recurrence::{Recurrence, over_rows};
use quantlake_core::{Args, Function, Output, QlError, Stability};

#[derive(Clone, Copy)]
struct KalmanHedge {
    step: f64,
    noise: f64,
    state: State,
    is_first: bool,
}

/// Beta and intercept with the variances of their errors and the covariance between them.
#[derive(Clone, Copy)]
struct State {
    beta: f64,
    intercept: f64,
    variance: [f64; 3],
}

/// A forecast error with its standard deviation.
struct Surprise {
    residual: f64,
    deviation: f64,
}

impl State {
    /// Forecasts y from x, and takes y in.
    fn update(&mut self, x: f64, y: f64, noise: f64) -> Surprise {
        let [bb, bi, ii] = self.variance;
        let (with_beta, with_intercept) = (bb * x + bi, bi * x + ii);
        let total = with_beta * x + with_intercept + noise;
        let residual = y - self.beta * x - self.intercept;
        let (gain_b, gain_i) = (with_beta / total, with_intercept / total);
        self.beta += gain_b * residual;
        self.intercept += gain_i * residual;
        self.variance = [
            bb - gain_b * with_beta,
            bi - gain_b * with_intercept,
            ii - gain_i * with_intercept,
        ];
        Surprise {
            residual,
            deviation: total.sqrt(),
        }
    }

    fn spread(&mut self, step: f64) {
        let [beta, _, intercept] = &mut self.variance;
        *beta += step;
        *intercept += step;
    }
}

impl Recurrence<2, 5> for KalmanHedge {
    fn next(&mut self, [y, x]: [f64; 2]) -> [f64; 5] {
        if !std::mem::take(&mut self.is_first) {
            self.state.spread(self.step);
        }
        let Surprise {
            residual,
            deviation,
        } = self.state.update(x, y, self.noise);
        let State {
            beta, intercept, ..
        } = self.state;
        [beta, intercept, residual, deviation, residual / deviation]
    }
}

fn start(args: &Args) -> Result<KalmanHedge, QlError> {
    let delta = args.number("delta")?;
    let initial = args.number("initial_variance")?;
    Ok(KalmanHedge {
        step: delta / (1.0 - delta),
        noise: args.number("observation_variance")?,
        state: State {
            beta: 0.0,
            intercept: 0.0,
            variance: [initial, 0.0, initial],
        },
        is_first: true,
    })
}

pub(crate) fn function() -> Function {
    let spec = window_spec(
        "kalman_hedge",
        "Hedge ratio of y on x that moves from row to row, by a Kalman filter, with the surprise in y as a z-score",
    )
    .with_params(vec![
        y("levels of the series that is hedged"),
        x("levels of the series it is hedged with"),
        number("delta", 0.0, 0.999, 1e-4, "how freely beta and intercept move: their steps have variance delta / (1 - delta)"),
        number("observation_variance", 1e-300, 1e300, 1e-3, "variance of y around the line, in squared units of y"),
        number("initial_variance", 0.0, 1e300, 0.0, "variance of beta and intercept around 0 at the first row"),
    ])
    .with_output(Output::Struct(vec![
        float("beta", "units of x against one unit of y, this row's y included"),
        float("intercept", "y at x = 0, this row's y included"),
        float("residual", "y less its forecast from the rows before, in units of y"),
        float("residual_std", "standard deviation of that forecast"),
        float("z", "residual over residual_std"),
    ]))
    .with_stability(Stability::Converging)
    .with_source("Chan, Algorithmic Trading (2013), chapter 3; Kalman 1960")
    .with_example(
        "WITH v AS (SELECT t, 10 + sin(t) AS x, 20 + 2 * sin(t) + cos(t * 7.0) / 10 AS y FROM generate_series(1, 6) AS g(t)), \
         h AS (SELECT t, kalman_hedge(y, x) OVER (ORDER BY t) AS k FROM v) \
         SELECT t, round(k['beta'], 6) AS beta, round(k['z'], 6) AS z FROM h ORDER BY t",
        "",
    );
    over_rows(spec, start)
}
