//! Functions and rows that differ between sessions: who is logged in, and settings.

use super::compat::{constant, function};
use super::relations::Rows;
use crate::engine::session::Session;
use crate::engine::settings::Settings;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::error::Result;
use datafusion::prelude::SessionContext;
use quantlake_core::{QlError, SqlState};
use std::sync::{Arc, Weak};

/// Makes a context know its user. Settings have their defaults until [`bind_session`].
pub fn bind_user(ctx: &SessionContext, user: &str) {
    for name in ["session_user", "current_user", "user", "current_role"] {
        ctx.register_udf(constant(name, 0..=0, user));
    }
    ctx.register_udf(function(
        "current_setting",
        1..=2,
        DataType::Utf8,
        |args, n| read_settings(args, n, |name| Settings::default().get(name)),
    ));
}

/// Makes a session's context know its settings and its backend's number.
pub fn bind_session(session: &Arc<Session>, pid: i32) {
    let ctx = session.context();
    ctx.register_udf(constant("pg_backend_pid", 0..=0, pid));
    // The session owns the context.
    let reading = Arc::downgrade(session);
    ctx.register_udf(function(
        "current_setting",
        1..=2,
        DataType::Utf8,
        move |args, n| read_settings(args, n, |name| reading.upgrade()?.setting(name)),
    ));
    let writing = Arc::downgrade(session);
    ctx.register_udf(function(
        "set_config",
        3..=3,
        DataType::Utf8,
        move |args, n| write_settings(args, n, &writing),
    ));
}

/// The rows of `pg_settings`: every setting with its default.
///
/// # Errors
/// None that the arguments can cause.
pub fn settings(schema: &SchemaRef) -> Result<RecordBatch> {
    let defaults = Settings::default();
    let all: Vec<(&str, String)> = defaults.all().collect();
    Rows::new(schema, all.len())
        .with("name", all.iter().map(|(name, _)| (*name).into()))?
        .with(
            "setting",
            all.iter().map(|(_, value)| value.as_str().into()),
        )?
        .with(
            "boot_val",
            all.iter().map(|(_, value)| value.as_str().into()),
        )?
        .with(
            "reset_val",
            all.iter().map(|(_, value)| value.as_str().into()),
        )?
        .all("context", "user")?
        .all("vartype", "string")?
        .all("source", "default")?
        .finish()
}

fn read_settings(
    args: &[ArrayRef],
    n_rows: usize,
    read: impl Fn(&str) -> Option<String>,
) -> Result<ArrayRef> {
    let (names, missing_ok) = (texts(args, 0, n_rows)?, flags(args, 1, n_rows)?);
    let values = (0..n_rows).map(|row| {
        if names.is_null(row) {
            return Ok(None);
        }
        let name = names.value(row);
        match read(name) {
            Some(value) => Ok(Some(value)),
            None if missing_ok.is_valid(row) && missing_ok.value(row) => Ok(None),
            None => Err(unknown(name)),
        }
    });
    let values = values.collect::<Result<StringArray, QlError>>()?;
    Ok(Arc::new(values))
}

fn write_settings(args: &[ArrayRef], n_rows: usize, session: &Weak<Session>) -> Result<ArrayRef> {
    let (names, values) = (texts(args, 0, n_rows)?, texts(args, 1, n_rows)?);
    let Some(session) = session.upgrade() else {
        return Err(QlError::internal("the session is closing").into());
    };
    for row in (0..n_rows).filter(|row| names.is_valid(*row) && values.is_valid(*row)) {
        session.set(names.value(row), values.value(row))?;
    }
    Ok(Arc::new(values))
}

fn texts(args: &[ArrayRef], at: usize, n_rows: usize) -> Result<StringArray> {
    match args.get(at) {
        Some(array) => Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()),
        None => Ok(StringArray::new_null(n_rows)),
    }
}

fn flags(args: &[ArrayRef], at: usize, n_rows: usize) -> Result<BooleanArray> {
    match args.get(at) {
        Some(array) => Ok(cast(array, &DataType::Boolean)?.as_boolean().clone()),
        None => Ok(BooleanArray::new_null(n_rows)),
    }
}

fn unknown(name: &str) -> QlError {
    let message = format!("unrecognized configuration parameter \"{name}\"");
    QlError::new(SqlState::UndefinedObject, message)
}
