//! How much money a strategy can trade, by the rule of LEAN.
//!
//! After each fill the value that the market trades in that symbol is added up: one bar of a day or
//! an hour, and of shorter bars those within a time that is longer for illiquid symbols. A share
//! of it is within reach. Every week, and at the end, the symbol with the least of it limits the
//! strategy: its reach per fill, divided by the share that it has of the trading or of the
//! account, is the capacity of the week; what came before counts twice as much.
//!
//! LEAN's code and its documentation differ in the discount for trading fast; this is the code's.
//! LEAN rounds the result to thousands.

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 1_440 * MINUTE;
/// A trading day of stocks.
const MINUTES_OF_TRADING: f64 = 390.0;
const MOST_DISCOUNT: f64 = 0.2;
/// Weights of the new and the old capacity; their sum is LEAN's.
const SMOOTHING: (f64, f64) = (0.33, 0.66);
/// Days from one snapshot to the next, in runs that are not shorter.
const DAYS_BETWEEN: i64 = 7;
/// Time after which a symbol that is not held no longer counts.
const FORGOTTEN_AFTER: i64 = 30 * DAY;

/// The length of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Below a minute.
    Second,
    /// Below an hour.
    Minute,
    /// Below a day.
    Hour,
    /// A day or more.
    Day,
}

impl Resolution {
    /// That of bars so many nanoseconds apart.
    pub fn of_step(step: i64) -> Self {
        match step {
            _ if step < MINUTE => Self::Second,
            _ if step < 60 * MINUTE => Self::Minute,
            _ if step < DAY => Self::Hour,
            _ => Self::Day,
        }
    }

    /// The share of the market's trading that is within reach.
    fn share(self) -> f64 {
        match self {
            Self::Second => 0.5,
            Self::Minute => 0.2,
            Self::Hour => 0.05,
            Self::Day => 0.02,
        }
    }

    /// Nanoseconds after a fill in which bars count, where it is not one bar that does; `value` is
    /// traded a minute.
    fn patience(self, value: f64) -> Option<i64> {
        let (wanted, least) = match self {
            Self::Second => (100_000.0, 5.0),
            Self::Minute => (6_000_000.0, 1.0),
            Self::Hour | Self::Day => return None,
        };
        let minutes = if value == 0.0 { 10.0 } else { wanted / value };
        Some(minutes.max(least).min(120.0) as i64 * MINUTE)
    }
}

/// What the market did in one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Its end, in nanoseconds.
    pub time: i64,
    /// Number of the symbol.
    pub symbol: usize,
    /// Last price.
    pub close: f64,
    /// Units traded.
    pub volume: f64,
}

/// What the strategy did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// When, in nanoseconds.
    pub time: i64,
    /// Number of the symbol.
    pub symbol: usize,
    /// Units, negative for a sale.
    pub units: f64,
    /// Price of a unit.
    pub price: f64,
    /// What it cost besides.
    pub cost: f64,
}

/// The capacity as it stands at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapshot {
    /// When.
    pub time: i64,
    /// The symbol that limits the strategy.
    pub symbol: usize,
    /// Value within reach per fill of it.
    pub reach: f64,
    /// Its share of the trading since the last snapshot or of the account, the larger one.
    pub share: f64,
    /// The capacity of this week alone; NaN where the share is 0.
    pub alone: f64,
    /// The capacity.
    pub capacity: f64,
}

/// A symbol that was traded.
#[derive(Debug, Clone, Copy, Default)]
struct Traded {
    last_fill: i64,
    fills: f64,
    /// Value that the strategy traded since the last snapshot.
    own: f64,
    /// Value that the market traded after fills, discounted.
    market: f64,
    discount: f64,
    /// Time and volume of the last bar that was looked at.
    before: Option<(i64, f64)>,
    is_watched: bool,
    /// The next fill starts a new count.
    is_counted: bool,
}

impl Traded {
    fn fill(&mut self, fill: &Fill, is_first: bool) {
        let since = match is_first {
            true => DAY,
            false => fill.time.saturating_sub(self.last_fill),
        };
        let days = 2.0 * since as f64 / MINUTE as f64 / MINUTES_OF_TRADING;
        self.discount = days.clamp(MOST_DISCOUNT, 1.0);
        if self.is_counted {
            (self.market, self.fills, self.is_counted) = (0.0, 0.0, false);
        }
        self.own += (fill.units * fill.price).abs();
        self.fills += 1.0;
        self.last_fill = fill.time;
        self.is_watched = true;
    }

