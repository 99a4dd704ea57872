//! Durable state in SQLite: one file, `fchatd.sqlite`, in the data folder (page 5 of the specification, "State").
//!
//! [`Store::open`] makes, checks and migrates the file; [`Store::accounts`] gives a connection for the accounts of
//! the embedded login provider. Everything here blocks and belongs on a thread that may wait.

#![forbid(unsafe_code)]

mod accounts;
mod database;
mod error;
mod migrate;
mod names;
mod profile;
mod tickets;

pub use accounts::{Account, AccountId, Accounts, Character, CharacterId};
pub use database::Store;
pub use error::{AccountsError, StoreError};
pub use names::{AccountName, CharacterName, NameError};
pub use profile::Profile;
pub use tickets::{TicketDigest, TicketState};
