//! One channel: public, or a room that people made.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fchatd_protocol::exchange::ChannelId;
use fchatd_protocol::name::TOPIC_ESCAPED_BYTES_MAX;
use fchatd_protocol::snapshot::ChannelHead;
use fchatd_protocol::text::cut_escaped;
use serde::{Deserialize, Serialize};

use crate::people::PersonId;
use crate::world::ConnectionKey;

/// The largest description that is taken over, in bytes; more than the largest `cds_max`.
const DESCRIPTION_BYTES_MAX: usize = 2_621_440;

/// The type of a channel: its creator and its door (docs/protocol.md, channels and rooms).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Official and permanent.
    Public,
    /// A room for the invited.
    Private,
    /// A room that was made open.
    PubPrivate,
}

impl Kind {
    /// The name scripts know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Public => "public",
            Kind::Private => "private",
            Kind::PubPrivate => "pubprivate",
        }
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Kind::Public, Kind::Private, Kind::PubPrivate]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// The kinds of messages that a channel allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Messages only.
    Chat,
    /// Ads only.
    Ads,
    /// Both.
    Both,
}

impl Mode {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Chat => "chat",
            Mode::Ads => "ads",
            Mode::Both => "both",
        }
    }

    /// The mode of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Mode::Chat, Mode::Ads, Mode::Both]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

/// A ban from a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The name as it was given.
    pub name: Arc<str>,
    /// The character that made the ban.
    pub banner: Arc<str>,
    /// When, in Unix seconds.
    pub time: i64,
    /// Until when, in Unix seconds; 0 for good.
    pub until: i64,
    /// The account of the character; 0 while it is not known.
    pub account: i64,
}

impl Ban {
    /// Whether it is in force at `now` (Unix seconds).
    pub(crate) fn holds(&self, now: i64) -> bool {
        self.until == 0 || self.until > now
    }
}

/// A moderator of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderator {
    /// The name as it was given.
    pub name: Arc<str>,
    /// The character that appointed it.
    pub by: Arc<str>,
    /// When, in Unix seconds.
    pub time: i64,
}

/// One channel.
#[derive(Debug, Serialize, Deserialize)]
pub struct Channel {
    /// The number that the edges use for it.
    pub id: ChannelId,
    /// The name, or `ADH-` and 20 hexadecimal digits for a room.
    pub name: Arc<str>,
    /// The name in lower case, under which it is found.
    pub folded: Arc<str>,
    /// The description that people read; escaped.
    pub title: Arc<str>,
    /// Escaped.
    pub description: Arc<str>,
    /// One line that the lists of channels show, escaped; empty where there is none.
    pub topic: Arc<str>,
    /// The access rule.
    pub kind: Kind,
    /// The kinds of messages that it allows.
    pub mode: Mode,
    /// Whether it lets in moderators and invited people only.
    pub locked: bool,
    /// Slow mode: the least time between two joins, in seconds; 0 without one.
    pub join_pause: u32,
    /// The time at which slow mode let a member speak last, in milliseconds of [`crate::Now::monotonic`]; 0 for never.
    pub(crate) last_join: u64,
    /// The owner's name, empty where there is none.
    pub owner: Arc<str>,
    /// The moderators, in the order of their appointment; the owner needs not be among them.
    pub moderators: Vec<Moderator>,
    /// Bans by the name in lower case.
    pub bans: HashMap<Arc<str>, Ban, foldhash::fast::RandomState>,
    /// Names in lower case of the invited.
    pub invited: HashSet<Arc<str>, foldhash::fast::RandomState>,
    /// Its members.
    pub members: Vec<ConnectionKey>,
    /// Where in `members` a connection stands.
    pub(crate) positions: HashMap<ConnectionKey, u32, foldhash::fast::RandomState>,
    /// Members that the edges do not count as such: see [`crate::absence`].
    pub(crate) absent: Vec<ConnectionKey>,
    /// Until when the room lives on without members (milliseconds), though it would go; 0 for not at all.
    pub(crate) kept_until: u64,
    /// The most members it has had at once.
    pub peak: usize,
    /// Whether it lives on when it is empty, independent of its kind.
    pub permanent: bool,
    /// The person whose limits count the room: the maker, even after a change of the owner. 0 for none.
    pub(crate) maker: PersonId,
    /// Whether a store has it, as far as the changes go that were told.
    pub(crate) kept: bool,
    /// Up to when the time for lists of moderators is used up, in milliseconds of [`crate::Now::monotonic`].
    pub(crate) list_paid: u64,
    /// Whether a list of moderators waits for its time.
    pub(crate) list_due: bool,
    /// The time of the last join, message or leave, in milliseconds of [`crate::Now::monotonic`].
    pub active: u64,
    /// When a character posted its last ad (milliseconds), by the name in lower case: it survives leaving and
    /// reconnecting.
    pub ads: HashMap<Arc<str>, u64, foldhash::fast::RandomState>,
}

