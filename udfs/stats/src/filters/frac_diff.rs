//! `frac_diff` and `frac_diff_expanding`: differences of a fractional order.
//!
//! `y_t = sum over k of w_k x_(t-k)` with w_0 = 1 and `w_k = -w_(k-1) (d - k + 1) / k`: order 1 is
//! the plain difference, order 0 the series itself; between them the series turns stationary and
//! keeps some memory. `frac_diff` drops the weights from the first one on that is smaller than
//! `threshold`, so each row has the same weights. `frac_diff_expanding` uses all rows so far, up to
//! `max_width`.
//!
//! Source: Hosking, Biometrika 68 (1981), pp. 165-176; Lopez de Prado, Advances in Financial
//! Machine Learning (2018), chapter 5 (snippets 5.2 and 5.3).

use super::window_spec;
use crate::params::{count, number, x};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, ParamKind, ParamSpec, QlError, Stability};
use std::sync::Arc;

/// Weights beyond which a window is refused: the threshold does not end them.
const MAX_WEIGHTS: usize = 1_000_000;

/// The weights of an order, latest row first, without end.
fn weights(d: f64) -> impl Iterator<Item = f64> {
    (0..).scan(1.0, move |next, k: u32| {
        let weight = *next;
        *next = -weight * (d - f64::from(k)) / (f64::from(k) + 1.0);
        Some(weight)
    })
}

fn weighted(weights: &[f64], latest_first: impl Iterator<Item = f64>) -> f64 {
    weights.iter().zip(latest_first).map(|(w, v)| w * v).sum()
}

struct FixedWidth {
    weights: Vec<f64>,
}

impl SeriesKernel for FixedWidth {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([x], [out]) = (inputs, outputs) else {
            return Err(QlError::internal("frac_diff has one input and one output"));
        };
        let width = self.weights.len();
        for (value, rows) in out.iter_mut().skip(width - 1).zip(x.windows(width)) {
            *value = weighted(&self.weights, rows.iter().rev().copied());
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.weights.len() - 1)
    }
}

struct Expanding {
    d: f64,
    max_width: usize,
}

impl SeriesKernel for Expanding {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([x], [out]) = (inputs, outputs) else {
            return Err(QlError::internal(
                "frac_diff_expanding has one input and one output",
            ));
        };
        let weights: Vec<f64> = weights(self.d).take(self.max_width.min(x.len())).collect();
        for (t, value) in out.iter_mut().enumerate() {
            *value = weighted(&weights, x[..=t].iter().rev().copied());
        }
        Ok(())
    }

    // Beyond `max_width` rows no weight is left.
    fn history(&self) -> Option<usize> {
        Some(self.max_width - 1)
    }
}

fn order() -> ParamSpec {
    let kind = ParamKind::Number { min: 0.0, max: 2.0 };
    ParamSpec::required(
        "d",
        kind,
        "order of the difference: 0 keeps x, 1 is the plain difference",
    )
}

fn fixed(args: &Args) -> Result<Box<dyn SeriesKernel>, QlError> {
    let threshold = args.number("threshold")?;
    let weights: Vec<f64> = weights(args.number("d")?)
        .take_while(|w| w.abs() >= threshold)
        .take(MAX_WEIGHTS + 1)
        .collect();
    if weights.len() > MAX_WEIGHTS {
        return Err(QlError::bad_argument(
            "frac_diff",
            "threshold",
            format!("large enough for a window of at most {MAX_WEIGHTS} rows"),
            threshold,
        ));
    }
    Ok(Box::new(FixedWidth { weights }))
}

pub(crate) fn fixed_width() -> Function {
    let threshold = number(
        "threshold",
        1e-12,
        1.0,
        1e-4,
        "weights from the first one below this on are left out; smaller keeps more memory and needs more rows",
    );
    let spec = window_spec(
        "frac_diff",
        "Fractional difference of x over a window of fixed width, in units of x",
    )
    .with_params(vec![x("the values, such as the logarithm of a price"), order(), threshold])
    .with_lookback("the number of weights of at least `threshold`, less 1")
    .with_source("Hosking 1981; Lopez de Prado 2018, snippet 5.3")
    .with_example(
        "SELECT t, round(frac_diff(x, 0.5, 0.05) OVER (ORDER BY t), 6) AS value \
         FROM (VALUES (1, 1.0), (2, 2.0), (3, 4.0), (4, 3.0), (5, 5.0), (6, 6.0), (7, 5.0)) AS v(t, x) ORDER BY t",
        "",
    );
    series_function(spec, Arc::new(fixed))
}

pub(crate) fn expanding() -> Function {
    let spec = window_spec(
        "frac_diff_expanding",
        "Fractional difference of x over all rows so far, in units of x",
    )
    .with_params(vec![
        x("the values, such as the logarithm of a price"),
        order(),
        count("max_width", 1, 10_000, "most rows that are weighted; the cost of a row grows with it"),
    ])
    .with_stability(Stability::Converging)
    .with_source("Hosking 1981; Lopez de Prado 2018, snippet 5.2 without its skipped rows, whose number looks at the whole series")
    .with_example(
        "SELECT t, round(frac_diff_expanding(x, 0.5) OVER (ORDER BY t), 6) AS value \
         FROM (VALUES (1, 1.0), (2, 2.0), (3, 4.0), (4, 3.0), (5, 5.0), (6, 6.0)) AS v(t, x) ORDER BY t",
        "",
    );
    series_function(
        spec,
        Arc::new(|args| {
            Ok(Box::new(Expanding {
                d: args.number("d")?,
                max_width: args.count("max_width")?,
            }))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_orders_are_the_known_differences() {
        let of = |d: f64| weights(d).take(4).map(|w| w + 0.0).collect::<Vec<_>>();
        assert_eq!(of(0.0), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(of(1.0), [1.0, -1.0, 0.0, 0.0]);
        assert_eq!(of(2.0), [1.0, -2.0, 1.0, 0.0]);
        assert_eq!(of(0.5), [1.0, -0.5, -0.125, -0.0625]);
    }
}
