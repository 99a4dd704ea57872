//! Who is connected, which channels there are, and every rule about them that is not policy: what joining,
//! leaving, identifying and going mean, and which frames tell of it. No I/O, no Lua, no clock: time is set from
//! outside, randomness comes from a seed, and everything that is to be sent collects in [`World::outputs`].
#![forbid(unsafe_code)]

pub mod arena;
pub mod channel;
pub mod connection;
pub mod settings;

mod departure;
mod identity;
mod lists;
mod membership;
mod rooms;
mod throttle;
mod user_list;
mod world;

pub use arena::Key;
pub use channel::{Ban, Channel, Kind, Mode};
pub use connection::{Connection, State};
pub use settings::Settings;
pub use world::{ChannelKey, ConnectionKey, Now, World};
