//! Under a service manager: the messages to it, and the sockets that it gives.

use std::ffi::OsStr;
use std::fs::File;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::site::{PATIENCE, Site};
use crate::websocket::WebSocket;

/// A service manager that listens.
struct Manager(UnixDatagram);

impl Manager {
    fn new(site: &Site) -> Self {
        let socket = UnixDatagram::bind(site.path("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn hears(&self, start: &str) -> String {
        loop {
            let mut buffer = [0; 4096];
            let length = self.0.recv(&mut buffer).unwrap();
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if text.starts_with(start) {
                return text;
            }
        }
    }
}

/// Runs the program with this socket as the first inherited one: numbers of descriptors and processes can only be
/// given by the process itself.
fn activated(site: &Site, socket: impl Into<OwnedFd>) -> Command {
    let script =
        r#"export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=fchatd.socket; exec "$0" "$@" 3<&0 </dev/null"#;
    let mut command = site.command("sh");
    command
        .arg("-c")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_fchatd"))
        .stdin(Stdio::from(socket.into()));
    command
}

#[test]
fn the_manager_hears_of_the_start_the_watchdog_a_restart_and_the_end() {
    let site = Site::new();
    let manager = Manager::new(&site);
    let mut command = site.command(env!("CARGO_BIN_EXE_fchatd"));
    command
        .env("NOTIFY_SOCKET", site.path("notify"))
        .env("WATCHDOG_USEC", "200000");
    let server = site.start_by(command, &[]);
    assert!(manager.hears("READY=1").contains("STATUS=0 clients"));
    manager.hears("WATCHDOG=1");
    server.signal(Signal::USR2);
    assert!(manager.hears("RELOADING=1").contains("MONOTONIC_USEC="));
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    server.terminate();
    assert!(manager.hears("STOPPING=1").contains("EXTEND_TIMEOUT_USEC="));
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn a_socket_of_the_manager_is_served_also_after_a_restart() {
    let site = Site::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let own = listener.try_clone().unwrap();
    let server = site.start_by(activated(&site, listener), &["--set", "port=1"]);
    assert_eq!(server.address, address);
    WebSocket::open(&server);
    site.run(&["restart"]).assert_done();
    WebSocket::open(&server);
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // The manager has its socket still.
    assert_eq!(own.local_addr().unwrap(), address);
}

#[test]
fn other_descriptors_than_listening_sockets_are_refused() {
    let site = Site::new();
    let file = File::open("/dev/null").unwrap();
    let output = activated(&site, file)
        .arg("--dir")
        .arg(site.path("").as_os_str())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("fchatd.socket"), "{stderr}");
}

#[test]
fn sockets_for_another_process_are_not_taken() {
    let site = Site::new();
    let mut command = site.command(env!("CARGO_BIN_EXE_fchatd"));
    command.env("LISTEN_PID", OsStr::new("1")).env("LISTEN_FDS", "1");
    let server = site.start_by(command, &["--dev"]);
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}
