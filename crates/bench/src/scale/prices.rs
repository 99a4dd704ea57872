//! All assumptions of the simulation: habits of people, sizes of frames, and prices.
//!
//! Prices that say "measured" are from BENCHMARKS.md. All others are assumptions or arithmetic, and
//! docs/scale.md lists them as such.

/// Accounts for each person online in the busiest hour.
pub const ACCOUNTS_TENTHS: usize = 25;
/// The mean length of a session.
pub const SESSION_SECONDS: f64 = 7_200.0;
/// A person changes the status once in this time.
pub const STATUS_SECONDS: f64 = 1_800.0;
/// A person says a line once in this time.
pub const LINE_SECONDS: f64 = 60.0;
/// A person brings another channel to the screen once in this time.
pub const OPEN_SECONDS: f64 = 300.0;
/// Of 100 lines, this many are private.
pub const PRIVATE_PERCENT: usize = 40;
/// A person is in 1 to this many channels, all numbers alike.
pub const CHANNELS_MAX: usize = 9;
/// Friends, bookmarks and open private tabs of a person, online or not.
pub const ACQUAINTANCES: usize = 23;
/// The share of people online at the quietest time is `MIDDLE - SWING`, at the busiest `MIDDLE + SWING`.
pub const MIDDLE: f64 = 0.65;
/// See [`MIDDLE`].
pub const SWING: f64 = 0.35;
/// The busiest time of the day.
pub const BUSIEST_SECONDS: f64 = 21.0 * 3_600.0;

/// Above this number of members a channel sends its members on demand.
pub const LARGE: u64 = 200;
/// Rows of the list of members that a client shows at a time.
pub const WINDOW_ROWS: u64 = 50;
/// Of 100 members of a large channel, this many have its list of members on the screen.
pub const WINDOW_PERCENT: u64 = 25;

/// Mean bytes of a name of a character; of a channel with its title; of a gender or a status; of a status
/// message, many being empty; of the text of a line.
pub const NAME: u64 = 12;
/// See [`NAME`].
pub const TITLE: u64 = 24;
/// See [`NAME`].
pub const WORD: u64 = 6;
/// See [`NAME`].
pub const STATUS_MESSAGE: u64 = 30;
/// See [`NAME`].
pub const TEXT: u64 = 120;

/// `NLN`, with the header of its WebSocket frame.
pub const NLN: u64 = short(r#"NLN {"status":"online","identity":"","gender":""}"#) + NAME + WORD;
/// `FLN`
pub const FLN: u64 = short(r#"FLN {"character":""}"#) + NAME;
/// `STA`
pub const STA: u64 =
    short(r#"STA {"status":"","character":"","statusmsg":""}"#) + WORD + NAME + STATUS_MESSAGE;
/// `MSG`
pub const MSG: u64 = long(r#"MSG {"character":"","message":"","channel":""}"#) + NAME + TEXT + TITLE;
/// `PRI`
pub const PRI: u64 = long(r#"PRI {"character":"","message":""}"#) + NAME + TEXT;
/// `JCH`
pub const JCH: u64 = short(r#"JCH {"character":{"identity":""},"channel":"","title":""}"#) + NAME + 2 * TITLE;
/// A row of `LIS`, which is also the row of a list on demand.
pub const ROW: u64 = r#"["","","",""],"#.len() as u64 + NAME + 2 * WORD + STATUS_MESSAGE;
/// A row of `ICH`.
pub const ICH_ROW: u64 = r#"{"identity":""},"#.len() as u64 + NAME;

/// The bytes of a WebSocket frame up to 125 bytes, without its variable parts.
const fn short(text: &str) -> u64 {
    text.len() as u64 + 2
}

/// The bytes of a longer WebSocket frame, without its variable parts.
const fn long(text: &str) -> u64 {
    text.len() as u64 + 4
}

/// Clients of an edge.
pub const EDGE_CLIENTS: usize = 50_000;
/// Bytes around a frame between core and edge.
pub const LINK_HEADER: u64 = 16;
/// Bytes of a named recipient or channel between core and edge.
pub const LINK_NAME: u64 = 6;
/// Time for which an edge gathers presence.
pub const GATHER_SECONDS: f64 = 0.1;
/// All people log in again within this time after the worst outage.
pub const RETURN_SECONDS: f64 = 600.0;

/// A command in the core with edges and a standby in other processes, in nanoseconds: 9.5 µs at moderate load
/// was measured with a prototype.
pub const COMMAND_NS: u64 = 9_500;
/// A row of a list that the core copies: measured, 40 µs for a log-in with 10,000 rows.
pub const ROW_NS: u64 = 4;
/// A recipient that the core has to name.
pub const RECIPIENT_NS: u64 = 50;
/// A message between shards, sent or received in a batch.
pub const BETWEEN_NS: u64 = 1_000;
/// A delivery that shares its write with many: measured, `presence`.
pub const SHARED_US: f64 = 0.028;
/// A delivery with a write of its own: measured, channel of 200 at 200 messages/s.
pub const ALONE_US: f64 = 4.0;

/// A person in the core: the design's estimate, from 500 bytes in the image.
pub const PERSON: u64 = 2_000;
/// A connection at its edge: measured, 2.99 KiB with the person in the core of the same process.
pub const CONNECTION: u64 = 3_062;
/// An entry in an index of watchers.
pub const WATCH: u64 = 8;
