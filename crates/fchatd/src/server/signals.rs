//! Signals.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Failure;

/// The signals that stop a server. From when this is made, none is lost and none ends the process by itself.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn receive() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals can't be received: {error}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A file that would grow over the limit of `ulimit -f` is then an error of the write, as a full disk is, and not the
/// end of the process.
pub(crate) fn survive_file_size_limit() -> Result<(), Failure> {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // The handler stays; nobody has to listen.
    signal(kind)
        .map(drop)
        .map_err(|error| format!("signals can't be received: {error}"))
}
