//! Models used, replaced and dropped by many at once.

use crate::common::{definition, failure, forecasts, load, model_file, store};
use quantlake_core::SqlState;
use quantlake_models::forecast_at::ForecastKernel;
use quantlake_models::predict::answer_rows;
use quantlake_models::{ModelDefinition, ModelStore};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn eight_threads_load_a_model_once_and_get_the_right_answers() {
    let store = store(&["linear2"]);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for i in 0..200 {
                    let x = f64::from(thread * 1000 + i);
                    let model = store.get("linear2").expect("the model loads");
                    let found = answer_rows(&model, "predict", &[&[x], &[1.0]], vec![0]);
                    assert_eq!(found.expect("the model runs").values, [2.0 * x - 2.5]);
                }
            });
        }
    });
    let rows = store.session_rows();
    let [row] = rows.as_slice() else {
        panic!("one model is loaded, not {}", rows.len());
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as i64;
    assert!((1..=cores).contains(&row.sessions), "{}", row.sessions);
    assert_eq!((row.runs, row.rows), (1600, 1600));
    assert!(row.total_ms > 0.0);
}

#[test]
fn parallel_forecasts_equal_those_of_one_thread() {
    let model = Arc::new(load("quantile_returns", &[]).expect("the model loads"));
    let kernel = ForecastKernel::of(model, 3).expect("a forecaster");
    let series = |seed: u32| -> Vec<f64> {
        (0..3000)
            .map(|i| 100.0 + f64::from((i * (seed + 7)) % 97).sin())
            .collect()
    };
    let alone: Vec<_> = (0..8)
        .map(|seed| forecasts(&kernel, &series(seed)))
        .collect();
    std::thread::scope(|scope| {
        for (seed, expected) in (0..8).zip(&alone) {
            let kernel = &kernel;
            scope.spawn(move || {
                let found = forecasts(kernel, &series(seed));
                let bits = |columns: &[Vec<f64>]| -> Vec<u64> {
                    columns.iter().flatten().map(|v| v.to_bits()).collect()
                };
                assert_eq!(bits(&found), bits(expected));
            });
        }
    });
}

#[test]
fn a_model_dropped_while_in_use_answers_to_the_end() {
    let store = store(&["linear2"]);
    let model = store.get("linear2").expect("the model loads");
    store.remove("linear2").expect("it was there");
    assert!(store.session_rows().is_empty());
    let found = answer_rows(&model, "predict", &[&[1.0], &[1.0]], vec![0]);
    assert_eq!(found.expect("the model runs").values, [-0.5]);
    let freed = Arc::downgrade(&model);
    drop(model);
    assert!(
        freed.upgrade().is_none(),
        "its sessions are closed with the last user"
    );
    assert_eq!(failure(store.get("linear2")).0, SqlState::UndefinedObject);
}

#[test]
fn an_unknown_model_is_answered_with_the_known_ones() {
    let store = store(&["linear2", "named_inputs"]);
    assert_eq!(
        failure(store.get("linear3")),
        (
            SqlState::UndefinedObject,
            "model `linear3` does not exist; there are linear2, named_inputs".into()
        )
    );
    assert_eq!(
        failure(ModelStore::new().remove("m")).1,
        "model `m` does not exist; there are none"
    );
}

#[test]
fn a_name_is_given_once_unless_it_is_replaced() {
    let store = ModelStore::new();
    let describe = |version, file| {
        ModelDefinition::from_file("m", version, &model_file(file), BTreeMap::new())
            .expect("the file is there")
    };
    store
        .create(describe(1, "linear2"), false)
        .expect("the name is free");
    let (state, message) = failure(store.create(describe(2, "named_inputs"), false));
    assert_eq!(state, SqlState::DuplicateObject);
    assert_eq!(message, "model `m` exists already");
    store
        .create(describe(2, "named_inputs"), true)
        .expect("replaced");
    assert_eq!(store.list().len(), 1);
    assert_eq!(store.definition("m").map(|d| d.version), Some(2));
    let inputs = store.get("m").map(|m| m.inputs().len());
    assert_eq!(inputs, Ok(2));
}

