//! The measures of `quantlake_risk::portfolio_risk` against independent programs, and their
//! properties.
//!
//! Tolerance: 1e-9 relative. Derivatives are compared with differences in 50 digits; what differs
//! between programs, and who is right, is written in tests/golden/portfolio_risk.py.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod support;

use proptest::prelude::*;
use quantlake_risk::portfolio_risk::capacity::{Bar, Fill, Resolution, capacity};
use quantlake_risk::portfolio_risk::contribution::{
    ContributionMethod, contributions, portfolio_returns,
};
use quantlake_risk::portfolio_risk::covariance::{Matrix, Target, ewma, sample, shrink};
use quantlake_risk::portfolio_risk::liquidity::{Holding, Market, horizon_scale, liquidity};
use quantlake_risk::portfolio_risk::regression::regress;
use quantlake_risk::portfolio_risk::stress::{Book, Drought, Paths, PositionMarket, beta};
use quantlake_risk::portfolio_risk::tail_risk::{Method, TailRisk, drawdown_risk, tail_risk};
use serde_json::Value;
use support::{assert_all_near, assert_near, count, numbers, slices, table, values};

const FOLDER: &str = "portfolio_risk";

fn expected() -> Value {
    values(FOLDER, "expected.json")
}

/// Symbols and their returns.
fn returns() -> (Vec<String>, Vec<Vec<f64>>) {
    table(FOLDER, "returns.csv")
}

fn column<'a>(case: &Value, names: &[String], columns: &'a [Vec<f64>]) -> &'a [f64] {
    let symbol = case["symbol"].as_str().unwrap();
    &columns[names.iter().position(|n| n == symbol).unwrap()]
}

fn share_of(case: &Value) -> f64 {
    ((1.0 - case["level"].as_f64().unwrap()) * 1e12).round() / 1e12
}

#[test]
fn covariance_matrices_agree_with_numpy_pandas_and_scikit_learn() {
    let (_, columns) = returns();
    for case in expected()["covariances"].as_array().unwrap() {
        let n_rows = count(&case["rows"]);
        let tail: Vec<&[f64]> = columns.iter().map(|c| &c[c.len() - n_rows..]).collect();
        let agrees = |found: &Matrix, name: &str| {
            assert_all_near(&found.data, &numbers(&case[name]), name);
        };
        agrees(&sample(&tail, 1), "sample");
        agrees(&sample(&tail, 0), "population");
        agrees(&ewma(&tail, 0.94), "ewma");
        for (target, name) in [
            (Target::ConstantVariance, "ledoit_wolf"),
            (Target::OracleApproximating, "oas"),
            (Target::ConstantCorrelation, "constant_correlation"),
        ] {
            let found = shrink(&tail, target);
            agrees(&found.covariance, name);
            let intensity = case[format!("{name}_intensity")].as_f64().unwrap();
            assert_near(found.intensity, intensity, name);
        }
    }
}

fn method(name: &str) -> Method {
    match name {
        "historical" => Method::Historical,
        "gaussian" => Method::Gaussian,
        "cornish_fisher" => Method::CornishFisher,
        "ewma" => Method::Ewma { lambda: 0.94 },
        "filtered_historical" => Method::Filtered { lambda: 0.94 },
        "student_t" => Method::Student(None),
        "student_5" => Method::Student(Some(5.0)),
        other => panic!("{other}"),
    }
}

#[test]
fn tail_risks_agree_with_scipy_and_skfolio() {
    let (names, columns) = returns();
    let golden = expected();
    let cases = golden["tails"].as_array().unwrap();
    assert_eq!(cases.len(), 5 * 3 * 7);
    for case in cases {
        let name = case["method"].as_str().unwrap();
        let returns = column(case, &names, &columns);
        let found = tail_risk(returns, share_of(case), method(name));
        let what = format!("{} {name} {}", case["symbol"], case["level"]);
        assert_near(found.value_at_risk, case["var"].as_f64().unwrap(), &what);
        assert_near(found.shortfall, case["cvar"].as_f64().unwrap(), &what);
    }
}

#[test]
fn simulated_risk_comes_close_to_the_closed_form_and_keeps_its_seed() {
    let (_, columns) = returns();
    let simulated = |n_paths, horizon, seed| {
        let method = Method::MonteCarlo {
            n_paths,
            horizon,
            seed,
        };
        tail_risk(&columns[0], 0.05, method)
    };
    let exact = tail_risk(&columns[0], 0.05, Method::Gaussian);
    let found = simulated(40_000, 1, 5);
    // The standard error of a 5 % quantile of 40,000 normal draws is 1.06 % of a deviation.
    let deviation = sample(&[&columns[0]], 1).get(0, 0).sqrt();
    assert!((found.value_at_risk - exact.value_at_risk).abs() < 0.05 * deviation);
    assert!((found.shortfall - exact.shortfall).abs() < 0.05 * deviation);
    assert_eq!(simulated(500, 10, 5), simulated(500, 10, 5));
    assert_ne!(simulated(500, 10, 5), simulated(500, 10, 6));
    assert!(simulated(500, 10, 5).value_at_risk < simulated(500, 1, 5).value_at_risk);
}

