//! A vector of values with stable, checked keys: a key of something that has gone finds nothing, also after
//! its place has been taken by something else.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Points at one value of an [`Arena`].
pub struct Key<T> {
    /// The place.
    pub index: u32,
    /// Counts the users of the place, from 0 to [`GENERATION_MAX`], then from 0 again.
    pub generation: u32,
    kind: PhantomData<fn() -> T>,
}

/// The largest generation; with it a key fits the whole part of a Lua number.
pub const GENERATION_MAX: u32 = (1 << 22) - 1;
/// The largest index, for the same reason.
pub const INDEX_MAX: u32 = (1 << 24) - 1;

impl<T> Key<T> {
    /// A key of these parts, which may point at nothing.
    pub const fn new(index: u32, generation: u32) -> Self {
        Self {
            index,
            generation,
            kind: PhantomData,
        }
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Key<T> {}
impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.generation == other.generation
    }
}
impl<T> Eq for Key<T> {}
impl<T> PartialOrd for Key<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Key<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.index, self.generation).cmp(&(other.index, other.generation))
    }
}
impl<T> Hash for Key<T> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        state.write_u64(u64::from(self.generation) << 32 | u64::from(self.index));
    }
}
impl<T> Serialize for Key<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.index, self.generation).serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Key<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (index, generation) = Deserialize::deserialize(deserializer)?;
        Ok(Self::new(index, generation))
    }
}
impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}v{}", self.index, self.generation)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// See the module.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arena<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Arena<T> {
    /// Keeps a value; nothing when all [`INDEX_MAX`] places are taken.
    #[expect(clippy::indexing_slicing, reason = "the free list holds places of this table")]
    pub fn insert(&mut self, value: T) -> Option<Key<T>> {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.value = Some(value);
            return Some(Key::new(index, slot.generation));
        }
        let index = u32::try_from(self.slots.len())
            .ok()
            .filter(|&index| index <= INDEX_MAX)?;
        self.slots.push(Slot {
            generation: 0,
            value: Some(value),
        });
        Some(Key::new(index, 0))
    }

    /// The value of a key.
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        let slot = self.slots.get(key.index as usize)?;
        slot.value.as_ref().filter(|_| slot.generation == key.generation)
    }

    /// The value at a place, of any generation.
    pub(crate) fn at(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value.as_ref()
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.value.as_mut().filter(|_| slot.generation == key.generation)
    }

    /// Takes the value out; its key finds nothing from now on.
    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = (slot.generation + 1) & GENERATION_MAX;
        self.free.push(key.index);
        Some(value)
    }

    /// All values with their keys, by place.
    pub fn iter(&self) -> impl Iterator<Item = (Key<T>, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            slot.value
                .as_ref()
                .map(|value| (Key::new(index as u32, slot.generation), value))
        })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut arena = Arena::default();
        let first = arena.insert("a").unwrap();
        assert_eq!(arena.remove(first), Some("a"));
        let second = arena.insert("b").unwrap();
        assert_eq!(first.index, second.index);
        assert_eq!(arena.get(first), None);
        assert_eq!(arena.remove(first), None);
        assert_eq!(arena.get(second), Some(&"b"));
        assert_eq!(arena.len(), 1);
        assert_eq!(arena.get(Key::new(77, 0)), None);
    }
}
