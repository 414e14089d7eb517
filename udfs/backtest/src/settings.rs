//! What a simulation is told besides the bars.

/// Where an order fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillAt {
    /// At the open of the symbol's next bar.
    NextOpen,
    /// At the close of the symbol's next bar.
    NextClose,
    /// At the close whose bar carries the target: it assumes a trade at a price just seen.
    SameClose,
}

/// What a target means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// A fraction of the account's value; negative is short.
    Weight,
    /// A number of units; negative is short.
    Units,
}

/// When a target becomes an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebalance {
    /// When it differs from the symbol's target before it; the first is compared with 0.
    OnChange,
    /// At every bar that has one.
    Always,
}

/// The options of one simulation, already checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Cash at the start, above 0.
    pub cash: f64,
    /// Commission as a fraction of the value traded.
    pub commission: f64,
    /// Commission per order, in money.
    pub commission_fixed: f64,
    /// How far fill prices move against the order, as a fraction of the price.
    pub slippage: f64,
    /// Where orders fill.
    pub fill: FillAt,
    /// What a target means.
    pub sizing: Sizing,
    /// When a target becomes an order.
    pub rebalance: Rebalance,
    /// Positions are multiples of this many units, rounded toward zero; 0 for any fraction.
    pub lot: f64,
    /// Orders below this value are left out, unless they close a position.
    pub min_trade: f64,
    /// Whether positions may be negative.
    pub allow_short: bool,
    /// Largest gross exposure that an order may lead to, as a multiple of the equity.
    pub max_leverage: f64,
    /// Whether a weight pays for its own costs: they come out of it instead of on top.
    pub reserve_costs: bool,
    /// Whether what is held after the last bar is sold at its last price.
    pub close_at_end: bool,
    /// Bars per year, for metrics.
    pub periods: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cash: 100_000.0,
            commission: 0.0,
            commission_fixed: 0.0,
            slippage: 0.0,
            fill: FillAt::NextOpen,
            sizing: Sizing::Weight,
            rebalance: Rebalance::OnChange,
            lot: 0.0,
            min_trade: 0.0,
            allow_short: true,
            max_leverage: 1.0,
            reserve_costs: false,
            close_at_end: false,
            periods: 252.0,
        }
    }
}

impl Settings {
    /// The price of a fill: `price` moved up for a buy (`side` 1) and down for a sale (-1).
    pub fn fill_price(&self, price: f64, side: f64) -> f64 {
        price * (1.0 + side * self.slippage)
    }

    /// A quantity rounded toward zero to whole lots.
    pub fn whole_lots(&self, units: f64) -> f64 {
        if self.lot > 0.0 {
            (units / self.lot).trunc() * self.lot
        } else {
            units
        }
    }
}
