//! Bands from confirmed turning points.

use super::FAMILY;
use crate::params::{bar, record, rows, spec, told};
use quantlake_core::{Function, Stability};
use quantlake_indicators::machine::wickra_core::FractalChaosBands;
use quantlake_indicators::machine::{fields, over_bars};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![fractal_chaos_bands()]
}

fn fractal_chaos_bands() -> Function {
    let half_width = rows(
        "half_width",
        1,
        2,
        "bars on each side that a turning point must exceed; it is known that many rows later",
    );
    let params = [bar(&["high", "low"]), vec![half_width]].concat();
    let output = record(&[
        (
            "upper",
            "high of the last confirmed up fractal, in units of the price",
        ),
        (
            "lower",
            "low of the last confirmed down fractal, in units of the price",
        ),
    ]);
    let summary = "Fractal chaos bands: the last high and low that exceed `half_width` bars on each side, from the row on in which that is known";
    let spec = told(
        spec("fractal_chaos_bands", FAMILY, summary, params, output),
        "until a fractal of either kind is confirmed, 2 * half_width at the least",
        Stability::Converging,
        "fractals of Williams, Trading Chaos, 1995, with strict inequalities",
    );
    over_bars(
        spec,
        |a| Ok(FractalChaosBands::new(a.count("half_width")?)),
        |o, out| fields([o.upper, o.lower], out),
    )
}
