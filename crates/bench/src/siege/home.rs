//! The server of a siege: a fresh folder with accounts for the quiet people, the operator, newcomers and attackers.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::Error;
use crate::load::people::Identity;
use crate::server::{Running, Wanted, command, free_port, launch};
use crate::siege::Memory;

/// The password of all accounts.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// A hash of it that is cheap to check. Passwords are no part of most attacks.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$kQd08M5g5C17otqs6kzQgK0YuRD2niM7eevWQKwwoj4";
/// Number of attackers' accounts.
pub(crate) const ATTACKERS: usize = 160;
/// Number of newcomers' accounts.
pub(crate) const NEWCOMERS: usize = 120;
/// The account and character of the operator.
pub(crate) const OPERATOR: &str = "Olga";
/// The account with a password hash at the current default cost; as it is, and form-encoded.
pub(crate) const DEAR: &str = "gwendolen";

/// The folder and the server in it.
pub(crate) struct Home {
    pub(crate) running: Running,
    pid: u32,
}

impl Home {
    /// Creates accounts and starts the server with these settings on top of its defaults.
    pub(crate) fn open(server: &Wanted, people: usize, settings: &[String]) -> Result<Self, Error> {
        let folder = TempDir::new().map_err(|error| Error::because("no folder for the server", error))?;
        let words = server.words()?;
        let Some((program, arguments)) = words.split_first() else {
            return Err(Error::new("the command of a server is empty"));
        };
        let file = folder.path().join("accounts.json");
        fs::write(&file, accounts(people).to_string())
            .map_err(|error| Error::because("the accounts can't be written", error))?;
        let imported = command(program)
            .arg("--dir")
            .arg(folder.path())
            .args(["account", "import"])
            .arg(&file)
            .output()
            .map_err(|error| Error::because(format!("{program} can't be run"), error))?;
        if !imported.status.success() {
            let said = [imported.stdout, imported.stderr].concat();
            return Err(Error::because(
                "the accounts are not taken over",
                String::from_utf8_lossy(&said),
            ));
        }
        let port = free_port()?;
        let mut command = command(program);
        command.args(arguments).arg("--dir").arg(folder.path());
        command.arg("--set").arg(format!("port={port}"));
        for setting in settings {
            command.arg("--set").arg(setting);
        }
        let running = launch(&mut command, port, folder)?;
        let pid = running
            .pid
            .ok_or_else(|| Error::new("the server has no process"))?;
        Ok(Self { running, pid })
    }

    /// The server's address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.site.address
    }

    /// The memory of the process.
    pub(crate) fn memory(&self) -> Result<Memory, Error> {
        Memory::of(self.pid)
    }

    /// The users of the quiet channel, with tickets.
    pub(crate) fn quiet(&self, people: usize) -> Result<Vec<Identity>, Error> {
        let mut all: Vec<Identity> = Vec::with_capacity(people);
        for number in 0..people {
            let (account, character) = quiet(number);
            let known = all.last().filter(|known| known.account == account);
            let identity = match known {
                Some(known) => Identity {
                    character,
                    ..known.clone()
                },
                None => self.identity(&account, &character, quiet_address(number))?,
            };
            all.push(identity);
        }
        Ok(all)
    }

    /// A character with a new ticket of its account.
    pub(crate) fn identity(&self, account: &str, character: &str, from: Ipv4Addr) -> Result<Identity, Error> {
        Ok(Identity {
            account: account.to_owned(),
            character: character.to_owned(),
            ticket: ticket(self.address(), account, from)?,
        })
    }
}

/// A new ticket, requested with the right password.
pub(crate) fn ticket(server: SocketAddr, account: &str, from: Ipv4Addr) -> Result<String, Error> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("account", account)
        .append_pair("password", PASSWORD)
        .finish();
    let answer = post(server, from, "/json/getApiTicket.php", &form)
        .map_err(|error| Error::because(format!("no ticket for {account}"), error))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    value
        .get("ticket")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| {
            let line = answer.lines().next().unwrap_or_default();
            Error::because(format!("no ticket for {account}"), format!("{line} {body}"))
        })
}

/// Sends a form; returns the answer with its head.
pub(crate) fn post(server: SocketAddr, from: Ipv4Addr, path: &str, form: &str) -> std::io::Result<String> {
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: {server}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    ask(server, from, request.as_bytes())
}

/// Sends a request over HTTP/1.0, so that the answer ends with the connection.
pub(crate) fn ask(server: SocketAddr, from: Ipv4Addr, request: &[u8]) -> std::io::Result<String> {
    let mut stream = connect(server, from)?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.take(1 << 20).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A connection from a loopback address, with a timeout of some seconds for reads and writes.
pub(crate) fn connect(server: SocketAddr, from: Ipv4Addr) -> std::io::Result<TcpStream> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect_timeout(&server.into(), PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// The address of the n-th quiet user.
pub(crate) fn quiet_address(number: usize) -> Ipv4Addr {
    numbered(20, number)
}

/// The address of the n-th newcomer.
pub(crate) fn newcomer_address(number: usize) -> Ipv4Addr {
    numbered(40, number)
}

/// The n-th address of the attackers.
pub(crate) fn attacker_address(number: usize) -> Ipv4Addr {
    numbered(100, number)
}

fn numbered(net: u8, number: usize) -> Ipv4Addr {
    let [high, low] = (number as u16).wrapping_add(1).to_be_bytes();
    Ipv4Addr::new(127, net, high, low)
}

/// Account and character of the n-th quiet user: five users share an account, because checking passwords
/// takes time.
fn quiet(number: usize) -> (String, String) {
    (format!("quiet{}", number / 5), format!("Quiet {number}"))
}

/// The n-th attacker's account, and one of its characters; there are five, from 0.
pub(crate) fn attacker(number: usize, alt: usize) -> (String, String) {
    const ALTS: [&str; 5] = ["", " Ann", " Ben", " Cat", " Dan"];
    let alt = ALTS.get(alt % ALTS.len()).copied().unwrap_or_default();
    (format!("mallory{number}"), format!("Mallory {number}{alt}"))
}

fn accounts(people: usize) -> Value {
    let account = |name: String, characters: Vec<String>, admin: bool| json!({ "name": name, "password_hash": HASH, "characters": characters, "admin": admin });
    let mut all = vec![account(OPERATOR.to_owned(), vec![OPERATOR.to_owned()], true)];
    for first in (0..people).step_by(5) {
        let characters = (first..people.min(first + 5)).map(|number| quiet(number).1);
        all.push(account(quiet(first).0, characters.collect(), false));
    }
    for number in 0..NEWCOMERS {
        all.push(account(
            format!("nora{number}"),
            vec![format!("Nora {number}")],
            false,
        ));
    }
    for number in 0..ATTACKERS {
        let characters = (0..5).map(|alt| attacker(number, alt).1).collect();
        all.push(account(format!("mallory{number}"), characters, false));
    }
    all.push(json!({ "name": DEAR, "password": PASSWORD, "characters": ["Gwendolen"] }));
    Value::Array(all)
}
