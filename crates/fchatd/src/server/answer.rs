//! Answers of the services beside the core, on their way back to it. The questions are in the parent module.

use fchatd_protocol::exchange::{ConnectionId, Input};

use crate::server::keeper::Report;
use crate::server::script_reader::Done;
use crate::server::{ChatEdges, vitals};

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
    /// What this part of the program says of its state; the edge adds its own.
    Status(ConnectionId, Vec<(String, String)>),
    /// Something was done beside the chat.
    Done(Done),
    /// A neighbour that was away is there again.
    NeighbourWantsAll,
}

impl Answer {
    /// Gives the answer to whom it concerns.
    pub(crate) fn give(self, edge: &ChatEdges) {
        match self {
            Self::Login(connection, answer) => edge.input(Input::LoginAnswer {
                connection,
                answer: answer.as_deref(),
            }),
            Self::Characters(id, answer) => edge.input(Input::CharactersFound {
                id,
                answer: answer.as_deref(),
            }),
            Self::Web(id, status, body) => edge.input(Input::HttpAnswer {
                id,
                status,
                body: &body,
            }),
            Self::Kept(report) => {
                // Also what is not on disk waits no longer: the chat goes on.
                edge.stored(report.commit);
                let Some(unsaved) = &report.unsaved else {
                    return edge.input(Input::Stored {
                        commit: report.commit,
                    });
                };
                for &(connection, commit) in unsaved {
                    edge.input(Input::Unsaved { connection, commit });
                }
            }
            Self::Status(connection, lines) => {
                let text = vitals::text(lines, &edge.gauges());
                edge.interject(|chat, outputs| chat.done(Done::Tell(connection, text), outputs));
            }
            Self::NeighbourWantsAll => edge.interject(|chat, _| {
                chat.with_neighbours(|neighbours, world, now| neighbours.tell_all(world, now));
            }),
            Self::Done(done) => edge.interject(|chat, outputs| chat.done(done, outputs)),
        }
    }
}
