//! The log: one style on one stream, in text or JSON, with a level that a reload changes.

use serde_json::Value;

use crate::site::{Server, Site};

/// Starts a server by its settings, without the variable that overrides the level.
fn start(site: &Site) -> Server {
    let mut command = site.command("env");
    command.args(["-u", "RUST_LOG", env!("CARGO_BIN_EXE_fchatd")]);
    // The announcement is read from a log in text only.
    site.start_printing(command, &["--dev"], "warn", crate::site::Output::Read)
}

#[test]
fn a_log_in_json_has_an_object_in_each_line() {
    let site = Site::new();
    site.write(
        "script/startup_config.lua",
        "log_format = \"json\"\nlog_level = \"debug\"\nno_such_key = \"\\n\u{202e}x\"\n",
    );
    let server = start(&site);
    let address = server.address;
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ready: Value = serde_json::from_str(ended.stdout.trim_end()).unwrap();
    assert_eq!(ready["listens"], address.to_string(), "{ready}");
    assert_eq!(ready["version"], env!("CARGO_PKG_VERSION"));
    let events: Vec<Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for part in [
        "no_such_key",
        &format!("page: open http://{address}/"),
        "--dev lets everyone in",
        "stopping: ",
    ] {
        let found = events
            .iter()
            .find(|event| event["message"].as_str().is_some_and(|text| text.contains(part)));
        let event = found.unwrap_or_else(|| panic!("{part} is not in {}", ended.stderr));
        assert!(event["time"].as_str().unwrap().ends_with('Z'), "{event}");
        assert!(
            event["target"].as_str().unwrap().starts_with("fchatd::"),
            "{event}"
        );
        assert!(
            ["INFO", "WARN"].contains(&event["level"].as_str().unwrap()),
            "{event}"
        );
    }
}

#[test]
fn a_reload_changes_level_and_format() {
    let site = Site::new();
    let file = "script/startup_config.lua";
    site.write(file, "");
    let server = start(&site);
    server.await_log(" INFO fchatd::server::start: accounts: ");
    site.write(file, "log_format = \"json\"\n");
    server.hang_up();
    let log = server.await_log(r#""message":"The configuration was read again. In force now: log_format."#);
    assert!(
        log.contains(r#""level":"INFO","target":"fchatd::server::reload""#),
        "{log}"
    );
    // Errors only: the mistake of the reload after it is logged, as text again.
    site.write(file, "log_level = \"error\"\nodd_key = 1\n");
    server.hang_up();
    server.await_log("odd_key");
    site.write(file, "log_level = \"loud\"\n");
    server.hang_up();
    let log = server.await_log("ERROR fchatd::server::reload: The configuration was not taken");
    assert!(log.contains("log_level"), "{log}");
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}
