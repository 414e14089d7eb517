//! From a target to a quantity: pure rules, one bar and one symbol at a time.

use crate::settings::{Settings, Sizing};

/// What has to be known about the account to size one order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Situation {
    /// Units held of this symbol.
    pub units: f64,
    /// The bar's price, before slippage.
    pub price: f64,
    /// Value of the account at the bar's prices.
    pub equity: f64,
    /// Gross exposure at the bar's prices, in money.
    pub gross: f64,
}

/// A fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// Units bought, negative for a sale.
    pub units: f64,
    /// The position afterwards.
    pub units_after: f64,
    /// Price with slippage.
    pub price: f64,
    /// Commission, in money.
    pub commission: f64,
    /// What the slippage costs against the bar's price, in money.
    pub slippage: f64,
    /// Change of the gross exposure at the bar's price, in money.
    pub gross_change: f64,
    /// Whether it was cut down to the buying power.
    pub is_reduced: bool,
}

/// What becomes of an intent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Nothing to do: the position is already there, or the order would be too small.
    Nothing,
    /// It fills.
    Fill(Order),
    /// There is no buying power for any of it.
    Reject,
}

/// Rounding of sums of money: below this fraction two quantities are the same.
const SAME: f64 = 1e-12;

/// The units that a target asks for.
///
/// A weight is a fraction of `equity`. With `reserve_costs` the weight also pays for its own
/// order, and for closing what is held on the other side first. A forbidden target asks for 0.
pub fn target_units(target: f64, now: &Situation, settings: &Settings) -> f64 {
    if is_forbidden(target, now, settings) {
        return 0.0;
    }
    let units = match settings.sizing {
        Sizing::Units => target,
        Sizing::Weight if settings.reserve_costs => units_after_costs(target, now, settings),
        Sizing::Weight => target * now.equity / now.price,
    };
    settings.whole_lots(units)
}

/// Whether a target cannot be: short where that is not allowed, or a weight of an account that is
/// worth nothing.
pub fn is_forbidden(target: f64, now: &Situation, settings: &Settings) -> bool {
    let is_worthless = settings.sizing == Sizing::Weight && now.equity <= 0.0;
    (target < 0.0 && !settings.allow_short) || (target != 0.0 && is_worthless)
}

/// About how much gross exposure a target adds, in money; negative if it frees some.
///
/// Taken from the target and not from its units, so that equal weights need exactly the same and
/// the order of fills does not hang on rounding.
pub fn exposure_change(target: f64, now: &Situation, settings: &Settings) -> f64 {
    let held = (now.units * now.price).abs();
    if is_forbidden(target, now, settings) {
        return -held;
    }
    match settings.sizing {
        Sizing::Units => target.abs() * now.price - held,
        Sizing::Weight => target.abs() * now.equity - held,
    }
}

fn units_after_costs(weight: f64, now: &Situation, settings: &Settings) -> f64 {
    if weight == 0.0 {
        return 0.0;
    }
    let fill_price = settings.fill_price(now.price, weight.signum());
    let is_reversal = weight * now.units < 0.0;
    let closed = if is_reversal { now.units.abs() } else { 0.0 };
    let per_unit = cost_per_unit(now.price, fill_price, settings);
    let left = now.equity - closed * per_unit - settings.commission_fixed;
    weight * left.max(0.0) / (fill_price * (1.0 + settings.commission))
}

fn cost_per_unit(price: f64, fill_price: f64, settings: &Settings) -> f64 {
    (fill_price - price).abs() + settings.commission * fill_price
}

/// The order that brings a position to `wanted` units, as far as the buying power goes.
///
/// The part that reduces the position always fills. The part that opens exposure is limited so
/// that gross exposure <= max_leverage * equity, both after this order and its costs. For a long
/// position and a leverage of 1 this says: no more than the cash pays for.
pub fn decide(wanted: f64, now: &Situation, settings: &Settings) -> Decision {
    let change = wanted - now.units;
    if change.abs() <= SAME * now.units.abs().max(wanted.abs()) {
        return Decision::Nothing;
    }
    if wanted != 0.0 && change.abs() * now.price < settings.min_trade {
        return Decision::Nothing;
    }
    let side = change.signum();
    let fill_price = settings.fill_price(now.price, side);
    let closed = if now.units * change < 0.0 {
        change.abs().min(now.units.abs())
    } else {
        0.0
    };
    let opened = change.abs() - closed;
    let room = if opened > 0.0 {
        buying_power(closed, fill_price, now, settings)
    } else {
        0.0
    };
    let is_reduced = opened > room * (1.0 + SAME);
    let opened = if is_reduced {
        settings.whole_lots(room)
    } else {
        opened
    };
    let quantity = closed + opened;
    if quantity <= 0.0 {
        return Decision::Reject;
    }
    Decision::Fill(Order {
        units: side * quantity,
        units_after: if is_reduced {
            // Exact, so that a reversal without room for the other side ends at 0.
            (now.units + side * closed) + side * opened
        } else {
            wanted
        },
        price: fill_price,
        commission: settings.commission_fixed + settings.commission * fill_price * quantity,
        slippage: (fill_price - now.price).abs() * quantity,
        gross_change: (opened - closed) * now.price,
        is_reduced,
    })
}

