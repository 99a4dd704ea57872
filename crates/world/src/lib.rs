//! Connections, channels, and each rule about them that is not policy: the meaning of joining,
//! leaving and identifying, and the frames that tell of them. No I/O, no Lua, no clock: time is set from
//! outside, randomness comes from a seed, and everything that is to be sent collects in [`World::outputs`].
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod absence;
mod acquaintances;
mod administrators;
mod admission;
pub mod ads;
mod allowance;
mod appointments;
pub mod arena;
mod budget;
mod changes;
pub mod channel;
mod comeback;
pub mod connection;
mod departure;
mod entry;
mod error_context;
mod gate;
mod hellban;
mod http_calls;
mod identity;
mod ignores;
mod invitations;
mod lists;
mod log;
mod lookup;
mod membership;
mod moderator_lists;
mod names;
mod people;
mod phrases;
mod restore;
pub mod roles;
mod rooms;
mod sanctions;
mod search;
mod sessions;
pub mod settings;
mod staff;
mod takeover;
mod throttle;
mod user_list;
mod waiting;
mod world;

pub use admission::Admission;
pub use arena::Key;
pub use budget::LimitCounts;
pub use channel::{Ban, Channel, Kind, Mode, Moderator};
pub use connection::{Connection, State};
pub use fchatd_protocol::snapshot;
pub use http_calls::{WebCall, WebCalls, WebRefusal};
pub use log::{Deed, Party, Said};
pub use lookup::{Finding, Lookup, Person, persons};
pub use names::Names;
pub use phrases::Phrases;
pub use rooms::RoomRefusal;
pub use sanctions::Sanction;
pub use search::{Criteria, SEARCH_TAGS};
pub use settings::Settings;
pub use waiting::Reason;
pub use world::{ChannelKey, ConnectionKey, Now, World};
