//! What only operators do with accounts. A server may be running meanwhile: what it must hear of is kept for it in the
//! same transaction.

mod characters;
mod events;
mod import;
mod invitations;
mod standing;

pub use events::OperatorEvent;
pub use import::{Import, ImportFault, NewAccount, NewCharacter};
pub use invitations::{Invitation, InvitationDigest, InvitationId};
pub use standing::{ChatBan, Details};
