//! The statistics of `quantlake_risk::honest` against independent programs, and their properties.
//!
//! Tolerance: 1e-9 relative. What differs, and who is right: tests/golden/honest.py.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use proptest::prelude::*;
use quantlake_risk::honest::bootstrap::{long_run_variance, optimal_block_length, stationary_rows};
use quantlake_risk::honest::confidence_set::{SetStatistic, model_confidence_set};
use quantlake_risk::honest::multiple_testing::{
    Adjustment, adjust_p_values, haircut_sharpe, sharpe_p_value,
};
use quantlake_risk::honest::overfitting::{Performance, overfitting, selections};
use quantlake_risk::honest::simulation::{Simulation, Source};
use quantlake_risk::honest::superiority::{RECENTRINGS, Superiority};
use quantlake_risk::honest::{
    FourMoments, MomentRule, SharpeEstimate, deflated_sharpe, expected_maximum_sharpe,
    min_backtest_length, min_track_record_length, probabilistic_sharpe, student,
};
use serde_json::Value;
use std::collections::BTreeMap;
use support::{
    RELATIVE, assert_all_near, assert_near, count, numbers, read, slices, table, values,
};

const FOLDER: &str = "honest";

fn expected() -> Value {
    values(FOLDER, "expected.json")
}

fn returns() -> BTreeMap<String, Vec<f64>> {
    let mut series: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in read(FOLDER, "returns.csv").lines().skip(1) {
        let (symbol, ret) = line.split_once(',').unwrap();
        series
            .entry(symbol.into())
            .or_default()
            .push(ret.parse().unwrap());
    }
    series
}

/// The trials without the benchmark, and what they are above it.
fn models_and_excess() -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (_, mut columns) = table(FOLDER, "trials.csv");
    let benchmark = columns.pop().unwrap();
    let above = |column: &Vec<f64>| column.iter().zip(&benchmark).map(|(r, b)| r - b).collect();
    let excess = columns.iter().map(above).collect();
    (columns, excess)
}

fn resamples() -> Vec<Vec<usize>> {
    let lists = values(FOLDER, "indices.json");
    let lists = lists.as_array().unwrap();
    let rows = |list: &Value| list.as_array().unwrap().iter().map(count).collect();
    lists.iter().map(rows).collect()
}

#[test]
fn sharpe_ratios_are_as_probable_as_purgedcv_and_quantstats_say() {
    let series = returns();
    for case in expected()["sharpe"].as_array().unwrap() {
        let returns = &series[case["symbol"].as_str().unwrap()][..count(&case["rows"])];
        let moments = FourMoments::of(returns);
        let estimate = moments.estimate(0, MomentRule::Sample);
        for pair in case["probabilistic"].as_array().unwrap() {
            let [benchmark, value] = numbers(pair)[..] else {
                panic!("{pair}")
            };
            let found = probabilistic_sharpe(&estimate, benchmark);
            assert_near(found, value, &case.to_string());
        }
        for triple in case["deflated"].as_array().unwrap() {
            let [trials, variance, value] = numbers(triple)[..] else {
                panic!("{triple}")
            };
            let found = deflated_sharpe(&estimate, trials, Some(variance));
            assert_near(found, value, &case.to_string());
        }
        let estimate = moments.estimate(1, MomentRule::Population);
        for pair in case["probabilistic_population"].as_array().unwrap() {
            let [benchmark, value] = numbers(pair)[..] else {
                panic!("{pair}")
            };
            let found = probabilistic_sharpe(&estimate, benchmark);
            assert_near(found, value, &case.to_string());
        }
        for triple in case["track_record"].as_array().unwrap() {
            let benchmark = triple[0].as_f64().unwrap();
            let confidence = triple[1].as_f64().unwrap();
            let found = min_track_record_length(&estimate, benchmark, confidence);
            match triple[2].as_f64() {
                Some(value) => assert_near(found, value, &case.to_string()),
                None => assert!(found.is_nan()),
            }
        }
        let corrected = moments.estimate(1, MomentRule::Sample);
        let value = case["probabilistic_quantstats"].as_f64().unwrap();
        assert_near(
            probabilistic_sharpe(&corrected, 0.0),
            value,
            &case.to_string(),
        );
    }
}

