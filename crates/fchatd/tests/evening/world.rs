//! The evening: rounds in which many people act at once, and the checks after each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use fchatd_dialogue::Program;
use fchatd_dialogue::site::Site;
use fchatd_dialogue::websocket::Watcher;
use serde_json::json;

use crate::people::{Person, SUPER_MODERATORS, everybody};
use crate::random::Chance;
use crate::view::Channel;

const STEPS_PER_ROUND: usize = 10;
/// A goodbye that was not said takes the server a moment to notice.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct Evening {
    pub(crate) program: Program,
    watcher: Watcher,
    pub(crate) people: Vec<Person>,
    pub(crate) chance: Chance,
    /// All rooms that any person has ever been in.
    pub(crate) rooms: Vec<String>,
    pub(crate) said: usize,
    /// Reports that were written; each has a log of its own on the website.
    pub(crate) reports: usize,
    /// Whether the website that checks log-ins does not answer at the moment.
    pub(crate) website_is_away: bool,
}

impl Evening {
    /// All people arrive, and the administrator makes some public channels and moderators.
    pub(crate) fn begin(seed: u64) -> Self {
        let site = Site::start().unwrap();
        let know = |account: &str, name: &str, answer| site.know(account, name, Some(answer));
        Self::begin_with(seed, &[format!("login_url={}", site.url())], know)
    }

    /// The same with other neighbours; `know` tells the website the people to let in and their answers.
    pub(crate) fn begin_with(seed: u64, settings: &[String], know: impl FnMut(&str, &str, String)) -> Self {
        let mut words = Vec::new();
        // People come again, and make rooms, as chance wants it.
        let always = [
            "takeover_limit=0",
            "resume_grace=0",
            "room_grace=0",
            "login_pause=0",
            "rooms_per_account=1000",
        ]
        .map(str::to_owned);
        let floods = fchatd_dialogue::stage::PATIENT
            .iter()
            .map(|flood| format!("{flood}=0"));
        for setting in settings.iter().cloned().chain(always).chain(floods) {
            words.extend(["--set".to_owned(), setting]);
        }
        words.extend(crate::recording::SETTING.map(str::to_owned));
        // The port next to a free one can be taken, and a bridge needs it.
        let start = || Program::start(Path::new(env!("CARGO_BIN_EXE_fchatd")), &words);
        let program = (0..20)
            .find_map(|_| start().inspect_err(|error| eprintln!("{error}")).ok())
            .unwrap();
        let watcher = Watcher::open(program.address).unwrap();
        let people = everybody(know);
        let mut evening = Self {
            program,
            watcher,
            people,
            chance: Chance(seed),
            rooms: Vec::new(),
            said: 0,
            reports: 0,
            website_is_away: false,
        };
        for person in &mut evening.people {
            person.log_in(evening.program.address).unwrap();
        }
        let mut order = |text: &str| evening.people[0].say(text);
        for channel in ["Tavern", "Library"] {
            order(&format!("CRC {}", json!({"channel": channel})));
        }
        for (channel, name) in [("Development", "Dot"), ("Frontpage", "Fay"), ("Tavern", "Gil")] {
            order(&format!("CSO {}", json!({"channel": channel, "character": name})));
        }
        for (channel, name) in [
            ("Development", "Hal"),
            ("Library", "Ida"),
            ("Looking for RP", "Jon"),
        ] {
            order(&format!("COA {}", json!({"channel": channel, "character": name})));
        }
        // No frame tells of changes of this list, though it shows in COL: it has to stay the same later on.
        for name in SUPER_MODERATORS {
            order(&format!("SCP {}", json!({"action": "add", "character": name})));
        }
        for name in ["Bob", "Cem", "Dot"] {
            order(&format!("AOP {}", json!({"character": name})));
        }
        evening.settle();
        assert_eq!(
            evening.people[0].view.errors, [0_i64; 0],
            "the administrator is refused"
        );
        evening.check();
        evening
    }

    /// Waits until all clients have heard everything.
    pub(crate) fn settle(&mut self) {
        for is_last in [false, true] {
            for socket in self.people.iter_mut().filter_map(|person| person.socket.as_mut()) {
                socket.ping().unwrap();
            }
            for socket in self.people.iter_mut().filter_map(|person| person.socket.as_mut()) {
                socket.await_pong().unwrap();
            }
            // Now all messages have been read; their effects are there after the next pings.
            if !is_last {
                self.watcher.wait().unwrap();
            }
        }
        for person in &mut self.people {
            person.listen();
        }
        for person in &self.people {
            for channel in person
                .view
                .channels
                .keys()
                .filter(|name| name.starts_with("ADH-"))
            {
                if !self.rooms.contains(channel) {
                    self.rooms.push(channel.clone());
                }
            }
        }
    }

    /// Some people do something at once.
    pub(crate) fn round(&mut self) -> Vec<String> {
        let before = self.memberships();
        for person in &mut self.people {
            person.view.errors.clear();
            person.view.messages.clear();
            person.view.left.clear();
            person.view.asked.clear();
            person.view.confirmed.clear();
            person.view.is_fresh = false;
        }
        let done: Vec<String> = (0..STEPS_PER_ROUND).map(|_| self.step()).collect();
        self.settle();
        self.wait_for_departures();
        self.check();
        self.check_messages(&before, &done);
        done
    }

