//! Log returns and what is made of their squares.

use crate::describe::{spec, with_example};
use crate::kernel::over_windows;
use quantlake_core::Function;
use quantlake_indicators::machine::period;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![log_return(), realized_volatility()]
}

/// The natural logarithm of a price relative; NaN unless both prices are positive.
pub fn log_relative(before: f64, now: f64) -> f64 {
    match before > 0.0 && now > 0.0 {
        true => (now / before).ln(),
        false => f64::NAN,
    }
}

/// The log returns of neighbouring prices.
pub fn log_returns(prices: &[f64]) -> impl Iterator<Item = f64> {
    prices.windows(2).map(|pair| match pair {
        [before, now] => log_relative(*before, *now),
        _ => f64::NAN,
    })
}

fn log_return() -> Function {
    let spec = spec(
        "statistic",
        "log_return",
        &["x"],
        vec![period("period", 1, "Rows between the two prices")],
        "Natural logarithm of the price relative to the price period rows before, without unit; \
         NULL unless both are positive",
    )
    .with_lookback("period")
    .with_source("ln(x / x period rows before)");
    over_windows(with_example(spec, 6, "1"), |args| {
        let relative = |[x]: [&[f64]; 1]| match x {
            [before, .., now] => [log_relative(*before, *now)],
            _ => [f64::NAN],
        };
        Ok((args.count("period")? + 1, relative))
    })
}

fn realized_volatility() -> Function {
    let spec = spec(
        "statistic",
        "realized_volatility",
        &["x"],
        vec![period("period", 20, "Returns that are added up, in rows")],
        "Square root of the sum of squared log returns over the period, neither centred nor \
         annualised, without unit; NULL unless all prices are positive",
    )
    .with_lookback("period")
    .with_source(
        "sqrt(sum(ln(x / x one row before)^2)); T. Andersen, T. Bollerslev, F. Diebold, \
         P. Labys, Econometrica 71 (2003)",
    );
    over_windows(with_example(spec, 6, "3"), |args| {
        let root = |[x]: [&[f64]; 1]| [log_returns(x).map(|r| r * r).sum::<f64>().sqrt()];
        Ok((args.count("period")? + 1, root))
    })
}
