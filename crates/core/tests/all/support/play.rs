//! A play: characters of all roles on a small site, and the frames that each of them hears, written down shortly.

use std::collections::BTreeMap;

use fchatd_protocol::exchange::ConnectionId;
use fchatd_script::builtin;
use fchatd_script::engine::Watchdog;
use fchatd_world::Settings;
use fchatd_world::snapshot::{ChannelHead, ChannelRecord, ModeratorRecord, Snapshot};

use super::{Frame, Simulation};

/// See the module.
pub(crate) struct Play {
    pub(crate) chat: Simulation,
    people: BTreeMap<String, ConnectionId>,
}

/// Much is said here in no time at all: the limits that this would meet have tests of their own.
fn patient(mut settings: Settings) -> Settings {
    for (key, value) in [
        ("command_rate", "0"),
        ("invitation_flood", "0"),
        ("room_flood", "0"),
        ("rooms_per_account", "1000"),
        // The site has a super moderator.
        ("super_moderator_list", "true"),
    ] {
        settings.set_from_text(key, value).unwrap();
    }
    settings
}

/// A site with one public channel, owned by Owner and moderated by Modder, and one open room of Roomowner's;
/// Globalmod is a global moderator, Superone a super moderator.
pub(crate) fn site() -> Snapshot {
    let channel = |name: &str, kind: &str, mode: &str, owner: &str, moderator: &str| ChannelRecord {
        head: ChannelHead {
            name: name.to_owned(),
            title: if kind == "public" { "" } else { "Open Room" }.to_owned(),
            description: "Described.".to_owned(),
            kind: kind.to_owned(),
            mode: mode.to_owned(),
            owner: owner.to_owned(),
            peak: 7,
            ..ChannelHead::default()
        },
        invited: Vec::new(),
        moderators: vec![ModeratorRecord {
            name: moderator.to_owned(),
            by: owner.to_owned(),
            time: 1_500_000_000,
        }],
        bans: Vec::new(),
    };
    Snapshot {
        channels: vec![
            channel("Frontpage", "public", "both", "Owner", "Nobody"),
            channel("Garden", "public", "both", "Owner", "Modder"),
            channel("Ads", "public", "ads", "Owner", "Nobody"),
            channel("Talk", "public", "chat", "Owner", "Nobody"),
            channel(
                "ADH-0123456789abcdef0123",
                "pubprivate",
                "both",
                "Roomowner",
                "Roommod",
            ),
        ],
        operators: vec!["Globalmod".to_owned()],
        super_operators: vec!["Superone".to_owned()],
        ..Snapshot::default()
    }
}

#[allow(dead_code, reason = "each test uses a part")]
impl Play {
    /// The site with these people online. A character named Admin… is an administrator, Staff… has the bit
    /// helpdesk, Hell… is hell-banned.
    pub(crate) fn with(people: &[&str]) -> Self {
        Self::on(&site(), Settings::default(), people)
    }

    pub(crate) fn on(site: &Snapshot, settings: Settings, people: &[&str]) -> Self {
        let chat = Simulation::with(&builtin::scripts(), patient(settings), Some(site));
        Self::of(chat, people)
    }

    /// As [`Play::with`], and scripts have time limits.
    pub(crate) fn watched(settings: Settings, people: &[&str]) -> Self {
        let watchdog = Watchdog::start().unwrap();
        let settings = patient(settings);
        let chat = Simulation::watched(&builtin::scripts(), settings, Some(&site()), Some(&watchdog));
        Self::of(chat, people)
    }

    fn of(chat: Simulation, people: &[&str]) -> Self {
        let mut play = Self {
            chat,
            people: BTreeMap::new(),
        };
        for name in people {
            play.enter(name);
        }
        play.chat.forget();
        play
    }

