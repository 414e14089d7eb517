//! `backtest_summary`: the figures of a backtest as an aggregate, `GROUP BY` what varies.
//!
//! Each group is an account of its own over the bars of one symbol. The bars of a group are held
//! until they are all there; for thousands of variants of one strategy `backtest_grid` holds them
//! once.

use crate::specs;
use crate::summary::{self, returns_of, summarize};
use quantlake_backtest::check::BadRow;
use quantlake_backtest::engine::{Keep, simulate_keeping};
use quantlake_backtest::functions::settings;
use quantlake_backtest::settings::FillAt;
use quantlake_backtest::{Columns, Market, Settings};
use quantlake_core::metric::{Metric, RowOrder, metric_function, nanoseconds};
use quantlake_core::{Function, QlError, SqlState};
use std::borrow::Cow;
use std::sync::Arc;

/// Open, high, low, close and target.
const N_COLUMNS: usize = 5;

/// The aggregate.
pub(crate) fn function() -> Function {
    let spec = specs::backtest_summary();
    let name = spec.name.clone();
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(move |args| {
            let settings = settings(&name, args)?;
            if settings.fill == FillAt::Price {
                let allowed = "'next_open', 'next_close', 'same_close' or 'vwap'";
                return Err(QlError::bad_argument(&name, "fill", allowed, "'price'"));
            }
            Ok(Box::new(Account {
                function: name.clone(),
                settings,
                bars: Bars::default(),
            }))
        }),
    )
}

/// The bars of a group.
#[derive(Debug, Clone, Default)]
struct Bars {
    times: Vec<i64>,
    columns: [Vec<f64>; N_COLUMNS],
}

impl Bars {
    /// The bars by rising time: partial results come in any order.
    fn in_time_order(&self) -> Cow<'_, Self> {
        if self.times.is_sorted() {
            return Cow::Borrowed(self);
        }
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        order.sort_by_key(|row| self.times.get(*row));
        let sorted = |column: &Vec<f64>| -> Vec<f64> {
            let rows = order.iter();
            rows.filter_map(|row| column.get(*row).copied()).collect()
        };
        let times = order.iter().filter_map(|row| self.times.get(*row).copied());
        Cow::Owned(Self {
            times: times.collect(),
            columns: self.columns.each_ref().map(sorted),
        })
    }

    fn market<'a>(&'a self, symbol: &'a [u32]) -> Result<Market<'a>, BadRow> {
        let [open, high, low, close, target] = self.columns.each_ref().map(Vec::as_slice);
        Market::try_new(Columns {
            ts: &self.times,
            symbol,
            open,
            high,
            low,
            close,
            target,
            ..Columns::default()
        })
    }
}

/// A group on its way to being simulated.
struct Account {
    function: String,
    settings: Settings,
    bars: Bars,
}

impl Account {
    /// A group without the price that fills need would run and never trade: say so instead.
    fn check_fill_price(&self) -> Result<(), QlError> {
        let [open, high, _, close, _] = &self.bars.columns;
        let (name, prices) = match self.settings.fill {
            FillAt::NextOpen => ("open", open),
            FillAt::Vwap => ("high", high),
            FillAt::NextClose | FillAt::SameClose | FillAt::Price => ("close", close),
        };
        if prices.is_empty() || prices.iter().any(|price| price.is_finite()) {
            return Ok(());
        }
        let message = format!(
            "{}: orders fill at `{name}`, which is NULL in all bars",
            self.function
        );
        Err(QlError::new(SqlState::DataException, message)
            .with_hint("Give the price, or fill at another one: fill => 'next_close'"))
    }

    fn figures(&self) -> Result<Vec<f64>, BadRow> {
        let bars = self.bars.in_time_order();
        let symbol = vec![0; bars.times.len()];
        let market = bars.market(&symbol)?;
        let run = simulate_keeping(&market, &self.settings, Keep::Curve);
        Ok(summarize(
            &self.settings,
            &run,
            &returns_of(&self.settings, &run),
        ))
    }
}

impl Metric for Account {
    fn push(&mut self, row: &[f64]) {
        let Some((time, values)) = row.split_first() else {
            return;
        };
        let Some(time) = nanoseconds(*time) else {
            return;
        };
        self.bars.times.push(time);
        for (column, value) in self.bars.columns.iter_mut().zip(values) {
            column.push(*value);
        }
    }

    fn values(&self) -> Vec<f64> {
        let unknown = |_| vec![f64::NAN; summary::columns().count()];
        self.figures().unwrap_or_else(unknown)
    }

    /// A bar without a time is none; what else it lacks is unknown.
    fn needs(&self, series: usize) -> bool {
        series == 0
    }

    fn check(&self) -> Result<(), QlError> {
        self.check_fill_price()?;
        let bars = self.bars.in_time_order();
        let symbol = vec![0; bars.times.len()];
        let checked = bars.market(&symbol).map(drop);
        checked.map_err(|bad| {
            let message = format!(
                "{}: bar {} of a group by time: {}",
                self.function,
                bad.row + 1,
                bad.fault
            );
            QlError::new(SqlState::DataException, message).with_hint(
                "A group is one account with one symbol: GROUP BY symbol and what varies",
            )
        })
    }
}
