//! The attacks, and the environment in which they run. The list of all is in [`table`].

mod table;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;
use crate::load::people::Identity;
use crate::siege::home::{self, Home};
use crate::siege::horde::{Horde, Plan, Who};
use crate::siege::tally::Tally;

pub use table::ATTACKS;

/// One attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// Its name on the command line and in the table.
    pub name: &'static str,
    /// A short description of the attackers' actions.
    pub about: &'static str,
    /// Server settings that make the attack possible from one machine.
    pub(crate) settings: &'static [&'static str],
    /// Public channels that exist.
    pub(crate) channels: &'static [&'static str],
    pub(crate) play: Play,
}

/// The way in which an attack runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Play {
    Sockets(Plan),
    Http(fn(SocketAddr, &(dyn Fn() -> bool + Sync)) -> Tally),
}

/// The environment of an attack.
pub(crate) struct Ground {
    server: SocketAddr,
    identities: Vec<Identity>,
    stop: Arc<AtomicBool>,
    nice: i32,
}

impl Ground {
    /// Gets tickets for the attackers that need them.
    pub(crate) fn prepare(
        home: &Home,
        attack: &Attack,
        stop: Arc<AtomicBool>,
        nice: i32,
    ) -> Result<Self, Error> {
        let mut identities = Vec::new();
        if let Play::Sockets(plan) = attack.play {
            for number in 0..plan.sockets {
                let (account, alt) = match plan.who {
                    Who::Nobody | Who::Pretender => break,
                    Who::Own => (number, 0),
                    Who::Shared => (number / 5, number % 5),
                };
                let (name, character) = home::attacker(account, alt);
                let known: Option<&Identity> = identities.last();
                let identity = match known.filter(|known| known.account == name) {
                    Some(known) => Identity {
                        character,
                        ..known.clone()
                    },
                    None => home.identity(&name, &character, home::attacker_address(number))?,
                };
                identities.push(identity);
            }
        }
        Ok(Self {
            server: home.address(),
            identities,
            stop,
            nice,
        })
    }

    /// Lowers the priority of this thread and of the threads that it starts.
    pub(crate) fn stand_back(&self) {
        // On Linux the priority belongs to the thread.
        let _ = rustix::process::nice(self.nice);
    }
}

impl Play {
    pub(crate) fn run(self, ground: &Ground) -> Tally {
        let stop = || ground.stop.load(Ordering::Relaxed);
        match self {
            Self::Http(attack) => attack(ground.server, &stop),
            Self::Sockets(plan) => {
                let identities = ground.identities.clone();
                Horde::new(plan, ground.server, identities, home::attacker_address)
                    .map(|horde| horde.attack(&stop))
                    .unwrap_or_default()
            }
        }
    }
}

/// The attacks with these names; all attacks for an empty list.
///
/// # Errors
/// There is no such attack; the message lists all names.
pub fn named(names: &[String]) -> Result<Vec<&'static Attack>, Error> {
    if names.is_empty() {
        return Ok(ATTACKS.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            ATTACKS.iter().find(|attack| attack.name == name).ok_or_else(|| {
                let all: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
                Error::new(format!("there is no attack {name}; there are {}", all.join(", ")))
            })
        })
        .collect()
}
