//! Messages within the running server: answers of services to the core, results of work beside the chat, orders of
//! administrators, and requests to read the configuration again. [`super::deliver`] takes answers to their receivers.

use fchatd_core::Rehearsed;
use fchatd_figures::StatusText;
use fchatd_protocol::exchange::ConnectionId;
use tokio::sync::mpsc::Sender;

use crate::failure::Failure;
use crate::server::keeper::Report;

/// The answer to a request of the core, on its way back.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Of the login provider; nothing when it failed.
    Login(ConnectionId, Option<String>),
    /// Of the account service to a question for characters: the question's number, and the answer; nothing when it
    /// failed.
    Characters(u64, Option<String>),
    /// Of a web server: the request's number, the status (0 for none) and the body.
    Web(u64, u16, String),
    /// Of the keeper.
    Kept(Report),
    /// The figures of all parts but the edges, for an administrator.
    Status(ConnectionId, StatusText),
    /// Something was done beside the chat.
    Done(Done),
    /// A neighbour that was away is there again.
    NeighbourWantsAll,
}

/// Something that was done.
#[derive(Debug)]
pub(crate) enum Done {
    /// Scripts were read, compiled and tried out.
    Scripts {
        /// The connection that asked, if it was an administrator.
        connection: Option<ConnectionId>,
        /// Whether they are for this connection alone.
        isolated: bool,
        /// The result.
        scripts: Result<Rehearsed, Failure>,
    },
    /// The time of the profile with this number is over.
    ProfileOver(u64),
    /// An administrator is to be told something.
    Tell(ConnectionId, String),
}

/// An order to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Stop: SIGTERM, SIGINT, `ZZZ halt`.
    Stop,
    /// Run the program anew: SIGUSR2, `ZZZ restart` of this administrator.
    Restart(Option<ConnectionId>),
}

/// Asks for the configuration to be read again.
#[derive(Debug)]
pub(crate) struct Reload(pub(crate) Sender<Option<ConnectionId>>);

impl Reload {
    /// Sends the request; `asker` gets the result.
    pub(crate) fn ask(&self, asker: Option<ConnectionId>) {
        if self.0.try_send(asker).is_err() {
            tracing::warn!("the configuration is being read again already");
        }
    }
}
