//! What holds in every simulation, whatever the market and the settings.

#[path = "differential/market.rs"]
#[allow(dead_code, reason = "the differential test uses the rest")]
mod market;
#[path = "differential/options.rs"]
mod options;

use market::{Bars, Features};
use proptest::prelude::*;
use quantlake_backtest::engine::{Cause, Fill, Moment, Run, simulate_with_orders};
use quantlake_backtest::market::{Columns, Market};
use quantlake_backtest::settings::{FillAt, Settings};

/// Relative to the money moved: sums of some hundred rounded products.
const SAME: f64 = 1e-9;
const N_SYMBOLS: usize = 3;

fn features(names: &str) -> Features {
    names.split_whitespace().map(str::to_owned).collect()
}

/// A random market with its orders, and settings.
#[derive(Debug)]
struct Case {
    number: u64,
    n_bars: usize,
    has: Features,
    settings: Settings,
}

impl Case {
    fn run(&self, bars: &Bars) -> Run {
        let orders = market::orders(self.number, N_SYMBOLS, self.n_bars, &self.has);
        let rates = market::rates(self.number, self.n_bars, &self.has);
        simulate_with_orders(&bars.market(), &self.settings, orders, rates)
    }

    fn bars(&self) -> Bars {
        Bars::of(self.number, N_SYMBOLS, self.n_bars, &self.has)
    }
}

fn arguments() -> impl Strategy<Value = String> {
    let fill = prop::sample::select(vec!["next_open", "next_close", "vwap", "same_close"]);
    let intrabar = prop::sample::select(vec![
        "pessimistic",
        "optimistic",
        "ohlc",
        "olhc",
        "adaptive",
    ]);
    let rest = prop::sample::subsequence(
        vec![
            "commission=0.002",
            "commission_fixed=1",
            "slippage_bps=10",
            "rebalance=always",
            "max_leverage=3",
            "maintenance=0.4",
            "stop_loss=0.03",
            "take_profit=0.04",
            "trailing=0.05",
            "max_bars=4",
            "intrabar_entry=true",
            "participation=0.1",
            "cash_rate=0.02",
            "borrow=0.05",
            "max_position=0.5",
            "daily_loss=0.03",
            "fractional=false",
        ],
        0..10,
    );
    (fill, intrabar, rest).prop_map(|(fill, intrabar, rest)| {
        let mut all = vec!["cash=50000".to_owned(), format!("fill={fill}")];
        all.push(format!("intrabar={intrabar}"));
        all.extend(rest.into_iter().map(str::to_owned));
        all.join(",")
    })
}

fn cases(features_of: &'static [&'static str]) -> impl Strategy<Value = Case> {
    let has = prop::sample::select(features_of);
    (0_u64..1_000_000, 5_usize..40, has, arguments()).prop_map(|(number, n_bars, has, text)| Case {
        number,
        n_bars,
        has: features(has),
        settings: options::settings(&text, false),
    })
}

const ALL: &[&str] = &[
    "target gaps holes volume vwap",
    "target orders gaps holes volume dividend split funding borrow",
    "entries orders gaps holes volume wild multiplier",
    "entries gaps volume dividend split hours borrow",
    "orders gaps holes volume wild",
];

/// The price range of a fill's bar; a bar that hides an extreme has none on that side.
fn range(columns: &Columns<'_>, row: usize) -> (f64, f64) {
    let (low, high) = (columns.low[row], columns.high[row]);
    let or = |price: f64, other: f64| if price.is_finite() { price } else { other };
    (or(low, 0.0), or(high, f64::INFINITY))
}

fn money_moved(run: &Run) -> f64 {
    50_000.0 + run.fills.iter().map(Fill::value).sum::<f64>()
}

