//! Real drivers of other languages: the scripts in `tests/clients`, each against its own server.

use quantlake::server::{Server, ServerOptions};
use quantlake::{Engine, EngineOptions};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const USER: &str = "ann";
const PASSWORD: &str = "correct horse";

/// Runs a script under pytest with the server's address in its environment.
async fn run(script: &str) {
    let python = std::env::var("QUANTLAKE_PYTHON").unwrap_or_else(|_| {
        panic!("QUANTLAKE_PYTHON is not set: `make test` sets it; by hand, run scripts/python-env.sh and set it to .deps/venv/bin/python")
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::open(folder.path(), EngineOptions::default())
        .await
        .expect("opens");
    let operator = engine.operator_session();
    let create = format!("CREATE USER {USER} PASSWORD '{PASSWORD}'");
    for statement in operator.parse(&create).expect("parses") {
        operator.execute(&statement, &[]).await.expect("creates");
    }
    let options = ServerOptions {
        listen: "127.0.0.1:0".parse().expect("address"),
        ..ServerOptions::default()
    };
    let server = Server::bind(Arc::clone(&engine), options)
        .await
        .expect("binds");
    let port = server.local_addr().port().to_string();
    tokio::spawn(server.run(std::future::pending()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(script);
    let run = move || {
        Command::new(&python)
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .arg(&path)
            .envs([
                ("PGHOST", "127.0.0.1"),
                ("PGUSER", USER),
                ("PGDATABASE", "quantlake"),
            ])
            .envs([("PGPORT", port.as_str()), ("PGPASSWORD", PASSWORD)])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
    };
    let output = tokio::task::spawn_blocking(run)
        .await
        .expect("runs")
        .expect("python starts");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn psycopg_works() {
    run("test_psycopg.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asyncpg_works() {
    run("test_asyncpg.py").await;
}
