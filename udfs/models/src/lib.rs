//! ONNX models in SQL: `predict`, `predict_vector` and `forecast_at`.
//!
//! A [`ModelDefinition`] says which file a model's name stands for, a [`ModelStore`] keeps the
//! definitions of one engine and loads each file at its first use, and a [`Model`] is a loaded
//! file: what it takes, what it gives, its metadata and its pool of sessions. The ONNX Runtime
//! library itself is loaded once per process, when the first model is.
//!
//! * [`predict`] binds models to rows, [`forecast_at`] to windows over past bars.
//! * [`quantiles`] and [`window`] are the kernels; they know neither Arrow nor ONNX Runtime.
//! * [`contract`] is what a model's metadata has to say before it can forecast.
//!
//! Nothing here trains a model, stores a definition on disk or decides when a model is dropped.

pub mod contract;
pub mod definition;
pub mod forecast_at;
mod layout;
mod model;
mod options;
mod pool;
pub mod predict;
pub mod quantiles;
mod runner;
mod runtime;
mod session;
mod store;
mod tensor;
mod watchdog;
pub mod window;

pub use contract::ForecastContract;
pub use definition::ModelDefinition;
pub use model::Model;
pub use store::{ModelStore, SessionRow};
pub use tensor::TensorSpec;

use quantlake_core::{Args, Function, QlError};
use std::sync::Arc;

/// All functions of this family, reading their models from `store`.
pub fn functions(store: Arc<ModelStore>) -> Vec<Function> {
    vec![
        predict::predict(Arc::clone(&store)),
        predict::predict_vector(Arc::clone(&store)),
        forecast_at::forecast_at(store),
    ]
}

/// Checks a call of one of [`functions`] against its model while the query is planned.
///
/// Loads the model when it is not loaded yet. Names of other families pass.
///
/// # Errors
/// 42704 for an unknown model, 22023 where the call does not fit the model, and what loading a
/// model may give.
pub fn check_call(store: &ModelStore, function: &str, args: &Args) -> Result<(), QlError> {
    match function {
        "predict" | "predict_vector" => predict::check(store, function, args),
        "forecast_at" => forecast_at::check(store, args),
        _ => Ok(()),
    }
}
