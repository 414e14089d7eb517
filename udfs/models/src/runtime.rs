//! The ONNX Runtime library: found and loaded once per process, at the first use of a model.

use ort::environment::Environment;
use ort::ep::ExecutionProvider;
use ort::logging::LogLevel;
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// File names of the library, the pinned version first.
#[cfg(target_os = "macos")]
const FILE_NAMES: [&str; 2] = ["libonnxruntime.1.31.1.dylib", "libonnxruntime.dylib"];
/// File names of the library, the pinned version first.
#[cfg(not(target_os = "macos"))]
const FILE_NAMES: [&str; 2] = ["libonnxruntime.so.1.31.1", "libonnxruntime.so"];

/// `.deps` of the source tree that this was built from: GPU build first, it runs without a GPU too.
const SOURCE_FOLDERS: [&str; 2] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../.deps/lib-gpu"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../.deps/lib"),
];

const HINT: &str = "Run `make native-libs`, or set ORT_DYLIB_PATH to the library";

/// The loaded library.
#[derive(Debug)]
pub(crate) struct Runtime {
    /// Kept for the life of the process: ONNX Runtime allows one only, ever.
    pub environment: Environment,
    /// Version of the library as its file name says, for people.
    pub version: String,
    /// The library's file name, without folder.
    pub file_name: String,
    /// The library's folder with a slash at its end, to be kept out of messages.
    pub folder: String,
    /// Whether the library was built with CUDA; says nothing about a device.
    pub has_cuda: bool,
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// Returns the library, loading it first if need be. A failure is not remembered: once the library
/// is there, the next call finds it.
///
/// # Errors
/// 58P01 when there is no library, 55000 when it cannot be loaded.
pub(crate) fn runtime() -> Result<&'static Runtime, QlError> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let _guard = LOADING.lock();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let path = Places::of_this_process().find()?;
    let loaded = load(&path)?;
    Ok(RUNTIME.get_or_init(|| loaded))
}

/// Where the library may lie.
#[derive(Debug, Default)]
struct Places {
    /// `ORT_DYLIB_PATH`: the library itself.
    file: Option<PathBuf>,
    /// `QUANTLAKE_LIB_DIR`: the folder of the native libraries.
    folder: Option<PathBuf>,
    /// Folders searched when neither is set.
    usual: Vec<PathBuf>,
}

impl Places {
    fn of_this_process() -> Self {
        let variable = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let beside_program = std::env::current_exe()
            .ok()
            .and_then(|exe| Some(exe.parent()?.parent()?.join("lib")));
        Self {
            file: variable("ORT_DYLIB_PATH"),
            folder: variable("QUANTLAKE_LIB_DIR"),
            usual: beside_program
                .into_iter()
                .chain(SOURCE_FOLDERS.map(PathBuf::from))
                .collect(),
        }
    }

    /// The first file that exists. A place that the user has set is the only one: falling back
    /// from it would run another library than the one asked for.
    fn find(&self) -> Result<PathBuf, QlError> {
        let missing =
            |what: String| Err(QlError::new(SqlState::UndefinedFile, what).with_hint(HINT));
        if let Some(file) = &self.file {
            return match file.is_file() {
                true => Ok(file.clone()),
                false => missing(format!(
                    "ONNX Runtime: `ORT_DYLIB_PATH` must be the library, found no file `{}`",
                    file.display()
                )),
            };
        }
        if let Some(folder) = &self.folder {
            return match library_in(folder) {
                Some(file) => Ok(file),
                None => missing(format!(
                    "ONNX Runtime: `QUANTLAKE_LIB_DIR` must be a folder with {}, found none in `{}`",
                    FILE_NAMES.join(" or "),
                    folder.display()
                )),
            };
        }
        match self.usual.iter().find_map(|folder| library_in(folder)) {
            Some(file) => Ok(file),
            None => missing("ONNX Runtime: the library is not installed".into()),
        }
    }
}

