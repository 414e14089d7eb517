//! What holds for every market: random bars of up to three symbols, with holes.

use proptest::prelude::*;
use quantlake_backtest::costs::{Commission, Costs, Slippage};
use quantlake_backtest::engine::{Cause, Engine, Keep, Recorder, Run, simulate};
use quantlake_backtest::market::{Columns, Market};
use quantlake_backtest::settings::{FillAt, Margin, Rebalance, Settings, Sizing};
use quantlake_backtest::stops::{Distances, ExitRules};

#[derive(Debug, Clone, Default)]
struct Bars {
    ts: Vec<i64>,
    symbol: Vec<u32>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    target: Vec<f64>,
}

impl Bars {
    fn columns(&self, n_rows: usize) -> Columns<'_> {
        Columns {
            ts: &self.ts[..n_rows],
            symbol: &self.symbol[..n_rows],
            open: &self.open[..n_rows],
            high: &self.high[..n_rows],
            low: &self.low[..n_rows],
            close: &self.close[..n_rows],
            target: &self.target[..n_rows],
            ..Columns::default()
        }
    }

    fn market(&self) -> Market<'_> {
        Market::try_new(self.columns(self.ts.len())).expect("good bars")
    }

    /// Without the symbols from this number on.
    fn of_symbols(mut self, n_symbols: u32) -> Self {
        let is_kept: Vec<bool> = self.symbol.iter().map(|s| *s < n_symbols).collect();
        for column in [
            &mut self.open,
            &mut self.high,
            &mut self.low,
            &mut self.close,
            &mut self.target,
        ] {
            let mut kept = is_kept.iter();
            column.retain(|_| *kept.next().unwrap_or(&false));
        }
        let mut kept = is_kept.iter();
        self.ts.retain(|_| *kept.next().unwrap_or(&false));
        self.symbol.retain(|s| *s < n_symbols);
        self
    }

    fn with_prices_times(mut self, factor: f64) -> Self {
        for column in [
            &mut self.open,
            &mut self.high,
            &mut self.low,
            &mut self.close,
        ] {
            column.iter_mut().for_each(|p| *p *= factor);
        }
        self
    }
}

/// One symbol at one time: present, open, range above and below, close within it, target.
type Cell = (bool, Option<f64>, f64, f64, f64, Option<f64>);

fn cell() -> impl Strategy<Value = Cell> {
    (
        prop::bool::weighted(0.85),
        prop::option::weighted(0.9, 20.0..200.0),
        0.0..10.0,
        0.0..10.0,
        0.0..1.0,
        prop::option::weighted(0.4, -1.2..1.2),
    )
}

fn bars() -> impl Strategy<Value = Bars> {
    prop::collection::vec([cell(), cell(), cell()], 1..40).prop_map(|times| {
        let mut bars = Bars::default();
        for (time, cells) in times.iter().enumerate() {
            for (symbol, cell) in cells.iter().enumerate().filter(|(_, c)| c.0) {
                let middle = cell.1.unwrap_or(100.0);
                bars.ts.push(time as i64);
                bars.symbol.push(symbol as u32);
                bars.open.push(cell.1.unwrap_or(f64::NAN));
                bars.high.push(middle + cell.2);
                bars.low.push(middle - cell.3);
                bars.close
                    .push(middle - cell.3 + cell.4 * (cell.2 + cell.3));
                bars.target.push(cell.5.unwrap_or(f64::NAN));
            }
        }
        bars
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        (0.0..0.01, 0.0..5.0, 0.0..0.02),
        prop::sample::select(vec![FillAt::NextOpen, FillAt::NextClose, FillAt::SameClose]),
        any::<[bool; 5]>(),
        0.5..2.0,
    )
        .prop_map(
            |((commission, commission_fixed, slippage), fill, flags, max_leverage)| Settings {
                costs: Costs {
                    commission: Commission {
                        rate: commission,
                        fixed: commission_fixed,
                        ..Commission::default()
                    },
                    slippage: Slippage {
                        fraction: slippage,
                        ..Slippage::default()
                    },
                    ..Costs::default()
                },
                fill,
                rebalance: if flags[0] {
                    Rebalance::Always
                } else {
                    Rebalance::OnChange
                },
                allow_short: flags[1],
                lot: if flags[2] { 1.0 } else { 0.0 },
                reserve_costs: flags[3],
                close_at_end: flags[4],
                margin: Margin {
                    max_leverage,
                    ..Margin::default()
                },
                ..Settings::default()
            },
        )
}

fn is_close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-9 * scale
}

