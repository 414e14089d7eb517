//! The functions in queries: their examples, values by time, PIVOT.

use crate::support::{context, run, to_csv, try_run};
use quantlake_core::QlError;

#[tokio::test]
async fn every_example_runs_and_shows_a_value() {
    let ctx = context();
    let mut wrong = Vec::new();
    for function in quantlake_stats::functions() {
        let sql = &function.spec.example.sql;
        match try_run(&ctx, sql).await {
            Err(error) => wrong.push(format!("{sql}\n{error}")),
            Ok(batches) => {
                let text = to_csv(&batches);
                let cells = text
                    .lines()
                    .flat_map(|l| l.split(',').skip(usize::from(l.contains(','))));
                if !cells.into_iter().any(|c| !c.is_empty()) {
                    wrong.push(format!("{sql}\nshows nothing: {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const TRADES: &str = "(VALUES ('A', 1, 3.0, 'x'), ('A', 3, 5.0, 'z'), ('A', 2, 9.0, 'y'), \
     ('B', 7, NULL, 'p'), ('B', 5, 2.0, 'q'), ('B', NULL, 4.0, 'r'), ('C', 1, 'NaN'::DOUBLE, 's')) AS v(symbol, t, price, tag)";

#[tokio::test]
async fn values_by_time_need_no_order_and_skip_missing_rows() {
    let ctx = context();
    let sql = format!(
        "SELECT symbol, last_by(price, t), first_by(price, t), arg_max(tag, price), min_by(t, price) \
         FROM {TRADES} GROUP BY symbol ORDER BY symbol"
    );
    assert_eq!(
        to_csv(&run(&ctx, &sql).await),
        "A,5.0,3.0,y,1\nB,2.0,2.0,r,5\nC,,,,"
    );
}

#[tokio::test]
async fn ties_give_the_smallest_value_whatever_the_order() {
    let ctx = context();
    for rows in [
        "(2.0, 1), (1.0, 1), (3.0, 1)",
        "(3.0, 1), (2.0, 1), (1.0, 1)",
    ] {
        let sql = format!("SELECT arg_max(x, t), arg_min(x, t) FROM (VALUES {rows}) AS v(x, t)");
        assert_eq!(to_csv(&run(&ctx, &sql).await), "1.0,1.0");
    }
}

#[tokio::test]
async fn a_sliding_frame_equals_the_group_of_its_rows() {
    let ctx = context();
    let sql = "WITH v AS (SELECT t, CASE WHEN t % 5 = 2 THEN NULL ELSE (t * 7919 % 31) END AS x FROM generate_series(1, 60) AS g(t)), \
         w AS (SELECT t, arg_max(t, x) OVER (ORDER BY t ROWS 6 PRECEDING) AS a, arg_min(t, x) OVER (ORDER BY t ROWS 6 PRECEDING) AS b FROM v), \
         g AS (SELECT v.t, arg_max(o.t, o.x) AS a, arg_min(o.t, o.x) AS b FROM v JOIN v AS o ON o.t BETWEEN v.t - 6 AND v.t GROUP BY v.t) \
         SELECT count(*), count(w.a) FROM w JOIN g ON g.t = w.t AND g.a = w.a AND g.b = w.b";
    assert_eq!(to_csv(&run(&ctx, sql).await), "60,60");
}

const BARS: &str = "(VALUES (1, 'AAPL', 10.0), (1, 'MSFT', 20.0), (2, 'AAPL', 11.0), (3, 'MSFT', 22.0), (3, 'IBM', 5.0)) AS b(ts, symbol, close)";

#[tokio::test]
async fn pivot_gives_a_column_per_value_and_unpivot_goes_back() {
    let ctx = context();
    let wide = format!(
        "SELECT * FROM (SELECT * FROM {BARS}) PIVOT (last_by(close, ts) FOR symbol IN ('AAPL', 'MSFT' AS msft))"
    );
    let by_max = wide.replace("last_by(close, ts)", "max(close)");
    assert_eq!(
        to_csv(&run(&ctx, &format!("{by_max} ORDER BY ts")).await),
        "1,10.0,20.0\n2,11.0,\n3,,22.0"
    );
    let back = format!(
        "SELECT ts, symbol, close FROM ({by_max}) UNPIVOT (close FOR symbol IN (\"AAPL\", msft AS \"MSFT\")) ORDER BY ts, symbol"
    );
    assert_eq!(
        to_csv(&run(&ctx, &back).await),
        "1,AAPL,10.0\n1,MSFT,20.0\n2,AAPL,11.0\n3,MSFT,22.0"
    );
    // `ts` is used by the aggregate, so nothing is left to group by: one row.
    assert_eq!(to_csv(&run(&ctx, &wide).await), "11.0,22.0");
}

#[tokio::test]
async fn pivot_takes_several_aggregates_and_an_alias() {
    let ctx = context();
    let sql = format!(
        "SELECT p.ts, p.\"AAPL_high\", p.\"AAPL_n\" FROM (SELECT * FROM {BARS}) PIVOT (max(close) AS high, count(close) AS n FOR symbol IN ('AAPL')) AS p ORDER BY 1"
    );
    assert_eq!(to_csv(&run(&ctx, &sql).await), "1,10.0,1\n2,11.0,1\n3,,0");
    let nulls = "SELECT * FROM (VALUES (1, 2.0, NULL)) AS w(ts, a, b) UNPIVOT INCLUDE NULLS (v FOR name IN (a, b)) ORDER BY name";
    assert_eq!(to_csv(&run(&ctx, nulls).await), "1,a,2.0\n1,b,");
}

#[tokio::test]
async fn what_pivot_cannot_do_is_said() {
    let ctx = context();
    let cases = [
        (
            "PIVOT (max(close) FOR symbol IN (ANY))",
            "PIVOT: the values after IN have to be listed",
        ),
        ("PIVOT (close FOR symbol IN ('A'))", ""),
        (
            "PIVOT (max(close) FOR symbol IN (ts))",
            "PIVOT: the values after IN must be constants, found ts",
        ),
        (
            "PIVOT (max(close) FOR symbol IN ('A', 'A'))",
            "PIVOT: two columns are named `A`",
        ),
        (
            "UNPIVOT (v FOR name IN (symbol, close))",
            "UNPIVOT: the columns must have one type, found Utf8, Float64",
        ),
    ];
    for (clause, message) in cases {
        let sql = format!("SELECT * FROM (SELECT * FROM {BARS}) {clause}");
        let error = try_run(&ctx, &sql).await.expect_err(&sql);
        let found = QlError::of(&error).map_or(String::new(), |e| e.message.clone());
        assert_eq!(found, message, "{sql}: {error}");
    }
}
