use crate::db::Db;
use quantlake_core::SqlState;

#[tokio::test]
async fn view_shows_what_its_table_holds_now() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    db.sql("CREATE VIEW doubled (y) AS SELECT x * 2 FROM t")
        .await;
    db.sql("CREATE VIEW total AS SELECT sum(y) AS s FROM doubled")
        .await;
    db.sql("INSERT INTO t VALUES (10)").await;
    assert_eq!(db.sql("SELECT s FROM total").await, "22");
    let db = db.restart();
    assert_eq!(db.sql("SELECT y FROM doubled ORDER BY y").await, "2\n20");
    assert_eq!(
        db.sql("SELECT table_type FROM information_schema.tables WHERE table_name = 'total'")
            .await,
        "VIEW"
    );
}

#[tokio::test]
async fn view_is_replaced_only_when_asked() {
    let db = Db::new();
    db.sql("CREATE VIEW v AS SELECT 1 AS x").await;
    assert_eq!(
        db.error("CREATE VIEW v AS SELECT 2 AS x").await.state,
        SqlState::DuplicateTable
    );
    db.sql("CREATE OR REPLACE VIEW v AS SELECT 2 AS x").await;
    assert_eq!(db.sql("SELECT x FROM v").await, "2");
}

#[tokio::test]
async fn view_cannot_come_to_read_itself() {
    let db = Db::new();
    db.sql("CREATE VIEW a AS SELECT 1 AS x").await;
    db.sql("CREATE VIEW b AS SELECT x FROM a").await;
    db.sql("CREATE VIEW c AS SELECT x FROM b").await;
    for sql in [
        "CREATE OR REPLACE VIEW a AS SELECT x FROM c",
        "CREATE OR REPLACE VIEW a AS SELECT x FROM a",
    ] {
        assert_eq!(
            db.error(sql).await.state,
            SqlState::InvalidStatement,
            "{sql}"
        );
    }
    assert_eq!(
        db.error("DROP VIEW b").await.state,
        SqlState::ObjectNotInState
    );
}

#[tokio::test]
async fn view_of_a_missing_table_is_refused() {
    let db = Db::new();
    assert!(
        db.try_sql("CREATE VIEW v AS SELECT * FROM nothing")
            .await
            .is_err()
    );
    assert!(db.try_sql("SELECT * FROM v").await.is_err());
}
