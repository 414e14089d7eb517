//! A DataFusion session with the functions of this crate, its results by column, golden files.

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionContext;
use quantlake_core::check::CheckCalls;
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
use quantlake_core::{Implementation, QlError, Registry};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PartitionedTransformPlanner)])
            .create_physical_plan(plan, state)
            .await
    }
}

/// A session that knows all functions of this crate.
pub fn session() -> SessionContext {
    let registry = Arc::new(Registry::try_new(quantlake_portfolio::functions()).unwrap());
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .build();
    let session = SessionContext::new_with_state(state);
    for function in registry.iter() {
        match &function.implementation {
            Implementation::Scalar(udf) => session.register_udf(udf.as_ref().clone()),
            Implementation::Aggregate(udaf) => session.register_udaf(udaf.as_ref().clone()),
            Implementation::Window(udwf) => session.register_udwf(udwf.as_ref().clone()),
            Implementation::Relation(_) => {}
        }
    }
    session.add_analyzer_rule(Arc::new(CheckCalls::new(Arc::clone(&registry))));
    session
        .register_relation_planner(Arc::new(RelationFunctionPlanner::new(registry)))
        .unwrap();
    session
}

/// The result of a query.
pub struct Table(RecordBatch);

impl Table {
    /// Runs a query that has to succeed.
    pub async fn of(session: &SessionContext, sql: &str) -> Self {
        Self::try_of(session, sql)
            .await
            .unwrap_or_else(|e| panic!("{e}\n{sql}"))
    }

    /// Runs a query.
    pub async fn try_of(session: &SessionContext, sql: &str) -> Result<Self> {
        let frame = session.sql(sql).await?;
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await?;
        Ok(Self(concat_batches(&schema, &batches)?))
    }

    pub fn len(&self) -> usize {
        self.0.num_rows()
    }

    /// A column as numbers, NaN for NULL.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let column = cast(self.column(name), &DataType::Float64).unwrap();
        let values = column.as_primitive::<Float64Type>();
        values.iter().map(|v| v.unwrap_or(f64::NAN)).collect()
    }

    /// A column as text, empty for NULL.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let column = cast(self.column(name), &DataType::Utf8).unwrap();
        let values = column.as_string::<i32>();
        values.iter().map(|v| v.unwrap_or("").to_string()).collect()
    }

    /// Rows as comma-separated values, NULL empty.
    pub fn csv(&self) -> String {
        let options = FormatOptions::default();
        let columns: Vec<_> = self
            .0
            .columns()
            .iter()
            .map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap())
            .collect();
        let line = |row| {
            let cells: Vec<_> = columns.iter().map(|c| c.value(row).to_string()).collect();
            cells.join(",")
        };
        (0..self.len()).map(line).collect::<Vec<_>>().join("\n")
    }

    fn column(&self, name: &str) -> &ArrayRef {
        self.0
            .column_by_name(name)
            .unwrap_or_else(|| panic!("no column {name}"))
    }
}

/// The code and sentence of the error that a query gives.
pub async fn error_of(session: &SessionContext, sql: &str) -> (String, String) {
    let error = match Table::try_of(session, sql).await {
        Err(error) => error,
        Ok(table) => panic!("no error but\n{}\n{sql}", table.csv()),
    };
    let error = QlError::of(&error).unwrap_or_else(|| panic!("{sql}: {error}"));
    (error.state.code().to_string(), error.message.clone())
}

/// Returns by symbol, one row a day, with columns of one value per symbol.
#[derive(Debug, Clone, Default)]
pub struct Universe {
    pub symbols: Vec<String>,
    /// By symbol, NaN for NULL.
    pub returns: Vec<Vec<f64>>,
    pub numbers: BTreeMap<String, Vec<f64>>,
    pub texts: BTreeMap<String, Vec<String>>,
}

pub const DAY: i64 = 86_400_000_000_000;
/// Monday 2023-09-04: a year, quarters and weeks begin after the first 60 days.
pub const FIRST_DAY: i64 = 19_604;

