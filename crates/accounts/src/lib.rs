//! Log-in and accounts: the login providers that answer `IDN`, and the embedded account service with its HTTP
//! interface (docs/accounts.md, docs/api.md).
//!
//! [`LoginProvider`] answers the core's login check, [`AccountHttp`] answers the edge's HTTP requests,
//! [`AccountService`] stands behind both and keeps hashing and disk away from their threads, and [`AccountDesk`]
//! is the same for callers that may block, such as the command line.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod clock;
mod desk;
mod error;
mod event;
mod figures;
mod http;
mod identity;
mod limits;
pub mod login;
mod profile;
mod secret;
mod service;
mod settings;

pub use clock::Clock;
pub use desk::admin_sessions::{AdminSessions, Signed as SignedAdmin};
pub use desk::operator::{
    AdminScope, Entry, EntryFault, ImportFormat, ImportOutcome, Password, Place, Progress, read_import,
};
pub use desk::password::PasswordCost;
pub use desk::website::{ProfilePages, WebsiteSettings};
pub use desk::{AccountDesk, CharacterList, TicketGrant};
pub use error::AccountError;
pub use event::{AccountEvent, KeptConnection, NoteNews};
pub use fchatd_protocol::address::AddressGroup;
pub use fchatd_store::{
    Account, AccountId, AdminToken, Character, CharacterId, Details, Import, Invitation, InvitationId,
    LinkedIdentity, NoteId, OperatorAction, Passkey, Profile,
};
pub use http::endpoints::{
    Access, Body, Endpoint, Family, Field, Kind, Member, Method, Place as EndpointPlace, Shape, endpoints,
};
pub use http::{AccountHttp, ChatPage, FrontPage};
pub use identity::IdentitySettings;
pub use limits::{Limit, Pace, RateLimiter};
pub use login::check::{LoginCheck, LoginOutcome};
pub use login::{FIGURES, LoginProvider, ProviderSettings};
pub use profile::catalogue::{Catalogue, LiveCatalogue};
pub use secret::Secret;
pub use service::counters::Counters;
pub use service::guard::Cost;
pub use service::operator::AdminSession;
pub use service::{AccountService, Caller};
pub use settings::{AccountSettings, Quotas, Registration, TextFilter};
