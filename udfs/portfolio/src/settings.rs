//! What the constant arguments of the functions over returns say.

use crate::kernel::linkage::Linkage;
use crate::kernel::method::Method;
use crate::kernel::sectors::{SectorText, parse_sectors};
use crate::options::METHODS;
use quantlake_core::{Args, ParamValue, QlError};

/// The estimator of the covariances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Estimator {
    /// Sample covariance, divisor n - 1.
    Sample,
    /// Exponentially weighted, with this decay.
    Ewma(f64),
    /// Shrunk towards equal variances.
    LedoitWolf,
    /// The same with the oracle approximation's intensity.
    Oas,
    /// Shrunk towards equal correlations.
    ConstantCorrelation,
}

/// The estimator of the expected returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expectation {
    /// Arithmetic mean.
    Mean,
    /// Exponentially weighted mean, with this decay.
    Ewma(f64),
    /// Capital asset pricing model.
    Capm,
    /// The query's column `expected_return`.
    Column,
    /// The market's expectations with views.
    BlackLitterman,
}

/// Everything that constant arguments say.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Name of the function, for errors.
    pub function: String,
    /// How weights are found.
    pub method: Method,
    /// How covariances are estimated.
    pub covariance: Estimator,
    /// How expected returns are estimated.
    pub expected: Expectation,
    /// Periods in a year.
    pub periods: f64,
    /// Risk-free return per year.
    pub risk_free: f64,
    /// Aversion to variance.
    pub risk_aversion: f64,
    /// Smallest weight of every symbol.
    pub min_weight: f64,
    /// Largest weight of every symbol.
    pub max_weight: f64,
    /// Sum of the weights.
    pub net: f64,
    /// Largest sum of absolute weights.
    pub max_gross: Option<f64>,
    /// Largest sum of absolute changes of weights.
    pub max_turnover: Option<f64>,
    /// Largest weight of any sector.
    pub max_sector: Option<f64>,
    /// Limits of single sectors.
    pub sector_limits: Vec<SectorText>,
    /// Uncertainty of the prior in units of the covariance.
    pub tau: f64,
}

impl Settings {
    /// Settings of a function that has a method.
    ///
    /// # Errors
    /// 22023 for a missing target, for a limit that the method does not obey, and for text that
    /// cannot be read.
    pub fn with_method(function: &str, args: &Args) -> Result<Self, QlError> {
        let mut settings = Self::without_method(function, args)?;
        settings.method = settings.read_method(args)?;
        if METHODS.get(args.count("method")?) == Some(&"black_litterman") {
            settings.expected = Expectation::BlackLitterman;
        }
        settings.refuse_idle_targets(args)?;
        settings.refuse_idle_limits()?;
        Ok(settings)
    }

    /// Settings of a function that takes the estimates and limits alone.
    ///
    /// # Errors
    /// 22023 for bounds that cross and for text that cannot be read.
    pub fn without_method(function: &str, args: &Args) -> Result<Self, QlError> {
        let bad = |param: &str, allowed: &str, found: &str| {
            QlError::bad_argument(function, param, allowed, format!("'{found}'"))
        };
        let settings = Self {
            function: function.into(),
            method: Method::MinVariance,
            covariance: match args.integer("covariance")? {
                0 => Estimator::Sample,
                1 => Estimator::Ewma(args.number("lambda")?),
                2 => Estimator::LedoitWolf,
                3 => Estimator::Oas,
                _ => Estimator::ConstantCorrelation,
            },
            expected: match args.integer("expected")? {
                0 => Expectation::Mean,
                1 => Expectation::Ewma(args.number("mean_lambda")?),
                2 => Expectation::Capm,
                3 => Expectation::Column,
                _ => Expectation::BlackLitterman,
            },
            periods: args.number("periods")?,
            risk_free: args.number("risk_free")?,
            risk_aversion: args.number("risk_aversion")?,
            min_weight: args.number("min_weight")?,
            max_weight: args.number("max_weight")?,
            net: args.number("net")?,
            max_gross: args.optional_number("max_gross")?,
            max_turnover: args.optional_number("max_turnover")?,
            max_sector: args.optional_number("max_sector")?,
            sector_limits: parse_sectors(args.text("sector_limits")?).map_err(|piece| {
                bad(
                    "sector_limits",
                    "limits such as 'Energy <= 0.2; Technology >= 0.1'",
                    &piece,
                )
            })?,
            tau: args.number("tau")?,
        };
        settings.check_bounds()?;
        Ok(settings)
    }

