//! A model's answer for each row.
//!
//! The features fill the model's inputs in the order in which they are given: a single input
//! `[B, n]` takes n of them, n inputs `[B, 1]` take one each. `predict` returns the first value of
//! the output, `predict_vector` all of them; which output that is can be said with
//! `WITH (output = '...')`, else it is the first. A row with a missing feature (NULL, NaN, infinite)
//! is NULL and never reaches the model; so is an answer that is not finite.
//!
//! Rows go to the model a batch at a time. Oracle: Python's onnxruntime on the same files.

use crate::model::Model;
use crate::store::ModelStore;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamKind, ParamSpec, QlError,
};
use std::sync::Arc;

/// `predict('model', f1, f2, ...)`: the first value of the model's output.
pub fn predict(store: Arc<ModelStore>) -> Function {
    let spec = spec(
        "predict",
        "Returns a model's first output value for each row.",
    )
    .with_example(
        "SELECT x, predict('linear2', x, 1.0) AS y FROM (VALUES (1.0), (2.0), (NULL)) AS v(x)",
        "1.0,-0.5\n2.0,1.5\n,",
    );
    let kernel = move |args: &Args, columns: &[ArrayRef], n_rows: usize| {
        let answers = answer(&store, "predict", args, columns, n_rows)?;
        Ok(first_values(&answers, n_rows))
    };
    scalar_function(spec, Volatility::Stable, Arc::new(kernel))
}

/// `predict_vector('model', f1, f2, ...)`: all values of the model's output.
pub fn predict_vector(store: Arc<ModelStore>) -> Function {
    let spec = spec(
        "predict_vector",
        "Returns all output values of a model for each row, as a list.",
    )
    .with_output(Output::Value(OutputType::FloatList))
    .with_example(
        "SELECT x, predict_vector('linear2', x, 1.0) AS y FROM (VALUES (1.0), (NULL)) AS v(x)",
        "1.0,[-0.5]\n,",
    );
    let kernel = move |args: &Args, columns: &[ArrayRef], n_rows: usize| {
        let answers = answer(&store, "predict_vector", args, columns, n_rows)?;
        Ok(lists(answers, n_rows))
    };
    scalar_function(spec, Volatility::Stable, Arc::new(kernel))
}

fn spec(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "models", Kind::Scalar, summary)
        .with_params(vec![
            ParamSpec::required("model", ParamKind::Name, "Name given with CREATE MODEL."),
            ParamSpec::series(
                "features",
                "The model's inputs, one argument per feature, in the model's order.",
            ),
        ])
        .with_variadic()
        .with_source("ONNX Runtime")
}

/// Checks a call against its model.
///
/// # Errors
/// 42704 for an unknown model, 22023 for a number of features that it does not take.
pub fn check(store: &ModelStore, function: &str, args: &Args) -> Result<(), QlError> {
    store
        .get(args.text("model")?)?
        .check_features(function, args.n_series)
}

/// Answers for the rows that have all features.
#[derive(Debug, Default)]
pub struct Answers {
    /// The answered rows, rising.
    pub rows: Vec<usize>,
    /// `n_columns` values for each of them, NaN for unknown.
    pub values: Vec<f64>,
    /// Values per row.
    pub n_columns: usize,
}

/// Runs a model over `rows` of `features`, which holds one slice per feature.
///
/// # Errors
/// 22023 when the model takes another number of features, and what running it gives.
pub fn answer_rows(
    model: &Model,
    function: &str,
    features: &[&[f64]],
    rows: Vec<usize>,
) -> Result<Answers, QlError> {
    model.check_features(function, features.len())?;
    if rows.is_empty() {
        return Ok(Answers::default());
    }
    let mut by_row = Vec::with_capacity(rows.len() * features.len());
    for &row in &rows {
        by_row.extend(
            features
                .iter()
                .map(|f| f.get(row).copied().unwrap_or(f64::NAN)),
        );
    }
    let mut values = Vec::new();
    let n_columns = model
        .runner(function, features.len())?
        .run(&by_row, &mut values)?;
    Ok(Answers {
        rows,
        values,
        n_columns,
    })
}

fn answer(
    store: &ModelStore,
    function: &str,
    args: &Args,
    columns: &[ArrayRef],
    n_rows: usize,
) -> Result<Answers, QlError> {
    let model = store.get(args.text("model")?)?;
    let numbers: Vec<&Float64Array> = columns
        .iter()
        .map(|column| column.as_primitive_opt::<Float64Type>())
        .collect::<Option<_>>()
        .ok_or_else(|| {
            QlError::internal(format!("{function}: a feature was not cast to double"))
        })?;
    let is_known = |row: &usize| {
        numbers
            .iter()
            .all(|c| c.is_valid(*row) && c.value(*row).is_finite())
    };
    let rows = (0..n_rows).filter(is_known).collect();
    let features: Vec<&[f64]> = numbers.iter().map(|c| c.values().as_ref()).collect();
    answer_rows(&model, function, &features, rows)
}

fn first_values(answers: &Answers, n_rows: usize) -> ArrayRef {
    let mut values = vec![f64::NAN; n_rows];
    let firsts = answers.values.chunks(answers.n_columns.max(1));
    for (&row, answer) in answers.rows.iter().zip(firsts) {
        if let (Some(slot), Some(first)) = (values.get_mut(row), answer.first()) {
            *slot = *first;
        }
    }
    Arc::new(with_nulls(values))
}

fn lists(answers: Answers, n_rows: usize) -> ArrayRef {
    let mut lengths = vec![0; n_rows];
    let mut known = vec![false; n_rows];
    for &row in &answers.rows {
        if let (Some(length), Some(is_known)) = (lengths.get_mut(row), known.get_mut(row)) {
            *length = answers.n_columns;
            *is_known = true;
        }
    }
    Arc::new(ListArray::new(
        Arc::new(Field::new_list_field(DataType::Float64, true)),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(with_nulls(answers.values)),
        Some(NullBuffer::from(known)),
    ))
}

fn with_nulls(values: Vec<f64>) -> Float64Array {
    let known: NullBuffer = values.iter().map(|v| v.is_finite()).collect();
    Float64Array::new(values.into(), Some(known))
}
