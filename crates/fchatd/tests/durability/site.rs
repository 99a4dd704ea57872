//! A server that is killed and started again on the same folder.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fchatd_dialogue::program;
use rustix::process::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The server's folder.
pub(crate) struct Site(TempDir);

/// A running server; killed with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn command(&self) -> Command {
        let mut command = program::command(env!("CARGO_BIN_EXE_fchatd"));
        command.env("RUST_LOG", "info").arg("--dir").arg(self.0.path());
        command
    }

    /// Makes an administrator's account.
    pub(crate) fn add_administrator(&self, account: &str, password: &str) {
        let mut child = self
            .command()
            .args(["account", "add", account, "--admin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
        assert!(child.wait().unwrap().success());
    }

    pub(crate) fn start(&self) -> Server {
        let mut command = self.command();
        for setting in [
            "port=0",
            "max_per_ip=1000",
            "registrations_per_address=100000",
            "registration=open",
            "saveinterval=1",
            // Changes come as quickly as they are answered.
            "command_rate=0",
            "login_pause=0",
            "room_flood=0",
            "topic_flood=0",
            "rooms_per_account=100000",
            "invitation_flood=0",
        ] {
            command.args(["--set", setting]);
        }
        let mut child = command
            .args(program::layout())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&log);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                writeln!(kept.lock().unwrap(), "{line}").unwrap();
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let announcement = program::read_announcement(&mut stdout).unwrap();
        // It must not fill up.
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let Some(address) = program::announced_address(&announcement) else {
            panic!("not ready: {announcement}{}", log.lock().unwrap());
        };
        Server { child, address, log }
    }
}

impl Server {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it at once, with no chance to save anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does.
    pub(crate) fn stop(mut self) {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the log has a text so many times.
    pub(crate) fn await_log(&self, text: &str, times: usize) {
        let start = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(
                start.elapsed() < PATIENCE,
                "{text:?} is not in the log: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a form. Nothing when the server has gone.
    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Option<Value> {
        post(self.address, path, form)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a form to the account service. Nothing when the server has gone before it had answered.
pub(crate) fn post(server: SocketAddr, path: &str, form: &[(&str, &str)]) -> Option<Value> {
    let mut body = String::new();
    for (name, value) in form {
        let value = value.replace(' ', "+");
        write!(body, "{name}={value}&").unwrap();
    }
    let body = body.trim_end_matches('&');
    let mut stream = TcpStream::connect(server).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}
