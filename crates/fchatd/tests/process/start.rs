//! Starting: the announcements, and the obstacles to a start.

use std::fs;

use crate::site::{Site, content_of, taken_port};

#[test]
fn it_says_where_everything_is_and_serves_the_page() {
    let site = Site::new();
    let server = site.start(&[]);
    let (address, data) = (server.address, site.path("data"));
    assert!(address.ip().is_loopback());
    let [listens, page, state, accounts] = &server.announcement[..] else {
        panic!("{:?}", server.announcement);
    };
    assert_eq!(
        *listens,
        format!("fchatd {} listens on {address}", env!("CARGO_PKG_VERSION"))
    );
    assert!(page.contains(&format!("http://{address}/")), "{page}");
    assert!(page.contains(&format!("ws://{address}/chat2")), "{page}");
    assert!(
        state.starts_with("state: ") && state.contains(data.to_str().unwrap()),
        "{state}"
    );
    assert!(accounts.starts_with("accounts: embedded"), "{accounts}");
    let answer = server.get("/");
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("<!doctype html>"),
        "{answer}"
    );
    assert!(server.get("/nothing").starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_developers_server_warns_and_keeps_nothing() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("accounts: open (--dev)"), "{ended:?}");
    assert!(ended.stderr.contains("--dev lets everyone in"), "{ended:?}");
    assert!(!site.path("data").exists());
}

#[test]
fn a_developers_server_stays_on_loopback() {
    // The port is taken, so that a server that is not refused does not listen for others either.
    let (_listener, port) = taken_port();
    let port = format!("port={port}");
    let ended = Site::new().run(&["--dev", "--set", "bindaddr=0.0.0.0", "--set", &port]);
    ended.assert_refused(&["--dev", "0.0.0.0", "--force"]);
}

#[test]
fn a_port_in_use_is_named() {
    let (_listener, port) = taken_port();
    let ended = Site::new().run(&["--set", &format!("port={port}")]);
    ended.assert_refused(&[
        &format!("127.0.0.1:{port}"),
        "choose another port with --set port=",
    ]);
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_server_makes_its_folder_and_not_the_folders_around_it() {
    let site = Site::new();
    let folder = site.path("");
    fs::remove_dir(&folder).unwrap();
    let server = site.start(&[]);
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
    assert!(site.path("data/fchatd.sqlite").is_file());

    let deep = site.path("missing/folder");
    site.run(&["run", "--set", "port=0", "--dir", deep.to_str().unwrap()])
        .assert_refused(&["missing/folder", "can't be made", "--dir"]);
    site.write("file", "I am a file");
    let file = site.path("file");
    site.run(&["run", "--dir", file.to_str().unwrap()])
        .assert_refused(&["is not a folder", "--dir"]);
}

#[test]
fn a_command_refuses_a_folder_that_is_not_there() {
    let site = Site::new();
    let folder = site.path("");
    fs::remove_dir(&folder).unwrap();
    for words in [
        &["check"][..],
        &["test"],
        &["config", "migrate"],
        &["restart"],
        &["account", "list"],
        &["account", "add", "ada"],
        &["character", "list", "ada"],
        &["ban", "list"],
        &["registration", "status"],
        &["bridge", "send", "KIK", "{}"],
        &["calls", "list"],
        &["log", "actions"],
        &["log", "undo", "1"],
        &["log", "tail"],
        &["state", "show"],
        &["state", "check"],
        &["state", "import", "x"],
        &["state", "export", "x"],
    ] {
        site.run(words).assert_refused(&["is not a folder", "--dir"]);
        assert!(!folder.exists(), "{words:?}");
    }
}

#[test]
fn a_file_in_place_of_the_data_folder_is_named() {
    let site = Site::new();
    site.write("data", "I am a file");
    site.run(&["--set", "port=0"])
        .assert_refused(&[site.path("data").to_str().unwrap(), "cannot be used"]);
    assert_eq!(fs::read_to_string(site.path("data")).unwrap(), "I am a file");
}

#[test]
fn a_damaged_database_stops_the_start_and_stays_as_it_is() {
    let site = Site::new();
    site.run(&["account", "list"]).assert_done();
    let [database] = &databases(&site)[..] else {
        panic!("there is no database")
    };
    let database = database.to_str().unwrap();
    let whole = fs::read(database).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"this is no database at all", b""] {
        fs::write(database, damaged).unwrap();
        for words in [&["--set", "port=0"][..], &["account", "list"]] {
            site.run(words).assert_refused(&[database, "damaged", "backup"]);
        }
        assert!(fs::read(database).unwrap() == damaged, "it was touched");
    }
    fs::write(database, whole).unwrap();
    site.run(&["account", "list"]).assert_done();
}

fn databases(site: &Site) -> Vec<std::path::PathBuf> {
    let files = content_of(&site.path("data")).into_iter();
    files
        .filter(|(_, content)| content.starts_with(b"SQLite format 3\0"))
        .map(|(path, _)| path)
        .collect()
}
