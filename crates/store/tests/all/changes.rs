//! Changes one by one: together they are the same as the whole, on the disk as well as in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::network::{self, IpNet, NetworkBan};
use fchatd_protocol::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelHead, ChannelRecord, ModeratorRecord, NameSanction,
    Snapshot, StaffCall,
};
use fchatd_store::{AccountName, Store};
use proptest::prelude::*;
use proptest::sample::select;

/// Few names, so that they meet; in several cases, so that they meet in other ways.
fn name() -> impl Strategy<Value = String> {
    select(
        &[
            "Ada",
            "ADA",
            "ada",
            "Bob",
            "bOB",
            "\u{c9}mile",
            "\u{e9}mile",
            "A B",
            "",
        ][..],
    )
    .prop_map(str::to_owned)
}

fn head() -> impl Strategy<Value = ChannelHead> {
    (
        name(),
        name(),
        "\\PC{0,8}",
        select(&["both", "chat"][..]),
        name(),
        0..9_u64,
        any::<bool>(),
        0..9_u32,
        -3..9_i64,
    )
        .prop_map(
            |(name, title, description, mode, owner, peak, locked, join_pause, maker)| ChannelHead {
                name,
                title,
                description,
                kind: "public".to_owned(),
                mode: mode.to_owned(),
                owner,
                peak,
                locked,
                topic: format!("topic {join_pause}"),
                join_pause,
                maker,
            },
        )
}

fn kind() -> impl Strategy<Value = String> {
    select(&["ban", "timeout", "hellban"][..]).prop_map(str::to_owned)
}

fn network() -> impl Strategy<Value = IpNet> {
    select(&["203.0.113.0/24", "203.0.113.7/32", "9.0.0.0/8", "2001:db8::/32"][..])
        .prop_map(|text| network::parse(text).unwrap())
}

fn change() -> impl Strategy<Value = Change> {
    let moderator =
        (name(), name(), 0..9_i64).prop_map(|(name, by, time)| ModeratorRecord { name, by, time });
    let moderators = prop::collection::vec(moderator, 0..3);
    let ban =
        (name(), name(), 0..4_i64, 0..4_i64, 0..3_i64).prop_map(|(name, banner, time, until, account)| {
            BanRecord {
                name,
                banner,
                time,
                until,
                account,
            }
        });
    let names = || prop::collection::vec(name(), 0..4);
    let account = || 1..4_i64;
    let call = (name(), name(), "\\PC{0,8}", -1..3_i64, name(), any::<i64>()).prop_map(
        |(id, character, report, log, tab, time)| StaffCall {
            id,
            character,
            account: time,
            report,
            log,
            tab,
            time,
        },
    );
    prop_oneof![
        4 => head().prop_map(Change::Channel),
        1 => name().prop_map(|name| Change::ChannelGone { name }),
        3 => (name(), moderators)
            .prop_map(|(channel, moderators)| Change::ChannelModerators { channel, moderators }),
        4 => (name(), ban).prop_map(|(channel, ban)| Change::ChannelBan { channel, ban }),
        3 => (name(), name()).prop_map(|(channel, folded)| Change::ChannelInvitation { channel, folded }),
        1 => (name(), name()).prop_map(|(channel, folded)| Change::ChannelInvitationGone { channel, folded }),
        2 => (name(), name()).prop_map(|(channel, name)| Change::ChannelUnban {
            channel,
            folded: name.to_ascii_lowercase(),
        }),
        1 => names().prop_map(Change::Operators),
        1 => names().prop_map(Change::SuperOperators),
        1 => (account(), name()).prop_map(|(account, character)| Change::Ban(AccountBan { account, character })),
        1 => account().prop_map(|account| Change::Unban { account }),
        1 => (account(), name(), any::<i64>()).prop_map(|(account, character, until)| {
            Change::Timeout(AccountTimeout { account, character, until })
        }),
        1 => account().prop_map(|account| Change::TimeoutGone { account }),
        1 => (account(), name()).prop_map(|(account, character)| {
            Change::HellBan(AccountBan { account, character })
        }),
        1 => account().prop_map(|account| Change::HellBanGone { account }),
        2 => (name(), kind(), any::<i64>()).prop_map(|(name, kind, until)| {
            Change::NameSanction(NameSanction { name, kind, until })
        }),
        1 => (name(), kind()).prop_map(|(name, kind)| Change::NameSanctionGone {
            folded: name.to_ascii_lowercase(),
            kind,
        }),
        2 => call.prop_map(Change::StaffCall),
        1 => name().prop_map(|id| Change::StaffCallGone { id }),
        2 => (network(), name(), name(), 0..4_i64, 0..4_i64).prop_map(|(network, reason, by, time, until)| {
            Change::NetworkBan(NetworkBan { network, until, reason, by, time })
        }),
        1 => network().prop_map(|network| Change::NetworkUnban { network }),
        1 => any::<bool>().prop_map(Change::RegistrationPaused),
    ]
}

