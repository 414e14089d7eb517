//! How much of a Sharpe ratio is luck.
//!
//! All ratios here are per period, not annualised, and the kurtosis is the raw one (3 for the
//! normal distribution). The standard error of a Sharpe ratio over n returns is
//! `sqrt((1 - skewness SR + (kurtosis - 1) / 4 SR^2) / (n - 1))`, after Mertens (2002) and Opdyke
//! (2007).
//!
//! Sources: Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15
//! (2012), pp. 3-44; "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014), pp.
//! 94-107; Bailey, Borwein, Lopez de Prado and Zhu, "Pseudo-Mathematics and Financial Charlatanism",
//! Notices of the AMS 61 (2014), pp. 458-471.

use quantlake_core::normal;
use std::f64::consts::E;

/// The constant of Euler and Mascheroni.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// Which estimates of skewness and kurtosis are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MomentRule {
    /// Moments divided by n, as in scipy and in the papers.
    Population,
    /// Corrected for the size of the sample, as in pandas, Excel and quantstats.
    Sample,
}

/// Central moments of a stream of returns, in one pass.
///
/// The update of Pebay, "Formulas for robust, one-pass parallel computation of covariances and
/// arbitrary-order statistical moments", Sandia Report SAND2008-6212 (2008).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FourMoments {
    n: usize,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl FourMoments {
    /// The moments of these finite returns.
    pub fn of(returns: &[f64]) -> Self {
        let mut moments = Self::default();
        returns.iter().for_each(|r| moments.push(*r));
        moments
    }

    /// Takes the next finite return.
    pub fn push(&mut self, ret: f64) {
        self.n += 1;
        let n = self.n as f64;
        let distance = ret - self.mean;
        let step = distance / n;
        let square = distance * step * (n - 1.0);
        self.mean += step;
        self.fourth += square * step * step * (n * n - 3.0 * n + 3.0)
            + 6.0 * step * step * self.second
            - 4.0 * step * self.third;
        self.third += square * step * (n - 2.0) - 3.0 * step * self.second;
        self.second += square;
    }

    /// How many returns there were.
    pub fn count(&self) -> usize {
        self.n
    }

    /// The mean return.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The standard deviation with divisor `n - ddof`; NaN below two returns.
    pub fn deviation(&self, ddof: usize) -> f64 {
        match self.n {
            0 | 1 => f64::NAN,
            n => (self.second / (n - ddof.min(1)) as f64).sqrt(),
        }
    }

    /// The third standardised moment; NaN without dispersion.
    pub fn skewness(&self, rule: MomentRule) -> f64 {
        let n = self.n as f64;
        let plain = n.sqrt() * self.third / self.second.powf(1.5);
        match rule {
            MomentRule::Population => plain,
            MomentRule::Sample => plain * (n * (n - 1.0)).sqrt() / (n - 2.0),
        }
    }

    /// The fourth standardised moment, 3 for the normal distribution; NaN without dispersion.
    pub fn kurtosis(&self, rule: MomentRule) -> f64 {
        let n = self.n as f64;
        let plain = n * self.fourth / (self.second * self.second);
        match rule {
            MomentRule::Population => plain,
            MomentRule::Sample => {
                let scale = (n - 1.0) / ((n - 2.0) * (n - 3.0));
                scale * ((n + 1.0) * (plain - 3.0) + 6.0) + 3.0
            }
        }
    }

    /// What the statistics of this module need to know of the returns.
    pub fn estimate(&self, ddof: usize, rule: MomentRule) -> SharpeEstimate {
        let deviation = self.deviation(ddof);
        let is_known = deviation > 0.0;
        SharpeEstimate {
            n: self.n as f64,
            sharpe: if is_known {
                self.mean / deviation
            } else {
                f64::NAN
            },
            skewness: self.skewness(rule),
            kurtosis: self.kurtosis(rule),
        }
    }
}

