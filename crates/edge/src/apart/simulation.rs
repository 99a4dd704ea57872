//! The application and two edges without threads: a random generator chooses the next step, and all clients
//! must see the same order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, IoSlice};

use fchatd_protocol::exchange::{ChannelId, ConnectionId};
use proptest::prelude::*;

use super::super::link::{UNSENT_MAX, WAITING_MAX};
use super::*;
use crate::fan::{Fan, Socket};

const ROOM: ChannelId = ChannelId(0);
const EDGES: u16 = 2;
const PEOPLE: usize = 3;

/// Numbers each message and sends it to all clients, after a commit where requested.
#[derive(Default)]
struct Room {
    said: u32,
    commits: u64,
}

impl Application for Room {
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        let (connection, text) = match input {
            Input::Opened { connection, .. } => {
                return outputs.operations.push(Operation::Join {
                    channel: ROOM,
                    connection,
                });
            }
            Input::Message { connection, text } => (connection, text),
            _ => return,
        };
        self.said += 1;
        let said = format!("{} {} {} {text};", self.said, connection.edge, connection.slot);
        let frame = outputs.frame(|bytes| bytes.extend_from_slice(said.as_bytes()));
        let lasts = text.starts_with("lasts");
        if lasts {
            self.commits += 1;
            outputs.operations.push(Operation::Await { commit: self.commits });
        }
        outputs.operations.push(Operation::SendChannel {
            channel: ROOM,
            except: None,
            frame,
        });
        if lasts {
            outputs.operations.push(Operation::Await { commit: 0 });
        }
    }
}

/// A socket that accepts all bytes.
#[derive(Debug, Clone, Default)]
struct Wire(Rc<RefCell<Vec<u8>>>);

impl Socket for Wire {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().map(|piece| self.try_write(piece)).sum()
    }
}

impl Wire {
    /// The texts that were sent. Frames are short here, so each has a header of two bytes.
    fn texts(&self) -> Vec<String> {
        let bytes = self.0.borrow();
        let mut rest = bytes.as_slice();
        let mut texts = Vec::new();
        while let [_, length, tail @ ..] = rest {
            let (text, tail) = tail.split_at(usize::from(*length));
            texts.push(String::from_utf8(text.to_vec()).unwrap());
            rest = tail;
        }
        texts
    }
}

/// The state of an edge's thread.
struct OneEdge {
    link: Arc<Link>,
    fan: Fan<Wire>,
    inputs: Inputs,
    turns: u64,
    people: Vec<(ConnectionId, Wire)>,
    said: usize,
}

impl OneEdge {
    fn new(link: &Arc<Link>) -> Self {
        let mut edge = Self {
            link: Arc::clone(link),
            fan: Fan::new(link.edge, 1 << 20),
            inputs: Inputs::default(),
            turns: 0,
            people: Vec::new(),
            said: 0,
        };
        for _ in 0..PEOPLE {
            let wire = Wire::default();
            let connection = edge.fan.open(wire.clone(), 0);
            let address = [127, 0, 0, 1].into();
            edge.inputs.push(Input::Opened { connection, address });
            edge.people.push((connection, wire));
        }
        edge
    }

    fn hand_over(&mut self) {
        self.turns += 1;
        assert!(self.link.hand_over(&mut self.inputs, self.turns, false));
        assert!(self.inputs.is_empty());
    }

