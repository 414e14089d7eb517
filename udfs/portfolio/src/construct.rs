//! One portfolio: from a sample of returns and what is known of the symbols to weights.

use crate::kernel::black_litterman::{View, implied_returns, posterior};
use crate::kernel::expected;
use crate::kernel::limits::{Culprit, Group, Limits};
use crate::kernel::matrix::{Matrix, deviations, scaled};
use crate::kernel::method::{Fault, Input, Method};
use crate::kernel::optimise::{Moments, highest_return, min_variance};
use crate::kernel::program::Unsolved;
use crate::panel::{Facts, Panel, Sample};
use crate::settings::{Estimator, Expectation, Settings};
use crate::views::Opinion;
use quantlake_core::{QlError, SqlState};
use quantlake_risk::portfolio_risk::covariance;

/// Everything that one portfolio is made of.
#[derive(Debug)]
pub struct Construction<'a> {
    /// The arguments.
    pub settings: &'a Settings,
    /// The rows.
    pub panel: &'a Panel<'a>,
    /// What is known of every symbol of the panel.
    pub facts: &'a [Facts<'a>],
    /// The symbols that take part, with their returns.
    pub sample: &'a Sample,
    /// The views that count.
    pub opinions: &'a [&'a Opinion],
    /// Weights that are held, of every symbol of the panel; none where there is no portfolio yet.
    pub previous: Option<&'a [f64]>,
}

/// Weights with the estimates behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct Portfolio {
    /// One weight per member of the sample.
    pub weights: Vec<f64>,
    /// Expected returns and covariances per year.
    pub moments: Moments,
}

