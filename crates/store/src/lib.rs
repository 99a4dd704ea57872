//! Durable state in SQLite: one file, `fchatd.sqlite`, in the data folder (docs/state.md).
//!
//! [`Store::open`] makes, checks and migrates the file; [`Store::accounts`] gives a connection for the accounts of
//! the embedded login provider, [`Store::load_snapshot`] and [`Store::chat_writer`] read and write the lasting state of the chat, and
//! [`classic`] reads and writes the files of the classic server. [`deliveries`] is a queue in a file of its own, and
//! [`actions`] is the action log, in files beside it. Everything here blocks and belongs on a thread that may wait.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod accounts;
pub mod actions;
mod chat;
mod claim;
pub mod classic;
mod copy;
mod database;
pub mod deliveries;
mod devices;
mod disk_space;
mod error;
mod inspect;
mod lookalike;
mod migrate;
mod names;
mod operator;
mod people;
mod place;
mod profile;
mod rows;
mod second_factor;
mod tickets;
mod wal;

pub use accounts::{Account, AccountId, Accounts, Character, CharacterId};
pub use chat::ChatWriter;
pub use claim::{Claim, Holder, Kept};
pub use copy::copy_database;
pub use database::Store;
pub use devices::{Device, DeviceId, DeviceSecret, DeviceUse, NewDevice};
pub use error::{AccountsError, StoreError};
pub use fchatd_protocol::snapshot;
pub use inspect::{Inspection, inspect};
pub use lookalike::skeleton;
pub use names::{AccountName, CharacterName, NameError, NameRight};
pub use operator::{
    ADMIN_TOKENS_MAX, AdminToken, AdminTokenDigest, AdminTokenFault, ChatBan, Details, Import, ImportFault,
    Invitation, InvitationDigest, InvitationId, NewAccount, NewCharacter, OperatorAction, OperatorCode,
    OperatorEvent,
};
pub use people::{
    CharacterKey, Choice, CustomKink, FriendLink, FriendOutcome, FriendRequestLink, IdentityId,
    LinkedIdentity, Linking, NameDigest, NewIdentity, NewNote, Note, NoteBounds, NoteBox, NoteHead, NoteId,
    NoteOutcome, Page, PageHead, PageSettings, Passkey, PasskeyId, PasskeyKey, Picture, Report, ReportId,
    Someone, Unlinking,
};
pub use place::{Finding, Place};
pub use profile::Profile;
pub use second_factor::{Application, ApplicationId, FactorSecret, SecondFactor};
pub use tickets::{NewTicket, TicketDigest, TicketSource, TicketState};
