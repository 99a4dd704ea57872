//! Delivers the answers of services to the core, to the edges or to the neighbours.

use fchatd_protocol::exchange::Input;

use crate::server::answer::{Answer, Done};
use crate::server::layout::ChatEdges;

/// Gives an answer to its receiver.
pub(crate) fn deliver(answer: Answer, edge: &ChatEdges) {
    match answer {
        Answer::Login(connection, answer) => edge.input(Input::LoginAnswer {
            connection,
            answer: answer.as_deref(),
        }),
        Answer::Characters(id, answer) => edge.input(Input::CharactersFound {
            id,
            answer: answer.as_deref(),
        }),
        Answer::Web(id, status, body) => edge.input(Input::HttpAnswer {
            id,
            status,
            body: &body,
        }),
        Answer::Kept(report) => {
            // Frames of commits that are not on disk wait no longer either: the chat goes on.
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
        Answer::Status(connection, mut text) => {
            edge.figures(&mut text);
            let text = text.finish();
            edge.interject(|chat, outputs| chat.done(Done::Tell(connection, text), outputs));
        }
        Answer::NeighbourWantsAll => edge.interject(|chat, _| {
            chat.with_neighbours(|neighbours, world, now| neighbours.tell_all(world, now));
        }),
        Answer::Done(done) => edge.interject(|chat, outputs| chat.done(done, outputs)),
    }
}
