//! The steps of one client by the official client's rules: ticket, lists, WebSocket, log-in, channels; and
//! the reaction to each refusal, error or disconnect. The parent module keeps the timers.

use memchr::memmem;
use mio::{Interest, Token};
use serde_json::json;

use super::Party;
use crate::Error;
use crate::crowd::home;
use crate::crowd::http::{self, Verdict};
use crate::crowd::person::{Io, Stage};
use crate::load::client::connect;
use crate::load::frame;
use crate::load::hearing::{number_after, text_after};
use crate::load::people::Identity;

/// Microseconds between two `JCH` commands of a client.
const JOIN_PAUSE: u64 = 100_000;
/// Errors after which the official client does not reconnect by itself.
const FINAL_ERRORS: [i32; 5] = [9, 30, 31, 39, 40];

impl Party {
    /// Starts an attempt with the request for a ticket.
    pub(super) fn attempt(&mut self, number: usize) -> Result<(), Error> {
        let server = self.site.address;
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        person.stage = Stage::Ticket;
        person.epoch += 1;
        let request = http::request(
            server,
            "/json/getApiTicket.php",
            &[
                ("account", &person.account),
                ("password", home::password()),
                ("no_friends", "true"),
                ("no_bookmarks", "true"),
                ("new_character_list", "true"),
            ],
        );
        self.open(number, request.as_bytes())
    }

    fn open(&mut self, number: usize, first: &[u8]) -> Result<(), Error> {
        let (site, registry) = (&self.site, self.poll.registry());
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        let Ok(mut stream) = connect(site.address, number, false, Some(person.from)) else {
            return self.fail(number, "no connection");
        };
        registry
            .register(
                &mut stream,
                Token(number),
                Interest::READABLE | Interest::WRITABLE,
            )
            .map_err(|error| Error::because("epoll", error))?;
        person.carry.clear();
        person.out.clear();
        person.out.extend_from_slice(first);
        person.stream = Some(stream);
        self.flush(number)
    }

    fn hang_up(&mut self, number: usize) {
        if let Some(person) = self.people.get_mut(number) {
            if let Some(mut stream) = person.stream.take() {
                let _ = self.poll.registry().deregister(&mut stream);
            }
            person.carry = Vec::new();
            person.out = Vec::new();
        }
    }

    /// Handles the end of the connection.
    fn over(&mut self, number: usize) -> Result<(), Error> {
        let kind = match self.people.get(number).map(|person| person.stage) {
            Some(Stage::Ticket | Stage::Bookmarks | Stage::Friends) => "network error over HTTP",
            Some(Stage::Shaking) => "no WebSocket",
            Some(Stage::Identifying) => "closed before the log-in",
            Some(Stage::Joining | Stage::Back) => return self.cut(number),
            _ => return Ok(()),
        };
        self.fail(number, kind)
    }

    /// Handles a disconnect from the chat: the client reconnects after the first retry delay.
    fn cut(&mut self, number: usize) -> Result<(), Error> {
        let is_event = self.event.is_some();
        if let Some(person) = self.people.get_mut(number) {
            if person.stage == Stage::Back {
                self.back -= 1;
            }
            person.rung = 0;
            if is_event && !person.was_cut {
                person.was_cut = true;
                self.cut += 1;
            } else {
                self.retries.count("cut off again");
            }
        }
        self.wait(number)
    }

    /// Handles a failed attempt: the next one follows after the next retry delay.
    fn fail(&mut self, number: usize, kind: &str) -> Result<(), Error> {
        self.retries.count(kind);
        self.wait(number)
    }

    fn wait(&mut self, number: usize) -> Result<(), Error> {
        self.hang_up(number);
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        person.stage = Stage::Waiting;
        person.epoch += 1;
        let pause = person.pause() * self.plan.second;
        self.schedule(number, (pause * 1e6) as u64);
        Ok(())
    }

    /// Handles a refusal that the official client treats as final.
    fn refuse(&mut self, number: usize, words: String) {
        self.hang_up(number);
        self.refused += 1;
        self.first_refusal.get_or_insert(words);
        if let Some(person) = self.people.get_mut(number) {
            person.stage = Stage::Refused;
            person.epoch += 1;
        }
    }