#[test]
fn drawdowns_at_risk_agree_with_numpy_and_skfolio() {
    let (names, columns) = returns();
    for case in expected()["drawdowns"].as_array().unwrap() {
        let is_compounded = case["compounded"].as_bool().unwrap();
        let returns = column(case, &names, &columns);
        let found = drawdown_risk(returns, share_of(case), is_compounded);
        let what = case.to_string();
        assert_near(found.value_at_risk, case["dar"].as_f64().unwrap(), &what);
        assert_near(found.shortfall, case["cdar"].as_f64().unwrap(), &what);
    }
}

#[test]
fn marginal_risks_are_derivatives_and_components_add_up() {
    let (_, columns) = returns();
    let golden = expected();
    let weights = numbers(&golden["weights"]);
    for case in golden["contributions"].as_array().unwrap() {
        let name = case["method"].as_str().unwrap();
        let method = match name {
            "historical" => ContributionMethod::Historical,
            "gaussian" => ContributionMethod::Gaussian,
            _ => ContributionMethod::CornishFisher,
        };
        let found = contributions(&slices(&columns), &weights, share_of(case), method);
        let total = numbers(&case["total"]);
        assert_near(found.total.value_at_risk, total[0], name);
        assert_near(found.total.shortfall, total[1], name);
        for (marginal, pair) in found
            .marginal
            .iter()
            .zip(case["marginal"].as_array().unwrap())
        {
            let pair = numbers(pair);
            assert_near(marginal.value_at_risk, pair[0], name);
            assert_near(marginal.shortfall, pair[1], name);
        }
        assert_adds_up(&found.marginal, &weights, found.total);
    }
}

fn assert_adds_up(marginal: &[TailRisk], weights: &[f64], total: TailRisk) {
    let sum = |of: fn(&TailRisk) -> f64| -> f64 {
        marginal.iter().zip(weights).map(|(m, w)| of(m) * w).sum()
    };
    let scale: f64 = marginal
        .iter()
        .zip(weights)
        .map(|(m, w)| (m.shortfall * w).abs())
        .sum();
    assert!((sum(|m| m.value_at_risk) - total.value_at_risk).abs() <= 1e-12 * scale);
    assert!((sum(|m| m.shortfall) - total.shortfall).abs() <= 1e-12 * scale);
}

#[test]
fn regressions_agree_with_statsmodels() {
    let (names, columns) = returns();
    let factors = slices(&columns[columns.len() - 2..]);
    for case in expected()["regressions"].as_array().unwrap() {
        let found = regress(column(case, &names, &columns), &factors).unwrap();
        let what = case["symbol"].as_str().unwrap();
        assert_near(found.alpha, case["alpha"].as_f64().unwrap(), what);
        assert_all_near(&found.exposures, &numbers(&case["exposures"]), what);
        let errors = numbers(&case["standard_errors"]);
        assert_all_near(&found.standard_errors, &errors, what);
        let explained = case["r_squared"].as_f64().unwrap();
        assert_near(found.r_squared, explained, what);
        assert_near(found.variance_shares.iter().sum(), explained, what);
    }
}

#[test]
fn factors_that_tell_nothing_new_give_no_regression() {
    let (_, columns) = returns();
    let twice: Vec<f64> = columns[1].iter().map(|r| 2.0 * r).collect();
    assert!(regress(&columns[0], &[&columns[1], &twice]).is_none());
    assert!(regress(&columns[0], &[&vec![0.01; columns[0].len()]]).is_none());
    assert!(regress(&columns[0][..3], &[&columns[1][..3], &columns[2][..3]]).is_none());
}

fn book<'a>(columns: &'a [Vec<f64>], weights: &[f64]) -> Book<'a> {
    Book {
        returns: slices(columns),
        weights: weights.to_vec(),
    }
}

#[test]
fn scenarios_agree_with_numpy() {
    let (_, columns) = returns();
    let golden = expected();
    let (weights, stress) = (numbers(&golden["weights"]), &golden["stress"]);
    let crisis: Vec<Vec<f64>> = columns.iter().map(|c| c[100..160].to_vec()).collect();
    let found = book(&crisis, &weights).history();
    assert_all_near(&found, &numbers(&stress["history"]), "history");
    let whole = book(&columns, &weights);
    let benchmark = portfolio_returns(&slices(&columns), &[0.2; 5]);
    let found = whole.factor(&benchmark, -0.15);
    assert_all_near(&found, &numbers(&stress["factor"]), "factor");
    let found = whole.volatility(0.05, 3.0);
    assert_all_near(&found, &numbers(&stress["volatility"]), "volatility");
    let found: f64 = whole.correlation_one(0.05).iter().sum();
    let total = stress["correlation_one_total"].as_f64().unwrap();
    assert_near(found, total, "correlation_one");
}

