//! Profiles on an administrator's order: of the processor time of the whole process, with the work of scripts in a file
//! of its own, and of the heap. They are recorded in memory that is bounded, end by themselves after `profilelimit`,
//! and are written to `DIR/profiles/` by another thread.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fchatd_profiler::pprof::{Line, Location, Writer};
use fchatd_profiler::{Recording, StartError, heap, processor};
use fchatd_protocol::exchange::{ConnectionId, ProfileKind};
use fchatd_script::engine::{Samples, Watchdog};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use crate::failure::Failure;
use crate::server::answer::{Answer, Done};

const OPEN_HOW: &str = "open it with `go tool pprof -http=: FILE`, or drop it on speedscope.app";

/// The profiles of this process.
#[derive(Debug)]
pub(crate) struct Profiles {
    folder: PathBuf,
    answers: UnboundedSender<Answer>,
    watchdog: Option<Watchdog>,
    running: Vec<Running>,
    /// How many were started.
    count: u64,
}

/// A profile that is being recorded.
#[derive(Debug)]
struct Running {
    number: u64,
    kind: ProfileKind,
    /// The administrator that started it, and is told when it ends by itself.
    connection: ConnectionId,
    file: (File, PathBuf),
    scripts: Option<(File, PathBuf)>,
    timer: AbortHandle,
}

/// A profile that has ended and is not written yet.
#[derive(Debug)]
struct Ended {
    running: Running,
    recording: Recording,
    scripts: Option<Samples>,
    remarks: Vec<String>,
}

impl Profiles {
    /// No profile yet. `dir` is the server's folder.
    pub(crate) fn new(dir: &Path, answers: UnboundedSender<Answer>, watchdog: Option<Watchdog>) -> Self {
        // The reader of this path may be in another folder than the server.
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        Self {
            folder: dir.join("profiles"),
            answers,
            watchdog,
            running: Vec::new(),
            count: 0,
        }
    }

    /// Starts a profile; the result is the answer to its administrator.
    pub(crate) fn start(&mut self, connection: ConnectionId, kind: ProfileKind, limit: Duration) -> String {
        let (command, _) = names(kind);
        if self.running.iter().any(|running| running.kind == kind) {
            return format!("Such a profile is being recorded already; {command}-stop ends it.");
        }
        let started = match self.begin(connection, kind, limit) {
            Ok(running) => running,
            Err(failure) => return format!("The profile was not started: {failure}."),
        };
        let text = format!(
            "Recording. {command}-stop writes it to {}; after {} s it ends by itself.",
            started.file.1.display(),
            limit.as_secs_f64()
        );
        self.running.push(started);
        text
    }

    fn begin(
        &mut self,
        connection: ConnectionId,
        kind: ProfileKind,
        limit: Duration,
    ) -> Result<Running, Failure> {
        // A disk that takes nothing is told before the wait and not after it.
        let stamp = stamp(SystemTime::now());
        let create = |name: &str| create(&self.folder, &format!("{name}-{stamp}"));
        let file = create(names(kind).1)?;
        let sampled = self.watchdog.as_ref().filter(|_| kind == ProfileKind::Processor);
        let scripts = match sampled {
            Some(_) => Some(create("scripts")?),
            None => None,
        };
        let started = match kind {
            ProfileKind::Processor => processor::start(),
            ProfileKind::Heap => heap::start(),
        };
        if let Err(error) = started {
            for (_, path) in [Some(&file), scripts.as_ref()].into_iter().flatten() {
                // It is empty, so nothing is lost.
                let _ = std::fs::remove_file(path);
            }
            return Err(match error {
                StartError::Running => "one of this kind is being recorded".to_owned(),
                StartError::System => "this system has no timer for it".to_owned(),
            });
        }
        if let Some(watchdog) = sampled {
            watchdog.start_sampling();
        }
        self.count += 1;
        let (number, answers) = (self.count, self.answers.clone());
        let timer = tokio::task::spawn_local(async move {
            tokio::time::sleep(limit).await;
            let _ = answers.send(Answer::Done(Done::ProfileOver(number)));
        });
        Ok(Running {
            number,
            kind,
            connection,
            file,
            scripts,
            timer: timer.abort_handle(),
        })
    }

    /// Ends a profile on an administrator's order. The result is the answer for now; the place of the files is told
    /// when they are written.
    pub(crate) fn stop(
        &mut self,
        connection: ConnectionId,
        kind: ProfileKind,
        remarks: Vec<String>,
    ) -> Option<String> {
        match self.running.iter().position(|running| running.kind == kind) {
            Some(place) => {
                self.end(place, connection, remarks);
                None
            }
            None => {
                let (command, _) = names(kind);
                Some(format!(
                    "No such profile is being recorded; {command}-start begins one."
                ))
            }
        }
    }

