//! The changes of the durable state: the world marks them, and at the end of an input the marks become changes
//! with the present values. Nothing is marked unless the changes are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fchatd_protocol::change::Change;
use fchatd_protocol::network::IpNet;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::restore;
use crate::sanctions::Measure;
use crate::sessions::Part;
use crate::world::{ChannelKey, World};

/// Marks since the last input that had any; a thing is marked once, however often it changes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Changes since the world began, also those that are not recorded.
    count: u64,
    recording: bool,
    keeps_ignores: bool,
    /// The revision that is known to be kept, or about to be.
    revision: u64,
    operators: u64,
    super_operators: u64,
    things: BTreeSet<Thing>,
    /// An entry went to the action log; its answer waits like the answer to a change.
    acted: bool,
    ignores: BTreeMap<i64, Vec<String>>,
    /// Ignore lists that may not be on disk yet, with the number of their commit: the list that a log-in check read there is
    /// older.
    unsaved_ignores: BTreeMap<i64, (u64, Vec<String>)>,
}

/// A durable part of the world, in the order in which changes are told: a channel that takes the name of one that has
/// gone comes after its end. Names are in lower case.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Thing {
    /// A channel of this canonical name has ended.
    Gone(Arc<str>),
    /// The fields of a channel ([`fchatd_protocol::snapshot::ChannelHead`]).
    Head(ChannelKey),
    /// The list of moderators of a channel.
    Moderators(ChannelKey),
    /// The ban of a name from a channel.
    ChannelBan(ChannelKey, Arc<str>),
    /// The invitation of a name to a channel.
    Invitation(ChannelKey, Arc<str>),
    /// The ban of an account.
    Ban(i64),
    /// The timeout of an account.
    Timeout(i64),
    /// The hell-ban of an account.
    HellBan(i64),
    /// The measure against a name.
    Named(Arc<str>, Measure),
    /// The staff call with this id.
    StaffCall(String),
    /// The ban of a network.
    NetworkBan(IpNet),
    /// Whether new accounts can be made.
    Registration,
}

impl World {
    /// A durable part of the world is different now: the end of the input makes a [`Change`] of it.
    pub(crate) fn changed(&mut self, thing: Thing) {
        self.marks.changed(thing);
    }

    /// From now on changes are marked, for [`World::take_changes`]. The present state is known to be kept,
    /// or about to be. `keeps_ignores`: ignore lists are kept with it, as the accounts are ours.
    pub fn record_changes(&mut self, keeps_ignores: bool) {
        self.marks = Marks {
            count: self.marks.count,
            recording: true,
            keeps_ignores,
            revision: self.revision(),
            operators: self.operators.changes(),
            super_operators: self.super_operators.changes(),
            ..Marks::default()
        };
        self.sessions.record();
        // Characters that are away since the start may miss lines that the store has yet to know they miss.
        for key in self.absent.clone() {
            self.mark_session(key, Part::Head);
        }
        let keys: Vec<_> = self.channels.iter().map(|(key, _)| key).collect();
        for key in keys {
            if let Some(channel) = self.channels.get_mut(key) {
                channel.kept = channel.lasts();
            }
        }
    }

    /// Whether the accounts are ours, so that the account service can be asked for characters.
    pub(crate) fn has_accounts(&self) -> bool {
        self.marks.keeps_ignores
    }

    /// Whether something that lasts has changed since the last [`World::take_changes`], or went to the action log.
    #[inline]
    pub fn has_changed(&self) -> bool {
        self.marks.recording && (self.marks.acted || self.revision() != self.marks.revision)
    }

    /// Whether something went to the action log since this was asked last.
    pub fn take_acted(&mut self) -> bool {
        std::mem::take(&mut self.marks.acted)
    }

    /// The changes of the durable state, at most one for each thing. `commit` is the number under which they will be kept.
    pub fn take_changes(&mut self, commit: u64) -> Vec<Change> {
        self.marks.revision = self.revision();
        let mut changes = Vec::new();
        // Channels that were told whole: their further marks say nothing new.
        let mut whole = BTreeSet::new();
        for thing in std::mem::take(&mut self.marks.things) {
            self.describe(thing, &mut whole, &mut changes);
        }
        let names = |names: &crate::Names| names.iter().map(ToString::to_string).collect();
        if std::mem::replace(&mut self.marks.operators, self.operators.changes()) != self.operators.changes()
        {
            changes.push(Change::Operators(names(&self.operators)));
        }
        let now = self.super_operators.changes();
        if std::mem::replace(&mut self.marks.super_operators, now) != now {
            changes.push(Change::SuperOperators(names(&self.super_operators)));
        }
        for (account, names) in std::mem::take(&mut self.marks.ignores) {
            self.marks
                .unsaved_ignores
                .insert(account, (commit, names.clone()));
            changes.push(Change::Ignores { account, names });
        }
        changes
    }

