//! What searches over parameters ask of the engine: stored strategies, and the ledger that counts
//! their trials with those of `RUN BACKTEST`.

use super::bind::{check_type, one_run};
use super::define;
use super::digest::text_hash;
use super::freeze::{Moment, freeze};
use super::json::to_json;
use super::simulate::{frame, one_partition};
use super::surfaces::{Surfaces, constant};
use crate::dialect::strategy::{Constant, CreateStrategy};
use crate::engine::Engine;
use crate::lake::Lake;
use crate::lake::ledger::NewTrial;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use futures::future::BoxFuture;
use quantlake_core::{FunctionSpec, ParamKind, ParamValue, QlError, Registry};
use quantlake_search::book::{Book, Counted, Named, Searched, Stored, Tried, What};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

/// Who runs a query: part of a session's configuration, so that operators find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(pub String);

/// Makes the queries of a context say whose they are.
pub fn bind_user(ctx: &SessionContext, user: &str) {
    let state = ctx.state_ref();
    let mut state = state.write();
    state
        .config_mut()
        .set_extension(Arc::new(Username(user.to_string())));
}

/// The engine, as searches see it.
pub struct Searches {
    lake: Arc<Lake>,
    registry: Arc<Registry>,
    engine: OnceLock<Weak<Engine>>,
}

impl fmt::Debug for Searches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Searches").finish_non_exhaustive()
    }
}

impl Searches {
    /// For the sessions of one data directory.
    pub fn new(lake: &Arc<Lake>, registry: &Arc<Registry>) -> Self {
        Self {
            lake: Arc::clone(lake),
            registry: Arc::clone(registry),
            engine: OnceLock::new(),
        }
    }

    /// Gives them the engine, which is made from what they are part of.
    pub fn bind(&self, engine: &Arc<Engine>) {
        // A second call would give the same engine again.
        let _ = self.engine.set(Arc::downgrade(engine));
    }
}

impl Book for Searches {
    fn stored(&self, name: &str) -> Result<Option<Arc<dyn Stored>>> {
        let engine = self.engine.get().and_then(Weak::upgrade);
        let engine = engine.ok_or_else(|| QlError::internal("the engine is closing"))?;
        if self.lake.ledger().strategy(name)?.is_none() {
            return Ok(None);
        }
        let (entry, strategy) = define::find(&engine, name)?;
        Ok(Some(Arc::new(Shelved {
            moment: Moment::now(&engine)?,
            sql: entry.sql,
            engine,
            strategy,
        })))
    }

    fn count(&self, context: &TaskContext, search: &Searched<'_>) -> Result<Counted> {
        let user = context.session_config().get_extension::<Username>();
        let user = user.map_or_else(String::new, |user| user.0.clone());
        let trials = Trials::new(&self.registry, search)?;
        let family = self.lake.ledger().add_trials(
            &search.identity.family,
            &user,
            search.tried.iter().map(|tried| trials.of(tried)),
        )?;
        Ok(Counted {
            n_trials: family.n_trials as f64,
            variance: family.variance,
        })
    }
}

/// Makes what was tried the trials that runs of the same variants would be.
struct Trials<'a> {
    search: &'a Searched<'a>,
    spec: Arc<FunctionSpec>,
    surfaces: Surfaces,
    /// The arguments of the backtest as JSON, by the values of those that vary.
    arguments: parking_lot::Mutex<HashMap<String, String>>,
}

impl<'a> Trials<'a> {
    fn new(registry: &Registry, search: &'a Searched<'a>) -> Result<Self, QlError> {
        let function = registry.get(search.function);
        let function = function.ok_or_else(|| QlError::internal("a search without description"))?;
        Ok(Self {
            search,
            spec: Arc::clone(&function.spec),
            surfaces: Surfaces::of(registry)?,
            arguments: parking_lot::Mutex::default(),
        })
    }

