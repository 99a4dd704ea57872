//! A website that checks log-ins (setting `login_url`), with no more functions than plays need.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The answer for a character that the site does not know.
pub const UNKNOWN: &str = r#"{"error":"Invalid ticket."}"#;

type Answers = Arc<Mutex<BTreeMap<(String, String), Option<String>>>>;

/// A running site. Its thread serves connections until the process ends.
#[derive(Debug, Clone)]
pub struct Site {
    address: SocketAddr,
    answers: Answers,
}

impl Site {
    /// Starts a site on a free port.
    ///
    /// # Errors
    /// No port is available.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let site = Self {
            address: listener.local_addr()?,
            answers: Answers::default(),
        };
        let answers = Arc::clone(&site.answers);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                thread::spawn(move || serve(stream, &answers));
            }
        });
        Ok(site)
    }

    /// Sets the answer for a character of an account; `None` makes the check fail.
    pub fn know(&self, account: &str, character: &str, answer: Option<String>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert((account.to_owned(), character.to_lowercase()), answer);
    }

    /// Its address for `login_url`.
    pub fn url(&self) -> String {
        format!("http://{}/login", self.address)
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let form = form(&String::from_utf8_lossy(&body));
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let key = (field("account"), field("char").to_lowercase());
        let known = answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        let (status, answer) = match known {
            Some(Some(answer)) => ("200 OK", answer),
            Some(None) => ("500 Internal Server Error", String::new()),
            None => ("200 OK", UNKNOWN.to_owned()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        writer.write_all(format!("{head}{answer}").as_bytes())?;
    }
}

fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|digit| (digit as char).to_digit(16))
                        .unwrap_or(0) as u8
                };
                digit() * 16 + digit()
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
