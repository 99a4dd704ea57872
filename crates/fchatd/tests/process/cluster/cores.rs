//! Two cores as processes, and talking people while the lead changes.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::nodes::{borrowed, words};
use super::{join, say};
use crate::site::{Ended, PATIENCE, Server, Site};
use crate::websocket::WebSocket;

pub(super) const NAMES: [&str; 4] = ["Ada", "Bob", "Cem", "Dot"];

/// Two cores, one of them the leader.
pub(super) struct Pair {
    pub(super) sites: [Site; 2],
    pub(super) cores: [Option<Server>; 2],
    ports: [u16; 2],
    options: Vec<String>,
    pub(super) leader: usize,
}

impl Pair {
    /// Starts both cores; the first one leads, and the other one is its standby. An operator decides which core leads.
    pub(super) fn start(options: &[&str], settings: &[&str]) -> Self {
        Self::start_by(&["cluster=manual"], options, settings)
    }

    /// As [`Pair::start`], with these settings for the decision.
    pub(super) fn start_by(decider: &[&str], options: &[&str], settings: &[&str]) -> Self {
        let mut pair = Self::prepare(decider, options, settings);
        pair.start_core(0);
        pair.promote(0);
        pair.start_core(1);
        pair.await_protection();
        pair
    }

    /// Two folders for cores that do not run yet.
    pub(super) fn prepare(decider: &[&str], options: &[&str], settings: &[&str]) -> Self {
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
            "cluster_bind=127.0.0.1",
            &cores,
            "msg_flood=0",
            "max_per_ip=100",
            "cluster_silence=20",
            "cluster_patience=600",
        ];
        let mut all: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        all.extend(words(own.iter().chain(decider).chain(settings)));
        Self {
            sites,
            cores: [None, None],
            ports,
            options: all,
            leader: 0,
        }
    }

    pub(super) fn start_core(&mut self, core: usize) {
        let own = [
            format!("node=core-{core}"),
            format!("cluster_port={}", self.ports[core]),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let own = words(own.iter());
        let all = [borrowed(&self.options), borrowed(&own)].concat();
        self.cores[core] = Some(self.sites[core].start_logging(&all, "info"));
    }

    /// Starts another core with the name of this one, and waits until its log has something in it.
    pub(super) fn refuse_twin(&self, core: usize, part: &str) {
        let site = Site::new();
        fs::copy(self.sites[0].path("cluster.pem"), site.path("cluster.pem")).unwrap();
        let node = format!("node=core-{core}");
        let own = words([node.as_str(), "cluster_port=0"].iter());
        let all = [borrowed(&self.options), borrowed(&own)].concat();
        let (mut twin, log) = site.begin(&all, part);
        assert!(log.contains(part) && !log.contains("this core leads"), "{log}");
        twin.kill().unwrap();
        twin.wait().unwrap();
    }

    pub(super) fn run(&self, core: usize, words: &[&str]) -> Ended {
        self.sites[core].run(words)
    }

    /// Promotes a core as soon as it has noticed that there is no leader.
    pub(super) fn promote(&mut self, core: usize) {
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

    pub(super) fn await_protection(&self) {
        let begin = Instant::now();
        loop {
            let status = self.run(self.leader, &["cluster", "status"]);
            if status.stdout.contains(": leads in view") && status.stdout.contains("has everything") {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "{status:?} {}", self.logs());
        }
    }

    /// Waits until a core leads without an order to do so.
    pub(super) fn await_leader(&mut self, core: usize) {
        let begin = Instant::now();
        loop {
            let status = self.run(core, &["cluster", "status"]);
            if status.stdout.contains(": leads in view") {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "{status:?} {}", self.logs());
        }
        self.leader = core;
    }

    pub(super) fn core(&self, core: usize) -> &Server {
        self.cores[core].as_ref().unwrap()
    }

    pub(super) fn hand_over(&mut self) {
        let done = self.run(self.leader, &["cluster", "handover"]);
        assert_eq!(done.code, Some(0), "{done:?} {}", self.logs());
        self.leader = 1 - self.leader;
    }

    /// Kills a core, starts it again later.
    pub(super) fn kill(&mut self, core: usize) {
        self.cores[core] = None;
    }

    pub(super) fn logs(&self) -> String {
        let logs = self.cores.iter().flatten().map(Server::logged);
        logs.collect::<Vec<_>>().join("\n-- the other core:\n")
    }

    pub(super) fn edge(&self, name: &str) -> (Site, Server) {
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

/// People that talk until they are stopped.
pub(super) struct Talk {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<(Vec<WebSocket>, usize)>,
}

impl Talk {
    /// Four people on two edges talk in a channel.
    pub(super) fn on(edges: [&Server; 2]) -> Self {
        let [first, second] = edges;
        let mut people: Vec<WebSocket> = NAMES
            .iter()
            .zip([first, second, first, second])
            .map(|(name, edge)| WebSocket::log_in(edge, name, "any"))
            .collect();
        people.iter_mut().for_each(join);
        Self::begin(people)
    }

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

    /// Each person has heard all lines of all others, each once, in one order.
    pub(super) fn end(self) -> usize {
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

/// Changes the description of a channel, and waits for the answer, which comes when both cores have it on disk.
pub(super) fn describe(person: &mut WebSocket, number: usize) {
    person.say(&format!(
        r#"CDS {{"channel":"Frontpage","description":"number {number}."}}"#
    ));
    loop {
        if person.await_text("CDS ").contains(&format!("number {number}.")) {
            return;
        }
    }
}

/// The description of that channel for a person that logs in.
pub(super) fn description(edge: &Server) -> String {
    let (mut ada, _) = WebSocket::log_in_as(edge, "ada", "staff", "Ada 1");
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    // Staff come into further channels by themselves.
    loop {
        let described = ada.await_text("CDS ");
        if described.contains("Frontpage") {
            return described;
        }
    }
}
