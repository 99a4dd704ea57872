//! The actions of people in an evening, at random.

use serde_json::json;

use crate::people::ADMINISTRATORS;
use crate::world::Evening;

const PUBLIC: [&str; 5] = ["Frontpage", "development", "Looking for RP", "Tavern", "LIBRARY"];
const DICE: [&str; 8] = [
    "1d6",
    "2d10+3",
    "9d500-1d4",
    "bottle",
    "1d1",
    "7",
    "3-10000",
    "<b>",
];
const STATUSES: [&str; 7] = ["online", "looking", "busy", "dnd", "idle", "away", "crown"];

impl Evening {
    /// A person does something. The sent command is the result, for the search of a mistake.
    pub(crate) fn step(&mut self) -> String {
        let actor = self.chance.below(self.people.len());
        if !self.people[actor].is_online() {
            return self.come(actor);
        }
        let text = match self.chance.below(100) {
            0..20 => self.talk(actor),
            20..40 => self.come_and_go(actor),
            40..55 => self.be_social(actor),
            55..80 => return self.run_a_channel(),
            80..88 => return self.run_the_server(),
            88..94 => self.ask(actor),
            94..96 => self.report(actor),
            96..98 => return self.leave_or_come_again(actor),
            _ => self.talk_nonsense(),
        };
        self.say(actor, &text)
    }

    fn say(&mut self, actor: usize, text: &str) -> String {
        self.people[actor].say(text);
        format!("{}: {text}", self.people[actor].name)
    }

    fn come(&mut self, actor: usize) -> String {
        let came = self.people[actor].log_in(self.program.address);
        if self.website_is_away {
            assert_eq!(came, Err(-4), "{} cannot be checked", self.people[actor].name);
        } else if let Err(error) = came {
            assert_eq!(error, 9, "{} may not come in", self.people[actor].name);
            // The reason may not have been looked at yet.
            self.settle();
            let account = &self.people[actor].account;
            let mut relatives = self.people.iter().filter(|person| person.account == *account);
            let reason = relatives.any(|person| person.was_thrown_out);
            assert!(reason, "{} is refused without a reason", self.people[actor].name);
        }
        format!("{} comes: {}", self.people[actor].name, came.is_ok())
    }

    /// A person, online or not, in some case.
    fn name(&mut self) -> String {
        let person = self.chance.below(self.people.len());
        let name = self.people[person].name.clone();
        match self.chance.below(6) {
            0 => name.to_lowercase(),
            1 => name.to_uppercase(),
            _ => name,
        }
    }

    fn any_channel(&mut self) -> String {
        if self.chance.once_in(2) || self.rooms.is_empty() {
            return PUBLIC[self.chance.below(PUBLIC.len())].to_owned();
        }
        let room = self.rooms[self.chance.below(self.rooms.len())].clone();
        if self.chance.once_in(3) {
            room.to_lowercase()
        } else {
            room
        }
    }

    /// A channel that the actor is in, or any.
    fn own_channel(&mut self, actor: usize) -> String {
        let own: Vec<String> = self.people[actor].view.channels.keys().cloned().collect();
        match self.chance.pick(&own) {
            Some(channel) if !self.chance.once_in(10) => channel.clone(),
            _ => self.any_channel(),
        }
    }

    fn talk(&mut self, actor: usize) -> String {
        self.said += 1;
        let message = format!("no. {} <&> {}", self.said, "words ".repeat(self.chance.below(20)));
        let channel = self.own_channel(actor);
        match self.chance.below(5) {
            0 => format!("LRP {}", json!({"channel": channel, "message": message})),
            1 => format!("PRI {}", json!({"recipient": self.name(), "message": message})),
            2 => {
                let dice = DICE[self.chance.below(DICE.len())];
                if self.chance.once_in(3) {
                    format!("RLL {}", json!({"recipient": self.name(), "dice": dice}))
                } else {
                    format!("RLL {}", json!({"channel": channel, "dice": dice}))
                }
            }
            _ => format!("MSG {}", json!({"channel": channel, "message": message})),
        }
    }

