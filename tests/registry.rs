//! What holds for every function, checked over the registry: no list is kept here.

#[path = "registry/series.rs"]
mod series;

use quantlake::cli::reference;
use quantlake::engine::functions::registry;
use quantlake::engine::session::Outcome;
use quantlake::{Engine, EngineOptions};
use quantlake_core::{Kind, Registry};
use quantlake_models::ModelStore;
use std::path::Path;
use std::sync::Arc;

fn all() -> Registry {
    registry(&Arc::new(ModelStore::new())).expect("no two functions share a name")
}

#[test]
fn the_reference_in_docs_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/functions.md");
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        current == reference(&all()),
        "docs/functions.md is stale: run `make docs`"
    );
}

#[test]
fn every_function_is_described() {
    for function in all().iter() {
        let spec = &function.spec;
        let name = &spec.name;
        assert!(
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
            "{name}"
        );
        assert!(
            !spec.summary.is_empty() && !spec.source.is_empty() && !spec.lookback.is_empty(),
            "{name} lacks words"
        );
        assert!(!spec.example.sql.is_empty(), "{name} has no example");
        for (i, param) in spec.params.iter().enumerate() {
            assert!(
                !param.doc.is_empty(),
                "{name}: `{}` is not described",
                param.name
            );
            assert!(
                !spec.params[..i].iter().any(|p| p.name == param.name),
                "{name}: `{}` occurs twice",
                param.name
            );
        }
    }
}

#[test]
fn talibs_functions_are_all_there() {
    let registry = all();
    let n_talib = registry
        .iter()
        .filter(|f| f.spec.source.starts_with("TA-Lib"))
        .count();
    assert!(n_talib >= 231, "{n_talib}");
    for name in [
        "rsi",
        "macd",
        "bbands",
        "cdlengulfing",
        "ta_sin",
        "supertrend",
    ] {
        assert!(registry.get(name).is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_runs_and_gives_the_printed_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = EngineOptions {
        allowed_paths: vec![root.into()],
        ..EngineOptions::default()
    };
    let engine = Engine::open(folder.path(), options)
        .await
        .expect("the engine opens");
    let session = engine.session("tester");
    let model = root.join("models/quantile_returns/quantile_returns.onnx");
    run(
        &session,
        &format!(
            "CREATE MODEL quantile_returns USING onnx FROM '{}'",
            model.display()
        ),
    )
    .await
    .expect("the model");
    let linear = root.join("models/testdata/linear2.onnx");
    run(
        &session,
        &format!(
            "CREATE MODEL linear2 USING onnx FROM '{}'",
            linear.display()
        ),
    )
    .await
    .expect("the model");
    let multi = root.join("models/testdata/multi_output.onnx");
    run(
        &session,
        &format!(
            "CREATE MODEL multi_output USING onnx FROM '{}'",
            multi.display()
        ),
    )
    .await
    .expect("the model");
    let mut wrong = Vec::new();
    for function in engine.registry().iter() {
        let example = &function.spec.example;
        match run(&session, &example.sql).await {
            Err(error) => wrong.push(format!("{}: {error}\n{}", function.spec.name, example.sql)),
            Ok(result) if result.trim() != example.result.trim() && !example.result.is_empty() => {
                wrong.push(format!(
                    "{}: printed\n{}\ngiven\n{result}",
                    function.spec.name, example.result
                ));
            }
            Ok(result) if result.trim().is_empty() && function.spec.kind != Kind::Relation => {
                wrong.push(format!("{}: no rows", function.spec.name));
            }
            Ok(result)
                if function.spec.kind == Kind::Window
                    && result.lines().all(|line| line.ends_with(',')) =>
            {
                wrong.push(format!("{}: shows no value", function.spec.name));
            }
            Ok(_) => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} examples fail:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// Rows as comma-separated values without a header, NULL empty.
async fn run(session: &quantlake::engine::session::Session, sql: &str) -> Result<String, String> {
    use futures::TryStreamExt;
    let mut text = String::new();
    for statement in session.parse(sql).map_err(|e| e.to_string())? {
        if let Outcome::Rows(rows) = session
            .execute(&statement, &[])
            .await
            .map_err(|e| e.to_string())?
        {
            let batches: Vec<_> = rows.try_collect().await.map_err(|e| e.to_string())?;
            text = quantlake::cli::csv(&batches).map_err(|e| e.to_string())?;
        }
    }
    Ok(text)
}
