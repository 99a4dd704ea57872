//! The tests of the databases through their public interface.
//!
//! One program instead of one for each file: it is compiled and linked once.

mod accounts;
mod changes;
mod chat;
mod classic;
mod damage;
mod file;
mod lookalikes;
mod migration;
mod notes;
mod operator;
mod sessions;
