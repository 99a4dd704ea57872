//! The program itself: the durable state goes in, stays over a run of the server, and comes out.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Files as a classic server left them.
fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/all/classic")
}

fn fchatd(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fchatd"));
    command.arg("--dir").arg(dir).args(arguments).output().unwrap()
}

/// Runs a command that must succeed, and gives its output.
fn done(dir: &Path, arguments: &[&str]) -> String {
    let output = fchatd(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail with status 1, and gives its output.
fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = fchatd(dir, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn import(dir: &Path) -> String {
    done(dir, &["state", "import", sample().to_str().unwrap()])
}

fn exported(dir: &Path, name: &str) -> Value {
    let out = dir.join("out");
    done(dir, &["state", "export", out.to_str().unwrap()]);
    serde_json::from_str(&fs::read_to_string(out.join(name)).unwrap()).unwrap()
}

/// A running server; it ends with the test.
struct Server(Child);

impl Server {
    /// Starts one and waits until it has announced itself; also gives its log.
    fn start(dir: &Path, arguments: &[&str]) -> (Self, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fchatd"))
            .arg("--dir")
            .arg(dir)
            .args(["--set", "port=0"])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.as_mut().unwrap());
        while !said.contains("accounts: ") {
            assert_ne!(lines.read_line(&mut said).unwrap(), 0, "it ended early: {said}");
        }
        (Self(child), said)
    }

    fn stop(mut self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_classic_state_outlives_a_run_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert!(import(dir).contains("3 public channels, 1 room, 1 global moderator,"));
    let before = ["ops.json", "scops.json", "bans.json"].map(|name| exported(dir, name));
    let (server, said) = Server::start(dir, &["--set", "login_url=https://user.example/?key=hidden"]);
    assert!(
        said.contains("remote: user.example is asked") && !said.contains("hidden"),
        "{said}"
    );
    let failure = refused(dir, &["state", "import", sample().to_str().unwrap()]);
    assert!(failure.contains("stop it first"), "{failure}");
    server.stop();
    assert_eq!(
        ["ops.json", "scops.json", "bans.json"].map(|name| exported(dir, name)),
        before
    );
    let room = &exported(dir, "channels.json")["private"][0];
    assert_eq!(
        (&room["name"], &room["title"], &room["top"]),
        (
            &json!("ADH-0123456789abcdef0123"),
            &json!("Seeded Room"),
            &json!(7)
        )
    );
    assert!(
        !dir.join("channels.json").exists(),
        "only compat=classic keeps the classic files up to date"
    );
}

#[test]
fn a_topic_is_exported_and_imported() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    import(first.path());
    let mut channels = exported(first.path(), "channels.json");
    channels["public"][0]["topic"] = json!("Roses & <tea>");
    let files = first.path().join("with-topic");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("channels.json"), channels.to_string()).unwrap();
    done(second.path(), &["state", "import", files.to_str().unwrap()]);
    assert_eq!(exported(second.path(), "channels.json"), channels);
}

#[test]
fn with_compat_the_classic_files_are_kept_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = Server::start(folder.path(), &["--set", "compat=classic"]);
    server.stop();
    let channels = fs::read_to_string(folder.path().join("channels.json")).unwrap();
    assert!(channels.contains("Frontpage"), "{channels}");
}

#[test]
fn a_strange_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    import(dir);
    let before = done(dir, &["state", "show"]);
    let strange = dir.join("strange");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("ops.json"), "[\"New\"]").unwrap();
    fs::write(strange.join("scops.json"), "[7]").unwrap();
    let failure = refused(dir, &["state", "import", strange.to_str().unwrap()]);
    assert!(failure.contains("scops.json entry 1"), "{failure}");
    assert_eq!(done(dir, &["state", "show"]), before);
}

#[test]
fn strange_entries_can_be_left_out_and_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    import(dir);
    let strange = dir.join("strange");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("ops.json"), r#"["New", 5, "NEW", "Other"]"#).unwrap();
    fs::write(strange.join("scops.json"), "not JSON").unwrap();
    let bans = r#"{"bans": [{"id": "5"}, {"id": 6, "character": "Six"}], "timeouts": [{"id": 1}]}"#;
    fs::write(strange.join("bans.json"), bans).unwrap();
    let said = done(
        dir,
        &["state", "import", "--skip-strange", strange.to_str().unwrap()],
    );
    for fault in [
        "left out: ops.json entry 2: a name was expected, not a number",
        "ops.json entry 3: \"NEW\" and \"New\" are one character",
        "left out: scops.json:1: this is not JSON",
        "left out: bans.json, bans entry 1: \"id\" must be a whole number, not text",
        "left out: bans.json, timeouts entry 1: \"end\" is missing",
    ] {
        assert!(said.contains(fault), "{fault}\n{said}");
    }
    assert_eq!(exported(dir, "ops.json"), json!(["New", "Other"]));
    assert_eq!(
        exported(dir, "scops.json"),
        json!(["Superone"]),
        "it stays as it was"
    );
    assert_eq!(
        exported(dir, "bans.json"),
        json!({"bans": [{"id": 6, "character": "Six"}], "timeouts": []})
    );
}

