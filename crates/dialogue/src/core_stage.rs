//! The stage without sockets: the core alone, with a clock that the play advances.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fchatd_core::Core;
use fchatd_core::testing::PlainEdge;
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Outputs, Request};
use fchatd_script::host::Scripts;
use fchatd_world::{Now, Settings};

use crate::play::Play;
use crate::stage::{Line, Stage, login_answers, settings};

/// Number of steps into which longer times are divided.
const STEPS_MAX: u64 = 1000;

/// See the module.
#[derive(Debug)]
pub struct CoreStage {
    core: Core,
    now: Now,
    answers: Vec<(String, String, Option<String>)>,
    heard: BTreeMap<ConnectionId, Vec<String>>,
    edge: PlainEdge,
    next: u32,
}

impl CoreStage {
    /// A fresh site with the rules of `scripts` and the settings of the play.
    ///
    /// # Errors
    /// A setting or the scripts are invalid.
    pub fn new(play: &Play, scripts: &Scripts) -> Result<Self, String> {
        let mut wanted = Settings::default();
        for (key, value) in settings(play) {
            wanted
                .set_from_text(&key, &value)
                .map_err(|error| error.to_string())?;
        }
        let now = Now {
            monotonic: 1_000_000,
            unix: 1_795_000_000_000,
        };
        let core = Core::new(wanted, scripts, None, None, now, [7; 32]).map_err(|error| error.message)?;
        Ok(Self {
            core,
            now,
            answers: login_answers(&play.cast),
            heard: BTreeMap::new(),
            edge: PlainEdge::default(),
            next: 0,
        })
    }

    fn handle(&mut self, input: Input<'_>) -> Result<(), String> {
        let mut outputs = Outputs::default();
        self.core.turn();
        self.core.handle(self.now, input, &mut outputs);
        self.carry_out(&outputs)
    }

    fn carry_out(&mut self, outputs: &Outputs) -> Result<(), String> {
        let (heard, mut fault) = (&mut self.heard, None);
        self.edge
            .carry_out(outputs, |connection, frame, _| match std::str::from_utf8(frame) {
                Ok(text) => heard.entry(connection).or_default().push(text.to_owned()),
                Err(error) => fault = Some(format!("a frame is no UTF-8: {error}")),
            });
        if let Some(fault) = fault {
            return Err(fault);
        }
        for request in &outputs.requests {
            if let Request::CheckLogin {
                connection,
                account,
                character,
                ..
            } = request
            {
                self.answer(*connection, account, character)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, connection: ConnectionId, account: &str, character: &str) -> Result<(), String> {
        let known = self.answers.iter().find(|(of_account, of_character, _)| {
            of_account == account && of_character.eq_ignore_ascii_case(character)
        });
        let answer = match known {
            Some((_, _, answer)) => answer.clone(),
            None => Some(crate::site::UNKNOWN.to_owned()),
        };
        self.handle(Input::LoginAnswer {
            connection,
            answer: answer.as_deref(),
        })
    }
}

fn id(line: Line) -> ConnectionId {
    ConnectionId {
        edge: 0,
        slot: line as u32,
        generation: 0,
    }
}

impl Stage for CoreStage {
    fn connect(&mut self, address: u8) -> Result<Line, String> {
        let line = self.next as Line;
        self.next += 1;
        let address = IpAddr::from([10, 0, 0, address]);
        self.handle(Input::Opened {
            connection: id(line),
            address,
        })?;
        Ok(line)
    }

    fn send(&mut self, line: Line, text: &str) -> Result<(), String> {
        self.handle(Input::Message {
            connection: id(line),
            text,
        })
    }

    fn heard(&mut self, line: Line) -> Vec<String> {
        self.heard.remove(&id(line)).unwrap_or_default()
    }

    fn close(&mut self, line: Line) -> Result<(), String> {
        self.handle(Input::Closed {
            connection: id(line),
            departure: Departure::Goodbye,
        })
    }

    fn break_off(&mut self, line: Line) -> Result<(), String> {
        self.handle(Input::Closed {
            connection: id(line),
            departure: Departure::Lost,
        })
    }

    fn is_closed(&mut self, line: Line, _patience: bool) -> bool {
        self.edge.closed.contains(&id(line))
    }

    fn pass(&mut self, milliseconds: u64) -> Result<bool, String> {
        let step = (milliseconds / STEPS_MAX).max(1000);
        let mut left = milliseconds;
        while left > 0 {
            let due = self
                .core
                .next_due()
                .map(|due| due.saturating_sub(self.now.monotonic));
            let piece = left.min(step).min(due.map_or(u64::MAX, |due| due.max(1)));
            left -= piece;
            self.now.monotonic += piece;
            self.now.unix += i64::try_from(piece).unwrap_or(0);
            self.handle(Input::Tick)?;
        }
        Ok(true)
    }
}
