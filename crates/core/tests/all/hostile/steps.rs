//! The steps of hostile people, login providers and websites, as a strategy.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Places from which clients come; each has one connection at a time.
pub(crate) const SEATS: u8 = 6;

/// The people of the connections. The roles of some come from the site and from the login check.
pub(crate) const PEOPLE: [&str; SEATS as usize] =
    ["Admin Ann", "Bob", "Owner", "Globalmod", "Modder", "Roomowner"];

pub(crate) const ROOM: &str = "ADH-0123456789abcdef0123";

/// Every command that a client may send, some that only servers send, and none.
const CODES: &str = "ACB AOP AWC BRO CBL CBU CCR CDS CHA CIU CKU COA COL COR CRC CSO CTO CTU CUB DOP FKS FRL IDN IGN JCH \
    KIC KIK KIN LCH LRP MSG ORS PCR PIN PRI PRO RLD RLL RMO RST RWD SCP SFC STA TMO TPN UNB UPT VAR \
    ZZZ ERR NLN QQQ msg";

/// Every field that some command reads, and values that it may take for good.
const FIELDS: &str = include_str!("fields.txt");

/// Values that some command takes for good, and values that none does.
const VALUES: &str = include_str!("values.txt");

/// The answers of strange login providers.
const ANSWERS: &str = include_str!("answers.txt");

/// One thing that happens; the first number is the seat.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Open(u8),
    Say(u8, String),
    Close(u8),
    /// The connection breaks without a word.
    Break(u8),
    /// `IDN`, answered as the person of the seat deserves.
    LogIn(u8),
    /// `IDN`, and any answer of the login provider to it.
    Answer(u8, Option<String>),
    Bridge(String, String),
    Web(u64, u16, String),
    Pass(u64),
}

fn value() -> BoxedStrategy<String> {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let long = |length: usize| format!("\"{}\"", "x".repeat(length));
    prop_oneof![
        20 => select(VALUES.lines().collect::<Vec<_>>()).prop_map(str::to_owned),
        1 => select(vec![10, 31, 32, 33, 5_000]).prop_map(deep),
        1 => select(vec![64, 65, 255, 256, 4_097, 60_000]).prop_map(long),
        1 => "\\PC{0,12}".prop_map(|text| format!("{text:?}")),
        1 => any::<f64>().prop_map(|number| number.to_string()),
    ]
    .boxed()
}

/// A field with a value, more often a good one than not.
fn member(name: &'static str) -> BoxedStrategy<(&'static str, String)> {
    let good = FIELDS.lines().filter_map(|line| line.split_once(": "));
    let good = good.filter(|(field, _)| *field == name);
    let good: Vec<&str> = good.flat_map(|(_, values)| values.split(" | ")).collect();
    if good.is_empty() {
        return value().prop_map(move |value| (name, value)).boxed();
    }
    let value = prop_oneof![5 => select(good).prop_map(str::to_owned), 1 => value()];
    value.prop_map(move |value| (name, value)).boxed()
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Some of `fields`, or no object at all.
fn payload(fields: Vec<&'static str>) -> BoxedStrategy<String> {
    let field = select(fields).prop_flat_map(member);
    prop_oneof![
        12 => vec(field, 0..5).prop_map(|members| object(&members)),
        1 => value(),
        1 => "\\PC{0,20}",
    ]
    .boxed()
}

/// Fields that go together, so that commands get past their first checks.
const SHAPES: &str = "\
CBU CIU CKU COA COR CSO CTU CUB: channel character
CTU: channel character length
MSG LRP: channel message
PRI: recipient message
JCH LCH CBL COL CCR CRC KIC: channel
RLL: channel dice
RLL: recipient dice
RMO: channel mode
RST: channel status
CDS: channel description
CTO: channel topic
IGN SCP: action character
SFC: action report callid tab logid
TMO: character time reason
ACB AOP DOP KIK KIN PRO RWD UNB: character
STA: status statusmsg
TPN: character status
ZZZ: command arg
FKS: kinks genders orientations roles
IDN: method account ticket character cname cversion";

/// A message of a client.
pub(crate) fn message() -> BoxedStrategy<String> {
    let shapes = SHAPES.lines().filter_map(|line| line.split_once(": "));
    let shaped = select(shapes.collect::<Vec<_>>()).prop_flat_map(|(codes, fields)| {
        let code = select(codes.split_whitespace().collect::<Vec<_>>());
        let members = fields.split_whitespace().map(member);
        (code, members.collect::<Vec<_>>()).prop_map(|(code, members)| format!("{code} {}", object(&members)))
    });
    let fields = FIELDS.lines().filter_map(|line| line.split_once(": "));
    let fields = fields.map(|(name, _)| name).collect();
    let code = || select(CODES.split_whitespace().collect::<Vec<_>>());
    prop_oneof![
        8 => shaped,
        4 => (code(), payload(fields)).prop_map(|(code, payload)| format!("{code} {payload}")),
        1 => code().prop_map(str::to_owned),
        1 => "\\PC{0,8}",
        1 => vec(any::<u8>(), 0..20).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
    .boxed()
}

pub(crate) fn step() -> BoxedStrategy<Step> {
    let seat = 0..SEATS;
    let answer = select(ANSWERS.lines().collect::<Vec<_>>()).prop_map(|answer| Some(answer.to_owned()));
    let bridge = select(vec!["RTB", "HLB", "KIK", "CDL", "QQQ", "", "ident"]);
    prop_oneof![
        40 => (seat.clone(), message()).prop_map(|(seat, text)| Step::Say(seat, text)),
        3 => seat.clone().prop_map(Step::Open),
        1 => seat.clone().prop_map(Step::Close),
        3 => seat.clone().prop_map(Step::Break),
        6 => seat.clone().prop_map(Step::LogIn),
        2 => (seat.clone(), answer).prop_map(|(seat, answer)| Step::Answer(seat, answer)),
        1 => seat.prop_map(|seat| Step::Answer(seat, None)),
        2 => (bridge, payload(vec!["a", "c", "n", "s"])).prop_map(|(code, payload)| Step::Bridge(code.to_owned(), payload)),
        1 => (0..5_u64, any::<u16>(), value()).prop_map(|(id, status, body)| Step::Web(id, status, body)),
        6 => select(vec![1, 500, 1_000, 10_000, 40_000, 700_000]).prop_map(Step::Pass),
    ]
    .boxed()
}
