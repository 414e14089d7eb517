//! What a model's name stands for: a file, pinned by its SHA-256, and options.

use crate::options::ModelOptions;
use quantlake_core::{QlError, SqlState};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The largest file that can hold an ONNX model: protobuf counts bytes in 31 bits.
const MAX_BYTES: u64 = 1 << 31;

/// A model as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDefinition {
    /// The name used in SQL.
    pub name: String,
    /// Counts up from 1 with every replacement.
    pub version: i64,
    /// Where the file lies: the engine's stored copy or the original.
    pub path: String,
    /// SHA-256 of the file in lower-case hexadecimal digits.
    pub sha256: String,
    /// What `WITH (...)` gave, by lower-case name: `device` ('auto', 'cpu', 'cuda'), `timeout_ms`
    /// (60000), `output` (the first), and metadata that the file lacks or has wrong.
    pub options: BTreeMap<String, String>,
}

impl ModelDefinition {
    /// Describes the file at `path`.
    ///
    /// Reads the whole file for its SHA-256. Whether it is a model shows when it is loaded.
    ///
    /// # Errors
    /// 58P01 for a missing file, 22023 for a folder, a path that is not UTF-8 or a wrong option,
    /// 22P04 for a file that is empty or too large, 58030 when reading fails.
    pub fn from_file(
        name: &str,
        version: i64,
        path: &Path,
        options: BTreeMap<String, String>,
    ) -> Result<Self, QlError> {
        ModelOptions::parse(name, &options)?;
        let Some(text) = path.to_str() else {
            let found = path.to_string_lossy();
            let subject = format!("model `{name}`");
            return Err(QlError::bad_argument(&subject, "path", "UTF-8", found));
        };
        let bytes = read_file(name, path, text)?;
        Ok(Self {
            name: name.into(),
            version,
            path: text.into(),
            sha256: sha256_of(&bytes),
            options,
        })
    }

    /// Reads the file and checks that it is the one that was described.
    pub(crate) fn read(&self) -> Result<Vec<u8>, QlError> {
        let path = Path::new(&self.path);
        // Who queries a model has no business with the server's folders.
        let shown = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = read_file(&self.name, path, &shown)?;
        let found = sha256_of(&bytes);
        if found == self.sha256 {
            return Ok(bytes);
        }
        Err(QlError::new(
            SqlState::BadFileFormat,
            format!(
                "model `{}`: the file has changed, its SHA-256 must be {}, found {found}",
                self.name, self.sha256
            ),
        )
        .with_hint("Restore the file, or run CREATE OR REPLACE MODEL to accept the new one"))
    }
}

fn read_file(name: &str, path: &Path, shown: &str) -> Result<Vec<u8>, QlError> {
    let io_error = |e: std::io::Error| {
        let state = match e.kind() {
            std::io::ErrorKind::NotFound => SqlState::UndefinedFile,
            _ => SqlState::IoError,
        };
        QlError::new(
            state,
            format!("model `{name}`: cannot read the file `{shown}`: {e}"),
        )
    };
    let bad = |state, what: &str| {
        QlError::new(
            state,
            format!("model `{name}`: `{shown}` must be an ONNX file, found {what}"),
        )
    };
    let metadata = std::fs::metadata(path).map_err(io_error)?;
    if metadata.is_dir() {
        return Err(bad(SqlState::InvalidParameter, "a folder"));
    }
    if !metadata.is_file() {
        return Err(bad(SqlState::InvalidParameter, "something not a file"));
    }
    if metadata.len() == 0 {
        return Err(bad(SqlState::BadFileFormat, "an empty file"));
    }
    if metadata.len() >= MAX_BYTES {
        return Err(bad(SqlState::BadFileFormat, "a file of 2 GiB or more"));
    }
    std::fs::read(path).map_err(io_error)
}

fn sha256_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
