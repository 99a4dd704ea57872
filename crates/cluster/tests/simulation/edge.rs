//! An edge of the simulation: an uplink, and clients that talk and listen.

use fchatd_cluster::{Kept, Name, Order, Timing, Uplink, UplinkEvent};
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Inputs, Operation, Outputs};

use crate::chat::ROOM;

/// A client with its socket.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: ConnectionId,
    /// Its number among all clients of the run, which begins each of its lines.
    pub(crate) number: u64,
    pub(crate) said: u64,
    pub(crate) heard: Vec<String>,
    pub(crate) is_member: bool,
    pub(crate) is_open: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) uplink: Uplink,
    pub(crate) inputs: Inputs,
    pub(crate) turns: u64,
    pub(crate) clients: Vec<Client>,
    slots: Vec<u32>,
    free: Vec<u32>,
    pub(crate) gave_up: bool,
}

impl Edge {
    pub(crate) fn new(name: &str, incarnation: u64, timing: Timing, now: u64) -> Self {
        let name = Name {
            node: name.to_owned(),
            lane: 0,
        };
        Self {
            uplink: Uplink::new("test", name, incarnation, timing, now),
            inputs: Inputs::default(),
            turns: 0,
            clients: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            gave_up: false,
        }
    }

    pub(crate) fn open(&mut self, number: u64) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(0);
            self.slots.len() as u32 - 1
        });
        let id = ConnectionId {
            edge: 0,
            slot,
            generation: self.slots[slot as usize],
        };
        self.inputs.push(Input::Opened {
            connection: id,
            address: [127, 0, 0, 1].into(),
        });
        self.clients.push(Client {
            id,
            number,
            said: 0,
            heard: Vec::new(),
            is_member: false,
            is_open: true,
        });
    }

    pub(crate) fn say(&mut self, client: usize) {
        let client = &mut self.clients[client];
        if client.is_open {
            client.said += 1;
            let text = format!("{} {}", client.number, client.said);
            self.inputs.push(Input::Message {
                connection: client.id,
                text: &text,
            });
        }
    }

    pub(crate) fn close(&mut self, client: usize, departure: Departure) {
        let client = &mut self.clients[client];
        if std::mem::take(&mut client.is_open) {
            self.inputs.push(Input::Closed {
                connection: client.id,
                departure,
            });
            let slot = client.id.slot;
            self.slots[slot as usize] += 1;
            self.free.push(slot);
        }
    }

    pub(crate) fn hand_over(&mut self) {
        if !self.inputs.is_empty() {
            self.turns += 1;
            self.uplink.hand_over(Kept {
                no: self.turns,
                inputs: std::mem::take(&mut self.inputs),
                wants_answer: false,
            });
        }
    }

    pub(crate) fn carry_out(&mut self, event: UplinkEvent) {
        match event {
            UplinkEvent::Order(Order::Apply(outputs)) => self.apply(&outputs),
            UplinkEvent::Order(_) | UplinkEvent::Handled(_) | UplinkEvent::Bye => {}
            UplinkEvent::Attached(welcome) if !welcome.fresh => {}
            UplinkEvent::Attached(_) | UplinkEvent::GiveUp => {
                self.gave_up = true;
                for client in 0..self.clients.len() {
                    self.close(client, Departure::Moved);
                }
            }
            UplinkEvent::Refused(_) | UplinkEvent::Silent => panic!("handled by the world"),
        }
    }

    fn apply(&mut self, outputs: &Outputs) {
        for operation in &outputs.operations {
            match *operation {
                Operation::Join { channel, connection } => {
                    assert_eq!(channel, ROOM);
                    if let Some(client) = self.client(connection) {
                        client.is_member = true;
                    }
                }
                Operation::Send { connection, frame } => {
                    let text = String::from_utf8(outputs.bytes_of(frame).to_vec()).unwrap();
                    if let Some(client) = self.client(connection) {
                        client.heard.push(text);
                    }
                }
                Operation::SendChannel { frame, .. } => {
                    let text = std::str::from_utf8(outputs.bytes_of(frame)).unwrap();
                    for client in &mut self.clients {
                        if client.is_open && client.is_member {
                            client.heard.push(text.to_owned());
                        }
                    }
                }
                Operation::Identified { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn client(&mut self, id: ConnectionId) -> Option<&mut Client> {
        assert_eq!(id.edge, 0, "the edge's own name");
        self.clients
            .iter_mut()
            .find(|client| client.is_open && client.id == id)
    }
}
