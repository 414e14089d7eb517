//! Where a price is discovered: Hasbrouck's information share of the first of two markets.
//!
//! A vector error-correction model with one lag is fitted to the last rows,
//! dp(t) = c + a (x(t-1) - y(t-1)) + G dp(t-1) + e(t) with p = (x, y), cov(e) = W. The weights of
//! the common trend are (a_y, -a_x); how much of the trend's variance comes from x depends on
//! the order in which the correlated errors are told apart, so the mean of both orders stands.
//!
//! `wickra-core` calls a regression singular by an absolute bound on its pivots, which refuses
//! prices with small steps, and gives 0.5 for what is unknown. This kernel scales each regressor
//! and gives NULL.

use super::window;
use crate::binding::rolling;
use crate::describe::{series, with_example};
use quantlake_core::Function;
use quantlake_indicators::machine::period_from;

/// The functions of this module.
pub fn functions() -> Vec<Function> {
    let mut params = series(&[
        ("x", "Price in the first market"),
        (
            "y",
            "Price of the same thing in the second market, at the same times",
        ),
    ]);
    params.push(period_from("period", 6, 60, "Rows in the regression"));
    let spec = window(
        "hasbrouck_information_share",
        "Share of the first market in finding the common price, from 0 to 1, over the last rows",
    )
    .with_params(params)
    .with_lookback("period + 1")
    .with_source(
        "Middle of the bounds of Hasbrouck (1995), One security, many markets, from an \
         error-correction model with one lag and the cointegration (1, -1); NULL where the \
         regression has no unique solution",
    );
    let spec = with_example(spec, 12, &[("period", "8")]);
    vec![rolling(spec, |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [x, y] => information_share(x, y).unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
        Ok((args.count("period")? + 2, formula))
    })]
}

/// A row of the regression: the changes of x and y, then the error and the changes before it.
type Row = [f64; 5];

fn information_share(x: &[f64], y: &[f64]) -> Option<f64> {
    let (loadings, residuals) = fit(centred(x, y)?)?;
    let n = residuals.len() as f64;
    let moment = |f: fn(&Row) -> f64| residuals.iter().map(f).sum::<f64>() / n;
    let (vx, vy, cov) = (
        moment(|e| e[0] * e[0]),
        moment(|e| e[1] * e[1]),
        moment(|e| e[0] * e[1]),
    );
    let (px, py) = (loadings[1], -loadings[0]);
    let total = px * px * vx + 2.0 * px * py * cov + py * py * vy;
    if !(total > 0.0 && vx > 0.0 && vy > 0.0) {
        return None;
    }
    let x_first = (px * vx.sqrt() + py * cov / vx.sqrt()).powi(2) / total;
    let y_first = (py * vy.sqrt() + px * cov / vy.sqrt()).powi(2) / total;
    let share = f64::midpoint(x_first.clamp(0.0, 1.0), (1.0 - y_first).clamp(0.0, 1.0));
    share.is_finite().then_some(share)
}

/// The rows of the regression less their means, which stands for the constant; `None` where a
/// column does not vary.
fn centred(x: &[f64], y: &[f64]) -> Option<Vec<Row>> {
    let mut rows: Vec<Row> = x
        .windows(3)
        .zip(y.windows(3))
        .filter_map(|pair| match pair {
            ([x2, x1, x0], [y2, y1, y0]) => Some([x0 - x1, y0 - y1, x1 - y1, x1 - x2, y1 - y2]),
            _ => None,
        })
        .collect();
    let n = rows.len() as f64;
    for column in 0..5 {
        let before = square_sum(&rows, column);
        let mean = rows.iter().map(|row| row[column]).sum::<f64>() / n;
        rows.iter_mut().for_each(|row| row[column] -= mean);
        is_more_than_rounding(square_sum(&rows, column), before)?;
    }
    Some(rows)
}

fn square_sum(rows: &[Row], column: usize) -> f64 {
    rows.iter().map(|row| row[column] * row[column]).sum()
}

/// `None` where a difference of columns has kept no digit that means something.
fn is_more_than_rounding(after: f64, before: f64) -> Option<()> {
    (after.is_finite() && after > before * 1e-20).then_some(())
}

/// The loadings of both equations on the error, and the residuals, by orthogonal columns.
///
/// The error comes last among the regressors, so that its coefficient is read off directly.
fn fit(mut rows: Vec<Row>) -> Option<([f64; 2], Vec<Row>)> {
    let mut loadings = [0.0; 2];
    for (column, later) in [(3, [4, 2].as_slice()), (4, &[2]), (2, &[])] {
        let norm = square_sum(&rows, column);
        for target in later.iter().copied().chain([0, 1]) {
            let product: f64 = rows.iter().map(|row| row[column] * row[target]).sum();
            let coefficient = product / norm;
            let before = square_sum(&rows, target);
            for row in &mut rows {
                row[target] -= coefficient * row[column];
            }
            is_more_than_rounding(square_sum(&rows, target), before)?;
            if column == 2 {
                loadings[target] = coefficient;
            }
        }
    }
    Some((loadings, rows))
}
