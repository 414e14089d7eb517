//! Sessions: a model's bytes made ready to run, on a GPU or on the CPU.

use crate::options::Device;
use crate::runtime::Runtime;
use ort::ErrorCode;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights, SessionBuilder};
use quantlake_core::{QlError, SqlState};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Where weights outside the model file would be looked for. Nothing lies there, on purpose: the
/// SHA-256 covers the model file alone, so a model has to be one file.
const NO_FOLDER: &str = "/nonexistent/external-weights-are-not-supported";

/// What runs the operators of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Cpu,
    Cuda,
}

impl Provider {
    /// The option value that asks for it.
    pub(crate) fn device(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }

    /// ONNX Runtime's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPUExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
        }
    }
}

/// Why a session could not be made.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Option<ErrorCode>,
    reason: String,
}

impl Failure {
    /// Whether the model is at fault, not the device.
    fn is_bad_model(&self) -> bool {
        matches!(
            self.code,
            Some(
                ErrorCode::InvalidProtobuf
                    | ErrorCode::InvalidGraph
                    | ErrorCode::NoModel
                    | ErrorCode::InvalidArgument
            )
        )
    }
}

impl<R> From<ort::Error<R>> for Failure {
    fn from(error: ort::Error<R>) -> Self {
        Self {
            code: Some(error.code()),
            reason: one_line(error.message()),
        }
    }
}

/// The first line of a message of ONNX Runtime, without the functions and places of its C++ code.
pub(crate) fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    // `function() [ONNXRuntimeError] : 1 : FAIL : what happened`
    let what = match first.split_once("[ONNXRuntimeError] : ") {
        Some((_, rest)) => rest.splitn(3, " : ").last().unwrap_or(rest),
        None => first,
    };
    let kept: Vec<&str> = what
        .split_whitespace()
        .filter(|word| !word.contains(".cc:") && !word.contains(".h:"))
        .collect();
    kept.join(" ")
}

/// The first session of a model, and where it runs.
pub(crate) struct Opened {
    pub session: Session,
    pub provider: Provider,
    /// Why it runs on the CPU although a GPU would have been welcome.
    pub fallback_reason: Option<String>,
}

/// Makes a model's first session on the device that its options ask for.
///
/// # Errors
/// 22P04 when the bytes are no model that ONNX Runtime can run; 55000 when `device = 'cuda'` and
/// there is no CUDA.
pub(crate) fn open_first(
    model: &str,
    runtime: &Runtime,
    bytes: &[u8],
    device: Device,
    weights: &PrepackedWeights,
) -> Result<Opened, QlError> {
    let on_cpu = |fallback_reason| {
        let session = open(runtime, bytes, Provider::Cpu, weights);
        Ok(Opened {
            session: session.map_err(|failure| bad_model(model, &failure))?,
            provider: Provider::Cpu,
            fallback_reason,
        })
    };
    if device == Device::Cpu {
        return on_cpu(None);
    }
    let failure = match on_cuda(runtime, bytes, weights) {
        Ok(session) => {
            return Ok(Opened {
                session,
                provider: Provider::Cuda,
                fallback_reason: None,
            });
        }
        Err(failure) => failure,
    };
    if device == Device::Auto {
        tracing::info!(model, reason = failure.reason, "the model runs on the CPU");
        return on_cpu(Some(failure.reason));
    }
    if failure.is_bad_model() {
        return Err(bad_model(model, &failure));
    }
    Err(QlError::new(
        SqlState::ObjectNotInState,
        format!(
            "model `{model}`: `device` is 'cuda', and CUDA cannot be had: {}",
            failure.reason
        ),
    )
    .with_hint("Use WITH (device = 'auto') to run on the CPU where there is no GPU"))
}

fn on_cuda(
    runtime: &Runtime,
    bytes: &[u8],
    weights: &PrepackedWeights,
) -> Result<Session, Failure> {
    if runtime.has_cuda {
        return open(runtime, bytes, Provider::Cuda, weights).map_err(|failure| Failure {
            // Users have no business with the folders of the server.
            reason: failure.reason.replace(&runtime.folder, ""),
            ..failure
        });
    }
    Err(Failure {
        code: None,
        reason: format!(
            "the ONNX Runtime library {} is built without CUDA (`make native-libs-gpu` fetches one with it)",
            runtime.file_name
        ),
    })
}

/// Makes one session. `weights` holds packed weights that the CPU sessions of a model share.
pub(crate) fn open(
    runtime: &Runtime,
    bytes: &[u8],
    provider: Provider,
    weights: &PrepackedWeights,
) -> Result<Session, Failure> {
    let mut builder = match provider {
        Provider::Cpu => builder(runtime)?.with_prepacked_weights(weights)?,
        Provider::Cuda => builder(runtime)?.with_execution_providers([ort::ep::CUDA::default()
            // TF32 rounds to 10 bits: the GPU has to give what the CPU gives.
            .with_tf32(false)
            .build()
            .error_on_failure()])?,
    };
    // The crate asserts on what it reads from the file in places, and the file is from outside.
    let made = catch_unwind(AssertUnwindSafe(|| builder.commit_from_memory(bytes)));
    match made {
        Ok(session) => Ok(session?),
        Err(_) => Err(Failure {
            code: Some(ErrorCode::InvalidGraph),
            reason: "it declares types that cannot be read".into(),
        }),
    }
}

/// One thread per session: the queries' own threads run side by side already.
fn builder(runtime: &Runtime) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_config_entry(
            "session.model_external_initializers_file_folder_path",
            NO_FOLDER,
        )?)
}

pub(crate) fn bad_model(model: &str, failure: &Failure) -> QlError {
    QlError::new(
        SqlState::BadFileFormat,
        format!(
            "model `{model}`: the file must be an ONNX model that ONNX Runtime can run, found: {}",
            failure.reason
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_their_source_locations() {
        assert_eq!(
            one_line("Load model failed: graph.cc:1234 ValidateOps bad\nstack"),
            "Load model failed: ValidateOps bad"
        );
        assert_eq!(
            one_line("Provider& Get() [ONNXRuntimeError] : 1 : FAIL : no libcublas.so : missing"),
            "no libcublas.so : missing"
        );
    }
}
