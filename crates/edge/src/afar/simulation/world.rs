//! The world of a run: cores, edges, the network between them, a clock, and the faults.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fchatd_cluster::pair::{Join, ToLeader, ToStandby, View};
use fchatd_cluster::{Down, Timing, Up, UplinkEvent, frame};
use fchatd_protocol::exchange::Input;

use super::edge::Edge;
use super::guided::Engine;
use super::network::{Connection, Random};
use super::node::Node;

const EDGES: usize = 3;
const CLIENTS: u64 = 20;
const STEPS: usize = 1_500;
pub(super) const TIMING: Timing = Timing {
    silence: 600_000,
    patience: 600_000,
};

/// See the module.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) clock: Rc<Cell<u64>>,
    pub(super) nodes: [Node; 2],
    edges: Vec<Edge>,
    /// The connection of each edge to each core.
    connections: Vec<[Option<Connection>; 2]>,
    /// The connection from a core to the other one, as its standby.
    peer: [Option<Connection>; 2],
    last_number: u64,
    pub(super) processes: u64,
    last_client: u64,
    /// The core that an operator wants to lead.
    wanted: Option<usize>,
    last_tick: u64,
    /// The engine that decides which core leads; without one, an operator decides.
    pub(super) engine: Option<Engine>,
    /// Changes of the leader.
    pub(super) changes: usize,
    pub(super) images: u64,
}

impl World {
    /// A world in which an operator decides which core leads.
    pub(super) fn new(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        world.nodes[0].promote();
        world.nodes[0].work(1, 1_000);
        world
    }

    pub(super) fn empty(seed: u64) -> Self {
        let clock = Rc::new(Cell::new(1_000));
        let node = |number: usize| Node::new(number, number as u64 + 1, View::default(), &clock, TIMING);
        Self {
            random: Random(seed),
            nodes: [node(0), node(1)],
            clock,
            edges: (0..EDGES as u64)
                .map(|number| Edge::new(number, TIMING))
                .collect(),
            connections: (0..EDGES).map(|_| [None, None]).collect(),
            peer: [None, None],
            last_number: 0,
            processes: 2,
            last_client: 0,
            wanted: None,
            last_tick: 0,
            engine: None,
            changes: 0,
            images: 0,
        }
    }

    pub(super) fn lines(&self) -> usize {
        let clients = self.edges.iter().flat_map(|edge| &edge.clients);
        clients.map(|client| client.heard.len()).sum()
    }

    pub(super) fn resent(&self) -> u64 {
        self.edges.iter().map(|edge| edge.uplink.resent).sum()
    }