/// Puts a thing in the place of the one with the same key, or at the end.
fn put<T>(list: &mut Vec<T>, one: T, same: impl Fn(&T, &T) -> bool) {
    match list.iter_mut().find(|other| same(other, &one)) {
        Some(other) => *other = one,
        None => list.push(one),
    }
}

/// The changes as a beginner would make them.
fn make(state: &mut Snapshot, change: &Change) {
    let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let find = |state: &mut Snapshot, name: &str| -> Option<usize> {
        state
            .channels
            .iter()
            .position(|channel| is(&channel.head.name, name))
    };
    match change.clone() {
        Change::Channel(head) => {
            let found = find(state, &head.name);
            let before = found.map_or_else(ChannelRecord::default, |index| state.channels.remove(index));
            state.channels.push(ChannelRecord { head, ..before });
        }
        Change::ChannelGone { name } => state.channels.retain(|channel| !is(&channel.head.name, &name)),
        Change::ChannelModerators { channel, moderators } => {
            if let Some(index) = find(state, &channel) {
                state.channels[index].moderators = moderators;
            }
        }
        Change::ChannelInvitation { channel, folded } => {
            if let Some(index) = find(state, &channel) {
                let invited = &mut state.channels[index].invited;
                invited.retain(|name| !is(name, &folded));
                invited.push(folded.to_ascii_lowercase());
                invited.sort();
            }
        }
        Change::ChannelInvitationGone { channel, folded } => {
            if let Some(index) = find(state, &channel) {
                state.channels[index].invited.retain(|name| !is(name, &folded));
            }
        }
        Change::ChannelBan { channel, ban } => {
            if let Some(index) = find(state, &channel) {
                put(&mut state.channels[index].bans, ban, |one, other| {
                    is(&one.name, &other.name)
                });
            }
        }
        Change::ChannelUnban { channel, folded } => {
            if let Some(index) = find(state, &channel) {
                state.channels[index].bans.retain(|ban| !is(&ban.name, &folded));
            }
        }
        Change::Operators(names) => state.operators = names,
        Change::SuperOperators(names) => state.super_operators = names,
        Change::Ban(ban) => put(&mut state.bans, ban, |one, other| one.account == other.account),
        Change::Unban { account } => state.bans.retain(|ban| ban.account != account),
        Change::Timeout(timeout) => {
            put(&mut state.timeouts, timeout, |one, other| {
                one.account == other.account
            });
        }
        Change::TimeoutGone { account } => state.timeouts.retain(|timeout| timeout.account != account),
        Change::HellBan(ban) => put(&mut state.hellbans, ban, |one, other| {
            one.account == other.account
        }),
        Change::HellBanGone { account } => state.hellbans.retain(|ban| ban.account != account),
        Change::NameSanction(sanction) => put(&mut state.name_sanctions, sanction, |one, other| {
            is(&one.name, &other.name) && one.kind == other.kind
        }),
        Change::NameSanctionGone { folded, kind } => {
            state
                .name_sanctions
                .retain(|one| !(is(&one.name, &folded) && one.kind == kind));
        }
        Change::StaffCall(call) => put(&mut state.staff_calls, call, |one, other| one.id == other.id),
        Change::StaffCallGone { id } => state.staff_calls.retain(|call| call.id != id),
        Change::NetworkBan(ban) => {
            put(&mut state.network_bans, ban, |one, other| {
                one.network == other.network
            });
            state.network_bans.sort_by_key(|ban| ban.network);
        }
        Change::NetworkUnban { network } => state.network_bans.retain(|ban| ban.network != network),
        Change::RegistrationPaused(paused) => state.registration_paused = paused,
        Change::Ignores { .. } => {}
    }
}

/// Lists without an order of their own are sorted, as the store gives them.
fn sorted(mut state: Snapshot) -> Snapshot {
    state
        .channels
        .sort_by(|one, other| one.head.name.cmp(&other.head.name));
    for channel in &mut state.channels {
        channel
            .bans
            .sort_by(|one, other| (one.time, &one.name).cmp(&(other.time, &other.name)));
    }
    state.bans.sort_by_key(|ban| ban.account);
    state.timeouts.sort_by_key(|timeout| timeout.account);
    state.hellbans.sort_by_key(|hellban| hellban.account);
    state
        .name_sanctions
        .sort_by_key(|one| (one.name.to_ascii_lowercase(), one.kind.clone()));
    state
}

