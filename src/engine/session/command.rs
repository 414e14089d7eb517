//! Statements about the session itself: SET, SHOW, BEGIN, COMMIT, DISCARD and their kin.

use super::{Outcome, Session, TransactionState};
use crate::dialect::Statement;
use crate::engine::settings::check_datafusion_setting;
use datafusion::arrow::array::{RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::parser::Statement as SqlStatement;
use datafusion::sql::sqlparser::ast::{self, Expr, Ident, ObjectName, Set};
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;

/// The columns of a session command; `None` for statements that are planned.
pub(super) fn schema_of(statement: &Statement) -> Option<Option<SchemaRef>> {
    let Statement::Sql(sql) = statement else {
        return Some(None);
    };
    let SqlStatement::Statement(sql) = sql.as_ref() else {
        return None;
    };
    match sql.as_ref() {
        ast::Statement::ShowVariable { variable } if !is_datafusion(&joined(variable)) => {
            Some(Some(show_schema(&joined(variable))))
        }
        statement if is_command(statement) => Some(None),
        _ => None,
    }
}

fn is_command(statement: &ast::Statement) -> bool {
    use ast::Statement as S;
    match statement {
        S::Set(Set::SingleAssignment { variable, .. }) => !is_datafusion(&variable.to_string()),
        S::Reset(_)
        | S::Set(_)
        | S::StartTransaction { .. }
        | S::Commit { .. }
        | S::Rollback { .. }
        | S::Savepoint { .. }
        | S::ReleaseSavepoint { .. }
        | S::Discard { .. }
        | S::Deallocate { .. }
        | S::LISTEN { .. }
        | S::UNLISTEN { .. }
        | S::Close { .. }
        | S::Copy { .. } => true,
        _ => false,
    }
}

impl Session {
    /// Runs a session command; `None` when the statement is none.
    pub(super) fn run_command(&self, statement: &Statement) -> Result<Option<Outcome>> {
        use ast::Statement as S;
        let Statement::Sql(sql) = statement else {
            return Ok(None);
        };
        let SqlStatement::Statement(sql) = sql.as_ref() else {
            return Ok(None);
        };
        let done = |tag: &str| Ok(Some(Outcome::Command { tag: tag.into() }));
        match sql.as_ref() {
            S::StartTransaction { .. } => self.begin().map(Some),
            S::Commit { .. } => self.end("COMMIT").map(Some),
            S::Rollback {
                savepoint: None, ..
            } => self.end("ROLLBACK").map(Some),
            S::Rollback {
                savepoint: Some(_), ..
            } => self.back_to_savepoint().map(Some),
            S::Savepoint { .. } => done("SAVEPOINT"),
            S::ReleaseSavepoint { .. } => done("RELEASE"),
            _ if self.transaction() == TransactionState::Failed => Ok(None),
            S::Set(set) => self.run_set(set),
            S::Reset(reset) => self.run_reset(reset),
            S::ShowVariable { variable } => self.run_show(&joined(variable)),
            S::Discard { .. } => {
                self.reset_settings();
                done("DISCARD ALL")
            }
            S::Deallocate { .. } => done("DEALLOCATE"),
            S::LISTEN { .. } => done("LISTEN"),
            S::UNLISTEN { .. } => done("UNLISTEN"),
            S::Close { .. } => done("CLOSE CURSOR"),
            S::Copy { .. } => Err(QlError::new(
                SqlState::FeatureNotSupported,
                "COPY over the connection is not supported",
            )
            .with_hint(
                "Use INSERT, `quantlake import`, or COPY ... TO 'file' inside an allowed folder",
            )
            .into()),
            _ => Ok(None),
        }
    }

    /// Changes a setting or brings its default back, and tells DataFusion where it has the same.
    pub(super) fn change_setting(&self, name: &str, value: Option<&str>) -> Result<(), QlError> {
        self.settings.lock().set(name, value)?;
        self.share_state_memory();
        if name.eq_ignore_ascii_case("timezone") {
            let zone = self.setting("timezone").unwrap_or_default();
            let state = self.ctx.state_ref();
            let changed = state
                .write()
                .config_mut()
                .options_mut()
                .set("datafusion.execution.time_zone", &zone);
            changed.map_err(|_| {
                QlError::bad_argument(
                    "SET",
                    "timezone",
                    "a time zone such as UTC or Europe/Berlin",
                    zone,
                )
            })?;
        }
        Ok(())
    }

    /// Brings every default back.
    fn reset_settings(&self) {
        self.settings.lock().reset_all();
        self.share_state_memory();
    }

    /// Tells operators how much they may keep.
    fn share_state_memory(&self) {
        let bytes = self.settings.lock().newest_rows_memory();
        let state = self.ctx.state_ref();
        state.write().config_mut().set_extension(Arc::new(bytes));
    }

    fn begin(&self) -> Result<Outcome> {
        let mut transaction = self.transaction.lock();
        if transaction.state == TransactionState::Idle {
            transaction.state = TransactionState::Open;
            transaction.has_written = false;
        } else {
            self.notices
                .lock()
                .push("there is already a transaction in progress".into());
        }
        Ok(Outcome::Command {
            tag: "BEGIN".into(),
        })
    }

    fn end(&self, verb: &str) -> Result<Outcome> {
        let mut transaction = self.transaction.lock();
        let failed = transaction.state == TransactionState::Failed;
        match transaction.state {
            TransactionState::Idle => self
                .notices
                .lock()
                .push("there is no transaction in progress".into()),
            _ if transaction.has_written && (failed || verb == "ROLLBACK") => self
                .notices
                .lock()
                .push("each statement commits on its own: what the block has written stays".into()),
            _ => {}
        }
        transaction.state = TransactionState::Idle;
        let tag = if failed { "ROLLBACK" } else { verb };
        Ok(Outcome::Command { tag: tag.into() })
    }

    fn back_to_savepoint(&self) -> Result<Outcome> {
        let mut transaction = self.transaction.lock();
        if transaction.state == TransactionState::Failed {
            transaction.state = TransactionState::Open;
        }
        Ok(Outcome::Command {
            tag: "ROLLBACK".into(),
        })
    }

    fn run_set(&self, set: &Set) -> Result<Option<Outcome>> {
        match set {
            Set::SingleAssignment {
                variable, values, ..
            } => {
                let name = variable.to_string().to_ascii_lowercase();
                if is_datafusion(&name) {
                    check_datafusion_setting(&name)?;
                    return Ok(None);
                }
                let is_default = matches!(values.as_slice(), [Expr::Identifier(i)] if i.value.eq_ignore_ascii_case("default"));
                let value = values.iter().map(plain_text).collect::<Vec<_>>().join(", ");
                self.change_setting(&name, (!is_default).then_some(value.as_str()))?;
            }
            Set::SetTimeZone { value, .. } => {
                self.change_setting("timezone", Some(&plain_text(value)))?
            }
            Set::SetNames { charset_name, .. } => {
                self.change_setting("client_encoding", Some(&charset_name.value))?
            }
            Set::SetTransaction { .. } | Set::SetNamesDefault {} | Set::SetSessionParam(_) => {}
            other => {
                return Err(QlError::new(
                    SqlState::FeatureNotSupported,
                    format!("{other} is not supported"),
                )
                .into());
            }
        }
        Ok(Some(Outcome::Command { tag: "SET".into() }))
    }

    fn run_reset(&self, reset: &ast::ResetStatement) -> Result<Option<Outcome>> {
        match &reset.reset {
            ast::Reset::ALL => self.reset_settings(),
            ast::Reset::ConfigurationParameter(name) => self.change_setting(&dotted(name), None)?,
            #[expect(unreachable_patterns, reason = "the parser may learn further forms")]
            other => {
                return Err(QlError::new(
                    SqlState::FeatureNotSupported,
                    format!("RESET {other:?} is not supported"),
                )
                .into());
            }
        }
        Ok(Some(Outcome::Command {
            tag: "RESET".into(),
        }))
    }

    fn run_show(&self, name: &str) -> Result<Option<Outcome>> {
        let name = match name {
            "transaction.isolation.level" => "transaction_isolation",
            "time.zone" => "timezone",
            other => other,
        };
        if name == "all" {
            let values: Vec<(String, String)> = self
                .settings
                .lock()
                .all()
                .map(|(n, v)| (n.to_string(), v))
                .collect();
            return Ok(Some(rows(show_schema("all"), values)?));
        }
        match self.setting(name) {
            Some(value) => Ok(Some(rows(show_schema(name), vec![(value, String::new())])?)),
            None => Ok(None),
        }
    }
}

fn is_datafusion(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("datafusion.")
        || matches!(
            name,
            "tables" | "columns" | "functions" | "databases" | "schemas"
        )
}

fn joined(words: &[Ident]) -> String {
    words
        .iter()
        .map(|w| w.value.to_ascii_lowercase())
        .collect::<Vec<_>>()
        .join(".")
}

fn dotted(name: &ObjectName) -> String {
    name.to_string().to_ascii_lowercase()
}

/// A value without its quotes.
fn plain_text(value: &Expr) -> String {
    match value {
        Expr::Value(v) => v
            .value
            .clone()
            .into_string()
            .unwrap_or_else(|| v.to_string()),
        Expr::Identifier(ident) => ident.value.clone(),
        other => other.to_string(),
    }
}

fn show_schema(name: &str) -> SchemaRef {
    let columns: &[&str] = if name == "all" {
        &["name", "setting"]
    } else {
        &[name]
    };
    Arc::new(Schema::new(
        columns
            .iter()
            .map(|c| Field::new(*c, DataType::Utf8, false))
            .collect::<Vec<_>>(),
    ))
}

fn rows(schema: SchemaRef, values: Vec<(String, String)>) -> Result<Outcome> {
    let (first, second): (Vec<_>, Vec<_>) = values.into_iter().unzip();
    let mut columns: Vec<Arc<dyn datafusion::arrow::array::Array>> =
        vec![Arc::new(StringArray::from(first))];
    if schema.fields().len() == 2 {
        columns.push(Arc::new(StringArray::from(second)));
    }
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    let stream = futures::stream::iter([Ok(batch)]);
    Ok(Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(
        schema, stream,
    ))))
}
