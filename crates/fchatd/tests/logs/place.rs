//! A folder, the servers that run in it one after another, and the people there.

use std::io::{BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fchatd_dialogue::program;
use fchatd_dialogue::site::Site;
use fchatd_dialogue::websocket::WebSocket;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Generous: other tests want the processor, too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Place {
    folder: TempDir,
    site: Site,
}

pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    log: Option<JoinHandle<String>>,
}

pub(crate) struct Person(WebSocket);

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            site: Site::start().unwrap(),
        }
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    fn command(&self) -> Command {
        let mut command = program::command(env!("CARGO_BIN_EXE_fchatd"));
        command
            .env("RUST_LOG", "warn")
            .env("TZ", "UTC")
            .arg("--dir")
            .arg(self.folder.path())
            .args(["--set", "log_socket_path=chat.sock"]);
        command
    }

    /// Starts a server, or says why it does not start.
    pub(crate) fn try_start(&self, settings: &[&str]) -> Result<Server, String> {
        let login = format!("login_url={}", self.site.url());
        let mut command = self.command();
        for setting in [
            "port=0",
            "load_balancers=127.0.0.1",
            "maxconnections=500",
            "max_per_ip=1000",
            "command_rate=0",
            "msg_flood=0",
            "log_start=true",
            &login,
        ]
        .iter()
        .chain(settings)
        {
            command.args(["--set", setting]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut log = String::new();
            let _ = stderr.read_to_string(&mut log);
            log
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let said = program::read_announcement(&mut stdout).unwrap();
        // It must not fill up.
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let Some(address) = program::announced_address(&said) else {
            child.wait().unwrap();
            return Err(said + &log.join().unwrap());
        };
        // The last socket that it opens.
        let server = Server {
            child,
            address,
            log: Some(log),
        };
        eventually("it can be asked", || {
            UnixStream::connect(self.path("data/control.sock")).is_ok()
        });
        Ok(server)
    }

    pub(crate) fn start(&self) -> Server {
        self.try_start(&[]).unwrap()
    }

    /// Runs `fchatd log …`.
    pub(crate) fn log(&self, words: &[&str]) -> Output {
        self.command().arg("log").args(words).output().unwrap()
    }

    /// Begins `fchatd log …`.
    pub(crate) fn begin_log(&self, words: &[&str]) -> Child {
        let mut command = self.command();
        command.arg("log").args(words);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The output of `fchatd log actions --json …`.
    pub(crate) fn actions(&self, words: &[&str]) -> Vec<Value> {
        let output = self.log(&[&["actions", "--json"], words].concat());
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// A person that may log in; its number is that of the account, a thousand more that of the character.
    pub(crate) fn know(&self, character: &str, number: u32) {
        let admin = if character.starts_with("Admin") { "1" } else { "0" };
        let answer = json!({"error": "", "account": {"account_id": number, "admin": admin},
            "char": {"character_id": number + 1000, "name": character}, "select": {}, "info": {}, "custom": {},
            "kinks": [], "friends": [], "ignores": [], "bits": {}});
        self.site.know(character, character, Some(answer.to_string()));
    }

    /// Reads the chat log from now on. `admin` is a person that is online.
    pub(crate) fn reader(&self, admin: &mut Person) -> BufReader<UnixStream> {
        let before = admin.readers();
        let stream = UnixStream::connect(self.path("chat.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        eventually("the reader counts", || admin.readers() > before);
        BufReader::new(stream)
    }
}

impl Server {
    /// A person comes.
    pub(crate) fn enter(&self, character: &str) -> Person {
        self.try_enter(character)
            .unwrap_or_else(|heard| panic!("{character} is refused: {heard}"))
    }

    /// A person wants to come; gives the refusal.
    pub(crate) fn try_enter(&self, character: &str) -> Result<Person, String> {
        let socket = WebSocket::open(self.address, "127.0.0.1").unwrap();
        let mut person = Person(socket);
        let login = json!({"method": "ticket", "account": character, "ticket": "x", "character": character,
            "cname": "test", "cversion": "1"});
        let own = format!("\"identity\":\"{character}\"");
        let heard = person.ask(&format!("IDN {login}"), |text| {
            text.starts_with("ERR ") || text.starts_with("NLN ") && text.contains(&own)
        });
        if heard.starts_with("ERR ") {
            return Err(heard);
        }
        Ok(person)
    }

    /// As `kill -9`.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.take().unwrap().join().unwrap()
    }

    pub(crate) fn stop(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Person {
    /// Says something and waits for the answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, text: &str, is_answer: impl Fn(&str) -> bool) -> String {
        self.0.heard.clear();
        self.tell(text);
        self.hear(is_answer)
    }

    pub(crate) fn tell(&mut self, text: &str) {
        self.0.say(text).unwrap();
    }

    /// Waits for something.
    #[track_caller]
    pub(crate) fn hear(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        self.0.await_text(&is_it).unwrap();
        let heard = self.0.heard.iter().rev().find(|text| is_it(text));
        heard
            .unwrap_or_else(|| panic!("it does not come: {:?}", self.0.heard))
            .clone()
    }

    /// Does something that is answered with a code and no error.
    #[track_caller]
    pub(crate) fn act(&mut self, text: &str, code: &str) {
        let heard = self.ask(text, |text| text.starts_with(code) || text.starts_with("ERR "));
        assert!(heard.starts_with(code), "{text}: {heard}");
    }

    /// A line of `ZZZ status`.
    pub(crate) fn status(&mut self, name: &str) -> String {
        let status = self.ask(r#"ZZZ {"command":"status"}"#, |text| text.starts_with("ZZZ "));
        let begin = format!("{name}: ");
        let line = status.split("\\n").find_map(|line| line.strip_prefix(&begin));
        line.unwrap_or_else(|| panic!("{name} is not in {status}"))
            .to_owned()
    }

    fn readers(&mut self) -> u32 {
        let line = self.status("chat log readers");
        line.split(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn leave(mut self) {
        self.0.close().unwrap();
    }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "it does not come to it: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
