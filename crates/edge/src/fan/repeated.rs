//! Long messages that one connection after another is told, such as the parts of the user list at each log-in: their
//! compressed forms are kept, because making them costs many times what the rest of a log-in does.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Shorter messages are talk, which is not said twice.
const BYTES_MIN: usize = 2048;
/// What may be kept, in bytes: the user list of twenty thousand, plain and compressed.
const BYTES_MAX: usize = 2 << 20;
/// Places for messages, as a power of two. A message has one place, which its hash gives it.
const PLACES: usize = 1024;

/// The compressed forms of messages that may come again.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Empty before the first message.
    places: Vec<Option<Kept>>,
    bytes: usize,
    /// The place from which the next one is thrown out when there are too many bytes.
    hand: usize,
}

#[derive(Debug)]
struct Kept {
    plain: Box<[u8]>,
    /// Empty when compressing makes it no shorter.
    compressed: Box<[u8]>,
}

impl Kept {
    fn len(&self) -> usize {
        self.plain.len() + self.compressed.len()
    }
}

impl Repeated {
    /// Whether it is worth looking for this message.
    pub(super) fn may_repeat(message: &[u8]) -> bool {
        (BYTES_MIN..=BYTES_MAX / 4).contains(&message.len())
    }

    /// The compressed form of a message: the kept one, or what `compress` makes, which is kept from then on. Nothing
    /// when it would be no shorter.
    pub(super) fn compressed<'a>(
        &mut self,
        message: &[u8],
        compress: impl FnOnce() -> Option<&'a [u8]>,
    ) -> Option<&[u8]> {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        // Whoever makes two messages of the same hash only has them compressed in turn.
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

    /// Gives all memory back.
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
