//! Compressed frames beside plain ones.

use super::*;
use crate::websocket::Deflater;

/// The compressed frame of a text by the rules of RFC 7692; `None` when it is not shorter.
pub(super) fn compressed_frame(payload: &[u8]) -> Option<Vec<u8>> {
    let mut deflater = Deflater::default();
    let mut bytes = frame(Opcode::Text, deflater.compress(payload)?);
    bytes[0] |= 0x40;
    Some(bytes)
}

/// A fan that compresses messages from a hundred bytes on.
fn fan() -> Fan<MockEnd> {
    let mut fan = Fan::new(0, PLENTY);
    fan.deflated.bytes_min = 100;
    fan
}

fn open_with(fan: &mut Fan<MockEnd>, window: u8) -> (ConnectionId, Mock) {
    let mock = Mock::new(PLENTY);
    (fan.open(MockEnd(mock.clone()), window), mock)
}

#[test]
fn each_gets_the_form_that_it_understands() {
    let mut fan = fan();
    let members: Vec<_> = [0, 15, 8, 12, 0, 10, 15]
        .into_iter()
        .map(|window| (window, open_with(&mut fan, window)))
        .collect();
    let payloads = [&[b'a'; 99][..], &[b'b'; 100], &[b'c'; 1000], &[b'd'; 5000]];
    let mut expected = vec![Vec::new(); members.len()];
    apply(&mut fan, |outputs| {
        for (_, (connection, _)) in &members {
            join(outputs, 0, *connection);
        }
    });
    for payload in payloads {
        apply(&mut fan, |outputs| say(outputs, 0, None, payload));
        apply(&mut fan, |outputs| {
            for (_, (connection, _)) in &members {
                send(outputs, *connection, payload);
            }
        });
        for ((window, _), expected) in members.iter().zip(&mut expected) {
            let compressed = match (payload.len(), window) {
                (_, 0) | (99, _) => false,
                (100, _) => true,
                (1000, window) => *window >= 10,
                (_, window) => *window >= 12,
            };
            let form = match compressed {
                true => compressed_frame(payload).unwrap(),
                false => frame(Opcode::Text, payload),
            };
            expected.extend(form.repeat(2));
        }
    }
    fan.send_to(0..7, Opcode::Text, b"PIN");
    fan.send_to(0..7, Opcode::Ping, &[b'p'; 120]);
    fan.flush();
    let end = [frame(Opcode::Text, b"PIN"), frame(Opcode::Ping, &[b'p'; 120])].concat();
    for ((window, (_, wire)), expected) in members.iter().zip(expected) {
        assert!(
            wire.bytes() == [expected, end.clone()].concat(),
            "window {window}"
        );
        assert_eq!(wire.0.borrow().writes.len(), 1, "one write for all");
    }
}

#[test]
fn a_broadcast_is_in_each_log_once_and_only_where_somebody_gets_it() {
    let mut fan = fan();
    let (plain, _) = open(&mut fan, PLENTY);
    let payload = vec![b'x'; 3000];
    let say_to_all = |fan: &mut Fan<MockEnd>, except| {
        apply(fan, |outputs| say(outputs, 0, except, &payload));
        let sizes = (fan.log.len(), fan.deflated.len());
        fan.flush();
        sizes
    };
    apply(&mut fan, |outputs| join(outputs, 0, plain));
    let (whole, short) = (
        frame(Opcode::Text, &payload).len(),
        compressed_frame(&payload).unwrap().len(),
    );
    assert_eq!(say_to_all(&mut fan, None), (whole, 0));
    let (deflating, _) = open_with(&mut fan, 15);
    assert_eq!(say_to_all(&mut fan, None), (whole, 0), "it is not in the channel");
    let others: Vec<_> = (0..5).map(|_| open_with(&mut fan, 12).0).collect();
    apply(&mut fan, |outputs| {
        join(outputs, 0, deflating);
        others.iter().for_each(|&other| join(outputs, 0, other));
    });
    assert_eq!(say_to_all(&mut fan, None), (whole, short));
    assert_eq!(say_to_all(&mut fan, Some(plain)), (0, short));
    for connection in others.into_iter().chain([deflating]) {
        fan.release(connection.slot);
    }
    assert_eq!(say_to_all(&mut fan, None), (whole, 0));
}

#[test]
fn both_logs_are_flushed_before_they_are_too_long() {
    let mut fan = fan();
    let members = [0, 9].map(|window| open_with(&mut fan, window));
    let payload = vec![b'x'; 1_000_000];
    apply(&mut fan, |outputs| {
        members
            .iter()
            .for_each(|(connection, _)| join(outputs, 0, *connection));
    });
    let mut expected = Vec::new();
    for _ in 0..20 {
        apply(&mut fan, |outputs| say(outputs, 0, Some(members[0].0), &payload));
        expected.extend(frame(Opcode::Text, &payload));
        assert!(fan.deflated.len() <= LOG_BYTES_MAX + payload.len() + encode::MAX_HEADER);
    }
    fan.flush();
    assert!(members[1].1.bytes() == expected && members[0].1.bytes().is_empty());
}

#[test]
fn a_connection_costs_no_more_than_before() {
    assert_eq!(size_of::<Lane>(), 20);
}