#[test]
fn a_short_portfolio_loses_when_everything_rises() {
    let (_, columns) = returns();
    let losses = book(&columns, &[-0.2; 5]).correlation_one(0.05);
    assert!(losses.iter().all(|l| *l < 0.0));
    let hedged = book(&columns[..1], &[0.0]).correlation_one(0.05);
    assert_eq!(hedged, [0.0]);
}

#[test]
fn worst_paths_move_all_positions_together_and_keep_their_seed() {
    let (_, columns) = returns();
    let same = vec![columns[0].clone(), columns[0].clone()];
    let paths = Paths {
        n_paths: 300,
        horizon: 20,
        block: None,
        seed: 4,
    };
    let found = book(&same, &[0.5, 0.25]).bootstrap(&paths, 0.05);
    assert_near(found[0], 2.0 * found[1], "same returns, half the weight");
    assert!(found[0] < 0.0);
    let again = book(&same, &[0.5, 0.25]).bootstrap(&paths, 0.05);
    assert_eq!(found, again);
    let milder = book(&same, &[0.5, 0.25]).bootstrap(&paths, 0.2);
    assert!(milder[0] > found[0]);
}

#[test]
fn a_drought_costs_half_the_spread_and_the_time_to_sell() {
    let (_, columns) = returns();
    let market = PositionMarket {
        days: 1.0,
        spread: 0.002,
    };
    let drought = |volume_scale, spread_scale| Drought {
        share: 0.05,
        volume_scale,
        spread_scale,
    };
    let lose = |drought: &Drought| book(&columns[..1], &[-0.5]).drought(&[market], drought)[0];
    let deviation = sample(&[&columns[0]], 1).get(0, 0).sqrt();
    let price = 0.5 * 1.644_853_626_951_472_2 * deviation;
    assert_near(lose(&drought(1.0, 0.0)), -price, "price");
    assert_near(lose(&drought(1.0, 3.0)), -price - 0.0015, "spread");
    // Four days instead of one: sqrt(5 * 9 / 24).
    let slow = -price * (45.0_f64 / 24.0).sqrt();
    assert_near(lose(&drought(0.25, 0.0)), slow, "time");
}

#[test]
fn a_position_is_sold_at_its_share_of_the_volume() {
    let holding = Holding {
        units: -6000.0,
        prices: vec![10.0, 11.0, 10.45],
        volumes: vec![1.0, 9000.0, 11000.0],
        spread: 0.01,
    };
    let market = Market {
        participation: 0.2,
        volume_rows: 2,
        volume_scale: 1.0,
        spread_scale: 2.0,
        share: 0.05,
    };
    let found = liquidity(&holding, &market);
    assert_near(found.value, -62_700.0, "value");
    assert_near(found.average_volume, 10_000.0, "volume");
    assert_near(found.periods, 3.0, "periods");
    assert_near(found.spread_cost, -627.0, "spread");
    assert_all_near(&found.scenarios, &[-6270.0, 3135.0], "scenarios");
    assert_near(horizon_scale(3.0), (28.0_f64 / 18.0).sqrt(), "scale");
    assert_eq!(horizon_scale(0.1), 1.0);
    let dry = Holding {
        volumes: vec![0.0; 3],
        ..holding
    };
    assert!(liquidity(&dry, &market).periods.is_nan());
}

#[test]
fn returns_that_tell_nothing_give_nothing() {
    for method in [
        Method::Gaussian,
        Method::Ewma { lambda: 0.9 },
        Method::Student(None),
    ] {
        assert!(tail_risk(&[0.01], 0.05, method).value_at_risk.is_nan());
    }
    for method in [Method::Historical, Method::Filtered { lambda: 0.9 }] {
        let none = tail_risk(&[], 0.05, method);
        assert!(none.value_at_risk.is_nan() && none.shortfall.is_nan());
    }
    assert!(sample(&[&[0.01], &[0.02]], 1).get(0, 1).is_nan());
    assert_eq!(sample(&[], 1).n, 0);
    assert!(beta(&[0.1, 0.2], &[0.1, 0.1]).is_nan());
    let flat = sample(&[&[0.1, 0.1], &[0.1, 0.3]], 1).correlation();
    assert!(flat.get(0, 0).is_nan() && flat.get(0, 1).is_nan());
}

