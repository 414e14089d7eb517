//! `kelly_fraction`: Kelly's size from past returns.
//!
//! `growth`: the leverage with the largest mean of `ln(1 + rf + f (r - rf))`, exact for the returns
//! as they were. `moments`: `(mean - rf) / variance`, its approximation for small returns.
//! NULL where nothing was lost or nothing won (or, for `moments`, without variance). The share to
//! put at risk from win rate and payoff is `kelly_criterion`.
//!
//! Source: Kelly 1956; Thorp 2006.

use super::fraction;
use super::growth::growth_optimal;
use super::kelly::kelly_leverage;
use crate::FAMILY;
use crate::options::{choice, number};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, FunctionSpec, Kind, ParamSpec, QlError};
use quantlake_risk::Moments;
use std::sync::Arc;

/// What Kelly's size is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The returns themselves.
    Growth,
    /// Their mean and variance.
    Moments,
}

/// Kelly's size over the returns so far.
#[derive(Debug)]
pub struct KellyFraction {
    form: Form,
    risk_free: f64,
    fraction: f64,
    returns: Vec<f64>,
}

impl KellyFraction {
    /// A size before the first return; `risk_free` is per period.
    pub fn new(form: Form, risk_free: f64, fraction: f64) -> Self {
        Self {
            form,
            risk_free,
            fraction,
            returns: Vec::new(),
        }
    }

    fn full(&self) -> f64 {
        match self.form {
            Form::Growth => {
                let rf = self.risk_free;
                // Wealth is (1 + rf) (1 + f (r - rf) / (1 + rf)): the first factor is given.
                let scaled = self.returns.iter().map(|r| (r - rf) / (1.0 + rf));
                growth_optimal(&scaled.collect::<Vec<f64>>())
            }
            Form::Moments => {
                let mut moments = Moments::default();
                self.returns.iter().for_each(|r| moments.push(*r));
                kelly_leverage(moments.mean(), moments.deviation(1).powi(2), self.risk_free)
            }
        }
    }
}

impl Metric for KellyFraction {
    fn push(&mut self, row: &[f64]) {
        self.returns.extend(row);
    }

    fn values(&self) -> Vec<f64> {
        vec![self.fraction * self.full()]
    }
}

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    let form = match args.integer("form")? {
        0 => Form::Growth,
        _ => Form::Moments,
    };
    Ok(Box::new(KellyFraction::new(
        form,
        args.number("risk_free")?,
        args.number("fraction")?,
    )))
}

pub(super) fn function() -> Function {
    let spec = FunctionSpec::new(
        "kelly_fraction",
        FAMILY,
        Kind::Aggregate,
        "Kelly's size from past returns, times fraction: the leverage at which wealth would have grown fastest; NULL where nothing was lost or nothing won",
    )
    .with_params(vec![
        ParamSpec::series("ret", "return of one period, or of one trade, as a fraction"),
        choice(
            "form",
            &["growth", "moments"],
            "the returns themselves, or their mean over variance",
        ),
        number("risk_free", -0.99, 1.0, 0.0, "risk-free return per period"),
        fraction(),
    ])
    .with_lookback("the rows of the group or window frame")
    .with_source("argmax of mean(ln(1 + rf + f (r - rf))); (mean - rf) / variance; Kelly 1956, Thorp 2006")
    .with_example(
        "SELECT round(kelly_fraction(r), 6) AS growth, round(kelly_fraction(r, 'moments'), 6) AS moments, \
         round(kelly_fraction(r, 'growth', 0, 0.5), 6) AS half FROM (VALUES (0.5), (-0.4), (0.6), (-0.3), (0.2)) AS v(r)",
        "0.741122,0.57971,0.370561",
    );
    metric_function(spec, RowOrder::Irrelevant, Arc::new(make))
}
