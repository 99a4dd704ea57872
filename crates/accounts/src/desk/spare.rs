//! Tickets that could not be written, because the disk is full or broken: they are good for as long as this process
//! lives, so that people can log in meanwhile.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fchatd_store::{AccountId, NewTicket, StoreError, TicketState};

/// Tickets that are kept; the oldest go.
const CAPACITY: usize = 10_000;

/// See the module. Shared by all threads of the account service.
#[derive(Debug, Default)]
pub(crate) struct SpareTickets(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    tickets: HashMap<[u8; 32], (AccountId, NewTicket)>,
    /// The digests in the order of their making.
    order: VecDeque<[u8; 32]>,
    /// Whether the last ticket could not be written.
    failing: bool,
}

impl SpareTickets {
    /// Keeps a ticket that could not be written, and says so once. Of the account's own ones at most `keep` stay.
    pub(crate) fn keep(&self, account: AccountId, ticket: NewTicket, keep: u32, error: &StoreError) {
        let mut state = self.state();
        if !state.failing {
            state.failing = true;
            tracing::error!(%error, "tickets cannot be saved; until they can, they are kept in memory only");
        }
        let own: Vec<_> = state
            .order
            .iter()
            .filter(|digest| {
                state
                    .tickets
                    .get(*digest)
                    .is_some_and(|(owner, _)| *owner == account)
            })
            .copied()
            .collect();
        let surplus = (own.len() + 1).saturating_sub(keep as usize);
        for digest in own.iter().take(surplus) {
            state.remove(digest);
        }
        while state.order.len() >= CAPACITY {
            let Some(oldest) = state.order.front().copied() else {
                break;
            };
            state.remove(&oldest);
        }
        state.tickets.insert(ticket.digest.0, (account, ticket));
        state.order.push_back(ticket.digest.0);
    }

    /// A ticket was written.
    pub(crate) fn saved(&self) {
        let mut state = self.state();
        if state.failing {
            state.failing = false;
            tracing::info!("tickets are saved again");
        }
    }

    /// The state of a ticket of the account at `now` (Unix seconds) that the store does not have.
    pub(crate) fn state_of(&self, account: AccountId, digest: [u8; 32], now: u64) -> TicketState {
        match self.state().tickets.get(&digest) {
            Some((owner, ticket)) if *owner == account && ticket.expires_at > now => TicketState::Valid {
                entered_at: ticket.entered_at,
                source: ticket.source,
            },
            Some((owner, _)) if *owner == account => TicketState::Expired,
            _ => TicketState::Unknown,
        }
    }

    /// Ends all tickets of an account.
    pub(crate) fn end(&self, account: AccountId) {
        let mut state = self.state();
        state.tickets.retain(|_, (owner, _)| *owner != account);
        let State { tickets, order, .. } = &mut *state;
        order.retain(|digest| tickets.contains_key(digest));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.state().tickets.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, digest: &[u8; 32]) {
        self.tickets.remove(digest);
        self.order.retain(|other| other != digest);
    }
}

#[cfg(test)]
mod tests {
    use fchatd_store::{TicketDigest, TicketSource};

    use super::*;

    #[test]
    fn tickets_in_memory_are_bounded_and_end() {
        let spare = SpareTickets::default();
        let full = || StoreError::Full { path: "x".into() };
        let ticket = |number: u8| NewTicket {
            source: TicketSource::Password,
            digest: TicketDigest([number; 32]),
            entered_at: 5,
            expires_at: 100,
        };
        let (ada, bob) = (AccountId(1), AccountId(2));
        spare.keep(bob, ticket(99), 2, &full());
        for number in 1..=3 {
            spare.keep(ada, ticket(number), 2, &full());
        }
        assert_eq!(spare.count(), 3);
        let valid = TicketState::Valid {
            entered_at: 5,
            source: TicketSource::Password,
        };
        assert_eq!(
            spare.state_of(ada, [1; 32], 50),
            TicketState::Unknown,
            "the oldest went"
        );
        assert_eq!(spare.state_of(ada, [3; 32], 50), valid);
        assert_eq!(spare.state_of(ada, [3; 32], 100), TicketState::Expired);
        assert_eq!(spare.state_of(bob, [3; 32], 50), TicketState::Unknown);
        spare.end(ada);
        assert_eq!(spare.state_of(ada, [3; 32], 50), TicketState::Unknown);
        assert_eq!(spare.state_of(bob, [99; 32], 50), valid);
        spare.saved();
    }
}