#[test]
fn the_best_of_many_trials_and_the_years_it_takes_agree_with_the_papers() {
    let golden = expected();
    for pair in golden["expected_maximum"].as_array().unwrap() {
        let [trials, value] = numbers(pair)[..] else {
            panic!("{pair}")
        };
        assert_near(expected_maximum_sharpe(trials, 1.0), value, "maximum");
        assert_near(
            expected_maximum_sharpe(trials, 0.25),
            value / 2.0,
            "half the deviation",
        );
    }
    for triple in golden["backtest_length"].as_array().unwrap() {
        let [trials, sharpe, value] = numbers(triple)[..] else {
            panic!("{triple}")
        };
        assert_near(min_backtest_length(trials, sharpe), value, "length");
    }
}

#[test]
fn a_single_trial_deflates_nothing_and_less_than_one_is_unknown() {
    assert_eq!(expected_maximum_sharpe(1.0, 3.0), 0.0);
    assert!(expected_maximum_sharpe(0.5, 1.0).is_nan());
    assert!(min_backtest_length(10.0, 0.0).is_nan());
}

#[test]
fn returns_that_tell_nothing_give_nothing() {
    for returns in [vec![], vec![0.01], vec![0.01; 20]] {
        let estimate = FourMoments::of(&returns).estimate(1, MomentRule::Population);
        assert!(probabilistic_sharpe(&estimate, 0.0).is_nan());
        assert!(deflated_sharpe(&estimate, 10.0, None).is_nan());
        assert!(min_track_record_length(&estimate, 0.0, 0.95).is_nan());
    }
    // Skewness so strong that the variance of the ratio would be negative.
    let skewed = SharpeEstimate {
        n: 100.0,
        sharpe: 1.0,
        skewness: 5.0,
        kurtosis: 3.0,
    };
    assert!(probabilistic_sharpe(&skewed, 0.0).is_nan());
}

#[test]
fn overfitting_agrees_with_purgedcv_in_every_combination() {
    let (models, _) = models_and_excess();
    for case in expected()["pbo"].as_array().unwrap() {
        let measure = match case["metric"].as_str().unwrap() {
            "sharpe" => Performance::Sharpe,
            "mean" => Performance::Mean,
            _ => Performance::Sortino,
        };
        let n_rows = count(&case["rows"]);
        let cut: Vec<&[f64]> = models.iter().map(|m| &m[..n_rows]).collect();
        let found = selections(&cut, count(&case["splits"]), measure);
        let summary = overfitting(&found);
        let of = |name: &str| case[name].as_f64().unwrap();
        let what = format!("{} {}", case["metric"], case["splits"]);
        assert_eq!(summary.probability, of("pbo"), "{what}");
        assert_eq!(
            summary.probability_of_loss,
            of("probability_of_loss"),
            "{what}"
        );
        assert_near(summary.slope, of("slope"), &what);
        // Logits of opposite sign leave 1e-16 in the middle where they cancel.
        let distance = (summary.median_logit - of("median_logit")).abs();
        assert!(distance < 1e-12, "{what}");
        let column = |f: fn(&quantlake_risk::honest::overfitting::Selection) -> f64| {
            found.iter().map(f).collect::<Vec<f64>>()
        };
        assert_all_near(&column(|s| s.logit), &numbers(&case["logits"]), &what);
        assert_all_near(
            &column(|s| s.in_sample),
            &numbers(&case["in_sample"]),
            &what,
        );
        assert_all_near(
            &column(|s| s.out_of_sample),
            &numbers(&case["out_of_sample"]),
            &what,
        );
    }
}

#[test]
fn too_few_rows_or_trials_select_nothing() {
    let one: &[f64] = &[0.01; 40];
    assert!(selections(&[one], 4, Performance::Sharpe).is_empty());
    assert!(selections(&[&one[..3], &one[..3]], 4, Performance::Sharpe).is_empty());
    assert!(overfitting(&[]).probability.is_nan());
}

#[test]
fn block_lengths_and_long_run_variances_agree_with_arch() {
    let golden = expected();
    let (names, columns) = table(FOLDER, "trials.csv");
    let lengths = &golden["block_lengths"];
    for (name, column) in names
        .iter()
        .zip(&columns)
        .filter(|(n, _)| *n != "benchmark")
    {
        let absolute: Vec<f64> = column.iter().map(|r| r.abs()).collect();
        // arch goes below one row; a block of the stationary bootstrap cannot.
        let value = lengths[name].as_f64().unwrap().max(1.0);
        assert_near(optimal_block_length(column), value, name);
        let value = lengths[format!("{name}_abs")].as_f64().unwrap().max(1.0);
        assert_near(optimal_block_length(&absolute), value, name);
    }
    let (_, excess) = models_and_excess();
    let block = golden["block"].as_f64().unwrap();
    let variances: Vec<f64> = excess.iter().map(|e| long_run_variance(e, block)).collect();
    assert_all_near(
        &variances,
        &numbers(&golden["long_run_variances"]),
        "variances",
    );
}

