//! A server on a fresh folder, and clients for it.

use quantlake::engine::session::Outcome;
use quantlake::server::{Server, ServerOptions};
use quantlake::{Engine, EngineOptions};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

/// The user that every test server has.
pub const USER: &str = "ann";
/// Its password.
pub const PASSWORD: &str = "correct horse";

/// A running server; dropped, it stops.
pub struct TestServer {
    pub engine: Arc<Engine>,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl TestServer {
    /// With the defaults, on a free port of the loopback address.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Peers on this machine get in without a password.
    pub async fn trusting() -> Self {
        Self::with(|options| options.trust_loopback = true).await
    }

    /// With other options.
    pub async fn with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::over(folder, change).await
    }

    /// Over a folder that may have something in it.
    pub async fn over(folder: tempfile::TempDir, change: impl FnOnce(&mut ServerOptions)) -> Self {
        let engine = Engine::open(folder.path(), EngineOptions::default())
            .await
            .expect("engine");
        run(
            &engine,
            &format!("CREATE USER {USER} PASSWORD '{PASSWORD}'"),
        )
        .await;
        let mut options = ServerOptions {
            listen: "127.0.0.1:0".parse().expect("address"),
            grace: Duration::from_secs(1),
            ..ServerOptions::default()
        };
        change(&mut options);
        let server = Server::bind(Arc::clone(&engine), options)
            .await
            .expect("binds");
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            engine,
            address,
            stop: Some(stop),
            task: Some(task),
            _folder: folder,
        }
    }

    /// A connection of the test user.
    pub async fn connect(&self) -> Client {
        self.log_in(USER, PASSWORD).await.expect("logs in")
    }

    /// A connection of anyone.
    pub async fn log_in(
        &self,
        user: &str,
        password: &str,
    ) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config
            .host(self.address.ip().to_string())
            .port(self.address.port())
            .user(user)
            .password(password);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Stops the server and waits for its end.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            task.await.expect("the server ends");
        }
    }
}

/// Runs SQL as the operator, without the wire.
pub async fn run(engine: &Arc<Engine>, sql: &str) {
    let session = engine.operator_session();
    for statement in session.parse(sql).expect(sql) {
        let outcome = session.execute(&statement, &[]).await.expect(sql);
        assert!(matches!(outcome, Outcome::Command { .. }), "{sql}");
    }
}

/// A file of `tests/pgtest/tls`.
pub fn tls_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pgtest/tls")
        .join(name)
}

/// The SQLSTATE of a client's error.
pub fn code_of(error: &tokio_postgres::Error) -> &str {
    error.code().map_or("none", |code| code.code())
}
