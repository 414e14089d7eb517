//! Values of tests/golden/market.py.

use crate::{reference, rowwise};
use std::path::{Path, PathBuf};

/// Sums over a session and over a window are taken in another order than by the other program.
const TOLERANCE: f64 = 1e-9;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/machines/market")
}

#[test]
fn every_window_function_gives_the_values_of_an_independent_program() {
    reference::check_folder(&quantlake_market::functions(), &folder(), TOLERANCE);
}

#[test]
fn every_function_of_one_row_gives_the_values_of_an_independent_program() {
    let functions = quantlake_market::functions();
    rowwise::check_folder(&functions, &folder().join("rowwise"), TOLERANCE);
}
