//! Files and stores that the tests of this crate share.

use quantlake_core::series::SeriesKernel;
use quantlake_core::{QlError, SqlState};
use quantlake_models::forecast_at::ForecastKernel;
use quantlake_models::{Model, ModelDefinition, ModelStore};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of the repository.
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The path of a model by its name: shipped, made for tests, or made by `tests/golden/models.py`.
pub fn model_file(name: &str) -> PathBuf {
    let places = [
        "models/quantile_returns",
        "models/testdata",
        "tests/golden/models",
    ];
    places
        .iter()
        .map(|folder| file(folder).join(format!("{name}.onnx")))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no model file {name}.onnx"))
}

/// A definition of a model file with options.
pub fn definition(name: &str, options: &[(&str, &str)]) -> Result<ModelDefinition, QlError> {
    let options: BTreeMap<String, String> = options
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    ModelDefinition::from_file(name, 1, &model_file(name), options)
}

/// A loaded model.
pub fn load(name: &str, options: &[(&str, &str)]) -> Result<Model, QlError> {
    Model::load(&definition(name, options)?)
}

/// A store with these models, none of them loaded.
pub fn store(names: &[&str]) -> Arc<ModelStore> {
    let store = ModelStore::new();
    for name in names {
        let definition = definition(name, &[]).expect("the file exists");
        store.restore(definition).expect("the name is free");
    }
    Arc::new(store)
}

/// SQLSTATE and message of a failure.
pub fn failure<T: std::fmt::Debug>(outcome: Result<T, QlError>) -> (SqlState, String) {
    let error = outcome.expect_err("this has to fail");
    (error.state, error.message)
}

/// median, lower, upper, expected and up_probability at every row.
pub fn forecasts(kernel: &ForecastKernel, x: &[f64]) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![f64::NAN; x.len()]; 5];
    let mut slices: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    kernel.run(&[x], &mut slices).expect("the model runs");
    columns
}
