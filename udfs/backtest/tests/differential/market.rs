//! Small markets drawn from a case number: `tests/golden/backtest_market.py` in Rust, draw for draw.

use quantlake_backtest::costs::Rates;
use quantlake_backtest::market::{Columns, Instrument, Market, flags};
use quantlake_backtest::request::{OrderType, Request, TimeInForce};
use std::collections::BTreeSet;

/// Nanoseconds of the first bar: 2024-01-29.
const START: i64 = 19_751 * 86_400_000_000_000;
const NAN: f64 = f64::NAN;
const COLUMNS: [&str; 23] = [
    "presence",
    "price",
    "gap",
    "range",
    "holes",
    "volume",
    "vwap",
    "own",
    "spread",
    "target",
    "entries",
    "size",
    "stops",
    "atr",
    "volatility",
    "dividend",
    "split",
    "roll",
    "funding",
    "borrow",
    "static",
    "orders",
    "rates",
];
const WEIGHTS: [f64; 9] = [-1.0, -0.5, -0.25, 0.0, 0.0, 0.25, 0.5, 1.0, 1.5];
const SPLITS: [(i64, i64); 4] = [(2, 1), (3, 1), (3, 2), (1, 2)];

/// The features of a market.
pub type Features = BTreeSet<String>;

/// splitmix64 (Steele, Lea, Flood 2014).
struct Stream(u64);

impl Stream {
    fn new(case: u64, column: &str, symbol: u64) -> Self {
        let place = COLUMNS.iter().position(|c| *c == column).expect("a column");
        Self(case * 1_000_003 + place as u64 * 10_007 + symbol * 101)
    }

    fn below(&mut self, n: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n) as i64
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Nanoseconds between bars.
pub fn step(has: &Features) -> i64 {
    if has.contains("hours") {
        21_600_000_000_000
    } else {
        86_400_000_000_000
    }
}

/// Cents of one bar before anything is hidden.
struct Cents {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    split: f64,
    roll: f64,
}

fn walk(case: u64, symbol: u64, n_bars: usize, has: &Features) -> Vec<Cents> {
    let mut price = Stream::new(case, "price", symbol);
    let mut gap = Stream::new(case, "gap", symbol);
    let mut reach = Stream::new(case, "range", symbol);
    let mut split = Stream::new(case, "split", symbol);
    let mut roll = Stream::new(case, "roll", symbol);
    let swing = if has.contains("wild") { 6001 } else { 401 };
    let mut last = 5_000 + price.below(10_000);
    let mut bars = Vec::new();
    for _ in 0..n_bars {
        let (mut ratio, mut rolled) = (NAN, NAN);
        if split.one_in(12) && has.contains("split") {
            let (new, old) = SPLITS[split.below(4) as usize];
            ratio = new as f64 / old as f64;
            last = (last * old / new).max(200);
        }
        if roll.one_in(12) && has.contains("roll") {
            last = (last + roll.below(101) - 50).max(200);
            rolled = last as f64 / 100.0;
        }
        let jump = if gap.one_in(8) {
            gap.below(1001) - 500
        } else {
            gap.below(61) - 30
        };
        let open = (last + jump).max(200);
        let close = (open + price.below(swing) - swing as i64 / 2).max(200);
        let high = open.max(close) + reach.below(150);
        let low = (open.min(close) - reach.below(150)).max(100);
        last = close;
        bars.push(Cents {
            open,
            high,
            low,
            close,
            split: ratio,
            roll: rolled,
        });
    }
    bars
}

/// One bar; NaN where something is unknown or the feature is missing.
#[derive(Clone, Copy)]
struct Row {
    ts: i64,
    symbol: u32,
    numbers: [f64; NUMBERS.len()],
    flags: u8,
}

/// The numbers of a row, in the order in which they stand.
const NUMBERS: [&str; 20] = [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    "price",
    "spread",
    "target",
    "size",
    "stop_loss",
    "take_profit",
    "trailing",
    "atr",
    "volatility",
    "dividend",
    "split",
    "funding",
    "borrow",
    "roll",
];

fn place(name: &str) -> usize {
    NUMBERS
        .iter()
        .position(|n| *n == name)
        .expect("a number of a row")
}

impl Row {
    fn set(&mut self, name: &str, value: f64) {
        self.numbers[place(name)] = value;
    }
}

/// The streams of one symbol.
struct Drawn {
    volume: Stream,
    vwap: Stream,
    own: Stream,
    spread: Stream,
    holes: Stream,
    target: Stream,
    entries: Stream,
    size: Stream,
    stops: Stream,
    atr: Stream,
    volatility: Stream,
    dividend: Stream,
    funding: Stream,
    borrow: Stream,
    presence: Stream,
}

impl Drawn {
    fn new(case: u64, symbol: u64) -> Self {
        let stream = |column| Stream::new(case, column, symbol);
        Self {
            volume: stream("volume"),
            vwap: stream("vwap"),
            own: stream("own"),
            spread: stream("spread"),
            holes: stream("holes"),
            target: stream("target"),
            entries: stream("entries"),
            size: stream("size"),
            stops: stream("stops"),
            atr: stream("atr"),
            volatility: stream("volatility"),
            dividend: stream("dividend"),
            funding: stream("funding"),
            borrow: stream("borrow"),
            presence: stream("presence"),
        }
    }

