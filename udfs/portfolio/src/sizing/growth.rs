//! The stake at which wealth grows fastest over given outcomes.

/// Steps of the search; each halves the interval at the least.
const MAX_STEPS: usize = 200;

/// The f with the largest `sum(ln(1 + f x))`.
///
/// The derivative falls from plus to minus infinity between the stakes at which the best or the
/// worst outcome ruins, so Newton's steps inside a shrinking interval find its only root. NaN
/// where no outcome loses or none wins: then there is no largest.
pub fn growth_optimal(outcomes: &[f64]) -> f64 {
    let worst = outcomes.iter().copied().fold(0.0, f64::min);
    let best = outcomes.iter().copied().fold(0.0, f64::max);
    if worst == 0.0 || best == 0.0 {
        return f64::NAN;
    }
    let (mut low, mut high) = (-1.0 / best, -1.0 / worst);
    let mut stake = 0.0;
    for _ in 0..MAX_STEPS {
        let (slope, curvature) = derivatives(outcomes, stake);
        if slope > 0.0 {
            low = stake;
        } else {
            high = stake;
        }
        let newton = stake - slope / curvature;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if next == stake {
            break;
        }
        stake = next;
    }
    stake
}

fn derivatives(outcomes: &[f64], stake: f64) -> (f64, f64) {
    outcomes.iter().fold((0.0, 0.0), |(slope, curvature), x| {
        let pull = x / (1.0 + stake * x);
        (slope + pull, curvature - pull * pull)
    })
}

/// The mean of `ln(1 + f x)`.
pub fn log_growth(outcomes: &[f64], stake: f64) -> f64 {
    let total: f64 = outcomes.iter().map(|x| (stake * x).ln_1p()).sum();
    total / outcomes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sizing::kelly::kelly_bet;
    use proptest::prelude::*;

    #[test]
    fn a_bet_has_the_stake_of_its_odds() {
        let mut outcomes = vec![1.5; 6];
        outcomes.extend([-1.0; 4]);
        assert!((growth_optimal(&outcomes) - kelly_bet(0.6, 1.5)).abs() < 1e-15);
    }

    #[test]
    fn without_a_loss_there_is_no_optimum() {
        assert!(growth_optimal(&[0.1, 0.0]).is_nan());
        assert!(growth_optimal(&[-0.1]).is_nan());
        assert!(growth_optimal(&[]).is_nan());
    }

    proptest! {
        #[test]
        fn no_stake_nearby_grows_faster(outcomes in proptest::collection::vec(-0.9..2.0_f64, 2..60)) {
            let stake = growth_optimal(&outcomes);
            prop_assume!(stake.is_finite());
            let growth = log_growth(&outcomes, stake);
            for other in [stake * 0.999, stake * 1.001, stake + 1e-4, stake - 1e-4] {
                let there = log_growth(&outcomes, other);
                prop_assert!(there.is_nan() || there <= growth + 1e-14);
            }
        }
    }
}
