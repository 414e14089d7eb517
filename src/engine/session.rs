//! One connection's view of the engine.
//!
//! A statement goes through parse (own statements, rewrites), plan, and execute. Whatever runs,
//! cancelling the session or passing `statement_timeout` ends it with 57014, also between rows.

mod command;
mod guard;

use super::errors::sql_state;
use super::settings::Settings;
use super::{Engine, models, strategies, users};
use crate::dialect::{self, Statement};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{LogicalPlan, WriteOp};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as SqlStatement;
use guard::Guard;
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a statement gives.
pub enum Outcome {
    /// Rows, streamed; the stream ends with 57014 on cancel and time-out.
    Rows(SendableRecordBatchStream),
    /// No rows; the command tag as PostgreSQL prints it.
    Command {
        /// `INSERT 0 5`, `CREATE TABLE`, `SET`, ...
        tag: String,
    },
}

/// What planning tells about a statement before it runs.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// The columns that come back; `None` when none do.
    pub schema: Option<SchemaRef>,
    /// The types of `$1`, `$2`, ...; `None` where the query does not tell.
    pub parameters: Vec<Option<DataType>>,
}

/// Where a session stands between BEGIN and COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionState {
    /// Outside of a block.
    Idle,
    /// Inside a block.
    Open,
    /// Inside a block in which a statement failed.
    Failed,
}

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything but managing other users.
    User,
    /// Everything: the session runs in the process of whoever owns the data directory.
    Operator,
}

/// One connection.
pub struct Session {
    engine: Arc<Engine>,
    user: String,
    role: Role,
    ctx: SessionContext,
    settings: Mutex<Settings>,
    running: Mutex<CancellationToken>,
    transaction: Mutex<Transaction>,
    notices: Mutex<Vec<String>>,
}

#[derive(Debug)]
struct Transaction {
    state: TransactionState,
    /// Whether the block has changed data, which is committed already.
    has_written: bool,
}

impl Session {
    pub(super) fn new(engine: Arc<Engine>, user: &str, role: Role) -> Self {
        let state = SessionStateBuilder::new_from_existing(engine.template_state())
            .with_session_id(uuid::Uuid::new_v4().to_string())
            .build();
        let ctx = SessionContext::new_with_state(state);
        crate::pg_catalog::bind_user(&ctx, user);
        Self {
            engine,
            user: user.to_string(),
            role,
            ctx,
            settings: Mutex::default(),
            running: Mutex::default(),
            transaction: Mutex::new(Transaction {
                state: TransactionState::Idle,
                has_written: false,
            }),
            notices: Mutex::default(),
        }
    }

    /// The engine behind the session.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The DataFusion context: this session's settings over the shared catalog.
    pub fn context(&self) -> &SessionContext {
        &self.ctx
    }

    /// The user who logged in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What the session may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The value of a PostgreSQL setting.
    pub fn setting(&self, name: &str) -> Option<String> {
        match name {
            "session_authorization" => Some(self.user.clone()),
            _ => self.settings.lock().get(name),
        }
    }

    /// Changes a PostgreSQL setting.
    ///
    /// # Errors
    /// 42704, 55000, 22023: see [`Settings::set`].
    pub fn set(&self, name: &str, value: &str) -> Result<(), QlError> {
        self.change_setting(name, Some(value))
    }

    /// Where the session stands between BEGIN and COMMIT.
    pub fn transaction(&self) -> TransactionState {
        self.transaction.lock().state
    }

