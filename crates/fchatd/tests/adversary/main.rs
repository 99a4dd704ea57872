//! Attacks on the real program over real sockets, one file for each kind. Each attack runs beside bystanders: a person that
//! talks, listeners in the same quiet room, and an operator. The tests assert losses and refusals, never the
//! duration of anything. `tests/README.md` tells how to add one.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[allow(dead_code, reason = "tools for attacks that are still to come")]
mod attacker;
#[allow(dead_code, reason = "tools for attacks that are still to come")]
mod bystanders;
#[allow(dead_code, reason = "tools for attacks that are still to come")]
mod scene;
#[path = "../process/site.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest")]
mod site;

mod bad_scripts;
mod bad_tickets;
mod banned_alts;
mod banned_networks;
mod banned_over_http;
mod before_login;
mod blacklist;
mod bridge_orders;
mod chosen_addresses;
mod clock_set_back;
mod closed_output;
mod demoted;
mod empty_frames;
mod forged_log;
mod hellbanned;
mod log_ins;
mod long_names;
mod lost_data;
mod names_of_others;
mod normal_life;
mod offline_bans;
mod one_address;
mod password_log_ins;
mod pause;
mod paused_registration;
mod raids;
mod reconnecting;
mod relayed;
mod reports;
mod rooms;
mod slow_requests;
mod stolen_session;
mod storms;
mod tiny_commands;
mod unread_answers;
mod unread_log;
mod witness;
