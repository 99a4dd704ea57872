//! Delivers the answers of services to the core, to the edges or to the neighbours.

use fchatd_protocol::exchange::Input;

use crate::server::answer::{Answer, Done};
use crate::server::layout::ChatEdges;
use crate::server::pairing::KeptByBoth;

/// Gives an answer to its receiver.
pub(crate) fn deliver(answer: Answer, edge: &ChatEdges, kept: &KeptByBoth) {
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
        Answer::Kept(report) => kept.report(&report, edge),
        // A standby hears everything else from its leader.
        _ if !edge.leads() => {}
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
