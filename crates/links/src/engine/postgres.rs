//! PostgreSQL: the record is a row of a table, beside its revision. A server in recovery (a replica) is passed over.

mod bounded;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fchatd_cluster::view::{Revision, Swapped};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::bounded::{Bounded, Budget};
use super::{EngineSettings, LIMIT, Survey, Unusable, printable, silent, tls};
use crate::web::causes;

/// Time limit for opening a connection, where there is more than one server.
const CONNECT: Duration = Duration::from_millis(200);

/// The session. A change is confirmed when it is on disk, also where the server is set up otherwise. A statement that waits for a lock
/// ends before many of them use up the server's connections.
const SESSION: &str = "SET synchronous_commit = on; SET statement_timeout = 1000; \
                       SET default_transaction_isolation = 'read committed'; SET client_min_messages = error";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS fchatd_view \
                     (cluster text PRIMARY KEY, revision bigint NOT NULL, record text NOT NULL)";
const READ: &str = "SELECT revision, record FROM fchatd_view WHERE cluster = $1";
const INSERT: &str =
    "INSERT INTO fchatd_view (cluster, revision, record) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING";
const UPDATE: &str =
    "UPDATE fchatd_view SET revision = revision + 1, record = $3 WHERE cluster = $1 AND revision = $2";

/// The adapter. See the module.
pub(super) struct Postgres {
    servers: Vec<Server>,
    tls: MakeRustlsConnect,
    /// The name of the cluster, the key of the row.
    name: String,
    /// The server that is tried first: the last one that could be used.
    first: AtomicUsize,
    /// The connection between two questions. A question takes it out and brings it back if all went well, so that one that was
    /// given up leaves nothing behind.
    connection: Mutex<Option<Connection>>,
}

/// A server with its address, also for messages.
struct Server {
    config: Config,
    host: String,
    port: u16,
}

struct Connection {
    client: Client,
    budget: Arc<Budget>,
    read: Statement,
    insert: Statement,
    update: Statement,
}

impl Postgres {
    pub(super) fn new(settings: &EngineSettings) -> Result<Self, Unusable> {
        let server = |text: &String| server(text, settings);
        Ok(Self {
            servers: settings.servers.iter().map(server).collect::<Result<_, _>>()?,
            tls: MakeRustlsConnect::new(tls::config(settings.authorities.as_deref())?),
            name: settings.name.clone(),
            first: AtomicUsize::new(0),
            connection: Mutex::default(),
        })
    }

    pub(super) async fn read(&self) -> Result<(Revision, Option<String>), String> {
        let connection = self.connection().await?;
        let row = connection.client.query_opt(&connection.read, &[&self.name]).await;
        let row = row.map_err(|error| sentence(&error))?;
        self.keep(connection).await;
        let Some(row) = row else { return Ok((0, None)) };
        let wrong = || "the table fchatd_view is not as this program makes it: remove it".to_owned();
        let revision: i64 = row.try_get(0).map_err(|_| wrong())?;
        let record: String = row.try_get(1).map_err(|_| wrong())?;
        match u64::try_from(revision) {
            Ok(revision @ 1..) => Ok((revision, Some(record))),
            _ => Err(wrong()),
        }
    }

