//! Answers `fchatd` commands that ask the running server on its control socket. The questions and their form are in
//! [`crate::folder::control`].

mod pair;

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use fchatd_edge::Seats;
use fchatd_links::local_socket;
use fchatd_protocol::exchange::{Outputs, Undo};
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::Object;
use fchatd_store::{Finding, Place};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::folder::action_log;
use crate::folder::control::{ANSWER, calls_as_json, edges_as_json, gate_order, path};
use crate::folder::places::data_folder;
use crate::server::admin::Admin;
use crate::server::chat::Chat;
use crate::server::layout::ChatEdges;
use crate::server::orders;
use crate::server::recorder::RecordedCore;

/// How long a question may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than a question needs.
const QUESTION_BYTES_MAX: u64 = 64 << 10;

/// Answers questions until the server ends. A server without this goes on: it is told in the log.
pub(crate) fn serve(dir: &Path, edge: &ChatEdges, chat: &Chat, admin: &Rc<Admin>) {
    let mut listener = listen(dir)
        .inspect_err(|error| {
            tracing::warn!("`fchatd log undo` and `fchatd ban` will not reach this server: {error}");
        })
        .ok();
    let (dir, folder, edge, chat, admin) = (
        dir.to_owned(),
        action_log::folder(dir),
        edge.clone(),
        chat.clone(),
        Rc::clone(admin),
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
                    let answered = answer(stream, &folder, &edge, &chat, &admin);
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

async fn answer(
    mut stream: UnixStream,
    folder: &Path,
    edge: &ChatEdges,
    chat: &Chat,
    admin: &Rc<Admin>,
) -> io::Result<()> {
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
        orders::undo(id, Undo::OPERATOR, folder, edge, chat).await
    } else if let Some(endpoint) = question.text("admin") {
        admin
            .order(&endpoint, &question.text("fields").unwrap_or_default())
            .await
    } else if let Some(id) = question.text("drop_call") {
        orders::drop_call(&id, Undo::OPERATOR, edge, chat).await
    } else if question.boolean("calls") == Some(true) {
        let calls = |core: &mut RecordedCore, _, _: &mut Outputs| calls_as_json(&core.world().staff_calls);
        Ok(chat.with_core(&mut Outputs::default(), calls))
    } else if question.boolean("cluster") == Some(true) {
        seats(chat).map(|seats| edges_as_json(&seats.status()))
    } else if let Some(node) = question.text("drain_edge") {
        drain_edge(&node, chat)
    } else if let Some(order) = gate_order(&question) {
        orders::carry_out(&order, Undo::OPERATOR, edge, chat).await
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
