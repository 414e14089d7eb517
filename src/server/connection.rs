//! The loop of a connection: one message in, its replies out.

use super::cancel::Registration;
use super::extended::{Portal, Prepared};
use super::fault::{Fault, Stop, warning};
use super::frames::{Frame, Message};
use super::listener::Shared;
use super::startup::{LoggedIn, REPORTED};
use super::transport::{Inbound, MESSAGE_LIMIT, Outbound};
use crate::engine::session::{Session, TransactionState};
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::response::{CommandComplete, ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::ParameterStatus;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tracing::debug;

/// A logged-in client and what it has prepared.
pub struct Connection {
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
    pub(super) session: Arc<Session>,
    pub(super) statements: HashMap<String, Arc<Prepared>>,
    pub(super) portals: HashMap<String, Portal>,
    registration: Registration,
    /// After an error in extended messages, everything up to Sync is skipped.
    skipping: bool,
    /// The values of the reported settings that the client knows.
    reported: Vec<String>,
}

/// Whether the loop goes on.
enum Next {
    Message,
    End,
}

/// Serves a client until it leaves, breaks the protocol, or the server stops.
pub async fn serve(login: LoggedIn, shared: &Shared) {
    let mut connection = Connection {
        inbound: login.inbound,
        outbound: login.outbound,
        reported: reported(&login.session),
        session: login.session,
        statements: HashMap::new(),
        portals: HashMap::new(),
        registration: login.registration,
        skipping: false,
    };
    if let Err(error) = connection.run(shared).await {
        debug!(%error, "the client is gone");
    }
    // The place is free once the client knows that it is out.
    connection.outbound.close().await;
    drop(login.slot);
}

impl Connection {
    async fn run(&mut self, shared: &Shared) -> io::Result<()> {
        loop {
            let frame = tokio::select! {
                biased;
                () = shared.stopping.cancelled() => {
                    let goodbye = "terminating connection due to administrator command";
                    return self.outbound.push(Fault::fatal("57P01", goodbye).reply());
                }
                frame = self.inbound.frame(MESSAGE_LIMIT) => frame,
            };
            let next = match frame {
                Ok(Some(frame)) => self.answer(frame).await?,
                Ok(None) => Next::End,
                Err(Stop::Fault(fault)) => {
                    self.outbound.push(fault.reply())?;
                    Next::End
                }
                Err(Stop::Gone(error)) => return Err(error),
            };
            if matches!(next, Next::End) {
                return Ok(());
            }
        }
    }

    async fn answer(&mut self, frame: Frame) -> io::Result<Next> {
        let is_extended = Message::tag_is_extended(frame.tag);
        if self.skipping && is_extended {
            return Ok(Next::Message);
        }
        self.registration.set_busy(true);
        let done = match Message::read(frame) {
            Ok(message) => self.handle(message).await,
            Err(fault) => Err(fault.into()),
        };
        self.registration.set_busy(false);
        match done {
            Ok(next) => {
                if self.outbound.is_full() {
                    self.outbound.flush().await?;
                }
                Ok(next)
            }
            Err(Stop::Gone(error)) => Err(error),
            Err(Stop::Fault(fault)) => self.report(fault, is_extended).await,
        }
    }

    async fn handle(&mut self, message: Message) -> Result<Next, Stop> {
        match message {
            Message::Query(sql) => {
                self.skipping = false;
                self.query(&sql).await?;
                self.ready().await?;
            }
            Message::Parse { name, sql, types } => self.parse(name, &sql, &types).await?,
            Message::Bind(bind) => self.bind(bind)?,
            Message::Describe(target, name) => self.describe(target, &name)?,
            Message::Execute { portal, max_rows } => self.execute(&portal, max_rows).await?,
            Message::Close(target, name) => self.close(target, &name)?,
            Message::Flush => self.outbound.flush().await?,
            Message::Sync => {
                self.skipping = false;
                self.ready().await?;
            }
            Message::Terminate => return Ok(Next::End),
            Message::FunctionCall => {
                return Err(
                    Fault::error("0A000", "function calls by OID are not supported").into(),
                );
            }
            Message::CopyLeftover => {}
        }
        Ok(Next::Message)
    }

    async fn report(&mut self, fault: Fault, is_extended: bool) -> io::Result<Next> {
        self.session.fail_block();
        self.send_warnings()?;
        self.outbound.push(fault.reply())?;
        if fault.fatal {
            return Ok(Next::End);
        }
        if is_extended {
            self.skipping = true;
            self.outbound.flush().await?;
        } else {
            self.ready().await?;
        }
        Ok(Next::Message)
    }

    /// Ends a unit of work: portals outside a block do not outlive it.
    async fn ready(&mut self) -> io::Result<()> {
        let status = match self.session.transaction() {
            TransactionState::Idle => {
                self.portals.clear();
                TransactionStatus::Idle
            }
            TransactionState::Open => TransactionStatus::Transaction,
            TransactionState::Failed => TransactionStatus::Error,
        };
        self.outbound
            .push(Reply::ReadyForQuery(ReadyForQuery::new(status)))?;
        self.outbound.flush().await
    }

    /// Ends a statement: its warnings, changed settings, and its tag.
    pub(super) fn complete(&mut self, tag: String) -> io::Result<()> {
        self.send_warnings()?;
        for (name, known) in REPORTED.iter().zip(&mut self.reported) {
            let value = self.session.setting(name).unwrap_or_default();
            if *known != value {
                known.clone_from(&value);
                let status = ParameterStatus::new((*name).into(), value);
                self.outbound.push(Reply::ParameterStatus(status))?;
            }
        }
        if tag == "DISCARD ALL" {
            self.statements.clear();
            self.portals.clear();
        }
        self.outbound
            .push(Reply::CommandComplete(CommandComplete::new(tag)))
    }

    fn send_warnings(&mut self) -> io::Result<()> {
        for text in self.session.take_notices() {
            self.outbound.push(warning(&text))?;
        }
        Ok(())
    }

    /// Waits for work; a client that hangs up meanwhile ends it by dropping it.
    pub(super) async fn while_connected<T>(
        inbound: &mut Inbound,
        work: impl Future<Output = T>,
    ) -> io::Result<T> {
        tokio::select! {
            biased;
            result = work => Ok(result),
            () = inbound.hung_up() => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

fn reported(session: &Session) -> Vec<String> {
    let value = |name: &&str| session.setting(name).unwrap_or_default();
    REPORTED.iter().map(value).collect()
}