#[test]
fn superiority_agrees_with_arch_unstudentised_and_with_hansen_studentised() {
    let golden = expected();
    let (_, excess) = models_and_excess();
    let rows = resamples();
    let block = golden["block"].as_f64().unwrap();
    for (is_studentised, name) in [(false, "spa_arch"), (true, "spa_hansen")] {
        let test = Superiority::new(
            &slices(&excess),
            (rows.len(), &|i| rows[i].clone()),
            block,
            is_studentised,
        );
        for (recentring, key) in RECENTRINGS.iter().zip(["lower", "consistent", "upper"]) {
            let value = golden[name][key].as_f64().unwrap();
            assert_eq!(test.p_value(*recentring), value, "{name} {key}");
        }
        if is_studentised {
            let value = golden[name]["statistic"].as_f64().unwrap();
            assert_near(test.statistic(), value, "statistic");
        }
    }
}

#[test]
fn the_stepwise_procedure_finds_the_trials_that_arch_finds() {
    let golden = expected();
    let (names, _) = table(FOLDER, "trials.csv");
    let (_, excess) = models_and_excess();
    let rows = resamples();
    let mut n_found = vec![];
    for case in golden["stepm"].as_array().unwrap() {
        let shift = case[0].as_f64().unwrap();
        let raise = |e: &Vec<f64>| e.iter().map(|r| r + shift).collect();
        let shifted: Vec<Vec<f64>> = excess.iter().map(raise).collect();
        let block = golden["block"].as_f64().unwrap();
        let test = Superiority::new(
            &slices(&shifted),
            (rows.len(), &|i| rows[i].clone()),
            block,
            false,
        );
        let steps = test.steps(0.1).into_iter().zip(&names);
        let found: Vec<&str> = steps
            .filter(|(step, _)| step.is_some())
            .map(|(_, name)| name.as_str())
            .collect();
        let superior = case[1].as_array().unwrap();
        let wanted: Vec<&str> = superior.iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(found, wanted, "{shift}");
        n_found.push(found.len());
    }
    // Otherwise the cases would not tell the procedures apart.
    assert!(n_found.contains(&0) && n_found.iter().any(|n| *n > 0 && *n < 12));
}

#[test]
fn the_confidence_set_agrees_with_arch() {
    let golden = expected();
    let (names, _) = table(FOLDER, "trials.csv");
    let (models, _) = models_and_excess();
    let rows = resamples();
    for (statistic, key) in [(SetStatistic::Range, "R"), (SetStatistic::Max, "max")] {
        let found = model_confidence_set(
            &slices(&models),
            (rows.len(), &|i| rows[i].clone()),
            statistic,
        );
        for (left, pair) in found.iter().zip(golden["mcs"][key].as_array().unwrap()) {
            assert_eq!(names[left.trial], pair[0].as_str().unwrap(), "{key}");
            assert_near(left.p_value, pair[1].as_f64().unwrap(), key);
        }
        assert_eq!(found.len(), models.len());
    }
}

const ADJUSTMENTS: [(Adjustment, &str); 5] = [
    (Adjustment::Bonferroni, "bonferroni"),
    (Adjustment::Holm, "holm"),
    (Adjustment::Hochberg, "hochberg"),
    (Adjustment::Bh, "bh"),
    (Adjustment::Bhy, "bhy"),
];

