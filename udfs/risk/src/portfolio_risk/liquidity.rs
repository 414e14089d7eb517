//! How long it takes to sell a position, and what that adds to its risk.
//!
//! Sources: Bangia, Diebold, Schuermann and Stroughair, "Modeling Liquidity Risk" (1999) for the
//! spread; Dowd, Measuring Market Risk (2nd ed. 2005), section 14.2 for the horizon of a position
//! that is sold in equal parts.

use super::tail_risk::{Method, tail_risk};

/// A position with the history of its market.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Units held; negative when short.
    pub units: f64,
    /// Prices in time order.
    pub prices: Vec<f64>,
    /// Units traded in each period.
    pub volumes: Vec<f64>,
    /// Bid-ask spread as a fraction of the price; NaN where unknown.
    pub spread: f64,
}

/// What a market lets through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// Share of the volume that the position can be.
    pub participation: f64,
    /// How many of the last periods the mean volume is taken over.
    pub volume_rows: usize,
    /// Factor of volumes: below 1 in a drought.
    pub volume_scale: f64,
    /// Factor of spreads: above 1 in a drought.
    pub spread_scale: f64,
    /// Worst share of the periods that counts as risk.
    pub share: f64,
}

/// The liquidity of a position, in money of its price.
#[derive(Debug, Clone, PartialEq)]
pub struct Liquidity {
    /// Units times last price.
    pub value: f64,
    /// Mean volume in units a period.
    pub average_volume: f64,
    /// Periods until all is sold.
    pub periods: f64,
    /// Half the spread on the value, a cost, 0 or negative.
    pub spread_cost: f64,
    /// Profit and loss of one period at each past return.
    pub scenarios: Vec<f64>,
    /// [`horizon_scale`] of `periods`.
    pub scale: f64,
}

/// How much larger the deviation of the profit is when a position is sold in equal parts over
/// this many periods, than over one: `sqrt((1 + D) (1 + 2 D) / (6 D))`. 1 for less than a period.
pub fn horizon_scale(periods: f64) -> f64 {
    // Not `max`, which would make an unknown time a short one.
    let periods = if periods < 1.0 { 1.0 } else { periods };
    ((1.0 + periods) * (1.0 + 2.0 * periods) / (6.0 * periods)).sqrt()
}

/// The liquidity of one position. NaN where prices or volumes are missing.
pub fn liquidity(holding: &Holding, market: &Market) -> Liquidity {
    let last = holding.prices.last().copied().unwrap_or(f64::NAN);
    let value = holding.units * last;
    let first = holding.volumes.len().saturating_sub(market.volume_rows);
    let recent = &holding.volumes[first..];
    let average_volume = market.volume_scale * recent.iter().sum::<f64>() / recent.len() as f64;
    let traded = market.participation * average_volume;
    let periods = if traded > 0.0 {
        holding.units.abs() / traded
    } else {
        f64::NAN
    };
    Liquidity {
        value,
        average_volume,
        periods,
        spread_cost: -0.5 * holding.spread * market.spread_scale * value.abs(),
        scenarios: holding
            .prices
            .windows(2)
            .map(|p| value * (p[1] / p[0] - 1.0))
            .collect(),
        scale: horizon_scale(periods),
    }
}

impl Liquidity {
    /// Gaussian value at risk over one period in money, without the mean, which is nothing over
    /// so short a time.
    pub fn value_at_risk(&self, share: f64) -> f64 {
        risk_around_zero(&self.scenarios, share)
    }
}

/// The Gaussian value at risk of these profits less their mean.
pub fn risk_around_zero(profits: &[f64], share: f64) -> f64 {
    let mean = profits.iter().sum::<f64>() / profits.len() as f64;
    tail_risk(profits, share, Method::Gaussian).value_at_risk - mean
}
