//! Processes and machines die.

use super::people::{await_description, change_description, person};
use super::rounds;
use super::stand::{Machine, Stand};

/// A silence that a busy machine does not reach by itself.
const LONG: &str = "cluster_silence=20";
const PATIENT: &str = "cluster_patience=600";

#[test]
fn the_process_of_the_leader_is_killed() {
    let mut stand = Stand::start(3, &[LONG, PATIENT]);
    let crowd = stand.crowd();
    for _ in 0..rounds() {
        let dead = stand.leader;
        stand.kill(dead);
        stand.await_leader(1 - dead);
        stand.start_core(dead);
        stand.await_protection();
    }
    stand.end("leader killed", crowd);
}

#[test]
fn a_change_that_is_under_way_when_the_leader_dies_is_answered() {
    let mut stand = Stand::start(1, &[LONG, PATIENT]);
    let mut ada = person(stand.edge(0), "staff", "Ada 1");
    for round in 0..rounds().max(5) {
        change_description(&mut ada, round);
        let dead = stand.leader;
        stand.kill(dead);
        // No other change follows, whose answer would tell of this one, too.
        await_description(&mut ada, round);
        stand.start_core(dead);
        stand.await_protection();
    }
    stand.assert_calm();
}

#[test]
fn the_process_of_the_standby_is_killed() {
    let mut stand = Stand::start(2, &[LONG, PATIENT]);
    let crowd = stand.crowd();
    for _ in 0..rounds() {
        let dead = stand.standby();
        stand.kill(dead);
        stand.core(stand.leader).await_log("this core leads alone");
        stand.start_core(dead);
        stand.await_protection();
        assert_eq!(stand.standby(), dead);
    }
    stand.end("standby killed", crowd);
}

#[test]
fn the_leader_freezes() {
    let mut stand = Stand::start(2, &["cluster_silence=3", PATIENT]);
    let crowd = stand.crowd();
    for _ in 0..rounds() {
        let frozen = stand.leader;
        stand.freeze(frozen);
        stand.await_leader(1 - frozen);
        stand.thaw(frozen);
        stand.await_protection();
    }
    stand.end("leader frozen", crowd);
}

#[test]
fn the_standby_freezes() {
    let mut stand = Stand::start(2, &["cluster_silence=3", PATIENT]);
    let crowd = stand.crowd();
    let frozen = stand.standby();
    stand.freeze(frozen);
    stand.core(stand.leader).await_log("this core leads alone");
    stand.thaw(frozen);
    stand.await_protection();
    stand.end("standby frozen", crowd);
}

#[test]
fn the_machine_of_the_leader_dies_together_with_the_leader_of_etcd() {
    let mut stand = Stand::start(2, &["cluster_silence=3", PATIENT]);
    let crowd = stand.crowd();
    for _ in 0..rounds() {
        let (dead, member) = (stand.leader, stand.etcd.leader().unwrap_or(0));
        stand.etcd.kill(member);
        stand.kill(dead);
        stand.await_leader(1 - dead);
        stand.etcd.start_again(member);
        stand.start_core(dead);
        stand.await_protection();
    }
    stand.end("leader and etcd's leader killed", crowd);
}

#[test]
fn all_of_etcd_dies_and_then_the_leader() {
    let mut stand = Stand::start(2, &[LONG, PATIENT]);
    let crowd = stand.crowd();
    let view = stand.view();
    (0..3).for_each(|member| stand.etcd.kill(member));
    for core in 0..2 {
        stand
            .core(core)
            .await_log("does not answer, and the chat goes on");
    }
    assert_eq!(stand.view(), view);
    let dead = stand.leader;
    stand.kill(dead);
    stand.core(1 - dead).await_log("can lead only when etcd answers");
    (0..3).for_each(|member| stand.etcd.start_again(member));
    stand.await_leader(1 - dead);
    stand.start_core(dead);
    stand.await_protection();
    stand.end("etcd killed, then the leader", crowd);
}

#[test]
fn people_of_a_dead_edge_come_back_on_another_one_and_others_notice_nothing() {
    let mut stand = Stand::start(3, &["cluster_silence=3", PATIENT]);
    let edge = stand.edges.pop().flatten().unwrap();
    let mut guest = person(&edge, "person 90", "Person 90");
    let crowd = stand.crowd();
    drop(edge);
    stand.core(stand.leader).await_log("the edge edge-2 is gone");
    // The first connection is gone without a close frame.
    while guest.next_text().is_ok_and(|text| text.is_some()) {}
    stand.end("edge killed", crowd);
    person(stand.edge(0), "person 90", "Person 90");
}

#[test]
fn the_disk_of_the_standby_is_full() {
    let mut stand = Stand::start(2, &[LONG, PATIENT]);
    if !stand.net.has_cables() {
        eprintln!("A small disk needs root: left out.");
        return;
    }
    let full = stand.standby();
    stand.kill(full);
    stand.core(stand.leader).await_log("this core leads alone");
    let disk = super::disk::Disk::mount(&stand.site(full).path("data"));
    stand.start_core(full);
    stand.await_protection();
    let crowd = stand.crowd();
    let alone = stand
        .core(stand.leader)
        .logged()
        .matches("this core leads alone")
        .count();
    disk.fill();
    fchatd_engines::eventually("the standby is given up", || {
        let log = stand.core(stand.leader).logged();
        log.matches("this core leads alone").count() > alone
    });
    disk.empty();
    stand.await_protection();
    assert_eq!(stand.standby(), full);
    stand.finish("disk of the standby full", crowd);
    stand.kill(full);
}

#[test]
fn the_machine_of_the_leader_is_cut_off_and_comes_back() {
    let mut stand = Stand::start(2, &["cluster_silence=3", PATIENT]);
    if !stand.net.has_cables() {
        eprintln!("Loopback addresses have no cables: left out.");
        return;
    }
    let crowd = stand.crowd();
    for _ in 0..rounds() {
        let cut = stand.leader;
        stand.unplug(Machine::Core(cut));
        stand.await_leader(1 - cut);
        stand.plug_in(Machine::Core(cut));
        stand.await_protection();
    }
    stand.end("leader cut off", crowd);
}
