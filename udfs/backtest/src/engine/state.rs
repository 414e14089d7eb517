//! What the engine knows about symbols and positions besides the account: structures of arrays.

use super::record::{Cause, Moment};
use crate::account::Account;
use crate::costs::{MonthVolume, Quote};
use crate::limits::{Correlations, DailyTurnover, Guard};
use crate::market::Instrument;
use crate::settings::{Positions, Settings};
use crate::sizing::{KellyRecord, SizeType};
use crate::stops::{Distances, Exits};
use crate::trades::Matcher;

/// A signal order waits for the symbol.
pub(super) const WAITING: u8 = 1;
/// An order of the `orders` query is alive for the symbol.
pub(super) const RESTING: u8 = 2;
/// A position of the symbol has exits.
pub(super) const EXITS: u8 = 4;

/// What an order that waits for its price wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Want {
    /// There is no order.
    Nothing,
    /// A position: a weight or units.
    Target(f64),
    /// An entry on a side, with its own size or NaN.
    Entry { side: f64, size: f64 },
    /// To close the position, if it is on this side.
    Close { side: f64 },
    /// These units, signed: the rest of an order, or a part of a position.
    Units(f64),
}

/// An order of a signal, or one that the engine made, until it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) want: Want,
    pub(super) cause: Cause,
    pub(super) moment: Moment,
    /// Whether it was at its price before.
    pub(super) is_tried: bool,
    /// Whether a part of it was filled.
    pub(super) is_started: bool,
    pub(super) source: u32,
    /// Number of the timestamp at which it was made.
    pub(super) made_at: usize,
}

impl Waiting {
    pub(super) const NONE: Self = Self {
        id: 0,
        want: Want::Nothing,
        cause: Cause::Target,
        moment: Moment::Open,
        is_tried: false,
        is_started: false,
        source: 0,
        made_at: 0,
    };

    pub(super) fn is_some(&self) -> bool {
        self.want != Want::Nothing
    }

    /// Whether the rules ask for it, and not a signal or a take-profit: no minimum binds it.
    pub(super) fn is_forced(&self) -> bool {
        !matches!(
            self.cause,
            Cause::Target | Cause::Entry | Cause::Exit | Cause::TakeProfit
        )
    }
}

/// Which of the orders that may wait for one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Queue {
    /// Of the broker, the risk manager, and the rest of a stop.
    Forced,
    /// Of an exit flag.
    Exit,
    /// Of an entry flag or a target.
    Entry,
}

pub(super) const QUEUES: [Queue; 3] = [Queue::Forced, Queue::Exit, Queue::Entry];

/// What the bar of a signal says about its position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Context {
    pub(super) overrides: Distances,
    pub(super) atr: f64,
    pub(super) volatility: f64,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            overrides: Distances::default(),
            atr: f64::NAN,
            volatility: f64::NAN,
        }
    }
}

/// By symbol.
#[derive(Debug, Clone, Default)]
pub(super) struct Symbols {
    pub(super) busy: Vec<u8>,
    /// The last target given.
    pub(super) target: Vec<f64>,
    /// How many bars it had.
    pub(super) n_bars: Vec<u32>,
    /// Units filled in the bar at hand, with participation.
    pub(super) filled: Vec<f64>,
    /// The last `atr` known, for adaptive stops.
    pub(super) atr: Vec<f64>,
    /// The annual borrow rate of its last bar, NaN for none.
    pub(super) borrow: Vec<f64>,
    pub(super) instrument: Vec<Instrument>,
    pub(super) kelly: Vec<KellyRecord>,
    /// The row of its last bar, for `close_at_end`.
    pub(super) last_row: Vec<usize>,
    /// What a fill would have met in it: its part of the rows may be gone by then.
    pub(super) last_quote: Vec<Quote>,
}

/// By slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    pub(super) waiting: [Vec<Waiting>; 3],
    /// Of the last signal order.
    pub(super) context: Vec<Context>,
    /// Of the last signal order that opened or increased the position.
    pub(super) acting: Vec<Context>,
    pub(super) exits: Vec<Option<Exits>>,
    /// Number of the timestamp of the entry.
    pub(super) entered_at: Vec<usize>,
    /// How many bars the symbol had then, with a time stop.
    pub(super) entered_bar: Vec<u32>,
    /// Number of the timestamp at which its exits are not tried again.
    pub(super) blocked_at: Vec<usize>,
    /// Stops that triggered while an order waited that closes the whole position, with its slot.
    pub(super) stopped: Vec<(usize, Waiting)>,
}

impl Slots {
    pub(super) fn queue(&mut self, queue: Queue, slot: usize) -> &mut Waiting {
        &mut self.waiting[queue as usize][slot]
    }
}

/// Columns that a run may have, decided before its first bar: what is not there costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Features {
    /// Positions may have exits.
    pub(super) exits: bool,
    /// A signal's bar says something about its position.
    pub(super) context: bool,
    pub(super) participation: bool,
    pub(super) tiers: bool,
    pub(super) limits: bool,
    pub(super) turnover: bool,
    pub(super) correlations: bool,
    pub(super) guard: bool,
    pub(super) futures: bool,
    /// Whether slippage can move a price.
    pub(super) slips: bool,
    /// Whether costs are in proportion to the units, apart from a constant.
    pub(super) is_linear: bool,
}

impl Features {
    pub(super) fn of(settings: &Settings) -> Self {
        let limits = &settings.limits;
        Self {
            exits: settings.exits.is_active(),
            context: settings.exits.is_active()
                || matches!(
                    settings.entries.size.size_type,
                    SizeType::Risk | SizeType::Volatility | SizeType::Atr
                ),
            participation: settings.participation.is_finite(),
            tiers: settings.costs.commission.has_tiers(),
            limits: limits.cuts_orders(),
            turnover: limits.max_turnover.is_finite(),
            correlations: limits.max_correlation.is_some(),
            guard: limits.watches_account(),
            futures: settings.futures,
            slips: !settings.costs.slippage.is_free(),
            is_linear: settings.costs.is_linear(),
        }
    }
}

/// The parts of an account that only some settings need.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) month: MonthVolume,
    pub(super) day: DailyTurnover,
    pub(super) guard: Guard,
    pub(super) correlations: Correlations,
    /// The trades so far, for Kelly's fraction.
    pub(super) trades: Option<Matcher>,
    pub(super) is_bankrupt: bool,
}

/// The account's value as orders change it, at the prices of the moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Now {
    pub(super) equity: f64,
    pub(super) gross: f64,
    /// Equity before the first order of the moment.
    pub(super) sizing_equity: f64,
}

/// A new account under these settings.
pub(super) fn account(settings: &Settings) -> Account {
    Account::new(settings.cash, settings.positions == Positions::Hedging)
}