    fn obey(&mut self) {
        let answered = self.link.answered();
        assert!(answered <= self.turns);
        let mut commands = Vec::new();
        self.link.take(&mut commands);
        for command in commands {
            match command {
                EdgeOrder::Apply(batch) => {
                    self.fan.apply(&batch);
                    self.link.carried_out(&batch);
                }
                EdgeOrder::Stored(commit) => self.fan.stored(commit),
                other => panic!("{other:?}"),
            }
        }
        self.fan.flush();
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A client of an edge sends a message, with or without a commit.
    Say(usize, usize, bool),
    /// An edge hands over its inputs.
    HandOver(usize),
    /// The application handles its inputs.
    Handle,
    /// An edge carries out its commands.
    Obey(usize),
    /// All commits so far are on disk.
    Store,
}

fn step() -> impl Strategy<Value = Step> {
    let edge = 0..usize::from(EDGES);
    prop_oneof![
        6 => (edge.clone(), 0..PEOPLE, prop::bool::weighted(0.2))
            .prop_map(|(edge, person, lasts)| Step::Say(edge, person, lasts)),
        3 => edge.clone().prop_map(Step::HandOver),
        3 => Just(Step::Handle),
        3 => edge.prop_map(Step::Obey),
        1 => Just(Step::Store),
    ]
}

fn start(application: Room) -> (Rc<Center<Room>>, Vec<OneEdge>) {
    let center = Center::new(EDGES, EdgeSettings::default(), application);
    let mut edges: Vec<OneEdge> = center.links.iter().map(OneEdge::new).collect();
    edges.iter_mut().for_each(OneEdge::hand_over);
    while center.step() {}
    edges.iter_mut().for_each(OneEdge::obey);
    (center, edges)
}

fn commits(center: &Center<Room>) -> u64 {
    center.workload.borrow().application.commits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn everybody_sees_one_order_and_nothing_is_lost(steps in prop::collection::vec(step(), 0..200)) {
        let (center, mut edges) = start(Room::default());
        for step in steps {
            match step {
                Step::Say(edge, person, lasts) => {
                    let edge = &mut edges[edge];
                    let connection = edge.people[person].0;
                    edge.said += 1;
                    let text = format!("{} {}", if lasts { "lasts" } else { "talk" }, edge.said);
                    edge.inputs.push(Input::Message { connection, text: &text });
                }
                Step::HandOver(edge) => edges[edge].hand_over(),
                Step::Handle => while center.step() {},
                Step::Obey(edge) => edges[edge].obey(),
                Step::Store => center.stored(commits(&center)),
            }
        }
        edges.iter_mut().for_each(OneEdge::hand_over);
        while center.step() {}
        center.stored(commits(&center));
        edges.iter_mut().for_each(OneEdge::obey);

        let all = edges[0].people[0].1.texts();
        prop_assert_eq!(all.len(), edges.iter().map(|edge| edge.said).sum::<usize>());
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for (index, text) in all.iter().enumerate() {
            let words: Vec<&str> = text.trim_end_matches(';').split(' ').collect();
            prop_assert_eq!(words[0].parse::<usize>().unwrap(), index + 1, "the order of the application");
            let number = words[4].parse::<usize>().unwrap();
            let before = last.insert(words[1].to_owned(), number).unwrap_or(0);
            prop_assert_eq!(number, before + 1, "the order of an edge");
        }
        for edge in &edges {
            prop_assert_eq!(edge.link.answered(), edge.turns);
            prop_assert!(!edge.link.is_behind());
            for (_, wire) in &edge.people {
                prop_assert_eq!(wire.texts(), all.clone());
            }
        }
    }
}

#[test]
fn an_edge_keeps_its_inputs_while_too_much_waits() {
    let (center, mut edges) = start(Room::default());
    let (connection, large) = (edges[0].people[0].0, "x".repeat(WAITING_MAX + 1));
    let say = |inputs: &mut Inputs| {
        inputs.push(Input::Message {
            connection,
            text: &large,
        });
    };
    say(&mut edges[0].inputs);
    edges[0].hand_over();
    say(&mut edges[0].inputs);
    let (link, number) = (Arc::clone(&edges[0].link), edges[0].turns + 1);
    assert!(!link.hand_over(&mut edges[0].inputs, number, false));
    assert_eq!(edges[0].inputs.len(), 1, "nothing is lost");
    // The other edge is not held up.
    edges[1].hand_over();
    while center.step() {}
    edges[0].hand_over();
}

#[test]
fn the_application_waits_for_an_edge_that_is_behind() {
    let (center, mut edges) = start(Room::default());
    let (connection, large) = (edges[0].people[0].0, "x".repeat(1 << 20));
    let mut rounds = 0;
    while !center.is_held_up() {
        rounds += 2;
        assert!(rounds <= 2 + UNSENT_MAX / large.len(), "it does not wait");
        for _ in 0..2 {
            edges[0].inputs.push(Input::Message {
                connection,
                text: &large,
            });
        }
        edges[0].hand_over();
        assert!(center.step(), "each makes a full batch");
        while center.step() {}
        assert_eq!(center.workload.borrow().application.said, rounds as u32);
    }
    edges[0].obey();
    assert!(center.is_held_up(), "the other one is behind still");
    edges[1].obey();
    assert!(!center.is_held_up());
    // The application does not wait for an edge whose thread has died.
    edges[0].inputs.push(Input::Message {
        connection,
        text: &"x".repeat(UNSENT_MAX + 1),
    });
    let (link, number) = (Arc::clone(&edges[0].link), edges[0].turns + 1);
    assert!(link.hand_over(&mut edges[0].inputs, number, false));
    while center.step() {}
    assert!(center.is_held_up());
    center.links.iter().for_each(|link| link.note_gone());
    assert!(!center.is_held_up());
    crate::runtime().unwrap().block_on(center.broken());
}

#[test]
fn only_edges_that_have_something_to_do_are_told() {
    let connection = |edge| ConnectionId {
        edge,
        slot: 0,
        generation: 0,
    };
    let frame = Outputs::default().frame(|_| {});
    let send = |edge| Operation::Send {
        connection: connection(edge),
        frame,
    };
    let wait = Operation::Await { commit: 1 };
    assert_eq!(concerned(&[]), 0);
    assert_eq!(concerned(&[wait, send(1), wait]), 0b10);
    assert_eq!(concerned(&[send(0), send(5)]), 0b10_0001);
    assert_eq!(concerned(&[send(3), Operation::SendEveryone { frame }]), u64::MAX);
    assert_eq!(concerned(&[send(64)]), u64::MAX);
}
