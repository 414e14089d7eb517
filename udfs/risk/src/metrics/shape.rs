//! The shape of the distribution and of the path.

use super::arguments::Convention;
use super::conventions::Conventions;
use super::numbers::{Comoments, mean, quotient};
use super::series::Series;
use super::table::ReturnMetric;

/// The central moments of order 2, 3 and 4, divided by n.
fn central_moments(values: &[f64]) -> [f64; 3] {
    let centre = mean(values.iter().copied());
    let n = values.len() as f64;
    let mut sums = [0.0; 3];
    for value in values {
        let d = value - centre;
        let square = d * d;
        sums[0] += square;
        sums[1] += square * d;
        sums[2] += square * square;
    }
    sums.map(|sum| sum / n)
}

/// The skewness corrected for the sample size, as pandas has it. NaN below three returns and
/// without dispersion.
pub fn skewness(s: &Series<'_>, _: &Conventions) -> f64 {
    let n = s.returns.len() as f64;
    if n < 3.0 {
        return f64::NAN;
    }
    let [variance, third, _] = central_moments(s.returns);
    let biased = quotient(third, variance.powf(1.5));
    biased * (n * (n - 1.0)).sqrt() / (n - 2.0)
}

/// The kurtosis less 3, corrected for the sample size, as pandas has it. NaN below four returns
/// and without dispersion.
pub fn excess_kurtosis(s: &Series<'_>, _: &Conventions) -> f64 {
    let n = s.returns.len() as f64;
    if n < 4.0 {
        return f64::NAN;
    }
    let [variance, _, fourth] = central_moments(s.returns);
    let biased = quotient(fourth, variance * variance) - 3.0;
    ((n + 1.0) * biased + 6.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
}

/// How straight the logarithm of the wealth grows: the squared correlation with the number of the
/// period. NaN below two returns, after a total loss and where the wealth does not move.
pub fn stability(s: &Series<'_>, c: &Conventions) -> f64 {
    let mut sum = 0.0;
    let path: Vec<f64> = s
        .returns
        .iter()
        .map(|r| {
            sum += c.method.log_growth(*r);
            sum
        })
        .collect();
    let numbers: Vec<f64> = (0..path.len()).map(|i| i as f64).collect();
    Comoments::new(&numbers, &path).correlation().powi(2)
}

/// The lines of the table about shape; the statistics family has the moments as aggregates.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "skewness",
        skewness,
        "Skewness of the returns, corrected for the sample size; NULL below three returns",
        "skew of quantstats and pandas",
    )
    .in_reports_only(),
    ReturnMetric::new(
        "excess_kurtosis",
        excess_kurtosis,
        "Kurtosis of the returns less 3, corrected for the sample size; NULL below four returns",
        "kurtosis of quantstats and pandas",
    )
    .in_reports_only(),
    ReturnMetric::new(
        "stability",
        stability,
        "Stability: squared correlation of the logarithm of wealth with time, from 0 to 1; NULL below two returns",
        "stability_of_timeseries of empyrical",
    )
    .named(&["stability_of_timeseries"])
    .taking(&[Convention::Method])
    .ordered()
    .example("0.346992"),
];
