//! Compression and inflation: round trips, and invalid input.

use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::websocket::properties::{Owned, client_frame};
use crate::websocket::{Decoder, Event, Options};

const LIMIT: usize = 100_000;

fn compress(message: &[u8]) -> Option<Vec<u8>> {
    Deflater::default().compress(message).map(<[u8]>::to_vec)
}

/// Inflates and checks the limits. The error is the code of the violation.
fn inflate(inflater: &mut Inflater, payload: &[u8], limit: usize) -> Result<Vec<u8>, u16> {
    inflater.allow(usize::MAX);
    let result = inflater.inflate(payload, limit).map(<[u8]>::to_vec);
    assert!(inflater.room() <= ROOM.max(limit + 1), "{}", inflater.room());
    if let Ok(message) = &result {
        assert!(message.len() <= limit);
    }
    result.map_err(|violation| violation.code.number())
}

fn inflate_alone(payload: &[u8]) -> Result<Vec<u8>, u16> {
    inflate(&mut Inflater::default(), payload, LIMIT)
}

/// Compresses like a client with context takeover, another window or another level.
fn compress_as(message: &[u8], level: i32, window: u8) -> Vec<u8> {
    let mut out = vec![0; message.len() + message.len() / 8 + 100];
    let mut state = Deflate::new(level, false, window);
    state
        .compress(message, &mut out, DeflateFlush::SyncFlush)
        .unwrap();
    out.truncate(state.total_out() as usize);
    out.strip_suffix(&FLUSHED).unwrap().to_vec()
}

#[test]
fn examples_of_the_rfc() {
    // RFC 7692, sections 7.2.3.1 to 7.2.3.5: one block, no compression, an end of the stream, two blocks.
    let table: [&[u8]; 4] = [
        &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
        &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        &[
            0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
        ],
    ];
    let mut inflater = Inflater::default();
    for payload in table {
        assert_eq!(inflate(&mut inflater, payload, 5), Ok(b"Hello".to_vec()));
        assert_eq!(inflate(&mut inflater, payload, 4), Err(1009));
    }
    assert_eq!(inflate_alone(&[0]), Ok(Vec::new()), "the empty message");
}

#[test]
fn incomplete_messages_are_refused() {
    let message = b"a message a message of some length of some length".repeat(5);
    let whole = compress(&message).unwrap();
    assert_eq!(inflate_alone(&whole), Ok(message));
    for end in 0..whole.len() {
        assert_eq!(
            inflate_alone(&whole[..end]),
            Err(1007),
            "{end} of {}",
            whole.len()
        );
    }
    for wrong in [
        &[0xFF; 10][..],
        b"Hello",
        &[0x06],
        &[0xF2, 0x48, 0xCD, 0xC9, 0xC9],
    ] {
        assert_eq!(inflate_alone(wrong), Err(1007), "{wrong:?}");
    }
    // The message refers to the content of an earlier message.
    let mut state = Deflate::new(6, false, 15);
    let mut out = vec![0; 1000];
    state
        .compress(b"words that come again", &mut out, DeflateFlush::SyncFlush)
        .unwrap();
    let first = state.total_out() as usize;
    state
        .compress(
            b"words that come again",
            &mut out[first..],
            DeflateFlush::SyncFlush,
        )
        .unwrap();
    let both = state.total_out() as usize;
    assert_eq!(inflate_alone(&out[first..both - 4]), Err(1007));
}

#[test]
fn a_bomb_takes_no_more_memory_than_the_largest_message() {
    let bomb = compress_as(&vec![b' '; 50 << 20], 6, 15);
    assert!(bomb.len() < 60_000);
    let mut inflater = Inflater::default();
    for limit in [0, 1, 1000, 512 * 1024] {
        assert_eq!(inflate(&mut inflater, &bomb, limit), Err(1009));
    }
    assert_eq!(
        inflate(&mut inflater, &bomb, 50 << 20).map(|all| all.len()),
        Ok(50 << 20)
    );
    inflate(&mut inflater, &[0], 10).unwrap();
    assert!(inflater.room() <= ROOM, "a large message's room is given back");
}

#[test]
fn many_large_messages_in_one_read_are_too_much() {
    let large = compress_as(&vec![b' '; 400_000], 6, 15);
    let mut bytes = client_frame(0xC1, &large).repeat(4);
    let mut decoder = Decoder::new(Options {
        deflate: true,
        ..Options::default()
    });
    let mut count = 0;
    let violation = decoder
        .receive(&mut bytes, &mut Inflater::default(), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })
        .unwrap_err();
    assert_eq!((count, violation.code.number()), (2, 1009));
}

#[test]
fn nothing_is_compressed_that_would_not_be_shorter() {
    let mut noise = vec![0; 5000];
    getrandom(&mut noise);
    for message in [&b""[..], b"a", b"abc", &noise] {
        assert_eq!(compress(message), None);
    }
    assert!(
        compress(&noise.repeat(2)).is_none(),
        "it repeats farther back than the window"
    );
    assert!(compress(&noise[..1500].repeat(2)).is_some());
}

/// Bytes without any pattern, the same in each run.
fn getrandom(bytes: &mut [u8]) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = (state >> 32) as u8;
    }
}

