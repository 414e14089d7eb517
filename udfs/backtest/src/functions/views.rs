//! What each function reports of the runs of a call: its columns, in the order of its description.

use super::columns::{floats, integers, over, texts, times};
use super::result::{AccountRun, Simulated};
use crate::attribution::{Dimension, Row, attribute};
use crate::engine::{Fill, FlowKind, Transition};
use crate::metrics::{self, About, drawdowns, over_equity, returns};
use crate::trades::Trade;
use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::concat;
use datafusion::error::Result;
use quantlake_core::relation::time_column;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A column of a result, made when it is known to be wanted.
pub type Column<'a> = Box<dyn FnOnce() -> ArrayRef + 'a>;

/// What a view reports: all its columns, in the order of its description.
pub type View = for<'a> fn(&'a Simulated, &'a AccountRun) -> Vec<Column<'a>>;

/// The wanted columns of a view over all accounts; the accounts' names are its last column.
///
/// # Errors
/// Those of Arrow.
pub fn columns(simulated: &Simulated, view: View, wanted: &[usize]) -> Result<Vec<ArrayRef>> {
    let mut parts: Vec<Vec<ArrayRef>> = Vec::new();
    for run in &simulated.accounts {
        parts.push(columns_of(simulated, run, view, wanted));
    }
    if let [only] = parts.as_mut_slice() {
        return Ok(std::mem::take(only));
    }
    let column = |i: usize| {
        let arrays: Vec<&dyn Array> = parts
            .iter()
            .filter_map(|p| Some(p.get(i)?.as_ref()))
            .collect();
        Ok(concat(&arrays)?)
    };
    (0..wanted.len()).map(column).collect()
}

fn columns_of(
    simulated: &Simulated,
    run: &AccountRun,
    view: View,
    wanted: &[usize],
) -> Vec<ArrayRef> {
    let mut columns: Vec<Option<Column<'_>>> = view(simulated, run).into_iter().map(Some).collect();
    let name = columns.len();
    let mut made: Vec<Option<ArrayRef>> = wanted
        .iter()
        .map(|i| Some(columns.get_mut(*i)?.take()?()))
        .collect();
    if let Some(place) = wanted.iter().position(|i| *i == name) {
        // Any column tells how many rows there are.
        let first = made.iter().flatten().next().map(Array::len);
        let n_rows = first.or_else(|| Some(columns.first_mut()?.take()?().len()));
        let names = std::iter::repeat_n(run.account.name.as_deref(), n_rows.unwrap_or(0));
        made[place] = Some(texts(names));
    }
    made.into_iter().flatten().collect()
}

/// Columns that were made together.
fn ready<'a>(columns: Vec<ArrayRef>) -> Vec<Column<'a>> {
    let columns = columns.into_iter();
    columns.map(|c| Box::new(move || c) as Column<'a>).collect()
}

impl AccountRun {
    fn symbol(&self, number: u32) -> Option<&str> {
        self.account.symbols.get(number as usize)?.as_deref()
    }

    fn time(&self, index: usize) -> Option<i64> {
        self.times.get(index).copied()
    }
}

impl Simulated {
    /// The name of a source; 0 is none.
    fn source(&self, number: u32) -> Option<&str> {
        self.sources.name(number.checked_sub(1)?)
    }
}

/// `backtest`: the account at each timestamp.
pub fn curve<'a>(simulated: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let (curve, start) = (&run.run.curve, simulated.settings.cash);
    let equity: Rc<[f64]> = curve.equity().into();
    let of_equity = |made: fn(f64, &[f64]) -> Vec<f64>| -> Column<'a> {
        let equity = Rc::clone(&equity);
        Box::new(move || floats(made(start, &equity)))
    };
    let share = |money: &'a [f64]| -> Column<'a> {
        let equity = Rc::clone(&equity);
        Box::new(move || floats(over_equity(money, &equity)))
    };
    let plain = |values: &'a [f64]| -> Column<'a> { Box::new(|| floats(values.iter().copied())) };
    vec![
        Box::new(|| times(run.times.clone())),
        of_equity(|_, equity| equity.to_vec()),
        plain(&curve.cash),
        plain(&curve.positions),
        share(&curve.gross),
        share(curve.net()),
        of_equity(returns),
        of_equity(drawdowns),
        share(&curve.traded),
        plain(&curve.costs),
        Box::new(|| integers(curve.n_positions.iter().map(|n| i64::from(*n)))),
    ]
}