    pub(super) async fn swap(&self, from: Revision, text: &str) -> Swapped {
        let Ok(revision) = i64::try_from(from) else {
            return Swapped::Not;
        };
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(reason) => return Swapped::Unknown(reason),
        };
        let client = &connection.client;
        let changed = match from {
            0 => client.execute(&connection.insert, &[&self.name, &text]).await,
            _ => {
                client
                    .execute(&connection.update, &[&self.name, &revision, &text])
                    .await
            }
        };
        match changed {
            Ok(rows) => {
                self.keep(connection).await;
                if rows == 1 {
                    Swapped::Done(from + 1)
                } else {
                    Swapped::Not
                }
            }
            Err(error) => Swapped::Unknown(sentence(&error)),
        }
    }

    pub(super) async fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        let mut primaries: Vec<&Server> = Vec::new();
        for server in &self.servers {
            match within(LIMIT * 2, self.connect(server)).await {
                Ok(connection) => {
                    if let Some(other) = primaries.first() {
                        survey.faults.push(format!(
                            "cluster_engine: {server} and {other} both accept changes, so they do not belong together; name one \
                             PostgreSQL server and its replicas"
                        ));
                    }
                    primaries.push(server);
                    survey
                        .remarks
                        .extend(weaknesses(server, &connection.client).await);
                }
                Err(Refusal::Replica) => {}
                Err(Refusal::Other(reason)) => survey.remarks.push(reason),
            }
        }
        if primaries.is_empty() && survey.remarks.is_empty() {
            survey.faults.push(
                "cluster_engine: all PostgreSQL servers are replicas; name the primary server too".to_owned(),
            );
        }
        survey
    }

    /// The connection that is left, or a new one to the first server that can be used.
    async fn connection(&self) -> Result<Connection, String> {
        if let Some(connection) = self.connection.lock().await.take()
            && !connection.client.is_closed()
        {
            connection.budget.renew();
            return Ok(connection);
        }
        let mut reasons = Vec::new();
        let limit = if self.servers.len() > 1 { CONNECT } else { LIMIT };
        for _ in &self.servers {
            let first = self.first.load(Ordering::Relaxed) % self.servers.len().max(1);
            let Some(server) = self.servers.get(first) else {
                break;
            };
            match within(limit, self.connect(server)).await {
                Ok(connection) => return Ok(connection),
                Err(Refusal::Replica) => reasons.push(format!(
                    "{server} is a replica, which can't be written: name the primary server in cluster_engine"
                )),
                Err(Refusal::Other(reason)) => reasons.push(reason),
            }
            self.first.fetch_add(1, Ordering::Relaxed);
        }
        Err(reasons.join("; "))
    }

    async fn keep(&self, connection: Connection) {
        *self.connection.lock().await = Some(connection);
    }

    async fn connect(&self, server: &Server) -> Result<Connection, Refusal> {
        let other = |reason: String| Refusal::Other(format!("{server}: {reason}"));
        let failed = |error: Error| other(sentence(&error));
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await;
        let stream = stream.map_err(|error| other(format!("it can't be reached: {error}")))?;
        // A question is one small packet; without this it is only slower.
        let _ = stream.set_nodelay(true);
        let budget = Arc::<Budget>::default();
        let stream = Bounded::new(stream, Arc::clone(&budget));
        let mut tls = self.tls.clone();
        let tls = <MakeRustlsConnect as MakeTlsConnect<Bounded<TcpStream>>>::make_tls_connect(
            &mut tls,
            &server.host,
        );
        let tls = tls.map_err(|error| other(error.to_string()))?;
        let (client, connection) = server.config.connect_raw(stream, tls).await.map_err(failed)?;
        // It ends with the client.
        tokio::spawn(connection);
        let is_replica: bool = client
            .query_one("SELECT pg_catalog.pg_is_in_recovery()", &[])
            .await
            .and_then(|row| row.try_get(0))
            .map_err(failed)?;
        if is_replica {
            return Err(Refusal::Replica);
        }
        client.batch_execute(SESSION).await.map_err(failed)?;
        let read = match client.prepare(READ).await {
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
                make_table(&client).await.map_err(failed)?;
                client.prepare(READ).await.map_err(failed)?
            }
            read => read.map_err(failed)?,
        };
        Ok(Connection {
            read,
            insert: client.prepare(INSERT).await.map_err(failed)?,
            update: client.prepare(UPDATE).await.map_err(failed)?,
            client,
            budget,
        })
    }
}

/// Another core may make the table at the same moment, which PostgreSQL answers with one of several errors.
async fn make_table(client: &Client) -> Result<(), Error> {
    match client.batch_execute(TABLE).await {
        Err(error)
            if [
                &SqlState::UNIQUE_VIOLATION,
                &SqlState::DUPLICATE_TABLE,
                &SqlState::DUPLICATE_OBJECT,
            ]
            .iter()
            .any(|state| error.code() == Some(state)) =>
        {
            Ok(())
        }
        made => made,
    }
}

