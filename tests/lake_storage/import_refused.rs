//! Files and requests that an import refuses, leaving nothing.

use crate::db::{Db, options, sample};
use quantlake::lake::ImportMode;
use quantlake_core::{QlError, SqlState};

pub const HEADER: &str = "date,open,high,low,close,volume\n";

pub fn days(n: u32) -> String {
    (1..=n)
        .map(|d| format!("2020-01-{d:02},1,2,0.5,1.5,100\n"))
        .collect()
}

pub async fn refusal(db: &Db, file: &str) -> QlError {
    let error = db.import_file(file, "t").await.unwrap_err();
    assert!(
        db.try_sql("SELECT * FROM t").await.is_err(),
        "nothing may be left"
    );
    crate::db::shown(&error)
}

#[tokio::test]
async fn bad_files_are_refused_with_row_and_reason() {
    let db = Db::new();
    let cases = [
        (
            db.file("cut.csv", format!("{HEADER}{}2020-01-10,1,2", days(9))),
            "cut.csv: line 11: expected 6 columns, found 3",
        ),
        (
            db.file(
                "middle.csv",
                format!("{HEADER}{}2020-01-10,1\n{}", days(4), days(9)),
            ),
            "middle.csv: line 6: expected 6 columns, found 2",
        ),
        (
            db.file(
                "text.csv",
                format!("{HEADER}{}2020-01-10,1,2,0.5,abc,100\n", days(9)),
            ),
            "text.csv: row 10: column `close`: \"abc\" is not a number",
        ),
        (
            db.file(
                "date.csv",
                format!("{HEADER}{}2020-13-45,1,2,0.5,1,100\n", days(9)),
            ),
            "date.csv: row 10: column `ts`: \"2020-13-45\" is not a time",
        ),
        (
            db.file("nots.csv", format!("{HEADER}{},1,2,0.5,1,100\n", days(2))),
            "nots.csv: row 3: column `ts` is empty",
        ),
        (
            db.file(
                "quote.csv",
                "ts,symbol,headline\n2020-01-01,A,\"not closed\n",
            ),
            "quote.csv: line 2: a quoted value is not closed",
        ),
        (
            db.file("latin.csv", b"ts,symbol,headline\n2020-01-01,A,caf\xe9\n"),
            "latin.csv: line 2: the text is not UTF-8",
        ),
        (db.file("nothing.csv", ""), "nothing.csv: the file is empty"),
        (
            db.file("bad.parquet", "hello, I am a text and no parquet"),
            "bad.parquet: No magic bytes found at end of file",
        ),
        (
            db.file(
                "bad.json",
                "{\"ts\": \"2020-01-01\", \"close\": 1}\n{\"ts\": ",
            ),
            "bad.json: Malformed JSON",
        ),
        (
            db.file("text.json", "{\"ts\": \"2020-01-01\", \"close\": \"x\"}\n"),
            "text.json: row 1: column `close`: \"x\" is not a number",
        ),
    ];
    for (file, message) in cases {
        let error = refusal(&db, &file).await;
        assert_eq!(error.state, SqlState::BadFileFormat, "{}", error.message);
        assert!(
            error.message.starts_with(message),
            "{} instead of {message}",
            error.message
        );
    }
    let log = db.lake.ledger().imports().unwrap();
    assert!(
        log.iter().all(|i| i.status.starts_with("failed: ")),
        "{log:?}"
    );
    assert_eq!(
        std::fs::read_dir(db.lake.dir().join("tmp"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn damaged_pages_of_parquet_are_refused() {
    let db = Db::new();
    let whole = std::fs::read(sample("us5_daily.parquet")).unwrap();
    let half = db.file("half.parquet", &whole[..whole.len() / 2]);
    assert_eq!(refusal(&db, &half).await.state, SqlState::BadFileFormat);
    let mut flipped = whole;
    flipped[20_000..20_400].iter_mut().for_each(|b| *b ^= 0x5a);
    let flipped = db.file("flipped.parquet", flipped);
    assert_eq!(refusal(&db, &flipped).await.state, SqlState::BadFileFormat);
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let db = Db::new();
    let csv = db.file("A.csv", format!("{HEADER}{}", days(3)));
    assert_eq!(
        refusal(&db, "/nowhere/at/all.csv").await.state,
        SqlState::UndefinedFile
    );
    let mut mapped = options(&csv, "t");
    mapped.mapping = vec![("px".into(), "close".into())];
    let error = crate::db::shown(&db.import(mapped).await.unwrap_err());
    assert_eq!(error.state, SqlState::UndefinedColumn);
    assert_eq!(
        error.message,
        "import: there is no column `px`, found date, open, high, low, close, volume"
    );
    let mut append = options(&csv, "t");
    append.mode = ImportMode::Append;
    assert_eq!(
        crate::db::shown(&db.import(append).await.unwrap_err()).state,
        SqlState::UndefinedTable
    );
    db.import_file(&csv, "t").await.unwrap();
    let error = crate::db::shown(&db.import_file(&csv, "t").await.unwrap_err());
    assert_eq!(error.state, SqlState::DuplicateTable);
    assert_eq!(error.hint.unwrap(), "Import with --append or --replace");
    assert_eq!(
        crate::db::shown(&db.import_file(&csv, "nowhere.t").await.unwrap_err()).state,
        SqlState::UndefinedObject
    );
}
