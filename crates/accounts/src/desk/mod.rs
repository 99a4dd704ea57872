//! The desk: each operation on accounts, characters, profiles and notes, for callers that may block. One file per
//! subject; the checks of passwords and tickets and their memory are here, too. No HTTP and no threads.

mod account_desk;
pub(crate) mod admin_sessions;
pub(crate) mod devices;
mod digest;
mod finding;
pub(crate) mod live;
pub(crate) mod operator;
pub(crate) mod password;
pub(crate) mod people;
pub(crate) mod recent;
pub(crate) mod reset;
pub(crate) mod second_factor;
mod spare;
pub(crate) mod ticket;
pub(crate) mod website;

pub(crate) use account_desk::check_profile;
pub use account_desk::{AccountDesk, CharacterList, TicketGrant};
