//! This core as one of a pair: where the view is written down, the commits that both cores have on disk, and the take-over.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use fchatd_edge::pair::View;
use fchatd_edge::{EngineEnds, PairNews, PairSettings, Pairing, Seats, engine_link};
use fchatd_links::engine::Engine;
use fchatd_protocol::exchange::Input;
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::Object;
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::configuration::{cluster, engine};
use crate::failure::Failure;
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::say;
use crate::server::keeper::Report;
use crate::server::layout::ChatEdges;

/// The file with the view, in the data folder.
const FILE: &str = "cluster-view.json";
/// How long a leader that ends waits for its standby to lead.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether a change of the leader is over.
const STEP: Duration = Duration::from_millis(1);

/// The settings of the pair.
pub(crate) fn settings(options: &Options, settings: &Settings) -> Result<PairSettings, Failure> {
    let folder = data_folder(&options.dir);
    fs::create_dir_all(&folder).map_err(|error| format!("{} can't be made: {error}", folder.display()))?;
    let view = read(&folder)?;
    Ok(PairSettings {
        node: cluster::node_name(settings)?,
        cores: settings.list(keys::CORES).to_vec(),
        view,
        keep: Box::new(move |view| write(&folder, view)),
        engine: connect(options, settings)?,
    })
}

/// The conversation with the engine that decides which core leads; none where an operator does.
fn connect(options: &Options, settings: &Settings) -> Result<Option<EngineEnds>, Failure> {
    let Some(of_engine) = engine::settings(settings, &options.dir)? else {
        return Ok(None);
    };
    let engine = Engine::from_settings(&of_engine).map_err(|error| error.to_string())?;
    let address = cluster::cluster_address(settings)?.to_string();
    tracing::info!("pair: {} decides which core leads", engine.name());
    let (ends, mut link) = engine_link(engine.name(), &address);
    tokio::task::spawn_local(async move {
        while let Some(ask) = link.next().await {
            link.answer(engine.ask(ask).await);
        }
    });
    Ok(Some(ends))
}

fn read(folder: &Path) -> Result<View, Failure> {
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(View::default()),
        Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
    };
    let tape = Tape::of(text.trim_end()).unwrap_or_default();
    let epoch = tape.text("epoch").and_then(|epoch| epoch.parse().ok());
    let (Some(epoch), Some(leader)) = (epoch, tape.text("leader")) else {
        return Err(format!(
            "{} is damaged. Without it this core does not know whether it led last: remove it, and promote the core that has \
             the newest state (fchatd cluster promote --force)",
            path.display()
        ));
    };
    Ok(View {
        epoch,
        leader: leader.into_owned(),
        standby: tape.text("standby").map(std::borrow::Cow::into_owned),
    })
}

/// Writes the view so that it is there whole after a failure of the machine.
fn write(folder: &Path, view: &View) -> Result<(), Failure> {
    let mut text = Vec::new();
    let object = Object::open(&mut text)
        .text("epoch", &view.epoch.to_string())
        .text("leader", &view.leader);
    match &view.standby {
        Some(standby) => object.text("standby", standby).close(),
        None => object.close(),
    }
    text.push(b'\n');
    let (path, new) = (folder.join(FILE), folder.join("cluster-view.new"));
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    })();
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// The commits on disk: a change is answered when both cores of a pair have it.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptByBoth(Rc<Kept>);

#[derive(Debug, Default)]
struct Kept {
    own: Cell<u64>,
    of_standby: Cell<Option<u64>>,
    told: Cell<u64>,
    pairing: Option<Pairing>,
}

impl KeptByBoth {
    /// The keeper reports.
    pub(crate) fn report(&self, report: &Report, edge: &ChatEdges) {
        let kept = &*self.0;
        if let Some(pairing) = &kept.pairing
            && !edge.leads()
        {
            if !edge.interject(|chat, _| chat.is_present(report.generation)) {
                return;
            }
            return match report.unsaved {
                None => {
                    // When this core leads next, its clients wait for no other report about commits of the time before.
                    kept.own.set(report.commit);
                    pairing.kept(report.commit);
                }
                Some(_) => pairing.give_up("the disk of the standby can't be written"),
            };
        }
        let Some(unsaved) = &report.unsaved else {
            kept.own.set(report.commit);
            return self.tell(edge);
        };
        // Frames of commits that are not on disk wait no longer either: the chat goes on.
        edge.stored(report.commit);
        for &(connection, commit) in unsaved {
            edge.input(Input::Unsaved { connection, commit });
        }
    }

    fn tell(&self, edge: &ChatEdges) {
        let kept = &*self.0;
        let own = kept.own.get();
        let commit = kept.of_standby.get().map_or(own, |theirs| theirs.min(own));
        if commit > kept.told.get() || kept.pairing.is_none() {
            kept.told.set(commit);
            edge.stored(commit);
            edge.input(Input::Stored { commit });
        }
    }
}

/// Begins to follow the news of the pair, if this core is one of a pair.
pub(crate) fn begin(edge: &ChatEdges, seats: Option<&Seats>, settings: &Settings) -> KeptByBoth {
    let Some((seats, pairing)) = seats.and_then(|seats| Some((seats.clone(), seats.pairing()?.clone())))
    else {
        return KeptByBoth::default();
    };
    let kept = KeptByBoth(Rc::new(Kept {
        pairing: Some(pairing.clone()),
        ..Kept::default()
    }));
    let (edge, own, settings) = (edge.clone(), kept.clone(), settings.clone());
    tokio::task::spawn_local(async move {
        let Some(mut news) = pairing.news() else { return };
        while let Some(news) = news.recv().await {
            hear(news, &edge, &own, (&seats, &pairing), &settings);
        }
    });
    kept
}

fn hear(
    news: PairNews,
    edge: &ChatEdges,
    kept: &KeptByBoth,
    (seats, pairing): (&Seats, &Pairing),
    settings: &Settings,
) {
    match news {
        PairNews::Kept(of_standby) => {
            kept.0.of_standby.set(of_standby);
            kept.tell(edge);
        }
        PairNews::Leads => {
            edge.interject(|chat, outputs| chat.take_over(settings, outputs));
            let in_force = edge.interject(|chat, _| chat.settings());
            seats.tell_settings(cluster::shared(&in_force));
            edge.interject(|chat, _| chat.doors().tell_seats());
            kept.0.of_standby.set(None);
            kept.0.told.set(0);
            kept.tell(edge);
        }
        PairNews::StandsBy => kept.0.of_standby.set(None),
        PairNews::Adopted => {
            kept.0.own.set(0);
            if !edge.interject(|chat, _| chat.has_keeper()) {
                // Nothing is kept on disk, here and at the leader.
                pairing.kept(u64::MAX);
            }
        }
    }
}

/// A leader that ends has its standby lead, if there is one.
pub(crate) async fn give_over(edge: &ChatEdges, pairing: &Pairing) {
    if !edge.leads() {
        return;
    }
    match tokio::time::timeout(PATIENCE, edge.hand_over(pairing)).await {
        Ok(Ok(sentence)) => say!("{sentence}"),
        Ok(Err(failure)) => tracing::info!("no other core leads: {failure}"),
        Err(_) => tracing::warn!("the standby has not said in time whether it leads"),
    }
}

/// Waits while the standby takes over: neither this core nor the other one handles anything then.
pub(crate) async fn while_it_changes(edge: &ChatEdges) {
    while edge.is_stopped() {
        tokio::time::sleep(STEP).await;
    }
}
