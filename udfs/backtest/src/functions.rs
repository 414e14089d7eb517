//! The SQL side: arguments to settings, rows to a market, a run to result columns.

use crate::engine::{Run, simulate};
use crate::market::{BadRow, Columns, Market};
use crate::metrics::{drawdowns, metrics, over_equity, returns};
use crate::settings::{FillAt, Rebalance, Settings, Sizing};
use crate::specs;
use crate::trades::{Trade, match_trades};
use datafusion::arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::{Grouping, RelationKernel, Rows, relation_function, time_column};
use quantlake_core::{Args, Function, FunctionSpec, QlError, SqlState};
use std::collections::HashMap;
use std::sync::Arc;

/// `backtest`, `backtest_trades` and `backtest_metrics`.
pub fn functions() -> Vec<Function> {
    vec![
        view(specs::backtest(), curve_columns),
        view(specs::backtest_trades(), trade_columns),
        view(specs::backtest_metrics(), metric_columns),
    ]
}

/// What a view reports of a simulation.
type View = fn(&Simulated<'_>) -> Vec<ArrayRef>;

struct Simulated<'a> {
    settings: &'a Settings,
    market: &'a Market<'a>,
    /// Names by number; `None` is the symbol NULL.
    symbols: &'a [Option<&'a str>],
    run: &'a Run,
}

fn view(spec: FunctionSpec, columns: View) -> Function {
    let name = spec.name.clone();
    relation_function(
        spec,
        specs::columns(),
        Grouping::Whole,
        &["ts", "symbol"],
        Arc::new(move |args| {
            Ok(Box::new(Backtest {
                name: name.clone(),
                settings: settings(&name, args)?,
                columns,
            }))
        }),
    )
}

fn settings(function: &str, args: &Args) -> Result<Settings, QlError> {
    let is_fractional = args.flag("fractional")?;
    let lot = args.integer("lot")?;
    if is_fractional && lot != 1 {
        return Err(QlError::bad_argument(
            function,
            "lot",
            "left out while positions may be fractions",
            lot,
        )
        .with_hint("Write fractional => false"));
    }
    Ok(Settings {
        cash: args.number("cash")?,
        commission: args.number("commission")?,
        commission_fixed: args.number("commission_fixed")?,
        slippage: args.number("slippage_bps")? / 1e4,
        fill: match args.integer("fill")? {
            0 => FillAt::NextOpen,
            1 => FillAt::NextClose,
            _ => FillAt::SameClose,
        },
        sizing: match args.integer("sizing")? {
            0 => Sizing::Weight,
            _ => Sizing::Units,
        },
        rebalance: match args.integer("rebalance")? {
            0 => Rebalance::OnChange,
            _ => Rebalance::Always,
        },
        lot: if is_fractional { 0.0 } else { lot as f64 },
        min_trade: args.number("min_trade")?,
        allow_short: args.flag("allow_short")?,
        max_leverage: args.number("max_leverage")?,
        reserve_costs: args.flag("reserve_costs")?,
        close_at_end: args.flag("close_at_end")?,
        periods: args.number("periods")?,
    })
}

struct Backtest {
    name: String,
    settings: Settings,
    columns: View,
}

impl RelationKernel for Backtest {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let ts = rows.times("ts")?;
        let texts = rows.texts("symbol")?;
        let (symbol, symbols) = number_symbols(texts);
        let [open, high, low, close, target] =
            ["open", "high", "low", "close", "target"].map(|name| rows.values(name));
        let (open, high, low, close, target) = (open?, high?, low?, close?, target?);
        self.check_fill_prices(&open, &close)?;
        let market = Market::try_new(Columns {
            ts: &ts,
            symbol: &symbol,
            open: &open,
            high: &high,
            low: &low,
            close: &close,
            target: &target,
        })
        .map_err(|bad| self.refuse(bad, &ts, texts))?;
        let run = simulate(&market, &self.settings);
        let columns = (self.columns)(&Simulated {
            settings: &self.settings,
            market: &market,
            symbols: &symbols,
            run: &run,
        });
        RecordBatch::try_new(rows.output_schema(), columns)
            .map_err(|e| QlError::internal(format!("{}: {e}", self.name)))
    }
}

