//! NATS: the record is a key of a bucket in JetStream, and its revision the number of its message in the bucket's stream. It is read from
//! the stream's leader: replicas may be behind.

use std::fmt;

use async_nats::connection::State;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::kv::{self, Store, UpdateErrorKind};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, StorageType};
use async_nats::jetstream::{self, ErrorCode};
use async_nats::{Client, ConnectOptions, ServerAddr};
use fchatd_cluster::view::{Revision, Swapped};
use rustls::ClientConfig;
use tokio::sync::Mutex;

use super::{ANSWER_BYTES_MAX, EngineSettings, LIMIT, Survey, Unusable, printable, silent, tls};
use crate::web::causes;

/// The key in the bucket.
const KEY: &str = "view";
/// Copies of the record in a cluster of servers.
const REPLICAS: usize = 3;
/// Time limit for opening a connection to one of several servers, in parts of the question's limit.
const SHARES: u32 = 3;
/// The version from which on the bucket is kept safely where the server is told to.
const LEAST: (u64, u64) = (2, 12);

/// The adapter. See the module.
pub(super) struct Nats {
    servers: Vec<ServerAddr>,
    tls: Option<ClientConfig>,
    login: Option<(String, String)>,
    bucket: String,
    /// The connection between two questions. A question takes it out and brings it back if all went well, so that one that was
    /// given up leaves nothing behind.
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    client: Client,
    store: Store,
}

impl Nats {
    pub(super) fn new(settings: &EngineSettings) -> Result<Self, Unusable> {
        let is_secure = settings.authorities.is_some()
            || settings
                .servers
                .iter()
                .any(|text| text.trim().starts_with("tls://"));
        let servers = settings.servers.iter().map(|text| server(text));
        Ok(Self {
            servers: servers.collect::<Result<_, _>>()?,
            tls: match is_secure {
                true => Some(tls::config(settings.authorities.as_deref())?),
                false => None,
            },
            login: (!settings.user.is_empty()).then(|| (settings.user.clone(), settings.password.clone())),
            bucket: format!("fchatd_{}", settings.name),
            connection: Mutex::default(),
        })
    }

