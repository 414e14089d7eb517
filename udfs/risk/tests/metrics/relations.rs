//! The functions over a query: against other programs, beside the aggregates, on bad input.

use crate::conventions::{columns, read, times};
use crate::sql::{context, run, to_csv, try_run};
use crate::support::{aggregates, doubles, is_close};
use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampNanosecondArray};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use quantlake_core::QlError;
use quantlake_risk::metrics::table::Inputs;
use std::sync::Arc;

/// The rows of one series as a table `r`; the first one has no return.
fn register(ctx: &SessionContext, series: &str, from: usize, to: usize) {
    let columns = columns("returns.csv");
    let mut returns: Vec<Option<f64>> = columns[series][from..to]
        .iter()
        .copied()
        .map(Some)
        .collect();
    returns[0] = None;
    let times = times("returns.csv", 0)[from..to].to_vec();
    let benchmark: Float64Array = columns["BENCH"][from..to].to_vec().into();
    let batch: [(&str, ArrayRef); 3] = [
        ("ts", Arc::new(TimestampNanosecondArray::from(times))),
        ("ret", Arc::new(Float64Array::from(returns))),
        ("benchmark", Arc::new(benchmark)),
    ];
    let batch = RecordBatch::try_from_iter(batch).unwrap();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    ctx.register_table("r", Arc::new(table)).unwrap();
}

#[tokio::test]
async fn drawdowns_agree_with_quantstats_and_ffn() {
    let ctx = context();
    register(&ctx, "IBM", 20, 1500);
    let sql = "SELECT CAST(start AS DATE), CAST(valley AS DATE), CAST(last AS DATE), CAST(days_below AS BIGINT), \
        CAST(recovery AS DATE) FROM drawdowns((SELECT ts, ret FROM r)) ORDER BY start";
    let golden = read("drawdowns.csv");
    let rows: Vec<Vec<&str>> = golden
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect())
        .collect();
    let found = to_csv(&run(&ctx, sql).await);
    for (found, expected) in found.lines().zip(&rows) {
        let expected = [expected[0], expected[1], expected[2], expected[3]].join(",");
        assert!(found.starts_with(&expected), "{found} {expected}");
    }
    assert_eq!(found.lines().count(), rows.len());
    let sql = "SELECT depth, depth_99 FROM drawdowns((SELECT ts, ret FROM r)) ORDER BY start";
    let batches = run(&ctx, sql).await;
    for (i, name) in [(0, 4), (1, 5)] {
        let found: Vec<_> = batches.iter().flat_map(|b| doubles(b.column(i))).collect();
        for (found, row) in found.into_iter().zip(&rows) {
            let expected: Option<f64> = row[name].parse().ok();
            assert!(
                is_close(found.map(|f| 100.0 * f), expected, 1e-12),
                "{row:?} {found:?}"
            );
        }
    }
}

#[tokio::test]
async fn recoveries_are_where_ffn_ends_a_drawdown() {
    let ctx = context();
    register(&ctx, "IBM", 20, 1500);
    let sql = "SELECT CAST(coalesce(recovery, last) AS DATE) FROM drawdowns((SELECT ts, ret FROM r)) ORDER BY start";
    let golden = read("drawdowns.csv");
    let expected: Vec<&str> = golden
        .lines()
        .skip(1)
        .map(|l| l.rsplit(',').next().unwrap())
        .collect();
    assert_eq!(
        to_csv(&run(&ctx, sql).await).lines().collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test]
async fn calendar_returns_agree_with_empyrical() {
    let ctx = context();
    register(&ctx, "IBM", 20, 1500);
    let golden = read("calendar.csv");
    for (every, name) in [
        ("month", "monthly"),
        ("quarter", "quarterly"),
        ("year", "yearly"),
    ] {
        let sql = format!(
            "SELECT ret FROM calendar_returns((SELECT ts, ret FROM r), every => '{every}') ORDER BY ts"
        );
        let batches = run(&ctx, &sql).await;
        let found: Vec<_> = batches.iter().flat_map(|b| doubles(b.column(0))).collect();
        let rows = golden
            .lines()
            .filter_map(|l| l.strip_prefix(name)?.strip_prefix(','));
        let expected: Vec<f64> = rows.map(|v| v.parse().unwrap()).collect();
        assert_eq!(found.len(), expected.len(), "{every}");
        for (found, expected) in found.into_iter().zip(expected) {
            // A sum of logarithms against a product: 1e-16 a step on the scale of 1.
            let found = found.unwrap();
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs() + 1e-14,
                "{every} {found} {expected}"
            );
        }
    }
}

#[tokio::test]
async fn weeks_start_on_monday_also_across_the_end_of_a_year() {
    let sql = "SELECT CAST(ts AS DATE), n FROM calendar_returns((SELECT * FROM (VALUES \
        (TIMESTAMP '2024-12-29', 0.1), (TIMESTAMP '2024-12-30', 0.1), (TIMESTAMP '2025-01-03', 0.1)) AS v(ts, ret)), \
        every => 'week') ORDER BY ts";
    assert_eq!(
        to_csv(&run(&context(), sql).await),
        "2024-12-23,1\n2024-12-30,2"
    );
}

