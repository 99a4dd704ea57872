//! The flows that browsers have begun, in memory only. They are bounded in number for each address group and for all, and in
//! time. A flow belongs to the browser with the token in its cookie, and each answer is used once.

use std::collections::{HashMap, VecDeque};

use fchatd_links::oidc::Flow;
use fchatd_protocol::address::AddressGroup;
use fchatd_store::TicketDigest;

use super::{Proved, Purpose};
use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::secret::Secret;

/// Seconds after which a flow is forgotten.
pub(crate) const LIFETIME: u64 = 10 * 60;
/// Flows of one address group; the oldest makes room.
const PER_GROUP_MAX: usize = 100;
/// Flows of all; the oldest of the group with the most makes room.
const ALL_MAX: usize = 10_000;

type Key = [u8; 32];

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// By the SHA-256 of their tokens.
    entries: HashMap<Key, Entry>,
    /// The flows of each group, oldest first.
    groups: HashMap<AddressGroup, VecDeque<Key>>,
}

#[derive(Debug)]
struct Entry {
    group: AddressGroup,
    began: u64,
    purpose: Purpose,
    state: State,
}

#[derive(Debug)]
enum State {
    Begun(Flow),
    /// With the code, or with the code of an error.
    Answered(Flow, Result<String, String>),
    /// The answer was taken out; the provider is asked.
    Asked,
    Proved(Proved),
}

/// The state of a flow for the request that comes next.
#[derive(Debug)]
pub(super) enum Step {
    Begun,
    Answered(Flow, Purpose, Result<String, String>),
    Proved(Proved),
}

impl Pending {
    pub(super) fn begin(
        &mut self,
        flow: Flow,
        purpose: Purpose,
        group: AddressGroup,
        now: u64,
    ) -> Result<Secret, AccountError> {
        let token = new_ticket()?;
        self.forget_old(group, now);
        if self.entries.len() >= ALL_MAX {
            let all: Vec<_> = self.groups.keys().copied().collect();
            for group in all {
                self.forget_old(group, now);
            }
        }
        if self
            .groups
            .get(&group)
            .is_some_and(|own| own.len() >= PER_GROUP_MAX)
        {
            self.drop_oldest(group);
        } else if self.entries.len() >= ALL_MAX {
            let largest = self.groups.iter().max_by_key(|(_, own)| own.len());
            if let Some((&largest, _)) = largest {
                self.drop_oldest(largest);
            }
        }
        let key = key(&token);
        self.groups.entry(group).or_default().push_back(key);
        let entry = Entry {
            group,
            began: now,
            purpose,
            state: State::Begun(flow),
        };
        self.entries.insert(key, entry);
        Ok(token)
    }

    /// Keeps the answer of the provider, if it belongs to the flow of this browser and is the first one.
    pub(super) fn take(&mut self, token: &Secret, state: &str, answer: Result<String, String>, now: u64) {
        let Some(entry) = self.find(token, now) else {
            return;
        };
        if let State::Begun(flow) = &entry.state
            && flow.state == state
        {
            entry.state = State::Answered(flow.clone(), answer);
        }
    }

    /// The state of a browser's flow. An answer is given once.
    pub(super) fn next(&mut self, token: &Secret, now: u64) -> Option<Step> {
        let entry = self.find(token, now)?;
        match &entry.state {
            State::Begun(_) | State::Asked => Some(Step::Begun),
            State::Proved(proved) => Some(Step::Proved(proved.clone())),
            State::Answered(flow, answer) => {
                let step = Step::Answered(flow.clone(), entry.purpose, answer.clone());
                entry.state = State::Asked;
                Some(step)
            }
        }
    }

    /// Keeps a confirmed identity until the flow ends.
    pub(super) fn prove(&mut self, token: &Secret, proved: Proved, now: u64) {
        if let Some(entry) = self.find(token, now) {
            entry.state = State::Proved(proved);
        }
    }

    pub(super) fn end(&mut self, token: &Secret) {
        self.remove(&key(token));
    }

    fn find(&mut self, token: &Secret, now: u64) -> Option<&mut Entry> {
        let key = key(token);
        if self.entries.get(&key).is_some_and(|entry| is_over(entry, now)) {
            self.remove(&key);
        }
        self.entries.get_mut(&key)
    }

    fn forget_old(&mut self, group: AddressGroup, now: u64) {
        while let Some(oldest) = self.groups.get(&group).and_then(|own| own.front()).copied() {
            match self.entries.get(&oldest) {
                Some(entry) if !is_over(entry, now) => return,
                _ => self.drop_oldest(group),
            }
        }
    }

    fn drop_oldest(&mut self, group: AddressGroup) {
        if let Some(own) = self.groups.get_mut(&group) {
            if let Some(key) = own.pop_front() {
                self.entries.remove(&key);
            }
            if own.is_empty() {
                self.groups.remove(&group);
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        let Some(entry) = self.entries.remove(key) else {
            return;
        };
        if let Some(own) = self.groups.get_mut(&entry.group) {
            own.retain(|other| other != key);
            if own.is_empty() {
                self.groups.remove(&entry.group);
            }
        }
    }
}

fn is_over(entry: &Entry, now: u64) -> bool {
    now.saturating_sub(entry.began) >= LIFETIME
}

fn key(token: &Secret) -> Key {
    let TicketDigest(digest) = digest(token);
    digest
}
