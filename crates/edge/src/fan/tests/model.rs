//! Random sequences against a model that records every byte of every connection.

mod steps;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use steps::{COMMITS, Step, Which, Wish, step};

/// Minimum size of a compressed frame, in bytes.
const BYTES_MIN: usize = 100;

struct Connection {
    id: ConnectionId,
    window: u8,
    wire: Mock,
    /// All bytes for this connection.
    expected: Vec<u8>,
    /// Positions in `expected`, and the commit that bytes from there on wait for.
    waits: Vec<(usize, u64)>,
    phase: Phase,
    identified: bool,
    channels: BTreeSet<u32>,
    /// The reason for the loss of its socket, if it was lost.
    cut: Option<Event>,
    finished: bool,
    /// Number of bytes on its wire when it was released.
    at_release: Option<usize>,
}

impl Connection {
    fn is_known(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Closing)
    }

    /// Number of bytes of `expected` that may have been sent.
    fn allowed(&self, stored: u64) -> usize {
        let waiting = self.waits.iter().filter(|&&(_, commit)| commit > stored);
        waiting
            .map(|&(place, _)| place)
            .min()
            .unwrap_or(self.expected.len())
    }
}

struct Model {
    fan: Fan<MockEnd>,
    outbox_bytes_max: usize,
    all: Vec<Connection>,
    closes: Vec<Event>,
    deliveries: u64,
    awaited: u64,
    stored: u64,
}

impl Model {
    fn new(outbox_bytes_max: usize) -> Self {
        Self {
            fan: {
                let mut fan = Fan::new(3, outbox_bytes_max);
                fan.deflated.bytes_min = BYTES_MIN;
                fan
            },
            outbox_bytes_max,
            all: Vec::new(),
            closes: Vec::new(),
            deliveries: 0,
            awaited: 0,
            stored: 0,
        }
    }

    fn deliver(&mut self, opcode: Opcode, payload: &[u8], to: impl Fn(usize, &Connection) -> bool) {
        let plain = frame(opcode, payload);
        let compressed = (payload.len() >= BYTES_MIN && opcode == Opcode::Text)
            .then(|| deflated::compressed_frame(payload))
            .flatten();
        for (index, connection) in self.all.iter_mut().enumerate() {
            if to(index, connection) {
                self.deliveries += 1;
                if self.awaited > self.stored {
                    connection.waits.push((connection.expected.len(), self.awaited));
                }
                let fits = payload.len() <= 1 << connection.window || connection.window >= 12;
                let bytes = compressed.as_ref().filter(|_| connection.window != 0 && fits);
                connection.expected.extend_from_slice(bytes.unwrap_or(&plain));
            }
        }
    }

    fn wish(&mut self, wish: Wish, outputs: &mut Outputs) {
        let count = self.all.len();
        let id = |which: Which| self.all[which % count].id;
        let operation = match &wish {
            Wish::Send(which, payload) => Operation::Send {
                connection: id(*which),
                frame: outputs.raw_frame(|out| out.extend_from_slice(payload)),
            },
            Wish::OtherEdge(which) => Operation::Send {
                connection: ConnectionId {
                    edge: 4,
                    ..id(*which)
                },
                frame: outputs.raw_frame(|out| out.push(b'!')),
            },
            Wish::Say(channel, except, payload) => Operation::SendChannel {
                channel: ChannelId(*channel),
                except: except.map(id),
                frame: outputs.raw_frame(|out| out.extend_from_slice(payload)),
            },
            Wish::SayEveryone(payload) => Operation::SendEveryone {
                frame: outputs.raw_frame(|out| out.extend_from_slice(payload)),
            },
            Wish::Identified(which) => Operation::Identified {
                connection: id(*which),
            },
            Wish::Departed(which) => Operation::Departed {
                connection: id(*which),
            },
            Wish::Join(channel, which) => Operation::Join {
                channel: ChannelId(*channel),
                connection: id(*which),
            },
            Wish::Leave(channel, which) => Operation::Leave {
                channel: ChannelId(*channel),
                connection: id(*which),
            },
            Wish::CloseChannel(channel) => Operation::CloseChannel {
                channel: ChannelId(*channel),
            },
            Wish::Close(which, delay) => Operation::Close {
                connection: id(*which),
                delay_milliseconds: *delay,
            },
            Wish::Await(commit) => Operation::Await { commit: *commit },
        };
        outputs.operations.push(operation);
        match wish {
            Wish::OtherEdge(_) => {}
            Wish::Await(commit) => self.awaited = commit,
            Wish::Send(which, payload) => {
                self.deliver(Opcode::Text, &payload, |index, connection| {
                    index == which % count && connection.is_known()
                });
            }
            Wish::Say(channel, except, payload) => {
                let except = except.map(|which| which % count);
                self.deliver(Opcode::Text, &payload, |index, connection| {
                    connection.channels.contains(&channel) && Some(index) != except
                });
            }
            Wish::SayEveryone(payload) => {
                self.deliver(Opcode::Text, &payload, |_, connection| connection.identified);
            }
            Wish::CloseChannel(channel) => {
                for connection in &mut self.all {
                    connection.channels.remove(&channel);
                }
            }
            Wish::Identified(which)
            | Wish::Departed(which)
            | Wish::Join(_, which)
            | Wish::Leave(_, which)
            | Wish::Close(which, _) => {
                let connection = &mut self.all[which % count];
                if connection.is_known() {
                    match wish {
                        Wish::Identified(_) => connection.identified = true,
                        Wish::Join(channel, _) => drop(connection.channels.insert(channel)),
                        Wish::Leave(channel, _) => drop(connection.channels.remove(&channel)),
                        Wish::Close(_, delay) => {
                            connection.phase = Phase::Closing;
                            self.closes.push(Event::Close(connection.id.slot, delay));
                        }
                        _ => {
                            connection.identified = false;
                            connection.channels.clear();
                        }
                    }
                }
            }
        }
    }

