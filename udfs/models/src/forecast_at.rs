//! One forecast per bar out of past bars only.
//!
//! At row t the model sees the last `context_length` values up to and including t, and answers for
//! the step `horizon` bars ahead. What its metadata calls `features` decides what the values are:
//! with `log_return` and `return`, `x` is a price series and the model sees its changes; with
//! `value` it sees `x` itself. What comes back is in the unit of the model's `target`; with
//! `cum_log_return`, the log return from t to t + horizon.
//!
//! The first `context_length` rows of a partition have no forecast (one less with `value`). Missing
//! rows (NULL, NaN, infinite) are passed over: their forecast is NULL and the windows after them
//! join up. A price that is not above 0 makes every window that holds one of its returns NULL.
//! Metadata: [`contract`](crate::contract). Summary of the quantiles: [`quantiles`](crate::quantiles).
//! Oracle: Python's onnxruntime and numpy over the same prices.

use crate::contract::{ForecastContract, Target, bad_output};
use crate::model::Model;
use crate::quantiles::Summary;
use crate::runner::Runner;
use crate::store::ModelStore;
use crate::window::complete_windows;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    QlError,
};
use std::sync::Arc;

/// Windows per run: the buffers of one run stay in the processor's cache.
const MAX_WINDOWS: usize = 1024;
/// Values per run, for models with long windows.
const MAX_VALUES: usize = 1 << 20;

/// `forecast_at('model', horizon, x) OVER (PARTITION BY symbol ORDER BY ts)`.
pub fn forecast_at(store: Arc<ModelStore>) -> Function {
    series_function(
        spec(),
        Arc::new(move |args| Ok(Box::new(ForecastKernel::try_new(&store, args)?))),
    )
}

fn spec() -> FunctionSpec {
    let field = |name, doc| OutputField::new(name, OutputType::Float, doc);
    let horizon = ParamKind::Integer {
        min: 1,
        max: 100_000,
    };
    FunctionSpec::new(
        "forecast_at",
        "models",
        Kind::Window,
        "Forecasts the step `horizon` bars ahead at every bar, out of past bars only.",
    )
    .with_params(vec![
        ParamSpec::required("model", ParamKind::Name, "Name given with CREATE MODEL."),
        ParamSpec::required(
            "horizon",
            horizon,
            "Bars ahead, at most what the model was trained for.",
        ),
        ParamSpec::series(
            "x",
            "The series: prices where the model's features are returns, else the values themselves.",
        ),
    ])
    .with_output(Output::Struct(vec![
        field("median", "Quantile 0.5, in the unit of the model's target."),
        field("lower", "Lowest quantile of the model, in the same unit."),
        field("upper", "Highest quantile of the model, in the same unit."),
        field("expected", "Mean of the quantile function, flat beyond the outermost levels."),
        field(
            "up_probability",
            "Probability of a rise, between 1 minus the highest and 1 minus the lowest level.",
        ),
    ]))
    .with_lookback("context_length of the model; context_length - 1 where it sees plain values")
    .with_source("ONNX Runtime")
    .with_example(
        "SELECT t, round(f['median'], 4) AS median, round(f['lower'], 4) AS lower, \
         round(f['upper'], 4) AS upper FROM (SELECT t, \
         forecast_at('quantile_returns', 5, 100.0 + sin(t)) OVER (ORDER BY t) AS f \
         FROM generate_series(1, 66) AS g(t)) WHERE t >= 64",
        "64,,,\n65,0.0013,-0.0173,0.0211\n66,0.0012,-0.0177,0.0215",
    )
}

/// Checks a call against its model.
///
/// # Errors
/// 42704 for an unknown model, 22023 for one that is no forecaster or a step beyond its horizon.
pub fn check(store: &ModelStore, args: &Args) -> Result<(), QlError> {
    ForecastKernel::try_new(store, args).map(|_| ())
}

/// The forecasts of one call.
#[derive(Debug)]
pub struct ForecastKernel {
    model: Arc<Model>,
    contract: ForecastContract,
    /// Steps ahead, from 1.
    step: usize,
}

impl ForecastKernel {
    fn try_new(store: &ModelStore, args: &Args) -> Result<Self, QlError> {
        let model = store.get(args.text("model")?)?;
        Self::of(model, args.count("horizon")?)
    }

    /// Forecasts by `model` for the step `step` bars ahead.
    ///
    /// # Errors
    /// 22023 when the model is no forecaster or does not look that far.
    pub fn of(model: Arc<Model>, step: usize) -> Result<Self, QlError> {
        let contract = ForecastContract::of(&model)?;
        if !(1..=contract.horizon).contains(&step) {
            return Err(QlError::bad_argument(
                "forecast_at",
                "horizon",
                format!(
                    "a whole number between 1 and {} for model `{}`",
                    contract.horizon,
                    model.name()
                ),
                step,
            ));
        }
        Ok(Self {
            model,
            contract,
            step,
        })
    }

    fn windows_per_run(&self) -> usize {
        (MAX_VALUES / self.contract.context).clamp(1, MAX_WINDOWS)
    }

    /// Runs the model over the windows that end at `rows` and writes their summaries.
    fn run_windows(
        &self,
        runner: &mut Runner<'_>,
        windows: &[f64],
        rows: &[usize],
        x: &[f64],
        outputs: &mut [&mut [f64]],
    ) -> Result<(), QlError> {
        let mut answers = Vec::with_capacity(rows.len() * self.contract.n_values());
        let n_values = runner.run(windows, &mut answers)?;
        if n_values != self.contract.n_values() {
            let found = format!("{n_values} values");
            return Err(bad_output(&self.model, &self.contract, &found));
        }
        for (&row, answer) in rows.iter().zip(answers.chunks_mut(n_values)) {
            let reference = match self.contract.target {
                Target::Change => 0.0,
                Target::Level => x.get(row).copied().unwrap_or(f64::NAN),
            };
            write(&self.summary(answer, reference), row, outputs);
        }
        Ok(())
    }

    fn summary(&self, answer: &mut [f64], reference: f64) -> Summary {
        let width = self.contract.quantiles.len().max(1);
        let start = (self.step - 1) * width;
        match answer.get_mut(start..start + width) {
            Some([value]) if self.contract.quantiles.is_empty() => Summary::of_point(*value),
            Some(values) => Summary::of_quantiles(&self.contract.quantiles, values, reference),
            None => Summary::UNKNOWN,
        }
    }
}

fn write(summary: &Summary, row: usize, outputs: &mut [&mut [f64]]) {
    let values = [
        summary.median,
        summary.lower,
        summary.upper,
        summary.expected,
        summary.up_probability,
    ];
    for (output, value) in outputs.iter_mut().zip(values) {
        if let Some(slot) = output.get_mut(row) {
            *slot = value;
        }
    }
}

impl SeriesKernel for ForecastKernel {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let x = inputs.first().copied().unwrap_or_default();
        // A partition too short for any forecast needs no session.
        if x.len() <= self.contract.lookback() {
            return Ok(());
        }
        let context = self.contract.context;
        let values = self.contract.feature.series(x);
        let mut runner = self.model.runner("forecast_at", context)?;
        let per_run = self.windows_per_run();
        let (mut windows, mut rows) = (Vec::with_capacity(per_run * context), Vec::new());
        for (row, window) in complete_windows(&values, context) {
            windows.extend_from_slice(window);
            rows.push(row);
            if rows.len() == per_run {
                self.run_windows(&mut runner, &windows, &rows, x, outputs)?;
                windows.clear();
                rows.clear();
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.run_windows(&mut runner, &windows, &rows, x, outputs)
    }
}