    /// The time of a profile is over.
    pub(crate) fn over(&mut self, number: u64, remarks: Vec<String>) {
        if let Some(place) = self.running.iter().position(|running| running.number == number)
            && let Some(running) = self.running.get(place)
        {
            let connection = running.connection;
            self.end(place, connection, remarks);
        }
    }

    fn end(&mut self, place: usize, connection: ConnectionId, remarks: Vec<String>) {
        let Some(ended) = self.take(place, remarks) else {
            return;
        };
        let answers = self.answers.clone();
        tokio::task::spawn_local(async move {
            let written = tokio::task::spawn_blocking(move || ended.write());
            let text = written.await.unwrap_or_else(|_| {
                "The profile could not be written; the log says how it failed.".to_owned()
            });
            let _ = answers.send(Answer::Done(Done::Tell(connection, text)));
        });
    }

    fn take(&mut self, place: usize, remarks: Vec<String>) -> Option<Ended> {
        let running = self.running.remove(place);
        running.timer.abort();
        let (recording, scripts) = match running.kind {
            ProfileKind::Processor => (
                processor::stop(),
                self.watchdog.as_ref().map(Watchdog::stop_sampling),
            ),
            ProfileKind::Heap => (heap::stop(), None),
        };
        Some(Ended {
            running,
            recording: recording?,
            scripts,
            remarks,
        })
    }

    /// The server comes to its end: writes the running profiles, now.
    pub(crate) fn finish(&mut self, remarks: &[String]) {
        while !self.running.is_empty() {
            if let Some(ended) = self.take(0, remarks.to_vec()) {
                let text = ended.write();
                tracing::info!("{text}");
            }
        }
    }
}

impl Ended {
    /// Writes the files; the result is the answer to the administrator.
    fn write(self) -> String {
        let Self {
            running,
            recording,
            scripts,
            mut remarks,
        } = self;
        remarks.insert(0, format!("fchatd {}", env!("CARGO_PKG_VERSION")));
        let mut text = format!(
            "{} samples in {:.1} s. ",
            recording.samples(),
            recording.took().as_secs_f64()
        );
        let mut files = vec![(running.file, recording.encode(&remarks))];
        if let (Some(file), Some(samples)) = (running.scripts, scripts) {
            files.push((file, encode_scripts(&samples, &recording, &remarks)));
        }
        let mut written = Vec::new();
        for ((mut file, path), content) in files {
            match file.write_all(&content) {
                Ok(()) => written.push(path.display().to_string()),
                Err(error) => return format!("{} can't be written: {error}.", path.display()),
            }
        }
        text.push_str(&format!("Written to {}; {OPEN_HOW}.", written.join(" and ")));
        if running.kind == ProfileKind::Heap {
            text.push_str(" It knows what was allocated while it was recorded. ");
            text.push_str(&remarks.join("; "));
            text.push('.');
        }
        text
    }
}

/// The command before `-start`, and the name of the file.
fn names(kind: ProfileKind) -> (&'static str, &'static str) {
    match kind {
        ProfileKind::Processor => ("profile", "processor"),
        ProfileKind::Heap => ("heap", "heap"),
    }
}

/// The work of scripts, as a pprof file. Host functions count for the function that called them.
fn encode_scripts(samples: &Samples, recording: &Recording, remarks: &[String]) -> Vec<u8> {
    let interval = Samples::INTERVAL.as_nanos() as u64;
    let values = [("samples", "count"), ("time", "nanoseconds")];
    let mut writer = Writer::new(&values, ("time", "nanoseconds"), interval);
    writer.time(recording.started(), recording.took());
    for remark in remarks {
        writer.remark(remark);
    }
    if samples.lost > 0 {
        writer.remark(&format!("{} samples found no room", samples.lost));
    }
    for (stack, &count) in &samples.stacks {
        let locations: Vec<_> = stack
            .iter()
            .map(|call| Location {
                address: 0,
                lines: vec![Line {
                    function: if call.function.is_empty() {
                        &call.file
                    } else {
                        &call.function
                    },
                    file: &call.file,
                    line: call.line,
                }],
            })
            .collect();
        let count = count as i64;
        writer.sample(&locations, &[count, count * interval as i64]);
    }
    writer.finish()
}

/// A file that is not there yet, in a folder that only the operator can look into: a profile tells much about a server.
fn create(folder: &Path, name: &str) -> Result<(File, PathBuf), Failure> {
    let path = folder.join(format!("{name}.pb"));
    let fault = |error: std::io::Error| format!("{} can't be made: {error}", path.display());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(fault)?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(fault)?;
    Ok((file, path))
}

/// A time in UTC for names of files, such as `20261122T175803.123Z`.
fn stamp(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn times_in_names() {
        let at = |seconds: u64| stamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000.000Z");
        assert_eq!(at(951_782_400), "20000229T000000.000Z");
        assert_eq!(at(1_795_371_483), "20261122T181803.000Z");
        assert_eq!(at(4_102_444_799), "20991231T235959.000Z");
    }
}
