//! Connections between machines are cut, both ways or one way.

use super::people::person;
use super::stand::{Machine, Stand};

const PATIENT: &str = "cluster_patience=600";
const SILENCE: &str = "cluster_silence=3";

/// The stand, where its connections can be cut.
fn stand(edges: usize, settings: &[&str]) -> Option<Stand> {
    let stand = Stand::start(edges, settings);
    if stand.net.has_cables() {
        return Some(stand);
    }
    eprintln!("Loopback addresses have no cables: left out.");
    None
}

/// Packets of these directions are lost until the view has changed. One of the cores goes on, and nobody hears of it.
fn mute_until_the_view_changes(row: &str, directions: impl Fn(usize, usize) -> Vec<(Machine, Machine)>) {
    let Some(mut stand) = stand(2, &[SILENCE, PATIENT]) else {
        return;
    };
    let crowd = stand.crowd();
    let view: u64 = stand.view().parse().unwrap();
    let directions = directions(stand.leader, stand.standby());
    for &(from, to) in &directions {
        stand.mute(from, to);
    }
    fchatd_engines::eventually("the view changes", || {
        stand.await_any_leader();
        stand.view().parse::<u64>().unwrap() > view
    });
    for &(from, to) in &directions {
        stand.unmute(from, to);
    }
    stand.await_protection();
    stand.end(row, crowd);
}

#[test]
fn only_the_connection_between_the_cores_is_cut() {
    mute_until_the_view_changes("cores cut off from each other", |leader, standby| {
        let (leader, standby) = (Machine::Core(leader), Machine::Core(standby));
        vec![(leader, standby), (standby, leader)]
    });
}

#[test]
fn the_standby_hears_nothing_of_the_leader_which_hears_it() {
    mute_until_the_view_changes("leader to standby lost", |leader, standby| {
        vec![(Machine::Core(leader), Machine::Core(standby))]
    });
}

#[test]
fn the_leader_hears_nothing_of_the_standby_which_hears_it() {
    mute_until_the_view_changes("standby to leader lost", |leader, standby| {
        vec![(Machine::Core(standby), Machine::Core(leader))]
    });
}

#[test]
fn the_leader_is_cut_off_from_the_engine_only() {
    let Some(stand) = stand(2, &["cluster_silence=20", PATIENT]) else {
        return;
    };
    let crowd = stand.crowd();
    let view = stand.view();
    let leader = Machine::Core(stand.leader);
    for member in 0..3 {
        stand.mute(leader, Machine::Etcd(member));
        stand.mute(Machine::Etcd(member), leader);
    }
    stand
        .core(stand.leader)
        .await_log("does not answer, and the chat goes on");
    assert_eq!(stand.view(), view);
    for member in 0..3 {
        stand.unmute(leader, Machine::Etcd(member));
        stand.unmute(Machine::Etcd(member), leader);
    }
    stand.core(stand.leader).await_log("answers again");
    assert_eq!(stand.view(), view);
    stand.end("leader cut off from etcd", crowd);
}

#[test]
fn an_edge_that_the_leader_does_not_hear_closes_its_connections_and_others_notice_nothing() {
    let Some(mut stand) = stand(3, &["cluster_silence=2", "cluster_patience=2", "drain_time=0"]) else {
        return;
    };
    let lost = stand.edges.pop().flatten().unwrap();
    let mut guest = person(&lost, "person 90", "Person 90");
    // The others talk on the edges that are left.
    let crowd = stand.crowd();
    for core in 0..2 {
        stand.mute(Machine::Edge(2), Machine::Core(core));
    }
    stand.core(stand.leader).await_log("the edge edge-2 is gone");
    while guest.next_text().unwrap().is_some() {}
    assert_eq!(guest.closed_with, Some(1012));
    for core in 0..2 {
        stand.unmute(Machine::Edge(2), Machine::Core(core));
    }
    stand.end("edge to cores lost", crowd);
    person(&lost, "person 90", "Person 90");
}
