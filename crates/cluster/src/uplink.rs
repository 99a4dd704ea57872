//! The edge's side of a link. It keeps turns until the core has handled them, and acknowledges orders.

use std::borrow::Cow;
use std::collections::VecDeque;

use fchatd_protocol::exchange::Inputs;

use crate::limits::{BEAT, BYTES_UNSAID, ORDERS_UNSAID, TALLY, Timing, UNSAID};
use crate::message::{Down, Hello, Name, Order, Up, Welcome};

/// A turn that the core has not handled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The edge's count of turns.
    pub no: u64,
    /// The inputs.
    pub inputs: Inputs,
    /// Whether the edge waits for the end of this turn.
    pub wants_answer: bool,
}

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is no connection.
    Away,
    /// The edge has said hello.
    Greeting,
    /// The edge is attached to a core.
    Attached,
}

/// Work for the edge.
#[derive(Debug, PartialEq, Eq)]
pub enum UplinkEvent {
    /// Carry out an order.
    Order(Order<'static>),
    /// A turn has been handled. The orders with its outputs came before.
    Handled(Kept),
    /// The edge is attached. With `fresh` the core knows none of its connections: they have to end. Turns of that time
    /// that the core did not get are dropped, and follow as [`UplinkEvent::Handled`].
    Attached(Welcome),
    /// The core does not accept the edge, with the reason.
    Refused(String),
    /// The core ends in order.
    Bye,
    /// The core was silent for too long: close the connection.
    Silent,
    /// The edge was without a core for too long: its connections have to end.
    GiveUp,
}

/// See the module.
#[derive(Debug)]
pub struct Uplink {
    program: String,
    name: Name,
    incarnation: u64,
    timing: Timing,
    state: State,
    /// The last core; 0 for none.
    core: u64,
    attachment: u64,
    kept: VecDeque<Kept>,
    /// The last turn that was sent on the present connection.
    sent: u64,
    /// The last turn that the edge has made.
    last: u64,
    /// The last turn when the edge said hello.
    last_at_hello: u64,
    /// The last order that was received, and the last one that was acknowledged on this connection.
    got: u64,
    said: u64,
    /// Weight of the batches since the last acknowledgement, in bytes.
    unsaid_bytes: usize,
    unsaid_since: Option<u64>,
    hello: bool,
    bye: bool,
    has_left: bool,
    heard: u64,
    spoke: u64,
    /// When the counters went out last.
    told: u64,
    /// Since when there is no core; `None` while there is one, before the first one, and after giving up.
    away_since: Option<u64>,
    tally: Vec<u8>,
    /// Turns that were sent more than once.
    pub resent: u64,
}

impl Uplink {
    /// A link that is not connected.
    #[must_use]
    pub fn new(program: &str, name: Name, incarnation: u64, timing: Timing, now: u64) -> Self {
        Self {
            program: program.to_owned(),
            name,
            incarnation,
            timing,
            state: State::Away,
            core: 0,
            attachment: 0,
            kept: VecDeque::new(),
            sent: 0,
            last: 0,
            last_at_hello: 0,
            got: 0,
            said: 0,
            unsaid_bytes: 0,
            unsaid_since: None,
            hello: false,
            bye: false,
            has_left: false,
            heard: now,
            spoke: now,
            told: now,
            away_since: None,
            tally: Vec::new(),
            resent: 0,
        }
    }

    /// The present state.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// Number of turns that are not handled yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.kept.len()
    }

    /// Changes the times.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// Sets the counters that go out with the next beat.
    pub fn set_tally(&mut self, tally: Vec<u8>) {
        self.tally = tally;
    }

    /// Adds a turn. Numbers grow by one.
    pub fn hand_over(&mut self, turn: Kept) {
        self.last = turn.no;
        self.kept.push_back(turn);
    }

    /// A new connection.
    pub fn connected(&mut self, now: u64) {
        self.state = State::Greeting;
        self.hello = true;
        self.said = self.got;
        self.unsaid_bytes = 0;
        self.unsaid_since = None;
        (self.heard, self.spoke) = (now, now);
    }

    /// The connection has ended.
    pub fn disconnected(&mut self, now: u64) {
        if self.state == State::Attached {
            self.away_since = Some(now);
        }
        self.state = State::Away;
        self.hello = false;
    }

    /// Leaves for good, after all turns have been sent.
    pub fn leave(&mut self) {
        self.bye = true;
    }