impl Universe {
    pub fn n_rows(&self) -> usize {
        self.returns.first().map_or(0, Vec::len)
    }

    /// Rows (ts, symbol, ret, ...); the name of the column of values may be another one.
    pub fn batch(&self, values: &str) -> RecordBatch {
        let cells =
            || (0..self.n_rows()).flat_map(|t| (0..self.symbols.len()).map(move |s| (t, s)));
        let times: Vec<i64> = cells().map(|(t, _)| (FIRST_DAY + t as i64) * DAY).collect();
        let known = |v: f64| v.is_finite().then_some(v);
        let symbols: StringArray = cells()
            .map(|(_, s)| Some(self.symbols[s].as_str()))
            .collect();
        let ret: Float64Array = cells().map(|(t, s)| known(self.returns[s][t])).collect();
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("ts", Arc::new(TimestampNanosecondArray::from(times))),
            ("symbol", Arc::new(symbols)),
            (values, Arc::new(ret)),
        ];
        for (name, numbers) in &self.numbers {
            let column: Float64Array = cells().map(|(_, s)| known(numbers[s])).collect();
            columns.push((name, Arc::new(column)));
        }
        for (name, texts) in &self.texts {
            let column: StringArray = cells().map(|(_, s)| Some(texts[s].as_str())).collect();
            columns.push((name, Arc::new(column)));
        }
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Makes it the table `t`.
    pub fn register(&self, session: &SessionContext) {
        session.deregister_table("t").unwrap();
        session.register_batch("t", self.batch("ret")).unwrap();
    }

    /// Sample covariances per year, row by row.
    pub fn covariance(&self) -> Vec<Vec<f64>> {
        let mean: Vec<f64> = self.returns.iter().map(|r| average(r)).collect();
        let one = |i: usize, j: usize| {
            let pairs = self.returns[i].iter().zip(&self.returns[j]);
            let sum: f64 = pairs.map(|(x, y)| (x - mean[i]) * (y - mean[j])).sum();
            sum / (self.n_rows() - 1) as f64 * 252.0
        };
        let n = self.symbols.len();
        (0..n)
            .map(|i| (0..n).map(|j| one(i, j)).collect())
            .collect()
    }

    /// Mean returns per year.
    pub fn mean(&self) -> Vec<f64> {
        self.returns.iter().map(|r| average(r) * 252.0).collect()
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// `w' C w`.
pub fn quadratic(matrix: &[Vec<f64>], w: &[f64]) -> f64 {
    matrix
        .iter()
        .zip(w)
        .map(|(row, w_i)| w_i * dot(row, w))
        .sum()
}

fn read(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/portfolio");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The cases of a golden file.
pub fn golden(name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(&read(name)).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// The golden universes by name.
pub fn universes() -> BTreeMap<String, Universe> {
    let mut found: BTreeMap<String, Universe> = BTreeMap::new();
    for line in read("returns.csv").lines().skip(2) {
        let [universe, _, symbol, ret] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let universe = found.entry(universe.into()).or_default();
        let position = universe.symbols.iter().position(|s| s == symbol);
        let position = position.unwrap_or_else(|| {
            universe.symbols.push(symbol.into());
            universe.returns.push(Vec::new());
            universe.symbols.len() - 1
        });
        universe.returns[position].push(ret.parse().unwrap());
    }
    found
}

/// Five symbols with 300 returns.
pub fn five() -> Universe {
    let mut universe = universes()["factors"].clone();
    universe.symbols.truncate(5);
    universe.returns.truncate(5);
    universe
}

/// Named arguments as SQL.
pub fn arguments(args: &Value) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!(", {name} => '{text}'"),
        other => format!(", {name} => {other}"),
    };
    args.as_object().unwrap().iter().map(one).collect()
}

/// A list of numbers, NaN for null.
pub fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap();
    list.iter()
        .map(|v| v.as_f64().unwrap_or(f64::NAN))
        .collect()
}
