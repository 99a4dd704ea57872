//! Redis (docs/redis.md): the server pushes to it and never reads from it.
//!
//! A [`Redis`] is a bounded queue with a thread behind it, which owns the only connection. Adding an entry
//! never blocks. During an outage of Redis the oldest entries are dropped when there are too many, and
//! counted. The presence of users is not queued during an outage; the complete list is requested after it.

mod outage;
mod queue;
mod reply;
mod wire;
mod worker;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use fchatd_figures::{Row, Table};

use self::queue::{Entry, Queue};
use self::worker::Worker;

/// The address of Redis.
#[derive(Clone)]
pub struct RedisSettings {
    /// A host name or an IP address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
    /// The password; empty for none.
    pub password: String,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Counters {
    connected: AtomicBool,
    connections: AtomicU64,
    done: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    outages: AtomicU64,
}

impl Counters {
    fn add(counter: &AtomicU64, number: u64) {
        counter.fetch_add(number, Ordering::Relaxed);
    }
}

/// The counters of the link to Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Whether there is a usable connection.
    pub connected: bool,
    /// Waiting entries.
    pub waiting: usize,
    /// Accepted connections, since the start.
    pub connections: u64,
    /// Entries that Redis has confirmed, since the start.
    pub done: u64,
    /// Entries that Redis refused, since the start. Temporary refusals were retried.
    pub refused: u64,
    /// Entries dropped because too many waited, since the start.
    pub dropped: u64,
    /// Outages, since the start.
    pub outages: u64,
}

/// The figures of the connection to Redis.
pub static FIGURES: Table<Gauges> = Table {
    section: "Redis",
    rows: &[
        Row::switch(
            "fchatd_redis_connected",
            ["connected", "away"],
            "Whether Redis is connected.",
            |of| of.connected.into(),
        ),
        Row::gauge(
            "fchatd_redis_waiting",
            "waiting",
            "Entries that wait for Redis.",
            |of| of.waiting.into(),
        ),
        Row::counter(
            "fchatd_redis_confirmed_total",
            "taken",
            "Entries confirmed by Redis.",
            |of| of.done.into(),
        ),
        Row::counter(
            "fchatd_redis_refused_total",
            "refused",
            "Entries refused by Redis.",
            |of| of.refused.into(),
        ),
        Row::counter(
            "fchatd_redis_dropped_total",
            "dropped",
            "Entries dropped because too many waited for Redis.",
            |of| of.dropped.into(),
        ),
        Row::counter(
            "fchatd_redis_connections_total",
            "connections",
            "Connections to Redis that were usable.",
            |of| of.connections.into(),
        ),
        Row::counter(
            "fchatd_redis_outages_total",
            "outages",
            "Times at which Redis became unusable.",
            |of| of.outages.into(),
        ),
    ],
};

/// The queue to Redis. See the module.
#[derive(Debug)]
pub struct Redis {
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    ended: Receiver<()>,
}

impl Redis {
    /// Starts the thread. It calls `wanted` whenever Redis needs the complete state: then call
    /// [`Redis::everybody`] and [`Redis::alive`].
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(settings: RedisSettings, wanted: impl Fn() + Send + 'static) -> io::Result<Self> {
        let counters = Arc::<Counters>::default();
        let queue = Arc::new(Queue::new(Arc::clone(&counters)));
        let (ending, ended) = sync_channel(1);
        let worker = Worker::new(
            settings,
            Arc::clone(&queue),
            Arc::clone(&counters),
            Box::new(wanted),
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("redis".to_owned())
            .spawn(move || {
                runtime.block_on(worker.run());
                let _ = ending.send(());
                // A hanging look-up of a host name must not block this thread.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            queue,
            counters,
            ended,
        })
    }

    /// A character has come online or gone offline.
    pub fn presence(&self, name: String, online: bool) {
        self.queue.push(Entry::Presence { name, online });
    }

    /// The complete list of characters online; replaces queued changes of single ones.
    pub fn everybody(&self, names: Vec<Arc<str>>) {
        self.queue.push_everybody(names);
    }

    /// The time at which the chat was last running, in Unix seconds.
    pub fn alive(&self, time: i64) {
        self.queue.push(Entry::Alive(time));
    }

    /// The ignore list of an account.
    pub fn ignores(&self, account: i64, names: Vec<String>) {
        self.queue.push(Entry::Ignores { account, names });
    }

    /// An action of a moderator, as JSON.
    pub fn action(&self, json: Vec<u8>) {
        self.queue.push(Entry::Action(json));
    }

    /// The current counters.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Gauges {
            connected: self.counters.connected.load(Ordering::Relaxed),
            waiting: self.queue.len(),
            connections: get(&self.counters.connections),
            done: get(&self.counters.done),
            refused: get(&self.counters.refused),
            dropped: get(&self.counters.dropped),
            outages: get(&self.counters.outages),
        }
    }

    /// Sends the waiting entries if Redis is available, and ends. It waits for `patience` at most, and
    /// returns the number of entries left.
    #[must_use]
    pub fn finish(&self, patience: Duration) -> usize {
        self.queue.close();
        let _ = self.ended.recv_timeout(patience);
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A Redis that answers until the log-in, and then stops reading.
    #[test]
    fn a_redis_that_does_not_read_costs_neither_time_nor_memory_without_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = RedisSettings {
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            password: String::new(),
        };
        let (wants, wanted) = sync_channel(1);
        let wants = move || {
            let _ = wants.send(());
        };
        let redis = Redis::start(settings, wants).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 100]).unwrap();
        stream.write_all(b"+PONG\r\n").unwrap();
        wanted.recv().unwrap();
        let told = 100_000;
        for number in 0..told {
            redis.presence(format!("Name {number}"), true);
            redis.action(vec![b'x'; 4096]);
        }
        let Gauges { waiting, dropped, .. } = redis.gauges();
        let bytes = waiting / 2 * 4096;
        assert!(bytes < 17 << 20, "{waiting} wait");
        assert_eq!(waiting as u64 + dropped, 2 * told);
        assert!(redis.finish(Duration::ZERO) > 0);
    }
}
