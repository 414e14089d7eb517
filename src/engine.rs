//! The database without a network: opens a data directory and gives out sessions.
//!
//! Every session has its own settings and statement state over a shared catalog, function
//! registry and memory pool. This module knows no wire protocol; `server/` and `cli/` stand on it.

pub mod codec;
pub mod errors;
pub mod functions;
mod latest;
pub mod memory;
pub mod models;
pub mod planner;
pub mod session;
pub mod settings;
pub mod strategies;
pub mod system_tables;
pub mod users;

use crate::dialect::CheckFields;
use crate::lake::{self, Lake};
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};
use latest::{LatestRows, StateStore};
use quantlake_core::Registry;
use quantlake_core::check::CheckCalls;
use quantlake_core::relation::planner::RelationFunctionPlanner;
use quantlake_core::window::rule::SeriesWindows;
use quantlake_models::ModelStore;
use quantlake_search::planner::SearchPlanner;
use quantlake_stats::pivot::PivotPlanner;
use session::{Role, Session};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strategies::searches::Searches;

/// The catalog's name, which clients see as the database.
pub const CATALOG: &str = "quantlake";

/// The schema of unqualified names.
pub const SCHEMA: &str = "public";

/// What an operator can choose when opening a data directory.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Bytes that all queries together may hold; by default 60 % of the machine's memory.
    pub memory_limit: Option<usize>,
    /// Partitions of a query that run side by side; by default one a core.
    pub threads: Option<usize>,
    /// Folders besides the data directory that SQL may read files from.
    pub allowed_paths: Vec<PathBuf>,
}

/// An open data directory.
pub struct Engine {
    lake: Arc<Lake>,
    registry: Arc<Registry>,
    models: Arc<ModelStore>,
    template: SessionContext,
}

impl Engine {
    /// Opens a data directory, creating it when it does not exist.
    ///
    /// # Errors
    /// 55000 when another process has it open, 58030 when it cannot be written.
    pub async fn open(dir: &Path, options: EngineOptions) -> Result<Arc<Self>> {
        let lake = Arc::new(Lake::open_with(dir, &options.allowed_paths)?);
        let models = Arc::new(ModelStore::new());
        models::load_all(&lake, &models)?;
        let registry = Arc::new(functions::registry(&models)?);
        let searches = Arc::new(Searches::new(&lake, &registry));
        let template = template(&lake, &registry, &searches, dir, &options)?;
        let engine = Arc::new(Self {
            lake,
            registry,
            models,
            template,
        });
        searches.bind(&engine);
        system_tables::install(&engine)?;
        strategies::compare::register(&engine.template, &engine);
        crate::pg_catalog::install(&engine.template, &engine.registry)?;
        engine.lake.set_planner(view_planner(&engine));
        Ok(engine)
    }

    /// A new session for a user.
    pub fn session(self: &Arc<Self>, user: &str) -> Arc<Session> {
        self.session_of(user, Role::User)
    }

    /// A new session for whoever owns the data directory, who may also manage users.
    pub fn operator_session(self: &Arc<Self>) -> Arc<Session> {
        self.session_of("operator", Role::Operator)
    }

    fn session_of(self: &Arc<Self>, user: &str, role: Role) -> Arc<Session> {
        let session = Session::new(Arc::clone(self), user, role);
        strategies::searches::bind_user(session.context(), user);
        Arc::new(session)
    }

    /// Tables, snapshots and the ledger.
    pub fn lake(&self) -> &Arc<Lake> {
        &self.lake
    }

    /// All functions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// All models.
    pub fn models(&self) -> &Arc<ModelStore> {
        &self.models
    }

    /// The state that every session starts from.
    pub(crate) fn template_state(&self) -> SessionState {
        self.template.state()
    }

    /// The context behind the template, for registering schemas.
    pub(crate) fn template(&self) -> &SessionContext {
        &self.template
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The session state that all sessions copy: catalog, functions, rules and the shared pool.
fn template(
    data: &Arc<Lake>,
    registry: &Arc<Registry>,
    searches: &Arc<Searches>,
    dir: &Path,
    options: &EngineOptions,
) -> Result<SessionContext> {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_extension(Arc::new(StateStore::default()));
    if let Some(threads) = options.threads {
        config = config.with_target_partitions(threads);
    }
    // Bars lie sorted by symbol and time: partitioning by symbol keeps that order instead of sorting.
    config.options_mut().optimizer.prefer_existing_sort = true;
    config.options_mut().execution.time_zone = Some("+00:00".into());
    // What a user writes in SQL is PostgreSQL's dialect, also inside view definitions.
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(memory::runtime(dir, options.memory_limit)?)
        .with_expr_planners(vec![Arc::new(CheckFields)])
        .with_default_features()
        .with_relation_planners(vec![
            // Calls of a search have columns of their own, so they are planned first.
            Arc::new(SearchPlanner::new(
                Arc::clone(registry),
                Arc::clone(searches) as _,
            )),
            Arc::new(RelationFunctionPlanner::new(Arc::clone(registry))),
            Arc::new(PivotPlanner),
        ])
        .with_analyzer_rule(Arc::new(CheckCalls::new(Arc::clone(registry))))
        .with_physical_optimizer_rules(physical_rules())
        .with_query_planner(Arc::new(planner::QuantPlanner))
        .build();
    let ctx = SessionContext::new_with_state(state);
    ctx.register_catalog(CATALOG, data.catalog());
    lake::register_rules(&ctx);
    data.set_runtime(ctx.runtime_env());
    functions::register(&ctx, registry);
    Ok(ctx)
}

/// DataFusion's rules with ours: one decides what the others have to sort and partition, one looks
/// at finished plans.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.insert(0, Arc::new(SeriesWindows));
    let finished = rules
        .iter()
        .position(|rule| rule.name() == "EnsureCooperative");
    rules.insert(finished.unwrap_or(rules.len()), Arc::new(LatestRows));
    rules
}

/// Plans the SQL of a view for the lake, which stores views as text.
fn view_planner(engine: &Arc<Engine>) -> lake::ViewPlanner {
    let engine = Arc::downgrade(engine);
    Arc::new(move |sql: String| {
        let engine = engine.clone();
        Box::pin(async move {
            let Some(engine) = engine.upgrade() else {
                return Err(quantlake_core::QlError::internal("the engine is closing").into());
            };
            engine.session("view").plan_query(&sql).await
        })
    })
}
