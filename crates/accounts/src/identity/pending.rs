//! The flows that browsers have begun at the identity provider. A flow belongs to the browser with the token in its cookie,
//! and each answer is used once.

use fchatd_links::oidc::Flow;
use fchatd_protocol::address::AddressGroup;
use fchatd_store::TicketDigest;

use super::table::{Key, Table};
use super::{Proved, Purpose};
use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::secret::Secret;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pending(Table<Entry>);

#[derive(Debug)]
struct Entry {
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
        let entry = Entry {
            purpose,
            state: State::Begun(flow),
        };
        self.0.insert(key(&token), entry, group, now);
        Ok(token)
    }

    /// Keeps the answer of the provider, if it belongs to the flow of this browser and is the first one.
    pub(super) fn take(&mut self, token: &Secret, state: &str, answer: Result<String, String>, now: u64) {
        let Some(entry) = self.0.find(&key(token), now) else {
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
        let entry = self.0.find(&key(token), now)?;
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
        if let Some(entry) = self.0.find(&key(token), now) {
            entry.state = State::Proved(proved);
        }
    }

    pub(super) fn end(&mut self, token: &Secret) {
        self.0.remove(&key(token));
    }
}

fn key(token: &Secret) -> Key {
    let TicketDigest(digest) = digest(token);
    digest
}
