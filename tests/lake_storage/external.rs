use crate::db::{Db, sample};
use quantlake_core::SqlState;

#[tokio::test]
async fn files_are_read_where_they_lie_also_after_a_restart() {
    let db = Db::new();
    let csv = db.file("a.csv", "x,y\n1,one\n2,two\n");
    db.sql(&format!("CREATE EXTERNAL TABLE a STORED AS CSV LOCATION '{csv}' OPTIONS ('format.has_header' 'true')")).await;
    std::fs::copy(sample("us5_daily.parquet"), db.path("bars.parquet")).unwrap();
    db.sql(&format!(
        "CREATE EXTERNAL TABLE bars STORED AS PARQUET LOCATION '{}'",
        db.path("bars.parquet").display()
    ))
    .await;
    let json = db.file("n.json", "{\"n\": 5}\n{\"n\": 6}\n");
    db.sql(&format!(
        "CREATE EXTERNAL TABLE n STORED AS JSON LOCATION '{json}'"
    ))
    .await;
    let db = db.restart();
    assert_eq!(db.sql("SELECT y FROM a ORDER BY x").await, "one\ntwo");
    assert_eq!(db.sql("SELECT count(*) FROM bars").await, "12154");
    assert_eq!(db.sql("SELECT sum(n) FROM n").await, "11");
    db.sql("DROP TABLE a").await;
    assert!(db.try_sql("SELECT * FROM a").await.is_err());
    assert!(
        std::path::Path::new(&csv).exists(),
        "dropping the table keeps the file"
    );
}

#[tokio::test]
async fn hive_folders_become_columns_and_the_declared_order_is_kept() {
    let db = Db::new();
    db.file("h/year=2023/a.csv", "ts,x\n2023-01-01,1\n2023-01-02,2\n");
    db.file("h/year=2024/a.csv", "ts,x\n2024-01-01,3\n");
    let folder = db.path("h/").display().to_string();
    db.sql(&format!(
        "CREATE EXTERNAL TABLE h (ts TEXT, x INT, year INT) STORED AS CSV PARTITIONED BY (year)
         WITH ORDER (ts ASC NULLS LAST) LOCATION '{folder}/' OPTIONS ('format.has_header' 'true')"
    ))
    .await;
    check_hive(&db).await;
    check_hive(&db.restart()).await;
}

async fn check_hive(db: &Db) {
    assert_eq!(db.sql("SELECT sum(x) FROM h WHERE year = 2023").await, "3");
    assert_eq!(
        db.sql("SELECT ts, x FROM h ORDER BY ts").await,
        "2023-01-01,1\n2023-01-02,2\n2024-01-01,3"
    );
    let plan = db.explain("SELECT ts, x FROM h ORDER BY ts").await;
    assert!(!plan.contains("SortExec"), "{plan}");
}

#[tokio::test]
async fn file_that_is_gone_is_an_error_of_the_query_not_of_the_start() {
    let db = Db::new();
    let csv = db.file("a.csv", "x\n1\n");
    db.sql(&format!("CREATE EXTERNAL TABLE a STORED AS CSV LOCATION '{csv}' OPTIONS ('format.has_header' 'true')")).await;
    assert_eq!(db.sql("SELECT x FROM a").await, "1");
    std::fs::remove_file(&csv).unwrap();
    let db = db.restart();
    let error = db.error("SELECT * FROM a").await;
    assert_eq!(error.state, SqlState::UndefinedFile);
    assert!(
        error.message.starts_with("public.a: `"),
        "{}",
        error.message
    );
    db.sql("DROP TABLE a").await;
}

#[tokio::test]
async fn files_outside_the_allowed_folders_and_unknown_stores_are_refused() {
    let db = Db::new();
    let error = db
        .error("CREATE EXTERNAL TABLE p STORED AS CSV LOCATION '/etc/passwd'")
        .await;
    assert_eq!(error.state, SqlState::InsufficientPrivilege);
    assert!(
        error.message.contains("outside the allowed folders: /"),
        "{}",
        error.message
    );
    let error = db
        .error("CREATE EXTERNAL TABLE p STORED AS PARQUET LOCATION 's3://bucket/x.parquet'")
        .await;
    assert_eq!(error.state, SqlState::FeatureNotSupported);
    let missing = db.path("nothing.parquet").display().to_string();
    let error = db
        .error(&format!(
            "CREATE EXTERNAL TABLE p STORED AS PARQUET LOCATION '{missing}'"
        ))
        .await;
    assert_eq!(error.state, SqlState::UndefinedFile);
}

#[tokio::test]
async fn damaged_file_is_refused_when_the_table_is_made() {
    let db = Db::new();
    let path = db.file("bad.parquet", "this is not parquet at all");
    assert!(
        db.try_sql(&format!(
            "CREATE EXTERNAL TABLE p STORED AS PARQUET LOCATION '{path}'"
        ))
        .await
        .is_err()
    );
    assert!(db.try_sql("SELECT * FROM p").await.is_err());
}

#[tokio::test]
async fn new_file_in_a_folder_is_seen() {
    let db = Db::new();
    db.file("f/1.csv", "x\n1\n");
    let folder = db.path("f").display().to_string();
    db.sql(&format!("CREATE EXTERNAL TABLE f STORED AS CSV LOCATION '{folder}/' OPTIONS ('format.has_header' 'true')")).await;
    assert_eq!(db.sql("SELECT count(*) FROM f").await, "1");
    db.file("f/2.csv", "x\n2\n");
    assert_eq!(db.sql("SELECT count(*) FROM f").await, "2");
}
