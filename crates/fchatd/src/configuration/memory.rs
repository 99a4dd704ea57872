//! The memory that the process may use, from which the bound of backlogs is chosen.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

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
/// Within a container the group is usually mounted as the root, under any name outside.
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
}