    fn of(&self, tried: &Tried) -> NewTrial {
        let (own, varied) = match &tried.what {
            What::Combination(choice) => self.search.values(choice),
            What::Procedure(named) => (named.clone(), Vec::new()),
        };
        let own = self.constants(&own);
        let varied = self.constants(&varied);
        let parameters = to_json(&own, &[]).to_string();
        let variant = format!(
            "{}\n{parameters}\n{}",
            self.search.identity.text,
            self.arguments(&varied)
        );
        let label = match varied.is_empty() {
            true => parameters,
            false => to_json(&[own, varied].concat(), &[]).to_string(),
        };
        NewTrial {
            source: self.search.function.to_string(),
            label,
            fingerprint: text_hash(&variant),
            n_returns: i64::try_from(tried.n_returns).unwrap_or(i64::MAX),
            sharpe: Some(tried.sharpe).filter(|s| s.is_finite()),
        }
    }

    /// All arguments of a backtest with these ones, in the form that a run's have.
    fn arguments(&self, varied: &[(String, Constant)]) -> String {
        let key = to_json(varied, &[]).to_string();
        let mut known = self.arguments.lock();
        let text = known.entry(key).or_insert_with(|| {
            let mut given = self.constants(self.search.arguments);
            given.extend(varied.iter().cloned());
            given.retain(|(name, _)| self.surfaces.argument(name).is_some());
            to_json(&one_run(self.surfaces.effective(&given)), &[]).to_string()
        });
        text.clone()
    }

    fn constants(&self, named: &[(String, ParamValue)]) -> Vec<(String, Constant)> {
        let constants = named.iter().filter_map(|(name, value)| {
            let value = constant(&self.spelled(name, value))?;
            Some((name.clone(), value))
        });
        constants.collect()
    }

    /// A choice by its name, where it was given by its number.
    fn spelled(&self, name: &str, value: &ParamValue) -> ParamValue {
        let param = self.spec.params.iter().find(|p| p.name == name);
        match (param.map(|p| &p.kind), value) {
            (Some(ParamKind::Choice(choices)), ParamValue::Integer(code)) => {
                let choice = choices.iter().find(|(_, c)| c == code);
                choice.map_or_else(|| value.clone(), |(n, _)| ParamValue::Text(n.clone()))
            }
            _ => value.clone(),
        }
    }
}

/// A stored strategy at one state of the lake.
struct Shelved {
    engine: Arc<Engine>,
    strategy: CreateStrategy,
    sql: String,
    moment: Moment,
}

impl fmt::Debug for Shelved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelved")
            .field("strategy", &self.strategy.name)
            .finish_non_exhaustive()
    }
}

impl Stored for Shelved {
    fn sql(&self) -> &str {
        &self.sql
    }

    fn parameters(&self) -> Vec<(String, Option<ParamValue>)> {
        let parameters = self.strategy.parameters.iter();
        let default = |constant: &Constant| match constant {
            Constant::Number(digits) => match digits.parse::<i64>() {
                Ok(whole) => ParamValue::Integer(whole),
                Err(_) => digits.parse().map_or(ParamValue::Null, ParamValue::Number),
            },
            Constant::Text(text) => ParamValue::Text(text.clone()),
            Constant::Flag(flag) => ParamValue::Flag(*flag),
            Constant::Null => ParamValue::Null,
        };
        parameters
            .map(|p| (p.name.clone(), p.default.as_ref().map(default)))
            .collect()
    }

    fn check(&self, parameter: &str, value: &ParamValue) -> Result<(), QlError> {
        let declared = self.strategy.parameters.iter();
        let declared = declared.clone().find(|p| p.name == parameter);
        let declared = declared
            .ok_or_else(|| QlError::internal("a value of a parameter that is not declared"))?;
        let value = constant(value).unwrap_or(Constant::Null);
        check_type(&self.strategy.name, declared, &value)
    }

    fn rows<'a>(
        &'a self,
        values: Named,
        shape: &'a (dyn Fn(LogicalPlan) -> Result<LogicalPlan> + Send + Sync),
    ) -> BoxFuture<'a, Result<SendableRecordBatchStream>> {
        Box::pin(async move {
            let constants = values.into_iter().map(|(name, value)| {
                let value = constant(&value).unwrap_or(Constant::Null);
                (name, value)
            });
            let constants = constants.collect();
            let frozen = freeze(&self.engine, &self.strategy, &constants, self.moment)?;
            let ctx = one_partition(&self.engine, None);
            let (state, plan) = frame(&ctx, self.engine.registry(), &frozen.sql)
                .await?
                .into_parts();
            DataFrame::new(state, shape(plan)?).execute_stream().await
        })
    }
}
