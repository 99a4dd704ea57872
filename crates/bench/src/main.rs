//! The command `fchatd-bench`.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

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
use fchatd_bench::{Error, crowd, scale, siege};

/// Load generator for servers of the F-Chat protocol: measures throughput, latency and cost
///
/// A SERVER is an address such as ws://127.0.0.1:9722/, or a command with {port} in it, such as "./other
/// --port {port}". Add #PID to the address of a local process to measure its processor time and memory. The
/// command of fchatd needs no {port}; the needed options are added. NAME=SERVER names the server in the
/// results.
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
    /// Measure several servers in turn (A B, B A, …) and report the ratios to the first one
    Compare {
        /// The servers, two or more
        #[arg(required = true, num_args = 2.., value_name = "SERVER")]
        servers: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Measure all workloads that have a target, and report the reached targets
    Targets {
        /// The server
        #[arg(long, value_name = "SERVER")]
        server: String,
        /// The reference server that writes once for each recipient and turn
        #[arg(long, value_name = "SERVER")]
        gathering: String,
        /// The reference server that writes once for each delivery
        #[arg(long, value_name = "SERVER")]
        plain: String,
        /// Divide the number of users in the largest workloads by this, for a trial
        #[arg(long, default_value_t = 1, value_name = "DIVISOR")]
        smaller: usize,
        #[command(flatten)]
        how: Common,
    },
    /// Attack a server at full rate beside a quiet channel, and report the effects on its users
    Siege {
        /// The command of fchatd, such as target/release/fchatd
        #[arg(long, value_name = "COMMAND")]
        server: String,
        /// The attacks, separated by commas; default: all
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        attack: Vec<String>,
        /// The numbers of server threads to measure with
        #[arg(long, value_delimiter = ',', default_value = "1,2,3", value_name = "COUNT")]
        threads: Vec<usize>,
        /// Write the results to this file, as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        #[command(flatten)]
        how: siege::Measure,
    },
    /// Connect many clients, kill or restart the server, and measure their return by the official client's
    /// rules
    Crowd {
        /// The command of fchatd, such as target/release/fchatd
        #[arg(long, value_name = "COMMAND")]
        server: String,
        /// The events, separated by commas, each with a new server
        #[arg(
            long,
            value_enum,
            value_delimiter = ',',
            default_value = "kill,restart",
            value_name = "EVENT"
        )]
        event: Vec<crowd::Event>,
        /// Write the results to this file, as JSON
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        #[command(flatten)]
        how: crowd::Measure,
    },
    /// Calculate the cost of a day of chat with many people, for several designs of the server; no server
    /// runs
    Scale {
        #[command(flatten)]
        how: scale::Measure,
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
    /// The workloads, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    workload: Vec<Workload>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// Number of measurements
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    repetitions: usize,
    /// Write the results to this file, as JSON
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

/// Returns whether there was no loss, fault or missed target.
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
        Task::Scale { how } => reckon(&how),
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
        // Earlier results are kept even if a later workload fails.
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

fn reckon(how: &scale::Measure) -> Result<bool, Error> {
    how.check()?;
    for people in &how.people {
        let begin = Instant::now();
        say(&scale::simulate(*people, how).table());
        progress(&format!("simulated in {:.1} s", begin.elapsed().as_secs_f64()));
    }
    Ok(true)
}

fn keep(document: &Document, how: &Common) -> Result<(), Error> {
    how.json.as_ref().map_or(Ok(()), |file| document.write(file))
}

fn progress(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A closed output pipe is no failure.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
