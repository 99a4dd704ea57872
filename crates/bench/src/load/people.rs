//! The accounts of the simulated users, and their tickets.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use crate::Error;
use crate::server::Site;

/// The data for `IDN`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The account.
    pub account: String,
    /// The character.
    pub character: String,
    /// A ticket of the account.
    pub ticket: String,
}

impl Identity {
    pub(crate) fn command(&self) -> String {
        let body = serde_json::json!({
            "method": "ticket", "account": self.account, "ticket": self.ticket, "character": self.character,
            "cname": "fchatd-bench", "cversion": env!("CARGO_PKG_VERSION"),
        });
        format!("IDN {body}")
    }
}

/// The source of names and tickets.
#[derive(Debug, Clone, clap::Args)]
pub struct People {
    /// Name of the accounts; {n} is a running number
    #[arg(long, default_value = "bench{n}", value_name = "NAME")]
    pub account: String,
    /// Name of the characters; {n} is a running number
    #[arg(long, default_value = "Load{n}", value_name = "NAME")]
    pub character: String,
    /// Number of characters of each account
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    pub per_account: usize,
    /// The ticket of all accounts, for servers that accept a fixed ticket or any ticket (fchatd --dev)
    #[arg(long, default_value = "bench", value_name = "TICKET")]
    pub ticket: String,
    /// The password of all accounts: tickets are requested from /json/getApiTicket.php
    #[arg(long, value_name = "PASSWORD")]
    pub password: Option<String>,
    /// A file with one line of account, password and character for each, separated by tabs; replaces the
    /// options above
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            account: "bench{n}".to_owned(),
            character: "Load{n}".to_owned(),
            per_account: 1,
            ticket: "bench".to_owned(),
            password: None,
            people: None,
        }
    }
}

impl People {
    /// The first `count` users, with tickets.
    ///
    /// # Errors
    /// The file can't be read or has too few lines, or the site refuses a ticket.
    pub fn first(&self, count: usize, site: &Site) -> Result<Vec<Identity>, Error> {
        let mut tickets = Tickets {
            site,
            known: HashMap::new(),
        };
        if let Some(file) = &self.people {
            return from_file(file, count, &mut tickets);
        }
        (0..count)
            .map(|number| {
                let account = self
                    .account
                    .replace("{n}", &(number / self.per_account.max(1)).to_string());
                let ticket = match &self.password {
                    Some(password) => tickets.of(&account, password)?,
                    None => self.ticket.clone(),
                };
                Ok(Identity {
                    account,
                    character: self.character.replace("{n}", &number.to_string()),
                    ticket,
                })
            })
            .collect()
    }
}

fn from_file(file: &PathBuf, count: usize, tickets: &mut Tickets<'_>) -> Result<Vec<Identity>, Error> {
    let text = fs::read_to_string(file).map_err(|error| Error::because(file.display(), error))?;
    let people = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(count)
        .map(|line| {
            let mut fields = line.split('\t').map(str::trim);
            let (Some(account), Some(password), Some(character)) =
                (fields.next(), fields.next(), fields.next())
            else {
                // The line contains a password, so the message does not show it.
                return Err(Error::new(
                    "each line of the people's file needs account, password and character, with tabs between",
                ));
            };
            Ok(Identity {
                account: account.to_owned(),
                character: character.to_owned(),
                ticket: tickets.of(account, password)?,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if people.len() < count {
        return Err(Error::new(format!(
            "{} has {} people; this needs {count}",
            file.display(),
            people.len()
        )));
    }
    Ok(people)
}

/// On some servers a new ticket invalidates older ones of its account, so each account gets one ticket.
struct Tickets<'a> {
    site: &'a Site,
    known: HashMap<String, String>,
}

impl Tickets<'_> {
    fn of(&mut self, account: &str, password: &str) -> Result<String, Error> {
        if let Some(ticket) = self.known.get(account) {
            return Ok(ticket.clone());
        }
        let fault =
            |why: &dyn std::fmt::Display| Error::because(format!("no ticket for the account {account}"), why);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("account", account)
            .append_pair("password", password)
            .append_pair("no_characters", "true")
            .append_pair("no_friends", "true")
            .append_pair("no_bookmarks", "true")
            .finish();
        let answer = post(self.site, "/json/getApiTicket.php", &body).map_err(|error| fault(&error))?;
        let answer: serde_json::Value = serde_json::from_slice(&answer).map_err(|error| fault(&error))?;
        let Some(ticket) = answer.get("ticket").and_then(serde_json::Value::as_str) else {
            let why = answer
                .get("error")
                .and_then(serde_json::Value::as_str)
                .unwrap_or("the answer has none");
            return Err(fault(&why));
        };
        self.known.insert(account.to_owned(), ticket.to_owned());
        Ok(ticket.to_owned())
    }
}

/// Posts a form over HTTP/1.0, so that the answer ends with the connection and is not chunked.
fn post(site: &Site, path: &str, body: &str) -> std::io::Result<Vec<u8>> {
    if site.tls.is_some() {
        return Err(std::io::Error::other(
            "tickets are asked for without TLS only: give --ticket, or a server with --dev",
        ));
    }
    let mut stream = TcpStream::connect_timeout(&site.address, Duration::from_secs(10))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        site.host,
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.take(1 << 20).read_to_end(&mut answer)?;
    let start = memchr::memmem::find(&answer, b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    Ok(answer.split_off(start))
}
