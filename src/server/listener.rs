//! The listening socket and the life of the connections it accepts.

use super::cancel::Backends;
use super::options::ServerOptions;
use super::{connection, startup, tls};
use crate::engine::Engine;
use quantlake_core::{QlError, SqlState};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use uuid::Uuid;

/// Sockets beyond `max_connections` that may be logging in or be told that there are too many.
const WAITING_ROOM: usize = 64;

/// A pause after a failed accept: out of file handles, trying at once would only burn the CPU.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long cancelled statements get to say goodbye when the server stops.
const GOODBYE: Duration = Duration::from_secs(2);

/// What all connections share.
pub struct Shared {
    /// The database.
    pub engine: Arc<Engine>,
    /// What the operator chose.
    pub options: ServerOptions,
    /// TLS, when it is on.
    pub tls: Option<TlsAcceptor>,
    /// Who is connected.
    pub backends: Arc<Backends>,
    /// Hides which users exist; see `scram`.
    pub secret: [u8; 32],
    /// Set when the server stops.
    pub stopping: CancellationToken,
    slots: Arc<Semaphore>,
}

impl Shared {
    /// A place among the connections, free again when it is dropped; `None` when all are taken.
    pub fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }
}

/// A server that has its address but serves nobody yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Takes the address and loads the TLS files.
    ///
    /// # Errors
    /// 22023 for options that are not safe, 58P01 and 22P04 for TLS files, 58030 when the address
    /// is taken.
    pub async fn bind(engine: Arc<Engine>, options: ServerOptions) -> Result<Self, QlError> {
        options.check()?;
        let tls = options.tls.as_ref().map(tls::acceptor).transpose()?;
        let in_use = |e: io::Error| {
            let message = format!("serve: cannot listen on {}: {e}", options.listen);
            QlError::new(SqlState::IoError, message)
        };
        let listener = TcpListener::bind(options.listen).await.map_err(in_use)?;
        let address = listener.local_addr().map_err(in_use)?;
        let shared = Arc::new(Shared {
            engine,
            tls,
            backends: Arc::default(),
            secret: random_secret(),
            stopping: CancellationToken::new(),
            slots: Arc::new(Semaphore::new(options.max_connections)),
            options,
        });
        Ok(Self {
            listener,
            address,
            shared,
        })
    }

    /// The address, with the port that was free when port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready. Idle connections end at once, running statements get
    /// the grace period and are cancelled after it.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        info!(address = %self.address, tls = self.shared.tls.is_some(), "listening");
        let mut tasks = JoinSet::new();
        tokio::select! {
            () = shutdown => {}
            () = self.accept(&mut tasks) => {}
        }
        self.shared.stopping.cancel();
        let all_ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.shared.options.grace, all_ended)
            .await
            .is_err()
        {
            warn!("cancelling statements that outlived the grace period");
            self.shared.backends.cancel_all();
            let all_ended = async { while tasks.join_next().await.is_some() {} };
            // Connections that do not even take their error are dropped with the set.
            let _ = tokio::time::timeout(GOODBYE, all_ended).await;
        }
        info!("stopped");
    }

    async fn accept(&self, tasks: &mut JoinSet<()>) {
        let room = self.shared.options.max_connections + WAITING_ROOM;
        let room = Arc::new(Semaphore::new(room));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                // Forgets tasks that have ended; a panic in one ended that connection only.
                Some(_) = tasks.join_next() => continue,
            };
            match accepted {
                Ok((socket, peer)) => match Arc::clone(&room).try_acquire_owned() {
                    Ok(place) => {
                        let shared = Arc::clone(&self.shared);
                        tasks.spawn(async move {
                            talk(socket, peer, shared).await;
                            drop(place);
                        });
                    }
                    Err(_) => warn!(%peer, "too many sockets are waiting to log in"),
                },
                Err(error) => {
                    warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn talk(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let limit = shared.options.login_timeout;
    let login = tokio::select! {
        login = tokio::time::timeout(limit, startup::login(socket, peer, &shared)) => login,
        () = shared.stopping.cancelled() => return,
    };
    match login {
        Ok(Some(connection)) => connection::serve(connection, &shared).await,
        Ok(None) => debug!(%peer, "no login"),
        Err(_) => debug!(%peer, "login timed out"),
    }
}

fn random_secret() -> [u8; 32] {
    let mut secret = [0; 32];
    secret[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    secret[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    secret
}
