//! Connections that have not logged in and do something else: commands without end, answers that they do not read, and
//! signs of life that are no log-in.

use std::thread;
use std::time::Duration;

use fchatd_dialogue::websocket::WebSocket;
use fchatd_dialogue::websocket::wire::{PING, frame};

use crate::attacker::{address, at_once, drain, many};
use crate::bystanders::Bystanders;
use crate::scene::in_each_layout;

/// The errors that come until the connection is closed.
fn errors(socket: &mut WebSocket) -> Vec<String> {
    let mut errors = Vec::new();
    while let Ok(Some(text)) = socket.next_text() {
        let number = text.split("\"number\":").nth(1).unwrap_or(&text);
        errors.push(number.split([',', '}']).next().unwrap_or_default().to_owned());
    }
    assert!(socket.is_closed, "nothing comes, and it is not closed");
    errors
}

#[test]
fn ten_commands_before_the_log_in_close_the_connection() {
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let ended = at_once(20, |number| {
            let mut socket = scene.websocket(address(number)).unwrap();
            let command = ["XXX", "PIN", "VAR", "msg"][number % 4];
            socket.raw(&many(command, 2_000)).unwrap();
            (command, errors(&mut socket))
        });
        for (command, errors) in ended {
            let (last, others) = errors.split_last().unwrap();
            assert_eq!(last, "3", "{command}: {errors:?}");
            let answered = if command == "PIN" { 0 } else { 9 };
            assert_eq!(others, vec!["8"; answered], "{command}");
        }
        bystanders.unharmed(scene);
    });
}

#[test]
fn a_connection_without_a_log_in_is_closed_in_time_whatever_it_sends() {
    const IDLERS: usize = 12;
    in_each_layout(0, &["--set", "identify_timeout=2"], |scene| {
        let bystanders = Bystanders::start(scene);
        let codes = at_once(IDLERS, |number| {
            let socket = scene.websocket(address(number)).unwrap();
            let mut writer = socket.writer().unwrap();
            let talk = thread::spawn(move || {
                // Commands would be counted; pings are free.
                while writer.raw(&frame(PING, b"alive")).is_ok() {
                    thread::sleep(Duration::from_millis(50));
                }
            });
            let code = drain(socket);
            talk.join().unwrap();
            code
        });
        assert_eq!(codes, [Some(1008); IDLERS]);
        assert_eq!(bystanders.gauge("closed without a log-in in time"), IDLERS as u64);
        bystanders.unharmed(scene);
    });
}

#[test]
fn little_waits_for_a_connection_that_has_not_logged_in() {
    const SOCKETS: usize = 10;
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let pings = frame(PING, &[b'x'; 125]).repeat(1_000);
        at_once(SOCKETS, |number| {
            let mut socket = scene.websocket(address(number)).unwrap();
            // The answers are not read; sooner or later the server gives up.
            while socket.raw(&pings).is_ok() {}
        });
        bystanders.await_gauge("slow readers", |count| count == SOCKETS as u64);
        bystanders.unharmed(scene);
    });
}
