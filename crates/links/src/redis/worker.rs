//! The thread that owns the connection to Redis.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::outage::{Outage, Trouble, passes};
use super::queue::{Entry, Next, Queue};
use super::{Counters, RedisSettings, reply, wire};
use crate::patience::Patience;

/// Time limit for any answer of Redis.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);
/// Time after which a Redis that answers again has certainly executed the commands of an old connection.
const LEFTOVERS: Duration = Duration::from_secs(2);
/// Memory for commands that is kept between batches.
const BUFFER_KEPT: usize = 256 << 10;

/// The state of the thread.
pub(super) struct Worker {
    settings: RedisSettings,
    place: String,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    wanted: Box<dyn Fn() + Send>,
    outage: Outage,
    refusals: Patience,
    /// A connection was abandoned with unanswered commands, which Redis may still execute later.
    mistrust: bool,
}

struct Link {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    buffer: Vec<u8>,
    line: Vec<u8>,
    /// State that Redis must get before the outage counts as over.
    owes_everybody: bool,
    owes_alive: bool,
}

impl Worker {
    pub(super) fn new(
        settings: RedisSettings,
        queue: Arc<Queue>,
        counters: Arc<Counters>,
        wanted: Box<dyn Fn() + Send>,
    ) -> Self {
        Self {
            place: format!("{}:{}", settings.host, settings.port),
            settings,
            queue,
            counters,
            wanted,
            outage: Outage::default(),
            refusals: Patience::new(Instant::now()),
            mistrust: false,
        }
    }

    /// Runs until the queue is closed.
    pub(super) async fn run(mut self) {
        while let Err(trouble) = self.serve().await {
            self.queue.set_open(false);
            self.counters.connected.store(false, Ordering::Relaxed);
            if self.outage.trouble(&self.place, &trouble) {
                Counters::add(&self.counters.outages, 1);
            }
            let again = tokio::time::Instant::now() + self.outage.pause();
            loop {
                if self.queue.is_closing() {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep_until(again) => break,
                    () = self.queue.news() => {}
                }
            }
        }
        self.counters.connected.store(false, Ordering::Relaxed);
    }

    /// Connects and sends until the queue is closed, which returns `Ok`, or until a failure.
    async fn serve(&mut self) -> Result<(), Trouble> {
        let opening = timeout(ANSWER_PATIENCE, self.open());
        let mut link = tokio::select! {
            link = opening => link.map_err(|_| Trouble::Silent)??,
            () = self.closed() => return Ok(()),
        };
        Counters::add(&self.counters.connections, 1);
        self.queue.set_open(true);
        (self.wanted)();
        let once_more = tokio::time::Instant::now() + LEFTOVERS;
        loop {
            match self.queue.next() {
                Next::Batch(batch) => self.send(&mut link, batch).await?,
                Next::Torn => (self.wanted)(),
                Next::Nothing => tokio::select! {
                    () = self.queue.news() => {}
                    () = tokio::time::sleep_until(once_more), if self.mistrust => {
                        self.mistrust = false;
                        (self.wanted)();
                    }
                },
                Next::End => return Ok(()),
            }
        }
    }

    async fn closed(&self) {
        while !self.queue.is_closing() {
            self.queue.news().await;
        }
    }

    async fn open(&self) -> Result<Link, Trouble> {
        let RedisSettings { host, port, password } = &self.settings;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut link = Link {
            reader: BufReader::new(reader),
            writer,
            buffer: Vec::new(),
            line: Vec::new(),
            owes_everybody: true,
            owes_alive: true,
        };
        if !password.is_empty() {
            let refused = link.ask(&[b"AUTH", password.as_bytes()]).await?;
            match refused {
                Some(code) if passes(&code) => return Err(Trouble::Refusing(code)),
                Some(code) => return Err(Trouble::Password(code)),
                None => {}
            }
        }
        match link.ask(&[b"PING"]).await? {
            Some(code) => Err(Trouble::Refusing(code)),
            None => Ok(link),
        }
    }

