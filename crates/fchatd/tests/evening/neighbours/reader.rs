//! A reader of the chat log.

use std::io::{BufRead, BufReader};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

pub(crate) struct Reader {
    stream: UnixStream,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Reader {
    pub(crate) fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (reader, kept) = (BufReader::new(stream.try_clone().unwrap()), Arc::clone(&lines));
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                // The last one may be cut off where the reader died.
                let Ok(entry) = serde_json::from_str(&line) else {
                    return;
                };
                kept.lock().unwrap().push(entry);
            }
        });
        Self { stream, lines }
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap().clone()
    }

    pub(crate) fn close(&mut self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }
}
