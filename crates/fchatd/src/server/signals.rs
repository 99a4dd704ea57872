//! The signals that stop or restart the server.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;
use crate::server::answer::Order;

/// The signals for a server. From when this is made, none is lost and none ends the process by itself.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    restart: Signal,
}

impl Signals {
    /// Needs a runtime.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn receive() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals can't be received: {error}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            restart: listen(SignalKind::user_defined2())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.restart.recv() => Order::Restart(None),
        }
    }

    /// Waits for one that stops the server; others have no effect meanwhile.
    pub(crate) async fn stop(&mut self) {
        while self.next().await != Order::Stop {}
    }
}
