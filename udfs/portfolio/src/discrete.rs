//! `discrete_allocation`: whole units for given weights, prices and cash.

use crate::FAMILY;
use crate::kernel::allocation::{Holding, exact, greedy};
use crate::options::{choice, number};
use crate::weights::{float, floats};
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function,
};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, QlError, SqlState,
};
use std::sync::Arc;

const NAME: &str = "discrete_allocation";

pub(crate) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        FAMILY,
        Kind::Relation,
        "Whole units (or lots) of each symbol that come nearest to the weights for the cash there is.",
    )
    .with_params(params())
    .with_output(Output::Rows(vec![
        OutputField::new("symbol", OutputType::Text, "symbol"),
        float("units", "whole units, negative for a short position"),
        float("price", "price of a unit"),
        float("value", "units times price"),
        float("weight", "share of the cash that the query asks for"),
        float("actual_weight", "value as a share of the cash"),
        float("leftover", "cash that the weights ask for and the units do not use, the same in all rows"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_lookback("all rows")
    .with_source("Greedy and integer programming as PyPortfolioOpt's DiscreteAllocation, except that short positions get the cash times their weight and not a share of their own")
    .with_example(
        "SELECT symbol, units, value, leftover FROM discrete_allocation((SELECT * FROM (VALUES ('A', 0.5, 70.0), \
         ('B', 0.3, 45.0), ('C', 0.2, 19.0)) AS v(symbol, weight, price)), cash => 1000) ORDER BY symbol",
        "A,7.0,490.0,5.0\nB,7.0,315.0,5.0\nC,10.0,190.0,5.0",
    );
    let columns = vec![
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("weight", InputType::Number),
        InputColumn::required("price", InputType::Number),
    ];
    relation_function(
        spec,
        columns,
        Grouping::Whole,
        &["symbol"],
        Arc::new(|args| Ok(Box::new(Discrete::new(args)?))),
    )
}

fn params() -> Vec<ParamSpec> {
    vec![
        ParamSpec::required(
            "weights",
            ParamKind::Query,
            "rows with symbol, weight (its sum at most 1 without credit) and price, one per symbol",
        ),
        ParamSpec::required(
            "cash",
            ParamKind::Number {
                min: 0.01,
                max: 1e15,
            },
            "value of the whole portfolio",
        ),
        choice(
            "method",
            &["greedy", "exact"],
            "buy what lacks most, or find the smallest sum of distances and leftover cash",
        ),
        number(
            "lot",
            1e-12,
            1e12,
            1.0,
            "units that are traded together: 100 for round lots, 0.001 for fractions",
        ),
    ]
}

struct Discrete {
    cash: f64,
    is_exact: bool,
    lot: f64,
}

impl Discrete {
    fn new(args: &Args) -> Result<Self, QlError> {
        Ok(Self {
            cash: args.number("cash")?,
            is_exact: args.integer("method")? == 1,
            lot: args.number("lot")?,
        })
    }

    /// Units of all symbols whose weight has this sign.
    fn side(
        &self,
        sign: f64,
        weights: &[f64],
        prices: &[f64],
        units: &mut [f64],
    ) -> Result<(), QlError> {
        let side: Vec<usize> = (0..weights.len())
            .filter(|i| weights[*i] * sign > 0.0)
            .collect();
        let holdings: Vec<Holding> = side
            .iter()
            .map(|i| Holding {
                value: weights[*i] * sign * self.cash,
                price: prices[*i] * self.lot,
            })
            .collect();
        let lots = if self.is_exact {
            exact(&holdings).ok_or_else(too_many_branches)?
        } else {
            greedy(&holdings)
        };
        side.iter()
            .zip(lots)
            .for_each(|(i, n)| units[*i] = sign * n * self.lot);
        Ok(())
    }
}

fn too_many_branches() -> QlError {
    QlError::bad_argument(NAME, "method", "'greedy' for this many symbols", "'exact'")
}

impl RelationKernel for Discrete {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let symbols = rows.texts("symbol")?;
        let weights = rows.values("weight")?;
        let prices = rows.values("price")?;
        check(symbols, &weights, &prices)?;
        let mut units = vec![0.0; weights.len()];
        self.side(1.0, &weights, &prices, &mut units)?;
        self.side(-1.0, &weights, &prices, &mut units)?;
        let values: Vec<f64> = units.iter().zip(&prices).map(|(u, p)| u * p).collect();
        let gross = |values: &[f64]| values.iter().map(|v| v.abs()).sum::<f64>();
        let leftover = self.cash * gross(&weights) - gross(&values);
        let n_rows = rows.len();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(symbols.clone()),
            floats(units),
            floats(prices),
            floats(values.iter().copied()),
            floats(weights),
            floats(values.iter().map(|v| v / self.cash)),
            floats(std::iter::repeat_n(leftover, n_rows)),
        ];
        RecordBatch::try_new(rows.output_schema(), columns)
            .map_err(|e| QlError::internal(format!("{NAME}: {e}")))
    }
}

fn check(symbols: &StringArray, weights: &[f64], prices: &[f64]) -> Result<(), QlError> {
    let refuse =
        |message: String| QlError::new(SqlState::DataException, format!("{NAME}: {message}"));
    for (row, (weight, price)) in weights.iter().zip(prices).enumerate() {
        if symbols.is_null(row) {
            return Err(refuse("column `symbol` is NULL".into()));
        }
        let symbol = symbols.value(row);
        if row > 0 && symbols.value(row - 1) == symbol {
            return Err(refuse(format!("{symbol} has two rows")));
        }
        if !weight.is_finite() {
            return Err(refuse(format!("`weight` of {symbol} is missing")));
        }
        if !(price.is_finite() && *price > 0.0) {
            return Err(refuse(format!(
                "`price` of {symbol} must be above 0, found {price}"
            )));
        }
    }
    Ok(())
}
