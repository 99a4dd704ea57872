//! The messages of a link.

use std::borrow::Cow;
use std::fmt;

use fchatd_protocol::exchange::{Inputs, Outputs};
use serde::{Deserialize, Serialize};

use crate::pair::Join;

/// The name of one thread of an edge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// The name of its process, unique in the cluster (`node`).
    pub node: String,
    /// The number of the thread in its process.
    pub lane: u16,
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lane {
            0 => formatter.write_str(&self.node),
            lane => write!(formatter, "{} (thread {})", self.node, lane + 1),
        }
    }
}

/// Whether a text can be the name of a process of the cluster.
pub(crate) fn is_node_name(text: &str) -> bool {
    let is_fine = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    (1..=64).contains(&text.len()) && text.bytes().all(is_fine)
}

/// The first message of an edge on each connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the program, for the log.
    pub program: String,
    /// The name of the edge.
    pub name: Name,
    /// A random number of the edge's process.
    pub incarnation: u64,
    /// The core that the edge was attached to last; 0 for none.
    pub core: u64,
    /// The number of that attachment.
    pub attachment: u64,
    /// The last order that the edge has received.
    pub got: u64,
    /// The last turn that the edge had made when it sent this.
    pub last: u64,
    /// The last turn of which the edge knows that it was handled. The edge has forgotten the turns up to it.
    pub handled: u64,
}

/// The answer to a [`Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Version of the program, for the log.
    pub program: String,
    /// A random number of the core's process.
    pub core: u64,
    /// The number of this attachment at that core. All numbers of orders belong to it.
    pub attachment: u64,
    /// The last turn of the edge that the core has received.
    pub received: u64,
    /// The core knows none of the edge's connections: the edge closes them.
    pub fresh: bool,
    /// The number of the edge at the core, for the log.
    pub number: u16,
}

/// A message from an edge to its core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Up<'a> {
    /// The edge asks for its seat. The core has told it that it leads.
    Hello(Hello),
    /// The first message of a connection for HTTP requests: the name of the edge.
    Relay(String),
    /// The inputs of one turn.
    Turn {
        /// The edge's count of turns.
        no: u64,
        /// The inputs.
        inputs: Cow<'a, Inputs>,
    },
    /// All orders up to this one have been received.
    Got(u64),
    /// The edge runs; with counters of its own form.
    Beat(Vec<u8>),
    /// An HTTP request, in a form of its own.
    Ask {
        /// Names the request in its answer.
        id: u64,
        /// The request.
        request: Vec<u8>,
    },
    /// The edge leaves for good; all its connections have ended.
    Bye,
    /// The first message of an edge on each connection: it waits for the core to lead, with the number of the last view that it
    /// has seen.
    Wait(u64),
    /// The first message of a core that wants to be the standby.
    Join(Join),
}

/// An instruction of the core to one edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order<'a> {
    /// Carry out a batch.
    Apply(Cow<'a, Outputs>),
    /// All commits up to this one are on disk or are no longer awaited.
    Stored(u64),
    /// A message of the program in a form of its own, such as settings.
    Note(Vec<u8>),
    /// Send all clients elsewhere, and leave.
    Drain,
}

/// A message from the core to an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Down<'a> {
    /// The edge is attached.
    Welcome(Welcome),
    /// The edge is not accepted, with the reason as a sentence.
    Refused(String),
    /// An instruction.
    Order {
        /// The core's count of orders to this edge.
        n: u64,
        /// The instruction.
        order: Order<'a>,
    },
    /// All turns up to this one have been handled. Their outputs were sent before.
    Handled(u64),
    /// The core runs.
    Beat,
    /// The answer to an HTTP request, in a form of its own.
    Answer {
        /// The number of the request.
        id: u64,
        /// The answer.
        response: Vec<u8>,
    },
    /// The core ends in order.
    Bye,
    /// This core leads, in the view of this number.
    Leads(u64),
}
