//! A list of names that keeps its order and finds a name quickly, in any case.

use std::sync::Arc;

use fchatd_protocol::text::{fold, with_folded};
use serde::{Deserialize, Serialize};

use crate::world::Map;

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Names {
    order: Vec<Arc<str>>,
    folded: Map<Box<str>, Arc<str>>,
    changes: u64,
}

impl Names {
    /// Whether a name is on the list.
    pub fn contains(&self, name: &str) -> bool {
        with_folded(name, |folded| self.folded.contains_key(folded))
    }

    /// Adds a name at the end; false when it is there already.
    pub fn add(&mut self, name: &str) -> bool {
        if self.contains(name) {
            return false;
        }
        let kept: Arc<str> = Arc::from(name);
        self.folded.insert(fold(name).into(), kept.clone());
        self.order.push(kept);
        self.changes += 1;
        true
    }

    /// Takes a name off the list and gives it as it was written there.
    pub fn remove(&mut self, name: &str) -> Option<Arc<str>> {
        let kept = self.folded.remove(&*fold(name))?;
        self.order.retain(|other| *other != kept);
        self.changes += 1;
        Some(kept)
    }

    /// How many names are on the list.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The names in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.order.iter()
    }

    /// How often it has changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Replaces all names.
    pub fn replace<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        *self = Self {
            changes: self.changes + 1,
            ..Self::default()
        };
        for name in names {
            self.add(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_order_stays() {
        let mut names = Names::default();
        assert!(names.add("Ada") && names.add("Bob"));
        assert!(!names.add("ADA"));
        assert!(names.contains("ada"));
        assert_eq!(names.remove("aDA").as_deref(), Some("Ada"));
        assert_eq!(names.remove("Ada"), None);
        assert!(names.add("ada"));
        let all: Vec<_> = names.iter().map(|name| &**name).collect();
        assert_eq!(all, ["Bob", "ada"]);
    }
}
