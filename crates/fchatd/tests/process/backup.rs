//! `fchatd backup` and `fchatd restore`, as an operator uses them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::site::{Ended, PATIENCE, Server, Site, content_of};
use crate::websocket::WebSocket;

const PASSWORD: &str = "correct horse battery";
const SETTINGS: &str = "max_per_ip = 9\n";

/// A folder with accounts, settings and a picture.
pub(crate) fn furnished() -> Site {
    let site = Site::new();
    site.run_with_input(&["account", "add", "ada", "--admin"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "ada", "Ada"]).assert_done();
    site.write("script/startup_config.lua", "max_per_ip = 7\n");
    site.write("data/images/eicon/big cat.gif", "GIF89a picture");
    site
}

fn log_in(server: &Server) -> WebSocket {
    log_in_with(server, "Ada")
}

/// Logs in with a character of the account.
pub(crate) fn log_in_with(server: &Server, character: &str) -> WebSocket {
    let form = "account=ada&password=correct+horse+battery";
    let ticket = server.post("/json/getApiTicket.php", form);
    let ticket = ticket["ticket"].as_str().unwrap();
    WebSocket::log_in_as(server, "ada", ticket, character).0
}

/// Waits for a description of the channel.
#[track_caller]
fn hear_description(socket: &mut WebSocket, description: &str) {
    loop {
        let text = socket.await_text("");
        assert!(!text.starts_with("ERR "), "{text}");
        if text.starts_with("CDS ") && text.contains(description) {
            return;
        }
    }
}

/// A place for archives.
fn shelf() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name: &str| {
        path.join(name).to_str().unwrap().to_owned()
    })
}

