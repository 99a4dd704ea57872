//! The table of attacks. Each row is one kind; [`Plan`] describes the actions of its sockets.

use std::net::SocketAddr;
use std::time::Duration;

use crate::siege::attacks::{Attack, Play};
use crate::siege::horde::{PLAN, Plan, Sources, Who, text};
use crate::siege::http;
use crate::siege::tally::Tally;

/// The usual size of a batch, in bytes.
const BATCH: usize = 64 << 10;
/// Maximum size of one message with its command, in bytes.
const LARGE: usize = 500_000;

/// A batch filled with copies of a small message.
fn flood(message: &str) -> Vec<u8> {
    let one = text(message);
    one.repeat((BATCH / one.len()).max(1))
}

fn both(first: &str, second: &str) -> Vec<u8> {
    let pair = [text(first), text(second)].concat();
    pair.repeat(8)
}

const fn sockets(name: &'static str, about: &'static str, plan: Plan) -> Attack {
    Attack {
        name,
        about,
        settings: &[],
        channels: &[],
        play: Play::Sockets(plan),
    }
}

const fn web(
    name: &'static str,
    about: &'static str,
    attack: fn(SocketAddr, &(dyn Fn() -> bool + Sync)) -> Tally,
) -> Attack {
    Attack {
        name,
        about,
        settings: &[],
        channels: &[],
        play: Play::Http(attack),
    }
}

