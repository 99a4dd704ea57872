//! Standard output and standard error are closed pipes, or a full disk, while the program runs.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::attacker::drain;
use crate::bystanders::Bystanders;
use crate::scene::{OPERATOR, Scene};
use crate::site::{Output, Site};

const HERE: std::net::Ipv4Addr = std::net::Ipv4Addr::new(127, 100, 0, 1);

#[test]
fn a_server_that_nobody_reads_serves_restarts_and_stops() {
    let site = Site::new();
    let command = site.program();
    let scene = Scene::open_by(site, command, 0, &[], ("info", Output::Closed));
    let bystanders = Bystanders::start(&scene);
    bystanders.status();
    bystanders.unharmed(&scene);
    let socket = scene.log_in(OPERATOR, OPERATOR, HERE);
    scene.server.signal(Signal::USR2);
    drain(socket);
    // The new program has the same sockets, and a connection waits until it serves.
    let mut operator = scene.log_in(OPERATOR, OPERATOR, HERE);
    operator.say(r#"ZZZ {"command":"status"}"#).unwrap();
    operator
        .await_text(|text| text.starts_with("ZZZ ") && text.contains("lines of standard output lost"))
        .unwrap();
    scene.server.terminate();
    let Scene { server, site, .. } = scene;
    assert_eq!(server.ended().code, Some(0));
    let shown = site.run(&["state", "check"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
}

#[test]
fn commands_end_quietly_on_a_closed_pipe_and_say_that_a_disk_is_full() {
    let scene = Scene::open(3, &[]);
    for words in [
        &["config", "sample"][..],
        &["script", "definitions"],
        &["account", "list"],
        &["character", "list", OPERATOR],
        &["check"],
        &["test"],
        &["log", "actions"],
        &["--help"],
        &["--version"],
    ] {
        let run = |stdout: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_fchatd"));
            command.arg("--dir").arg(scene.site.path("")).args(words);
            let mut child = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            (child.wait().unwrap().code(), said)
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, said) = run(writer.into());
        assert_eq!(code, Some(0), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{words:?}: {said}");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, said) = run(full.into());
        assert!(!said.contains("panicked"), "{words:?}: {said}");
        // Nothing was printed where there is nothing, and clap prints for itself.
        if !["log", "--help", "--version"].contains(&words[0]) {
            assert_eq!(code, Some(1), "{words:?}: {said}");
            assert!(said.contains("could not be written"), "{words:?}: {said}");
        }
    }
}