fn library_in(folder: &Path) -> Option<PathBuf> {
    FILE_NAMES
        .iter()
        .map(|name| folder.join(name))
        .find(|file| file.is_file())
}

fn load(path: &Path) -> Result<Runtime, QlError> {
    let failed = |reason: String| {
        QlError::new(
            SqlState::ObjectNotInState,
            format!(
                "ONNX Runtime: the library `{}` cannot be loaded: {reason}",
                path.display()
            ),
        )
        .with_hint(HINT)
    };
    // The real file's name carries the version, and the providers of the GPU build lie beside it.
    let path = path.canonicalize().map_err(|e| failed(e.to_string()))?;
    let environment = ort::init_from(&path)
        .map_err(|e| failed(e.to_string()))?
        .with_name("quantlake")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|e| failed(e.to_string()))?;
    environment.set_log_level(LogLevel::Warning);
    let file_name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new("")).display();
    let runtime = Runtime {
        environment,
        folder: format!("{folder}/"),
        version: version_in(&file_name),
        has_cuda: ort::ep::CUDA::is_available().unwrap_or(false),
        file_name,
    };
    tracing::info!(
        file = runtime.file_name,
        cuda = runtime.has_cuda,
        "ONNX Runtime loaded"
    );
    Ok(runtime)
}

/// Passes the library's messages on. Failures also come back as errors, so none is an error here.
fn log(level: LogLevel, category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Error | LogLevel::Fatal => {
            tracing::warn!(target: "onnxruntime", category, "{message}");
        }
        _ => tracing::debug!(target: "onnxruntime", category, "{message}"),
    }
}

/// `1.31.1` of `libonnxruntime.so.1.31.1` or `libonnxruntime.1.31.1.dylib`. The library tells its
/// version only through calls that the crate keeps to itself; older ones than 1.24 do not load.
fn version_in(file_name: &str) -> String {
    let digits: Vec<&str> = file_name
        .split('.')
        .filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    match digits.is_empty() {
        true => format!("1.{} or later", ort::MINOR_VERSION),
        false => digits.join("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_the_file_name() {
        assert_eq!(version_in("libonnxruntime.so.1.31.1"), "1.31.1");
        assert_eq!(version_in("libonnxruntime.1.31.1.dylib"), "1.31.1");
        assert_eq!(version_in("libonnxruntime.so"), "1.24 or later");
    }

    #[test]
    fn the_first_folder_that_holds_the_library_wins() {
        let (empty, full) = (tempfile::tempdir(), tempfile::tempdir());
        let (Ok(empty), Ok(full)) = (empty, full) else {
            panic!("no temporary folder");
        };
        let file = full.path().join(FILE_NAMES[1]);
        std::fs::write(&file, "x").expect("the temporary folder is writable");
        let places = Places {
            usual: vec![empty.path().into(), full.path().into()],
            ..Places::default()
        };
        assert_eq!(places.find(), Ok(file));
    }

    #[test]
    fn a_missing_library_is_an_error_that_names_the_command() {
        let error = Places::default().find().expect_err("there is no library");
        assert_eq!(error.state, SqlState::UndefinedFile);
        assert_eq!(error.message, "ONNX Runtime: the library is not installed");
        assert_eq!(error.hint.as_deref(), Some(HINT));
    }

    #[test]
    fn a_place_that_the_user_set_is_the_only_one() {
        let wrong = Places {
            file: Some("/nowhere/libonnxruntime.so".into()),
            usual: SOURCE_FOLDERS.map(PathBuf::from).into(),
            ..Places::default()
        };
        let error = wrong.find().expect_err("the file does not exist");
        assert!(error.message.contains("`ORT_DYLIB_PATH`"), "{error}");
        let wrong = Places {
            folder: Some("/nowhere".into()),
            usual: SOURCE_FOLDERS.map(PathBuf::from).into(),
            ..Places::default()
        };
        let error = wrong.find().expect_err("the folder does not exist");
        assert!(error.message.contains("`QUANTLAKE_LIB_DIR`"), "{error}");
    }
}
