//! Calls indicators as DataFusion does: through the window function's evaluator.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::PartitionEvaluatorArgs;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::PhysicalExpr;
use quantlake_core::{Function, Implementation, QlError};
use std::sync::{Arc, LazyLock};

/// All functions, bound once.
pub static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(quantlake_indicators::functions);

/// A column with its missing rows.
pub type Cells = Vec<Option<f64>>;

/// The function that has this name or alias.
pub fn function(name: &str) -> &'static Function {
    FUNCTIONS
        .iter()
        .find(|f| f.spec.names().any(|n| n == name))
        .unwrap_or_else(|| panic!("no function is named {name}"))
}

/// How many series a function takes.
pub fn n_series(function: &Function) -> usize {
    let params = function.spec.params.iter();
    params.filter(|p| !p.kind.is_option()).count()
}

/// The outputs of a function over one partition: one column, or one per field of the struct.
pub fn evaluate(
    function: &Function,
    series: &[Cells],
    options: &[ScalarValue],
) -> Result<Vec<Cells>> {
    let Implementation::Window(udf) = &function.implementation else {
        panic!("{} is not a window function", function.spec.name);
    };
    let columns = (0..series.len())
        .map(|i| Arc::new(Column::new(&format!("c{i}"), i)) as Arc<dyn PhysicalExpr>);
    let literals = options
        .iter()
        .map(|o| Arc::new(Literal::new(o.clone())) as Arc<dyn PhysicalExpr>);
    let arguments: Vec<_> = columns.chain(literals).collect();
    let n_rows = series.first().map_or(0, Vec::len);
    let arrays: Vec<ArrayRef> = series
        .iter()
        .map(|c| Arc::new(Float64Array::from(c.clone())) as ArrayRef)
        .collect();
    let mut evaluator = udf.partition_evaluator_factory(PartitionEvaluatorArgs::new(
        &arguments,
        &[],
        false,
        false,
    ))?;
    let result = evaluator.evaluate_all(&arrays, n_rows)?;
    Ok(columns_of(&result))
}

fn columns_of(array: &ArrayRef) -> Vec<Cells> {
    match array.as_struct_opt() {
        Some(fields) => fields
            .columns()
            .iter()
            .map(|field| cells(field, Some(array)))
            .collect(),
        None => vec![cells(array, None)],
    }
}

fn cells(array: &ArrayRef, parent: Option<&ArrayRef>) -> Cells {
    let is_known = |row: usize| array.is_valid(row) && parent.is_none_or(|p| p.is_valid(row));
    let value = |row: usize| match array.as_primitive_opt::<Float64Type>() {
        Some(doubles) => doubles.value(row),
        None => array.as_primitive::<Int64Type>().value(row) as f64,
    };
    (0..array.len())
        .map(|row| is_known(row).then(|| value(row)))
        .collect()
}

/// Two columns are the same to the last bit.
pub fn same_bits(left: &[Option<f64>], right: &[Option<f64>]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(a, b)| a.map(f64::to_bits) == b.map(f64::to_bits))
}

/// Whether an error is one of constants that do not go together, and the summary announces it.
pub fn is_announced(function: &Function, error: &DataFusionError) -> bool {
    let message = QlError::of(error).map(ToString::to_string);
    let rule = message.as_deref().and_then(|m| {
        let (_, rest) = m.split_once(": ")?;
        Some(rest.split_once(", found")?.0.to_string())
    });
    rule.is_some_and(|rule| function.spec.summary.contains(&rule))
}

/// A random walk of bars: `open, high, low, close, volume`, positive and consistent.
pub struct Bars {
    /// The columns in the order of their names above.
    pub columns: [Vec<f64>; 5],
}

impl Bars {
    /// Bars that depend on nothing but the seed; a shorter walk is the beginning of a longer one.
    pub fn random(seed: u64, n_rows: usize) -> Self {
        let mut random = Random(seed);
        let mut columns: [Vec<f64>; 5] = Default::default();
        let mut close = 100.0;
        for _ in 0..n_rows {
            let open = close * (1.0 + 0.01 * random.centred());
            close = open * (1.0 + 0.04 * random.centred());
            let high = open.max(close) * (1.0 + 0.01 * random.unit());
            let low = open.min(close) * (1.0 - 0.01 * random.unit());
            let volume = (1000.0 + 9000.0 * random.unit()).round();
            for (column, value) in columns.iter_mut().zip([open, high, low, close, volume]) {
                column.push(value);
            }
        }
        Self { columns }
    }

    /// The inputs of a function by the names of its parameters.
    pub fn inputs(&self, function: &Function) -> Vec<Cells> {
        let params = function.spec.params.iter();
        let series = params.filter(|p| !p.kind.is_option());
        series
            .map(|p| self.input(&p.name, &function.spec.family))
            .collect()
    }

    fn input(&self, name: &str, family: &str) -> Cells {
        let [open, high, low, close, volume] = &self.columns;
        let column = match name {
            "open" | "y" => open,
            "high" => high,
            "low" => low,
            "volume" => volume,
            _ => close,
        };
        let scale = if family == "math" { 0.001 } else { 1.0 };
        let value = |(row, v): (usize, &f64)| match name {
            "periods" => 2.0 + (row % 20) as f64,
            _ => v * scale,
        };
        column.iter().enumerate().map(value).map(Some).collect()
    }
}

/// A small generator (SplitMix64), so that a seed names the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from -0.5 up to 0.5.
    pub fn centred(&mut self) -> f64 {
        self.unit() - 0.5
    }
}