#[test]
fn a_bad_file_does_not_replace_a_good_model() {
    let store = store(&["linear2"]);
    let bad = ModelDefinition::from_file("linear2", 2, &model_file("wrong_type"), BTreeMap::new())
        .expect("the file is there");
    failure(store.create(bad, true));
    assert_eq!(store.definition("linear2").map(|d| d.version), Some(1));
}

#[test]
fn restoring_a_model_does_not_touch_its_file() {
    let store = ModelStore::new();
    let gone = ModelDefinition {
        path: "/nowhere/m.onnx".into(),
        ..definition("linear2", &[]).expect("the file is there")
    };
    store.restore(gone).expect("the name is free");
    assert!(store.session_rows().is_empty());
    let (state, message) = failure(store.get("linear2"));
    assert_eq!(state, SqlState::UndefinedFile);
    assert!(
        message.starts_with("model `linear2`: cannot read the file `m.onnx`: "),
        "{message}"
    );
}

#[test]
fn idle_models_are_unloaded_and_come_back() {
    let store = store(&["linear2"]);
    let model = store.get("linear2").expect("the model loads");
    assert_eq!(store.unload_idle(Duration::ZERO), 0, "somebody holds it");
    drop(model);
    assert_eq!(
        store.unload_idle(Duration::from_secs(3600)),
        0,
        "it was used just now"
    );
    assert_eq!(store.unload_idle(Duration::ZERO), 1);
    assert!(store.session_rows().is_empty());
    store.get("linear2").expect("it loads again");
}

#[test]
fn the_session_says_where_it_runs_and_why() {
    let store = store(&["quantile_returns"]);
    let model = store.get("quantile_returns").expect("the model loads");
    assert_eq!(model.train_end(), Some("2006-12-31"));
    let rows = store.session_rows();
    let row = rows.first().expect("one model is loaded");
    assert_eq!((row.model.as_str(), row.version), ("quantile_returns", 1));
    match row.device.as_str() {
        "cpu" => {
            assert_eq!(row.execution_provider, "CPUExecutionProvider");
            assert!(
                row.fallback_reason
                    .as_ref()
                    .is_some_and(|reason| !reason.is_empty())
            );
        }
        device => {
            assert_eq!(
                (device, row.execution_provider.as_str()),
                ("cuda", "CUDAExecutionProvider")
            );
            assert_eq!(row.fallback_reason, None);
        }
    }
    assert!(
        row.library_path.starts_with("libonnxruntime"),
        "{}",
        row.library_path
    );
    assert!(!row.library_path.contains('/'));
    assert!(row.loaded_at > 1_700_000_000_000_000);
}

#[test]
fn a_model_told_to_run_on_the_cpu_has_nothing_to_excuse() {
    let store = ModelStore::new();
    let definition = definition("linear2", &[("device", "cpu")]).expect("the file is there");
    store.create(definition, false).expect("the model loads");
    let row = store.session_rows().remove(0);
    assert_eq!((row.device.as_str(), row.fallback_reason), ("cpu", None));
}

#[test]
fn cuda_is_had_or_refused_but_never_replaced() {
    let store = ModelStore::new();
    let definition = definition("linear2", &[("device", "cuda")]).expect("the file is there");
    match store.create(definition, false) {
        Ok(_) => assert_eq!(store.session_rows().remove(0).device, "cuda"),
        Err(error) => {
            assert_eq!(error.state, SqlState::ObjectNotInState);
            let start = "model `linear2`: `device` is 'cuda', and CUDA cannot be had: ";
            assert!(error.message.starts_with(start), "{error}");
        }
    }
}

#[test]
fn a_run_without_end_is_ended_and_the_model_lives_on() {
    let model = load("endless", &[("timeout_ms", "200"), ("device", "cpu")]).expect("it loads");
    let started = Instant::now();
    for _ in 0..2 {
        assert_eq!(
            failure(answer_rows(&model, "predict", &[&[1.0]], vec![0])),
            (
                SqlState::QueryCanceled,
                "model `endless`: a run was ended after 200 ms".into()
            )
        );
    }
    // Two bounds of 200 ms; the rest is for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(20));
}
