//! Orders of operators to the running server: the one place that carries them out, for the commands on the control socket and for
//! the administration page. `by` is the operator's name in the action log.

use std::path::Path;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{GateOrder, Outputs, Undo};

use crate::clock::Clock;
use crate::folder::action_log;
use crate::folder::control::{ANSWER, unknown_call};
use crate::server::chat::Chat;
use crate::server::layout::ChatEdges;

/// How often it is looked whether something is on disk, and how often at most.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS: u32 = 2000;

/// Undoes an action of the action log in `folder`.
///
/// # Errors
/// A sentence that says why not.
pub(super) async fn undo(
    id: u64,
    by: &str,
    folder: &Path,
    edge: &ChatEdges,
    chat: &Chat,
) -> Result<String, String> {
    let folder = folder.to_owned();
    let now = Clock::new().now().unix / 1000;
    // The log may be long, and the chat must not wait for it.
    let found = tokio::task::spawn_blocking(move || action_log::undoable(&folder, id, now)).await;
    let undo = found.map_err(|_| "the action log can't be read".to_owned())??;
    let text = format!("action {id} is undone: {} of {}", undo.code, undo.character);
    lift(&undo, by, text, edge, chat).await
}

/// Lifts a measure; gives the text.
///
/// # Errors
/// No such measure is in force.
pub(super) async fn lift(
    undo: &Undo,
    by: &str,
    text: String,
    edge: &ChatEdges,
    chat: &Chat,
) -> Result<String, String> {
    let mut lifted = None;
    edge.interject(|chat, outputs| {
        lifted = chat.with_core(outputs, |core, now, outputs| {
            core.undo(now, undo, by, outputs).then(|| core.last_commit())
        });
    });
    let Some(commit) = lifted else {
        return Err(format!(
            "{} is not kept out any more: there is nothing to undo",
            undo.character
        ));
    };
    Ok(stored(commit, text, chat).await)
}

/// Drops an open report.
///
/// # Errors
/// There is no such report.
pub(super) async fn drop_call(id: &str, by: &str, edge: &ChatEdges, chat: &Chat) -> Result<String, String> {
    let mut dropped = None;
    edge.interject(|chat, outputs| {
        dropped = chat.with_core(outputs, |core, now, outputs| {
            core.drop_call(now, id, by, outputs).then(|| core.last_commit())
        });
    });
    let commit = dropped.ok_or_else(|| unknown_call(id))?;
    Ok(stored(commit, format!("the report {id} is dropped"), chat).await)
}

/// Carries out an order about banned networks or registration.
///
/// # Errors
/// A sentence that says why not.
pub(super) async fn carry_out(
    order: &GateOrder,
    by: &str,
    edge: &ChatEdges,
    chat: &Chat,
) -> Result<String, String> {
    let (done, commit) = edge.interject(|chat, outputs| {
        chat.with_core(outputs, |core, now, outputs| {
            (core.order_gate(now, order, by, outputs), core.last_commit())
        })
    });
    Ok(stored(commit, done?, chat).await)
}

/// Puts an action that was done outside the chat into the action log. `arguments` are a JSON object.
pub(super) async fn note(by: &str, code: &str, arguments: &str, edge: &ChatEdges, chat: &Chat) {
    let commit = edge.interject(|chat, outputs| {
        chat.with_core(outputs, |core, now, outputs| {
            core.note_action(now, by, code, arguments, outputs);
            core.last_commit()
        })
    });
    stored(commit, String::new(), chat).await;
}

/// Waits until a commit is on disk; gives the text, with a remark where that takes too long.
async fn stored(commit: u64, text: String, chat: &Chat) -> String {
    let begun = Instant::now();
    for _ in 0..LOOKS {
        if chat.with_core(&mut Outputs::default(), |core, _, _| core.is_stored(commit)) {
            return text;
        }
        if begun.elapsed() > ANSWER / 2 {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    format!("{text}. It is not on disk yet: the disk is slow or can't be written")
}
