//! A simulated edge: an uplink, and clients that log in, talk and listen.

use std::collections::BTreeMap;

use fchatd_cluster::{Kept, Name, Order, State, Timing, Uplink, UplinkEvent};
use fchatd_protocol::exchange::{ChannelId, ConnectionId, Input, Inputs, Operation, Outputs};

/// A client with its socket.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: ConnectionId,
    /// Its number among all clients of the run, which is part of its name.
    pub(super) number: u64,
    pub(super) said: u64,
    /// The lines that it has heard: the numbers of the speaker and of the line.
    pub(super) heard: Vec<(u64, u64)>,
    /// For each speaker that has talked before it came in, the first line that it has to hear.
    pub(super) is_in: bool,
}

/// See the module.
pub(super) struct Edge {
    pub(super) uplink: Uplink,
    pub(super) inputs: Inputs,
    turns: u64,
    pub(super) clients: Vec<Client>,
    channels: BTreeMap<ChannelId, Vec<ConnectionId>>,
    /// The core that the uplink is connected to, and the number of its view.
    pub(super) active: Option<usize>,
    pub(super) epoch: u64,
}

impl Edge {
    pub(super) fn new(number: u64, timing: Timing) -> Self {
        let name = Name {
            node: format!("edge-{number}"),
            lane: 0,
        };
        Self {
            uplink: Uplink::new("test", name, number + 1, timing, 0),
            inputs: Inputs::default(),
            turns: 0,
            clients: Vec::new(),
            channels: BTreeMap::new(),
            active: None,
            epoch: 0,
        }
    }

    pub(super) fn is_attached(&self) -> bool {
        self.uplink.state() == State::Attached
    }

    /// A client connects and logs in.
    pub(super) fn open(&mut self, number: u64) {
        let id = ConnectionId {
            edge: 0,
            slot: self.clients.len() as u32,
            generation: 0,
        };
        self.inputs.push(Input::Opened {
            connection: id,
            address: [10, 0, 0, number as u8].into(),
        });
        self.clients.push(Client {
            id,
            number,
            said: 0,
            heard: Vec::new(),
            is_in: false,
        });
        let idn = format!(
            r#"IDN {{"method":"ticket","account":"a{number}","ticket":"t","character":"Person {number}","cname":"c","cversion":"1"}}"#
        );
        self.message(id, &idn);
    }

    fn message(&mut self, connection: ConnectionId, text: &str) {
        self.inputs.push(Input::Message { connection, text });
    }

    pub(super) fn say(&mut self, client: usize) {
        let client = &mut self.clients[client];
        if client.is_in {
            client.said += 1;
            let text = format!(
                r#"MSG {{"channel":"Frontpage","message":"{} {}"}}"#,
                client.number, client.said
            );
            let id = client.id;
            self.message(id, &text);
        }
    }

    pub(super) fn hand_over(&mut self) {
        if !self.inputs.is_empty() {
            self.turns += 1;
            self.uplink.hand_over(Kept {
                no: self.turns,
                inputs: std::mem::take(&mut self.inputs),
                wants_answer: false,
            });
        }
    }

    pub(super) fn carry_out(&mut self, event: UplinkEvent) {
        match event {
            UplinkEvent::Order(Order::Apply(outputs)) => self.apply(&outputs),
            UplinkEvent::Attached(welcome) => {
                let is_first = self.clients.iter().all(|client| !client.is_in);
                assert!(is_first || !welcome.fresh, "the core has forgotten this edge");
            }
            UplinkEvent::Order(_) | UplinkEvent::Handled(_) | UplinkEvent::Bye => {}
            UplinkEvent::Refused(reason) => panic!("{reason}"),
            UplinkEvent::GiveUp | UplinkEvent::Silent => panic!("nobody is silent here"),
        }
    }

    fn apply(&mut self, outputs: &Outputs) {
        for operation in &outputs.operations {
            match *operation {
                Operation::Send { connection, frame } => self.hear(connection, outputs.bytes_of(frame)),
                Operation::SendChannel {
                    channel,
                    except,
                    frame,
                } => {
                    for member in self.channels.get(&channel).cloned().unwrap_or_default() {
                        if Some(member) != except {
                            self.hear(member, outputs.bytes_of(frame));
                        }
                    }
                }
                Operation::Join { channel, connection } => {
                    self.channels.entry(channel).or_default().push(connection);
                }
                Operation::Leave { channel, connection } => {
                    let members = self.channels.entry(channel).or_default();
                    members.retain(|member| *member != connection);
                }
                Operation::Close { connection, .. } => panic!("{connection:?} is closed"),
                Operation::CloseChannel { channel } => drop(self.channels.remove(&channel)),
                Operation::SendEveryone { .. }
                | Operation::Identified { .. }
                | Operation::Departed { .. }
                | Operation::Await { .. } => {}
            }
        }
    }

    fn hear(&mut self, id: ConnectionId, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let Some(client) = self.clients.iter_mut().find(|client| client.id == id) else {
            panic!("a frame for an unknown connection");
        };
        if text.starts_with("IDN ") {
            self.message(id, r#"JCH {"channel":"Frontpage"}"#);
        } else if text.starts_with("CDS ") {
            client.is_in = true;
        } else if text.starts_with("MSG ") {
            let (_, said) = text.split_once(r#""message":""#).unwrap();
            let (speaker, rest) = said.split_once(' ').unwrap();
            let (line, _) = rest.split_once('"').unwrap();
            client
                .heard
                .push((speaker.parse().unwrap(), line.parse().unwrap()));
        } else {
            assert!(!text.starts_with("ERR "), "{text}");
        }
    }
}