#[tokio::test]
async fn a_report_holds_the_values_of_the_aggregates() {
    let ctx = context();
    register(&ctx, "MSFT", 0, 400);
    let report = run(
        &ctx,
        "SELECT metric, value FROM return_metrics((SELECT * FROM r))",
    )
    .await;
    let report = to_csv(&report);
    for metric in aggregates() {
        let columns = match metric.inputs {
            Inputs::ReturnsAndBenchmark => "ret, benchmark",
            Inputs::ReturnsAndTimes => "ret, ts",
            Inputs::Returns => "ret",
        };
        // A first row of return 0 says when the first period starts; it is a period more.
        let from = match metric.inputs {
            Inputs::ReturnsAndTimes if metric.name != "years" => {
                "(SELECT ts, coalesce(ret, 0.0) AS ret FROM r)"
            }
            _ => "r",
        };
        let sql = format!(
            "SELECT CAST({}({columns} ORDER BY ts) AS DOUBLE) FROM {from}",
            metric.name
        );
        let expected = doubles(run(&ctx, &sql).await[0].column(0))[0];
        let line = report
            .lines()
            .find_map(|l| l.strip_prefix(metric.name)?.strip_prefix(','));
        let found: Option<f64> = line.unwrap().parse().ok();
        assert!(
            is_close(found, expected, 1e-12),
            "{}: {found:?} {expected:?}",
            metric.name
        );
    }
}

#[tokio::test]
async fn the_library_of_a_report_decides_and_an_argument_overrules_it() {
    let ctx = context();
    register(&ctx, "MSFT", 0, 400);
    let value = async |arguments: &str, metric: &str| {
        let sql = format!(
            "SELECT value FROM return_metrics((SELECT * FROM r){arguments}) WHERE metric = '{metric}'"
        );
        doubles(run(&ctx, &sql).await[0].column(0))[0].unwrap()
    };
    let plain = value("", "years").await;
    let lean = value(", library => 'lean'", "years").await;
    assert_eq!(plain, 399.0 / 252.0);
    assert_eq!(
        value(", library => 'lean', years => 'periods'", "years").await,
        plain
    );
    assert_eq!(
        value(", library => 'empyrical', years => 'days_365'", "years").await,
        lean
    );
    assert!(lean != plain);
    let rate = value(", risk_free => 0.05, rate_basis => 'annual'", "sharpe").await;
    assert_eq!(
        value(", library => 'quantstats', risk_free => 0.05", "sharpe").await,
        rate
    );
}

#[tokio::test]
async fn each_symbol_has_its_own_drawdowns() {
    let sql = "SELECT symbol, round(depth, 12) FROM drawdowns((SELECT * FROM (VALUES \
        ('A', TIMESTAMP '2024-01-02', -0.5), ('B', TIMESTAMP '2024-01-02', 0.5), ('A', TIMESTAMP '2024-01-03', 0.1), \
        ('B', TIMESTAMP '2024-01-03', -0.25)) AS v(symbol, ts, ret))) ORDER BY symbol";
    assert_eq!(to_csv(&run(&context(), sql).await), "A,-0.5\nB,-0.25");
}

#[tokio::test]
async fn the_deepest_of_many_come_in_time_order() {
    let sql = "SELECT round(depth, 6) FROM drawdowns((SELECT * FROM (VALUES \
        (TIMESTAMP '2024-01-02', -0.1), (TIMESTAMP '2024-01-03', 0.5), (TIMESTAMP '2024-01-04', -0.05), \
        (TIMESTAMP '2024-01-05', 0.5), (TIMESTAMP '2024-01-08', -0.2)) AS v(ts, ret)), top => 2) ORDER BY start";
    assert_eq!(to_csv(&run(&context(), sql).await), "-0.1\n-0.2");
}

#[tokio::test]
async fn bad_rows_are_refused_and_missing_ones_left_out() {
    let ctx = context();
    let twice = "(SELECT * FROM (VALUES (TIMESTAMP '2024-01-02', 0.1), (TIMESTAMP '2024-01-02', 0.2)) AS v(ts, ret))";
    for function in ["drawdowns", "calendar_returns", "return_metrics"] {
        let error = try_run(&ctx, &format!("SELECT * FROM {function}({twice})"))
            .await
            .unwrap_err();
        let error = QlError::of(&error).unwrap();
        assert_eq!(error.state.code(), "22000");
        assert_eq!(
            error.message,
            format!("{function}: two rows have the time 2024-01-02 00:00:00")
        );
        let none = format!(
            "SELECT * FROM {function}((SELECT TIMESTAMP '2024-01-02' AS ts, CAST(NULL AS DOUBLE) AS ret))"
        );
        assert!(
            run(&ctx, &none)
                .await
                .iter()
                .all(|b| function == "return_metrics" || b.num_rows() == 0)
        );
    }
    let open = "SELECT * FROM trade_metrics((SELECT TIMESTAMP '2024-01-02' AS entry_ts, TIMESTAMP '2024-01-03' AS exit_ts, CAST(NULL AS DOUBLE) AS pnl))";
    let error = try_run(&ctx, open).await.unwrap_err();
    let error = QlError::of(&error).unwrap();
    assert_eq!(
        (error.state.code(), error.message.as_str()),
        ("22000", "trade_metrics: `pnl` is NULL in row 1")
    );
}

#[tokio::test]
async fn trades_without_costs_and_extremes_have_the_rest_of_the_metrics() {
    let sql = "SELECT metric FROM trade_metrics((SELECT * FROM (VALUES \
        (TIMESTAMP '2024-01-02', TIMESTAMP '2024-01-05', 30.0), (TIMESTAMP '2024-01-03', TIMESTAMP '2024-01-08', -10.0)) \
        AS v(entry_ts, exit_ts, pnl))) WHERE value IS NULL ORDER BY metric";
    let unknown = to_csv(&run(&context(), sql).await);
    assert!(unknown.contains("avg_mae") && unknown.contains("avg_trade_return"));
    assert!(unknown.contains("avg_win_on_capital") && !unknown.contains("profit_factor"));
}