    fn step(&mut self, step: Step) {
        if let Step::Open(room, window) = step {
            let wire = Mock::new(room);
            let id = self.fan.open(MockEnd(wire.clone()), window);
            assert!(
                self.all.iter().all(|other| other.id != id),
                "an id was given twice"
            );
            self.all.push(Connection {
                id,
                window,
                wire,
                expected: Vec::new(),
                waits: Vec::new(),
                phase: Phase::Open,
                identified: false,
                channels: BTreeSet::new(),
                cut: None,
                finished: false,
                at_release: None,
            });
            return;
        }
        if self.all.is_empty() {
            return;
        }
        let count = self.all.len();
        // The edge acts only on connections that it has.
        let live = |which: Which| {
            let which = which % count;
            self.all[which].at_release.is_none().then_some(which)
        };
        match step {
            Step::Open(..) => {}
            Step::Apply(wishes) => {
                let mut outputs = Outputs::default();
                for wish in wishes {
                    self.wish(wish, &mut outputs);
                }
                self.fan.apply(&outputs);
                self.awaited = 0;
            }
            Step::Stored(commit) => {
                self.stored = self.stored.max(commit);
                self.fan.stored(commit);
                self.events(None);
                // After its last byte, the writing side of a lingering connection is closed.
                for connection in &mut self.all {
                    if connection.phase == Phase::Lingering && connection.cut.is_none() {
                        connection.finished |= connection.wire.0.borrow().dropped;
                    }
                }
            }
            Step::EdgeSend(which, payload) => {
                if let Some(which) = live(which).filter(|&which| !self.all[which].finished) {
                    let payload = &payload[..payload.len().min(125)];
                    self.fan.send(self.all[which].id.slot, Opcode::Pong, payload);
                    self.deliver(Opcode::Pong, payload, |index, _| index == which);
                }
            }
            Step::EdgeSendAll(payload) => {
                let slots: Vec<u32> = (0..count)
                    .filter(|&which| self.all[which].is_known())
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|which| self.all[which].id.slot)
                    .collect();
                self.fan.send_to(slots.into_iter(), Opcode::Text, &payload);
                self.deliver(Opcode::Text, &payload, |_, connection| connection.is_known());
            }
            Step::Flush => self.flush(),
            Step::Room(which, room) => self.all[which % count].wire.0.borrow_mut().room = room,
            Step::Fail(which) => self.all[which % count].wire.0.borrow_mut().fails = true,
            Step::Resume(which) => {
                if let Some(which) = live(which).filter(|&which| self.fan.is_blocked(self.all[which].id.slot))
                {
                    let slot = self.all[which].id.slot;
                    if self.fan.resume(slot).is_err() {
                        assert!(self.all[which].wire.0.borrow().fails);
                        self.release(which);
                    }
                }
            }
            Step::Linger(which) => {
                if let Some(which) = live(which) {
                    self.fan.set_phase(self.all[which].id.slot, Phase::Lingering);
                    let connection = &mut self.all[which];
                    connection.phase = Phase::Lingering;
                    connection.identified = false;
                    connection.channels.clear();
                }
            }
            Step::Finish(which) => {
                if let Some(which) = live(which).filter(|&which| self.all[which].phase == Phase::Lingering) {
                    self.flush();
                    let connection = &mut self.all[which];
                    connection.finished = self.fan.finish_writing(connection.id.slot);
                    assert_eq!(connection.finished, connection.wire.0.borrow().dropped);
                }
            }
            Step::Release(which) => {
                if let Some(which) = live(which) {
                    self.release(which);
                }
            }
        }
        self.check();
    }

    fn release(&mut self, which: usize) {
        self.fan.release(self.all[which].id.slot);
        self.events(Some(which));
        let connection = &mut self.all[which];
        assert!(connection.wire.0.borrow().dropped);
        connection.at_release = Some(connection.wire.bytes().len());
        connection.phase = Phase::Free;
        connection.identified = false;
        connection.channels.clear();
    }

    fn flush(&mut self) {
        self.fan.flush();
        assert!(self.fan.log.is_empty() && self.fan.deflated.log().is_empty());
        assert_eq!(self.fan.finished_used, 0);
        self.events(None);
        for connection in &self.all {
            let sent = connection.wire.bytes().len();
            if connection.at_release.is_some() || connection.cut.is_some() {
                continue;
            }
            let waiting = connection.expected.len() - sent;
            assert!(waiting <= self.outbox_bytes_max, "{waiting} bytes wait");
            let may_go = connection.allowed(self.stored) - sent;
            assert_eq!(may_go > 0, self.fan.is_blocked(connection.id.slot));
        }
    }

    /// Takes the fan's events. Events of a connection that was just `released` are dropped with it.
    fn events(&mut self, released: Option<usize>) {
        let released = released.map(|which| self.all[which].id.slot);
        let mut closes = std::mem::take(&mut self.closes);
        closes.retain(|close| Some(close.slot()) != released);
        let (mut got, mut closes) = (self.fan.take_events(), closes.into_iter());
        got.retain(|event| {
            let slot = event.slot();
            assert_ne!(Some(slot), released);
            if let Event::Identified(_) = event {
                return false;
            }
            if let Event::Close(..) = event {
                assert_eq!(Some(*event), closes.next());
                return false;
            }
            true
        });
        assert_eq!(closes.next(), None);
        for event in got {
            let with_slot = |connection: &&mut Connection| {
                connection.at_release.is_none() && connection.id.slot == event.slot()
            };
            let connection = self
                .all
                .iter_mut()
                .find(with_slot)
                .expect("a connection in the slot");
            // A blocked connection may have been written with a commit meanwhile; it is then woken without
            // need.
            let may_be_over = matches!(event, Event::Blocked(_));
            assert!(may_be_over || self.fan.is_blocked(event.slot()));
            assert_eq!(
                connection.cut, None,
                "nothing is told of a connection that was given up"
            );
            let waiting = connection.expected.len() - connection.wire.bytes().len();
            match event {
                // Each barrier of a commit has a weight, too.
                Event::Overflow(_) => assert!(waiting + connection.waits.len() * 16 > self.outbox_bytes_max),
                Event::Broken(_) => assert!(connection.wire.0.borrow().fails),
                _ => continue,
            }
            assert!(connection.wire.0.borrow().dropped);
            connection.cut = Some(event);
        }
    }

    fn check(&self) {
        for connection in &self.all {
            let bytes = connection.wire.bytes();
            assert!(
                connection.expected.starts_with(&bytes),
                "lost, doubled or out of order"
            );
            assert!(
                bytes.len() <= connection.allowed(self.stored),
                "something did not wait"
            );
            if let Some(length) = connection.at_release {
                assert_eq!(bytes.len(), length, "written after its release");
            } else {
                assert_eq!(self.fan.phase(connection.id.slot), connection.phase);
                assert_eq!(self.fan.is_identified(connection.id.slot), connection.identified);
            }
        }
        let live = self
            .all
            .iter()
            .filter(|connection| connection.at_release.is_none());
        assert_eq!(self.fan.len(), live.clone().count());
        assert_eq!(
            self.fan.slots().collect::<BTreeSet<_>>(),
            live.map(|connection| connection.id.slot).collect()
        );
        assert_eq!(self.fan.deliveries, self.deliveries);
    }

    /// All clients read again: all sent bytes must arrive.
    fn finish(&mut self) {
        self.flush();
        // Bytes that waited for the last commit are sent without another wake-up of the socket.
        let ready: Vec<usize> = (0..self.all.len())
            .filter(|&which| {
                let connection = &self.all[which];
                let slot = connection.id.slot;
                let sent = connection.wire.bytes().len();
                let waits = connection.allowed(self.stored) < connection.expected.len();
                let free = connection.at_release.is_none() && connection.cut.is_none();
                free && waits && sent == connection.allowed(self.stored) && !self.fan.is_blocked(slot)
            })
            .collect();
        for &which in &ready {
            self.all[which].wire.0.borrow_mut().room = PLENTY;
        }
        self.stored = COMMITS;
        self.fan.stored(COMMITS);
        self.events(None);
        for which in ready {
            let connection = &self.all[which];
            assert!(connection.wire.0.borrow().fails || connection.wire.bytes() == connection.expected);
        }
        for connection in &self.all {
            if connection.at_release.is_some() || connection.cut.is_some() {
                continue;
            }
            connection.wire.0.borrow_mut().room = PLENTY;
            let result = self.fan.resume(connection.id.slot);
            if connection.wire.0.borrow().fails {
                continue;
            }
            assert!(result.unwrap());
            assert!(
                connection.wire.bytes() == connection.expected,
                "something did not arrive"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_connection_gets_exactly_its_frames(
        outbox_bytes_max in prop_oneof![Just(0), Just(300), Just(8000), Just(PLENTY)],
        opened in 1..6usize,
        steps in vec(step(), 1..60),
    ) {
        let mut model = Model::new(outbox_bytes_max);
        for _ in 0..opened {
            model.step(Step::Open(PLENTY, 0));
        }
        for step in steps {
            model.step(step);
        }
        model.finish();
    }
}
