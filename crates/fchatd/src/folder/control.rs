//! The control socket of a running server, DIR/data/control.sock, which only its user can connect to: the questions that
//! `fchatd` commands ask on it, and how questions and answers are written. The answering side is `server/control.rs`.
//!
//! One line of JSON goes each way: `{"undo":"12"}`, `{"ban":"203.0.113.0/24","reason":"…"}` and the like, and
//! `{"done":true,"text":"…"}`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fchatd_edge::EdgeStatus;
use fchatd_protocol::exchange::{BanOrder, GateOrder};
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::Object;
use fchatd_protocol::network;
use fchatd_protocol::snapshot::StaffCall;

use crate::folder::places::data_folder;

/// How long an answer may take: a busy disk is waited for.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);

/// Where a server can be asked.
pub(crate) fn path(dir: &Path) -> PathBuf {
    data_folder(dir).join("control.sock")
}

/// Asks a server; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_undo(dir: &Path, id: u64) -> io::Result<Option<Result<String, String>>> {
    ask(dir, &format!("{{\"undo\":{id}}}"))
}

/// Asks a server for its open calls for the staff, as lines of JSON; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_calls(dir: &Path) -> io::Result<Option<Result<String, String>>> {
    ask(dir, "{\"calls\":true}")
}

/// Asks a server to drop an open call; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_drop_call(dir: &Path, id: &str) -> io::Result<Option<Result<String, String>>> {
    let mut question = Vec::new();
    Object::open(&mut question).text("drop_call", id).close();
    ask(dir, &String::from_utf8_lossy(&question))
}

/// Calls an endpoint of the administration; gives the answer as JSON, and nothing when there is no server that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_admin(
    dir: &Path,
    endpoint: &str,
    fields: &[(String, String)],
) -> io::Result<Option<Result<String, String>>> {
    let mut inner = Vec::new();
    let mut object = Object::open(&mut inner);
    for (key, value) in fields {
        object = object.text(key, value);
    }
    object.close();
    let mut question = Vec::new();
    Object::open(&mut question)
        .text("admin", endpoint)
        .text("fields", &String::from_utf8_lossy(&inner))
        .close();
    ask(dir, &String::from_utf8_lossy(&question))
}

/// Asks a core for its edges, as lines of JSON; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_cluster(dir: &Path) -> io::Result<Option<Result<String, String>>> {
    ask(dir, "{\"cluster\":true}")
}

/// Asks a core for the state of its pair, as JSON: an empty text when it is none of a pair; nothing when there is none that could be
/// asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_pair(dir: &Path) -> io::Result<Option<Result<String, String>>> {
    ask(dir, "{\"pair\":true}")
}

/// Has a leading core give over to its standby; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_handover(dir: &Path) -> io::Result<Option<Result<String, String>>> {
    ask(dir, "{\"handover\":true}")
}

/// Has a core lead; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_promote(dir: &Path, is_forced: bool) -> io::Result<Option<Result<String, String>>> {
    ask(dir, &format!("{{\"promote\":true,\"force\":{is_forced}}}"))
}

/// Asks a core to drain an edge; nothing when there is none that could be asked.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_drain(dir: &Path, node: &str) -> io::Result<Option<Result<String, String>>> {
    let mut question = Vec::new();
    Object::open(&mut question).text("drain_edge", node).close();
    ask(dir, &String::from_utf8_lossy(&question))
}

/// The edges as lines of JSON. Numbers are texts, which are read as they are.
pub(crate) fn edges_as_json(edges: &[EdgeStatus]) -> String {
    let mut lines = Vec::new();
    for edge in edges {
        let mut object = Object::open(&mut lines)
            .text("node", &edge.node)
            .text("thread", &(edge.lane + 1).to_string())
            .text("version", &edge.program)
            .text("connections", &edge.connections.to_string())
            .text("sockets", &edge.sockets.to_string())
            .text("unacknowledged", &edge.unacknowledged.to_string());
        for (key, value) in [("connected", edge.is_connected), ("draining", edge.is_draining)] {
            let word = if value { "true" } else { "false" };
            object.key(key).extend_from_slice(word.as_bytes());
        }
        object.close();
        lines.push(b'\n');
    }
    String::from_utf8(lines).unwrap_or_default()
}

/// Has a server carry out an order about banned networks or registration; nothing when no server runs in the folder.
///
/// # Errors
/// The server does not answer.
pub(crate) fn ask_gate(dir: &Path, order: &GateOrder) -> io::Result<Option<Result<String, String>>> {
    let mut json = Vec::new();
    let object = Object::open(&mut json);
    let object = match order {
        GateOrder::Ban(ban) => {
            let object = object
                .text("ban", &ban.network.to_string())
                .text("reason", &ban.reason);
            let object = match ban.seconds {
                Some(seconds) => object.text("seconds", &seconds.to_string()),
                None => object,
            };
            match ban.force {
                true => object.text("force", "yes"),
                false => object,
            }
        }
        GateOrder::Unban(network) => object.text("unban", &network.to_string()),
        GateOrder::PauseRegistration(true) => object.text("registration", "pause"),
        GateOrder::PauseRegistration(false) => object.text("registration", "resume"),
    };
    object.close();
    ask(dir, &String::from_utf8_lossy(&json))
}

/// The request that [`ask_gate`] has written.
pub(crate) fn gate_order(question: &Tape) -> Option<GateOrder> {
    let network = |key| question.text(key).and_then(|text| network::parse(&text));
    if let Some(network) = network("ban") {
        let seconds = match question.text("seconds") {
            Some(text) => Some(text.parse().ok()?),
            None => None,
        };
        return Some(GateOrder::Ban(BanOrder {
            network,
            seconds,
            reason: question.text("reason").unwrap_or_default().into_owned(),
            force: question.text("force").is_some(),
        }));
    }
    if let Some(network) = network("unban") {
        return Some(GateOrder::Unban(network));
    }
    match question.text("registration")?.as_ref() {
        "pause" => Some(GateOrder::PauseRegistration(true)),
        "resume" => Some(GateOrder::PauseRegistration(false)),
        _ => None,
    }
}

fn ask(dir: &Path, question: &str) -> io::Result<Option<Result<String, String>>> {
    let Ok(mut stream) = UnixStream::connect(path(dir)) else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(format!("{question}\n").as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "the server did not answer");
    let tape = Tape::of(answer.trim_end()).map_err(|_| invalid())?;
    let text = tape.text("text").ok_or_else(invalid)?.into_owned();
    Ok(Some(match tape.boolean("done") {
        Some(true) => Ok(text),
        _ => Err(text),
    }))
}

/// The calls as lines of JSON.
pub(crate) fn calls_as_json(calls: &[StaffCall]) -> String {
    let mut lines = Vec::new();
    for call in calls {
        Object::open(&mut lines)
            .text("id", &call.id)
            .text("character", &call.character)
            .integer("account", call.account)
            .integer("time", call.time)
            .text("tab", &call.tab)
            .integer("log", call.log)
            .integer("bytes", call.report.len() as i64)
            .text("report", &call.report)
            .close();
        lines.push(b'\n');
    }
    String::from_utf8(lines).unwrap_or_default()
}

/// Why an id was not dropped.
pub(crate) fn unknown_call(id: &str) -> String {
    format!("no report with the id {id:?} is open")
}