/// The account rebuilt from the fills alone, at one timestamp.
fn rebuild(bars: &Bars, settings: &Settings, run: &Run, time: usize, now: i64) -> (f64, f64) {
    let mut units = [0.0; 3];
    let mut cash = settings.cash;
    for fill in run.fills.iter().filter(|f| f.time <= time) {
        units[fill.symbol as usize] += fill.units;
        cash -= fill.units * fill.price + fill.commission;
    }
    let mut marks = [0.0; 3];
    for row in (0..bars.ts.len()).filter(|r| bars.ts[*r] <= now) {
        let price = bars.close[row];
        if price.is_finite() {
            marks[bars.symbol[row] as usize] = price;
        }
    }
    let value: f64 = units.iter().zip(marks).map(|(u, m)| u * m).sum();
    (cash, value)
}

proptest! {
    #[test]
    fn cash_and_positions_add_up_from_the_fills_at_every_timestamp(bars in bars(), settings in settings()) {
        let market = bars.market();
        let run = simulate(&market, &settings);
        for (time, &now) in market.times.iter().enumerate() {
            let (cash, value) = rebuild(&bars, &settings, &run, time, now);
            prop_assert!(is_close(run.curve.cash[time], cash, settings.cash));
            prop_assert!(is_close(run.curve.positions[time], value, settings.cash));
        }
    }

    #[test]
    fn the_profits_of_the_trades_are_the_profit_of_the_account(bars in bars(), settings in settings()) {
        let market = bars.market();
        let run = simulate(&market, &settings);
        let trades = &run.trades;
        let profit: f64 = trades.iter().map(|t| t.pnl).sum();
        let end = run.curve.equity().last().copied().unwrap_or(settings.cash);
        prop_assert!(is_close(profit, end - settings.cash, settings.cash), "{profit} {end}");
        for trade in trades {
            prop_assert!(trade.mae <= 0.0 && trade.mfe >= 0.0);
            prop_assert!(trade.exit.is_none_or(|e| e.time >= trade.entry_time));
        }
    }

    #[test]
    fn rows_that_are_appended_change_nothing_before_them(bars in bars(), settings in settings(), cut in 0.0..1.0) {
        let settings = Settings { close_at_end: false, ..settings };
        let market = bars.market();
        let n_times = (cut * market.n_times() as f64) as usize;
        let prefix = Market::try_new(bars.columns(market.first_row[n_times])).expect("good bars");
        let (whole, part) = (simulate(&market, &settings), simulate(&prefix, &settings));
        prop_assert_eq!(&whole.curve.cash[..n_times], part.curve.cash);
        prop_assert_eq!(&whole.curve.positions[..n_times], part.curve.positions);
        prop_assert_eq!(&whole.curve.traded[..n_times], part.curve.traded);
        prop_assert_eq!(&whole.fills[..part.fills.len()], part.fills);
    }

    #[test]
    fn a_fill_comes_after_its_target_within_the_bar_widened_by_slippage(bars in bars(), settings in settings()) {
        let market = bars.market();
        let run = simulate(&market, &settings);
        for fill in run.fills.iter().filter(|f| f.cause != Cause::End) {
            let low = bars.low[fill.row] * (1.0 - settings.costs.slippage.fraction);
            let high = bars.high[fill.row] * (1.0 + settings.costs.slippage.fraction);
            prop_assert!(fill.price >= low * (1.0 - 1e-12) && fill.price <= high * (1.0 + 1e-12));
            let now = market.times[fill.time];
            let is_known = |row: &usize| bars.ts[*row] < now || (bars.ts[*row] == now && settings.fill == FillAt::SameClose);
            let mut rows = (0..bars.ts.len()).filter(|r| bars.symbol[*r] == fill.symbol);
            prop_assert!(rows.any(|r| is_known(&r) && bars.target[r].is_finite()));
        }
    }

    #[test]
    fn prices_in_another_unit_give_the_same_equity(bars in bars(), settings in settings()) {
        let settings = Settings { lot: 0.0, ..settings };
        let doubled = bars.clone().with_prices_times(2.0);
        let (one, two) = (simulate(&bars.market(), &settings), simulate(&doubled.market(), &settings));
        prop_assert_eq!(one.curve.equity(), two.curve.equity());
        prop_assert_eq!(one.curve.costs, two.curve.costs);
    }

    #[test]
    fn an_order_that_opens_leaves_the_exposure_within_the_leverage(bars in bars(), settings in settings()) {
        // At the close that fills, so that no price moves between the fill and the valuation.
        let margin = Margin::default();
        let settings = Settings { fill: FillAt::NextClose, margin, allow_short: false, ..settings };
        let run = simulate(&bars.market(), &settings);
        for cash in run.curve.cash {
            prop_assert!(cash >= -1e-9 * settings.cash, "{cash}");
        }
    }

    #[test]
    fn targets_in_units_are_reached_to_the_unit_when_cash_is_no_limit(bars in bars()) {
        let settings = Settings { cash: 1e9, sizing: Sizing::Units, lot: 0.0, ..Settings::default() };
        let run = simulate(&bars.market(), &settings);
        prop_assert_eq!((run.counts.reduced, run.counts.rejected), (0, 0));
        let mut units = [0.0; 3];
        for fill in &run.fills {
            units[fill.symbol as usize] += fill.units;
            let mut known = (0..fill.row).filter(|r| bars.symbol[*r] == fill.symbol && bars.target[*r].is_finite());
            let target = known.next_back().map_or(f64::NAN, |r| bars.target[r]);
            prop_assert!(is_close(units[fill.symbol as usize], target, 1.0));
        }
    }

    #[test]
    fn stepping_bar_by_bar_over_a_table_that_grows_is_the_run_over_the_whole(
        bars in bars(),
        settings in settings(),
        stop in prop::option::of(0.01..0.2),
        n_symbols in 1_u32..4,
    ) {
        // One symbol takes the short way, which has to agree as well.
        let bars = bars.of_symbols(n_symbols);
        let stop_loss = stop.unwrap_or(f64::NAN);
        let distances = Distances { stop_loss, ..Distances::default() };
        let exits = ExitRules { distances, ..ExitRules::default() };
        let settings = Settings { exits, close_at_end: false, ..settings };
        let market = bars.market();
        let whole = simulate(&market, &settings);
        let mut engine = Engine::new(&settings);
        let mut recorder = Recorder::new(market.n_times(), &settings, Keep::Trades);
        for (time, rows) in market.first_row.windows(2).enumerate() {
            let grown = bars.columns(rows[1]);
            engine.prepare(market.n_symbols, &[], &grown);
            engine.step(&grown, rows[0]..rows[1], market.times[time], &mut recorder);
        }
        engine.finish(&mut recorder);
        recorder.finish(&engine);
        prop_assert_eq!(&whole.curve, &recorder.run.curve);
        prop_assert_eq!(&whole.fills, &recorder.run.fills);
        prop_assert_eq!(whole.counts, recorder.run.counts);
        prop_assert_eq!(whole.trades.len(), recorder.run.trades.len());
    }
}
