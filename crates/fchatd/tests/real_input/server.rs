//! The program on a folder that stays, and people that log in to it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use fchatd_dialogue::run::identification;
use fchatd_dialogue::site::Site;
use fchatd_dialogue::websocket::WebSocket;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Runs one of the program's commands.
pub(crate) fn fchatd(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fchatd"));
    command.arg("--dir").arg(dir).args(arguments).output().unwrap()
}

/// A running server; it ends with the test.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(dir: &Path, site: &Site) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fchatd"))
            .arg("--dir")
            .arg(dir)
            .args(["--set", "port=0", "--set", "load_balancers=127.0.0.1", "--set"])
            .arg(format!("login_url={}", site.url()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "it ended early");
        let address = said.trim_end().rsplit(' ').next().unwrap();
        let address = address.parse().unwrap();
        Self { child, address }
    }

    pub(crate) fn end(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a person known to the site.
pub(crate) fn know(site: &Site, account: i64, name: &str, admin: bool) {
    let answer = json!({
        "error": "",
        "account": {"account_id": account, "admin": i32::from(admin).to_string(), "banned": 0, "timeout": 0},
        "char": {"character_id": account, "name": name},
        "select": {},
        "kinks": [],
        "friends": [],
        "ignores": [],
        "bits": {},
    });
    site.know(name, name, Some(answer.to_string()));
}

/// The connection of a person.
pub(crate) struct Person(WebSocket);

impl Person {
    /// Logs in, or gives the number of the error with which that ends.
    pub(crate) fn log_in(server: &Server, name: &str) -> Result<Self, i64> {
        let mut socket = WebSocket::open(server.address, "10.9.8.7").unwrap();
        socket.say(&identification(name, name)).unwrap();
        let mut person = Self(socket);
        let own = format!("{:?}", name);
        let came = person
            .until(|text| text.starts_with("ERR ") || (text.starts_with("NLN ") && text.contains(&own)));
        match came.strip_prefix("ERR ") {
            Some(error) => Err(parsed(error)["number"].as_i64().unwrap()),
            None => Ok(person),
        }
    }

    fn until(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        self.0.await_text(&is_it).unwrap();
        while let Some(text) = self.0.heard.pop_front() {
            if is_it(&text) {
                return text;
            }
        }
        unreachable!("the server has closed the connection")
    }

    /// Says a command and gives the payload of the answer with that code; an error is none.
    pub(crate) fn ask(&mut self, code: &str, payload: &Value, answer: &str) -> Value {
        self.0.say(&format!("{code} {payload}")).unwrap();
        let start = format!("{answer} ");
        let found = self
            .0
            .await_text(|text| text.starts_with(&start) || text.starts_with("ERR "));
        assert!(
            found.is_ok(),
            "{code} {payload} is answered with {:?}",
            self.0.heard
        );
        let came = self.until(|text| text.starts_with(&start) || text.starts_with("ERR "));
        let rest = came.strip_prefix(&start);
        parsed(rest.unwrap_or_else(|| panic!("{code} {payload} is answered with {came}")))
    }

    /// Says a command without an answer.
    pub(crate) fn say(&mut self, code: &str, payload: &Value) {
        self.0.say(&format!("{code} {payload}")).unwrap();
    }

    /// Says a command that is refused, and gives the error's number.
    pub(crate) fn refused(&mut self, code: &str, payload: &Value) -> i64 {
        self.ask(code, payload, "ERR")["number"].as_i64().unwrap()
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
