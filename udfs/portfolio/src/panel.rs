//! From rows (ts, symbol, ...) to returns by symbol and what else is known of each symbol.

use datafusion::arrow::array::{Array, Float64Array, StringArray};
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::{InputColumn, InputType, Rows};
use quantlake_core::{QlError, SqlState};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Columns with one number per symbol, of which the last one known counts.
const FACTS: [&str; 6] = [
    "market_cap",
    "min_weight",
    "max_weight",
    "previous_weight",
    "expected_return",
    "risk_budget",
];

/// The columns that all functions over returns read.
pub fn columns() -> Vec<InputColumn> {
    let mut columns = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("symbol", InputType::Text),
    ];
    let numbers = ["ret", "price", "close"].into_iter().chain(FACTS);
    columns.extend(numbers.map(|name| InputColumn::optional(name, InputType::Number)));
    columns.push(InputColumn::optional("sector", InputType::Text));
    columns
}

/// What is known of a symbol at a time; NaN for what is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts<'a> {
    /// Value of all its shares.
    pub market_cap: f64,
    /// Its own lower bound.
    pub min_weight: f64,
    /// Its own upper bound.
    pub max_weight: f64,
    /// Its weight before.
    pub previous_weight: f64,
    /// What the query expects it to earn per year.
    pub expected_return: f64,
    /// Its share of the risk, up to a factor.
    pub risk_budget: f64,
    /// Its sector.
    pub sector: Option<&'a str>,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        Self {
            market_cap: f64::NAN,
            min_weight: f64::NAN,
            max_weight: f64::NAN,
            previous_weight: f64::NAN,
            expected_return: f64::NAN,
            risk_budget: f64::NAN,
            sector: None,
        }
    }
}

/// Returns are given, or follow from prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Returns,
    Prices,
}

/// The rows by date and symbol.
#[derive(Debug)]
pub struct Panel<'a> {
    /// Distinct times, ascending, in nanoseconds.
    pub times: Vec<i64>,
    /// Distinct symbols, ascending.
    pub symbols: Vec<&'a str>,
    /// The rows of each date.
    dates: Vec<Range<usize>>,
    symbol_of_row: Vec<usize>,
    /// Returns or prices by symbol and date, NaN where there is none.
    values: Vec<Vec<f64>>,
    measure: Measure,
    facts: Vec<&'a Float64Array>,
    sector_of_row: &'a StringArray,
    /// All sectors, each once, in alphabetic order.
    pub sectors: Vec<&'a str>,
}

/// Symbols with the returns that all of them have.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Positions of the symbols in the panel.
    pub members: Vec<usize>,
    /// Returns by member, complete rows, oldest first.
    pub returns: Vec<Vec<f64>>,
}

impl Sample {
    /// The returns as the kernels take them.
    pub fn slices(&self) -> Vec<&[f64]> {
        self.returns.iter().map(Vec::as_slice).collect()
    }

    /// Number of complete rows.
    pub fn n_rows(&self) -> usize {
        self.returns.first().map_or(0, Vec::len)
    }
}

impl<'a> Panel<'a> {
    /// Reads rows ordered by time and symbol.
    ///
    /// # Errors
    /// 22000 for a NULL symbol, two rows of one symbol at one time, a price that is not above 0,
    /// and rows without any return or price.
    pub fn try_new(function: &str, rows: &'a Rows) -> Result<Self, QlError> {
        let ts = rows.times("ts")?;
        let names = rows.texts("symbol")?;
        let (symbols, symbol_of_row) = number_symbols(function, names)?;
        let (measure, raw) = read_measure(function, rows)?;
        let mut times: Vec<i64> = Vec::new();
        let mut dates: Vec<Range<usize>> = Vec::new();
        let mut values = vec![Vec::new(); symbols.len()];
        for (row, &time) in ts.iter().enumerate() {
            if times.last() == Some(&time) {
                refuse_duplicate(function, &symbol_of_row, names, row, time)?;
                if let Some(date) = dates.last_mut() {
                    date.end = row + 1;
                }
            } else {
                times.push(time);
                dates.push(row..row + 1);
                values.iter_mut().for_each(|v| v.push(f64::NAN));
            }
            if let Some(slot) = values[symbol_of_row[row]].last_mut() {
                *slot = raw[row];
            }
        }
        let facts = FACTS.iter().map(|name| rows.numbers(name));
        let sector_of_row = rows.texts("sector")?;
        let sectors: BTreeSet<&str> = sector_of_row.iter().flatten().collect();
        Ok(Self {
            times,
            symbols,
            dates,
            symbol_of_row,
            values,
            measure,
            facts: facts.collect::<Result<_, _>>()?,
            sector_of_row,
            sectors: sectors.into_iter().collect(),
        })
    }

    /// Number of dates.
    pub fn n_dates(&self) -> usize {
        self.times.len()
    }

    /// The symbols that have a row at a date.
    pub fn present(&self, date: usize) -> impl Iterator<Item = usize> {
        self.symbol_of_row[self.dates[date].clone()].iter().copied()
    }

