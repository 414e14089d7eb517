//! `cs_regress_out`: what other factors do not explain.

use crate::describe::cross_spec;
use crate::kernel::many;
use quantlake_core::series::series_function;
use quantlake_core::{Args, Function, ParamSpec, QlError};
use std::cmp::Ordering;
use std::sync::Arc;

/// A factor is a combination of earlier ones when this share of it is all that they leave.
///
/// Rounding leaves about 1e-16 times the number of rows; what is left of a factor that is given
/// twice must not count as a direction of its own.
const DEPENDENT: f64 = 1e-11;

/// Residuals of the least-squares regression of y on the factors with an intercept, in the unit
/// of `y`; NaN where there are not more rows than independent factors and the intercept.
///
/// The factors are made orthogonal one by one, twice over (Giraud, Langou and Rozložník 2005),
/// and y loses its projection on each. A factor that the ones before it explain is left out.
pub fn regress_out(y: &[f64], factors: &[&[f64]], out: &mut [f64]) {
    let order = row_order(y, factors);
    let gather = |column: &[f64]| order.iter().map(|row| column[*row]).collect::<Vec<f64>>();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for factor in factors {
        basis.extend(new_direction(gather(factor), &basis));
    }
    if order.len() <= basis.len() + 1 {
        return;
    }
    let mut residual = gather(y);
    for _ in 0..2 {
        center(&mut residual);
        basis
            .iter()
            .for_each(|unit| project_out(&mut residual, unit));
    }
    for (row, value) in order.iter().zip(residual) {
        out[*row] = value;
    }
}

/// Rows sorted by their values: sums in this order do not depend on how the rows arrived.
fn row_order(y: &[f64], factors: &[&[f64]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..y.len()).collect();
    let compare = |column: &[f64], a: usize, b: usize| column[a].total_cmp(&column[b]);
    order.sort_unstable_by(|a, b| {
        let columns = factors.iter().copied();
        columns.fold(compare(y, *a, *b), |so_far: Ordering, column| {
            so_far.then_with(|| compare(column, *a, *b))
        })
    });
    order
}

/// The part of a factor that is orthogonal to the constant and the basis, with length 1.
fn new_direction(mut factor: Vec<f64>, basis: &[Vec<f64>]) -> Option<Vec<f64>> {
    center(&mut factor);
    let size = length(&factor);
    for _ in 0..2 {
        center(&mut factor);
        basis.iter().for_each(|unit| project_out(&mut factor, unit));
    }
    let left = length(&factor);
    if left <= DEPENDENT * size {
        return None;
    }
    factor.iter_mut().for_each(|v| *v /= left);
    Some(factor)
}

fn center(column: &mut [f64]) {
    let Some(first) = column.first().copied() else {
        return;
    };
    let n = column.len() as f64;
    let mean = column.iter().map(|v| v - first).sum::<f64>() / n;
    column.iter_mut().for_each(|v| *v = *v - first - mean);
}

fn project_out(column: &mut [f64], unit: &[f64]) {
    let share: f64 = column.iter().zip(unit).map(|(a, b)| a * b).sum();
    for (v, direction) in column.iter_mut().zip(unit) {
        *v -= share * direction;
    }
}

fn length(column: &[f64]) -> f64 {
    column.iter().map(|v| v * v).sum::<f64>().sqrt()
}

pub(crate) fn functions() -> Vec<Function> {
    let params = vec![
        ParamSpec::series("y", "What is to be explained."),
        ParamSpec::series(
            "x",
            "A factor; more of them may follow. A row that lacks one is missing.",
        ),
    ];
    let spec = cross_spec(
        "cs_regress_out",
        "What is left of `y` after a least-squares regression with intercept on one or more factors over the partition, in the unit of `y`; NULL where there are not more rows than coefficients.",
        "y - X (X'X)^-1 X'y with a column of ones in X; statsmodels OLS(...).fit().resid",
        "cs_regress_out(x, y)",
        params,
    )
    .with_variadic();
    let make = |_: &Args| {
        Ok(many(
            None,
            |inputs: &[&[f64]], out: &mut [f64]| match inputs {
                [y, factors @ ..] => {
                    regress_out(y, factors, out);
                    Ok(())
                }
                [] => Err(QlError::internal("cs_regress_out: reads no input")),
            },
        ))
    };
    vec![series_function(spec, Arc::new(make))]
}
