//! The world itself: the maps that find things, and sending.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use fchatd_protocol::address::AddressGroup;
use fchatd_protocol::command::nature::Natures;
use fchatd_protocol::error;
use fchatd_protocol::exchange::{ConnectionId, Frame, Operation, Outputs, Request};
use fchatd_protocol::frame;
use fchatd_protocol::network::NetworkBans;
use fchatd_protocol::text::{cut, with_folded};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::acquaintances::Acquaintances;
use crate::arena::{Arena, Key};
use crate::budget::{Budget, LimitCounts};
use crate::changes::Marks;
use crate::channel::Channel;
use crate::connection::{Connection, State};
use crate::error_context::Errors;
use crate::http_calls::WebCalls;
use crate::lists::ChannelList;
use crate::lookup::Lookups;
use crate::names::Names;
use crate::people::{People, PersonId};
use crate::phrases::Phrases;
use crate::sanctions::{AltWatch, Measure, Named, Timeout};
use crate::search::SearchIndex;
use crate::sessions::{Part, SessionMarks};
use crate::settings::Settings;
use crate::settings::keys;
use crate::staff::CallPages;
use crate::user_list::UserList;
use crate::waiting::{Legacy, Turn};
use fchatd_protocol::snapshot::StaffCall;

/// Points at a connection.
pub type ConnectionKey = Key<Connection>;
/// Points at a channel.
pub type ChannelKey = Key<Channel>;

pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The largest text of an error, in bytes.
const ERROR_BYTES_MAX: usize = 8 * 1024;

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Now {
    /// Milliseconds since some moment before the start; never goes back.
    pub monotonic: u64,
    /// Milliseconds since 1970 in UTC, as the machine's clock has it.
    pub unix: i64,
}

/// A throttle that was restarted, and its time before.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Restarted {
    Timer {
        connection: ConnectionKey,
        previous: (usize, u64),
    },
    AccountTimer {
        person: PersonId,
        previous: (usize, u64),
    },
    Ad {
        channel: ChannelKey,
        folded: Arc<str>,
        previous: Option<u64>,
    },
}

