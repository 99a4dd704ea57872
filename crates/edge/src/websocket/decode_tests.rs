//! The rules of the decoder one by one. Properties for arbitrary input are in `properties.rs`.

use super::*;
use crate::websocket::properties::{Owned, client_frame, decode};

const TEXT: u8 = 0x81;
const TEXT_FRAGMENT: u8 = 0x01;
const BINARY: u8 = 0x82;
const FRAGMENT: u8 = 0x00;
const LAST_FRAGMENT: u8 = 0x80;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

fn frames(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(first, payload)| client_frame(*first, payload))
        .collect()
}

fn text(text: &str) -> Owned {
    Owned::Text(text.to_owned())
}

/// The code of the violation that ends these frames, and the number of events before it.
fn refused(options: Options, input: &[(u8, &[u8])]) -> (u16, usize) {
    let (events, result) = decode(options, &frames(input), &[]);
    (result.unwrap_err().code.number(), events.len())
}

#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<Decoder>() <= 24);
}

#[test]
fn nothing_is_kept_between_messages() {
    let mut decoder = Decoder::new(Options::default());
    let mut deliver = |_: Event<'_>| ControlFlow::Continue(());
    for first in [TEXT, PING] {
        let mut input = client_frame(first, b"in two reads");
        let (head, tail) = input.split_at_mut(9);
        assert_eq!(
            decoder.receive(head, &mut Inflater::default(), &mut deliver),
            Ok(())
        );
        assert!(decoder.unfinished.is_some());
        assert_eq!(
            decoder.receive(tail, &mut Inflater::default(), &mut deliver),
            Ok(())
        );
        assert!(decoder.unfinished.is_none());
    }
}

#[test]
fn every_frame_of_a_read_is_delivered() {
    let input = frames(&[
        (TEXT, b"PIN"),
        (PING, b"hi"),
        (PONG, b""),
        (TEXT, "JCH {\"ä\"}".as_bytes()),
        (TEXT, b""),
    ]);
    let (events, result) = decode(Options::default(), &input, &[]);
    assert_eq!(result, Ok(()));
    let expected = [
        text("PIN"),
        Owned::Ping(b"hi".to_vec()),
        Owned::Pong,
        text("JCH {\"ä\"}"),
        text(""),
    ];
    assert_eq!(events, expected);
}

#[test]
fn control_frames_stand_between_fragments() {
    let input = frames(&[
        (TEXT_FRAGMENT, b"one "),
        (PING, b"a"),
        (FRAGMENT, b"two "),
        (PONG, b""),
        (FRAGMENT, b""),
        (LAST_FRAGMENT, b"three"),
        (TEXT, b"next"),
    ]);
    let (events, result) = decode(Options::default(), &input, &[]);
    assert_eq!(result, Ok(()));
    assert_eq!(
        events,
        [
            Owned::Ping(b"a".to_vec()),
            Owned::Pong,
            text("one two three"),
            text("next")
        ]
    );
}

#[test]
fn fragments_in_the_wrong_order() {
    let options = Options::default();
    assert_eq!(
        refused(options, &[(TEXT, b"a"), (LAST_FRAGMENT, b"b")]),
        (1002, 1)
    );
    assert_eq!(refused(options, &[(FRAGMENT, b"b")]), (1002, 0));
    assert_eq!(
        refused(options, &[(TEXT_FRAGMENT, b"a"), (TEXT, b"b")]),
        (1002, 0)
    );
}

#[test]
fn binary_only_where_it_is_accepted() {
    assert_eq!(
        refused(Options::default(), &[(TEXT, b"a"), (BINARY, b"b")]),
        (1003, 1)
    );
    let options = Options {
        accepts_binary: true,
        ..Options::default()
    };
    let (events, result) = decode(options, &frames(&[(BINARY, &[0xFF, 0])]), &[]);
    assert_eq!((events, result), (vec![Owned::Binary(vec![0xFF, 0])], Ok(())));
}

#[test]
fn utf8_is_checked_over_the_whole_message() {
    let options = Options::default();
    let euro = "€".as_bytes();
    let input = frames(&[
        (TEXT_FRAGMENT, &euro[..1]),
        (PING, b""),
        (FRAGMENT, &euro[1..2]),
        (LAST_FRAGMENT, &euro[2..]),
    ]);
    let (events, result) = decode(options, &input, &[]);
    assert_eq!((events.last(), result), (Some(&text("€")), Ok(())));

    assert_eq!(refused(options, &[(TEXT, &[0xFF])]), (1007, 0));
    assert_eq!(refused(options, &[(TEXT, &euro[..2])]), (1007, 0));
    assert_eq!(
        refused(options, &[(TEXT_FRAGMENT, &euro[..2]), (LAST_FRAGMENT, b"")]),
        (1007, 0)
    );
    assert_eq!(
        refused(options, &[(TEXT_FRAGMENT, &euro[..2]), (FRAGMENT, b"a")]),
        (1007, 0)
    );
    // A surrogate and a character beyond U+10FFFF.
    assert_eq!(refused(options, &[(TEXT, &[0xED, 0xA0, 0x80])]), (1007, 0));
    assert_eq!(refused(options, &[(TEXT_FRAGMENT, &[0xF4, 0x90])]), (1007, 0));
}

