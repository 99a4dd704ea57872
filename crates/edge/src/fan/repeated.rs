//! A cache of the compressed forms of long messages that are sent to one connection after another, such as
//! the parts of the user list at each log-in. Their compression would cost many times the rest of a log-in.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Minimum size of a cached message, in bytes. Shorter messages are chat, which is not repeated.
const BYTES_MIN: usize = 2048;
/// Maximum size of the cache, in bytes: the user list of twenty thousand users, plain and compressed.
const BYTES_MAX: usize = 2 << 20;
/// Number of entries, a power of two. The hash of a message selects its entry.
const PLACES: usize = 1024;

/// The cache of compressed messages.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Empty before the first message.
    places: Vec<Option<Kept>>,
    bytes: usize,
    /// The entry from which eviction continues when the cache is too large.
    hand: usize,
}

#[derive(Debug)]
struct Kept {
    plain: Box<[u8]>,
    /// Empty when compression does not make it shorter.
    compressed: Box<[u8]>,
}

impl Kept {
    fn len(&self) -> usize {
        self.plain.len() + self.compressed.len()
    }
}

impl Repeated {
    /// Whether this message may be in the cache.
    pub(super) fn may_repeat(message: &[u8]) -> bool {
        (BYTES_MIN..=BYTES_MAX / 4).contains(&message.len())
    }

    /// The compressed form of a message: the cached one, or the result of `compress`, which is then cached.
    /// `None` when it would not be shorter.
    pub(super) fn compressed<'a>(
        &mut self,
        message: &[u8],
        compress: impl FnOnce() -> Option<&'a [u8]>,
    ) -> Option<&[u8]> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        // Two messages with the same hash only replace each other, so an attack by collisions costs just
        // repeated compression.
        let place = FixedState::default().hash_one(message) as usize % PLACES;
        let known = matches!(self.places.get(place), Some(Some(kept)) if *kept.plain == *message);
        if !known {
            let kept = Kept {
                plain: message.into(),
                compressed: compress().unwrap_or_default().into(),
            };
            self.throw_out(place);
            self.bytes += kept.len();
            while self.bytes > BYTES_MAX {
                self.throw_out(self.hand);
                self.hand = (self.hand + 1) % PLACES;
            }
            *self.places.get_mut(place)? = Some(kept);
        }
        let kept = self.places.get(place)?.as_ref()?;
        (!kept.compressed.is_empty()).then_some(&*kept.compressed)
    }

    fn throw_out(&mut self, place: usize) {
        if let Some(kept) = self.places.get_mut(place).and_then(Option::take) {
            self.bytes -= kept.len();
        }
    }

    /// Releases all memory.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_compressed_for_the_first_and_the_bytes_are_bounded() {
        let mut repeated = Repeated::default();
        for round in 0..2 {
            for number in 0..100_u8 {
                let message = vec![number; BYTES_MIN];
                let mut asked = false;
                let compressed = repeated.compressed(&message, || {
                    asked = true;
                    (number % 2 == 0).then_some(b"short")
                });
                assert_eq!(compressed, (number % 2 == 0).then_some(&b"short"[..]));
                assert!(asked || round == 1);
            }
        }
        let mut asked = 0;
        for number in 0..2000_u32 {
            let message = number.to_be_bytes().repeat(BYTES_MIN);
            repeated.compressed(&message, || {
                asked += 1;
                None
            });
            let bytes = repeated.places.iter().flatten().map(Kept::len).sum::<usize>();
            assert!(bytes == repeated.bytes && bytes <= BYTES_MAX);
        }
        assert_eq!(asked, 2000);
        repeated.clear();
        assert_eq!(repeated.bytes, 0);
    }
}
