//! The server under load: a running one, or one that is started for the measurement.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustls::ClientConfig;
use tempfile::TempDir;

use crate::Error;
use crate::accounting::Account;
use crate::front::{self, Front};
use crate::load::frame;
use crate::load::wire;

/// Ports below the range for outgoing connections, which could occupy them.
const PORTS: std::ops::Range<u16> = 17_000..32_000;
pub(crate) const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(5);

/// The address of a server.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its socket address.
    pub address: SocketAddr,
    /// The value of the `Host` header.
    pub host: String,
    /// The WebSocket request.
    pub(crate) upgrade: String,
    /// The settings of TLS, if the address asks for it.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl Site {
    /// Parses `ws://host:port/path`, `wss://…`, `http://…`, `https://…` or `host:port`. Certificates are not checked.
    ///
    /// # Errors
    /// The text is no such address.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let after = |schemes: [&str; 2]| schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
        let (rest, tls) = match after(["wss://", "https://"]) {
            Some(rest) => (rest, Some(wire::tls()?)),
            None => (after(["ws://", "http://"]).unwrap_or(url), None),
        };
        if rest.contains("://") {
            return Err(Error::new(format!(
                "{url} is not an address for this; ws://, wss://, http://, https:// and HOST:PORT are"
            )));
        }
        let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let with_port = if host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        {
            host.to_owned()
        } else {
            format!("{host}:{}", if tls.is_some() { 443 } else { 80 })
        };
        let address = with_port
            .to_socket_addrs()
            .map_err(|error| Error::because(format!("{host} can't be found"), error))?
            .next()
            .ok_or_else(|| Error::new(format!("{host} has no address")))?;
        let upgrade = frame::upgrade(path, host, &format!("Origin: http://{host}\r\n"));
        Ok(Self {
            address,
            host: host.to_owned(),
            upgrade,
            tls,
        })
    }
}

/// The server to measure: an address (`ws://127.0.0.1:9722/`, with `#PID` for a local process), or a command
/// with `{port}` and `{folder}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its label in results.
    pub label: String,
    text: String,
}

impl Wanted {
    /// Parses a command-line argument: `LABEL=SERVER`, or only the server.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some((label, rest)) = text.split_once('=')
            && !label.is_empty()
            && label
                .chars()
                .all(|sign| sign.is_alphanumeric() || "-_. +".contains(sign))
            && !label.contains(" -")
        {
            return Self {
                label: label.trim().to_owned(),
                text: rest.trim().to_owned(),
            };
        }
        let words = split(text);
        let label = if Self::is_address(text) {
            text.to_owned()
        } else {
            let name = words
                .first()
                .and_then(|word| word.rsplit('/').next())
                .unwrap_or(text);
            let rest = words
                .iter()
                .skip(1)
                .map(String::as_str)
                .filter(|word| !word.contains('{'));
            std::iter::once(name).chain(rest).collect::<Vec<_>>().join(" ")
        };
        Self {
            label,
            text: text.trim().to_owned(),
        }
    }

    /// The words of the command. The first one is the program.
    ///
    /// # Errors
    /// It is the address of a server instead.
    pub(crate) fn words(&self) -> Result<Vec<String>, Error> {
        if Self::is_address(&self.text) {
            return Err(Error::new(format!(
                "{} runs already; this needs a command that starts a server of its own",
                self.text
            )));
        }
        Ok(split(&self.text))
    }

    fn is_address(text: &str) -> bool {
        text.contains("://") || (!text.contains(char::is_whitespace) && text.parse::<SocketAddr>().is_ok())
    }

    /// Starts or connects to the server; fchatd gets these settings.
    ///
    /// # Errors
    /// It does not start or is not reachable; the message contains the last lines of its output.
    pub fn ready(&self, settings: &[(&str, String)]) -> Result<Running, Error> {
        if Self::is_address(&self.text) {
            let (url, pid) = match self.text.split_once('#') {
                Some((url, pid)) => (
                    url,
                    Some(
                        pid.parse()
                            .map_err(|_| Error::new(format!("{pid} is not the number of a process")))?,
                    ),
                ),
                None => (self.text.as_str(), None),
            };
            return Ok(Running {
                site: Site::parse(url)?,
                pid,
                child: None,
                front: None,
                _folder: None,
            });
        }
        front::ready(&self.text, settings).unwrap_or_else(|| start(&self.text, settings))
    }
}

/// A running server. If this program has started it, dropping the value ends it.
#[derive(Debug)]
pub struct Running {
    /// Its address.
    pub site: Site,
    /// Its process number, if it is local and known.
    pub pid: Option<u32>,
    child: Option<Child>,
    /// The program in front of it, if there is one.
    pub(crate) front: Option<Front>,
    /// Removed with this value, after the end of the server.
    _folder: Option<TempDir>,
}

