//! The limits of the system for a process.

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;

/// Files that are open beside the clients' sockets: the database, the log, log-in checks.
const OTHER_FILES: usize = 100;
/// Files that a thread with an event loop has: its poll, its wake-up, its ring.
const FILES_PER_THREAD: usize = 8;

/// A connection is a file to the system; the usual limit is a thousand. When the `wanted` connections do not fit, the
/// operator is told.
pub(crate) fn raise_file_limit(wanted: usize, threads: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let files = getrlimit(Resource::Nofile).current;
    let fitting = fitting(files, threads);
    if fitting < wanted {
        tracing::warn!(
            "the system lets this process open {} files, so that {fitting} connections fit instead of \
             maxconnections = {wanted}: raise the limit (LimitNOFILE= in a systemd unit, ulimit -Hn in a shell) or lower \
             maxconnections",
            files.unwrap_or_default(),
        );
    }
}

/// A file that would grow over the limit of `ulimit -f` is then an error of the write, as a full disk is, and not the
/// end of the process. Needs a runtime.
pub(crate) fn survive_file_size_limit() -> Result<(), Failure> {
    let kind = SignalKind::from_raw(Signal::XFSZ.as_raw());
    // The handler stays; it needs no listener.
    signal(kind)
        .map(drop)
        .map_err(|error| format!("signals can't be received: {error}"))
}

/// As [`survive_file_size_limit`], for a command, which has no runtime.
pub(crate) fn survive_file_size_limit_in_command() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(|error| format!("signals can't be received: {error}"))?;
    runtime.block_on(async { survive_file_size_limit() })
}

/// The `wanted` connections, or as many as fit.
pub(crate) fn connections(wanted: usize, threads: usize) -> usize {
    wanted.min(fitting(getrlimit(Resource::Nofile).current, threads))
}

/// Connections under a limit of files, with so many threads.
fn fitting(files: Option<u64>, threads: usize) -> usize {
    let files = files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    files
        .saturating_sub(OTHER_FILES + threads * FILES_PER_THREAD)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn connections_fit_beside_other_files() {
        assert_eq!(fitting(Some(1024), 1), 916);
        assert_eq!(fitting(Some(1024), 3), 900);
        assert_eq!(fitting(Some(10), 1), 1);
        assert_eq!(fitting(None, 0), usize::MAX - 100);
    }
}
