//! Rows of a query as the bars of one or more accounts.

use super::names::{Dictionaries, number_names};
use crate::check::BadRow;
use crate::market::{Columns, Instrument, Market, flags};
use crate::settings::{FillAt, Positions, Settings};
use datafusion::arrow::array::{Array, StringArray};
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::Rows;
use quantlake_core::{QlError, SqlState};
use std::collections::HashMap;
use std::ops::Range;

/// The bars of one account among the rows.
#[derive(Debug, Clone, Default)]
pub struct AccountBars {
    /// Its name; `None` without the column, or where it is NULL.
    pub name: Option<String>,
    /// Its rows.
    pub rows: Range<usize>,
    /// The symbols by number; `None` is the symbol NULL.
    pub symbols: Vec<Option<String>>,
    /// What does not change about the symbols, by number.
    pub instruments: Vec<Instrument>,
}

impl AccountBars {
    /// The numbers of the symbols.
    pub(super) fn numbers(&self) -> HashMap<Option<&str>, u32> {
        let symbols = self.symbols.iter().map(Option::as_deref);
        symbols.zip(0..).collect()
    }
}

/// Checked rows of the first query, by column; what the query does not have is empty.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    function: String,
    ts: Vec<i64>,
    symbol: Vec<u32>,
    numbers: Vec<Vec<f64>>,
    flags: Vec<u8>,
    source: Vec<u32>,
    /// The accounts, one after another.
    pub accounts: Vec<AccountBars>,
    /// What the numbers of sources, sectors and currencies stand for.
    pub names: Dictionaries,
}

/// The numeric columns in the order in which [`Bars`] holds them.
const NUMBERS: [&str; 21] = [
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
    "multiplier",
];

/// The flags with their bits.
const FLAGS: [(&str, u8); 4] = [
    ("entry_long", flags::ENTRY_LONG),
    ("exit_long", flags::EXIT_LONG),
    ("entry_short", flags::ENTRY_SHORT),
    ("exit_short", flags::EXIT_SHORT),
];

impl Bars {
    /// Reads rows that are ordered by account, time and symbol.
    ///
    /// # Errors
    /// 22000 for a NULL time, for targets beside entry and exit flags, and when no row has the
    /// price that fills need; 22023 for targets with hedging.
    pub fn try_new(function: &str, rows: &Rows, settings: &Settings) -> Result<Self, QlError> {
        Self::continuing(function, rows, settings, "", Dictionaries::default())
    }

    /// The same, with the name of the account's own currency and names that have numbers already.
    ///
    /// # Errors
    /// Those of [`Bars::try_new`].
    pub fn continuing(
        function: &str,
        rows: &Rows,
        settings: &Settings,
        currency: &str,
        names: Dictionaries,
    ) -> Result<Self, QlError> {
        let numbers = NUMBERS.iter().map(|name| numbers(rows, name));
        let mut bars = Self {
            function: function.into(),
            ts: rows.times("ts")?,
            numbers: numbers.collect::<Result<_, QlError>>()?,
            flags: read_flags(rows)?,
            names,
            ..Self::default()
        };
        bars.source = number_names(rows.texts("source")?, &mut bars.names.sources);
        bars.split_accounts(rows, currency)?;
        bars.check(settings)?;
        Ok(bars)
    }

    fn number(&self, name: &str) -> &[f64] {
        let place = NUMBERS.iter().position(|n| *n == name);
        place.map_or(&[], |i| self.numbers[i].as_slice())
    }

