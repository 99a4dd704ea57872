//! Settings and scripts: mistakes are told with their place, before anything listens.

use std::time::{Duration, Instant};

use crate::site::{Ended, Site};

const CONFIGURATION: &str = "script/startup_config.lua";
const MAIN: &str = "script/main.lua";

/// Both ways to try a file: the check, and a start.
fn try_both(site: &Site) -> [Ended; 2] {
    [site.run(&["check"]), site.run(&["--set", "port=0"])]
}

#[track_caller]
fn assert_refused(file: &str, content: &str, parts: &[&str]) {
    let site = Site::new();
    site.write(file, content);
    for ended in try_both(&site) {
        ended.assert_refused(parts);
        assert_eq!(ended.stdout, "");
        assert!(
            !site.path("data").exists(),
            "a mistake in {file} comes before anything is made"
        );
    }
}

#[test]
fn a_good_configuration_is_called_good() {
    let site = Site::new();
    let built_in = site.run(&["check"]);
    built_in.assert_done();
    assert!(built_in.stdout.contains("fine"), "{built_in:?}");
    site.write(
        CONFIGURATION,
        "port = 0\nmsg_flood = 0.25\nload_balancers = {\"127.0.0.1\"}\n",
    );
    site.write(
        MAIN,
        "local greeting = require(\"greeting\")\nevent = {}\nfunction chat_init() greeting() end\n",
    );
    site.write("script/greeting.lua", "return function() end\n");
    site.run(&["check"]).assert_done();
    assert!(!site.path("data").exists(), "a check makes nothing");
    assert!(site.start(&[]).address.ip().is_loopback());
}

#[test]
fn an_unknown_key_is_warned_of_with_its_line() {
    let site = Site::new();
    site.write(CONFIGURATION, "port = 0\nmsg_flod = 1\n");
    let checked = site.run(&["check"]);
    assert_eq!(
        checked.code,
        Some(0),
        "the key may be one of the operator's own: {checked:?}"
    );
    let place = format!("{CONFIGURATION}:2: msg_flod is no setting; did you mean msg_flood?");
    assert!(checked.stderr.contains(&place), "{checked:?}");
    // On the command line there are no keys of the operator's own.
    site.run(&["check", "--set", "msg_flod=1"])
        .assert_refused(&["msg_flod is no setting"]);
}

