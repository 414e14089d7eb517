//! Risk and performance over the last rows, from returns or from an equity curve.
//!
//! `rolling_<metric>` has the definition of the aggregate `<metric>` where there is one: signs,
//! divisors and annualisation are the same, and what cannot be told from the window (a ratio over
//! no dispersion, no loss or no drawdown) is NULL. That is why these kernels are written here:
//! wickra-core gives 0 or infinity instead, does not annualise, and its sliding sums of gains and
//! losses leave a rest that a ratio blows up once the losses have left the window.

mod benchmark;
mod drawdown;
mod equity;
mod ratios;
mod tail;
mod trades;
mod underwater;

use crate::params::{period, ret, spec, told};
use quantlake_core::{Function, FunctionSpec, Output, ParamSpec, Stability};

/// Family name of these functions.
pub(crate) const FAMILY: &str = "risk";

/// Rows of a window unless the caller says otherwise: half a year of daily bars.
pub(crate) const HALF_A_YEAR: i64 = 126;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        ratios::functions(),
        trades::functions(),
        tail::functions(),
        drawdown::functions(),
        equity::functions(),
        benchmark::functions(),
    ]
    .concat()
}

/// The spec of a function of the last `period` returns.
fn of_returns(
    name: &str,
    summary: &str,
    min: i64,
    options: Vec<ParamSpec>,
    output: Output,
    source: &str,
) -> FunctionSpec {
    let params = [vec![ret(), period(min, HALF_A_YEAR)], options].concat();
    let spec = spec(name, FAMILY, summary, params, output);
    told(spec, "period - 1", Stability::Exact, source)
}
