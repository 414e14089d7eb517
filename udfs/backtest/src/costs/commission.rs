//! Commission: a rate, a price per unit, a price per order, bounds, tiers, maker and taker.

use super::Liquidity;
use super::schedule::parse_steps;
use chrono::{DateTime, Datelike};
use quantlake_core::QlError;

/// A step of a schedule: from this traded value in the month on, this rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tier {
    /// Value traded in the calendar month before the fill, in the account's currency.
    pub from: f64,
    /// Commission as a fraction of the value of a fill.
    pub rate: f64,
}

/// The commission of a fill:
/// `max(min, min(max, value · rate + units · per_unit + fixed))`, with `fixed` once per order.
#[derive(Debug, Clone, PartialEq)]
pub struct Commission {
    /// Fraction of the value of the fill.
    pub rate: f64,
    /// Money per unit.
    pub per_unit: f64,
    /// Money per order, charged with its first fill.
    pub fixed: f64,
    /// Least commission of a fill; minus infinity for none, so that a rebate stays one.
    pub min: f64,
    /// Largest commission of a fill; infinity for none.
    pub max: f64,
    /// Replaces the rate where the fill gave liquidity; negative is a rebate.
    pub maker: Option<f64>,
    /// Replaces the rate where the fill took liquidity.
    pub taker: Option<f64>,
    /// Replaces the rate by the value traded in the month, ascending; empty for none.
    pub tiers: Vec<Tier>,
}

impl Default for Commission {
    fn default() -> Self {
        Self {
            rate: 0.0,
            per_unit: 0.0,
            fixed: 0.0,
            min: f64::NEG_INFINITY,
            max: f64::INFINITY,
            maker: None,
            taker: None,
            tiers: Vec::new(),
        }
    }
}

/// What the commission of one fill depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Charge {
    /// Units filled, positive.
    pub units: f64,
    /// Units times fill price times multiplier times currency rate.
    pub value: f64,
    /// Whether the order fills for the first time.
    pub is_first: bool,
    /// Whether the order waited in the market.
    pub liquidity: Liquidity,
    /// Value that the account has traded in this month before the fill.
    pub month_value: f64,
}

impl Commission {
    /// Whether every fill is free.
    pub fn is_free(&self) -> bool {
        let rates = [self.rate, self.per_unit, self.fixed];
        rates == [0.0; 3]
            && self.min <= 0.0
            && self.max >= 0.0
            && self.maker.unwrap_or(0.0) == 0.0
            && self.taker.unwrap_or(0.0) == 0.0
            && self.tiers.is_empty()
    }

    /// Whether the charge is a constant plus a multiple of the units: no bounds.
    pub fn is_linear(&self) -> bool {
        self.min == f64::NEG_INFINITY && self.max == f64::INFINITY
    }

    /// Whether the rate depends on what the account has traded, so that it has to be counted.
    pub fn has_tiers(&self) -> bool {
        !self.tiers.is_empty()
    }

    /// The fraction of the value that such a fill pays: maker or taker before tiers before `rate`.
    pub fn rate_of(&self, liquidity: Liquidity, month_value: f64) -> f64 {
        let by_side = match liquidity {
            Liquidity::Maker => self.maker,
            Liquidity::Taker => self.taker,
        };
        by_side.unwrap_or_else(|| self.tier_rate(month_value))
    }

    fn tier_rate(&self, month_value: f64) -> f64 {
        let reached = self.tiers.iter().rev().find(|t| t.from <= month_value);
        reached.map_or(self.rate, |tier| tier.rate)
    }

    /// The commission of a fill in the account's currency; negative is a rebate.
    pub fn charge(&self, fill: &Charge) -> f64 {
        let fixed = if fill.is_first { self.fixed } else { 0.0 };
        let rate = self.rate_of(fill.liquidity, fill.month_value);
        let sum = fill.value * rate + fill.units * self.per_unit + fixed;
        sum.min(self.max).max(self.min)
    }
}

/// Reads a schedule such as `0:0.001,1000000:0.0005`: traded value in the month and rate.
///
/// # Errors
/// 22023 with the function's name when a step is not `value:rate`, a rate is outside -0.5 to 0.5,
/// the values do not ascend or the first is not 0. An empty text is an empty schedule.
pub fn parse_tiers(function: &str, text: &str) -> Result<Vec<Tier>, QlError> {
    let refuse = || {
        let allowed = "steps `value:rate` with ascending values from 0 and rates between -0.5 and \
                       0.5, as in '0:0.001,1000000:0.0005'";
        QlError::bad_argument(function, "tiers", allowed, format!("'{text}'"))
    };
    let mut tiers: Vec<Tier> = Vec::new();
    for (from, rate) in parse_steps(text).ok_or_else(refuse)? {
        let ascends = tiers
            .last()
            .map_or(from == 0.0, |before| from > before.from);
        if !ascends || !(-0.5..=0.5).contains(&rate) {
            return Err(refuse());
        }
        tiers.push(Tier { from, rate });
    }
    Ok(tiers)
}

