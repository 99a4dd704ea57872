//! Bans of networks and paused registration: the orders of operators, and the news for the services beside the core.

use serde::{Deserialize, Serialize};

use crate::network::{IpNet, NetworkBan};

/// The code of a network ban, as a command and in the action log.
pub const BAN: &str = "NBN";
/// The code of its end.
pub const UNBAN: &str = "NUB";
/// The code by which registration is paused and goes on.
pub const REGISTRATION: &str = "RGP";

/// An order of an operator from the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateOrder {
    /// Keep a network out.
    Ban(BanOrder),
    /// Let a network in again.
    Unban(IpNet),
    /// Pause registration, or resume it.
    PauseRegistration(bool),
}

/// A ban that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanOrder {
    /// The network that is kept out.
    pub network: IpNet,
    /// The length of the ban, in seconds; without an end when nothing is given.
    pub seconds: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
    /// Also when it keeps the server's own machine or its proxies out.
    pub force: bool,
}

/// News that the sockets and the account service must have at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateChange {
    /// A network is kept out.
    Banned(NetworkBan),
    /// It is not any more.
    Lifted(IpNet),
    /// Registration is paused, or resumed.
    RegistrationPaused(bool),
}

impl BanOrder {
    /// The arguments of the action in the action log; `time` is in minutes, as with `TMO`.
    #[must_use]
    pub fn arguments(&self) -> String {
        let mut json = Vec::new();
        let mut object =
            crate::json::write::Object::open(&mut json).text("network", &self.network.to_string());
        if !self.reason.is_empty() {
            object = object.text("reason", &self.reason);
        }
        if let Some(seconds) = self.seconds {
            object = object.text("time", &minutes(seconds));
        }
        object.close();
        String::from_utf8(json).unwrap_or_default()
    }
}

/// Seconds in minutes, as the action log has them.
fn minutes(seconds: i64) -> String {
    match seconds % 60 {
        0 => (seconds / 60).to_string(),
        _ => format!("{:.2}", seconds as f64 / 60.0),
    }
}
