//! Orders as the `orders` query gives them.

/// What an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderType {
    /// Fills at the next bar's open.
    Market,
    /// The same, in no other bar than the first.
    MarketOnOpen,
    /// Fills at the next bar's close.
    MarketOnClose,
    /// Fills at its limit price or better.
    Limit,
    /// Becomes a market order at its stop price.
    Stop,
    /// Becomes a limit order at its stop price.
    StopLimit,
    /// A stop that follows the best price.
    Trailing,
}

impl OrderType {
    /// The names in SQL with the variants.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("market", Self::Market),
        ("market_on_open", Self::MarketOnOpen),
        ("market_on_close", Self::MarketOnClose),
        ("limit", Self::Limit),
        ("stop", Self::Stop),
        ("stop_limit", Self::StopLimit),
        ("trailing", Self::Trailing),
    ];

    /// Whether it needs a limit price.
    pub fn needs_limit(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    /// Whether it fills where the path of prices meets it.
    pub fn is_of_path(self) -> bool {
        matches!(
            self,
            Self::Limit | Self::Stop | Self::StopLimit | Self::Trailing
        )
    }

    /// Whether it needs a stop price.
    pub fn needs_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeInForce {
    /// Until it is cancelled.
    #[default]
    Gtc,
    /// Until the end of the day (UTC) of its first bar.
    Day,
    /// What does not fill in its first bar is cancelled.
    Ioc,
    /// All of it in its first bar or nothing.
    Fok,
    /// Until a time, inclusive.
    Gtd,
}

impl TimeInForce {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("gtc", Self::Gtc),
        ("day", Self::Day),
        ("ioc", Self::Ioc),
        ("fok", Self::Fok),
        ("gtd", Self::Gtd),
    ];
}

/// One row of the `orders` query. Texts that are not known are `None`, numbers NaN: such an order
/// is rejected when it is submitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// When it is handed in, nanoseconds since 1970, UTC.
    pub ts: i64,
    /// The symbol's number, `None` for one that no bar has.
    pub symbol: Option<u32>,
    /// The number of its own id.
    pub id: Option<u32>,
    /// 1 buys, -1 sells.
    pub side: Option<f64>,
    /// Units, above 0.
    pub quantity: f64,
    /// What it is.
    pub order_type: Option<OrderType>,
    /// Limit price.
    pub limit_price: f64,
    /// Stop price.
    pub stop_price: f64,
    /// Distance of a trailing stop in price units.
    pub trail: f64,
    /// Distance of a trailing stop in percent of the best price, where `trail` is not given.
    pub trail_percent: f64,
    /// How long it lives.
    pub tif: Option<TimeInForce>,
    /// End of a `gtd` order.
    pub expires: Option<i64>,
    /// The number of the id of the order that has to be filled first.
    pub parent: Option<u32>,
    /// The number of the group of which one order cancels the others.
    pub oco: Option<u32>,
    /// When it is cancelled.
    pub cancel_at: Option<i64>,
    /// Whether it only reduces a position.
    pub reduce_only: bool,
    /// The number of its source, 0 for none.
    pub source: u32,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            ts: 0,
            symbol: None,
            id: None,
            side: None,
            quantity: f64::NAN,
            order_type: Some(OrderType::Market),
            limit_price: f64::NAN,
            stop_price: f64::NAN,
            trail: f64::NAN,
            trail_percent: f64::NAN,
            tif: Some(TimeInForce::default()),
            expires: None,
            parent: None,
            oco: None,
            cancel_at: None,
            reduce_only: false,
            source: 0,
        }
    }
}
