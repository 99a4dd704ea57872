//! Any inputs of clients, login providers and the website, in any order: an answer that is a frame, no
//! failure of a script, and a world in which all people are where the edges believe they are.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod chat;
mod steps;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chat::Chat;
use fchatd_edge::websocket::{Decoder, Event, Inflater, Options};
use fchatd_protocol::exchange::Input;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use steps::{SEATS, Step, message, step};

/// The same cases in every run.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[42; 32]))
}

#[test]
fn nothing_that_anybody_sends_does_harm() {
    let steps = vec(step(), 1..120);
    let result = runner(250).run(&steps, |steps| {
        let mut chat = Chat::new();
        for step in &steps {
            chat.carry_out(step);
        }
        chat.end();
        Ok(())
    });
    result.unwrap_or_else(|fault| panic!("{fault}"));
}

/// A client's frame with a mask that changes with its length.
fn client_frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    let mask = (text.len() as u32).wrapping_mul(0x9E37_79B9).to_be_bytes();
    frame.extend(mask);
    frame.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

#[test]
fn nothing_in_the_bytes_of_a_socket_does_harm() {
    let bytes = prop_oneof![
        8 => message().prop_map(|text| client_frame(text.as_bytes())),
        1 => vec(any::<u8>(), 0..40).prop_map(|bytes| client_frame(&bytes)),
        1 => vec(any::<u8>(), 0..40),
    ];
    let reads = vec((0..SEATS, bytes, any::<prop::sample::Index>()), 1..40);
    let result = runner(100).run(&reads, |reads| {
        let mut chat = Chat::new();
        let mut decoders = BTreeMap::new();
        for (seat, bytes, cut) in reads {
            let connection = chat.open(seat);
            let decoder = decoders
                .entry(connection)
                .or_insert_with(|| Decoder::new(Options::default()));
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            for part in [first, second] {
                let mut texts = Vec::new();
                let violation = decoder.receive(&mut part.to_vec(), &mut Inflater::default(), &mut |event| {
                    if let Event::Text(text) = event {
                        texts.push(text.to_owned());
                    }
                    ControlFlow::Continue(())
                });
                for text in &texts {
                    if chat.open.contains(&connection) {
                        chat.handle(Input::Message { connection, text });
                    }
                }
                if (violation.is_err() || decoder.is_finished()) && chat.open.contains(&connection) {
                    chat.carry_out(&Step::Close(seat));
                }
            }
        }
        chat.end();
        Ok(())
    });
    result.unwrap_or_else(|fault| panic!("{fault}"));
}