    /// All commits up to this one are on disk.
    pub fn changes_stored(&mut self, commit: u64) {
        self.marks
            .unsaved_ignores
            .retain(|_, &mut (number, _)| number > commit);
    }

    /// The ignore list of an account, where it may not be on disk yet.
    pub(crate) fn unsaved_ignores(&self, account: i64) -> Option<&Vec<String>> {
        self.marks.unsaved_ignores.get(&account).map(|(_, names)| names)
    }

    fn describe(&mut self, thing: Thing, whole: &mut BTreeSet<ChannelKey>, changes: &mut Vec<Change>) {
        match thing {
            Thing::Gone(name) => changes.push(Change::ChannelGone {
                name: name.to_string(),
            }),
            Thing::Head(key)
            | Thing::Moderators(key)
            | Thing::ChannelBan(key, _)
            | Thing::Invitation(key, _) => {
                if let Some(channel) = self.channels.get_mut(key)
                    && !whole.contains(&key)
                    && describe_channel(channel, &thing, changes)
                {
                    whole.insert(key);
                }
            }
            Thing::Ban(account) => changes.push(match self.account_bans.get(&account) {
                Some(character) => Change::Ban(restore::account_ban(account, character)),
                None => Change::Unban { account },
            }),
            Thing::Timeout(account) => changes.push(match self.account_timeouts.get(&account) {
                Some(timeout) => Change::Timeout(restore::account_timeout(account, timeout)),
                None => Change::TimeoutGone { account },
            }),
            Thing::HellBan(account) => changes.push(match self.account_hellbans.get(&account) {
                Some(character) => Change::HellBan(restore::account_ban(account, character)),
                None => Change::HellBanGone { account },
            }),
            Thing::Named(folded, measure) => {
                let key = (folded, measure);
                changes.push(match self.named.get(&key) {
                    Some(named) => Change::NameSanction(restore::name_sanction(measure, named)),
                    None => Change::NameSanctionGone {
                        folded: key.0.to_string(),
                        kind: measure.as_str().to_owned(),
                    },
                });
            }
            Thing::StaffCall(id) => changes.push(match self.staff_call(&id) {
                Some(call) => Change::StaffCall(call.clone()),
                None => Change::StaffCallGone { id },
            }),
            Thing::NetworkBan(network) => changes.push(match self.network_bans.get(&network) {
                Some(ban) => Change::NetworkBan(ban.clone()),
                None => Change::NetworkUnban { network },
            }),
            Thing::Registration => changes.push(Change::RegistrationPaused(self.registration_paused)),
        }
    }
}

/// A channel that did not last and lasts now is told whole, and one that lasted and does not is told to be gone. Gives
/// whether it was told whole.
fn describe_channel(channel: &mut Channel, thing: &Thing, changes: &mut Vec<Change>) -> bool {
    let lasts = channel.lasts();
    let was_told = std::mem::replace(&mut channel.kept, lasts);
    let name = || channel.name.to_string();
    let moderators = || Change::ChannelModerators {
        channel: name(),
        moderators: channel.moderators.iter().map(restore::moderator).collect(),
    };
    if !lasts {
        if was_told {
            changes.push(Change::ChannelGone { name: name() });
        }
        return false;
    }
    if !was_told {
        changes.push(Change::Channel(channel.head()));
        if !channel.moderators.is_empty() {
            changes.push(moderators());
        }
        for ban in restore::bans(channel) {
            let channel = name();
            changes.push(Change::ChannelBan { channel, ban });
        }
        for folded in restore::invited(channel) {
            let channel = name();
            changes.push(Change::ChannelInvitation { channel, folded });
        }
        return true;
    }
    changes.push(match thing {
        Thing::Moderators(..) => moderators(),
        Thing::ChannelBan(_, folded) => match channel.bans.get(folded) {
            Some(ban) => Change::ChannelBan {
                channel: name(),
                ban: restore::ban(ban),
            },
            None => Change::ChannelUnban {
                channel: name(),
                folded: folded.to_string(),
            },
        },
        Thing::Invitation(_, folded) => {
            let (channel, is_invited) = (name(), channel.invited.contains(folded));
            let folded = folded.to_string();
            match is_invited {
                true => Change::ChannelInvitation { channel, folded },
                false => Change::ChannelInvitationGone { channel, folded },
            }
        }
        _ => Change::Channel(channel.head()),
    });
    false
}

impl Marks {
    /// Something goes to the action log.
    pub(crate) fn acted(&mut self) {
        self.acted = self.recording;
    }

    /// An account's ignore list has changed. The list lasts only where the accounts are ours.
    pub(crate) fn ignores(&mut self, account: i64, names: &[String]) {
        if self.keeps_ignores {
            self.count += 1;
            self.ignores.insert(account, names.to_vec());
        }
    }

    /// As [`World::changed`], for code that has borrowed another part of the world.
    pub(crate) fn changed(&mut self, thing: Thing) {
        self.count += 1;
        if self.recording {
            self.things.insert(thing);
        }
    }

    /// The number of changes since the world began.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
