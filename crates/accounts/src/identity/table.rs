//! A table of steps that visitors have begun, in memory only: bounded in number for each address group and for all, and in
//! time.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use fchatd_protocol::address::AddressGroup;

/// Seconds after which an entry is forgotten.
pub(crate) const LIFETIME: u64 = 10 * 60;
/// Entries of one address group; the oldest makes room.
const PER_GROUP_MAX: usize = 100;
/// Entries of all; the oldest of the group with the most makes room.
const ALL_MAX: usize = 10_000;

/// The SHA-256 of the secret that leads to an entry: so the time of a look-up tells nothing about secrets.
pub(super) type Key = [u8; 32];

/// See the module. Each operation takes about the same time, however full the table is.
#[derive(Debug)]
pub(super) struct Table<V> {
    entries: HashMap<Key, Entry<V>>,
    /// All entries, oldest first; those that were removed meanwhile are skipped.
    order: VecDeque<(u64, Key)>,
    /// The entries of each group, oldest first.
    groups: HashMap<AddressGroup, VecDeque<Key>>,
    /// The groups by the number of their entries.
    sizes: BTreeMap<usize, HashSet<AddressGroup>>,
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
            order: VecDeque::new(),
            groups: HashMap::new(),
            sizes: BTreeMap::new(),
        }
    }
}

impl<V> Table<V> {
    /// Keeps a value; `now` is a time in seconds that never goes back.
    pub(super) fn insert(&mut self, key: Key, value: V, group: AddressGroup, now: u64) {
        self.forget_old(now);
        let own = self.groups.get(&group).map_or(0, VecDeque::len);
        if own >= PER_GROUP_MAX {
            self.drop_oldest(group);
        } else if self.entries.len() >= ALL_MAX {
            let largest = self.sizes.last_key_value();
            let largest = largest.and_then(|(_, groups)| groups.iter().next().copied());
            if let Some(largest) = largest {
                self.drop_oldest(largest);
            }
        }
        self.resize(group, |keys| keys.push_back(key));
        self.order.push_back((now, key));
        let entry = Entry {
            group,
            began: now,
            value,
        };
        self.entries.insert(key, entry);
    }

    /// The value, while it is not too old.
    pub(super) fn find(&mut self, key: &Key, now: u64) -> Option<&mut V> {
        if self
            .entries
            .get(key)
            .is_some_and(|entry| is_over(entry.began, now))
        {
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
        self.resize(entry.group, |keys| keys.retain(|other| other != key));
        Some(entry.value)
    }

    /// Drops what is too old. Places in the order that removed entries have left are given back from time to time.
    fn forget_old(&mut self, now: u64) {
        while let Some((began, key)) = self.order.front().copied() {
            let is_there = self.entries.contains_key(&key);
            if is_there && !is_over(began, now) {
                break;
            }
            self.order.pop_front();
            if is_there {
                self.remove(&key);
            }
        }
        if self.order.len() > 2 * ALL_MAX {
            self.order.retain(|(_, key)| self.entries.contains_key(key));
        }
    }

    fn drop_oldest(&mut self, group: AddressGroup) {
        let oldest = self.groups.get(&group).and_then(|own| own.front()).copied();
        if let Some(key) = oldest {
            self.remove(&key);
        }
    }

    /// Changes the entries of a group, and its place among the sizes.
    fn resize(&mut self, group: AddressGroup, change: impl FnOnce(&mut VecDeque<Key>)) {
        let own = self.groups.entry(group).or_default();
        let before = own.len();
        change(own);
        let after = own.len();
        if after == 0 {
            self.groups.remove(&group);
        }
        if let Some(groups) = self.sizes.get_mut(&before) {
            groups.remove(&group);
            if groups.is_empty() {
                self.sizes.remove(&before);
            }
        }
        if after > 0 {
            self.sizes.entry(after).or_default().insert(group);
        }
    }
}

fn is_over(began: u64, now: u64) -> bool {
    now.saturating_sub(began) >= LIFETIME
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
        // The last of these have the place of entries of the large group, until that has one left.
        let small = 1000..1000 + ALL_MAX - 1;
        for number in small.clone() {
            table.insert(key(number), number, group(number), 0);
            assert!(table.entries.len() <= ALL_MAX);
        }
        assert_eq!(
            table.groups.get(&group(1)).map_or(0, VecDeque::len),
            1,
            "the group with the most has paid"
        );
        assert!(
            small
                .clone()
                .all(|number| table.entries.contains_key(&key(number)))
        );
        // From now on all groups are alike.
        for number in small.end..small.end + ALL_MAX {
            table.insert(key(number), number, group(number), 0);
            assert_eq!(table.entries.len(), ALL_MAX);
        }
        assert_eq!(
            table.groups.values().map(VecDeque::len).sum::<usize>(),
            table.entries.len()
        );
        assert_eq!(
            table.sizes.values().map(HashSet::len).sum::<usize>(),
            table.groups.len()
        );
    }

    #[test]
    fn entries_that_come_and_go_leave_nothing() {
        let mut table = Table::default();
        table.insert(key(0), 0, group(0), 0);
        for number in 1..5 * ALL_MAX {
            table.insert(key(number), number, group(number % 7), 1);
            assert_eq!(table.take(&key(number), 1), Some(number));
            assert!(table.order.len() <= 2 * ALL_MAX + 1);
        }
        table.insert(key(1), 1, group(1), 1 + LIFETIME);
        assert_eq!(
            (table.entries.len(), table.order.len(), table.sizes.len()),
            (1, 1, 1)
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
        assert!(table.entries.is_empty() && table.groups.is_empty() && table.sizes.is_empty());
    }
}