impl Backtest {
    /// A query without the price that fills need would run and never trade: say so instead.
    fn check_fill_prices(&self, open: &[f64], close: &[f64]) -> Result<(), QlError> {
        let (name, prices) = match self.settings.fill {
            FillAt::NextOpen => ("open", open),
            FillAt::NextClose | FillAt::SameClose => ("close", close),
        };
        if prices.is_empty() || prices.iter().any(|p| p.is_finite()) {
            return Ok(());
        }
        let message = format!(
            "{}: orders fill at `{name}`, and the query has no `{name}` that is not NULL",
            self.name
        );
        Err(QlError::new(SqlState::DataException, message)
            .with_hint("Select the column, or fill at another price: fill => 'next_close'"))
    }

    fn refuse(&self, bad: BadRow, ts: &[i64], symbols: &StringArray) -> QlError {
        let time = match ts.get(bad.row).and_then(|ns| timestamp_ns_to_datetime(*ns)) {
            Some(time) => time.to_string(),
            None => format!("row {}", bad.row + 1),
        };
        let symbol = if symbols.is_valid(bad.row) {
            format!(" of {}", symbols.value(bad.row))
        } else {
            String::new()
        };
        let message = format!("{}: the bar{symbol} at {time}: {}", self.name, bad.fault);
        QlError::new(SqlState::DataException, message)
    }
}

/// Numbers the symbols in the order in which they come up; NULL is one of them.
fn number_symbols(texts: &StringArray) -> (Vec<u32>, Vec<Option<&str>>) {
    let mut numbers: HashMap<Option<&str>, u32> = HashMap::new();
    let mut names = Vec::new();
    let mut number_of = |name| {
        *numbers.entry(name).or_insert_with(|| {
            names.push(name);
            names.len() as u32 - 1
        })
    };
    let symbol = texts.iter().map(&mut number_of).collect();
    (symbol, names)
}

fn curve_columns(simulated: &Simulated<'_>) -> Vec<ArrayRef> {
    let curve = &simulated.run.curve;
    let start = simulated.settings.cash;
    let equity = curve.equity();
    let times = simulated.market.times.iter().copied().map(Some).collect();
    vec![
        time_column(times),
        floats(equity.iter().copied()),
        floats(curve.cash.iter().copied()),
        floats(curve.positions.iter().copied()),
        floats(over_equity(&curve.gross, &equity)),
        floats(over_equity(&curve.positions, &equity)),
        floats(returns(start, &equity)),
        floats(drawdowns(start, &equity)),
        floats(over_equity(&curve.traded, &equity)),
        floats(curve.costs.iter().copied()),
        Arc::new(Int64Array::from(curve.n_positions.clone())),
    ]
}

fn trade_columns(simulated: &Simulated<'_>) -> Vec<ArrayRef> {
    let trades = match_trades(simulated.market, simulated.settings, simulated.run);
    let times = &simulated.market.times;
    let time = |index: usize| times.get(index).copied();
    let exit = |t: &Trade| t.exit;
    let symbol = |t: &Trade| simulated.symbols.get(t.symbol as usize).copied().flatten();
    let side = |t: &Trade| if t.units > 0.0 { "long" } else { "short" };
    let number = |value: fn(&Trade) -> f64| floats(trades.iter().map(value));
    vec![
        texts(trades.iter().map(symbol)),
        texts(trades.iter().map(|t| Some(side(t)))),
        time_column(trades.iter().map(|t| time(t.entry_time)).collect()),
        number(|t| t.entry_price),
        time_column(trades.iter().map(|t| time(exit(t)?.time)).collect()),
        number(|t| t.exit.map_or(f64::NAN, |e| e.price)),
        number(|t| t.units.abs()),
        number(|t| t.pnl),
        number(Trade::ret),
        Arc::new(trades.iter().map(|t| Some(t.bars)).collect::<Int64Array>()),
        number(|t| t.costs),
        texts(trades.iter().map(|t| Some(exit(t)?.reason.name()))),
        number(|t| t.mae),
        number(|t| t.mfe),
    ]
}

fn metric_columns(simulated: &Simulated<'_>) -> Vec<ArrayRef> {
    let trades = match_trades(simulated.market, simulated.settings, simulated.run);
    let report = metrics(simulated.settings, simulated.run, &trades);
    vec![
        texts(report.iter().map(|(name, _)| Some(*name))),
        floats(report.iter().map(|(_, value)| *value)),
    ]
}

/// A column of doubles; what is not finite is unknown, so NULL.
fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let known = values.into_iter().map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}