    /// Takes in what the rows of a date say of their symbols.
    pub fn learn(&self, date: usize, known: &mut [Facts<'a>]) {
        for row in self.dates[date].clone() {
            let facts = &mut known[self.symbol_of_row[row]];
            let slots = [
                &mut facts.market_cap,
                &mut facts.min_weight,
                &mut facts.max_weight,
                &mut facts.previous_weight,
                &mut facts.expected_return,
                &mut facts.risk_budget,
            ];
            for (slot, column) in slots.into_iter().zip(&self.facts) {
                if column.is_valid(row) && column.value(row).is_finite() {
                    *slot = column.value(row);
                }
            }
            if self.sector_of_row.is_valid(row) {
                facts.sector = Some(self.sector_of_row.value(row));
            }
        }
    }

    /// How many dates a window of this many returns spans, where no row is missing.
    pub fn n_dates_of(&self, n_returns: usize) -> usize {
        match self.measure {
            Measure::Returns => n_returns,
            Measure::Prices => n_returns + 1,
        }
    }

    /// The number of dates in a range at which a symbol has a value.
    pub fn count(&self, symbol: usize, dates: Range<usize>) -> usize {
        self.values[symbol][dates]
            .iter()
            .filter(|v| v.is_finite())
            .count()
    }

    /// The rows of a range of dates at which all members have a value. Returns from prices are
    /// those between such dates, so that all of them span the same time.
    pub fn sample(&self, members: Vec<usize>, dates: Range<usize>) -> Sample {
        let complete: Vec<usize> = dates
            .filter(|d| members.iter().all(|m| self.values[*m][*d].is_finite()))
            .collect();
        let returns = members
            .iter()
            .map(|m| {
                let values = complete.iter().map(|d| self.values[*m][*d]);
                match self.measure {
                    Measure::Returns => values.collect(),
                    Measure::Prices => simple_returns(&values.collect::<Vec<f64>>()),
                }
            })
            .collect();
        Sample { members, returns }
    }

    /// What a position is worth at a later date per unit at an earlier one: where a value is
    /// missing, it did not move.
    fn growth(&self, symbol: usize, from: usize, to: usize) -> f64 {
        let values = &self.values[symbol];
        let is_known = |v: &&f64| v.is_finite();
        match self.measure {
            Measure::Returns => {
                let returns = values[from + 1..=to].iter().filter(is_known);
                returns.map(|r| 1.0 + r).product()
            }
            Measure::Prices => {
                let last = |date: usize| values[..=date].iter().rev().find(is_known);
                match (last(from), last(to)) {
                    (Some(before), Some(now)) => now / before,
                    _ => 1.0,
                }
            }
        }
    }

    /// What the weights of a date have become at a later one: positions are held, cash earns
    /// nothing. None where nothing is left of the portfolio.
    pub fn drifted(&self, weights: &[f64], from: usize, to: usize) -> Option<Vec<f64>> {
        let grow = |(symbol, weight): (usize, &f64)| weight * self.growth(symbol, from, to);
        let values: Vec<f64> = weights.iter().enumerate().map(grow).collect();
        let cash = 1.0 - weights.iter().sum::<f64>();
        let total = cash + values.iter().sum::<f64>();
        (total > 0.0).then(|| values.iter().map(|v| v / total).collect())
    }
}

fn simple_returns(prices: &[f64]) -> Vec<f64> {
    prices
        .windows(2)
        .map(|pair| pair[1] / pair[0] - 1.0)
        .collect()
}

/// Numbers the symbols in alphabetic order.
fn number_symbols<'a>(
    function: &str,
    names: &'a StringArray,
) -> Result<(Vec<&'a str>, Vec<usize>), QlError> {
    if names.null_count() > 0 {
        let message = format!(
            "{function}: column `symbol` is NULL in {} rows",
            names.null_count()
        );
        return Err(QlError::new(SqlState::DataException, message));
    }
    let mut numbers: BTreeMap<&str, usize> = names.iter().flatten().map(|n| (n, 0)).collect();
    for (i, number) in numbers.values_mut().enumerate() {
        *number = i;
    }
    let of_row = names.iter().flatten().map(|n| numbers[n]).collect();
    Ok((numbers.into_keys().collect(), of_row))
}

/// The returns or, where there are none, the prices of all rows.
fn read_measure(function: &str, rows: &Rows) -> Result<(Measure, Vec<f64>), QlError> {
    for (name, measure) in [
        ("ret", Measure::Returns),
        ("price", Measure::Prices),
        ("close", Measure::Prices),
    ] {
        let values = rows.values(name)?;
        if !values.iter().any(|v| v.is_finite()) {
            continue;
        }
        if let (Measure::Prices, Some(bad)) = (measure, values.iter().find(|v| **v <= 0.0)) {
            let message = format!("{function}: column `{name}` must be above 0, found {bad}");
            return Err(QlError::new(SqlState::DataException, message));
        }
        return Ok((measure, values));
    }
    if rows.is_empty() {
        return Ok((Measure::Returns, Vec::new()));
    }
    let message =
        format!("{function}: the query has no `ret`, `price` or `close` that is not NULL");
    Err(QlError::new(SqlState::DataException, message)
        .with_hint("Select simple returns as `ret`, or prices as `price` or `close`"))
}

fn refuse_duplicate(
    function: &str,
    symbol_of_row: &[usize],
    names: &StringArray,
    row: usize,
    time: i64,
) -> Result<(), QlError> {
    if row == 0 || symbol_of_row[row - 1] != symbol_of_row[row] {
        return Ok(());
    }
    let message = format!(
        "{function}: {} has two rows at {}",
        names.value(row),
        show_time(time)
    );
    Err(QlError::new(SqlState::DataException, message))
}

/// A time as people read it.
pub fn show_time(ns: i64) -> String {
    timestamp_ns_to_datetime(ns).map_or_else(|| format!("{ns} ns"), |t| t.to_string())
}
