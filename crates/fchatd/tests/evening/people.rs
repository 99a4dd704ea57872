//! Fifty characters of all roles, and their connections.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use fchatd_dialogue::run::identification;
use fchatd_dialogue::websocket::WebSocket;
use serde_json::json;

use crate::view::View;

const NAMES: &[&str] = &[
    "Ada", "Bob", "Cem", "Dot", "Eve", "Fay", "Gil", "Hal", "Ida", "Jon", "Kim", "Lea", "Mia", "Ned", "Ola",
    "Pia", "Quy", "Rae", "Sam", "Tia", "Uma", "Val", "Wim", "Xia", "Yan", "Zoe", "Abel", "Bela", "Cora",
    "Dave", "Elsa", "Finn", "Gina", "Hugo", "Inga", "Jack", "Kaya", "Leon", "Mara", "Nils", "Olga", "Paul",
    "Rosa", "Sven", "Tara", "Udo", "Vera", "Will", "Yuri", "Zita",
];

/// How many of them are administrators.
pub(crate) const ADMINISTRATORS: usize = 2;
/// The list of super moderators.
pub(crate) const SUPER_MODERATORS: [&str; 2] = ["Kim", "Lea"];
/// Error numbers with which the server removes a person.
const THROWN_OUT: [i64; 4] = [9, 31, 39, 40];

/// One character and its connection.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) account_number: i64,
    address: String,
    pub(crate) is_silenced: bool,
    pub(crate) socket: Option<WebSocket>,
    pub(crate) view: View,
    /// Whether it may be kept out.
    pub(crate) was_thrown_out: bool,
    /// How often each command was heard; errors count by their numbers.
    pub(crate) heard: BTreeMap<String, u32>,
}

/// All people, not connected yet. `know` is told the people that the website lets in: account, name, its answer.
pub(crate) fn everybody(mut know: impl FnMut(&str, &str, String)) -> Vec<Person> {
    let genders = ["None", "Male", "Female", "Herm", "Dragon"];
    let mut people = Vec::new();
    for (number, name) in NAMES.iter().enumerate() {
        // The last ones are second characters of others.
        let account = if number >= 44 { number - 20 } else { number };
        let bit = |wanted: bool| i32::from(wanted);
        let answer = json!({
            "error": "",
            "account": {"account_id": account + 1, "admin": bit(number < ADMINISTRATORS).to_string(), "banned": 0, "timeout": 0},
            "char": {"character_id": number + 1, "name": name},
            "select": {"Gender": genders[number % genders.len()]},
            "kinks": [number % 3, 5],
            "friends": ["Ada", "Zoe"],
            "ignores": [],
            "bits": {
                "supercop": bit((5..8).contains(&number)),
                "helpdesk": bit(number == 8),
                "subscribed": bit(number == 9),
                "hellban": bit(number == 10),
            },
        });
        let account_number = account as i64 + 1;
        let account = format!("account {account}");
        know(&account, name, answer.to_string());
        people.push(Person {
            name: (*name).to_owned(),
            account,
            account_number,
            address: format!("10.1.0.{}", number + 1),
            is_silenced: number == 10,
            socket: None,
            view: View::new(name, number == 10),
            was_thrown_out: false,
            heard: BTreeMap::new(),
        });
    }
    people
}

fn error_number(frame: &str) -> Option<i64> {
    let error: serde_json::Value = serde_json::from_str(frame.strip_prefix("ERR ")?).unwrap();
    error["number"].as_i64()
}

impl Person {
    pub(crate) fn is_online(&self) -> bool {
        self.socket.is_some()
    }

    /// Logs in; the error is the number with which that was refused. An older connection of the same character is given
    /// up.
    pub(crate) fn log_in(&mut self, server: SocketAddr) -> Result<(), i64> {
        let mut socket = WebSocket::open(server, &self.address).unwrap();
        socket.say(&identification(&self.account, &self.name)).unwrap();
        let own = format!(r#""{}""#, self.name);
        socket
            .await_text(|text| (text.starts_with("NLN ") && text.contains(&own)) || text.starts_with("ERR "))
            .unwrap();
        if let Some(error) = socket.heard.iter().find_map(|text| error_number(text)) {
            return Err(error);
        }
        if let Some(mut old) = self.socket.take() {
            let is_end = |text: &str| error_number(text).is_some_and(|error| THROWN_OUT.contains(&error));
            old.await_text(is_end).unwrap();
            let end = old.heard.iter().find(|text| is_end(text));
            let end = end.unwrap_or_else(|| panic!("{} hears nothing of its successor", self.name));
            *self
                .heard
                .entry(format!("ERR {}", error_number(end).unwrap()))
                .or_default() += 1;
        }
        self.view = View::new(&self.name, self.is_silenced);
        self.socket = Some(socket);
        Ok(())
    }

    pub(crate) fn say(&mut self, text: &str) {
        if let Some(socket) = &mut self.socket {
            // It may have been thrown out a moment ago.
            let _ = socket.say(text);
        }
    }

    /// Takes the frames that have come. A removed person is offline afterwards.
    pub(crate) fn listen(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        while let Some(frame) = socket.heard.pop_front() {
            self.view.hear(&frame);
            let code = match (frame.split_once(' '), self.view.errors.last()) {
                (Some(("ERR", _)), Some(number)) => format!("ERR {number}"),
                (Some((code, _)), _) => code.to_owned(),
                (None, _) => frame,
            };
            *self.heard.entry(code).or_default() += 1;
            if self
                .view
                .errors
                .last()
                .is_some_and(|number| THROWN_OUT.contains(number))
            {
                self.was_thrown_out = true;
                self.socket = None;
                return;
            }
        }
        assert!(!socket.is_closed, "{} was closed without a word", self.name);
    }
}
