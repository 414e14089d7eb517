//! p-values of many tests at once, and what is left of a Sharpe ratio after them.
//!
//! Sources: Holm, Scandinavian Journal of Statistics 6 (1979), pp. 65-70; Hochberg, Biometrika 75
//! (1988), pp. 800-802; Benjamini and Hochberg, Journal of the Royal Statistical Society B 57
//! (1995), pp. 289-300; Benjamini and Yekutieli, Annals of Statistics 29 (2001), pp. 1165-1188;
//! Harvey and Liu, "Backtesting", Journal of Portfolio Management 42 (2015), pp. 13-28.

use super::student;

/// How p-values are made larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Times the number of tests: the chance of one false finding, whatever the dependence.
    Bonferroni,
    /// Bonferroni stepwise, from the smallest p-value: never weaker, same guarantee.
    Holm,
    /// The same factors from the largest p-value: for independent or positively dependent tests.
    Hochberg,
    /// The share of false findings among all, for independent tests (Benjamini and Hochberg).
    Bh,
    /// The share of false findings under any dependence (Benjamini, Hochberg and Yekutieli).
    Bhy,
}

/// The adjusted p-values, in the order of the given ones. NaN is left out of the count and stays.
pub fn adjust_p_values(p_values: &[f64], adjustment: Adjustment) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len())
        .filter(|i| p_values[*i].is_finite())
        .collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let n = order.len();
    let scaled = |rank: usize| p_values[order[rank]] * factor(adjustment, rank, n);
    let mut write = |rank: usize, value: f64| adjusted[order[rank]] = value.min(1.0);
    match adjustment {
        // A smaller p-value never ends up above a larger one: the running maximum from below,
        Adjustment::Bonferroni | Adjustment::Holm => {
            let mut largest = 0.0_f64;
            for rank in 0..n {
                largest = largest.max(scaled(rank));
                write(rank, largest);
            }
        }
        // or the running minimum from above.
        Adjustment::Hochberg | Adjustment::Bh | Adjustment::Bhy => {
            let mut smallest = f64::INFINITY;
            for rank in (0..n).rev() {
                smallest = smallest.min(scaled(rank));
                write(rank, smallest);
            }
        }
    }
    adjusted
}

/// The factor of the p-value at this rank, 0 for the smallest of n.
fn factor(adjustment: Adjustment, rank: usize, n: usize) -> f64 {
    let (tests, place) = (n as f64, rank as f64 + 1.0);
    match adjustment {
        Adjustment::Bonferroni => tests,
        Adjustment::Holm | Adjustment::Hochberg => tests - rank as f64,
        Adjustment::Bh => tests / place,
        Adjustment::Bhy => tests / place * (1..=n).map(|k| 1.0 / k as f64).sum::<f64>(),
    }
}

/// The two-sided p-value of a Sharpe ratio per period over n returns: `t = SR sqrt(n)` against
/// Student's distribution with n - 1 degrees of freedom.
pub fn sharpe_p_value(sharpe: f64, n: f64) -> f64 {
    if n < 2.0 {
        return f64::NAN;
    }
    student::two_sided(sharpe * n.sqrt(), n - 1.0)
}

/// The Sharpe ratio per period that has this two-sided p-value over n returns, with the sign of
/// `sharpe`: what is left of it once its p-value is adjusted.
pub fn haircut_sharpe(sharpe: f64, adjusted_p_value: f64, n: f64) -> f64 {
    if n < 2.0 || adjusted_p_value.is_nan() {
        return f64::NAN;
    }
    let t = student::quantile(adjusted_p_value / 2.0, n - 1.0).abs();
    // A p-value too small for a double would give an infinite ratio; nothing was cut off it.
    (t / n.sqrt()).min(sharpe.abs()).copysign(sharpe)
}
