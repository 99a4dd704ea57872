//! The table: a file for each theme, an entry for each key.

mod accounts;
mod beyond;
mod cluster;
mod connections;
mod flood;
mod identity;
mod limits;
mod login;
mod neighbours;
mod rules;
mod scripts;
mod server;
mod tls;

pub use rules::GENDERS;

/// The constants by which the program reads settings.
pub mod keys {
    pub use super::accounts::keys::*;
    pub use super::beyond::keys::*;
    pub use super::cluster::keys::*;
    pub use super::connections::keys::*;
    pub use super::flood::keys::*;
    pub use super::identity::keys::*;
    pub use super::limits::keys::*;
    pub use super::login::keys::*;
    pub use super::neighbours::keys::*;
    pub use super::rules::keys::*;
    pub use super::scripts::keys::*;
    pub use super::server::keys::*;
    pub use super::tls::keys::*;
}

use super::definition::{Definition, Section};

/// All keys that have an effect, by theme.
pub const SECTIONS: &[Section] = &[
    server::SECTION,
    tls::SECTION,
    connections::SECTION,
    login::SECTION,
    accounts::SECTION,
    identity::SECTION,
    limits::SECTION,
    flood::SECTION,
    rules::SECTION,
    scripts::SECTION,
    neighbours::SECTION,
    cluster::SECTION,
    beyond::SECTION,
];

/// Every key that has an effect.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    SECTIONS.iter().flat_map(|section| section.definitions)
}

/// The definition of a key.
pub fn definition(key: &str) -> Option<&'static Definition> {
    definitions().find(|definition| definition.key == key)
}
