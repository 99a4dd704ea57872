//! Where plays are played, and what a site has to be set to for them.

use serde_json::json;

use crate::cast::Cast;
use crate::play::Play;

/// Settings that keep out of the way of plays about something else.
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

/// The account and the character of who prepares the site.
pub(crate) const DIRECTOR: &str = "Director";

/// One connection of a stage.
pub type Line = usize;

/// Where a play is played: a fresh site with nobody in it.
pub trait Stage {
    /// Opens a connection from an address.
    ///
    /// # Errors
    /// A sentence.
    fn connect(&mut self, address: u8) -> Result<Line, String>;

    /// Sends a text and waits until it has had its effect on everybody.
    ///
    /// # Errors
    /// A sentence.
    fn send(&mut self, line: Line, text: &str) -> Result<(), String>;

    /// The frames that have come since the last time, without `PIN`.
    fn heard(&mut self, line: Line) -> Vec<String>;

    /// Closes a connection, and waits until that has had its effect on everybody.
    ///
    /// # Errors
    /// A sentence.
    fn close(&mut self, line: Line) -> Result<(), String>;

    /// Breaks a connection without a word, and waits until that has had its effect on everybody.
    ///
    /// # Errors
    /// A sentence.
    fn break_off(&mut self, line: Line) -> Result<(), String>;

    /// Whether the server has closed the connection. With `patience` waits a little for that.
    fn is_closed(&mut self, line: Line, patience: bool) -> bool;

    /// Lets time pass. False where that would take too long: the play ends here.
    ///
    /// # Errors
    /// A sentence.
    fn pass(&mut self, milliseconds: u64) -> Result<bool, String>;
}

/// The settings of a play: patient ones, and its own.
pub fn settings(play: &Play) -> Vec<(String, String)> {
    let patient = PATIENT.iter().map(|key| ((*key).to_owned(), "0".to_owned()));
    patient.chain(play.settings.iter().cloned()).collect()
}

/// The login answers of a play's cast, and that of the director who prepares the site.
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