    fn come_and_go(&mut self, actor: usize) -> String {
        match self.chance.below(10) {
            0..3 => format!("LCH {}", json!({"channel": self.own_channel(actor)})),
            3 => format!(
                "CCR {}",
                json!({"channel": format!("{}'s <room>", self.people[actor].name)})
            ),
            4..6 => {
                let invited: Vec<String> = self.people[actor].view.invitations.iter().cloned().collect();
                let channel = self
                    .chance
                    .pick(&invited)
                    .cloned()
                    .unwrap_or_else(|| "nowhere".into());
                format!("JCH {}", json!({"channel": channel}))
            }
            _ => format!("JCH {}", json!({"channel": self.any_channel()})),
        }
    }

    fn be_social(&mut self, actor: usize) -> String {
        match self.chance.below(7) {
            0 => format!("TPN {}", json!({"character": self.name(), "status": "typing"})),
            1..3 => {
                let status = STATUSES[self.chance.below(STATUSES.len())];
                format!(
                    "STA {}",
                    json!({"status": status, "statusmsg": format!("<é> {}", self.said)})
                )
            }
            3 => format!("IGN {}", json!({"action": "add", "character": self.name()})),
            4 => format!("IGN {}", json!({"action": "delete", "character": self.name()})),
            5 => {
                let action = ["list", "notify", "delete"][self.chance.below(3)];
                let character = if action == "delete" {
                    "*".to_owned()
                } else {
                    self.name()
                };
                format!("IGN {}", json!({"action": action, "character": character}))
            }
            _ => format!(
                "CIU {}",
                json!({"channel": self.own_channel(actor), "character": self.name()})
            ),
        }
    }

    /// A moderator at work, or a person that would like to be one.
    fn run_a_channel(&mut self) -> String {
        let mut moderators = Vec::new();
        for (number, person) in self
            .people
            .iter()
            .enumerate()
            .filter(|(_, person)| person.is_online())
        {
            for (channel, known) in &person.view.channels {
                if known.moderators.contains(&person.name) || number < ADMINISTRATORS {
                    moderators.push((number, channel.clone()));
                }
            }
        }
        let somebody = self.chance.below(self.people.len());
        let (actor, channel) = match self.chance.pick(&moderators) {
            Some(found) if !self.chance.once_in(5) => found.clone(),
            _ => (somebody, self.any_channel()),
        };
        let members = self.people[actor].view.channels.get(&channel);
        let members: Vec<String> = members
            .map(|known| known.members.iter().cloned().collect())
            .unwrap_or_default();
        let name = match self.chance.pick(&members) {
            Some(member) if !self.chance.once_in(3) => member.clone(),
            _ => self.name(),
        };
        let target = json!({"channel": channel, "character": name});
        let text = match self.chance.below(24) {
            0..3 => format!("CKU {target}"),
            3..5 => format!("CBU {target}"),
            5..7 => {
                let length = self.chance.below(100);
                format!(
                    "CTU {}",
                    json!({"channel": channel, "character": name, "length": length})
                )
            }
            7..10 => format!("CUB {target}"),
            10..13 => format!("COA {target}"),
            13..15 => format!("COR {target}"),
            15 => format!("CSO {target}"),
            16..18 => format!(
                "CDS {}",
                json!({"channel": channel, "description": format!("<{}>", self.said)})
            ),
            18 => {
                let mode = ["chat", "ads", "both", "both"][self.chance.below(4)];
                format!("RMO {}", json!({"channel": channel, "mode": mode}))
            }
            19..22 => {
                let status = ["public", "private"][self.chance.below(2)];
                format!("RST {}", json!({"channel": channel, "status": status}))
            }
            22 => format!("CBL {}", json!({"channel": channel})),
            // The public channels of the evening stay.
            _ if channel.starts_with("ADH-") && self.chance.once_in(2) => {
                format!("KIC {}", json!({"channel": channel}))
            }
            _ => format!("CIU {target}"),
        };
        self.say(actor, &text)
    }

