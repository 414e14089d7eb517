//! The views under `sql/` against the values of independent programs, made by the scripts of the
//! same names in `tests/golden/`.
//!
//! `NAME.parquet` has some rows with all their values; `NAME.csv` has for each column how many rows
//! have a value, their sum and the sum of their magnitudes, over all rows.

use datafusion::arrow::array::{Array, AsArray, Float64Array, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type, Schema};
use futures::TryStreamExt;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Values are equal when they differ by no more than this share of the expected one ...
const RELATIVE: f64 = 1e-9;
/// ... or by what rounding leaves of a difference that is 0.
const ABSOLUTE: f64 = 1e-12;

/// A view, and the bars that its expected values were computed from.
struct Case {
    view: &'static str,
    /// Relative to the root.
    bars: &'static str,
    first_day: &'static str,
    /// A day with some bars after it.
    late_day: &'static str,
}

const fn over_panel(view: &'static str) -> Case {
    Case {
        view,
        bars: "tests/golden/alphas/panel.parquet",
        first_day: "2020-01-01",
        late_day: "2021-03-09",
    }
}

const fn over_stocks(view: &'static str) -> Case {
    Case {
        view,
        bars: "data/us5_daily.parquet",
        first_day: "2011-06-01",
        late_day: "2013-02-14",
    }
}

