//! `fchatd log actions`: lists the actions of moderators and administrators.

use std::io::{self, Write};

use clap::Args;
use fchatd_protocol::text::fold;
use fchatd_store::actions::{Action, actions as each_action};

use super::plain::{harmless, local, print_failure};
use super::since;
use crate::failure::Failure;
use crate::folder::action_log;
use crate::options::Options;
use crate::output::escape;

#[derive(Debug, Clone, Args)]
pub(crate) struct Search {
    /// Only actions by this character
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only actions against this character
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// Only actions since then: 90min, 2h, "3 days", 2026-11-22, "2026-11-22 18:30"
    #[arg(long, value_name = "TIME", value_parser = since::parse)]
    since: Option<i64>,
    /// Only actions in this channel
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Print the stored lines of JSON
    #[arg(long)]
    json: bool,
}

/// Prints the entries that were asked for, the oldest first.
///
/// # Errors
/// The log can't be read.
pub(super) fn actions(options: &Options, search: &Search) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut printed = Ok(());
    let read = each_action(&action_log::folder(&options.dir), |action| {
        if printed.is_ok() && search.wants(&action) {
            printed = match search.json {
                true => writeln!(out, "{}", escape::json(&action.line)),
                false => writeln!(out, "{}", sentence(&action)),
            };
        }
    });
    read.map_err(|error| format!("the action log can't be read: {error}"))?;
    match printed.and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) => print_failure(&error),
    }
}

impl Search {
    fn wants(&self, action: &Action) -> bool {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_ref().is_none_or(|wanted| fold(wanted) == fold(name))
        };
        let whom = action.whom.as_deref().unwrap_or_default();
        // Several characters of one account have commas between them, and names have none.
        is(&self.by, &action.name)
            && whom.split(", ").any(|name| is(&self.against, name))
            && is(&self.channel, action.place.as_deref().unwrap_or_default())
            && self.since.is_none_or(|since| action.time >= since)
    }
}

/// An action for people.
fn sentence(action: &Action) -> String {
    let mut text = format!(
        "{}  #{} {} by {}",
        local(action.time.saturating_mul(1000)),
        action.id,
        harmless(&action.code),
        harmless(&action.name)
    );
    let mut add = |word: &str, value: &Option<String>| {
        if let Some(value) = value {
            text.push_str(word);
            text.push_str(&harmless(value));
        }
    };
    add(" against ", &action.whom);
    add(" in ", &action.place);
    add(": ", &action.why);
    let until = action.until.map(|until| local(until.saturating_mul(1000)));
    add(", until ", &until);
    if action.why.is_none() {
        add("  ", &rest(action));
    }
    text
}

/// The arguments of an entry beside target and place.
fn rest(action: &Action) -> Option<String> {
    let keys = [
        "message",
        "description",
        "topic",
        "report",
        "mode",
        "action",
        "command",
        "callid",
        "id",
        "a",
    ];
    let said = keys
        .into_iter()
        .filter_map(|key| Some(format!("{key}={:?}", action.argument(key)?)));
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join(" "))
}
