//! The characters that were online lately, so that moderators reach them by their names when they have gone. Bounded by
//! `recent_characters`; the one that left first is forgotten first. Nothing here lasts over a restart.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::administrators::Administrator;
use crate::connection::Connection;
use crate::roles::{ADMIN, SUPER};
use crate::world::{Map, World};

/// A character that is not online.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acquaintance {
    pub(crate) name: Arc<str>,
    pub(crate) account: i64,
    pub(crate) character: i64,
    /// A role that it had when it was last seen and that no list of the chat tells.
    pub(crate) role: Option<Box<str>>,
    /// Its key in the order of departures.
    order: u64,
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Acquaintances {
    by_name: Map<Arc<str>, Acquaintance>,
    order: BTreeMap<u64, Arc<str>>,
    last: u64,
    /// See [`crate::administrators`].
    pub(crate) administrators: Vec<Administrator>,
}

impl Acquaintances {
    pub(crate) fn get(&self, folded: &str) -> Option<&Acquaintance> {
        self.by_name.get(folded)
    }

    /// A character goes: its account is remembered for a while, with those of `most` others.
    pub(crate) fn note(&mut self, connection: &Connection, most: usize) {
        self.forget(&connection.folded);
        if connection.account == 0 {
            return;
        }
        self.last += 1;
        self.order.insert(self.last, Arc::clone(&connection.folded));
        self.by_name.insert(
            Arc::clone(&connection.folded),
            Acquaintance {
                name: Arc::clone(&connection.name),
                account: connection.account,
                character: connection.character,
                role: [ADMIN, SUPER]
                    .into_iter()
                    .find(|role| connection.has_role(role))
                    .map(Box::from),
                order: self.last,
            },
        );
        while self.by_name.len() > most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.by_name.remove(&oldest);
        }
    }

    pub(crate) fn forget(&mut self, folded: &str) {
        if let Some(known) = self.by_name.remove(folded) {
            self.order.remove(&known.order);
        }
    }
}

impl World {
    /// How many characters that are not online are remembered with their accounts.
    pub fn remembered_characters(&self) -> usize {
        self.acquaintances.by_name.len()
    }
}
