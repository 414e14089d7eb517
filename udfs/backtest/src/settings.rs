//! What a simulation is told besides the bars.

use crate::costs::Costs;
use crate::limits::Limits;
use crate::sizing::{Kelly, SizeRule};
use crate::stops::ExitRules;
use crate::trades::Matching;

/// Where an order of a signal fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FillAt {
    /// At the open of the symbol's next bar.
    #[default]
    NextOpen,
    /// At the close of the symbol's next bar.
    NextClose,
    /// At the close whose bar carries the signal: it assumes a trade at a price just seen.
    SameClose,
    /// At the volume-weighted average price of the symbol's next bar.
    Vwap,
    /// At the column `price` of the symbol's next bar.
    Price,
}

impl FillAt {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("next_open", Self::NextOpen),
        ("next_close", Self::NextClose),
        ("same_close", Self::SameClose),
        ("vwap", Self::Vwap),
        ("price", Self::Price),
    ];
}

/// What a target means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sizing {
    /// A fraction of the account's value; negative is short.
    #[default]
    Weight,
    /// A number of units; negative is short.
    Units,
}

impl Sizing {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 2] = [("weight", Self::Weight), ("units", Self::Units)];
}

/// When a target becomes an order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Rebalance {
    /// When it differs from the symbol's target before it; the first is compared with 0.
    #[default]
    OnChange,
    /// At every bar that has one.
    Always,
    /// When the position's weight is further from it than this.
    Band(f64),
}

/// What a limit order needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LimitFill {
    /// That its price is reached.
    #[default]
    Touch,
    /// That the price goes beyond it.
    Through,
}

impl LimitFill {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 2] =
        [("touch", Self::Touch), ("through", Self::Through)];
}

/// In which order prices inside a bar are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intrabar {
    /// What harms the position comes first.
    #[default]
    Pessimistic,
    /// What helps the position comes first.
    Optimistic,
    /// Open, high, low, close.
    Ohlc,
    /// Open, low, high, close.
    Olhc,
    /// The extreme nearer to the open comes first.
    Adaptive,
}

impl Intrabar {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("pessimistic", Self::Pessimistic),
        ("optimistic", Self::Optimistic),
        ("ohlc", Self::Ohlc),
        ("olhc", Self::Olhc),
        ("adaptive", Self::Adaptive),
    ];
}

/// What an entry against the position does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opposite {
    /// Closes the position and opens the other side.
    #[default]
    Reverse,
    /// Closes the position.
    Close,
    /// Nothing.
    Ignore,
}

impl Opposite {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("reverse", Self::Reverse),
        ("close", Self::Close),
        ("ignore", Self::Ignore),
    ];
}

/// What two entries of one bar do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflict {
    /// Nothing.
    #[default]
    Ignore,
    /// The long one counts.
    Long,
    /// The short one counts.
    Short,
}

impl Conflict {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("ignore", Self::Ignore),
        ("long", Self::Long),
        ("short", Self::Short),
    ];
}

/// Which positions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Positions {
    /// One per symbol, on either side.
    #[default]
    Netting,
    /// One per symbol, never short.
    LongOnly,
    /// A long and a short one per symbol.
    Hedging,
}

impl Positions {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("netting", Self::Netting),
        ("long_only", Self::LongOnly),
        ("hedging", Self::Hedging),
    ];
}

/// What entry flags ask for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Entries {
    /// How much an entry buys.
    pub size: SizeRule,
    /// The parameters of `kelly` sizes.
    pub kelly: Kelly,
    /// Whether an entry adds to a position of its side.
    pub accumulate: bool,
    /// What an entry against the position does.
    pub opposite: Opposite,
    /// What two entries of one bar do.
    pub conflict: Conflict,
}

/// When the broker closes positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// Largest gross exposure that an order may lead to, as a multiple of the equity.
    pub max_leverage: f64,
    /// Least equity as a fraction of the gross exposure; 0 for no check.
    pub maintenance: f64,
    /// How much more than `maintenance` a margin call restores, as a fraction of it.
    pub buffer: f64,
    /// What a liquidation costs besides, as a fraction of its value.
    pub fee: f64,
}

