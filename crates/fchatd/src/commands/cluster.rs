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
    /// Show the pair and the edges of the core that runs in the folder. The exit code is 0 when all edges are connected and, with a
    /// second core, the standby has everything
    Status {
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Have the standby lead in place of the core that runs in the folder. Nobody is logged off
    Handover,
    /// Have the core that runs in the folder lead, because the leading one has died, or because no core has led yet
    Promote {
        /// Also when something may be lost: while the leader answers, or when this core does not have everything
        #[arg(long)]
        force: bool,
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
        ClusterAction::Handover => {
            say!("{}", asked(options, control::ask_handover(&options.dir))?);
            Ok(())
        }
        ClusterAction::Promote { force } => {
            say!("{}", asked(options, control::ask_promote(&options.dir, *force))?);
            Ok(())
        }
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
    let pair = asked(options, control::ask_pair(&options.dir))?;
    let fault = match pair.is_empty() {
        true => None,
        false => pair_status(&pair, json)?,
    };
    if fault.is_some_and(|fault| !fault.leads) {
        return Err(fault.map_or_else(String::new, |fault| fault.sentence.to_owned()));
    }
    let lost = edges(options, json)?;
    if !lost.is_empty() {
        return Err(format!("not connected: {}", lost.join(", ")));
    }
    match fault {
        Some(fault) => Err(fault.sentence.to_owned()),
        None => Ok(()),
    }
}

/// A reason why the pair is not as it should be.
#[derive(Debug, Clone, Copy)]
struct Fault {
    /// Whether the core leads.
    leads: bool,
    sentence: &'static str,
}

/// Shows the state of the pair.
fn pair_status(line: &str, json: bool) -> Result<Option<Fault>, Failure> {
    let pair = Tape::of(line).map_err(|_| "the server did not answer".to_owned())?;
    let text = |key: &str| pair.text(key).unwrap_or_default().into_owned();
    let is = |key: &str| pair.boolean(key) == Some(true);
    if json {
        say!("{line}");
    }
    let (state, fault) = pair_state(&text, &is);
    let (engine, away) = engine_state(&text, &is);
    if !json {
        say!("{state}");
        if let Some(engine) = engine {
            say!("{engine}");
        }
    }
    Ok(fault.or(away).map(|sentence| Fault {
        leads: is("leads") && !is("handing_over"),
        sentence,
    }))
}

/// The state of the engine that decides which core leads as a sentence, and the fault, if there is one.
fn engine_state(text: Texts<'_>, is: Flags<'_>) -> (Option<String>, Option<&'static str>) {
    let (name, fault) = (text("engine"), text("engine_fault"));
    if name.is_empty() {
        return (None, None);
    }
    let shown = match (text("engine_leader").as_str(), text("engine_standby").as_str()) {
        ("", _) => "no core has led yet".to_owned(),
        (leader, "") => format!(
            "{leader} leads in view {}, without a standby",
            text("engine_epoch")
        ),
        (leader, standby) => format!(
            "{leader} leads in view {}, and {standby} is its standby",
            text("engine_epoch")
        ),
    };
    match (is("engine_up"), fault.as_str()) {
        (true, "") => (Some(format!("{name}: answers; {shown}")), None),
        (true, fault) => (
            Some(fault.to_owned()),
            Some("the engine has forgotten something: an operator has to decide which core leads"),
        ),
        (false, fault) => (
            Some(format!("{name}: does NOT answer: {fault}. At last: {shown}")),
            Some("no core can take over while the engine does not answer; the chat goes on"),
        ),
    }
}

/// Texts and flags of the answer about the pair, by their keys.
type Texts<'a> = &'a dyn Fn(&str) -> String;
type Flags<'a> = &'a dyn Fn(&str) -> bool;

/// The state of the pair as a sentence, and the fault, if there is one.
fn pair_state(text: Texts<'_>, is: Flags<'_>) -> (String, Option<&'static str>) {
    let (node, epoch, seconds) = (text("node"), text("epoch"), text("seconds"));
    let engine = text("engine");
    if is("waiting") && !engine.is_empty() && !is("protected") {
        let waits = match (is("handing_over"), is("leads")) {
            (true, _) => "has given over, and asks which core leads",
            (_, true) => "leads, and waits for a change of the view",
            _ => "wants to lead, and waits for that",
        };
        return (
            format!("core {node}: {waits}; {engine} decides it. View {epoch}"),
            Some("not protected: a change of the leader or of the standby is under way"),
        );
    }
    if is("handing_over") {
        return (
            format!(
                "core {node}: has given over in view {epoch}, and does not know whether the standby leads"
            ),
            Some("it is not known which core leads; fchatd cluster promote decides it"),
        );
    }
    if is("protected") {
        let behind = match (text("unheld").as_str(), text("unapplied").as_str()) {
            ("0", "0") => String::new(),
            (unheld, unapplied) => {
                format!("; {unheld} entries are on their way to it, and it has {unapplied} to carry out")
            }
        };
        let state = format!(
            "core {node}: leads in view {epoch}; the standby {} has everything, for {seconds} s{behind}",
            text("peer")
        );
        return (state, None);
    }
    if is("leads") {
        let joining = match text("peer").as_str() {
            "" => String::new(),
            peer => format!("; the core {peer} is joining"),
        };
        return (
            format!("core {node}: leads in view {epoch}, WITHOUT a standby for {seconds} s{joining}"),
            Some("not protected: there is no standby that has everything"),
        );
    }
    if is("following") {
        let (what, fault) = match text("standby") == node {
            true => ("is the standby, and has everything", None),
            false => (
                "joins",
                Some("not protected: this core does not have everything yet"),
            ),
        };
        let behind = match text("lag").as_str() {
            "0" => String::new(),
            lag => format!(", and has {lag} to carry out"),
        };
        let state = format!(
            "core {node}: {what}; {} leads in view {epoch}. It has received entry {}{behind}",
            text("leader"),
            text("entry")
        );
        return (state, fault);
    }
    let leader = match text("leader").as_str() {
        "" => "no core has led yet (fchatd cluster promote)".to_owned(),
        leader => format!("the core {leader} led last, in view {epoch}, and does not answer"),
    };
    let fault = match engine.is_empty() {
        true => "no core leads as far as this one knows; fchatd cluster promote decides it",
        false => "no core leads as far as this one knows",
    };
    (format!("core {node}: waits; {leader}"), Some(fault))
}

/// Shows the edges. The result is those that are not connected.
fn edges(options: &Options, json: bool) -> Result<Vec<String>, Failure> {
    let lines = match asked(options, control::ask_cluster(&options.dir)) {
        Ok(lines) => lines,
        // A standby has no edges to show.
        Err(_) if !asked(options, control::ask_pair(&options.dir))?.is_empty() => return Ok(Vec::new()),
        Err(failure) => return Err(failure),
    };
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
    Ok(lost)
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