/// A Sharpe ratio with what its precision depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharpeEstimate {
    /// Number of returns.
    pub n: f64,
    /// Mean by standard deviation, per period.
    pub sharpe: f64,
    /// Skewness of the returns.
    pub skewness: f64,
    /// Raw kurtosis of the returns.
    pub kurtosis: f64,
}

impl SharpeEstimate {
    /// `1 - skewness SR + (kurtosis - 1) / 4 SR^2`; NaN where skewness makes it negative, because
    /// the normal approximation fails there.
    fn scaled_variance(&self) -> f64 {
        let sharpe = self.sharpe;
        let variance = 1.0 - self.skewness * sharpe + (self.kurtosis - 1.0) / 4.0 * sharpe * sharpe;
        if variance > 0.0 { variance } else { f64::NAN }
    }

    /// The standard error of the Sharpe ratio. NaN below two returns and without dispersion.
    pub fn standard_error(&self) -> f64 {
        if self.n < 2.0 {
            return f64::NAN;
        }
        (self.scaled_variance() / (self.n - 1.0)).sqrt()
    }
}

/// The probability that the true Sharpe ratio exceeds `benchmark` (per period).
///
/// NaN below two returns, without dispersion, and where the approximation fails.
pub fn probabilistic_sharpe(estimate: &SharpeEstimate, benchmark: f64) -> f64 {
    normal::probability((estimate.sharpe - benchmark) / estimate.standard_error())
}

/// The Sharpe ratio to expect of the best of `trials` strategies without skill, whose ratios have
/// the given variance: `sqrt(V) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e)))`, g the constant of Euler
/// and Mascheroni. 0 for a single trial. `trials` may be a fraction: an effective number.
pub fn expected_maximum_sharpe(trials: f64, variance: f64) -> f64 {
    variance.sqrt() * expected_maximum_normal(trials)
}

/// The expected largest of `trials` standard normal variables. The approximation falls below 0
/// between one and two trials, where the truth does not.
fn expected_maximum_normal(trials: f64) -> f64 {
    if trials.is_nan() || trials < 1.0 {
        return f64::NAN;
    }
    if trials == 1.0 {
        return 0.0;
    }
    let low = normal::quantile(1.0 - 1.0 / trials);
    let high = normal::quantile(1.0 - 1.0 / (trials * E));
    ((1.0 - EULER_GAMMA) * low + EULER_GAMMA * high).max(0.0)
}

/// The probability that the true Sharpe ratio exceeds what the best of `trials` strategies without
/// skill would show. `trials_variance` is the variance of the per-period Sharpe ratios of all
/// trials; without it the variance that trials without skill have over n returns is taken,
/// `1 / (n - 1)`.
pub fn deflated_sharpe(
    estimate: &SharpeEstimate,
    trials: f64,
    trials_variance: Option<f64>,
) -> f64 {
    let variance = trials_variance.unwrap_or(1.0 / (estimate.n - 1.0));
    probabilistic_sharpe(estimate, expected_maximum_sharpe(trials, variance))
}

/// The number of returns from which on the Sharpe ratio at hand would show, at this confidence,
/// that the true one exceeds `benchmark`: `1 + (1 - skewness SR + (kurtosis - 1) / 4 SR^2) (z / (SR
/// - benchmark))^2`. NaN where the ratio is not above the benchmark: no record is long enough.
pub fn min_track_record_length(estimate: &SharpeEstimate, benchmark: f64, confidence: f64) -> f64 {
    let edge = estimate.sharpe - benchmark;
    if edge.is_nan() || edge <= 0.0 {
        return f64::NAN;
    }
    let z = normal::quantile(confidence);
    1.0 + estimate.scaled_variance() * (z / edge).powi(2)
}

/// The years of backtest below which the best of `trials` strategies without skill is expected to
/// show an annualised Sharpe ratio of `sharpe`: `(E[max] / sharpe)^2`.
pub fn min_backtest_length(trials: f64, sharpe: f64) -> f64 {
    if sharpe.is_nan() || sharpe <= 0.0 {
        return f64::NAN;
    }
    (expected_maximum_normal(trials) / sharpe).powi(2)
}
