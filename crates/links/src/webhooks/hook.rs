//! The setting that assigns events to receivers.

use std::fmt;

use fchatd_store::deliveries::Target;
use sha2::{Digest, Sha256};

use crate::web::WebAddress;

/// Maximum number of hooks: each costs a look-up in the queue.
const HOOKS_MAX: usize = 32;

/// An event that receivers can subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A user has sent a report to the staff.
    Report,
    /// A moderator has acted.
    Action,
    /// The number of users online rises above this.
    UsersOver(usize),
    /// The number of users online falls below this.
    UsersUnder(usize),
}

impl Event {
    /// The name of the event in messages to receivers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Action => "action",
            Self::UsersOver(_) => "users_over",
            Self::UsersUnder(_) => "users_under",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse().ok();
        match text {
            "report" => Some(Self::Report),
            "action" => Some(Self::Action),
            _ => match text.strip_prefix("users")?.split_at_checked(1)? {
                (">", most) => Some(Self::UsersOver(number(most)?)),
                // The number of users cannot fall below zero.
                ("<", least) => Some(Self::UsersUnder(number(least).filter(|least| *least > 0)?)),
                _ => None,
            },
        }
    }
}

/// One event and its receiver. Its `Debug` shows only the host.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// The event.
    pub event: Event,
    /// The receiver.
    pub address: WebAddress,
    target: Target,
}

impl fmt::Debug for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hook({:?}, {})", self.event, self.address.host())
    }
}

impl Hook {
    /// Parses pairs of an event and an address, separated by white space.
    ///
    /// # Errors
    /// A sentence that says which pair is wrong. It never repeats an address, which may be secret.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let mut hooks: Vec<Self> = Vec::new();
        let mut words = text.split_whitespace();
        for number in 1.. {
            let Some(event) = words.next() else { break };
            let event = Event::parse(event).ok_or_else(|| {
                format!(
                    "pair {number} must begin with an event: report, action, users>NUMBER or users<NUMBER, such as \
                     users>500"
                )
            })?;
            let url = words
                .next()
                .ok_or_else(|| format!("pair {number} has an event and no address"))?;
            let address = WebAddress::parse(url).map_err(|error| format!("pair {number}: {error}"))?;
            let hook = Self {
                event,
                address,
                target: Sha256::digest(url).into(),
            };
            if !hooks.contains(&hook) {
                hooks.push(hook);
            }
        }
        if hooks.len() > HOOKS_MAX {
            return Err(format!("there may be {HOOKS_MAX} pairs, not {}", hooks.len()));
        }
        Ok(hooks)
    }

    /// Identifies the receiver in the queue.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_events_and_addresses() {
        let text = "\n report https://a.org/x?key=1\n action\thttp://b.org/\n users>500 http://b.org/ users<3 http://b.org/\n";
        let hooks = Hook::parse(text).unwrap();
        let short: Vec<String> = hooks.iter().map(|hook| format!("{hook:?}")).collect();
        assert_eq!(
            short,
            [
                "Hook(Report, a.org)",
                "Hook(Action, b.org)",
                "Hook(UsersOver(500), b.org)",
                "Hook(UsersUnder(3), b.org)"
            ]
        );
        assert_eq!(hooks[1].target(), hooks[2].target());
        assert_ne!(hooks[0].target(), hooks[1].target());
        assert_eq!(Hook::parse("").unwrap(), []);
        assert_eq!(Hook::parse("report http://a/ report http://a/").unwrap().len(), 1);
    }

    #[test]
    fn mistakes_are_named_and_addresses_are_not() {
        for (text, told) in [
            ("report", "pair 1 has an event and no address"),
            (
                "report http://a/ users=5 http://hidden/",
                "pair 2 must begin with an event",
            ),
            ("users> http://hidden/", "pair 1 must"),
            ("users<0 http://hidden/", "pair 1 must"),
            ("usersä http://hidden/", "pair 1 must"),
            ("http://hidden/ report", "pair 1 must"),
            ("report ftp://hidden/", "pair 1: it must be an address"),
        ] {
            let fault = Hook::parse(text).unwrap_err();
            assert!(fault.contains(told) && !fault.contains("hidden"), "{fault}");
        }
        let many: String = (0..33)
            .map(|number| format!("report http://a/{number} "))
            .collect();
        assert!(Hook::parse(&many).unwrap_err().contains("32 pairs"));
    }
}
