//! One process at a time: the lock on a data directory.
//!
//! DuckDB lets one process write a file. This lock turns a second opening into a clear error
//! before DuckDB sees it, also inside one process, and tells an orderly end from a crash.

use super::error::{Result, at_path};
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "lake.lock";

/// The lock on a data directory; released by [`DirectoryLock::release`] or on drop.
///
/// While held, the file contains the holder's process id. An orderly release empties it, so a
/// number found in an unlocked file means that the last holder died.
#[derive(Debug)]
pub struct DirectoryLock {
    path: PathBuf,
    file: Mutex<Option<File>>,
    found_dead_holder: bool,
}

impl DirectoryLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// 55000 when the directory is open elsewhere, with the process id where it can be read.
    pub fn acquire(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE_NAME);
        let io = |e: &std::io::Error| at_path(&path, e);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|e| io(&e))?;
        let mut holder = String::new();
        file.read_to_string(&mut holder).map_err(|e| io(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(dir, holder.trim())),
            Err(TryLockError::Error(e)) => return Err(io(&e)),
        }
        overwrite(&mut file, &std::process::id().to_string()).map_err(|e| io(&e))?;
        Ok(Self {
            path,
            file: Mutex::new(Some(file)),
            found_dead_holder: !holder.trim().is_empty(),
        })
    }

    /// Whether the last holder ended without releasing, so that leftovers may lie about.
    pub fn found_dead_holder(&self) -> bool {
        self.found_dead_holder
    }

    /// Gives the directory up; a second call does nothing.
    pub fn release(&self) {
        let Some(mut file) = self.file.lock().take() else {
            return;
        };
        if let Err(error) = overwrite(&mut file, "").and_then(|()| file.unlock()) {
            tracing::warn!(path = %self.path.display(), %error, "the directory lock was not released cleanly");
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        self.release();
    }
}

fn overwrite(file: &mut File, text: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

fn in_use(dir: &Path, holder: &str) -> QlError {
    let who = match holder {
        "" => "another process".to_string(),
        pid => format!("process {pid}"),
    };
    QlError::new(
        SqlState::ObjectNotInState,
        format!("{}: the data directory is in use by {who}", dir.display()),
    )
    .with_hint("Connect to that server, or stop it first")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn second_holder_is_told_who_has_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let first = DirectoryLock::acquire(dir.path()).unwrap();
        let error = DirectoryLock::acquire(dir.path()).unwrap_err();
        assert_eq!(error.state, SqlState::ObjectNotInState);
        assert!(
            error
                .message
                .contains(&format!("process {}", std::process::id()))
        );
        first.release();
        assert!(
            !DirectoryLock::acquire(dir.path())
                .unwrap()
                .found_dead_holder()
        );
    }

    #[test]
    fn number_left_in_the_file_is_a_dead_holder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE_NAME), "4711").unwrap();
        assert!(
            DirectoryLock::acquire(dir.path())
                .unwrap()
                .found_dead_holder()
        );
    }
}
