//! A run over bars that come in parts, in memory that does not grow with them.

use super::bars::{AccountBars, Bars};
use super::columns::{floats, integers, over, texts};
use super::names::Dictionaries;
use super::requests::{Orders, rates};
use crate::account::Account;
use crate::check::Checker;
use crate::costs::Rates;
use crate::engine::{Engine, Sink, Snapshot};
use crate::market::{Columns, Instrument};
use crate::settings::Settings;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use quantlake_core::QlError;
use quantlake_core::relation::{Rows, time_column};
use std::collections::HashMap;
use std::fmt::Display;
use std::ops::Range;

/// The run of one group of rows, account after account.
pub(super) struct Stream {
    function: String,
    settings: Settings,
    currency: String,
    names: Dictionaries,
    rates: Option<Rates>,
    /// The rows of the last timestamp: the next part may have more of it.
    rest: Option<RecordBatch>,
    current: Option<Current>,
    found: Curve,
}

/// The account at hand.
struct Current {
    name: Option<String>,
    engine: Engine,
    checker: Checker,
    numbers: HashMap<Option<String>, u32>,
    instruments: Vec<Instrument>,
}

impl Stream {
    pub(super) fn new(function: &str, settings: &Settings, currency: &str) -> Self {
        Self {
            function: function.into(),
            settings: settings.clone(),
            currency: currency.into(),
            names: Dictionaries::default(),
            rates: None,
            rest: None,
            current: None,
            found: Curve::new(settings.cash),
        }
    }

    /// Takes the next rows; gives the account at the timestamps that are complete.
    pub(super) fn push(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let batch = match self.rest.take() {
            Some(rest) => {
                concat_batches(&rest.schema(), [&rest, rows.batch()]).map_err(|e| self.broken(e))?
            }
            None => rows.batch().clone(),
        };
        let n_complete = n_complete(&Rows::new(batch.clone(), rows.output_schema()))?;
        self.rest = Some(batch.slice(n_complete, batch.num_rows() - n_complete));
        self.take(rows.on(batch.slice(0, n_complete)))?;
        let next = rows.on(batch.slice(n_complete, batch.num_rows() - n_complete));
        let next = super::bars::text(next.texts("account")?, 0).map(String::from);
        if self.current.as_ref().is_some_and(|c| c.name != next) {
            // Its end may change its last row, which is about to leave.
            self.end_account(&Columns::default());
        }
        self.emit(rows)
    }

    /// Ends the run.
    pub(super) fn finish(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        if let Some(rest) = self.rest.take() {
            self.take(rows.on(rest))?;
        }
        self.end_account(&Columns::default());
        self.emit(rows)
    }

    fn take(&mut self, rows: Rows) -> Result<(), QlError> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.rates.is_none() {
            let table = rows.other("rates");
            self.rates = Some(rates(&self.function, table, &mut self.names.currencies)?);
        }
        let names = std::mem::take(&mut self.names);
        let mut bars =
            Bars::continuing(&self.function, &rows, &self.settings, &self.currency, names)?;
        for account in std::mem::take(&mut bars.accounts) {
            self.take_account(&rows, &mut bars, account)?;
        }
        self.names = bars.names;
        Ok(())
    }

    fn take_account(
        &mut self,
        rows: &Rows,
        bars: &mut Bars,
        account: AccountBars,
    ) -> Result<(), QlError> {
        if self.current.as_ref().is_none_or(|c| c.name != account.name) {
            self.end_account(&Columns::default());
            self.current = Some(self.start(rows, &account, &mut bars.names)?);
        }
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let numbers = current.number(&account);
        bars.renumber(account.rows.clone(), &numbers);
        let columns = bars.columns().rows(account.rows.clone());
        let mut starts: Vec<(usize, i64)> = Vec::new();
        let checked = current
            .checker
            .check(&columns, |row, ts| starts.push((row, ts)));
        checked.map_err(|bad| bars.refuse(&account, bad))?;
        let n_rows = account.rows.len();
        let engine = &mut current.engine;
        engine.prepare(current.instruments.len(), &current.instruments, &columns);
        for (i, &(start, ts)) in starts.iter().enumerate() {
            let end = starts.get(i + 1).map_or(n_rows, |next| next.0);
            engine.step(&columns, start..end, ts, &mut self.found);
        }
        engine.end_part(n_rows);
        Ok(())
    }

    fn start(
        &mut self,
        rows: &Rows,
        account: &AccountBars,
        names: &mut Dictionaries,
    ) -> Result<Current, QlError> {
        let mut numbers: HashMap<Option<String>, u32> = HashMap::new();
        let mut number_of = |name: Option<&str>| {
            let next = numbers.len() as u32;
            Some(*numbers.entry(name.map(String::from)).or_insert(next))
        };
        let name = account.name.as_deref();
        let requests = match rows.other("orders") {
            Some(orders) => {
                let orders = Orders::try_new(orders)?;
                orders
                    .of_account(name, &mut number_of, &mut names.sources)
                    .0
            }
            None => Vec::new(),
        };
        self.found.start(self.settings.cash);
        Ok(Current {
            name: account.name.clone(),
            engine: Engine::new(&self.settings)
                .with_orders(requests)
                .with_rates(self.rates.clone().unwrap_or_default()),
            checker: Checker::default(),
            instruments: vec![Instrument::default(); numbers.len()],
            numbers,
        })
    }

    fn end_account(&mut self, columns: &Columns<'_>) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        current.engine.finish(&mut self.found);
        if self.settings.close_at_end {
            current.engine.close_all(columns, &mut self.found);
        }
        self.found.name_rows(current.name);
    }

    fn emit(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let name = self.current.as_ref().and_then(|c| c.name.clone());
        self.found.name_rows(name);
        self.found.take(rows).map_err(|e| self.broken(e))
    }

    fn broken(&self, error: impl Display) -> QlError {
        QlError::internal(format!("{}: {error}", self.function))
    }
}

