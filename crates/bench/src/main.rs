//! The command `fchatd-bench`.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use fchatd_bench::crowd::report::Returns;
use fchatd_bench::load::people::People;
use fchatd_bench::report::document::{Document, Outcome};
use fchatd_bench::report::series::interleave;
use fchatd_bench::report::targets::{self, Contest};
use fchatd_bench::report::{plot, table};
use fchatd_bench::server::{Wanted, allow_many_sockets};
use fchatd_bench::siege::report::Siege;
use fchatd_bench::workload::Workload;
use fchatd_bench::workload::shape::{Shape, Wishes};
use fchatd_bench::{Error, crowd, siege};

/// Load for servers of the F-Chat protocol: what they deliver, how late, and what it costs them.
///
/// A SERVER is an address, such as ws://127.0.0.1:9722/ (with #PID behind it when its process is on this machine, for
/// processor time and memory), or a command with {port} in it, such as "./other --port {port}". fchatd itself needs no
/// {port}: what the load needs is added. NAME=SERVER gives it a name.
#[derive(Debug, Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measure one server
    Run {
        /// The server
        #[arg(long, value_name = "SERVER")]
        server: String,
        #[command(flatten)]
        how: How,
    },
    /// Measure servers in turn (A B, B A, …) and tell the ratios to the first
    Compare {
        /// The servers, two or more
        #[arg(required = true, num_args = 2.., value_name = "SERVER")]
        servers: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Measure everything that there is a target for, and tell which are reached
    Targets {
        /// The server
        #[arg(long, value_name = "SERVER")]
        server: String,
        /// The reference that writes once for each recipient and turn
        #[arg(long, value_name = "SERVER")]
        gathering: String,
        /// The reference that writes once for each delivery
        #[arg(long, value_name = "SERVER")]
        plain: String,
        /// Divide the largest crowds by this, for a trial
        #[arg(long, default_value_t = 1, value_name = "DIVISOR")]
        smaller: usize,
        #[command(flatten)]
        how: Common,
    },
    /// Attack a server of one's own at full rate beside a quiet channel, and tell who noticed
    Siege {
        /// The command of fchatd, such as target/release/fchatd
        #[arg(long, value_name = "COMMAND")]
        server: String,
        /// The attacks, with commas between; all without this
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        attack: Vec<String>,
        /// The numbers of threads of the server
        #[arg(long, value_delimiter = ',', default_value = "1,2,3", value_name = "COUNT")]
        threads: Vec<usize>,
        /// Keep the results in this file, as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        #[command(flatten)]
        how: siege::Measure,
    },
    /// Have many people in the chat, kill or restart the server, and tell when everybody is back by the official client's rules
    Crowd {
        /// The command of fchatd, such as target/release/fchatd
        #[arg(long, value_name = "COMMAND")]
        server: String,
        /// The events, with commas between, each with a server of its own
        #[arg(
            long,
            value_enum,
            value_delimiter = ',',
            default_value = "kill,restart",
            value_name = "EVENT"
        )]
        event: Vec<crowd::Event>,
        /// Keep the results in this file, as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        #[command(flatten)]
        how: crowd::Measure,
    },
    /// Draw plots of results
    Plots {
        /// Results in JSON
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder for the plots
        #[arg(long, default_value = "docs/benchmarks", value_name = "FOLDER")]
        into: PathBuf,
    },
    /// Show results as tables
    Show {
        /// Results in JSON
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct How {
    /// What to do; several with commas between
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    workload: Vec<Workload>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// How often to measure
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    repetitions: usize,
    /// Keep the results in this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    wishes: Wishes,
    #[command(flatten)]
    people: People,
}

fn main() -> ExitCode {
    let task = CommandLine::parse().task;
    match perform(task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was lost, broken or missed.
fn perform(task: Task) -> Result<bool, Error> {
    let _ = allow_many_sockets();
    match task {
        Task::Run { server, how } => measure(&[server], &how),
        Task::Compare { servers, how } => measure(&servers, &how),
        Task::Targets {
            server,
            gathering,
            plain,
            smaller,
            how,
        } => {
            let (server, gathering, plain) = (
                Wanted::parse(&server),
                Wanted::parse(&gathering),
                Wanted::parse(&plain),
            );
            let contest = Contest {
                server: &server,
                gathering: &gathering,
                plain: &plain,
            };
            let (targets, document) = targets::measure(
                &contest,
                &how.people,
                &how.wishes,
                how.repetitions,
                smaller,
                progress,
            )?;
            say(&format!("{}\n{targets}", table::document(&document)));
            keep(&document, &how)?;
            Ok(!targets.contains("**no**"))
        }
        Task::Siege {
            server,
            attack,
            threads,
            json,
            how,
        } => lay_siege(&server, &attack, &threads, json.as_deref(), &how),
        Task::Crowd {
            server,
            event,
            json,
            how,
        } => await_crowd(&server, &event, json.as_deref(), &how),
        Task::Plots { files, into } => {
            let documents = files
                .iter()
                .map(|file| Document::read(file))
                .collect::<Result<Vec<_>, _>>()?;
            for file in plot::write(&documents, &into)? {
                say(&file.display().to_string());
            }
            Ok(true)
        }
        Task::Show { files } => {
            for file in files {
                say(&table::document(&Document::read(&file)?));
            }
            Ok(true)
        }
    }
}

fn measure(servers: &[String], how: &How) -> Result<bool, Error> {
    let servers: Vec<Wanted> = servers.iter().map(|server| Wanted::parse(server)).collect();
    let servers: Vec<&Wanted> = servers.iter().collect();
    let mut document = Document::new();
    for workload in &how.workload {
        let shape = Shape::new(*workload, &how.common.wishes);
        let outcomes = interleave(
            &servers,
            &how.common.people,
            *workload,
            &shape,
            how.common.repetitions,
            progress,
        )?;
        document.outcomes.extend(outcomes);
        // What was measured is kept even if a later workload fails.
        keep(&document, &how.common)?;
    }
    say(&table::document(&document));
    Ok(document.outcomes.iter().all(Outcome::is_clean))
}

fn lay_siege(
    server: &str,
    names: &[String],
    threads: &[usize],
    json: Option<&Path>,
    how: &siege::Measure,
) -> Result<bool, Error> {
    let server = Wanted::parse(server);
    let mut all = Siege::default();
    for attack in siege::attacks::named(names)? {
        for count in threads {
            let outcome = siege::measure(&server, attack, *count, how)?;
            let missed = outcome.missed().join(", ");
            progress(&format!(
                "{} on {count}: p99 {:.1} ms, {} harmed, peak {:.0} MiB, after {:.0} of {:.0} MiB; {}",
                attack.name,
                outcome.p99_ms,
                outcome.harmed(),
                outcome.peak_mib,
                outcome.after_mib,
                outcome.before_mib,
                if missed.is_empty() { "met" } else { &missed }
            ));
            all.outcomes.push(outcome);
            if let Some(file) = json {
                all.write(file)?;
            }
        }
    }
    say(&all.table());
    Ok(all.is_met())
}

fn await_crowd(
    server: &str,
    events: &[crowd::Event],
    json: Option<&Path>,
    how: &crowd::Measure,
) -> Result<bool, Error> {
    let server = Wanted::parse(server);
    let mut all = Returns::default();
    for event in events {
        let outcome = crowd::measure(&server, *event, how, progress)?;
        progress(&format!(
            "{}: {} of {} back, the last after {:.1} s; {} final refusals; p99 {:.1} ms",
            event.name(),
            outcome.back,
            outcome.people,
            outcome.last_seconds,
            outcome.refused,
            outcome.p99_ms
        ));
        all.outcomes.push(outcome);
        if let Some(file) = json {
            all.write(file)?;
        }
    }
    say(&all.table());
    Ok(all.is_met())
}

fn keep(document: &Document, how: &Common) -> Result<(), Error> {
    how.json.as_ref().map_or(Ok(()), |file| document.write(file))
}

fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A reader that has gone away is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
