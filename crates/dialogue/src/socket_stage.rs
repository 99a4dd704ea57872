//! The stage with real sockets: the real program on loopback, and a site that checks its log-ins.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::play::Play;
use crate::program::{Program, readers};
use crate::site::Site;
use crate::stage::{Line, Stage, login_answers, settings};
use crate::websocket::{Watcher, WebSocket};

/// Maximum total sleep of a play. A play that needs more time to pass ends early on this stage.
const SLEEP_MAX: Duration = Duration::from_millis(1000);

/// See the module.
#[derive(Debug)]
pub struct SocketStage {
    program: Program,
    /// One for each reading thread, because the threads handle their input independently.
    watchers: Vec<Watcher>,
    lines: Vec<WebSocket>,
    slept: Duration,
}

impl SocketStage {
    /// Starts the program with the settings of a play.
    ///
    /// # Errors
    /// It does not start.
    pub fn new(play: &Play, binary: &Path) -> Result<Self, String> {
        let site = Site::start().map_err(|error| error.to_string())?;
        for (account, character, answer) in login_answers(&play.cast) {
            site.know(&account, &character, answer);
        }
        let mut words = vec!["--set".to_owned(), format!("login_url={}", site.url())];
        for (key, value) in settings(play) {
            words.extend(["--set".to_owned(), format!("{key}={value}")]);
        }
        let program = Program::start(binary, &words)?;
        let watchers = (0..readers()).map(|_| Watcher::open(program.address));
        let watchers = watchers.collect::<io::Result<_>>().map_err(said)?;
        Ok(Self {
            program,
            watchers,
            lines: Vec::new(),
            slept: Duration::ZERO,
        })
    }

    /// Ends the program and returns its log.
    pub fn end(self) -> String {
        self.program.end()
    }

    fn line(&mut self, line: Line) -> Result<&mut WebSocket, String> {
        self.lines
            .get_mut(line)
            .ok_or_else(|| "there is no such connection".into())
    }

    /// Waits until all connections have the frames that result from the input which the server has read.
    fn catch_up(&mut self) -> Result<(), String> {
        for is_last in [false, true] {
            for line in &mut self.lines {
                line.ping().map_err(said)?;
            }
            for line in &mut self.lines {
                line.await_pong().map_err(said)?;
            }
            // Now all sent texts have been read; their results arrive before the next pongs.
            if !is_last {
                for watcher in &mut self.watchers {
                    watcher.wait().map_err(said)?;
                }
            }
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn said(error: io::Error) -> String {
    error.to_string()
}

impl Stage for SocketStage {
    fn connect(&mut self, address: u8) -> Result<Line, String> {
        let socket = WebSocket::open(self.program.address, &format!("10.0.0.{address}")).map_err(said)?;
        self.lines.push(socket);
        Ok(self.lines.len() - 1)
    }

    fn send(&mut self, line: Line, text: &str) -> Result<(), String> {
        let socket = self.line(line)?;
        if socket.is_closed {
            return Err(format!("{text} can't be sent on a closed connection"));
        }
        let heard = socket.heard.len();
        socket.say(text).map_err(said)?;
        if text.starts_with("IDN") && heard == 0 {
            // The log-in check takes time; one of these frames ends it.
            socket
                .await_text(|text| text.starts_with("NLN ") || text.starts_with("ERR "))
                .map_err(said)?;
        }
        socket.catch_up().map_err(said)?;
        self.catch_up()
    }

    fn heard(&mut self, line: Line) -> Vec<String> {
        self.lines
            .get_mut(line)
            .map(|line| line.heard.drain(..).collect())
            .unwrap_or_default()
    }

    fn close(&mut self, line: Line) -> Result<(), String> {
        self.line(line)?.close().map_err(said)?;
        self.catch_up()
    }

    fn break_off(&mut self, line: Line) -> Result<(), String> {
        self.line(line)?.reset().map_err(said)?;
        self.catch_up()
    }

    fn is_closed(&mut self, line: Line, patience: bool) -> bool {
        let Some(line) = self.lines.get_mut(line) else {
            return true;
        };
        if patience {
            // If this fails, the caller finds that the connection is not closed.
            let _ = line.await_close();
        }
        line.is_closed
    }

    fn pass(&mut self, milliseconds: u64) -> Result<bool, String> {
        let time = Duration::from_millis(milliseconds);
        if self.slept + time > SLEEP_MAX {
            return Ok(false);
        }
        self.slept += time;
        thread::sleep(time);
        self.catch_up()?;
        Ok(true)
    }
}