    pub(super) fn flush(&mut self, number: usize) -> Result<(), Error> {
        let person = self.people.get_mut(number);
        if person.is_some_and(|person| person.flush() == Io::Over) {
            return self.over(number);
        }
        Ok(())
    }

    fn say(&mut self, number: usize, command: &str) -> Result<(), Error> {
        if let Some(person) = self.people.get_mut(number) {
            frame::write_text(command.as_bytes(), &mut person.out);
        }
        self.flush(number)
    }

    pub(super) fn read(&mut self, number: usize) -> Result<(), Error> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut result = Ok(());
        while let Some(person) = self.people.get_mut(number) {
            let epoch = person.epoch;
            match person.read(&mut buffer) {
                Io::Later => break,
                Io::Over => {
                    result = self.over(number);
                    break;
                }
                Io::Some(count) => {
                    result = self.take(number, buffer.get(..count).unwrap_or_default());
                    let is_same = self
                        .people
                        .get(number)
                        .is_some_and(|person| person.epoch == epoch);
                    if result.is_err() || !is_same {
                        break;
                    }
                }
            }
        }
        self.buffer = buffer;
        result
    }

    /// Handles received bytes together with the incomplete rest of earlier ones.
    fn take(&mut self, number: usize, bytes: &[u8]) -> Result<(), Error> {
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        let mut carry = std::mem::take(&mut person.carry);
        let all = if carry.is_empty() {
            bytes
        } else {
            carry.extend_from_slice(bytes);
            &carry
        };
        let stage = person.stage;
        let used = match stage {
            Stage::Ticket | Stage::Bookmarks | Stage::Friends => match http::read(all) {
                // The next request is sent after the complete answer, so no further answer follows.
                Some(answer) => return self.answered(number, stage, &answer),
                None => 0,
            },
            Stage::Shaking => self.shaken(number, all)?,
            _ => 0,
        };
        let used = used + self.frames(number, all.get(used..).unwrap_or_default())?;
        let rest = all.get(used..).unwrap_or_default();
        if let Some(person) = self
            .people
            .get_mut(number)
            .filter(|person| person.stream.is_some())
        {
            person.carry = rest.to_vec();
        }
        Ok(())
    }

    fn answered(&mut self, number: usize, stage: Stage, answer: &http::Answer) -> Result<(), Error> {
        let value = match http::judge(answer) {
            Verdict::Done(value) => value,
            Verdict::Refused(words) => {
                self.refuse(number, words);
                return Ok(());
            }
            Verdict::Later(kind) => return self.fail(number, &kind),
        };
        let server = self.site.address;
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        if stage == Stage::Ticket {
            person.ticket = value["ticket"].as_str().unwrap_or_default().to_owned();
        }
        let (next, path) = match stage {
            Stage::Ticket => (Stage::Bookmarks, "/json/api/bookmark-list.php"),
            Stage::Bookmarks => (Stage::Friends, "/json/api/friend-list.php"),
            _ => {
                self.hang_up(number);
                if let Some(person) = self.people.get_mut(number) {
                    person.stage = Stage::Shaking;
                    person.epoch += 1;
                }
                let upgrade = self.site.upgrade.clone();
                return self.open(number, upgrade.as_bytes());
            }
        };
        person.stage = next;
        let fields = [
            ("account", person.account.as_str()),
            ("ticket", person.ticket.as_str()),
        ];
        let request = http::request(server, path, &fields);
        person.out.extend_from_slice(request.as_bytes());
        self.flush(number)
    }

    /// Parses the answer to the WebSocket request; returns its length, or 0 while it is incomplete.
    fn shaken(&mut self, number: usize, bytes: &[u8]) -> Result<usize, Error> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
            return Ok(0);
        };
        if !bytes.starts_with(b"HTTP/1.1 101") {
            let status = String::from_utf8_lossy(bytes.get(9..12).unwrap_or_default()).into_owned();
            self.fail(number, &format!("HTTP {status} for a WebSocket"))?;
            return Ok(bytes.len());
        }
        if let Some(person) = self.people.get_mut(number) {
            person.stage = Stage::Identifying;
            let identity = Identity {
                account: person.account.clone(),
                character: person.character.clone(),
                ticket: person.ticket.clone(),
            };
            self.say(number, &identity.command())?;
        }
        Ok(end + 4)
    }

    /// Handles the complete frames; returns their length.
    fn frames(&mut self, number: usize, bytes: &[u8]) -> Result<usize, Error> {
        // One reading of the clock for all frames of one read.
        let (now, mut used) = (self.now(), 0);
        let in_chat = |stage| matches!(stage, Stage::Identifying | Stage::Joining | Stage::Back);
        while self
            .people
            .get(number)
            .is_some_and(|person| in_chat(person.stage))
        {
            let Some((kind, payload, size)) = bytes.get(used..).and_then(frame::read) else {
                break;
            };
            used += size;
            match kind {
                frame::Kind::Text => self.text(number, payload, now)?,
                frame::Kind::Close => {
                    self.over(number)?;
                    return Ok(bytes.len());
                }
                frame::Kind::Ping => {
                    if let Some(person) = self.people.get_mut(number) {
                        person.out.extend_from_slice(&frame::PONG);
                    }
                    self.flush(number)?;
                }
                frame::Kind::Other => {}
            }
        }
        Ok(used)
    }

    #[inline]
    fn text(&mut self, number: usize, payload: &[u8], now: u64) -> Result<(), Error> {
        match payload.get(..3) {
            Some(b"MSG") => {
                // Lines of a channel that the client has not joined again are kept until it has.
                let person = self
                    .people
                    .get(number)
                    .filter(|person| person.stage == Stage::Back);
                let since = person.map_or(u64::MAX, |person| person.back_at);
                self.talk.hear(payload, since, now);
                Ok(())
            }
            Some(b"NLN" | b"ICH" | b"ERR" | b"PIN") => self.news(number, payload, now),
            _ => Ok(()),
        }
    }

    fn news(&mut self, number: usize, payload: &[u8], now: u64) -> Result<(), Error> {
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        match payload.get(..3) {
            Some(b"PIN") => self.say(number, "PIN"),
            Some(b"NLN") if person.stage == Stage::Identifying => {
                if text_after(payload, b"\"identity\":") != Some(person.character.as_bytes()) {
                    return Ok(());
                }
                person.stage = Stage::Joining;
                person.identified_at = now;
                (person.rung, person.asked, person.joined) = (0, 0, 0);
                self.say(number, r#"STA {"status":"looking","statusmsg":"back again"}"#)?;
                if self.plan.rooms == 0 {
                    return self.is_back(number, now);
                }
                self.ask_for_room(number)
            }
            Some(b"ICH") if person.stage == Stage::Joining => {
                person.joined += 1;
                if person.joined == self.plan.rooms {
                    return self.is_back(number, now);
                }
                Ok(())
            }
            Some(b"ERR") => {
                let code = number_after(payload, b"\"number\":").unwrap_or(0.0) as i32;
                if person.stage == Stage::Identifying && FINAL_ERRORS.contains(&code) {
                    self.refuse(number, String::from_utf8_lossy(payload).into_owned());
                    return Ok(());
                }
                self.retries.count(&format!("ERR {code}"));
                if person.stage == Stage::Identifying {
                    return self.wait(number);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_back(&mut self, number: usize, now: u64) -> Result<(), Error> {
        if let Some(person) = self.people.get_mut(number).filter(|person| person.is_present()) {
            person.stage = Stage::Back;
            person.back_at = now;
            self.back += 1;
        }
        Ok(())
    }

    /// Requests the next channel, and schedules the request for the one after it.
    pub(super) fn ask_for_room(&mut self, number: usize) -> Result<(), Error> {
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        let place = person.asked;
        if place >= self.plan.rooms {
            return Ok(());
        }
        person.asked += 1;
        let command = json!({ "channel": self.room(number, place) });
        self.say(number, &format!("JCH {command}"))?;
        self.schedule(number, JOIN_PAUSE);
        Ok(())
    }
}
