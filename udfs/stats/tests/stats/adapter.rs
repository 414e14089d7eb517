//! What holds for every statistic: missing rows, partial results, frames, and input without sense.

use crate::reference::evaluate;
use crate::support::{Call, context, fields, is_close, run, samples, to_csv, try_run};
use datafusion::arrow::array::{Array, ArrayRef};
use proptest::prelude::*;
use quantlake_core::Implementation;
use quantlake_core::QlError;
use quantlake_core::{Function, Stability};
use std::collections::HashMap;

/// One call of each statistic, with short lags so that short samples have values.
fn calls() -> Vec<Call> {
    samples()
        .iter()
        .map(|f| match f.spec.name.as_str() {
            "quantile" => Call::new("quantile", &[("q", 0.3.into())]),
            "ljung_box" => Call::new("ljung_box", &[("lags", 2i64.into())]),
            "hurst" => Call::new("hurst", &[("max_lag", 3i64.into())]),
            name => Call::new(name, &[]),
        })
        .collect()
}

/// Statistics that look at the order of the rows.
fn is_ordered(call: &Call) -> bool {
    match &call.function.implementation {
        Implementation::Aggregate(udaf) => quantlake_core::metric::depends_on_order(udaf),
        _ => false,
    }
}

fn values(most: usize) -> impl Strategy<Value = Vec<Vec<Option<f64>>>> {
    let value = prop_oneof![
        8 => (-3.0..3.0f64).prop_map(Some),
        2 => (-2..3i8).prop_map(|v| Some(f64::from(v))),
        1 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).prop_map(Some),
    ];
    prop::collection::vec(prop::collection::vec(value, 2), 0..most).prop_map(|rows| {
        (0..2)
            .map(|i| rows.iter().map(|r| r[i]).collect())
            .collect()
    })
}

/// The rows in which each series that the call takes has a value.
fn known(call: &Call, series: &[Vec<Option<f64>>]) -> Vec<Vec<Option<f64>>> {
    let n_series = call.series().len();
    let is_known = |row: &usize| {
        series[..n_series]
            .iter()
            .all(|s| s[*row].is_some_and(f64::is_finite))
    };
    let rows: Vec<usize> = (0..series[0].len()).filter(is_known).collect();
    series
        .iter()
        .map(|s| rows.iter().map(|&r| s[r]).collect())
        .collect()
}

fn times(n: usize) -> Vec<i64> {
    (0..).take(n).collect()
}