fn is_of_a_bar(fill: &Fill) -> bool {
    !matches!(fill.cause, Cause::Roll | Cause::Split | Cause::End)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_fills_and_flows_move_is_what_cash_changes_by(case in cases(ALL)) {
        let bars = case.bars();
        let run = case.run(&bars);
        let paid: f64 = run.fills.iter().map(|f| f.price * f.units * f.point + f.commission).sum();
        let received: f64 = run.flows.iter().map(|f| f.amount).sum();
        let cash = run.curve.cash.last().copied().unwrap_or(50_000.0);
        prop_assert!((50_000.0 - paid + received - cash).abs() <= SAME * money_moved(&run));
    }

    #[test]
    fn cash_plus_units_at_their_marks_is_the_equity(case in cases(ALL)) {
        let bars = case.bars();
        let run = case.run(&bars);
        let mut units = [0.0; N_SYMBOLS];
        let mut ratios = run.rescales.iter().map(|r| (r.time, r.symbol as usize, r.ratio)).peekable();
        for fill in &run.fills {
            while let Some((_, symbol, ratio)) = ratios.next_if(|r| r.0 <= fill.time) {
                units[symbol] *= ratio;
            }
            units[fill.symbol as usize] += fill.units;
        }
        ratios.for_each(|(_, symbol, ratio)| units[symbol] *= ratio);
        let value = units.iter().zip(&run.marks).zip(&run.points);
        let value: f64 = value.map(|((u, mark), point)| if *u == 0.0 { 0.0 } else { u * mark * point }).sum();
        let equity = run.curve.equity().last().copied().unwrap_or(50_000.0);
        let cash = run.curve.cash.last().copied().unwrap_or(50_000.0);
        prop_assert!((cash + value - equity).abs() <= SAME * money_moved(&run));
    }

    #[test]
    fn trades_and_interest_add_up_to_the_change_of_equity(case in cases(ALL)) {
        let bars = case.bars();
        let run = case.run(&bars);
        let interest: f64 = run.flows.iter().filter(|f| f.slot.is_none()).map(|f| f.amount).sum();
        let trades: f64 = run.trades.iter().map(|t| t.parts.total()).sum();
        let equity = run.curve.equity().last().copied().unwrap_or(50_000.0);
        prop_assert!((50_000.0 + trades + interest - equity).abs() <= SAME * money_moved(&run));
    }

    #[test]
    fn no_fill_is_outside_its_bar_before_slippage(case in cases(ALL)) {
        let bars = case.bars();
        let run = case.run(&bars);
        let market = bars.market();
        for fill in run.fills.iter().filter(|f| is_of_a_bar(f)) {
            let (low, high) = range(&market.columns, fill.row);
            let is_inside = low * (1.0 - SAME) <= fill.raw_price && fill.raw_price <= high * (1.0 + SAME);
            prop_assert!(is_inside, "{fill:?} outside {low}..{high}");
            prop_assert!(market.columns.close[fill.row].is_finite(), "a halted bar fills nothing");
        }
    }

    #[test]
    fn no_order_fills_at_or_before_its_signal_unless_at_the_same_close(case in cases(ALL)) {
        let bars = case.bars();
        let run = case.run(&bars);
        let is_same_close = case.settings.fill == FillAt::SameClose;
        for fill in run.fills.iter().filter(|f| matches!(f.cause, Cause::Target | Cause::Entry | Cause::Exit | Cause::Order)) {
            let made = run.transitions.iter().find(|t| t.order == fill.order).map_or(usize::MAX, |t| t.time);
            let may_be_now = is_same_close && fill.cause != Cause::Order && fill.moment == Moment::Close;
            prop_assert!(made < fill.time || (may_be_now && made == fill.time), "{fill:?} made at {made}");
        }
    }

    #[test]
    fn what_was_known_before_does_not_change_with_what_comes_after(case in cases(ALL), share in 0.2_f64..0.9) {
        let bars = case.bars();
        let whole = case.run(&bars);
        let market = bars.market();
        let n_times = (market.n_times() as f64 * share) as usize;
        let n_rows = market.first_row[n_times];
        let head = Market::try_new(market.columns.rows(0..n_rows)).expect("good bars");
        let head = head.with_instruments(market.instruments.to_vec());
        let orders = market::orders(case.number, N_SYMBOLS, case.n_bars, &case.has);
        let rates = market::rates(case.number, case.n_bars, &case.has);
        let settings = Settings { close_at_end: false, ..case.settings.clone() };
        let part = simulate_with_orders(&head, &settings, orders, rates);
        let fills: Vec<Fill> = whole.fills.iter().take_while(|f| f.time < n_times).copied().collect();
        prop_assert_eq!(&part.fills, &fills);
        prop_assert_eq!(&part.curve.cash, &whole.curve.cash[..n_times]);
        prop_assert_eq!(part.curve.equity(), &whole.curve.equity()[..n_times]);
    }
}

