//! The messages between edges and core. They are plain data with a version: in one process they cross a
//! function call or a queue, and a transport between machines can carry them as they are.

mod gate;
mod input;
mod output;
mod request;
mod undo;

pub use gate::{BAN, BanOrder, GateChange, GateOrder, REGISTRATION, UNBAN};
pub use input::{Departure, INPUT_WEIGHT, Input, Inputs, Stage};
pub use output::{Frame, Operation, Outputs};
pub use request::{ActionEntry, LogEntry, LogParty, ProfileKind, Request};
pub use undo::Undo;

use serde::{Deserialize, Serialize};

/// Changes whenever the meaning of a message here changes; both sides of a transport must agree on it.
pub const VERSION: u16 = 11;

/// Names one connection for as long as the process of its edge lives: no two connections ever share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConnectionId {
    /// Which edge holds the socket.
    pub edge: u16,
    /// The edge's slot, used again after a connection has gone.
    pub slot: u32,
    /// Tells the users of one slot apart.
    pub generation: u32,
}

/// Names a channel towards the edges. Given by the core, used again after [`Operation::CloseChannel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChannelId(pub u32);

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn messages_survive_serialisation() {
        let connection = ConnectionId {
            edge: 1,
            slot: 2,
            generation: 3,
        };
        let mut inputs = Inputs::default();
        inputs.push(Input::Opened {
            connection,
            address: IpAddr::from([127, 0, 0, 1]),
        });
        inputs.push(Input::Message {
            connection,
            text: "PIN",
        });
        inputs.push(Input::LoginAnswer {
            connection,
            answer: Some("{}"),
        });
        inputs.push(Input::LoginAnswer {
            connection,
            answer: None,
        });
        inputs.push(Input::Bridge {
            code: "KIK",
            payload: r#"{"a":1}"#,
        });
        inputs.push(Input::HttpAnswer {
            id: 7,
            status: 200,
            body: "ok",
        });
        inputs.push(Input::Tick);
        inputs.push(Input::CharactersFound {
            id: 3,
            answer: Some("{}"),
        });
        inputs.push(Input::Stored { commit: 8 });
        inputs.push(Input::Unsaved {
            connection: Some(connection),
            commit: 9,
        });
        inputs.push(Input::Closed {
            connection,
            departure: Departure::Goodbye,
        });
        inputs.push(Input::Notice {
            to: Some(connection),
            text: "well",
        });
        assert_eq!(inputs.weight(), inputs.bytes() + inputs.len() * INPUT_WEIGHT);
        let copy: Inputs = serde_json::from_str(&serde_json::to_string(&inputs).unwrap()).unwrap();
        assert_eq!(copy, inputs);
        let texts: Vec<_> = copy.iter().collect();
        assert_eq!(
            texts[1],
            Input::Message {
                connection,
                text: "PIN"
            }
        );
        assert_eq!(
            texts[2],
            Input::LoginAnswer {
                connection,
                answer: Some("{}")
            }
        );
        assert_eq!(
            texts[4],
            Input::Bridge {
                code: "KIK",
                payload: r#"{"a":1}"#
            }
        );
        assert_eq!(
            texts[5],
            Input::HttpAnswer {
                id: 7,
                status: 200,
                body: "ok"
            }
        );

        assert_eq!(
            texts[7],
            Input::CharactersFound {
                id: 3,
                answer: Some("{}")
            }
        );
        assert_eq!(texts[8], Input::Stored { commit: 8 });
        assert_eq!(
            texts[9],
            Input::Unsaved {
                connection: Some(connection),
                commit: 9
            }
        );

        let mut outputs = Outputs::default();
        let frame = outputs.frame(|out| out.extend_from_slice(b"PIN"));
        outputs.operations.push(Operation::Await { commit: 8 });
        outputs.operations.push(Operation::SendEveryone { frame });
        outputs.operations.push(Operation::Await { commit: 0 });
        outputs
            .requests
            .push(Request::Commit(Box::new(crate::change::Commit {
                number: 8,
                actor: Some(connection),
                changes: vec![crate::change::Change::Unban { account: 7 }],
            })));
        let copy: Outputs = serde_json::from_str(&serde_json::to_string(&outputs).unwrap()).unwrap();
        assert_eq!(copy, outputs);
        assert_eq!(copy.bytes_of(frame), b"PIN");
    }

    #[test]
    fn reports_to_the_staff_are_never_printed() {
        let call = crate::snapshot::StaffCall {
            report: "secret report".into(),
            ..crate::snapshot::StaffCall::default()
        };
        let request = Request::Commit(Box::new(crate::change::Commit {
            number: 1,
            actor: None,
            changes: vec![crate::change::Change::StaffCall(call)],
        }));
        assert_eq!(format!("{request:?}"), "Commit(1)");
    }

    #[test]
    fn a_ticket_is_never_printed() {
        let request = Request::CheckLogin {
            connection: ConnectionId {
                edge: 0,
                slot: 0,
                generation: 0,
            },
            address: IpAddr::from([127, 0, 0, 1]),
            account: "ada".into(),
            ticket: "secret-ticket".into(),
            character: "Ada".into(),
            client_name: String::new(),
            client_version: String::new(),
        };
        assert!(!format!("{request:?}").contains("secret-ticket"));
    }
}
