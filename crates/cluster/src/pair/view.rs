//! The view: which core leads, and which one is its standby; and its changes by hand. Changes that an engine decides are in
//! [`crate::view`].

use serde::{Deserialize, Serialize};

/// Which core leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its number. Of two views, the one with the higher number holds.
    pub epoch: u64,
    /// The name of the leader; empty before there was one.
    pub leader: String,
    /// The name of the standby, which holds everything that the leader has let out.
    pub standby: Option<String>,
}

/// How a core begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// It leads, unless another core does already.
    Leads,
    /// It waits for a leader, or for the operator.
    Waits,
}

/// The view as an operator decides it: each core writes down the last one that it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manual {
    node: String,
    view: View,
}

impl Manual {
    /// A core of this name, with the view that it has written down.
    #[must_use]
    pub fn new(node: &str, view: View) -> Self {
        Self {
            node: node.to_owned(),
            view,
        }
    }

    /// The view.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// How the core begins after a start. A leader whose standby may have taken over since waits.
    #[must_use]
    pub fn beginning(&self) -> Beginning {
        match self.view.leader == self.node && self.view.standby.is_none() {
            true => Beginning::Leads,
            false => Beginning::Waits,
        }
    }

    /// Whether the view names this core as standby.
    #[must_use]
    pub fn is_standby(&self) -> bool {
        self.view.standby.as_ref() == Some(&self.node)
    }

    /// This core leads, alone or with a standby. A core that takes over skips a number: so its view is above one in which the
    /// old leader has gone on alone.
    pub fn lead(&mut self, standby: Option<&str>) -> &View {
        let skipped = u64::from(self.view.leader != self.node && !self.view.leader.is_empty());
        self.view = View {
            epoch: self.view.epoch + 1 + skipped,
            leader: self.node.clone(),
            standby: standby.map(str::to_owned),
        };
        &self.view
    }

    /// Another core has said which view holds. Returns false for an older one.
    pub fn learn(&mut self, view: &View) -> bool {
        if view.epoch < self.view.epoch {
            return false;
        }
        self.view = view.clone();
        true
    }
}