#[test]
fn windows() {
    let table = [
        (0, 8),
        (256, 8),
        (257, 9),
        (512, 9),
        (2048, 11),
        (2049, 12),
        (4097, 12),
        (1 << 20, 12),
    ];
    for (length, window) in table {
        assert_eq!(window_needed(length), window, "{length}");
    }
}

#[test]
fn a_message_between_others_of_a_server_is_kept_compressed_until_it_is_whole() {
    let text = "a text that is said again and again; ".repeat(30);
    let payload = compress(text.as_bytes()).unwrap();
    let (head, tail) = payload.split_at(20);
    let input = [
        client_frame(0x41, head),
        client_frame(0x89, b"alive?"),
        client_frame(0x00, b""),
        client_frame(0x80, tail),
        client_frame(0x81, b"plain"),
        client_frame(0xC1, &payload),
    ]
    .concat();
    let options = Options {
        deflate: true,
        ..Options::default()
    };
    for size in [1, 7, 10_000] {
        // Another connection uses the same inflater between any two reads.
        let mut inflater = Inflater::default();
        let mut decoder = Decoder::new(options);
        let mut events = Vec::new();
        for part in input.chunks(size) {
            let deliver = &mut |event: Event<'_>| {
                events.push(Owned::from(event));
                ControlFlow::Continue(())
            };
            decoder
                .receive(&mut part.to_vec(), &mut inflater, deliver)
                .unwrap();
            assert_eq!(
                inflate(&mut inflater, &compress(&[7; 300]).unwrap(), 300),
                Ok(vec![7; 300])
            );
        }
        let said = Owned::Text(text.clone());
        let ping = Owned::Ping(b"alive?".to_vec());
        assert_eq!(events, [ping, said.clone(), Owned::Text("plain".into()), said]);
        assert_eq!(decoder.buffered(), 0);
    }
}

#[test]
fn invalid_compressed_messages_are_refused() {
    let options = Options {
        max_message: 1000,
        deflate: true,
        ..Options::default()
    };
    let good = compress(&[b'x'; 500]).unwrap();
    let wrong = [0xFF, 0xFE].repeat(300);
    let table = [
        (client_frame(0xC1, &good), 0),
        (client_frame(0xC1, &compress(&[b'x'; 1001]).unwrap()), 1009),
        (client_frame(0xC1, &[0; 2000]), 1009),
        (client_frame(0xC1, &compress(&wrong).unwrap()), 1007),
        (client_frame(0xC1, &good[1..]), 1007),
        (client_frame(0xC2, &good), 1003),
        (
            [client_frame(0x41, &good), client_frame(0xC0, b"")].concat(),
            1002,
        ),
        (client_frame(0xC9, b""), 1002),
        (client_frame(0xE1, &good), 1002),
    ];
    for (number, (bytes, code)) in table.into_iter().enumerate() {
        let plain = Options {
            deflate: false,
            ..options
        };
        let result = |options, code: u16| {
            let mut decoder = Decoder::new(options);
            let result = decoder.receive(&mut bytes.clone(), &mut Inflater::default(), &mut |_| {
                ControlFlow::Continue(())
            });
            let found = result.map_or_else(|violation| violation.code.number(), |()| 0);
            assert_eq!(found, code, "frame {number}");
        };
        result(options, code);
        result(plain, 1002);
    }
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..3000),
        vec(any::<bool>().prop_map(u8::from), 0..3000),
        ".{0,300}".prop_map(String::into_bytes),
        (vec(any::<u8>(), 1..50), 1..500usize).prop_map(|(part, count)| part.repeat(count)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compressed_messages_are_inflated_unchanged(messages in vec(message(), 1..8)) {
        let (mut deflater, mut inflater) = (Deflater::default(), Inflater::default());
        for message in &messages {
            if let Some(payload) = deflater.compress(message) {
                prop_assert!(payload.len() < message.len());
                prop_assert_eq!(inflate(&mut inflater, payload, message.len()), Ok(message.clone()));
                prop_assert_eq!(inflate(&mut inflater, payload, message.len() - 1), Err(1009));
                // Uses the smallest sufficient window according to `window_needed`.
                let window = window_needed(message.len());
                let mut out = vec![0; message.len()];
                let mut small = Inflate::new(false, window);
                small.decompress(payload, &mut out, InflateFlush::SyncFlush).unwrap();
                prop_assert_eq!(&out, message);
                prop_assert_eq!(compress(message), Some(payload.to_vec()), "the same for all recipients");
            }
        }
    }

    #[test]
    fn all_compressions_of_clients_can_be_read(message in message(), level in 0..=9, window in 9..=15_u8) {
        prop_assert_eq!(inflate_alone(&compress_as(&message, level, window)), Ok(message));
    }

    #[test]
    fn garbage_neither_panics_nor_exceeds_the_limit(
        message in message(),
        garbage in vec(any::<u8>(), 0..200),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        limit in 0..5000usize,
    ) {
        let mut inflater = Inflater::default();
        let _ = inflate(&mut inflater, &garbage, limit);
        let mut payload = compress_as(&message, 6, 15);
        for (place, byte) in places {
            let place = place.index(payload.len());
            payload[place] = byte;
        }
        let _ = inflate(&mut inflater, &payload, limit);
        // An arbitrary earlier input leaves no trace.
        prop_assert_eq!(inflate(&mut inflater, &compress_as(&message, 1, 15), message.len()), Ok(message));
    }
}
