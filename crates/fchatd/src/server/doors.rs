//! Refusals before the chat is reached: banned networks, too much HTTP at once, and accounts while registration
//! is paused. The core decides, this hands it on to where it is refused.

use std::sync::{Arc, OnceLock};

use fchatd_accounts::LoginProvider;
use fchatd_edge::{EdgeSettings, Gate, Intake, Seats};
use fchatd_figures::Sink;
use fchatd_protocol::exchange::GateChange;
use fchatd_world::World;

/// Handles to all places of refusal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doors {
    gate: Arc<Gate>,
    intake: Arc<Intake>,
    /// Edges on other machines, which have the bans, too.
    seats: Arc<OnceLock<Seats>>,
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
            GateChange::RegistrationPaused(paused) => return pause(provider, paused),
        }
        self.tell_seats();
    }

    /// Tells edges on other machines which networks are banned.
    pub(crate) fn tell_seats(&self) {
        if let Some(seats) = self.seats() {
            seats.tell_bans(self.gate.bans());
        }
    }

    /// The edges on other machines, if this server is a core.
    pub(crate) fn seats(&self) -> Option<&Seats> {
        self.seats.get()
    }

    /// Has edges on other machines follow, too.
    pub(crate) fn extend_to(&self, seats: Seats) {
        seats.tell_bans(self.gate.bans());
        let _ = self.seats.set(seats);
    }

    /// Puts the figures of the refusals into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        self.gate.figures(sink);
        self.intake.figures(sink);
        if let Some(seats) = self.seats() {
            seats.figures(sink);
        }
    }
}

fn pause(provider: &LoginProvider, paused: bool) {
    if let Some(service) = provider.accounts() {
        service.pause_registration(paused);
    }
}
