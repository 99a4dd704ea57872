//! The part of a batch that goes to one edge, and the refusals of a core.

use fchatd_cluster::{Core, CoreEvent, Hello, Name, Refusal, SEATS, Timing, Up};
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
