//! The log fills a pipe without a reader, or its disk is full: the server goes on, counts the lost lines, and ends well.

use std::fs::File;

use crate::attacker::{address, at_once};
use crate::bystanders::Bystanders;
use crate::scene::Scene;
use crate::site::{Output, Site};

const ATTACKERS: usize = 4;
/// For each of them; each makes a line of 8 KiB.
const LINES: usize = 200;

/// A server with scripts that write people's messages into the log.
fn scene(output: Output) -> Scene {
    let site = Site::new();
    site.write_scripts("function event.UPT() print(('x'):rep(8000)) return const.FERR_OK end");
    let command = site.program();
    Scene::open_by(site, command, ATTACKERS, &[], ("info", output))
}

fn attack(scene: &Scene) {
    let bystanders = Bystanders::start(scene);
    at_once(ATTACKERS, |number| {
        let mut socket = scene.attacker(number);
        for _ in 0..LINES {
            socket.say("UPT").unwrap();
        }
        socket.say(r#"JCH {"channel":"nowhere"}"#).unwrap();
        socket.await_text(|text| text.starts_with("ERR ")).unwrap();
        assert!(!socket.is_closed, "{} was cut off", address(number));
    });
    bystanders.await_gauge("lines of the log lost", |lost| lost > 0);
    scene.assert_memory_bounded();
    bystanders.unharmed(scene);
}

#[test]
fn a_full_pipe_that_nobody_reads_holds_up_nobody() {
    let scene = scene(Output::Unread);
    attack(&scene);
    scene.server.terminate();
    let Scene { server, .. } = scene;
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn a_full_disk_for_the_log_holds_up_nobody() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let scene = scene(Output::To(full));
    attack(&scene);
    scene.server.terminate();
    let Scene { server, .. } = scene;
    assert_eq!(server.ended().code, Some(0));
}
