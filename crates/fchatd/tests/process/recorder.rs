//! The flight recorder: its content, its secrets left out, and `fchatd replay`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::site::{Ended, Server, Site, content_of};
use crate::websocket::{Frame, WebSocket};

const TICKET: &str = "a-ticket-nobody-may-see";
const SECRET: &str = "a-secret-nobody-may-see";
const SAID: &str = "something that was said";

fn start(site: &Site) -> Server {
    let secret = format!("handle_report_secret={SECRET}");
    site.start(&["--dev", "--set", "recorder=4", "--set", &secret])
}

fn recording(site: &Site) -> PathBuf {
    let files = content_of(&site.path("recordings"));
    assert_eq!(files.len(), 1);
    files.into_iter().next().unwrap().0
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn replay(site: &Site, file: &Path, words: &[&str]) -> Ended {
    site.run(&[&["replay", file.to_str().unwrap()], words].concat())
}

/// A person comes, says something, tries out the scripts and has them read again.
fn talk(server: &Server) -> WebSocket {
    let mut ada = WebSocket::log_in(server, "admin", TICKET);
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    ada.say(&format!(r#"MSG {{"channel":"Frontpage","message":"{SAID}"}}"#));
    ada.say(r#"RLL {"channel":"Frontpage","dice":"3d6"}"#);
    ada.say(r#"RLD {}"#);
    for command in ["isolate", "status", "deisolate"] {
        ada.say(&format!(r#"ZZZ {{"command":"{command}"}}"#));
    }
    ada.say(r#"ZZZ {"command":"reload","arg":"yes"}"#);
    ada.say("UPT");
    while !matches!(ada.frame(), Frame::Text(text) if text.starts_with("UPT ")) {}
    ada
}

#[test]
fn a_recording_replays_to_the_same_bytes_and_holds_no_secret() {
    let site = Site::new();
    let server = start(&site);
    let ada = talk(&server);
    server.terminate();
    drop(ada);
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        !ended.stderr.contains(SAID),
        "the log holds nothing that anybody says"
    );

    let file = recording(&site);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(file.clone()), mode(site.path("recordings"))),
        (0o600, 0o700)
    );
    let bytes = fs::read(&file).unwrap();
    assert!(contains(&bytes, SAID) && !contains(&bytes, TICKET) && !contains(&bytes, SECRET));

    let replayed = replay(&site, &file, &[]);
    replayed.assert_done();
    for part in [
        "the server was stopped then",
        "all outputs are the same, byte for byte",
    ] {
        assert!(replayed.stdout.contains(part), "{replayed:?}");
    }
    assert!(!replayed.stdout.contains(SAID), "{replayed:?}");
    let printed = replay(&site, &file, &["--print", "--from", "1"]);
    printed.assert_done();
    for part in [SAID, "> to channel ", "ZZZ of connection ", "? CheckLogin"] {
        assert!(printed.stdout.contains(part), "{part}: {}", printed.stdout);
    }
}

#[test]
fn a_recording_outlives_the_death_of_the_program() {
    let site = Site::new();
    let server = start(&site);
    let ada = talk(&server);
    // It is written beside the chat, so an answer can come before its line is in the file.
    let end = Instant::now() + Duration::from_secs(60);
    let is_written = || {
        let files = content_of(&site.path("recordings"));
        files.iter().any(|(_, bytes)| contains(bytes, SAID))
    };
    while !is_written() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Killed with SIGKILL.
    drop(server);
    drop(ada);
    let file = recording(&site);
    let replayed = replay(&site, &file, &[]);
    replayed.assert_done();
    assert!(replayed.stdout.contains("byte for byte"), "{replayed:?}");
    assert!(replayed.stdout.contains("was killed then"), "{replayed:?}");

    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 5]).unwrap();
    let replayed = replay(&site, &file, &[]);
    replayed.assert_done();
    assert!(replayed.stdout.contains("breaks off"), "{replayed:?}");
}

#[test]
fn damage_is_told_with_its_place() {
    let site = Site::new();
    let server = start(&site);
    let ada = talk(&server);
    server.terminate();
    drop(ada);
    server.ended();
    let file = recording(&site);
    let mut bytes = fs::read(&file).unwrap();
    let said = bytes
        .windows(SAID.len())
        .rposition(|window| window == SAID.as_bytes());
    bytes[said.unwrap()] ^= 1;
    fs::write(&file, &bytes).unwrap();
    replay(&site, &file, &[]).assert_refused(&["damaged at byte", "replayed before that: "]);
    site.write("other", "no recording");
    replay(&site, &site.path("other"), &[]).assert_refused(&["this is no recording"]);
    replay(&site, &site.path("nothing"), &[]).assert_refused(&["can't be read"]);
}

#[test]
fn without_the_setting_nothing_is_recorded() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    drop(talk(&server));
    drop(server);
    assert!(!site.path("recordings").exists());
}

#[test]
fn too_little_room_is_refused_at_the_start() {
    let site = Site::new();
    site.write(
        "script/main.lua",
        &format!("-- {}\nevent = {{}}", "x".repeat(200_000)),
    );
    let ended = site.run(&["--dev", "--set", "port=0", "--set", "recorder=1"]);
    ended.assert_refused(&[
        "the recorder can't begin",
        "\"recorder\" is too small",
        "at least",
    ]);
}
