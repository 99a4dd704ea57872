//! Resource usage of a process according to the operating system: processor time, memory, threads.

use std::collections::BTreeMap;
use std::fs;

use crate::Error;

/// The unit of the times in `/proc/PID/stat`: Linux has always reported hundredths of a second to user space
/// (`USER_HZ`).
const NANOSECONDS_PER_TICK: u64 = 10_000_000;
/// Minimum total time for which the kernel's share is reported.
const LEAST_FOR_SHARES: u64 = 10 * NANOSECONDS_PER_TICK;

/// The resource usage of a process at one moment.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The process number, which is also the number of its first thread.
    pid: u32,
    /// For each living thread, by number: nanoseconds of running and of waiting for a processor; exact.
    threads: BTreeMap<u32, (u64, u64)>,
    /// Nanoseconds of the whole process in user mode, including ended threads; in steps of 10 ms.
    user: u64,
    /// The same in kernel mode.
    system: u64,
    /// Resident memory in bytes.
    pub resident: u64,
    /// Peak of the resident memory, in bytes.
    pub peak: u64,
}

/// The difference between two accounts, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// All processor time.
    pub total: u64,
    /// The part of it in user mode. Linux counts it in steps of 10 ms, so it is unknown for short times.
    pub user: Option<u64>,
    /// Time for which its threads were runnable while other threads had the processors. A large value means
    /// that the machine was too busy for meaningful latencies.
    pub waited: u64,
    /// Processor time of its first thread, exact.
    pub first_thread: u64,
}

impl Account {
    /// Reads the account of a process.
    ///
    /// # Errors
    /// There is no such process, or this system has no `/proc` like that of Linux.
    pub fn of(pid: u32) -> Result<Self, Error> {
        let fault = |error| Error::because(format!("process {pid} can't be inspected"), error);
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(fault)?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(fault)?;
        let (user, system) =
            times(&stat).ok_or_else(|| Error::new(format!("/proc/{pid}/stat is not as Linux writes it")))?;
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))
            .map_err(fault)?
            .flatten()
        {
            let Some(thread) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A thread may end between the two reads; its time is still part of the process's total.
            if let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) {
                let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
                if let (Some(ran), Some(waited)) = (numbers.next(), numbers.next()) {
                    threads.insert(thread, (ran, waited));
                }
            }
        }
        Ok(Self {
            pid,
            threads,
            user,
            system,
            resident: memory(&status, "VmRSS:").unwrap_or(0),
            peak: memory(&status, "VmHWM:").unwrap_or(0),
        })
    }

    /// Adds the usage of another process. The first thread stays that of this one.
    pub(crate) fn add(&mut self, other: &Self) {
        self.threads.extend(&other.threads);
        self.user += other.user;
        self.system += other.system;
        self.resident += other.resident;
        self.peak += other.peak;
    }

    /// The usage since an earlier account of the same process.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Spent {
        let ticks = (self.user + self.system).saturating_sub(earlier.user + earlier.system);
        let user_ticks = self.user.saturating_sub(earlier.user);
        let all_live = earlier
            .threads
            .keys()
            .all(|thread| self.threads.contains_key(thread));
        let (mut exact, mut waited) = (0, 0);
        for (thread, now) in &self.threads {
            let then = earlier.threads.get(thread).copied().unwrap_or_default();
            exact += now.0.saturating_sub(then.0);
            waited += now.1.saturating_sub(then.1);
        }
        // As long as no thread has ended, the sum of the threads' times is exact. Otherwise only the total of
        // the process is complete. A thread that lived only between the two accounts appears in neither, but
        // in the total.
        let total = if all_live && ticks <= exact + 4 * NANOSECONDS_PER_TICK {
            exact
        } else {
            ticks
        };
        let user =
            (ticks >= LEAST_FOR_SHARES).then(|| (total as f64 * user_ticks as f64 / ticks as f64) as u64);
        let first = |account: &Self| account.threads.get(&account.pid).map_or(0, |(ran, _)| *ran);
        Spent {
            total,
            user,
            waited,
            first_thread: first(self).saturating_sub(first(earlier)),
        }
    }
}

/// User and kernel time, in nanoseconds. The program's name, in brackets, may contain any character.
fn times(stat: &str) -> Option<(u64, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some((next()? * NANOSECONDS_PER_TICK, next()? * NANOSECONDS_PER_TICK))
}

fn memory(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_confuse() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 1 0 0 0 17 5 0 0 20 0 1 0";
        assert_eq!(times(stat), Some((170_000_000, 50_000_000)));
    }

    #[test]
    fn memory_is_read_in_kibibytes() {
        assert_eq!(memory("Name:\tx\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12 * 1024));
    }

    #[test]
    fn the_work_of_this_process_is_seen() {
        let pid = std::process::id();
        let before = Account::of(pid).unwrap();
        let mut value = 1_u64;
        for step in 0..30_000_000_u64 {
            value = std::hint::black_box(value.wrapping_mul(31).wrapping_add(step));
        }
        let spent = Account::of(pid).unwrap().since(&before);
        assert!(spent.total > 100_000, "{spent:?}");
        assert!(spent.user.unwrap_or(0) <= spent.total);
    }

    #[test]
    fn a_thread_that_ended_takes_the_exact_account_with_it() {
        let second = 100 * NANOSECONDS_PER_TICK;
        let account = |threads: &[(u32, (u64, u64))], user, system| Account {
            pid: 1,
            threads: threads.iter().copied().collect(),
            user,
            system,
            resident: 0,
            peak: 0,
        };
        let before = account(&[(1, (5, 0)), (2, (100, 7))], second, second);
        let spent = account(&[(1, (15, 3))], 3 * second, 2 * second).since(&before);
        assert_eq!((spent.total, spent.user), (3 * second, Some(2 * second)));
        let spent = account(&[(1, (15, 3)), (2, (130, 9))], second, second).since(&before);
        assert_eq!((spent.total, spent.user, spent.waited), (40, None, 5));
        assert_eq!(spent.first_thread, 10);
    }
}
