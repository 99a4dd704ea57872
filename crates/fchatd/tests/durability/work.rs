//! The changes of people, each kind by a person of its own: it knows the facts that must be there, and those that may be.

mod channels;
mod people;

use std::net::SocketAddr;

use crate::actor::{Actor, Gone, Pass};
use crate::facts::Facts;
use crate::random::Chance;

pub(crate) use self::channels::NAMES as BANNED;

/// A person that changes things of one kind until the server has gone.
pub(crate) struct Worker {
    pub(crate) kind: &'static Kind,
    /// The confirmed facts.
    pub(crate) certain: Facts,
    /// The facts if the server has made the change without an answer.
    pub(crate) possible: Option<Facts>,
    /// Changes that were confirmed.
    pub(crate) deeds: usize,
}

/// A kind of changes, and the facts that no other person changes.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How the names of its facts begin.
    pub(crate) owns: &'static [&'static str],
    work: fn(&mut Worker, &mut Ground) -> Result<(), Gone>,
}

/// Where they work.
pub(crate) struct Ground {
    pub(crate) server: SocketAddr,
    pub(crate) round: usize,
    pub(crate) staff: Pass,
    pub(crate) people: Pass,
    pub(crate) ignorer: Pass,
    pub(crate) targets: [Pass; 2],
    pub(crate) chance: Chance,
}

/// Every kind there is.
pub(crate) static KINDS: [Kind; 10] = [
    Kind {
        name: "descriptions and modes",
        owns: &["channel/Plaza 0/"],
        work: channels::describe,
    },
    Kind {
        name: "moderators and owners",
        owns: &["channel/Plaza 1/"],
        work: channels::appoint,
    },
    Kind {
        name: "bans from a channel",
        owns: &["channel/Plaza 2/"],
        work: channels::ban,
    },
    Kind {
        name: "rooms",
        owns: &["channel/ADH-"],
        work: channels::open_rooms,
    },
    Kind {
        name: "public channels",
        owns: &["channel/Made "],
        work: channels::make,
    },
    Kind {
        name: "global and super moderators",
        owns: &["operators", "super operators"],
        work: people::promote,
    },
    Kind {
        name: "bans of accounts",
        owns: &["ban/", "timeout/"],
        work: people::ban,
    },
    Kind {
        name: "staff calls",
        owns: &["call/"],
        work: people::call,
    },
    Kind {
        name: "ignore lists",
        owns: &["ignores/"],
        work: people::ignore,
    },
    Kind {
        name: "accounts and characters",
        owns: &["account/new"],
        work: people::register,
    },
];

impl Kind {
    pub(crate) fn is_owner(&self, fact: &str) -> bool {
        self.owns.iter().any(|owned| fact.starts_with(owned))
    }
}

impl Worker {
    /// Begins with the present facts.
    pub(crate) fn new(kind: &'static Kind, facts: &Facts) -> Self {
        let own = facts.iter().filter(|(name, _)| kind.is_owner(name));
        Self {
            kind,
            certain: own.map(|(name, value)| (name.clone(), value.clone())).collect(),
            possible: None,
            deeds: 0,
        }
    }

    /// Works until the server has gone.
    pub(crate) fn work(&mut self, ground: &mut Ground) {
        let Err(Gone) = (self.kind.work)(self, ground) else {
            panic!("{}: work never ends by itself", self.kind.name);
        };
    }

    /// Makes one change: its meaning, and the deed, which ends with the answer.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Facts),
        deed: impl FnOnce() -> Result<T, Gone>,
    ) -> Result<T, Gone> {
        let mut then = self.certain.clone();
        change(&mut then);
        self.possible = Some(then.clone());
        let answer = deed()?;
        self.certain = then;
        self.possible = None;
        self.deeds += 1;
        Ok(answer)
    }
}

impl Ground {
    /// A member of the staff.
    fn staff(&self, character: &str) -> Result<Actor, Gone> {
        Actor::enter(self.server, &self.staff, character)
    }
}
