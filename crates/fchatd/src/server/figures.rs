//! The figures of the process and of its output, and the list of all tables of figures. Each part of the server has its
//! own tables beside its counters.

#[cfg(test)]
use fchatd_figures::AnyTable;
use fchatd_figures::{Row, Series, Sink, Table, Value};
use rustix::time::{ClockId, clock_gettime};

use crate::output::{ERR, OUT};
#[cfg(test)]
use crate::server::{keeper, recorder, script_web, timings};

static PROCESS: Table<()> = Table {
    section: "process",
    rows: &[
        Row::gauge(
            "process_resident_memory_bytes",
            "of memory",
            "Resident memory of the process.",
            |()| {
                let bytes = resident_kibibytes().map(|kibibytes| kibibytes * 1024.0);
                bytes.into()
            },
        ),
        Row::counter(
            "process_cpu_seconds_total",
            "of processor time",
            "Processor time of the process.",
            |()| {
                let used = clock_gettime(ClockId::ProcessCPUTime);
                Value::Real(used.tv_sec as f64 + used.tv_nsec as f64 / 1e9)
            },
        ),
        Row::info(
            "fchatd_build_info",
            "version",
            env!("CARGO_PKG_VERSION"),
            concat!("version ", env!("CARGO_PKG_VERSION")),
            "The version of the program.",
        ),
    ],
};

static OUTPUT: Table<()> = Table {
    section: "output",
    rows: &[Row::counters(
        "fchatd_output_lines_lost_total",
        "lines lost",
        "stream",
        "Lines of output lost because the stream had no reader or the disk was full.",
        &[
            Series::new("log", "lines of the log lost", |()| ERR.lost().into()),
            Series::new("stdout", "lines of standard output lost", |()| OUT.lost().into()),
        ],
    )],
};

/// Puts the figures of the process into a sink.
pub(crate) fn put_process(sink: &mut dyn Sink) {
    PROCESS.put(&(), sink);
    OUTPUT.put(&(), sink);
}

/// All tables of figures of the server, in the order of the reference.
#[cfg(test)]
fn all() -> Vec<&'static dyn AnyTable> {
    let own: [&dyn AnyTable; 4] = [&PROCESS, &OUTPUT, &recorder::FIGURES, &script_web::FIGURES];
    let mut all: Vec<&dyn AnyTable> = fchatd_core::figure_tables().collect();
    for tables in [
        fchatd_edge::FIGURES,
        fchatd_accounts::FIGURES,
        fchatd_links::FIGURES,
        &own,
        &keeper::FIGURES,
        &timings::FIGURES,
    ] {
        all.extend(tables);
    }
    all
}

/// The memory of this process that is in use, where the system tells it as Linux does.
pub(crate) fn resident_kibibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use fchatd_figures::{faults, markdown};

    use super::*;

    #[test]
    fn the_figures_follow_the_conventions() {
        assert_eq!(faults(&all()), Vec::<String>::new());
    }

    #[test]
    fn the_reference_of_figures_has_all_tables() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/figures.md");
        let text = fs::read_to_string(&path).unwrap();
        let (head, _) = text.split_once("\n## ").unwrap();
        let wanted = format!("{head}{}", markdown(&all()));
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            fs::write(&path, &wanted).unwrap();
        } else {
            assert_eq!(text, wanted, "UPDATE_REFERENCE=1 writes it anew");
        }
    }
}
