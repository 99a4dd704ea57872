//! A restart that no connecting client notices.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::site::{PATIENCE, Server, Site, port_for_a_bridge};
use crate::websocket::WebSocket;

const PASSWORD: &str = "correct horse battery";

/// An administrator logged in at a server with accounts; the account has the character's name.
fn administrator(site: &Site, words: &[&str]) -> (Server, WebSocket) {
    site.run_with_input(&["account", "add", "Ada", "--admin"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "Ada", "Ada"]).assert_done();
    let server = site.start(words);
    let socket = log_in(&server);
    (server, socket)
}

fn log_in(server: &Server) -> WebSocket {
    let form = "account=Ada&password=correct+horse+battery";
    let answer = server.post("/json/getApiTicket.php", form);
    WebSocket::log_in(server, "Ada", answer["ticket"].as_str().unwrap())
}

fn knock(address: SocketAddr) {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    WebSocket::over(stream);
}

#[test]
fn every_connection_attempt_is_served_and_everything_is_there() {
    let site = Site::new();
    let (server, mut ada) = administrator(&site, &[]);
    let pid = server.pid();
    let (address, done) = (server.address, Arc::new(AtomicBool::new(false)));
    let knocking = {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            let mut visits = 0;
            while !done.load(Ordering::Relaxed) {
                knock(address);
                visits += 1;
                thread::sleep(Duration::from_millis(2));
            }
            visits
        })
    };
    ada.say(r#"CRC {"channel":"Harbour"}"#);
    ada.await_text("SYS ");
    let restarted = site.run(&["restart"]);
    restarted.assert_done();
    assert!(
        restarted
            .stdout
            .contains(&format!("(process {pid}) has restarted"))
    );
    assert!(ada.await_text("BRO ").contains("The server restarts"));
    assert_eq!(ada.closed(), 1001);
    let mut ada = log_in(&server);
    ada.say("CHA");
    assert!(ada.await_text("CHA ").contains("Harbour"));
    done.store(true, Ordering::Relaxed);
    assert!(knocking.join().unwrap() > 10, "nobody knocked while it restarted");
    // An administrator can do it, too. A profile that runs ends with the old program.
    ada.say(r#"ZZZ {"command":"profile-start"}"#);
    ada.await_text("ZZZ ");
    ada.say(r#"ZZZ {"command":"restart"}"#);
    assert!(ada.await_text("BRO ").contains("The server restarts"));
    assert_eq!(ada.closed(), 1001);
    log_in(&server);
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let starts = ended.stdout.matches(&format!("listens on {address}")).count();
    assert_eq!(starts, 3, "{ended:?}");
    assert!(!ended.stderr.contains(" ERROR "), "{ended:?}");
}

#[test]
fn scripts_see_everybody_leave_and_what_they_do_then_is_kept() {
    let site = Site::new();
    site.write_scripts(
        "function event.pre_disconnect(con)
            local _, channel = c.getChannel('frontpage')
            c.setDescription(channel, c.getDescription(channel) .. '; bye, ' .. u.getName(con))
        end",
    );
    let (server, mut ada) = administrator(&site, &[]);
    site.run(&["restart"]).assert_done();
    assert_eq!(ada.closed(), 1001);
    let mut ada = log_in(&server);
    assert_eq!(described(&mut ada).matches("; bye, Ada").count(), 1);
    server.terminate();
    assert_eq!(ada.closed(), 1001);
    assert_eq!(server.ended().code, Some(0));
    let server = site.start(&[]);
    let mut ada = log_in(&server);
    assert_eq!(described(&mut ada).matches("; bye, Ada").count(), 2);
}

/// The description of Frontpage for a person that enters.
fn described(socket: &mut WebSocket) -> String {
    socket.say(r#"JCH {"channel":"Frontpage"}"#);
    loop {
        let description = socket.await_text("CDS ");
        if description.contains(r#""channel":"Frontpage""#) {
            return description;
        }
    }
}

#[test]
fn a_mistake_keeps_the_server_as_it_is() {
    let site = Site::new();
    let (server, mut ada) = administrator(&site, &[]);
    site.write("script/startup_config.lua", "maxusers = \"many\"\n");
    site.run(&["restart"])
        .assert_refused(&["goes on as it was", "startup_config.lua:1", "maxusers"]);
    ada.say(r#"ZZZ {"command":"restart"}"#);
    ada.await_text("ZZZ ");
    assert!(ada.await_text("ZZZ ").contains("maxusers"), "and why");
    site.write("script/startup_config.lua", "");
    site.write("script/main.lua", "this is no Lua");
    site.run(&["restart"])
        .assert_refused(&["goes on as it was", "main.lua:1"]);
    ada.say(r#"ZZZ {"command":"status"}"#);
    ada.await_text("ZZZ ");
    fs::remove_file(site.path("script/main.lua")).unwrap();
    site.run(&["restart"]).assert_done();
    assert_eq!(ada.closed(), 1001);
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn the_program_that_lies_there_now_takes_over() {
    let site = Site::new();
    let built = Path::new(env!("CARGO_BIN_EXE_fchatd"));
    let program = site.path("fchatd");
    let install = || {
        let _ = fs::remove_file(&program);
        fs::copy(built, &program).unwrap();
    };
    install();
    let server = site.start_by(site.command(&program), &[]);
    // The file that runs is gone, another has its name.
    install();
    site.run(&["restart"]).assert_done();
    // Without a program it stays.
    fs::remove_file(&program).unwrap();
    fs::write(&program, "no program").unwrap();
    site.run(&["restart"])
        .assert_refused(&["goes on as it was", "can't be run"]);
    WebSocket::open(&server);
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn a_program_that_is_gone_after_its_check_is_told_and_nothing_is_lost() {
    let site = Site::new();
    let built = env!("CARGO_BIN_EXE_fchatd");
    // Checks well, and can't be run any more then: as when another file is put there just at that moment.
    site.write(
        "fchatd",
        &format!("#!/bin/sh\n'{built}' \"$@\" && chmod a-x \"$0\"\n"),
    );
    let program = site.path("fchatd");
    fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    site.run_with_input(&["account", "add", "Ada", "--admin"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "Ada", "Ada"]).assert_done();
    let mut command = site.command(built);
    command.arg0(&program);
    let server = site.start_by(command, &[]);
    let mut ada = log_in(&server);
    ada.say(r#"CRC {"channel":"Harbour"}"#);
    ada.await_text("SYS ");
    server.signal(Signal::USR2);
    assert!(ada.await_text("BRO ").contains("The server restarts"));
    assert_eq!(ada.closed(), 1001);
    let ended = server.ended();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let sentence = "can't be run any more (Permission denied";
    assert!(ended.stderr.contains(sentence), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("everything is saved: start the server again by hand"),
        "{ended:?}"
    );
    let server = site.start(&[]);
    let mut ada = log_in(&server);
    ada.say("CHA");
    assert!(ada.await_text("CHA ").contains("Harbour"));
}

#[test]
fn the_bridge_keeps_its_socket() {
    let site = Site::new();
    let free = port_for_a_bridge();
    let bridge = [
        "--set",
        "enablertb=true",
        "--set",
        "rtbsecret=knows the website",
        "--set",
        &free,
    ];
    let server = site.start(&bridge);
    let port = server.address.port();
    let bridge = SocketAddr::from(([127, 0, 0, 1], port + 1));
    site.run(&["restart"]).assert_done();
    assert!(UdpSocket::bind(bridge).is_err(), "the bridge still has it");
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let announced = format!("real-time bridge: UDP {bridge}");
    assert_eq!(ended.stderr.matches(&announced).count(), 2, "{ended:?}");
}

#[test]
fn there_is_nothing_to_restart() {
    let site = Site::new();
    site.run(&["restart"]).assert_refused(&["no server runs in"]);
    site.start(&["--dev"]);
    site.run(&["restart"]).assert_refused(&["no server runs in"]);
}

#[test]
fn a_second_server_is_told_who_was_first() {
    let site = Site::new();
    let server = site.start(&[]);
    let pid = format!("(process {})", server.pid());
    site.run(&["--set", "port=0"])
        .assert_refused(&["a server is running on", &pid, "stop it first"]);
}
