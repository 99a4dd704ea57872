//! Searching characters (`FKS`): for every kink and every value of a searched info tag a bitmap over the places of
//! connections. A search is a few intersections of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::arena::Arena;
use crate::connection::Connection;
use crate::sessions::Part;
use crate::world::{ConnectionKey, Map, World};

/// The info tags that can be searched.
pub const SEARCH_TAGS: [&str; 6] = [
    "Gender",
    "Orientation",
    "Language preference",
    "Furry preference",
    "Dom/Sub Role",
    "Position",
];

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    #[expect(clippy::indexing_slicing, reason = "the set was made large enough before")]
    fn insert(&mut self, place: u32) {
        let word = place as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (place % 64);
    }

    fn remove(&mut self, place: u32) {
        if let Some(word) = self.words.get_mut(place as usize / 64) {
            *word &= !(1 << (place % 64));
        }
    }

    fn set(&mut self, place: u32, value: bool) {
        if value {
            self.insert(place);
        } else {
            self.remove(place);
        }
    }

    fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    fn intersect(&mut self, other: Option<&Bitmap>) {
        let other = other.map_or(&[][..], |other| &other.words);
        self.words.truncate(other.len());
        for (word, other) in self.words.iter_mut().zip(other) {
            *word &= other;
        }
    }

    fn unite(&mut self, other: &Bitmap) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn places(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    index as u32 * 64 + bit
                })
            })
        })
    }
}

/// The search terms.
#[derive(Debug, Default, Clone)]
pub struct Criteria {
    /// Numbers of kinks that all have to be there.
    pub kinks: Vec<i64>,
    /// Whether no character can match, independent of the other terms.
    pub impossible: bool,
    /// For each of [`SEARCH_TAGS`] the values of which one has to be there; nothing where it does not matter.
    pub tags: [Option<Vec<String>>; SEARCH_TAGS.len()],
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SearchIndex {
    /// Online or looking, and with a list of kinks.
    available: Bitmap,
    kinks: Map<i64, Bitmap>,
    tags: [Map<Arc<str>, Bitmap>; SEARCH_TAGS.len()],
}

impl SearchIndex {
    fn add(&mut self, key: ConnectionKey, connection: &Connection) {
        for &kink in &connection.profile.kinks {
            self.kinks.entry(kink as i64).or_default().insert(key.index);
        }
        for (tag, values) in SEARCH_TAGS.iter().zip(&mut self.tags) {
            if let Some(value) = connection.profile.info_tags.get(*tag) {
                let value = value.as_str();
                if !values.contains_key(value) {
                    values.insert(Arc::from(value), Bitmap::default());
                }
                if let Some(bitmap) = values.get_mut(value) {
                    bitmap.insert(key.index);
                }
            }
        }
    }

    /// Forgets a connection; its own data must not have changed since it was added.
    pub(crate) fn forget(&mut self, key: ConnectionKey, connections: &mut Arena<Connection>) {
        let Some(connection) = connections.get_mut(key) else {
            return;
        };
        self.available.remove(key.index);
        if std::mem::take(&mut connection.searchable) {
            self.remove(key, connection);
        }
    }

    fn remove(&mut self, key: ConnectionKey, connection: &Connection) {
        for &kink in &connection.profile.kinks {
            let kink = kink as i64;
            if let Some(bitmap) = self.kinks.get_mut(&kink) {
                bitmap.remove(key.index);
                if bitmap.is_empty() {
                    self.kinks.remove(&kink);
                }
            }
        }
        for (tag, values) in SEARCH_TAGS.iter().zip(&mut self.tags) {
            if let Some(value) = connection.profile.info_tags.get(*tag)
                && let Some(bitmap) = values.get_mut(value.as_str())
            {
                bitmap.remove(key.index);
                if bitmap.is_empty() {
                    values.remove(value.as_str());
                }
            }
        }
    }
}

impl World {
    /// Replaces the kinks of a character.
    pub fn set_kinks(&mut self, key: ConnectionKey, kinks: Vec<f64>) {
        self.change_profile(key, |connection| connection.profile.kinks = kinks);
    }

    /// Adds info tags to those of a character.
    pub fn add_info_tags(&mut self, key: ConnectionKey, tags: Vec<(String, String)>) {
        self.change_profile(key, |connection| connection.profile.info_tags.extend(tags));
    }

    fn change_profile(&mut self, key: ConnectionKey, change: impl FnOnce(&mut Connection)) {
        self.search.forget(key, &mut self.connections);
        if let Some(connection) = self.connections.get_mut(key) {
            change(connection);
        }
        self.mark_session(key, Part::Profile);
        self.refresh_search(key);
    }

    /// Brings the index in step with a connection.
    pub(crate) fn refresh_search(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !connection.is_identified() {
            return;
        }
        let available = matches!(&*connection.status, "online" | "looking");
        self.search
            .available
            .set(key.index, available && !connection.profile.kinks.is_empty());
        if !std::mem::replace(&mut connection.searchable, true) {
            self.search.add(key, connection);
        }
    }

    /// The names of the characters that match, but not of `seeker`; an error with their number when there are
    /// more than `most`.
    ///
    /// # Errors
    /// When there are more than `most`.
    pub fn find_matches(
        &self,
        seeker: ConnectionKey,
        criteria: &Criteria,
        most: usize,
    ) -> Result<Vec<Arc<str>>, usize> {
        if criteria.impossible {
            return Ok(Vec::new());
        }
        let mut found = self.search.available.clone();
        found.remove(seeker.index);
        for kink in &criteria.kinks {
            found.intersect(self.search.kinks.get(kink));
        }
        for (wanted, values) in criteria.tags.iter().zip(&self.search.tags) {
            let Some(wanted) = wanted else { continue };
            let mut any = Bitmap::default();
            for bitmap in wanted.iter().filter_map(|value| values.get(value.as_str())) {
                any.unite(bitmap);
            }
            found.intersect(Some(&any));
        }
        let count = found.count();
        if count > most {
            return Err(count);
        }
        Ok(found
            .places()
            .filter_map(|place| self.connections.at(place))
            .map(|connection| connection.name.clone())
            .collect())
    }
}
