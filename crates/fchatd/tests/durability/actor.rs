//! A person on a real WebSocket connection, that waits for the answer to each command.

use std::net::SocketAddr;

use fchatd_dialogue::websocket::WebSocket;
use serde_json::json;

/// The server has gone: no answer comes any more.
#[derive(Debug)]
pub(crate) struct Gone;

/// The data needed to log in.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) account: String,
    pub(crate) ticket: String,
}

pub(crate) struct Actor {
    socket: WebSocket,
}

impl Actor {
    /// Logs in.
    pub(crate) fn enter(server: SocketAddr, pass: &Pass, character: &str) -> Result<Self, Gone> {
        let socket = WebSocket::open(server, "127.0.0.1").map_err(|_| Gone)?;
        let mut actor = Self { socket };
        let own = format!("\"identity\":\"{character}\"");
        actor.ask(
            &format!(
                "IDN {}",
                json!({"method": "ticket", "account": pass.account, "ticket": pass.ticket,
                    "character": character, "cname": "test", "cversion": "1"})
            ),
            |text| text.starts_with("NLN ") && text.contains(&own),
        )?;
        Ok(actor)
    }

    /// Says something and waits for the answer; an `ERR` fails the test. Gives all that came meanwhile.
    pub(crate) fn ask(&mut self, text: &str, is_answer: impl Fn(&str) -> bool) -> Result<Vec<String>, Gone> {
        self.socket.heard.clear();
        self.socket.say(text).map_err(|_| Gone)?;
        self.hear(is_answer).inspect(|heard| {
            if let Some(error) = heard.iter().find(|text| text.starts_with("ERR ")) {
                panic!("{text} was answered with {error}");
            }
        })
    }

    /// Says something that nothing is waited for.
    pub(crate) fn tell(&mut self, text: &str) -> Result<(), Gone> {
        self.socket.say(text).map_err(|_| Gone)
    }

    /// Waits until something comes; gives all that came since the last question, also `ERR`, which ends the wait, too.
    pub(crate) fn hear(&mut self, is_it: impl Fn(&str) -> bool) -> Result<Vec<String>, Gone> {
        let it = |text: &str| is_it(text) || text.starts_with("ERR ");
        // A connection that the server's end cut off is reported in different ways.
        self.socket.await_text(it).map_err(|_| Gone)?;
        let heard: Vec<String> = self.socket.heard.iter().cloned().collect();
        if heard.iter().any(|text| it(text)) {
            Ok(heard)
        } else {
            Err(Gone)
        }
    }

    /// Says something that has an answer of a code, and of this text in it.
    pub(crate) fn ask_for(&mut self, text: &str, code: &str, within: &str) -> Result<Vec<String>, Gone> {
        self.ask(text, |text| text.starts_with(code) && text.contains(within))
    }
}
