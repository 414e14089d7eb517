//! What a simulation tells, as it happens: fills, orders, cash flows, events, the account.

use crate::account::Account;
use crate::market::Columns;
use std::ops::Range;

/// Why an order exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A target.
    Target,
    /// An entry flag.
    Entry,
    /// An exit flag, or an entry of the other side that only closes.
    Exit,
    /// The `orders` query.
    Order,
    /// The stop loss of a position, also after it moved to the entry price.
    StopLoss,
    /// A take-profit of a position.
    TakeProfit,
    /// The trailing stop of a position.
    Trailing,
    /// The time stop of a position.
    Time,
    /// A margin call or bankruptcy.
    Liquidation,
    /// A rule of the risk manager that closes everything.
    Risk,
    /// The roll of a future: the trade goes on.
    Roll,
    /// Cash for what a split leaves below a lot.
    Split,
    /// The end of the data, with `close_at_end`.
    End,
}

impl Cause {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Order => "order",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::Trailing => "trailing",
            Self::Time => "time",
            Self::Liquidation => "liquidation",
            Self::Risk => "risk",
            Self::Roll => "roll",
            Self::Split => "split",
            Self::End => "end",
        }
    }
}

/// Where in a bar a fill happens; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Before the open: corporate actions.
    Before,
    /// At the open.
    Open,
    /// Inside the bar.
    Path,
    /// At the bar's average or custom price.
    Average,
    /// At the close, or after it at its price.
    Close,
}

/// An order, or a part of one, that was filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Number of the timestamp.
    pub time: usize,
    /// Nanoseconds since 1970, UTC.
    pub ts: i64,
    /// The bar: a row counted from the first one given.
    pub row: usize,
    /// The symbol's number.
    pub symbol: u32,
    /// The position: the symbol's number, or with hedging twice that, plus 1 for the short side.
    pub slot: u32,
    /// The order's number.
    pub order: u64,
    /// Units bought, negative for a sale.
    pub units: f64,
    /// The position afterwards.
    pub units_after: f64,
    /// Price before slippage.
    pub raw_price: f64,
    /// Price with slippage.
    pub price: f64,
    /// Account money per unit and price point: multiplier times currency rate.
    pub point: f64,
    /// Commission, in money.
    pub commission: f64,
    /// Why the order exists.
    pub cause: Cause,
    /// Where in the bar.
    pub moment: Moment,
    /// The number of the signal's source, 0 for none.
    pub source: u32,
}

impl Fill {
    /// What the slippage costs, in money.
    pub fn slippage(&self) -> f64 {
        (self.price - self.raw_price) * self.units * self.point
    }

    /// Value traded at the fill price, in money.
    pub fn value(&self) -> f64 {
        (self.price * self.units * self.point).abs()
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was handed in.
    Submitted,
    /// It waits.
    Accepted,
    /// It will not fill: at its submission, or at its fill when nothing of it may.
    Rejected,
    /// Its stop was reached.
    Triggered,
    /// A part of it was filled.
    PartiallyFilled,
    /// All of it was filled.
    Filled,
    /// What was left was withdrawn.
    Cancelled,
    /// Its time was over.
    Expired,
}

impl State {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Triggered => "triggered",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// One step of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// Number of the timestamp.
    pub time: usize,
    /// Nanoseconds since 1970, UTC.
    pub ts: i64,
    /// The order's number, counted from 1 in the order of submission.
    pub order: u64,
    /// The symbol's number.
    pub symbol: u32,
    /// Why the order exists.
    pub cause: Cause,
    /// The step.
    pub state: State,
    /// Units of the step, negative for a sale: asked for, filled or left; NaN where a weight was
    /// not sized yet.
    pub units: f64,
    /// Fill price, NaN for none.
    pub price: f64,
    /// Why, empty where the step says it.
    pub reason: &'static str,
    /// The row of the `orders` query, for its orders.
    pub request: Option<u32>,
}

/// What moves cash besides fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowKind {
    /// Dividends received or paid.
    Dividend,
    /// Funding of perpetual swaps.
    Funding,
    /// The fee for borrowed shares.
    Borrow,
    /// Interest on cash.
    Interest,
}