/// The whole state of the chat. All frames to send collect in `outputs`, which the owner empties. As data it is
/// whole but for the settings, the outputs and the randomness: see [`World::reseed`].
#[derive(Debug, Serialize, Deserialize)]
pub struct World {
    /// The settings in force; [`World::set_settings`] puts others in their place.
    #[serde(skip)]
    pub settings: Settings,
    #[serde(skip)]
    pub(crate) budget: Budget,
    /// The natures of commands; the scripts in force have declared some of them, and do so again where they are started.
    #[serde(skip)]
    pub natures: Natures,
    /// The time of the input at hand.
    pub now: Now,
    /// The requests.
    #[serde(skip)]
    pub outputs: Outputs,
    /// Names of the global moderators.
    pub operators: Names,
    /// Names of the super moderators.
    pub super_operators: Names,
    /// Calls for the staff without a confirmation, the oldest first.
    pub staff_calls: Vec<StaffCall>,
    /// Requests of scripts to web servers without an answer.
    pub web_calls: WebCalls,
    /// The connection with the isolated rules that run now; nothing while the common rules do.
    pub isolated: Option<ConnectionKey>,
    /// Whether messages go to the chat log.
    pub chat_log: bool,
    /// Whether a neighbour needs [`Request::Presence`]; set from outside.
    pub tells_presence: bool,
    /// The start, in Unix seconds.
    pub started: i64,
    /// Connections that finished their handshake, since the start.
    pub accepted: u64,
    /// Commands that were refused for a field that no command may have, since the start.
    pub refused_fields: u64,
    /// The most characters online at once.
    pub peak_users: usize,
    #[serde(skip, default = "unseeded")]
    pub(crate) random: StdRng,
    pub(crate) connections: Arena<Connection>,
    pub(crate) by_id: Map<ConnectionId, ConnectionKey>,
    pub(crate) by_name: Map<Arc<str>, ConnectionKey>,
    pub(crate) by_account: Map<i64, Vec<ConnectionKey>>,
    /// Sessions by where they come from, also those that are away.
    pub(crate) by_address: Map<AddressGroup, usize>,
    pub(crate) identifying: usize,
    /// Connections with a log-in that waits for its turn.
    pub(crate) queued: usize,
    pub(crate) channels: Arena<Channel>,
    pub(crate) channel_names: Map<Arc<str>, ChannelKey>,
    pub(crate) user_list: UserList,
    pub(crate) public_list: ChannelList,
    pub(crate) room_list: ChannelList,
    pub(crate) restarted: Vec<Restarted>,
    pub(crate) emptied: Vec<ChannelKey>,
    pub(crate) closing: Vec<ConnectionKey>,
    pub(crate) farewells: Vec<ConnectionKey>,
    /// The character to which the script says its farewell now, and whether that has told everyone that it is offline.
    pub(crate) leaving: Option<(ConnectionKey, bool)>,
    pub(crate) by_role: Map<Box<str>, Vec<ConnectionKey>>,
    pub(crate) staff_targets: Vec<ConnectionKey>,
    pub(crate) call_pages: Vec<CallPages>,
    /// Channels with members that wait for a list of moderators.
    pub(crate) lists_due: Vec<ChannelKey>,
    pub(crate) account_bans: Map<i64, Arc<str>>,
    pub(crate) account_timeouts: Map<i64, Timeout>,
    pub(crate) account_hellbans: Map<i64, Arc<str>>,
    /// Measures against names, by the name in lower case.
    pub(crate) named: BTreeMap<(Arc<str>, Measure), Named>,
    pub(crate) alt_watches: Map<i64, AltWatch>,
    pub(crate) acquaintances: Acquaintances,
    pub(crate) lookups: Lookups,
    /// Channel bans of unknown accounts, by the banned name in lower case.
    pub(crate) unbound_bans: BTreeMap<Arc<str>, Vec<ChannelKey>>,
    /// The hell-banned connection that is the author of the present actions.
    pub(crate) muted: Option<ConnectionKey>,
    /// Connections that have lost a role of the staff, until the scripts have been told.
    pub(crate) demoted: Vec<ConnectionKey>,
    #[serde(skip)]
    pub(crate) phrases: Phrases,
    pub(crate) network_bans: NetworkBans,
    pub(crate) registration_paused: bool,
    pub(crate) search: SearchIndex,
    /// The characters that are away or apart.
    pub(crate) absent: Vec<ConnectionKey>,
    pub(crate) spent: Vec<ConnectionKey>,
    pub(crate) kept_rooms: Vec<ChannelKey>,
    /// Connections with waiting commands or a waiting log-in, by the time at which these are due.
    pub(crate) waiting: BTreeSet<(u64, ConnectionKey)>,
    pub(crate) turn: Turn,
    pub(crate) legacy: Option<Legacy>,
    pub(crate) people: People,
    pub(crate) limit_counts: LimitCounts,
    pub(crate) takeovers: Map<Arc<str>, Vec<u64>>,
    pub(crate) errors: Errors,
    pub(crate) logged: usize,
    pub(crate) marks: Marks,
    pub(crate) sessions: SessionMarks,
    /// Bytes that scripts have had the world keep, all calls together; see [`World::held_for_scripts`].
    #[serde(skip)]
    pub(crate) kept: usize,
}

fn unseeded() -> StdRng {
    StdRng::from_seed([0; 32])
}

impl World {
    /// An empty world. `seed` is all its randomness.
    pub fn new(settings: Settings, now: Now, seed: [u8; 32]) -> Self {
        let chat_log = settings.flag(keys::LOG_START);
        Self {
            budget: Budget::of(&settings),
            settings,
            natures: Natures::default(),
            now,
            outputs: Outputs::default(),
            operators: Names::default(),
            super_operators: Names::default(),
            staff_calls: Vec::new(),
            web_calls: WebCalls::default(),
            isolated: None,
            chat_log,
            tells_presence: false,
            started: now.unix.div_euclid(1000),
            accepted: 0,
            refused_fields: 0,
            peak_users: 0,
            random: StdRng::from_seed(seed),
            connections: Arena::default(),
            by_id: Map::default(),
            by_name: Map::default(),
            by_account: Map::default(),
            by_address: Map::default(),
            identifying: 0,
            queued: 0,
            channels: Arena::default(),
            channel_names: Map::default(),
            user_list: UserList::default(),
            public_list: ChannelList::default(),
            room_list: ChannelList::default(),
            restarted: Vec::new(),
            emptied: Vec::new(),
            closing: Vec::new(),
            farewells: Vec::new(),
            leaving: None,
            by_role: Map::default(),
            staff_targets: Vec::new(),
            call_pages: Vec::new(),
            lists_due: Vec::new(),
            account_bans: Map::default(),
            account_timeouts: Map::default(),
            account_hellbans: Map::default(),
            named: BTreeMap::new(),
            alt_watches: Map::default(),
            acquaintances: Acquaintances::default(),
            lookups: Lookups::default(),
            unbound_bans: BTreeMap::new(),
            muted: None,
            demoted: Vec::new(),
            phrases: Phrases::default(),
            network_bans: NetworkBans::default(),
            registration_paused: false,
            search: SearchIndex::default(),
            absent: Vec::new(),
            spent: Vec::new(),
            kept_rooms: Vec::new(),
            waiting: BTreeSet::new(),
            turn: Turn::default(),
            legacy: None,
            people: People::default(),
            limit_counts: LimitCounts::default(),
            takeovers: Map::default(),
            errors: Errors::default(),
            logged: 0,
            marks: Marks::default(),
            sessions: SessionMarks::default(),
            kept: 0,
        }
    }