impl Construction<'_> {
    /// The portfolio of the settings' method.
    ///
    /// # Errors
    /// 22000 for data that the method cannot work with, 22023 for limits and targets that no
    /// weights satisfy.
    pub fn build(&self) -> Result<Portfolio, QlError> {
        let moments = self.moments()?;
        let limits = self.limits()?;
        let budget = self.budget()?;
        let input = Input {
            moments: &moments,
            returns: &self.sample.slices(),
            budget: &budget,
            limits: &limits,
        };
        let weights = self.settings.method.weights(&input);
        let weights = weights.map_err(|fault| self.explain(fault, &moments, &limits))?;
        Ok(Portfolio { weights, moments })
    }

    /// Expected returns and covariances per year.
    ///
    /// # Errors
    /// 22000 for too few rows and for what an estimator lacks.
    pub fn moments(&self) -> Result<Moments, QlError> {
        if self.sample.n_rows() < 2 {
            return Err(self.too_few_rows());
        }
        let periods = self.settings.periods;
        let covariance = scaled(&self.covariance(), periods);
        let mean = match self.settings.expected {
            Expectation::BlackLitterman => return self.black_litterman(&covariance),
            Expectation::Column => self.fact("expected_return", |f| f.expected_return)?,
            Expectation::Mean => per_year(expected::mean(&self.sample.slices()), periods),
            Expectation::Ewma(lambda) => {
                per_year(expected::ewma(&self.sample.slices(), lambda), periods)
            }
            Expectation::Capm => {
                let risk_free = self.settings.risk_free / periods;
                per_year(expected::capm(&self.sample.slices(), risk_free), periods)
            }
        };
        self.checked(Moments { mean, covariance })
    }

    /// What the weights may be.
    ///
    /// # Errors
    /// 22023 for limits of sectors that do not exist or cannot be told.
    pub fn limits(&self) -> Result<Limits, QlError> {
        let settings = self.settings;
        let own = |value: fn(&Facts<'_>) -> f64, default: f64| {
            let of = |m: &usize| Some(value(&self.facts[*m])).filter(|v| v.is_finite());
            let members = self.sample.members.iter();
            members
                .map(|m| of(m).unwrap_or(default))
                .collect::<Vec<f64>>()
        };
        Ok(Limits {
            lower: own(|f| f.min_weight, settings.min_weight),
            upper: own(|f| f.max_weight, settings.max_weight),
            net: settings.net,
            gross: settings.max_gross,
            groups: self.groups()?,
            turnover: self.turnover(),
        })
    }

    fn covariance(&self) -> Matrix {
        let returns = self.sample.slices();
        match self.settings.covariance {
            Estimator::Sample => covariance::sample(&returns, 1),
            Estimator::Ewma(lambda) => covariance::ewma(&returns, lambda),
            Estimator::LedoitWolf => covariance::ledoit_wolf(&returns),
            Estimator::Oas => covariance::oas(&returns),
            Estimator::ConstantCorrelation => covariance::constant_correlation(&returns),
        }
    }

    fn black_litterman(&self, covariance: &Matrix) -> Result<Moments, QlError> {
        let settings = self.settings;
        let caps = self.fact("market_cap", |f| f.market_cap)?;
        let total: f64 = caps.iter().sum();
        if caps.iter().any(|c| *c < 0.0) || total <= 0.0 {
            return Err(
                self.bad_data("column `market_cap` must not be negative, nor 0 for all symbols")
            );
        }
        let market: Vec<f64> = caps.iter().map(|c| c / total).collect();
        let prior = implied_returns(
            covariance,
            &market,
            settings.risk_aversion,
            settings.risk_free,
        );
        let moments = posterior(&prior, covariance, &self.views()?, settings.tau);
        let moments = moments.ok_or_else(|| {
            self.bad_data("the views contradict or repeat each other with certainty")
        })?;
        self.checked(moments)
    }

    /// The views on symbols that take part.
    fn views(&self) -> Result<Vec<View>, QlError> {
        let mut views = Vec::new();
        for opinion in self.opinions {
            let mut portfolio = Some(vec![0.0; self.sample.members.len()]);
            for (symbol, coefficient) in &opinion.terms {
                match (self.member(symbol)?, &mut portfolio) {
                    (Some(i), Some(portfolio)) => portfolio[i] += coefficient,
                    _ => portfolio = None,
                }
            }
            // A view on a symbol that does not take part at this time says nothing yet.
            views.extend(portfolio.map(|portfolio| View {
                portfolio,
                earns: opinion.earns,
                confidence: opinion.confidence,
            }));
        }
        Ok(views)
    }

    /// The position of a symbol among the members; none while it does not take part.
    fn member(&self, symbol: &str) -> Result<Option<usize>, QlError> {
        let number = self.panel.symbols.binary_search(&symbol).map_err(|_| {
            let allowed = "views on symbols of the query";
            self.settings.bad("views", allowed, format!("'{symbol}'"))
        })?;
        Ok(self.sample.members.iter().position(|m| *m == number))
    }

    /// A number of each member that has to be known.
    fn fact(&self, name: &str, value: fn(&Facts<'_>) -> f64) -> Result<Vec<f64>, QlError> {
        let of = |m: &usize| {
            Some(value(&self.facts[*m]))
                .filter(|v| v.is_finite())
                .ok_or_else(|| {
                    self.bad_data(&format!("{} has no `{name}`", self.panel.symbols[*m]))
                })
        };
        self.sample.members.iter().map(of).collect()
    }

    /// Shares of the risk: those of the column, or equal ones.
    fn budget(&self) -> Result<Vec<f64>, QlError> {
        let members = &self.sample.members;
        if members.iter().all(|m| self.facts[*m].risk_budget.is_nan()) {
            return Ok(vec![1.0 / members.len() as f64; members.len()]);
        }
        let budget = self.fact("risk_budget", |f| f.risk_budget)?;
        if let Some(bad) = budget.iter().find(|b| **b <= 0.0) {
            return Err(self.bad_data(&format!(
                "column `risk_budget` must be above 0, found {bad}"
            )));
        }
        let total: f64 = budget.iter().sum();
        Ok(budget.iter().map(|b| b / total).collect())
    }

    fn groups(&self) -> Result<Vec<Group>, QlError> {
        let settings = self.settings;
        let mut groups = Vec::new();
        for limit in &settings.sector_limits {
            if !self.panel.sectors.contains(&limit.sector.as_str()) {
                let known = self.panel.sectors.join(", ");
                let allowed = format!("limits of sectors in the column `sector` ({known})");
                let found = format!("'{}'", limit.sector);
                return Err(settings.bad("sector_limits", allowed, found));
            }
            groups.push(self.group(&limit.sector, limit.min, limit.max));
        }
        if let Some(largest) = settings.max_sector {
            let sectors = &self.panel.sectors;
            if sectors.is_empty() {
                let allowed = "left out where the query has no column `sector`";
                return Err(settings.bad("max_sector", allowed, largest));
            }
            groups.extend(
                sectors
                    .iter()
                    .map(|s| self.group(s, f64::NEG_INFINITY, largest)),
            );
        }
        groups.retain(|g| !g.members.is_empty());
        Ok(groups)
    }

    fn group(&self, sector: &str, min: f64, max: f64) -> Group {
        let members = self.sample.members.iter().enumerate();
        let inside = members.filter(|(_, m)| self.facts[**m].sector == Some(sector));
        Group {
            members: inside.map(|(i, _)| i).collect(),
            min,
            max,
        }
    }

    fn turnover(&self) -> Option<(Vec<f64>, f64)> {
        let (largest, previous) = (self.settings.max_turnover?, self.previous?);
        let members = &self.sample.members;
        let before: Vec<f64> = members.iter().map(|m| previous[*m]).collect();
        // Symbols that no longer take part have to be sold; the limit is on what is chosen.
        Some((before, largest))
    }

    fn checked(&self, moments: Moments) -> Result<Moments, QlError> {
        let numbers = moments.mean.iter().chain(&moments.covariance.data);
        if numbers.into_iter().all(|v| v.is_finite()) {
            return Ok(moments);
        }
        Err(self.bad_data("expected returns and covariances cannot be told from these returns"))
    }

    fn too_few_rows(&self) -> QlError {
        let n_dates = self.panel.n_dates();
        let sparsest = self
            .sample
            .members
            .iter()
            .min_by_key(|m| self.panel.count(**m, 0..n_dates));
        let message = match sparsest {
            None => "no symbol takes part".to_string(),
            Some(m) => format!(
                "needs at least 2 rows in which all {} symbols have a return, found {}; {} has values at {} of {n_dates} times",
                self.sample.members.len(),
                self.sample.n_rows(),
                self.panel.symbols[*m],
                self.panel.count(*m, 0..n_dates),
            ),
        };
        self.bad_data(&message)
    }

    fn bad_data(&self, message: &str) -> QlError {
        let message = format!("{}: {message}", self.settings.function);
        QlError::new(SqlState::DataException, message)
    }

    /// The error for what the kernel could not do.
    pub fn explain(&self, fault: Fault, moments: &Moments, limits: &Limits) -> QlError {
        match fault {
            Fault::NoVariance => self.no_variance(&moments.covariance),
            Fault::Unsolved(Unsolved::Infeasible) => match limits.culprit() {
                Some(culprit) => self.blame(culprit, limits),
                None => self.unreachable(moments, limits),
            },
            Fault::Unsolved(_) => self.bad_data(
                "the optimiser found no solution: the returns or limits differ by too many orders of magnitude",
            ),
        }
    }

    fn no_variance(&self, covariance: &Matrix) -> QlError {
        let flat = deviations(covariance).iter().position(|d| *d <= 0.0);
        let name = flat.map_or("a symbol", |i| self.panel.symbols[self.sample.members[i]]);
        self.bad_data(&format!(
            "{name} has no variance, and the method divides by it"
        ))
    }

    fn blame(&self, culprit: Culprit, limits: &Limits) -> QlError {
        let settings = self.settings;
        let sum = |bounds: &[f64]| bounds.iter().sum::<f64>();
        let net = limits.net;
        match culprit {
            Culprit::MinWeight => {
                let allowed = format!(
                    "such that the smallest weights are below the largest and sum to at most {net}"
                );
                settings.bad(
                    "min_weight",
                    allowed,
                    format!("a sum of {}", sum(&limits.lower)),
                )
            }
            Culprit::MaxWeight => {
                let allowed = format!(
                    "such that the largest weights of {} symbols sum to at least {net}",
                    limits.n()
                );
                settings.bad(
                    "max_weight",
                    allowed,
                    format!("a sum of {}", sum(&limits.upper)),
                )
            }
            Culprit::Turnover => {
                let allowed = "large enough to come from the weights before into the other limits";
                settings.bad(
                    "max_turnover",
                    allowed,
                    settings.max_turnover.unwrap_or_default(),
                )
            }
            Culprit::Gross => {
                let allowed = "large enough for the other limits";
                settings.bad("max_gross", allowed, settings.max_gross.unwrap_or_default())
            }
            Culprit::Groups => {
                let param = if settings.max_sector.is_some() {
                    "max_sector"
                } else {
                    "sector_limits"
                };
                let allowed = format!("such that weights within all limits sum to {net}");
                settings.bad(param, allowed, "limits that no weights satisfy")
            }
        }
    }

    /// The limits have weights, so it is the target that they do not reach.
    fn unreachable(&self, moments: &Moments, limits: &Limits) -> QlError {
        let settings = self.settings;
        let highest = || highest_return(moments, limits).unwrap_or(f64::NAN);
        match settings.method {
            Method::EfficientRisk(target) => {
                let safest = min_variance(&moments.covariance, limits).unwrap_or_default();
                let lowest = moments.covariance.quadratic(&safest).max(0.0).sqrt();
                settings.bad(
                    "target_risk",
                    format!("at least {lowest}, the smallest volatility within the limits"),
                    target,
                )
            }
            Method::EfficientReturn(target) => settings.bad(
                "target_return",
                format!(
                    "at most {}, the largest expected return within the limits",
                    highest()
                ),
                target,
            ),
            Method::MaxSharpe(risk_free) => settings.bad(
                "risk_free",
                format!(
                    "below {}, the largest expected return within the limits",
                    highest()
                ),
                risk_free,
            ),
            _ => self.bad_data("the optimiser found no weights within the limits"),
        }
    }
}

fn per_year(mean: Vec<f64>, periods: f64) -> Vec<f64> {
    mean.into_iter().map(|m| m * periods).collect()
}
