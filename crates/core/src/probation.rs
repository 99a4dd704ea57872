//! Scripts that were read again are on probation: when their first calls fail, the scripts before them come back.
//!
//! A function counts against the new scripts when it fails several times, and in at least half of its calls, and did not
//! fail under the scripts before. Everything here follows from the inputs, so a replay does the same.

use std::collections::{BTreeMap, BTreeSet};

use fchatd_protocol::frame;
use fchatd_script::engine::{ErrorKind, ScriptError};
use fchatd_world::roles;
use fchatd_world::settings::keys;
use serde::{Deserialize, Serialize};

use crate::{Core, Rehearsed};

/// A probation does not end before so many calls, also in a long absence of people.
const CALLS_MIN: u32 = 100;
/// Characters of an error's text that administrators are told.
const REASON_MAX: usize = 300;
/// Functions that are told apart.
const FUNCTIONS_MAX: usize = 256;

/// The results so far of the scripts in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Conduct {
    /// The functions that have failed, as in `event.MSG`.
    failed: BTreeSet<String>,
    /// How often scripts were taken back since the start.
    pub(crate) taken_back: u64,
}

impl Conduct {
    /// The number of functions that have failed.
    pub(crate) fn failed_count(&self) -> usize {
        self.failed.len()
    }
}

/// New scripts that have to show that they work.
#[derive(Debug, Clone)]
pub(crate) struct Probation {
    /// The scripts before.
    pub(crate) old: Rehearsed,
    pub(crate) tally: Tally,
}

/// The part of a probation that is plain data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Milliseconds, monotonic.
    ends: u64,
    calls: u32,
    /// Calls and failures of each function that was called.
    functions: BTreeMap<String, (u32, u32)>,
    /// Functions that failed under the scripts before.
    failed_before: BTreeSet<String>,
    /// Why the old scripts have to come back.
    verdict: Option<String>,
}

impl Core {
    /// Puts new scripts on probation, in place of `old` ones.
    pub(crate) fn begin_probation(&mut self, old: Rehearsed) {
        if old.sources() == self.scripts.sources() {
            // The same ones once more: their record, and the scripts to come back to, stay.
            return;
        }
        let seconds = self.world.settings.number(keys::SCRIPT_PROBATION);
        let before = self.probation.take();
        let failed_before = std::mem::take(&mut self.conduct.failed);
        if seconds <= 0.0 {
            return;
        }
        // Scripts that have failed in their own probation are nothing to come back to.
        let (old, failed_before) = match before {
            Some(before) if !failed_before.is_subset(&before.tally.failed_before) => {
                (before.old, before.tally.failed_before)
            }
            _ => (old, failed_before),
        };
        self.probation = Some(Box::new(Probation {
            old,
            tally: Tally {
                ends: self.world.now.monotonic + (seconds * 1000.0) as u64,
                failed_before,
                ..Tally::default()
            },
        }));
    }

    /// A function of everybody's scripts was called.
    pub(crate) fn note_result(&mut self, table: &str, name: &str, result: &Result<Option<f64>, ScriptError>) {
        if self.probation.is_some() || result.is_err() {
            let failure = result.as_ref().err();
            let failure = failure.filter(|failure| failure.kind != ErrorKind::Missing);
            self.note_conduct(
                &format!("{table}.{name}"),
                failure.map(|failure| &*failure.message),
            );
        }
    }

    fn note_conduct(&mut self, function: &str, failure: Option<&str>) {
        if failure.is_some() && self.conduct.failed.len() < FUNCTIONS_MAX {
            self.conduct.failed.insert(function.to_owned());
        }
        let failures_max = self.world.settings.count(keys::SCRIPT_PROBATION_FAILURES) as u32;
        let Some(probation) = &mut self.probation else {
            return;
        };
        let tally = &mut probation.tally;
        tally.calls = tally.calls.saturating_add(1);
        if tally.failed_before.contains(function)
            || (tally.functions.len() >= FUNCTIONS_MAX && !tally.functions.contains_key(function))
        {
            return;
        }
        let (calls, failures) = tally.functions.entry(function.to_owned()).or_default();
        *calls = calls.saturating_add(1);
        if let Some(failure) = failure {
            let failure: String = failure.chars().take(REASON_MAX).collect();
            *failures = failures.saturating_add(1);
            if *failures >= failures_max.max(1) && failures.saturating_mul(2) >= *calls {
                tally.verdict = Some(format!(
                    "{function} failed in {failures} of {calls} calls, the last time with: {failure}"
                ));
            }
        }
    }

    /// Ends a probation after its time, or brings the old scripts back.
    pub(crate) fn review_scripts(&mut self) {
        let Some(Probation { tally, .. }) = self.probation.as_deref() else {
            return;
        };
        if tally.verdict.is_some() {
            self.take_scripts_back();
        } else if self.world.now.monotonic >= tally.ends && tally.calls >= CALLS_MIN {
            self.probation = None;
            tracing::info!("the scripts that were read again have worked; the ones before them are given up");
        }
    }

    fn take_scripts_back(&mut self) {
        let Some(probation) = self.probation.take() else {
            return;
        };
        let Probation { old, tally } = *probation;
        let reason = tally.verdict.unwrap_or_default();
        let sentence = match self.switch(&old) {
            Ok(()) => {
                self.conduct.failed = tally.failed_before;
                self.conduct.taken_back += 1;
                format!(
                    "The scripts that were read again fail, and the ones before them are in force again: {reason}"
                )
            }
            Err(error) => format!(
                "The scripts that were read again fail, and the ones before them do not start any more: {reason}; {}",
                error.message
            ),
        };
        tracing::error!("{sentence}");
        let online: Vec<_> = self.world.online().collect();
        let frame = self.world.outputs.frame(|out| {
            frame::open(out, "SYS")
                .text("message", &fchatd_protocol::text::escape_html(&sentence))
                .close();
        });
        for key in online {
            if self
                .world
                .connection(key)
                .is_some_and(|connection| connection.has_role(roles::ADMIN))
            {
                self.world.send_frame(key, frame);
            }
        }
    }

    /// The seconds and the calls until the end of the probation, if there is one.
    pub(crate) fn probation_left(&self) -> Option<(f64, u32)> {
        let tally = &self.probation.as_deref()?.tally;
        let milliseconds = tally.ends.saturating_sub(self.world.now.monotonic);
        Some((
            milliseconds as f64 / 1000.0,
            CALLS_MIN.saturating_sub(tally.calls),
        ))
    }
}
