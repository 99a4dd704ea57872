//! The events, as the people of the evening have seen them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use super::receiver::eventually;
use super::website::Website;
use crate::world::Evening;

#[derive(Default)]
pub(crate) struct Story {
    /// Sent texts, with their senders. Each has a number and is said once.
    said: BTreeMap<String, String>,
    /// Heard texts: from a sender, and in a place, if not privately.
    heard: BTreeMap<String, (String, String)>,
    /// The logs of reports that were confirmed while the website was there.
    confirmed: BTreeSet<i64>,
    /// The same while it was away.
    confirmed_meanwhile: BTreeSet<i64>,
    pub(crate) website_is_back: bool,
}

impl Story {
    /// A round is over.
    pub(crate) fn note(&mut self, evening: &Evening, done: &[String]) {
        for line in done {
            let Some((sender, command)) = line.split_once(": ") else {
                continue;
            };
            let Some((code, json)) = command.split_once(' ') else {
                continue;
            };
            let said: Value = serde_json::from_str(json).unwrap_or_default();
            if let ("MSG" | "LRP" | "PRI", Some(text)) = (code, said["message"].as_str()) {
                let text = text
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;");
                self.said.insert(text, sender.to_owned());
            }
        }
        for person in &evening.people {
            for (channel, sender, text) in &person.view.messages {
                self.heard.insert(text.clone(), (sender.clone(), channel.clone()));
            }
            let confirmed = match evening.website_is_away {
                true => &mut self.confirmed_meanwhile,
                false => &mut self.confirmed,
            };
            confirmed.extend(&person.view.confirmed);
        }
    }

    /// All that were confirmed while it was there, each once, and none that was not confirmed.
    pub(crate) fn website_has_the_reports(&self, website: &Website) {
        assert!(self.website_is_back && !self.confirmed.is_empty());
        let has_all = || self.confirmed.iter().all(|log| website.reports().contains(log));
        eventually("the website has the reports", has_all);
        let reports = website.reports();
        let distinct: BTreeSet<i64> = reports.iter().copied().collect();
        assert_eq!(reports.len(), distinct.len(), "{reports:?}");
        let all: BTreeSet<i64> = self.confirmed.union(&self.confirmed_meanwhile).copied().collect();
        assert!(distinct.is_subset(&all), "{distinct:?} of {all:?}");
    }

    /// Every heard text is in the log once, and no other text is in there.
    pub(crate) fn log_has_what_was_said(&self, lines: &[Value]) {
        let mut logged = BTreeMap::new();
        for line in lines {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            if !matches!(
                &*text("message_type"),
                "message" | "message_ad" | "message_private"
            ) {
                continue;
            }
            assert_eq!(
                self.said.get(&text("body")),
                Some(&text("from_character")),
                "{line}"
            );
            let before = logged.insert(text("body"), (text("from_character"), text("channel")));
            assert_eq!(before, None, "{line}");
        }
        assert!(self.heard.len() > 50);
        for (text, heard) in &self.heard {
            assert_eq!(logged.get(text), Some(heard), "{text}");
        }
    }
}

/// The action log, as `fchatd log actions` tells it.
pub(crate) fn actions(evening: &Evening) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_fchatd"))
        .arg("--dir")
        .arg(evening.program.folder())
        .args(["log", "actions", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The common part of all records of an action.
pub(crate) fn action(record: &Value) -> Value {
    json!({"args": record["args"], "name": record["name"], "type": record["type"], "time": record["time"]})
}

/// Without records that are there again right after themselves: a record may be told twice.
pub(crate) fn distinct(records: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut list: Vec<Value> = records.collect();
    list.dedup();
    list
}
