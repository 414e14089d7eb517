//! From an accepted socket to a logged-in user.

mod request;

use super::cancel::Registration;
use super::fault::{Fault, Stop};
use super::frames::{sasl_initial, startup_parameters};
use super::listener::Shared;
use super::scram::{Exchange, MECHANISM, Verifier};
use super::tls;
use super::transport::{Inbound, LOGIN_LIMIT, Outbound, Transport, split};
use crate::engine::session::Session;
use crate::pg_catalog;
use bytes::{Buf, Bytes, BytesMut};
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::response::{ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey,
};
use request::{apply_settings, check_database, named};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, warn};

/// The settings that PostgreSQL tells clients about, at login and after each change.
pub const REPORTED: &[&str] = &[
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

const CANCEL_REQUEST: i32 = 80_877_102;
const TLS_REQUEST: i32 = 80_877_103;
const GSS_REQUEST: i32 = 80_877_104;
const TLS_HANDSHAKE: u8 = 0x16;

/// A connection that has logged in.
pub struct LoggedIn {
    /// Messages from the client.
    pub inbound: Inbound,
    /// Replies to it.
    pub outbound: Outbound,
    /// Its session.
    pub session: Arc<Session>,
    /// Its entry for cancel requests.
    pub registration: Registration,
    /// Its place among the connections.
    pub slot: OwnedSemaphorePermit,
}

/// What the client's first message asks for.
enum Opening {
    Startup { version: i32, rest: Bytes },
    Cancel { pid: i32, secret: i32 },
}

/// Negotiates TLS, answers cancel requests, and logs in; `None` when the client did not get in.
pub async fn login(socket: TcpStream, peer: SocketAddr, shared: &Shared) -> Option<LoggedIn> {
    match negotiate(socket, peer, shared).await {
        Ok(login) => login,
        Err(error) => {
            debug!(%peer, %error, "the connection ended before login");
            None
        }
    }
}

async fn negotiate(
    socket: TcpStream,
    peer: SocketAddr,
    shared: &Shared,
) -> io::Result<Option<LoggedIn>> {
    socket.set_nodelay(true)?;
    let Some((mut transport, opening, secure)) = open(socket, shared).await? else {
        return Ok(None);
    };
    let (version, rest) = match opening {
        Opening::Cancel { pid, secret } => {
            shared.backends.cancel(pid, secret);
            transport.shutdown().await?;
            return Ok(None);
        }
        Opening::Startup { version, rest } => (version, rest),
    };
    let (inbound, outbound) = split(transport, BytesMut::new());
    let mut door = Door {
        inbound,
        outbound,
        shared,
        peer,
        secure,
    };
    match door.enter(version, rest).await {
        Ok((session, registration, slot)) => Ok(Some(LoggedIn {
            inbound: door.inbound,
            outbound: door.outbound,
            session,
            registration,
            slot,
        })),
        Err(Stop::Gone(error)) => Err(error),
        Err(Stop::Fault(fault)) => {
            let fault = Fault {
                fatal: true,
                ..fault
            };
            debug!(%peer, code = fault.code, message = %fault.message, "login refused");
            door.outbound.push(fault.reply())?;
            door.outbound.close().await;
            Ok(None)
        }
    }
}

type Opened = (Box<dyn Transport>, Opening, bool);

/// Answers requests for encryption until the client starts in earnest.
async fn open(mut socket: TcpStream, shared: &Shared) -> io::Result<Option<Opened>> {
    let mut first = [0u8; 1];
    if socket.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if first == [TLS_HANDSHAKE] {
        return match encrypt(socket, shared, true).await? {
            Some(mut stream) => Ok(Some(
                opening_over(&mut stream).await.map(|o| (stream, o, true))?,
            )),
            None => Ok(None),
        };
    }
    loop {
        let (code, rest) = first_message(&mut socket).await?;
        match code {
            TLS_REQUEST if shared.tls.is_some() => {
                socket.write_all(b"S").await?;
                let Some(mut stream) = encrypt(socket, shared, false).await? else {
                    return Ok(None);
                };
                let opening = opening_over(&mut stream).await?;
                return Ok(Some((stream, opening, true)));
            }
            TLS_REQUEST | GSS_REQUEST => socket.write_all(b"N").await?,
            _ => return Ok(Some((Box::new(socket), opening_of(code, rest)?, false))),
        }
    }
}

/// The TLS handshake. Bytes sent along with the request would have come from someone in the
/// middle; they are part of the handshake here and make it fail, as nothing is read ahead.
async fn encrypt(
    socket: TcpStream,
    shared: &Shared,
    direct: bool,
) -> io::Result<Option<Box<dyn Transport>>> {
    let Some(acceptor) = &shared.tls else {
        return Ok(None);
    };
    let stream = acceptor.accept(socket).await?;
    if direct && !tls::names_protocol(stream.get_ref().1.alpn_protocol()) {
        return Ok(None);
    }
    Ok(Some(Box::new(stream)))
}

async fn opening_over(stream: &mut Box<dyn Transport>) -> io::Result<Opening> {
    let (code, rest) = first_message(stream).await?;
    opening_of(code, rest)
}

/// A message without a type byte: its length, its code, the rest.
async fn first_message<T: AsyncReadExt + Unpin>(stream: &mut T) -> io::Result<(i32, Bytes)> {
    let length = usize::try_from(stream.read_i32().await?).unwrap_or(0);
    if !(8..=LOGIN_LIMIT).contains(&length) {
        return Err(io::Error::other(
            "the first message has an impossible length",
        ));
    }
    let code = stream.read_i32().await?;
    let mut rest = vec![0; length - 8];
    stream.read_exact(&mut rest).await?;
    Ok((code, rest.into()))
}

fn opening_of(code: i32, mut rest: Bytes) -> io::Result<Opening> {
    match code {
        CANCEL_REQUEST if rest.len() == 8 => Ok(Opening::Cancel {
            pid: rest.get_i32(),
            secret: rest.get_i32(),
        }),
        CANCEL_REQUEST => Err(io::Error::other("a cancel request has the wrong length")),
        version => Ok(Opening::Startup { version, rest }),
    }
}

/// Everything between the startup message and the first query.
struct Door<'a> {
    inbound: Inbound,
    outbound: Outbound,
    shared: &'a Shared,
    peer: SocketAddr,
    secure: bool,
}

