//! The memory that the process may use, and giving back to the system what it does not use any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::failure::Failure;
use crate::server::vitals;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// While the process holds more than it once did after giving memory back, it is tried again after so long: the attempt
/// is cheap when there is nothing to give.
const AGAIN: Duration = Duration::from_secs(15);
/// So much more than it did is worth the attempt: a part, and kibibytes.
const GROWTH: f64 = 1.1;
const GROWTH_KIBIBYTES: f64 = 4096.0;
/// The memory that is assumed where the system does not say how much there is, in bytes.
const ASSUMED: u64 = 1 << 30;
/// The least that backlogs may have, in bytes.
const BACKLOG_MIN: u64 = 4 << 20;

/// Bytes that may wait for all clients together: the wanted MiB, or a quarter of the memory that the process may use.
pub(crate) fn backlog(wanted: usize) -> usize {
    if wanted > 0 {
        return wanted << 20;
    }
    usize::try_from((available() / 4).max(BACKLOG_MIN)).unwrap_or(usize::MAX)
}

/// The memory that the process may use, in bytes: that of the machine, or less where a control group or a limit of the
/// process says so.
fn available() -> u64 {
    let limits = [Resource::As, Resource::Data].map(|resource| getrlimit(resource).current);
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| total(&text));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let files = group_files(&groups).into_iter();
    let groups = files.filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    let all = limits.into_iter().flatten().chain(machine).chain(groups);
    all.min().unwrap_or(ASSUMED)
}

/// The machine's memory in bytes, from `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The files that may hold the memory limit of the process's control group or of one above it, from `/proc/self/cgroup`.
/// Within a container the group is usually mounted as the root, whatever it is called outside.
fn group_files(groups: &str) -> Vec<PathBuf> {
    let mut files = vec![
        PathBuf::from("/sys/fs/cgroup/memory.max"),
        PathBuf::from("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ];
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        files.extend(
            path.ancestors()
                .map(|group| Path::new(root).join(group).join(file)),
        );
    }
    files
}

/// A thread that gives memory back to the system when the process has held much and does not need it any more: the
/// allocator keeps freed memory for itself, after a burst for ever.
pub(crate) struct Trimmer {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Trimmer {
    /// Starts it.
    ///
    /// # Errors
    /// There is no thread for it.
    pub(crate) fn start() -> Result<Self, Failure> {
        let (end, ended) = channel::<()>();
        // Before anybody is connected.
        let mut watch = Watch {
            low: vitals::resident_kibibytes(),
            last: None,
        };
        let work = move || {
            while matches!(ended.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                let Some(held) = vitals::resident_kibibytes() else {
                    return;
                };
                if watch.is_time(held, Instant::now()) {
                    fchatd_profile::heap::give_back();
                    watch.gave_back(vitals::resident_kibibytes().unwrap_or(held), Instant::now());
                }
            }
        };
        let thread = std::thread::Builder::new().name("memory".to_owned()).spawn(work);
        let thread = thread.map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for Trimmer {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Decides when it is time. All in kibibytes.
#[derive(Debug, Default)]
struct Watch {
    /// The least that the process has held after giving memory back.
    low: Option<f64>,
    last: Option<Instant>,
}

impl Watch {
    fn is_time(&mut self, held: f64, now: Instant) -> bool {
        let low = *self.low.get_or_insert(held);
        let waited = |last: Instant| now.saturating_duration_since(last) >= AGAIN;
        held > low * GROWTH + GROWTH_KIBIBYTES && self.last.is_none_or(waited)
    }

    fn gave_back(&mut self, held: f64, now: Instant) {
        self.last = Some(now);
        self.low = Some(self.low.map_or(held, |low| held.min(low)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_both_kinds_of_control_groups_are_looked_at() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:    2048 kB\n"), Some(2 << 20));
        assert_eq!(total("nothing"), None);
        let files = group_files("4:cpu,memory:/docker/abc\n2:cpu:/x\n0::/site/chat.service\nnonsense\n");
        for path in [
            "/sys/fs/cgroup/memory.max",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
            "/sys/fs/cgroup/site/chat.service/memory.max",
            "/sys/fs/cgroup/site/memory.max",
        ] {
            assert!(files.contains(&PathBuf::from(path)), "{path} in {files:?}");
        }
        assert_eq!(backlog(3), 3 << 20);
        assert!(backlog(0) >= BACKLOG_MIN as usize);
    }

    #[test]
    fn memory_is_given_back_while_more_is_held_than_before() {
        let (mut watch, mut now) = (Watch::default(), Instant::now());
        assert!(!watch.is_time(50_000.0, now));
        assert!(!watch.is_time(55_000.0, now));
        assert!(watch.is_time(200_000.0, now));
        watch.gave_back(190_000.0, now);
        assert!(!watch.is_time(200_000.0, now), "just tried");
        now += AGAIN;
        assert!(watch.is_time(200_000.0, now), "it may have been freed now");
        watch.gave_back(52_000.0, now);
        now += AGAIN;
        assert!(!watch.is_time(53_000.0, now));
        assert!(watch.is_time(60_000.0, now));
    }
}