fn lines(ended: &Ended) -> Vec<Value> {
    let lines = ended.stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until something is so.
#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_destroyed_server_comes_back_from_its_backup() {
    let site = furnished();
    let (_folder, name) = shelf();
    let archive = name("chat.tar.gz");
    let server = site.start(&[]);
    let mut ada = log_in(&server);
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    hear_description(&mut ada, "");
    ada.say(r#"CDS {"channel":"Frontpage","description":"before the fire"}"#);
    hear_description(&mut ada, "before the fire");
    site.run(&["ban", "add", "203.0.113.0/24", "--reason", "raid"]);
    let made = site.run(&["backup", &archive]);
    made.assert_done();
    assert!(made.stdout.contains("it was read again and is whole"), "{made:?}");
    // Later changes are not in it.
    site.run(&["ban", "add", "198.51.100.0/24"]);
    // The archive is refused as long as the server runs, and nothing happens to the folder.
    site.run(&["restore", &archive, "--replace"])
        .assert_refused(&["a server is running on"]);
    server.terminate();
    assert_eq!(server.ended().code, Some(0));

    let checked = Site::new().run(&["backup", "--check", &archive]);
    checked.assert_done();
    assert!(checked.stdout.contains("as it was written"), "{checked:?}");

    fs::remove_dir_all(site.path("")).unwrap();
    site.run(&["restore", &archive])
        .assert_refused(&["is not a folder"]);
    fs::create_dir(site.path("")).unwrap();
    let restored = site.run(&["restore", &archive]);
    restored.assert_done();
    assert!(!restored.stdout.contains("before"), "{restored:?}");
    assert_eq!(
        fs::read_to_string(site.path("script/startup_config.lua")).unwrap(),
        "max_per_ip = 7\n"
    );
    let bans = lines(&site.run(&["ban", "list", "--json"]));
    assert_eq!((bans.len(), &bans[0]["network"]), (1, &"203.0.113.0/24".into()));
    assert!(site.run(&["log", "actions"]).stdout.contains("203.0.113.0/24"));

    let server = site.start(&[]);
    let mut ada = log_in(&server);
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    hear_description(&mut ada, "before the fire");
    assert!(
        server
            .get("/images/eicon/big%20cat.gif")
            .ends_with("GIF89a picture")
    );
}

#[test]
fn a_state_is_replaced_only_by_request_and_kept() {
    let site = furnished();
    let (_folder, name) = shelf();
    let archive = name("chat.tar.gz");
    site.run(&["backup", &archive]).assert_done();
    site.run(&["backup", &archive])
        .assert_refused(&["is there already", "--replace"]);
    site.run_with_input(&["account", "add", "bob"], PASSWORD)
        .assert_done();
    site.run(&["backup", &archive, "--replace"]).assert_done();
    site.write("script/startup_config.lua", SETTINGS);
    site.write("script/tests.lua", "return {}");
    site.run(&["account", "delete", "bob", "--yes"]).assert_done();

    let before = content_of(&site.path(""));
    site.run(&["restore", &archive])
        .assert_refused(&["has a state or scripts already", "--replace"]);
    assert!(
        unlocked(content_of(&site.path(""))) == unlocked(before),
        "it was changed"
    );
    let kept = site.run(&["restore", &archive, "--replace", "--keep-scripts"]);
    kept.assert_done();
    assert!(kept.stdout.contains("data/before-restore-1"), "{kept:?}");
    assert_eq!(
        fs::read_to_string(site.path("script/startup_config.lua")).unwrap(),
        SETTINGS
    );
    assert_eq!(lines(&site.run(&["account", "list", "--json"])).len(), 2);

    let whole = site.run(&["restore", &archive, "--replace"]);
    whole.assert_done();
    assert!(whole.stdout.contains("script.before-restore-2"), "{whole:?}");
    assert_eq!(
        fs::read_to_string(site.path("script.before-restore-2/startup_config.lua")).unwrap(),
        SETTINGS
    );
    assert!(!site.path("script/tests.lua").exists());
    // Folders from before, and their states, are no part of a backup.
    let again = site.run(&["backup", &name("again.tar.gz"), "--json"]);
    let files = lines(&again)[0]["files"].as_u64().unwrap();
    assert_eq!(files, 3, "state, picture and settings: {again:?}");
}

/// The content without the note of processes in the lock file.
fn unlocked(mut files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    files.retain(|(path, _)| !path.ends_with("fchatd.lock"));
    files
}

#[test]
fn each_change_in_a_backup_has_its_line_in_the_action_log() {
    let site = furnished();
    let (_folder, name) = shelf();
    let _server = site.start_logging(&[], "warn");
    let stop = AtomicBool::new(false);
    let archives: Vec<String> = (0..4).map(|number| name(&format!("{number}.tar.gz"))).collect();
    let banned = thread::scope(|scope| {
        let work = scope.spawn(|| {
            let mut number: u32 = 0;
            while !stop.load(Ordering::Relaxed) {
                let network = format!("10.{}.{}.0/24", number / 256, number % 256);
                site.run(&["ban", "add", &network]);
                number += 1;
            }
            number
        });
        for archive in &archives {
            site.run(&["backup", archive]).assert_done();
        }
        stop.store(true, Ordering::Relaxed);
        work.join().unwrap()
    });
    assert!(banned > 0);
    for archive in &archives {
        let other = Site::new();
        other.run(&["restore", archive]).assert_done();
        other.run(&["state", "check"]).assert_done();
        let actions = other.run(&["log", "actions", "--json"]).stdout;
        for ban in lines(&other.run(&["ban", "list", "--json"])) {
            let network = ban["network"].as_str().unwrap();
            assert!(actions.contains(network), "{network} is banned by no action");
        }
    }
}

#[test]
fn a_full_disk_leaves_no_backup_and_no_litter() {
    let site = furnished();
    let (folder, name) = shelf();
    let archive = name("chat.tar.gz");
    site.write("data/images/eicon/noise.gif", "");
    let noise: Vec<u8> = (0..300_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    fs::write(site.path("data/images/eicon/noise.gif"), noise).unwrap();
    site.run(&["backup", &archive]).assert_done();
    let good = fs::read(&archive).unwrap();
    // Too small for the copy of the database, and for the archive.
    for blocks in ["40", "900"] {
        let limited = limited(&site, &["backup", "--replace", &archive], blocks);
        assert_eq!(limited.code, Some(1), "{limited:?}");
        assert!(
            limited.stderr.contains("there is no room left for"),
            "{limited:?}"
        );
        assert!(fs::read(&archive).unwrap() == good, "it was touched");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let other = Site::new();
    let refused = limited(&other, &["restore", &archive], "900");
    assert!(
        refused.stderr.contains("there is no room left for"),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(other.path("")).unwrap().count(), 0);
    on_a_small_disk(&site);
}

/// Runs the program with a limit for the size of files, in blocks of 512 bytes.
fn limited(site: &Site, words: &[&str], blocks: &str) -> Ended {
    let mut command = site.command("sh");
    command
        .args([
            "-c",
            "ulimit -f \"$0\"; exec \"$@\"",
            blocks,
            env!("CARGO_BIN_EXE_fchatd"),
            "--dir",
        ])
        .arg(site.path(""))
        .args(words);
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A disk of one megabyte, where the system lets the test mount one.
fn on_a_small_disk(site: &Site) {
    let disk = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$1\" || exit 77; \"$0\" --dir \"$2\" backup \"$1/x.tar.gz\"; \
                  code=$?; ls -A \"$1\"; exit $code";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_fchatd")])
        .arg(disk.path())
        .arg(site.path(""))
        .output();
    let Ok(output) = output else { return };
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(1) || !told.contains("fchatd: ") {
        // No disk could be mounted here.
        return;
    }
    assert!(told.contains("there is no room left for"), "{told}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "",
        "nothing is left on the disk"
    );
}

#[test]
fn damaged_and_foreign_files_change_nothing() {
    let site = furnished();
    let (_folder, name) = shelf();
    let archive = name("chat.tar.gz");
    site.run(&["backup", &archive]).assert_done();
    let whole = fs::read(&archive).unwrap();
    let before = unlocked(content_of(&site.path("")));
    let bad = name("bad.tar.gz");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    for (content, told) in [
        (&b""[..], "is no backup of fchatd"),
        (b"hello", "is no backup of fchatd"),
        (&whole[..whole.len() / 2], "is damaged"),
        (&whole[..whole.len() - 1], "is damaged"),
        (&flipped, "is damaged"),
    ] {
        fs::write(&bad, content).unwrap();
        site.run(&["restore", &bad, "--replace"]).assert_refused(&[told]);
        site.run(&["backup", "--check", &bad]).assert_refused(&[told]);
        assert!(
            unlocked(content_of(&site.path(""))) == before,
            "the folder was changed"
        );
    }
    site.run(&["restore", &name("nothing"), "--replace"])
        .assert_refused(&["can't be read"]);
    site.run(&["restore", site.path("").to_str().unwrap(), "--replace"])
        .assert_refused(&["is no backup of fchatd"]);
    site.run(&["backup", site.path("data/x.tar.gz").to_str().unwrap()])
        .assert_refused(&["lies in a folder that is backed up"]);
    site.run(&["backup", &name("missing/x.tar.gz")])
        .assert_refused(&["missing/x.tar.gz"]);
    Site::new()
        .run(&["backup", &name("y.tar.gz")])
        .assert_refused(&["there is no state in"]);
    assert!(!Path::new(&name("y.tar.gz")).exists());
}

/// Starts the program and kills it as soon as something is so.
fn kill_when(site: &Site, words: &[&str], is_so: impl Fn() -> bool) {
    let mut command = site.program();
    command.arg("--dir").arg(site.path("")).args(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child: Child = command.spawn().unwrap();
    until(is_so);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_in_the_middle_leaves_the_folder_usable() {
    let site = furnished();
    let (_folder, name) = shelf();
    let (archive, part) = (name("chat.tar.gz"), name("chat.tar.gz.part"));
    // Large enough that the program is still at work when its first file is seen.
    let mut noise = fs::File::create(site.path("data/images/eicon/noise.gif")).unwrap();
    for block in 0..40u32 {
        let block: Vec<u8> = (0..250_000u32)
            .flat_map(|n| {
                (n ^ block)
                    .wrapping_mul(2_654_435_761)
                    .rotate_left(block)
                    .to_le_bytes()
            })
            .collect();
        noise.write_all(&block).unwrap();
    }
    drop(noise);
    kill_when(&site, &["backup", &archive], || Path::new(&part).exists());
    assert!(!Path::new(&archive).exists());
    site.run(&["state", "check"]).assert_done();
    site.run(&["backup", &archive]).assert_done();
    assert!(!Path::new(&part).exists());

    let before = unlocked(content_of(&site.path("")));
    let stage = site.path("data/restore.part/data/fchatd.sqlite");
    kill_when(&site, &["restore", &archive, "--replace"], || stage.exists());
    let has_begun =
        site.path("data/restore.part/plan.json").exists() || site.path("data/before-restore-1").exists();
    let mut after = unlocked(content_of(&site.path("")));
    after.retain(|(path, _)| !path.to_string_lossy().contains("restore"));
    assert!(has_begun || after == before, "the folder was changed");
    // Where the exchange had begun, this command completes it and says so.
    assert_eq!(site.run(&["account", "list"]).code, Some(0));
    site.run(&["restore", &archive, "--replace"]).assert_done();
    assert!(!site.path("data/restore.part").exists());
    let server = site.start(&[]);
    log_in(&server);
}
