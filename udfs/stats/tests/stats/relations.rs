//! Functions over a query against scikit-learn, statsmodels and tsdownsample.

use crate::golden::json;
use crate::support::{context, run, to_csv, try_run};
use datafusion::arrow::array::{
    Array, AsArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::prelude::SessionContext;
use quantlake_core::QlError;
use serde_json::Value;
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// Registers rows of (ts, symbol, value), latest first.
fn register(ctx: &SessionContext, name: &str, value: &str, table: &Value, symbols: &[&str]) {
    let (mut times, mut names, mut values) = (vec![], vec![], vec![]);
    for (t, row) in table.as_array().unwrap().iter().enumerate().rev() {
        let t = i64::try_from(t).unwrap();
        for (symbol, v) in symbols.iter().zip(numbers(row)) {
            times.push(DAY * t);
            names.push(*symbol);
            values.push(v);
        }
    }
    let batch = RecordBatch::try_from_iter([
        ("ts", Arc::new(TimestampMicrosecondArray::from(times)) as _),
        ("symbol", Arc::new(StringArray::from(names)) as _),
        (value, Arc::new(Float64Array::from(values)) as _),
    ])
    .unwrap();
    ctx.register_batch(name, batch).unwrap();
}

fn column(batches: &[RecordBatch], name: &str) -> Vec<f64> {
    let columns = batches.iter().map(|b| b.column_by_name(name).unwrap());
    columns
        .flat_map(|c| c.as_primitive::<Float64Type>().values().to_vec())
        .collect()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-9 * e.abs().max(1e-3), "{what}: {f} {e}");
    }
}

