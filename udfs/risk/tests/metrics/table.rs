//! What holds for every line of the table.

use crate::support::{Call, aggregates, benchmark_of, end_of, is_close};
use datafusion::common::ScalarValue;
use proptest::prelude::*;
use quantlake_core::{Args, FunctionSpec, Kind, ParamKind, ParamSpec};
use quantlake_risk::metrics::arguments::{Convention, conventions};
use quantlake_risk::metrics::{Conventions, Observations, ReturnMetric, Series, all, find};

/// The constants that a parameter takes in the test: each choice, and numbers inside the range.
fn constants(param: &ParamSpec) -> Vec<ScalarValue> {
    match &param.kind {
        ParamKind::Choice(choices) => choices
            .iter()
            .map(|(name, _)| ScalarValue::from(name.as_str()))
            .collect(),
        ParamKind::Flag => vec![true.into(), false.into()],
        ParamKind::Integer { min, max } => (*min..=*max).map(ScalarValue::from).collect(),
        _ if param.name == "periods" => vec![12.0.into()],
        _ if param.name == "level" => vec![0.75.into(), 0.9.into()],
        _ => vec![0.001.into(), 0.3.into()],
    }
}

fn default_constant(param: &ParamSpec) -> ScalarValue {
    param
        .default
        .as_ref()
        .map_or(ScalarValue::Null, |d| d.to_scalar())
}

/// The constants of a call that varies parameter `varied`: defaults, but a Sortino ratio takes a
/// risk-free rate only with another annualisation than the default.
fn base_call(metric: &ReturnMetric, varied: usize) -> Vec<ScalarValue> {
    let needs_another = metric.conventions.contains(&Convention::Downside)
        && metric.conventions[varied] == Convention::RiskFree;
    let constant = |c: &Convention| match c {
        Convention::Annualization if needs_another => "compound_mean".into(),
        _ => default_constant(&c.param()),
    };
    metric.conventions.iter().map(constant).collect()
}

/// Calls of a metric that differ in one parameter.
fn variations(metric: &ReturnMetric, varied: usize) -> Vec<Vec<ScalarValue>> {
    let base = base_call(metric, varied);
    let param = metric.conventions[varied].param();
    let with = |constant| {
        let mut call = base.clone();
        call[varied] = constant;
        call
    };
    let mut calls: Vec<_> = constants(&param).into_iter().map(with).collect();
    calls.push(base);
    calls
}

fn conventions_of(metric: &ReturnMetric, given: &[ScalarValue]) -> Conventions {
    let params = metric.conventions.iter().map(|c| c.param()).collect();
    let spec = FunctionSpec::new(metric.name, "risk", Kind::Aggregate, "").with_params(params);
    let given: Vec<_> = given.iter().cloned().map(Some).collect();
    conventions(&Args::bind(&spec, &given).unwrap(), metric.conventions).unwrap()
}

fn value(metric: &ReturnMetric, returns: &[f64], c: &Conventions) -> Option<f64> {
    let benchmark: Vec<f64> = returns.iter().copied().map(benchmark_of).collect();
    let times: Vec<i64> = (0..).take(returns.len()).map(end_of).collect();
    let series = Series {
        returns,
        benchmark: &benchmark,
        times: &times,
        ..Series::default()
    };
    Some((metric.compute)(&series, c)).filter(|v| v.is_finite())
}

#[test]
fn every_choice_of_every_convention_reaches_the_kernel() {
    let returns: Vec<f64> = (0..61)
        .map(|i| f64::from((i * 7919) % 401 - 190) / 8000.0)
        .collect();
    let rows: Vec<_> = returns.iter().copied().map(Some).collect();
    for metric in aggregates() {
        let varied = 0..metric.conventions.len();
        for given in varied.flat_map(|i| variations(metric, i)).chain([vec![]]) {
            let expected = value(metric, &returns, &conventions_of(metric, &given));
            let found = Call::new(metric.name, given.clone()).over(&rows);
            assert!(
                is_close(found, expected, 1e-12),
                "{} {given:?}: {found:?} {expected:?}",
                metric.name
            );
        }
    }
}

/// Returns with flat periods among them, larger and in another order for each number.
fn market(number: i32) -> Vec<f64> {
    let ret = |i: i32| match i {
        // A fall in two steps, of which the first needs the start of the wealth.
        0 | 1 => -0.2,
        _ if i % 9 == 4 => 0.0,
        _ => f64::from((i * (7919 + number)) % 401 - 190) / f64::from(8000 / (1 + number)),
    };
    (0..64).map(ret).collect()
}

#[test]
fn every_choice_changes_the_value_somewhere() {
    let markets: Vec<_> = (0..12).map(market).collect();
    for metric in aggregates() {
        for (i, convention) in metric.conventions.iter().enumerate() {
            // A rate of 0 is the same in any unit, and what is not brought to a year does not
            // look at its periods.
            let is_idle = *convention == Convention::RateBasis
                || *convention == Convention::Periods
                    && ["omega", "ulcer_performance_index"].contains(&metric.name);
            let calls = variations(metric, i);
            let differs = markets.iter().any(|returns| {
                let value = |call: &Vec<_>| value(metric, returns, &conventions_of(metric, call));
                calls.iter().any(|call| value(call) != value(&calls[0]))
            });
            assert!(differs || is_idle, "{} {convention:?}", metric.name);
        }
    }
}