fn market(n_assets: usize) -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>)> {
    let returns = prop::collection::vec(prop::collection::vec(-0.1..0.1f64, 30), n_assets);
    (returns, prop::collection::vec(-1.0..1.0f64, n_assets))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn components_add_up_for_any_weights((returns, weights) in market(4), share in 0.01..0.5f64) {
        for method in [
            ContributionMethod::Historical,
            ContributionMethod::Gaussian,
            ContributionMethod::CornishFisher,
        ] {
            let found = contributions(&slices(&returns), &weights, share, method);
            let sum: f64 = found
                .marginal
                .iter()
                .zip(&weights)
                .map(|(m, w)| m.value_at_risk * w)
                .sum();
            prop_assert!((sum - found.total.value_at_risk).abs() < 1e-12);
        }
    }

    #[test]
    fn shortfall_is_never_milder_than_value_at_risk(
        returns in prop::collection::vec(-0.1..0.1f64, 2..60),
        share in 0.01..0.5f64,
    ) {
        for method in [Method::Historical, Method::Gaussian, Method::Student(Some(4.0))] {
            let found = tail_risk(&returns, share, method);
            prop_assert!(found.shortfall <= found.value_at_risk + 1e-15);
        }
    }

    #[test]
    fn shrinkage_keeps_the_trace_and_makes_no_negative_variance((returns, weights) in market(5)) {
        let plain = sample(&slices(&returns), 0);
        let trace: f64 = plain.diagonal().iter().sum();
        for target in [
            Target::ConstantVariance,
            Target::ConstantCorrelation,
            Target::OracleApproximating,
        ] {
            let found = shrink(&slices(&returns), target);
            prop_assert!((0.0..=1.0).contains(&found.intensity));
            let kept: f64 = found.covariance.diagonal().iter().sum();
            prop_assert!((kept / trace - 1.0).abs() < 1e-12);
            prop_assert!(found.covariance.quadratic(&weights) >= 0.0);
        }
    }

    #[test]
    fn the_parts_of_every_scenario_add_up((returns, weights) in market(3)) {
        let book = book(&returns, &weights);
        let grown: f64 = returns
            .iter()
            .zip(&weights)
            .map(|(r, w)| w * (r.iter().map(|r| 1.0 + r).product::<f64>() - 1.0))
            .sum();
        prop_assert!((book.history().iter().sum::<f64>() - grown).abs() < 1e-12);
        let at_once = book.volatility(0.05, 1.0).iter().sum::<f64>();
        let portfolio = portfolio_returns(&slices(&returns), &weights);
        let total = tail_risk(&portfolio, 0.05, Method::Gaussian).value_at_risk;
        prop_assert!((at_once - total).abs() < 1e-12);
    }
}

#[test]
fn capacities_are_those_of_leans_rule_in_decimals() {
    let golden = values("risk", "capacity.json");
    let start = golden["start"].as_i64().unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let step = case["step"].as_i64().unwrap();
        let time = |row: &Value| (start + row[0].as_i64().unwrap() * step) * 1_000_000_000;
        let symbol = |row: &Value| count(&row[1]);
        let rows = |name: &str| case[name].as_array().unwrap();
        let bar = |row: &Value| Bar {
            time: time(row),
            symbol: symbol(row),
            close: row[2].as_f64().unwrap(),
            volume: row[3].as_f64().unwrap(),
        };
        let fill = |row: &Value| Fill {
            time: time(row),
            symbol: symbol(row),
            units: row[2].as_f64().unwrap(),
            price: row[3].as_f64().unwrap(),
            cost: row[4].as_f64().unwrap(),
        };
        let bars: Vec<Bar> = rows("bars").iter().map(bar).collect();
        let fills: Vec<Fill> = rows("fills").iter().map(fill).collect();
        let n_symbols = count(&case["symbols"]);
        let resolution = Resolution::of_step(step * 1_000_000_000);
        let cash = case["cash"].as_f64().unwrap();
        let found = capacity(&bars, &fills, n_symbols, cash, resolution);
        let what = &case["resolution"];
        assert_eq!(found.len(), rows("snapshots").len(), "{what}");
        for (found, expected) in found.iter().zip(rows("snapshots")) {
            let what = format!("{what} {expected}");
            assert_eq!(
                (found.time, found.symbol),
                (time(expected), symbol(expected)),
                "{what}"
            );
            assert_near(found.reach, expected[2].as_f64().unwrap(), &what);
            assert_near(found.share, expected[3].as_f64().unwrap(), &what);
            assert_near(found.capacity, expected[5].as_f64().unwrap(), &what);
            match expected[4].as_f64() {
                Some(alone) => assert_near(found.alone, alone, &what),
                None => assert!(found.alone.is_nan(), "{what}"),
            }
        }
    }
}