#[test]
fn a_text_that_cannot_become_valid_is_refused_before_its_frame_ends() {
    let input = client_frame(TEXT, b"good\xFFand more");
    let mut decoder = Decoder::new(Options::default());
    let mut deliver = |_: Event<'_>| ControlFlow::Continue(());
    let (mut head, mut tail) = (input[..6 + 4].to_vec(), input[6 + 4..6 + 5].to_vec());
    assert_eq!(
        decoder.receive(&mut head, &mut Inflater::default(), &mut deliver),
        Ok(())
    );
    assert_eq!(
        decoder.receive(&mut tail, &mut Inflater::default(), &mut deliver),
        Err(INVALID_TEXT)
    );
}

#[test]
fn size_limit() {
    let options = Options {
        max_message: 10,
        ..Options::default()
    };
    let (events, result) = decode(
        options,
        &frames(&[(TEXT, b"0123456789"), (PING, b"0123456789a")]),
        &[],
    );
    assert_eq!(
        (events.len(), result),
        (2, Ok(())),
        "the limit is for messages, and inclusive"
    );
    assert_eq!(refused(options, &[(TEXT, b"0123456789a")]), (1009, 0));
    assert_eq!(
        refused(options, &[(TEXT_FRAGMENT, b"01234"), (LAST_FRAGMENT, b"567890")]),
        (1009, 0)
    );
}

#[test]
fn an_announced_length_costs_nothing() {
    // 512 KiB announced, 3 bytes sent; then one byte over the limit announced, nothing sent.
    let mut decoder = Decoder::new(Options::default());
    let mut deliver = |_: Event<'_>| ControlFlow::Continue(());
    let mut start = [0x81, 0xFF, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, b'a', b'b', b'c'];
    assert_eq!(
        decoder.receive(&mut start, &mut Inflater::default(), &mut deliver),
        Ok(())
    );
    assert!(decoder.buffered() <= 8, "{}", decoder.buffered());

    let mut decoder = Decoder::new(Options::default());
    let mut start = [0x81, 0xFF, 0, 0, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0];
    let violation = decoder
        .receive(&mut start, &mut Inflater::default(), &mut deliver)
        .unwrap_err();
    assert_eq!((violation.code, decoder.buffered()), (CloseCode::TooBig, 0));
}

#[test]
fn close_frames() {
    let close = |payload: &[u8]| {
        let (events, result) = decode(
            Options::default(),
            &frames(&[(CLOSE, payload), (TEXT, b"late")]),
            &[],
        );
        assert!(events.len() <= 1, "nothing follows a close frame");
        result
            .map(|()| events)
            .map_err(|violation| violation.code.number())
    };
    let expect = |code, reason: &str| Ok(vec![Owned::Close(code, reason.to_owned())]);

    assert_eq!(close(b""), expect(None, ""));
    assert_eq!(close(&[3]), Err(1002));
    assert_eq!(close(&1000_u16.to_be_bytes()), expect(Some(1000), ""));
    assert_eq!(close(b"\x0F\xA0bye"), expect(Some(4000), "bye"));
    assert_eq!(close(&1005_u16.to_be_bytes()), Err(1002));
    assert_eq!(close(b"\x03\xE8\xFF"), Err(1007));
}

#[test]
fn a_close_frame_inside_a_fragmented_message() {
    let input = frames(&[(TEXT_FRAGMENT, b"never ends"), (CLOSE, &1000_u16.to_be_bytes())]);
    let (events, result) = decode(Options::default(), &input, &[]);
    assert_eq!(
        (events, result),
        (vec![Owned::Close(Some(1000), String::new())], Ok(()))
    );
}

#[test]
fn the_receiver_may_stop() {
    let mut input = frames(&[(TEXT, b"one"), (TEXT, b"two"), (TEXT_FRAGMENT, b"three")]);
    let mut decoder = Decoder::new(Options::default());
    let mut count = 0;
    for _ in 0..2 {
        let result = decoder.receive(&mut input, &mut Inflater::default(), &mut |_| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!(result, Ok(()));
    }
    assert_eq!((count, decoder.is_finished(), decoder.buffered()), (1, true, 0));
}

#[test]
fn the_receiver_may_pause_after_each_event() {
    let message = [
        (TEXT, &b"one"[..]),
        (PING, b"two"),
        (TEXT, b""),
        (TEXT_FRAGMENT, b"thr"),
        (LAST_FRAGMENT, b"ee"),
    ];
    let whole = frames(&message);
    let mut decoder = Decoder::new(Options::default());
    let (mut left, mut calls, mut texts) = (whole, 0, Vec::new());
    while !left.is_empty() {
        calls += 1;
        let used = decoder.receive_some(&mut left, &mut Inflater::default(), &mut |event| {
            if let Event::Text(text) = event {
                texts.push(text.to_owned());
            }
            ControlFlow::Break(())
        });
        left.drain(..used.unwrap());
    }
    assert_eq!(
        (calls, texts),
        (4, vec!["one".to_owned(), String::new(), "three".to_owned()])
    );
    assert!(!decoder.is_finished());
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn nothing_is_delivered_after_a_violation() {
    let mut decoder = Decoder::new(Options::default());
    let mut deliver = |_: Event<'_>| panic!("delivered");
    assert!(
        decoder
            .receive(&mut [0x83], &mut Inflater::default(), &mut deliver)
            .is_err()
    );
    assert_eq!(
        decoder.receive(
            &mut client_frame(TEXT, b"late"),
            &mut Inflater::default(),
            &mut deliver
        ),
        Ok(())
    );
}