const CASES: [Case; 4] = [
    over_panel("alpha101"),
    over_panel("alpha101_industry"),
    over_stocks("alpha158"),
    over_stocks("features60"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of expected values.
fn golden(name: &str) -> PathBuf {
    root().join("tests/golden/alphas").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A fresh database in which the view of a case is installed.
struct Database {
    session: Arc<Session>,
    _folder: tempfile::TempDir,
}

impl Database {
    async fn of(case: &Case) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = EngineOptions {
            allowed_paths: vec![root().into()],
            ..EngineOptions::default()
        };
        let engine = Engine::open(folder.path(), options)
            .await
            .expect("the engine opens");
        let database = Self {
            session: engine.session("tester"),
            _folder: folder,
        };
        let bars = root().join(case.bars);
        let expected = golden(case.view).with_extension("parquet");
        let industries = golden("industries.csv");
        database
            .query(&format!(
                "CREATE EXTERNAL TABLE source STORED AS PARQUET LOCATION '{}';
                 CREATE EXTERNAL TABLE expected STORED AS PARQUET LOCATION '{}';
                 CREATE EXTERNAL TABLE industries STORED AS CSV LOCATION '{}'
                     OPTIONS ('format.has_header' 'true')",
                bars.display(),
                expected.display(),
                industries.display()
            ))
            .await;
        database
            .give_bars(&format!("ts >= '{}'", case.first_day))
            .await;
        let view = root().join("sql").join(case.view).with_extension("sql");
        database.query(&read(&view)).await;
        database
    }

    async fn give_bars(&self, condition: &str) {
        self.query(&format!(
            "CREATE OR REPLACE VIEW bars AS
             SELECT symbol, ts, open, high, low, close, volume FROM source WHERE {condition}"
        ))
        .await;
    }

    /// The rows of the last statement.
    async fn query(&self, sql: &str) -> RecordBatch {
        let mut last = RecordBatch::new_empty(Schema::empty().into());
        for statement in self.session.parse(sql).expect("it parses") {
            let outcome = self.session.execute(&statement, &[]).await;
            if let Outcome::Rows(rows) = outcome.unwrap_or_else(|e| panic!("{e}\n{sql}")) {
                let schema = rows.schema();
                let batches: Vec<_> = rows.try_collect().await.expect("the rows");
                last = concat_batches(&schema, &batches).expect("one batch");
            }
        }
        last
    }
}

fn numbers(column: &dyn Array) -> Float64Array {
    let numbers = cast(column, &DataType::Float64).expect("numbers");
    numbers.as_primitive::<Float64Type>().clone()
}

fn is_near(found: f64, expected: f64, magnitude: f64) -> bool {
    (found - expected).abs() <= RELATIVE * magnitude.abs() + ABSOLUTE
}

/// What differs between two tables of the same rows, whose columns may be in different order.
fn differences(found: &RecordBatch, expected: &RecordBatch) -> Vec<String> {
    let mut wrong = Vec::new();
    for (field, column) in expected
        .schema_ref()
        .fields()
        .iter()
        .zip(expected.columns())
    {
        let name = field.name();
        if name == "symbol" || name == "ts" {
            continue;
        }
        let Some(other) = found.column_by_name(name) else {
            wrong.push(format!("no column {name}"));
            continue;
        };
        for (row, (a, b)) in numbers(other).iter().zip(&numbers(column)).enumerate() {
            // The scripts write NaN for what is unknown.
            let b = b.filter(|v| v.is_finite());
            let is_equal = match (a, b) {
                (Some(a), Some(b)) => is_near(a, b, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            if !is_equal {
                wrong.push(format!("{name}, row {row}: found {a:?}, expected {b:?}"));
            }
        }
    }
    wrong
}

fn assert_none(wrong: &[String], what: &str) {
    let n_wrong = wrong.len();
    let shown = wrong[..n_wrong.min(20)].join("\n");
    assert!(wrong.is_empty(), "{what}: {n_wrong} differences\n{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_have_the_values_of_the_originals() {
    for case in &CASES {
        let database = Database::of(case).await;
        let found = database
            .query(&format!(
                "SELECT v.* FROM {} v JOIN expected e ON v.symbol = e.symbol AND v.ts = e.ts
                 ORDER BY v.symbol, v.ts",
                case.view
            ))
            .await;
        let expected = database
            .query("SELECT * FROM expected ORDER BY symbol, ts")
            .await;
        assert!(expected.num_rows() > 0, "{}", case.view);
        assert_eq!(found.num_rows(), expected.num_rows(), "{}", case.view);
        assert_eq!(found.num_columns(), expected.num_columns(), "{}", case.view);
        assert_none(&differences(&found, &expected), case.view);
    }
}

/// Count, sum and sum of magnitudes of a column, or what differs.
fn wrong_sums(name: &str, found: &[f64], expected: &[f64]) -> Option<String> {
    let magnitude = expected[2];
    let is_right = found[0] == expected[0]
        && is_near(found[1], expected[1], magnitude)
        && is_near(found[2], expected[2], magnitude);
    (!is_right).then(|| format!("{name}: found {found:?}, expected {expected:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_over_all_rows_are_those_of_the_originals() {
    for case in &CASES {
        let database = Database::of(case).await;
        let text = read(&golden(case.view).with_extension("csv"));
        let lines: Vec<(&str, Vec<f64>)> = text
            .lines()
            .skip(2)
            .filter_map(|line| line.split_once(','))
            .map(|(name, rest)| {
                (
                    name,
                    rest.split(',')
                        .map(|v| v.parse().expect("a number"))
                        .collect(),
                )
            })
            .collect();
        let selected: Vec<String> = lines
            .iter()
            .map(|(name, _)| format!("count({name}), sum({name}), sum(abs({name}))"))
            .collect();
        let sums = database
            .query(&format!(
                "SELECT {} FROM {}",
                selected.join(", "),
                case.view
            ))
            .await;
        let found: Vec<f64> = sums.columns().iter().map(|c| numbers(c).value(0)).collect();
        let wrong: Vec<String> = lines
            .iter()
            .zip(found.chunks(3))
            .filter_map(|((name, expected), found)| wrong_sums(name, found, expected))
            .collect();
        assert!(!lines.is_empty() && found.len() == 3 * lines.len());
        assert_none(&wrong, case.view);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_view_looks_ahead() {
    for case in &CASES {
        let database = Database::of(case).await;
        let late = format!(
            "SELECT * FROM {} WHERE ts = '{}' ORDER BY symbol",
            case.view, case.late_day
        );
        let with_future = database.query(&late).await;
        let until = format!("ts >= '{}' AND ts <= '{}'", case.first_day, case.late_day);
        database.give_bars(&until).await;
        let without = database.query(&late).await;
        assert!(without.num_rows() > 0, "{}", case.view);
        assert_eq!(without.num_rows(), with_future.num_rows(), "{}", case.view);
        assert_none(&differences(&with_future, &without), case.view);
    }
}

#[test]
fn the_files_are_what_the_generator_prints() {
    let output = Command::new("python3")
        .arg(root().join("scripts/alphas/generate.py"))
        .arg("--check")
        .output()
        .expect("python3 runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
}
