//! Where SQL may read and write files: only inside folders that the operator allowed.
//!
//! Paths are compared after symbolic links and `..` are resolved, so a link inside an allowed
//! folder does not lead out of it. Object stores are allowed when the engine has registered them.

use super::error::{self, Result};
use datafusion::execution::runtime_env::RuntimeEnv;
use quantlake_core::{QlError, SqlState};
use std::path::{Component, Path, PathBuf};
use url::Url;

/// The allowed folders.
///
/// The data directory is one, but not what the lake itself keeps there: reading the ledger would
/// show password verifiers, and writing into the catalog would destroy it.
#[derive(Debug, Clone)]
pub struct Locations {
    dir: PathBuf,
    folders: Vec<PathBuf>,
}

/// Entries of the data directory that belong to the lake and the engine.
const OWN: [&str; 7] = [
    "catalog.duckdb",
    "catalog.duckdb.wal",
    "ledger.duckdb",
    "ledger.duckdb.wal",
    "lake.lock",
    "data",
    "tmp",
];

impl Locations {
    /// The data directory and what the operator adds.
    ///
    /// # Errors
    /// 58P01 when a folder does not exist.
    pub fn new(dir: &Path, allowed: &[PathBuf]) -> Result<Self> {
        let real = |p: &Path| p.canonicalize().map_err(|e| error::at_path(p, &e));
        let folders = std::iter::once(dir)
            .chain(allowed.iter().map(PathBuf::as_path))
            .map(real)
            .collect::<Result<_>>()?;
        Ok(Self {
            dir: real(dir)?,
            folders,
        })
    }

    /// The allowed folders, resolved.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The path behind `location` after links are resolved, when it is allowed. A glob is
    /// checked by the folder before its first wildcard; a path need not exist.
    ///
    /// # Errors
    /// 42501, naming the allowed folders.
    pub fn check_path(&self, location: &str) -> Result<PathBuf> {
        let path = local_path(location)
            .ok_or_else(|| error::unsupported(format!("{location}: not a local path")))?;
        let resolved = resolve(&before_wildcards(&path)).map_err(|e| error::at_path(&path, &e))?;
        if self.is_own(&resolved) {
            return Err(QlError::new(
                SqlState::InsufficientPrivilege,
                format!("{location}: belongs to the lake itself"),
            ));
        }
        if self.folders.iter().any(|f| resolved.starts_with(f)) {
            return Ok(resolved);
        }
        let allowed: Vec<String> = self
            .folders
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        Err(QlError::new(
            SqlState::InsufficientPrivilege,
            format!(
                "{location}: is outside the allowed folders: {}",
                allowed.join(", ")
            ),
        )
        .with_hint("Start the server with --allow-path FOLDER to allow another folder"))
    }

    /// Whether a path is one of the lake's own, or a folder that holds them.
    fn is_own(&self, resolved: &Path) -> bool {
        match resolved.strip_prefix(&self.dir) {
            Ok(inside) => inside
                .components()
                .next()
                .is_none_or(|first| OWN.iter().any(|own| first.as_os_str() == *own)),
            Err(_) => self.dir.starts_with(resolved),
        }
    }

    /// Checks a LOCATION: an allowed path, or a URL of a registered object store.
    ///
    /// # Errors
    /// 42501 for a path outside, 0A000 for a store that is not registered.
    pub fn check(&self, location: &str, runtime: &RuntimeEnv) -> Result<()> {
        if local_path(location).is_some() {
            return self.check_path(location).map(|_| ());
        }
        let url = Url::parse(location)
            .map_err(|e| QlError::new(SqlState::InvalidParameter, format!("{location}: {e}")))?;
        let scheme = url.scheme().to_string();
        runtime
            .object_store_registry
            .get_store(&url)
            .map(|_| ())
            .map_err(|_| {
                error::unsupported(format!(
                    "{location}: no object store is registered for {scheme}://"
                ))
            })
    }

    /// Fails when a local file or folder is gone.
    ///
    /// # Errors
    /// 58P01 with the owner's name.
    pub fn check_exists(&self, owner: &str, location: &str) -> Result<()> {
        let Some(path) = local_path(location) else {
            return Ok(());
        };
        if before_wildcards(&path).exists() {
            return Ok(());
        }
        Err(QlError::new(
            SqlState::UndefinedFile,
            format!("{owner}: `{location}` does not exist"),
        ))
    }
}