#[test]
fn p_values_and_haircuts_agree_with_statsmodels_and_scipy() {
    let golden = expected();
    let adjusted = &golden["adjusted"];
    for (adjustment, name) in ADJUSTMENTS {
        let found = adjust_p_values(&numbers(&adjusted["p"]), adjustment);
        assert_all_near(&found, &numbers(&adjusted[name]), name);
    }
    let (models, _) = models_and_excess();
    let n = models[0].len() as f64;
    let sharpes: Vec<f64> = models
        .iter()
        .map(|m| {
            FourMoments::of(m)
                .estimate(1, MomentRule::Population)
                .sharpe
        })
        .collect();
    let haircuts = &golden["haircuts"];
    assert_all_near(&sharpes, &numbers(&haircuts["sharpe"]), "sharpe");
    let p_values: Vec<f64> = sharpes.iter().map(|s| sharpe_p_value(*s, n)).collect();
    assert_all_near(&p_values, &numbers(&haircuts["p"]), "p");
    for (adjustment, name) in ADJUSTMENTS
        .into_iter()
        .filter(|(_, n)| !haircuts[n].is_null())
    {
        let adjusted = adjust_p_values(&p_values, adjustment);
        assert_all_near(&adjusted, &numbers(&haircuts[name][0]), name);
        let cut = sharpes.iter().zip(&adjusted);
        let cut: Vec<f64> = cut.map(|(s, p)| haircut_sharpe(*s, *p, n)).collect();
        for (found, value) in cut.iter().zip(numbers(&haircuts[name][1])) {
            // A p-value of 1 leaves a ratio of 0; scipy's inverse leaves 1e-17.
            assert!(
                (found - value).abs() <= RELATIVE * value.abs().max(1e-6),
                "{name}: {found} {value}"
            );
        }
    }
}

#[test]
fn students_distribution_agrees_with_scipy() {
    for case in expected()["student"].as_array().unwrap() {
        let [degrees, p, t, density, outside] = numbers(case)[..] else {
            panic!("{case}")
        };
        let what = case.to_string();
        assert_near(student::quantile(p, degrees), t, &what);
        assert_near(student::density(t, degrees), density, &what);
        assert_near(student::two_sided(t, degrees), outside, &what);
        assert_near(student::probability(t, degrees), p, &what);
    }
}

/// Rows of the first replications of a stationary bootstrap.
fn stationary_resamples(n_rows: usize, block: f64, n: usize, seed: u64) -> Vec<Vec<usize>> {
    let of = |sample| stationary_rows(n_rows, block, seed, sample);
    (0..n).map(of).collect()
}

fn simulation(source: Source) -> Simulation {
    Simulation {
        source,
        n_paths: 400,
        length: None,
        seed: 1,
        periods: 252.0,
        ruin: 0.5,
        goal: 2.0,
    }
}

#[test]
fn the_same_seed_gives_the_same_paths_on_one_thread_and_on_many() {
    let observed = &returns()["AAPL"][..300];
    let sources = [
        Source::Shuffle,
        Source::Bootstrap,
        Source::Block(None),
        Source::Gaussian,
        Source::Student(None),
    ];
    for source in sources {
        let many = simulation(source).run(observed);
        let alone = rayon_pool(1).install(|| simulation(source).run(observed));
        assert_eq!(many, alone);
        let other = Simulation {
            seed: 2,
            ..simulation(source)
        };
        assert_ne!(other.run(observed), many);
    }
}

fn rayon_pool(n_threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .build()
        .unwrap()
}

#[test]
fn simulated_moments_are_those_of_the_source() {
    let observed = &returns()["MSFT"][..500];
    let moments = FourMoments::of(observed);
    for source in [
        Source::Bootstrap,
        Source::Gaussian,
        Source::Student(Some(6.0)),
    ] {
        let plan = Simulation {
            n_paths: 2000,
            ..simulation(source)
        };
        let paths = plan.map_paths(observed, |path| path.to_vec());
        let all = FourMoments::of(&paths.concat());
        // Six standard errors of a mean and of a deviation over a million draws.
        let error = moments.deviation(1) / 1000.0;
        assert!((all.mean() - moments.mean()).abs() < 6.0 * error);
        assert!((all.deviation(1) / moments.deviation(1) - 1.0).abs() < 0.02);
        // A t distribution with six degrees of freedom has a kurtosis of 6, a normal one of 3.
        let kurtosis = all.kurtosis(MomentRule::Population);
        match source {
            Source::Gaussian => assert!((kurtosis - 3.0).abs() < 0.1, "{kurtosis}"),
            Source::Student(_) => assert!((kurtosis - 6.0).abs() < 1.0, "{kurtosis}"),
            _ => {}
        }
    }
}

#[test]
fn blocks_have_the_mean_length_asked_for() {
    let rows = stationary_resamples(1000, 20.0, 200, 9).concat();
    let n_starts = rows
        .windows(2)
        .filter(|w| w[1] != (w[0] + 1) % 1000)
        .count();
    let mean_length = rows.len() as f64 / n_starts as f64;
    assert!((mean_length - 20.0).abs() < 1.0, "{mean_length}");
}

