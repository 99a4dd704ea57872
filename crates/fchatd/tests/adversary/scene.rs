//! The place of an attack: a fresh folder with accounts for all people, and the program that runs in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::WebSocket;
use serde_json::{Value, json};

use crate::attacker::{self, PATIENCE};
use crate::site::{Output, Server, Site};

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// A hash of it that takes no time to check.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$kQd08M5g5C17otqs6kzQgK0YuRD2niM7eevWQKwwoj4";

/// The administrator's account and character.
pub(crate) const OPERATOR: &str = "Olga";
/// The account and character of the talker.
pub(crate) const TALKER: &str = "Tom";
/// The listeners; there are as many as the largest layout has threads, since threads share connections out.
pub(crate) const LISTENERS: [&str; 3] = ["Lena", "Lars", "Lina"];
/// An account and character that logs in after the attack.
pub(crate) const NEWCOMER: &str = "Nora";

/// Memory bounds of the process, in MiB.
pub(crate) const MEMORY_MAX: u64 = 512;

/// Time between two lines of the bystanders' talk.
const PACE: Duration = Duration::from_millis(100);

/// The letters that tell the further characters of an attacker's account apart.
const ALTS: [&str; 5] = ["", " Ann", " Ben", " Cat", " Dan"];

/// A server with accounts for bystanders and attackers.
pub(crate) struct Scene {
    pub(crate) site: Site,
    pub(crate) server: Server,
    /// The time between two lines of the bystanders' talk: 100 ms, or more where `msg_flood` wants it.
    pub(crate) pace: Duration,
    /// By account.
    tickets: Mutex<BTreeMap<String, String>>,
}

impl Scene {
    /// Starts the program with accounts for so many attackers, with further words on its command line. Messages may
    /// follow each other within 50 ms, unless the words have another `msg_flood`.
    pub(crate) fn open(attackers: usize, words: &[&str]) -> Self {
        Self::open_in(Site::new(), attackers, words)
    }

    /// As [`Scene::open`], in a folder that has something in it already.
    pub(crate) fn open_in(site: Site, attackers: usize, words: &[&str]) -> Self {
        let command = site.program();
        Self::open_by(site, command, attackers, words, ("warn", Output::Read))
    }

    /// As [`Scene::open_in`], by a command that takes the program's words, with the level and the destination of the log.
    pub(crate) fn open_by(
        site: Site,
        command: Command,
        attackers: usize,
        words: &[&str],
        (log, output): (&str, Output),
    ) -> Self {
        let mut accounts = vec![account(OPERATOR, &[OPERATOR.to_owned()], true)];
        for name in LISTENERS.into_iter().chain([TALKER, NEWCOMER]) {
            accounts.push(account(name, &[name.to_owned()], false));
        }
        for number in 0..attackers {
            let characters = (0..ALTS.len()).map(|alt| character(number, alt));
            accounts.push(account(
                &attacker_account(number),
                &characters.collect::<Vec<_>>(),
                false,
            ));
        }
        site.write("accounts.json", &Value::Array(accounts).to_string());
        let file = site.path("accounts.json");
        let imported = site.run(&["account", "import", &file.to_string_lossy()]);
        assert_eq!(imported.code, Some(0), "{imported:?}");
        let words: Vec<&str> = ["--set", "msg_flood=0.05"]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let mut flood = words.iter().filter_map(|word| word.strip_prefix("msg_flood="));
        let flood: f64 = flood.next_back().unwrap().parse().unwrap();
        Self {
            server: site.start_printing(command, &words, log, output),
            pace: PACE.max(Duration::from_secs_f64(flood * 1.2)),
            site,
            tickets: Mutex::default(),
        }
    }

    /// Starts the program anew in the folder of one that has ended, with the accounts that there are.
    pub(crate) fn resume(site: Site, words: &[&str]) -> Self {
        Self {
            server: site.start_logging(words, "warn"),
            pace: PACE.max(Duration::from_secs(1)),
            site,
            tickets: Mutex::default(),
        }
    }

    /// Where the program listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Opens a WebSocket from an address of this machine.
    ///
    /// # Errors
    /// The server does not shake hands; the head of its answer is the message.
    pub(crate) fn websocket(&self, from: Ipv4Addr) -> io::Result<WebSocket> {
        attacker::websocket(self.address(), from)
    }