#[test]
fn a_wrong_type_is_told_with_its_line() {
    let place = format!("{CONFIGURATION}:3: ");
    assert_refused(
        CONFIGURATION,
        "-- mine\n\nport = \"many\"\n",
        &[
            &place,
            "port must be a whole number from 0 to 65535, not \"many\"",
        ],
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let places = [format!("{CONFIGURATION}:1: "), format!("{CONFIGURATION}:2: ")];
    assert_refused(
        CONFIGURATION,
        "port = -1\nregistration = \"maybe\"\n",
        &[&places[0], &places[1]],
    );
}

#[test]
fn a_configuration_that_is_no_lua_is_told_with_its_line() {
    assert_refused(
        CONFIGURATION,
        "port = 0\nport = = 1\n",
        &[&format!("{CONFIGURATION}:2: ")],
    );
}

#[test]
fn a_script_that_does_not_compile_is_told_with_its_line() {
    assert_refused(
        MAIN,
        "event = {}\nfunction event.MSG(con, args\nend\n",
        &["main", ":3"],
    );
}

#[test]
fn a_script_that_fails_is_told_with_its_line() {
    assert_refused(
        MAIN,
        "event = {}\n\nerror(\"not today\")\n",
        &["main", ":3", "not today"],
    );
}

#[test]
fn a_module_that_fails_is_told_with_its_line() {
    let site = Site::new();
    site.write(MAIN, "require(\"rules/dice\")\nevent = {}\n");
    site.write("script/rules/dice.lua", "local sides = nil\nreturn sides.count\n");
    for ended in try_both(&site) {
        ended.assert_refused(&["rules/dice", ":2"]);
    }
    site.write(MAIN, "event = {}\nrequire(\"nowhere\")\n");
    for ended in try_both(&site) {
        ended.assert_refused(&["nowhere"]);
    }
}

#[test]
fn a_script_that_never_comes_back_is_stopped() {
    for endless in [
        "event = {}\nwhile true do end\n",
        "event = {}\nfunction chat_init()\nwhile true do end\nend\n",
    ] {
        let start = Instant::now();
        assert_refused(MAIN, endless, &["main"]);
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_setting_on_the_command_line_is_checked() {
    let site = Site::new();
    site.run(&["--set", "prot=1"])
        .assert_refused(&["--set prot: ", "did you mean port?"]);
    site.run(&["--set", "port=many"])
        .assert_refused(&["--set port: ", "a whole number"]);
    site.run(&["--set", "port"]).assert_refused(&["--set key=value"]);
    site.run(&["--set", "bindaddr=here"])
        .assert_refused(&["bindaddr", "IP address"]);
    site.run(&["--set", "load_balancers=10.0.0.300"])
        .assert_refused(&["load_balancers"]);
}

#[test]
fn wrong_use_is_told_apart_from_failure() {
    let site = Site::new();
    for words in [
        &["--no-such-option"][..],
        &["fly"],
        &["account"],
        &["account", "add"],
    ] {
        let ended = site.run(words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.stderr.contains("Usage: "), "{ended:?}");
    }
    let help = site.run(&["--help"]);
    help.assert_done();
    assert!(
        help.stdout.contains("Usage: ") && help.stdout.contains("--set"),
        "{help:?}"
    );
    assert!(!site.path("data").exists());
}

#[test]
fn mistakes_of_every_kind_and_place_are_told_together() {
    let site = Site::new();
    site.write(
        CONFIGURATION,
        "port = 70000\nload_balancers = {\"10.0.0.300\"}\nmsg_flood = 0/0\ngenders = {first = 1}\n\
         enablertb = true\nrtbsecret = 5\nallowed_origin = \"https://chat.example/\"\n",
    );
    site.write(MAIN, "event = {}\nfunction event.MSG(con, args\nend\n");
    let places = |line: usize, key: &str| format!("{CONFIGURATION}:{line}: {key}");
    let told = [
        places(1, "port must be a whole number from 0 to 65535, not 70000"),
        places(2, "load_balancers"),
        places(3, "msg_flood must be a number from 0 to 86400 seconds"),
        places(4, "genders must be a list of texts"),
        places(5, "enablertb needs an rtbsecret"),
        places(6, "rtbsecret must be text"),
        places(7, "allowed_origin must be as browsers send it"),
        "the environment variable FCHATD_MAXUSERS: maxusers must be a whole number from 1 to 1000000 connections"
            .to_owned(),
        "--set luatimeout: luatimeout must be a number from 0.001 to 60 seconds".to_owned(),
        "--set bindaddr: bindaddr must be an IP address".to_owned(),
    ];
    let words = ["--set", "luatimeout=100", "--set", "bindaddr=here"];
    let environment = [("FCHATD_MAXUSERS", "many"), ("FCHATD_RTBADDRESS", "10.0.0.1")];
    let ended = site.run_with(&[&["check"], &words[..]].concat(), &environment);
    ended.assert_refused(&told.each_ref().map(String::as_str));
    assert!(
        ended.stderr.contains("main.lua:3"),
        "the scripts are looked at, too: {ended:?}"
    );
    assert!(
        !ended.stderr.contains("not 5"),
        "secrets are not shown: {ended:?}"
    );
}

#[test]
fn the_later_place_wins() {
    let site = Site::new();
    site.write(CONFIGURATION, "port = 1\nbindaddr = \"here\"\n");
    let environment = [("FCHATD_BINDADDR", "there")];
    let place = "the environment variable FCHATD_BINDADDR: bindaddr must be";
    site.run_with(&["check"], &environment).assert_refused(&[place]);
    let words = ["check", "--set", "bindaddr=127.0.0.1"];
    site.run_with(&words, &environment).assert_done();
}

#[test]
fn settings_without_effect_are_told_and_stop_nothing() {
    let site = Site::new();
    let ended = site.run_with(&["check"], &[("FCHATD_PROT", "hidden"), ("FCHATD_port", "1")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for part in [
        "the environment variable FCHATD_PROT has no effect: prot is no setting; did you mean port?",
        "the environment variable FCHATD_port has no effect",
    ] {
        assert!(ended.stderr.contains(part), "{part}: {ended:?}");
    }
    assert!(!ended.stderr.contains("hidden"), "{ended:?}");
}

#[test]
fn the_sample_has_every_setting_with_its_default() {
    let site = Site::new();
    let sample = site.run(&["config", "sample"]);
    sample.assert_done();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/startup_config.sample.lua"
    );
    assert_eq!(sample.stdout, std::fs::read_to_string(file).unwrap());
    site.write(CONFIGURATION, &sample.stdout);
    site.run(&["check"]).assert_done();
    let uncommented: Vec<&str> = sample
        .stdout
        .lines()
        .map(|line| match line.strip_prefix("--") {
            Some(rest) if !rest.starts_with(' ') => rest,
            _ => line,
        })
        .collect();
    site.write(CONFIGURATION, &uncommented.join("\n"));
    site.run(&["check"]).assert_done();
}
