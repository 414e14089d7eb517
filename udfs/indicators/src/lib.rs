//! Technical indicators as window functions.
//!
//! Every function of TA-Lib (crate `ta-lib`) is bound from the library's own metadata: its table
//! says which series, constants and outputs each function has, and the rules in this crate turn
//! that into a [`FunctionSpec`](quantlake_core::FunctionSpec) and a kernel. There is no code per
//! function, so a new version of the library brings its new functions along; only the streams
//! (`stream_table`), which the metadata does not know, have a line for each.
//!
//! * [`names`]: SQL names of functions, parameters and struct fields,
//! * [`describe`]: the spec of a function,
//! * [`stability`]: how values depend on where the input starts,
//! * [`example`]: a query that runs without any table,
//! * [`joint_rules`]: conditions on constants that the metadata does not give,
//! * [`conventions`]: what other libraries do otherwise, as named arguments,
//! * [`kernel`]: one call of the library per partition,
//! * `stream` and `stream_table`: the library row by row, where only new rows are read.
//!
//! Every function is also there as `ta_<name>`; where the plain name is a SQL built-in (`max`,
//! `sum`, `stddev`, `floor`, ...), that is the only name.
//!
//! # Rules that hold for all of them
//! * Rows on which any input is NULL, NaN or infinite are taken out first: their result is NULL
//!   and later rows are computed as if they were not there.
//! * The rows before the first value (the look-back) are NULL, and so is a result that is not
//!   finite (`ta_ln` of 0). Where TA-Lib gives a number for 0/0 (RSI of a flat series is 50), it
//!   is kept.
//! * Numbers are those of TA-Lib with its default settings: no unstable period, the classic
//!   seeds, the default candle settings. Where other libraries do otherwise, a named argument asks
//!   for it (`seed`, `ddof`, `first_bar`, `start`, `flat`); docs/conventions.md has the table.
//! * Where the library reports the position of a row (`maxindex`), it counts the rows that are
//!   not missing, from 0 at the first of the partition; of equal prices it names the newest.

pub mod conventions;
pub mod describe;
pub mod example;
pub mod joint_rules;
pub mod kernel;
pub mod machine;
pub mod names;
pub mod stability;
mod stream;
mod stream_table;
#[cfg(test)]
mod stream_tests;

use kernel::TaLibKernel;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function};
use std::sync::Arc;
use ta_lib::abstract_api::{FUNCS, FuncInfo};

/// All functions of TA-Lib in the library's order, ready for registration.
pub fn functions() -> Vec<Function> {
    let builtins = names::builtin_names();
    FUNCS
        .iter()
        .map(|function| bind(function, &builtins))
        .collect()
}

fn bind(function: &'static FuncInfo, builtins: &names::BuiltinNames) -> Function {
    let spec = describe::describe(function, builtins);
    series_function(
        spec,
        Arc::new(move |args: &Args| {
            let kernel = TaLibKernel::try_new(function, args)?;
            Ok(Box::new(kernel) as Box<dyn SeriesKernel>)
        }),
    )
}