    fn traded(&mut self, row: &mut Row, bar: &Cents, has: &Features) {
        let inside = |eighths: i64| (bar.low * 8 + (bar.high - bar.low) * eighths) as f64 / 800.0;
        let (units, kind) = (self.volume.below(2000), self.volume.below(24));
        if has.contains("volume") {
            let known = if kind < 3 { 0.0 } else { units as f64 };
            row.set("volume", if kind == 0 { NAN } else { known });
        }
        let (at, is_hidden) = (self.vwap.below(9), self.vwap.one_in(12));
        if has.contains("vwap") {
            row.set("vwap", if is_hidden { NAN } else { inside(at) });
        }
        let (at, kind) = (self.own.below(9), self.own.below(20));
        if has.contains("price") {
            let outside = bar.high as f64 / 100.0 + 1.0;
            let known = if kind < 3 { outside } else { inside(at) };
            row.set("price", if kind == 0 { NAN } else { known });
        }
        let (cents, is_hidden) = (self.spread.below(20), self.spread.one_in(10));
        if has.contains("spread") {
            row.set("spread", if is_hidden { NAN } else { cents as f64 / 100.0 });
        }
    }

    fn hide(&mut self, row: &mut Row, has: &Features) {
        let hidden: &[&str] = match self.holes.below(72) {
            0 | 2 => &["close"],
            1 => &["close", "open"],
            3 | 4 => &["open"],
            5 => &["high"],
            6 => &["low"],
            7 => &["high", "low"],
            8 => &["open", "high", "low"],
            _ => &[],
        };
        if has.contains("holes") {
            hidden.iter().for_each(|name| row.set(name, NAN));
        }
    }

    fn signals(&mut self, row: &mut Row, has: &Features) {
        let (kind, which) = (self.target.below(3), self.target.below(9));
        if has.contains("target") && kind > 0 {
            let scale = if has.contains("target_units") {
                40.0
            } else {
                1.0
            };
            let scale = scale * if has.contains("levered") { 3.0 } else { 1.0 };
            row.set("target", WEIGHTS[which as usize] * scale);
        }
        for flag in [
            flags::ENTRY_LONG,
            flags::EXIT_LONG,
            flags::ENTRY_SHORT,
            flags::EXIT_SHORT,
        ] {
            let kind = self.entries.below(24);
            if has.contains("entries") && (1..5).contains(&kind) {
                row.flags |= flag;
            }
        }
        let (kind, tenths) = (self.size.below(3), self.size.below(12));
        if has.contains("size") && kind == 2 {
            let scale = if has.contains("size_units") {
                50.0
            } else {
                1.0
            };
            row.set("size", tenths as f64 / 10.0 * scale);
        }
        for column in ["stop_loss", "take_profit", "trailing"] {
            let (kind, n) = (self.stops.below(2), 1 + self.stops.below(8));
            if has.contains("stops") && kind == 1 {
                let scale = if has.contains("wide") { 100.0 } else { 1.0 };
                row.set(column, (n * 1000 + 37) as f64 / 100_000.0 * scale);
            }
        }
    }

