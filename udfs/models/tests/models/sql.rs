//! The functions in SQL.

use crate::common::store;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use quantlake_core::{Args, Implementation, QlError, SqlState};
use quantlake_models::{ModelStore, check_call, functions};
use std::sync::Arc;

fn context(store: &Arc<ModelStore>) -> SessionContext {
    let context = SessionContext::new();
    for function in functions(Arc::clone(store)) {
        match function.implementation {
            Implementation::Scalar(f) => context.register_udf(f.as_ref().clone()),
            Implementation::Window(f) => context.register_udwf(f.as_ref().clone()),
            other => panic!("not a function of this family: {other:?}"),
        }
    }
    context
}

fn all_models() -> Arc<ModelStore> {
    store(&[
        "linear2",
        "named_inputs",
        "multi_output",
        "quantile_returns",
    ])
}

/// Rows on lines, columns separated by commas, NULL as nothing.
async fn try_query(sql: &str) -> Result<String, DataFusionError> {
    let batches = context(&all_models()).sql(sql).await?.collect().await?;
    let options = FormatOptions::default();
    let mut lines = Vec::new();
    for batch in &batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
            lines.push(cells.join(","));
        }
    }
    Ok(lines.join("\n"))
}

async fn query(sql: &str) -> String {
    try_query(sql).await.expect("the query runs")
}

async fn error(sql: &str) -> (SqlState, String) {
    let error = try_query(sql).await.expect_err("the query fails");
    let error = QlError::of(&error).unwrap_or_else(|| panic!("not an error of ours: {error}"));
    (error.state, error.message.clone())
}

#[tokio::test]
async fn the_examples_of_the_specs_give_their_results() {
    for function in functions(all_models()) {
        let example = &function.spec.example;
        assert_eq!(query(&example.sql).await, example.result, "{}", example.sql);
    }
}

#[tokio::test]
async fn named_inputs_are_filled_in_order() {
    assert_eq!(query("SELECT predict('named_inputs', 1.5, 2)").await, "3.5");
}

#[tokio::test]
async fn predict_gives_the_first_value_and_predict_vector_all() {
    let sql = "SELECT predict('multi_output', a, b, c), predict_vector('multi_output', a, b, c) \
               FROM (VALUES (1.0, 2.0, 4.0)) AS v(a, b, c)";
    assert_eq!(query(sql).await, "7.0,[7.0]");
}

#[tokio::test]
async fn a_row_with_a_missing_feature_is_null_and_harms_no_other() {
    let sql = "SELECT i, predict('linear2', x, y) FROM (VALUES (1, 1.0, 1.0), (2, NULL, 1.0), \
               (3, 1.0, double 'NaN'), (4, double 'inf', 1.0), (5, 2.0, 1.0)) AS v(i, x, y)";
    assert_eq!(query(sql).await, "1,-0.5\n2,\n3,\n4,\n5,1.5");
}

#[tokio::test]
async fn an_empty_table_has_no_predictions() {
    let sql = "SELECT predict('linear2', x, x) FROM (VALUES (1.0)) AS v(x) WHERE x > 2";
    assert_eq!(query(sql).await, "");
}

#[tokio::test]
async fn forecasts_do_not_cross_partitions() {
    let sql = "SELECT symbol, count(f['median']) FROM (SELECT symbol, \
               forecast_at('quantile_returns', 1, p) OVER (PARTITION BY symbol ORDER BY t) AS f \
               FROM (SELECT t, 'A' AS symbol, 100.0 + sin(t) AS p FROM generate_series(1, 70) g(t) \
               UNION ALL SELECT t, 'B', 50.0 + cos(t) FROM generate_series(1, 64) h(t))) \
               GROUP BY symbol ORDER BY symbol";
    assert_eq!(query(sql).await, "A,6\nB,0");
}

#[tokio::test]
async fn wrong_calls_say_what_is_wrong() {
    assert_eq!(
        error("SELECT predict('nobody', 1.0)").await,
        (
            SqlState::UndefinedObject,
            "model `nobody` does not exist; there are linear2, multi_output, named_inputs, \
             quantile_returns"
                .into()
        )
    );
    assert_eq!(
        error("SELECT predict('linear2', 1.0, 2.0, 3.0)").await,
        (
            SqlState::InvalidParameter,
            "predict: `features` must be 2 features for model `linear2` with the inputs \
             x float32[?, 2], found 3"
                .into()
        )
    );
    assert_eq!(
        error("SELECT predict(m, 1.0, 1.0) FROM (VALUES ('linear2')) AS v(m)").await,
        (
            SqlState::InvalidParameter,
            "predict: `model` must be a constant, found an expression over rows".into()
        )
    );
    assert_eq!(
        error("SELECT forecast_at('quantile_returns', 0, x) OVER (ORDER BY x) FROM (VALUES (1.0)) AS v(x)")
            .await
            .0,
        SqlState::InvalidParameter
    );
}

#[test]
fn calls_are_checked_while_planning() {
    let store = all_models();
    let bound = |function: &str, n_series: usize, horizon: i64| {
        let spec = functions(Arc::clone(&store))
            .into_iter()
            .find(|f| f.spec.name == function)
            .expect("a function of this family")
            .spec;
        let literal = |v: datafusion::common::ScalarValue| Some(v);
        let mut given = vec![literal("quantile_returns".into())];
        if function == "forecast_at" {
            given.push(literal(horizon.into()));
        }
        given.extend(vec![None; n_series]);
        Args::bind(&spec, &given).expect("the constants are in range")
    };
    let check = |function: &str, n_series, horizon| {
        check_call(&store, function, &bound(function, n_series, horizon)).map_err(|e| e.state)
    };
    assert_eq!(check("predict_vector", 64, 0), Ok(()));
    assert_eq!(check("predict", 63, 0), Err(SqlState::InvalidParameter));
    assert_eq!(check("forecast_at", 1, 12), Ok(()));
    assert_eq!(check("forecast_at", 1, 13), Err(SqlState::InvalidParameter));
}
