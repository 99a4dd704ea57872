//! Undoing a moderator's action.

use serde::{Deserialize, Serialize};

/// An action of the action log that is to be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Its number in the log; 0 where the measure itself is lifted, whatever action led to it.
    pub id: u64,
    /// The command: `ACB`, `TMO`, `HLB`, `CBU`, `CTU` or `NBN`.
    pub code: String,
    /// The subject of the action: a character, or the network of `NBN`.
    pub character: String,
    /// The channel, for `CBU` and `CTU`.
    pub channel: Option<String>,
}

impl Undo {
    /// The commands that can be undone.
    pub const CODES: [&str; 6] = ["ACB", "TMO", "HLB", "CBU", "CTU", super::BAN];
    /// The code under which the action log has it.
    pub const CODE: &str = "UNDO";
    /// The name of the operator in the action log. No character can have it.
    pub const OPERATOR: &str = "(operator)";

    /// Its arguments in the action log.
    #[must_use]
    pub fn arguments(&self) -> String {
        let mut json = Vec::new();
        let mut object = crate::json::write::Object::open(&mut json);
        if let Some(channel) = &self.channel {
            object = object.text("channel", channel);
        }
        object = object.text("character", &self.character);
        if self.id != 0 {
            object = object.integer("id", i64::try_from(self.id).unwrap_or(i64::MAX));
        }
        object.text("type", &self.code).close();
        String::from_utf8(json).unwrap_or_default()
    }
}
