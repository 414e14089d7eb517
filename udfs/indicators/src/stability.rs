//! How an indicator's values depend on where its input starts, as the library knows it.

use crate::kernel::{OptionValue, lookback};
use crate::names;
use quantlake_core::Stability;
use std::sync::LazyLock;
use ta_lib::abstract_api::{FuncFlags, FuncInfo, OptInputType, OutputType};
use ta_lib::{Core, FuncUnstId};

/// Rows to drop of everything that converges: more than any look-back with default constants, so
/// that no longer part of a function (the ranks of `crsi`) hides the recursion beside it.
const DROPPED_ROWS: u32 = 1_000_000;

/// A library set to drop these rows.
static LATER_START: LazyLock<Core> = LazyLock::new(|| {
    Core::builder()
        .unstable_period(FuncUnstId::ALL, DROPPED_ROWS)
        .build()
        .unwrap_or_default()
});

/// The weakest class that the function falls into for any choice of its constants.
///
/// * Path dependent: flagged so by the library, or its result is the position of a row, counted
///   from the first one.
/// * Converging: its look-back grows when the library is told to drop rows of its recursions. The
///   library's own flag only marks the function that owns the recursion (EMA), not those that use
///   it (MACD) or can be told to (`bbands(..., ma => 'ema')`).
/// * Exact: neither. The same rows give the same value up to rounding: sliding sums carry the
///   rounding of the rows that left them.
pub fn stability(function: &FuncInfo) -> Stability {
    if function.flags.contains(FuncFlags::PATH_DEPENDENT) || gives_positions(function) {
        Stability::PathDependent
    } else if recursion_depends_on_start(function) {
        Stability::Converging
    } else {
        Stability::Exact
    }
}

/// Whether an output is the position of a row in the partition.
pub fn gives_positions(function: &FuncInfo) -> bool {
    function
        .outputs
        .iter()
        .zip(names::output_names(function))
        .any(|(output, name)| output.kind == OutputType::Integer && is_position(function, &name))
}

/// Whether the output of this field name is a position.
pub fn is_position(function: &FuncInfo, output: &str) -> bool {
    output.ends_with("_idx") || function.name.ends_with("INDEX")
}

/// Functions whose code computes every row anew from its window (or, CG, adds in whole numbers), so
/// that equal windows give equal bits. All others of a finite look-back slide sums along, and carry
/// the rounding of rows that left the window; that some of them seem exact (ADR, CMOU, ER, QSTICK,
/// RVOL, VORTEX) is due to prices and volumes whose sums are exact. Read from the library's sources; a
/// property test holds every entry to it.
const COMPUTED_ANEW: &[&str] = &[
    "ACOS",
    "ADD",
    "ALMA",
    "AROON",
    "AROONOSC",
    "ASIN",
    "ATAN",
    "AVGDEV",
    "AVGPRICE",
    "BOP",
    "CEIL",
    "CG",
    "CHOP",
    "CHOPTR",
    "COS",
    "COSH",
    "DIV",
    "DONCHIAN",
    "EXP",
    "FLOOR",
    "FRACTAL",
    "IBS",
    "ICHIMOKU",
    "IMI",
    "LN",
    "LOG10",
    "MARKETFI",
    "MAX",
    "MEDIAN",
    "MEDPRICE",
    "MIDPOINT",
    "MIDPRICE",
    "MIN",
    "MINMAX",
    "MOM",
    "MULT",
    "PERCENTILE",
    "PERCENTRANK",
    "ROC",
    "ROCP",
    "ROCR",
    "ROCR100",
    "SI",
    "SIN",
    "SINH",
    "SQRT",
    "SUB",
    "TAN",
    "TANH",
    "TRANGE",
    "TYPPRICE",
    "VHF",
    "WCLPRICE",
    "WILLR",
];

/// Whether the value at a row depends on the rows of its look-back and on nothing else, to the
/// last bit.
pub fn is_computed_anew(function: &FuncInfo) -> bool {
    COMPUTED_ANEW.binary_search(&function.name).is_ok()
}

fn recursion_depends_on_start(function: &FuncInfo) -> bool {
    let grows = |options: &[Option<OptionValue>]| {
        let usual = lookback(function, &Core::new(), options);
        let later = lookback(function, &LATER_START, options);
        usual.is_ok() && usual != later
    };
    if grows(&[]) {
        return true;
    }
    function.opt_inputs.iter().enumerate().any(|(i, option)| {
        choices(&option.kind).any(|code| {
            let mut options = vec![None; i];
            options.push(Some(OptionValue::Integer(code)));
            grows(&options)
        })
    })
}

fn choices(kind: &OptInputType) -> impl Iterator<Item = i32> {
    let values: &[(i64, &str)] = match kind {
        OptInputType::IntegerList { values, .. } => values,
        _ => &[],
    };
    values
        .iter()
        .filter_map(|(code, _)| i32::try_from(*code).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ta_lib::abstract_api::FUNCS;

    #[test]
    fn the_list_is_sorted_and_names_exact_functions() {
        assert!(COMPUTED_ANEW.is_sorted());
        for name in COMPUTED_ANEW {
            let function = FUNCS.iter().find(|f| f.name == *name);
            let function = function.unwrap_or_else(|| panic!("no function {name}"));
            assert_eq!(stability(function), Stability::Exact, "{name}");
        }
    }
}
