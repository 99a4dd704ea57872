//! The lasting state of the chat: kept whole, in order, and only by one server at a time.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use fchatd_protocol::network::{IpNet, NetworkBan};
use fchatd_store::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelHead, ChannelRecord, ModeratorRecord, NameSanction,
    Snapshot, StaffCall,
};
use fchatd_store::{Claim, Store, StoreError};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z ]{0,12}", "\\PC{0,30}", "[\\x00-\\x20&;<]{0,5}"]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![0..2_000_000_000_i64, any::<i64>()]
}

fn channel() -> impl Strategy<Value = ChannelRecord> {
    let moderator = (text(), text(), time()).prop_map(|(name, by, time)| ModeratorRecord { name, by, time });
    let ban = (text(), text(), time(), time()).prop_map(|(name, banner, time, until)| BanRecord {
        name,
        banner,
        time,
        until,
        account: 0,
    });
    let texts = (text(), text(), text(), text(), text(), text());
    let peak = 0..i64::MAX.unsigned_abs();
    let lists = (
        prop::collection::vec(moderator, 0..4),
        prop::collection::vec(ban, 0..4),
    );
    (texts, peak, lists).prop_map(
        |((name, title, description, kind, mode, owner), peak, (moderators, bans))| ChannelRecord {
            head: ChannelHead {
                name,
                title,
                description,
                kind,
                mode,
                owner,
                peak,
                locked: peak % 2 == 1,
                join_pause: (peak % 7) as u32,
                topic: format!("topic {peak}"),
                maker: peak as i64 % 5 - 2,
            },
            invited: (0..peak % 3).map(|number| format!("guest {number}")).collect(),
            moderators,
            bans,
        },
    )
}

/// Drops elements with the key of an earlier one, and sorts by the key.
fn unique<T, K: Ord + Clone>(list: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let keyed: BTreeMap<K, T> = list.into_iter().rev().map(|one| (key(&one), one)).collect();
    keyed.into_values().collect()
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// As the server makes them: without duplicates, and lists without an order of their own are sorted.
fn canonical(mut snapshot: Snapshot) -> Snapshot {
    snapshot.channels = unique(snapshot.channels, |channel| folded(&channel.head.name));
    snapshot
        .channels
        .sort_by(|one, other| one.head.name.cmp(&other.head.name));
    for channel in &mut snapshot.channels {
        channel.bans = unique(std::mem::take(&mut channel.bans), |ban| folded(&ban.name));
        channel
            .bans
            .sort_by(|one, other| (one.time, &one.name).cmp(&(other.time, &other.name)));
    }
    snapshot.bans = unique(snapshot.bans, |ban| ban.account);
    snapshot.timeouts = unique(snapshot.timeouts, |timeout| timeout.account);
    snapshot.hellbans = unique(snapshot.hellbans, |hellban| hellban.account);
    snapshot.name_sanctions = unique(snapshot.name_sanctions, |one| {
        (folded(&one.name), one.kind.clone())
    });
    snapshot.staff_calls = unique(snapshot.staff_calls, |call| call.id.clone());
    snapshot.network_bans = unique(snapshot.network_bans, |ban| ban.network);
    snapshot.network_bans.sort_by_key(|ban| ban.network);
    snapshot
}

fn network_ban() -> impl Strategy<Value = NetworkBan> {
    let network = (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(address, bits)| {
        let network = IpNet::new(address.into(), bits).unwrap();
        network.trunc()
    });
    (network, text(), text(), time(), time()).prop_map(|(network, reason, by, time, until)| NetworkBan {
        network,
        until,
        reason,
        by,
        time,
    })
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let names = || prop::collection::vec(text(), 0..4);
    let ban = (any::<i64>(), text()).prop_map(|(account, character)| AccountBan { account, character });
    let timeout = (any::<i64>(), text(), time()).prop_map(|(account, character, until)| AccountTimeout {
        account,
        character,
        until,
    });
    let call = (text(), text(), text(), any::<i64>(), text(), time()).prop_map(
        |(id, character, report, log, tab, time)| StaffCall {
            id,
            character,
            account: log,
            report,
            log,
            tab,
            time,
        },
    );
    (
        prop::collection::vec(channel(), 0..5),
        names(),
        names(),
        prop::collection::vec(ban, 0..3),
        prop::collection::vec(timeout, 0..3),
        prop::collection::vec(call, 0..3),
        (prop::collection::vec(network_ban(), 0..4), any::<bool>()),
    )
        .prop_map(
            |(channels, operators, super_operators, bans, timeouts, staff_calls, (network_bans, paused))| {
                let sanction = |(timeout, kind): (&AccountTimeout, &str)| NameSanction {
                    name: timeout.character.clone(),
                    kind: kind.to_owned(),
                    until: timeout.until,
                };
                let name_sanctions = timeouts.iter().zip(["ban", "timeout", "hellban"]).map(sanction);
                canonical(Snapshot {
                    channels,
                    operators,
                    super_operators,
                    name_sanctions: name_sanctions.collect(),
                    hellbans: bans.clone(),
                    bans,
                    timeouts,
                    staff_calls,
                    network_bans,
                    registration_paused: paused,
                    ..Snapshot::default()
                })
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_saved_state_is_loaded(first in snapshot(), second in snapshot()) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        prop_assert_eq!(store.load_snapshot().unwrap(), None);
        prop_assert!(store.save_snapshot(&first).unwrap());
        prop_assert_eq!(store.load_snapshot().unwrap(), Some(first.clone()));
        prop_assert!(!store.save_snapshot(&first).unwrap(), "nothing had changed");
        prop_assert_eq!(store.save_snapshot(&second).unwrap(), first != second);
        let again = Store::open(folder.path()).unwrap();
        prop_assert_eq!(again.load_snapshot().unwrap(), Some(second));
    }
}

#[test]
fn an_empty_state_is_not_a_new_site() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.save_snapshot(&Snapshot::default()).unwrap());
    assert_eq!(store.load_snapshot().unwrap(), Some(Snapshot::default()));
}

#[test]
fn one_server_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut claim = Claim::take(&data).unwrap();
    let refused = Claim::take(&data).unwrap_err();
    let own = std::process::id();
    assert!(
        matches!(refused, StoreError::InUse { pid: Some(pid), .. } if pid == own),
        "{refused}"
    );
    assert!(
        refused.to_string().contains(&format!("(process {own})")),
        "{refused}"
    );
    claim.note("a rather long note").unwrap();
    claim.note("serving").unwrap();
    let holder = Claim::holder(&data).unwrap().unwrap();
    assert_eq!((holder.pid, holder.note.as_str()), (Some(own), "serving"));
    drop(claim);
    assert_eq!(Claim::holder(&data).unwrap(), None);
    assert_eq!(Claim::holder(folder.path()).unwrap(), None);
    Claim::take(&data).unwrap();
}
