//! Connections break and come back at random, and the process dies and starts again, while all people talk: no client misses a line,
//! hears one twice or out of order, or sees any of it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;

use crate::support::{Simulation, answer};
use fchatd_protocol::exchange::{ConnectionId, Departure};
use fchatd_world::Settings;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

const PEOPLE: [&str; 4] = ["Ada", "Bob", "Cem", "Dot"];
const CHANNELS: [&str; 2] = ["Development", "Frontpage"];

#[derive(Debug, Clone)]
enum Step {
    Say(usize, usize),
    Whisper(usize, usize),
    Break(usize),
    /// Comes back, also where the old connection seems to be there still.
    Return(usize),
    Join(usize, usize),
    /// The process dies, and another one starts after so many seconds.
    Crash(u64),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE.len();
    let channel = 0..CHANNELS.len();
    prop_oneof![
        6 => (person.clone(), channel.clone()).prop_map(|(who, place)| Step::Say(who, place)),
        4 => (person.clone(), person.clone()).prop_map(|(who, whom)| Step::Whisper(who, whom)),
        3 => person.clone().prop_map(Step::Break),
        3 => person.clone().prop_map(Step::Return),
        4 => (person, channel).prop_map(|(who, place)| Step::Join(who, place)),
        1 => (1..30_u64).prop_map(Step::Crash),
        1 => (1..4_u64).prop_map(|seconds| Step::Pass(seconds * 1000)),
    ]
}

/// A client, and the lines that it has heard of each person.
struct Client {
    connection: Option<ConnectionId>,
    heard: BTreeMap<String, Vec<u64>>,
    wanted: BTreeMap<String, Vec<u64>>,
}

struct Evening {
    chat: Simulation,
    clients: Vec<Client>,
    said: u64,
}

impl Evening {
    fn new() -> Self {
        let mut settings = Settings::default();
        for (key, value) in [
            ("msg_flood", "0"),
            ("takeover_limit", "0"),
            ("login_pause", "0"),
            ("resume_grace", "3600"),
        ] {
            settings.set_from_text(key, value).unwrap();
        }
        let mut chat = Simulation::with(&fchatd_script::builtin::scripts(), settings, None);
        chat.core.record_changes(true);
        chat.pass(0);
        let clients = PEOPLE.iter().map(|_| Client {
            connection: None,
            heard: BTreeMap::new(),
            wanted: BTreeMap::new(),
        });
        let mut evening = Self {
            chat,
            clients: clients.collect(),
            said: 0,
        };
        for who in 0..PEOPLE.len() {
            evening.carry_out(&Step::Return(who));
            for place in 0..CHANNELS.len() {
                evening.carry_out(&Step::Join(who, place));
            }
        }
        evening.listen();
        evening
    }

    fn carry_out(&mut self, step: &Step) {
        match *step {
            Step::Say(who, place) => {
                let Some(connection) = self.clients[who].connection else {
                    return;
                };
                let order = json!({"channel": CHANNELS[place], "message": self.next()});
                self.chat.say(connection, &format!("MSG {order}"));
                for other in (0..PEOPLE.len()).filter(|&other| other != who) {
                    self.want(other, CHANNELS[place]);
                }
            }
            Step::Whisper(who, whom) => {
                let Some(connection) = self.clients[who].connection else {
                    return;
                };
                let order = json!({"recipient": PEOPLE[whom], "message": self.next()});
                self.chat.say(connection, &format!("PRI {order}"));
                self.want(whom, "");
            }
            Step::Break(who) => {
                self.listen();
                if let Some(connection) = self.clients[who].connection.take() {
                    self.chat.end(connection, Departure::Lost);
                }
            }
            Step::Return(who) => {
                self.listen();
                let connection = self.chat.open();
                let number = who as u32 + 1;
                let answer = answer(number, number, PEOPLE[who]);
                self.chat.log_in_with(connection, PEOPLE[who], &answer);
                self.clients[who].connection = Some(connection);
            }
            Step::Join(who, place) => {
                if let Some(connection) = self.clients[who].connection {
                    let order = json!({"channel": CHANNELS[place]});
                    self.chat.say(connection, &format!("JCH {order}"));
                }
            }
            Step::Crash(seconds) => {
                self.listen();
                for client in &mut self.clients {
                    client.connection = None;
                }
                self.chat.crash(seconds);
            }
            Step::Pass(milliseconds) => self.chat.pass(milliseconds),
        }
    }

    fn next(&mut self) -> String {
        self.said += 1;
        self.said.to_string()
    }

    fn want(&mut self, who: usize, place: &str) {
        let said = self.said;
        self.clients[who]
            .wanted
            .entry(place.to_owned())
            .or_default()
            .push(said);
    }

    /// All clients look at their frames.
    fn listen(&mut self) {
        for (who, client) in self.clients.iter_mut().enumerate() {
            let Some(connection) = client.connection else {
                continue;
            };
            for (code, value) in self.chat.take(connection) {
                match code.as_str() {
                    "MSG" | "PRI" => {
                        let place = value["channel"].as_str().unwrap_or_default();
                        let said = value["message"].as_str().unwrap().parse().unwrap();
                        client.heard.entry(place.to_owned()).or_default().push(said);
                    }
                    "ICH" => {
                        let users = value["users"].as_array().unwrap();
                        let last = self.said == 0;
                        assert!(last || users.len() == PEOPLE.len(), "nobody has left: {value}");
                    }
                    "NLN" if self.said > 0 => assert_eq!(value["identity"], PEOPLE[who], "nobody came"),
                    "FLN" | "LCH" => panic!("{} hears {code} {value}", PEOPLE[who]),
                    _ => {}
                }
            }
        }
    }

    /// All clients come back and join everything; then nothing must be missing.
    fn end(mut self) {
        for who in 0..PEOPLE.len() {
            if self.clients[who].connection.is_none() {
                self.carry_out(&Step::Return(who));
            }
            for place in 0..CHANNELS.len() {
                self.carry_out(&Step::Join(who, place));
            }
        }
        self.listen();
        for (client, name) in self.clients.iter().zip(PEOPLE) {
            assert_eq!(client.heard, client.wanted, "what {name} has heard");
        }
    }
}

#[test]
fn nobody_misses_anything() {
    let config = Config {
        cases: 150,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let result = runner.run(&vec(step(), 1..150), |steps| {
        let mut evening = Evening::new();
        for step in &steps {
            evening.carry_out(step);
        }
        evening.end();
        Ok(())
    });
    result.unwrap_or_else(|fault| panic!("{fault}"));
}
