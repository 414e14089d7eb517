//! Return over the next bars: `r[t] = price[t + horizon] / price[t] - 1`, or its logarithm.
//!
//! The last `horizon` rows are NULL: their future is not known. So is every row whose return
//! starts or ends at a price that is not positive, because a ratio of such prices has no meaning.
//! Missing rows are taken out first, so `horizon` counts the bars that are there.
//!
//! Source: the fixed-time-horizon return of López de Prado, Advances in Financial Machine
//! Learning (2018), section 3.2. Checked against pandas (`tests/golden/labels.py`).

use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, ParamKind, ParamSpec, ParamValue, QlError,
};
use std::sync::Arc;

/// How a return is expressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Ratio of the prices minus one.
    Simple,
    /// Natural logarithm of the ratio of the prices.
    Log,
}

/// Writes the return from each row to the row `horizon` rows later, as a fraction (0.01 is 1 %).
///
/// Slots stay as they are where the later row does not exist or a price is not positive.
pub fn forward_returns(price: &[f64], horizon: usize, scale: Scale, out: &mut [f64]) {
    let later = price.iter().skip(horizon);
    for ((from, to), slot) in price.iter().zip(later).zip(out) {
        if *from > 0.0 && *to > 0.0 {
            *slot = match scale {
                Scale::Simple => to / from - 1.0,
                Scale::Log => (to / from).ln(),
            };
        }
    }
}

struct ForwardReturn {
    horizon: usize,
    scale: Scale,
}

impl SeriesKernel for ForwardReturn {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([price], [out]) = (inputs, outputs) else {
            return Err(QlError::internal(
                "forward_return: reads 1 series, writes 1",
            ));
        };
        forward_returns(price, self.horizon, self.scale, out);
        Ok(())
    }
}

fn kernel(args: &Args) -> Result<Box<dyn SeriesKernel>, QlError> {
    Ok(Box::new(ForwardReturn {
        horizon: args.count("horizon")?,
        scale: if args.flag("log")? {
            Scale::Log
        } else {
            Scale::Simple
        },
    }))
}

/// `forward_return(price, horizon => 1, log => false)`.
pub fn function() -> Function {
    series_function(spec(), Arc::new(kernel))
}

fn spec() -> FunctionSpec {
    FunctionSpec::new(
        "forward_return",
        "labels",
        Kind::Window,
        "Return from this bar to the bar `horizon` bars later, as a fraction; NULL where that bar is not there yet.",
    )
    .with_params(vec![
        ParamSpec::series("price", "Price at each bar; a price that is not positive gives NULL."),
        ParamSpec::optional(
            "horizon",
            ParamKind::Integer {
                min: 1,
                max: 1_000_000,
            },
            ParamValue::Integer(1),
            "Bars to look ahead.",
        ),
        ParamSpec::optional(
            "log",
            ParamKind::Flag,
            ParamValue::Flag(false),
            "Whether the return is logarithmic instead of simple.",
        ),
    ])
    .with_causality(Causality::Forward("horizon".into()))
    .with_source(
        "price[t + horizon] / price[t] - 1, or its logarithm; López de Prado, Advances in Financial Machine Learning (2018), section 3.2",
    )
    .with_example(
        "SELECT t, forward_return(x, 2) OVER (ORDER BY t) AS r \
         FROM (VALUES (1, 8.0), (2, 4.0), (3, 10.0), (4, 3.0)) AS v(t, x) ORDER BY t",
        "1,0.25\n2,-0.25\n3,\n4,",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns(price: &[f64], horizon: usize, scale: Scale) -> Vec<f64> {
        let mut out = vec![f64::NAN; price.len()];
        forward_returns(price, horizon, scale, &mut out);
        out
    }

    #[test]
    fn the_last_rows_have_no_future() {
        let got = returns(&[8.0, 4.0, 10.0, 3.0], 2, Scale::Simple);
        assert_eq!(&got[..2], &[0.25, -0.25]);
        assert!(got[2..].iter().all(|v| v.is_nan()));
    }

    #[test]
    fn a_horizon_beyond_the_series_leaves_nothing() {
        assert!(
            returns(&[1.0, 2.0], 2, Scale::Simple)
                .iter()
                .all(|v| v.is_nan())
        );
        assert!(returns(&[], 1, Scale::Simple).is_empty());
    }

    #[test]
    fn a_price_that_is_not_positive_gives_no_return_on_either_side() {
        let got = returns(&[1.0, 0.0, 2.0, -1.0, 3.0], 1, Scale::Simple);
        assert!(got.iter().all(|v| v.is_nan()));
    }

    #[test]
    fn log_returns_add_up() {
        let price = [1.0, 2.0, 8.0];
        let one = returns(&price, 1, Scale::Log);
        let two = returns(&price, 2, Scale::Log);
        assert!((one[0] + one[1] - two[0]).abs() < 1e-15);
    }
}
