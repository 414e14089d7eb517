//! `garch`: a GARCH(1,1) model of returns by maximum likelihood.
//!
//! `r_t = mu + e_t`, `s2_t = omega + alpha e_(t-1)^2 + beta s2_(t-1)`, e_t normal with variance
//! s2_t. Before the first row, e^2 and s2 are a mean of the first 75 squared deviations with
//! weights 0.94^k. The search runs over the returns in units of their deviation and over the logits
//! of alpha, beta and what is left to 1, so every candidate is stationary.
//!
//! Source: Bollerslev, Journal of Econometrics 31 (1986), pp. 307-327; start values as in the
//! Python package `arch`.

use crate::center::{is_constant, mean, population_deviation};
use crate::nelder_mead::minimise;
use crate::params::{choice, float, x};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Function, Output};
use std::f64::consts::PI;

/// Rows before the first, for the start of the recursion.
const N_START: usize = 75;
const DECAY: f64 = 0.94;

/// Fewest returns: below, four parameters follow the noise.
const MIN_ROWS: usize = 20;

/// Relative change of the likelihood at which the search ends.
const TOLERANCE: f64 = 1e-14;

struct Garch {
    has_mean: bool,
}

/// The parameters of the model.
#[derive(Debug, Clone, Copy)]
struct Parameters {
    mu: f64,
    omega: f64,
    alpha: f64,
    beta: f64,
}

/// What the recursion gives over all rows.
struct Path {
    minus_log_likelihood: f64,
    last: f64,
    next: f64,
}

impl Parameters {
    /// From the search's point: mu, ln omega, and the logits of alpha and beta.
    fn at(point: &[f64], mu: f64) -> Self {
        let [.., omega, a, b] = *point else {
            return Self {
                mu,
                omega: f64::NAN,
                alpha: f64::NAN,
                beta: f64::NAN,
            };
        };
        let whole = 1.0 + a.exp() + b.exp();
        Self {
            mu: if point.len() > 3 { point[0] } else { mu },
            omega: omega.exp(),
            alpha: a.exp() / whole,
            beta: b.exp() / whole,
        }
    }

    fn point(&self, has_mean: bool) -> Vec<f64> {
        let rest = 1.0 - self.alpha - self.beta;
        let logits = [
            self.omega.ln(),
            (self.alpha / rest).ln(),
            (self.beta / rest).ln(),
        ];
        let mu = has_mean.then_some(self.mu);
        mu.into_iter().chain(logits).collect()
    }

    fn path(&self, returns: &[f64], start: f64) -> Path {
        let mut next = self.omega + (self.alpha + self.beta) * start;
        let mut path = Path {
            minus_log_likelihood: 0.0,
            last: f64::NAN,
            next,
        };
        for ret in returns {
            let square = (ret - self.mu) * (ret - self.mu);
            path.last = next;
            path.minus_log_likelihood += 0.5 * ((2.0 * PI).ln() + next.ln() + square / next);
            next = self.omega + self.alpha * square + self.beta * next;
        }
        Path { next, ..path }
    }
}

/// The weighted mean of the first squared deviations.
fn start_variance(returns: &[f64], center: f64) -> f64 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for ret in returns.iter().take(N_START) {
        sum += weight * (ret - center) * (ret - center);
        weights += weight;
        weight *= DECAY;
    }
    sum / weights
}

impl Garch {
    /// The most likely parameters for returns of deviation 1, and their path.
    fn fit(&self, returns: &[f64], center: f64) -> Option<(Parameters, Path)> {
        let start = start_variance(returns, center);
        let likelihood = |p: &Parameters| p.path(returns, start).minus_log_likelihood;
        let candidates = [0.01, 0.05, 0.1, 0.2].into_iter().flat_map(|alpha| {
            [0.5, 0.7, 0.9, 0.98].map(|sum| Parameters {
                mu: center,
                omega: 1.0 - sum,
                alpha,
                beta: sum - alpha,
            })
        });
        let first = candidates.min_by(|a, b| likelihood(a).total_cmp(&likelihood(b)))?;
        let at = |point: &[f64]| Parameters::at(point, center);
        let found = minimise(
            |point| likelihood(&at(point)),
            &first.point(self.has_mean),
            0.3,
            TOLERANCE,
        )?;
        let parameters = at(&found);
        Some((parameters, parameters.path(returns, start)))
    }
}

impl Statistic for Garch {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(returns) = columns.first().filter(|x| x.len() >= MIN_ROWS) else {
            return;
        };
        let scale = population_deviation(returns);
        if is_constant(returns) || !scale.is_normal() {
            return;
        }
        let scaled: Vec<f64> = returns.iter().map(|r| r / scale).collect();
        let center = if self.has_mean { mean(&scaled) } else { 0.0 };
        let Some((p, path)) = self.fit(&scaled, center) else {
            return;
        };
        let n = returns.len() as f64;
        fill(
            out,
            [
                p.mu * scale,
                p.omega * scale * scale,
                p.alpha,
                p.beta,
                path.last.sqrt() * scale,
                path.next.sqrt() * scale,
                -path.minus_log_likelihood - n * scale.ln(),
            ],
        );
    }
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        series: vec![x("returns of one period")],
        options: vec![choice(
            "mean",
            &["constant", "zero"],
            "whether the mean return is fitted or 0",
        )],
        output: Output::Struct(vec![
            float("mu", "mean return"),
            float("omega", "constant of the variance"),
            float("alpha", "weight of the last squared deviation"),
            float("beta", "weight of the last variance"),
            float("volatility", "standard deviation of the model at the last row"),
            float("forecast", "standard deviation of the model for the row after the last"),
            float("log_likelihood", "logarithm of the likelihood of the returns"),
        ]),
        order: RowOrder::Significant,
        min_rows: MIN_ROWS,
        example_rows: 60,
        source: "Bollerslev 1986; arch.arch_model",
        ..Sample::of_one(
            "garch",
            "GARCH(1,1) model of returns by maximum likelihood, with the volatility now and for the next row; NULL below 20 rows or without dispersion",
            |args| {
                Ok(Box::new(Garch {
                    has_mean: args.integer("mean")? == 0,
                }))
            },
        )
    }
    .functions()
}
