//! Two cores, of which one leads: the standby takes over by hand, and people on two edges notice nothing.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::nodes::{borrowed, words};
use super::{join, say};
use crate::login_site::login_site;
use crate::site::{Ended, PATIENCE, Server, Site};
use crate::websocket::WebSocket;

const NAMES: [&str; 4] = ["Ada", "Bob", "Cem", "Dot"];

/// Two cores, one of them the leader.
struct Pair {
    sites: [Site; 2],
    cores: [Option<Server>; 2],
    ports: [u16; 2],
    options: Vec<String>,
    leader: usize,
}

impl Pair {
    /// Starts both cores; the first one leads, and the other one is its standby.
    fn start(options: &[&str], settings: &[&str]) -> Self {
        // Both must know the other's port before it listens.
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = listeners
            .each_ref()
            .map(|listener| listener.local_addr().unwrap().port());
        drop(listeners);
        let sites = [Site::new(), Site::new()];
        sites[0].run(&["cluster", "key"]).assert_done();
        fs::copy(sites[0].path("cluster.pem"), sites[1].path("cluster.pem")).unwrap();
        let cores = format!("cores=127.0.0.1:{},127.0.0.1:{}", ports[0], ports[1]);
        let own = [
            "role=core",
            "cluster=manual",
            "cluster_bind=127.0.0.1",
            &cores,
            "msg_flood=0",
            "max_per_ip=100",
            "cluster_silence=20",
            "cluster_patience=600",
        ];
        let mut all: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        all.extend(words(own.iter().chain(settings)));
        let mut pair = Self {
            sites,
            cores: [None, None],
            ports,
            options: all,
            leader: 0,
        };
        pair.start_core(0);
        pair.promote(0);
        pair.start_core(1);
        pair.await_protection();
        pair
    }

    fn start_core(&mut self, core: usize) {
        let own = [
            format!("node=core-{core}"),
            format!("cluster_port={}", self.ports[core]),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let own = words(own.iter());
        let all = [borrowed(&self.options), borrowed(&own)].concat();
        self.cores[core] = Some(self.sites[core].start_logging(&all, "info"));
    }

    fn run(&self, core: usize, words: &[&str]) -> Ended {
        self.sites[core].run(words)
    }

    /// Promotes a core as soon as it has noticed that there is no leader.
    fn promote(&mut self, core: usize) {
        let begin = Instant::now();
        loop {
            let promoted = self.run(core, &["cluster", "promote"]);
            if promoted.code == Some(0) {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "{promoted:?}");
        }
        self.leader = core;
    }

    fn await_protection(&self) {
        let begin = Instant::now();
        loop {
            let status = self.run(self.leader, &["cluster", "status"]);
            if status.stdout.contains(": leads in view") && status.stdout.contains("has everything") {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "{status:?} {}", self.logs());
        }
    }

    fn hand_over(&mut self) {
        let done = self.run(self.leader, &["cluster", "handover"]);
        assert_eq!(done.code, Some(0), "{done:?} {}", self.logs());
        self.leader = 1 - self.leader;
    }

    /// Kills a core, starts it again later.
    fn kill(&mut self, core: usize) {
        self.cores[core] = None;
    }

    fn logs(&self) -> String {
        let logs = self.cores.iter().flatten().map(Server::logged);
        logs.collect::<Vec<_>>().join("\n-- the other core:\n")
    }

    fn edge(&self, name: &str) -> (Site, Server) {
        let site = Site::new();
        fs::copy(self.sites[0].path("cluster.pem"), site.path("cluster.pem")).unwrap();
        let own = [
            "role=edge".to_owned(),
            format!("node={name}"),
            format!("cores=127.0.0.1:{},127.0.0.1:{}", self.ports[0], self.ports[1]),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let words = words(own.iter());
        let edge = site.start_logging(&borrowed(&words), "info");
        (site, edge)
    }
}

/// People who talk until they are stopped.
struct Talk {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<(Vec<WebSocket>, usize)>,
}

impl Talk {
    fn begin(mut people: Vec<WebSocket>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut lines = 0;
            while !over.load(Ordering::Relaxed) {
                for person in &mut people {
                    say(person, &format!("line {lines}."));
                }
                lines += 1;
                thread::sleep(Duration::from_millis(5));
            }
            (people, lines)
        });
        Self { is_over, thread }
    }

    /// Everybody has heard all lines of all others, each once, in one order.
    fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        let (mut people, lines) = self.thread.join().unwrap();
        let all = (NAMES.len() - 1) * lines;
        let heard = people
            .iter_mut()
            .map(|person| (0..all).map(|_| person.await_text("MSG ")).collect());
        let heard: Vec<Vec<String>> = heard.collect();
        for (listener, texts) in NAMES.iter().zip(&heard) {
            for speaker in NAMES.iter().filter(|speaker| *speaker != listener) {
                let by = format!(r#""character":"{speaker}""#);
                let said: Vec<&String> = texts.iter().filter(|text| text.contains(&by)).collect();
                assert_eq!(said.len(), lines, "{listener} hears {speaker}");
                for (number, line) in said.iter().enumerate() {
                    let expected = format!("line {number}.");
                    assert!(line.contains(&expected), "{listener}: {line} for {number}");
                }
            }
        }
        let without = |texts: &[String], names: [&str; 2]| -> Vec<String> {
            let by = names.map(|name| format!(r#""character":"{name}""#));
            let is_other = |text: &&String| !by.iter().any(|by| text.contains(by));
            texts.iter().filter(is_other).cloned().collect()
        };
        for other in 1..NAMES.len() {
            let pair = [NAMES[0], NAMES[other]];
            assert_eq!(without(&heard[0], pair), without(&heard[other], pair));
        }
        lines
    }
}

#[test]
fn the_leader_changes_again_and_again_and_nobody_notices() {
    let mut pair = Pair::start(&["--dev"], &[]);
    let (_first_site, first) = pair.edge("edge-a");
    let (_second_site, second) = pair.edge("edge-b");
    let mut people: Vec<WebSocket> = NAMES
        .iter()
        .zip([&first, &second, &first, &second])
        .map(|(name, edge)| WebSocket::log_in(edge, name, "any"))
        .collect();
    people.iter_mut().for_each(join);
    let talk = Talk::begin(people);
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

/// Changes the description of a channel, and waits for the answer, which comes when both cores have it on disk.
fn describe(person: &mut WebSocket, number: usize) {
    person.say(&format!(
        r#"CDS {{"channel":"Frontpage","description":"number {number}."}}"#
    ));
    loop {
        if person.await_text("CDS ").contains(&format!("number {number}.")) {
            return;
        }
    }
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
    let (mut ada, _) = WebSocket::log_in_as(&edge, "ada", "staff", "Ada 1");
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    // Staff come into further channels by themselves.
    let described = loop {
        let described = ada.await_text("CDS ");
        if described.contains("Frontpage") {
            break described;
        }
    };
    assert!(described.contains("number 200."), "{described}");
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
    check(&["role=core", "cluster=etcd"]).assert_refused(&["must be empty or \"manual\""]);
    let accepted = check(&[&pair[..], &["cluster_accounts=leader-only"]].concat());
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    let accepted = check(&[&pair[..], &["login_url=http://127.0.0.1:1/login"]].concat());
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
}