/// `backtest_trades`: the round trips.
pub fn trades<'a>(simulated: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let trades = &run.run.trades;
    let exit = |t: &Trade| t.exit;
    let side = |t: &Trade| if t.units > 0.0 { "long" } else { "short" };
    let number = |value: fn(&Trade) -> f64| floats(trades.iter().map(value));
    ready(vec![
        texts(trades.iter().map(|t| run.symbol(t.symbol))),
        texts(trades.iter().map(|t| Some(side(t)))),
        time_column(trades.iter().map(|t| run.time(t.entry_time)).collect()),
        number(|t| t.entry_price),
        time_column(trades.iter().map(|t| run.time(exit(t)?.time)).collect()),
        number(|t| t.exit.map_or(f64::NAN, |e| e.price)),
        number(|t| t.units.abs()),
        number(|t| t.pnl),
        number(Trade::ret),
        integers(trades.iter().map(|t| t.bars)),
        number(|t| t.costs),
        texts(trades.iter().map(|t| Some(exit(t)?.reason.name()))),
        number(|t| t.mae),
        number(|t| t.mfe),
        texts(trades.iter().map(|t| Some(t.entry_reason.name()))),
        number(|t| t.parts.slippage),
        number(|t| t.parts.dividends),
        number(|t| t.parts.borrow),
        number(|t| t.parts.funding),
        texts(trades.iter().map(|t| simulated.source(t.source))),
    ])
}

fn side_of(units: f64) -> Option<&'static str> {
    match units {
        u if u > 0.0 => Some("buy"),
        u if u < 0.0 => Some("sell"),
        _ => None,
    }
}

/// `backtest_orders`: every step of every order.
pub fn orders<'a>(_: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let steps = &run.run.transitions;
    let number = |value: fn(&Transition) -> f64| floats(steps.iter().map(value));
    let id = |t: &Transition| run.ids.get(t.request? as usize).map(Option::as_deref)?;
    ready(vec![
        time_column(steps.iter().map(|t| Some(t.ts)).collect()),
        integers(
            steps
                .iter()
                .map(|t| i64::try_from(t.order).unwrap_or(i64::MAX)),
        ),
        texts(steps.iter().map(id)),
        texts(steps.iter().map(|t| run.symbol(t.symbol))),
        texts(steps.iter().map(|t| Some(t.cause.name()))),
        texts(steps.iter().map(|t| Some(t.state.name()))),
        texts(steps.iter().map(|t| side_of(t.units))),
        number(|t| t.units.abs()),
        number(|t| t.price),
        texts(
            steps
                .iter()
                .map(|t| Some(t.reason).filter(|r| !r.is_empty())),
        ),
    ])
}

/// `backtest_fills`: the fills.
pub fn fills<'a>(simulated: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let fills = &run.run.fills;
    let number = |value: fn(&Fill) -> f64| floats(fills.iter().map(value));
    ready(vec![
        time_column(fills.iter().map(|f| Some(f.ts)).collect()),
        integers(
            fills
                .iter()
                .map(|f| i64::try_from(f.order).unwrap_or(i64::MAX)),
        ),
        texts(fills.iter().map(|f| run.symbol(f.symbol))),
        texts(fills.iter().map(|f| side_of(f.units))),
        number(|f| f.units.abs()),
        number(|f| f.raw_price),
        number(|f| f.price),
        number(|f| f.commission),
        number(Fill::slippage),
        number(|f| f.units_after),
        texts(fills.iter().map(|f| Some(f.cause.name()))),
        texts(fills.iter().map(|f| simulated.source(f.source))),
    ])
}

/// `backtest_events`: breaches, margin calls, corporate actions.
pub fn events<'a>(_: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let events = &run.run.events;
    ready(vec![
        time_column(events.iter().map(|e| Some(e.ts)).collect()),
        texts(events.iter().map(|e| run.symbol(e.symbol?))),
        texts(events.iter().map(|e| Some(e.rule))),
        floats(events.iter().map(|e| e.value)),
        floats(events.iter().map(|e| e.limit)),
    ])
}

