//! Runs a play on a stage.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use crate::Failure;
use crate::cast::{Cast, Member};
use crate::etiquette::Etiquette;
use crate::pattern::{Captured, fill, matches};
use crate::play::{Play, Step};
use crate::stage::{DIRECTOR, Line, Stage};

/// The fields of `ERR` in addition to its number and text.
const CONTEXT: [&str; 3] = ["command", "channel", "character"];

/// Runs a play and returns the number of played steps. A stage that cannot advance time stops early.
///
/// # Errors
/// The first difference from the play.
pub fn run(play: &Play, stage: &mut dyn Stage) -> Result<usize, Failure> {
    let mut run = Run {
        cast: &play.cast,
        stage,
        lines: BTreeMap::new(),
        etiquettes: BTreeMap::new(),
        breach: None,
        online: BTreeSet::new(),
        ended: Vec::new(),
        queues: BTreeMap::new(),
        captured: Captured::new(),
        cause: "the beginning".into(),
    };
    let fault = |line, message| Failure {
        file: play.file.clone(),
        line,
        message,
    };
    let first = play.steps.first().map_or(1, |(line, _)| *line);
    run.prepare().map_err(|message| fault(first, message))?;
    let mut played = 0;
    for (line, step) in &play.steps {
        match run.step(*line, step) {
            Ok(true) => played += 1,
            Ok(false) => break,
            Err(message) => return Err(fault(*line, message)),
        }
    }
    let last = play.steps.last().map_or(1, |(line, _)| *line);
    run.finish().map_err(|message| fault(last, message))?;
    Ok(played)
}

struct Run<'a> {
    cast: &'a Cast,
    stage: &'a mut dyn Stage,
    lines: BTreeMap<String, Line>,
    /// The frames that each connection has received, for the rules of [`Etiquette`].
    etiquettes: BTreeMap<Line, Etiquette>,
    /// The first frame that violates these rules.
    breach: Option<String>,
    /// The characters online, as far as the play knows.
    online: BTreeSet<String>,
    /// Connections that the server must have closed at the end.
    ended: Vec<(String, Line)>,
    queues: BTreeMap<String, VecDeque<String>>,
    captured: Captured,
    /// The last action, for messages.
    cause: String,
}

