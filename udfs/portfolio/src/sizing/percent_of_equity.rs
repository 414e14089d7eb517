//! `percent_of_equity`: the size whose value is a given share of the equity.
//!
//! `units = equity * share / (price * point_value)`. 0 where there is no equity left, NULL where
//! the price is not above 0.
//!
//! Source: Tharp's percent-of-equity model; target percent orders of zipline and vectorbt.

use super::{Sizer, equity, lot, point_value, row_wise, scalar_spec, whole_lots};
use crate::options::number;
use quantlake_core::{Args, Function, ParamSpec, QlError};

/// Units; NaN where the price is not above 0.
pub fn percent_of_equity(equity: f64, price: f64, share: f64, point_value: f64) -> f64 {
    if price > 0.0 {
        equity.max(0.0) * share / (price * point_value)
    } else {
        f64::NAN
    }
}

fn make(args: &Args) -> Result<Sizer, QlError> {
    let (share, point_value, lot) = (
        args.number("share")?,
        args.number("point_value")?,
        args.number("lot")?,
    );
    Ok(Box::new(move |row| match row {
        [equity, price] => whole_lots(percent_of_equity(*equity, *price, share, point_value), lot),
        _ => f64::NAN,
    }))
}

pub(super) fn function() -> Function {
    let spec = scalar_spec(
        "percent_of_equity",
        "Units whose value is the given share of the equity; NULL where the price is not above 0",
    )
    .with_params(vec![
        equity(),
        ParamSpec::series("price", "price of a unit"),
        number("share", -100.0, 100.0, 0.1, "value of the position as a share of the equity, negative for short"),
        point_value(),
        lot(),
    ])
    .with_source("equity * share / (price * point_value)")
    .with_example(
        "SELECT price, percent_of_equity(100000, price, 0.25, 1, 1) AS units FROM (VALUES (30.0), (400.0)) AS t(price) ORDER BY price",
        "30.0,833.0\n400.0,62.0",
    );
    row_wise(spec, make)
}
