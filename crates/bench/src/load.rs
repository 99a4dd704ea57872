//! The load: connections of people who talk, what they say, and the check of what arrives.

pub mod client;
pub mod crowd;
pub(crate) mod dice;
pub mod frame;
pub mod hearing;
pub mod ledger;
pub mod pace;
pub mod people;
pub mod speech;
pub mod stamp;
