//! A loaded model.

use crate::definition::ModelDefinition;
use crate::layout::{Layout, wrong_count};
use crate::options::{ModelOptions, merge_metadata};
use crate::pool::{PooledSession, SessionPool};
use crate::runner::Runner;
use crate::runtime::{Runtime, runtime};
use crate::session::{Opened, Provider, bad_model, open, open_first};
use crate::store::SessionRow;
use crate::tensor::{TensorSpec, listed};
use ort::session::Session;
use ort::session::builder::PrepackedWeights;
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A model file in memory, ready to run from many threads.
///
/// Sessions are made as parallel callers need them, up to one per core, and closed when the last
/// user of the model lets go of it, so a model that is dropped while a query runs stays until the
/// query is done with it.
pub struct Model {
    definition: ModelDefinition,
    options: ModelOptions,
    metadata: BTreeMap<String, String>,
    inputs: Vec<TensorSpec>,
    outputs: Vec<TensorSpec>,
    /// Index of the output that functions read.
    output: usize,
    layout: Result<Layout, String>,
    runtime: &'static Runtime,
    provider: Provider,
    fallback_reason: Option<String>,
    loaded_at: SystemTime,
    weights: PrepackedWeights,
    pool: SessionPool,
    usage: Mutex<Usage>,
}

#[derive(Debug, Clone, Copy)]
struct Usage {
    n_runs: i64,
    n_rows: i64,
    busy: Duration,
    last_used: Instant,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.definition.name)
            .field("version", &self.definition.version)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Loads the file of a definition.
    ///
    /// # Errors
    /// 22P04 when the file has changed or is no model, 22023 when its inputs take no numbers or an
    /// option does not fit it, 58P01 when the file or the ONNX Runtime library is missing, 55000
    /// when the device that the options ask for cannot be had.
    pub fn load(definition: &ModelDefinition) -> Result<Self, QlError> {
        let name = &definition.name;
        let options = ModelOptions::parse(name, &definition.options)?;
        let bytes = definition.read()?;
        let runtime = runtime()?;
        let weights = PrepackedWeights::new();
        let Opened {
            session,
            provider,
            fallback_reason,
        } = open_first(name, runtime, &bytes, options.device, &weights)?;
        let (inputs, outputs) = TensorSpec::of_session(&session);
        check_inputs(name, &inputs)?;
        Ok(Self {
            metadata: merge_metadata(name, metadata_of(&session)?, &definition.options)?,
            output: chosen_output(name, &outputs, options.output.as_deref())?,
            layout: Layout::of(&inputs),
            definition: definition.clone(),
            options,
            inputs,
            outputs,
            runtime,
            provider,
            fallback_reason,
            loaded_at: SystemTime::now(),
            weights,
            pool: SessionPool::new(session, max_sessions(provider)),
            usage: Mutex::new(Usage {
                n_runs: 0,
                n_rows: 0,
                busy: Duration::ZERO,
                last_used: Instant::now(),
            }),
        })
    }

    /// The name used in SQL.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The definition that the model was loaded from.
    pub fn definition(&self) -> &ModelDefinition {
        &self.definition
    }

    /// What the model takes.
    pub fn inputs(&self) -> &[TensorSpec] {
        &self.inputs
    }

    /// What the model gives.
    pub fn outputs(&self) -> &[TensorSpec] {
        &self.outputs
    }

    /// The metadata of the file, with the options that stand in for it.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The last day of the data that the model was trained on, `2006-12-31`; `None` when neither the
    /// file nor an option says so. Its answers for bars up to that day are no forecasts.
    pub fn train_end(&self) -> Option<&str> {
        self.metadata.get("train_end").map(String::as_str)
    }

    /// The output that functions read: the one that the option `output` names, else the first.
    pub(crate) fn output(&self) -> (usize, Option<&TensorSpec>) {
        (self.output, self.outputs.get(self.output))
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// How features fill the inputs.
    pub(crate) fn layout(&self) -> Result<&Layout, QlError> {
        self.layout.as_ref().map_err(|reason| {
            QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "model `{}`: rows of features cannot fill its inputs: {reason}",
                    self.name()
                ),
            )
        })
    }

    /// Checks that a call gives as many features as the inputs take.
    ///
    /// # Errors
    /// 22023, naming the inputs and the number given.
    pub fn check_features(&self, function: &str, n_features: usize) -> Result<(), QlError> {
        self.widths(function, n_features).map(|_| ())
    }

    /// Makes ready for runs over rows of `n_features` features.
    ///
    /// # Errors
    /// 22023 when the model takes another number, 57014 when no session becomes free in time.
    pub(crate) fn runner(&self, function: &str, n_features: usize) -> Result<Runner<'_>, QlError> {
        let widths = self.widths(function, n_features)?;
        Runner::try_new(self, self.layout()?, widths)
    }

    fn widths(&self, function: &str, n_features: usize) -> Result<Vec<usize>, QlError> {
        let layout = self.layout()?;
        layout
            .widths(n_features)
            .ok_or_else(|| wrong_count(function, self.name(), layout, &self.inputs, n_features))
    }

    /// A session for one caller, until it is given back.
    pub(crate) fn session(&self) -> Result<PooledSession<'_>, QlError> {
        let deadline = Instant::now() + self.timeout();
        self.pool
            .take(deadline, || self.open_another())?
            .ok_or_else(|| {
                QlError::new(
                    SqlState::QueryCanceled,
                    format!(
                        "model `{}`: all {} sessions were busy for {} ms",
                        self.name(),
                        self.pool.len(),
                        self.timeout().as_millis()
                    ),
                )
            })
    }

    fn open_another(&self) -> Result<Session, QlError> {
        let bytes = self.definition.read()?;
        open(self.runtime, &bytes, self.provider, &self.weights)
            .map_err(|failure| bad_model(self.name(), &failure))
    }

    /// Counts one run.
    pub(crate) fn record(&self, n_rows: usize, took: Duration) {
        let mut usage = self.usage.lock();
        usage.n_runs += 1;
        usage.n_rows += n_rows as i64;
        usage.busy += took;
        usage.last_used = Instant::now();
    }

    /// How long ago the model ran or was loaded.
    pub(crate) fn idle_for(&self) -> Duration {
        self.usage.lock().last_used.elapsed()
    }

    /// The model's line in `quantlake.model_sessions`.
    pub(crate) fn session_row(&self) -> SessionRow {
        let usage = *self.usage.lock();
        let since_epoch = self.loaded_at.duration_since(UNIX_EPOCH);
        SessionRow {
            model: self.definition.name.clone(),
            version: self.definition.version,
            device: self.provider.device().into(),
            execution_provider: self.provider.name().into(),
            fallback_reason: self.fallback_reason.clone(),
            library_version: self.runtime.version.clone(),
            library_path: self.runtime.file_name.clone(),
            loaded_at: since_epoch.map_or(0, |t| t.as_micros() as i64),
            sessions: self.pool.len() as i64,
            runs: usage.n_runs,
            rows: usage.n_rows,
            total_ms: usage.busy.as_secs_f64() * 1e3,
        }
    }
}

