//! Status notifications to the service manager: `sd_notify(3)`.
//!
//! The crate `sd-notify` (0.5) does not fit: its sends block while the manager does not read, which would stop the event
//! loop, and it knows no abstract sockets, which managers in containers use.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The connection to the service manager; without a manager all calls do nothing. A failed notification is
/// logged and never an error: the server must not fail because its manager does not listen.
#[derive(Debug, Default)]
pub struct Notifier {
    manager: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The manager from the environment (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`), if there is one.
    #[must_use]
    pub fn from_environment() -> Self {
        let variable = |name| std::env::var_os(name);
        let place = variable("NOTIFY_SOCKET").filter(|place| !place.is_empty());
        let Some(place) = place else {
            return Self::default();
        };
        match Self::to(&place, variable("WATCHDOG_USEC"), variable("WATCHDOG_PID")) {
            Ok(notifier) => notifier,
            Err(error) => {
                tracing::warn!(%error, ?place, "the service manager's NOTIFY_SOCKET can't be used");
                Self::default()
            }
        }
    }

    fn to(place: &OsStr, microseconds: Option<OsString>, pid: Option<OsString>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // A manager that has stopped reading must not block the server.
        socket.set_nonblocking(true)?;
        let number = |text: Option<OsString>| text?.to_str()?.parse::<u64>().ok();
        let meant = number(pid).is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number(microseconds)
            .filter(|&microseconds| meant && microseconds > 0)
            .map(Duration::from_micros);
        Ok(Self {
            manager: Some((socket, address(place)?)),
            watchdog,
        })
    }

    /// Interval for calls of [`Notifier::alive`]: half of the time after which the manager considers the
    /// process hung. `None` without a watchdog.
    #[must_use]
    pub fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    /// The server is ready and all sockets listen; also ends the state of [`Notifier::reloading`].
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// The configuration is being reloaded, or the program is being replaced; [`Notifier::ready`] follows.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let microseconds = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// The process is shutting down, which takes at most this time.
    pub fn stopping(&self, patience: Duration) {
        let microseconds = patience.as_micros();
        self.send(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={microseconds}"));
    }

    /// A status line for `systemctl status`.
    pub fn status(&self, status: &str) {
        self.send(&format!("STATUS={}", one_line(status)));
    }

    /// Watchdog: the process is not hung.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, message: &str) {
        let Some((socket, manager)) = &self.manager else {
            return;
        };
        if let Err(error) = socket.send_to_addr(message.as_bytes(), manager) {
            tracing::warn!(%error, "the service manager could not be told");
        }
    }
}

/// Replaces line breaks: a line feed would begin another assignment.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn address(place: &OsStr) -> io::Result<SocketAddr> {
    match place.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(place),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)
        }
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "it is neither a path nor an abstract name",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(notifier: &Notifier, manager: &UnixDatagram, tell: impl FnOnce(&Notifier)) -> String {
        tell(notifier);
        let mut buffer = [0; 1024];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_behind_a_path_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("notify");
        let manager = UnixDatagram::bind(&place).unwrap();
        let notifier = Notifier::to(place.as_os_str(), None, None).unwrap();
        assert_eq!(
            told(&notifier, &manager, |notifier| notifier.ready("two\nlines")),
            "READY=1\nSTATUS=two lines"
        );
        assert_eq!(
            told(&notifier, &manager, |notifier| notifier
                .stopping(Duration::from_secs(7))),
            "STOPPING=1\nEXTEND_TIMEOUT_USEC=7000000"
        );
        let reloading = told(&notifier, &manager, Notifier::reloading);
        let microseconds = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(microseconds.parse::<u64>().unwrap() > 0);
        assert_eq!(told(&notifier, &manager, Notifier::alive), "WATCHDOG=1");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_manager_behind_an_abstract_name_is_told() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("fchatd-test-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let notifier = Notifier::to(OsStr::new(&format!("@{name}")), None, None).unwrap();
        assert_eq!(
            told(&notifier, &manager, |notifier| notifier.status("fine")),
            "STATUS=fine"
        );
    }

    #[test]
    fn the_watchdog_is_for_the_process_that_is_meant() {
        let interval = |microseconds: &str, pid: Option<String>| {
            let text = |text: String| OsString::from(text);
            Notifier::to(
                OsStr::new("/run/x"),
                Some(text(microseconds.to_owned())),
                pid.map(text),
            )
            .unwrap()
            .watchdog_interval()
        };
        let (own, other) = (std::process::id(), std::process::id() + 1);
        assert_eq!(interval("3000000", None), Some(Duration::from_millis(1500)));
        assert_eq!(
            interval("3000000", Some(own.to_string())),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(interval("3000000", Some(other.to_string())), None);
        assert_eq!(interval("0", None), None);
        assert_eq!(interval("soon", None), None);
    }

    #[test]
    fn a_manager_that_is_not_there_does_no_harm() {
        Notifier::default().ready("");
        Notifier::to(OsStr::new("/nowhere/at/all"), None, None)
            .unwrap()
            .ready("");
        assert!(Notifier::to(OsStr::new("vsock:2:1"), None, None).is_err());
    }
}