    /// Changes whenever something changes that lasts: a snapshot taken at the same revision is the same, but for
    /// the most members that channels had and for entries that have ended by themselves.
    pub fn revision(&self) -> u64 {
        self.marks.count() + self.operators.changes() + self.super_operators.changes()
    }

    /// A script has the world keep so many bytes.
    pub fn count_kept(&mut self, bytes: usize) {
        self.kept = self.kept.wrapping_add(bytes);
    }

    /// A measure of the memory that scripts make the world take: its growth during a call is the memory of the call.
    /// Departures are not subtracted.
    pub fn held_for_scripts(&self) -> usize {
        let outputs = &self.outputs;
        self.kept
            .wrapping_add(outputs.bytes.len())
            .wrapping_add(outputs.operations.len() * size_of::<Operation>())
            .wrapping_add(outputs.requests.len() * size_of::<Request>())
    }

    /// The Unix time of the input at hand, in seconds.
    pub fn unix_seconds(&self) -> i64 {
        self.now.unix.div_euclid(1000)
    }

    /// A connection.
    pub fn connection(&self, key: ConnectionKey) -> Option<&Connection> {
        self.connections.get(key)
    }

    /// A connection, to change it.
    pub fn connection_mut(&mut self, key: ConnectionKey) -> Option<&mut Connection> {
        self.mark_session(key, Part::Profile);
        self.connections.get_mut(key)
    }

    /// The connection that the edges call `id`.
    pub fn find_id(&self, id: ConnectionId) -> Option<ConnectionKey> {
        self.by_id.get(&id).copied()
    }

    /// The connection of the character online under a name, in any case.
    pub fn find_character(&self, name: &str) -> Option<ConnectionKey> {
        with_folded(name, |folded| self.by_name.get(folded).copied())
    }

    /// The connections through which characters of an account are online.
    pub fn of_account(&self, account: i64) -> &[ConnectionKey] {
        self.by_account.get(&account).map_or(&[], Vec::as_slice)
    }

    /// How many characters are online from where an address belongs ([`AddressGroup`]), also those that are away.
    pub fn count_from(&self, address: IpAddr) -> usize {
        self.by_address.get(&address.into()).copied().unwrap_or(0)
    }

    /// How many characters are online.
    pub fn user_count(&self) -> usize {
        self.user_list.len()
    }

    /// The number of connections, in any state.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// How many log-in checks are pending.
    pub fn identifying_count(&self) -> usize {
        self.identifying
    }

    /// Counts a command of a connection that has not logged in; false when it is the last one that is taken
    /// (`commands_before_login`).
    pub fn count_early_command(&mut self, key: ConnectionKey) -> bool {
        let most = self.settings.count(keys::COMMANDS_BEFORE_LOGIN);
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        connection.early_commands = connection.early_commands.saturating_add(1);
        (connection.early_commands as usize) < most
    }

    /// A connection finished its handshake.
    pub fn open(&mut self, id: ConnectionId, address: IpAddr) -> Option<ConnectionKey> {
        let key = self.connections.insert(Connection::new(id, address))?;
        self.by_id.insert(id, key);
        self.accepted += 1;
        Some(key)
    }

    /// The socket of a connection is gone, and with it all that is known of it. Its character must have
    /// departed.
    pub fn remove(&mut self, key: ConnectionKey) {
        self.cancel_web_calls(key);
        self.set_state(key, State::Departed);
        self.forget_roles(key);
        self.search.forget(key, &mut self.connections);
        if let Some(connection) = self.connections.remove(key) {
            self.forget_account(key, connection.account);
            self.by_id.remove(&connection.id);
        }
    }

