//! The rules: which core may write which record over which.

use super::{Guide, Wish};
use crate::message::is_node_name;
use crate::view::{Record, Revision};

/// Addresses that a record keeps of other cores.
const ADDRESSES: usize = 8;

impl Guide {
    /// The record that fulfils the wish. `None` when there is nothing to write now.
    ///
    /// # Errors
    /// The rules do not allow it from the present record, with the reason as a sentence.
    pub(super) fn target(&self) -> Result<Option<Record>, String> {
        if self.wish == Wish::Force {
            let shown = self.record.as_ref().map_or(0, |record| record.epoch);
            let shown = self.forgot.unwrap_or(shown);
            return Ok(Some(self.make(self.highest.max(shown), None)));
        }
        if self.wish == Wish::Watch {
            return Ok(None);
        }
        let Some(record) = &self.record else {
            return match self.forgot {
                Some(_) => Ok(None),
                None => Err("the engine has no record of a view: decide once which core leads".to_owned()),
            };
        };
        let is_standby = record.standby.as_ref() == Some(&self.node);
        let leads = self
            .led_from
            .is_some_and(|first| (first..=record.epoch).contains(&self.epoch));
        let is_allowed = match &self.wish {
            Wish::Watch | Wish::Force => true,
            Wish::Protect(_) | Wish::Alone => leads,
            Wish::Lead => is_standby && record.epoch == self.epoch,
            Wish::LeadFromDisk => is_standby || record.leader == self.node,
        };
        if !is_allowed {
            return Err(self.describe(record));
        }
        let standby = match &self.wish {
            Wish::Protect(standby) => {
                self.may_name(record, standby)?;
                Some(standby.as_str())
            }
            _ => None,
        };
        let is_done = self.wish == Wish::Alone && self.is_alone();
        match is_done || self.forgot.is_some() {
            true => Ok(None),
            false => Ok(Some(self.make(record.epoch, standby))),
        }
    }

    /// Outputs wait for one standby only, so no other one may be named at the same time.
    fn may_name(&self, record: &Record, standby: &str) -> Result<(), String> {
        if standby == self.node || !is_node_name(standby) {
            return Err(format!(
                "a core named {standby:?} can't be the standby of {}",
                self.node
            ));
        }
        let named = record.standby.as_deref();
        let asked = self.naming.as_ref().map(|(_, standby)| standby.as_str());
        match [named, asked].into_iter().flatten().find(|name| *name != standby) {
            Some(other) => Err(format!(
                "the view names {other} as standby, or may still do so: give it up first"
            )),
            None => Ok(()),
        }
    }

    /// Whether this core leads and no write that names a standby can come true. The write of an earlier process of this core
    /// can't either: its revision is gone since this guide has written.
    pub(super) fn is_alone(&self) -> bool {
        let is_named = self.record.as_ref().is_none_or(|record| record.standby.is_some());
        self.leads() && self.naming.is_none() && !is_named
    }

    /// Whether the record, which this core has written, is the one that was wanted.
    pub(super) fn is_fulfilled(&self) -> bool {
        let Some(record) = &self.record else { return false };
        match &self.wish {
            Wish::Watch => false,
            Wish::Protect(standby) => record.standby.as_ref() == Some(standby),
            Wish::Alone | Wish::Lead | Wish::LeadFromDisk | Wish::Force => record.standby.is_none(),
        }
    }

    /// Whether this guide has written a record, from the revision that it tried last.
    pub(super) fn is_mine(&self, record: &Record) -> bool {
        record.wrote == self.node
            && record.leader == self.node
            && self
                .tried
                .is_some_and(|from| record.nonce == self.nonce(from, record.epoch, record.standby.as_deref()))
    }

    fn make(&self, epoch: u64, standby: Option<&str>) -> Record {
        let epoch = epoch.saturating_add(1);
        let known = self.record.as_ref();
        let is_needed = |name: &String| {
            known.is_some_and(|known| known.leader == *name || known.standby.as_ref() == Some(name))
        };
        let others = known.map(|known| &known.at).into_iter().flatten();
        let (needed, rest): (Vec<_>, Vec<_>) = others.partition(|(name, _)| is_needed(name));
        let others = needed.into_iter().chain(rest).take(ADDRESSES);
        let mut at: std::collections::BTreeMap<_, _> = others
            .map(|(name, address)| (name.clone(), address.clone()))
            .collect();
        at.insert(self.node.clone(), self.address.clone());
        Record {
            epoch,
            leader: self.node.clone(),
            standby: standby.map(str::to_owned),
            wrote: self.node.clone(),
            nonce: self.nonce(self.revision.unwrap_or(0), epoch, standby),
            at,
        }
    }

    /// The number of a write. A repetition of the same write has the same one, so either of the two may come true.
    fn nonce(&self, from: Revision, epoch: u64, standby: Option<&str>) -> u64 {
        let length = standby.map_or(0, |standby| standby.len() as u64 + 1);
        let letters = standby.unwrap_or_default().bytes().map(u64::from);
        [from, epoch, length]
            .into_iter()
            .chain(letters)
            .fold(self.random, |hash, part| {
                // The finisher of SplitMix64: each bit of the result depends on each bit of both numbers.
                let mut hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ part;
                hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                hash ^ (hash >> 31)
            })
    }

    fn describe(&self, record: &Record) -> String {
        let (epoch, leader) = (record.epoch, &record.leader);
        if *leader == self.node && !self.leads() {
            return format!(
                "view {epoch} was written by an earlier process of {leader}, or by another one with the same name: each core needs a \
                 name of its own (node)"
            );
        }
        match &record.standby {
            Some(standby) => format!("in view {epoch}, {leader} leads and {standby} is its standby"),
            None => format!("in view {epoch}, {leader} leads without a standby"),
        }
    }
}
