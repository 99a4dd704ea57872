//! The state of the server now: the caller, the figures, and the points of the small charts.

use fchatd_figures::{Sample, Value as Figure};
use fchatd_world::settings::keys;
use serde_json::{Map, Value, json};

use super::reply::Refusal;
use super::series;
use super::work::{Admin, Work};

/// Reads all figures.
pub(super) fn figures(admin: &Admin) -> Vec<Sample> {
    let mut samples = Vec::new();
    admin.edge.interject(|chat, _| chat.figures(&mut samples));
    admin.edge.figures(&mut samples);
    samples
}

pub(super) async fn status(work: Work) -> Result<Value, Refusal> {
    let admin = &work.admin;
    let samples = figures(admin);
    let trouble = admin.edge.interject(|chat, _| chat.trouble());
    let (registration, is_paused, uptime) = admin.with_world(|world| {
        let uptime = world.unix_seconds().saturating_sub(world.started).max(0);
        let registration = world.settings.text(keys::REGISTRATION).to_owned();
        (registration, world.is_registration_paused(), uptime)
    });
    let mut now = Map::new();
    for (name, value) in series::now(&samples) {
        now.insert(name.to_owned(), json!(value));
    }
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": uptime,
        "trouble": trouble,
        "registration": registration,
        "registration_paused": is_paused,
        "now": now,
        "series": admin.series.borrow().to_json(),
    }))
}

pub(super) async fn all_figures(work: Work) -> Result<Value, Refusal> {
    let samples = figures(&work.admin);
    let figures: Vec<Value> = samples.iter().filter_map(one).collect();
    Ok(json!({ "figures": figures }))
}

/// A figure; nothing where its value is not known.
fn one(sample: &Sample) -> Option<Value> {
    let label = sample.figure.label.zip(sample.label);
    let labels: Map<String, Value> = label
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let name = sample.figure.name;
    match &sample.value {
        Figure::Whole(value) => Some(json!({ "name": name, "labels": labels, "value": value })),
        Figure::Real(value) => Some(json!({ "name": name, "labels": labels, "value": value })),
        Figure::Durations(durations) => Some(json!({
            "name": name,
            "labels": labels,
            "count": durations.count(),
            "sum": durations.seconds(),
        })),
        Figure::Unknown => None,
    }
}