    /// The page that a browser gets for a path; the answer with its head.
    pub(crate) fn get(&self, path: &str, from: Ipv4Addr) -> String {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address()
        );
        attacker::http(self.address(), from, request.as_bytes()).unwrap_or_default()
    }

    /// Sends a form; the answer with its head.
    pub(crate) fn post(&self, path: &str, form: &str, from: Ipv4Addr) -> String {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.address(),
            form.len()
        );
        attacker::http(self.address(), from, request.as_bytes()).unwrap_or_default()
    }

    /// A ticket of an account, got with the right password.
    ///
    /// # Errors
    /// The answer that has none.
    pub(crate) fn new_ticket(&self, account: &str, from: Ipv4Addr) -> Result<String, String> {
        let form = format!("account={account}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.post("/json/getApiTicket.php", &form, from);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let ticket = body["ticket"].as_str().map(str::to_owned);
        ticket.ok_or(answer)
    }

    /// The ticket of an account, which is got once. As clients do, it asks again when the server is busy.
    pub(crate) fn ticket(&self, account: &str, from: Ipv4Addr) -> String {
        if let Some(known) = self.tickets.lock().unwrap().get(account) {
            return known.clone();
        }
        let start = Instant::now();
        let ticket = loop {
            match self.new_ticket(account, from) {
                Ok(ticket) => break ticket,
                Err(answer) => {
                    let may_ask_again = answer.starts_with("HTTP/1.1 503 ") && start.elapsed() < PATIENCE;
                    assert!(may_ask_again, "{account} gets no ticket: {answer}");
                    thread::sleep(Duration::from_millis(100));
                }
            }
        };
        self.tickets
            .lock()
            .unwrap()
            .insert(account.to_owned(), ticket.clone());
        ticket
    }

    /// Logs a character in; frames up to its own `NLN` are read away.
    ///
    /// # Errors
    /// An error frame, or the reason why the connection ended.
    pub(crate) fn try_log_in(
        &self,
        account: &str,
        character: &str,
        from: Ipv4Addr,
    ) -> Result<WebSocket, String> {
        let ticket = self.ticket(account, from);
        let broken = |error: io::Error| error.to_string();
        let mut socket = self.websocket(from).map_err(broken)?;
        let fields = json!({
            "method": "ticket",
            "account": account,
            "ticket": ticket,
            "character": character,
            "cname": "adversary",
            "cversion": "1",
        });
        socket.say(&format!("IDN {fields}")).map_err(broken)?;
        // Other people's NLN come only after the own one.
        loop {
            match socket.next_text().map_err(broken)? {
                Some(text) if text.starts_with("NLN ") => return Ok(socket),
                Some(text) if text.starts_with("ERR ") => return Err(text),
                Some(_) => {}
                None => return Err(format!("closed with {:?}", socket.closed_with)),
            }
        }
    }

    /// As [`Scene::try_log_in`], for a person that has to come in.
    #[track_caller]
    pub(crate) fn log_in(&self, account: &str, character: &str, from: Ipv4Addr) -> WebSocket {
        self.try_log_in(account, character, from)
            .unwrap_or_else(|error| panic!("{character} does not come in: {error}"))
    }

    /// Logs in the first character of an attacker's account, from an address of its own.
    #[track_caller]
    pub(crate) fn attacker(&self, number: usize) -> WebSocket {
        self.log_in(
            &attacker_account(number),
            &character(number, 0),
            attacker::address(number),
        )
    }

    /// The memory that the process has at present, and the most that it had, in KiB.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.unwrap_or_else(|| panic!("there is no {name} in {status}"))
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// The process never had more memory than [`MEMORY_MAX`].
    #[track_caller]
    pub(crate) fn assert_memory_bounded(&self) {
        let (_, most) = self.memory();
        assert!(most < MEMORY_MAX * 1024, "the server took {} MiB", most / 1024);
    }
}

/// Plays an attack on one, two and three threads, with a server of its own for each.
pub(crate) fn in_each_layout(attackers: usize, words: &[&str], attack: impl Fn(&Scene)) {
    for threads in ["threads=1", "threads=2", "threads=3"] {
        let words: Vec<&str> = words.iter().copied().chain(["--set", threads]).collect();
        attack(&Scene::open(attackers, &words));
    }
}

/// The account of the n-th attacker.
pub(crate) fn attacker_account(number: usize) -> String {
    format!("mallory{number}")
}

/// The characters of the n-th attacker's account; there are five, from 0.
pub(crate) fn character(number: usize, alt: usize) -> String {
    format!("Mallory {number}{}", ALTS[alt])
}

fn account(name: &str, characters: &[String], is_admin: bool) -> Value {
    json!({
        "name": name,
        "password_hash": HASH,
        "characters": characters,
        "admin": is_admin,
    })
}
