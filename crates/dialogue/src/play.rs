//! Parser for plays: one sentence in each line. `tests/dialogues/README.md` lists the sentences.

use std::path::{Path, PathBuf};

use fchatd_protocol::duration;
use serde_json::Value;

use crate::Failure;
use crate::cast::{Cast, merge};

/// A parsed play.
#[derive(Debug, Clone)]
pub struct Play {
    /// Its file.
    pub file: PathBuf,
    /// Its first comment: the rule that it shows.
    pub title: String,
    /// Its settings, as on the command line.
    pub settings: Vec<(String, String)>,
    /// Its listeners.
    pub cast: Cast,
    /// The steps with their line numbers.
    pub steps: Vec<(usize, Step)>,
}

/// Creates a step from the names that a sentence is about.
type Ending = fn(Vec<String>) -> Step;

/// One action or expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Characters log in; received frames are ignored.
    Online(Vec<String>),
    /// Opens a connection without identifying.
    Connects(String),
    /// Opens a connection and identifies; received frames have to be mentioned.
    LogsIn(String),
    /// Sends a text.
    Says {
        /// The sender.
        who: String,
        /// The text, with placeholders.
        text: String,
    },
    /// Characters send a text each; received frames are ignored, but an error to the sender is a failure.
    Beforehand {
        /// The senders.
        who: Vec<String>,
        /// The text, with placeholders.
        text: String,
        /// `${n}` runs from 1 to this.
        times: u32,
    },
    /// Creates a room; received frames are ignored.
    OpensRoom {
        /// The owner.
        who: String,
        /// The room's title.
        title: String,
        /// The name under which the room's name is captured.
        name: String,
    },
    /// The next frame for these characters; an empty list means all characters online.
    Hears {
        /// The receivers.
        who: Vec<String>,
        /// The frame's command.
        code: String,
        /// The frame's JSON with placeholders.
        value: Value,
    },
    /// These characters receive no further frame.
    HearsNothing(Vec<String>),
    /// The frames received so far are ignored; an empty list means all characters.
    Forget(Vec<String>),
    /// These characters close their connections.
    Goes(Vec<String>),
    /// The connections of these characters break without a close frame.
    Breaks(Vec<String>),
    /// The server closes the connections of these characters.
    Disconnected(Vec<String>),
    /// Time passes, in milliseconds.
    Passes(u64),
}

