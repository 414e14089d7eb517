//! The three ways to reach a database in a test.

use crate::value::{canonical, canonical_number};
use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use quantlake::engine::errors::sql_state;
use quantlake::engine::session::{Outcome, Session};
use quantlake::server::{Server, ServerOptions};
use quantlake::{Engine, EngineOptions};
use quantlake_core::QlError;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// How statements travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Embedded,
    Simple,
    Extended,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Simple => "simple",
            Self::Extended => "extended",
        })
    }
}

/// An engine on a fresh folder, with a server when the mode needs one.
pub struct TestDatabase {
    engine: Arc<Engine>,
    mode: Mode,
    address: Option<SocketAddr>,
}

impl TestDatabase {
    pub async fn open(folder: &Path, mode: Mode) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let options = EngineOptions {
            allowed_paths: vec![root.join("data"), root.join("models"), root.join("tests")],
            ..EngineOptions::default()
        };
        let engine = Engine::open(folder, options)
            .await
            .expect("the engine opens a fresh folder");
        let address = match mode {
            Mode::Embedded => None,
            Mode::Simple | Mode::Extended => Some(start_server(&engine).await),
        };
        Self {
            engine,
            mode,
            address,
        }
    }

    pub async fn connect(&self) -> Result<Connection, Failure> {
        let Some(address) = self.address else {
            return Ok(Connection::Embedded(self.engine.session("tester")));
        };
        let config = format!(
            "host={} port={} user=tester dbname=quantlake",
            address.ip(),
            address.port()
        );
        let (client, connection) = tokio_postgres::connect(&config, NoTls)
            .await
            .map_err(Failure::from)?;
        tokio::spawn(connection);
        Ok(match self.mode {
            Mode::Extended => Connection::Extended(client),
            _ => Connection::Simple(client),
        })
    }
}

async fn start_server(engine: &Arc<Engine>) -> SocketAddr {
    let options = ServerOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        trust_loopback: true,
        ..ServerOptions::default()
    };
    let server = Server::bind(Arc::clone(engine), options)
        .await
        .expect("the server binds a free port");
    let address = server.local_addr();
    tokio::spawn(server.run(std::future::pending()));
    address
}

/// A connection of one of the modes.
pub enum Connection {
    Embedded(Arc<Session>),
    Simple(Client),
    Extended(Client),
}

/// An error with its code, printed as `CODE: message`.
#[derive(Debug)]
pub struct Failure {
    code: String,
    message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(db) => Self {
                code: db.code().code().into(),
                message: db.message().into(),
            },
            None => Self {
                code: "client".into(),
                message: error.to_string(),
            },
        }
    }
}

impl From<QlError> for Failure {
    fn from(error: QlError) -> Self {
        Self {
            code: error.state.code().into(),
            message: error.message,
        }
    }
}

impl From<datafusion::error::DataFusionError> for Failure {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        sql_state(&error).into()
    }
}

type Output = DBOutput<DefaultColumnType>;

#[async_trait::async_trait]
impl AsyncDB for Connection {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<Output, Failure> {
        match self {
            Self::Embedded(session) => run_embedded(session, sql).await,
            Self::Simple(client) => run_simple(client, sql).await,
            Self::Extended(client) => run_extended(client, sql).await,
        }
    }

    async fn shutdown(&mut self) {}

    async fn sleep(duration: std::time::Duration) {
        tokio::time::sleep(duration).await;
    }

    fn error_sql_state(error: &Failure) -> Option<String> {
        Some(error.code.clone())
    }
}

/// The type does not take part: the text does, and it is the same in all modes.
fn table(n_columns: usize, rows: Vec<Vec<String>>) -> Output {
    DBOutput::Rows {
        types: vec![DefaultColumnType::Any; n_columns],
        rows,
    }
}

async fn run_embedded(session: &Session, sql: &str) -> Result<Output, Failure> {
    let mut last = DBOutput::StatementComplete(0);
    for statement in session.parse(sql)? {
        last = match session.execute(&statement, &[]).await? {
            Outcome::Command { .. } => DBOutput::StatementComplete(0),
            Outcome::Rows(stream) => {
                let n_columns = stream.schema().fields().len();
                let batches: Vec<_> = stream.try_collect().await?;
                let mut rows = Vec::new();
                for batch in &batches {
                    for row in 0..batch.num_rows() {
                        rows.push(batch.columns().iter().map(|c| arrow_text(c, row)).collect());
                    }
                }
                table(n_columns, rows)
            }
        };
    }
    Ok(last)
}

