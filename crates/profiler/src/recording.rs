//! The recorded samples of a profile, and their conversion to a file.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::pprof::{Line, Location, Writer};
use crate::stacks::Table;
use crate::{heap, processor};

/// The stacks of a finished profile.
#[derive(Debug)]
pub struct Recording {
    table: Table,
    started: SystemTime,
    took: Duration,
    of_heap: bool,
}

/// A source line with owned strings.
struct Place {
    function: String,
    file: String,
    line: u32,
}

impl Place {
    /// Whether it belongs to the code between an allocation and this crate's recording.
    fn is_own(&self) -> bool {
        let file = |own: &str| self.file.ends_with(own);
        self.function.contains("fchatd_profiler::")
            || self.function.contains("__rust_alloc")
            || self.function.contains("__rust_realloc")
            || file(crate::heap::FILE)
            || file(crate::stacks::FILE)
    }
}

impl Recording {
    pub(crate) fn of_processor(table: Table, started: SystemTime) -> Self {
        Self::new(table, started, false)
    }

    pub(crate) fn of_heap(table: Table, started: SystemTime) -> Self {
        Self::new(table, started, true)
    }

    fn new(table: Table, started: SystemTime, of_heap: bool) -> Self {
        Self {
            table,
            started,
            took: started.elapsed().unwrap_or_default(),
            of_heap,
        }
    }

    /// The start of the profile.
    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// The duration of the profile.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Number of samples: of processor time, or of allocated objects.
    pub fn samples(&self) -> u64 {
        self.table.iter().map(|(_, sums)| sums.count).sum::<f64>() as u64
    }

    /// The recording as a pprof file, with remarks for its reader. Resolving the names of functions takes up
    /// to some seconds, so no latency-sensitive code may wait for it.
    pub fn encode(&self, remarks: &[String]) -> Vec<u8> {
        let interval = if self.of_heap {
            heap::INTERVAL
        } else {
            processor::INTERVAL * 1000
        };
        let mut writer = if self.of_heap {
            // Tools show the last value by default.
            Writer::new(
                &[
                    ("alloc_objects", "count"),
                    ("alloc_space", "bytes"),
                    ("inuse_objects", "count"),
                    ("inuse_space", "bytes"),
                ],
                ("space", "bytes"),
                u64::from(interval),
            )
        } else {
            Writer::new(
                &[("samples", "count"), ("cpu", "nanoseconds")],
                ("cpu", "nanoseconds"),
                u64::from(interval),
            )
        };
        writer.time(self.started, self.took);
        for remark in remarks {
            writer.remark(remark);
        }
        if self.table.lost > 0 {
            writer.remark(&format!("{} samples found no room", self.table.lost));
        }
        let mut names = HashMap::new();
        for (stack, sums) in self.table.iter() {
            let frames = stack.frames();
            for &frame in frames {
                names.entry(frame).or_insert_with(|| look_up(frame));
            }
            let places = |frame: usize| names.get(&frame).map(Vec::as_slice).unwrap_or_default();
            // An allocation's stack begins in this crate and in Rust's wrappers of allocators. Where these
            // were inlined into the allocating function, they are only a part of its frame.
            let own = frames
                .iter()
                .take(8)
                .rposition(|&frame| places(frame).iter().any(Place::is_own))
                .filter(|_| self.of_heap);
            let locations: Vec<Location<'_>> = frames
                .iter()
                .enumerate()
                .skip(own.unwrap_or(0))
                .map(|(index, &frame)| {
                    let places = places(frame);
                    let last = places
                        .iter()
                        .rposition(Place::is_own)
                        .filter(|_| own == Some(index));
                    let lines = places.iter().skip(last.map_or(0, |last| last + 1));
                    Location {
                        address: frame as u64,
                        lines: lines
                            .map(|place| Line {
                                function: &place.function,
                                file: &place.file,
                                line: place.line,
                            })
                            .collect(),
                    }
                })
                .filter(|location| !location.lines.is_empty())
                .collect();
            let whole = |value: f64| value.round() as i64;
            if self.of_heap {
                let values = [sums.count, sums.bytes, sums.live_count, sums.live_bytes];
                writer.sample(&locations, &values.map(whole));
            } else {
                writer.sample(
                    &locations,
                    &[whole(sums.count), whole(sums.count) * i64::from(interval)],
                );
            }
        }
        // The cache holds the program's debug information in memory.
        backtrace::clear_symbol_cache();
        writer.finish()
    }
}

/// The functions at an address: the innermost first, if some were inlined.
fn look_up(address: usize) -> Vec<Place> {
    let mut places = Vec::new();
    backtrace::resolve(address as *mut _, |symbol| {
        let file = symbol
            .filename()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let function = match symbol.name() {
            // Without the hash that Rust appends.
            Some(name) => tell_apart(format!("{name:#}"), &file),
            None => format!("{address:#x}"),
        };
        places.push(Place {
            function,
            file,
            line: symbol.lineno().unwrap_or(0),
        });
    });
    if places.is_empty() {
        places.push(Place {
            function: format!("{address:#x}"),
            file: String::new(),
            line: 0,
        });
    }
    places
}

/// Debug information with line tables only has function names without modules, and many functions are called
/// `new`. So the end of the file's path is appended.
fn tell_apart(name: String, file: &str) -> String {
    if name.contains("::") || file.is_empty() {
        return name;
    }
    let parts: Vec<&str> = file.split('/').collect();
    let end = parts.get(parts.len().saturating_sub(3)..).unwrap_or_default();
    format!("{name} ({})", end.join("/"))
}
