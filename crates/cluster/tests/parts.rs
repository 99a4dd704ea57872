//! The part of a batch that goes to one edge, the refusals of a core, and the promises of a pair of cores.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use fchatd_cluster::pair::{
    Beginning, Entry, Image, Join, Leader, LeaderEvent, Manual, Standby, StandbyEvent, ToLeader, ToStandby,
    View,
};
use fchatd_cluster::{Core, CoreEvent, Decoder, Hello, Name, Order, Refusal, SEATS, SeatsImage, Timing, Up};
use fchatd_protocol::exchange::{ChannelId, ConnectionId, Input, Inputs, Operation, Outputs};

const TIMING: Timing = Timing {
    silence: 1_500,
    patience: 15_000,
};

fn connection(edge: u16, slot: u32) -> ConnectionId {
    ConnectionId {
        edge,
        slot,
        generation: 5,
    }
}

fn hello(node: &str, incarnation: u64) -> Hello {
    Hello {
        program: "test".to_owned(),
        name: Name {
            node: node.to_owned(),
            lane: 0,
        },
        incarnation,
        core: 0,
        attachment: 0,
        got: 0,
        last: 0,
        handled: 0,
    }
}

#[test]
fn an_edge_gets_its_own_operations_with_their_frames() {
    let mut outputs = Outputs::default();
    let [own, other, all] =
        ["own", "other", "all"].map(|text| outputs.raw_frame(|bytes| bytes.extend(text.bytes())));
    let channel = ChannelId(3);
    outputs.operations.extend([
        Operation::Await { commit: 4 },
        Operation::Send {
            connection: connection(2, 0),
            frame: other,
        },
        Operation::Send {
            connection: connection(1, 0),
            frame: own,
        },
        Operation::SendChannel {
            channel,
            except: Some(connection(2, 0)),
            frame: all,
        },
        Operation::SendChannel {
            channel,
            except: Some(connection(1, 1)),
            frame: all,
        },
        Operation::Close {
            connection: connection(2, 7),
            delay_milliseconds: 0,
        },
    ]);
    let renamed = |connection: ConnectionId| {
        (connection.edge == 1).then_some(ConnectionId {
            edge: 0,
            ..connection
        })
    };
    let part = outputs.part_of_edge(renamed);
    assert_eq!(
        part.bytes, b"ownall",
        "frames of others stay at home, and a frame is copied once"
    );
    let [await_, send, first, second] = part.operations.as_slice() else {
        panic!("{:?}", part.operations);
    };
    assert_eq!(*await_, Operation::Await { commit: 4 });
    assert!(matches!(send, Operation::Send { connection, frame }
        if *connection == renamed(connection_of_first()).unwrap() && part.bytes_of(*frame) == b"own"));
    assert!(
        matches!(first, Operation::SendChannel { except: None, frame, .. } if part.bytes_of(*frame) == b"all")
    );
    assert!(matches!(second, Operation::SendChannel { except: Some(except), .. } if except.edge == 0));
}

fn connection_of_first() -> ConnectionId {
    connection(1, 0)
}

#[test]
fn edges_that_do_not_fit_are_refused() {
    let mut core = Core::new("test", 1, TIMING);
    let mut greet = |hello: &Hello, connection| core.greet(hello, connection, 0, &mut Vec::new());
    assert_eq!(greet(&hello("", 1), 1), Err(Refusal::BadName));
    assert_eq!(greet(&hello("a b", 1), 1), Err(Refusal::BadName));
    for number in 0..SEATS as u64 {
        assert!(greet(&hello(&format!("edge-{number}"), 1), number).is_ok());
    }
    assert_eq!(greet(&hello("one-more", 1), 99), Err(Refusal::Full));
    let twice = greet(&hello("edge-7", 2), 100);
    assert!(matches!(twice, Err(Refusal::NameTaken(_))), "{twice:?}");
}

#[test]
fn an_edge_can_speak_for_its_own_connections_only() {
    let mut core = Core::new("test", 1, TIMING);
    let mut events = Vec::new();
    let seat = core.greet(&hello("a", 1), 1, 0, &mut events).unwrap().seat;
    let mut inputs = Inputs::default();
    inputs.push(Input::Tick);
    inputs.push(Input::Bridge {
        code: "KIK",
        payload: "{}",
    });
    // Never opened, and of another edge besides.
    inputs.push(Input::Message {
        connection: connection(40, 9),
        text: "x",
    });
    inputs.push(Input::Opened {
        connection: connection(40, 2),
        address: [127, 0, 0, 1].into(),
    });
    inputs.push(Input::Opened {
        connection: ConnectionId {
            slot: u32::MAX,
            ..connection(0, 0)
        },
        address: [127, 0, 0, 1].into(),
    });
    let turn = |no| Up::Turn {
        no,
        inputs: std::borrow::Cow::Owned(inputs.clone()),
    };
    core.receive(seat, 1, turn(1), 0, &mut events).unwrap();
    // A repetition is ignored, and a gap ends the connection.
    core.receive(seat, 1, turn(1), 0, &mut events).unwrap();
    assert!(core.receive(seat, 1, turn(3), 0, &mut events).is_err());
    let turns: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            CoreEvent::Turn { inputs, .. } => Some(inputs.iter().collect::<Vec<_>>()),
            _ => None,
        })
        .collect();
    let [inputs] = turns.as_slice() else {
        panic!("{turns:?}");
    };
    assert!(
        matches!(inputs.as_slice(), [Input::Opened { connection, .. }] if connection.edge == seat && connection.slot == 2),
        "{inputs:?}"
    );
}

