//! What commands cost in the core, from the text of a message to the frames of its answer, without sockets and
//! without fan-out: `cargo bench -p fchatd-core`. BENCHMARKS.md has figures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark may fail"
)]

use divan::Bencher;
use divan::counter::ItemsCount;
use fchatd_core::Core;
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Operation, Outputs};
use fchatd_script::builtin;
use fchatd_script::engine::Watchdog;
use fchatd_world::settings::Value;
use fchatd_world::{Now, Settings};

/// A line of usual length.
const LINE: &str = "Hello there, this is a line of usual length, said to everybody in the room.";

fn main() {
    divan::main();
}

/// A chat with people online, under the rules that the program brings along.
struct Site {
    core: Core,
    now: Now,
    outputs: Outputs,
}

impl Site {
    /// With so many people online, nobody in a channel, and without pauses between messages.
    fn of(people: u32) -> Self {
        Self::with_pause(people, 0.0)
    }

    fn with_pause(people: u32, seconds: f64) -> Self {
        let mut settings = Settings::default();
        for (key, value) in [
            ("maxusers", 1e6),
            ("max_per_ip", 1e6),
            ("msg_flood", seconds),
            ("sta_flood", seconds),
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

    fn say(&mut self, slot: u32, text: &str) {
        self.give(Input::Message {
            connection: id(slot),
            text,
        });
    }

    /// Opens a connection, asks to be let in, and gives the answer of the login check.
    fn enter(&mut self, slot: u32) {
        self.give(Input::Opened {
            connection: id(slot),
            address: [127, 0, 0, 1].into(),
        });
        self.say(slot, IDENTIFICATION);
        self.give(Input::LoginAnswer {
            connection: id(slot),
            answer: Some(&login_answer(slot)),
        });
    }

    fn go(&mut self, slot: u32) {
        self.give(Input::Closed {
            connection: id(slot),
            departure: Departure::Goodbye,
        });
    }

    /// So many people of 10,000 change their status, evenly spread.
    fn change_status(&mut self, people: u32) {
        for number in 0..people {
            self.say(number * (10_000 / people), r#"STA {"status":"busy"}"#);
        }
    }

    /// The first 200 people are in a channel from now on.
    fn fill_channel(&mut self) {
        for slot in 0..200 {
            self.expect(slot, r#"JCH {"channel":"development"}"#, "JCH");
            self.outputs.clear();
        }
    }

    /// Checks once, before it is measured, that a command is answered with what is meant; the first frame decides.
    fn expect(&mut self, slot: u32, text: &str, answer: &str) -> String {
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

    /// Measures `count` commands that `work` gives.
    fn measure(mut self, bencher: Bencher<'_, '_>, count: u32, mut work: impl FnMut(&mut Self)) {
        bencher.counter(ItemsCount::new(count)).bench_local(|| {
            work(&mut self);
            divan::black_box(&self.outputs);
            self.outputs.clear();
        });
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
fn login_answer(slot: u32) -> String {
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

#[divan::bench]
fn msg_to_200(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    site.fill_channel();
    let text = format!(r#"MSG {{"channel":"Development","message":"{LINE}"}}"#);
    site.expect(0, &text, "MSG");
    site.measure(bencher, 1, |site| site.say(0, &text));
}

#[divan::bench]
fn msg_refused_by_throttle(bencher: Bencher<'_, '_>) {
    let mut site = Site::with_pause(5_000, 0.5);
    site.fill_channel();
    let text = format!(r#"MSG {{"channel":"Development","message":"{LINE}"}}"#);
    site.expect(0, &text, "MSG");
    site.expect(0, &text, "ERR");
    site.measure(bencher, 1, |site| site.say(0, &text));
}

#[divan::bench]
fn pri(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    let text = format!(r#"PRI {{"recipient":"Person 1","message":"{LINE}"}}"#);
    site.expect(0, &text, "PRI");
    site.measure(bencher, 1, |site| site.say(0, &text));
}

#[divan::bench]
fn sta_5000_online(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    let text = r#"STA {"status":"busy","statusmsg":"back in ten minutes"}"#;
    site.expect(0, text, "STA");
    site.measure(bencher, 1, |site| site.say(0, text));
}

#[divan::bench]
fn jch_and_lch_200_members(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    site.fill_channel();
    let (join, leave) = (
        r#"JCH {"channel":"development"}"#,
        r#"LCH {"channel":"development"}"#,
    );
    site.expect(300, join, "JCH");
    site.expect(300, leave, "LCH");
    site.measure(bencher, 2, |site| {
        site.say(300, join);
        site.say(300, leave);
    });
}

/// One that finds about as many characters as a search may, and looks through six lists for them.
#[divan::bench]
fn fks_20000_online(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(20_000);
    let text = r#"FKS {"kinks":[7,20],"genders":["Male","Female","Herm"],"orientations":["Gay","Straight"],
        "languages":["None"],"furryprefs":["None"],"roles":["None"],"positions":["Switch","Always bottom"]}"#;
    let found = site.expect(0, text, "FKS").matches("\"Person ").count();
    assert!((100..=350).contains(&found), "the search finds {found}");
    site.measure(bencher, 1, |site| {
        site.now.monotonic += 5_000;
        site.say(0, text);
    });
}

/// One character comes and goes: `IDN`, the answer of the login check, the burst with the whole user list, the
/// end. Each coming makes one or two chunks of that list anew.
#[divan::bench]
fn log_in_and_go_10000_online(bencher: Bencher<'_, '_>) {
    come_and_go(bencher, 0);
}

/// The same after 1,000 people all over the list have changed their status, which is measured too: what a log-in
/// pays for a list that is stale throughout.
#[divan::bench]
fn log_in_and_go_10000_online_after_1000_sta(bencher: Bencher<'_, '_>) {
    come_and_go(bencher, 1_000);
}

#[divan::bench]
fn sta_1000_alone_10000_online(bencher: Bencher<'_, '_>) {
    let site = Site::of(10_000);
    site.measure(bencher, 1_000, |site| site.change_status(1_000));
}

fn come_and_go(bencher: Bencher<'_, '_>, changes: u32) {
    let mut site = Site::of(10_000);
    let mut slot = 10_000;
    let answers: Vec<String> = (0..100).map(|number| login_answer(slot + number)).collect();
    site.enter(slot);
    let bytes = site.outputs.bytes.len();
    assert!(bytes > 250_000, "the burst has {bytes} bytes");
    site.go(slot);
    site.measure(bencher, 1, |site| {
        site.change_status(changes);
        slot += 1;
        let connection = id(slot);
        site.give(Input::Opened {
            connection,
            address: [127, 0, 0, 1].into(),
        });
        site.say(slot, IDENTIFICATION);
        let answer = Some(&*answers[slot as usize % answers.len()]);
        site.give(Input::LoginAnswer { connection, answer });
        site.go(slot);
    });
}
