//! The units of an entry.

use crate::costs::currency::NO_RATE;
use crate::stops::NO_ATR;

/// What the size of an entry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SizeType {
    /// Fraction of equity put into the position.
    #[default]
    Percent,
    /// Units.
    Units,
    /// Money.
    Value,
    /// Fraction of equity lost when the stop is hit.
    Risk,
    /// Annual volatility that the position gives the account.
    Volatility,
    /// Fraction of equity that one `atr` moves.
    Atr,
    /// Fraction of the Kelly stake.
    Kelly,
}

impl SizeType {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("percent", Self::Percent),
        ("units", Self::Units),
        ("value", Self::Value),
        ("risk", Self::Risk),
        ("volatility", Self::Volatility),
        ("atr", Self::Atr),
        ("kelly", Self::Kelly),
    ];
}

/// A rule and its size; the default puts all of the equity into a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeRule {
    /// What the size means.
    pub size_type: SizeType,
    /// The size of an entry whose bar does not override it.
    pub size: f64,
    /// Bars per year, for volatility.
    pub periods: f64,
}

impl Default for SizeRule {
    fn default() -> Self {
        Self {
            size_type: SizeType::Percent,
            size: 1.0,
            periods: 252.0,
        }
    }
}

/// What a size is applied to, at the moment of the fill. What is not known is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Basis {
    /// Value of the account.
    pub equity: f64,
    /// Price before slippage, in the instrument's currency.
    pub price: f64,
    /// Multiplier times currency rate: account money per unit and price point.
    pub unit_value: f64,
    /// Price units between entry and stop.
    pub stop_distance: f64,
    /// Standard deviation of returns per bar, as a fraction.
    pub volatility: f64,
    /// Average true range, in price units.
    pub atr: f64,
    /// The Kelly stake of the symbol, as a fraction.
    pub kelly_stake: f64,
}

/// Why a size is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeFault {
    /// `risk` without a stop.
    NoStop,
    /// `volatility` without a volatility above 0.
    NoVolatility,
    /// `atr` without an `atr` above 0.
    NoAtr,
    /// The currency's rate is unknown.
    NoRate,
}

impl SizeFault {
    /// The reason of the rejected order.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoStop => "no stop",
            Self::NoVolatility => "no volatility",
            Self::NoAtr => NO_ATR,
            Self::NoRate => NO_RATE,
        }
    }
}

impl SizeRule {
    /// The units of an entry; not above 0 where there is nothing to buy, which is no entry.
    ///
    /// `own_size` overrides the size of the rule; NaN for none.
    ///
    /// # Errors
    /// Where what the rule divides by is unknown or not above 0.
    pub fn units(&self, own_size: f64, basis: &Basis) -> Result<f64, SizeFault> {
        let size = if own_size.is_finite() {
            own_size
        } else {
            self.size
        };
        let equity = basis.equity;
        let price = || above_zero(basis.price * basis.unit_value, SizeFault::NoRate);
        Ok(match self.size_type {
            SizeType::Percent => size * equity / price()?,
            SizeType::Units => size,
            SizeType::Value => size / price()?,
            SizeType::Risk => size * equity / money(basis, basis.stop_distance, SizeFault::NoStop)?,
            SizeType::Volatility => {
                let per_bar = above_zero(basis.volatility, SizeFault::NoVolatility)?;
                size / (per_bar * self.periods.sqrt()) * equity / price()?
            }
            SizeType::Atr => size * equity / money(basis, basis.atr, SizeFault::NoAtr)?,
            SizeType::Kelly => size * basis.kelly_stake * equity / price()?,
        })
    }
}

/// A distance in price units as account money per unit.
fn money(basis: &Basis, distance: f64, fault: SizeFault) -> Result<f64, SizeFault> {
    let distance = above_zero(distance, fault)?;
    above_zero(distance * basis.unit_value, SizeFault::NoRate)
}

fn above_zero(value: f64, fault: SizeFault) -> Result<f64, SizeFault> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASIS: Basis = Basis {
        equity: 10_000.0,
        price: 50.0,
        unit_value: 2.0,
        stop_distance: 5.0,
        volatility: 0.02,
        atr: 4.0,
        kelly_stake: 0.25,
    };

    fn units(size_type: SizeType, size: f64) -> f64 {
        let rule = SizeRule {
            size_type,
            size,
            periods: 256.0,
        };
        rule.units(f64::NAN, &BASIS).expect("a size")
    }

    #[test]
    fn each_rule_is_its_formula() {
        assert_eq!(units(SizeType::Percent, 0.5), 50.0);
        assert_eq!(units(SizeType::Units, 7.0), 7.0);
        assert_eq!(units(SizeType::Value, 1000.0), 10.0);
        // 1 % of 10,000 over a stop of 5 points at 2 per point.
        assert_eq!(units(SizeType::Risk, 0.01), 10.0);
        // 0.16 a year over 0.02 * 16 a year.
        assert_eq!(units(SizeType::Volatility, 0.16), 50.0);
        assert_eq!(units(SizeType::Atr, 0.01), 12.5);
        assert_eq!(units(SizeType::Kelly, 0.5), 12.5);
    }

    #[test]
    fn the_bar_overrides_the_size() {
        let rule = SizeRule::default();
        assert_eq!(rule.units(0.1, &BASIS), Ok(10.0));
    }

    #[test]
    fn what_cannot_be_divided_by_has_a_reason() {
        let fault = |size_type, basis| {
            let rule = SizeRule {
                size_type,
                ..SizeRule::default()
            };
            rule.units(f64::NAN, &basis).expect_err("unknown").reason()
        };
        let stop_distance = f64::NAN;
        assert_eq!(
            fault(
                SizeType::Risk,
                Basis {
                    stop_distance,
                    ..BASIS
                }
            ),
            "no stop"
        );
        let volatility = 0.0;
        assert_eq!(
            fault(
                SizeType::Volatility,
                Basis {
                    volatility,
                    ..BASIS
                }
            ),
            "no volatility"
        );
        let atr = f64::NAN;
        assert_eq!(fault(SizeType::Atr, Basis { atr, ..BASIS }), "no atr");
        let unit_value = f64::NAN;
        assert_eq!(
            fault(
                SizeType::Percent,
                Basis {
                    unit_value,
                    ..BASIS
                }
            ),
            "no rate"
        );
    }
}