impl Play {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence that is not understood, with its line.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let fault = |line, message: String| Failure {
            file: file.to_owned(),
            line,
            message,
        };
        let text = std::fs::read_to_string(file).map_err(|error| fault(0, error.to_string()))?;
        Self::parse(file, &text).map_err(|(line, message)| fault(line, message))
    }

    /// Parses a text like the content of a file.
    ///
    /// # Errors
    /// The line and the problem.
    pub fn parse(file: &Path, text: &str) -> Result<Self, (usize, String)> {
        let mut play = Self {
            file: file.to_owned(),
            title: String::new(),
            settings: Vec::new(),
            cast: Cast::default(),
            steps: Vec::new(),
        };
        for (line, sentence) in sentences(text) {
            if let Some(comment) = sentence.strip_prefix('#') {
                if play.title.is_empty() {
                    play.title = comment.trim().to_owned();
                }
                continue;
            }
            let known = play.setting(&sentence).map_err(|message| (line, message))?
                || play.character(&sentence).map_err(|message| (line, message))?;
            if known {
                if !play.steps.is_empty() {
                    return Err((
                        line,
                        "settings and characters come before the first thing that happens".into(),
                    ));
                }
                continue;
            }
            let step = step(&sentence).map_err(|message| (line, message))?;
            for name in step.names() {
                play.cast.member(name);
            }
            play.steps.push((line, step));
        }
        match (play.title.is_empty(), play.steps.is_empty()) {
            (true, _) => Err((1, "the first line says which rule this shows: # …".into())),
            (_, true) => Err((1, "nothing happens in this play".into())),
            _ => Ok(play),
        }
    }

    fn setting(&mut self, sentence: &str) -> Result<bool, String> {
        let Some(setting) = sentence.strip_prefix("With ") else {
            return Ok(false);
        };
        let (key, value) = without_stop(setting)
            .split_once('=')
            .ok_or("a setting is written With KEY = VALUE.")?;
        self.settings
            .push((key.trim().to_owned(), value.trim().to_owned()));
        Ok(true)
    }

    /// Parses sentences about the role of a character.
    fn character(&mut self, sentence: &str) -> Result<bool, String> {
        if [" says ", " hears ", " hear "]
            .iter()
            .any(|word| sentence.contains(word))
        {
            return Ok(false);
        }
        let sentence = without_stop(sentence);
        if let Some((name, answer)) = sentence.split_once(" brings {") {
            let answer: Value =
                serde_json::from_str(&format!("{{{answer}")).map_err(|error| error.to_string())?;
            merge(&mut self.cast.member(name).brings, &answer);
        } else if let Some((name, character)) = sentence.split_once(" plays ") {
            let account = self.cast.member(character).account.clone();
            let member = self.cast.member(name);
            member.character = character.to_owned();
            member.account = account;
        } else if let Some(names) = sentence.strip_suffix(" share an account") {
            let names = list(names);
            let account = self
                .cast
                .member(names.first().ok_or("a name is missing")?)
                .account
                .clone();
            for name in &names {
                self.cast.member(name).account.clone_from(&account);
            }
        } else if let Some(names) = sentence.strip_suffix(" come from one address") {
            let names = list(names);
            let address = self
                .cast
                .member(names.first().ok_or("a name is missing")?)
                .address;
            for name in &names {
                self.cast.member(name).address = address;
            }
        } else if let Some(name) = sentence.strip_suffix("'s login check fails") {
            self.cast.member(name).check_fails = true;
        } else if let Some((name, channel)) = sentence.split_once(" owns ") {
            self.cast.member(name);
            self.cast.owners.push((name.to_owned(), channel.to_owned()));
        } else if let Some((name, channel)) = sentence.split_once(" moderates ") {
            self.cast.member(name);
            self.cast.moderators.push((name.to_owned(), channel.to_owned()));
        } else if let Some(channel) = sentence.strip_prefix("There is a public channel ") {
            let (name, mode) = channel.split_once(" for ").unwrap_or((channel, "both"));
            self.cast.channels.push((name.to_owned(), mode.to_owned()));
        } else if let Some((names, role)) = sentence
            .split_once(" is ")
            .or_else(|| sentence.split_once(" are "))
        {
            return self.role(&list(names), role);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn role(&mut self, names: &[String], role: &str) -> Result<bool, String> {
        let bit = |bit: &str| serde_json::json!({"bits": {bit: 1}});
        let answer = match role {
            "an administrator" => serde_json::json!({"account": {"admin": "1"}}),
            "a super moderator" => bit("supercop"),
            "on the staff" => bit("helpdesk"),
            "hell-banned" => bit("hellban"),
            "subscribed" => bit("subscribed"),
            "a global moderator" => {
                for name in names {
                    self.cast.member(name).is_global = true;
                }
                return Ok(true);
            }
            _ => return Ok(false),
        };
        for name in names {
            merge(&mut self.cast.member(name).brings, &answer);
        }
        Ok(true)
    }
}

impl Step {
    fn names(&self) -> Vec<&String> {
        match self {
            Self::Online(names)
            | Self::HearsNothing(names)
            | Self::Forget(names)
            | Self::Goes(names)
            | Self::Breaks(names)
            | Self::Disconnected(names)
            | Self::Beforehand { who: names, .. }
            | Self::Hears { who: names, .. } => names.iter().collect(),
            Self::Connects(name)
            | Self::LogsIn(name)
            | Self::Says { who: name, .. }
            | Self::OpensRoom { who: name, .. } => vec![name],
            Self::Passes(_) => Vec::new(),
        }
    }
}

/// The sentences with their lines. A line that begins with spaces and a quote or brace continues the previous
/// one.
fn sentences(text: &str) -> Vec<(usize, String)> {
    let mut sentences: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        let goes_on = line.starts_with(' ') && content.starts_with(['{', '"']);
        match sentences.last_mut() {
            Some((_, sentence)) if goes_on => {
                sentence.push(' ');
                sentence.push_str(content);
            }
            _ if content.is_empty() => {}
            _ => sentences.push((number + 1, content.to_owned())),
        }
    }
    sentences
}