type Entered = (Arc<Session>, Registration, OwnedSemaphorePermit);

impl Door<'_> {
    async fn enter(&mut self, version: i32, rest: Bytes) -> Result<Entered, Stop> {
        let (major, minor) = (version >> 16, version & 0xffff);
        if major != 3 {
            let message =
                format!("unsupported frontend protocol {major}.{minor}: server supports 3.0");
            return Err(Fault::fatal("0A000", message).into());
        }
        self.refuse_plain_text()?;
        let parameters = startup_parameters(rest)?;
        self.agree_on_version(minor, &parameters)?;
        let user = named(&parameters, "user")
            .filter(|user| !user.is_empty())
            .ok_or_else(|| {
                Fault::fatal(
                    "28000",
                    "no PostgreSQL user name specified in startup packet",
                )
            })?
            .to_string();
        let Some(slot) = self.shared.slot() else {
            return Err(Fault::fatal("53300", "sorry, too many clients already").into());
        };
        self.authenticate(&user).await?;
        check_database(&parameters, &user)?;
        let session = self.shared.engine.session(&user);
        apply_settings(&session, &parameters)?;
        let registration = self.shared.backends.register(&session);
        pg_catalog::bind_session(&session, registration.pid);
        self.welcome(&session, &registration).await?;
        Ok((session, registration, slot))
    }

    /// With TLS on, only peers on this machine may do without it.
    fn refuse_plain_text(&self) -> Result<(), Fault> {
        if self.secure || self.shared.tls.is_none() || self.peer.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        Err(Fault::fatal(
            "28000",
            "this server requires TLS: connect with sslmode=require",
        ))
    }

    /// Newer minor versions and protocol options are declined, not refused.
    fn agree_on_version(&mut self, minor: i32, parameters: &[(String, String)]) -> io::Result<()> {
        let options: Vec<String> = parameters
            .iter()
            .filter(|(name, _)| name.starts_with("_pq_."))
            .map(|(name, _)| name.clone())
            .collect();
        if minor == 0 && options.is_empty() {
            return Ok(());
        }
        let negotiate = NegotiateProtocolVersion::new(0, options);
        self.outbound
            .push(Reply::NegotiateProtocolVersion(negotiate))
    }

    async fn authenticate(&mut self, user: &str) -> Result<(), Stop> {
        if self.shared.options.trust_loopback && self.peer.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        let stored = stored_verifier(self.shared, user)?;
        let exists = stored.is_some();
        let verifier = stored.unwrap_or_else(|| Verifier::made_up(user, &self.shared.secret));
        if self.scram(verifier).await? && exists {
            return Ok(());
        }
        self.record_failure(user);
        let message = format!("password authentication failed for user \"{user}\"");
        Err(Fault::fatal("28P01", message).into())
    }

    /// Whether the client proved that it knows the password.
    async fn scram(&mut self, verifier: Verifier) -> Result<bool, Stop> {
        self.ask(Authentication::SASL(vec![MECHANISM.into()]))
            .await?;
        let (mechanism, first) = sasl_initial(self.password_message().await?)?;
        if mechanism != MECHANISM {
            let message = format!("SASL mechanism must be {MECHANISM}, found {mechanism}");
            return Err(Fault::fatal("08P01", message).into());
        }
        let exchange = Exchange::begin(verifier, &first)?;
        self.ask(Authentication::SASLContinue(exchange.challenge()))
            .await?;
        match exchange.finish(&self.password_message().await?)? {
            Some(signature) => {
                self.outbound
                    .push(Reply::Authentication(Authentication::SASLFinal(signature)))?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    async fn ask(&mut self, question: Authentication) -> io::Result<()> {
        self.outbound.push(Reply::Authentication(question))?;
        self.outbound.flush().await
    }

    async fn password_message(&mut self) -> Result<Bytes, Stop> {
        match self.inbound.frame(LOGIN_LIMIT).await? {
            Some(frame) if frame.tag == b'p' => Ok(frame.body),
            Some(_) => Err(Fault::fatal("08P01", "expected a SASL response").into()),
            None => Err(Stop::Gone(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn record_failure(&self, user: &str) {
        warn!(user, peer = %self.peer, "login failed");
        let detail = format!("from {}", self.peer.ip());
        if let Err(error) = self
            .shared
            .engine
            .lake()
            .ledger()
            .audit(user, "login failed", &detail)
        {
            warn!(%error, "the failed login could not be written to the audit log");
        }
    }

    async fn welcome(&mut self, session: &Session, registration: &Registration) -> io::Result<()> {
        self.outbound
            .push(Reply::Authentication(Authentication::Ok))?;
        for name in REPORTED {
            let value = session.setting(name).unwrap_or_default();
            let status = ParameterStatus::new((*name).into(), value);
            self.outbound.push(Reply::ParameterStatus(status))?;
        }
        let key = BackendKeyData::new(registration.pid, SecretKey::I32(registration.secret));
        self.outbound.push(Reply::BackendKeyData(key))?;
        let ready = ReadyForQuery::new(TransactionStatus::Idle);
        self.outbound.push(Reply::ReadyForQuery(ready))?;
        self.outbound.flush().await
    }
}

fn stored_verifier(shared: &Shared, user: &str) -> Result<Option<Verifier>, Stop> {
    match shared.engine.lake().ledger().user_verifier(user)? {
        Some(text) => Ok(Some(text.parse::<Verifier>()?)),
        None => Ok(None),
    }
}