    /// Waits until all clients have the list of moderators of each channel.
    pub(crate) fn wait_for_lists(&mut self) {
        let start = Instant::now();
        let is_late = |person: &Person| {
            let mut channels = person.view.channels.values();
            person.is_online() && !person.is_silenced && channels.any(|channel| channel.is_list_late)
        };
        while self.people.iter().any(is_late) {
            assert!(start.elapsed() < PATIENCE, "a COL never comes");
            self.settle();
        }
    }

    /// The members of each channel.
    fn memberships(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut channels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for person in self.people.iter().filter(|person| person.is_online()) {
            for channel in person.view.channels.keys() {
                channels
                    .entry(channel.clone())
                    .or_default()
                    .insert(person.name.clone());
            }
        }
        channels
    }

    fn online(&self) -> BTreeSet<&str> {
        self.people
            .iter()
            .filter(|person| person.is_online())
            .map(|person| person.name.as_str())
            .collect()
    }

    fn wait_for_departures(&mut self) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let online = self.online();
            let late = |person: &Person| {
                person
                    .view
                    .online
                    .keys()
                    .any(|name| !online.contains(name.as_str()))
            };
            if !self
                .people
                .iter()
                .any(|person| person.is_online() && late(person))
            {
                return;
            }
            self.settle();
        }
    }

    /// All clients have the same view, and it is the right one.
    pub(crate) fn check(&self) {
        let online = self.online();
        let memberships = self.memberships();
        let mut reference: Option<&Person> = None;
        let mut channels: BTreeMap<&str, (&str, &Channel)> = BTreeMap::new();
        let mut ignores: BTreeMap<&str, (&str, &BTreeSet<String>)> = BTreeMap::new();
        for person in self.people.iter().filter(|person| person.is_online()) {
            let name = &person.name;
            let known: BTreeSet<&str> = person.view.online.keys().map(String::as_str).collect();
            assert_eq!(known, online, "who is online, as {name} sees it and as it is");
            let first = *reference.get_or_insert(person);
            let mut seen = person.view.online.clone();
            if person.is_silenced {
                // The status that they have set themselves is seen by no other person.
                seen.insert(name.clone(), first.view.online[name].clone());
            }
            assert_eq!(seen, first.view.online, "user lists of {name} and {}", first.name);
            assert_eq!(
                person.view.operators, first.view.operators,
                "moderators of {name} and {}",
                first.name
            );
            // A hell-banned person also sees its own effects on a channel, which no other person does.
            let channels_seen = person.view.channels.iter().filter(|_| !person.is_silenced);
            for (channel, seen) in channels_seen {
                assert_eq!(
                    seen.members, memberships[channel],
                    "members of {channel}, as {name} sees them and as they are"
                );
                let (who, first) = *channels.entry(channel).or_insert((name, seen));
                assert_eq!(
                    seen.comparable(first),
                    first.comparable(seen),
                    "{channel} as {name} and {who} see it"
                );
            }
            let (who, first) = *ignores
                .entry(&person.account)
                .or_insert((name, &person.view.ignores));
            assert_eq!(
                person.view.ignores, *first,
                "ignores of {name} and {who}, who share an account"
            );
        }
    }

    /// Each message in a channel was heard once by all its members of the whole time.
    fn check_messages(&self, before: &BTreeMap<String, BTreeSet<String>>, done: &[String]) {
        let after = self.memberships();
        for line in done {
            let Some((sender, said)) = line.split_once(": ") else {
                continue;
            };
            let Some(json) = said.strip_prefix("MSG ").or_else(|| said.strip_prefix("LRP ")) else {
                continue;
            };
            let Ok(said) = serde_json::from_str::<serde_json::Value>(json) else {
                continue;
            };
            let (Some(channel), Some(message)) = (said["channel"].as_str(), said["message"].as_str()) else {
                continue;
            };
            let escaped = message
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            let was_there = |person: &Person| {
                let name = &person.name;
                before.get(channel).is_some_and(|members| members.contains(name))
                    && after.get(channel).is_some_and(|members| members.contains(name))
                    && !person.view.left.contains(channel)
                    && !person.view.is_fresh
            };
            let author = self.people.iter().find(|person| person.name == sender).unwrap();
            let heard = |person: &Person| {
                person
                    .view
                    .messages
                    .iter()
                    .filter(|(_, _, text)| *text == escaped)
                    .count()
            };
            // People with a refusal are left out: the errors do not name the command.
            let is_sure = was_there(author) && author.is_online() && author.view.errors.is_empty();
            for person in self
                .people
                .iter()
                .filter(|person| person.is_online() && person.name != sender)
            {
                let times = heard(person);
                assert!(times <= 1, "{} hears {times} times: {line}", person.name);
                assert!(
                    times == 0 || !author.is_silenced,
                    "{} hears the silenced: {line}",
                    person.name
                );
                if is_sure && !author.is_silenced && was_there(person) {
                    assert_eq!(times, 1, "{} should hear {line}", person.name);
                }
            }
        }
    }
}
