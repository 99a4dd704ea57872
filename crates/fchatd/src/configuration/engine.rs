//! The engine that decides which core leads: from the settings to typed settings.

use std::path::Path;

use fchatd_links::engine::{Engine, EngineSettings, Kind};
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::failure::Failure;

/// The kind of the engine; nothing where an operator decides, or there is no second core.
pub(crate) fn kind(settings: &Settings) -> Option<Kind> {
    match settings.text(keys::CLUSTER) {
        "etcd" => Some(Kind::Etcd),
        "postgres" => Some(Kind::Postgres),
        "nats" => Some(Kind::Nats),
        _ => None,
    }
}

/// The settings of the engine, if there is one.
///
/// # Errors
/// The file with the authorities can't be read, or [`Engine::from_settings`] refuses the settings.
pub(crate) fn settings(settings: &Settings, dir: &Path) -> Result<Option<EngineSettings>, Failure> {
    let Some(kind) = kind(settings) else {
        return Ok(None);
    };
    let file = settings.text(keys::CLUSTER_ENGINE_CA);
    let authorities = match file {
        "" => None,
        file => {
            let path = dir.join(file);
            let pem = std::fs::read(&path);
            Some(
                pem.map_err(|error| format!("cluster_engine_ca: {} can't be read: {error}", path.display()))?,
            )
        }
    };
    let engine = EngineSettings {
        authorities,
        ..without_files(settings, kind)
    };
    Engine::from_settings(&engine).map_err(|error| error.to_string())?;
    Ok(Some(engine))
}

/// The check of the settings that needs no file.
///
/// # Errors
/// A setting that does not fit, as a sentence.
pub(super) fn check(settings: &Settings) -> Result<(), Failure> {
    let has_user = !settings.text(keys::CLUSTER_ENGINE_USER).is_empty();
    let has_password = !settings.text(keys::CLUSTER_ENGINE_PASSWORD).is_empty();
    let has_authorities = !settings.text(keys::CLUSTER_ENGINE_CA).is_empty();
    let Some(kind) = kind(settings) else {
        let lonely = [
            ("cluster_engine", !settings.list(keys::CLUSTER_ENGINE).is_empty()),
            ("cluster_engine_user", has_user),
            ("cluster_engine_password", has_password),
            ("cluster_engine_ca", has_authorities),
        ];
        return match lonely.iter().find(|(_, is_set)| *is_set) {
            Some((key, _)) => Err(format!(
                "{key} has an effect only with an engine, such as cluster = \"etcd\""
            )),
            None => Ok(()),
        };
    };
    if settings.list(keys::CLUSTER_ENGINE).is_empty() {
        let example = match kind {
            Kind::Etcd => "{\"http://10.0.0.1:2379\", \"http://10.0.0.2:2379\", \"http://10.0.0.3:2379\"}",
            Kind::Postgres => "{\"postgres://10.0.0.1:5432/chat\"}",
            Kind::Nats => "{\"nats://10.0.0.1:4222\", \"nats://10.0.0.2:4222\", \"nats://10.0.0.3:4222\"}",
        };
        return Err(format!(
            "cluster={:?} needs cluster_engine, the addresses of its servers, such as cluster_engine = {example}",
            settings.text(keys::CLUSTER)
        ));
    }
    if has_password && !has_user && kind != Kind::Postgres {
        return Err("cluster_engine_password needs cluster_engine_user".to_owned());
    }
    let engine = Engine::from_settings(&without_files(settings, kind));
    engine.map(drop).map_err(|error| error.to_string())
}

fn without_files(settings: &Settings, kind: Kind) -> EngineSettings {
    EngineSettings {
        kind,
        servers: settings.list(keys::CLUSTER_ENGINE).to_vec(),
        name: settings.text(keys::CLUSTER_NAME).to_owned(),
        user: settings.text(keys::CLUSTER_ENGINE_USER).to_owned(),
        password: settings.text(keys::CLUSTER_ENGINE_PASSWORD).to_owned(),
        authorities: None,
    }
}

/// Asks the engine's servers, for `fchatd check`: remarks, a sentence for each.
///
/// # Errors
/// As [`settings`]; servers that do not belong together, or refuse the user.
pub(crate) fn survey(from: &Settings, dir: &Path) -> Result<Vec<String>, Failure> {
    let Some(engine) = settings(from, dir)? else {
        return Ok(Vec::new());
    };
    let engine = Engine::from_settings(&engine).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the engine can't be asked: {error}"))?;
    let survey = runtime.block_on(engine.survey());
    // A hanging look-up of a host name must not block this thread.
    runtime.shutdown_background();
    if survey.faults.is_empty() {
        let remark = |remark: &String| format!("{}: {remark}", engine.name());
        Ok(survey.remarks.iter().map(remark).collect())
    } else {
        Err(survey.faults.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_not_go_together_are_found() {
        for (pairs, part) in [
            (&[("cluster_engine", "http://a:1")][..], "only with an engine"),
            (
                &[("cluster", "manual"), ("cluster_engine_password", "hush")],
                "only with an engine",
            ),
            (&[("cluster", "etcd")], "needs cluster_engine"),
            (&[("cluster", "postgres")], "postgres://10.0.0.1"),
            (
                &[("cluster", "etcd"), ("cluster_engine", "a:1")],
                "cluster_engine must be",
            ),
            (
                &[
                    ("cluster", "etcd"),
                    ("cluster_engine", "http://a:1"),
                    ("cluster_engine_password", "hush"),
                ],
                "needs cluster_engine_user",
            ),
            (
                &[
                    ("cluster", "etcd"),
                    ("cluster_engine", "http://a:1"),
                    ("cluster_name", "a/b"),
                ],
                "cluster_name must be",
            ),
        ] {
            let mut settings = Settings::default();
            for (key, value) in pairs {
                settings.set_from_text(key, value).unwrap();
            }
            let fault = check(&settings).unwrap_err();
            assert!(
                fault.contains(part) && !fault.contains("hush"),
                "{pairs:?}: {fault}"
            );
        }
    }
}
