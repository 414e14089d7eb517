//! The extended protocol: prepare, bind, describe, execute.

use super::connection::Connection;
use super::encode::{self, types};
use super::fault::{Fault, Stop};
use super::frames::{Bind, Target};
use super::rows::RowSource;
use super::{parameters, placeholders};
use crate::dialect::Statement;
use crate::engine::session::{self, Outcome};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    BindComplete, CloseComplete, ParseComplete, PortalSuspended,
};
use pgwire::messages::response::EmptyQueryResponse;
use postgres_types::Type;
use std::collections::HashMap;
use std::sync::Arc;

/// A statement that the client has prepared.
pub struct Prepared {
    sql: String,
    /// `None` for an empty text.
    statement: Option<Statement>,
    /// The columns that come back; `None` when none do.
    schema: Option<SchemaRef>,
    parameters: Vec<Parameter>,
}

/// One `$n`.
struct Parameter {
    /// The type on the wire.
    ty: Type,
    /// The type that the plan wants, where it tells.
    wanted: Option<DataType>,
}

/// A prepared statement with its values, perhaps half fetched.
pub struct Portal {
    prepared: Arc<Prepared>,
    values: Vec<ScalarValue>,
    formats: Vec<i16>,
    progress: Progress,
}

enum Progress {
    NotStarted,
    Rows(Box<RowSource>),
    RowsDone,
    CommandDone,
}

