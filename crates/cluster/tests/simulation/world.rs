//! The world of a run: a core, edges, the network between them, a clock, and the faults.

use std::collections::VecDeque;

use fchatd_cluster::{Core, CoreEvent, Down, Order, Timing, Up, UplinkEvent, frame};
use fchatd_protocol::exchange::{Departure, Inputs, Outputs};

use crate::chat::Chat;
use crate::edge::Edge;
use crate::network::Connection;
use crate::random::Random;

const EDGES: usize = 3;
const TIMING: Timing = Timing {
    silence: 1_500,
    patience: 15_000,
};
/// Steps of a run with faults, and steps after the last one.
const STEPS: usize = 600;
const QUIET_MILLISECONDS: u64 = TIMING.silence + 3_000;
const NAMES: [&str; EDGES] = ["a", "b", "c"];

/// The faults of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) cuts: bool,
    pub(crate) edges_die: bool,
    pub(crate) silence: bool,
    pub(crate) core_dies: bool,
}

/// See the module.
pub(crate) struct World {
    random: Random,
    faults: Faults,
    now: u64,
    core: Core,
    chat: Chat,
    /// Turns that the core has received and not handled.
    turns: VecDeque<(u16, u64, Inputs)>,
    edges: Vec<Edge>,
    connections: Vec<Option<Connection>>,
    last_number: u64,
    last_client: u64,
    incarnations: u64,
    pub(crate) cuts: usize,
    lines: usize,
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        let new = |number: usize| Edge::new(NAMES[number], number as u64 + 1, TIMING, 0);
        Self {
            random: Random::new(seed),
            faults,
            now: 0,
            core: Core::new("test", 1, TIMING),
            chat: Chat::default(),
            turns: VecDeque::new(),
            edges: (0..EDGES).map(new).collect(),
            connections: (0..EDGES).map(|_| None).collect(),
            last_number: 0,
            last_client: 0,
            incarnations: EDGES as u64,
            cuts: 0,
            lines: 0,
        }
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines + self.chat.history.len()
    }

    pub(crate) fn resent(&self) -> u64 {
        self.core.resent() + self.edges.iter().map(|edge| edge.uplink.resent).sum::<u64>()
    }

    pub(crate) fn run(&mut self) {
        for _ in 0..STEPS {
            self.step();
            self.check();
        }
        let end = self.now + QUIET_MILLISECONDS;
        self.faults = Faults::default();
        for connection in self.connections.iter_mut().flatten() {
            connection.frozen_until = 0;
        }
        while self.now < end {
            self.now += 20;
            for edge in 0..EDGES {
                self.edges[edge].hand_over();
                self.connect(edge);
                self.carry(edge);
            }
            self.handle(usize::MAX);
            self.tick();
        }
        self.check();
        self.check_quiet();
    }

    fn step(&mut self) {
        self.now += self.random.below(40) as u64;
        let edge = self.random.below(EDGES);
        match self.random.below(14) {
            0 => {
                self.last_client += 1;
                self.edges[edge].open(self.last_client);
            }
            1..=4 if !self.edges[edge].clients.is_empty() => {
                let client = self.random.below(self.edges[edge].clients.len());
                self.edges[edge].say(client);
            }
            5 if self.random.one_in(6) && !self.edges[edge].clients.is_empty() => {
                let client = self.random.below(self.edges[edge].clients.len());
                self.edges[edge].close(client, Departure::Lost);
            }
            6 | 7 => self.edges[edge].hand_over(),
            8 => {
                let turns = 1 + self.random.below(3);
                self.handle(turns);
            }
            9 => self.connect(edge),
            10 if self.faults.cuts && self.random.one_in(4) => self.cut(edge),
            11 if self.random.one_in(12) => self.strike(edge),
            _ => self.carry(edge),
        }
        self.tick();
    }

    /// One of the rarer faults.
    fn strike(&mut self, edge: usize) {
        match self.random.below(3) {
            0 if self.faults.edges_die => {
                self.cut(edge);
                self.incarnations += 1;
                self.edges[edge] = Edge::new(NAMES[edge], self.incarnations, TIMING, self.now);
            }
            1 if self.faults.silence => {
                let long = self.random.below(4_000) as u64;
                if let Some(connection) = &mut self.connections[edge] {
                    connection.frozen_until = self.now + long;
                }
            }
            2 if self.faults.core_dies && self.random.one_in(3) => {
                for edge in 0..EDGES {
                    self.cut(edge);
                }
                self.incarnations += 1;
                self.lines += self.chat.history.len();
                self.core = Core::new("test", self.incarnations, TIMING);
                self.chat = Chat::default();
                self.turns.clear();
                // Clients of the time before have another history.
                for edge in &mut self.edges {
                    for client in &mut edge.clients {
                        client.heard.clear();
                        client.is_member = false;
                    }
                }
            }
            _ => {}
        }
    }

    fn cut(&mut self, edge: usize) {
        if let Some(connection) = self.connections[edge].take() {
            self.cuts += 1;
            self.edges[edge].uplink.disconnected(self.now);
            // Sometimes the core learns of it only by silence, or by the next connection.
            if let Some(seat) = connection.seat
                && !self.random.one_in(3)
            {
                self.core.disconnected(seat, connection.number, self.now);
            }
        }
    }

    fn connect(&mut self, edge: usize) {
        if self.connections[edge].is_none() {
            self.last_number += 1;
            self.connections[edge] = Some(Connection {
                number: self.last_number,
                ..Connection::default()
            });
            self.edges[edge].uplink.connected(self.now);
        }
    }

    /// Messages go onto the wire in both directions, some bytes arrive, and whole messages are taken.
    fn carry(&mut self, number: usize) {
        let now = self.now;
        let Some(connection) = &mut self.connections[number] else {
            return;
        };
        let edge = &mut self.edges[number];
        while let Some(message) = edge.uplink.next_message(now) {
            connection.up.send(&frame(&message).unwrap());
        }
        if let Some(seat) = connection.seat {
            while let Some(bytes) = self.core.next_frame(seat, connection.number, now) {
                connection.down.send(&bytes);
            }
        }
        if connection.frozen_until > now {
            return;
        }
        connection.up.deliver(&mut self.random);
        connection.down.deliver(&mut self.random);
        let mut events = Vec::new();
        while let Some(message) = connection.up.arrived.take::<Up<'static>>().unwrap() {
            match (message, connection.seat) {
                (Up::Hello(hello), None) => {
                    match self.core.greet(&hello, connection.number, now, &mut events) {
                        Ok(greeted) => connection.seat = Some(greeted.seat),
                        // The core has not noticed the end of the earlier run yet.
                        Err(refusal) => connection.down.send(&Core::refuse(&refusal.to_string()).unwrap()),
                    }
                }
                (message, Some(seat)) => self
                    .core
                    .receive(seat, connection.number, message, now, &mut events)
                    .unwrap(),
                (message, None) => panic!("{message:?}"),
            }
        }
        let mut news = Vec::new();
        while let Some(message) = connection.down.arrived.take::<Down<'static>>().unwrap() {
            edge.uplink.receive(message, now, &mut news);
        }
        self.take(events);
        self.tell(number, news);
    }

    fn tell(&mut self, edge: usize, news: Vec<UplinkEvent>) {
        for event in news {
            match event {
                UplinkEvent::Silent | UplinkEvent::Refused(_) => self.cut(edge),
                event => self.edges[edge].carry_out(event),
            }
        }
    }

    fn take(&mut self, events: Vec<CoreEvent>) {
        for event in events {
            match event {
                CoreEvent::Turn {
                    seat, turn, inputs, ..
                } => self.turns.push_back((seat, turn, inputs)),
                CoreEvent::Joined(joined) => self.core.joined(&joined, 0, self.now),
                CoreEvent::Close(number) => {
                    let is_it = |connection: &Option<Connection>| {
                        connection
                            .as_ref()
                            .is_some_and(|connection| connection.number == number)
                    };
                    if let Some(edge) = self.connections.iter().position(is_it) {
                        self.cut(edge);
                    }
                }
                CoreEvent::Room(..) | CoreEvent::Gone(..) | CoreEvent::Left(..) => {}
            }
        }
    }

    /// The core handles some turns, as one batch.
    fn handle(&mut self, turns: usize) {
        let (mut outputs, mut done) = (Outputs::default(), Vec::new());
        while done.len() < turns
            && let Some((seat, turn, inputs)) = self.turns.pop_front()
        {
            for input in inputs.iter() {
                self.chat.handle(input, &mut outputs);
            }
            done.push((seat, turn));
        }
        let mut events = Vec::new();
        if !outputs.is_empty() {
            for seat in 0..fchatd_cluster::SEATS as u16 {
                let order = Order::Apply(std::borrow::Cow::Borrowed(&outputs));
                self.core.order(seat, order, outputs.weight(), 0, &mut events);
            }
        }
        for (seat, turn) in done {
            self.core.handled(seat, turn, 0);
        }
        self.take(events);
    }

    fn tick(&mut self) {
        let mut events = Vec::new();
        self.core.tick(self.now, &mut events);
        self.take(events);
        for edge in 0..EDGES {
            let mut news = Vec::new();
            self.edges[edge].uplink.tick(self.now, &mut news);
            self.tell(edge, news);
        }
    }

    /// Every listener has heard a part of the history without a gap, and every speaker's lines are in the history in
    /// order.
    fn check(&self) {
        let history = &self.chat.history;
        for client in self.edges.iter().flat_map(|edge| &edge.clients) {
            let Some((first, heard)) = client.heard.split_first() else {
                continue;
            };
            let Some(from) = first.strip_prefix("from ") else {
                continue;
            };
            let from: usize = from.parse().unwrap();
            let (from, to) = (from.min(history.len()), (from + heard.len()).min(history.len()));
            assert_eq!(heard, &history[from..to], "client {}", client.number);
        }
        let mut said = std::collections::BTreeMap::new();
        for line in history {
            let (speaker, number) = line.split_once(' ').unwrap();
            let number: u64 = number.parse().unwrap();
            let before = said.insert(speaker, number);
            assert_eq!(number, before.unwrap_or(0) + 1, "{line} after {before:?}");
        }
    }

    /// Nothing waits any more: all who are still connected have heard everything, and all their lines are said.
    fn check_quiet(&self) {
        assert!(self.turns.is_empty());
        for edge in &self.edges {
            assert_eq!(edge.uplink.waiting(), 0, "turns that nobody handles");
            for client in edge.clients.iter().filter(|client| client.is_open) {
                let from: usize = client.heard[0].strip_prefix("from ").unwrap().parse().unwrap();
                assert_eq!(
                    client.heard.len() - 1,
                    self.chat.history.len() - from,
                    "it hears all"
                );
                let own = format!("{} ", client.number);
                let lines = self.chat.history.iter().filter(|line| line.starts_with(&own));
                assert_eq!(lines.count() as u64, client.said, "client {}", client.number);
            }
        }
        let open = self.edges.iter().flat_map(|edge| &edge.clients);
        assert_eq!(self.chat.open.len(), open.filter(|client| client.is_open).count());
        for seat in 0..fchatd_cluster::SEATS as u16 {
            assert!(self.core.is_settled(seat), "seat {seat}");
        }
    }
}