fn step(sentence: &str) -> Result<Step, String> {
    if let Some(rest) = sentence.strip_prefix("Beforehand, ") {
        return beforehand(rest);
    }
    // Sentences with a text to send are tried first: the text may contain anything.
    let word = |words: &[&str]| {
        let found = words
            .iter()
            .filter_map(|word| Some((sentence.find(word)?, *word)));
        let (place, word) = found.min()?;
        Some((sentence.get(..place)?, sentence.get(place + word.len()..)?.trim()))
    };
    if let Some((who, text)) = word(&[" says "]) {
        return Ok(Step::Says {
            who: who.to_owned(),
            text: text.to_owned(),
        });
    }
    if let Some((who, frame)) = word(&[" hears ", " hear "]) {
        return hears(who, frame);
    }
    let sentence = without_stop(sentence);
    if let Some(duration) = sentence.strip_prefix("Time passes: ") {
        return Ok(Step::Passes(milliseconds(duration)?));
    }
    for ending in [" forget what they heard", " forgets what they heard"] {
        if let Some(who) = sentence.strip_suffix(ending) {
            return Ok(Step::Forget(everyone_or(who)));
        }
    }
    let endings: [(&str, Ending); 8] = [
        (" is online", Step::Online),
        (" are online", Step::Online),
        (" is disconnected", Step::Disconnected),
        (" are disconnected", Step::Disconnected),
        ("'s connection breaks", Step::Breaks),
        ("'s connections break", Step::Breaks),
        (" goes", Step::Goes),
        (" go", Step::Goes),
    ];
    for (ending, step) in endings {
        if let Some(names) = sentence.strip_suffix(ending) {
            return Ok(step(list(names)));
        }
    }
    if let Some(name) = sentence.strip_suffix(" connects") {
        return Ok(Step::Connects(name.to_owned()));
    }
    if let Some(name) = sentence.strip_suffix(" logs in") {
        return Ok(Step::LogsIn(name.to_owned()));
    }
    if let Some((names, channel)) = sentence
        .split_once(" joins ")
        .or_else(|| sentence.split_once(" join "))
    {
        let text = format!("JCH {}", serde_json::json!({ "channel": channel }));
        return Ok(Step::Beforehand {
            who: list(names),
            text,
            times: 1,
        });
    }
    if let Some((who, room)) = sentence.split_once(" opens the room ") {
        let (title, name) = room.split_once(" as ${").ok_or("a room is opened as ${name}")?;
        let title = title.trim_matches('"').to_owned();
        let name = name.trim_end_matches('}').to_owned();
        return Ok(Step::OpensRoom {
            who: who.to_owned(),
            title,
            name,
        });
    }
    Err(format!("this sentence is not understood: {sentence}"))
}

/// `Beforehand, Ada says …`, `Beforehand, Ada says 300 times …`
fn beforehand(sentence: &str) -> Result<Step, String> {
    let (who, said) = sentence
        .split_once(" says ")
        .or_else(|| sentence.split_once(" say "))
        .ok_or("Beforehand needs a sentence with \"says\"")?;
    let (times, text) = match said.split_once(" times ") {
        Some((count, text)) if count.bytes().all(|byte| byte.is_ascii_digit()) => {
            (count.parse().map_err(|_| "that is too often")?, text)
        }
        _ => (1, said),
    };
    Ok(Step::Beforehand {
        who: list(who),
        text: text.trim().to_owned(),
        times,
    })
}

fn hears(who: &str, frame: &str) -> Result<Step, String> {
    let who = everyone_or(who);
    if frame == "nothing." {
        return Ok(Step::HearsNothing(who));
    }
    if let Some(number) = frame.strip_prefix("ERR ").map(without_stop)
        && let Ok(number) = number.parse::<i64>()
    {
        let value = serde_json::json!({"number": number, "message": "<text>"});
        return Ok(Step::Hears {
            who,
            code: "ERR".into(),
            value,
        });
    }
    let (code, json) = frame.split_once(' ').unwrap_or((without_stop(frame), "{}"));
    if code.len() != 3 {
        return Err(format!("a command has three letters, unlike {code}"));
    }
    let value = serde_json::from_str(json).map_err(|error| format!("{json} is no JSON: {error}"))?;
    Ok(Step::Hears {
        who,
        code: code.to_owned(),
        value,
    })
}

fn milliseconds(text: &str) -> Result<u64, String> {
    let time = duration::parse(text).map_err(|error| format!("{text} is no duration: {error}"))?;
    u64::try_from(time.as_millis()).map_err(|_| format!("{text} is too long"))
}

/// The names of a list; empty for "Everyone".
fn everyone_or(names: &str) -> Vec<String> {
    if names == "Everyone" {
        Vec::new()
    } else {
        list(names)
    }
}

/// `Ada, Bob and Cem`
fn list(names: &str) -> Vec<String> {
    names
        .split(", ")
        .flat_map(|names| names.split(" and "))
        .map(|name| name.trim().to_owned())
        .collect()
}

fn without_stop(sentence: &str) -> &str {
    sentence.strip_suffix('.').unwrap_or(sentence)
}
