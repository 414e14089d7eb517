//! Level and scale of a cross-section: `cs_mean`, `cs_std`, `cs_median`, `cs_count`, `cs_demean`,
//! `cs_zscore`, `cs_scale`, `cs_minmax_scale`.

use super::order::{deviation, mean, quantile, sorted};
use crate::arguments::ddof;
use crate::describe::{cross_spec, x};
use crate::kernel::over_partition;
use quantlake_core::{Function, ParamKind, ParamSpec, ParamValue};

/// Writes `x - mean`.
pub fn demean(x: &[f64], out: &mut [f64]) {
    let level = mean(&sorted(x));
    each(x, out, |v| v - level);
}

/// Writes `(x - mean) / standard deviation`; NaN where all rows are equal.
pub fn zscore(x: &[f64], ddof: usize, out: &mut [f64]) {
    let rows = sorted(x);
    let (level, scale) = (mean(&rows), deviation(&rows, ddof));
    each(x, out, |v| (v - level) / scale);
}

/// Writes x times what makes the absolute values add up to `to`; NaN where all rows are 0.
pub fn scale(x: &[f64], to: f64, out: &mut [f64]) {
    let sizes: Vec<f64> = x.iter().map(|v| v.abs()).collect();
    let total: f64 = sorted(&sizes).iter().sum();
    each(x, out, |v| v / total * to);
}

/// Writes `(x - min) / (max - min)`; NaN where all rows are equal.
pub fn minmax_scale(x: &[f64], out: &mut [f64]) {
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    each(x, out, |v| (v - low) / (high - low));
}

fn each(x: &[f64], out: &mut [f64], value: impl Fn(f64) -> f64) {
    for (v, slot) in x.iter().zip(out) {
        *slot = value(*v);
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        same_for_all(
            "cs_mean",
            "Mean of the partition, in the unit of `x`.",
            "sum(x) / n; pandas groupby.transform('mean')",
            mean,
        ),
        same_for_all(
            "cs_median",
            "Median of the partition, in the unit of `x`.",
            "middle row of the sorted partition, or the mean of the middle two; pandas groupby.transform('median')",
            |rows| quantile(rows, 0.5),
        ),
        same_for_all(
            "cs_count",
            "Number of rows of the partition where `x` is known, as a double.",
            "n; pandas groupby.transform('count')",
            |rows| rows.len() as f64,
        ),
        std(),
        plain(
            "cs_demean",
            "Distance from the mean of the partition, in the unit of `x`.",
            "x - mean(x); pandas Series - Series.mean()",
            demean,
        ),
        plain(
            "cs_minmax_scale",
            "Where a row lies between the smallest (0) and the largest (1) value of the partition; NULL where all are equal.",
            "(x - min) / (max - min); sklearn.preprocessing.minmax_scale, which has 0 for equal rows",
            minmax_scale,
        ),
        z(),
        scaled(),
    ]
}

fn plain(name: &str, summary: &str, source: &str, kernel: fn(&[f64], &mut [f64])) -> Function {
    let spec = cross_spec(name, summary, source, &format!("{name}(x)"), vec![x()]);
    over_partition(spec, move |_| Ok(kernel))
}

/// A function that gives each row the same value, made from the sorted rows.
fn same_for_all(name: &str, summary: &str, source: &str, value: fn(&[f64]) -> f64) -> Function {
    let spec = cross_spec(name, summary, source, &format!("{name}(x)"), vec![x()]);
    over_partition(spec, move |_| {
        Ok(move |x: &[f64], out: &mut [f64]| out.fill(value(&sorted(x))))
    })
}

fn std() -> Function {
    let spec = cross_spec(
        "cs_std",
        "Standard deviation of the partition, in the unit of `x`.",
        "sqrt(sum((x - mean)^2) / (n - ddof)); pandas groupby.transform('std')",
        "cs_std(x)",
        vec![x(), ddof()],
    );
    over_partition(spec, |args| {
        let ddof = args.count("ddof")?;
        Ok(move |x: &[f64], out: &mut [f64]| out.fill(deviation(&sorted(x), ddof)))
    })
}

fn z() -> Function {
    let spec = cross_spec(
        "cs_zscore",
        "Distance from the mean of the partition, in standard deviations; NULL where all rows are equal.",
        "(x - mean) / standard deviation; scipy.stats.zscore, whose ddof is 0 by default",
        "cs_zscore(x)",
        vec![x(), ddof()],
    );
    over_partition(spec, |args| {
        let ddof = args.count("ddof")?;
        Ok(move |x: &[f64], out: &mut [f64]| zscore(x, ddof, out))
    })
}

fn scaled() -> Function {
    let to = ParamSpec::optional(
        "to",
        ParamKind::Number {
            min: 0.0,
            max: 1e15,
        },
        ParamValue::Number(1.0),
        "What the absolute values add up to.",
    );
    let spec = cross_spec(
        "cs_scale",
        "The row times what makes the absolute values of the partition add up to `to`: weights of a portfolio; NULL where all rows are 0.",
        "to * x / sum(|x|); scale of Kakushadze, 101 Formulaic Alphas (2016)",
        "cs_scale(x)",
        vec![x(), to],
    );
    over_partition(spec, |args| {
        let to = args.number("to")?;
        Ok(move |x: &[f64], out: &mut [f64]| scale(x, to, out))
    })
}
