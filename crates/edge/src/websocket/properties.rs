//! Properties for arbitrary input, and the client's side of the protocol for tests.

use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::prelude::*;

use super::frame::MAX_HEADER;
use super::{CloseCode, Decoder, Deflater, Event, Inflater, Opcode, Options, Violation, encode};

/// An owned copy of an [`Event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owned {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>, String),
}

impl From<Event<'_>> for Owned {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.to_owned()),
            Event::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Event::Ping(bytes) => Self::Ping(bytes.to_vec()),
            Event::Pong => Self::Pong,
            Event::Close { code, reason } => Self::Close(code, reason.to_owned()),
        }
    }
}

/// A client's frame. `first` is the first byte, with the final bit and the opcode. The mask depends on the
/// length, so that it varies.
pub(super) fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let (header, size) = encode::frame_header(Opcode::Text, payload.len());
    let mask = (payload.len() as u32)
        .wrapping_mul(0x9E37_79B9)
        .wrapping_add(0x37FA_213D)
        .to_be_bytes();
    let mut frame = header[..size].to_vec();
    frame[0] = first;
    frame[1] |= 0x80;
    frame.extend_from_slice(&mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

/// Decodes `input`, with one read up to each of the offsets `cuts` (any order, taken modulo the length).
/// Checks the limits of the buffers after every read.
pub(super) fn decode(options: Options, input: &[u8], cuts: &[usize]) -> (Vec<Owned>, Result<(), Violation>) {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    ends.push(input.len());
    ends.sort_unstable();

    let mut decoder = Decoder::new(options);
    let mut inflater = Inflater::default();
    let mut events = Vec::new();
    let mut start = 0;
    for end in ends {
        let mut read = input[start..end].to_vec();
        start = end;
        let result = decoder.receive(&mut read, &mut inflater, &mut |event| {
            events.push(Owned::from(event));
            ControlFlow::Continue(())
        });
        let buffered = decoder.buffered();
        assert!(
            buffered <= options.max_message * 17 / 16 + 64 + encode::MAX_CLOSE_REASON + 2 + MAX_HEADER,
            "holds {buffered}"
        );
        assert!(buffered <= 2 * end, "holds {buffered} after {end} bytes");
        if result.is_err() {
            assert!(decoder.is_finished() && buffered == 0);
            return (events, result);
        }
    }
    (events, Ok(()))
}

/// A control frame: its first byte and its payload.
fn control() -> impl Strategy<Value = (u8, Vec<u8>)> {
    (prop_oneof![Just(0x89), Just(0x8A)], vec(any::<u8>(), 0..=125))
}

/// A message as frames, cut into fragments with control frames between them, and the expected events.
fn message() -> impl Strategy<Value = (Vec<u8>, Vec<Owned>)> {
    let content = prop_oneof![
        ".{0,40}".prop_map(Owned::Text),
        "[a-zä€😀]{100,400}".prop_map(Owned::Text),
        vec(any::<u8>(), 0..200).prop_map(Owned::Binary),
    ];
    let parts = (
        content,
        any::<bool>(),
        vec(any::<usize>(), 0..4),
        vec(control(), 0..4),
    );
    parts.prop_map(|(content, compressed, cuts, controls)| {
        let (mut opcode, mut payload) = match &content {
            Owned::Text(text) => (1, text.as_bytes().to_vec()),
            Owned::Binary(bytes) => (2, bytes.clone()),
            other => unreachable!("{other:?}"),
        };
        if compressed && let Some(shorter) = Deflater::default().compress(&payload) {
            opcode |= 0x40;
            payload = shorter.to_vec();
        }
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
        ends.push(payload.len());
        ends.sort_unstable();
        let (mut bytes, mut events) = (Vec::new(), Vec::new());
        let (mut start, last) = (0, ends.len() - 1);
        let mut controls = controls.into_iter();
        for (index, end) in ends.into_iter().enumerate() {
            let first = if index == 0 { opcode } else { 0 } | if index == last { 0x80 } else { 0 };
            bytes.extend(client_frame(first, &payload[start..end]));
            start = end;
            if index == last {
                events.push(content.clone());
            }
            if let Some((first, payload)) = controls.next() {
                bytes.extend(client_frame(first, &payload));
                events.push(if first == 0x89 {
                    Owned::Ping(payload)
                } else {
                    Owned::Pong
                });
            }
        }
        (bytes, events)
    })
}

/// Bytes that resemble frames often enough to get past the header.
fn near_frames() -> impl Strategy<Value = Vec<u8>> {
    let near = (
        prop_oneof![
            Just(0x01),
            Just(0x81),
            Just(0x80),
            Just(0x00),
            Just(0x89),
            Just(0x88),
            Just(0xC1),
            any::<u8>()
        ],
        any::<u8>(),
    )
        .prop_flat_map(|(first, length)| {
            vec(any::<u8>(), 0..40).prop_map(move |rest| [vec![first, length | 0x80], rest].concat())
        });
    let whole = (any::<u8>(), vec(any::<u8>(), 0..40))
        .prop_map(|(first, payload)| client_frame(first & 0xCF, &payload));
    let message = message().prop_map(|(bytes, _)| bytes);
    vec(prop_oneof![near, whole, message, vec(any::<u8>(), 0..20)], 0..6).prop_map(|parts| parts.concat())
}

const ANY_MESSAGE: Options = Options {
    max_message: 4096,
    accepts_binary: true,
    deflate: true,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_change_nothing(messages in vec(message(), 0..5), cuts in vec(any::<usize>(), 0..20)) {
        let (bytes, events): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        let (bytes, events) = (bytes.concat(), events.concat());
        prop_assert_eq!(decode(ANY_MESSAGE, &bytes, &[]), (events.clone(), Ok(())));
        prop_assert_eq!(decode(ANY_MESSAGE, &bytes, &cuts), (events.clone(), Ok(())));
        let every: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(decode(ANY_MESSAGE, &bytes, &every), (events, Ok(())));
    }

    #[test]
    fn any_bytes_end_the_same_way_however_they_are_cut(
        bytes in near_frames(),
        cuts in vec(any::<usize>(), 0..20),
        accepts_binary in any::<bool>(),
        deflate in any::<bool>(),
        max_message in 0_usize..300,
    ) {
        let options = Options { max_message, accepts_binary, deflate };
        let (events, result) = decode(options, &bytes, &[]);
        prop_assert_eq!(decode(options, &bytes, &cuts), (events, result));
    }

    #[test]
    fn server_frames_are_what_a_client_expects(payload in vec(any::<u8>(), 0..70_000)) {
        let mut frame = Vec::new();
        encode::write_frame(&mut frame, Opcode::Binary, &payload);
        // A client's frame differs only by the mask.
        let masked = client_frame(0x82, &payload);
        let header = frame.len() - payload.len();
        prop_assert_eq!(frame[1] | 0x80, masked[1]);
        prop_assert_eq!(&frame[2..header], &masked[2..header]);
        prop_assert_eq!(&frame[header..], &payload[..]);
        let options = Options { max_message: 70_000, accepts_binary: true, deflate: false };
        prop_assert_eq!(decode(options, &masked, &[]), (vec![Owned::Binary(payload)], Ok(())));
    }

    #[test]
    fn close_frames_fit(reason in ".{0,200}") {
        let mut frame = Vec::new();
        encode::write_close(&mut frame, CloseCode::Policy, &reason);
        let (events, result) = decode(Options::default(), &client_frame(0x88, &frame[2..]), &[]);
        prop_assert_eq!(result, Ok(()));
        let [Owned::Close(Some(1008), received)] = &events[..] else { panic!("{events:?}") };
        prop_assert!(reason.starts_with(received.as_str()));
        prop_assert!(received.len() == reason.len() || received.len() > encode::MAX_CLOSE_REASON - 4);
    }
}
