//! The settings of the account service, with their defaults.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use crate::clock::Clock;
use crate::desk::password::PasswordCost;
use crate::event::AccountEvent;
use crate::limits::{Limit, Pace};
use crate::profile::catalogue::{Catalogue, LiveCatalogue};

/// The rule of making an account without the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Open to all people.
    Open,
    /// Open to holders of an invitation's code.
    Invitation,
    /// Closed.
    Closed,
    /// Closed for now: the operator has paused it. Not a value of the setting.
    Paused,
}

impl Registration {
    /// The value of the setting, or `paused`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Closed => "closed",
            Self::Paused => "paused",
        }
    }
}

/// How much the service keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Characters of one account.
    pub characters: u32,
    /// Characters that one account bookmarks.
    pub bookmarks: u32,
    /// Friends and open requests of one character.
    pub friends: u32,
    /// Names that one account ignores; the chat has the same limit.
    pub ignores: u32,
    /// Reports of all accounts; the oldest make room for new ones.
    pub reports: u32,
    /// Bytes of the text of a note.
    pub note_bytes: u32,
    /// Notes in one box of a character; with 0 there are no notes.
    pub notes: u32,
    /// Bytes of all notes in one box of a character.
    pub note_box_bytes: u64,
    /// Unread notes of one account with one character.
    pub notes_unread: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            characters: 50,
            bookmarks: 2000,
            friends: 500,
            ignores: 300,
            reports: 5000,
            note_bytes: 32 << 10,
            notes: 500,
            note_box_bytes: 4 << 20,
            notes_unread: 20,
        }
    }
}

/// Finds texts that the operator does not want others to see.
#[derive(Clone, Default)]
pub struct TextFilter(Option<Arc<FindsText>>);

type FindsText = dyn Fn(&str) -> bool + Send + Sync;

impl TextFilter {
    /// A filter of texts for which `finds` is true.
    #[must_use]
    pub fn new(finds: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(finds)))
    }

    /// Whether a text is unwanted.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|finds| finds(text))
    }
}

impl fmt::Debug for TextFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TextFilter")
    }
}

/// How the embedded account service behaves.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// The rule of registration.
    pub registration: Registration,
    /// Tickets of one account that are valid at the same time (setting `tickets_per_account`).
    pub tickets_per_account: u32,
    /// How long a ticket is good, in seconds.
    pub ticket_lifetime: u64,
    /// For how long after the password was entered a ticket can be renewed, in seconds.
    pub session_lifetime: u64,
    /// For how long after its last use a device stays signed in to the page, in seconds; 0 where none does.
    pub device_idle: u64,
    /// Devices of one account that stay signed in.
    pub devices_per_account: u32,
    /// Names that people may not give themselves, nor names that look the same.
    pub reserved_names: Vec<String>,
    /// How much the service keeps for each account and character.
    pub quotas: Quotas,
    /// Threads that hash passwords; one more answers everything else.
    pub password_threads: usize,
    /// Requests that may wait for the thread that answers everything but passwords; more are answered with "busy".
    pub queue: usize,
    /// Passwords that may wait for their turn; more are answered with "busy".
    pub passwords_waiting: usize,
    /// How long a log-in waits for its pace and its turn together, in seconds; then it is answered with "busy".
    pub password_patience: u64,
    /// Log-ins to one account from one address, good ones too. The next ones wait, as long as passwords do.
    pub logins_per_account: Limit,
    /// Log-ins from one address, good ones too. The next ones wait, as long as passwords do.
    pub logins_per_address: Pace,
    /// The cost of hashing a password.
    pub password_cost: PasswordCost,
    /// Wrong passwords from one address.
    pub wrong_passwords_per_address: Limit,
    /// Wrong passwords for one account, from addresses that it did not log in from lately.
    pub wrong_passwords_per_account: Limit,
    /// Tries to make an account from one address, whether they succeed or not.
    pub registration_tries_per_address: Limit,
    /// Accounts made from one address.
    pub registrations_per_address: Limit,
    /// Requests with one account's tickets that only read.
    pub reads_per_account: Pace,
    /// Requests from one address, pictures included.
    pub requests_per_address: Pace,
    /// Requests with one account's tickets that change something.
    pub changes_per_account: Pace,
    /// Reports to the moderators from one account.
    pub reports_per_account: Limit,
    /// Notes from one account.
    pub notes_per_account: Limit,
    /// Notes from one account in the course of a day.
    pub notes_per_day: Limit,
    /// Characters that one account writes notes to in the course of a day.
    pub note_recipients_per_day: Limit,
    /// Whether notes to an account that ignores their sender are refused. Else they are kept, and not announced.
    pub refuses_ignored: bool,
    /// Texts that only their author is to see.
    pub unwanted: TextFilter,
    /// Tickets that were not good, from one address.
    pub invalid_tickets_per_address: Limit,
    /// The fields of profiles.
    pub catalogue: Arc<LiveCatalogue>,
    /// Takes events for the chat. When it is full, the threads of the account service wait for it.
    pub events: Option<Sender<AccountEvent>>,
    /// Where the time comes from.
    pub clock: Clock,
    /// Gives memory that is not in use back to the system; called when no password was hashed for a second.
    pub give_back: Option<fn()>,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            registration: Registration::Closed,
            tickets_per_account: 8,
            ticket_lifetime: 30 * 60,
            session_lifetime: 7 * 24 * 3600,
            device_idle: 30 * 24 * 3600,
            devices_per_account: 20,
            reserved_names: Vec::new(),
            quotas: Quotas::default(),
            password_threads: 2,
            queue: 4096,
            passwords_waiting: 4096,
            // The passwords of 2,000 people take nearly that long on two busy processors. Proxies give up after 60 s.
            password_patience: 55,
            // Clients come back every few seconds at worst, each time with a new ticket.
            logins_per_account: Limit {
                burst: 120,
                seconds_each: 2,
            },
            logins_per_address: Pace {
                burst: 1000,
                per_second: 50,
            },
            password_cost: PasswordCost::default(),
            wrong_passwords_per_address: Limit {
                burst: 10,
                seconds_each: 30,
            },
            wrong_passwords_per_account: Limit {
                burst: 20,
                seconds_each: 60,
            },
            registration_tries_per_address: Limit {
                burst: 20,
                seconds_each: 30,
            },
            registrations_per_address: Limit {
                burst: 3,
                seconds_each: 20 * 60,
            },
            // Clients fetch 2.5 profiles a second, and a household or a hostel is one address.
            reads_per_account: Pace {
                burst: 400,
                per_second: 10,
            },
            requests_per_address: Pace {
                burst: 2000,
                per_second: 50,
            },
            changes_per_account: Pace {
                burst: 60,
                per_second: 1,
            },
            reports_per_account: Limit {
                burst: 5,
                seconds_each: 60,
            },
            notes_per_account: Limit {
                burst: 10,
                seconds_each: 30,
            },
            notes_per_day: Limit::in_a_day(100),
            note_recipients_per_day: Limit::in_a_day(30),
            refuses_ignored: true,
            unwanted: TextFilter::default(),
            invalid_tickets_per_address: Limit {
                burst: 60,
                seconds_each: 5,
            },
            catalogue: LiveCatalogue::new(Catalogue::builtin(), &[]),
            events: None,
            clock: Clock::system(),
            give_back: None,
        }
    }
}
