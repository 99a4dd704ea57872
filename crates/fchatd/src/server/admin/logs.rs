//! The latest lines of the log.

use serde_json::{Value, json};

use super::reply::Refusal;
use super::work::Work;
use crate::output::recent;

/// Lines of an answer.
const LINES: u64 = 500;
const LINES_MAX: u64 = 2000;

pub(super) async fn tail(work: Work) -> Result<Value, Refusal> {
    let after = work.asked.whole("after")?.unwrap_or_default();
    let count = work.asked.whole_within("lines", LINES, LINES_MAX)? as usize;
    let lines = recent::after(after, count);
    let last = lines.last().map_or(after, |line| line.number);
    let lines: Vec<Value> = lines
        .into_iter()
        .map(|line| json!({ "number": line.number, "text": line.text }))
        .collect();
    Ok(json!({ "lines": lines, "last": last }))
}
