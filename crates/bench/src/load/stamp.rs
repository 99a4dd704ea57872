//! The stamp in every message: the speaker, the number of the message, and its intended time.
//!
//! It consists of `~~` and 21 hexadecimal digits. Escaping does not change it, and it can be found in a frame
//! after any prefix.

use memchr::memmem::Finder;

/// Length of the stamp, in bytes.
pub const LENGTH: usize = 23;

/// The content of a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The speaker's number among the speakers of the listener; 20 bits.
    pub slot: u32,
    /// The number of the message among those of its speaker, from zero; 28 bits.
    pub sequence: u32,
    /// Intended time of sending, in microseconds since the start of the load; 36 bits, which is 19 hours.
    pub intended: u64,
}

impl Stamp {
    /// Appends the stamp to a text.
    pub fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(b"~~");
        digits(u64::from(self.slot), 5, to);
        digits(u64::from(self.sequence), 7, to);
        digits(self.intended, 9, to);
    }
}

fn digits(value: u64, count: u32, to: &mut Vec<u8>) {
    to.extend(
        (0..count)
            .rev()
            .map(|place| match (value >> (4 * place)) as u8 & 15 {
                digit @ 0..10 => b'0' + digit,
                digit => b'a' - 10 + digit,
            }),
    );
}

/// Finds stamps.
#[derive(Debug)]
pub struct Reader {
    mark: Finder<'static>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            mark: Finder::new(b"~~"),
        }
    }
}

impl Reader {
    /// The stamp in a frame, if it has one.
    #[must_use]
    pub fn find(&self, frame: &[u8]) -> Option<Stamp> {
        let start = self.mark.find(frame)? + 2;
        let text: &[u8; LENGTH - 2] = frame.get(start..start + LENGTH - 2)?.try_into().ok()?;
        // One loop over all digits and one check at the end: this is the generator's hottest line.
        let (mut high, mut low, mut wrong) = (0_u64, 0_u64, 0_u8);
        for byte in &text[..12] {
            let digit = VALUES[usize::from(*byte)];
            wrong |= digit;
            high = high << 4 | u64::from(digit & 15);
        }
        for byte in &text[12..] {
            let digit = VALUES[usize::from(*byte)];
            wrong |= digit;
            low = low << 4 | u64::from(digit & 15);
        }
        (wrong < 16).then_some(Stamp {
            slot: (high >> 28) as u32,
            sequence: (high & 0x0fff_ffff) as u32,
            intended: low,
        })
    }
}

const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut digit = 0;
    while digit < 10 {
        values[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    while digit < 16 {
        values[b'a' as usize + digit - 10] = digit as u8;
        digit += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_written_stamp_is_found(slot in 0_u32..1 << 20, sequence in 0_u32..1 << 28, intended in 0_u64..1 << 36) {
            let stamp = Stamp { slot, sequence, intended };
            let mut frame = b"MSG {\"message\":\"".to_vec();
            stamp.write(&mut frame);
            prop_assert_eq!(frame.len(), 16 + LENGTH);
            prop_assert_eq!(Reader::default().find(&frame), None.or(Some(stamp)));
            frame.extend_from_slice(b" xxx\"}");
            prop_assert_eq!(Reader::default().find(&frame), Some(stamp));
        }

        #[test]
        fn nonsense_is_no_stamp(frame in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Reader::default().find(&frame);
        }
    }

    #[test]
    fn a_cut_one_is_none() {
        assert_eq!(Reader::default().find(b"~~0000000000000000000"), None);
        assert_eq!(Reader::default().find(b"~~0000000z0000000000000"), None);
    }
}