    fn check_bounds(&self) -> Result<(), QlError> {
        if self.min_weight > self.max_weight {
            return Err(self.bad(
                "min_weight",
                format!("at most max_weight, {}", self.max_weight),
                self.min_weight,
            ));
        }
        if self.max_gross.is_some_and(|gross| gross < self.net) {
            return Err(self.bad(
                "max_gross",
                format!("at least net, {}", self.net),
                self.max_gross.unwrap_or_default(),
            ));
        }
        Ok(())
    }

    fn read_method(&self, args: &Args) -> Result<Method, QlError> {
        let target = |param: &str| {
            args.optional_number(param)?
                .ok_or_else(|| self.bad(param, "given with this method", "NULL"))
        };
        let name = METHODS
            .get(args.count("method")?)
            .copied()
            .unwrap_or_default();
        Ok(match name {
            "equal" => Method::Equal,
            "inverse_volatility" => Method::InverseVolatility,
            "inverse_variance" => Method::InverseVariance,
            "risk_parity" => Method::RiskParity,
            "hrp" => Method::Hrp(linkage(args)?),
            "herc" => Method::Herc(linkage(args)?, clusters(args)?),
            "mean_variance" | "black_litterman" => Method::MeanVariance(self.risk_aversion),
            "max_sharpe" => Method::MaxSharpe(self.risk_free),
            "max_return" => Method::MaxReturn,
            "efficient_risk" => Method::EfficientRisk(target("target_risk")?),
            "efficient_return" => Method::EfficientReturn(target("target_return")?),
            "max_diversification" => Method::MaxDiversification,
            "cvar" => Method::MinCvar(args.number("level")?),
            "cdar" => Method::MinCdar(args.number("level")?),
            _ => Method::MinVariance,
        })
    }

    /// A target that the method does not aim at would be ignored: say so instead.
    fn refuse_idle_targets(&self, args: &Args) -> Result<(), QlError> {
        let aims = [
            (
                "target_risk",
                matches!(self.method, Method::EfficientRisk(_)),
            ),
            (
                "target_return",
                matches!(self.method, Method::EfficientReturn(_)),
            ),
        ];
        for (param, is_aimed_at) in aims {
            if let (Some(found), false) = (args.optional_number(param)?, is_aimed_at) {
                return Err(self.bad(param, "left out with this method", found));
            }
        }
        Ok(())
    }

    /// Likewise limits that the method does not obey.
    fn refuse_idle_limits(&self) -> Result<(), QlError> {
        if self.method.obeys_limits() {
            return Ok(());
        }
        let given = [
            (
                "min_weight",
                (self.min_weight != 0.0).then_some(self.min_weight),
            ),
            (
                "max_weight",
                (self.max_weight != 1.0).then_some(self.max_weight),
            ),
            ("max_gross", self.max_gross),
            ("max_turnover", self.max_turnover),
            ("max_sector", self.max_sector),
            (
                "sector_limits",
                self.sector_limits.first().map(|l| l.min.max(l.max)),
            ),
        ];
        match given.iter().find_map(|(param, value)| Some((param, (*value)?))) {
            None => Ok(()),
            Some((param, found)) => Err(self
                .bad(param, "left out with this method", found)
                .with_hint("Optimisers obey limits: min_variance, max_sharpe, max_diversification, cvar, ...")),
        }
    }

    /// The error for an argument of this function.
    pub fn bad(
        &self,
        param: &str,
        allowed: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> QlError {
        QlError::bad_argument(&self.function, param, allowed, found)
    }
}

fn linkage(args: &Args) -> Result<Linkage, QlError> {
    Ok(match args.integer("linkage")? {
        0 => Linkage::Single,
        1 => Linkage::Complete,
        2 => Linkage::Average,
        _ => Linkage::Ward,
    })
}

fn clusters(args: &Args) -> Result<Option<usize>, QlError> {
    match args.get("clusters")? {
        ParamValue::Null => Ok(None),
        _ => args.count("clusters").map(Some),
    }
}