    /// A character comes online on an account of its own, or on the one after `/`.
    pub(crate) fn enter(&mut self, name: &str) -> Vec<Frame> {
        let connection = self.chat.open();
        let (name, account) = name
            .split_once('/')
            .map_or((name, connection.slot + 100), |(name, account)| {
                (name, account.parse().unwrap())
            });
        let answer = format!(
            r#"{{"error":"","account":{{"account_id":{account},"admin":"{}"}},"char":{{"character_id":{},"name":"{name}"}},
                "select":{{"Gender":"Female","Orientation":"Gay","Position":"Switch"}},"info":{{"Age":"30"}},
                "custom":{{"Tea":"Green"}},"kinks":[1,2,{}],"friends":["Bob"],"ignores":["mallory"],
                "bits":{{"helpdesk":{},"hellban":{}}}}}"#,
            u8::from(name.starts_with("Admin")),
            connection.slot + 1000,
            500 + connection.slot,
            u8::from(name.starts_with("Staff")),
            u8::from(name.starts_with("Hell")),
        );
        self.people.insert(name.to_owned(), connection);
        self.chat.log_in_with(connection, name, &answer);
        self.chat.take(connection)
    }

    pub(crate) fn id(&self, name: &str) -> ConnectionId {
        self.people[name]
    }

    /// Somebody's connection breaks.
    pub(crate) fn leave(&mut self, name: &str) {
        let id = self.people.remove(name).unwrap();
        self.chat.go(id);
    }

    /// A person sends a command; the result is all frames, such as `Ada: ERR 19 | Bob, Eve: MSG`, or
    /// nothing. A second passes first, so that no command is too quick.
    pub(crate) fn say(&mut self, name: &str, text: &str) -> String {
        self.chat.pass(1_000);
        self.say_quickly(name, text)
    }

    /// As [`Play::say`], at once.
    pub(crate) fn say_quickly(&mut self, name: &str, text: &str) -> String {
        let id = self.people[name];
        self.chat.say(id, text);
        self.heard()
    }

    /// Checks all frames.
    #[track_caller]
    pub(crate) fn check(&mut self, name: &str, text: &str, wanted: &str) {
        let heard = self.say(name, text);
        assert_eq!(heard, wanted, "{name} said {text}");
    }

    /// As [`Play::check`], for several lines of the same person.
    #[track_caller]
    pub(crate) fn check_all(&mut self, name: &str, lines: &[(&str, &str)]) {
        for (text, wanted) in lines {
            self.check(name, text, wanted);
        }
    }

    /// The frames of one person, with all their content; others' frames are forgotten.
    pub(crate) fn frames(&mut self, name: &str, text: &str, hearer: &str) -> Vec<Frame> {
        self.chat.pass(1_000);
        self.chat.say(self.people[name], text);
        let frames = self.chat.take(self.people[hearer]);
        self.chat.forget();
        frames
    }

    /// The frames of all people since the last look, shortly.
    pub(crate) fn heard(&mut self) -> String {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, &id) in &self.people {
            let frames = self.chat.take(id);
            if frames.is_empty() {
                continue;
            }
            let short: Vec<String> = frames
                .into_iter()
                .map(|(code, value)| match value["number"].as_i64() {
                    Some(number) if code == "ERR" => format!("ERR {number}"),
                    _ => code,
                })
                .collect();
            let short = short.join(" ");
            match groups.iter_mut().find(|(other, _)| *other == short) {
                Some((_, names)) => names.push(name),
                None => groups.push((short, vec![name])),
            }
        }
        let lines = groups
            .into_iter()
            .map(|(short, names)| format!("{}: {short}", names.join(", ")));
        lines.collect::<Vec<_>>().join(" | ")
    }

    /// A private room of the owner's, with guests in it; its name.
    pub(crate) fn private_room(&mut self, owner: &str, guests: &[&str]) -> String {
        let frames = self.frames(owner, r#"CCR {"channel":"Den"}"#, owner);
        let room = frames[0].1["channel"].as_str().unwrap().to_owned();
        for guest in guests {
            self.say(
                owner,
                &format!(r#"CIU {{"channel":"{room}","character":"{guest}"}}"#),
            );
            self.say(guest, &format!(r#"JCH {{"channel":"{room}"}}"#));
        }
        self.heard();
        room
    }

    /// The site with these people online, all in the public channel Garden.
    pub(crate) fn in_garden(people: &[&str]) -> Self {
        let mut play = Self::with(people);
        for name in people {
            let name = name.split('/').next().unwrap();
            play.say(name, r#"JCH {"channel":"garden"}"#);
        }
        play.heard();
        play
    }
}
