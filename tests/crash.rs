//! `kill -9` at any moment: what was committed stays, and nothing half-written is ever seen.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Rows of one INSERT; a count that is not a multiple of it is a torn write.
const ROWS_PER_INSERT: u64 = 1000;

fn quantlake(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quantlake"));
    command
        .arg("--quiet")
        .env("QUANTLAKE_DATA", data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn sql(data: &Path, text: &str) -> Output {
    quantlake(data)
        .args(["sql", "--format", "csv", "-c", text])
        .output()
        .expect("quantlake runs")
}

fn count(data: &Path, table: &str) -> u64 {
    let output = sql(data, &format!("SELECT count(*) AS n FROM {table}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("no count in {text:?}"))
}

/// A process that inserts for ever and prints a line after each commit.
fn start_inserting(data: &Path) -> Child {
    let mut child = quantlake(data)
        .args(["sql", "--format", "csv"])
        .spawn()
        .expect("quantlake runs");
    let mut input = child.stdin.take().expect("stdin is piped");
    let insert = format!(
        "INSERT INTO t SELECT x FROM generate_series(1, {ROWS_PER_INSERT}) AS g(x); SELECT 'done' AS state;\n"
    );
    std::thread::spawn(move || {
        for _ in 0..200 {
            if input.write_all(insert.as_bytes()).is_err() {
                return;
            }
        }
    });
    child
}

#[test]
fn killing_inserts_loses_no_committed_row_and_shows_no_half_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    assert!(sql(data, "CREATE TABLE t (x BIGINT)").status.success());
    let mut floor = 0;
    for kill_after in [1, 2, 4] {
        let mut child = start_inserting(data);
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut n_acknowledged = 0;
        for line in output.lines().map_while(Result::ok) {
            n_acknowledged += u64::from(line == "done");
            if n_acknowledged == kill_after {
                // Into the middle of the next insert.
                std::thread::sleep(Duration::from_millis(3 * kill_after));
                child.kill().expect("the process can be killed");
                break;
            }
        }
        child.wait().expect("the process ends");
        assert_eq!(n_acknowledged, kill_after, "the process ended by itself");
        let n_rows = count(data, "t");
        assert_eq!(n_rows % ROWS_PER_INSERT, 0, "a torn insert is visible");
        assert!(
            n_rows >= floor + n_acknowledged * ROWS_PER_INSERT,
            "{n_rows} rows: an acknowledged insert is lost"
        );
        floor = n_rows;
    }
}

#[test]
fn killing_an_import_leaves_the_old_table_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let source = folder.path().join("bars.csv");
    let n_rows: u64 = 200_000;
    let mut file = std::io::BufWriter::new(std::fs::File::create(&source).expect("a file"));
    writeln!(file, "date,ticker,open,high,low,close,volume").expect("writes");
    for i in 0..n_rows {
        let day = 1 + i / 86_400;
        let (h, m, s) = (i / 3600 % 24, i / 60 % 60, i % 60);
        writeln!(
            file,
            "2024-01-{day:02} {h:02}:{m:02}:{s:02},AAA,1,2,0.5,1.5,{i}"
        )
        .expect("writes");
    }
    file.into_inner().expect("writes");
    for wait_ms in [150, 400, 700, 1000] {
        let mut child = quantlake(&data)
            .args(["import", "--table", "bars", "--replace"])
            .arg(&source)
            .spawn()
            .expect("quantlake runs");
        std::thread::sleep(Duration::from_millis(wait_ms));
        // It may have finished already: then the table has to be complete.
        let _ = child.kill();
        child.wait().expect("the process ends");
        let output = sql(&data, "SELECT count(*) AS n FROM bars");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            assert_eq!(
                text.lines().nth(1),
                Some(n_rows.to_string().as_str()),
                "a half import is visible"
            );
        } else {
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(error.contains("42P01"), "{error}");
        }
    }
    let done = quantlake(&data)
        .args(["import", "--table", "bars", "--replace"])
        .arg(&source)
        .output()
        .expect("runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(count(&data, "bars"), n_rows);
}