    /// Staff at work, or a person that plays staff.
    fn run_the_server(&mut self) -> String {
        let operators: Vec<usize> = (0..self.people.len())
            .filter(|number| {
                let person = &self.people[*number];
                *number < ADMINISTRATORS || person.view.operators.contains(&person.name)
            })
            .collect();
        let somebody = self.chance.below(self.people.len());
        let actor = if self.chance.once_in(5) {
            somebody
        } else {
            *self.chance.pick(&operators).unwrap()
        };
        let name = self.name();
        let target = json!({"character": name});
        let text = match self.chance.below(16) {
            0 => format!("AOP {target}"),
            1..3 => {
                let dismissed = self.people[*self.chance.pick(&operators).unwrap()].name.clone();
                format!("DOP {}", json!({"character": dismissed}))
            }
            3 => format!("RWD {target}"),
            4 => format!("BRO {}", json!({"message": "good <evening>"})),
            5..7 => format!("KIK {target}"),
            7 if self.chance.once_in(2) => format!("ACB {target}"),
            8 if self.chance.once_in(2) => format!(
                "TMO {}",
                json!({"character": name, "time": 1 + self.chance.below(95), "reason": "hm"})
            ),
            // A person that is banned should not miss the whole evening.
            7..14 => {
                let kept_out: Vec<String> = self
                    .people
                    .iter()
                    .filter(|person| person.was_thrown_out && !person.is_online())
                    .map(|person| person.name.clone())
                    .collect();
                let name = self.chance.pick(&kept_out).cloned().unwrap_or(name);
                format!("UNB {}", json!({"character": name}))
            }
            14 => "PCR".to_owned(),
            _ => {
                let calls = self.people[actor].view.calls.clone();
                let call = self.chance.pick(&calls).cloned().unwrap_or_default();
                format!("SFC {}", json!({"action": "confirm", "callid": call}))
            }
        };
        self.say(actor, &text)
    }

    fn ask(&mut self, actor: usize) -> String {
        let target = json!({"character": self.name()});
        match self.chance.below(8) {
            0 => "UPT".to_owned(),
            1 => "CHA".to_owned(),
            2 => "ORS {}".to_owned(),
            3 => format!("PRO {target}"),
            4 => format!("KIN {target}"),
            5 => "FRL".to_owned(),
            6 => format!("FKS {}", json!({"kinks": [5], "genders": ["Male", "None"]})),
            _ => {
                let own: Vec<String> = self.people[actor].view.channels.keys().cloned().collect();
                let Some(channel) = self.chance.pick(&own) else {
                    return "PIN".to_owned();
                };
                self.people[actor].view.asked.insert(channel.clone());
                format!("COL {}", json!({"channel": channel}))
            }
        }
    }

    fn report(&mut self, actor: usize) -> String {
        let tab = self.own_channel(actor);
        self.reports += 1;
        format!(
            "SFC {}",
            json!({"action": "report", "report": format!("<{}>", self.said), "tab": tab, "logid": self.reports})
        )
    }

    fn leave_or_come_again(&mut self, actor: usize) -> String {
        if self.chance.once_in(3) {
            return self.come(actor);
        }
        // Not every client says goodbye.
        if let Some(mut socket) = self.people[actor].socket.take()
            && self.chance.once_in(2)
        {
            socket.close().unwrap();
        }
        format!("{} goes", self.people[actor].name)
    }

    fn talk_nonsense(&mut self) -> String {
        let nonsense = [
            "XYZ",
            "MSG {",
            "JCH []",
            "PRI {\"recipient\": 5}",
            "CKU {\"channel\": {}}",
            "STA null",
            "VAR",
            "AWC",
        ];
        nonsense[self.chance.below(nonsense.len())].to_owned()
    }
}
