//! Why an order filled.

/// Why a trade began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A target, entry or exit of the query.
    Signal,
    /// A target or entry of the other side.
    Reversal,
    /// An order of the orders query.
    Order,
    /// A stop loss, also one that moved to the entry price.
    StopLoss,
    /// A take-profit or one of its levels.
    TakeProfit,
    /// A trailing stop.
    Trailing,
    /// The time stop.
    Time,
    /// A margin call or bankruptcy.
    Liquidation,
    /// A loss limit of the risk manager.
    RiskLimit,
    /// The fraction of a unit that a split paid out.
    Split,
    /// The data ended, with `close_at_end`.
    End,
}

impl Reason {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Reversal => "reversal",
            Self::Order => "order",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::Trailing => "trailing",
            Self::Time => "time",
            Self::Liquidation => "liquidation",
            Self::RiskLimit => "risk_limit",
            Self::Split => "split",
            Self::End => "end",
        }
    }
}
