//! Fibonacci levels of the last swings. Between two confirmed swings the levels stay where they are.
//!
//! Two differ from `wickra-core`: the arcs are circles around the end of the leg that cut the base
//! line at their ratio (the library's meet the base line elsewhere and all end at one bar), and
//! they are NULL once they have ended.

mod levels;
mod lines;

use quantlake_core::Function;

const FAMILY: &str = "fibonacci";

/// All functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = levels::functions();
    functions.extend(lines::functions());
    functions
}