    async fn send(&mut self, link: &mut Link, batch: Vec<Entry>) -> Result<(), Trouble> {
        link.buffer.clear();
        link.buffer.shrink_to(BUFFER_KEPT);
        let answers: Vec<usize> = batch
            .iter()
            .map(|entry| wire::entry(&mut link.buffer, entry))
            .collect();
        let mut outcomes = Vec::with_capacity(batch.len());
        let exchanged = timeout(ANSWER_PATIENCE, link.exchange(&answers, &mut outcomes)).await;
        let trouble = match exchanged {
            Ok(Ok(())) => None,
            Ok(Err(trouble)) => Some(trouble),
            Err(_) => Some(Trouble::Silent),
        };
        self.judge(link, batch, &outcomes, trouble)
    }

    /// Counts the results of a batch, and puts back the entries to retry.
    fn judge(
        &mut self,
        link: &mut Link,
        batch: Vec<Entry>,
        outcomes: &[Option<String>],
        mut trouble: Option<Trouble>,
    ) -> Result<(), Trouble> {
        let mut again = Vec::new();
        let mut outcomes = outcomes.iter();
        for entry in batch {
            match outcomes.next() {
                Some(None) => {
                    Counters::add(&self.counters.done, 1);
                    link.is_told(&entry);
                    // Of several lists of one account, the last one must win.
                    let later = again.iter().any(|before| same_account(before, &entry));
                    again.extend(later.then_some(entry));
                }
                Some(Some(code)) => {
                    Counters::add(&self.counters.refused, 1);
                    if passes(code) {
                        trouble.get_or_insert_with(|| Trouble::Refusing(code.clone()));
                        again.push(entry);
                        continue;
                    }
                    link.is_told(&entry);
                    if let Some(suppressed) = self.refusals.line(Instant::now()) {
                        let place = &self.place;
                        tracing::warn!(
                            suppressed,
                            "Redis at {place} refused a command permanently: {code}"
                        );
                    }
                }
                None => again.push(entry),
            }
        }
        self.mistrust |= matches!(trouble, Some(Trouble::Silent));
        self.queue.put_back(again);
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        if !link.owes_everybody && !link.owes_alive && !self.counters.connected.swap(true, Ordering::Relaxed)
        {
            self.outage.over(&self.place);
        }
        Ok(())
    }
}

fn same_account(one: &Entry, other: &Entry) -> bool {
    match (one, other) {
        (Entry::Ignores { account: one, .. }, Entry::Ignores { account: other, .. }) => one == other,
        _ => false,
    }
}

impl Link {
    /// Redis has accepted this entry, or will never accept it.
    fn is_told(&mut self, entry: &Entry) {
        self.owes_everybody &= !matches!(entry, Entry::Everybody(_));
        self.owes_alive &= !matches!(entry, Entry::Alive(_));
    }

    /// Sends one command; returns the error code of the answer, if it is an error.
    async fn ask(&mut self, words: &[&[u8]]) -> Result<Option<String>, Trouble> {
        self.buffer.clear();
        wire::command(&mut self.buffer, words);
        let mut outcomes = Vec::new();
        self.exchange(&[1], &mut outcomes).await?;
        Ok(outcomes.pop().flatten())
    }

    /// Sends the buffer and reads the given number of answers for each entry; returns the first error of each
    /// entry.
    async fn exchange(
        &mut self,
        answers: &[usize],
        outcomes: &mut Vec<Option<String>>,
    ) -> Result<(), Trouble> {
        let Self {
            reader,
            writer,
            buffer,
            line,
            ..
        } = self;
        let writing = async { Ok(writer.write_all(buffer).await?) };
        let reading = async {
            for &count in answers {
                let mut first: Option<String> = None;
                for _ in 0..count {
                    if let Some(code) = reply::read(reader, line).await? {
                        first.get_or_insert(code.0);
                    }
                }
                outcomes.push(first);
            }
            Ok::<(), Trouble>(())
        };
        tokio::try_join!(writing, reading).map(drop)
    }
}
