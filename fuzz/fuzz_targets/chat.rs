//! Bytes of sockets, through the WebSocket decoder, into the chat: no panic, no script that fails, nothing but
//! good frames, and an empty chat when all have gone.
#![no_main]

use std::ops::ControlFlow;

use fchatd_core::Core;
use fchatd_edge::websocket::{Decoder, Event, Inflater, Options};
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Operation, Outputs, Request};
use fchatd_script::builtin;
use fchatd_world::{Now, Settings};
use libfuzzer_sys::fuzz_target;

const PEOPLE: u8 = 4;

/// Stands between the reads of the sockets; the next byte names the socket of the following read.
const NEXT: u8 = 0x1E;

struct Socket {
    id: ConnectionId,
    decoder: Decoder,
}

struct Chat {
    core: Core,
    now: Now,
    outputs: Outputs,
    sockets: Vec<Option<Socket>>,
    inflater: Inflater,
    opened: u32,
}

fuzz_target!(|bytes: &[u8]| {
    let mut chat = Chat::new();
    for seat in 0..PEOPLE - 1 {
        chat.open(seat);
        chat.log_in(seat);
    }
    for read in bytes.split(|&byte| byte == NEXT) {
        let Some((&first, read)) = read.split_first() else {
            continue;
        };
        chat.read(first % PEOPLE, first & 0x40 != 0, first & 0x20 != 0, read);
        if first & 0x80 != 0 {
            chat.pass(1_000);
        }
    }
    chat.end();
});

impl Chat {
    fn new() -> Self {
        let now = Now {
            monotonic: 0,
            unix: 1_795_000_000_000,
        };
        let core = Core::new(Settings::default(), &builtin::scripts(), None, None, now, [7; 32]);
        Self {
            core: core.expect("the rules start"),
            now,
            outputs: Outputs::default(),
            sockets: (0..PEOPLE).map(|_| None).collect(),
            inflater: Inflater::default(),
            opened: 0,
        }
    }

    fn open(&mut self, seat: u8) {
        self.opened += 1;
        let id = ConnectionId {
            edge: 0,
            slot: u32::from(seat),
            generation: self.opened,
        };
        self.sockets[usize::from(seat)] = Some(Socket {
            id,
            // Every second one has compression.
            decoder: Decoder::new(Options {
                deflate: seat % 2 == 1,
                ..Options::default()
            }),
        });
        self.handle(Input::Opened {
            connection: id,
            address: [10, 0, 0, seat].into(),
        });
    }

    /// The first one is an administrator.
    fn log_in(&mut self, seat: u8) {
        let text = r#"IDN {"method":"ticket","account":"a","ticket":"t","character":"x","cname":"c","cversion":"1"}"#;
        self.say(seat, text);
    }

    fn say(&mut self, seat: u8, text: &str) {
        if let Some(connection) = self.sockets[usize::from(seat)].as_ref().map(|socket| socket.id) {
            self.handle(Input::Message { connection, text });
        }
    }

    /// Bytes arrive; with `masked` they are the text of one message, which the client frames as it should; with
    /// `compressed` that frame says that they are a compressed one.
    fn read(&mut self, seat: u8, masked: bool, compressed: bool, bytes: &[u8]) {
        if self.sockets[usize::from(seat)].is_none() {
            self.open(seat);
        }
        let mut bytes = bytes.to_vec();
        if masked && bytes.len() < 126 {
            let first = if compressed { 0xC1 } else { 0x81 };
            bytes.splice(0..0, [first, 0x80 | bytes.len() as u8, 0, 0, 0, 0]);
        }
        let mut texts = Vec::new();
        let Some(socket) = &mut self.sockets[usize::from(seat)] else {
            return;
        };
        let violation = socket.decoder.receive(&mut bytes, &mut self.inflater, &mut |event| {
            if let Event::Text(text) = event {
                texts.push(text.to_owned());
            }
            ControlFlow::Continue(())
        });
        let ended = violation.is_err() || socket.decoder.is_finished();
        for text in texts {
            self.say(seat, &text);
        }
        if ended {
            self.close(seat);
        }
    }

    fn close(&mut self, seat: u8) {
        if let Some(socket) = self.sockets[usize::from(seat)].take() {
            self.handle(Input::Closed {
                connection: socket.id,
                departure: Departure::Lost,
            });
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now.monotonic += milliseconds;
        self.now.unix += milliseconds as i64;
        self.handle(Input::Tick);
    }

    fn handle(&mut self, input: Input<'_>) {
        self.core.turn();
        self.core.handle(self.now, input, &mut self.outputs);
        let outputs = std::mem::take(&mut self.outputs);
        for operation in &outputs.operations {
            match *operation {
                Operation::Send { connection, frame } => {
                    assert!(
                        self.sockets
                            .iter()
                            .flatten()
                            .any(|socket| socket.id == connection)
                    );
                    check_frame(outputs.bytes_of(frame));
                }
                Operation::SendChannel { frame, .. } | Operation::SendEveryone { frame } => {
                    check_frame(outputs.bytes_of(frame));
                }
                Operation::Close { connection, .. } => self.close(connection.slot as u8),
                _ => {}
            }
        }
        for request in outputs.requests {
            if let Request::CheckLogin { connection, .. } = request {
                let seat = connection.slot;
                let answer = format!(
                    r#"{{"error":"","account":{{"account_id":{},"admin":{}}},"char":{{"character_id":{},"name":"P{seat}"}},
                    "kinks":[1,2],"select":{{"Gender":"Female"}},"friends":["P1"],"ignores":["p9"]}}"#,
                    seat + 1,
                    u8::from(seat == 0),
                    seat + 1,
                );
                self.handle(Input::LoginAnswer {
                    connection,
                    answer: Some(&answer),
                });
            }
        }
    }

    fn end(mut self) {
        for seat in 0..PEOPLE {
            self.close(seat);
        }
        // Absent characters leave when their time is over, and rooms close.
        for _ in 0..2 {
            self.pass(600_000);
        }
        let world = self.core.world();
        assert_eq!((world.connection_count(), world.user_count()), (0, 0));
        assert!(world.channels().all(|(_, channel)| channel.members.is_empty()));
    }
}

fn check_frame(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("frames are UTF-8");
    let (code, payload) = text.split_at_checked(3).expect("frames have a code");
    assert!(code.bytes().all(|byte| byte.is_ascii_uppercase()), "{text:?}");
    if !payload.is_empty() {
        let value: serde_json::Value = serde_json::from_str(&payload[1..]).expect("the payload is JSON");
        assert!(payload.starts_with(' ') && value.is_object(), "{text:?}");
        let number = value["number"].as_i64();
        assert!(code != "ERR" || !matches!(number, Some(-1 | -2)), "{text:?}");
    }
}