fn returns() -> impl Strategy<Value = Vec<f64>> {
    let ret = prop_oneof![
        6 => -0.3..0.3f64,
        1 => Just(0.0),
        1 => Just(-1.0),
        1 => prop::sample::select(vec![-2.5, 4.0, 1e300, -1e300, 1e-300, f64::NAN, f64::INFINITY]),
    ];
    prop::collection::vec(ret, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_report_over_anything_is_numbers_or_unknown(
        rows in returns(),
        quantstats in any::<bool>(),
    ) {
        let benchmark: Vec<f64> = rows.iter().rev().copied().collect();
        let times: Vec<i64> = (0..).map(|i: i64| i * 86_400_000_000_000).take(rows.len()).collect();
        let library = if quantstats { Conventions::QUANTSTATS } else { Conventions::LEAN };
        let kept = Observations::new(&rows, &benchmark, &times);
        let report = all(&kept.series(), &library);
        for (name, value) in report {
            prop_assert!(!value.is_infinite(), "{name} {value}");
        }
    }

    #[test]
    fn metrics_that_have_bounds_stay_in_them(rows in prop::collection::vec(-0.3..0.3f64, 1..40)) {
        let kept = Observations::new(&rows, &[], &[]);
        let of = |name: &str, c: &Conventions| find(name).unwrap().value_in(&kept.series(), c).unwrap();
        let c = Conventions::default();
        for name in ["win_rate", "loss_rate", "exposure", "stability", "risk_of_ruin"] {
            let value = of(name, &c);
            prop_assert!(value.is_nan() || (0.0..=1.0 + 1e-12).contains(&value), "{name} {value}");
        }
        for name in ["max_drawdown", "avg_drawdown"] {
            prop_assert!((-1.0..=0.0).contains(&of(name, &c)), "{name}");
        }
        prop_assert!(of("max_drawdown", &c) <= of("avg_drawdown", &c));
        prop_assert!(of("ulcer", &c) <= -of("max_drawdown", &c) + 1e-15);
        prop_assert!(of("autocorrelation_penalty", &c) >= 1.0);
    }

    #[test]
    fn a_benchmark_against_itself_has_beta_one_and_no_alpha(
        rows in prop::collection::vec(-0.1..0.1f64, 3..40),
    ) {
        let kept = Observations::new(&rows, &rows, &[]);
        let c = Conventions::default();
        let of = |name: &str| find(name).unwrap().value_in(&kept.series(), &c).unwrap();
        prop_assert!((of("capm_beta") - 1.0).abs() < 1e-12);
        prop_assert!(of("capm_alpha").abs() < 1e-12);
        prop_assert_eq!(of("tracking_error"), 0.0);
        prop_assert!(of("information_ratio").is_nan());
        prop_assert_eq!(of("batting_average"), 0.0);
    }

    #[test]
    fn larger_bets_scale_the_risk_and_leave_the_ratio(
        rows in prop::collection::vec(-0.1..0.1f64, 3..40),
        size in 0.1..3.0f64,
    ) {
        let larger: Vec<f64> = rows.iter().map(|r| r * size).collect();
        let c = Conventions::default();
        for (name, power) in [("sharpe", 0), ("omega", 0), ("win_rate", 0), ("payoff_ratio", 0), ("volatility", 1), ("downside_risk", 1), ("var_historical", 1), ("annual_variance", 2)] {
            let metric = find(name).unwrap();
            let (before, after) = (value(metric, &rows, &c), value(metric, &larger, &c));
            let expected = before.map(|v| v * size.powi(power));
            prop_assert!(is_close(after, expected, 1e-10), "{name}: {before:?} {after:?}");
        }
    }
}

#[test]
fn too_little_to_tell_is_unknown() {
    let c = Conventions::default();
    let unknown = |name: &str, rows: &[f64]| value(find(name).unwrap(), rows, &c).is_none();
    for metric in aggregates() {
        assert!(value(metric, &[], &c).is_none(), "{}", metric.name);
    }
    let constant = [0.01; 5];
    for name in [
        "sharpe",
        "sortino",
        "omega",
        "gain_to_pain",
        "calmar",
        "ulcer_performance_index",
        "profit_factor",
        "payoff_ratio",
        "kelly_criterion",
        "sqn",
        "capm_beta",
        "treynor",
        "information_ratio",
    ] {
        assert!(unknown(name, &constant), "{name}");
    }
    for name in ["sharpe", "volatility", "capm_alpha", "stability", "sqn"] {
        assert!(unknown(name, &[0.01]), "{name}");
    }
    let losses = [-0.01, -0.02, -0.03];
    for name in [
        "avg_win",
        "payoff_ratio",
        "kelly_criterion",
        "outlier_win_ratio",
    ] {
        assert!(unknown(name, &losses), "{name}");
    }
    let falling = Observations::new(&losses, &losses, &[]);
    let up_capture = find("up_capture").unwrap().value_in(&falling.series(), &c);
    assert!(up_capture.unwrap().is_nan());
    assert_eq!(value(find("win_rate").unwrap(), &losses, &c), Some(0.0));
    let ruin = [0.5, -1.0, 0.5];
    assert_eq!(value(find("total_return").unwrap(), &ruin, &c), Some(-1.0));
    assert_eq!(value(find("annual_return").unwrap(), &ruin, &c), Some(-1.0));
    assert_eq!(value(find("max_drawdown").unwrap(), &ruin, &c), Some(-1.0));
    assert!(unknown("stability", &ruin));
}
