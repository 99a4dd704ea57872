//! Refusals before the chat is reached: banned networks, too much HTTP at once, and accounts while registration
//! is paused. The core decides, this hands it on to where it is refused.

use std::sync::Arc;

use fchatd_accounts::LoginProvider;
use fchatd_edge::{EdgeSettings, Gate, Intake};
use fchatd_protocol::exchange::GateChange;
use fchatd_world::World;

use crate::server::vitals;

/// Handles to all places of refusal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doors {
    gate: Arc<Gate>,
    intake: Arc<Intake>,
}

impl Doors {
    /// The settings of edges that have these doors.
    pub(crate) fn with(&self, settings: EdgeSettings) -> EdgeSettings {
        EdgeSettings {
            gate: Arc::clone(&self.gate),
            intake: Arc::clone(&self.intake),
            ..settings
        }
    }

    /// Takes over the bans that the world has at the start.
    pub(crate) fn begin(&self, world: &World, provider: &LoginProvider) {
        self.gate.replace(world.network_bans().clone());
        pause(provider, world.is_registration_paused());
    }

    /// The world has decided something.
    pub(crate) fn change(&self, change: GateChange, provider: &LoginProvider) {
        match change {
            GateChange::Banned(ban) => self.gate.ban(ban),
            GateChange::Lifted(network) => self.gate.lift(&network),
            GateChange::RegistrationPaused(paused) => pause(provider, paused),
        }
    }

    /// Adds what was refused.
    pub(crate) fn add_vitals(&self, lines: &mut Vec<(String, String)>, world: &World) {
        let bans = world.network_bans().len();
        let most = world.settings.count("network_bans_max");
        let refused = self.gate.refused();
        vitals::add(
            lines,
            "network bans",
            format!("{bans} of {most}; refused so far: {refused} connections and requests"),
        );
        let (requests, uploads) = self.intake.under_way();
        vitals::add(
            lines,
            "requests by HTTP",
            format!(
                "{requests} being answered, {uploads} of them long; {} refused so far for being too many; {} KiB of answers are \
                 not read yet",
                self.intake.refused(),
                self.intake.unread_answers() / 1024
            ),
        );
        if world.is_registration_paused() {
            vitals::add(lines, "registration", "paused");
        }
    }
}

fn pause(provider: &LoginProvider, paused: bool) {
    if let LoginProvider::Embedded(service) = provider {
        service.pause_registration(paused);
    }
}
