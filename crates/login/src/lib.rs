//! Log-in and accounts: the login providers that answer `IDN`, and the embedded account service with its HTTP
//! interface (docs/accounts.md, docs/api.md).
//!
//! [`LoginProvider`] is what the core's login check talks to, [`AccountHttp`] answers the edge's HTTP requests,
//! [`AccountService`] stands behind both and keeps hashing and disk away from their threads, and [`AccountDesk`]
//! is the same for callers that may block, such as the command line.

#![forbid(unsafe_code)]

mod answer;
mod catalogue;
mod clock;
mod counters;
mod desk;
mod error;
mod event;
mod finding;
mod guard;
mod hash_time;
mod http;
mod limits;
mod live;
mod open;
mod operator;
mod password;
mod people;
mod picture;
mod provider;
mod recent;
mod remote;
mod secret;
mod service;
mod settings;
mod spare;
mod ticket;
mod turns;
mod website;
mod workers;

pub use catalogue::{Catalogue, LiveCatalogue};
pub use clock::Clock;
pub use counters::Counters;
pub use desk::{AccountDesk, CharacterList, TicketGrant};
pub use error::AccountError;
pub use event::{AccountEvent, KeptConnection, NoteNews};
pub use fchatd_protocol::address::AddressGroup;
pub use fchatd_store::{
    Account, AccountId, Character, CharacterId, Details, Import, Invitation, InvitationId, NoteId, Profile,
};
pub use guard::Cost;
pub use http::{AccountHttp, FrontPage};
pub use limits::{Limit, Pace, RateLimiter};
pub use operator::{Entry, EntryFault, ImportFormat, ImportOutcome, Password, Place, Progress, read_import};
pub use password::PasswordCost;
pub use provider::{LoginCheck, LoginOutcome, LoginProvider};
pub use remote::{RemoteLogin, SiteChecks};
pub use secret::Secret;
pub use service::{AccountService, Caller};
pub use settings::{AccountSettings, Quotas, Registration, TextFilter};
pub use website::{ProfilePages, WebsiteSettings};
