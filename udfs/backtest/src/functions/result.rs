//! All that one call computes, from which every view is read.

use super::bars::{AccountBars, Bars};
use super::names::{Dictionaries, Names};
use super::requests::{Orders, rates};
use crate::costs::Rates;
use crate::engine::{Run, simulate_with_orders};
use crate::settings::Settings;
use quantlake_core::relation::Rows;
use quantlake_core::{Args, QlError, SqlState};

/// One account after its run.
#[derive(Debug)]
pub struct AccountRun {
    /// Its bars' description.
    pub account: AccountBars,
    /// Its timestamps.
    pub times: Vec<i64>,
    /// What happened.
    pub run: Run,
    /// The texts of the ids of its orders, by request.
    pub ids: Vec<Option<String>>,
}

/// The runs of all accounts of a call.
#[derive(Debug)]
pub struct Simulated {
    /// The settings.
    pub settings: Settings,
    /// The bars.
    pub bars: Bars,
    /// Names of sources, those of the orders included.
    pub sources: Names,
    /// The accounts, in the order of their names.
    pub accounts: Vec<AccountRun>,
    /// Currency rates, before the first bar.
    pub rates: Rates,
    /// Variants tried to find this one.
    pub trials: f64,
    /// Variance of their Sharpe ratios per bar, where it is known.
    pub trials_variance: Option<f64>,
    /// Closes of the benchmark with their times; empty without one.
    pub benchmark: Vec<(i64, f64)>,
}

impl Simulated {
    /// Runs the simulation of every account among the rows.
    ///
    /// # Errors
    /// 22000 for rows that a simulation refuses, 22023 for arguments that the rows contradict.
    pub fn try_new(
        function: &str,
        rows: &Rows,
        settings: &Settings,
        args: &Args,
    ) -> Result<Self, QlError> {
        let currency = args.text("currency")?;
        let mut names = Dictionaries::default();
        let rates = rates(function, rows.other("rates"), &mut names.currencies)?;
        let bars = Bars::continuing(function, rows, settings, currency, names)?;
        let orders = rows.other("orders").map(Orders::try_new).transpose()?;
        let mut sources = bars.names.sources.clone();
        let mut accounts = Vec::with_capacity(bars.accounts.len());
        for account in &bars.accounts {
            let market = bars.market_of(account)?;
            let (requests, ids) = match &orders {
                Some(orders) => {
                    let numbers = account.numbers();
                    let mut number_of = |name: Option<&str>| numbers.get(&name).copied();
                    let name = account.name.as_deref();
                    orders.of_account(name, &mut number_of, &mut sources)
                }
                None => (Vec::new(), Vec::new()),
            };
            accounts.push(AccountRun {
                run: simulate_with_orders(&market, settings, requests, rates.clone()),
                account: account.clone(),
                times: market.times.into_owned(),
                ids,
            });
        }
        Ok(Self {
            settings: settings.clone(),
            sources,
            accounts,
            benchmark: benchmark(function, rows.other("benchmark"))?,
            trials: args.number("trials")?,
            trials_variance: args.optional_number("trials_variance")?,
            rates,
            bars,
        })
    }

    /// The sector's number of each symbol of an account.
    pub fn sectors(&self, account: &AccountBars) -> Vec<u32> {
        let sectors = account.instruments.iter().map(|i| i.sector);
        sectors.map(|s| s.unwrap_or(u32::MAX)).collect()
    }

    /// About how much memory this holds.
    pub fn bytes(&self) -> usize {
        let per_account = |a: &AccountRun| {
            a.times.len() * 64
                + size_of_val(a.run.fills.as_slice())
                + size_of_val(a.run.transitions.as_slice())
                + size_of_val(a.run.trades.as_slice())
                + size_of_val(a.run.flows.as_slice())
                + size_of_val(a.run.events.as_slice())
        };
        self.bars.bytes() + self.accounts.iter().map(per_account).sum::<usize>()
    }
}

/// Closes of the benchmark that are known, by rising time.
///
/// # Errors
/// 22000 for a close that is not above 0 and for a second close of one time: a benchmark is one
/// series of prices.
fn benchmark(function: &str, rows: Option<&Rows>) -> Result<Vec<(i64, f64)>, QlError> {
    let Some(rows) = rows else {
        return Ok(Vec::new());
    };
    let pairs = rows.times("ts")?.into_iter().zip(rows.values("close")?);
    let mut known: Vec<_> = pairs.filter(|(_, close)| close.is_finite()).collect();
    known.sort_by_key(|(ts, _)| *ts);
    let refuse = |what: String| {
        let message = format!("{function}: `benchmark`: {what}");
        Err(QlError::new(SqlState::DataException, message))
    };
    if let Some((_, close)) = known.iter().find(|(_, close)| *close <= 0.0) {
        return refuse(format!("a close must be above 0, found {close}"));
    }
    match known.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        true => refuse("two closes have the same time".into()),
        false => Ok(known),
    }
}
