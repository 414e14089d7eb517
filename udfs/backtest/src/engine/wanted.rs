//! How many units an order asks for when it is its turn.

use super::Engine;
use super::moment::Intent;
use super::reasons;
use super::record::{Cause, Moment, State};
use super::state::{Waiting, Want};
use crate::costs::largest_within;
use crate::market::Columns;
use crate::settings::Sizing;
use crate::sizing::Basis;

/// A target closer to the position than this, as a fraction of the larger, is reached.
const SAME_TARGET: f64 = 1e-9;

impl Engine {
    /// The signed units that an order asks for now, and the position when it is filled whole.
    pub(super) fn wanted_units(
        &self,
        columns: &Columns<'_>,
        intent: &Intent,
        order: &Waiting,
    ) -> Result<(f64, f64), (State, &'static str)> {
        let held = self.account.units[intent.slot];
        let symbol = self.account.symbol_of(intent.slot);
        let nothing = Err((State::Cancelled, reasons::NOTHING_TO_DO));
        if !self.account.point[symbol].is_finite() {
            return Err((State::Rejected, reasons::NO_RATE));
        }
        match order.want {
            Want::Nothing => nothing,
            Want::Close { side } if held * side > 0.0 => Ok((-held, 0.0)),
            Want::Close { .. } => nothing,
            Want::Units(units) => self.rest_units(order, units, held),
            Want::Target(target) => {
                let exact = self.target_units(columns, intent, order, target);
                let wanted = self.settings.whole_lots(exact);
                if wanted == 0.0 && exact != 0.0 && held == 0.0 {
                    return Err((State::Rejected, reasons::BELOW_LOT));
                }
                let change = wanted - held;
                if change.abs() <= SAME_TARGET * held.abs().max(wanted.abs()) {
                    return nothing;
                }
                Ok((change, wanted))
            }
            Want::Entry { side, size } => {
                let units = self.entry_units(intent, symbol, size)?;
                let against = if held * side < 0.0 { held.abs() } else { 0.0 };
                let change = side * (units + against);
                let after = if against > 0.0 {
                    side * units
                } else {
                    held + side * units
                };
                Ok((change, after))
            }
        }
    }

    /// The rest of an order, or what is to be closed of a position: never more than there is.
    fn rest_units(
        &self,
        order: &Waiting,
        units: f64,
        held: f64,
    ) -> Result<(f64, f64), (State, &'static str)> {
        let only_closes = !matches!(order.cause, Cause::Target | Cause::Entry);
        if !only_closes {
            return Ok((units, held + units));
        }
        if held * units >= 0.0 {
            return Err((State::Cancelled, reasons::NOTHING_TO_DO));
        }
        if units.abs() >= held.abs() {
            return Ok((-held, 0.0));
        }
        Ok((units, held + units))
    }

    fn entry_units(
        &self,
        intent: &Intent,
        symbol: usize,
        size: f64,
    ) -> Result<f64, (State, &'static str)> {
        let context = self.slots.context[intent.slot];
        let exits = &self.settings.exits;
        let distance = exits.stop_distance(&context.overrides, intent.price, context.atr);
        let basis = Basis {
            equity: self.now.sizing_equity,
            price: intent.price,
            unit_value: self.account.point[symbol],
            stop_distance: distance,
            volatility: context.volatility,
            atr: context.atr,
            kelly_stake: self.symbols.kelly[symbol].stake(&self.settings.entries.kelly),
        };
        let units = self.settings.entries.size.units(size, &basis);
        let units = units.map_err(|fault| (State::Rejected, fault.reason()))?;
        if units <= 0.0 {
            return Err((State::Rejected, reasons::SIZE));
        }
        match self.settings.whole_lots(units) {
            0.0 => Err((State::Rejected, reasons::BELOW_LOT)),
            whole => Ok(whole),
        }
    }

    /// The units of a target before lots.
    fn target_units(
        &self,
        columns: &Columns<'_>,
        intent: &Intent,
        order: &Waiting,
        target: f64,
    ) -> f64 {
        let symbol = self.account.symbol_of(intent.slot);
        let unit_value = intent.price * self.account.point[symbol];
        let equity = self.now.sizing_equity;
        match self.settings.sizing {
            Sizing::Units => target,
            Sizing::Weight if equity <= 0.0 => 0.0,
            Sizing::Weight if self.settings.reserve_costs && target != 0.0 => {
                self.target_after_costs(columns, intent, order, target, unit_value)
            }
            Sizing::Weight => target * equity / unit_value,
        }
    }

    /// The position u with |u| · price + cost(u − held) = |target| · equity.
    fn target_after_costs(
        &self,
        columns: &Columns<'_>,
        intent: &Intent,
        order: &Waiting,
        target: f64,
        unit_value: f64,
    ) -> f64 {
        let side = target.signum();
        let held = self.account.units[intent.slot];
        let budget = target.abs() * self.now.sizing_equity;
        let probe = self.ticket(intent, order, side, side, Moment::Open);
        let spare = |units: f64| {
            let change = side * units - held;
            let cost = self.cost(columns, &probe, change.signum(), change.abs());
            budget - (units * unit_value + cost)
        };
        let most = 2.0 * budget / unit_value;
        if !self.features.is_linear {
            return side * largest_within(most, spare);
        }
        // Linear on either side of the position, where the order turns.
        let turn = (side * held).max(0.0);
        let at_turn = if turn > 0.0 {
            budget - turn * unit_value - self.cost(columns, &probe, side, 0.0)
        } else {
            spare(0.0)
        };
        let far = if at_turn >= 0.0 {
            turn + most.max(turn)
        } else {
            0.0
        };
        let at_far = spare(far);
        let share = at_turn / (at_turn - at_far);
        side * (turn + (far - turn) * share).max(0.0)
    }
}
