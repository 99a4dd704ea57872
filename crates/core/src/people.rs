//! Answers of the account service: commands that waited for one are handled anew, and channels of a deleted owner get
//! another one.

use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::Object;
use fchatd_protocol::text::fold;
use fchatd_world::{ConnectionKey, Lookup, persons};

use crate::Core;

impl Core {
    /// The account service has answered, or failed.
    pub(crate) fn characters_found(&mut self, id: u64, answer: Option<&str>) {
        let Some(lookup) = self.world.take_lookup(id) else {
            return;
        };
        let answer = answer.and_then(|answer| Tape::of(answer).ok());
        match lookup {
            Lookup::Command {
                connection,
                text,
                name,
            } => self.handle_answered(connection, &text, &name, answer.as_ref()),
            Lookup::Owners { names } => {
                if let Some(answer) = answer {
                    self.replace_owners(&names, &answer);
                }
            }
        }
    }

    fn handle_answered(&mut self, key: ConnectionKey, text: &str, name: &str, answer: Option<&Tape>) {
        let may_go_on = self
            .world
            .connection(key)
            .is_some_and(|connection| connection.is_identified());
        if may_go_on && !self.world.is_closing(key) {
            self.world.answer_lookup(name, answer);
            self.world.begin_turn();
            self.command(key, text);
            self.world.end_lookup();
        }
    }

    /// A connection with commands that wait for an answer ends: they are handled with the present knowledge, so that no ban is lost
    /// because its moderator has gone.
    pub(crate) fn handle_unanswered(&mut self, key: ConnectionKey) {
        for lookup in self.world.take_lookups_of(key) {
            if let Lookup::Command { text, name, .. } = lookup {
                self.handle_answered(key, &text, &name, None);
            }
        }
    }

    /// Deleted owners are followed by heirs, which may be deleted too.
    fn replace_owners(&mut self, names: &[String], answer: &Tape) {
        let found = persons(answer);
        let mut inherited = false;
        for name in names {
            if found.iter().any(|person| fold(&person.name) == fold(name))
                || self.world.owned_by(name).is_empty()
            {
                continue;
            }
            let mut payload = Vec::new();
            Object::open(&mut payload).text("n", name).close();
            self.bridge("OWN", &String::from_utf8_lossy(&payload));
            inherited = true;
        }
        if inherited {
            self.world.check_owners();
        }
    }
}