fn join_of(node: &str) -> Join {
    Join {
        program: "test".to_owned(),
        machine: "any".to_owned(),
        node: node.to_owned(),
        process: 7,
        epoch: 0,
    }
}

fn image(n: u64) -> Image {
    Image {
        n,
        application: vec![1, 2, 3],
        seats: SeatsImage::default(),
        open: Vec::new(),
        turns: Vec::new(),
        unfinished: None,
        notes: Vec::new(),
        stored: 0,
    }
}

fn entry(n: u64) -> Entry {
    Entry {
        n,
        calls: vec![9],
        ..Entry::default()
    }
}

/// A leader with a standby, and the messages between them.
struct Two {
    leader: Leader,
    standby: Standby,
    news: Vec<LeaderEvent>,
    wire: Decoder,
}

impl Two {
    fn new() -> Self {
        let (mut leader, mut news) = (Leader::new("a", "test", "any", 1_500), Vec::new());
        let mut standby = Standby::new(join_of("b"), 1_500);
        let join = standby.connected(3, 0);
        leader.join(&join, 1, 0, &mut news).unwrap();
        assert_eq!(news, [LeaderEvent::NeedImage]);
        Self {
            leader,
            standby,
            news: Vec::new(),
            wire: Decoder::default(),
        }
    }

    fn carry_down(&mut self) -> Vec<StandbyEvent> {
        let mut events = Vec::new();
        while let Some(bytes) = self.leader.next_frame(1, 0) {
            self.wire.push(&bytes);
        }
        while let Some(message) = self.wire.take::<ToStandby>().unwrap() {
            self.standby.receive(message, 0, &mut events);
        }
        events
    }

    fn carry_up(&mut self) -> Vec<LeaderEvent> {
        while let Some(message) = self.standby.next_message(0) {
            self.leader.receive(1, message, 0, &mut self.news);
        }
        std::mem::take(&mut self.news)
    }

    /// Until the view names the standby.
    fn protect(&mut self) {
        self.leader.image(&image(5), 3, 0).unwrap();
        self.leader.entry(entry(6), 0, &mut self.news);
        let events = self.carry_down();
        assert!(
            matches!(events.as_slice(), [StandbyEvent::Adopt(adopted, view), StandbyEvent::Apply(first)]
                if adopted.n == 5 && view.leader == "a" && first.n == 6)
        );
        // The entries are received, and not carried out: nothing is protected.
        assert_eq!(self.carry_up(), []);
        self.standby.applied(5, &mut Vec::new());
        self.standby.applied(6, &mut Vec::new());
        assert_eq!(self.carry_up(), [], "the state is not on its disk");
        self.standby.kept(2);
        let protect = LeaderEvent::Protect("b".to_owned());
        assert_eq!(
            self.carry_up(),
            [LeaderEvent::Kept(2), LeaderEvent::Release(6), protect]
        );
        assert!(!self.leader.is_protected(), "the view is not written");
        let mut view = Manual::new("a", View::default());
        self.leader.written(view.lead(Some("b")));
        assert!(matches!(self.carry_down().as_slice(), [StandbyEvent::InView(_)]));
        assert!(!self.leader.is_protected(), "the standby has not written it down");
        self.standby.named(view.view().epoch);
        assert_eq!(self.carry_up(), [LeaderEvent::Release(6)]);
        assert!(self.leader.is_protected());
    }
}

#[test]
fn output_waits_for_a_standby_that_has_everything_and_for_no_other() {
    let mut two = Two::new();
    two.protect();
    two.leader.entry(entry(7), 0, &mut two.news);
    assert_eq!(two.carry_up(), [], "nothing is released before it has arrived");
    assert_eq!(two.carry_down(), [StandbyEvent::Apply(Box::new(entry(7)))]);
    assert_eq!(two.carry_up(), [LeaderEvent::Release(7)], "receiving is enough");
    // A standby that is about to lead acknowledges nothing more.
    two.standby.stop();
    two.leader.entry(entry(8), 0, &mut two.news);
    assert_eq!(two.carry_down(), []);
    assert_eq!(two.carry_up(), []);
    two.standby.led(9);
    assert_eq!(two.carry_up(), [LeaderEvent::Deposed(9)]);
}