    /// Warnings since the last call.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut self.notices.lock())
    }

    /// Stops the running statement; without one, does nothing.
    pub fn cancel(&self) {
        self.running.lock().cancel();
    }

    /// Splits a script into statements.
    ///
    /// # Errors
    /// 42601 with the position.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        if let Some(statements) = crate::pg_catalog::rewrite(sql) {
            let wrap = |s| Statement::Sql(Box::new(SqlStatement::Statement(Box::new(s))));
            return Ok(statements.into_iter().map(wrap).collect());
        }
        dialect::parse(sql, self.engine.registry())
    }

    /// Plans a statement without running it.
    ///
    /// # Errors
    /// Every error of planning.
    pub async fn prepare(&self, statement: &Statement) -> Result<Prepared> {
        if let Statement::Strategy(statement) = statement {
            self.refuse_in_failed_block()?;
            return Ok(Prepared {
                schema: strategies::schema_of(self, statement).await?,
                parameters: Vec::new(),
            });
        }
        if let Some(schema) = command::schema_of(statement) {
            return Ok(Prepared {
                schema,
                parameters: Vec::new(),
            });
        }
        let Statement::Sql(sql) = statement else {
            return Ok(Prepared::default());
        };
        self.refuse_in_failed_block()?;
        let plan = self.plan(sql).await?;
        let fields = plan.get_parameter_fields()?;
        let mut numbered: Vec<(usize, Option<DataType>)> = fields
            .into_iter()
            .filter_map(|(name, field)| {
                Some((
                    name.trim_start_matches('$').parse().ok()?,
                    field.map(|f| f.data_type().clone()),
                ))
            })
            .collect();
        numbered.sort_by_key(|(position, _)| *position);
        let n_parameters = numbered.last().map_or(0, |(position, _)| *position);
        let mut parameters = vec![None; n_parameters];
        for (position, ty) in numbered {
            if let Some(slot) = position.checked_sub(1).and_then(|i| parameters.get_mut(i)) {
                *slot = ty;
            }
        }
        let schema = returns_rows(&plan).then(|| Arc::clone(plan.schema().inner()));
        Ok(Prepared { schema, parameters })
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// Every error of planning and execution; a failure inside a block fails the block.
    pub async fn execute(
        &self,
        statement: &Statement,
        parameters: &[ScalarValue],
    ) -> Result<Outcome> {
        let guard = Guard::start(&self.running, self.settings.lock().statement_timeout());
        let outcome = guard.watch(self.run(statement, parameters)).await;
        match outcome {
            Ok(Outcome::Rows(rows)) => Ok(Outcome::Rows(guard.watch_rows(rows))),
            Ok(command) => Ok(command),
            Err(error) => {
                self.fail_block();
                Err(error)
            }
        }
    }

    /// Plans one query, for views.
    pub(crate) async fn plan_query(&self, sql: &str) -> Result<LogicalPlan> {
        let statements = self.parse(sql)?;
        match statements.as_slice() {
            [Statement::Sql(statement)] => self.plan(statement).await,
            _ => Err(QlError::new(
                SqlState::SyntaxError,
                format!("expected one query, found {}", statements.len()),
            )
            .into()),
        }
    }

    /// Marks the block as failed: called for errors that happen while rows are sent.
    pub fn fail_block(&self) {
        let mut transaction = self.transaction.lock();
        if transaction.state == TransactionState::Open {
            transaction.state = TransactionState::Failed;
        }
    }

    async fn run(&self, statement: &Statement, parameters: &[ScalarValue]) -> Result<Outcome> {
        if let Some(outcome) = self.run_command(statement)? {
            return Ok(outcome);
        }
        self.refuse_in_failed_block()?;
        match statement {
            Statement::Sql(sql) => self.run_sql(sql, parameters).await,
            Statement::CreateModel(create) => {
                self.command(models::create(&self.engine, create).await?)
            }
            Statement::DropModel(drop) => self.command(models::drop(&self.engine, drop)?),
            Statement::CreateUser(create) => self.command(users::create(self, create)?),
            Statement::DropUser(drop) => self.command(users::drop(self, drop)?),
            Statement::Strategy(statement) => {
                let outcome = Box::pin(strategies::run(self, statement)).await?;
                self.transaction.lock().has_written |= statement.writes();
                Ok(outcome)
            }
        }
    }

    async fn run_sql(&self, sql: &SqlStatement, parameters: &[ScalarValue]) -> Result<Outcome> {
        let mut plan = self.plan(sql).await?;
        if !parameters.is_empty() {
            plan = plan.with_param_values(ParamValues::from(parameters.to_vec()))?;
        }
        match plan {
            LogicalPlan::Ddl(ddl) => {
                let done = self
                    .engine
                    .lake
                    .run_ddl(&self.ctx, ddl, &sql.to_string())
                    .await?;
                self.command(done.tag)
            }
            LogicalPlan::Dml(ref dml) => {
                let op = dml.op.clone();
                let n_rows = self.run_to_count(plan).await?;
                self.command(match op {
                    WriteOp::Insert(_) => format!("INSERT 0 {n_rows}"),
                    WriteOp::Delete => format!("DELETE {n_rows}"),
                    WriteOp::Update => format!("UPDATE {n_rows}"),
                    other => format!("{} {n_rows}", other.name().to_ascii_uppercase()),
                })
            }
            LogicalPlan::Copy(ref copy) => {
                self.engine.lake.check_path(&copy.output_url)?;
                let n_rows = self.run_to_count(plan).await?;
                Ok(Outcome::Command {
                    tag: format!("COPY {n_rows}"),
                })
            }
            LogicalPlan::Statement(_) => {
                self.ctx.execute_logical_plan(plan).await?;
                Ok(Outcome::Command {
                    tag: first_word(&sql.to_string()),
                })
            }
            query => Ok(Outcome::Rows(
                DataFrame::new(self.ctx.state(), query)
                    .execute_stream()
                    .await?,
            )),
        }
    }

    async fn plan(&self, sql: &SqlStatement) -> Result<LogicalPlan> {
        self.ctx
            .state()
            .statement_to_plan(sql.clone())
            .await
            .map_err(|error| self.explain_unknown_function(error))
    }

    /// Adds our own suggestions to an unknown function; DataFusion's list lacks relation functions.
    fn explain_unknown_function(
        &self,
        error: datafusion::error::DataFusionError,
    ) -> datafusion::error::DataFusionError {
        let shown = sql_state(&error);
        let name = shown
            .message
            .strip_prefix("Invalid function '")
            .and_then(|rest| rest.split('\'').next());
        let Some(name) = name else { return error };
        let unknown = QlError::new(
            SqlState::UndefinedFunction,
            format!("function {name} does not exist"),
        );
        let similar = self.engine.registry.similar(&name.to_ascii_lowercase());
        match (similar.as_slice(), shown.hint) {
            ([], None) => unknown.into(),
            ([], Some(hint)) => unknown.with_hint(hint).into(),
            (names, _) => unknown
                .with_hint(format!("Did you mean {}?", names.join(", ")))
                .into(),
        }
    }

    async fn run_to_count(&self, plan: LogicalPlan) -> Result<u64> {
        let batches = DataFrame::new(self.ctx.state(), plan).collect().await?;
        Ok(crate::lake::count_of(&batches))
    }

    /// A command that changed something.
    fn command(&self, tag: String) -> Result<Outcome> {
        self.transaction.lock().has_written = true;
        Ok(Outcome::Command { tag })
    }

    fn refuse_in_failed_block(&self) -> Result<(), QlError> {
        match self.transaction() {
            TransactionState::Failed => Err(QlError::new(
                SqlState::InFailedTransaction,
                "current transaction is aborted, commands ignored until end of transaction block",
            )),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

fn returns_rows(plan: &LogicalPlan) -> bool {
    !matches!(
        plan,
        LogicalPlan::Ddl(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::Statement(_)
    )
}

fn first_word(sql: &str) -> String {
    sql.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase()
}
