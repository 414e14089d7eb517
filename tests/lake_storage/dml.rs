use crate::db::Db;
use quantlake_core::SqlState;

#[tokio::test]
async fn rows_are_inserted_changed_and_deleted() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x INT, y TEXT)").await;
    assert_eq!(
        db.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
            .await,
        "3"
    );
    assert_eq!(db.sql("INSERT INTO t (y) VALUES ('only y')").await, "1");
    assert_eq!(db.sql("INSERT INTO t SELECT x + 10, y FROM t").await, "4");
    assert_eq!(db.sql("UPDATE t SET y = upper(y) WHERE x < 3").await, "2");
    assert_eq!(db.sql("DELETE FROM t WHERE x > 11").await, "2");
    let expected = "1,A\n2,B\n3,c\n11,a\n,only y\n,only y";
    assert_eq!(db.sql("SELECT x, y FROM t ORDER BY x, y").await, expected);
    assert_eq!(db.sql("DELETE FROM t").await, "6");
    assert_eq!(db.sql("SELECT count(*) FROM t").await, "0");
    assert_eq!(db.sql("INSERT INTO t SELECT 1, 'x' WHERE false").await, "0");
}

#[tokio::test]
async fn insert_from_the_same_table_sees_the_rows_before_it() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT * FROM generate_series(1, 1000) AS g(x)")
        .await;
    for n_rows in [1000, 2000, 4000] {
        assert_eq!(
            db.sql("INSERT INTO t SELECT x FROM t").await,
            n_rows.to_string()
        );
    }
    assert_eq!(
        db.sql("SELECT count(*), sum(x) FROM t").await,
        "8000,4004000"
    );
}

#[tokio::test]
async fn insert_that_fails_midway_leaves_nothing() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x BIGINT)").await;
    // The last of 100000 rows divides by zero, long after the first batches were written.
    let sql = "INSERT INTO t SELECT 1 / (100000 - x) FROM generate_series(1, 100000) AS g(x)";
    db.error(sql).await;
    assert_eq!(db.sql("SELECT count(*) FROM t").await, "0");
    let db = db.restart();
    assert_eq!(db.sql("SELECT count(*) FROM t").await, "0");
}

#[tokio::test]
async fn writers_side_by_side_lose_no_row() {
    let db = Db::new();
    db.sql("CREATE TABLE t (who INT, x BIGINT)").await;
    let tasks: Vec<_> = (0..6)
        .map(|who| {
            let db = db.other_session();
            tokio::spawn(async move {
                for _ in 0..3 {
                    db.sql(&format!(
                        "INSERT INTO t SELECT {who}, x FROM generate_series(1, 100) AS g(x)"
                    ))
                    .await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        db.sql("SELECT count(*), count(DISTINCT who) FROM t").await,
        "1800,6"
    );
}

#[tokio::test]
async fn one_of_two_updates_of_the_same_rows_is_told_to_retry() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    let plan = |sql: &'static str| {
        let ctx = db.ctx.clone();
        async move {
            ctx.sql(sql)
                .await
                .unwrap()
                .create_physical_plan()
                .await
                .unwrap()
        }
    };
    let (first, second) = (
        plan("UPDATE t SET x = 2").await,
        plan("UPDATE t SET x = 3").await,
    );
    datafusion::physical_plan::collect(first, db.ctx.task_ctx())
        .await
        .unwrap();
    let error = datafusion::physical_plan::collect(second, db.ctx.task_ctx())
        .await
        .unwrap_err();
    let error = crate::db::shown(&error);
    assert_eq!(error.state, SqlState::SerializationFailure);
    assert_eq!(error.hint.unwrap(), "Run the statement again");
    assert_eq!(db.sql("SELECT x FROM t").await, "2");
}

#[tokio::test]
async fn insert_into_a_table_that_was_replaced_is_told_to_retry() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x INT)").await;
    let plan = db
        .ctx
        .sql("INSERT INTO t VALUES (1)")
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    db.sql("DROP TABLE t").await;
    db.sql("CREATE TABLE t (x INT, y INT)").await;
    let error = datafusion::physical_plan::collect(plan, db.ctx.task_ctx())
        .await
        .unwrap_err();
    assert_eq!(
        crate::db::shown(&error).state,
        SqlState::SerializationFailure
    );
    assert_eq!(db.sql("SELECT count(*) FROM t").await, "0");
}

#[tokio::test]
async fn update_reads_the_old_values_of_the_row() {
    let db = Db::new();
    db.sql("CREATE TABLE t (a INT, b INT)").await;
    db.sql("INSERT INTO t VALUES (1, 10), (2, 20)").await;
    db.sql("UPDATE t SET a = b, b = a WHERE a = 1").await;
    assert_eq!(db.sql("SELECT a, b FROM t ORDER BY a").await, "2,20\n10,1");
}

#[tokio::test]
async fn missing_value_in_a_column_that_must_have_one_is_refused() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x INT NOT NULL)").await;
    db.error("INSERT INTO t VALUES (NULL)").await;
    assert_eq!(db.sql("SELECT count(*) FROM t").await, "0");
}