fn arrow_text(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return canonical(None);
    }
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(column, &options)
        .map_or_else(|e| e.to_string(), |f| f.value(row).to_string());
    match column.data_type() {
        DataType::Boolean => text.chars().take(1).collect(),
        DataType::Timestamp(..) => canonical(Some(&text.replace('T', " "))),
        _ => canonical(Some(&text)),
    }
}

async fn run_simple(client: &Client, sql: &str) -> Result<Output, Failure> {
    let mut n_columns = None;
    let mut rows = Vec::new();
    for message in client.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::RowDescription(columns) => n_columns = Some(columns.len()),
            SimpleQueryMessage::Row(row) => {
                n_columns = Some(row.len());
                rows.push((0..row.len()).map(|i| canonical(row.get(i))).collect());
            }
            _ => {}
        }
    }
    Ok(n_columns.map_or(DBOutput::StatementComplete(0), |n| table(n, rows)))
}

async fn run_extended(client: &Client, sql: &str) -> Result<Output, Failure> {
    let statement = client.prepare(sql).await?;
    let n_columns = statement.columns().len();
    let result = client.query(&statement, &[]).await?;
    if n_columns == 0 {
        return Ok(DBOutput::StatementComplete(0));
    }
    let text = |row: &tokio_postgres::Row, i: usize| match row.try_get::<_, Option<Binary>>(i) {
        Ok(value) => value.map_or_else(|| canonical(None), |v| v.0),
        Err(error) => format!("cannot read: {error}"),
    };
    let rows = result
        .iter()
        .map(|row| (0..n_columns).map(|i| text(row, i)).collect())
        .collect();
    Ok(table(n_columns, rows))
}

/// A value from its binary form.
struct Binary(String);

impl<'a> FromSql<'a> for Binary {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::BOOL => {
                if raw == [1] {
                    "t".into()
                } else {
                    "f".into()
                }
            }
            Type::INT2 => canonical(Some(&i16::from_sql(ty, raw)?.to_string())),
            Type::INT4 => canonical(Some(&i32::from_sql(ty, raw)?.to_string())),
            Type::INT8 => canonical(Some(&i64::from_sql(ty, raw)?.to_string())),
            Type::FLOAT4 => canonical_number(f64::from(f32::from_sql(ty, raw)?)),
            Type::FLOAT8 => canonical_number(f64::from_sql(ty, raw)?),
            Type::TIMESTAMP | Type::TIMESTAMPTZ => {
                canonical(Some(&timestamp(i64::from_sql(&Type::INT8, raw)?)))
            }
            Type::DATE => canonical(Some(&date(i32::from_sql(&Type::INT4, raw)?))),
            Type::NUMERIC => canonical(Some(&numeric(raw).ok_or("a broken numeric")?)),
            _ => canonical(Some(std::str::from_utf8(raw)?)),
        }))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// PostgreSQL counts microseconds from 2000-01-01.
fn timestamp(micros: i64) -> String {
    let epoch = chrono::DateTime::from_timestamp(946_684_800, 0).unwrap_or_default();
    (epoch + chrono::Duration::microseconds(micros))
        .format("%Y-%m-%d %H:%M:%S%.f")
        .to_string()
}

fn date(days: i32) -> String {
    let epoch = chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    (epoch + chrono::Duration::days(i64::from(days))).to_string()
}

/// Base-10000 digits with weight, sign and scale.
fn numeric(raw: &[u8]) -> Option<String> {
    let word = |i: usize| {
        Some(i16::from_be_bytes(
            raw.get(2 * i..2 * i + 2)?.try_into().ok()?,
        ))
    };
    let (n_digits, weight, sign) = (word(0)?, word(1)?, word(2)?);
    let mut value = 0.0_f64;
    for i in 0..n_digits {
        value +=
            f64::from(word(4 + usize::try_from(i).ok()?)?) * 10_000_f64.powi(i32::from(weight - i));
    }
    Some(if sign == 0x4000 { -value } else { value }.to_string())
}