impl Running {
    /// The resource usage of its process, together with those in front of it.
    ///
    /// # Errors
    /// Its process has ended.
    pub fn account(&self) -> Result<Option<Account>, Error> {
        let Some(pid) = self.pid else {
            return Ok(None);
        };
        let mut account = Account::of(pid)?;
        for other in self.front.iter().flat_map(Front::processes) {
            account.add(&Account::of(other)?);
        }
        Ok(Some(account))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let begun = Instant::now();
        while begun.elapsed() < STOP && matches!(child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

pub(crate) fn start(text: &str, settings: &[(&str, String)]) -> Result<Running, Error> {
    let folder = TempDir::new().map_err(|error| Error::because("no folder for the server", error))?;
    let port = free_port()?;
    let place = folder.path().to_string_lossy().into_owned();
    let mut words: Vec<String> = split(text)
        .iter()
        .map(|word| {
            word.replace("{port}", &port.to_string())
                .replace("{folder}", &place)
        })
        .collect();
    let is_ours = words.iter().any(|word| {
        Path::new(word)
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("fchatd"))
    });
    if is_ours {
        words.extend(["--dev".to_owned(), "--dir".to_owned(), place]);
        words.extend(["--set".to_owned(), format!("port={port}")]);
        for (key, value) in settings {
            words.extend(["--set".to_owned(), format!("{key}={value}")]);
        }
    } else if !text.contains("{port}") {
        return Err(Error::new(format!(
            "\"{text}\" needs {{port}} where the port belongs"
        )));
    }
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::new("the command of a server is empty"));
    };
    launch(command(program).args(arguments), port, folder)
}

/// A command without the user's own environment settings for fchatd.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("FCHATD_") {
            command.env_remove(variable);
        }
    }
    command
}

/// Starts a server, and waits until it listens on a port.
///
/// # Errors
/// It does not start; the message contains the last lines of its output.
pub(crate) fn launch(command: &mut Command, port: u16, folder: TempDir) -> Result<Running, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let fault = |error: std::io::Error| Error::because(format!("{program} can't be started"), error);
    let log = File::create(folder.path().join("bench.log")).map_err(fault)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(fault)?)
        .stderr(log)
        .spawn()
        .map_err(fault)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        let ended = !matches!(child.try_wait(), Ok(None));
        if ended || begun.elapsed() > START {
            let _ = child.kill();
            let _ = child.wait();
            let said = fs::read_to_string(folder.path().join("bench.log")).unwrap_or_default();
            let said: Vec<&str> = said.lines().rev().take(5).collect();
            return Err(Error::because(
                format!("{program} is not ready"),
                said.into_iter().rev().collect::<Vec<_>>().join("\n"),
            ));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(Running {
        site: Site::parse(&address.to_string())?,
        pid: Some(child.id()),
        child: Some(child),
        front: None,
        _folder: Some(folder),
    })
}

/// Splits a text at blanks; quotes of either kind hold a word together.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for sign in text.chars() {
        match (sign, quote) {
            (_, Some(end)) if sign == end => quote = None,
            ('"' | '\'', None) => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (_, None) if sign.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    words
}

pub(crate) fn free_port() -> Result<u16, Error> {
    // Different processes start their search at different ports, so two of them seldom try the same port.
    let start = (std::process::id() % 15_000) as u16;
    let count = PORTS.end - PORTS.start;
    (0..count)
        .map(|step| PORTS.start + (start + step) % count)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| Error::new("no port of this machine is free"))
}

/// Raises the limit of open files, for this process and the servers that it starts, as far as the system
/// allows; returns the limit.
#[must_use]
pub fn allow_many_sockets() -> u64 {
    const WISH: u64 = 300_000;
    let limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(WISH);
    for wanted in [WISH.max(hard), hard] {
        if setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(wanted),
                maximum: Some(wanted.max(hard)),
            },
        )
        .is_ok()
        {
            return wanted;
        }
    }
    limit.current.unwrap_or(WISH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let site = Site::parse("ws://127.0.0.1:9722/chat2").unwrap();
        assert_eq!(site.address.to_string(), "127.0.0.1:9722");
        assert!(
            site.upgrade
                .starts_with("GET /chat2 HTTP/1.1\r\nHost: 127.0.0.1:9722\r\n")
        );
        assert_eq!(Site::parse("127.0.0.1:1").unwrap().address.port(), 1);
        assert!(site.tls.is_none());
        assert!(Site::parse("wss://127.0.0.1:1").unwrap().tls.is_some());
        assert!(Site::parse("ftp://127.0.0.1:1").is_err());
    }

    #[test]
    fn labels() {
        let label = |text| Wanted::parse(text).label;
        assert_eq!(label("/x/floor {port} --coalesce"), "floor --coalesce");
        assert_eq!(label("'/a b/fchatd' --set 'a=b c'"), "fchatd --set a=b c");
        assert_eq!(label("new=/x/fchatd --set a=b"), "new");
        assert_eq!(label("/x/fchatd --set a=b"), "fchatd --set a=b");
        assert_eq!(label("ws://127.0.0.1:9/#12"), "ws://127.0.0.1:9/#12");
    }

    #[test]
    fn a_server_that_does_not_start_is_told() {
        let error = Wanted::parse("sh -c exit {port}").ready(&[]).unwrap_err();
        assert!(error.to_string().contains("sh is not ready"), "{error}");
        assert!(Wanted::parse("/nowhere/{port}").ready(&[]).is_err());
        assert!(
            Wanted::parse("sleep 1")
                .ready(&[])
                .unwrap_err()
                .to_string()
                .contains("{port}")
        );
    }
}
