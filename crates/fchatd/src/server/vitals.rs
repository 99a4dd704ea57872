//! The vital figures of the server, for `ZZZ status`: lines of a name and a value. Each part of the program adds its
//! own; the core's come with the request.

use std::fmt::Write as _;

use fchatd_accounts::LoginProvider;
use fchatd_edge::Gauges;
use rustix::time::{ClockId, clock_gettime};

use crate::output::{ERR, OUT};

/// Adds a line.
pub(crate) fn add(lines: &mut Vec<(String, String)>, name: &str, value: impl Into<String>) {
    lines.push((name.to_owned(), value.into()));
}

/// Adds what the system says of this process.
pub(crate) fn add_process(lines: &mut Vec<(String, String)>) {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
    add(lines, "processor time", format!("{seconds:.1} s"));
    let memory = match resident_kibibytes() {
        Some(kibibytes) => format!("{:.1} MiB", kibibytes / 1024.0),
        None => "not known on this system".to_owned(),
    };
    add(lines, "memory of the process", memory);
    let output = format!(
        "{} lines of the log lost, {} lines of standard output lost",
        ERR.lost(),
        OUT.lost()
    );
    add(lines, "output", output);
    add(lines, "version", env!("CARGO_PKG_VERSION"));
}

/// Adds what was asked of the login provider, and what it has refused.
pub(crate) fn add_accounts(lines: &mut Vec<(String, String)>, provider: &LoginProvider) {
    let value = match provider {
        LoginProvider::Embedded(service) => {
            let counters = service.counters();
            format!(
                "{} tickets given ({} without hashing), {} accounts made, {} log-ins paced; {} passwords wait, {} tickets are \
                 in memory only; refused so far: {} wrong passwords, {} bad tickets, {} over a limit, {} while busy",
                counters.tickets(),
                counters.recognised(),
                counters.registrations(),
                counters.paced(),
                service.passwords_waiting(),
                service.tickets_in_memory(),
                counters.wrong_passwords(),
                counters.invalid_tickets(),
                counters.limited(),
                counters.busy()
            )
        }
        LoginProvider::Remote(site) => {
            format!(
                "a website's; {} checks wait; so far {} without an answer, {} held back after bad tickets",
                site.waiting(),
                site.failures(),
                site.held_back()
            )
        }
        LoginProvider::Open => return,
    };
    add(lines, "accounts", value);
}

/// All of it as text for an administrator.
pub(crate) fn text(mut lines: Vec<(String, String)>, gauges: &Gauges) -> String {
    add(
        &mut lines,
        "network",
        format!(
            "{} WebSocket connections; {} frames delivered; cut off so far: {} slow readers, {} violations, {} silent, \
             {} bodies of requests",
            gauges.connections,
            gauges.deliveries,
            gauges.slow_readers,
            gauges.violations,
            gauges.silent,
            gauges.refused_bodies
        ),
    );
    add(
        &mut lines,
        "sockets",
        format!(
            "{} not logged in; so far {} turned away, {} closed to make room, {} closed without a log-in in time",
            gauges.anonymous, gauges.refused_sockets, gauges.evicted, gauges.unidentified
        ),
    );
    add(
        &mut lines,
        "backlogs",
        format!(
            "{} KiB of {} wait for clients; {} of the largest cut off so far",
            gauges.backlog / 1024,
            gauges.backlog_max / 1024,
            gauges.relieved
        ),
    );
    let mut text = String::new();
    for (name, value) in &lines {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.truncate(text.trim_end().len());
    text
}

/// The memory of this process that is in use, where the system says it as Linux does.
pub(crate) fn resident_kibibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
