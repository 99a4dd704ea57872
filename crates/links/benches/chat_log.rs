//! Time for 50,000 entries of the chat log: until they are handed over, and until two readers have received
//! all of them.
#![expect(clippy::print_stdout, reason = "it reports to the person who runs it")]
#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use fchatd_links::chat_log::ChatLog;
use fchatd_protocol::exchange::{LogEntry, LogParty};

const ENTRIES: usize = 50_000;
/// Number of entries in one turn of a busy chat.
const TURN: usize = 50;

fn entry() -> Box<LogEntry> {
    Box::new(LogEntry {
        kind: "message".into(),
        from: LogParty {
            character: "Ada Lovelace".into(),
            character_id: Some(1_234_567),
            account_id: Some(765_432),
        },
        to: None,
        channel: Some(("Frontpage".into(), "Frontpage".into())),
        body: Some("What somebody says is about as long as this, or a little longer &amp; then some.".into()),
        time: 1_795_000_000_123,
    })
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.sock");
    let log = ChatLog::start(&path).unwrap();
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let mut reader = BufReader::new(UnixStream::connect(&path).unwrap());
            thread::spawn(move || {
                let mut line = Vec::new();
                for _ in 0..ENTRIES {
                    line.clear();
                    assert!(reader.read_until(b'\n', &mut line).unwrap() > 0);
                }
            })
        })
        .collect();
    while log.gauges().readers < 2 {
        thread::sleep(Duration::from_millis(1));
    }
    let start = Instant::now();
    let mut handing = Duration::ZERO;
    for turn in 0..ENTRIES / TURN {
        let entries: Vec<_> = (0..TURN).map(|_| entry()).collect();
        let began = Instant::now();
        for entry in entries {
            log.push(entry);
        }
        handing += began.elapsed();
        // A rate of 50,000 entries a second.
        let due = Duration::from_millis(turn as u64 + 1);
        thread::sleep(due.saturating_sub(start.elapsed()));
    }
    for reader in readers {
        reader.join().unwrap();
    }
    println!(
        "50,000 entries at 50,000/s: all with two readers after {:?}; handed over in {:?} each; {:?}",
        start.elapsed(),
        handing / ENTRIES as u32,
        log.gauges()
    );
}
