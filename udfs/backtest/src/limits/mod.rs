//! The risk manager: what an order may open, and when the account has to stop.
//!
//! [`Limits`] holds the checked parameters. [`Limits::allowed`] cuts an order's opening part;
//! [`Guard`] watches the account at its marks; [`Correlations`] remembers returns. What is not
//! asked for costs nothing: ask [`Limits::cuts_orders`], [`Limits::watches_account`] and
//! [`Limits::max_correlation`] before the bars.

pub mod correlation;
pub mod exposure;
pub mod guard;

pub use correlation::Correlations;
pub use exposure::{Allowed, Exposure};
pub use guard::{DailyTurnover, Guard};

/// A rule of the risk manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Value of one position over equity.
    MaxPosition,
    /// Gross exposure over equity.
    MaxGross,
    /// Absolute net exposure over equity.
    MaxNet,
    /// Gross exposure of a sector over equity.
    MaxSector,
    /// Number of positions.
    MaxPositions,
    /// Correlation with a position held.
    MaxCorrelation,
    /// Value traded in the day over equity.
    MaxTurnover,
    /// Loss since the last mark of the day before.
    DailyLoss,
    /// Loss since the highest equity.
    MaxDrawdownStop,
    /// Equity in money.
    KillEquity,
}

impl Rule {
    /// The name of its argument, which is its name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxPosition => "max_position",
            Self::MaxGross => "max_gross",
            Self::MaxNet => "max_net",
            Self::MaxSector => "max_sector",
            Self::MaxPositions => "max_positions",
            Self::MaxCorrelation => "max_correlation",
            Self::MaxTurnover => "max_turnover",
            Self::DailyLoss => "daily_loss",
            Self::MaxDrawdownStop => "max_drawdown_stop",
            Self::KillEquity => "kill_equity",
        }
    }
}

/// A rule that was met, with what would have been or is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Breach {
    /// The rule.
    pub rule: Rule,
    /// The value that breaks it: of an order the value if it were filled whole, of a loss a
    /// negative return, of the kill switch the equity.
    pub value: f64,
    /// The limit, as it was given.
    pub limit: f64,
}

/// The limits of a run; infinity is no limit. The default has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Largest |value| of a position over equity.
    pub max_position: f64,
    /// Largest gross exposure over equity.
    pub max_gross: f64,
    /// Largest |net exposure| over equity.
    pub max_net: f64,
    /// Largest gross exposure of a sector over equity.
    pub max_sector: f64,
    /// Largest number of positions.
    pub max_positions: Option<u32>,
    /// Largest correlation of a new position with one held.
    pub max_correlation: Option<f64>,
    /// Bars over which correlations are taken.
    pub correlation_bars: usize,
    /// Largest value traded per calendar day (UTC) over equity.
    pub max_turnover: f64,
    /// Loss of a day that closes everything, as a fraction above 0.
    pub daily_loss: Option<f64>,
    /// Drawdown that closes everything, as a fraction above 0.
    pub max_drawdown_stop: Option<f64>,
    /// Days without entries after a drawdown stop; `None` for ever.
    pub drawdown_pause: Option<f64>,
    /// Equity at or below which everything is closed for ever, in money.
    pub kill_equity: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_position: f64::INFINITY,
            max_gross: f64::INFINITY,
            max_net: f64::INFINITY,
            max_sector: f64::INFINITY,
            max_positions: None,
            max_correlation: None,
            correlation_bars: 60,
            max_turnover: f64::INFINITY,
            daily_loss: None,
            max_drawdown_stop: None,
            drawdown_pause: None,
            kill_equity: None,
        }
    }
}

impl Limits {
    /// Whether orders have to be looked at.
    pub fn cuts_orders(&self) -> bool {
        let bounds = [self.max_position, self.max_gross, self.max_net];
        bounds.iter().any(|b| b.is_finite())
            || self.max_sector.is_finite()
            || self.max_turnover.is_finite()
            || self.max_positions.is_some()
            || self.max_correlation.is_some()
    }

    /// Whether the account has to be looked at, at its marks.
    pub fn watches_account(&self) -> bool {
        self.daily_loss.is_some() || self.max_drawdown_stop.is_some() || self.kill_equity.is_some()
    }

    /// Whether anything is limited.
    pub fn is_active(&self) -> bool {
        self.cuts_orders() || self.watches_account()
    }
}