/// Searches, and statistics of almost no dispersion, answer to the last digit of their input.
fn is_same(name: &str, a: &[(String, Option<f64>)], b: &[(String, Option<f64>)]) -> bool {
    name == "garch"
        || a.iter().zip(b).all(|((_, a), (_, b))| {
            is_close(*a, *b, 1e-6) || matches!((a, b), (Some(a), Some(b)) if (a - b).abs() < 1e-7)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn missing_rows_change_nothing(series in values(40)) {
        for call in calls() {
            let found = call.over(&series);
            prop_assert_eq!(&found, &call.over(&known(&call, &series)), "{}", call.function.spec.name);
            prop_assert!(found.iter().all(|(_, v)| v.is_none_or(f64::is_finite)));
        }
    }

    #[test]
    fn partial_results_merged_equal_the_whole(series in values(40), cut in 0..40usize) {
        let n = series[0].len();
        let cut = cut.min(n);
        for call in calls() {
            let part = |from: usize, to: usize| {
                let mut part = call.accumulator();
                let rows: Vec<_> = series.iter().map(|s| s[from..to].to_vec()).collect();
                part.update_batch(&call.batch(&rows, &times(n)[from..to])).unwrap();
                let state = part.state().unwrap();
                state.iter().map(|s| s.to_array().unwrap()).collect::<Vec<_>>()
            };
            let mut merged = call.accumulator();
            // The later part first: the keys put it back into order.
            merged.merge_batch(&part(cut, n)).unwrap();
            merged.merge_batch(&part(0, cut)).unwrap();
            let merged = fields(&merged.evaluate().unwrap());
            let name = &call.function.spec.name;
            if is_ordered(&call) {
                prop_assert_eq!(&merged, &call.over(&series), "{}", name);
            } else {
                prop_assert!(is_same(name, &merged, &call.over(&series)), "{}", name);
            }
        }
    }

    #[test]
    fn bounded_statistics_stay_within_their_bounds(series in values(40)) {
        let in_unit = |v: f64| (0.0..=1.0).contains(&v);
        for call in calls() {
            let name = call.function.spec.name.clone();
            for (field, value) in call.over(&series) {
                let Some(value) = value else { continue };
                let holds = match (name.as_str(), field.as_str()) {
                    ("pearson" | "spearman" | "kendall", _) => (-1.0..=1.0).contains(&value),
                    ("distance_correlation", _) | (_, "p_value") => in_unit(value),
                    ("mutual_information" | "shannon_entropy" | "half_life" | "sample_entropy", _) => value >= 0.0,
                    ("autocorrelation", _) => value.abs() <= 1.0 + 1e-12,
                    ("regression", "r2") => (-1e-9..=1.0).contains(&value),
                    _ => true,
                };
                prop_assert!(holds, "{name} {field} {value}");
            }
        }
    }
}

fn over(name: &str, x: &[f64]) -> Vec<(String, Option<f64>)> {
    let call = calls()
        .into_iter()
        .find(|c| c.function.spec.name == name)
        .unwrap();
    let x: Vec<Option<f64>> = x.iter().copied().map(Some).collect();
    let y: Vec<Option<f64>> = (0..x.len()).map(|t| Some((t as f64 * 0.7).sin())).collect();
    call.over(&[x, y])
}

#[test]
fn no_rows_and_one_row_give_nothing_but_a_quantile_and_an_entropy() {
    for call in calls() {
        let name = &call.function.spec.name;
        assert!(over(name, &[]).iter().all(|(_, v)| v.is_none()), "{name}");
        let has_value =
            ["quantile", "shannon_entropy", "mutual_information"].contains(&name.as_str());
        let known = over(name, &[2.5]).iter().any(|(_, v)| v.is_some());
        assert_eq!(known, has_value, "{name}");
    }
}

#[test]
fn a_constant_series_has_no_statistics_of_dispersion() {
    let with_value = [
        ("quantile", 0.1),
        ("shannon_entropy", 0.0),
        ("mutual_information", 0.0),
    ];
    for call in calls() {
        let name = &call.function.spec.name;
        let found = over(name, &[0.1; 60]);
        match with_value.iter().find(|(n, _)| n == name) {
            Some((_, value)) => assert_eq!(found[0].1, Some(*value), "{name}"),
            // The line of a constant is known, its share of no variance is not.
            None if name == "regression" => assert_eq!(found[2].1, None),
            None => assert!(found.iter().all(|(_, v)| v.is_none()), "{name} {found:?}"),
        }
    }
}

#[test]
fn a_straight_line_leaves_rounding_and_no_test_reads_it() {
    let line: Vec<f64> = (0..80).map(|t| 1000.0 + 0.1 * f64::from(t)).collect();
    for name in [
        "adf",
        "phillips_perron",
        "variance_ratio",
        "hurst",
        "half_life",
    ] {
        assert!(over(name, &line).iter().all(|(_, v)| v.is_none()), "{name}");
    }
    let kpss = Call::new("kpss", &[("trend", "ct".into())]);
    let found = kpss.over(&[line.into_iter().map(Some).collect()]);
    assert!(found.iter().all(|(_, v)| v.is_none()), "{found:?}");
}

#[test]
fn values_beyond_all_scales_give_null_or_a_number_but_no_panic() {
    let wild = [1e308, -1e308, 1e-308, 0.0, 5e-324, 1e300, -1e-300, 1e308];
    let long: Vec<f64> = wild.iter().cycle().take(64).copied().collect();
    for call in calls() {
        let found = over(&call.function.spec.name, &long);
        assert!(found.iter().all(|(_, v)| v.is_none_or(f64::is_finite)));
    }
}

#[tokio::test]
async fn a_rolling_value_equals_the_aggregate_over_the_same_rows() {
    let ctx = context();
    run(
        &ctx,
        "CREATE TABLE v AS SELECT CASE WHEN t % 2 = 0 THEN 'A' ELSE 'B' END AS symbol, t, \
         CASE WHEN t % 17 = 5 THEN NULL ELSE sin(t * t) + t / 10.0 END AS x, cos(t * 3.0) + t / 8.0 AS y \
         FROM generate_series(1, 160) AS g(t)",
    )
    .await;
    for f in samples() {
        let name = &f.spec.name;
        let series: Vec<_> = f
            .spec
            .params
            .iter()
            .filter(|p| !p.kind.is_option())
            .map(|p| p.name.as_str())
            .collect();
        let series = series.join(", ");
        let q = if name == "quantile" { ", 0.3" } else { "" };
        let lags = if name == "ljung_box" { ", 3" } else { "" };
        let shown = |call: String| match f.spec.output.fields().first() {
            None => call,
            Some(field) => format!("({call})['{}']", field.name),
        };
        // The last 40 rows of a symbol that have a value.
        let rolling = shown(format!(
            "rolling_{name}({series}, 40{q}{lags}) OVER (PARTITION BY symbol ORDER BY t)"
        ));
        let grouped = shown(format!("{name}({series}{q}{lags} ORDER BY t)"));
        let sql = format!(
            "WITH r AS (SELECT symbol, t, {rolling} AS value FROM v), \
             last AS (SELECT symbol, value FROM r WHERE t IN (159, 160)), \
             n AS (SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY t DESC) AS k FROM v WHERE x IS NOT NULL), \
             g AS (SELECT symbol, {grouped} AS value FROM n WHERE k <= 40 GROUP BY symbol) \
             SELECT last.symbol, abs(last.value - g.value) <= 1e-9 * abs(g.value) OR (last.value IS NULL AND g.value IS NULL) AS same, g.value IS NULL AS unknown \
             FROM last JOIN g ON g.symbol = last.symbol ORDER BY 1"
        );
        let found = to_csv(&run(&ctx, &sql).await);
        let unknown = found.contains("true,true");
        assert!(
            found.starts_with("A,true") && found.contains("B,true"),
            "{name}: {found}"
        );
        assert!(
            !unknown || ["half_life"].contains(&name.as_str()),
            "{name}: {found}"
        );
    }
}

#[tokio::test]
async fn bad_arguments_are_errors_of_planning_that_name_function_and_argument() {
    let ctx = context();
    let cases = [
        (
            "rolling_pearson(x, x, 0) OVER (ORDER BY t)",
            "rolling_pearson: `period` must be a whole number between 2 and 1000000, found 0",
        ),
        (
            "rolling_adf(x, 2.5) OVER (ORDER BY t)",
            "rolling_adf: `period` must be a whole number between 6 and 1000000, found 2.5",
        ),
        (
            "rolling_adf(x, 60, 'ct', 3, 'hqc') OVER (ORDER BY t)",
            "rolling_adf: `autolag` must be one of 'aic', 'bic', 't-stat', 'none', found 'hqc'",
        ),
        (
            "rolling_adf(x, 20)  OVER ()",
            "rolling_adf: the window has no ORDER BY, so there is no past to look at",
        ),
        (
            "rolling_quantile(x, 20, 1.5) OVER (ORDER BY t)",
            "rolling_quantile: `q` must be a number between 0 and 1, found 1.5",
        ),
        (
            "quantile(x, t)",
            "quantile: `q` must be a constant, found an expression over rows",
        ),
        (
            "adf(x)",
            "adf: the result depends on the order of the rows, and there is no ORDER BY",
        ),
        (
            "adf(x ORDER BY t DESC)",
            "adf: the rows are ordered by descending time, so the future would come first",
        ),
        (
            "ljung_box(x, 5, 5 ORDER BY t)",
            "ljung_box: `model_df` must be below `lags` (5), found 5",
        ),
        ("pearson(x)", "pearson: takes 2 arguments, found 1"),
        (
            "pearson(x, 'a')",
            "pearson: `y` must be a numeric expression, found type Utf8",
        ),
        (
            "frac_diff(x, 3) OVER (ORDER BY t)",
            "frac_diff: `d` must be a number between 0 and 2, found 3",
        ),
        (
            "frac_diff(x, 0.1, 1e-12) OVER (ORDER BY t)",
            "frac_diff: `threshold` must be large enough for a window of at most 1000000 rows, found 0.000000000001",
        ),
        (
            "hampel(x, 2) OVER (ORDER BY t)",
            "hampel: `period` must be a whole number between 3 and 1000000, found 2",
        ),
        (
            "kalman_hedge(x, x, 1) OVER (ORDER BY t)",
            "kalman_hedge: `delta` must be a number between 0 and 0.999, found 1",
        ),
        ("arg_max(x)", "arg_max: takes 2 arguments, found 1"),
        (
            "arg_max(x, make_array(1))",
            "arg_max: `by` must be a number, a text, a time or a boolean, found type List(Int64)",
        ),
    ];
    for (call, message) in cases {
        let sql = format!("SELECT {call} FROM (VALUES (1, 1.0), (2, 2.0)) AS v(t, x)");
        let error = try_run(&ctx, &sql).await.expect_err(&sql);
        // DataFusion quotes errors about the types of arguments inside one of its own.
        let found = QlError::of(&error).map_or_else(|| error.to_string(), |e| e.message.clone());
        assert!(found.contains(message), "{sql}: {found}");
    }
}

#[tokio::test]
async fn periods_beyond_the_rows_give_null() {
    let ctx = context();
    for f in quantlake_stats::functions() {
        let Implementation::Window(_) = f.implementation else {
            continue;
        };
        if !f.spec.params.iter().any(|p| p.name == "period") {
            continue;
        }
        let series = f.spec.params.iter().filter(|p| !p.kind.is_option()).count();
        let q = if f.spec.name == "rolling_quantile" {
            ", 0.5"
        } else {
            ""
        };
        let sql = format!(
            "SELECT count(v) FROM (SELECT {}({}, 1000000{q}) OVER (ORDER BY t) AS v FROM \
             (VALUES (1, 1.0), (1, 2.0), (2, 1.5)) AS v(t, x))",
            f.spec.name,
            vec!["x"; series].join(", ")
        );
        assert_eq!(to_csv(&run(&ctx, &sql).await), "0", "{sql}");
    }
}

/// Rows of all inputs that a window function may name.
fn inputs(n_rows: usize) -> Vec<(&'static str, Vec<Option<f64>>)> {
    let row = |t: usize| t as f64;
    let series = |f: &dyn Fn(f64) -> f64| (0..n_rows).map(|t| Some(f(row(t)))).collect();
    vec![
        ("x", series(&|t| (t * t).sin() + t / 10.0)),
        ("y", series(&|t| (t * 3.0).cos() + t / 8.0)),
        ("threshold", series(&|t| 0.3 + (t / 9.0).sin().abs())),
    ]
}

fn over_rows(function: &Function, from: usize, to: usize) -> ArrayRef {
    let all = inputs(to);
    let cut: Vec<(&str, Vec<Option<f64>>)> =
        all.iter().map(|(n, c)| (*n, c[from..].to_vec())).collect();
    let inputs: HashMap<&str, &Vec<Option<f64>>> = cut.iter().map(|(n, c)| (*n, c)).collect();
    let constants = [
        ("period", "24"),
        ("q", "0.3"),
        ("d", "0.4"),
        ("threshold", "0.02"),
        ("max_width", "20"),
        ("lags", "3"),
    ];
    evaluate(function, &inputs, &constants.into_iter().collect())
}

fn windows() -> impl Iterator<Item = Function> {
    let all = quantlake_stats::functions().into_iter();
    all.filter(|f| matches!(f.implementation, Implementation::Window(_)))
}

#[test]
fn a_value_never_changes_when_later_rows_arrive() {
    for function in windows() {
        let whole = over_rows(&function, 0, 90);
        for n_rows in [1, 24, 61] {
            let part = over_rows(&function, 0, n_rows);
            assert_eq!(
                part.to_data(),
                whole.slice(0, n_rows).to_data(),
                "{}",
                function.spec.name
            );
        }
    }
}

#[test]
fn a_finite_look_back_gives_the_same_bits_from_any_start() {
    for function in windows().filter(|f| f.spec.stability == Stability::Exact) {
        let whole = over_rows(&function, 0, 90);
        let tail = over_rows(&function, 33, 90);
        // Every look-back here is 24 rows or fewer.
        let n_sure = 57 - 24;
        assert_eq!(
            tail.slice(24, n_sure).to_data(),
            whole.slice(57, n_sure).to_data(),
            "{}",
            function.spec.name
        );
    }
}