#[test]
fn a_check_says_what_is_there_beside_a_running_server_too() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert!(refused(dir, &["state", "check"]).contains("--dir"));
    import(dir);
    let said = done(dir, &["state", "check"]);
    assert!(
        said.contains("3 public channels, 1 room,") && said.contains("is what it should be"),
        "{said}"
    );
    let (server, _) = Server::start(dir, &[]);
    let said = done(dir, &["state", "check"]);
    assert!(said.contains("is what it should be"), "{said}");
    server.stop();
}

#[test]
fn a_damaged_state_is_refused_untouched_and_what_is_whole_is_got_out() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    import(dir);
    let path = dir.join("data/fchatd.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    // Not UTF-8 any more, in the one row that holds this.
    let text = b"A seeded open room.";
    let at = bytes
        .windows(text.len())
        .position(|window| window == text)
        .unwrap();
    bytes[at] = 0xff;
    fs::write(&path, &bytes).unwrap();
    let failure = refused(dir, &["run", "--set", "port=0"]);
    assert!(
        failure.contains("is damaged") && failure.contains("fchatd state check"),
        "{failure}"
    );
    let checked = fchatd(dir, &["state", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8(checked.stdout).unwrap();
    let fault = "channel \"adh-0123456789abcdef0123\": description can't be read";
    assert!(said.contains(fault), "{said}");
    let out = dir.join("out");
    let failure = refused(dir, &["state", "export", out.to_str().unwrap()]);
    assert!(failure.contains("What could be read was written"), "{failure}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "the damaged file is as it was");
    let fresh = tempfile::tempdir().unwrap();
    let said = done(fresh.path(), &["state", "import", out.to_str().unwrap()]);
    assert!(
        said.contains("3 public channels, 0 rooms, 1 global moderator,"),
        "{said}"
    );

    fs::write(&path, "no database").unwrap();
    for command in ["check", "show"] {
        let failure = refused(dir, &["state", command]);
        assert!(failure.contains("is damaged"), "{failure}");
    }
    fs::remove_dir_all(&out).unwrap();
    refused(dir, &["state", "export", out.to_str().unwrap()]);
    assert!(!out.exists(), "nothing could be read, so nothing is written");
}

#[test]
fn where_there_is_no_room_nothing_changes_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    import(dir);
    let before = done(dir, &["state", "show"]);
    let large = dir.join("large");
    fs::create_dir(&large).unwrap();
    let names: Vec<_> = (0..20_000).map(|number| format!("Operator {number}")).collect();
    fs::write(large.join("ops.json"), json!(names).to_string()).unwrap();
    // A limit for the size of files, in blocks of 512 or 1024 bytes: too small for the log of this change, and SQLite
    // calls that no more than an I/O error.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 250; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_fchatd"))
        .arg("--dir")
        .arg(dir)
        .args(["state", "import", large.to_str().unwrap()]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no room left"), "{said}");
    assert_eq!(done(dir, &["state", "show"]), before);
    let said = done(dir, &["state", "import", large.to_str().unwrap()]);
    assert!(said.contains("20000 global moderators"), "{said}");
}

#[test]
fn missing_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path(), &["state", "show"]).contains("--dir"));
    let nothing = refused(
        folder.path(),
        &["state", "import", folder.path().to_str().unwrap()],
    );
    assert!(nothing.contains("name the folder they are in"), "{nothing}");
    assert!(refused(folder.path(), &["state", "show"]).contains("nothing was saved yet"));
}

#[test]
fn settings_of_the_neighbours_are_checked_before_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, fault) in [
        ("enablertb=true", "enablertb needs an rtbsecret"),
        ("compat=modern", "compat must be"),
    ] {
        let failure = refused(folder.path(), &["check", "--set", setting]);
        assert!(failure.contains(fault), "{failure}");
    }
    // An unusable address, as in many a classic configuration, does not keep the server from starting.
    let warned = fchatd(folder.path(), &["check", "--set", "login_url=example.org"]);
    assert_eq!(warned.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&warned.stderr).contains("login_url: it must be an address"));
    let strange = [
        "check",
        "--set",
        "enablertb=true",
        "--set",
        "rtbsecret=s",
        "--set",
        "rtbaddress=home",
    ];
    assert!(refused(folder.path(), &strange).contains("rtbaddress must be an IP address"));
}
