//! The log-in providers, which answer the log-in check of the chat: accounts of our own, a website's service, or open
//! doors for development. The account service itself is in `service`.

pub(crate) mod answer;
pub(crate) mod check;
pub(crate) mod open;
pub(crate) mod provider;
pub(crate) mod remote;
