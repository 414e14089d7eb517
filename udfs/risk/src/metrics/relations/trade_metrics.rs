//! `trade_metrics`: every metric of closed trades, one row each.

use super::frame;
use crate::metrics::arguments::{Convention, conventions};
use crate::metrics::conventions::Conventions;
use crate::metrics::trades::{Trades, all};
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function,
};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, ParamValue, QlError, SqlState, Stability,
};
use std::sync::Arc;

const NAME: &str = "trade_metrics";
const CHOICES: &[Convention] = &[Convention::Flat, Convention::Ddof];

struct TradeMetrics {
    capital: f64,
    conventions: Conventions,
}

impl RelationKernel for TradeMetrics {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let pnl = rows.values("pnl")?;
        if let Some(row) = pnl.iter().position(|p| !p.is_finite()) {
            let message = format!("{NAME}: `pnl` is NULL in row {}", row + 1);
            return Err(QlError::new(SqlState::DataException, message));
        }
        let (entry, exit) = (rows.times("entry_ts")?, rows.times("exit_ts")?);
        let value = product(&known(rows, "entry_price")?, &known(rows, "quantity")?);
        let (ret, costs, bars) = (
            known(rows, "ret")?,
            known(rows, "costs")?,
            known(rows, "bars")?,
        );
        let trades = Trades {
            pnl: &pnl,
            ret: &ret,
            entry: &entry,
            exit: &exit,
            costs: &costs,
            bars: &bars,
            mae: &product(&known(rows, "mae")?, &value),
            mfe: &product(&known(rows, "mfe")?, &value),
            capital: self.capital,
        };
        let report = all(&trades, &self.conventions);
        let columns = vec![
            frame::texts(report.iter().map(|(name, _)| Some(*name))),
            frame::floats(report.iter().map(|(_, value)| *value)),
        ];
        frame::batch(NAME, rows, columns)
    }
}

/// A column that every trade has; empty where one of them lacks it.
fn known(rows: &Rows, name: &str) -> Result<Vec<f64>, QlError> {
    let values = rows.values(name)?;
    Ok(if values.iter().all(|v| v.is_finite()) {
        values
    } else {
        Vec::new()
    })
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b.abs()).collect()
}

fn make(args: &Args) -> Result<Box<dyn RelationKernel>, QlError> {
    Ok(Box::new(TradeMetrics {
        capital: args.number("capital")?,
        conventions: conventions(args, CHOICES)?,
    }))
}

fn columns() -> Vec<InputColumn> {
    let number = |name: &str| InputColumn::optional(name, InputType::Number);
    let mut columns = vec![
        InputColumn::required("entry_ts", InputType::Time),
        InputColumn::required("exit_ts", InputType::Time),
        InputColumn::required("pnl", InputType::Number),
    ];
    columns.extend(
        [
            "ret",
            "costs",
            "bars",
            "entry_price",
            "quantity",
            "mae",
            "mfe",
        ]
        .map(number),
    );
    columns
}

pub(super) fn function() -> Function {
    let capital = ParamSpec::optional(
        "capital",
        ParamKind::Number {
            min: 0.0,
            max: 1e300,
        },
        ParamValue::Number(0.0),
        "capital before the first trade, in money; 0 leaves what is measured against it unknown",
    );
    let query = ParamSpec::required(
        "trades",
        ParamKind::Query,
        "closed trades as backtest_trades gives them: entry_ts, exit_ts, pnl and, where known in every trade, ret, costs, bars, entry_price, quantity, mae, mfe; of an account with open trades those WHERE exit_ts IS NOT NULL",
    );
    let mut params = vec![query, capital];
    params.extend(CHOICES.iter().map(|c| c.param()));
    let spec = FunctionSpec::new(
        NAME,
        "risk",
        Kind::Relation,
        "Every metric of closed trades: names and values, in money, days or fractions as the metric says",
    )
    .with_params(params)
    .with_output(Output::Rows(vec![
        OutputField::new("metric", OutputType::Text, "name; docs/metrics.md says what it is"),
        OutputField::new("value", OutputType::Float, "value; NULL where it cannot be told"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_stability(Stability::PathDependent)
    .with_source("trade statistics of LEAN, backtesting.py and vectorbt")
    .with_example(
        "SELECT metric, round(value, 6) AS value FROM trade_metrics((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', TIMESTAMP '2024-01-05', 30.0), (TIMESTAMP '2024-01-03', TIMESTAMP '2024-01-08', -10.0), \
         (TIMESTAMP '2024-01-09', TIMESTAMP '2024-01-10', 25.0)) AS v(entry_ts, exit_ts, pnl)), capital => 1000) \
         WHERE metric IN ('expectancy', 'profit_factor', 'win_rate') ORDER BY metric",
        "expectancy,15.0\nprofit_factor,5.5\nwin_rate,0.666667",
    );
    relation_function(
        spec,
        columns(),
        Grouping::Whole,
        &["exit_ts", "entry_ts"],
        Arc::new(make),
    )
}
