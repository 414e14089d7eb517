//! The rules about the source tree that a compiler does not check.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Files longer than this have to be cut.
const MAX_LINES: usize = 600;

/// The edges between families that are allowed besides everybody -> core.
const FAMILY_EDGES: &[(&str, &str)] = &[
    ("backtest", "risk"),
    ("portfolio", "risk"),
    ("search", "backtest"),
    ("search", "risk"),
    ("sentiment", "models"),
    ("market", "indicators"),
    ("shapes", "indicators"),
    ("trend", "indicators"),
    ("volatility", "indicators"),
    ("volume", "indicators"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn families_depend_on_core_and_on_the_allowed_neighbours_only() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    for package in packages {
        let Some(family) = package["name"]
            .as_str()
            .and_then(|n| n.strip_prefix("quantlake-"))
        else {
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["name"].as_str().unwrap_or_default();
            assert_ne!(name, "quantlake", "{family} depends on the engine");
            let Some(other) = name.strip_prefix("quantlake-") else {
                continue;
            };
            let allowed =
                (other == "core" && family != "core") || FAMILY_EDGES.contains(&(family, other));
            assert!(allowed, "{family} must not depend on {other}");
        }
    }
}

#[test]
fn no_source_file_is_longer_than_the_limit() {
    let long: Vec<String> = ["src", "udfs", "tests"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(n_lines, _)| *n_lines > MAX_LINES)
        .map(|(n_lines, path)| format!("{} has {n_lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "over {MAX_LINES} lines: {long:#?}");
}

#[test]
fn every_path_that_the_documents_name_exists() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(&root().join(document));
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            assert!(
                root().join(path).exists(),
                "{document} links to {path}, which does not exist"
            );
        }
    }
}

#[test]
fn the_modules_that_hold_kernels_know_no_arrow() {
    let kernels = [
        "udfs/alpha/src/windows.rs",
        "udfs/alpha/src/sorted.rs",
        "udfs/alpha/src/weights.rs",
        "udfs/alpha/src/cross/order.rs",
        "udfs/alpha/src/fold/program.rs",
        "udfs/backtest/src/engine.rs",
        "udfs/backtest/src/account.rs",
        "udfs/backtest/src/engine/book.rs",
        "udfs/backtest/src/engine/path.rs",
        "udfs/backtest/src/engine/resting.rs",
        "udfs/backtest/src/engine/signals.rs",
        "udfs/labels/src/barriers.rs",
        "udfs/patterns/src/double.rs",
        "udfs/patterns/src/pivots.rs",
        "udfs/models/src/quantiles.rs",
        "udfs/models/src/window.rs",
        "udfs/portfolio/src/kernel/mod.rs",
        "udfs/risk/src/honest/inference.rs",
        "udfs/risk/src/honest/superiority.rs",
        "udfs/risk/src/metrics/table.rs",
        "udfs/risk/src/metrics/trades.rs",
        "udfs/risk/src/portfolio_risk/covariance.rs",
        "udfs/risk/src/portfolio_risk/stress.rs",
        "udfs/risk/src/moments.rs",
        "udfs/risk/src/tail.rs",
        "udfs/risk/src/wealth.rs",
        "udfs/sentiment/src/vader.rs",
    ];
    for kernel in kernels {
        let text = read(&root().join(kernel));
        assert!(
            !text.contains("datafusion::") && !text.contains("arrow::"),
            "{kernel} knows Arrow"
        );
    }
}
