//! `cs_winsorize`: extreme rows of a partition are drawn in to a bound.

use super::order::{deviation, mean, quantile, sorted};
use crate::describe::{cross_spec, x};
use crate::kernel::over_partition;
use crate::scalars::clip;
use quantlake_core::{Args, Function, ParamKind, ParamSpec, ParamValue, QlError};

const NAME: &str = "cs_winsorize";
/// The codes of `method`.
const QUANTILE: i64 = 0;
const STD: i64 = 1;

/// Where the bounds lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// At this quantile and at 1 minus it; below 0.5.
    Quantile(f64),
    /// This many sample standard deviations around the mean.
    Deviations(f64),
}

impl Bounds {
    fn of(args: &Args) -> Result<Self, QlError> {
        let limit = args.optional_number("limit")?;
        match args.integer("method")? {
            STD => Ok(Self::Deviations(limit.unwrap_or(3.0))),
            _ => match limit.unwrap_or(0.01) {
                share if share < 0.5 => Ok(Self::Quantile(share)),
                other => Err(QlError::bad_argument(
                    NAME,
                    "limit",
                    "less than 0.5 with method => 'quantile'",
                    other,
                )),
            },
        }
    }
}

/// Writes each row drawn in to the bounds.
pub fn winsorize(x: &[f64], bounds: Bounds, out: &mut [f64]) {
    let rows = sorted(x);
    let (low, high) = match bounds {
        Bounds::Quantile(share) => (quantile(&rows, share), quantile(&rows, 1.0 - share)),
        Bounds::Deviations(n) => {
            let (level, reach) = (mean(&rows), n * deviation(&rows, 1));
            (level - reach, level + reach)
        }
    };
    for (v, slot) in x.iter().zip(out) {
        *slot = clip(*v, low, high);
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let limit = ParamSpec::optional(
        "limit",
        ParamKind::Number { min: 0.0, max: 1e6 },
        ParamValue::Null,
        "Share of rows to draw in at each end with 'quantile', below 0.5; standard deviations around the mean with 'std'. NULL stands for 0.01 and 3.",
    );
    let choices = [("quantile", QUANTILE), ("std", STD)];
    let method = ParamSpec::optional(
        "method",
        ParamKind::Choice(choices.map(|(name, code)| (name.into(), code)).into()),
        ParamValue::Text("quantile".into()),
        "Whether the bounds are quantiles of the partition or lie around its mean.",
    );
    let spec = cross_spec(
        NAME,
        "The row, or the nearest bound where it lies outside of two bounds of the partition, in the unit of `x`.",
        "clip(x, quantile(limit), quantile(1 - limit)) or clip(x, mean - limit s, mean + limit s), s with ddof 1; pandas clip and quantile",
        "cs_winsorize(x, 0.2)",
        vec![x(), limit, method],
    );
    vec![over_partition(spec, |args| {
        let bounds = Bounds::of(args)?;
        Ok(move |x: &[f64], out: &mut [f64]| winsorize(x, bounds, out))
    })]
}
