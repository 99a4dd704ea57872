//! Three machines with etcd, two with cores, some with edges, each with an address of its own.

use std::fs;
use std::process::Command;
use std::time::Instant;

use fchatd_engines::{EtcdCluster, Seat, eventually};
use rustix::process::Signal;

use super::net::Net;
use super::people::{Conversation, Crowd};
use crate::cluster::cores::description;
use crate::cluster::nodes::{borrowed, words};
use crate::login_site::login_site_on;
use crate::site::{Ended, Output, Server, Site};

/// The machines of the cores and the first one of an edge; those before are etcd's.
const CORES: usize = 3;
const EDGES: usize = 5;
const MEMBERS: usize = 3;
const PORT: u16 = 9730;

/// The cluster. Processes end before the machines go away.
pub(super) struct Stand {
    pub(super) cores: [Option<Server>; 2],
    pub(super) edges: Vec<Option<Server>>,
    pub(super) etcd: EtcdCluster,
    sites: Vec<Site>,
    settings: Vec<String>,
    /// The core that leads.
    pub(super) leader: usize,
    pub(super) net: Net,
}

/// A machine of the stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Machine {
    Etcd(usize),
    Core(usize),
    Edge(usize),
}

impl Machine {
    fn number(self) -> usize {
        match self {
            Self::Etcd(number) => number,
            Self::Core(number) => CORES + number,
            Self::Edge(number) => EDGES + number,
        }
    }
}

