//! Answers `fchatd` commands that ask the running server on its control socket. The questions and their form are in
//! [`crate::folder::control`].

mod pair;

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use fchatd_edge::Seats;
use fchatd_links::local_socket;
use fchatd_protocol::exchange::{GateOrder, Outputs};
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::Object;
use fchatd_store::{Finding, Place};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::clock::Clock;
use crate::folder::action_log;
use crate::folder::control::{ANSWER, calls_as_json, edges_as_json, gate_order, path, unknown_call};
use crate::folder::places::data_folder;
use crate::server::chat::Chat;
use crate::server::layout::ChatEdges;
use crate::server::recorder::RecordedCore;

/// How long a question may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than a question needs.
const QUESTION_BYTES_MAX: u64 = 4096;
/// How often it is looked whether something is on disk, and how often at most.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS: u32 = 2000;

/// Answers questions until the server ends. A server without this goes on: it is told in the log.
pub(crate) fn serve(dir: &Path, edge: &ChatEdges, chat: &Chat) {
    let mut listener = listen(dir)
        .inspect_err(|error| {
            tracing::warn!("`fchatd log undo` and `fchatd ban` will not reach this server: {error}");
        })
        .ok();
    let (dir, folder, edge, chat) = (
        dir.to_owned(),
        action_log::folder(dir),
        edge.clone(),
        chat.clone(),
    );
    tokio::task::spawn_local(async move {
        loop {
            let asked = match &listener {
                Some((listener, _)) => tokio::time::timeout(PATIENCE, listener.accept()).await.ok(),
                None => {
                    tokio::time::sleep(PATIENCE).await;
                    None
                }
            };
            match asked {
                // One after another: each is short, and bounded in time.
                Some(Ok((stream, _))) => {
                    let answered = answer(stream, &folder, &edge, &chat);
                    let _ = tokio::time::timeout(ANSWER, answered).await;
                }
                Some(Err(_)) => tokio::time::sleep(PATIENCE).await,
                None => {
                    let there = listener.as_ref().map(|(_, place)| place.look());
                    if there != Some(Finding::Home) && data_folder(&dir).is_dir() {
                        // The file was deleted, with the data folder perhaps, which may be back.
                        listener = listen(&dir).ok();
                    }
                }
            }
        }
    });
}

/// The socket, and where it is.
fn listen(dir: &Path) -> Result<(UnixListener, Place), String> {
    let path = path(dir);
    let listener = local_socket::listen(&path).map_err(|error| error.to_string())?;
    let made = listener
        .set_nonblocking(true)
        .and_then(|()| UnixListener::from_std(listener))
        .and_then(|listener| Ok((listener, Place::of(&path)?)));
    made.map_err(|error| error.to_string())
}

/// No order can come from now on.
pub(crate) fn close(dir: &Path) {
    // The remaining file is replaced at the next start.
    let _ = std::fs::remove_file(path(dir));
}

async fn answer(mut stream: UnixStream, folder: &Path, edge: &ChatEdges, chat: &Chat) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut question = String::new();
    let mut reader = tokio::io::BufReader::new(reader.take(QUESTION_BYTES_MAX));
    tokio::time::timeout(PATIENCE, reader.read_line(&mut question)).await??;
    let question = Tape::of(question.trim_end()).unwrap_or_default();
    let undone = question.text("undo").and_then(|id| id.parse().ok());
    let done = if let Some(answer) = pair::answer(&question, edge, chat).await {
        answer
    } else if !edge.leads() {
        Err(
            "this core is a standby, or is about to be one: ask the core that leads (fchatd cluster status)"
                .to_owned(),
        )
    } else if let Some(id) = undone {
        undo(id, folder, edge, chat).await
    } else if let Some(id) = question.text("drop_call") {
        drop_call(&id, edge, chat).await
    } else if question.boolean("calls") == Some(true) {
        let calls = |core: &mut RecordedCore, _, _: &mut Outputs| calls_as_json(&core.world().staff_calls);
        Ok(chat.with_core(&mut Outputs::default(), calls))
    } else if question.boolean("cluster") == Some(true) {
        seats(chat).map(|seats| edges_as_json(&seats.status()))
    } else if let Some(node) = question.text("drain_edge") {
        drain_edge(&node, chat)
    } else if let Some(order) = gate_order(&question) {
        carry_out(&order, edge, chat).await
    } else {
        Err("the server knows no such question".to_owned())
    };
    let mut json = Vec::new();
    let mut object = Object::open(&mut json);
    let word = if done.is_ok() { "true" } else { "false" };
    object.key("done").extend_from_slice(word.as_bytes());
    object
        .text("text", done.as_ref().unwrap_or_else(|text| text))
        .close();
    json.push(b'\n');
    writer.write_all(&json).await
}

/// The edges on other machines.
fn seats(chat: &Chat) -> Result<Seats, String> {
    let none = || "this server has no edges on other machines: role is not \"core\"".to_owned();
    chat.doors().seats().cloned().ok_or_else(none)
}

fn drain_edge(node: &str, chat: &Chat) -> Result<String, String> {
    if seats(chat)?.drain(node) {
        return Ok(format!(
            "the edge {node} sends its people elsewhere, and ends then"
        ));
    }
    Err(format!(
        "no edge is named {node}; \"fchatd cluster status\" shows all there are"
    ))
}

async fn undo(id: u64, folder: &Path, edge: &ChatEdges, chat: &Chat) -> Result<String, String> {
    let folder = folder.to_owned();
    let now = Clock::new().now().unix / 1000;
    // The log may be long, and the chat must not wait for it.
    let found = tokio::task::spawn_blocking(move || action_log::undoable(&folder, id, now)).await;
    let undo = found.map_err(|_| "the action log can't be read".to_owned())??;
    let mut lifted = None;
    edge.interject(|chat, outputs| {
        lifted = chat.with_core(outputs, |core, now, outputs| {
            core.undo(now, &undo, outputs).then(|| core.last_commit())
        });
    });
    let Some(commit) = lifted else {
        return Err(format!(
            "{} is not kept out any more: there is nothing to undo",
            undo.character
        ));
    };
    let text = format!("action {id} is undone: {} of {}", undo.code, undo.character);
    Ok(stored(commit, text, chat).await)
}

async fn drop_call(id: &str, edge: &ChatEdges, chat: &Chat) -> Result<String, String> {
    let mut dropped = None;
    edge.interject(|chat, outputs| {
        dropped = chat.with_core(outputs, |core, now, outputs| {
            core.drop_call(now, id, outputs).then(|| core.last_commit())
        });
    });
    let commit = dropped.ok_or_else(|| unknown_call(id))?;
    Ok(stored(commit, format!("the report {id} is dropped"), chat).await)
}

async fn carry_out(order: &GateOrder, edge: &ChatEdges, chat: &Chat) -> Result<String, String> {
    let (done, commit) = edge.interject(|chat, outputs| {
        chat.with_core(outputs, |core, now, outputs| {
            (core.order_gate(now, order, outputs), core.last_commit())
        })
    });
    Ok(stored(commit, done?, chat).await)
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