/// Settings of the server by which a record could be lost.
async fn weaknesses(server: &Server, client: &Client) -> Vec<String> {
    const QUESTION: &str = "SELECT pg_catalog.current_setting('fsync') = 'on' AND pg_catalog.current_setting('full_page_writes') = 'on', \
                            pg_catalog.current_setting('synchronous_standby_names') = '', \
                            EXISTS (SELECT FROM pg_catalog.pg_stat_replication)";
    let row = client.query_one(QUESTION, &[]).await;
    let flag = |index: usize| {
        row.as_ref()
            .ok()
            .and_then(|row| row.try_get::<_, bool>(index).ok())
    };
    let mut remarks = Vec::new();
    if flag(0) == Some(false) {
        remarks.push(format!(
            "{server} has fsync or full_page_writes turned off, so the record may be lost when its machine fails"
        ));
    }
    if flag(1) == Some(true) && flag(2) == Some(true) {
        remarks.push(format!(
            "{server} has replicas but no synchronous_standby_names: a replica that becomes the primary may show an older record, and \
             the cores then wait for an operator"
        ));
    }
    remarks
}

enum Refusal {
    /// The server is in recovery.
    Replica,
    /// It can't be used, for this reason.
    Other(String),
}

async fn within(
    limit: Duration,
    connecting: impl Future<Output = Result<Connection, Refusal>>,
) -> Result<Connection, Refusal> {
    let connection = tokio::time::timeout(limit, connecting).await;
    connection.unwrap_or_else(|_| Err(Refusal::Other(silent())))
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Postgres")
    }
}

/// A server from its connection string.
fn server(text: &str, settings: &EngineSettings) -> Result<Server, Unusable> {
    let wrong = |reason: &str| {
        Unusable(format!(
            "cluster_engine must be a connection string of PostgreSQL such as postgres://10.0.0.1:5432/chat: {reason}"
        ))
    };
    // The reason is left out: it may repeat a password.
    let mut config: Config = text.trim().parse().map_err(|_| wrong("it is malformed"))?;
    if config.get_password().is_some() {
        return Err(wrong("the password belongs into cluster_engine_password"));
    }
    let [Host::Tcp(host)] = config.get_hosts() else {
        return Err(wrong("it must have one host; give a string for each server"));
    };
    let host = host.clone();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    if !settings.user.is_empty() {
        config.user(&settings.user);
    }
    if config.get_user().is_none_or(str::is_empty) {
        return Err(wrong("it needs a user; set cluster_engine_user"));
    }
    if !settings.password.is_empty() {
        config.password(&settings.password);
    }
    config.application_name("fchatd");
    // Certificates that nobody checks protect nothing, so there is no TLS unless it was asked for.
    config.ssl_mode(match (settings.authorities.is_some(), config.get_ssl_mode()) {
        (true, _) | (_, SslMode::Require) => SslMode::Require,
        _ => SslMode::Disable,
    });
    Ok(Server { config, host, port })
}

/// The sentence for an error.
fn sentence(error: &Error) -> String {
    let Some(refused) = error.as_db_error() else {
        return printable(&causes(error));
    };
    let said = printable(refused.message());
    let advice = match *refused.code() {
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            "are cluster_engine_user and cluster_engine_password right, and does pg_hba.conf allow this machine?"
        }
        SqlState::INVALID_CATALOG_NAME => {
            "make the database with `createdb`, or correct its name in cluster_engine"
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            "make the user the owner of the database, or make the table fchatd_view for it (docs/cluster.md)"
        }
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            "this server can't be written: name the primary server in cluster_engine"
        }
        SqlState::TOO_MANY_CONNECTIONS => "raise max_connections of the server",
        _ => return format!("PostgreSQL refuses: {said}"),
    };
    format!("PostgreSQL refuses: {said}; {advice}")
}