    /// Changes where a connection is in its life.
    pub fn set_state(&mut self, key: ConnectionKey, state: State) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let was = std::mem::replace(&mut connection.state, state);
        self.identifying += usize::from(matches!(state, State::Identifying { .. }));
        self.identifying -= usize::from(matches!(was, State::Identifying { .. }));
        self.queued += usize::from(matches!(state, State::Queued { .. }));
        if let State::Queued { until } = was {
            self.queued -= 1;
            connection.answer = None;
            self.waiting.remove(&(until, key));
        }
    }

    /// A fresh seed for [`World::reseed`].
    pub fn draw_seed(&mut self) -> [u8; 32] {
        self.random.random()
    }

    /// From here on `seed` is all its randomness. The state of a generator can't be written down; so a caller that wants
    /// a world to go on in the same way somewhere else gives both the same seed.
    pub fn reseed(&mut self, seed: [u8; 32]) {
        self.random = StdRng::from_seed(seed);
    }

    /// A number for an incident, by which an operator finds it in the log.
    pub fn incident(&mut self) -> u32 {
        self.random.random()
    }

    /// Connections with a login check that began at or before a moment (milliseconds, monotonic).
    pub fn identifying_since(&self, moment: u64) -> Vec<ConnectionKey> {
        if self.identifying == 0 {
            return Vec::new();
        }
        let late = |connection: &Connection| match connection.state {
            State::Identifying { since } => since <= moment,
            _ => false,
        };
        self.connections
            .iter()
            .filter(|(_, connection)| late(connection))
            .map(|(key, _)| key)
            .collect()
    }

    /// Sends one connection a frame that `encode` writes.
    pub fn send(&mut self, key: ConnectionKey, encode: impl FnOnce(&mut Vec<u8>)) {
        if self.connections.get(key).is_some() {
            let frame = self.outputs.frame(encode);
            self.send_frame(key, frame);
        }
    }

    /// Sends one connection a frame that stands in [`World::outputs`].
    pub fn send_frame(&mut self, key: ConnectionKey, frame: Frame) {
        if self.muted.is_some() && !self.may_touch(key) {
            return;
        }
        if let Some(connection) = self.connections.get(key) {
            if connection.away {
                return self.hold_private(key, frame);
            }
            self.outputs.operations.push(Operation::Send {
                connection: connection.id,
                frame,
            });
        }
    }

    /// Sends one connection an `ERR`, with our text for the number unless another is given.
    pub fn send_error(&mut self, key: ConnectionKey, number: i32, message: Option<&str>) {
        let message = message.unwrap_or_else(|| error::message(number));
        self.send(key, |out| {
            frame::error(out, number, cut(message, ERROR_BYTES_MAX));
        });
        self.note_error(key, number);
    }

    /// Sends a frame that `encode` writes to all people online.
    pub fn broadcast(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        let frame = self.outputs.frame(encode);
        self.broadcast_frame(frame);
    }

    /// Sends a frame that stands in [`World::outputs`] to all people online.
    pub fn broadcast_frame(&mut self, frame: Frame) {
        self.note_farewell(frame);
        if let Some(actor) = self.muted
            && !self.is_presence(frame, actor)
        {
            return self.send_frame(actor, frame);
        }
        self.outputs.operations.push(Operation::SendEveryone { frame });
    }

    /// Sends the members of a channel, but not `except`, a frame that stands in [`World::outputs`].
    pub fn send_channel_frame(&mut self, key: ChannelKey, except: Option<ConnectionKey>, frame: Frame) {
        let now = self.now.monotonic;
        if let Some(actor) = self.muted
            && !self.is_presence(frame, actor)
        {
            let is_heard = self
                .channels
                .get(key)
                .is_some_and(|channel| channel.has_member(actor));
            if is_heard && except != Some(actor) && !self.is_apart(key, actor) {
                self.send_frame(actor, frame);
            }
            return;
        }
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        channel.active = now;
        let (channel, is_missed) = (channel.id, !channel.absent.is_empty());
        if is_missed {
            self.hold_in_channel(key, except, frame);
        }
        let except = except
            .and_then(|key| self.connections.get(key))
            .map(|connection| connection.id);
        self.outputs.operations.push(Operation::SendChannel {
            channel,
            except,
            frame,
        });
    }
}
