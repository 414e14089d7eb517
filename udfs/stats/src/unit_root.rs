//! Tests for unit roots and for cointegration of two series.

pub(crate) mod adf;
pub(crate) mod dickey_fuller;
pub(crate) mod engle_granger;
pub(crate) mod kpss;
pub(crate) mod phillips_perron;
pub(crate) mod tables;

use crate::distribution::normal_cdf;
use crate::params::choice;
use quantlake_core::{Args, Function, ParamSpec, QlError};
use tables::Surface;

/// The deterministic terms of a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trend {
    None,
    Constant,
    Linear,
    Quadratic,
}

/// The names of the trends, with the default in front.
const TRENDS: [(&str, Trend); 4] = [
    ("c", Trend::Constant),
    ("ct", Trend::Linear),
    ("ctt", Trend::Quadratic),
    ("n", Trend::None),
];

impl Trend {
    /// The constant that chooses the trend; `n_choices` leaves the last names out.
    pub(crate) fn param(names: &[&str]) -> ParamSpec {
        choice(
            "trend",
            names,
            "terms besides the series: n none, c a constant, ct and a linear trend, ctt and a quadratic one",
        )
    }

    /// The trend of a call, whose parameter was made with the same names.
    pub(crate) fn of(args: &Args, names: &[&str]) -> Result<Self, QlError> {
        let name = names.get(args.count("trend")?);
        let known = TRENDS.iter().find(|(n, _)| Some(n) == name);
        known
            .map(|(_, trend)| *trend)
            .ok_or_else(|| QlError::internal("a trend without a name"))
    }

    /// How many terms there are.
    pub(crate) fn n_terms(self) -> usize {
        match self {
            Self::None => 0,
            Self::Constant => 1,
            Self::Linear => 2,
            Self::Quadratic => 3,
        }
    }

    /// The terms as columns of a design.
    pub(crate) fn columns(self, n_rows: usize) -> Vec<Vec<f64>> {
        let power = |p: i32| (1..=n_rows).map(|t| (t as f64).powi(p)).collect();
        (0..self.n_terms() as i32).map(power).collect()
    }
}

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

impl Surface {
    /// The p-value of a t statistic.
    pub(crate) fn p_value(&self, statistic: f64) -> f64 {
        self.p_value_with(statistic, statistic)
    }

    /// The p-value of a normalised bias, whose small p-values follow its logarithm.
    pub(crate) fn p_value_of_bias(&self, statistic: f64) -> f64 {
        self.p_value_with(statistic, statistic.abs().ln())
    }

    fn p_value_with(&self, statistic: f64, small: f64) -> f64 {
        if statistic > self.max {
            1.0
        } else if statistic < self.min {
            0.0
        } else if statistic <= self.star {
            normal_cdf(polynomial(&self.small, small))
        } else {
            normal_cdf(polynomial(&self.large, statistic))
        }
    }

    /// The critical values at 1, 5 and 10 % for a number of observations; NaN where unpublished.
    pub(crate) fn critical_values(&self, n_obs: usize) -> [f64; 3] {
        match &self.critical {
            Some(surface) => surface.map(|c| polynomial(&c, 1.0 / n_obs as f64)),
            None => [f64::NAN; 3],
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    [
        adf::functions(),
        kpss::functions(),
        phillips_perron::functions(),
        engle_granger::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