#[test]
fn a_path_of_known_returns_has_a_known_outcome() {
    let plan = simulation(Source::Shuffle);
    let outcome = plan.outcome(&[1.0, -0.75, 0.5]);
    assert_eq!(outcome.final_wealth, 0.75);
    assert_eq!(outcome.max_drawdown, -0.75);
    assert!(outcome.is_ruined && outcome.has_goal);
    assert_eq!(plan.outcome(&[-2.0, 5.0]).final_wealth, 0.0);
    assert!(plan.run(&[]).is_empty());
    assert!(simulation(Source::Gaussian).run(&[0.01]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn moments_in_one_pass_equal_moments_in_two(values in prop::collection::vec(-1.0..1.0f64, 4..80)) {
        let moments = FourMoments::of(&values);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let power = |k: i32| values.iter().map(|v| (v - mean).powi(k)).sum::<f64>() / n;
        let rule = MomentRule::Population;
        prop_assert!((moments.deviation(0) - power(2).sqrt()).abs() < 1e-12);
        prop_assert!((moments.skewness(rule) - power(3) / power(2).powf(1.5)).abs() < 1e-9);
        prop_assert!((moments.kurtosis(rule) - power(4) / power(2).powi(2)).abs() < 1e-9);
    }

    #[test]
    fn more_trials_never_make_a_ratio_more_probable(
        values in prop::collection::vec(-0.1..0.1f64, 10..60),
        trials in 1.0..1e6f64,
    ) {
        let estimate = FourMoments::of(&values).estimate(1, MomentRule::Population);
        let few = deflated_sharpe(&estimate, trials, Some(0.01));
        let many = deflated_sharpe(&estimate, trials * 2.0, Some(0.01));
        prop_assert!(few.is_nan() || many <= few);
    }

    #[test]
    fn scaling_returns_changes_no_probability(
        values in prop::collection::vec(-0.1..0.1f64, 10..60),
        scale in 0.1..10.0f64,
    ) {
        let of = |v: &[f64]| {
            let estimate = FourMoments::of(v).estimate(1, MomentRule::Population);
            probabilistic_sharpe(&estimate, 0.05)
        };
        let scaled: Vec<f64> = values.iter().map(|v| v * scale).collect();
        let (plain, scaled) = (of(&values), of(&scaled));
        prop_assert!(plain.is_nan() || (plain - scaled).abs() < 1e-9);
    }

    #[test]
    fn adjusted_p_values_are_larger_and_keep_their_order(
        p_values in prop::collection::vec(0.0..1.0f64, 1..40),
    ) {
        for (adjustment, _) in ADJUSTMENTS {
            let adjusted = adjust_p_values(&p_values, adjustment);
            for (i, (p, a)) in p_values.iter().zip(&adjusted).enumerate() {
                prop_assert!(*a >= *p && *a <= 1.0);
                for (q, b) in p_values[..i].iter().zip(&adjusted) {
                    prop_assert!(q > p || b <= a);
                }
            }
        }
    }

    #[test]
    fn shuffling_changes_the_path_and_not_the_end(
        values in prop::collection::vec(-0.2..0.2f64, 2..50),
    ) {
        let plan = Simulation { n_paths: 20, ..simulation(Source::Shuffle) };
        let end = plan.outcome(&values).final_wealth;
        for outcome in plan.run(&values) {
            prop_assert!((outcome.final_wealth / end - 1.0).abs() < 1e-12);
            prop_assert!(outcome.max_drawdown <= 0.0 && outcome.max_drawdown >= -1.0);
        }
    }

    #[test]
    fn selections_come_in_pairs_that_share_the_blocks(
        seed in 0..1000u64,
    ) {
        let rows = stationary_resamples(64, 1.0, 4, seed);
        let value = |r: &Vec<usize>| r.iter().map(|i| (*i as f64 - 31.5) / 100.0).collect();
        let columns: Vec<Vec<f64>> = rows.iter().map(value).collect();
        let found = selections(&slices(&columns), 4, Performance::Mean);
        prop_assert_eq!(found.len(), 6);
        // The mean over both halves is the mean over all rows, whichever half is the sample.
        for s in &found {
            let whole = columns[s.trial].iter().sum::<f64>() / 64.0;
            prop_assert!(((s.in_sample + s.out_of_sample) / 2.0 - whole).abs() < 1e-12);
        }
    }
}