impl Connection {
    /// Plans a statement and keeps it under a name.
    pub(super) async fn parse(
        &mut self,
        name: String,
        sql: &str,
        types: &[u32],
    ) -> Result<(), Stop> {
        if !name.is_empty() && self.statements.contains_key(&name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Fault::error("42P05", message).into());
        }
        let prepared = self.prepare(sql, types).await.map_err(|stop| match stop {
            Stop::Fault(fault) => Stop::Fault(fault.located_in(sql)),
            gone => gone,
        })?;
        self.statements.insert(name, Arc::new(prepared));
        self.outbound
            .push(Reply::ParseComplete(ParseComplete::new()))?;
        Ok(())
    }

    async fn prepare(&mut self, sql: &str, types: &[u32]) -> Result<Prepared, Stop> {
        let mut statements = self.session.parse(sql)?;
        if statements.len() > 1 {
            let message = "cannot insert multiple commands into a prepared statement";
            return Err(Fault::error("42601", message).into());
        }
        let Some(mut statement) = statements.pop() else {
            return Ok(Prepared::empty());
        };
        let mut planned = self.plan(&statement).await?;
        let told = placeholders::types_in(&statement);
        let unknown = unknown_types(&planned.parameters, types, &told)?;
        if let Some(typed) = placeholders::cast(&statement, &unknown) {
            planned = self.plan(&typed).await?;
            statement = typed;
        }
        Ok(Prepared {
            sql: sql.to_string(),
            statement: Some(statement),
            schema: planned.schema,
            parameters: parameters_of(planned.parameters, types, &unknown)?,
        })
    }

    async fn plan(&mut self, statement: &Statement) -> Result<session::Prepared, Stop> {
        let session = Arc::clone(&self.session);
        let work = session.prepare(statement);
        Ok(Self::while_connected(&mut self.inbound, work).await??)
    }

    /// Gives a prepared statement its values.
    pub(super) fn bind(&mut self, bind: Bind) -> Result<(), Stop> {
        let prepared = Arc::clone(self.statement(&bind.statement)?);
        if !bind.portal.is_empty() && self.portals.contains_key(&bind.portal) {
            let message = format!("portal \"{}\" already exists", bind.portal);
            return Err(Fault::error("42P03", message).into());
        }
        let values = prepared.values(&bind)?;
        let n_columns = prepared.schema.as_ref().map(|s| s.fields().len());
        encode::check_formats(&bind.result_formats, n_columns)?;
        let portal = Portal {
            prepared,
            values,
            formats: bind.result_formats,
            progress: Progress::NotStarted,
        };
        self.portals.insert(bind.portal, portal);
        self.outbound
            .push(Reply::BindComplete(BindComplete::new()))?;
        Ok(())
    }

    /// Tells the types of parameters and columns.
    pub(super) fn describe(&mut self, target: Target, name: &str) -> Result<(), Stop> {
        let (prepared, formats) = match target {
            Target::Statement => {
                let prepared = Arc::clone(self.statement(name)?);
                let types = prepared.parameters.iter().map(|p| p.ty.oid()).collect();
                let described = ParameterDescription::new(types);
                self.outbound.push(Reply::ParameterDescription(described))?;
                (prepared, Vec::new())
            }
            Target::Portal => {
                let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
                (Arc::clone(&portal.prepared), portal.formats.clone())
            }
        };
        let reply = match &prepared.schema {
            Some(schema) => encode::description(schema, &formats)?,
            None => Reply::NoData(NoData::new()),
        };
        self.outbound.push(reply)?;
        Ok(())
    }

    /// Runs a portal, or goes on with one that was suspended.
    pub(super) async fn execute(&mut self, name: &str, max_rows: usize) -> Result<(), Stop> {
        // Taken out, so that the connection's other parts stay usable; an error drops it, as
        // PostgreSQL does too.
        let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
        let sql = Arc::clone(&portal.prepared);
        self.advance(&mut portal, max_rows)
            .await
            .map_err(|stop| match stop {
                Stop::Fault(fault) => Stop::Fault(fault.located_in(&sql.sql)),
                gone => gone,
            })?;
        self.portals.insert(name.to_string(), portal);
        Ok(())
    }

    async fn advance(&mut self, portal: &mut Portal, max_rows: usize) -> Result<(), Stop> {
        if matches!(portal.progress, Progress::NotStarted) {
            let Some(statement) = &portal.prepared.statement else {
                self.outbound
                    .push(Reply::EmptyQueryResponse(EmptyQueryResponse::new()))?;
                return Ok(());
            };
            let session = Arc::clone(&self.session);
            let work = session.execute(statement, &portal.values);
            match Self::while_connected(&mut self.inbound, work).await?? {
                Outcome::Command { tag } => {
                    portal.progress = Progress::CommandDone;
                    self.complete(tag)?;
                    return Ok(());
                }
                Outcome::Rows(stream) => {
                    let rows = RowSource::new(stream, &portal.formats, &self.session)?;
                    portal.prepared.refuse_other_columns(&rows)?;
                    portal.progress = Progress::Rows(Box::new(rows));
                }
            }
        }
        self.fetch(portal, max_rows).await
    }

    async fn fetch(&mut self, portal: &mut Portal, max_rows: usize) -> Result<(), Stop> {
        let sent = match &mut portal.progress {
            Progress::Rows(rows) => {
                rows.send(&mut self.inbound, &mut self.outbound, max_rows)
                    .await?
            }
            Progress::RowsDone | Progress::NotStarted => {
                self.complete("SELECT 0".into())?;
                return Ok(());
            }
            Progress::CommandDone => {
                return Err(Fault::error("55000", "the portal cannot be run again").into());
            }
        };
        if sent.is_last {
            portal.progress = Progress::RowsDone;
            self.complete(format!("SELECT {}", sent.n_rows))?;
        } else {
            self.outbound
                .push(Reply::PortalSuspended(PortalSuspended::new()))?;
        }
        Ok(())
    }

    /// Forgets a statement or a portal; forgetting what is not there is no error.
    pub(super) fn close(&mut self, target: Target, name: &str) -> Result<(), Stop> {
        match target {
            Target::Statement => drop(self.statements.remove(name)),
            Target::Portal => drop(self.portals.remove(name)),
        }
        self.outbound
            .push(Reply::CloseComplete(CloseComplete::new()))?;
        Ok(())
    }

    fn statement(&self, name: &str) -> Result<&Arc<Prepared>, Fault> {
        self.statements.get(name).ok_or_else(|| {
            let message = match name {
                "" => "unnamed prepared statement does not exist".into(),
                name => format!("prepared statement \"{name}\" does not exist"),
            };
            Fault::error("26000", message)
        })
    }
}