impl Stand {
    /// Starts everything with these further settings of cores; the first core leads, and the other one is its standby.
    pub(super) fn start(edges: usize, settings: &[&str]) -> Self {
        let net = Net::of(EDGES + edges);
        let seat = |member| Seat {
            address: net.address(member).into(),
            before: net.before(member),
        };
        let etcd = EtcdCluster::on((0..MEMBERS).map(seat).collect(), &[]);
        eventually("etcd has a leader", || etcd.leader().is_some());
        let sites: Vec<Site> = (0..2 + edges).map(|_| Site::new()).collect();
        sites[0].run(&["cluster", "key"]).assert_done();
        for site in &sites[1..] {
            fs::copy(sites[0].path("cluster.pem"), site.path("cluster.pem")).unwrap();
        }
        let own = [
            "role=core".to_owned(),
            "cluster=etcd".to_owned(),
            format!("cluster_engine={}", etcd.urls().join(",")),
            login_site_on(net.own_address()),
            "msg_flood=0".to_owned(),
            "max_per_ip=100".to_owned(),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let mut stand = Self {
            cores: [None, None],
            edges: (0..edges).map(|_| None).collect(),
            etcd,
            sites,
            settings: words(own.iter().chain(settings)),
            leader: 0,
            net,
        };
        stand.start_core(0);
        eventually("the first core is promoted", || {
            stand.run(0, &["cluster", "promote"]).code == Some(0)
        });
        stand.start_core(1);
        stand.await_protection();
        for edge in 0..edges {
            stand.start_edge(edge);
        }
        stand
    }

    pub(super) fn start_core(&mut self, core: usize) {
        let own = [
            format!("node=core-{core}"),
            format!("cluster_bind={}", self.address(Machine::Core(core))),
            format!("cluster_port={PORT}"),
            self.addresses_of_cores(),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let own = words(own.iter());
        let all = [borrowed(&self.settings), borrowed(&own)].concat();
        self.cores[core] = Some(self.start_on(Machine::Core(core), core, &all));
    }

    pub(super) fn start_edge(&mut self, edge: usize) {
        let own = [
            "role=edge".to_owned(),
            format!("node=edge-{edge}"),
            format!("bindaddr={}", self.address(Machine::Edge(edge))),
            self.addresses_of_cores(),
        ];
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let server = self.start_on(Machine::Edge(edge), 2 + edge, &borrowed(&words(own.iter())));
        self.edges[edge] = Some(server);
    }

    fn start_on(&self, machine: Machine, site: usize, words: &[&str]) -> Server {
        let site = &self.sites[site];
        let before = self.net.before(machine.number());
        let command = match before.split_first() {
            None => site.program(),
            Some((first, rest)) => {
                let mut command: Command = site.command(first);
                command.args(rest).arg(env!("CARGO_BIN_EXE_fchatd"));
                command
            }
        };
        site.start_printing(command, words, "info", Output::Read)
    }

    fn address(&self, machine: Machine) -> String {
        self.net.address(machine.number()).to_string()
    }

    fn addresses_of_cores(&self) -> String {
        let addresses = [0, 1].map(|core| format!("{}:{PORT}", self.address(Machine::Core(core))));
        format!("cores={}", addresses.join(","))
    }

    /// The folder of a core.
    pub(super) fn site(&self, core: usize) -> &Site {
        &self.sites[core]
    }

    pub(super) fn edge(&self, edge: usize) -> &Server {
        self.edges[edge].as_ref().unwrap()
    }

    pub(super) fn core(&self, core: usize) -> &Server {
        self.cores[core].as_ref().unwrap()
    }

    pub(super) fn standby(&self) -> usize {
        1 - self.leader
    }

    pub(super) fn crowd(&self) -> Crowd {
        let edges: Vec<&Server> = self.edges.iter().flatten().collect();
        Crowd::on(&edges)
    }

    /// Runs a command of an operator on a core's machine.
    pub(super) fn run(&self, core: usize, words: &[&str]) -> Ended {
        self.sites[core].run(words)
    }

    pub(super) fn kill(&mut self, core: usize) {
        self.cores[core] = None;
    }

    pub(super) fn freeze(&self, core: usize) {
        self.core(core).signal(Signal::STOP);
    }

    pub(super) fn thaw(&self, core: usize) {
        self.core(core).signal(Signal::CONT);
    }

    pub(super) fn unplug(&self, machine: Machine) {
        self.net.unplug(machine.number());
    }

    pub(super) fn plug_in(&self, machine: Machine) {
        self.net.plug_in(machine.number());
    }

    pub(super) fn mute(&self, from: Machine, to: Machine) {
        self.net.mute(from.number(), to.number());
    }

    pub(super) fn unmute(&self, from: Machine, to: Machine) {
        self.net.unmute(from.number(), to.number());
    }

    /// Waits until this core leads, which nobody has promoted.
    pub(super) fn await_leader(&mut self, core: usize) {
        let begin = Instant::now();
        eventually("the core leads", || {
            self.run(core, &["cluster", "status"])
                .stdout
                .contains(": leads in view")
        });
        self.leader = core;
        eprintln!("core-{core} leads, seen after {} ms", begin.elapsed().as_millis());
    }

    /// Waits until one of the cores leads that run and answer.
    pub(super) fn await_any_leader(&mut self) {
        let mut leader = None;
        eventually("a core leads", || {
            let leads = |&core: &usize| {
                let status = self.run(core, &["cluster", "status"]);
                status.stdout.contains(": leads in view")
            };
            leader = (0..2).find(leads);
            leader.is_some()
        });
        self.leader = leader.unwrap();
    }

    /// Waits until the standby has everything, whichever core leads.
    pub(super) fn await_protection(&mut self) {
        eventually("the chat is protected", || {
            let leads = |&core: &usize| {
                let status = self.run(core, &["cluster", "status"]).stdout;
                status.contains(": leads in view") && status.contains("has everything")
            };
            match (0..2).find(leads) {
                Some(leader) => {
                    self.leader = leader;
                    true
                }
                None => false,
            }
        });
    }

    /// The number of the view, as the leader says it.
    pub(super) fn view(&self) -> String {
        let status = self.run(self.leader, &["cluster", "status"]).stdout;
        let (_, rest) = status.split_once("leads in view ").unwrap();
        rest.split(|letter: char| !letter.is_ascii_digit())
            .next()
            .unwrap()
            .to_owned()
    }

    /// As [`Stand::finish`], and the results of the standby were those of the leader.
    pub(super) fn end(&self, row: &str, crowd: Crowd) {
        self.finish(row, crowd);
        self.assert_calm();
    }

    /// Ends the conversation: nothing is lost, and the last change that was answered is there.
    pub(super) fn finish(&self, row: &str, crowd: Crowd) {
        let Conversation { lines, pause, change } = crowd.end();
        eprintln!(
            "{row}: {lines} lines, {change} changes, longest pause {} ms",
            pause.as_millis()
        );
        assert!(lines > 0 && change > 0);
        let described = description(self.edge(0));
        assert!(
            described.contains(&format!("number {change}.")),
            "{described} after the answer to {change}"
        );
    }

    pub(super) fn assert_calm(&self) {
        for server in self.cores.iter().chain(&self.edges).flatten() {
            let log = server.logged();
            assert!(
                !log.contains("panicked") && !log.contains("does not come to"),
                "{log}"
            );
        }
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for server in self.cores.iter().chain(&self.edges).flatten() {
                eprintln!("-- log:\n{}", server.logged());
            }
        }
    }
}
