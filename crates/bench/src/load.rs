//! The load: connections of simulated users, their messages, and the check of the deliveries.

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
pub(crate) mod wire;
