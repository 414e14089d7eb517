//! `fixed_fractional`: the size at which the stop costs a given share of the equity.
//!
//! `units = equity * risk / ((entry - stop) * point_value)`: positive for a stop below the entry
//! (long), negative for one above it (short). 0 where there is no equity left. NULL where entry
//! and stop are equal: with nothing at risk there is no size.
//!
//! Source: Ralph Vince, "Portfolio Management Formulas" (1990); Van Tharp's percent-risk model.

use super::{Sizer, equity, lot, point_value, risk, row_wise, scalar_spec, whole_lots};
use quantlake_core::{Args, Function, ParamSpec, QlError};

/// Units with the sign of the trade; NaN where entry and stop are equal.
pub fn fixed_fractional(equity: f64, entry: f64, stop: f64, risk: f64, point_value: f64) -> f64 {
    let per_unit = (entry - stop) * point_value;
    if per_unit == 0.0 {
        return f64::NAN;
    }
    equity.max(0.0) * risk / per_unit
}

fn make(args: &Args) -> Result<Sizer, QlError> {
    let (risk, point_value, lot) = (
        args.number("risk")?,
        args.number("point_value")?,
        args.number("lot")?,
    );
    Ok(Box::new(move |row| match row {
        [equity, entry, stop] => whole_lots(
            fixed_fractional(*equity, *entry, *stop, risk, point_value),
            lot,
        ),
        _ => f64::NAN,
    }))
}

pub(super) fn function() -> Function {
    let spec = scalar_spec(
        "fixed_fractional",
        "Units at which the way from entry to stop costs the share risk of the equity; negative for a stop above the entry (short), NULL where both are equal",
    )
    .with_params(vec![
        equity(),
        ParamSpec::series("entry", "price at which the position is opened"),
        ParamSpec::series("stop", "price at which it is closed with a loss"),
        risk(),
        point_value(),
        lot(),
    ])
    .with_source("equity * risk / ((entry - stop) * point_value); Vince 1990, Tharp's percent-risk model")
    .with_example(
        "SELECT stop, fixed_fractional(100000, 50, stop, 0.02) AS units, fixed_fractional(100000, 50, stop, 0.02, 1, 100) AS lots \
         FROM (VALUES (46.0), (53.0)) AS t(stop) ORDER BY stop",
        "46.0,500.0,500.0\n53.0,-666.6666666666666,-600.0",
    );
    row_wise(spec, make)
}
