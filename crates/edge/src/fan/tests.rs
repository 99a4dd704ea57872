//! Fan-out against mock sockets: single properties first, then random sequences against a simple model.

use std::cell::RefCell;
use std::rc::Rc;

use fchatd_protocol::exchange::ChannelId;

use super::*;

mod deflated;
mod model;

/// The received bytes of a mock socket, and its behaviour.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) bytes: Vec<u8>,
    /// Number of bytes that it still accepts before it is full.
    pub(super) room: usize,
    pub(super) fails: bool,
    pub(super) dropped: bool,
    /// Number of pieces of each write; a plain write counts as one.
    pub(super) writes: Vec<usize>,
}

/// A socket that lives in a test.
#[derive(Debug, Clone)]
pub(super) struct Mock(pub(super) Rc<RefCell<Wire>>);

impl Mock {
    pub(super) fn new(room: usize) -> Self {
        let wire = Wire {
            bytes: Vec::new(),
            room,
            fails: false,
            dropped: false,
            writes: Vec::new(),
        };
        Self(Rc::new(RefCell::new(wire)))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }
}

/// The end that the fan owns; it records in the test when it is dropped.
#[derive(Debug)]
pub(super) struct MockEnd(pub(super) Mock);

impl Drop for MockEnd {
    fn drop(&mut self) {
        self.0.0.borrow_mut().dropped = true;
    }
}

impl Socket for MockEnd {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write_vectored(&[IoSlice::new(bytes)])
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut wire = self.0.0.borrow_mut();
        assert!(!pieces.is_empty() && pieces.iter().all(|piece| !piece.is_empty()));
        wire.writes.push(pieces.len());
        if wire.fails {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if wire.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let before = wire.room;
        for piece in pieces {
            let count = piece.len().min(wire.room);
            wire.bytes.extend_from_slice(&piece[..count]);
            wire.room -= count;
        }
        Ok(before - wire.room)
    }
}

pub(super) const PLENTY: usize = usize::MAX / 2;

fn open(fan: &mut Fan<MockEnd>, room: usize) -> (ConnectionId, Mock) {
    let mock = Mock::new(room);
    (fan.open(MockEnd(mock.clone()), 0), mock)
}

