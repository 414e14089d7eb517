//! `fixed_ratio`: contracts that grow with the profit, each step costing the same profit per
//! contract.
//!
//! From n contracts to n + 1 takes a further profit of `n * delta`, so with `start` contracts at
//! no profit `n = floor((1 + sqrt((2 start - 1)^2 + 8 profit / delta)) / 2)`, at least 1. Losses
//! take contracts away at the same levels.
//!
//! Source: Ryan Jones, "The Trading Game" (1999).

use super::{Sizer, row_wise, scalar_spec};
use crate::options::number;
use quantlake_core::{Args, Function, ParamKind, ParamSpec, ParamValue, QlError};

/// Whole contracts.
pub fn fixed_ratio(profit: f64, delta: f64, start: f64) -> f64 {
    let root = (2.0 * start - 1.0).powi(2) + 8.0 * profit / delta;
    ((1.0 + root.max(0.0).sqrt()) / 2.0).floor().max(1.0)
}

fn make(args: &Args) -> Result<Sizer, QlError> {
    let delta = args.number("delta")?;
    let start = args.integer("start")? as f64;
    Ok(Box::new(move |row| match row {
        [profit] => fixed_ratio(*profit, delta, start),
        _ => f64::NAN,
    }))
}

pub(super) fn function() -> Function {
    let spec = scalar_spec(
        "fixed_ratio",
        "Contracts by Ryan Jones' fixed ratio: one more for every further profit of delta per contract held, at least 1",
    )
    .with_params(vec![
        ParamSpec::series("profit", "closed profit since the start, in money; negative for a loss"),
        number("delta", 1e-9, 1e15, 5000.0, "profit per contract that adds a contract, in money"),
        ParamSpec::optional(
            "start",
            ParamKind::Integer { min: 1, max: 1_000_000 },
            ParamValue::Integer(1),
            "contracts at no profit",
        ),
    ])
    .with_source("floor((1 + sqrt((2 start - 1)^2 + 8 profit / delta)) / 2); Jones 1999")
    .with_example(
        "SELECT profit, fixed_ratio(profit, 5000) AS contracts FROM (VALUES (-1000.0), (4999.0), (5000.0), (15000.0), (30000.0)) AS t(profit) ORDER BY profit",
        "-1000.0,1.0\n4999.0,1.0\n5000.0,2.0\n15000.0,3.0\n30000.0,4.0",
    );
    row_wise(spec, make)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Profit at which n contracts begin, summed step by step.
    fn level(n: u32, start: u32, delta: f64) -> f64 {
        let step = |k: u32| f64::from(k) * delta;
        if n >= start {
            (start..n).map(step).sum()
        } else {
            -(n..start).map(step).sum::<f64>()
        }
    }

    #[test]
    fn contracts_change_exactly_at_the_levels() {
        for start in 1..6 {
            for n in 2..12 {
                let at = level(n, start, 5000.0);
                assert_eq!(fixed_ratio(at, 5000.0, f64::from(start)), f64::from(n));
                assert_eq!(
                    fixed_ratio(at - 1.0, 5000.0, f64::from(start)),
                    f64::from(n - 1)
                );
            }
        }
    }
}