impl Channel {
    pub(crate) fn new(name: &str, title: &str, kind: Kind) -> Self {
        let empty: Arc<str> = Arc::from("");
        Self {
            id: ChannelId(u32::MAX),
            name: Arc::from(name),
            folded: Arc::from(&*fchatd_protocol::text::fold(name)),
            title: Arc::from(title),
            description: empty.clone(),
            topic: empty.clone(),
            kind,
            mode: Mode::Both,
            locked: false,
            join_pause: 0,
            last_join: 0,
            owner: empty,
            moderators: Vec::new(),
            bans: HashMap::default(),
            invited: HashSet::default(),
            members: Vec::new(),
            positions: HashMap::default(),
            absent: Vec::new(),
            kept_until: 0,
            peak: 0,
            permanent: kind == Kind::Public,
            maker: 0,
            kept: false,
            list_paid: 0,
            list_due: false,
            active: 0,
            ads: HashMap::default(),
        }
    }

    /// The durable fields, as a store keeps them.
    pub(crate) fn head(&self) -> ChannelHead {
        ChannelHead {
            name: self.name.to_string(),
            title: self.title.to_string(),
            description: self.description.to_string(),
            kind: self.kind.as_str().to_owned(),
            mode: self.mode.as_str().to_owned(),
            owner: self.owner.to_string(),
            peak: self.peak as u64,
            locked: self.locked,
            join_pause: self.join_pause,
            topic: self.topic.to_string(),
            maker: self.maker,
        }
    }

    /// Takes over the durable fields that a channel is not made with. Texts that are longer than a new one may be are cut.
    pub(crate) fn adopt(&mut self, head: &ChannelHead) {
        // Named one by one: the compiler then reports a field that is missing here.
        let ChannelHead {
            name: _,
            title: _,
            kind: _,
            description,
            mode,
            owner,
            peak,
            locked,
            join_pause,
            topic,
            maker,
        } = head;
        self.description = Arc::from(cut_escaped(description, DESCRIPTION_BYTES_MAX));
        self.mode = Mode::parse(mode).unwrap_or(Mode::Both);
        self.owner = Arc::from(owner.as_str());
        self.peak = usize::try_from(*peak).unwrap_or(usize::MAX);
        self.locked = *locked;
        self.join_pause = *join_pause;
        self.topic = Arc::from(cut_escaped(topic, TOPIC_ESCAPED_BYTES_MAX));
        self.maker = *maker;
    }

    /// Whether it outlives the process. Rooms that scripts make for themselves are made anew at each start.
    pub(crate) fn lasts(&self) -> bool {
        self.kind != Kind::Private || !self.permanent
    }

    /// Whether a connection is in it.
    pub fn has_member(&self, connection: ConnectionKey) -> bool {
        self.positions.contains_key(&connection)
    }

    /// Whether a character of this name owns it.
    pub fn is_owner(&self, name: &str) -> bool {
        !self.owner.is_empty() && self.owner.eq_ignore_ascii_case(name)
    }

    /// Whether a character of this name moderates it; its owner does.
    pub fn is_moderator(&self, name: &str) -> bool {
        self.is_owner(name) || self.is_appointed(name)
    }

    /// Whether a character of this name is on the list of moderators, on which the owner needs not be.
    pub fn is_appointed(&self, name: &str) -> bool {
        self.moderators
            .iter()
            .any(|held| held.name.eq_ignore_ascii_case(name))
    }

    /// The ban that keeps a character of this name (in lower case) out at `now` (Unix seconds).
    pub fn ban_of(&self, folded: &str, now: i64) -> Option<&Ban> {
        self.bans.get(folded).filter(|ban| ban.holds(now))
    }

    /// The ban that keeps an account out at `now` (Unix seconds); of several, the one that ends last.
    pub fn ban_of_account(&self, account: i64, now: i64) -> Option<&Ban> {
        if account == 0 || self.bans.is_empty() {
            return None;
        }
        let bans = self
            .bans
            .values()
            .filter(|ban| ban.account == account && ban.holds(now));
        bans.max_by_key(|ban| (ban.until == 0, ban.until, ban.time, &ban.name))
    }
}
