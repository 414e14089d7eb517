//! What a search says about one simulation: the figures of `backtest_metrics` by which variants are
//! compared, under the same names and with the same values.

use crate::book::{Tried, What};
use quantlake_backtest::engine::Run;
use quantlake_backtest::metrics::{drawdowns, returns};
use quantlake_backtest::settings::Settings;
use quantlake_core::metric::Metric;
use quantlake_core::{OutputField, OutputType};
use quantlake_risk::Compounding;
use quantlake_risk::annual_return::AnnualReturn;
use quantlake_risk::calmar::Calmar;
use quantlake_risk::sharpe::Sharpe;
use quantlake_risk::sortino::Sortino;
use quantlake_risk::volatility::Volatility;

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its name in `backtest_metrics`.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Whether a search looks for the highest value, and not for the lowest.
    pub is_more_better: bool,
}

const fn more(name: &'static str, doc: &'static str) -> Figure {
    Figure {
        name,
        doc,
        is_more_better: true,
    }
}

/// The figures that depend on returns alone, in the order of [`of_returns`].
pub const FIGURES: [Figure; 7] = [
    more("total_return", "return over all bars"),
    more("cagr", "compound return per year"),
    Figure {
        is_more_better: false,
        ..more("volatility", "deviation of returns per year")
    },
    more("sharpe", "Sharpe ratio per year"),
    more("sortino", "Sortino ratio per year"),
    more("calmar", "cagr over the deepest drawdown"),
    more("max_drawdown", "deepest drawdown, negative"),
];

/// Figures of an account, by which nothing is chosen.
const OF_ACCOUNT: [(&str, &str); 3] = [
    ("end_equity", "equity after the last bar"),
    ("total_costs", "commission paid"),
    ("n_orders", "orders filled"),
];

/// Columns of the figures of returns.
pub fn return_columns() -> impl Iterator<Item = OutputField> {
    FIGURES.iter().map(|f| float(f.name, f.doc))
}

/// Columns of all figures of a run.
pub fn columns() -> impl Iterator<Item = OutputField> {
    return_columns().chain(OF_ACCOUNT.iter().map(|(name, doc)| float(name, doc)))
}

fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

/// All figures of a run with these returns, in the order of [`columns`].
pub fn summarize(settings: &Settings, run: &Run, rets: &[f64]) -> Vec<f64> {
    let mut figures = of_returns(rets, settings.periods).to_vec();
    let end = run.curve.equity().last().copied();
    figures.extend([
        end.unwrap_or(settings.cash),
        run.curve.costs.iter().sum(),
        run.counts.filled as f64,
    ]);
    figures
}

/// The simple returns of a run, one per timestamp, the first against the starting cash.
pub fn returns_of(settings: &Settings, run: &Run) -> Vec<f64> {
    returns(settings.cash, &run.curve.equity())
}

/// The figures of some returns, NaN where one is not defined. Missing returns are left out.
pub fn of_returns(rets: &[f64], periods: f64) -> [f64; FIGURES.len()] {
    let rets: Vec<f64> = rets.iter().copied().filter(|r| r.is_finite()).collect();
    let mut wealth = 1.0;
    let curve: Vec<f64> = (rets.iter())
        .map(|ret| {
            wealth *= 1.0 + ret;
            wealth
        })
        .collect();
    let deepest = drawdowns(1.0, &curve).into_iter().fold(0.0, f64::min);
    [
        wealth - 1.0,
        over(&rets, AnnualReturn::new(periods, Compounding::Simple)),
        over(&rets, Volatility::new(periods, 1)),
        over(&rets, Sharpe::new(periods, 0.0, 1)),
        over(&rets, Sortino::new(periods, 0.0)),
        over(&rets, Calmar::new(periods, Compounding::Simple)),
        deepest,
    ]
}

fn over(rets: &[f64], mut metric: impl Metric) -> f64 {
    rets.iter().for_each(|ret| metric.push(&[*ret]));
    metric.values().first().copied().unwrap_or(f64::NAN)
}

/// The Sharpe ratio of some returns per return, which the ledger counts trials by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerReturn {
    n_returns: usize,
    sharpe: f64,
}

impl PerReturn {
    /// As a trial.
    pub fn tried(self, what: What) -> Tried {
        Tried {
            what,
            n_returns: self.n_returns,
            sharpe: self.sharpe,
        }
    }
}

/// The Sharpe ratio of the known ones of these returns, not annualised.
pub fn sharpe_of(rets: &[f64]) -> PerReturn {
    let known: Vec<f64> = rets.iter().copied().filter(|r| r.is_finite()).collect();
    PerReturn {
        n_returns: known.len(),
        sharpe: over(&known, Sharpe::new(1.0, 0.0, 1)),
    }
}

/// By which figure variants are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objective(pub usize);

impl Objective {
    /// The figure's value.
    pub fn value(self, figures: &[f64]) -> f64 {
        figures.get(self.0).copied().unwrap_or(f64::NAN)
    }

    /// The value with the sign that makes more better; unknown is worst.
    pub fn score(self, value: f64) -> f64 {
        let is_more_better = FIGURES.get(self.0).is_some_and(|f| f.is_more_better);
        match (value.is_nan(), is_more_better) {
            (true, _) => f64::NEG_INFINITY,
            (false, true) => value,
            (false, false) => -value,
        }
    }
}

/// The first of the highest scores.
pub fn best(scores: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, score) in scores.enumerate() {
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((i, score));
        }
    }
    best.map(|(i, _)| i)
}