/// Users of a public channel, some of which attack it.
const ARENA: Plan = Plan {
    sockets: 104,
    first: &[r#"JCH {"channel":"Arena"}"#],
    others: &[r#"JCH {"channel":"Arena"}"#],
    speakers: (100, 104),
    ..PLAN
};

/// A room that the first socket creates, with 30 members.
const ROOM: Plan = Plan {
    sockets: 31,
    first: &[r#"CCR {"channel":"Arena"}"#],
    others: &[r#"JCH {"channel":"{room}"}"#],
    speakers: (0, 1),
    ..PLAN
};

/// All attacks.
pub const ATTACKS: &[Attack] = &[
    sockets(
        "empty-frames",
        "40 sockets send empty texts",
        Plan {
            sockets: 40,
            who: Who::Nobody,
            words: |_| flood(""),
            ..PLAN
        },
    ),
    sockets(
        "empty-frames-inside",
        "the same by 40 logged-in users",
        Plan {
            sockets: 40,
            words: |_| flood(""),
            ..PLAN
        },
    ),
    sockets(
        "pings",
        "40 sockets send pings",
        Plan {
            sockets: 40,
            words: |_| [0x89, 0x80, 0, 0, 0, 0].repeat(BATCH / 6),
            ..PLAN
        },
    ),
    sockets(
        "tiny-commands",
        "137 sockets send XXX and read the answers",
        Plan {
            sockets: 137,
            who: Who::Nobody,
            words: |_| flood("XXX"),
            ..PLAN
        },
    ),
    sockets(
        "tiny-commands-unread",
        "137 sockets send XXX and do not read",
        Plan {
            sockets: 137,
            who: Who::Nobody,
            reads: false,
            words: |_| flood("XXX"),
            ..PLAN
        },
    ),
    sockets(
        "tiny-commands-inside",
        "137 logged-in users send XXX and do not read",
        Plan {
            sockets: 137,
            reads: false,
            words: |_| flood("XXX"),
            ..PLAN
        },
    ),
    Attack {
        settings: &["maxconnections=2000"],
        ..sockets(
            "idlers",
            "3,000 sockets of 30 addresses never identify and send PIN; there is room for 2,000",
            Plan {
                sockets: 3_000,
                sources: Sources::Few(30),
                who: Who::Nobody,
                words: |_| text("PIN"),
                pause: Duration::from_secs(10),
                ..PLAN
            },
        )
    },
    sockets(
        "before-log-in",
        "40 sockets ask for channels before they identify",
        Plan {
            sockets: 40,
            who: Who::Nobody,
            words: |_| flood(r#"JCH {"channel":"Arena"}"#),
            ..PLAN
        },
    ),
    sockets(
        "bad-tickets",
        "40 sockets identify with wrong tickets and come back",
        Plan {
            sockets: 40,
            who: Who::Pretender,
            ..PLAN
        },
    ),
    web(
        "slow-bodies",
        "64 pictures are sent a byte at a time from one address",
        |server, stop| http::slow_bodies(server, stop),
    ),
    web(
        "slow-heads",
        "64 requests begin and never end, from one address",
        |server, stop| http::slow_heads(server, stop),
    ),
    web(
        "log-in-storm",
        "the right password, ten times at once, from one address",
        http::log_in_storm,
    ),
    web(
        "wrong-passwords",
        "wrong passwords from ever new addresses",
        http::wrong_passwords,
    ),
    Attack {
        settings: &["registration=open"],
        ..web(
            "registrations",
            "new accounts from ever new addresses",
            http::registrations,
        )
    },
    web("requests", "the page without a pause", http::requests),
    Attack {
        channels: &["Arena"],
        ..sockets(
            "reconnecting-talker",
            "4 of 104 in a channel log in, say six lines, leave, and come back",
            Plan {
                words: |turn| {
                    text(&format!(
                        r#"MSG {{"channel":"Arena","message":"line {}"}}"#,
                        turn.said
                    ))
                },
                stays_for: Some(6),
                ..ARENA
            },
        )
    },
    sockets(
        "flapping",
        "20 characters of 4 accounts log in and leave",
        Plan {
            sockets: 20,
            who: Who::Shared,
            words: |_| text("PIN"),
            stays_for: Some(1),
            ..PLAN
        },
    ),
    Attack {
        channels: &["Arena"],
        ..sockets(
            "join-leave",
            "4 of 104 in a channel leave and join in turn",
            Plan {
                words: |_| both(r#"LCH {"channel":"Arena"}"#, r#"JCH {"channel":"Arena"}"#),
                ..ARENA
            },
        )
    },
    sockets(
        "invitations",
        "an owner invites one of the quiet people over and over",
        Plan {
            words: |turn| {
                flood(&format!(
                    r#"CIU {{"channel":"{}","character":"Quiet 1"}}"#,
                    turn.room
                ))
            },
            first: &[r#"CCR {"channel":"Arena"}"#],
            ..PLAN
        },
    ),
    sockets(
        "typing",
        "10 people tell one of the quiet people that they type",
        Plan {
            sockets: 10,
            words: |_| {
                both(
                    r#"TPN {"character":"Quiet 1","status":"typing"}"#,
                    r#"TPN {"character":"Quiet 1","status":"clear"}"#,
                )
            },
            ..PLAN
        },
    ),
    sockets(
        "private",
        "10 people write to one of the quiet people",
        Plan {
            sockets: 10,
            words: |_| flood(r#"PRI {"recipient":"Quiet 1","message":"hello there"}"#),
            ..PLAN
        },
    ),
    sockets(
        "moderators",
        "an owner makes and unmakes a moderator in a room of 30",
        Plan {
            words: |turn| {
                both(
                    &format!(r#"COA {{"channel":"{}","character":"Mallory 1"}}"#, turn.room),
                    &format!(r#"COR {{"channel":"{}","character":"Mallory 1"}}"#, turn.room),
                )
            },
            ..ROOM
        },
    ),
    sockets(
        "moderators-growth",
        "an owner makes ever more names moderators in a room of 30",
        Plan {
            words: |turn| {
                text(&format!(
                    r#"COA {{"channel":"{}","character":"Name {}"}}"#,
                    turn.room, turn.said
                ))
            },
            ..ROOM
        },
    ),
    sockets(
        "descriptions",
        "an owner changes a long description in a room of 30",
        Plan {
            words: |turn| {
                let long = "x".repeat(40_000);
                text(&format!(
                    r#"CDS {{"channel":"{}","description":"{long}"}}"#,
                    turn.room
                ))
            },
            ..ROOM
        },
    ),
    sockets(
        "room-status",
        "an owner opens and closes a room of 30",
        Plan {
            words: |turn| {
                both(
                    &format!(r#"RST {{"channel":"{}","status":"private"}}"#, turn.room),
                    &format!(r#"RST {{"channel":"{}","status":"public"}}"#, turn.room),
                )
            },
            ..ROOM
        },
    ),
    sockets(
        "rooms",
        "five characters found rooms, open them, and leave",
        Plan {
            sockets: 5,
            who: Who::Shared,
            words: |turn| text(&format!(r#"CCR {{"channel":"Room {}"}}"#, turn.said)),
            stays_for: Some(70),
            ..PLAN
        },
    ),
    sockets(
        "room-lists",
        "20 people ask for all lists without end",
        Plan {
            sockets: 20,
            words: |_| [flood("ORS"), flood("CHA"), flood("UPT")].concat(),
            ..PLAN
        },
    ),
    sockets(
        "reports",
        "a user reports to the staff with 490 kB of text",
        Plan {
            words: |_| {
                let long = "x".repeat(490_000);
                text(&format!(
                    r#"SFC {{"action":"report","report":"{long}","character":"Quiet 1"}}"#
                ))
            },
            ..PLAN
        },
    ),
    Attack {
        channels: &["Arena"],
        ..sockets(
            "dice",
            "4 of 104 in a channel roll 490 kB of zeros",
            Plan {
                words: |_| {
                    let zeros = "0".repeat(490_000);
                    text(&format!(r#"RLL {{"channel":"Arena","dice":"1d{zeros}"}}"#))
                },
                ..ARENA
            },
        )
    },
    sockets(
        "ignored-names",
        "a person ignores names of 490 kB, then short ones",
        Plan {
            words: |turn| {
                if turn.said < 80 {
                    let long = "x".repeat(LARGE - 100);
                    text(&format!(
                        r#"IGN {{"action":"add","character":"{long}{}"}}"#,
                        turn.said
                    ))
                } else {
                    flood(r#"IGN {"action":"add","character":"y"}"#)
                }
            },
            ..PLAN
        },
    ),
    sockets(
        "banned-names",
        "an owner bans names of 490 kB, and asks for the list",
        Plan {
            first: &[r#"CCR {"channel":"Arena"}"#],
            words: |turn| {
                let room = turn.room;
                if turn.said < 80 {
                    let long = "x".repeat(LARGE - 200);
                    text(&format!(
                        r#"CBU {{"channel":"{room}","character":"{long}{}"}}"#,
                        turn.said
                    ))
                } else {
                    flood(&format!(r#"CBL {{"channel":"{room}"}}"#))
                }
            },
            ..PLAN
        },
    ),
    sockets(
        "status",
        "20 people change their status without end",
        Plan {
            sockets: 20,
            words: |turn| {
                flood(&format!(
                    r#"STA {{"status":"looking","statusmsg":"{}"}}"#,
                    turn.said
                ))
            },
            ..PLAN
        },
    ),
    sockets(
        "searches",
        "20 people search and look at profiles",
        Plan {
            sockets: 20,
            words: |_| {
                [
                    flood(r#"FKS {"kinks":["1"]}"#),
                    flood(r#"PRO {"character":"Quiet 1"}"#),
                ]
                .concat()
            },
            ..PLAN
        },
    ),
    Attack {
        channels: &["Arena"],
        ..sockets(
            "long-lines",
            "4 of 104 in a channel say lines of 490 kB",
            Plan {
                words: |_| {
                    let long = "x".repeat(490_000);
                    text(&format!(r#"MSG {{"channel":"Arena","message":"{long}"}}"#))
                },
                ..ARENA
            },
        )
    },
    Attack {
        channels: &["Arena"],
        ..sockets(
            "lines",
            "4 of 104 in a channel talk without end",
            Plan {
                words: |_| flood(r#"MSG {"channel":"Arena","message":"a line"}"#),
                ..ARENA
            },
        )
    },
    sockets(
        "deep-json",
        "20 people send 490 kB of brackets",
        Plan {
            sockets: 20,
            words: |_| text(&format!("MSG {{\"channel\":{}", "[".repeat(490_000))),
            ..PLAN
        },
    ),
    sockets(
        "unread-list",
        "100 people ask for everything and read nothing",
        Plan {
            sockets: 100,
            reads: false,
            words: |_| {
                [
                    flood(r#"PRO {"character":"Quiet 1"}"#),
                    flood("ORS"),
                    flood("XXX"),
                ]
                .concat()
            },
            ..PLAN
        },
    ),
];
