//! `atr_units`: the size at which a move of some average true ranges costs a share of the equity.
//!
//! `units = equity * risk / (multiple * atr * point_value)`. With `multiple => 1` this is the unit
//! of the Turtles. 0 where there is no equity left, NULL where the range is not above 0: a flat
//! price is a stale one, not a safe one.
//!
//! Source: Curtis Faith, "Way of the Turtle" (2007), chapter "Position Sizing".

use super::{Sizer, equity, lot, point_value, risk, row_wise, scalar_spec, whole_lots};
use crate::options::number;
use quantlake_core::{Args, Function, ParamSpec, QlError};

/// Units; NaN where the range is not above 0.
pub fn atr_units(equity: f64, atr: f64, risk: f64, multiple: f64, point_value: f64) -> f64 {
    if atr > 0.0 {
        equity.max(0.0) * risk / (multiple * atr * point_value)
    } else {
        f64::NAN
    }
}

fn make(args: &Args) -> Result<Sizer, QlError> {
    let (risk, multiple) = (args.number("risk")?, args.number("multiple")?);
    let (point_value, lot) = (args.number("point_value")?, args.number("lot")?);
    Ok(Box::new(move |row| match row {
        [equity, atr] => whole_lots(atr_units(*equity, *atr, risk, multiple, point_value), lot),
        _ => f64::NAN,
    }))
}

pub(super) fn function() -> Function {
    let spec = scalar_spec(
        "atr_units",
        "Units at which a move of multiple average true ranges costs the share risk of the equity; NULL where the range is not above 0",
    )
    .with_params(vec![
        equity(),
        ParamSpec::series("atr", "average true range of a unit, in units of the price"),
        risk(),
        number("multiple", 1e-6, 1e6, 2.0, "distance of the stop in average true ranges; 1 for a Turtle unit"),
        point_value(),
        lot(),
    ])
    .with_source("equity * risk / (multiple * atr * point_value); Faith 2007 (Turtles)")
    .with_example(
        "SELECT atr, atr_units(1000000, atr, 0.01, 1, 42000, 1) AS contracts FROM (VALUES (0.0141), (0.02)) AS t(atr) ORDER BY atr",
        "0.0141,16.0\n0.02,11.0",
    );
    row_wise(spec, make)
}
