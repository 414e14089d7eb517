//! The simple protocol: a text with any number of statements, answered in order as text.

use super::connection::Connection;
use super::fault::{Fault, Stop};
use super::rows::RowSource;
use crate::dialect::Statement;
use crate::engine::session::Outcome;
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::response::EmptyQueryResponse;
use std::sync::Arc;

impl Connection {
    /// Runs the statements until one fails. Each commits on its own, unlike in PostgreSQL, where
    /// the text is one transaction.
    pub(super) async fn query(&mut self, sql: &str) -> Result<(), Stop> {
        // The unnamed statement does not survive a simple query.
        self.statements.remove("");
        self.portals.remove("");
        let statements = self
            .session
            .parse(sql)
            .map_err(|e| Fault::from(e).located_in(sql))?;
        if statements.is_empty() {
            self.outbound
                .push(Reply::EmptyQueryResponse(EmptyQueryResponse::new()))?;
        }
        for statement in &statements {
            self.run_simple(statement)
                .await
                .map_err(|stop| locate(stop, sql))?;
        }
        Ok(())
    }

    async fn run_simple(&mut self, statement: &Statement) -> Result<(), Stop> {
        let session = Arc::clone(&self.session);
        let work = session.execute(statement, &[]);
        match Self::while_connected(&mut self.inbound, work).await?? {
            Outcome::Command { tag } => self.complete(tag)?,
            Outcome::Rows(stream) => {
                let mut rows = RowSource::new(stream, &[], &self.session)?;
                self.outbound.push(rows.description())?;
                let sent = rows.send(&mut self.inbound, &mut self.outbound, 0).await?;
                self.complete(format!("SELECT {}", sent.n_rows))?;
            }
        }
        Ok(())
    }
}

/// Errors of planning that know their place speak of the whole text.
fn locate(stop: Stop, sql: &str) -> Stop {
    match stop {
        Stop::Fault(fault) => Stop::Fault(fault.located_in(sql)),
        gone => gone,
    }
}
