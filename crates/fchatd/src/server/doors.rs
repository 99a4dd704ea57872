//! Refusals before the chat is reached: banned networks, too much HTTP at once, and accounts while registration
//! is paused. The core decides, this hands it on to where it is refused.

use std::sync::Arc;

use fchatd_accounts::LoginProvider;
use fchatd_edge::{EdgeSettings, Gate, Intake};
use fchatd_figures::Sink;
use fchatd_protocol::exchange::GateChange;
use fchatd_world::World;

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

    /// Puts the figures of the refusals into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        self.gate.figures(sink);
        self.intake.figures(sink);
    }
}

fn pause(provider: &LoginProvider, paused: bool) {
    if let Some(service) = provider.accounts() {
        service.pause_registration(paused);
    }
}
