//! `compat=classic`: everything that the classic server did not have, switched off at once.

use super::definitions::{definition, keys};
use super::values::{Settings, Value};

/// The values that switch each improvement of docs/beyond.md off.
const OFF: &[(&str, Off)] = &[
    ("resume_grace", Off::Number(0.0)),
    ("flood_mode", Off::Word("reject")),
    ("room_grace", Off::Number(0.0)),
    ("status_restore", Off::Flag),
    ("error_context", Off::Flag),
    ("ignore_on_server", Off::Flag),
    ("takeover_limit", Off::Number(0.0)),
    ("ad_intervals", Off::Flag),
    ("channel_ban_accounts", Off::Flag),
    ("offline_bans", Off::Flag),
    ("administrators_on_staff", Off::Flag),
    ("tickets_per_account", Off::Number(1.0)),
];

#[derive(Debug, Clone, Copy)]
enum Off {
    Flag,
    Number(f64),
    Word(&'static str),
}

impl From<Off> for Value {
    fn from(off: Off) -> Self {
        match off {
            Off::Flag => Value::Boolean(false),
            Off::Number(number) => Value::Number(number),
            Off::Word(word) => Value::Text(word.into()),
        }
    }
}

impl Settings {
    /// Gives the keys of docs/beyond.md the value that `compat` asks for, unless a key was set itself: so an operator can
    /// try out one improvement.
    pub(super) fn follow_compat(&mut self) {
        let classic = self.text(keys::COMPAT) == "classic";
        for &(key, off) in OFF {
            let Some(definition) = definition(key).filter(|_| !self.given.contains(key)) else {
                continue;
            };
            let value = if classic {
                off.into()
            } else {
                definition.kind.default_value()
            };
            self.values.insert(definition.key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_switches_off_what_is_not_set_itself() {
        let mut settings = Settings::default();
        assert!(settings.flag(keys::ERROR_CONTEXT));
        settings.set_from_text("takeover_limit", "7").unwrap();
        settings.set_from_text("compat", "classic").unwrap();
        assert!(!settings.flag(keys::ERROR_CONTEXT));
        assert_eq!(settings.number(keys::TAKEOVER_LIMIT), 7.0, "set itself");
        settings.set_from_text("status_restore", "true").unwrap();
        assert!(settings.flag(keys::STATUS_RESTORE), "set itself, later");
        settings.set_from_text("compat", "").unwrap();
        assert!(settings.flag(keys::ERROR_CONTEXT));
        assert_eq!(settings.number(keys::TAKEOVER_LIMIT), 7.0);
    }

    #[test]
    fn every_value_is_allowed() {
        for &(key, off) in OFF {
            assert_eq!(Settings::default().set(key, off.into()), Ok(()), "{key}");
        }
    }

    #[test]
    fn a_live_change_leaves_compat_and_what_follows_from_it() {
        let before = Settings::default();
        let mut after = before.clone();
        after.set_from_text("compat", "classic").unwrap();
        let live = after.live_after(&before);
        assert!(live.flag(keys::ERROR_CONTEXT));
    }
}
