//! Changes of durable state (docs/state.md). Each change is small, complete and idempotent, so that a store can write
//! changes one by one.

use serde::{Deserialize, Serialize};

use crate::exchange::ConnectionId;
use crate::network::{IpNet, NetworkBan};
use crate::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelHead, ModeratorRecord, NameSanction, StaffCall,
};

/// Everything that one input of the core has changed. It is kept as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Counts from 1 since the process started, without gaps.
    pub number: u64,
    /// The connection that caused it and gets the error when it can't be kept; nothing when time or a neighbour caused it.
    pub actor: Option<ConnectionId>,
    /// The new values; at most one for each thing.
    pub changes: Vec<Change>,
}

/// One thing as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A channel is there, with this; its moderators, bans and invitations are as they were, or none when it is new.
    Channel(ChannelHead),
    /// A channel is gone, with all that belongs to it.
    ChannelGone {
        /// Its canonical name.
        name: String,
    },
    /// All moderators of a channel.
    ChannelModerators {
        /// The channel's canonical name.
        channel: String,
        /// In the order of their appointment, without the owner.
        moderators: Vec<ModeratorRecord>,
    },
    /// A character is banned from a channel.
    ChannelBan {
        /// The channel's canonical name.
        channel: String,
        /// Replaces the entry of the same name in any case.
        ban: BanRecord,
    },
    /// A character is not banned from a channel any more.
    ChannelUnban {
        /// The channel's canonical name.
        channel: String,
        /// The name in lower case.
        folded: String,
    },
    /// A character is invited to a channel.
    ChannelInvitation {
        /// The channel's canonical name.
        channel: String,
        /// The name in lower case.
        folded: String,
    },
    /// A character is not invited to a channel any more.
    ChannelInvitationGone {
        /// The channel's canonical name.
        channel: String,
        /// The name in lower case.
        folded: String,
    },
    /// The names of all global moderators.
    Operators(Vec<String>),
    /// The names of all super moderators.
    SuperOperators(Vec<String>),
    /// An account is kept out for good.
    Ban(AccountBan),
    /// It is not any more.
    Unban {
        /// The account's number.
        account: i64,
    },
    /// An account is kept out for a time.
    Timeout(AccountTimeout),
    /// It is not any more.
    TimeoutGone {
        /// The account's number.
        account: i64,
    },
    /// Nothing of an account reaches others.
    HellBan(AccountBan),
    /// The account is heard again.
    HellBanGone {
        /// The account's number.
        account: i64,
    },
    /// A measure against a character of an unknown account.
    NameSanction(NameSanction),
    /// The measure has ended, or is one against an account now.
    NameSanctionGone {
        /// The name in lower case.
        folded: String,
        /// The kind of [`NameSanction`].
        kind: String,
    },
    /// A call for the staff is open.
    StaffCall(StaffCall),
    /// It is not any more.
    StaffCallGone {
        /// Its id.
        id: String,
    },
    /// A network is kept out.
    NetworkBan(NetworkBan),
    /// It is not any more.
    NetworkUnban {
        /// Which one.
        network: IpNet,
    },
    /// Whether registration is paused.
    RegistrationPaused(bool),
    /// The ignore list of an account; kept where the account is ours.
    Ignores {
        /// The account's number.
        account: i64,
        /// The whole list, names in lower case.
        names: Vec<String>,
    },
}
