//! A table of steps that visitors have begun, in memory only: bounded in number for each address group and for all, and in
//! time.

use std::collections::{HashMap, VecDeque};

use fchatd_protocol::address::AddressGroup;

/// Seconds after which an entry is forgotten.
pub(crate) const LIFETIME: u64 = 10 * 60;
/// Entries of one address group; the oldest makes room.
const PER_GROUP_MAX: usize = 100;
/// Entries of all; the oldest of the group with the most makes room.
const ALL_MAX: usize = 10_000;

/// The SHA-256 of the secret that leads to an entry: so the time of a look-up tells nothing about secrets.
pub(super) type Key = [u8; 32];

/// See the module.
#[derive(Debug)]
pub(super) struct Table<V> {
    entries: HashMap<Key, Entry<V>>,
    /// The entries of each group, oldest first.
    groups: HashMap<AddressGroup, VecDeque<Key>>,
}

#[derive(Debug)]
struct Entry<V> {
    group: AddressGroup,
    began: u64,
    value: V,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            groups: HashMap::new(),
        }
    }
}

impl<V> Table<V> {
    /// Keeps a value; `now` is a time in seconds that never goes back.
    pub(super) fn insert(&mut self, key: Key, value: V, group: AddressGroup, now: u64) {
        self.forget_old(group, now);
        if self.entries.len() >= ALL_MAX {
            let all: Vec<_> = self.groups.keys().copied().collect();
            for group in all {
                self.forget_old(group, now);
            }
        }
        if self
            .groups
            .get(&group)
            .is_some_and(|own| own.len() >= PER_GROUP_MAX)
        {
            self.drop_oldest(group);
        } else if self.entries.len() >= ALL_MAX {
            let largest = self.groups.iter().max_by_key(|(_, own)| own.len());
            if let Some((&largest, _)) = largest {
                self.drop_oldest(largest);
            }
        }
        self.groups.entry(group).or_default().push_back(key);
        let entry = Entry {
            group,
            began: now,
            value,
        };
        self.entries.insert(key, entry);
    }

    /// The value, while it is not too old.
    pub(super) fn find(&mut self, key: &Key, now: u64) -> Option<&mut V> {
        if self.entries.get(key).is_some_and(|entry| is_over(entry, now)) {
            self.remove(key);
        }
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Takes the value out, while it is not too old.
    pub(super) fn take(&mut self, key: &Key, now: u64) -> Option<V> {
        self.find(key, now)?;
        self.remove(key)
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<V> {
        let entry = self.entries.remove(key)?;
        if let Some(own) = self.groups.get_mut(&entry.group) {
            own.retain(|other| other != key);
            if own.is_empty() {
                self.groups.remove(&entry.group);
            }
        }
        Some(entry.value)
    }

    fn forget_old(&mut self, group: AddressGroup, now: u64) {
        while let Some(oldest) = self.groups.get(&group).and_then(|own| own.front()).copied() {
            match self.entries.get(&oldest) {
                Some(entry) if !is_over(entry, now) => return,
                _ => self.drop_oldest(group),
            }
        }
    }

    fn drop_oldest(&mut self, group: AddressGroup) {
        if let Some(own) = self.groups.get_mut(&group) {
            if let Some(key) = own.pop_front() {
                self.entries.remove(&key);
            }
            if own.is_empty() {
                self.groups.remove(&group);
            }
        }
    }
}

fn is_over<V>(entry: &Entry<V>, now: u64) -> bool {
    now.saturating_sub(entry.began) >= LIFETIME
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn key(number: usize) -> Key {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    fn group(number: usize) -> AddressGroup {
        let [_, high, middle, low] = u32::try_from(number).unwrap().to_be_bytes();
        IpAddr::from([10, high, middle, low]).into()
    }

    #[test]
    fn a_crowd_at_one_address_and_at_many_keeps_the_bounds() {
        let mut table = Table::default();
        for number in 0..1000 {
            table.insert(key(number), number, group(1), 0);
        }
        assert_eq!(table.entries.len(), PER_GROUP_MAX);
        assert_eq!(table.find(&key(899), 0), None);
        assert_eq!(table.find(&key(900), 0), Some(&mut 900));
        for number in 1000..1000 + 2 * ALL_MAX {
            table.insert(key(number), number, group(number), 0);
            assert!(table.entries.len() <= ALL_MAX);
        }
        // The group with the most has paid first, and nobody else has while it had more than the others.
        assert_eq!(
            table.groups.get(&group(1)).map_or(0, VecDeque::len).min(1),
            table.groups.get(&group(1)).map_or(0, VecDeque::len)
        );
        assert_eq!(
            table.groups.values().map(VecDeque::len).sum::<usize>(),
            table.entries.len()
        );
    }

    #[test]
    fn an_entry_ends_with_its_time_and_when_it_is_taken() {
        let mut table = Table::default();
        table.insert(key(1), 'a', group(1), 100);
        table.insert(key(2), 'b', group(1), 100);
        assert_eq!(table.take(&key(1), 100 + LIFETIME - 1), Some('a'));
        assert_eq!(table.take(&key(1), 100), None);
        assert_eq!(table.find(&key(2), 100 + LIFETIME), None);
        assert!(table.entries.is_empty() && table.groups.is_empty());
    }
}
