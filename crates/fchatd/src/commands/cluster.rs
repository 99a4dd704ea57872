//! `fchatd cluster …`: the key of a cluster, the state of its edges, and draining one of them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use clap::Subcommand;
use fchatd_edge::make_key;
use fchatd_protocol::json::read::Tape;

use crate::clock::Clock;
use crate::configuration;
use crate::failure::Failure;
use crate::folder::control;
use crate::options::Options;
use crate::output::say;
use fchatd_world::settings::keys;

/// Seconds of a year, on average.
const YEAR: i64 = 31_556_952;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ClusterAction {
    /// Make the certificate and the key of a cluster, in the file that cluster_key names. Copy it to all nodes
    Key,
    /// Show the edges of the core that runs in the folder. The exit code is 0 when all of them are connected
    Status {
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Have an edge send its people elsewhere over drain_time, and end. They stay logged in, and are away until they have
    /// connected again
    Drain {
        /// The name of the edge, as "status" shows it
        #[arg(value_name = "NODE")]
        node: String,
    },
}

/// `fchatd cluster …`
pub(crate) fn cluster(options: &Options, action: &ClusterAction) -> Result<(), Failure> {
    match action {
        ClusterAction::Key => key(options),
        ClusterAction::Status { json } => status(options, *json),
        ClusterAction::Drain { node } => {
            say!("{}", asked(options, control::ask_drain(&options.dir, node))?);
            Ok(())
        }
    }
}

fn key(options: &Options) -> Result<(), Failure> {
    let settings = configuration::load(options)?;
    let file = options.dir.join(settings.text(keys::CLUSTER_KEY));
    let year = 1970 + Clock::new().now().unix / 1000 / YEAR;
    let text = make_key(year as i32)?;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    match made {
        Ok(()) => {
            say!(
                "{} is made; copy it to all nodes, and keep it secret",
                file.display()
            );
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(format!(
            "{} is there already; remove it first if all nodes are to get a new key",
            file.display()
        )),
        Err(error) => Err(format!("{} can't be written: {error}", file.display())),
    }
}

fn status(options: &Options, json: bool) -> Result<(), Failure> {
    let lines = asked(options, control::ask_cluster(&options.dir))?;
    if json {
        if !lines.is_empty() {
            say!("{}", lines.trim_end());
        }
    } else if lines.is_empty() {
        say!("no edge is attached");
    }
    let mut lost = Vec::new();
    for line in lines.lines() {
        let edge = Tape::of(line).map_err(|_| "the server did not answer".to_owned())?;
        let text = |key: &str| edge.text(key).unwrap_or_default().into_owned();
        if edge.boolean("connected") != Some(true) {
            lost.push(text("node"));
        }
        if !json {
            let state = match (edge.boolean("connected"), edge.boolean("draining")) {
                (Some(true), Some(true)) => "draining",
                (Some(true), _) => "connected",
                _ => "not connected",
            };
            say!(
                "{} (thread {}): {state}, version {}, {} connections, {} sockets, {} KiB not acknowledged",
                text("node"),
                text("thread"),
                text("version"),
                text("connections"),
                text("sockets"),
                text("unacknowledged").parse::<u64>().unwrap_or_default() / 1024,
            );
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    Err(format!("not connected: {}", lost.join(", ")))
}

/// The answer of the server in the folder.
fn asked(
    options: &Options,
    answer: std::io::Result<Option<Result<String, String>>>,
) -> Result<String, Failure> {
    let folder = options.dir.display();
    match answer {
        Ok(Some(answer)) => answer,
        Ok(None) => Err(format!(
            "no core runs in {folder}; give the core's folder with --dir"
        )),
        Err(error) => Err(format!("the core in {folder} can't be asked: {error}")),
    }
}