impl Current {
    /// The numbers that the symbols of a part have in this account.
    fn number(&mut self, account: &AccountBars) -> Vec<u32> {
        let pairs = account.symbols.iter().zip(&account.instruments);
        pairs
            .map(|(name, instrument)| {
                let next = self.numbers.len() as u32;
                let number = *self.numbers.entry(name.clone()).or_insert(next);
                let number_of_known = self.instruments.len();
                if number as usize >= number_of_known {
                    self.instruments.push(*instrument);
                } else if self.instruments[number as usize] == Instrument::default() {
                    self.instruments[number as usize] = *instrument;
                }
                number
            })
            .collect()
    }
}

/// Rows before the last timestamp of the last account.
fn n_complete(rows: &Rows) -> Result<usize, QlError> {
    let (ts, account) = (rows.times("ts")?, rows.texts("account")?);
    let name = |row: usize| super::bars::text(account, row);
    let Some(last) = ts.len().checked_sub(1) else {
        return Ok(0);
    };
    let is_last = |row: &usize| ts[*row] == ts[last] && name(*row) == name(last);
    Ok(ts.len() - (0..ts.len()).rev().take_while(is_last).count())
}

/// The account at the timestamps since the last rows were emitted.
struct Curve {
    now: Vec<Snapshot>,
    ret: Vec<f64>,
    drawdown: Vec<f64>,
    names: Vec<Option<String>>,
    before: f64,
    peak: f64,
    /// Equity before the last timestamp, which may be told twice.
    last: Option<(usize, f64, f64)>,
}

impl Curve {
    fn new(cash: f64) -> Self {
        Self {
            now: Vec::new(),
            ret: Vec::new(),
            drawdown: Vec::new(),
            names: Vec::new(),
            before: cash,
            peak: cash,
            last: None,
        }
    }

    /// A new account.
    fn start(&mut self, cash: f64) {
        (self.before, self.peak, self.last) = (cash, cash, None);
    }

    /// The rows since the last call are of this account.
    fn name_rows(&mut self, name: Option<String>) {
        self.names.resize(self.now.len(), name);
    }

    fn take(&mut self, rows: &Rows) -> datafusion::error::Result<RecordBatch> {
        let now = std::mem::take(&mut self.now);
        let names = std::mem::take(&mut self.names);
        let number = |value: fn(&Snapshot) -> f64| floats(now.iter().map(value));
        let columns = vec![
            time_column(now.iter().map(|n| Some(n.ts)).collect()),
            number(Snapshot::equity),
            number(|n| n.cash),
            number(|n| n.positions),
            number(|n| over(n.gross, n.equity())),
            number(|n| over(n.net, n.equity())),
            floats(std::mem::take(&mut self.ret)),
            floats(std::mem::take(&mut self.drawdown)),
            number(|n| over(n.traded, n.equity())),
            number(|n| n.costs),
            integers(now.iter().map(|n| i64::from(n.n_positions))),
            texts(names.iter().map(Option::as_deref)),
        ];
        Ok(RecordBatch::try_new(rows.output_schema(), columns)?)
    }
}

impl Sink for Curve {
    fn account(&mut self, now: &Snapshot, _account: &Account) {
        if let Some((_, before, peak)) = self.last.filter(|(time, ..)| *time == now.time) {
            (self.before, self.peak) = (before, peak);
            self.now.pop();
            self.ret.pop();
            self.drawdown.pop();
        }
        self.last = Some((now.time, self.before, self.peak));
        let equity = now.equity();
        let ret = if self.before > 0.0 {
            equity / self.before - 1.0
        } else {
            f64::NAN
        };
        self.peak = self.peak.max(equity);
        self.before = equity;
        self.now.push(*now);
        self.ret.push(ret);
        self.drawdown.push(equity / self.peak - 1.0);
    }

    fn quiet(&mut self, _: usize, _: &Account, _: &Columns<'_>, _: Range<usize>) {
        // Parts are stepped through one timestamp after another.
    }
}
