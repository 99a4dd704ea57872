//! Profiles on an administrator's word.

#[path = "../../../profiler/tests/reader/mod.rs"]
mod reader;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::site::{Site, content_of};
use crate::websocket::WebSocket;
use reader::Profile;

const RULES: &str = "
hoard = {}
local function busy_work()
    local sum = 0
    for i = 1, 200000 do sum += math.sqrt(i) end
    return sum
end
function busy_rule() return busy_work() + busy_work() end
function event.UPT() busy_rule() return 8 end
function event.ORS()
    for i = 1, 20000 do hoard[#hoard + 1] = string.rep('x', 200) .. #hoard end
    return 8
end";

fn zzz(admin: &mut WebSocket, command: &str) -> String {
    admin.say(&format!(r#"ZZZ {{"command":"{command}"}}"#));
    admin.await_text("ZZZ ")
}

/// The profiles that a message says were written, with their names.
fn written(message: &str) -> Vec<(PathBuf, Profile)> {
    let (_, files) = message
        .split_once("Written to ")
        .unwrap_or_else(|| panic!("{message}"));
    let (files, _) = files.split_once(';').unwrap();
    let read = |path: &str| {
        let content = fs::read(path).unwrap();
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path} tells much about a server");
        (PathBuf::from(path), Profile::parse(&content))
    };
    files.split(" and ").map(read).collect()
}

fn is_called(path: &Path, name: &str) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with(name)
}

#[test]
fn profiles_are_written_where_the_administrator_is_told() {
    let site = Site::new();
    site.write_scripts(RULES);
    let words = ["--dev", "--set", "luatimeout=20", "--set", "luarepeattimeout=20"];
    let server = site.start_logging(&words, "warn");
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    let told = zzz(&mut admin, "profile-stop");
    assert!(told.contains("profile-start begins one"), "{told}");
    let told = zzz(&mut admin, "profile-start");
    assert!(told.contains("profile-stop writes it to"), "{told}");
    let told = zzz(&mut admin, "profile-start");
    assert!(told.contains("already"), "{told}");
    let mut asked = 0;
    // Enough work for some samples on any machine.
    while asked < 60 {
        admin.say("UPT");
        let answer = admin.await_text("ERR ");
        assert!(answer.contains("\"number\":8"), "{answer}");
        asked += 1;
    }
    let told = zzz(&mut admin, "profile-stop");
    let profiles = written(&told);
    let [(path, native), (scripts_path, scripts)] = &profiles[..] else {
        panic!("{told}");
    };
    assert!(
        is_called(path, "processor-") && is_called(scripts_path, "scripts-"),
        "{told}"
    );
    assert!(told.contains("go tool pprof"), "{told}");
    let all = native.sum("samples", "");
    assert!(all > 5, "{all} samples");
    assert!(native.sum("samples", "luau_execute") * 2 > all, "{native:?}");
    assert!(
        native.remarks.iter().any(|remark| remark.contains("Luau's heap")),
        "{:?}",
        native.remarks
    );
    // The work of scripts has the names that their author gave.
    let (whole, busy) = (scripts.sum("samples", ""), scripts.sum("samples", "busy_rule"));
    assert!(busy > 5 && busy * 2 > whole, "{scripts:?}");
    assert!(
        scripts
            .samples
            .iter()
            .any(|(stack, _)| stack.iter().any(|name| name == "UPT")),
        "{scripts:?}"
    );
    assert!(
        scripts.files.contains(&"main.lua".to_owned()),
        "{:?}",
        scripts.files
    );

    let told = zzz(&mut admin, "heap-start");
    assert!(told.contains("heap-stop writes it to"), "{told}");
    admin.say("ORS");
    assert!(admin.await_text("ERR ").contains("\"number\":8"));
    let told = zzz(&mut admin, "heap-stop");
    let profiles = written(&told);
    let [(path, heap)] = &profiles[..] else {
        panic!("{told}");
    };
    assert!(is_called(path, "heap-"), "{told}");
    // 20000 strings of 200 bytes, and their tables.
    let kept = heap.sum("inuse_space", "limits.rs");
    assert!((3_000_000..12_000_000).contains(&kept), "{kept} bytes are kept");
    assert!(told.contains("KiB in everybody's rules"), "{told}");
    // The server is as it was.
    assert!(zzz(&mut admin, "status").contains(" of memory"), "{told}");
}

#[test]
fn a_profile_ends_by_itself_and_at_the_end_of_the_server() {
    let site = Site::new();
    let server = site.start_logging(&["--dev", "--set", "profilelimit=1"], "warn");
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    let told = zzz(&mut admin, "heap-start");
    assert!(told.contains("after 1 s"), "{told}");
    let told = admin.await_text("ZZZ ");
    assert_eq!(written(&told).len(), 1, "{told}");
    assert!(zzz(&mut admin, "heap-stop").contains("heap-start begins one"));

    let site = Site::new();
    let server = site.start_logging(&["--dev"], "warn");
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    for command in ["profile-start", "heap-start"] {
        zzz(&mut admin, command);
    }
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = content_of(&site.path("profiles"));
    assert_eq!(files.len(), 3);
    for (path, content) in files {
        assert!(!content.is_empty(), "{}", path.display());
        Profile::parse(&content);
    }
}

#[test]
fn a_profile_that_can_not_be_written_is_not_begun() {
    let site = Site::new();
    site.write("profiles", "a file where a folder should be");
    let server = site.start_logging(&["--dev"], "warn");
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    let told = zzz(&mut admin, "profile-start");
    assert!(
        told.contains("not started") && told.contains("profiles"),
        "{told}"
    );
    assert!(zzz(&mut admin, "profile-stop").contains("profile-start begins one"));
}
