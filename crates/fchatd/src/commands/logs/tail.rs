//! `fchatd log tail`: reads the chat log (docs/chat-log.md) and prints it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use fchatd_protocol::json::read::Tape;

use super::plain::{harmless, local, print_failure, unescaped};
use crate::configuration;
use crate::failure::Failure;
use crate::neighbours::chat_log::chat_log_path;
use crate::options::Options;
use crate::output::{complain, escape};

/// How soon a connection is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// More than an entry can have.
const LINE_BYTES_MAX: u64 = 4 << 20;

#[derive(Debug, Clone, Args)]
pub(crate) struct Tail {
    /// The socket of the server; by default log_socket_path of its configuration
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Print the lines of JSON, for other programs
    #[arg(long)]
    json: bool,
}

/// Prints until the output has no reader.
///
/// # Errors
/// It is not known where to read, or nothing can be printed.
pub(super) fn tail(options: &Options, tail: &Tail) -> Result<(), Failure> {
    let path = match &tail.socket {
        Some(path) => path.clone(),
        None => chat_log_path(&configuration::load(options)?, &options.dir)
            .ok_or("the server has no socket for its chat log: set log_socket_path, or give --socket PATH")?,
    };
    let mut told = false;
    loop {
        match UnixStream::connect(&path) {
            Ok(stream) => {
                complain!("reading the chat log at {}", path.display());
                told = false;
                match print(stream, tail.json) {
                    Ok(()) => {
                        complain!("the server has closed the connection: it ended, or this was too slow");
                    }
                    Err(error) => return print_failure(&error),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(format!(
                    "{} may only be read by the user that the server runs as",
                    path.display()
                ));
            }
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    complain!("{}", waiting(&path, &error));
                }
            }
        }
        thread::sleep(RETRY);
    }
}

fn waiting(path: &Path, error: &io::Error) -> String {
    format!(
        "nobody gives out a chat log at {} ({error}); waiting for the server",
        path.display()
    )
}

/// Prints entries until the other end closes.
fn print(stream: UnixStream, json: bool) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut out = io::stdout().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        // A line without an end is one that the server has not finished.
        if !matches!(read, Ok(1..)) || line.pop() != Some(b'\n') {
            return Ok(());
        }
        if json {
            writeln!(out, "{}", escape::json(&String::from_utf8_lossy(&line)))?;
        } else {
            writeln!(out, "{}", sentence(&String::from_utf8_lossy(&line)))?;
        }
        if reader.buffer().is_empty() {
            out.flush()?;
        }
    }
}

/// An entry for people: time, kind, author, recipient, place and text.
fn sentence(line: &str) -> String {
    let Ok(entry) = Tape::of(line) else {
        return harmless(line);
    };
    let text = |key: &str| entry.text(key).map(|text| harmless(&unescaped(&text)));
    let time = entry.text("date").and_then(|date| date.parse().ok());
    let mut sentence = format!(
        "{}  {:<17} {}",
        time.map_or_else(|| "no date".to_owned(), local),
        text("message_type").unwrap_or_default(),
        text("from_character").unwrap_or_default()
    );
    if let Some(to) = text("to_character") {
        sentence = format!("{sentence} -> {to}");
    }
    if let Some(channel) = text("channel_title").filter(|title| !title.is_empty()) {
        sentence = format!("{sentence} in {channel}");
    } else if let Some(channel) = text("channel") {
        sentence = format!("{sentence} in {channel}");
    }
    match text("body") {
        Some(body) => format!("{sentence}: {body}"),
        None => sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_for_people() {
        let line = r#"{"message_type":"message","from_character":"Ann","from_character_id":1,"from_account_id":2,"to_character":null,"to_character_id":null,"to_account_id":null,"channel":"ADH-1","channel_title":"Tea &amp; Cake","body":"&lt;hi&gt;\n\u001b[2J","date":"1795000000123"}"#;
        let sentence = sentence(line);
        let (time, rest) = sentence.split_at(19);
        assert_eq!(time, local(1_795_000_000_123));
        assert_eq!(rest, r"  message           Ann in Tea & Cake: <hi>\n\u{1b}[2J");
    }
}