    fn watch(&mut self, bar: &Bar, resolution: Resolution) {
        let minutes = self
            .before
            .map_or(0.0, |(time, _)| (bar.time - time) as f64 / MINUTE as f64);
        let value = match self.before {
            Some((_, volume)) if minutes > 0.0 => bar.close * (bar.volume + volume) / minutes,
            _ => bar.close * bar.volume,
        };
        let patience = resolution.patience(value);
        if bar.volume > 0.0 {
            self.before = Some((bar.time, bar.volume));
            let until = patience.map(|p| self.last_fill.saturating_add(p));
            let counts = until.is_none_or(|until| bar.time <= until);
            if counts {
                self.market += bar.close * bar.volume * self.discount;
            }
            self.is_watched = counts;
        }
        // Of days and hours the one bar counts, whether anything was traded in it or not.
        self.is_watched &= patience.is_some();
    }
}

/// A symbol of the account.
#[derive(Debug, Clone, Copy, Default)]
struct Position {
    units: f64,
    price: f64,
    /// Its place among the symbols that were traded, with what is known of it.
    traded: Option<(usize, Traded)>,
}

struct Account {
    cash: f64,
    positions: Vec<Position>,
    resolution: Resolution,
    capacity: f64,
    n_traded: usize,
}

impl Account {
    fn fill(&mut self, fill: &Fill) {
        let Some(position) = self.positions.get_mut(fill.symbol) else {
            return;
        };
        let (place, mut traded) = position.traded.unwrap_or_else(|| {
            self.n_traded += 1;
            (self.n_traded, Traded::default())
        });
        traded.fill(fill, position.traded.is_none());
        position.traded = Some((place, traded));
        position.units += fill.units;
        position.price = fill.price;
        self.cash -= fill.units * fill.price + fill.cost;
    }

    fn see(&mut self, bar: &Bar) {
        let Some(position) = self.positions.get_mut(bar.symbol) else {
            return;
        };
        position.price = bar.close;
        if let Some((_, traded)) = position.traded.as_mut().filter(|(_, t)| t.is_watched) {
            traded.watch(bar, self.resolution);
        }
    }

    fn equity(&self) -> f64 {
        let held = self.positions.iter().map(|p| p.units * p.price);
        self.cash + held.sum::<f64>()
    }

    /// The symbol with the least value within reach, the one traded first of equals.
    fn smallest(&self) -> Option<(usize, &Position, &Traded)> {
        let traded = self.positions.iter().enumerate();
        let traded = traded.filter_map(|(i, p)| Some((i, p, p.traded.as_ref()?)));
        let counted = traded.filter(|(_, _, (_, t))| t.fills > 0.0 && t.market > 0.0);
        let least = counted
            .min_by(|(_, _, (i, a)), (_, _, (j, b))| a.market.total_cmp(&b.market).then(i.cmp(j)));
        least.map(|(i, p, (_, t))| (i, p, t))
    }

    /// The capacity at a time; none where nothing was traded, or nothing is left to trade with.
    fn snapshot(&mut self, time: i64) -> Option<Snapshot> {
        let equity = self.equity();
        if equity <= 0.0 {
            return None;
        }
        let traded = self.positions.iter().filter_map(|p| p.traded);
        let all: f64 = traded.map(|(_, t)| t.own).sum();
        let found = self.smallest().map(|(symbol, position, traded)| {
            let of_trading = if all > 0.0 { traded.own / all } else { 0.0 };
            let of_account = (position.units * position.price).abs() / equity;
            let reach = traded.market * self.resolution.share() / traded.fills;
            (symbol, reach, of_trading.max(of_account))
        });
        self.start_anew(time);
        let (symbol, reach, share) = found?;
        let alone = if share > 0.0 { reach / share } else { f64::NAN };
        let new = if share > 0.0 { alone } else { self.capacity };
        self.capacity = match self.capacity {
            0.0 => new,
            old => SMOOTHING.0 * new + SMOOTHING.1 * old,
        };
        Some(Snapshot {
            time,
            symbol,
            reach,
            share,
            alone,
            capacity: self.capacity,
        })
    }