impl Run<'_> {
    /// Prepares the site as the play describes it. A director character does this and logs out before the
    /// play begins.
    fn prepare(&mut self) -> Result<(), String> {
        let globals: Vec<_> = self
            .cast
            .members()
            .filter(|(_, member)| member.is_global)
            .collect();
        let cast = self.cast;
        if globals.is_empty()
            && cast.channels.is_empty()
            && cast.owners.is_empty()
            && cast.moderators.is_empty()
        {
            return Ok(());
        }
        let director = self.stage.connect(255)?;
        self.stage.send(director, &identification(DIRECTOR, DIRECTOR))?;
        for (name, mode) in &cast.channels {
            self.stage
                .send(director, &format!("CRC {}", json!({ "channel": name })))?;
            self.stage.send(
                director,
                &format!("RMO {}", json!({ "channel": name, "mode": mode })),
            )?;
        }
        for (name, channel) in &cast.moderators {
            let order = json!({ "channel": channel, "character": name, "silent": true });
            self.stage.send(director, &format!("COA {order}"))?;
        }
        for (name, member) in globals {
            let order = format!("AOP {}", json!({ "character": name }));
            self.appoint(director, member, &order)?;
        }
        for (name, channel) in &cast.owners {
            let member = cast.find(name).ok_or("the owner is not in the cast")?;
            let order = format!("CSO {}", json!({ "channel": channel, "character": name }));
            self.appoint(director, member, &order)?;
        }
        let complaints = self
            .stage
            .heard(director)
            .into_iter()
            .find(|frame| frame.starts_with("ERR "));
        self.stage.close(director)?;
        complaints.map_or(Ok(()), |frame| Err(format!("the stage can't be set: {frame}")))
    }

    /// Lets the director appoint a character that has to be online for it.
    fn appoint(&mut self, director: Line, member: &Member, order: &str) -> Result<(), String> {
        let line = self.stage.connect(member.address)?;
        self.stage
            .send(line, &identification(&member.account, &member.character))?;
        self.stage.send(director, order)?;
        self.stage.close(line)
    }

    fn step(&mut self, number: usize, step: &Step) -> Result<bool, String> {
        match step {
            Step::Hears { who, code, value } => self.hears(who, code, value).map(|()| true),
            Step::HearsNothing(who) => {
                for name in self.names(who) {
                    self.no_more(&name)?;
                }
                Ok(true)
            }
            Step::Disconnected(who) => {
                for name in who {
                    self.online.remove(name);
                    let line = self
                        .lines
                        .remove(name)
                        .ok_or_else(|| format!("{name} is not connected"))?;
                    self.ended.push((name.clone(), line));
                }
                Ok(true)
            }
            Step::Forget(who) if who.is_empty() => {
                self.forget();
                Ok(true)
            }
            Step::Forget(who) => {
                for name in who {
                    self.queues.remove(name);
                }
                Ok(true)
            }
            action => {
                self.nothing_unmentioned()?;
                self.cause = format!("line {number}");
                let go_on = self.act(action)?;
                self.listen();
                if let Some(breach) = self.breach.take() {
                    return Err(breach);
                }
                if matches!(
                    action,
                    Step::Online(_) | Step::Beforehand { .. } | Step::OpensRoom { .. }
                ) {
                    self.forget();
                }
                Ok(go_on)
            }
        }
    }

    fn act(&mut self, action: &Step) -> Result<bool, String> {
        match action {
            Step::Online(names) => {
                for name in names {
                    self.connect(name)?;
                    self.identify(name)?;
                    self.expect_no_error(name)?;
                }
            }
            Step::Connects(name) => self.connect(name)?,
            Step::LogsIn(name) => {
                self.connect(name)?;
                self.identify(name)?;
            }
            Step::Says { who, text } => {
                let text = fill(text, &self.captured)?;
                self.say(who, &text)?;
                if text.starts_with("IDN ") {
                    self.online.insert(who.clone());
                }
            }
            Step::Beforehand { who, text, times } => {
                for number in 1..=*times {
                    self.captured.insert("n".into(), number.to_string());
                    let text = fill(text, &self.captured)?;
                    for name in who {
                        self.say(name, &text)?;
                        self.expect_no_error(name)?;
                    }
                }
            }
            Step::OpensRoom { who, title, name } => {
                let title = fill(title, &self.captured)?;
                self.say(who, &format!("CCR {}", json!({ "channel": title })))?;
                let joined = self
                    .queues
                    .get(who)
                    .into_iter()
                    .flatten()
                    .find_map(|frame| frame.strip_prefix("JCH "));
                let joined: Value = joined
                    .and_then(|json| serde_json::from_str(json).ok())
                    .ok_or_else(|| format!("{who} got no room: {:?}", self.queues.get(who)))?;
                let room = joined["channel"].as_str().unwrap_or_default();
                self.captured.insert(name.clone(), room.to_owned());
            }
            Step::Goes(names) => {
                for name in names {
                    self.online.remove(name);
                    let line = self
                        .lines
                        .remove(name)
                        .ok_or_else(|| format!("{name} is not connected"))?;
                    self.stage.close(line)?;
                    self.queues.remove(name);
                }
            }
            Step::Breaks(names) => {
                for name in names {
                    self.online.remove(name);
                    let line = self
                        .lines
                        .remove(name)
                        .ok_or_else(|| format!("{name} is not connected"))?;
                    self.stage.break_off(line)?;
                    self.queues.remove(name);
                }
            }
            Step::Passes(milliseconds) => return self.stage.pass(*milliseconds),
            Step::Hears { .. } | Step::HearsNothing(_) | Step::Disconnected(_) | Step::Forget(_) => {}
        }
        Ok(true)
    }

    fn connect(&mut self, name: &str) -> Result<(), String> {
        let member = self
            .cast
            .find(name)
            .ok_or_else(|| format!("there is no listener {name}"))?;
        if self.lines.contains_key(name) {
            return Err(format!(
                "{name} is connected already; give another connection a name with \"… plays {name}.\""
            ));
        }
        let line = self.stage.connect(member.address)?;
        self.etiquettes.insert(line, Etiquette::new(&member.character));
        self.lines.insert(name.to_owned(), line);
        Ok(())
    }

    fn identify(&mut self, name: &str) -> Result<(), String> {
        let member = self
            .cast
            .find(name)
            .ok_or_else(|| format!("there is no listener {name}"))?;
        let text = identification(&member.account, &member.character);
        self.online.insert(name.to_owned());
        self.say(name, &text)
    }

    fn say(&mut self, name: &str, text: &str) -> Result<(), String> {
        let line = *self
            .lines
            .get(name)
            .ok_or_else(|| format!("{name} is not connected"))?;
        self.stage.send(line, text)?;
        self.listen();
        Ok(())
    }

    /// Collects the received frames of all connections.
    fn listen(&mut self) {
        let ended = self.ended.iter().map(|(name, line)| (name, *line));
        for (name, line) in self.lines.iter().map(|(name, line)| (name, *line)).chain(ended) {
            let heard = self.stage.heard(line);
            if let Some(etiquette) = self.etiquettes.get_mut(&line) {
                for frame in &heard {
                    if let Err(fault) = etiquette.hear(frame) {
                        self.breach
                            .get_or_insert_with(|| format!("{name} hears {frame}: {fault}"));
                    }
                }
            }
            self.queues.entry(name.clone()).or_default().extend(heard);
        }
    }

    fn forget(&mut self) {
        self.listen();
        self.queues.clear();
    }

    fn expect_no_error(&self, name: &str) -> Result<(), String> {
        let error = self
            .queues
            .get(name)
            .into_iter()
            .flatten()
            .find(|frame| frame.starts_with("ERR "));
        error.map_or(Ok(()), |frame| Err(format!("{name} hears {frame}")))
    }

    fn names(&self, who: &[String]) -> Vec<String> {
        if who.is_empty() {
            self.online.iter().cloned().collect()
        } else {
            who.to_vec()
        }
    }

    fn hears(&mut self, who: &[String], code: &str, value: &Value) -> Result<(), String> {
        for name in self.names(who) {
            let expected = || match value.as_object() {
                Some(members) if members.is_empty() => code.to_owned(),
                _ => format!("{code} {value}"),
            };
            let Some(frame) = self.queues.get_mut(&name).and_then(VecDeque::pop_front) else {
                let others = self
                    .queues
                    .iter()
                    .filter_map(|(who, heard)| Some(format!("; {who} hears {}", heard.front()?)));
                let others: String = others.collect();
                return Err(format!(
                    "{name} should hear {} and hears nothing{others}",
                    expected()
                ));
            };
            let (heard, json) = frame.split_once(' ').unwrap_or((&frame, "{}"));
            let mut actual: Value = serde_json::from_str(json)
                .map_err(|error| format!("{name} hears {frame}, which is no JSON: {error}"))?;
            if let Some(error) = actual.as_object_mut().filter(|_| code == "ERR") {
                // The context of an error is ignored unless the play mentions it.
                error.retain(|key, _| value.get(key).is_some() || !CONTEXT.contains(&key.as_str()));
            }
            if heard != code || !matches(value, &actual, &mut self.captured) {
                return Err(format!(
                    "{name} should hear {} and hears {frame}{}",
                    expected(),
                    self.captures()
                ));
            }
        }
        Ok(())
    }

    fn captures(&self) -> String {
        let known = self.captured.iter().filter(|(name, _)| *name != "n");
        let known: Vec<String> = known
            .map(|(name, value)| format!("${{{name}}} is {value}"))
            .collect();
        if known.is_empty() {
            String::new()
        } else {
            format!(" ({})", known.join(", "))
        }
    }

    fn no_more(&mut self, name: &str) -> Result<(), String> {
        match self.queues.get_mut(name).and_then(VecDeque::pop_front) {
            Some(frame) => Err(format!(
                "{name} should hear nothing more after {} and hears {frame}",
                self.cause
            )),
            None => Ok(()),
        }
    }

    fn nothing_unmentioned(&self) -> Result<(), String> {
        let mut heard = self
            .queues
            .iter()
            .filter_map(|(name, frames)| Some((name, frames.front()?)));
        match heard.next() {
            Some((name, frame)) => Err(format!(
                "after {} {name} also heard {frame}, which the play does not mention",
                self.cause
            )),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<(), String> {
        self.nothing_unmentioned()?;
        for (name, line) in &self.lines {
            if self.stage.is_closed(*line, false) {
                return Err(format!(
                    "{name} was disconnected, which the play does not mention"
                ));
            }
        }
        for (name, line) in std::mem::take(&mut self.ended) {
            if !self.stage.is_closed(line, true) {
                return Err(format!("{name} should have been disconnected and is not"));
            }
            let more = self.stage.heard(line);
            if let Some(frame) = more.first() {
                return Err(format!("{name} heard {frame} before being disconnected"));
            }
        }
        Ok(())
    }
}

/// The usual `IDN` command.
pub fn identification(account: &str, character: &str) -> String {
    let fields = json!({
        "method": "ticket",
        "account": account,
        "ticket": "good",
        "character": character,
        "cname": "dialogue",
        "cversion": "1",
    });
    format!("IDN {fields}")
}