/// A GPU runs one batch at a time, and every further session would hold the weights there again.
fn max_sessions(provider: Provider) -> usize {
    match provider {
        Provider::Cuda => 1,
        Provider::Cpu => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

fn check_inputs(name: &str, inputs: &[TensorSpec]) -> Result<(), QlError> {
    match inputs.iter().find(|input| input.element.is_none()) {
        None => Ok(()),
        Some(input) => Err(QlError::new(
            SqlState::InvalidParameter,
            format!(
                "model `{name}`: its inputs must be float32, float64, int32, int64 or bool, found {input}"
            ),
        )),
    }
}

fn chosen_output(
    name: &str,
    outputs: &[TensorSpec],
    wanted: Option<&str>,
) -> Result<usize, QlError> {
    let found = match wanted {
        None => outputs.first().map(|_| 0),
        Some(wanted) => outputs.iter().position(|output| output.name == wanted),
    };
    let subject = format!("model `{name}`");
    let allowed = format!("one of its outputs: {}", listed(outputs));
    let given = wanted.unwrap_or("no output");
    let Some(index) = found else {
        return Err(QlError::bad_argument(&subject, "output", allowed, given));
    };
    match outputs.get(index) {
        Some(output) if output.element.is_some() => Ok(index),
        _ => Err(QlError::bad_argument(
            &subject,
            "output",
            format!("an output of numbers, of {}", listed(outputs)),
            given,
        )
        .with_hint("Export the model without ZipMap, or name another with WITH (output = '...')")),
    }
}

fn metadata_of(session: &Session) -> Result<BTreeMap<String, String>, QlError> {
    let unreadable = |e: ort::Error| QlError::internal(format!("model metadata: {e}"));
    let metadata = session.metadata().map_err(unreadable)?;
    let keys = metadata.custom_keys().map_err(unreadable)?;
    Ok(keys
        .into_iter()
        .filter_map(|key| metadata.custom(&key).map(|value| (key, value)))
        .collect())
}
