//! `fchatd calls`: the open reports to the staff, listed and dropped; of a server that runs or of one that does not.

use std::io;

use clap::{Args, Subcommand};
use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::json::read::{Node, Tape};
use fchatd_store::{Claim, Store, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::failure::Failure;
use crate::folder::control::{self, calls_as_json, unknown_call};
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::OUT;

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
pub(crate) fn calls(options: &Options, action: &CallsAction) -> Result<(), Failure> {
    match action {
        CallsAction::List(listing) => list(options, listing),
        CallsAction::Drop(dropping) => drop_calls(options, &dropping.ids),
    }
}

fn list(options: &Options, listing: &Listing) -> Result<(), Failure> {
    let calls = match asked(control::ask_calls(&options.dir))? {
        Some(answer) => answer?,
        None => {
            let (_claim, store) = open(options)?;
            let snapshot = store.load_snapshot().map_err(|error| error.to_string())?;
            calls_as_json(&snapshot.unwrap_or_default().staff_calls)
        }
    };
    if listing.json {
        for line in calls.lines() {
            OUT.json(line);
        }
    } else {
        OUT.line(format_args!("{}", plain(&calls)?.trim_end()));
    }
    Ok(())
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

fn drop_calls(options: &Options, ids: &[String]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for id in ids {
        let dropped = match asked(control::ask_drop_call(&options.dir, id))? {
            Some(answer) => answer,
            None => drop_beside(options, id),
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
fn drop_beside(options: &Options, id: &str) -> Result<String, Failure> {
    let (_claim, store) = open(options)?;
    let snapshot = store.load_snapshot().map_err(|error| error.to_string())?;
    if !snapshot
        .unwrap_or_default()
        .staff_calls
        .iter()
        .any(|call| call.id == id)
    {
        return Err(unknown_call(id));
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

fn open(options: &Options) -> Result<(Claim, Store), Failure> {
    let data = data_folder(&options.dir);
    if !data.is_dir() {
        return Err(format!("no server has ever run in {}", options.dir.display()));
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