    fn start_anew(&mut self, time: i64) {
        for position in &mut self.positions {
            let is_held = position.units != 0.0;
            if let Some((_, traded)) = &mut position.traded {
                let is_recent = time < traded.last_fill.saturating_add(FORGOTTEN_AFTER);
                (traded.own, traded.is_counted) = (0.0, true);
                if !is_held && !is_recent {
                    position.traded = None;
                }
            }
        }
    }
}

/// The snapshots of an account that starts with cash; `bars` and `fills` are in time order, and
/// symbols are numbers below `n_symbols`.
pub fn capacity(
    bars: &[Bar],
    fills: &[Fill],
    n_symbols: usize,
    cash: f64,
    resolution: Resolution,
) -> Vec<Snapshot> {
    let mut account = Account {
        cash,
        positions: vec![Position::default(); n_symbols],
        resolution,
        capacity: 0.0,
        n_traded: 0,
    };
    let mut times: Vec<i64> = bars.iter().map(|b| b.time).collect();
    times.extend(fills.iter().map(|f| f.time));
    times.sort_unstable();
    times.dedup();
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return Vec::new();
    };
    let day = |time: i64| time.div_euclid(DAY);
    let period = (day(last) - day(first)).clamp(1, DAYS_BETWEEN);
    let mut next = day(first) + period;
    let (mut bars, mut fills) = (bars.iter().peekable(), fills.iter().peekable());
    let mut found = Vec::new();
    for time in times {
        while let Some(fill) = fills.next_if(|f| f.time <= time) {
            account.fill(fill);
        }
        while let Some(bar) = bars.next_if(|b| b.time <= time) {
            account.see(bar);
        }
        if day(time) >= next || time == last {
            found.extend(account.snapshot(time));
            next = day(time) + period;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(day: i64, symbol: usize, close: f64, volume: f64) -> Bar {
        Bar {
            time: day * DAY,
            symbol,
            close,
            volume,
        }
    }

    fn fill(day: i64, symbol: usize, units: f64, price: f64) -> Fill {
        Fill {
            time: day * DAY,
            symbol,
            units,
            price,
            cost: 0.0,
        }
    }

    #[test]
    fn one_fill_reaches_two_percent_of_its_day_over_its_share() {
        let bars: Vec<Bar> = (0..8).map(|d| bar(d, 0, 10.0, 1e6)).collect();
        let found = capacity(
            &bars,
            &[fill(2, 0, 100.0, 10.0)],
            1,
            10_000.0,
            Resolution::Day,
        );
        // All trading was in this symbol: 2 % of 10 million.
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].reach, found[0].share), (200_000.0, 1.0));
        assert_eq!(found[0].capacity, 200_000.0);
    }

    #[test]
    fn without_trading_the_share_of_the_account_counts() {
        let bars: Vec<Bar> = (0..15).map(|d| bar(d, 0, 10.0, 1e6)).collect();
        let found = capacity(
            &bars,
            &[fill(2, 0, 100.0, 10.0)],
            1,
            10_000.0,
            Resolution::Day,
        );
        // The second week holds a tenth of the account in it: 0.33 * 2,000,000 + 0.66 * 200,000.
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].share, found[1].alone), (0.1, 2_000_000.0));
        assert!((found[1].capacity - 792_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_day_without_volume_reaches_nothing() {
        let bars = [bar(0, 0, 10.0, 0.0), bar(1, 0, 10.0, 1e6)];
        let found = capacity(&bars, &[fill(0, 0, 1.0, 10.0)], 1, 100.0, Resolution::Day);
        assert!(found.is_empty());
    }

    #[test]
    fn trading_again_within_the_day_discounts() {
        let second = Fill {
            time: 39 * MINUTE,
            ..fill(0, 0, -1.0, 10.0)
        };
        let bars = [
            bar(0, 0, 10.0, 100.0),
            Bar {
                time: 39 * MINUTE,
                ..bar(0, 0, 10.0, 100.0)
            },
        ];
        let fills = [fill(0, 0, 1.0, 10.0), second];
        let found = capacity(&bars, &fills, 1, 100.0, Resolution::Minute);
        // 2 * 39 / 390 = 0.2 of the second bar: (1,000 + 200) * 20 % over two fills.
        assert!((found[0].reach - 120.0).abs() < 1e-12, "{found:?}");
    }
}
