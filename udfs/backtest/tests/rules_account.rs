//! The attribution of whole runs adds up to the change of equity, whatever happened in them.

use proptest::prelude::*;
use quantlake_backtest::attribution::{Dimension, attribute};
use quantlake_backtest::costs::{Commission, Costs, Financing, Impact, Rates, Slippage};
use quantlake_backtest::engine::{FlowKind, Run, simulate_with_orders};
use quantlake_backtest::limits::Limits;
use quantlake_backtest::market::{Columns, Instrument, Market};
use quantlake_backtest::settings::{Intrabar, Margin, Settings};
use quantlake_backtest::stops::{Distances, ExitRules};
use quantlake_backtest::trades::{Matching, Trade};

const N_SYMBOLS: usize = 3;
const DAY: i64 = 86_400_000_000_000;

/// One bar of one symbol: moves of the price, and what happens at it.
#[derive(Debug, Clone, Copy)]
struct Step {
    gap: f64,
    move_: f64,
    up: f64,
    down: f64,
    target: f64,
    /// Which corporate action there is, if any.
    action: u8,
    amount: f64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let prices = (
        -0.03..0.03_f64,
        -0.04..0.04_f64,
        0.0..0.02_f64,
        0.0..0.02_f64,
    );
    let target = prop_oneof![3 => Just(f64::NAN), 2 => -0.6..0.6_f64, 1 => Just(0.0)];
    let step = (prices, target, 0_u8..12, 0.0..1.0_f64);
    let step = step.prop_map(|((gap, move_, up, down), target, action, amount)| Step {
        gap,
        move_,
        up,
        down,
        target,
        action,
        amount,
    });
    prop::collection::vec(step, N_SYMBOLS * 4..N_SYMBOLS * 30)
}

#[derive(Debug, Default)]
struct Bars {
    ts: Vec<i64>,
    symbol: Vec<u32>,
    prices: [Vec<f64>; 4],
    target: Vec<f64>,
    volume: Vec<f64>,
    volatility: Vec<f64>,
    split: Vec<f64>,
    dividend: Vec<f64>,
    roll: Vec<f64>,
    funding: Vec<f64>,
    source: Vec<u32>,
}

impl Bars {
    fn new(steps: &[Step]) -> Self {
        let mut bars = Self::default();
        let mut closes = [100.0, 20.0, 4_000.0];
        for (row, step) in steps.iter().enumerate() {
            let symbol = row % N_SYMBOLS;
            bars.push(row, symbol, step, &mut closes[symbol]);
        }
        bars
    }

    fn push(&mut self, row: usize, symbol: usize, step: &Step, close: &mut f64) {
        let is = |action: u8, value: f64| {
            if step.action == action {
                value
            } else {
                f64::NAN
            }
        };
        let ratio = is(0, 0.5 + 2.0 * step.amount);
        *close /= if ratio.is_nan() { 1.0 } else { ratio };
        let roll = is(1, *close * (0.95 + 0.1 * step.amount));
        *close = if roll.is_nan() { *close } else { roll };
        let open = *close * (1.0 + step.gap);
        let last = open * (1.0 + step.move_);
        let high = open.max(last) * (1.0 + step.up);
        let low = open.min(last) * (1.0 - step.down);
        for (column, price) in self.prices.iter_mut().zip([open, high, low, last]) {
            column.push(price);
        }
        self.ts.push((row / N_SYMBOLS) as i64 * DAY / 2);
        self.symbol.push(symbol as u32);
        self.target.push(step.target);
        self.volume.push(1e5 * (0.1 + step.amount));
        self.volatility.push(0.02);
        self.split.push(ratio);
        self.dividend.push(is(2, 0.01 * *close));
        self.roll.push(roll);
        self.funding.push(is(3, 0.002 * (step.amount - 0.5)));
        self.source.push(1 + u32::from(step.action) % 3);
        *close = last;
    }

    fn columns(&self) -> Columns<'_> {
        Columns {
            ts: &self.ts,
            symbol: &self.symbol,
            open: &self.prices[0],
            high: &self.prices[1],
            low: &self.prices[2],
            close: &self.prices[3],
            target: &self.target,
            volume: &self.volume,
            volatility: &self.volatility,
            split: &self.split,
            dividend: &self.dividend,
            roll: &self.roll,
            funding: &self.funding,
            source: &self.source,
            ..Columns::default()
        }
    }
}