impl Default for Margin {
    fn default() -> Self {
        Self {
            max_leverage: 1.0,
            maintenance: 0.0,
            buffer: 0.1,
            fee: 0.0,
        }
    }
}

/// The options of one simulation, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Cash at the start, above 0.
    pub cash: f64,
    /// Commission, slippage and financing.
    pub costs: Costs,
    /// Where orders of signals fill.
    pub fill: FillAt,
    /// What limit orders need.
    pub limit_fill: LimitFill,
    /// The path inside a bar.
    pub intrabar: Intrabar,
    /// Whether what a fill inside a bar brings acts on the rest of that bar's path.
    pub intrabar_entry: bool,
    /// Largest share of a bar's volume that orders fill; infinity for no limit.
    pub participation: f64,
    /// Quantities are multiples of this many units, rounded toward zero; 0 for any fraction.
    pub lot: f64,
    /// Orders below this value are rejected, unless they close a position.
    pub min_notional: f64,
    /// Orders of targets below this value are left out, unless they close a position.
    pub min_trade: f64,
    /// What a target means.
    pub sizing: Sizing,
    /// When a target becomes an order.
    pub rebalance: Rebalance,
    /// Whether a weight pays for its own costs: they come out of it instead of on top.
    pub reserve_costs: bool,
    /// What entries ask for.
    pub entries: Entries,
    /// Which positions there are.
    pub positions: Positions,
    /// Whether positions may be negative.
    pub allow_short: bool,
    /// Whether an order beyond the buying power fills as far as it goes, instead of not at all.
    pub partial: bool,
    /// Leverage and margin calls.
    pub margin: Margin,
    /// Whether positions are futures: their gains go to cash at each mark.
    pub futures: bool,
    /// Exits attached to positions.
    pub exits: ExitRules,
    /// The risk manager.
    pub limits: Limits,
    /// How fills become trades.
    pub matching: Matching,
    /// Whether what is held after the last bar is sold at its last price.
    pub close_at_end: bool,
    /// Bars per year, for metrics and annual volatilities.
    pub periods: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cash: 100_000.0,
            costs: Costs::default(),
            fill: FillAt::default(),
            limit_fill: LimitFill::default(),
            intrabar: Intrabar::default(),
            intrabar_entry: false,
            participation: f64::INFINITY,
            lot: 0.0,
            min_notional: 0.0,
            min_trade: 0.0,
            sizing: Sizing::default(),
            rebalance: Rebalance::default(),
            reserve_costs: false,
            entries: Entries::default(),
            positions: Positions::default(),
            allow_short: true,
            partial: true,
            margin: Margin::default(),
            futures: false,
            exits: ExitRules::default(),
            limits: Limits::default(),
            matching: Matching::default(),
            close_at_end: false,
            periods: 252.0,
        }
    }
}

/// How far from a whole number of lots a quantity still is that number: an amount of money
/// divided by a price is off by a few units in the last place.
const WHOLE: f64 = 1e-9;

impl Settings {
    /// A quantity rounded toward zero to whole lots.
    pub fn whole_lots(&self, units: f64) -> f64 {
        if self.lot <= 0.0 {
            return units;
        }
        let lots = units / self.lot;
        let nearest = lots.round();
        let is_whole = (lots - nearest).abs() <= WHOLE * nearest.abs();
        (if is_whole { nearest } else { lots.trunc() }) * self.lot
    }

    /// A quantity rounded up, away from zero, to whole lots.
    pub fn whole_lots_up(&self, units: f64) -> f64 {
        let down = self.whole_lots(units);
        if self.lot > 0.0 && (units - down).abs() > WHOLE * units.abs() {
            down + self.lot.copysign(units)
        } else {
            down
        }
    }

    /// Whether positions may be short.
    pub fn may_short(&self) -> bool {
        self.allow_short && self.positions != Positions::LongOnly
    }
}
