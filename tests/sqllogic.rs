//! Runs every file of `tests/slt/` three ways: embedded, over the wire with the simple protocol,
//! and over the wire with the extended protocol. The same file has to give the same answers.

#[path = "sqllogic/database.rs"]
mod database;
#[path = "sqllogic/value.rs"]
mod value;

use database::{Mode, TestDatabase};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};

/// DataFusion's planner recurses deeply on nested queries.
const STACK_BYTES: usize = 16 << 20;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut trials = Vec::new();
    for file in slt_files(&root) {
        let name = file
            .strip_prefix(&root)
            .unwrap_or(&file)
            .display()
            .to_string();
        for mode in [Mode::Embedded, Mode::Simple, Mode::Extended] {
            let file = file.clone();
            trials.push(Trial::test(format!("{mode}::{name}"), move || {
                run(&file, mode)
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn slt_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(slt_files(&path));
        } else if path.extension().is_some_and(|e| e == "slt") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn run(file: &Path, mode: Mode) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let database = TestDatabase::open(folder.path(), mode).await;
        let mut runner = sqllogictest::Runner::new(|| database.connect());
        let root = env!("CARGO_MANIFEST_DIR");
        runner.set_var("ROOT".into(), root.into());
        runner.set_var("DATA".into(), format!("{root}/data"));
        runner
            .run_file_async(file)
            .await
            .map_err(|e| e.to_string())?;
        runner.shutdown_async().await;
        Ok(())
    })
}