/// The path of a location without scheme or with `file://`; none for other URLs.
pub(crate) fn local_path(location: &str) -> Option<PathBuf> {
    match location.split_once("://") {
        None => Some(PathBuf::from(location)),
        Some(("file", _)) => Url::parse(location).ok()?.to_file_path().ok(),
        Some(_) => None,
    }
}

/// The longest part of a path that a glob cannot change.
fn before_wildcards(path: &Path) -> PathBuf {
    path.components()
        .take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[']))
        .collect()
}

/// An absolute path without links; parts that do not exist are kept as they are written.
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    for ancestor in absolute.ancestors() {
        let Ok(real) = ancestor.canonicalize() else {
            continue;
        };
        let rest = absolute.strip_prefix(ancestor).unwrap_or(Path::new(""));
        // `..` after a part that does not exist cannot be resolved, and is not a file of ours.
        if rest.components().any(|c| c == Component::ParentDir) {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        return Ok(if rest.as_os_str().is_empty() {
            real
        } else {
            real.join(rest)
        });
    }
    Ok(absolute)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    fn denied(locations: &Locations, path: &Path) -> bool {
        matches!(
            locations.check_path(&path.to_string_lossy()),
            Err(QlError {
                state: SqlState::InsufficientPrivilege | SqlState::UndefinedFile,
                ..
            })
        )
    }

    #[test]
    fn only_paths_inside_the_allowed_folders_pass() {
        let root = tempfile::tempdir().unwrap();
        let (inside, outside) = (root.path().join("in"), root.path().join("out"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("secret.csv"), "x").unwrap();
        let locations = Locations::new(&inside, &[]).unwrap();

        assert!(
            locations
                .check_path(&inside.join("new.csv").to_string_lossy())
                .is_ok()
        );
        assert!(
            locations
                .check_path(&format!("file://{}/files", inside.display()))
                .is_ok()
        );
        assert!(
            locations
                .check_path(&inside.join("bars/year=*/*.parquet").to_string_lossy())
                .is_ok()
        );
        assert!(denied(&locations, &outside.join("secret.csv")));
        assert!(denied(&locations, &inside.join("../out/secret.csv")));
        assert!(denied(
            &locations,
            &inside.join("nowhere/../../out/secret.csv")
        ));
        assert!(denied(&locations, Path::new("/etc/passwd")));
        assert!(denied(&locations, &root.path().join("in-beside")));
    }

    #[test]
    fn own_files_of_the_lake_are_out_of_reach() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("lake");
        std::fs::create_dir(&dir).unwrap();
        let locations = Locations::new(&dir, &[root.path().to_path_buf()]).unwrap();
        for own in [
            "ledger.duckdb",
            "catalog.duckdb.wal",
            "data/public/t/x.parquet",
            "",
            "*",
        ] {
            assert!(denied(&locations, &dir.join(own)), "{own}");
        }
        assert!(denied(&locations, root.path()), "a folder around the lake");
        assert!(
            locations
                .check_path(&dir.join("models/a.onnx").to_string_lossy())
                .is_ok()
        );
    }

    #[cfg(unix)]
    #[test]
    fn link_does_not_lead_out_of_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let (inside, outside) = (root.path().join("in"), root.path().join("out"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let locations = Locations::new(&inside, &[]).unwrap();
        assert!(denied(&locations, &inside.join("link/secret.csv")));
        assert!(denied(&locations, &inside.join("link/*.csv")));
    }

    #[test]
    fn message_names_what_is_allowed() {
        let dir = tempfile::tempdir().unwrap();
        let error = Locations::new(dir.path(), &[])
            .unwrap()
            .check_path("/etc/passwd")
            .unwrap_err();
        let folder = dir.path().canonicalize().unwrap();
        assert!(
            error.message.contains(&folder.display().to_string()),
            "{}",
            error.message
        );
    }

    #[test]
    fn store_that_is_not_registered_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let locations = Locations::new(dir.path(), &[]).unwrap();
        let error = locations
            .check("s3://bucket/x.parquet", &RuntimeEnv::default())
            .unwrap_err();
        assert_eq!(error.state, SqlState::FeatureNotSupported);
    }
}