impl Prepared {
    fn empty() -> Self {
        Self {
            sql: String::new(),
            statement: None,
            schema: None,
            parameters: Vec::new(),
        }
    }

    fn values(&self, bind: &Bind) -> Result<Vec<ScalarValue>, Fault> {
        let (given, needed) = (bind.values.len(), self.parameters.len());
        if given != needed {
            let message = format!(
                "bind message supplies {given} parameters, but prepared statement \"{}\" requires {needed}",
                bind.statement
            );
            return Err(Fault::protocol(message));
        }
        encode::check_formats(&bind.formats, Some(needed))?;
        self.parameters
            .iter()
            .zip(&bind.values)
            .enumerate()
            .map(|(i, (parameter, value))| {
                let format = encode::format_of(&bind.formats, i);
                parameters::decode(
                    value.as_deref(),
                    format,
                    &parameter.ty,
                    parameter.wanted.as_ref(),
                )
                .map_err(|fault| parameters::at_position(fault, i + 1))
            })
            .collect()
    }

    /// The client decodes by what it was told; a table changed since then would be misread.
    fn refuse_other_columns(&self, rows: &RowSource) -> Result<(), Fault> {
        let described = self
            .schema
            .iter()
            .flat_map(|s| s.fields().iter().map(|f| types::pg_type(f)));
        if described.map(|ty| ty.oid()).eq(rows.types().map(Type::oid)) {
            return Ok(());
        }
        Err(Fault::error(
            "0A000",
            "cached plan must not change result type",
        ))
    }
}

/// The type that the client gives for a parameter; `None` where it leaves it to the server.
fn given_type(given: &[u32], index: usize) -> Result<Option<Type>, Fault> {
    match given.get(index).copied().unwrap_or(0) {
        oid if oid == 0 || oid == Type::UNKNOWN.oid() => Ok(None),
        oid => match Type::from_oid(oid) {
            Some(ty) => Ok(Some(ty)),
            None => {
                let message = format!("type with OID {oid} does not exist");
                Err(Fault::error("42704", message))
            }
        },
    }
}

/// Types for the parameters, by position, whose type the plan does not tell: the client's, else
/// what the text tells, else text.
fn unknown_types(
    wanted: &[Option<DataType>],
    given: &[u32],
    told: &HashMap<usize, Type>,
) -> Result<HashMap<usize, Type>, Fault> {
    let choose = |i: usize| {
        let ty = given_type(given, i)?.or_else(|| told.get(&(i + 1)).cloned());
        Ok((i + 1, ty.unwrap_or(Type::TEXT)))
    };
    (0..wanted.len())
        .filter(|i| wanted[*i].is_none())
        .map(choose)
        .collect()
}

/// The client's types where it gives some, else what the plan tells, else what was chosen.
fn parameters_of(
    wanted: Vec<Option<DataType>>,
    given: &[u32],
    chosen: &HashMap<usize, Type>,
) -> Result<Vec<Parameter>, Fault> {
    let with_type = |(i, wanted): (usize, Option<DataType>)| {
        let ty = match (given_type(given, i)?, chosen.get(&(i + 1)), &wanted) {
            (Some(ty), _, _) => ty,
            (_, Some(ty), _) => ty.clone(),
            (_, _, wanted) => wanted.as_ref().map_or(Type::TEXT, types::pg_type_of),
        };
        Ok(Parameter { ty, wanted })
    };
    wanted.into_iter().enumerate().map(with_type).collect()
}

fn no_portal(name: &str) -> Fault {
    Fault::error("34000", format!("portal \"{name}\" does not exist"))
}
