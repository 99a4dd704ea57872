//! Two cores and a real engine that decides which one leads: cores and the engine die, freeze and come back, nobody gives an order,
//! and people on two edges notice nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use fchatd_engines::{EtcdCluster, NatsCluster, PASSWORD, PostgresServer};
use rustix::process::Signal;

use super::cores::{Pair, Talk, describe, description};
use super::join;
use crate::login_site::login_site;
use crate::site::{PATIENCE, Server};
use crate::websocket::WebSocket;

fn by_etcd(etcd: &EtcdCluster) -> Vec<String> {
    vec![
        "cluster=etcd".to_owned(),
        format!("cluster_engine={}", etcd.urls().join(",")),
    ]
}

fn start(decider: &[String], options: &[&str], settings: &[&str]) -> Pair {
    let decider: Vec<&str> = decider.iter().map(String::as_str).collect();
    Pair::start_by(&decider, options, settings)
}

/// The leader is killed, and the other core leads.
fn replace_leader(pair: &mut Pair) {
    let dead = pair.leader;
    pair.kill(dead);
    pair.await_leader(1 - dead);
    pair.start_core(dead);
    pair.await_protection();
}

fn assert_calm(pair: &Pair) {
    let logs = pair.logs();
    assert!(!logs.contains("does not come to"), "{logs}");
    assert!(!logs.contains("panicked"), "{logs}");
}

/// Two people with a private conversation, which shows whether the chat goes on.
struct Whisper(WebSocket, WebSocket);

impl Whisper {
    fn on(edges: [&Server; 2]) -> Self {
        Self(
            WebSocket::log_in(edges[0], "Eve", "any"),
            WebSocket::log_in(edges[1], "Fay", "any"),
        )
    }