    fn flows(&mut self, row: &mut Row, has: &Features) {
        let mut put = |name: &str, is_known: bool, value: f64| {
            if has.contains(name) && is_known {
                row.set(name, value);
            }
        };
        let (cents, is_hidden) = (50 + self.atr.below(200), self.atr.one_in(8));
        put("atr", !is_hidden, cents as f64 / 100.0);
        let (n, is_hidden) = (5 + self.volatility.below(30), self.volatility.one_in(8));
        put("volatility", !is_hidden, n as f64 / 1000.0);
        let (cents, is_paid) = (self.dividend.below(100), self.dividend.one_in(10));
        put("dividend", is_paid, cents as f64 / 100.0);
        let (n, is_hidden) = (self.funding.below(21), self.funding.one_in(2));
        put("funding", !is_hidden, (n as f64 - 10.0) / 10_000.0);
        let (n, is_hidden) = (self.borrow.below(10), self.borrow.one_in(2));
        put("borrow", !is_hidden, n as f64 / 100.0);
    }
}

fn symbol_rows(case: u64, symbol: u64, n_bars: usize, has: &Features) -> Vec<Row> {
    let mut drawn = Drawn::new(case, symbol);
    let mut rows = Vec::new();
    for (i, bar) in walk(case, symbol, n_bars, has).iter().enumerate() {
        let mut row = Row {
            ts: START + i as i64 * step(has),
            symbol: symbol as u32,
            numbers: [NAN; NUMBERS.len()],
            flags: 0,
        };
        let prices = [
            ("open", bar.open),
            ("high", bar.high),
            ("low", bar.low),
            ("close", bar.close),
        ];
        for (name, cents) in prices {
            row.set(name, cents as f64 / 100.0);
        }
        drawn.traded(&mut row, bar, has);
        drawn.hide(&mut row, has);
        drawn.signals(&mut row, has);
        drawn.flows(&mut row, has);
        row.set("split", bar.split);
        row.set("roll", bar.roll);
        if !(drawn.presence.one_in(16) && has.contains("gaps")) {
            rows.push(row);
        }
    }
    rows
}

/// The bars of a case by column.
pub struct Bars {
    ts: Vec<i64>,
    symbol: Vec<u32>,
    numbers: Vec<Vec<f64>>,
    flags: Vec<u8>,
    instruments: Vec<Instrument>,
}

impl Bars {
    /// Draws the market of a case.
    pub fn of(case: u64, n_symbols: usize, n_bars: usize, has: &Features) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for symbol in 0..n_symbols as u64 {
            rows.extend(symbol_rows(case, symbol, n_bars, has));
        }
        rows.sort_by_key(|row| (row.ts, row.symbol));
        let column = |name: &str| {
            let is_there = is_column(name, has);
            let values = rows.iter().map(|row| row.numbers[place(name)]);
            if is_there {
                values.collect()
            } else {
                Vec::new()
            }
        };
        Self {
            ts: rows.iter().map(|row| row.ts).collect(),
            symbol: rows.iter().map(|row| row.symbol).collect(),
            numbers: NUMBERS.iter().map(|name| column(name)).collect(),
            flags: if has.contains("entries") {
                rows.iter().map(|row| row.flags).collect()
            } else {
                Vec::new()
            },
            instruments: (0..n_symbols as u64)
                .map(|s| instrument(case, s, has))
                .collect(),
        }
    }

    /// These bars as the engine takes them.
    pub fn market(&self) -> Market<'_> {
        let column = |name: &str| self.numbers[place(name)].as_slice();
        let columns = Columns {
            ts: &self.ts,
            symbol: &self.symbol,
            open: column("open"),
            high: column("high"),
            low: column("low"),
            close: column("close"),
            volume: column("volume"),
            vwap: column("vwap"),
            price: column("price"),
            spread: column("spread"),
            target: column("target"),
            flags: &self.flags,
            size: column("size"),
            stop_loss: column("stop_loss"),
            take_profit: column("take_profit"),
            trailing: column("trailing"),
            atr: column("atr"),
            volatility: column("volatility"),
            dividend: column("dividend"),
            split: column("split"),
            funding: column("funding"),
            borrow: column("borrow"),
            roll: column("roll"),
            source: &[],
        };
        let market = Market::try_new(columns).expect("good bars");
        market.with_instruments(self.instruments.clone())
    }
}

fn is_column(name: &str, has: &Features) -> bool {
    match name {
        "open" | "high" | "low" | "close" => true,
        "stop_loss" | "take_profit" | "trailing" => has.contains("stops"),
        _ => has.contains(name),
    }
}

fn instrument(case: u64, symbol: u64, has: &Features) -> Instrument {
    let mut stream = Stream::new(case, "static", symbol);
    let multiplier = [1.0, 10.0, 0.5][stream.below(3) as usize];
    let currency = [None, None, Some(0), Some(1)][stream.below(4) as usize];
    let sector = stream.below(2) as u32;
    Instrument {
        multiplier: if has.contains("multiplier") {
            multiplier
        } else {
            1.0
        },
        currency: currency.filter(|_| has.contains("currency")),
        sector: has.contains("sector").then_some(sector),
    }
}

/// The exchange rates of a case.
pub fn rates(case: u64, n_bars: usize, has: &Features) -> Rates {
    let (ts, currency, rate) = rate_rows(case, n_bars, has);
    Rates::try_new(&ts, &currency, &rate).expect("good rates")
}

