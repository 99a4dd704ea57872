//! What has changed of that which lasts: the world marks it, and at the end of an input the marks become changes
//! with the values of now. Nothing is marked unless somebody keeps the changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fchatd_protocol::change::{Change, ChannelHead};
use fchatd_protocol::network::IpNet;
use fchatd_protocol::text::fold;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::restore;
use crate::sanctions::Measure;
use crate::sessions::Part;
use crate::world::{ChannelKey, World};

/// Marks since the last input that had any; a thing is marked once, however often it changes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Marks {
    recording: bool,
    keeps_ignores: bool,
    /// The revision that is known to be kept, or about to be.
    revision: u64,
    operators: u64,
    super_operators: u64,
    things: BTreeSet<Thing>,
    /// Something went to the action log, whose answer waits as that to a change does.
    acted: bool,
    ignores: BTreeMap<i64, Vec<String>>,
    /// Ignore lists that may not be on disk yet, with the number of their commit: what a log-in check read there is
    /// older.
    unsaved_ignores: BTreeMap<i64, (u64, Vec<String>)>,
}

/// Something that lasts, in the order in which changes are told: a channel that takes the name of one that has gone
/// comes after its end.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Thing {
    Gone(Arc<str>),
    Head(u32, u32),
    Moderators(u32, u32),
    /// With the name in lower case.
    ChannelBan(u32, u32, Arc<str>),
    /// With the name in lower case.
    Invitation(u32, u32, Arc<str>),
    Ban(i64),
    Timeout(i64),
    HellBan(i64),
    /// With the name in lower case.
    Named(Arc<str>, Measure),
    StaffCall(String),
    NetworkBan(IpNet),
    Registration,
}

impl World {
    /// From now on changes are marked, for [`World::take_changes`]. What the world holds now is known to be kept,
    /// or about to be. `keeps_ignores`: ignore lists are kept with it, as the accounts are ours.
    pub fn record_changes(&mut self, keeps_ignores: bool) {
        self.marks = Marks {
            recording: true,
            keeps_ignores,
            revision: self.revision(),
            operators: self.operators.changes(),
            super_operators: self.super_operators.changes(),
            ..Marks::default()
        };
        self.sessions.record();
        // Those who are away since the start may miss lines that the store has yet to know they miss.
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

    /// What is different now of that which lasts, at most one change for each thing. `commit` is the number under which it will be kept.
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

    fn describe(&mut self, thing: Thing, whole: &mut BTreeSet<(u32, u32)>, changes: &mut Vec<Change>) {
        match thing {
            Thing::Gone(name) => changes.push(Change::ChannelGone {
                name: name.to_string(),
            }),
            Thing::Head(index, generation)
            | Thing::Moderators(index, generation)
            | Thing::ChannelBan(index, generation, _)
            | Thing::Invitation(index, generation, _) => {
                let found = self.channels.get_mut(ChannelKey::new(index, generation));
                if let Some(channel) = found
                    && !whole.contains(&(index, generation))
                    && describe_channel(channel, &thing, changes)
                {
                    whole.insert((index, generation));
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
        changes.push(Change::Channel(head(channel)));
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
        Thing::ChannelBan(_, _, folded) => match channel.bans.get(folded) {
            Some(ban) => Change::ChannelBan {
                channel: name(),
                ban: restore::ban(ban),
            },
            None => Change::ChannelUnban {
                channel: name(),
                folded: folded.to_string(),
            },
        },
        Thing::Invitation(_, _, folded) => {
            let (channel, is_invited) = (name(), channel.invited.contains(folded));
            let folded = folded.to_string();
            match is_invited {
                true => Change::ChannelInvitation { channel, folded },
                false => Change::ChannelInvitationGone { channel, folded },
            }
        }
        _ => Change::Channel(head(channel)),
    });
    false
}

fn head(channel: &Channel) -> ChannelHead {
    ChannelHead {
        name: channel.name.to_string(),
        title: channel.title.to_string(),
        description: channel.description.to_string(),
        kind: channel.kind.as_str().to_owned(),
        mode: channel.mode.as_str().to_owned(),
        owner: channel.owner.to_string(),
        peak: channel.peak as u64,
        locked: channel.locked,
        join_pause: channel.join_pause,
        maker: channel.maker,
    }
}

impl Marks {
    /// Something goes to the action log.
    pub(crate) fn acted(&mut self) {
        self.acted = self.recording;
    }

    /// A channel's title, description, kind, mode or owner.
    pub(crate) fn channel(&mut self, key: ChannelKey) {
        self.mark(|| Thing::Head(key.index, key.generation));
    }

    /// The list of a channel's moderators.
    pub(crate) fn moderators(&mut self, key: ChannelKey) {
        self.mark(|| Thing::Moderators(key.index, key.generation));
    }

    /// Who is kept out of a channel.
    pub(crate) fn channel_ban(&mut self, key: ChannelKey, name: &str) {
        self.mark(|| Thing::ChannelBan(key.index, key.generation, Arc::from(&*fold(name))));
    }

    /// Somebody is invited to a channel, or not any more.
    pub(crate) fn invitation(&mut self, key: ChannelKey, folded: &Arc<str>) {
        self.mark(|| Thing::Invitation(key.index, key.generation, Arc::clone(folded)));
    }

    /// A channel has come to its end.
    pub(crate) fn channel_gone(&mut self, channel: &Channel) {
        if channel.kept {
            self.mark(|| Thing::Gone(channel.name.clone()));
        }
    }

    /// An account is kept out for good, or not any more.
    pub(crate) fn ban(&mut self, account: i64) {
        self.mark(|| Thing::Ban(account));
    }

    /// An account is kept out for a time, or not any more.
    pub(crate) fn timeout(&mut self, account: i64) {
        self.mark(|| Thing::Timeout(account));
    }

    /// Nothing of an account reaches others, or it does again.
    pub(crate) fn hellban(&mut self, account: i64) {
        self.mark(|| Thing::HellBan(account));
    }

    /// A measure against a name.
    pub(crate) fn named(&mut self, folded: &Arc<str>, measure: Measure) {
        self.mark(|| Thing::Named(Arc::clone(folded), measure));
    }

    /// A network is kept out, or not any more.
    pub(crate) fn network_ban(&mut self, network: IpNet) {
        self.mark(|| Thing::NetworkBan(network));
    }

    /// Whether accounts can be made.
    pub(crate) fn registration(&mut self) {
        self.mark(|| Thing::Registration);
    }

    /// A call for the staff.
    pub(crate) fn staff_call(&mut self, id: &str) {
        self.mark(|| Thing::StaffCall(id.to_owned()));
    }

    /// An account's ignore list; whether it is kept here.
    pub(crate) fn ignores(&mut self, account: i64, names: &[String]) -> bool {
        if self.keeps_ignores {
            self.ignores.insert(account, names.to_vec());
        }
        self.keeps_ignores
    }

    fn mark(&mut self, thing: impl FnOnce() -> Thing) {
        if self.recording {
            self.things.insert(thing());
        }
    }
}
