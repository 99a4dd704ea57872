//! All connections of a load, on one thread and one `epoll`.

use std::ops::Range;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use crate::Error;
use crate::load::client::{Client, Io, Phase, connect};
use crate::load::frame;
use crate::load::hearing::{Hearing, Kind, text_after};
use crate::load::people::Identity;
use crate::load::wire::Wire;
use crate::server::Site;

/// Maximum size of one read, in bytes.
const READ_AT_ONCE: usize = 1 << 18;
const TIMER: Token = Token(usize::MAX);

/// A channel of the load.
#[derive(Debug, Clone, Default)]
pub struct Room {
    /// Its name as written in JSON.
    pub name: Vec<u8>,
    /// Number of its members that count as listeners.
    pub listeners: u64,
}

/// The connections.
#[derive(Debug)]
pub struct Crowd {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    timer: Option<OwnedFd>,
    site: Site,
    begun: Instant,
    /// The simulated users.
    pub clients: Vec<Client>,
    /// Their channels.
    pub rooms: Vec<Room>,
    /// The received messages and their statistics.
    pub hearing: Hearing,
    /// Clients from this index on do not count as listeners: they come and go, or do not read.
    pub counted: usize,
    /// Number of expected deliveries: each message counts once for each listener.
    pub due: u64,
    /// Connections that ended, but not by the generator.
    pub lost: u64,
    pub(crate) opening: usize,
    pub(crate) present: usize,
    pub(crate) joined: usize,
    pub(crate) scratch: Vec<u8>,
}

impl Crowd {
    /// Simulated users without connections.
    ///
    /// # Errors
    /// The system provides no `epoll`.
    pub fn new(site: &Site, people: Vec<Identity>) -> Result<Self, Error> {
        Ok(Self {
            poll: Poll::new().map_err(|error| Error::because("epoll", error))?,
            events: Events::with_capacity(4096),
            buffer: vec![0; READ_AT_ONCE],
            timer: None,
            site: site.clone(),
            begun: Instant::now(),
            counted: people.len(),
            clients: people.into_iter().map(Client::new).collect(),
            rooms: Vec::new(),
            hearing: Hearing::default(),
            due: 0,
            lost: 0,
            opening: 0,
            present: 0,
            joined: 0,
            scratch: Vec::new(),
        })
    }

