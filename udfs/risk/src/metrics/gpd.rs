//! Losses beyond a threshold as a generalised Pareto distribution.
//!
//! Gilli and Kellezi, "An Application of Extreme Value Theory for Measuring Financial Risk",
//! Computational Economics 27 (2006), pp. 207-228, with the search of empyrical: the threshold
//! starts at a loss of 20 % and halves until the tail is fat and the value at risk a loss.

use super::nelder_mead::minimum;

/// A fitted tail; all of it in the size of losses, positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoTail {
    /// The loss beyond which the tail begins.
    pub threshold: f64,
    /// Scale of the distribution.
    pub scale: f64,
    /// Shape of the distribution, positive for a fat tail.
    pub shape: f64,
    /// The loss that is exceeded with the given probability.
    pub value_at_risk: f64,
    /// The mean loss beyond that.
    pub expected_shortfall: f64,
}

const FIRST_THRESHOLD: f64 = 0.2;
const LAST_THRESHOLD: f64 = 1e-9;

/// Fits the tail of the losses among the returns; `probability` is that of the value at risk,
/// `tolerance` that of the optimiser. `None` below three returns and where no threshold gives a
/// fat tail.
pub fn pareto_tail(returns: &[f64], probability: f64, tolerance: f64) -> Option<ParetoTail> {
    if returns.len() < 3 {
        return None;
    }
    let losses: Vec<f64> = returns.iter().map(|r| -r).filter(|l| *l > 0.0).collect();
    let thresholds = std::iter::successors(Some(FIRST_THRESHOLD), |t| Some(t / 2.0));
    thresholds
        .take_while(|t| *t > LAST_THRESHOLD)
        .find_map(|threshold| fit(&losses, threshold, probability, tolerance))
}

fn fit(losses: &[f64], threshold: f64, probability: f64, tolerance: f64) -> Option<ParetoTail> {
    let beyond: Vec<f64> = losses.iter().copied().filter(|l| *l >= threshold).collect();
    if beyond.is_empty() {
        return None;
    }
    let cost = |[scale, shape]: [f64; 2]| -log_likelihood(&beyond, scale, shape);
    let [scale, shape] = minimum(cost, [1.0, 1.0], tolerance)?;
    if shape <= 0.0 {
        return None;
    }
    let share = losses.len() as f64 / beyond.len() as f64 * probability;
    let value_at_risk = threshold + scale / shape * (share.powf(-shape) - 1.0);
    let expected_shortfall = (value_at_risk + scale - shape * threshold) / (1.0 - shape);
    (value_at_risk > 0.0).then_some(ParetoTail {
        threshold,
        scale,
        shape,
        value_at_risk,
        expected_shortfall,
    })
}

/// The logarithm of the likelihood of losses; the lowest number where the parameters have none.
fn log_likelihood(losses: &[f64], scale: f64, shape: f64) -> f64 {
    let n = losses.len() as f64;
    if shape == 0.0 && scale > 0.0 {
        return -n * scale.ln() - losses.iter().sum::<f64>() / scale;
    }
    if scale <= 0.0 || shape <= 0.0 {
        return f64::MIN;
    }
    let logs: f64 = losses.iter().map(|l| (shape / scale * l + 1.0).ln()).sum();
    -n * scale.ln() - (1.0 / shape + 1.0) * logs
}
