//! Taking back bans, timeouts and hell-bans of the action log (docs/action-log.md).

use fchatd_protocol::exchange::{self, Outputs, Undo};
use fchatd_protocol::text::{escape_html, fold};
use fchatd_protocol::{frame, network};
use fchatd_world::{Deed, Now, Party};

use crate::Core;

impl Core {
    /// Lifts the measure that an action has led to, which is an action of its own, in the name of `by`; the staff is told. Gives whether there was
    /// something to lift.
    pub fn undo(&mut self, now: Now, undo: &Undo, by: &str, outputs: &mut Outputs) -> bool {
        self.outside_input(now, outputs, |core| {
            let lifted = core.lift(undo);
            if lifted {
                core.world.log_action(Deed {
                    by: Party::Named(by),
                    code: Undo::CODE,
                    arguments: undo.arguments(),
                    target: Some(Party::Named(&undo.character)),
                });
                let name = escape_html(&undo.character);
                let outcome = match (undo.code.as_str(), &undo.channel) {
                    ("HLB", _) => format!("{name} is heard again"),
                    (_, Some(channel)) => format!("{name} may come to {} again", core.title_of(channel)),
                    (_, None) => format!("{name} may come to this server again"),
                };
                let text = match undo.id {
                    0 => format!("The operator has lifted {}: {outcome}.", undo.code),
                    id => format!("The operator has undone action {id} ({}): {outcome}.", undo.code),
                };
                let frame = core.world.outputs.frame(|out| {
                    frame::open(out, "SYS").text("message", &text).close();
                });
                core.world.send_to_operators(frame);
            }
            lifted
        })
    }

    /// The title of a channel, escaped; where the channel is gone, its name.
    fn title_of(&self, name: &str) -> String {
        let found = self.world.find_channel(&fold(name));
        found.and_then(|key| self.world.channel(key)).map_or_else(
            || escape_html(name).into_owned(),
            |channel| channel.title.to_string(),
        )
    }

    fn lift(&mut self, undo: &Undo) -> bool {
        let name = &undo.character;
        match (undo.code.as_str(), &undo.channel) {
            ("ACB", _) => self.world.unban_account(name),
            ("TMO", _) => self.world.lift_timeout(name),
            ("HLB", _) => self.world.lift_hellban(name),
            (exchange::BAN, _) => {
                network::parse(name).is_some_and(|network| self.world.unban_network(&network))
            }
            ("CBU" | "CTU", Some(channel)) => {
                let Some(key) = self.world.find_channel(&fold(channel)) else {
                    return false;
                };
                let now = self.world.unix_seconds();
                let channel = self.world.channel(key);
                let banned = channel.is_some_and(|channel| channel.ban_of(&fold(name), now).is_some());
                if banned {
                    self.world.unban_from_channel(key, name);
                }
                banned
            }
            _ => false,
        }
    }
}
