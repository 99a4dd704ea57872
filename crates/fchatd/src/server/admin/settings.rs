//! The settings: all of them with their values, and changes, which go to DIR/data/settings.lua and are put in force at once where
//! that is possible.

use fchatd_world::Settings;
use fchatd_world::settings::{self, Change, Definition, Kind, SECTIONS, Value as Setting};
use serde_json::{Value, json};

use super::edited;
use super::reply::{Refusal, member};
use super::work::{Work, refused, told};
use crate::configuration::{self, Configuration};

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let options = work.admin.options.clone();
    let read = tokio::task::spawn_blocking(move || configuration::read(&options));
    let read = read
        .await
        .map_err(|_| Refusal::failed("The settings could not be read."))?;
    let Configuration {
        settings: wanted,
        places,
        warnings,
    } = read.map_err(refused)?;
    let in_force = work.admin.with_settings(Settings::clone);
    let rows = SECTIONS.iter().flat_map(|section| {
        let (in_force, wanted, places) = (&in_force, &wanted, &places);
        section.definitions.iter().map(move |definition| {
            let mut row = row(definition, in_force, wanted);
            member(&mut row, "section", json!(section.heading));
            member(&mut row, "source", json!(places.get(definition.key)));
            row
        })
    });
    Ok(json!({ "settings": rows.collect::<Vec<Value>>(), "warnings": warnings }))
}

/// A setting. Of a secret one, only whether it is set.
fn row(definition: &Definition, in_force: &Settings, wanted: &Settings) -> Value {
    let is_secret = matches!(definition.kind, Kind::Secret);
    let shown = |value: Option<&Setting>| match value {
        Some(Setting::Text(text)) if is_secret && !text.is_empty() => json!("********"),
        Some(value) => plain(value),
        None => Value::Null,
    };
    let (now, next) = (in_force.get(definition.key), wanted.get(definition.key));
    json!({
        "key": definition.key,
        "meaning": definition.meaning,
        "rule": definition.kind.wanted(),
        "default": plain(&definition.kind.default_value()),
        "value": shown(now),
        "waiting": (now != next).then(|| shown(next)),
        "live": definition.change == Change::Live,
        "secret": is_secret,
    })
}

fn plain(value: &Setting) -> Value {
    match value {
        Setting::Boolean(value) => json!(value),
        Setting::Number(value) => json!(value),
        Setting::Text(value) => json!(value),
        Setting::List(value) => json!(value),
    }
}

pub(super) async fn set(work: Work) -> Result<Value, Refusal> {
    let value = work.asked.optional("value")?.unwrap_or_default().to_owned();
    edit(work, Some(value)).await
}

pub(super) async fn unset(work: Work) -> Result<Value, Refusal> {
    edit(work, None).await
}

/// Changes the file, reads the configuration again, and tells the effect.
async fn edit(work: Work, value: Option<String>) -> Result<Value, Refusal> {
    let key = work.asked.text("key")?.to_owned();
    let definition =
        settings::definition(&key).ok_or_else(|| Refusal::missing(settings::unknown(&key).to_string()))?;
    if definition.key.starts_with("admin_") && work.caller.is_program() {
        return Err(Refusal::refused(
            "A token can't change the settings that bound its own reach; an administrator can.",
        ));
    }
    let overridden = {
        // One change after another: each reads the whole file.
        let _alone = work.admin.editing.acquire().await;
        let (options, own, text) = (work.admin.options.clone(), key.clone(), value.clone());
        let edited = tokio::task::spawn_blocking(move || edited::edit(&options, &own, text.as_deref()));
        let edited = edited
            .await
            .map_err(|_| Refusal::failed("The settings could not be written."))?;
        edited.map_err(refused)?
    };
    let is_secret = matches!(definition.kind, Kind::Secret);
    let mut arguments = json!({ "key": key });
    if let Some(value) = &value {
        member(
            &mut arguments,
            "value",
            json!(if is_secret { "********" } else { value.as_str() }),
        );
    }
    work.note("SET", &arguments).await;
    work.admin.edge.interject(|chat, _| chat.read_configuration());
    let effect = match (overridden, definition.change) {
        (Some(place), _) => format!("But {place} overrides it, so it has no effect."),
        (None, Change::Live) => "It is being put in force.".to_owned(),
        (None, Change::Restart) => "It counts from the next restart on.".to_owned(),
    };
    let done = match value {
        Some(_) => format!("{key} is set. {effect}"),
        None => format!("{key} is as in startup_config.lua again. {effect}"),
    };
    Ok(told(done))
}