/// `backtest_positions`: what is held at each timestamp.
pub fn positions<'a>(simulated: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let columns = simulated.bars.columns().rows(run.account.rows.clone());
    let equity = run.run.curve.equity();
    let mut held: BTreeMap<u32, (u32, f64)> = BTreeMap::new();
    let mut marks = vec![f64::NAN; run.account.symbols.len()];
    let mut rates = simulated.rates.clone();
    let mut fills = run.run.fills.iter().peekable();
    let mut rescales = run.run.rescales.iter().peekable();
    let mut row = 0;
    let mut found: Vec<Position> = Vec::new();
    for (time, &ts) in run.times.iter().enumerate() {
        while let Some(rescale) = rescales.next_if(|r| r.time == time) {
            let of_symbol = held.values_mut().filter(|(s, _)| *s == rescale.symbol);
            of_symbol.for_each(|(_, units)| *units *= rescale.ratio);
            marks[rescale.symbol as usize] /= rescale.ratio;
        }
        while let Some(fill) = fills.next_if(|f| f.time == time) {
            held.insert(fill.slot, (fill.symbol, fill.units_after));
        }
        while columns.ts.get(row) == Some(&ts) {
            let close = columns.close[row];
            if close.is_finite() {
                marks[columns.symbol[row] as usize] = close;
            }
            row += 1;
        }
        held.retain(|_, (_, units)| *units != 0.0);
        rates.advance(ts);
        for &(symbol, units) in held.values() {
            let price = marks[symbol as usize];
            let instrument = &run.account.instruments[symbol as usize];
            let rate = instrument.currency.map_or(1.0, |c| rates.rate(c));
            found.push(Position {
                ts,
                symbol,
                units,
                price,
                value: units * price * instrument.multiplier * rate,
                equity: equity[time],
            });
        }
    }
    let number = |value: fn(&Position) -> f64| floats(found.iter().map(value));
    ready(vec![
        time_column(found.iter().map(|p| Some(p.ts)).collect()),
        texts(found.iter().map(|p| run.symbol(p.symbol))),
        number(|p| p.units),
        number(|p| p.price),
        number(|p| p.value),
        number(|p| over(p.value, p.equity)),
    ])
}

/// A position at a timestamp.
struct Position {
    ts: i64,
    symbol: u32,
    units: f64,
    price: f64,
    value: f64,
    equity: f64,
}

/// `backtest_metrics`: the statistics.
pub fn report<'a>(simulated: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let about = About {
        times: &run.times,
        benchmark: &simulated.benchmark,
        trials: simulated.trials,
        trials_variance: simulated.trials_variance,
    };
    let report = metrics::report(&simulated.settings, &run.run, &about);
    ready(vec![
        texts(report.iter().map(|(name, _)| Some(name.as_str()))),
        floats(report.iter().map(|(_, value)| *value)),
    ])
}

/// `backtest_attribution`: where the profit is from.
pub fn attribution<'a>(simulated: &'a Simulated, run: &'a AccountRun) -> Vec<Column<'a>> {
    let flows = run.run.flows.iter();
    let interest = flows
        .filter(|f| f.kind == FlowKind::Interest)
        .map(|f| f.amount)
        .sum();
    let sectors = simulated.sectors(&run.account);
    let rows = attribute(&run.run.trades, &sectors, interest).rows;
    let number = |value: fn(&Row) -> f64| floats(rows.iter().map(value));
    ready(vec![
        texts(rows.iter().map(|r| Some(r.dimension.name()))),
        texts(rows.iter().map(|r| group(simulated, run, r))),
        integers(
            rows.iter()
                .map(|r| i64::try_from(r.n_trades).unwrap_or(i64::MAX)),
        ),
        number(|r| r.parts.price),
        number(|r| -r.parts.slippage),
        number(|r| -r.parts.commission),
        number(|r| r.parts.dividends),
        number(|r| r.parts.borrow),
        number(|r| r.parts.funding),
        number(|r| r.interest),
        number(|r| r.total),
    ])
}

fn group<'a>(simulated: &'a Simulated, run: &'a AccountRun, row: &Row) -> Option<&'a str> {
    let number = row.group?;
    match row.dimension {
        Dimension::Total => None,
        Dimension::Symbol => run.symbol(number),
        Dimension::Side => Some(if number == 0 { "long" } else { "short" }),
        Dimension::Sector => simulated.bars.names.sectors.name(number),
        Dimension::Source => simulated.source(number),
        Dimension::Kind => Row::KINDS.get(number as usize).copied(),
    }
}
