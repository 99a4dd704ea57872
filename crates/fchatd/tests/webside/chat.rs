//! People in the chat.

use fchatd_dialogue::visitor::Visitor;
use serde_json::{Value, json};

use crate::site::Server;

pub(crate) struct Person {
    visitor: Visitor,
}

impl Person {
    /// A person comes; with `--dev` an account named admin is an administrator's.
    #[track_caller]
    pub(crate) fn enter(server: &Server, account: &str, character: &str) -> Self {
        let visitor = Visitor::open(server.address).unwrap();
        let mut person = Self { visitor };
        let login = json!({"method": "ticket", "account": account, "ticket": "good", "character": character,
            "cname": "test", "cversion": "1"});
        let own = format!("\"identity\":\"{character}\"");
        person.say(&format!("IDN {login}"));
        person.hear(|text| text.starts_with("NLN ") && text.contains(&own));
        person
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.visitor.say(text).unwrap();
    }

    /// Waits for something and forgets earlier frames.
    #[track_caller]
    pub(crate) fn hear(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        self.visitor.await_text(is_it).unwrap()
    }

    /// The message of the next `SYS`.
    #[track_caller]
    pub(crate) fn told(&mut self) -> String {
        let text = self.hear(|text| text.starts_with("SYS "));
        let message: Value = serde_json::from_str(text.strip_prefix("SYS ").unwrap()).unwrap();
        message["message"].as_str().unwrap().to_owned()
    }

    /// The broadcast of the action log, when all people have heard it.
    #[track_caller]
    pub(crate) fn announce(&mut self, message: &str) {
        self.say(&format!("BRO {}", json!({ "message": message })));
        self.hear(|text| text.starts_with("BRO ") && text.contains(message));
    }

    /// The line of the status with this name.
    #[track_caller]
    pub(crate) fn status(&mut self, name: &str) -> String {
        self.say(r#"ZZZ {"command":"status"}"#);
        let status = self.hear(|text| text.starts_with("ZZZ "));
        let start = format!("{name}: ");
        let line = status.split("\\n").find(|line| line.starts_with(&start));
        line.unwrap_or_else(|| panic!("{status}")).to_owned()
    }

    pub(crate) fn leave(mut self) {
        self.visitor.close().unwrap();
    }
}
