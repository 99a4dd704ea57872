//! Answers of a core about its pair: the state, and the orders that change the leader.

use fchatd_edge::{EngineState, PairStatus};
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::Object;

use crate::server::chat::Chat;
use crate::server::layout::ChatEdges;

/// The answer to a question about the pair; nothing when it is another question.
pub(super) async fn answer(question: &Tape, edge: &ChatEdges, chat: &Chat) -> Option<Result<String, String>> {
    let is_asked = |key| question.boolean(key) == Some(true);
    if !["pair", "handover", "promote"].into_iter().any(is_asked) {
        return None;
    }
    let doors = chat.doors();
    let seats = doors.seats().filter(|seats| seats.pairing().is_some());
    let Some((seats, pairing)) = seats.and_then(|seats| Some((seats, seats.pairing()?))) else {
        // The state of a core without a standby is none.
        return Some(match is_asked("pair") {
            true => Ok(String::new()),
            false => Err("this server has no second core: cluster is not set".to_owned()),
        });
    };
    Some(if is_asked("pair") {
        let status = seats.pair().map(|status| as_json(&status));
        status.ok_or_else(|| "this core is just starting: ask again".to_owned())
    } else if is_asked("handover") {
        edge.hand_over(pairing).await
    } else {
        pairing.promote(is_asked("force")).await
    })
}

fn as_json(status: &PairStatus) -> String {
    let mut line = Vec::new();
    let number = |number: u64| number.to_string();
    let mut object = Object::open(&mut line)
        .text("node", &status.node)
        .text("epoch", &number(status.view.epoch))
        .text("leader", &status.view.leader)
        .text("standby", status.view.standby.as_deref().unwrap_or_default())
        .text("entry", &number(status.entry))
        .text("lag", &number(status.lag))
        .text("seconds", &number(status.since.as_secs()))
        .text("images", &number(status.images))
        .text("diverged", &number(status.diverged));
    if let Some(peer) = &status.peer {
        object = object
            .text("peer", &peer.node)
            .text("unheld", &number(peer.unheld))
            .text("unapplied", &number(peer.unapplied));
    }
    let engine = status.engine.as_ref();
    if let Some(engine) = engine {
        let view = engine.view.clone().unwrap_or_default();
        object = object
            .text("engine", &engine.name)
            .text("engine_fault", engine.fault.as_deref().unwrap_or_default())
            .text("engine_epoch", &number(view.epoch))
            .text("engine_leader", &view.leader)
            .text("engine_standby", view.standby.as_deref().unwrap_or_default());
    }
    let of_engine = |is: fn(&EngineState) -> bool| engine.is_some_and(is);
    for (key, value) in [
        ("engine_up", of_engine(|engine| engine.is_up)),
        ("waiting", of_engine(|engine| engine.is_waiting)),
        ("leads", status.leads),
        ("following", status.is_following),
        ("protected", status.is_protected()),
        ("handing_over", status.is_handing_over),
    ] {
        let word = if value { "true" } else { "false" };
        object.key(key).extend_from_slice(word.as_bytes());
    }
    object.close();
    String::from_utf8(line).unwrap_or_default()
}