/// Times, currencies and rates: currency 0 is EUR, 1 is JPY.
pub fn rate_rows(case: u64, n_bars: usize, has: &Features) -> (Vec<i64>, Vec<u32>, Vec<f64>) {
    let (mut ts, mut currency, mut rate) = (Vec::new(), Vec::new(), Vec::new());
    if has.contains("currency") {
        let mut stream = Stream::new(case, "rates", 0);
        let first = stream.below(6) as usize;
        for i in (first..n_bars).step_by(3) {
            let at = START + i as i64 * step(has);
            ts.extend([at, at]);
            currency.extend([0, 1]);
            rate.push((100 + stream.below(21)) as f64 / 100.0);
            rate.push((60 + stream.below(10)) as f64 / 1000.0);
        }
    }
    (ts, currency, rate)
}

/// The orders query of a case.
pub fn orders(case: u64, n_symbols: usize, n_bars: usize, has: &Features) -> Vec<Request> {
    if !has.contains("orders") {
        return Vec::new();
    }
    let mut stream = Stream::new(case, "orders", 0);
    let walks = (0..n_symbols as u64).map(|symbol| walk(case, symbol, n_bars, has));
    let walks: Vec<Vec<Cents>> = walks.collect();
    let mut rows: Vec<Request> = Vec::new();
    for k in 0..6 + stream.below(20) as u32 {
        let row = order(&mut stream, k, &rows, &walks, has);
        rows.push(row);
    }
    rows.sort_by_key(|row| row.ts);
    rows
}

fn order(
    s: &mut Stream,
    k: u32,
    rows: &[Request],
    walks: &[Vec<Cents>],
    has: &Features,
) -> Request {
    let n_bars = walks[0].len() as u64;
    let (bar, symbol) = (s.below(n_bars), s.below(walks.len() as u64));
    let close = walks[symbol as usize][bar as usize].close;
    let step = step(has);
    let ts = START + bar * step - if s.one_in(4) { step / 2 } else { 0 };
    let side = [1.0, -1.0][s.below(2) as usize];
    let kind = kind_of(s.below(8));
    let quantity = (1 + s.below(60)) as f64 / if has.contains("fine") { 4.0 } else { 1.0 };
    let near = |s: &mut Stream| (close + s.below(601) - 300).max(100) as f64 / 100.0;
    let (limit_price, stop_price) = (near(s), near(s));
    let (trail, percent) = ((10 + s.below(300)) as f64 / 100.0, (1 + s.below(5)) as f64);
    let is_distance = s.below(2) == 1;
    let tif = tif_of(s.below(8));
    let expires = ts + s.below(6) * step;
    let id = (s.below(3) > 0).then_some(k);
    let (parent, group, later) = (s.below(u64::from(k.max(1))), s.below(3), s.below(8));
    let parent = rows.get(parent as usize);
    let wants = s.one_in(3) && k > 0 && parent.is_some_and(|p| p.id.is_some() && p.ts <= ts);
    let mut row = Request {
        ts,
        symbol: Some(symbol as u32),
        id,
        side: Some(side),
        quantity,
        order_type: Some(kind),
        limit_price,
        stop_price,
        trail: if is_distance { trail } else { NAN },
        trail_percent: if is_distance { NAN } else { percent },
        tif: Some(tif),
        expires: Some(expires),
        parent: parent.filter(|_| wants).and_then(|p| p.id),
        oco: s.one_in(3).then_some(k / 3 + group as u32),
        cancel_at: s.one_in(6).then_some(ts + later * step),
        reduce_only: s.one_in(6),
        source: 0,
    };
    spoil(&mut row, s.below(200));
    row
}

fn kind_of(n: i64) -> OrderType {
    match n {
        0 => OrderType::Market,
        1 => OrderType::MarketOnOpen,
        2 => OrderType::MarketOnClose,
        3 | 4 => OrderType::Limit,
        5 => OrderType::Stop,
        6 => OrderType::StopLimit,
        _ => OrderType::Trailing,
    }
}

fn tif_of(n: i64) -> TimeInForce {
    match n {
        0..4 => TimeInForce::Gtc,
        4 => TimeInForce::Day,
        5 => TimeInForce::Ioc,
        6 => TimeInForce::Fok,
        _ => TimeInForce::Gtd,
    }
}

/// What a careless user sends.
fn spoil(row: &mut Request, kind: i64) {
    match kind {
        0 => row.symbol = None,
        1 => row.side = None,
        2 => row.order_type = None,
        3 => row.quantity = 0.0,
        4 => row.quantity = NAN,
        5 => row.limit_price = NAN,
        6 => row.stop_price = NAN,
        7 => (row.trail, row.trail_percent) = (NAN, NAN),
        8 => row.expires = None,
        9 => row.id = Some(0),
        10 => row.parent = Some(u32::MAX),
        11 => row.tif = None,
        12 => row.quantity = 0.3,
        13 => row.quantity = -5.0,
        _ => {}
    }
}
