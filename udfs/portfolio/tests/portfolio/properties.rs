//! What holds for any returns: optimality conditions, budgets, invariances.

use proptest::prelude::*;
use quantlake_portfolio::kernel::hierarchical::{herc, hrp};
use quantlake_portfolio::kernel::limits::{Group, Limits};
use quantlake_portfolio::kernel::linkage::Linkage;
use quantlake_portfolio::kernel::matrix::{Matrix, dot};
use quantlake_portfolio::kernel::optimise::{
    Moments, efficient_risk, max_sharpe, mean_variance, min_variance,
};
use quantlake_portfolio::kernel::tail::min_cvar;
use quantlake_risk::portfolio_risk::covariance::sample;

const N: usize = 6;

fn returns(n_rows: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    proptest::collection::vec(proptest::collection::vec(-0.05..0.052_f64, n_rows), N)
}

fn moments(returns: &[Vec<f64>]) -> Moments {
    let slices: Vec<&[f64]> = returns.iter().map(Vec::as_slice).collect();
    let daily = sample(&slices, 1);
    let mean = returns
        .iter()
        .map(|r| r.iter().sum::<f64>() / r.len() as f64 * 252.0);
    Moments {
        mean: mean.collect(),
        covariance: Matrix::from_fn(N, |i, j| daily.get(i, j) * 252.0),
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    (
        -0.5..0.1_f64,
        0.3..1.5_f64,
        1.0..3.0_f64,
        0.3..0.9_f64,
        any::<[bool; 3]>(),
    )
        .prop_map(
            |(lower, upper, gross, group, [with_gross, with_group, with_turnover])| Limits {
                lower: vec![lower; N],
                upper: vec![upper; N],
                gross: with_gross.then_some(gross.max(1.0)),
                groups: with_group
                    .then(|| Group {
                        members: vec![0, 1, 2],
                        min: f64::NEG_INFINITY,
                        max: group,
                    })
                    .into_iter()
                    .collect(),
                turnover: with_turnover.then(|| (vec![1.0 / N as f64; N], 0.8)),
                ..Limits::long_only(N)
            },
        )
}

fn satisfies(limits: &Limits, w: &[f64]) -> bool {
    let slack = 1e-9;
    let within = |(i, w): (usize, &f64)| limits.lower[i] <= *w && *w <= limits.upper[i];
    let group = |g: &Group| g.members.iter().map(|i| w[*i]).sum::<f64>() <= g.max + slack;
    let moved = |before: &[f64]| {
        w.iter()
            .zip(before)
            .map(|(a, b)| (a - b).abs())
            .sum::<f64>()
    };
    w.iter().enumerate().all(within)
        && (w.iter().sum::<f64>() - limits.net).abs() < slack
        && limits.groups.iter().all(group)
        && limits.gross.is_none_or(|g| moved(&[0.0; N]) <= g + slack)
        && limits
            .turnover
            .as_ref()
            .is_none_or(|(before, t)| moved(before) <= t + slack)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn optima_satisfy_the_conditions_of_karush_kuhn_and_tucker(returns in returns(40), limits in limits(), aversion in 0.5..30.0_f64) {
        let moments = moments(&returns);
        let mut program = limits.program();
        program.add_variance(&Matrix::from_fn(N, |i, j| aversion * moments.covariance.get(i, j)));
        for (i, m) in moments.mean.iter().enumerate() {
            program.add_cost(i, -m);
        }
        let optimum = program.solve().unwrap();
        prop_assert!(program.residual(&optimum) <= 1e-10, "{:e}", program.residual(&optimum));
        let weights = mean_variance(&moments, aversion, &limits).unwrap();
        prop_assert!(satisfies(&limits, &weights), "{weights:?} {limits:?}");
    }

    #[test]
    fn no_feasible_step_lowers_the_variance(returns in returns(40), limits in limits(), other in proptest::collection::vec(0.0..1.0_f64, N)) {
        let moments = moments(&returns);
        let weights = min_variance(&moments.covariance, &limits).unwrap();
        let total: f64 = other.iter().sum();
        let other: Vec<f64> = other.iter().map(|w| w / total).collect();
        prop_assume!(total > 0.0 && satisfies(&limits, &other));
        let before = moments.covariance.quadratic(&weights);
        prop_assert!(moments.covariance.quadratic(&other) >= before * (1.0 - 1e-12));
    }

    #[test]
    fn the_best_ratio_is_on_the_frontier(returns in returns(40)) {
        let moments = moments(&returns);
        let limits = Limits::long_only(N);
        let best = moments.mean.iter().copied().fold(f64::MIN, f64::max);
        let weights = max_sharpe(&moments, best - 0.1, &limits).unwrap();
        let risk = moments.covariance.quadratic(&weights).sqrt();
        let same_risk = efficient_risk(&moments, risk, &limits).unwrap();
        let earned = |w: &[f64]| dot(w, &moments.mean);
        prop_assert!((earned(&same_risk) - earned(&weights)).abs() < 1e-9);
        prop_assert!((moments.covariance.quadratic(&same_risk).sqrt() - risk).abs() < 1e-9);
    }

    #[test]
    fn hierarchical_weights_are_positive_sum_to_one_and_know_no_scale(returns in returns(5), factor in 0.01..100.0_f64) {
        let covariance = moments(&returns).covariance;
        let scaled = Matrix::from_fn(N, |i, j| factor * covariance.get(i, j));
        for linkage in [Linkage::Single, Linkage::Complete, Linkage::Average, Linkage::Ward] {
            for (weights, same) in [
                (hrp(&covariance, linkage), hrp(&scaled, linkage)),
                (herc(&covariance, linkage, None), herc(&scaled, linkage, None)),
            ] {
                let (weights, same) = (weights.unwrap(), same.unwrap());
                prop_assert!(weights.iter().all(|w| *w > 0.0));
                prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                for (a, b) in weights.iter().zip(&same) {
                    prop_assert!((a - b).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_symbols_is_nothing_to_an_optimiser(returns in returns(30)) {
        let reversed: Vec<Vec<f64>> = returns.iter().rev().cloned().collect();
        let limits = Limits { upper: vec![0.4; N], ..Limits::long_only(N) };
        let weights = min_variance(&moments(&returns).covariance, &limits).unwrap();
        let mut back = min_variance(&moments(&reversed).covariance, &limits).unwrap();
        back.reverse();
        for (a, b) in weights.iter().zip(&back) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn bad_numbers_do_not_stop_the_program(returns in proptest::collection::vec(proptest::collection::vec(prop_oneof![Just(0.0), Just(1e-300), Just(1e12), -1.0..1.0_f64], 4), N)) {
        let slices: Vec<&[f64]> = returns.iter().map(Vec::as_slice).collect();
        let limits = Limits::long_only(N);
        if let Ok(weights) = min_cvar(&slices, 0.9, &limits) {
            prop_assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)));
        }
        if let Ok(weights) = min_variance(&moments(&returns).covariance, &limits) {
            prop_assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)));
        }
    }
}
