//! The table of commands: each code that the server or its own scripts send or take, with its nature. A code that is
//! not in the table belongs to the scripts of a site; the server will never use a code that begins with X.
//!
//! To add a command, add its line here, its function in `script/`, and its line in `docs/protocol.md`.

use super::Code;
use super::nature::{Names, Nature, Order};

const PLAIN: Nature = Nature::PLAIN;
const MESSAGE: Nature = PLAIN.talk().held().ordered(Order::Message);
const PRESENCE: Nature = PLAIN.presence();
const KEEPS_NAME: Nature = PLAIN.names(Names::Kept);
const ADDS_NAME: Nature = PLAIN.names(Names::KeptWhenAdded);

/// All known commands. A command with several properties stands under the most telling one.
pub const TABLE: &[(Code, Nature)] = &[
    // Messages between people.
    row(b"MSG", MESSAGE),
    row(b"PRI", MESSAGE),
    row(b"LRP", MESSAGE),
    row(b"RLL", MESSAGE),
    // Other talk.
    row(b"TPN", PLAIN.talk().ordered(Order::BehindToSelf)),
    row(b"STA", PLAIN.talk()),
    row(b"PIN", PLAIN.talk()),
    // The presence of a character.
    row(b"NLN", PRESENCE),
    row(b"FLN", PRESENCE),
    row(b"JCH", PRESENCE.ordered(Order::BehindLeave)),
    row(b"LCH", PRESENCE.ordered(Order::Behind)),
    // Commands that keep or relay the name of a character.
    row(b"ACB", KEEPS_NAME),
    row(b"AOP", KEEPS_NAME),
    row(b"TMO", KEEPS_NAME),
    row(b"CBU", KEEPS_NAME.weighing(2)),
    row(b"COA", KEEPS_NAME.weighing(2)),
    row(b"CSO", KEEPS_NAME.weighing(2)),
    row(b"CTU", KEEPS_NAME.weighing(2)),
    row(b"HLB", ADDS_NAME),
    row(b"IGN", ADDS_NAME),
    row(b"SCP", ADDS_NAME),
    // Commands that ask for the attention of a person, change something on disk, or search.
    row(b"CCR", PLAIN.weighing(5)),
    row(b"CDS", PLAIN.weighing(5)),
    row(b"CIU", PLAIN.weighing(5)),
    row(b"CTO", PLAIN.weighing(5)),
    row(b"FKS", PLAIN.weighing(3)),
    row(b"COR", PLAIN.weighing(2)),
    row(b"CUB", PLAIN.weighing(2)),
    row(b"RMO", PLAIN.weighing(2)),
    row(b"RST", PLAIN.weighing(2)),
    row(b"SFC", PLAIN.weighing(2)),
    // All others.
    row(b"ADL", PLAIN),
    row(b"AWC", PLAIN),
    row(b"BRO", PLAIN),
    row(b"CBL", PLAIN),
    row(b"CHA", PLAIN),
    row(b"CKU", PLAIN),
    row(b"CLK", PLAIN),
    row(b"COL", PLAIN),
    row(b"CON", PLAIN),
    row(b"CRC", PLAIN),
    row(b"CSL", PLAIN),
    row(b"DOP", PLAIN),
    row(b"ERR", PLAIN),
    row(b"FRL", PLAIN),
    row(b"HLO", PLAIN),
    row(b"ICH", PLAIN),
    row(b"IDN", PLAIN),
    row(b"KIC", PLAIN),
    row(b"KID", PLAIN),
    row(b"KIK", PLAIN),
    row(b"KIN", PLAIN),
    row(b"LIS", PLAIN),
    row(b"NBL", PLAIN),
    row(b"NBN", PLAIN),
    row(b"NUB", PLAIN),
    row(b"ORS", PLAIN),
    row(b"PCR", PLAIN),
    row(b"PRD", PLAIN),
    row(b"PRO", PLAIN),
    row(b"RGP", PLAIN),
    row(b"RLD", PLAIN),
    row(b"RTB", PLAIN),
    row(b"RWD", PLAIN),
    row(b"SYS", PLAIN),
    row(b"UBN", PLAIN),
    row(b"UNB", PLAIN),
    row(b"UPT", PLAIN),
    row(b"VAR", PLAIN),
    row(b"ZZZ", PLAIN),
];

const fn row(code: &'static [u8; 3], nature: Nature) -> (Code, Nature) {
    (Code::new(code), nature)
}
