//! The program as its operator meets it: its output, its end, and its messages when something is wrong.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod accounts;
mod acme;
mod admin;
mod backup;
mod classic_configuration;
mod clients;
mod cluster;
mod configuration;
mod devices;
mod intruders;
mod layouts;
mod log_format;
mod login_site;
mod monitoring;
mod notes;
mod operator;
mod package;
mod profiling;
mod prometheus;
mod proxy_protocol;
mod recorder;
mod recovery;
mod reload;
mod restart;
mod script_reload;
mod service;
mod site;
mod small_machine;
mod start;
mod stop;
mod talk_command;
mod tls;
mod website;
mod websocket;