    /// Microseconds since the start of the load.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Wakes `turn` at this interval, with a finer resolution than a timeout of `epoll`; without an interval
    /// the timer stops.
    pub(crate) fn tick(&mut self, every: Option<Duration>) -> Result<(), Error> {
        let fault = |error: std::io::Error| Error::because("the timer", error);
        if self.timer.is_none() {
            let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)
                .map_err(|error| fault(error.into()))?;
            self.poll
                .registry()
                .register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)
                .map_err(fault)?;
            self.timer = Some(timer);
        }
        let interval = every.unwrap_or(Duration::ZERO);
        let time = Timespec {
            tv_sec: interval.as_secs() as i64,
            tv_nsec: interval.subsec_nanos().into(),
        };
        if let Some(timer) = &self.timer {
            let time = Itimerspec {
                it_interval: time,
                it_value: time,
            };
            rustix::time::timerfd_settime(timer, TimerfdTimerFlags::empty(), &time)
                .map_err(|error| fault(error.into()))?;
        }
        Ok(())
    }

    /// Starts a client's connection.
    ///
    /// # Errors
    /// The system has no socket or port left.
    pub fn open(&mut self, index: usize) -> Result<(), Error> {
        let now = self.now();
        let Some(client) = self.clients.get_mut(index) else {
            return Ok(());
        };
        let mut stream = connect(self.site.address, index, client.narrow, client.from)?;
        self.poll
            .registry()
            .register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)
            .map_err(|error| Error::because("epoll", error))?;
        client.stream = Some(Wire::new(stream, self.site.tls.as_ref())?);
        client.phase = Phase::Shaking;
        client.opened = now;
        client.out.extend_from_slice(self.site.upgrade.as_bytes());
        self.opening += 1;
        Ok(())
    }

    /// Closes a client's connection.
    pub fn close(&mut self, index: usize, abrupt: bool) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        match client.phase {
            Phase::Shaking | Phase::LoggingIn => self.opening -= 1,
            Phase::Present => self.present -= 1,
            Phase::Absent | Phase::Lost => {}
        }
        self.joined -= usize::from(client.joined);
        if let Some(mut stream) = client.hang_up(abrupt) {
            let _ = self.poll.registry().deregister(&mut stream);
        }
    }

    /// Makes the kernel acknowledge each read at once, as after an idle time. Otherwise the time and cost of
    /// acknowledgements would depend on the end of the log-in for as long as the load lasts.
    pub(crate) fn acknowledge_at_once(&self) {
        for stream in self.clients.iter().filter_map(|client| client.stream.as_ref()) {
            // Without support by the system, the default stays.
            let _ = rustix::net::sockopt::set_tcp_quickack(&stream.stream, true);
        }
    }

    fn over(&mut self, index: usize) {
        self.close(index, false);
        if let Some(client) = self.clients.get_mut(index) {
            client.phase = Phase::Lost;
        }
        self.lost += 1;
    }

    /// Handles socket events, or waits up to `wait` for some.
    pub fn turn(&mut self, wait: Duration) {
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        // An interrupted poll counts as a poll without events.
        if self.poll.poll(&mut events, Some(wait)).is_ok() {
            for event in &events {
                let Token(index) = event.token();
                if event.token() == TIMER {
                    continue;
                }
                if event.is_writable() {
                    self.flush(index);
                }
                if event.is_readable() {
                    self.read(index, event.is_read_closed());
                    // A handshake that has ended by this read was in the way of a write.
                    let client = self.clients.get(index);
                    if client.is_some_and(|client| {
                        !client.out.is_empty() && client.stream.as_ref().is_some_and(Wire::is_secured)
                    }) {
                        self.flush(index);
                    }
                }
            }
        }
        self.events = events;
    }

    fn flush(&mut self, index: usize) {
        if self
            .clients
            .get_mut(index)
            .is_some_and(|client| client.flush() == Io::Over)
        {
            self.over(index);
        }
    }

    /// Sends a command.
    pub fn say(&mut self, index: usize, command: &[u8]) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if client.stream.is_none() {
            return;
        }
        frame::write_text(command, &mut client.out);
        self.flush(index);
    }

    /// Whether earlier bytes of this client still wait for its socket.
    #[must_use]
    pub fn is_blocked(&self, index: usize) -> bool {
        self.clients
            .get(index)
            .is_none_or(|client| !client.out.is_empty())
    }

    fn read(&mut self, index: usize, ends: bool) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(client) = self.clients.get_mut(index).filter(|client| client.reads) {
            match client.read(&mut buffer) {
                Io::Later => break,
                Io::Over => {
                    self.over(index);
                    break;
                }
                Io::Some(count) => {
                    if let Some(bytes) = buffer.get(..count) {
                        self.take(index, bytes);
                    }
                    // The rest has not arrived yet; epoll reports it when it does. The end of a stream is not
                    // reported again.
                    if count < buffer.len() && !ends {
                        break;
                    }
                }
            }
        }
        self.buffer = buffer;
    }

    /// Reads at most `bytes` bytes of a client that is not read otherwise.
    pub fn sip(&mut self, index: usize, bytes: usize) {
        let mut buffer = [0; 64];
        let Some(buffer) = buffer.get_mut(..bytes.min(64)) else {
            return;
        };
        match self.clients.get_mut(index).map(|client| client.read(buffer)) {
            Some(Io::Over) => self.over(index),
            Some(Io::Some(count)) => {
                self.hearing.bytes += count as u64;
            }
            Some(Io::Later) | None => {}
        }
    }

    fn take(&mut self, index: usize, bytes: &[u8]) {
        self.hearing.bytes += bytes.len() as u64;
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if client.carry.is_empty() {
            let used = self.parse(index, bytes);
            if let Some(client) = self
                .clients
                .get_mut(index)
                .filter(|client| client.stream.is_some())
            {
                client
                    .carry
                    .extend_from_slice(bytes.get(used..).unwrap_or_default());
            }
        } else {
            let mut carry = std::mem::take(&mut client.carry);
            carry.extend_from_slice(bytes);
            let used = self.parse(index, &carry);
            if let Some(client) = self
                .clients
                .get_mut(index)
                .filter(|client| client.stream.is_some())
            {
                carry.drain(..used);
                client.carry = carry;
            }
        }
    }

    /// Handles the complete frames; returns their length.
    fn parse(&mut self, index: usize, bytes: &[u8]) -> usize {
        let mut used = 0;
        let phase = self.clients.get(index).map(|client| client.phase);
        if phase == Some(Phase::Shaking) {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
                return 0;
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                let line = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
                self.hearing
                    .first_error
                    .get_or_insert_with(|| line.lines().next().unwrap_or_default().to_owned());
                self.over(index);
                return bytes.len();
            }
            used = end + 4;
            if let Some(client) = self.clients.get_mut(index) {
                client.phase = Phase::LoggingIn;
                let command = client.identity.command();
                self.say(index, command.as_bytes());
            }
        }
        // One reading of the clock for all frames of one read.
        let now = self.now();
        while let Some((kind, payload, size)) = bytes.get(used..).and_then(frame::read) {
            used += size;
            self.hearing.frames += 1;
            match kind {
                frame::Kind::Text => self.text(index, payload, now),
                frame::Kind::Close => {
                    self.over(index);
                    return bytes.len();
                }
                frame::Kind::Ping => {
                    if let Some(client) = self.clients.get_mut(index) {
                        client.out.extend_from_slice(&frame::PONG);
                    }
                    self.flush(index);
                }
                frame::Kind::Other => {}
            }
        }
        used
    }

    #[inline]
    fn text(&mut self, index: usize, payload: &[u8], now: u64) {
        let kind = match payload.get(..3) {
            Some(b"MSG") => Kind::Channel,
            Some(b"PRI") => Kind::Private,
            Some(b"STA") => Kind::Status,
            _ => return self.other(index, payload, now),
        };
        if index < self.counted {
            self.hearing.hear(kind, index, payload, now);
        }
    }

    fn other(&mut self, index: usize, payload: &[u8], now: u64) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        match payload.get(..3) {
            Some(b"PIN") => self.say(index, b"PIN"),
            Some(b"VAR") if client.phase == Phase::LoggingIn => self.hearing.variable(payload),
            Some(b"NLN") if client.phase == Phase::LoggingIn => {
                let own = text_after(payload, b"\"identity\":") == Some(client.identity.character.as_bytes());
                if own {
                    client.phase = Phase::Present;
                    client.entered = now;
                    self.opening -= 1;
                    self.present += 1;
                }
            }
            Some(b"CDS") if !client.joined => {
                client.joined = true;
                self.joined += 1;
            }
            Some(b"JCH") if client.founding => {
                if let Some(name) = text_after(payload, b"\"channel\":") {
                    client.founding = false;
                    if let Some(room) = self.rooms.get_mut(client.room) {
                        room.name = name.to_vec();
                    }
                }
            }
            Some(b"SYS") => client.told += 1,
            Some(b"ERR") => self.hearing.error(payload),
            _ => {}
        }
    }

    /// Runs until a condition is true; `Ok(false)` after that time without progress.
    pub(crate) fn until(
        &mut self,
        patience: Duration,
        mut step: impl FnMut(&mut Self) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let mut progress = (self.hearing.bytes, Instant::now());
        while !step(self)? {
            self.turn(Duration::from_millis(2));
            if progress.0 != self.hearing.bytes {
                progress = (self.hearing.bytes, Instant::now());
            } else if progress.1.elapsed() > patience {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Logs clients in, `at_once` at a time.
    ///
    /// # Errors
    /// A client can't log in; the server's answer is in the message.
    pub fn log_in(&mut self, who: Range<usize>, at_once: usize) -> Result<(), Error> {
        self.log_in_each(who, at_once, |_, _| Ok(()))
    }

    /// The same; `after` is called after each turn with the number of logged-in clients.
    ///
    /// # Errors
    /// As above, or an error of `after`.
    pub fn log_in_each(
        &mut self,
        who: Range<usize>,
        at_once: usize,
        mut after: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (before, lost, mut next) = (self.present, self.lost, who.start);
        let all_in = self.until(Duration::from_secs(30), |crowd| {
            while crowd.opening < at_once && next < who.end {
                crowd.open(next)?;
                next += 1;
            }
            after(crowd, crowd.present)?;
            if crowd.lost > lost {
                return Err(Error::new(format!(
                    "a connection ended during the log-ins, with {} people in; the first complaint: {}",
                    crowd.present,
                    crowd.hearing.first_error.as_deref().unwrap_or("none")
                )));
            }
            Ok(crowd.present - before >= who.len())
        })?;
        if all_in {
            return Ok(());
        }
        Err(Error::new(format!(
            "{} of {} log-ins are through, and nothing has come for 30 seconds; the first complaint: {}",
            self.present - before,
            who.len(),
            self.hearing.first_error.as_deref().unwrap_or("none")
        )))
    }
}