    fn say(&mut self, text: &str) {
        self.0
            .say(&format!(r#"PRI {{"recipient":"Fay","message":"{text}"}}"#));
    }

    fn hear(&mut self, text: &str) {
        let heard = self.1.await_text("PRI ");
        assert!(heard.contains(text), "{heard} for {text}");
    }
}

#[test]
fn leaders_and_standbys_die_and_nobody_notices() {
    let etcd = EtcdCluster::start(1);
    let mut pair = start(&by_etcd(&etcd), &["--dev"], &[]);
    let (_first_site, first) = pair.edge("edge-a");
    let (_second_site, second) = pair.edge("edge-b");
    let talk = Talk::on([&first, &second]);
    for _ in 0..3 {
        replace_leader(&mut pair);
    }
    let standby = 1 - pair.leader;
    pair.kill(standby);
    pair.start_core(standby);
    pair.await_protection();
    for _ in 0..3 {
        pair.hand_over();
        pair.await_protection();
    }
    // A leader that ends in order gives over first.
    let ended = pair.leader;
    let core = pair.cores[ended].take().unwrap();
    core.terminate();
    assert_eq!(core.ended().code, Some(0));
    pair.await_leader(1 - ended);
    pair.start_core(ended);
    pair.await_protection();
    let lines = talk.end();
    assert!(lines > 20, "{lines} lines");
    assert_calm(&pair);
}

/// A leader is killed, one gives over, and a standby dies, while people talk and this engine decides.
fn assert_decides(decider: &[String]) {
    let mut pair = start(decider, &["--dev"], &[]);
    let (_first_site, first) = pair.edge("edge-a");
    let (_second_site, second) = pair.edge("edge-b");
    let talk = Talk::on([&first, &second]);
    replace_leader(&mut pair);
    pair.hand_over();
    pair.await_protection();
    let standby = 1 - pair.leader;
    pair.kill(standby);
    pair.start_core(standby);
    pair.await_protection();
    talk.end();
    assert_calm(&pair);
    assert!(!pair.logs().contains(PASSWORD));
}

#[test]
fn postgresql_decides_as_well() {
    let postgres = PostgresServer::start(&["fsync=off"]);
    assert_decides(&[
        "cluster=postgres".to_owned(),
        format!("cluster_engine={}", postgres.url()),
        format!("cluster_engine_password={PASSWORD}"),
    ]);
}

#[test]
fn nats_decides_as_well() {
    let nats = NatsCluster::start(1, "");
    assert_decides(&[
        "cluster=nats".to_owned(),
        format!("cluster_engine={}", nats.urls().join(",")),
    ]);
}

#[test]
fn a_frozen_leader_is_replaced_and_stands_by_when_it_wakes() {
    let etcd = EtcdCluster::start(1);
    let mut pair = start(&by_etcd(&etcd), &["--dev"], &["cluster_silence=4"]);
    let (_first_site, first) = pair.edge("edge-a");
    let (_second_site, second) = pair.edge("edge-b");
    let talk = Talk::on([&first, &second]);
    let frozen = pair.leader;
    pair.core(frozen).signal(Signal::STOP);
    pair.await_leader(1 - frozen);
    pair.core(frozen).signal(Signal::CONT);
    pair.core(frozen).await_log("this core stands by");
    pair.await_protection();
    talk.end();
    assert_calm(&pair);
}

#[test]
fn a_handover_to_a_standby_that_hangs_ends_by_itself() {
    let etcd = EtcdCluster::start(1);
    let pair = start(&by_etcd(&etcd), &["--dev"], &["cluster_silence=4"]);
    let (_site, edge) = pair.edge("edge-a");
    let mut whisper = Whisper::on([&edge, &edge]);
    let (leader, standby) = (pair.leader, 1 - pair.leader);
    pair.core(standby).signal(Signal::STOP);
    pair.run(leader, &["cluster", "handover"])
        .assert_refused(&["this core leads on, without a standby"]);
    whisper.say("still here");
    whisper.hear("still here");
    pair.core(standby).signal(Signal::CONT);
    pair.await_protection();
    pair.core(standby).await_log("has everything");
}

#[test]
fn the_chat_goes_on_without_its_engine_and_a_new_leader_waits_for_it() {
    let mut etcd = EtcdCluster::start(1);
    let mut pair = start(&by_etcd(&etcd), &["--dev"], &[]);
    let (_first_site, first) = pair.edge("edge-a");
    let (_second_site, second) = pair.edge("edge-b");
    let talk = Talk::on([&first, &second]);
    let mut whisper = Whisper::on([&first, &second]);
    etcd.kill(0);
    for core in 0..2 {
        pair.core(core).await_log("does not answer, and the chat goes on");
    }
    let status = pair.run(pair.leader, &["cluster", "status"]);
    assert!(status.stdout.contains("has everything"), "{status:?}");
    status.assert_refused(&["while the engine does not answer"]);
    pair.run(pair.leader, &["cluster", "handover"])
        .assert_refused(&["etcd does not answer"]);
    pair.run(1 - pair.leader, &["cluster", "promote", "--force"])
        .assert_refused(&["does not answer, so no core can begin to lead"]);
    whisper.say("without an engine");
    whisper.hear("without an engine");
    let dead = pair.leader;
    pair.kill(dead);
    pair.core(1 - dead).await_log("can lead only when etcd answers");
    whisper.say("when it is back");
    etcd.start_again(0);
    whisper.hear("when it is back");
    pair.await_leader(1 - dead);
    pair.start_core(dead);
    pair.await_protection();
    talk.end();
    assert_calm(&pair);
}

#[test]
fn a_leader_whose_standby_dies_without_an_engine_holds_its_output_until_the_engine_is_back() {
    let mut etcd = EtcdCluster::start(1);
    let mut pair = start(&by_etcd(&etcd), &["--dev"], &[]);
    let (_site, edge) = pair.edge("edge-a");
    let mut whisper = Whisper::on([&edge, &edge]);
    etcd.kill(0);
    let leader = pair.leader;
    pair.core(leader)
        .await_log("does not answer, and the chat goes on");
    pair.kill(1 - leader);
    pair.core(leader).await_log("so nothing goes out to clients");
    whisper.say("held");
    etcd.start_again(0);
    whisper.hear("held");
    pair.start_core(1 - leader);
    pair.await_protection();
}

#[test]
fn both_cores_die_and_one_leads_again_from_its_disk() {
    let mut etcd = EtcdCluster::start(1);
    let mut pair = start(&by_etcd(&etcd), &[], &[&login_site(), "cluster_silence=1"]);
    let (_site, edge) = pair.edge("edge-a");
    let (mut ada, _) = WebSocket::log_in_as(&edge, "ada", "staff", "Ada 1");
    join(&mut ada);
    // Both were there: whichever is back alone has all changes that were answered.
    for (round, alone) in [(0, 1), (1, 0)] {
        let (mut ada, _) = WebSocket::log_in_as(&edge, "ada", "staff", "Ada 1");
        ada.say(r#"JCH {"channel":"Frontpage"}"#);
        describe(&mut ada, round);
        // Without the engine, none of the two takes over between their deaths.
        etcd.kill(0);
        pair.kill(pair.leader);
        pair.kill(1 - pair.leader);
        etcd.start_again(0);
        pair.start_core(alone);
        pair.await_leader(alone);
        assert_eq!(ada.closed(), 1012);
        let described = description(&edge);
        assert!(described.contains(&format!("number {round}.")), "{described}");
        pair.start_core(1 - alone);
        pair.await_protection();
    }
    // The core that led alone leads again, and nobody else does.
    let (alone, other) = (pair.leader, 1 - pair.leader);
    pair.kill(other);
    pair.core(alone).await_log("this core leads alone");
    let begin = Instant::now();
    while !pair
        .run(alone, &["cluster", "status"])
        .stdout
        .contains("without a standby\n")
    {
        assert!(begin.elapsed() < PATIENCE, "{}", pair.logs());
    }
    pair.kill(alone);
    pair.start_core(other);
    pair.core(other).await_log("waits for the core core-");
    pair.run(other, &["cluster", "promote"])
        .assert_refused(&["etcd decides", "--force"]);
    pair.start_core(alone);
    pair.await_leader(alone);
    pair.await_protection();
    // The operator decides when that core is gone for good.
    pair.kill(other);
    pair.kill(alone);
    pair.start_core(other);
    let begin = Instant::now();
    while pair.run(other, &["cluster", "promote", "--force"]).code != Some(0) {
        let status = pair.run(other, &["cluster", "status"]);
        if status.stdout.contains(": leads in view") {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{}", pair.logs());
    }
    pair.await_leader(other);
}

/// The standby dies, and the leader can't write down that it is gone: nothing goes out until it can.
fn hold_while_the_disk_fails(mut pair: Pair) {
    let (_site, edge) = pair.edge("edge-a");
    let mut whisper = Whisper::on([&edge, &edge]);
    whisper.say("before");
    whisper.hear("before");
    let leader = pair.leader;
    let obstacle = pair.sites[leader].path("data/cluster-view.new");
    fs::create_dir(&obstacle).unwrap();
    fs::write(obstacle.join("file"), "in the way").unwrap();
    pair.kill(1 - leader);
    pair.core(leader).await_log("so nothing goes out to clients");
    whisper.say("held back");
    // Later lines wait as well, however long it takes.
    thread::sleep(Duration::from_millis(300));
    whisper.say("held back, too");
    fs::remove_file(obstacle.join("file")).unwrap();
    fs::remove_dir(&obstacle).unwrap();
    whisper.hear("held back");
    whisper.hear("held back, too");
    pair.start_core(1 - leader);
    pair.await_protection();
}

#[test]
fn a_view_that_an_operator_decides_and_that_cant_be_written_holds_all_output() {
    hold_while_the_disk_fails(Pair::start(&["--dev"], &[]));
}

#[test]
fn a_view_that_an_engine_decides_and_that_cant_be_written_holds_all_output() {
    let etcd = EtcdCluster::start(1);
    hold_while_the_disk_fails(start(&by_etcd(&etcd), &["--dev"], &[]));
}

#[test]
fn a_new_cluster_waits_for_its_first_order() {
    let etcd = EtcdCluster::start(1);
    let decider = by_etcd(&etcd);
    let decider: Vec<&str> = decider.iter().map(String::as_str).collect();
    let mut pair = Pair::prepare(&decider, &["--dev"], &[]);
    pair.start_core(0);
    let log = pair.core(0).await_log("no core has led yet");
    assert!(log.contains("etcd decides which core leads"), "{log}");
    pair.run(0, &["cluster", "status"])
        .assert_refused(&["no core leads as far as this one knows"]);
    pair.promote(0);
    pair.run(0, &["cluster", "promote"])
        .assert_refused(&["leads already"]);
    pair.start_core(1);
    pair.await_protection();
    let status = pair.run(0, &["cluster", "status"]);
    assert!(
        status.stdout.contains("etcd: answers; core-0 leads in view"),
        "{status:?}"
    );
    assert!(status.stdout.contains("core-1 is its standby"), "{status:?}");
    assert!(status.stdout.contains("no edge is attached"), "{status:?}");
    pair.run(1, &["cluster", "promote"])
        .assert_refused(&["core-0 leads in view", "cluster handover"]);
    pair.run(1, &["cluster", "handover"])
        .assert_refused(&["does not lead"]);
    let json = pair.run(1, &["cluster", "status", "--json"]);
    assert!(json.stdout.contains(r#""engine":"etcd""#), "{json:?}");
    // Another core with the name of the leader is told so, also when the leader is alone.
    pair.kill(1);
    pair.core(0).await_log("this core leads alone");
    pair.refuse_twin(0, "give each core a name of its own");
    pair.start_core(1);
    pair.await_protection();
}

/// Sends a request to etcd's JSON gateway, as a person with other tools would.
fn change_record(etcd: &EtcdCluster, path: &str, value: &str) {
    let url = etcd.urls().remove(0);
    let address = url.trim_start_matches("http://");
    let key = "ZmNoYXRkL2NoYXQvdmlldw==";
    let body = format!(r#"{{"key":"{key}"{value}}}"#);
    let request = format!(
        "POST /v3/kv/{path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("200 OK"), "{answer}");
}

#[test]
fn a_record_that_another_hand_has_changed_is_told_and_makes_no_second_leader() {
    let etcd = EtcdCluster::start(1);
    let mut pair = start(&by_etcd(&etcd), &["--dev"], &["drain_time=0"]);
    let (_site, edge) = pair.edge("edge-a");
    let mut whisper = Whisper::on([&edge, &edge]);
    let leader = pair.leader;
    // "nonsense"
    change_record(&etcd, "put", r#","value":"bm9uc2Vuc2U=""#);
    pair.core(leader).await_log("can't be read");
    whisper.say("after nonsense");
    whisper.hear("after nonsense");

    change_record(&etcd, "deleterange", "");
    pair.core(leader).await_log("the engine has forgotten something");
    pair.core(1 - leader)
        .await_log("the engine has forgotten something");
    pair.run(leader, &["cluster", "status"])
        .assert_refused(&["an operator has to decide"]);
    pair.run(leader, &["cluster", "promote"])
        .assert_refused(&["has forgotten something", "--force"]);
    whisper.say("without a record");
    whisper.hear("without a record");
    let forced = pair.run(leader, &["cluster", "promote", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    pair.await_protection();
    whisper.say("with a new record");
    whisper.hear("with a new record");

    // View 90 of the leader "core-9", which does not exist: both cores follow the record.
    let far = "eyJlcG9jaCI6OTAsImxlYWRlciI6ImNvcmUtOSIsInN0YW5kYnkiOm51bGwsIndyb3RlIjoibWUiLCJub25jZSI6IjEiLCJhdCI6e319";
    change_record(&etcd, "put", &format!(r#","value":"{far}""#));
    pair.core(leader).await_log("the core core-9 leads, in view 90");
    pair.run(leader, &["cluster", "promote"])
        .assert_refused(&["names core-9 in view 90", "--force"]);
    let forced = pair.run(1 - leader, &["cluster", "promote", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    pair.leader = 1 - leader;
    pair.await_protection();
}