/// The value that an account has traded in the calendar month (UTC) of its last fill.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MonthVolume {
    month: i64,
    value: f64,
}

impl MonthVolume {
    /// The value traded in the month of `ts` (nanoseconds since 1970, UTC) so far.
    pub fn at(&mut self, ts: i64) -> f64 {
        let month = month_of(ts);
        if month != self.month {
            *self = Self { month, value: 0.0 };
        }
        self.value
    }

    /// Counts a fill of this value at `ts`.
    pub fn add(&mut self, ts: i64, value: f64) {
        self.value = self.at(ts) + value;
    }
}

fn month_of(ts: i64) -> i64 {
    let date = DateTime::from_timestamp_nanos(ts);
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILL: Charge = Charge {
        units: 100.0,
        value: 1000.0,
        is_first: true,
        liquidity: Liquidity::Taker,
        month_value: 0.0,
    };

    fn day(number: i64) -> i64 {
        number * 86_400 * 1_000_000_000
    }

    #[test]
    fn rate_units_and_order_add_up_and_the_order_pays_once() {
        let commission = Commission {
            rate: 0.001,
            per_unit: 0.005,
            fixed: 2.0,
            ..Commission::default()
        };
        assert_eq!(commission.charge(&FILL), 1.0 + 0.5 + 2.0);
        let later = Charge {
            is_first: false,
            ..FILL
        };
        assert_eq!(commission.charge(&later), 1.5);
    }

    #[test]
    fn the_minimum_wins_over_the_maximum() {
        let bounded = |min, max| Commission {
            rate: 0.01,
            min,
            max,
            ..Commission::default()
        };
        assert_eq!(bounded(20.0, f64::INFINITY).charge(&FILL), 20.0);
        assert_eq!(bounded(0.0, 5.0).charge(&FILL), 5.0);
        assert_eq!(bounded(7.0, 5.0).charge(&FILL), 7.0);
    }

    #[test]
    fn a_maker_rebate_is_paid_out_where_there_is_no_minimum() {
        let commission = Commission {
            maker: Some(-0.0001),
            taker: Some(0.0005),
            ..Commission::default()
        };
        let maker = Charge {
            liquidity: Liquidity::Maker,
            ..FILL
        };
        assert_eq!(commission.charge(&maker), -0.1);
        assert_eq!(commission.charge(&FILL), 0.5);
    }

    #[test]
    fn a_tier_begins_at_its_value() {
        let tiers = parse_tiers("backtest", "0:0.001, 1000000:0.0005").expect("good tiers");
        let commission = Commission {
            tiers,
            ..Commission::default()
        };
        assert_eq!(commission.rate_of(Liquidity::Taker, 999_999.0), 0.001);
        assert_eq!(commission.rate_of(Liquidity::Taker, 1_000_000.0), 0.0005);
    }

    #[test]
    fn tiers_that_cannot_be_read_are_named() {
        for bad in [
            "0.001",
            "1:0.001",
            "0:0.001,0:0.002",
            "0:0.9",
            "0:x",
            "0:0.1:2",
            "0:nan",
            ",",
        ] {
            let error = parse_tiers("backtest", bad).expect_err(bad);
            assert!(
                error.message.starts_with("backtest: `tiers` must be"),
                "{error:?}"
            );
            assert!(
                error.message.ends_with(&format!("found '{bad}'")),
                "{error:?}"
            );
        }
        assert_eq!(parse_tiers("backtest", " ").expect("no tiers"), []);
    }

    #[test]
    fn the_value_traded_starts_anew_with_the_month() {
        let mut traded = MonthVolume::default();
        traded.add(day(0), 5.0);
        traded.add(day(30), 6.0);
        assert_eq!(traded.at(day(30)), 11.0);
        assert_eq!(traded.at(day(31)), 0.0);
        // The last nanosecond of 1969 is in another month than the first of 1970.
        traded.add(-1, 3.0);
        assert_eq!(traded.at(0), 0.0);
    }

    #[test]
    fn the_default_costs_nothing() {
        assert!(Commission::default().is_free() && Commission::default().is_linear());
        assert_eq!(Commission::default().charge(&FILL), 0.0);
    }
}
