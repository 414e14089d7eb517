//! From any DataFusion error to what a user reads: SQLSTATE, sentence and hint.

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion_ducklake::DuckLakeError;
use quantlake_core::error::io_cause;
use quantlake_core::{QlError, SqlState};

/// DataFusion turns the errors of our type checks into text behind these words.
const OWN_COERCION_ERROR: &str = "coercion failed with: External error: ";

/// The error as the wire and the command line show it.
pub fn sql_state(error: &DataFusionError) -> QlError {
    if let Some(own) = QlError::of(error) {
        return own.clone();
    }
    let root = error.find_root();
    let (state, message) = match root {
        DataFusionError::SQL(parser, _) => (SqlState::SyntaxError, parser.to_string()),
        DataFusionError::SchemaError(schema, _) => (schema_state(schema), schema.to_string()),
        DataFusionError::Plan(text) => match text.split_once(OWN_COERCION_ERROR) {
            Some((_, own)) => (
                SqlState::UndefinedFunction,
                own.lines().next().unwrap_or(own).to_string(),
            ),
            None => (plan_state(text), text.clone()),
        },
        DataFusionError::NotImplemented(text) => (SqlState::FeatureNotSupported, text.clone()),
        DataFusionError::ResourcesExhausted(text) => (SqlState::OutOfMemory, text.clone()),
        DataFusionError::Configuration(text) => (SqlState::InvalidParameter, text.clone()),
        DataFusionError::ArrowError(arrow, _) => (arrow_state(arrow), arrow.to_string()),
        DataFusionError::ParquetError(parquet) => (SqlState::BadFileFormat, parquet.to_string()),
        DataFusionError::IoError(io) => {
            (SqlState::of_io(io_cause(io).unwrap_or(io)), io.to_string())
        }
        DataFusionError::ObjectStore(store) => (store_state(store), store.to_string()),
        DataFusionError::Execution(text) => (execution_state(text), text.clone()),
        DataFusionError::External(inner) => (external_state(inner.as_ref()), inner.to_string()),
        other => (SqlState::Internal, other.strip_backtrace()),
    };
    with_hint_split_off(state, &message)
}

fn schema_state(error: &SchemaError) -> SqlState {
    match error {
        SchemaError::FieldNotFound { .. } => SqlState::UndefinedColumn,
        SchemaError::AmbiguousReference { .. } => SqlState::AmbiguousColumn,
        _ => SqlState::InvalidStatement,
    }
}

/// DataFusion's planner has no codes, so its sentences decide.
fn plan_state(text: &str) -> SqlState {
    let text = text.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|p| text.contains(p));
    if text.starts_with("table ") && text.contains("not found")
        || has(&[
            "no table named",
            "schema not found",
            "failed to resolve schema",
        ])
    {
        SqlState::UndefinedTable
    } else if has(&[
        "invalid function",
        "no function matches",
        "does not support zero arguments",
        "failed to coerce arguments",
        "function failed",
    ]) {
        SqlState::UndefinedFunction
    } else if has(&["already exists"]) {
        SqlState::DuplicateTable
    } else if has(&["no field named", "column not found", "not found in struct"]) {
        SqlState::UndefinedColumn
    } else if has(&[
        "cannot coerce",
        "cannot infer common argument type",
        "there isn't result type",
        "type mismatch",
        "unsupported cast",
    ]) {
        SqlState::DatatypeMismatch
    } else {
        SqlState::InvalidStatement
    }
}

fn execution_state(text: &str) -> SqlState {
    let text = text.to_ascii_lowercase();
    if text.contains("already exists") {
        SqlState::DuplicateTable
    } else if text.contains("doesn't exist") || text.contains("does not exist") {
        SqlState::UndefinedTable
    } else if text.contains("error parsing timestamp") || text.contains("cannot cast") {
        SqlState::InvalidText
    } else {
        SqlState::DataException
    }
}

