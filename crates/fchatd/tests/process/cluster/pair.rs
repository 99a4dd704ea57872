//! Two cores, of which one leads: the standby takes over by hand, and people on two edges notice nothing.

use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use super::cores::{Pair, Talk, describe, description};
use super::join;
use super::nodes::{borrowed, words};
use crate::login_site::{converse, login_site};
use crate::site::{PATIENCE, Site};
use crate::websocket::{WebSocket, log_in};

#[test]
fn the_leader_changes_again_and_again_and_nobody_notices() {
    let mut pair = Pair::start(&["--dev"], &[]);
    let (_first_site, first) = pair.edge("edge-a");
    let (_second_site, second) = pair.edge("edge-b");
    let talk = Talk::on([&first, &second]);
    for _ in 0..10 {
        pair.hand_over();
        pair.await_protection();
    }
    for _ in 0..3 {
        let dead = pair.leader;
        pair.kill(dead);
        pair.promote(1 - dead);
        pair.start_core(dead);
        pair.await_protection();
    }
    for _ in 0..2 {
        let standby = 1 - pair.leader;
        pair.kill(standby);
        pair.start_core(standby);
        pair.await_protection();
    }
    let lines = talk.end();
    assert!(lines > 20, "{lines} lines");
    let logs = pair.logs();
    assert!(!logs.contains("does not come to"), "{logs}");
    assert!(!logs.contains("panicked"), "{logs}");
}

#[test]
fn a_change_that_was_answered_is_on_the_disks_of_both_cores() {
    let mut pair = Pair::start(&[], &[&login_site()]);
    let (_site, edge) = pair.edge("edge-a");
    let (mut ada, _) = WebSocket::log_in_as(&edge, "ada", "staff", "Ada 1");
    join(&mut ada);
    for round in 0..3 {
        describe(&mut ada, round);
        let dead = pair.leader;
        pair.kill(dead);
        pair.promote(1 - dead);
        describe(&mut ada, 100 + round);
        pair.start_core(dead);
        pair.await_protection();
    }
    describe(&mut ada, 200);
    // Both die. The standby alone starts from its disk.
    let (leader, standby) = (pair.leader, 1 - pair.leader);
    pair.kill(leader);
    pair.kill(standby);
    pair.start_core(standby);
    pair.run(standby, &["cluster", "promote"])
        .assert_refused(&["not sure to hold everything", "--force"]);
    let forced = pair.run(standby, &["cluster", "promote", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    // The core knows nothing of the connections of the time before.
    assert_eq!(ada.closed(), 1012);
    let described = description(&edge);
    assert!(described.contains("number 200."), "{described}");
}

#[test]
fn a_log_in_check_that_is_open_when_a_standby_joins_is_asked_again_by_it() {
    let site = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("login_url=http://{}/login.php", site.local_addr().unwrap());
    let mut pair = Pair::start(&[], &[&url, "logintimeout=3600"]);
    let (_site, edge) = pair.edge("edge-a");
    let (leader, standby) = (pair.leader, 1 - pair.leader);
    pair.kill(standby);
    let mut person = WebSocket::open(&edge);
    person.say(&log_in("person 1", "person 1", "Person 1"));
    let (unanswered, _) = site.accept().unwrap();
    // The standby knows the check by the image only.
    pair.start_core(standby);
    pair.await_protection();
    pair.kill(leader);
    drop(unanswered);
    thread::spawn(move || {
        for stream in site.incoming().flatten() {
            thread::spawn(move || converse(stream));
        }
    });
    pair.promote(standby);
    let answer = person.text();
    assert!(answer.starts_with("IDN "), "{answer}");
}

#[test]
fn orders_that_would_lose_something_are_refused_with_a_reason() {
    let mut pair = Pair::start(&["--dev"], &["drain_time=0"]);
    let (leader, standby) = (pair.leader, 1 - pair.leader);
    pair.run(standby, &["cluster", "promote"])
        .assert_refused(&["core-0 leads and answers", "cluster handover"]);
    pair.run(leader, &["cluster", "promote"])
        .assert_refused(&["leads already"]);
    pair.run(standby, &["cluster", "handover"])
        .assert_refused(&["does not lead"]);
    pair.run(standby, &["ban", "add", "203.0.113.0/24", "--for", "1d"])
        .assert_refused(&["is a standby"]);
    let status = pair.run(standby, &["cluster", "status"]);
    assert!(
        status.stdout.contains("is the standby, and has everything"),
        "{status:?}"
    );
    assert_eq!(status.code, Some(0), "{status:?}");

    // A leader that has gone on alone knows more than the standby that comes back after its death.
    pair.kill(standby);
    let begin = Instant::now();
    loop {
        let status = pair.run(leader, &["cluster", "status"]);
        if status.stdout.contains("WITHOUT a standby") {
            status.assert_refused(&["not protected"]);
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{status:?}");
    }
    pair.run(leader, &["cluster", "handover"])
        .assert_refused(&["no standby that has everything"]);
    pair.kill(leader);
    pair.start_core(standby);
    pair.run(standby, &["cluster", "promote"])
        .assert_refused(&["not sure to hold everything", "--force"]);
    let forced = pair.run(standby, &["cluster", "promote", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    pair.leader = standby;
    // The old leader meets a later view, and stands by.
    pair.start_core(leader);
    pair.await_protection();
    let ended = pair.cores[pair.leader].take().map(|core| {
        core.terminate();
        core.ended()
    });
    assert_eq!(ended.and_then(|ended| ended.code), Some(0));
    pair.leader = 1 - pair.leader;
    let status = pair.run(pair.leader, &["cluster", "status"]);
    assert!(
        status.stdout.contains("leads in view"),
        "{status:?} {}",
        pair.logs()
    );
}

#[test]
fn settings_of_a_pair_that_do_not_go_together_are_refused() {
    let site = Site::new();
    site.run(&["cluster", "key"]).assert_done();
    let check = |settings: &[&str]| {
        let words = words(settings.iter());
        site.run(&[&borrowed(&words)[..], &["check"]].concat())
    };
    let pair = ["role=core", "cluster=manual", "cores=10.0.0.1:9730,10.0.0.2:9730"];
    check(&pair).assert_refused(&["login_url", "leader-only"]);
    check(&pair[..2]).assert_refused(&["needs cores"]);
    check(&["cluster=manual"]).assert_refused(&["only with role"]);
    check(&["role=core", "cluster=raft"]).assert_refused(&["\"etcd\", \"postgres\" or \"nats\""]);
    let etcd = ["role=core", "cluster=etcd", "cores=10.0.0.1:9730,10.0.0.2:9730"];
    check(&etcd).assert_refused(&["needs cluster_engine"]);
    check(&[&pair[..], &["cluster_engine=http://10.0.0.1:2379"]].concat())
        .assert_refused(&["only with an engine"]);
    let accepted = check(&[&pair[..], &["cluster_accounts=leader-only"]].concat());
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    let accepted = check(&[&pair[..], &["login_url=http://127.0.0.1:1/login"]].concat());
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
}
