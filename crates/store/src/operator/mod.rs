//! Changes of accounts that only operators make. A server may be running meanwhile: events for it are written in the
//! same transaction.

mod actions;
mod admin_tokens;
mod characters;
mod events;
mod import;
mod invitations;
mod search;
mod standing;

pub(crate) use actions::keep;
pub use actions::{OperatorAction, OperatorCode};
pub use admin_tokens::{ADMIN_TOKENS_MAX, AdminToken, AdminTokenDigest, AdminTokenFault};
pub use events::OperatorEvent;
pub use import::{Import, ImportFault, NewAccount, NewCharacter};
pub(crate) use invitations::use_invitation;
pub use invitations::{Invitation, InvitationDigest, InvitationId};
pub use standing::{ChatBan, Details};