/// A server's frame, encoded from the rules of RFC 6455 independently of the encoder.
pub(super) fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode as u8];
    match payload.len() {
        length @ 0..=125 => bytes.push(length as u8),
        length @ 126..=65535 => bytes.extend([126, (length >> 8) as u8, length as u8]),
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

fn apply(fan: &mut Fan<MockEnd>, make: impl FnOnce(&mut Outputs)) {
    let mut outputs = Outputs::default();
    make(&mut outputs);
    fan.apply(&outputs);
}

fn send(outputs: &mut Outputs, connection: ConnectionId, payload: &[u8]) {
    let frame = outputs.raw_frame(|out| out.extend_from_slice(payload));
    outputs.operations.push(Operation::Send { connection, frame });
}

fn say(outputs: &mut Outputs, channel: u32, except: Option<ConnectionId>, payload: &[u8]) {
    let channel = ChannelId(channel);
    let frame = outputs.raw_frame(|out| out.extend_from_slice(payload));
    outputs.operations.push(Operation::SendChannel {
        channel,
        except,
        frame,
    });
}

fn join(outputs: &mut Outputs, channel: u32, connection: ConnectionId) {
    let channel = ChannelId(channel);
    outputs.operations.push(Operation::Join { channel, connection });
}

#[test]
fn frames_that_follow_each_other_are_one_write() {
    let mut fan = Fan::new(0, PLENTY);
    let (speaker, speaker_wire) = open(&mut fan, PLENTY);
    let (listener, listener_wire) = open(&mut fan, PLENTY);
    apply(&mut fan, |outputs| {
        join(outputs, 0, speaker);
        join(outputs, 0, listener);
        say(outputs, 0, None, b"one");
        say(outputs, 0, Some(speaker), b"two");
        say(outputs, 0, None, b"three");
    });
    assert!(
        listener_wire.bytes().is_empty(),
        "nothing goes out before the flush"
    );
    fan.flush();
    let [one, two, three] = [&b"one"[..], b"two", b"three"].map(|text| frame(Opcode::Text, text));
    assert_eq!(listener_wire.bytes(), [&one[..], &two, &three].concat());
    assert_eq!(speaker_wire.bytes(), [&one[..], &three].concat());
    assert_eq!(listener_wire.0.borrow().writes, [1]);
    assert_eq!(
        speaker_wire.0.borrow().writes,
        [1],
        "small pieces are copied together"
    );
    assert_eq!(fan.deliveries, 5);
    assert!(fan.log.is_empty());
    fan.flush();
    assert_eq!(
        listener_wire.0.borrow().writes.len(),
        1,
        "an untouched socket is not written"
    );
}

/// Sends `count` frames of `size` bytes to one connection, each followed by a frame for another connection.
fn with_holes(count: usize, size: usize, room: usize) -> (Fan<MockEnd>, Mock, Vec<u8>) {
    let mut fan = Fan::new(0, PLENTY);
    let (connection, mock) = open(&mut fan, room);
    let (other, _) = open(&mut fan, PLENTY);
    let mut expected = Vec::new();
    apply(&mut fan, |outputs| {
        for index in 0..count {
            let payload = vec![index as u8; size];
            send(outputs, connection, &payload);
            send(outputs, other, b"for another");
            expected.extend(frame(Opcode::Text, &payload));
        }
    });
    fan.flush();
    (fan, mock, expected)
}

#[test]
fn small_pieces_are_copied_and_large_ones_are_not() {
    // Number of frames, size of each, number of pieces in the only write.
    let table = [
        (2, 100, 1),
        (2, 2000, 1),
        (2, 2048, 2),
        (64, 3000, 64),
        (65, 3000, 1),
        (1, 5000, 1),
    ];
    for (count, size, pieces) in table {
        let (_fan, mock, expected) = with_holes(count, size, PLENTY);
        assert_eq!(mock.0.borrow().writes, [pieces], "{count} frames of {size} bytes");
        assert!(mock.bytes() == expected, "{count} frames of {size} bytes");
    }
}

#[test]
fn a_write_may_stop_anywhere() {
    for (count, size) in [(1, 50), (3, 20), (3, 3000)] {
        let whole = with_holes(count, size, PLENTY).2.len();
        for room in (0..whole).step_by(if size > 1000 { 97 } else { 1 }) {
            let (mut fan, mock, expected) = with_holes(count, size, room);
            assert!(mock.bytes() == expected[..room], "{count} of {size}, {room}");
            assert_eq!(fan.take_events(), [Event::Blocked(0)]);
            assert!(fan.is_blocked(0));
            assert!(!fan.resume(0).unwrap());
            mock.0.borrow_mut().room = 7;
            assert_eq!(fan.resume(0).unwrap(), whole - room <= 7);
            mock.0.borrow_mut().room = PLENTY;
            assert!(fan.resume(0).unwrap());
            assert!(!fan.is_blocked(0));
            assert!(mock.bytes() == expected, "{count} of {size}, {room}");
        }
    }
}

#[test]
fn a_long_turn_is_flushed_in_the_middle() {
    let mut fan = Fan::new(0, PLENTY);
    let members: Vec<_> = (0..3).map(|_| open(&mut fan, PLENTY)).collect();
    let payload = vec![b'x'; 100_000];
    let count = 100;
    let mut outputs = Outputs::default();
    for (connection, _) in &members {
        join(&mut outputs, 4, *connection);
    }
    fan.apply(&outputs);
    for index in 0..count {
        let except = (index % 2 == 0).then_some(members[0].0);
        apply(&mut fan, |outputs| say(outputs, 4, except, &payload));
        assert!(fan.log.len() <= LOG_BYTES_MAX + payload.len() + encode::MAX_HEADER);
    }
    fan.flush();
    let one = frame(Opcode::Text, &payload);
    assert!(members[0].1.bytes() == one.repeat(count / 2));
    assert!(members[1].1.bytes() == one.repeat(count));
    assert_eq!(members[1].1.0.borrow().writes.len(), 3, "4 MiB at a time");
    assert!(fan.log.is_empty() && fan.log.capacity() <= 1 << 20);
    assert!(fan.scratch.capacity() <= 1 << 20);
}

#[test]
fn lists_of_ranges_are_used_again_and_stay_small() {
    let mut fan = Fan::new(0, PLENTY);
    let (first, _) = open(&mut fan, PLENTY);
    let (second, _) = open(&mut fan, PLENTY);
    for _ in 0..10 {
        apply(&mut fan, |outputs| {
            for _ in 0..1000 {
                send(outputs, first, b"a");
                send(outputs, second, b"b");
            }
        });
        assert_eq!(fan.finished_used, 2);
        fan.flush();
        assert_eq!((fan.finished.len(), fan.finished_used), (2, 0));
        assert!(
            fan.finished
                .iter()
                .all(|list| list.is_empty() && list.capacity() <= 64)
        );
    }
}

#[test]
fn an_outbox_over_its_limit_is_given_up_at_once() {
    let mut fan = Fan::new(0, 100);
    let (slow, wire) = open(&mut fan, 10);
    let (_, quick_wire) = open(&mut fan, PLENTY);
    fan.send_to([0, 1].into_iter(), Opcode::Text, &[b'x'; 60]);
    fan.flush();
    assert_eq!(fan.take_events(), [Event::Blocked(0)]);
    fan.send(0, Opcode::Text, &[b'y'; 40]);
    assert_eq!(fan.take_events(), [], "52 and 42 bytes wait");
    fan.send(0, Opcode::Text, &[b'z'; 40]);
    fan.send(0, Opcode::Text, b"");
    assert_eq!(fan.take_events(), [Event::Overflow(0)]);
    assert!(
        wire.0.borrow().dropped,
        "no later frame may go out in place of the lost one"
    );
    wire.0.borrow_mut().room = PLENTY;
    apply(&mut fan, |outputs| send(outputs, slow, b"more"));
    fan.flush();
    assert!(fan.resume(0).unwrap());
    assert_eq!(wire.bytes().len(), 10);
    assert_eq!(fan.take_events(), []);
    assert_eq!(quick_wire.bytes(), frame(Opcode::Text, &[b'x'; 60]));

    let (_, wire) = open(&mut fan, 10);
    fan.send(2, Opcode::Text, &[b'x'; 109]);
    fan.flush();
    assert_eq!(
        fan.take_events(),
        [Event::Overflow(2)],
        "101 bytes of the first write wait"
    );
    assert!(wire.0.borrow().dropped);
}

#[test]
fn news_of_a_connection_do_not_reach_the_next_in_its_slot() {
    let mut fan = Fan::new(0, PLENTY);
    let (first, wire) = open(&mut fan, PLENTY);
    wire.0.borrow_mut().fails = true;
    apply(&mut fan, |outputs| {
        send(outputs, first, b"too late");
        let close = Operation::Close {
            connection: first,
            delay_milliseconds: 5,
        };
        outputs.operations.push(close);
    });
    fan.release(first.slot);
    let (second, wire) = open(&mut fan, PLENTY);
    assert_eq!(second.slot, first.slot);
    assert_ne!(second.generation, first.generation);
    assert_eq!(fan.take_events(), []);
    assert_eq!(fan.phase(second.slot), Phase::Open);
    apply(&mut fan, |outputs| {
        send(outputs, first, b"stale");
        join(outputs, 0, first);
        outputs
            .operations
            .push(Operation::Identified { connection: first });
        say(outputs, 0, None, b"nobody");
        send(outputs, ConnectionId { edge: 1, ..second }, b"another edge");
        send(outputs, ConnectionId { slot: 99, ..second }, b"no such slot");
        say(outputs, 7, None, b"no such channel");
    });
    fan.flush();
    assert!(wire.bytes().is_empty());
    assert!(!fan.is_identified(second.slot));
    assert_eq!(fan.len(), 1);
}

#[test]
fn the_last_bytes_go_out_before_the_end() {
    let mut fan = Fan::new(0, PLENTY);
    let (_, wire) = open(&mut fan, 4);
    fan.send(0, Opcode::Text, b"last words");
    fan.flush();
    fan.set_phase(0, Phase::Lingering);
    assert!(!fan.finish_writing(0));
    assert!(!wire.0.borrow().dropped);
    wire.0.borrow_mut().room = PLENTY;
    assert!(fan.resume(0).unwrap());
    assert!(fan.finish_writing(0));
    assert!(wire.0.borrow().dropped);
    assert_eq!(wire.bytes(), frame(Opcode::Text, b"last words"));
}

#[test]
fn a_socket_that_takes_nothing_without_an_error_is_broken() {
    struct Stuck;
    impl Socket for Stuck {
        fn try_write(&self, _: &[u8]) -> io::Result<usize> {
            Ok(0)
        }
        fn try_write_vectored(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
            Ok(0)
        }
    }
    let mut fan = Fan::new(0, PLENTY);
    fan.open(Stuck, 0);
    fan.send(0, Opcode::Text, b"into the void");
    fan.flush();
    assert_eq!(fan.take_events(), [Event::Blocked(0)]);
    assert_eq!(fan.resume(0).unwrap_err().kind(), io::ErrorKind::WriteZero);
}
