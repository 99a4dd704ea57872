//! The interface of stages, and the settings of a site for plays.

use serde_json::json;

use crate::cast::Cast;
use crate::play::Play;

/// Settings that would disturb plays about other rules.
pub const PATIENT: &[&str] = &[
    "msg_flood",
    "sta_flood",
    "topic_flood",
    "lfrp_flood",
    "profile_flood",
    "kinks_flood",
    "staffcall_flood",
    "ignore_flood",
    "invitation_flood",
    "room_flood",
    "command_rate",
];

/// The account and the character that prepare the site.
pub(crate) const DIRECTOR: &str = "Director";

/// One connection of a stage.
pub type Line = usize;

/// The environment of a play: a fresh site without users.
pub trait Stage {
    /// Opens a connection from an address.
    ///
    /// # Errors
    /// A sentence.
    fn connect(&mut self, address: u8) -> Result<Line, String>;

    /// Sends a text and waits until its effects have reached all connections.
    ///
    /// # Errors
    /// A sentence.
    fn send(&mut self, line: Line, text: &str) -> Result<(), String>;

    /// The frames received since the last call, without `PIN`.
    fn heard(&mut self, line: Line) -> Vec<String>;

    /// Closes a connection, and waits until the effects have reached all connections.
    ///
    /// # Errors
    /// A sentence.
    fn close(&mut self, line: Line) -> Result<(), String>;

    /// Breaks a connection without a close frame, and waits until the effects have reached all connections.
    ///
    /// # Errors
    /// A sentence.
    fn break_off(&mut self, line: Line) -> Result<(), String>;

    /// Whether the server has closed the connection. With `patience`, waits a short time for it.
    fn is_closed(&mut self, line: Line, patience: bool) -> bool;

    /// Lets time pass. Returns false where that would take too long: the play ends here.
    ///
    /// # Errors
    /// A sentence.
    fn pass(&mut self, milliseconds: u64) -> Result<bool, String>;
}

/// The settings of a play: those that do not disturb, and its own.
pub fn settings(play: &Play) -> Vec<(String, String)> {
    let patient = PATIENT.iter().map(|key| ((*key).to_owned(), "0".to_owned()));
    patient.chain(play.settings.iter().cloned()).collect()
}

/// The log-in answers for a play's cast and for the director.
pub fn login_answers(cast: &Cast) -> Vec<(String, String, Option<String>)> {
    let director = json!({
        "error": "",
        "account": {"account_id": 1000, "admin": "1", "banned": 0, "timeout": 0},
        "char": {"character_id": 1000, "name": DIRECTOR},
        "permissions": 0,
    });
    let mut answers = cast.answers();
    answers.push((
        DIRECTOR.to_owned(),
        DIRECTOR.to_owned(),
        Some(director.to_string()),
    ));
    answers
}
