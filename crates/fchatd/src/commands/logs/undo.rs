//! `fchatd log undo`: takes back a ban or timeout, of a server that runs or of one that does not.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::exchange::{self, ActionEntry, LogParty, Undo as Undoing};
use fchatd_protocol::network::{self, IpNet};
use fchatd_protocol::text::fold;
use fchatd_store::snapshot::Snapshot;
use fchatd_store::{Claim, Store, StoreError};

use crate::configuration;
use crate::failure::Failure;
use crate::folder::action_log;
use crate::folder::control;
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::say;

#[derive(Debug, Clone, Args)]
pub(crate) struct Undo {
    /// The action's number
    #[arg(value_name = "NUMBER")]
    id: u64,
}

/// Undoes an action.
///
/// # Errors
/// A sentence that says why not.
pub(super) fn undo(options: &Options, undo: &Undo) -> Result<(), Failure> {
    let asked = control::ask_undo(&options.dir, undo.id)
        .map_err(|error| format!("the server that runs in this folder does not answer: {error}"))?;
    let text = match asked {
        Some(answer) => answer?,
        None => undo_beside(options, undo.id)?,
    };
    say!("{text}");
    Ok(())
}

/// Undoes it in the state of a server that does not run.
fn undo_beside(options: &Options, id: u64) -> Result<String, Failure> {
    let data = data_folder(&options.dir);
    if !data.is_dir() {
        return Err(format!("no server has ever run in {}", options.dir.display()));
    }
    let settings = configuration::load(options)?;
    let claim = Claim::take(&data).map_err(|error| match error {
        StoreError::InUse { .. } => {
            "a server runs in this folder and can't be asked: run this as its user, or lift the ban in the chat (UNB, \
             CUB)"
                .to_owned()
        }
        error => error.to_string(),
    })?;
    let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let mut log = action_log::open(&options.dir, &settings)?;
    let undoing = action_log::undoable(&action_log::folder(&options.dir), id, now)?;
    let snapshot = store.load_snapshot().map_err(|error| error.to_string())?;
    let changes = changes(&undoing, &snapshot.unwrap_or_default());
    if changes.is_empty() {
        return Err(format!(
            "no such measure against {} is in force any more: there is nothing to undo",
            undoing.character
        ));
    }
    let commit = Commit {
        number: 1,
        actor: None,
        changes,
    };
    let mut writer = store.chat_writer().map_err(|error| error.to_string())?;
    writer.apply(&[commit]).map_err(|error| error.to_string())?;
    let entry = ActionEntry {
        name: Undoing::OPERATOR.to_owned(),
        code: Undoing::CODE.to_owned(),
        arguments: undoing.arguments(),
        time: now,
        target: Some(LogParty {
            character: undoing.character.clone(),
            ..LogParty::default()
        }),
        channel: undoing.channel.clone(),
    };
    log.append(&[entry])
        .map_err(|error| format!("it is undone, but the action log can't be written: {error}"))?;
    Ok(format!(
        "action {id} is undone: {} of {}",
        undoing.code, undoing.character
    ))
}

/// The command that lifts the ban or timeout, if there is one.
fn changes(undo: &Undoing, snapshot: &Snapshot) -> Vec<Change> {
    let is_it = |name: &str| fold(name) == fold(&undo.character);
    // Measures against a character of an unknown account.
    let named = |kind: &'static str| {
        let sanctions = snapshot.name_sanctions.iter();
        sanctions
            .filter(move |sanction| sanction.kind == kind && is_it(&sanction.name))
            .map(|sanction| Change::NameSanctionGone {
                folded: fold(&sanction.name).into_owned(),
                kind: kind.to_owned(),
            })
    };
    match (undo.code.as_str(), &undo.channel) {
        ("ACB", _) => {
            let bans = snapshot.bans.iter().filter(|ban| is_it(&ban.character));
            let bans = bans.map(|ban| Change::Unban { account: ban.account });
            bans.chain(named("ban")).collect()
        }
        ("TMO", _) => {
            let timeouts = snapshot.timeouts.iter();
            timeouts
                .filter(|timeout| is_it(&timeout.character))
                .map(|timeout| Change::TimeoutGone {
                    account: timeout.account,
                })
                .chain(named("timeout"))
                .collect()
        }
        ("HLB", _) => {
            let bans = snapshot.hellbans.iter().filter(|ban| is_it(&ban.character));
            let bans = bans.map(|ban| Change::HellBanGone { account: ban.account });
            bans.chain(named("hellban")).collect()
        }
        (exchange::BAN, _) => {
            let mut bans = snapshot.network_bans.iter().map(|ban| ban.network);
            let is_it = |network: &IpNet| Some(*network) == network::parse(&undo.character);
            let unban = bans.find(is_it).map(|network| Change::NetworkUnban { network });
            unban.into_iter().collect()
        }
        (_, Some(place)) => {
            let mut channels = snapshot.channels.iter();
            let channel = channels.find(|channel| fold(&channel.head.name) == fold(place));
            let ban = channel.and_then(|channel| channel.bans.iter().find(|ban| is_it(&ban.name)));
            let unban = channel.zip(ban).map(|(channel, ban)| Change::ChannelUnban {
                channel: channel.head.name.clone(),
                folded: fold(&ban.name).into_owned(),
            });
            unban.into_iter().collect()
        }
        _ => Vec::new(),
    }
}
