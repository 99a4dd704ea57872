//! A `startup_config.lua` of the classic server starts this one as it is.

use crate::site::Site;
use crate::websocket::WebSocket;

const CONFIGURATION: &str = "script/startup_config.lua";

/// As such files are: keys that were never looked at, placeholders, folders of another machine, names of hosts, and keys of
/// the operator's own.
const CLASSIC: &str = r#"
enableredis = false
redishost = "127.0.0.1"
redisport = 6379
redispass = "along\"andcomplicated\\password"
bindaddr = "localhost"
version = "0.8.6-Lua"
maxusers = 5000
websocketorigin = "http://chat.example/"
websockethost = "http://chat.example"
load_balancers = {"localhost", "10.20.1.1", "balancer.invalid"}
log_start = false
log_socket_path = "/no/such/folder/fserv_log.sock"
enablertb = true
rtbaddress = "localhost"
rtbsecret = "anotherlongandcomplicatedrandomizedpassword"
login_url = "PUT YOUR LOGIN URL HERE"
handle_report_url = "none"
luatimeout = 0.25
msg_flood = 0.5
our_own_key = "mine"
our_own_list = {"one", "two"}
"#;

fn classic() -> Site {
    let site = Site::new();
    site.write(CONFIGURATION, CLASSIC);
    site
}

#[test]
fn it_starts_and_says_what_has_no_effect() {
    let site = classic();
    let checked = site.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for told in [
        "websocketorigin: it has no effect",
        "websockethost: it has no effect",
        "login_url: ",
        "handle_report_url: ",
        "load_balancers: balancer.invalid can't be resolved",
        "our_own_key is no setting",
        "our_own_list is no setting",
    ] {
        assert!(checked.stderr.contains(told), "{told:?}: {checked:?}");
    }
    let port = crate::site::port_for_a_bridge();
    let server = site.start(&["--set", &port]);
    assert!(server.address.ip().is_loopback());
    for origin in ["null", "file://", "https://other.example"] {
        let opened = WebSocket::open_with(&server, &[("Origin", origin)]);
        assert!(opened.is_ok(), "{origin}");
    }
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended
            .stderr
            .contains("The chat log is off, so the server starts without it")
    );
}

#[test]
fn a_migrated_configuration_means_the_same_and_is_clean() {
    let site = classic();
    let migrated = site.run(&["config", "migrate"]);
    assert_eq!(
        (migrated.code, migrated.stderr.as_str()),
        (Some(0), ""),
        "{migrated:?}"
    );
    for line in [
        "maxusers = 5000",
        r#"redispass = "along\"andcomplicated\\password" -- secret"#,
        r#"--websocketorigin = "http://chat.example/""#,
        r#"load_balancers = {"localhost", "10.20.1.1", "balancer.invalid"}"#,
        "--luatimeout = 0.25",
        r#"our_own_list = {"one", "two"}"#,
    ] {
        assert!(
            migrated.stdout.lines().any(|printed| printed == line),
            "{line:?} is missing:\n{}",
            migrated.stdout
        );
    }
    let again = Site::new();
    again.write(CONFIGURATION, &migrated.stdout);
    let twice = again.run(&["config", "migrate"]);
    let settings = |text: &str| {
        let is_setting = |line: &&str| !line.starts_with("--") && line.contains(" = ");
        text.lines()
            .filter(is_setting)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(settings(&twice.stdout), settings(&migrated.stdout));
    let named = again.run(&["config", "migrate", &site.path(CONFIGURATION).to_string_lossy()]);
    assert_eq!(settings(&named.stdout), settings(&migrated.stdout));
    again
        .run(&["config", "migrate", "nowhere.lua"])
        .assert_refused(&["nowhere.lua is not there"]);
}
