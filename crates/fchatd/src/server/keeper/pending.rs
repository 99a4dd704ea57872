//! Changes that are not on disk yet, merged by thing: with any duration of the disk, this grows with the
//! state and not with the time.

use std::collections::BTreeMap;

use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::exchange::{ActionEntry, ConnectionId};
use fchatd_protocol::network::IpNet;
use fchatd_protocol::text::fold;
use fchatd_store::snapshot::Snapshot;

use super::occasion::Occasion;
use super::sessions::PendingSessions;

/// A whole state, and changes that came after it.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(super) snapshot: Option<(Snapshot, Occasion)>,
    changes: BTreeMap<Thing, Change>,
    /// Calls for the staff in the order of their changes, which is kept: the oldest call is the first.
    calls: Vec<Change>,
    /// The number of the last commit in it; 0 for none.
    pub(super) newest: u64,
    /// The authors of its commits that wait for the result.
    pub(super) actors: Vec<(Option<ConnectionId>, u64)>,
    /// For the action log, in their order.
    pub(super) actions: Vec<ActionEntry>,
    pub(super) sessions: PendingSessions,
    /// See [`Report`](super::Report).
    pub(super) generation: u64,
    /// Whether the state is one that was taken over and is not on disk yet.
    pub(super) is_adopted: bool,
}

/// Actions that may wait for a disk that can't be written. They are the only thing here that grows with time.
const ACTIONS_MAX: usize = 10_000;
/// Bytes of their arguments.
const ACTION_BYTES_MAX: usize = 64 << 20;

/// The object of a change. The end of a channel comes before all other changes of its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Gone(String),
    Channel(String),
    Moderators(String),
    ChannelBan(String, String),
    Invitation(String, String),
    Operators,
    SuperOperators,
    Ban(i64),
    Timeout(i64),
    HellBan(i64),
    NameSanction(String, String),
    Ignores(i64),
    NetworkBan(IpNet),
    Registration,
}

