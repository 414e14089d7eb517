//! Files and options that are no models: a clear error with a SQLSTATE, never a panic.

use crate::common::{definition, failure, load, model_file};
use proptest::prelude::*;
use quantlake_core::{QlError, SqlState};
use quantlake_models::forecast_at::ForecastKernel;
use quantlake_models::predict::answer_rows;
use quantlake_models::{ForecastContract, Model, ModelDefinition};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn load_file(path: &Path) -> Result<Model, QlError> {
    let definition = ModelDefinition::from_file("m", 1, path, BTreeMap::new())?;
    Model::load(&definition)
}

fn load_bytes(bytes: &[u8]) -> Result<Model, QlError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, bytes).expect("the folder is writable");
    load_file(&path)
}

#[test]
fn a_missing_file_is_named() {
    let (state, message) = failure(load_file(Path::new("/nowhere/m.onnx")));
    assert_eq!(state, SqlState::UndefinedFile);
    assert!(
        message.starts_with("model `m`: cannot read the file `/nowhere/m.onnx`: "),
        "{message}"
    );
}

#[test]
fn a_folder_is_no_model() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (state, message) = failure(load_file(folder.path()));
    assert_eq!(state, SqlState::InvalidParameter);
    assert!(
        message.ends_with("must be an ONNX file, found a folder"),
        "{message}"
    );
}

#[test]
fn an_empty_file_is_no_model() {
    let (state, message) = failure(load_bytes(b""));
    assert_eq!(state, SqlState::BadFileFormat);
    assert!(
        message.ends_with("must be an ONNX file, found an empty file"),
        "{message}"
    );
}

#[test]
fn every_truncation_of_a_model_is_refused() {
    let whole = std::fs::read(model_file("linear2")).expect("the file is there");
    for length in 1..whole.len() {
        let (state, message) = failure(load_bytes(&whole[..length]));
        assert_eq!(state, SqlState::BadFileFormat, "{length}: {message}");
    }
    let large = std::fs::read(model_file("quantile_returns")).expect("the file is there");
    let (state, _) = failure(load_bytes(&large[..large.len() / 2]));
    assert_eq!(state, SqlState::BadFileFormat);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 1..400)) {
        prop_assert_eq!(failure(load_bytes(&bytes)).0, SqlState::BadFileFormat);
    }

    #[test]
    fn a_damaged_model_is_refused_or_runs(position in 0usize..150, byte in any::<u8>()) {
        let mut bytes = std::fs::read(model_file("linear2")).expect("the file is there");
        let at = position % bytes.len();
        bytes[at] = byte;
        if let Ok(model) = load_bytes(&bytes) {
            // Whatever it computes now, it must not take the process down.
            let _ = answer_rows(&model, "predict", &[&[1.0], &[2.0]], vec![0]);
        }
    }
}

#[test]
fn a_text_input_is_refused() {
    assert_eq!(
        failure(load("wrong_type", &[])),
        (
            SqlState::InvalidParameter,
            "model `wrong_type`: its inputs must be float32, float64, int32, int64 or bool, \
             found x string[?, 1]"
                .into()
        )
    );
}

#[test]
fn weights_in_another_file_are_refused() {
    let (state, message) = failure(load("external", &[]));
    assert_eq!(state, SqlState::BadFileFormat);
    assert!(message.contains("External data"), "{message}");
}

#[test]
fn an_operator_that_nobody_has_is_refused() {
    let (state, message) = failure(load("unknown_operator", &[]));
    assert_eq!(state, SqlState::BadFileFormat);
    assert!(message.contains("Prophesy"), "{message}");
}

#[test]
fn a_file_that_changed_since_it_was_described_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("m.onnx");
    std::fs::copy(model_file("linear2"), &path).expect("the folder is writable");
    let definition =
        ModelDefinition::from_file("m", 1, &path, BTreeMap::new()).expect("the file is there");
    std::fs::copy(model_file("named_inputs"), &path).expect("the folder is writable");
    let (state, message) = failure(Model::load(&definition));
    assert_eq!(state, SqlState::BadFileFormat);
    assert!(
        message.starts_with("model `m`: the file has changed, its SHA-256 must be "),
        "{message}"
    );
}

