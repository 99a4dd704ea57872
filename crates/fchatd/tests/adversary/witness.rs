//! The frames that a person has heard so far, to the last one.

use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::WebSocket;

/// After this much time without the event something is wrong. Far more than any machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everything that a connection hears up to the answer to its own question, which comes behind all that was handled
/// before it.
#[track_caller]
pub(crate) fn heard(socket: &mut WebSocket) -> Vec<String> {
    socket.say("UPT").unwrap();
    let mut heard = Vec::new();
    loop {
        match socket.next_text().unwrap() {
            Some(text) if text.starts_with("UPT ") => return heard,
            Some(text) => heard.push(text),
            None => panic!("closed with {:?} after {heard:?}", socket.closed_with),
        }
    }
}

/// The answer to a command: the frames up to the first one that begins so.
#[track_caller]
pub(crate) fn ask(socket: &mut WebSocket, command: &str, answer: &str) -> String {
    socket.say(command).unwrap();
    loop {
        match socket.next_text().unwrap() {
            Some(text) if text.starts_with(answer) => return text,
            Some(_) => {}
            None => panic!("closed with {:?} before {answer}", socket.closed_with),
        }
    }
}

/// Tries something again and again until it gives a value.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