fn symbols(golden: &Value) -> Vec<&str> {
    golden["symbols"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn components_agree_with_scikit_learn() {
    let (ctx, golden) = (context(), json("relations.json"));
    register(
        &ctx,
        "returns",
        "ret",
        &golden["returns"],
        &symbols(&golden),
    );
    for case in golden["pca"].as_array().unwrap() {
        let scale = &case["scale"];
        let sql = format!(
            "SELECT * FROM pca((SELECT * FROM returns), components => 5, scale => {scale}) ORDER BY component, symbol"
        );
        let found = run(&ctx, &sql).await;
        let expected: Vec<Vec<f64>> = case["loadings"]
            .as_array()
            .unwrap()
            .iter()
            .map(numbers)
            .collect();
        let loadings = column(&found, "loading");
        let mut signs = vec![];
        for (mine, theirs) in loadings.chunks(5).zip(&expected) {
            let sign = mine[0].signum() * theirs[0].signum();
            let theirs: Vec<f64> = theirs.iter().map(|v| v * sign).collect();
            assert_near(mine, &theirs, "loadings");
            let largest = mine
                .iter()
                .copied()
                .max_by(|a, b| a.abs().total_cmp(&b.abs()));
            assert!(largest.unwrap() > 0.0);
            signs.push(sign);
        }
        let firsts = |name: &str| {
            column(&found, name)
                .chunks(5)
                .map(|c| c[0])
                .collect::<Vec<_>>()
        };
        assert_near(
            &firsts("explained_variance"),
            &numbers(&case["variance"]),
            "variance",
        );
        assert_near(
            &firsts("explained_ratio"),
            &numbers(&case["ratio"]),
            "ratio",
        );
        let sql = format!(
            "SELECT * FROM pca_factors((SELECT * FROM returns), components => 5, scale => {scale}) ORDER BY ts, component LIMIT 25"
        );
        let factors = column(&run(&ctx, &sql).await, "factor_return");
        let expected: Vec<f64> = case["factors"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| {
                numbers(row)
                    .into_iter()
                    .zip(&signs)
                    .map(|(v, s)| v * s)
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_near(&factors, &expected, "factors");
    }
}

#[tokio::test]
async fn johansen_agrees_with_statsmodels() {
    let (ctx, golden) = (context(), json("relations.json"));
    register(
        &ctx,
        "levels",
        "value",
        &golden["levels"],
        &symbols(&golden),
    );
    for case in golden["johansen"].as_array().unwrap() {
        let n = usize::try_from(case["n_symbols"].as_u64().unwrap()).unwrap();
        let names: Vec<String> = symbols(&golden)[..n]
            .iter()
            .map(|s| format!("'{s}'"))
            .collect();
        let sql = format!(
            "SELECT * FROM johansen((SELECT * FROM levels WHERE symbol IN ({})), trend => {}, lags => {}) ORDER BY rank",
            names.join(", "),
            case["trend"].to_string().replace('"', "'"),
            case["lags"]
        );
        let found = run(&ctx, &sql).await;
        let ranks: Vec<i64> = found
            .iter()
            .flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        assert_eq!(ranks, (0..).take(n).collect::<Vec<i64>>());
        for name in ["eigenvalue", "trace", "max_eigen"] {
            assert_near(&column(&found, name), &numbers(&case[name]), name);
        }
        for (name, key) in [("trace", "trace_critical"), ("max_eigen", "max_critical")] {
            for (level, share) in [90, 95, 99].iter().enumerate() {
                let expected: Vec<f64> = case[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|r| numbers(r)[level])
                    .collect();
                assert_near(&column(&found, &format!("{name}_{share}")), &expected, name);
            }
        }
        let lists = found.iter().flat_map(|b| {
            let lists = b
                .column_by_name("weights")
                .unwrap()
                .as_list::<i32>()
                .clone();
            (0..lists.len())
                .map(move |i| {
                    lists
                        .value(i)
                        .as_primitive::<Float64Type>()
                        .values()
                        .to_vec()
                })
                .collect::<Vec<_>>()
        });
        for (mine, theirs) in lists.zip(case["weights"].as_array().unwrap()) {
            let theirs = numbers(theirs);
            let sign = theirs[0].signum();
            let theirs: Vec<f64> = theirs.iter().map(|v| v * sign).collect();
            // Weights lose digits where two eigenvalues are near each other.
            for (m, t) in mine.iter().zip(&theirs) {
                assert!(
                    (m - t).abs() <= 1e-7 * theirs[0].abs().max(1.0),
                    "{m} {t} {case}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_points_of_a_chart_are_those_of_tsdownsample() {
    let (ctx, golden) = (context(), json("relations.json"));
    register(
        &ctx,
        "levels",
        "value",
        &golden["levels"],
        &symbols(&golden),
    );
    for case in golden["lttb"].as_array().unwrap() {
        let sql = format!(
            "SELECT (CAST(ts AS BIGINT) / {DAY}) AS row FROM lttb((SELECT * FROM levels WHERE symbol = '{}'), points => {}) ORDER BY ts",
            symbols(&golden)[0],
            case["points"]
        );
        let found: Vec<i64> = run(&ctx, &sql)
            .await
            .iter()
            .flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        let expected: Vec<i64> = numbers(&case["kept"])
            .into_iter()
            .map(|v| v as i64)
            .collect();
        assert_eq!(found, expected, "{}", case["points"]);
    }
}

#[tokio::test]
async fn charts_keep_symbols_apart_and_short_series_whole() {
    let ctx = context();
    let sql = "SELECT symbol, count(*), min(value), max(value) FROM lttb((SELECT CAST(to_timestamp(t) AS TIMESTAMP) AS ts, \
         CASE WHEN t % 2 = 0 THEN 'A' ELSE 'B' END AS symbol, CASE WHEN t = 4 THEN NULL ELSE t END AS value \
         FROM generate_series(1, 9) AS g(t)), points => 4) GROUP BY symbol ORDER BY symbol";
    assert_eq!(to_csv(&run(&ctx, sql).await), "A,3,2.0,8.0\nB,4,1.0,9.0");
}

#[tokio::test]
async fn bad_tables_are_refused_with_the_function_and_the_row() {
    let ctx = context();
    let twice = "(SELECT to_timestamp(0) AS ts, 'A' AS symbol, x AS value, x AS ret FROM (VALUES (1.0), (2.0)) AS v(x))";
    let cases = [
        (format!("pca({twice})"), "pca: symbol 'A' has two rows at 1970-01-01 00:00:00"),
        (format!("lttb({twice})"), "lttb: symbol 'A' has two rows at 1970-01-01 00:00:00"),
        (format!("johansen({twice})"), "johansen: symbol 'A' has two rows at 1970-01-01 00:00:00"),
        ("johansen((SELECT to_timestamp(t) AS ts, 'A' AS symbol, t AS value FROM generate_series(1, 9) AS g(t)))".into(),
         "johansen: takes 2 to 12 symbols with values, found 1"),
        ("lttb((SELECT 1.0 AS value, to_timestamp(0) AS ts), points => 2)".into(), "lttb: `points` must be a whole number between 3 and 10000000, found 2"),
        ("pca((SELECT 1.0 AS ret, to_timestamp(0) AS ts))".into(), "pca: the query has no column `symbol`; it has ret, ts"),
    ];
    for (call, message) in cases {
        let sql = format!("SELECT * FROM {call}");
        let error = try_run(&ctx, &sql).await.expect_err(&sql);
        assert_eq!(
            QlError::of(&error).map(|e| e.message.as_str()),
            Some(message),
            "{sql}: {error}"
        );
    }
}

#[tokio::test]
async fn too_few_rows_give_no_rows() {
    let ctx = context();
    let one = "(SELECT to_timestamp(0) AS ts, s AS symbol, 1.0 AS value, 1.0 AS ret FROM (VALUES ('A'), ('B')) AS v(s))";
    let none = one
        .replace("FROM (VALUES", "FROM (SELECT * FROM (VALUES")
        .replace("AS v(s))", "AS v(s) WHERE s = 'Z'))");
    for f in ["pca", "pca_factors", "johansen"] {
        for query in [one, none.as_str()] {
            assert_eq!(
                to_csv(&run(&ctx, &format!("SELECT * FROM {f}({query})")).await),
                "",
                "{f} {query}"
            );
        }
    }
}