    /// Whether the core was told that the edge leaves. It must not connect again.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    /// A message of the core has arrived.
    pub fn receive(&mut self, message: Down<'static>, now: u64, events: &mut Vec<UplinkEvent>) {
        self.heard = now;
        match (self.state, message) {
            (State::Greeting, Down::Welcome(welcome)) => self.attach(welcome, events),
            (State::Greeting, Down::Refused(reason)) => events.push(UplinkEvent::Refused(reason)),
            (State::Attached, Down::Order { n, order }) => {
                // An order that was received before the connection broke.
                if n <= self.got {
                    return;
                }
                self.got = n;
                if let Order::Apply(outputs) = &order {
                    self.unsaid_bytes += outputs.weight();
                }
                self.unsaid_since.get_or_insert(now);
                events.push(UplinkEvent::Order(order));
            }
            (State::Attached, Down::Handled(no)) => self.forget(no, events),
            (_, Down::Bye) => events.push(UplinkEvent::Bye),
            _ => {}
        }
    }

    fn attach(&mut self, welcome: Welcome, events: &mut Vec<UplinkEvent>) {
        self.state = State::Attached;
        self.away_since = None;
        (self.core, self.attachment) = (welcome.core, welcome.attachment);
        let fresh = welcome.fresh;
        let received = if fresh {
            self.last_at_hello
        } else {
            welcome.received
        };
        events.push(UplinkEvent::Attached(welcome));
        if fresh {
            (self.got, self.said) = (0, 0);
            // Turns of the time before are about connections that this core does not know.
            self.forget(received, events);
        }
        let again = self
            .kept
            .iter()
            .filter(|turn| turn.no > received && turn.no <= self.sent);
        self.resent += again.count() as u64;
        self.sent = received;
    }

    fn forget(&mut self, no: u64, events: &mut Vec<UplinkEvent>) {
        while self.kept.front().is_some_and(|turn| turn.no <= no) {
            events.extend(self.kept.pop_front().map(UplinkEvent::Handled));
        }
    }

    /// Looks at the clock. Call it several times in each beat.
    pub fn tick(&mut self, now: u64, events: &mut Vec<UplinkEvent>) {
        if self.state != State::Away && now.saturating_sub(self.heard) > self.timing.silence {
            events.push(UplinkEvent::Silent);
        }
        if self
            .away_since
            .is_some_and(|since| now.saturating_sub(since) > self.timing.patience)
        {
            self.away_since = None;
            events.push(UplinkEvent::GiveUp);
        }
    }

    /// The next message for the core, if there is one now.
    pub fn next_message(&mut self, now: u64) -> Option<Up<'_>> {
        if self.state == State::Away {
            return None;
        }
        if std::mem::take(&mut self.hello) {
            self.spoke = now;
            self.last_at_hello = self.last;
            return Some(Up::Hello(Hello {
                program: self.program.clone(),
                name: self.name.clone(),
                incarnation: self.incarnation,
                core: self.core,
                attachment: self.attachment,
                got: self.got,
                last: self.last,
                handled: self
                    .kept
                    .front()
                    .map_or(self.last, |turn| turn.no.saturating_sub(1)),
            }));
        }
        if self.state == State::Attached {
            if self.is_acknowledgement_due(now) {
                self.said = self.got;
                self.unsaid_bytes = 0;
                self.unsaid_since = None;
                self.spoke = now;
                return Some(Up::Got(self.got));
            }
            // Numbers grow by one, so the place of a turn follows from its number.
            let first = self.kept.front().map_or(0, |turn| turn.no);
            let place = (self.sent + 1).saturating_sub(first) as usize;
            if let Some(turn) = self.kept.get(place) {
                self.sent = turn.no;
                self.spoke = now;
                return Some(Up::Turn {
                    no: turn.no,
                    inputs: Cow::Borrowed(&turn.inputs),
                });
            }
            if self.bye && !self.has_left && self.kept.is_empty() {
                self.has_left = true;
                return Some(Up::Bye);
            }
        }
        // Under load the counters go out, too.
        let is_due = now.saturating_sub(self.spoke) >= BEAT || now.saturating_sub(self.told) >= TALLY;
        if self.state == State::Attached && is_due {
            (self.spoke, self.told) = (now, now);
            return Some(Up::Beat(self.tally.clone()));
        }
        None
    }

    fn is_acknowledgement_due(&self, now: u64) -> bool {
        self.got - self.said >= ORDERS_UNSAID
            || self.unsaid_bytes >= BYTES_UNSAID
            || self
                .unsaid_since
                .is_some_and(|since| now.saturating_sub(since) >= UNSAID)
    }
}