    fn leader(&self) -> Option<usize> {
        self.nodes.iter().position(|node| node.core.leads())
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(super) fn run(&mut self) {
        for _ in 0..STEPS {
            self.step(true);
        }
        // After the last fault everything becomes quiet.
        for _ in 0..4_000 {
            self.step(false);
        }
        self.check_quiet();
        self.check_order();
    }

    fn step(&mut self, with_faults: bool) {
        self.clock.set(self.clock.get() + self.random.below(20) as u64);
        if self.engine.is_some() {
            self.step_engine(with_faults);
        }
        let (edge, node) = (self.random.below(EDGES), self.random.below(2));
        match self.random.below(16) {
            0 if self.last_client < CLIENTS && self.edges[edge].is_attached() => {
                self.last_client += 1;
                self.edges[edge].open(self.last_client);
            }
            1..=3 if with_faults && !self.edges[edge].clients.is_empty() => {
                let client = self.random.below(self.edges[edge].clients.len());
                self.edges[edge].say(client);
            }
            4 | 5 => self.edges[edge].hand_over(),
            6 | 7 => {
                let steps = 1 + self.random.below(4);
                self.work(node, steps);
            }
            8 => self.connect(edge, node),
            9 => self.connect_peer(node),
            10 if with_faults && self.random.one_in(5) => self.cut(edge, node),
            11 if with_faults && self.random.one_in(20) => self.cut_peer(node),
            12 if with_faults && self.random.one_in(12) => match self.engine {
                Some(_) => self.strike_with_engine(),
                None => self.strike(),
            },
            13 | 14 => self.carry_peer(node),
            _ => self.carry(edge, node),
        }
        self.tick();
    }

    fn work(&mut self, node: usize, steps: usize) {
        let now = self.clock.get();
        self.nodes[node].work(steps, now);
        self.close();
    }

    /// One of the rarer events.
    fn strike(&mut self) {
        let Some(leader) = self.leader() else { return };
        let other = 1 - leader;
        let is_protected = self.nodes[leader].leader.is_protected();
        match self.random.below(3) {
            0 if is_protected => {
                // The leader dies with its memory, and an operator promotes the standby.
                self.kill(leader);
                self.nodes[other].standby.disconnected();
                self.wanted = Some(other);
                self.changes += 1;
            }
            1 if is_protected && !self.nodes[leader].leader.is_handing_over() => {
                if let Some(n) = self.nodes[leader].center.stop_for_handover() {
                    self.nodes[leader].serve(self.clock.get());
                    assert!(self.nodes[leader].leader.hand_over(n));
                    self.changes += 1;
                }
            }
            2 if !self.nodes[leader].leader.is_handing_over() => self.kill(other),
            _ => {}
        }
    }

    /// The end of a process: all its connections end.
    pub(super) fn end(&mut self, node: usize) {
        for edge in 0..EDGES {
            self.cut(edge, node);
        }
        self.cut_peer(0);
        self.cut_peer(1);
        self.processes += 1;
        self.images += self.nodes[node].leader.images;
    }

    fn kill(&mut self, node: usize) {
        self.end(node);
        let view = self.nodes[node].view.view().clone();
        self.nodes[node] = Node::new(node, self.processes, view, &self.clock, TIMING);
    }

    fn cut(&mut self, edge: usize, node: usize) {
        if let Some(connection) = self.connections[edge][node].take() {
            let now = self.clock.get();
            if self.edges[edge].active == Some(node) {
                self.edges[edge].active = None;
                self.edges[edge].uplink.disconnected(now);
            }
            if let Some(seat) = connection.seat {
                self.nodes[node].core.disconnected(seat, connection.number, now);
            }
        }
    }

    /// Cuts the connection from this core, as standby, to the other one.
    pub(super) fn cut_peer(&mut self, node: usize) {
        if let Some(connection) = self.peer[node].take() {
            let now = self.clock.get();
            self.nodes[node].standby.disconnected();
            self.nodes[node].claim();
            let mut events = Vec::new();
            self.nodes[1 - node]
                .leader
                .disconnected(connection.number, &mut events);
            self.nodes[1 - node].carry_out_leader(events, now);
        }
    }

    /// Ends the connections that a core wants to end.
    pub(super) fn close(&mut self) {
        for node in 0..2 {
            // An edge that has not heard its first welcome is attached anew. It has no clients yet.
            for name in std::mem::take(&mut self.nodes[node].gone) {
                let number: usize = name.trim_start_matches("edge-").parse().unwrap();
                assert!(self.edges[number].clients.is_empty(), "{name} is given up");
            }
            for number in std::mem::take(&mut self.nodes[node].closing) {
                for edge in 0..EDGES {
                    if self.connections[edge][node]
                        .as_ref()
                        .is_some_and(|own| own.number == number)
                    {
                        self.cut(edge, node);
                    }
                }
                if self.peer[1 - node]
                    .as_ref()
                    .is_some_and(|own| own.number == number)
                {
                    self.cut_peer(1 - node);
                }
            }
            // A core that leads no more has no connections of edges.
            if !self.nodes[node].core.leads() {
                for edge in 0..EDGES {
                    if self.connections[edge][node]
                        .as_ref()
                        .is_some_and(|own| own.is_invited)
                    {
                        self.cut(edge, node);
                    }
                }
            }
        }
    }

    fn connect(&mut self, edge: usize, node: usize) {
        if self.connections[edge][node].is_none() {
            self.connections[edge][node] = Some(Connection {
                number: self.number(),
                ..Connection::default()
            });
        }
    }

    /// A core that does not lead wants to be the standby. One that does not know whether the other one leads asks it.
    fn connect_peer(&mut self, node: usize) {
        let now = self.clock.get();
        if self.peer[node].is_some() {
            return;
        }
        if self.engine.is_some() {
            if self.may_join(node) {
                self.join(node, now);
            }
            return;
        }
        let own = &self.nodes[node];
        let is_unsure = own.leader.is_handing_over() && !own.leader.has_standby();
        if is_unsure && !self.nodes[1 - node].core.leads() && !self.nodes[1 - node].is_about_to_lead() {
            return self.nodes[node].go_on();
        }
        if own.core.leads() && is_unsure && self.nodes[1 - node].core.leads() {
            let epoch = self.nodes[1 - node].view.view().epoch;
            self.nodes[node].step_down(epoch);
            return self.close();
        }
        if own.core.leads() || own.is_about_to_lead() || self.wanted == Some(node) {
            return;
        }
        if self.nodes[1 - node].core.leads() && !self.nodes[1 - node].leader.is_handing_over() {
            self.join(node, now);
        }
    }

    fn join(&mut self, node: usize, now: u64) {
        let number = self.number();
        let epoch = self.nodes[node].view.view().epoch;
        let join: Join = self.nodes[node].standby.connected(epoch, now);
        self.peer[node] = Some(Connection {
            number,
            ..Connection::default()
        });
        let mut events = Vec::new();
        let joined = self.nodes[1 - node].leader.join(&join, number, now, &mut events);
        self.nodes[1 - node].carry_out_leader(events, now);
        if joined.is_err() {
            self.cut_peer(node);
        }
        self.close();
    }

    fn carry_peer(&mut self, node: usize) {
        let now = self.clock.get();
        let Some(connection) = &mut self.peer[node] else {
            return;
        };
        let number = connection.number;
        while let Some(bytes) = self.nodes[1 - node].leader.next_frame(number, now) {
            connection.down.send(&bytes);
        }
        connection.down.deliver(&mut self.random);
        let mut events = Vec::new();
        while let Some(message) = connection.down.arrived.take::<ToStandby>().unwrap() {
            self.nodes[node].standby.receive(message, now, &mut events);
        }
        self.nodes[node].carry_out_standby(events);
        while let Some(message) = self.nodes[node].standby.next_message(now) {
            connection.up.send(&frame(&message).unwrap());
        }
        connection.up.deliver(&mut self.random);
        let mut events = Vec::new();
        while let Some(message) = connection.up.arrived.take::<ToLeader>().unwrap() {
            self.nodes[1 - node]
                .leader
                .receive(number, message, now, &mut events);
        }
        self.nodes[1 - node].carry_out_leader(events, now);
        self.close();
    }

    /// Messages between an edge and a core.
    fn carry(&mut self, number: usize, node: usize) {
        let now = self.clock.get();
        let edge = &mut self.edges[number];
        let own = &mut self.nodes[node];
        let Some(connection) = &mut self.connections[number][node] else {
            return;
        };
        if own.core.leads() && !connection.is_invited {
            connection.is_invited = true;
            let leads = Down::Leads(own.view.view().epoch);
            connection.down.send(&frame(&leads).unwrap());
        }
        if edge.active == Some(node) {
            while let Some(message) = edge.uplink.next_message(now) {
                connection.up.send(&frame(&message).unwrap());
            }
        }
        if let Some(seat) = connection.seat {
            while let Some(bytes) = own.core.next_frame(seat, connection.number, now) {
                connection.down.send(&bytes);
            }
        }
        connection.up.deliver(&mut self.random);
        connection.down.deliver(&mut self.random);
        let mut events = Vec::new();
        while let Some(message) = connection.up.arrived.take::<Up<'static>>().unwrap() {
            match (message, connection.seat) {
                (Up::Hello(hello), None) => {
                    let greeted = own
                        .core
                        .greet(&hello, connection.number, now, &mut events)
                        .unwrap();
                    connection.seat = Some(greeted.seat);
                    self.nodes[node].closing.extend(greeted.replaced);
                    break;
                }
                (message, Some(seat)) => {
                    let is_receipt = matches!(message, Up::Got(_));
                    let received = own
                        .core
                        .receive(seat, connection.number, message, now, &mut events);
                    received.unwrap();
                    if let Some((attachment, got)) = own.core.got(seat).filter(|_| is_receipt) {
                        own.leader.got(seat, attachment, got);
                    }
                }
                (message, None) => panic!("{message:?}"),
            }
        }
        let (mut news, mut switch) = (Vec::new(), None);
        while let Some(message) = connection.down.arrived.take::<Down<'static>>().unwrap() {
            match message {
                Down::Leads(epoch) if epoch < edge.epoch => switch = Some(None),
                Down::Leads(epoch) => switch = Some(Some(epoch)),
                message if edge.active == Some(node) => edge.uplink.receive(message, now, &mut news),
                _ => {}
            }
        }
        self.nodes[node].take(events);
        for event in news {
            match event {
                UplinkEvent::Silent => panic!("nobody is silent here"),
                event => self.edges[number].carry_out(event),
            }
        }
        match switch {
            Some(None) => self.cut(number, node),
            Some(Some(epoch)) => {
                if let Some(before) = self.edges[number].active {
                    self.cut(number, before);
                }
                let edge = &mut self.edges[number];
                (edge.active, edge.epoch) = (Some(node), epoch);
                edge.uplink.connected(now);
            }
            None => {}
        }
        self.close();
    }

    fn tick(&mut self) {
        let now = self.clock.get();
        if now - self.last_tick > 1_000 {
            self.last_tick = now;
            for node in &self.nodes {
                node.center.input(Input::Tick);
            }
        }
        // The operator tries until the core has noticed that there is no leader, and has carried out all that it has received.
        if let Some(wanted) = self.wanted.filter(|&wanted| self.nodes[wanted].is_idle()) {
            self.wanted = None;
            // It may have been told to lead before the leader died.
            if !self.nodes[wanted].core.leads() {
                assert!(self.nodes[wanted].view.is_standby());
                self.nodes[wanted].promote();
            }
        }
    }

    /// Each listener hears each speaker's lines in order, each once, without a gap, and at the end all of them.
    fn check_quiet(&self) {
        let clients: Vec<_> = self.edges.iter().flat_map(|edge| &edge.clients).collect();
        let said: BTreeMap<u64, u64> = clients
            .iter()
            .map(|client| (client.number, client.said))
            .collect();
        for edge in &self.edges {
            assert!(edge.is_attached(), "an edge without a core");
            assert_eq!(edge.uplink.waiting(), 0, "turns that nobody handles");
        }
        for client in clients {
            assert!(client.is_in, "client {} is not let in", client.number);
            let mut last: BTreeMap<u64, u64> = BTreeMap::new();
            for &(speaker, line) in &client.heard {
                let before = last.insert(speaker, line);
                let expected = before.map_or(line, |before| before + 1);
                assert_eq!(line, expected, "{} hears {speaker}", client.number);
            }
            for (speaker, line) in last {
                assert_eq!(
                    line, said[&speaker],
                    "{} has heard all of {speaker}",
                    client.number
                );
            }
        }
    }

    /// All listeners hear one order.
    fn check_order(&self) {
        let clients: Vec<_> = self.edges.iter().flat_map(|edge| &edge.clients).collect();
        let mut places: BTreeMap<(u64, u64), BTreeMap<u64, usize>> = BTreeMap::new();
        for client in &clients {
            for (place, line) in client.heard.iter().enumerate() {
                places.entry(*line).or_default().insert(client.number, place);
            }
        }
        for one in &clients {
            for other in &clients {
                let common = one
                    .heard
                    .iter()
                    .filter_map(|line| places[line].get(&other.number));
                let common: Vec<_> = common.collect();
                assert!(common.is_sorted(), "{} and {}", one.number, other.number);
            }
        }
    }
}
