//! A chat with people online, for measuring commands without sockets.

use fchatd_core::Core;
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Operation, Outputs};
use fchatd_script::builtin;
use fchatd_script::engine::Watchdog;
use fchatd_world::settings::Value;
use fchatd_world::{Now, Settings};

/// A line of usual length.
pub(crate) const LINE: &str = "Hello there, this is a line of usual length, said to everybody in the room.";

/// A chat with people online, under the rules that the program brings along.
pub(crate) struct Site {
    pub(crate) core: Core,
    pub(crate) now: Now,
    pub(crate) outputs: Outputs,
}

impl Site {
    /// With so many people online, none of them in a channel, and without pauses between messages.
    pub(crate) fn of(people: u32) -> Self {
        Self::with_pause(people, 0.0)
    }

    /// With a pause of so many seconds after each message. One that comes sooner is refused, as the classic server
    /// does, and not kept until it may be said.
    pub(crate) fn with_pause(people: u32, seconds: f64) -> Self {
        let mut settings = Settings::default();
        if seconds > 0.0 {
            settings.set("compat", Value::Text("classic".into())).unwrap();
        }
        for (key, value) in [
            ("maxusers", 1e6),
            ("max_per_ip", 1e6),
            ("msg_flood", seconds),
            ("sta_flood", seconds),
            // The limits are at work and none is reached.
            ("command_rate", 1e6),
            ("command_burst", 1e9),
            ("login_burst", 1e6),
        ] {
            settings.set(key, Value::Number(value)).unwrap();
        }
        let now = Now {
            monotonic: 0,
            unix: 1_795_000_000_000,
        };
        let watchdog = Watchdog::start().unwrap();
        let core = Core::new(settings, &builtin::scripts(), None, Some(&watchdog), now, [1; 32]).unwrap();
        let mut site = Self {
            core,
            now,
            outputs: Outputs::default(),
        };
        for slot in 0..people {
            site.enter(slot);
            site.outputs.clear();
        }
        assert_eq!(site.core.world().user_count(), people as usize);
        site
    }

    fn give(&mut self, input: Input<'_>) {
        self.core.turn();
        self.core.handle(self.now, input, &mut self.outputs);
    }

    pub(crate) fn say(&mut self, slot: u32, text: &str) {
        self.give(Input::Message {
            connection: id(slot),
            text,
        });
    }

    /// Opens a connection, asks to be let in, and gives the answer of the login check.
    pub(crate) fn enter(&mut self, slot: u32) {
        self.enter_as(slot, &login_answer(slot));
    }

    /// The same with an answer that is there already.
    pub(crate) fn enter_as(&mut self, slot: u32, answer: &str) {
        let connection = id(slot);
        self.give(Input::Opened {
            connection,
            address: [127, 0, 0, 1].into(),
        });
        self.say(slot, IDENTIFICATION);
        self.give(Input::LoginAnswer {
            connection,
            answer: Some(answer),
        });
    }

    pub(crate) fn go(&mut self, slot: u32) {
        self.give(Input::Closed {
            connection: id(slot),
            departure: Departure::Goodbye,
        });
    }

    /// So many people of 10,000 change their status, evenly spread.
    pub(crate) fn change_status(&mut self, people: u32) {
        for number in 0..people {
            self.say(number * (10_000 / people), r#"STA {"status":"busy"}"#);
        }
    }

    /// The first 200 people are in a channel from now on.
    pub(crate) fn fill_channel(&mut self) {
        for slot in 0..200 {
            self.expect(slot, r#"JCH {"channel":"development"}"#, "JCH");
            self.outputs.clear();
        }
    }

    /// Checks once, before it is measured, that a command gets the expected answer; the first frame decides.
    pub(crate) fn expect(&mut self, slot: u32, text: &str, answer: &str) -> String {
        self.say(slot, text);
        let frame = match self
            .outputs
            .operations
            .iter()
            .find(|operation| is_frame(operation))
        {
            Some(
                Operation::Send { frame, .. }
                | Operation::SendChannel { frame, .. }
                | Operation::SendEveryone { frame },
            ) => String::from_utf8(self.outputs.bytes_of(*frame).to_vec()).unwrap(),
            _ => String::new(),
        };
        assert!(frame.starts_with(answer), "{text} is answered with {frame:?}");
        self.outputs.clear();
        frame
    }
}

fn is_frame(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Send { .. } | Operation::SendChannel { .. } | Operation::SendEveryone { .. }
    )
}

const IDENTIFICATION: &str =
    r#"IDN {"method":"ticket","account":"a","ticket":"t","character":"x","cname":"c","cversion":"1"}"#;

fn id(slot: u32) -> ConnectionId {
    ConnectionId {
        edge: 0,
        slot,
        generation: 0,
    }
}

/// A character with 60 of 600 kinks.
pub(crate) fn login_answer(slot: u32) -> String {
    let number = slot + 1;
    let mixed = |step: u32| {
        let seed = u64::from(slot * 61 + step).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (seed ^ (seed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
    };
    let kinks: Vec<String> = (0..60).map(|step| (mixed(step) % 600).to_string()).collect();
    let gender = ["Male", "Female", "Herm"][slot as usize % 3];
    format!(
        r#"{{"error":"","account":{{"account_id":{number},"admin":"0","banned":0,"timeout":0}},
        "char":{{"character_id":{number},"name":"Person {slot}"}},"permissions":0,
        "select":{{"Gender":"{gender}","Orientation":"Gay","Position":"Switch"}},
        "friends":["Person 1","Person 2"],"ignores":["mallory"],"kinks":[{}]}}"#,
        kinks.join(",")
    )
}