/// How many units can be opened after `closed` units of the other side are gone.
///
/// Solves gross + q * price = max_leverage * (equity - q * cost) for q.
fn buying_power(closed: f64, fill_price: f64, now: &Situation, settings: &Settings) -> f64 {
    let cost = cost_per_unit(now.price, fill_price, settings);
    let equity = now.equity - settings.commission_fixed - closed * cost;
    let gross = now.gross - closed * now.price;
    let room = settings.max_leverage * equity - gross;
    (room / (now.price + settings.max_leverage * cost)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: Situation = Situation {
        units: 0.0,
        price: 10.0,
        equity: 1000.0,
        gross: 0.0,
    };

    fn filled(wanted: f64, now: &Situation, settings: &Settings) -> Order {
        match decide(wanted, now, settings) {
            Decision::Fill(order) => order,
            other => panic!("expected a fill, found {other:?}"),
        }
    }

    #[test]
    fn a_weight_is_a_fraction_of_the_equity_at_the_price() {
        assert_eq!(target_units(0.5, &FLAT, &Settings::default()), 50.0);
        assert_eq!(target_units(-0.25, &FLAT, &Settings::default()), -25.0);
    }

    #[test]
    fn whole_lots_are_rounded_toward_zero() {
        let settings = Settings {
            lot: 10.0,
            ..Settings::default()
        };
        assert_eq!(target_units(0.999, &FLAT, &settings), 90.0);
        assert_eq!(target_units(-0.999, &FLAT, &settings), -90.0);
    }

    #[test]
    fn a_buy_with_commission_is_cut_down_to_the_cash() {
        let settings = Settings {
            commission: 0.01,
            ..Settings::default()
        };
        let order = filled(100.0, &FLAT, &settings);
        assert!(order.is_reduced);
        let paid = order.units * order.price + order.commission;
        assert!((paid - 1000.0).abs() < 1e-9, "{paid}");
    }

    #[test]
    fn a_weight_that_reserves_its_costs_spends_no_more_than_itself() {
        let settings = Settings {
            commission: 0.01,
            reserve_costs: true,
            ..Settings::default()
        };
        let wanted = target_units(0.5, &FLAT, &settings);
        let order = filled(wanted, &FLAT, &settings);
        assert!((order.units * order.price + order.commission - 500.0).abs() < 1e-9);
    }

    #[test]
    fn slippage_moves_buys_up_and_sales_down() {
        let settings = Settings {
            slippage: 0.001,
            ..Settings::default()
        };
        assert!((filled(10.0, &FLAT, &settings).price - 10.01).abs() < 1e-12);
        assert!((filled(-10.0, &FLAT, &settings).price - 9.99).abs() < 1e-12);
    }

    #[test]
    fn a_short_position_needs_as_much_equity_as_a_long_one() {
        assert!(!filled(-100.0, &FLAT, &Settings::default()).is_reduced);
        let order = filled(-150.0, &FLAT, &Settings::default());
        assert_eq!((order.units, order.is_reduced), (-100.0, true));
    }

    #[test]
    fn leverage_two_buys_twice_the_equity() {
        let settings = Settings {
            max_leverage: 2.0,
            ..Settings::default()
        };
        assert_eq!(filled(500.0, &FLAT, &settings).units, 200.0);
    }

    #[test]
    fn an_account_without_value_may_close_and_not_open() {
        let ruined = Situation {
            units: -50.0,
            equity: -10.0,
            gross: 500.0,
            ..FLAT
        };
        assert_eq!(target_units(1.0, &ruined, &Settings::default()), 0.0);
        let order = filled(20.0, &ruined, &Settings::default());
        assert_eq!((order.units, order.units_after), (50.0, 0.0));
        let flat = Situation {
            units: 0.0,
            gross: 0.0,
            ..ruined
        };
        assert_eq!(decide(5.0, &flat, &Settings::default()), Decision::Reject);
    }

    #[test]
    fn orders_below_the_minimum_are_left_out_unless_they_close() {
        let settings = Settings {
            min_trade: 100.0,
            ..Settings::default()
        };
        let held = Situation {
            units: 5.0,
            gross: 50.0,
            ..FLAT
        };
        assert_eq!(decide(9.0, &held, &settings), Decision::Nothing);
        assert_eq!(filled(0.0, &held, &settings).units, -5.0);
    }
}
