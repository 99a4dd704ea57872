//! `fchatd calls`: the open reports to the staff, listed and dropped; of a server that runs or of one that does not.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::json::write::Object;
use fchatd_protocol::snapshot::StaffCall;
use fchatd_store::{Claim, Store, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::commands::command_line::CommandLine;
use crate::failure::Failure;
use crate::server::{control, data_folder};

/// As much of a report as a line of the list shows, in characters.
const SHOWN: usize = 60;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum CallsAction {
    /// List the open reports, the oldest first; also while the server runs
    List(Listing),
    /// Drop open reports by their ids; also while the server runs, which notifies its staff
    Drop(Dropping),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Listing {
    /// Print a JSON object for each report, with its whole text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Dropping {
    /// The ids of the reports, as the list prints them
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

/// `fchatd calls …`
pub(crate) fn calls(line: &CommandLine, action: &CallsAction) -> Result<(), Failure> {
    match action {
        CallsAction::List(listing) => list(line, listing),
        CallsAction::Drop(dropping) => drop_calls(line, &dropping.ids),
    }
}

fn list(line: &CommandLine, listing: &Listing) -> Result<(), Failure> {
    let calls = match asked(control::ask_calls(&line.dir))? {
        Some(answer) => answer?,
        None => {
            let (_claim, store) = open(line)?;
            let snapshot = store.load_snapshot().map_err(|error| error.to_string())?;
            json(&snapshot.unwrap_or_default().staff_calls)
        }
    };
    let printed = if listing.json { Ok(calls) } else { plain(&calls) };
    match io::stdout().write_all(printed?.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the list can't be printed: {error}"))
        }
        _ => Ok(()),
    }
}

/// The calls as lines of JSON.
pub(crate) fn json(calls: &[StaffCall]) -> String {
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

/// The lines of JSON for a person: one line for each call, with the beginning of its text.
fn plain(calls: &str) -> Result<String, Failure> {
    let mut text = String::new();
    for line in calls.lines() {
        let call = Tape::of(line).map_err(|_| "the server's answer can't be read".to_owned())?;
        let field = |key: &str| call.text(key).unwrap_or_default().into_owned();
        let time = match call.get("time") {
            Some(Node::Number(seconds)) => Timestamp::from_second(seconds as i64).ok(),
            _ => None,
        };
        let time = time.map_or_else(String::new, |time| {
            time.to_zoned(TimeZone::system())
                .strftime("%Y-%m-%d %H:%M")
                .to_string()
        });
        let report: String = field("report")
            .chars()
            .map(|character| if character.is_control() { ' ' } else { character })
            .take(SHOWN)
            .collect();
        text.push_str(&format!(
            "{}  {time}  {} in {} ({} bytes): {report}\n",
            field("id"),
            field("character"),
            field("tab"),
            field("bytes")
        ));
    }
    if text.is_empty() {
        text.push_str("no reports are open\n");
    }
    Ok(text)
}

fn drop_calls(line: &CommandLine, ids: &[String]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for id in ids {
        let dropped = match asked(control::ask_drop_call(&line.dir, id))? {
            Some(answer) => answer,
            None => drop_beside(line, id),
        };
        if let Err(reason) = dropped {
            missing.push(reason);
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing.join("; "))
    }
}

/// Drops a call in the state of a server that does not run.
fn drop_beside(line: &CommandLine, id: &str) -> Result<String, Failure> {
    let (_claim, store) = open(line)?;
    let snapshot = store.load_snapshot().map_err(|error| error.to_string())?;
    if !snapshot
        .unwrap_or_default()
        .staff_calls
        .iter()
        .any(|call| call.id == id)
    {
        return Err(missing(id));
    }
    let commit = Commit {
        number: 1,
        actor: None,
        changes: vec![Change::StaffCallGone { id: id.to_owned() }],
    };
    let mut writer = store.chat_writer().map_err(|error| error.to_string())?;
    writer.apply(&[commit]).map_err(|error| error.to_string())?;
    Ok(String::new())
}

/// Why an id was not dropped.
pub(crate) fn missing(id: &str) -> String {
    format!("no report with the id {id:?} is open")
}

fn open(line: &CommandLine) -> Result<(Claim, Store), Failure> {
    let data = data_folder(&line.dir);
    if !data.is_dir() {
        return Err(format!("no server has ever run in {}", line.dir.display()));
    }
    let claim = Claim::take(&data).map_err(|error| match error {
        StoreError::InUse { .. } => {
            "a server runs in this folder and can't be asked: run this as its user".to_owned()
        }
        error => error.to_string(),
    })?;
    let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
    Ok((claim, store))
}

fn asked<T>(answer: io::Result<T>) -> Result<T, Failure> {
    answer.map_err(|error| format!("the server that runs in this folder does not answer: {error}"))
}