    pub(super) async fn read(&self) -> Result<(Revision, Option<String>), String> {
        let connection = self.connection().await?;
        let subject = format!("$KV.{}.{KEY}", self.bucket);
        let found = connection
            .store
            .stream
            .get_last_raw_message_by_subject(&subject)
            .await;
        let found = match found {
            Ok(message) => message,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                self.keep(connection).await;
                return Ok((0, None));
            }
            Err(error) => return Err(sentence(&error)),
        };
        if found.headers.get("KV-Operation").is_some() {
            return Err(format!(
                "somebody has deleted the key {KEY} of the bucket {}: remove the whole bucket, and promote a core with --force",
                self.bucket
            ));
        }
        let is_record = found.subject.as_str() == subject
            && found.sequence > 0
            && found.payload.len() <= ANSWER_BYTES_MAX;
        let text = String::from_utf8(found.payload.to_vec())
            .ok()
            .filter(|_| is_record);
        let text = text.ok_or_else(|| format!("the key {KEY} of the bucket {} is no record", self.bucket))?;
        self.keep(connection).await;
        Ok((found.sequence, Some(text)))
    }

    pub(super) async fn swap(&self, from: Revision, text: &str) -> Swapped {
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(reason) => return Swapped::Unknown(reason),
        };
        let changed = connection.store.update(KEY, text.to_owned().into(), from).await;
        match changed {
            Ok(revision) if revision > from => {
                self.keep(connection).await;
                Swapped::Done(revision)
            }
            Ok(_) => Swapped::Unknown("the server confirms a change with an older revision".to_owned()),
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                self.keep(connection).await;
                Swapped::Not
            }
            Err(error) => Swapped::Unknown(sentence(&error)),
        }
    }

    pub(super) async fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        // A new bucket takes the servers some time.
        let connection = tokio::time::timeout(LIMIT * 6, self.connection()).await;
        match connection.unwrap_or_else(|_| Err(silent())) {
            Ok(connection) => {
                let config = &connection.store.stream.cached_info().config;
                if config.num_replicas < REPLICAS {
                    survey.remarks.push(format!(
                        "the bucket {} has {} of the {REPLICAS} replicas that it needs to survive the loss of a server",
                        self.bucket, config.num_replicas
                    ));
                }
                if config.storage != StorageType::File {
                    survey.faults.push(format!(
                        "cluster_engine: the bucket {} is in memory only, so a restart of NATS loses the record: remove the bucket",
                        self.bucket
                    ));
                }
                let version = connection.client.server_info().version;
                let mut numbers = version.split('.').map_while(|part| part.parse::<u64>().ok());
                if (
                    numbers.next().unwrap_or_default(),
                    numbers.next().unwrap_or_default(),
                ) < LEAST
                {
                    survey.remarks.push(format!(
                        "the NATS server has version {}; use 2.12 or later",
                        printable(&version)
                    ));
                }
                survey.remarks.push(
                    "a NATS server does not tell whether it writes each change to its disk before it confirms it: set \
                     `sync_interval: always` in its jetstream section"
                        .to_owned(),
                );
                self.keep(connection).await;
            }
            Err(reason) => survey.remarks.push(reason),
        }
        survey
    }

    /// The connection that is left, or a new one.
    async fn connection(&self) -> Result<Connection, String> {
        if let Some(connection) = self.connection.lock().await.take()
            && connection.client.connection_state() == State::Connected
        {
            return Ok(connection);
        }
        let client = self.connect().await?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(LIMIT);
        let store = match context.get_stream(format!("KV_{}", self.bucket)).await {
            Ok(_) => context
                .get_key_value(&self.bucket)
                .await
                .map_err(|error| sentence(&error))?,
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(refused)
                    if refused.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    self.make_bucket(&client, &context).await?
                }
                _ => return Err(sentence(&error)),
            },
        };
        Ok(Connection { client, store })
    }

    async fn connect(&self) -> Result<Client, String> {
        let mut options = ConnectOptions::new()
            .name("fchatd")
            .connection_timeout(LIMIT / SHARES)
            .request_timeout(Some(LIMIT))
            // A question makes a new connection; nothing is to be sent later.
            .max_reconnects(1)
            .ignore_discovered_servers();
        if let Some((user, password)) = &self.login {
            options = options.user_and_password(user.clone(), password.clone());
        }
        if let Some(tls) = &self.tls {
            options = options.require_tls(true).tls_client_config(tls.clone());
        }
        options.connect(&self.servers[..]).await.map_err(|error| {
            let reason = printable(&causes(&error));
            if reason.contains("authorization violation") {
                "NATS refuses the log-in; are cluster_engine_user and cluster_engine_password right?"
                    .to_owned()
            } else {
                reason
            }
        })
    }

    /// Another core may make the same bucket at the same moment: that is no error.
    async fn make_bucket(&self, client: &Client, context: &jetstream::Context) -> Result<Store, String> {
        let is_cluster = client.server_info().cluster.is_some();
        let config = kv::Config {
            bucket: self.bucket.clone(),
            description: "which core of fchatd leads".to_owned(),
            history: 1,
            storage: StorageType::File,
            num_replicas: if is_cluster { REPLICAS } else { 1 },
            ..kv::Config::default()
        };
        context
            .create_key_value(config)
            .await
            .map_err(|error| sentence(&error))
    }

    async fn keep(&self, connection: Connection) {
        *self.connection.lock().await = Some(connection);
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Nats")
    }
}

fn server(text: &str) -> Result<ServerAddr, Unusable> {
    let wrong = |reason: &str| {
        Unusable(format!(
            "cluster_engine must be the addresses of the NATS servers, such as nats://10.0.0.1:4222: {reason}"
        ))
    };
    // The reason is left out: it may repeat a password.
    let address: ServerAddr = text.trim().parse().map_err(|_| wrong("one is malformed"))?;
    if address.has_user_pass() || address.username().is_some() {
        return Err(wrong(
            "user and password belong into cluster_engine_user and cluster_engine_password",
        ));
    }
    if !matches!(address.scheme(), "nats" | "tls") || address.host().is_empty() {
        return Err(wrong("one does not begin with nats:// or tls://"));
    }
    Ok(address)
}

/// The sentence for an error.
fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let said = printable(&causes(error));
    if said.contains("jetstream not enabled") || said.contains("no responders") {
        return format!(
            "JetStream is not there; is it turned on in the server's configuration, and has it a leader? ({said})"
        );
    }
    if said.contains("insufficient resources") || said.contains("no suitable peers") {
        return format!("NATS can't make a bucket with {REPLICAS} replicas; do all servers run? ({said})");
    }
    said
}