impl FlowKind {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dividend => "dividend",
            Self::Funding => "funding",
            Self::Borrow => "borrow",
            Self::Interest => "interest",
        }
    }
}

/// Money that came or went without a fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Number of the timestamp.
    pub time: usize,
    /// Nanoseconds since 1970, UTC.
    pub ts: i64,
    /// The position it belongs to, as in [`Fill::slot`]; `None` for interest on cash.
    pub slot: Option<u32>,
    /// The symbol's number; `None` for interest on cash.
    pub symbol: Option<u32>,
    /// What it is.
    pub kind: FlowKind,
    /// Money received, negative for money paid.
    pub amount: f64,
}

/// Something worth a row: a breach, a margin call, a corporate action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Number of the timestamp.
    pub time: usize,
    /// Nanoseconds since 1970, UTC.
    pub ts: i64,
    /// The symbol's number, `None` for the account.
    pub symbol: Option<u32>,
    /// The rule or action: `margin_call`, `bankrupt`, `split`, `dividend`, `roll`, `max_gross`, ...
    pub rule: &'static str,
    /// What was found: the ratio of a split, an exposure, an equity.
    pub value: f64,
    /// What is allowed, NaN where the rule has no limit.
    pub limit: f64,
}

/// The prices of a symbol on another scale, before the open: a split or a roll.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescale {
    /// Number of the timestamp.
    pub time: usize,
    /// The symbol's number.
    pub symbol: u32,
    /// Prices are divided by this and units multiplied; 1 for a roll.
    pub ratio: f64,
    /// Then prices are shifted by this, mark to mark; 0 for a split.
    pub shift: f64,
    /// Then entry prices are shifted by this for positions: the shift with the slippage of both
    /// legs of the roll.
    pub entry_shift: f64,
}

/// The account at one timestamp, after everything that happened at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapshot {
    /// Number of the timestamp.
    pub time: usize,
    /// Nanoseconds since 1970, UTC.
    pub ts: i64,
    /// Money.
    pub cash: f64,
    /// Value of the positions, shorts negative; 0 with variation margin.
    pub positions: f64,
    /// Value of the positions with their signs, whatever the margin.
    pub net: f64,
    /// Value of the positions, shorts positive.
    pub gross: f64,
    /// Value traded at this timestamp, at fill prices.
    pub traded: f64,
    /// Commission paid at this timestamp.
    pub costs: f64,
    /// Positions that are not 0.
    pub n_positions: u32,
}

impl Snapshot {
    /// Cash plus positions.
    pub fn equity(&self) -> f64 {
        self.cash + self.positions
    }
}

/// Takes what a simulation tells. What a sink leaves out costs nothing.
pub trait Sink {
    /// A fill.
    fn fill(&mut self, _fill: &Fill) {}

    /// Whether steps of orders are told at all.
    fn wants_transitions(&self) -> bool {
        true
    }

    /// A step of an order.
    fn transition(&mut self, _transition: &Transition) {}

    /// A cash flow.
    fn flow(&mut self, _flow: &Flow) {}

    /// An event.
    fn event(&mut self, _event: &Event) {}

    /// The prices of a symbol on another scale.
    fn rescale(&mut self, _rescale: &Rescale, _account: &Account) {}

    /// The bars of a timestamp, before anything happens at it.
    fn bars(&mut self, _time: usize, _columns: &Columns<'_>, _rows: Range<usize>) {}

    /// The end of a timestamp.
    fn account(&mut self, _now: &Snapshot, _account: &Account) {}

    /// Timestamps from `first` on at which nothing happens but that the prices of the only symbol
    /// move: a row each.
    fn quiet(&mut self, first: usize, account: &Account, columns: &Columns<'_>, rows: Range<usize>);
}