    /// All rows by column.
    pub fn columns(&self) -> Columns<'_> {
        let number = |name| self.number(name);
        Columns {
            ts: &self.ts,
            symbol: &self.symbol,
            open: number("open"),
            high: number("high"),
            low: number("low"),
            close: number("close"),
            volume: number("volume"),
            vwap: number("vwap"),
            price: number("price"),
            spread: number("spread"),
            target: number("target"),
            flags: &self.flags,
            size: number("size"),
            stop_loss: number("stop_loss"),
            take_profit: number("take_profit"),
            trailing: number("trailing"),
            atr: number("atr"),
            volatility: number("volatility"),
            dividend: number("dividend"),
            split: number("split"),
            funding: number("funding"),
            borrow: number("borrow"),
            roll: number("roll"),
            source: &self.source,
        }
    }

    /// The only account's bars.
    ///
    /// # Errors
    /// 22000 for a row that a simulation refuses, named, and for a second account.
    pub fn market(&self) -> Result<Market<'_>, QlError> {
        match self.accounts.as_slice() {
            [] => Ok(Market::default()),
            [account] => self.market_of(account),
            [_, second, ..] => {
                let name = second.name.as_deref().unwrap_or("NULL");
                let message = format!("{}: takes one account, found `{name}` too", self.function);
                Err(QlError::new(SqlState::DataException, message))
            }
        }
    }

    /// The bars of an account.
    ///
    /// # Errors
    /// 22000 for a row that a simulation refuses, named.
    pub fn market_of(&self, account: &AccountBars) -> Result<Market<'_>, QlError> {
        let columns = self.columns().rows(account.rows.clone());
        let market = Market::try_new(columns).map_err(|bad| self.refuse(account, bad))?;
        Ok(market.with_instruments(account.instruments.clone()))
    }

    /// What is wrong with a row, in words.
    pub fn refuse(&self, account: &AccountBars, bad: BadRow) -> QlError {
        let row = account.rows.start + bad.row;
        let time = match self
            .ts
            .get(row)
            .and_then(|ns| timestamp_ns_to_datetime(*ns))
        {
            Some(time) => time.to_string(),
            None => format!("row {}", row + 1),
        };
        let number = self.symbol.get(row).map_or(0, |s| *s as usize);
        let symbol = match account.symbols.get(number) {
            Some(Some(name)) => format!(" of {name}"),
            _ => String::new(),
        };
        let message = format!(
            "{}: the bar{symbol} at {time}: {}",
            self.function, bad.fault
        );
        QlError::new(SqlState::DataException, message)
    }

    /// Gives the symbols of an account other numbers, by the ones they have.
    pub(super) fn renumber(&mut self, rows: Range<usize>, numbers: &[u32]) {
        for symbol in &mut self.symbol[rows] {
            *symbol = numbers.get(*symbol as usize).copied().unwrap_or(*symbol);
        }
    }

    /// About how much memory the columns hold.
    pub fn bytes(&self) -> usize {
        let numbers: usize = self.numbers.iter().map(Vec::len).sum();
        8 * (numbers + self.ts.len()) + 4 * (self.symbol.len() + self.source.len())
    }

    fn check(&self, settings: &Settings) -> Result<(), QlError> {
        let has_targets = !self.number("target").is_empty();
        if has_targets && !self.flags.is_empty() {
            let message = format!(
                "{}: the query has both targets and entry or exit flags",
                self.function
            );
            return Err(QlError::new(SqlState::DataException, message)
                .with_hint("Leave out the column target, or the flags"));
        }
        if has_targets && settings.positions == Positions::Hedging {
            let allowed = "'netting' or 'long_only' with targets";
            return Err(QlError::bad_argument(
                &self.function,
                "positions",
                allowed,
                "'hedging'",
            ));
        }
        self.check_fill_price(settings)
    }

    /// A query without the price that fills need would run and never trade: say so instead.
    fn check_fill_price(&self, settings: &Settings) -> Result<(), QlError> {
        let has_signals = !self.number("target").is_empty() || !self.flags.is_empty();
        let name = match settings.fill {
            FillAt::NextOpen => "open",
            FillAt::NextClose | FillAt::SameClose => "close",
            FillAt::Price => "price",
            FillAt::Vwap if self.number("vwap").is_empty() => "high",
            FillAt::Vwap => "vwap",
        };
        if !has_signals || !self.number(name).is_empty() {
            return Ok(());
        }
        let message = format!(
            "{}: orders fill at `{name}`, and the query has no `{name}` that is not NULL",
            self.function
        );
        Err(QlError::new(SqlState::DataException, message)
            .with_hint("Select the column, or fill at another price: fill => 'next_close'"))
    }

    /// Finds the accounts and numbers the symbols of each.
    fn split_accounts(&mut self, rows: &Rows, currency: &str) -> Result<(), QlError> {
        let (account, symbol) = (rows.texts("account")?, rows.texts("symbol")?);
        let about = [rows.texts("currency")?, rows.texts("sector")?];
        self.symbol = vec![0; rows.len()];
        let mut start = 0;
        if rows.is_empty() {
            // An account that never had a bar has statistics, too.
            self.accounts.push(AccountBars::default());
        }
        while start < rows.len() {
            let end = end_of_run(account, start);
            let account = self.number_account(symbol, about, start..end, currency);
            self.accounts.push(AccountBars {
                name: text(rows.texts("account")?, start).map(String::from),
                ..account
            });
            start = end;
        }
        Ok(())
    }

    fn number_account(
        &mut self,
        symbol: &StringArray,
        [currency, sector]: [&StringArray; 2],
        rows: Range<usize>,
        own: &str,
    ) -> AccountBars {
        let mut numbers: HashMap<Option<&str>, u32> = HashMap::new();
        let mut symbols: Vec<Option<&str>> = Vec::new();
        let mut instruments = Vec::new();
        // Timestamps list their symbols in one order: the next one is mostly the one after.
        let mut expected = 0;
        let is_described = !self.number("multiplier").is_empty()
            || [currency, sector].iter().any(|c| c.null_count() < c.len());
        for row in rows.clone() {
            let name = text(symbol, row);
            let number = if symbols.get(expected) == Some(&name) {
                expected
            } else {
                *numbers.entry(name).or_insert_with(|| {
                    symbols.push(name);
                    instruments.push(Instrument {
                        multiplier: f64::NAN,
                        ..Instrument::default()
                    });
                    symbols.len() as u32 - 1
                }) as usize
            };
            expected = if number + 1 < symbols.len() {
                number + 1
            } else {
                0
            };
            self.symbol[row] = number as u32;
            if is_described {
                self.describe(&mut instruments[number], [currency, sector], row, own);
            }
        }
        for instrument in &mut instruments {
            if instrument.multiplier.is_nan() {
                instrument.multiplier = 1.0;
            }
        }
        AccountBars {
            name: None,
            rows,
            symbols: symbols.into_iter().map(|s| s.map(String::from)).collect(),
            instruments,
        }
    }

    /// The first value of a symbol holds.
    fn describe(
        &mut self,
        instrument: &mut Instrument,
        [currency, sector]: [&StringArray; 2],
        row: usize,
        own: &str,
    ) {
        let multiplier = self.number("multiplier").get(row).copied();
        if let Some(multiplier) = multiplier.filter(|m| *m > 0.0 && m.is_finite())
            && instrument.multiplier.is_nan()
        {
            instrument.multiplier = multiplier;
        }
        if instrument.currency.is_none()
            && let Some(name) = text(currency, row).filter(|name| *name != own)
        {
            instrument.currency = Some(self.names.currencies.number(name));
        }
        if instrument.sector.is_none()
            && let Some(name) = text(sector, row)
        {
            instrument.sector = Some(self.names.sectors.number(name));
        }
    }
}

/// A text, `None` for NULL.
pub(super) fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

fn end_of_run(column: &StringArray, start: usize) -> usize {
    if column.null_count() == column.len() {
        return column.len();
    }
    let first = text(column, start);
    let rest = start..column.len();
    let next = rest.into_iter().find(|row| text(column, *row) != first);
    next.unwrap_or(column.len())
}

/// A numeric column, empty where every value is NULL or there is no such column.
fn numbers(rows: &Rows, name: &str) -> Result<Vec<f64>, QlError> {
    let is_there = rows.batch().column_by_name(name).is_some();
    if is_there && (name == "close" || rows.has_values(name)?) {
        rows.values(name)
    } else {
        Ok(Vec::new())
    }
}

fn read_flags(rows: &Rows) -> Result<Vec<u8>, QlError> {
    let mut bits = Vec::new();
    for (name, bit) in FLAGS {
        let values = numbers(rows, name)?;
        if values.is_empty() {
            continue;
        }
        bits.resize(rows.len(), 0);
        for (bits, value) in bits.iter_mut().zip(values) {
            if value != 0.0 && value.is_finite() {
                *bits |= bit;
            }
        }
    }
    Ok(bits)
}
