//! The program with people in it.

use std::path::Path;

use fchatd_dialogue::Program;
use fchatd_dialogue::visitor::Visitor;
use serde_json::json;

use crate::server::{PASSWORD, Place, Redis, eventually};

/// A server that tells a Redis.
pub(crate) struct Chat {
    program: Program,
}

pub(crate) struct Person {
    visitor: Visitor,
}

impl Chat {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, PASSWORD)
    }

    /// It gives Redis this password.
    pub(crate) fn start_with(place: &Place, password: &str) -> Self {
        let (port, password) = (
            format!("redisport={}", place.port),
            format!("redispass={password}"),
        );
        let settings = [
            "enableredis=true",
            "max_per_ip=1000",
            // Much is done in no time at all.
            "command_rate=0",
            "login_pause=0",
            // As many as any machine allows, so that the log has no word about it.
            "maxconnections=500",
            "saveinterval=3600",
            &port,
            &password,
        ];
        let mut words = vec!["--dev".to_owned()];
        for setting in settings {
            words.extend(["--set".to_owned(), setting.to_owned()]);
        }
        let program = Program::start(Path::new(env!("CARGO_BIN_EXE_fchatd")), &words).unwrap();
        Self { program }
    }

    /// A person comes; an account named admin is an administrator's.
    pub(crate) fn enter(&self, account: &str, character: &str) -> Person {
        let visitor = Visitor::open(self.program.address).unwrap();
        let mut person = Person { visitor };
        let login = json!({"method": "ticket", "account": account, "ticket": "x", "character": character,
            "cname": "test", "cversion": "1"});
        let own = format!("\"identity\":\"{character}\"");
        person.ask(&format!("IDN {login}"), |text| {
            text.starts_with("NLN ") && text.contains(&own)
        });
        person
    }

    /// Its log without the warning about `--dev`; it ends.
    pub(crate) fn end(self) -> String {
        let log = self.program.end();
        let lines = log
            .lines()
            .filter(|line| !line.contains("--dev lets everyone in"));
        lines.map(|line| format!("{line}\n")).collect()
    }
}

impl Person {
    /// Says something and waits for the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, text: &str, is_answer: impl Fn(&str) -> bool) -> String {
        self.visitor.say(text).unwrap();
        let answer = self.visitor.await_text(is_answer);
        answer.unwrap_or_else(|error| panic!("no answer to {text}: {error}"))
    }

    /// Carries out the entry of the action log.
    pub(crate) fn announce(&mut self, message: &str) {
        let text = format!("BRO {}", json!({ "message": message }));
        self.ask(&text, |text| text.starts_with("BRO ") && text.contains(message));
    }

    /// Ignores a person.
    pub(crate) fn ignore(&mut self, name: &str) {
        let text = format!("IGN {}", json!({ "action": "add", "character": name }));
        self.ask(&text, |text| text.starts_with("IGN ") && text.contains("add"));
    }

    /// The status of Redis.
    pub(crate) fn status(&mut self) -> String {
        let status = self.ask(r#"ZZZ {"command":"status"}"#, |text| text.starts_with("ZZZ "));
        let line = status.split("\\n").find(|line| line.starts_with("Redis: "));
        line.unwrap_or_else(|| panic!("{status}")).to_owned()
    }

    pub(crate) fn leave(mut self) {
        self.visitor.close().unwrap();
    }

    /// Stops the server.
    pub(crate) fn halt(&mut self) {
        self.ask(r#"ZZZ {"command":"halt"}"#, |text| text.starts_with("ZZZ "));
        let _ = self.visitor.await_close();
    }
}

/// Waits until Redis knows just these.
#[track_caller]
pub(crate) fn await_online(redis: &Redis, names: &[&str]) {
    let mut names: Vec<&str> = names.to_vec();
    names.sort_unstable();
    eventually(&format!("Redis knows {names:?}"), || redis.online() == names);
}

/// The messages of the broadcasts in the action log of Redis, the oldest first.
pub(crate) fn broadcasts(redis: &Redis) -> Vec<String> {
    let message = |line: &String| {
        let action: serde_json::Value = serde_json::from_str(line).unwrap();
        action["args"]["message"].as_str().unwrap().to_owned()
    };
    redis.list("chat.adminlog").iter().rev().map(message).collect()
}