fn arrow_state(error: &ArrowError) -> SqlState {
    match error {
        ArrowError::DivideByZero => SqlState::DivisionByZero,
        ArrowError::CastError(_) | ArrowError::ParseError(_) => SqlState::InvalidText,
        ArrowError::ArithmeticOverflow(_) => SqlState::NumericOutOfRange,
        ArrowError::CsvError(_)
        | ArrowError::JsonError(_)
        | ArrowError::ParquetError(_)
        | ArrowError::IpcError(_) => SqlState::BadFileFormat,
        ArrowError::IoError(_, io) => SqlState::of_io(io_cause(io).unwrap_or(io)),
        ArrowError::MemoryError(_) => SqlState::OutOfMemory,
        ArrowError::NotYetImplemented(_) => SqlState::FeatureNotSupported,
        ArrowError::ExternalError(inner) => external_state(inner.as_ref()),
        _ => SqlState::DataException,
    }
}

fn store_state(error: &object_store::Error) -> SqlState {
    match error {
        object_store::Error::NotFound { .. } => SqlState::UndefinedFile,
        other => io_cause(other).map_or(SqlState::IoError, SqlState::of_io),
    }
}

fn external_state(error: &(dyn std::error::Error + 'static)) -> SqlState {
    if let Some(lake) = error.downcast_ref::<DuckLakeError>() {
        return lake_state(lake);
    }
    if let Some(store) = error.downcast_ref::<object_store::Error>() {
        return store_state(store);
    }
    if let Some(inner) = error.downcast_ref::<DataFusionError>() {
        return sql_state(inner).state;
    }
    io_cause(error).map_or(SqlState::Internal, SqlState::of_io)
}

fn lake_state(error: &DuckLakeError) -> SqlState {
    let text = error.to_string().to_ascii_lowercase();
    match io_cause(error) {
        Some(io) => SqlState::of_io(io),
        None if text.contains("conflict") => SqlState::SerializationFailure,
        None if text.contains("not found") => SqlState::UndefinedTable,
        None if text.contains("already exists") => SqlState::DuplicateTable,
        None if text.contains("unsupported") || text.contains("not supported") => {
            SqlState::FeatureNotSupported
        }
        None => SqlState::DataException,
    }
}

/// DataFusion appends suggestions to its sentences; the protocol has a field for them.
fn with_hint_split_off(state: SqlState, message: &str) -> QlError {
    let message = message.trim_end_matches('.').trim();
    for marker in ["\nDid you mean", " Did you mean"] {
        if let Some((sentence, hint)) = message.split_once(marker) {
            return QlError::new(state, sentence.trim_end_matches('.'))
                .with_hint(format!("Did you mean{hint}"));
        }
    }
    QlError::new(state, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn each_kind_of_error_has_its_code() {
        let cases = [
            (
                DataFusionError::Plan("table 'quantlake.public.x' not found".into()),
                "42P01",
            ),
            (
                DataFusionError::Plan("Invalid function 'rsii'.\nDid you mean 'rsi'?".into()),
                "42883",
            ),
            (DataFusionError::ResourcesExhausted("over".into()), "53200"),
            (DataFusionError::NotImplemented("x".into()), "0A000"),
            (DataFusionError::from(ArrowError::DivideByZero), "22012"),
            (
                DataFusionError::from(io::Error::from(io::ErrorKind::StorageFull)),
                "53100",
            ),
            (
                DataFusionError::from(io::Error::from(io::ErrorKind::NotFound)),
                "58P01",
            ),
            (QlError::new(SqlState::InvalidOrder, "x").into(), "42P10"),
        ];
        for (error, code) in cases {
            assert_eq!(sql_state(&error).state.code(), code, "{error}");
            let wrapped = error.context("while planning");
            assert_eq!(sql_state(&wrapped).state.code(), code, "{wrapped}");
        }
    }

    #[test]
    fn a_suggestion_moves_to_the_hint() {
        let error = sql_state(&DataFusionError::Plan(
            "Invalid function 'rsii'.\nDid you mean 'rsi'?".into(),
        ));
        assert_eq!(error.message, "Invalid function 'rsii'");
        assert_eq!(error.hint.as_deref(), Some("Did you mean 'rsi'?"));
    }

    #[test]
    fn a_full_disk_is_found_below_wrappers() {
        let io = io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let io = io::Error::other(io);
        let store = object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(io),
        };
        assert_eq!(
            sql_state(&DataFusionError::from(store)).state,
            SqlState::DiskFull
        );
    }
}
