//! Round trips: a fill that adds to a position begins trades, a fill against it ends them.
//!
//! With [`Matching::Fifo`] every fill that adds opens a lot, and a fill against the position closes
//! lots, oldest first, each as one trade; a lot closed in part leaves the rest open. With
//! [`Matching::Average`] a position is one lot at its average price. A fill through zero closes
//! everything and opens the other side. Costs per order are shared by quantity.

pub mod book;
mod lot;
pub mod reason;
pub mod replay;
pub mod visited;

pub use book::{BookFill, Flow, Mark, Matching, Rolled, TradeBook};
pub use reason::Reason;
pub use reason::Reason as ExitReason;
pub use replay::Matcher;

/// How a trade ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// Number of the timestamp.
    pub time: usize,
    /// Price with slippage.
    pub price: f64,
    /// Why.
    pub reason: Reason,
}

/// What the money of a trade is made of, in the account's currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Parts {
    /// Gain of the price, before slippage.
    pub price: f64,
    /// What slippage cost.
    pub slippage: f64,
    /// What the broker took.
    pub commission: f64,
    /// Dividends received, negative for those paid.
    pub dividends: f64,
    /// Borrow fees received, so 0 or negative.
    pub borrow: f64,
    /// Funding received, negative for what was paid.
    pub funding: f64,
}

impl Parts {
    /// Everything together: what the trade did to the equity.
    pub fn total(&self) -> f64 {
        self.price - self.slippage - self.commission + self.dividends + self.borrow + self.funding
    }
}

/// A lot from entry to exit, or to the last bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trade {
    /// The symbol's number.
    pub symbol: u32,
    /// The number of the entry's source.
    pub source: u32,
    /// Number of the timestamp of the entry.
    pub entry_time: usize,
    /// Price with slippage, shifted by rolls and divided by splits since.
    pub entry_price: f64,
    /// Why it began.
    pub entry_reason: Reason,
    /// Value at the entry price, positive, in the account's currency.
    pub entry_value: f64,
    /// `None` while the lot is open.
    pub exit: Option<Exit>,
    /// Units, negative for a short trade.
    pub units: f64,
    /// Commission of entry and exit; slippage is in the prices.
    pub costs: f64,
    /// Profit at fill prices after commission; of an open trade at the last price seen. Dividends,
    /// borrow fees and funding are not in it: [`Parts::total`] has everything.
    pub pnl: f64,
    /// Bars of the symbol from the one of the entry to the one of the exit.
    pub bars: i64,
    /// Worst return during the trade, before costs, at most 0.
    pub mae: f64,
    /// Best return during the trade, before costs, at least 0.
    pub mfe: f64,
    /// Where its profit is from.
    pub parts: Parts,
}

impl Trade {
    /// Profit after costs over the value at entry.
    pub fn ret(&self) -> f64 {
        self.pnl / self.entry_value
    }
}