/// A market of targets and prices by hand: one row per timestamp and symbol.
#[derive(Debug)]
struct Plain {
    ts: Vec<i64>,
    symbol: Vec<u32>,
    prices: [Vec<f64>; 4],
    target: Vec<f64>,
}

impl Plain {
    fn run(&self, settings: &Settings, scale: f64, share: f64) -> Run {
        let scaled = |column: &[f64]| column.iter().map(|p| p * scale).collect::<Vec<_>>();
        let [open, high, low, close] = self.prices.each_ref().map(|c| scaled(c));
        let target: Vec<f64> = self.target.iter().map(|t| t * share).collect();
        let columns = Columns {
            ts: &self.ts,
            symbol: &self.symbol,
            open: &open,
            high: &high,
            low: &low,
            close: &close,
            target: &target,
            ..Columns::default()
        };
        let market = Market::try_new(columns).expect("good bars");
        simulate_with_orders(&market, settings, Vec::new(), Default::default())
    }

    /// The same bars twice, as two symbols.
    fn doubled(&self) -> Self {
        let twice = |column: &[f64]| column.iter().flat_map(|p| [*p, *p]).collect::<Vec<_>>();
        Self {
            ts: self.ts.iter().flat_map(|ts| [*ts, *ts]).collect(),
            symbol: self.ts.iter().flat_map(|_| [0, 1]).collect(),
            prices: self.prices.each_ref().map(|column| twice(column)),
            target: twice(&self.target),
        }
    }
}

fn plain() -> impl Strategy<Value = Plain> {
    let bar = (
        0.9_f64..1.1,
        0.0_f64..0.03,
        0.0_f64..0.03,
        prop::sample::select(vec![f64::NAN, -1.0, -0.5, 0.0, 0.5, 1.0]),
    );
    prop::collection::vec(bar, 3..40).prop_map(|bars| {
        let mut close = 100.0;
        let mut columns = [const { Vec::new() }; 4];
        for (change, up, down, _) in &bars {
            let open = close;
            close = open * change;
            let row = [
                open,
                open.max(close) * (1.0 + up),
                open.min(close) * (1.0 - down),
                close,
            ];
            columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, price)| column.push(price));
        }
        Plain {
            ts: (0..bars.len() as i64)
                .map(|i| i * 86_400_000_000_000)
                .collect(),
            symbol: vec![0; bars.len()],
            prices: columns,
            target: bars.iter().map(|bar| bar.3).collect(),
        }
    })
}

fn is_close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn prices_on_another_scale_give_the_same_equity(plain in plain(), scale in 0.01_f64..100.0) {
        let settings = options::settings("cash=50000,commission=0.001,slippage_bps=5,stop_loss=0.05", false);
        let (one, other) = (plain.run(&settings, 1.0, 1.0), plain.run(&settings, scale, 1.0));
        prop_assert_eq!(one.fills.len(), other.fills.len());
        prop_assert!(is_close(&other.curve.equity(), &one.curve.equity()));
        let units: Vec<f64> = other.fills.iter().map(|f| f.units * scale).collect();
        let expected: Vec<f64> = one.fills.iter().map(|f| f.units).collect();
        prop_assert!(is_close(&units, &expected));
    }

    #[test]
    fn a_symbol_split_in_two_with_half_the_capital_each_gives_the_same(plain in plain()) {
        let settings = options::settings("cash=50000,max_leverage=3,slippage_bps=5,reserve_costs=true,commission=0.001", false);
        let one = plain.run(&settings, 1.0, 0.9);
        let two = plain.doubled().run(&settings, 1.0, 0.45);
        let (two, one) = (two.curve.equity(), one.curve.equity());
        prop_assert!(is_close(&two, &one), "{two:?} and {one:?}");
    }
}