impl Pending {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.can_wait() && self.sessions.is_empty()
    }

    /// Whether no author waits for these changes.
    pub(super) fn can_wait(&self) -> bool {
        self.snapshot.is_none()
            && self.changes.is_empty()
            && self.calls.is_empty()
            && self.newest == 0
            && self.actions.is_empty()
    }

    /// Adds a commit.
    pub(super) fn push(&mut self, commit: Commit) {
        self.newest = self.newest.max(commit.number);
        self.actors.push((commit.actor, commit.number));
        for change in commit.changes {
            self.change(change);
        }
    }

    /// Adds a whole state, which holds all changes before it except the ignore lists and the sessions.
    pub(super) fn replace(&mut self, snapshot: Snapshot, occasion: Occasion) {
        let before = self.snapshot.as_ref().map(|&(_, before)| before);
        self.snapshot = Some((snapshot, before.map_or(occasion, |before| before.max(occasion))));
        self.changes.retain(|thing, _| matches!(thing, Thing::Ignores(_)));
        self.calls.clear();
    }

    /// Takes over the state of another core. Only actions stay, which are in no state.
    pub(super) fn adopt(&mut self, snapshot: Snapshot, newest: u64, generation: u64) {
        let actions = std::mem::take(&mut self.actions);
        *self = Self {
            snapshot: Some((snapshot, Occasion::Start)),
            newest,
            actions,
            generation,
            is_adopted: true,
            ..Self::default()
        };
    }

    /// Adds later changes.
    pub(super) fn absorb(&mut self, later: Pending) {
        if later.generation > self.generation {
            let mut actions = std::mem::take(&mut self.actions);
            actions.extend(later.actions);
            *self = Self { actions, ..later };
            return;
        }
        self.is_adopted |= later.is_adopted;
        if let Some((snapshot, occasion)) = later.snapshot {
            self.replace(snapshot, occasion);
        }
        for change in later.changes.into_values().chain(later.calls) {
            self.change(change);
        }
        self.newest = self.newest.max(later.newest);
        self.actors.extend(later.actors);
        self.actions.extend(later.actions);
        self.sessions.absorb(later.sessions);
    }

    /// Forgets the oldest actions where there are too many; how many.
    pub(super) fn bound_actions(&mut self) -> u64 {
        let mut bytes = 0;
        let fitting = self.actions.iter().rev().take(ACTIONS_MAX).take_while(|entry| {
            bytes += entry.arguments.len();
            bytes <= ACTION_BYTES_MAX
        });
        let lost = self.actions.len() - fitting.count();
        for entry in self.actions.drain(..lost) {
            tracing::error!(
                name = entry.name,
                code = entry.code,
                "an action is lost: too many wait for the action log"
            );
        }
        lost as u64
    }

    /// The changes as one commit.
    pub(super) fn commit(&self) -> Commit {
        Commit {
            number: self.newest,
            actor: None,
            changes: self.changes.values().chain(&self.calls).cloned().collect(),
        }
    }

    fn change(&mut self, change: Change) {
        let thing = match &change {
            Change::ChannelGone { name } => {
                let name = fold(name).into_owned();
                self.forget_channel(&name);
                Thing::Gone(name)
            }
            Change::Channel(head) => Thing::Channel(fold(&head.name).into_owned()),
            Change::ChannelModerators { channel, .. } => Thing::Moderators(fold(channel).into_owned()),
            Change::ChannelBan { channel, ban } => {
                Thing::ChannelBan(fold(channel).into_owned(), fold(&ban.name).into_owned())
            }
            Change::ChannelUnban { channel, folded } => {
                Thing::ChannelBan(fold(channel).into_owned(), fold(folded).into_owned())
            }
            Change::ChannelInvitation { channel, folded }
            | Change::ChannelInvitationGone { channel, folded } => {
                Thing::Invitation(fold(channel).into_owned(), fold(folded).into_owned())
            }
            Change::Operators(_) => Thing::Operators,
            Change::SuperOperators(_) => Thing::SuperOperators,
            Change::Ban(ban) => Thing::Ban(ban.account),
            Change::Unban { account } => Thing::Ban(*account),
            Change::Timeout(timeout) => Thing::Timeout(timeout.account),
            Change::TimeoutGone { account } => Thing::Timeout(*account),
            Change::HellBan(hellban) => Thing::HellBan(hellban.account),
            Change::HellBanGone { account } => Thing::HellBan(*account),
            Change::NameSanction(sanction) => {
                Thing::NameSanction(fold(&sanction.name).into_owned(), sanction.kind.clone())
            }
            Change::NameSanctionGone { folded, kind } => Thing::NameSanction(folded.clone(), kind.clone()),
            Change::Ignores { account, .. } => Thing::Ignores(*account),
            Change::NetworkBan(ban) => Thing::NetworkBan(ban.network),
            Change::NetworkUnban { network } => Thing::NetworkBan(*network),
            Change::RegistrationPaused(_) => Thing::Registration,
            Change::StaffCall(_) | Change::StaffCallGone { .. } => {
                return self.call(change);
            }
        };
        self.changes.insert(thing, change);
    }

    /// A call that is replaced keeps its place, and one that comes again after its end is the last one.
    fn call(&mut self, change: Change) {
        if let Change::StaffCallGone { .. } = change {
            self.calls.retain(|other| id(other) != id(&change));
            self.calls.push(change);
            return;
        }
        let same = |other: &&mut Change| matches!(other, Change::StaffCall(_)) && id(other) == id(&change);
        match self.calls.iter_mut().find(same) {
            Some(other) => *other = change,
            None => self.calls.push(change),
        }
    }

    /// Nothing that came before the end of a channel matters.
    fn forget_channel(&mut self, name: &str) {
        self.changes.retain(|thing, _| match thing {
            Thing::Channel(channel)
            | Thing::Moderators(channel)
            | Thing::ChannelBan(channel, _)
            | Thing::Invitation(channel, _) => channel != name,
            _ => true,
        });
    }
}

