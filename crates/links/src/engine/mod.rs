//! The engine in which the cores of a cluster keep the record of the view: etcd ([`etcd`]), PostgreSQL ([`postgres`]) or NATS
//! ([`nats`]). An adapter
//! reads the record and replaces it under the condition that nobody else did; the state machine that asks is
//! `fchatd_cluster::view`. Nothing here decides which core leads, and nothing is asked twice without being told to.

mod etcd;
mod nats;
mod postgres;
mod tls;

use std::fmt;
use std::time::Duration;

use fchatd_cluster::view::{Answer, Ask, Record, Revision, Swapped};

use self::etcd::Etcd;
use self::nats::Nats;
use self::postgres::Postgres;

/// Time limit of a question. A core asks again after it, and goes on without an answer until then.
pub const LIMIT: Duration = Duration::from_millis(500);
/// Maximum size of an engine's answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Maximum length of foreign text in a sentence, in characters.
const FOREIGN_MAX: usize = 200;
/// Maximum number of servers of an engine.
pub const SERVERS_MAX: usize = 16;
/// Maximum length of the name of a cluster, in bytes.
pub const NAME_MAX: usize = 64;

/// The kinds of engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// etcd, version 3.4 or later.
    Etcd,
    /// PostgreSQL.
    Postgres,
    /// NATS with JetStream, version 2.12 or later.
    Nats,
}

/// The settings of an engine. `Debug` shows no password.
#[derive(Clone)]
pub struct EngineSettings {
    /// The kind of the engine.
    pub kind: Kind,
    /// The addresses of its servers: URLs for etcd and NATS, connection strings without a password for PostgreSQL.
    pub servers: Vec<String>,
    /// The name of the cluster: several clusters may share an engine.
    pub name: String,
    /// The user; empty for none.
    pub user: String,
    /// The user's password; empty for none.
    pub password: String,
    /// The certificates of the authorities that sign the servers' certificates, as PEM. Without them those of browsers count.
    pub authorities: Option<Vec<u8>>,
}

impl fmt::Debug for EngineSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EngineSettings")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Settings that can't be used, with the reason as a sentence that begins with the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// The findings of [`Engine::survey`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Reasons for which the engine must not be used, a sentence for each.
    pub faults: Vec<String>,
    /// Weaknesses and servers that can't be reached, a sentence for each.
    pub remarks: Vec<String>,
}

/// The adapter to an engine. It belongs to one runtime, which has to have I/O and time. A question that is not awaited any more may
/// still be carried out.
#[derive(Debug)]
pub struct Engine(Adapter);

#[derive(Debug)]
enum Adapter {
    Etcd(Etcd),
    Postgres(Postgres),
    Nats(Box<Nats>),
}

impl Engine {
    /// The adapter for these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// An address, the name or the certificates can't be used.
    pub fn from_settings(settings: &EngineSettings) -> Result<Self, Unusable> {
        let is_fine = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        let name = &settings.name;
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(is_fine) {
            return Err(Unusable(format!(
                "cluster_name must be 1 to {NAME_MAX} letters, digits, hyphens or underscores; it is {name:?}"
            )));
        }
        if settings.servers.is_empty() || settings.servers.len() > SERVERS_MAX {
            return Err(Unusable(format!(
                "cluster_engine must have 1 to {SERVERS_MAX} addresses"
            )));
        }
        Ok(Self(match settings.kind {
            Kind::Etcd => Adapter::Etcd(Etcd::new(settings)?),
            Kind::Postgres => Adapter::Postgres(Postgres::new(settings)?),
            Kind::Nats => Adapter::Nats(Box::new(Nats::new(settings)?)),
        }))
    }

    /// The name of the product.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Adapter::Etcd(_) => "etcd",
            Adapter::Postgres(_) => "PostgreSQL",
            Adapter::Nats(_) => "NATS",
        }
    }

    /// Asks the engine. The answer comes after [`LIMIT`] at the latest.
    pub async fn ask(&self, ask: Ask) -> Answer {
        match ask {
            Ask::Read => match within(self.read()).await {
                Ok((revision, text)) => match text.as_deref().map(Record::from_json).transpose() {
                    Ok(record) => Answer::Record(revision, record.map(Box::new)),
                    Err(unreadable) => Answer::Away(printable(&unreadable.to_string())),
                },
                Err(reason) => Answer::Away(format!("{} can't be asked: {reason}", self.name())),
            },
            Ask::Swap(from, record) => {
                let swapped = within(async { Ok(self.swap(from, &record.to_json()).await) }).await;
                Answer::Swapped(match swapped {
                    Ok(Swapped::Unknown(reason)) | Err(reason) => {
                        Swapped::Unknown(format!("{} has not confirmed a change: {reason}", self.name()))
                    }
                    Ok(swapped) => swapped,
                })
            }
        }
    }

    /// Looks at the engine's servers, for a person: whether all can be used, belong together, and keep the record safely. It takes
    /// some seconds at most.
    pub async fn survey(&self) -> Survey {
        match &self.0 {
            Adapter::Etcd(etcd) => etcd.survey().await,
            Adapter::Postgres(postgres) => postgres.survey().await,
            Adapter::Nats(nats) => nats.survey().await,
        }
    }

    /// The revision and the text of the record.
    async fn read(&self) -> Result<(Revision, Option<String>), String> {
        match &self.0 {
            Adapter::Etcd(etcd) => etcd.read().await,
            Adapter::Postgres(postgres) => postgres.read().await,
            Adapter::Nats(nats) => nats.read().await,
        }
    }

    async fn swap(&self, from: Revision, text: &str) -> Swapped {
        match &self.0 {
            Adapter::Etcd(etcd) => etcd.swap(from, text).await,
            Adapter::Postgres(postgres) => postgres.swap(from, text).await,
            Adapter::Nats(nats) => nats.swap(from, text).await,
        }
    }
}

async fn within<T>(question: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let answer = tokio::time::timeout(LIMIT, question).await;
    answer.unwrap_or_else(|_| Err(silent()))
}

fn silent() -> String {
    format!("no answer came within {} ms", LIMIT.as_millis())
}

/// Text of a server as it may stand in a log: short, in one line.
fn printable(text: &str) -> String {
    let is_hidden = |letter: char| letter.is_control() || letter == '\u{2028}' || letter == '\u{2029}';
    let clean = text
        .chars()
        .map(|letter| if is_hidden(letter) { ' ' } else { letter });
    let mut short: String = clean.clone().take(FOREIGN_MAX).collect();
    if clean.count() > FOREIGN_MAX {
        short.push('…');
    }
    short
}
