//! PostgreSQL's own client, its commands about the catalog and their content.

use crate::harness::{TestServer, code_of, run};
use quantlake::{Engine, EngineOptions};
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs psql with these commands on a server that has some tables; `None` without psql.
async fn psql(commands: &'static [&'static str]) -> Option<String> {
    let server = TestServer::trusting().await;
    let client = server.connect().await;
    client
        .simple_query(
            "CREATE TABLE bars (ts timestamp, symbol varchar, close double, volume bigint);
             INSERT INTO bars VALUES ('2024-01-02', 'AAPL', 1.5, 10), ('2024-01-03', 'AAPL', 2.5, 11);
             CREATE VIEW means AS SELECT symbol, avg(close) AS mean FROM bars GROUP BY symbol",
        )
        .await
        .expect("makes tables");
    ask(&server, commands).await
}

/// Runs psql with these commands; `None` without psql.
async fn ask(server: &TestServer, commands: &'static [&'static str]) -> Option<String> {
    if Command::new("psql").arg("--version").output().is_err() {
        eprintln!("psql is not installed; on Debian: apt-get install postgresql-client");
        return None;
    }
    let port = server.address.port().to_string();
    let call = move || {
        let mut psql = Command::new("psql")
            .args([
                "-X",
                "-h",
                "127.0.0.1",
                "-U",
                "ann",
                "-d",
                "quantlake",
                "-p",
                &port,
            ])
            .env("PGCONNECT_TIMEOUT", "10")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut script = psql.stdin.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
        writeln!(script, "{}", commands.join("\n"))?;
        drop(script);
        psql.wait_with_output()
    };
    let output = tokio::task::spawn_blocking(call)
        .await
        .expect("runs")
        .expect("psql starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{commands:?}: {errors}"
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Asserts that each part occurs, runs of blanks counting as one.
fn assert_has(text: &str, parts: &[&str]) {
    let squeezed = text
        .split(' ')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    for part in parts {
        assert!(squeezed.contains(part), "no `{part}` in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_lists_tables_and_views() {
    let Some(text) = psql(&["\\d"]).await else {
        return;
    };
    assert_has(
        &text,
        &[
            "public | bars | table | quantlake",
            "public | means | view | quantlake",
        ],
    );
    let Some(text) = psql(&["\\dt"]).await else {
        return;
    };
    assert_has(&text, &["public | bars | table"]);
    assert!(!text.contains("means"), "{text}");
    let Some(text) = psql(&["\\dv"]).await else {
        return;
    };
    assert_has(&text, &["public | means | view"]);
    assert!(!text.contains("bars"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d_table_lists_its_columns() {
    let columns = [
        "Table \"public.bars\"",
        "ts | timestamp without time zone |",
        "symbol | text |",
        "close | double precision |",
        "volume | bigint |",
    ];
    for command in [&["\\d bars"][..], &["\\d+ bars"]] {
        let Some(text) = psql(command).await else {
            return;
        };
        assert_has(&text, &columns);
    }
    let Some(text) = psql(&["\\d+ means"]).await else {
        return;
    };
    assert_has(
        &text,
        &[
            "View \"public.means\"",
            "mean | double precision",
            "View definition:",
            "avg(close)",
        ],
    );
}

/// An external table is opened when it is asked for, and its folder may have been taken away since.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_out_of_reach_hides_no_other() {
    let [folder, outside] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let csv = outside.path().join("far.csv");
    std::fs::write(&csv, "x\n1\n").expect("writes");
    let options = EngineOptions {
        allowed_paths: vec![outside.path().to_path_buf()],
        ..EngineOptions::default()
    };
    let engine = Engine::open(folder.path(), options).await.expect("engine");
    let tables = format!(
        "CREATE TABLE near (a int);
         CREATE EXTERNAL TABLE far STORED AS CSV LOCATION '{}' OPTIONS ('format.has_header' 'true');
         CREATE VIEW over_far AS SELECT x FROM far",
        csv.display()
    );
    run(&engine, &tables).await;
    engine.lake().close();
    drop(engine);

    let server = TestServer::over(folder, |options| options.trust_loopback = true).await;
    let client = server.connect().await;
    let error = client.simple_query("SELECT * FROM far").await;
    let error = error.expect_err("its folder is not allowed now");
    assert_eq!(code_of(&error), "42501");
    let Some(text) = ask(&server, &["\\d"]).await else {
        return;
    };
    assert_has(
        &text,
        &[
            "public | far | table | quantlake",
            "public | near | table | quantlake",
            "public | over_far | view | quantlake",
        ],
    );
    let Some(text) = ask(&server, &["\\d near", "\\d far"]).await else {
        return;
    };
    assert_has(&text, &["a | integer |", "Table \"public.far\""]);
    assert!(!text.contains("x |"), "its columns are unknown: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn df_shows_arguments_defaults_and_results() {
    let Some(text) = psql(&["\\df rsi"]).await else {
        return;
    };
    assert_has(
        &text,
        &[
            "public | rsi | double precision |",
            "flat double precision DEFAULT 50 | window",
        ],
    );
    let Some(text) = psql(&["\\df *macd*"]).await else {
        return;
    };
    assert_has(
        &text,
        &[
            "| macd |",
            "| macdext |",
            "fast integer DEFAULT 12",
            "signal double precision",
        ],
    );
    let Some(text) = psql(&["\\x", "\\df+ rsi"]).await else {
        return;
    };
    assert_has(&text, &["Name | rsi", "Description |", "Owner | quantlake"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_schemas_databases_and_users_are_filled() {
    let Some(text) = psql(&["\\dn", "\\l", "\\du"]).await else {
        return;
    };
    assert_has(
        &text,
        &["public | quantlake", "quantlake | quantlake | UTF", "ann |"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn conninfo_timing_expanded_and_gdesc_work() {
    let Some(text) = psql(&["\\conninfo"]).await else {
        return;
    };
    assert_has(
        &text,
        &["connected to database \"quantlake\" as user \"ann\""],
    );
    let Some(text) = psql(&["\\timing", "SELECT 1 AS one;"]).await else {
        return;
    };
    assert_has(&text, &["Timing is on.", " ms"]);
    let Some(text) = psql(&["\\x", "SELECT 1 AS one, 'b' AS two;"]).await else {
        return;
    };
    assert_has(&text, &["-[ RECORD 1 ]", "one | 1", "two | b"]);
    let Some(text) = psql(&["SELECT 1 AS one, 1.5 AS two, now() AS three \\gdesc"]).await else {
        return;
    };
    assert_has(
        &text,
        &[
            "one | bigint",
            "two | double precision",
            "three | timestamp",
        ],
    );
}

/// The queries that psql 15 sends when the user presses Tab.
#[tokio::test(flavor = "multi_thread")]
async fn completion_finds_tables_columns_and_functions() {
    let Some(text) = psql(&[
        "SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c \
         WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') AND (c.relname) LIKE 'ba%' \
         AND pg_catalog.pg_table_is_visible(c.oid) \
         AND c.relnamespace <> (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog') \
         LIMIT 1000;",
        "SELECT a.attname, NULL::pg_catalog.text FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c \
         WHERE c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped \
         AND (a.attname) LIKE 'vol%' AND c.relname = 'bars' \
         AND pg_catalog.pg_table_is_visible(c.oid) LIMIT 1000;",
        "SELECT p.proname, NULL::pg_catalog.text FROM pg_catalog.pg_proc p \
         WHERE p.prokind IN ('f', 'w') AND (p.proname) LIKE 'stochrs%' \
         AND pg_catalog.pg_function_is_visible(p.oid) LIMIT 1000;",
    ])
    .await
    else {
        return;
    };
    assert_has(&text, &["bars |", "volume |", "stochrsi |"]);
}