/// The id of a call for the staff.
fn id(change: &Change) -> Option<&str> {
    match change {
        Change::StaffCall(call) => Some(&call.id),
        Change::StaffCallGone { id } => Some(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use fchatd_protocol::snapshot::{AccountBan, BanRecord, ChannelHead, ModeratorRecord, StaffCall};
    use fchatd_store::Store;

    use super::*;

    fn head(name: &str, description: u32) -> Change {
        Change::Channel(ChannelHead {
            name: name.to_owned(),
            description: description.to_string(),
            kind: "pubprivate".to_owned(),
            mode: "both".to_owned(),
            ..ChannelHead::default()
        })
    }

    fn moderators(channel: &str, name: &str) -> Change {
        Change::ChannelModerators {
            channel: channel.to_owned(),
            moderators: vec![ModeratorRecord {
                name: name.to_owned(),
                by: "Ada".to_owned(),
                time: 1,
            }],
        }
    }

    fn ban(channel: &str, name: &str, until: i64) -> Change {
        Change::ChannelBan {
            channel: channel.to_owned(),
            ban: BanRecord {
                name: name.to_owned(),
                until,
                ..BanRecord::default()
            },
        }
    }

    fn call(id: &str) -> Change {
        Change::StaffCall(StaffCall {
            id: id.to_owned(),
            ..StaffCall::default()
        })
    }

    /// Everything that can happen to a few things, one after another, as numbers choose.
    fn story(length: u64, mut choice: u64) -> Vec<Commit> {
        let mut next = |below: u64| {
            choice = choice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (choice >> 33) % below
        };
        let mut there = std::collections::BTreeSet::new();
        (1..=length)
            .map(|number| {
                let channel = ["One", "Two"][next(2) as usize];
                let who = ["Ada", "Bob", "Cyd"][next(3) as usize];
                let change = match next(12) {
                    // The core tells nothing of a channel that is not there.
                    0 | 1 => {
                        there.insert(channel);
                        head(channel, next(9) as u32)
                    }
                    2..=5 if !there.contains(channel) => Change::Operators(Vec::new()),
                    2 => {
                        there.remove(channel);
                        Change::ChannelGone {
                            name: channel.to_owned(),
                        }
                    }
                    3 => moderators(channel, who),
                    4 => ban(channel, who, next(9) as i64),
                    5 => Change::ChannelUnban {
                        channel: channel.to_owned(),
                        folded: who.to_lowercase(),
                    },
                    6 => Change::Operators(vec![who.to_owned()]),
                    7 => Change::SuperOperators(vec![who.to_owned()]),
                    8 => Change::Ban(AccountBan {
                        account: next(3) as i64,
                        character: who.to_owned(),
                    }),
                    9 => Change::Unban {
                        account: next(3) as i64,
                    },
                    10 => call(who),
                    _ => Change::StaffCallGone { id: who.to_owned() },
                };
                Commit {
                    number,
                    actor: None,
                    changes: vec![change],
                }
            })
            .collect()
    }

    #[test]
    fn merged_commits_lead_to_the_same_state() {
        let folder = tempfile::tempdir().unwrap();
        for seed in 0..12 {
            let story = story(30, seed);
            let store = |name: &str| Store::open(&folder.path().join(format!("{seed}-{name}"))).unwrap();
            let (one_by_one, merged) = (store("one"), store("merged"));
            let mut writer = one_by_one.chat_writer().unwrap();
            for commit in &story {
                writer.apply(std::slice::from_ref(commit)).unwrap();
            }
            // In two parts, of which the second is absorbed by the first, as after a failure.
            let (mut first, mut second) = (Pending::default(), Pending::default());
            for commit in story {
                let part = if commit.number <= 17 {
                    &mut first
                } else {
                    &mut second
                };
                part.push(commit);
            }
            first.absorb(second);
            merged.chat_writer().unwrap().apply(&[first.commit()]).unwrap();
            assert_eq!(
                merged.load_snapshot().unwrap(),
                one_by_one.load_snapshot().unwrap(),
                "seed {seed}"
            );
        }
    }

    #[test]
    fn a_whole_state_takes_the_place_of_what_came_before_but_of_ignore_lists() {
        let mut pending = Pending::default();
        let ignores = Change::Ignores {
            account: 1,
            names: vec!["eve".to_owned()],
        };
        pending.push(Commit {
            number: 1,
            actor: None,
            changes: vec![head("One", 1), call("a"), ignores.clone()],
        });
        pending.replace(Snapshot::default(), Occasion::Turn);
        pending.replace(Snapshot::default(), Occasion::Decision);
        assert_eq!(pending.commit().changes, [ignores]);
        assert_eq!(pending.newest, 1);
        assert!(
            matches!(pending.snapshot, Some((_, Occasion::Turn))),
            "the classic files get all of it"
        );
    }

    #[test]
    fn it_does_not_grow_with_time() {
        let mut pending = Pending::default();
        for number in 1..1000 {
            pending.push(Commit {
                number,
                actor: None,
                changes: vec![head("One", number as u32), call("a")],
            });
        }
        assert_eq!(pending.commit().changes, [head("One", 999), call("a")]);
    }
}
