//! What trading and holding cost: pure rules, one fill or one stretch of time at a time.
//!
//! [`Costs`] holds the checked parameters of one run and never changes during it. The little that
//! does change, the value traded in the month, is [`MonthVolume`] and belongs to an account.
//! Money is in the account's currency, prices are in the instrument's.

pub mod commission;
pub mod currency;
pub mod financing;
pub mod room;
pub mod schedule;
pub mod slippage;
pub mod tick;

pub use commission::{Commission, MonthVolume, Tier};
pub use currency::{RateFault, Rates};
pub use financing::Financing;
pub use room::largest_within;
pub use slippage::{Impact, Quote, Slippage};

/// Whether a fill gave liquidity to the market or took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liquidity {
    /// A limit order that waited in the market: any limit fill except one at a gap open.
    Maker,
    /// Everything else.
    Taker,
}

/// What a fill costs and where it happens, for all instruments of a run. The default is free.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Costs {
    /// What the broker takes.
    pub commission: Commission,
    /// How far the price moves against the order.
    pub slippage: Slippage,
    /// What time costs.
    pub financing: Financing,
}

impl Costs {
    /// Whether a fill happens at its price and for nothing.
    pub fn is_free(&self) -> bool {
        self.commission.is_free() && self.slippage.is_free()
    }

    /// Whether the cost of a fill is a constant plus a multiple of its units, so that a quantity
    /// that pays for itself can be solved for without a search ([`largest_within`] is the search).
    pub fn is_linear(&self) -> bool {
        self.commission.is_linear() && !self.slippage.depends_on_units()
    }
}