fn commit(number: u64, changes: Vec<Change>) -> Commit {
    Commit {
        number,
        actor: None,
        changes,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn changes_one_by_one_are_the_same_as_the_whole(changes in prop::collection::vec(change(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("one")).unwrap();
        let mut writer = store.chat_writer().unwrap();
        let mut model = Snapshot::default();
        for (number, change) in (1..).zip(&changes) {
            make(&mut model, change);
            let commit = commit(number, vec![change.clone()]);
            // Now and then a change is made twice, as after a crash between the disk and the answer.
            writer.apply(std::slice::from_ref(&commit)).unwrap();
            if number % 3 == 0 {
                writer.apply(&[commit]).unwrap();
            }
        }
        let expected = sorted(model.clone());
        prop_assert_eq!(store.load_snapshot().unwrap(), Some(expected.clone()));
        prop_assert!(!writer.replace(&expected).unwrap(), "it is the same already");
        drop((writer, store));
        let again = Store::open(&folder.path().join("one")).unwrap();
        prop_assert_eq!(again.load_snapshot().unwrap(), Some(expected.clone()));

        let other = Store::open(&folder.path().join("other")).unwrap();
        other.chat_writer().unwrap().replace(&model).unwrap();
        prop_assert_eq!(other.load_snapshot().unwrap(), Some(expected.clone()));

        // All at once, each commit by itself and then all again: a group is no different.
        let grouped = Store::open(&folder.path().join("grouped")).unwrap();
        let commits: Vec<_> = (1..)
            .zip(&changes)
            .map(|(number, change)| commit(number, vec![change.clone()]))
            .collect();
        grouped.chat_writer().unwrap().apply(&commits).unwrap();
        prop_assert_eq!(grouped.load_snapshot().unwrap(), Some(expected));
    }
}

#[test]
fn changes_of_a_new_channel_may_come_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let moderators = vec![ModeratorRecord {
        name: "Ada".to_owned(),
        ..ModeratorRecord::default()
    }];
    let ban = BanRecord {
        name: "Bob".to_owned(),
        ..BanRecord::default()
    };
    let changes = vec![
        Change::ChannelModerators {
            channel: "Den".to_owned(),
            moderators: moderators.clone(),
        },
        Change::ChannelBan {
            channel: "DEN".to_owned(),
            ban: ban.clone(),
        },
        Change::Channel(ChannelHead {
            name: "Den".to_owned(),
            ..ChannelHead::default()
        }),
    ];
    let mut writer = store.chat_writer().unwrap();
    writer.apply(&[commit(1, changes)]).unwrap();
    let kept = store.load_snapshot().unwrap().unwrap().channels.remove(0);
    assert_eq!((kept.moderators, kept.bans), (moderators, vec![ban]));
    let gone = Change::ChannelGone {
        name: "dEN".to_owned(),
    };
    writer.apply(&[commit(2, vec![gone])]).unwrap();
    assert_eq!(store.load_snapshot().unwrap(), Some(Snapshot::default()));
}

#[test]
fn ignores_are_kept_where_the_account_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut accounts = store.accounts().unwrap();
    let ada = accounts
        .create_account(&AccountName::parse("ada").unwrap(), "hash", false, 5)
        .unwrap();
    accounts.set_ignores(ada, &["old".to_owned()]).unwrap();
    let ignores = |account| Change::Ignores {
        account,
        names: vec!["bob".to_owned(), "carol".to_owned(), "bob".to_owned()],
    };
    let mut writer = store.chat_writer().unwrap();
    writer
        .apply(&[commit(1, vec![ignores(ada.0), ignores(ada.0 + 1)])])
        .unwrap();
    assert_eq!(accounts.ignores(ada).unwrap(), ["bob", "carol"]);
}

#[test]
fn a_change_is_found_as_after_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut writer = store.chat_writer().unwrap();
    let operators = vec!["Ada".to_owned()];
    writer
        .apply(&[commit(1, vec![Change::Operators(operators.clone())])])
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["fchatd.sqlite", "fchatd.sqlite-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let after = Store::open(copy.path()).unwrap().load_snapshot().unwrap();
    assert_eq!(after.unwrap().operators, operators);
}
