//! The regression behind `adf` and `engle_granger`.
//!
//! The change of x is regressed on its level before, on earlier changes and on a trend; the
//! statistic is the t value of the level. The number of earlier changes is searched over one
//! common sample, as statsmodels does, and the regression is then made again over all rows that
//! this number leaves.

use super::Trend;
use crate::center::{differences, is_constant, is_rounding};
use crate::linear::least_squares::Reduced;
use crate::params::{choice, count_or_rule, optional_count};
use quantlake_core::{Args, ParamSpec, QlError};

/// The 95 % quantile of the normal distribution, for the search by t value.
const SIGNIFICANT: f64 = 1.6448536269514722;

/// How the number of earlier changes is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    Akaike,
    Bayes,
    TValue,
    /// It is given.
    Fixed,
}

/// The number of earlier changes: most of them, and how to search below.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lags {
    most: Option<usize>,
    search: Search,
}

/// The outcome of the regression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DickeyFuller {
    pub(crate) statistic: f64,
    pub(crate) lags: usize,
    pub(crate) n_obs: usize,
}

impl Lags {
    /// The constants that choose the number of lags.
    pub(crate) fn params() -> Vec<ParamSpec> {
        vec![
            count_or_rule(
                "lags",
                "most earlier changes that the search tries, or their number with autolag => 'none'; NULL for ceil(12 * (n / 100) ^ 0.25)",
            ),
            choice(
                "autolag",
                &["aic", "bic", "t-stat", "none"],
                "how the number of earlier changes is searched: by an information criterion, by the last t value, or not at all",
            ),
        ]
    }

    /// The lags of a call.
    pub(crate) fn of(args: &Args) -> Result<Self, QlError> {
        let search = match args.integer("autolag")? {
            0 => Search::Akaike,
            1 => Search::Bayes,
            2 => Search::TValue,
            _ => Search::Fixed,
        };
        Ok(Self {
            most: optional_count(args, "lags")?,
            search,
        })
    }

    /// The most lags for so many rows; `None` where the rows are too few for them.
    fn most(self, n_rows: usize, trend: Trend) -> Option<usize> {
        let room = (n_rows / 2).checked_sub(trend.n_terms() + 1)?;
        match self.most {
            Some(given) => (given <= room).then_some(given),
            None => Some(schwert(n_rows).min(room)),
        }
    }
}

/// The rule of Schwert (1989) for the number of lags.
pub(crate) fn schwert(n_rows: usize) -> usize {
    (12.0 * (n_rows as f64 / 100.0).powf(0.25)).ceil() as usize
}

/// The columns of earlier changes and of the level before, for the rows after `skip` changes.
struct Design<'a> {
    levels: &'a [f64],
    changes: &'a [f64],
    skip: usize,
}

impl Design<'_> {
    fn target(&self) -> Vec<f64> {
        self.changes[self.skip..].to_vec()
    }

    fn level(&self) -> Vec<f64> {
        self.levels[self.skip..self.changes.len()].to_vec()
    }

    fn earlier(&self, n_lags: usize) -> impl Iterator<Item = Vec<f64>> {
        let n_rows = self.changes.len() - self.skip;
        (1..=n_lags).map(move |lag| self.changes[self.skip - lag..][..n_rows].to_vec())
    }
}

/// Regresses; `None` where x is constant or a line, the rows are too few or the columns depend on
/// each other.
pub(crate) fn dickey_fuller(x: &[f64], trend: Trend, lags: Lags) -> Option<DickeyFuller> {
    let most = lags.most(x.len(), trend)?;
    if is_constant(x) {
        return None;
    }
    let changes = differences(x);
    let lags = match lags.search {
        Search::Fixed => most,
        search => best(x, &changes, trend, most, search)?,
    };
    let design = Design {
        levels: x,
        changes: &changes,
        skip: lags,
    };
    let target = design.target();
    let n_obs = target.len();
    let mut columns = trend.columns(n_obs);
    columns.extend(design.earlier(lags));
    columns.push(design.level());
    let n_columns = columns.len();
    let fit = Reduced::new(columns, target);
    if is_rounding(fit.residual_squares(n_columns), x) {
        return None;
    }
    let (slope, error) = fit.last(n_columns)?;
    Some(DickeyFuller {
        statistic: slope / error,
        lags,
        n_obs,
    })
}

/// The best number of lags up to `most`.
fn best(x: &[f64], changes: &[f64], trend: Trend, most: usize, search: Search) -> Option<usize> {
    let design = Design {
        levels: x,
        changes,
        skip: most,
    };
    let target = design.target();
    let mut columns = trend.columns(target.len());
    columns.push(design.level());
    let first = columns.len();
    columns.extend(design.earlier(most));
    let fits = Reduced::new(columns, target);
    if search == Search::TValue {
        let t = |lags: usize| {
            fits.last(first + lags)
                .map_or(0.0, |(value, error)| value / error)
        };
        return Some(
            (0..=most)
                .rev()
                .find(|&l| t(l).abs() >= SIGNIFICANT)
                .unwrap_or(0),
        );
    }
    let n = fits.n_rows() as f64;
    let price = if search == Search::Bayes { n.ln() } else { 2.0 };
    let criterion = |lags: usize| {
        let k = first + lags;
        n * (fits.residual_squares(k) / n).ln() + price * k as f64
    };
    (0..=most)
        .filter(|lags| fits.is_independent(first + lags))
        .min_by(|a, b| criterion(*a).total_cmp(&criterion(*b)))
}