#[test]
fn a_definition_survives_the_ledger() {
    let definition = definition("linear2", &[("device", "cpu")]).expect("the file is there");
    let text = serde_json::to_string(&definition).expect("it serialises");
    let back: ModelDefinition = serde_json::from_str(&text).expect("it deserialises");
    assert_eq!(back, definition);
    assert_eq!(back.sha256.len(), 64);
}

#[test]
fn an_output_has_to_exist_and_to_hold_numbers() {
    assert_eq!(
        failure(load("multi_output", &[("output", "pairs")])),
        (
            SqlState::InvalidParameter,
            "model `multi_output`: `output` must be one of its outputs: total float32[?, 1], \
             pair float32[?, 2], found pairs"
                .into()
        )
    );
}

#[test]
fn an_output_without_a_row_per_row_is_refused() {
    let model = load("squeezed", &[]).expect("the model loads");
    let rows = [1.0, 2.0, 3.0];
    assert_eq!(
        failure(answer_rows(
            &model,
            "predict",
            &[&rows, &rows],
            vec![0, 1, 2]
        )),
        (
            SqlState::InvalidParameter,
            "model `squeezed`: its output `y` must have one row of values per input row, \
             found the shape [1] for 3 rows"
                .into()
        )
    );
}

#[test]
fn a_fraction_for_an_integer_input_is_an_error() {
    let model = load("whole", &[]).expect("the model loads");
    assert_eq!(
        failure(answer_rows(&model, "predict", &[&[1.0], &[0.5]], vec![0])),
        (
            SqlState::DataException,
            "model input `b`: a value must be an int32, found 0.5".into()
        )
    );
    let (state, _) = failure(answer_rows(&model, "predict", &[&[1e300], &[1.0]], vec![0]));
    assert_eq!(state, SqlState::DataException);
}

#[test]
fn a_model_that_is_no_forecaster_says_what_it_lacks() {
    let forecast = |options: &[(&str, &str)]| {
        let model = Arc::new(load("linear2", options).expect("the model loads"));
        failure(ForecastKernel::of(model, 1)).1
    };
    assert_eq!(
        forecast(&[]),
        "forecast_at: model `linear2`: `features` must be one of 'log_return', 'return', 'value', \
         found nothing"
    );
    let value = ("features", "value");
    assert_eq!(
        forecast(&[value]),
        "forecast_at: model `linear2`: `context_length` must be a whole number between 1 and \
         100000, found nothing"
    );
    assert_eq!(
        forecast(&[value, ("context_length", "3")]),
        "forecast_at: `features` must be 2 features for model `linear2` with the inputs \
         x float32[?, 2], found 3"
    );
    assert_eq!(
        forecast(&[value, ("context_length", "2"), ("quantiles", "0.9,0.1")]),
        "forecast_at: model `linear2`: `quantiles` must be rising numbers between 0 and 1, \
         separated by commas, found '0.9,0.1'"
    );
    assert_eq!(
        forecast(&[value, ("context_length", "2"), ("horizon", "4")]),
        "forecast_at: model `linear2`: `output` must be 4 steps with 1 values each, as `horizon` \
         and `quantiles` say, found y float32[?, 1]"
    );
    assert_eq!(
        forecast(&[value, ("context_length", "2"), ("scaling", "standard")]),
        "forecast_at: model `linear2`: `scaling` must be 'none': scaling belongs into the graph, \
         found 'standard'"
    );
}

#[test]
fn options_make_a_plain_model_a_forecaster() {
    let options = [("features", "value"), ("context_length", "2")];
    let model = load("linear2", &options).expect("the model loads");
    let contract = ForecastContract::of(&model).expect("it is one now");
    assert_eq!((contract.horizon, contract.lookback()), (1, 1));
}
