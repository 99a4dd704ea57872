//! The server of a crowd: a folder with accounts and channels, and the program, which is killed, stopped or
//! restarted and started again.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use crate::Error;
use crate::accounting::Account;
use crate::crowd::Event;
use crate::load::people::Identity;
use crate::server::{Site, Wanted, command, free_port};
use crate::siege::home::{PASSWORD, ticket};
use crate::siege::operator::Wire;

/// The hash of the password of all accounts, at the cost that the server uses for new passwords. A hash of
/// another cost would be replaced at the first log-in.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Y3Jvd2Rjcm93ZGNyb3dkIQ$k5iwXFnGqGevuaCwxHBpkJ8O7V8BCEQA5j+u2/KEj84";
const OPERATOR: &str = "Olga";
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(10);

/// The folder and the server in it. Dropping it ends the server.
pub(crate) struct Home {
    /// The address on which it listens.
    pub(crate) site: Site,
    words: Vec<String>,
    child: Option<Child>,
    folder: TempDir,
}

impl Home {
    /// Creates accounts and channels, and starts the server with these settings on top of its defaults.
    pub(crate) fn open(
        server: &Wanted,
        people: usize,
        channels: usize,
        settings: &[String],
    ) -> Result<Self, Error> {
        let folder = TempDir::new().map_err(|error| Error::because("no folder for the server", error))?;
        let words = server.words()?;
        import(&words, folder.path(), people)?;
        let port = free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut all = words;
        all.push("--dir".to_owned());
        all.push(folder.path().to_string_lossy().into_owned());
        let own = [format!("port={port}"), format!("maxusers={}", people + 100)];
        for setting in own.iter().chain(settings) {
            all.extend(["--set".to_owned(), setting.clone()]);
        }
        let mut home = Self {
            site: Site::parse(&address.to_string())?,
            words: all,
            child: None,
            folder,
        };
        home.start()?;
        home.await_start()?;
        make_channels(address, channels)?;
        Ok(home)
    }

    /// Starts the program without waiting for it.
    fn start(&mut self) -> Result<(), Error> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(Error::new("the command of a server is empty"));
        };
        let fault = |error: std::io::Error| Error::because(format!("{program} can't be started"), error);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(fault)?;
        let child = command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(fault)?)
            .stderr(log)
            .spawn()
            .map_err(fault)?;
        self.child = Some(child);
        Ok(())
    }

    fn await_start(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        while TcpStream::connect(self.site.address).is_err() {
            if self.has_ended() || begun.elapsed() > START {
                return Err(Error::because("the server is not ready", self.last_words()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The resource usage of its process.
    pub(crate) fn account(&self) -> Result<Account, Error> {
        let child = self
            .child
            .as_ref()
            .ok_or_else(|| Error::new("the server does not run"))?;
        Account::of(child.id())
    }

    fn has_ended(&mut self) -> bool {
        self.child
            .as_mut()
            .is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    fn signal(&self, signal: Signal) {
        let child = self
            .child
            .as_ref()
            .and_then(|child| i32::try_from(child.id()).ok());
        if let Some(pid) = child.and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("bench.log")
    }

    /// The last lines of the server's output.
    fn last_words(&self) -> String {
        let said = fs::read_to_string(self.log()).unwrap_or_default();
        let said: Vec<&str> = said.lines().rev().take(8).collect();
        said.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let begun = Instant::now();
        while begun.elapsed() < STOP && !self.has_ended() {
            thread::sleep(Duration::from_millis(10));
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An event in progress.
#[derive(Debug)]
pub(crate) struct Play {
    event: Event,
    down: Duration,
    /// Time of the server's end.
    ended: Option<Instant>,
    is_over: bool,
}

impl Play {
    /// Starts the event.
    pub(crate) fn begin(home: &mut Home, event: Event, down: Duration) -> Result<Self, Error> {
        let mut play = Self {
            event,
            down,
            ended: None,
            is_over: false,
        };
        match event {
            Event::Kill => {
                home.signal(Signal::KILL);
                let child = home.child.as_mut();
                let waited = child.map(Child::wait).transpose();
                waited.map_err(|error| Error::because("the server can't be killed", error))?;
                play.ended = Some(Instant::now());
            }
            Event::Restart => {
                home.signal(Signal::USR2);
                play.is_over = true;
            }
            Event::Stop => home.signal(Signal::TERM),
        }
        Ok(play)
    }

    /// Starts the server again when its down time is over.
    pub(crate) fn go_on(&mut self, home: &mut Home) -> Result<(), Error> {
        if self.is_over {
            if home.has_ended() {
                return Err(Error::because("the server has ended", home.last_words()));
            }
            return Ok(());
        }
        if self.ended.is_none() && self.event == Event::Stop && home.has_ended() {
            self.ended = Some(Instant::now());
        }
        if self.ended.is_some_and(|ended| ended.elapsed() >= self.down) {
            home.start()?;
            self.is_over = true;
        }
        Ok(())
    }

    /// Whether the server runs again, or is about to.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }
}

/// Account and character of the n-th client.
pub(crate) fn person(number: usize) -> (String, String) {
    (format!("crowd{number}"), format!("Crowd {number}"))
}

/// Name of the n-th channel. Clients send channel names in lower case.
pub(crate) fn channel(number: usize) -> String {
    format!("crowd room {number}")
}

fn import(words: &[String], folder: &Path, people: usize) -> Result<(), Error> {
    let Some(program) = words.first() else {
        return Err(Error::new("the command of a server is empty"));
    };
    let mut accounts =
        vec![json!({ "name": OPERATOR, "password_hash": HASH, "characters": [OPERATOR], "admin": true })];
    accounts.extend((0..people).map(|number| {
        let (account, character) = person(number);
        json!({ "name": account, "password_hash": HASH, "characters": [character] })
    }));
    let file = folder.join("accounts.json");
    fs::write(&file, serde_json::Value::Array(accounts).to_string())
        .map_err(|error| Error::because("the accounts can't be written", error))?;
    let mut command: Command = command(program);
    let imported = command
        .arg("--dir")
        .arg(folder)
        .args(["account", "import"])
        .arg(&file)
        .output()
        .map_err(|error| Error::because(format!("{program} can't be run"), error))?;
    if imported.status.success() {
        return Ok(());
    }
    let said = [imported.stdout, imported.stderr].concat();
    Err(Error::because(
        "the accounts are not taken over",
        String::from_utf8_lossy(&said),
    ))
}

/// Creates public channels as an administrator.
fn make_channels(server: SocketAddr, channels: usize) -> Result<(), Error> {
    let from = Ipv4Addr::new(127, 10, 0, 1);
    let identity = Identity {
        account: OPERATOR.to_owned(),
        character: OPERATOR.to_owned(),
        ticket: ticket(server, OPERATOR, from)?,
    };
    let fault = |error| Error::because("the channels can't be made", error);
    let mut wire = Wire::log_in(server, from, &identity).map_err(fault)?;
    for number in 0..channels {
        let command = json!({ "channel": channel(number) });
        wire.say(&format!("CRC {command}")).map_err(fault)?;
        wire.until("SYS ").map_err(fault)?;
    }
    Ok(())
}

/// The password of all accounts.
pub(crate) fn password() -> &'static str {
    PASSWORD
}