#[test]
fn a_standby_that_lies_or_is_silent_is_given_up() {
    let lost = |events: &[LeaderEvent]| matches!(events, [LeaderEvent::Close(1), LeaderEvent::Lost(node, _)] if node == "b");
    let mut two = Two::new();
    two.protect();
    let lie = ToLeader::Held {
        received: 90,
        applied: 90,
        kept: None,
        view: 0,
    };
    let mut events = Vec::new();
    two.leader.receive(1, lie, 0, &mut events);
    assert!(lost(&events), "{events:?}");
    // Until the view is written without it, no other one is accepted.
    assert!(two.leader.join(&join_of("c"), 2, 0, &mut Vec::new()).is_err());
    two.leader.alone();
    assert!(two.leader.join(&join_of("c"), 2, 0, &mut Vec::new()).is_ok());

    let mut two = Two::new();
    two.protect();
    let mut events = Vec::new();
    two.leader.tick(1_501, &mut events);
    assert!(lost(&events), "{events:?}");
}

#[test]
fn a_standby_that_was_told_to_lead_leaves_its_leader_unsure_when_it_dies() {
    let mut two = Two::new();
    assert!(!two.leader.hand_over(5), "it does not have everything");
    two.protect();
    assert!(two.leader.hand_over(6));
    assert_eq!(two.carry_down(), [StandbyEvent::Lead]);
    let mut events = Vec::new();
    two.leader.disconnected(1, &mut events);
    assert!(two.leader.is_handing_over(), "it may lead");
    two.leader.go_on();
    assert!(!two.leader.is_handing_over());
    // On a new connection an earlier order to lead does not count.
    let mut two = Two::new();
    two.protect();
    two.leader.entry(entry(7), 0, &mut two.news);
    assert!(two.leader.hand_over(7));
    assert_eq!(two.carry_down().len(), 1, "an entry has to be carried out first");
    two.standby.disconnected();
    let mut events = Vec::new();
    two.standby.applied(7, &mut events);
    assert_eq!(events, []);
}

#[test]
fn cores_that_can_not_be_a_standby_are_refused() {
    let mut leader = Leader::new("a", "test", "any", 1_500);
    let mut refusal = |join: &Join| leader.join(join, 1, 0, &mut Vec::new()).unwrap_err();
    assert!(refusal(&join_of("a")).contains("a core named a"));
    let other_version = Join {
        program: "older".to_owned(),
        ..join_of("b")
    };
    assert!(refusal(&other_version).contains("must be the same"));
    leader.join(&join_of("b"), 1, 0, &mut Vec::new()).unwrap();
    let second = leader.join(&join_of("c"), 2, 0, &mut Vec::new()).unwrap_err();
    assert!(second.contains("the core b is the standby already"), "{second}");
}

#[test]
fn a_promoted_core_has_a_higher_view_than_a_leader_that_went_on_alone() {
    let mut leader = Manual::new("a", View::default());
    assert_eq!(leader.beginning(), Beginning::Waits, "nobody has led yet");
    leader.lead(None);
    assert_eq!(leader.beginning(), Beginning::Leads);
    let with_standby = leader.lead(Some("b")).clone();
    assert_eq!(
        leader.beginning(),
        Beginning::Waits,
        "its standby may have taken over"
    );
    let mut standby = Manual::new("b", View::default());
    assert!(standby.learn(&with_standby) && standby.is_standby());
    let promoted = standby.lead(None).clone();
    let alone = leader.lead(None).clone();
    assert!(promoted.epoch > alone.epoch, "{promoted:?} {alone:?}");
    assert!(leader.learn(&promoted) && !standby.learn(&alone));
}

#[test]
fn orders_and_handled_turns_go_out_when_their_entry_is_released() {
    let mut core = Core::new("test", 1, TIMING);
    let mut events = Vec::new();
    let seat = core.greet(&hello("a", 1), 1, 0, &mut events).unwrap().seat;
    let Some(CoreEvent::Joined(joined)) = events.pop() else {
        panic!("no edge has come");
    };
    core.release(4);
    assert!(core.next_frame(seat, 1, 0).is_none(), "it has no place yet");
    core.joined(&joined, 4, 0);
    assert!(core.next_frame(seat, 1, 0).is_some(), "the welcome");
    core.receive(
        seat,
        1,
        Up::Turn {
            no: 1,
            inputs: std::borrow::Cow::Owned(Inputs::default()),
        },
        0,
        &mut events,
    )
    .unwrap();
    core.order(seat, Order::Stored(1), 0, 5, &mut events);
    core.handled(seat, 1, 5);
    assert!(core.next_frame(seat, 1, 0).is_none());
    core.release(5);
    assert!(core.next_frame(seat, 1, 0).is_some(), "the order");
    assert!(core.next_frame(seat, 1, 0).is_some(), "the notice");
    assert!(core.next_frame(seat, 1, 0).is_none());
}
