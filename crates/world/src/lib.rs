//! Who is connected, which channels there are, and every rule about them that is not policy: what joining,
//! leaving, identifying and going mean, and which frames tell of it. No I/O, no Lua, no clock: time is set from
//! outside, randomness comes from a seed, and everything that is to be sent collects in [`World::outputs`].
#![forbid(unsafe_code)]

pub mod absence;
pub mod ads;
pub mod arena;
pub mod channel;
pub mod connection;
pub mod roles;
pub mod settings;

mod appointments;
mod changes;
mod departure;
mod error_context;
mod identity;
mod ignores;
mod lists;
mod log;
mod membership;
mod moderator_lists;
mod names;
mod restore;
mod rooms;
mod sanctions;
mod search;
mod staff;
mod takeover;
mod throttle;
mod user_list;
mod waiting;
mod web;
mod world;

pub use arena::Key;
pub use channel::{Ban, Channel, Kind, Mode, Moderator};
pub use connection::{Connection, State};
pub use fchatd_protocol::snapshot;
pub use log::{Deed, Said};
pub use names::Names;
pub use search::{Criteria, SEARCH_TAGS};
pub use settings::Settings;
pub use web::{WebCall, WebCalls, WebRefusal};
pub use world::{ChannelKey, ConnectionKey, Now, World};