fn costs() -> impl Strategy<Value = Costs> {
    let impact = prop_oneof![Just(Impact::None), Just(Impact::Linear), Just(Impact::Sqrt)];
    let amounts = (
        0.0..0.002_f64,
        0.0..3.0_f64,
        0.0..0.001_f64,
        0.0..0.1_f64,
        0.0..0.1_f64,
    );
    (impact, amounts).prop_map(
        |(impact, (rate, fixed, fraction, impact_coefficient, annual))| Costs {
            commission: Commission {
                rate,
                fixed,
                ..Commission::default()
            },
            slippage: Slippage {
                fraction,
                impact,
                impact_coefficient,
                ..Slippage::default()
            },
            financing: Financing {
                cash_rate: annual,
                debit_rate: 2.0 * annual,
                borrow: annual,
            },
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let paths = prop_oneof![
        Just(Intrabar::Pessimistic),
        Just(Intrabar::Optimistic),
        Just(Intrabar::Adaptive)
    ];
    let exits = (any::<bool>(), 0.01..0.1_f64, 0.01..0.1_f64);
    let lots = prop_oneof![Just(0.0), Just(1.0)];
    (costs(), paths, exits, lots, any::<[bool; 3]>()).prop_map(
        |(
            costs,
            intrabar,
            (has_exits, stop_loss, trailing),
            lot,
            [is_average, futures, is_limited],
        )| Settings {
            cash: 1e6,
            costs,
            intrabar,
            lot,
            futures,
            matching: if is_average {
                Matching::Average
            } else {
                Matching::Fifo
            },
            margin: Margin {
                max_leverage: 3.0,
                maintenance: 0.4,
                ..Margin::default()
            },
            exits: ExitRules {
                distances: Distances {
                    stop_loss: if has_exits { stop_loss } else { f64::NAN },
                    trailing: if has_exits { trailing } else { f64::NAN },
                    ..Distances::default()
                },
                ..ExitRules::default()
            },
            limits: Limits {
                max_position: if is_limited { 0.5 } else { f64::INFINITY },
                daily_loss: is_limited.then_some(0.02),
                ..Limits::default()
            },
            ..Settings::default()
        },
    )
}

fn run(bars: &Bars, settings: &Settings) -> Run {
    let instrument = |currency: Option<u32>, multiplier: f64| Instrument {
        multiplier,
        currency,
        sector: currency,
    };
    let instruments = vec![
        instrument(None, 1.0),
        instrument(Some(0), 10.0),
        instrument(None, 0.5),
    ];
    let market = Market::try_new(bars.columns()).expect("good bars");
    let market = market.with_instruments(instruments);
    let times: Vec<i64> = (0..40).map(|day| day * DAY / 2).collect();
    let rates: Vec<f64> = (0..40).map(|day| 1.1 + 0.01 * f64::from(day % 7)).collect();
    let rates = Rates::try_new(&times, &[0; 40], &rates).expect("good rates");
    simulate_with_orders(&market, settings, Vec::new(), rates)
}

fn moved(run: &Run) -> f64 {
    let fills: f64 = run.fills.iter().map(|fill| fill.value()).sum();
    fills.max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_dimension_adds_up_to_the_change_of_equity(steps in steps(), settings in settings()) {
        let bars = Bars::new(&steps);
        let run = run(&bars, &settings);
        let flows = run.flows.iter().filter(|flow| flow.kind == FlowKind::Interest);
        let interest: f64 = flows.map(|flow| flow.amount).sum();
        let equity = run.curve.equity();
        let change = equity.last().copied().unwrap_or(f64::NAN) - settings.cash;
        let rows = attribute(&run.trades, &[0, 1], interest).rows;
        for dimension in [
            Dimension::Total,
            Dimension::Symbol,
            Dimension::Side,
            Dimension::Sector,
            Dimension::Source,
            Dimension::Kind,
        ] {
            let sum: f64 = rows.iter().filter(|r| r.dimension == dimension).map(|r| r.total).sum();
            let error = (sum - change).abs();
            prop_assert!(error <= 1e-9 * moved(&run), "{dimension:?}: {sum}, equity {change}");
        }
    }

    #[test]
    fn a_trade_saw_the_prices_between_its_entry_and_its_exit(steps in steps(), settings in settings()) {
        let bars = Bars::new(&steps);
        let run = run(&bars, &settings);
        let is_plain = |t: &&Trade| {
            // Splits and rolls change the scale of prices inside a trade.
            let rows = t.entry_time..=t.exit.map_or(usize::MAX, |e| e.time);
            let all = run.rescales.iter().filter(|r| r.symbol == t.symbol);
            all.into_iter().all(|r| !rows.contains(&r.time))
        };
        for trade in run.trades.iter().filter(is_plain) {
            prop_assert!(trade.mae <= 0.0 && trade.mfe >= 0.0, "{trade:?}");
            prop_assert!(trade.bars >= 0, "{trade:?}");
            let last = trade.exit.map_or(run.marks[trade.symbol as usize], |e| e.price);
            let ret = (last / trade.entry_price - 1.0) * trade.units.signum();
            prop_assert!(trade.mae <= ret + 1e-12 && ret <= trade.mfe + 1e-12, "{trade:?}");
            check_extremes(&bars, trade)?;
        }
    }
}

/// The prices of the bars of a trade bound what it saw, but for slippage at its ends.
fn check_extremes(bars: &Bars, trade: &Trade) -> Result<(), TestCaseError> {
    let last = trade.exit.map_or(usize::MAX, |exit| exit.time);
    let (mut low, mut high) = (trade.entry_price, trade.entry_price);
    for row in (trade.symbol as usize..bars.ts.len()).step_by(N_SYMBOLS) {
        let time = row / N_SYMBOLS;
        if (trade.entry_time..=last).contains(&time) {
            (low, high) = (low.min(bars.prices[2][row]), high.max(bars.prices[1][row]));
        }
    }
    if let Some(exit) = trade.exit {
        (low, high) = (low.min(exit.price), high.max(exit.price));
    }
    let (low, high) = (
        low / trade.entry_price - 1.0,
        high / trade.entry_price - 1.0,
    );
    let (worst, best) = if trade.units > 0.0 {
        (low, high)
    } else {
        (-high, -low)
    };
    prop_assert!(
        worst <= trade.mae + 1e-12 && trade.mfe <= best + 1e-12,
        "{trade:?}"
    );
    Ok(())
}
