//! Removing the mask that every client frame carries (RFC 6455, section 5.3).

/// Unmasks `bytes` in place; `mask` is aligned with the first of them.
#[expect(clippy::indexing_slicing, reason = "the index is less than four")]
pub(super) fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, tail) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (index, byte) in tail.iter_mut().enumerate() {
        *byte ^= mask[index & 3];
    }
}

/// The mask for the bytes after the first `passed` bytes.
pub(super) fn advance(mut mask: [u8; 4], passed: usize) -> [u8; 4] {
    mask.rotate_left(passed & 3);
    mask
}

#[cfg(test)]
mod tests {
    use super::{advance, unmask};

    #[test]
    fn agrees_with_the_definition_at_every_length_and_cut() {
        let mask = [0x37, 0xFA, 0x21, 0x3D];
        for length in 0..70 {
            let plain: Vec<u8> = (0..length).map(|index| (index * 7) as u8).collect();
            let masked: Vec<u8> = plain
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, key)| byte ^ key)
                .collect();
            for cut in 0..=plain.len() {
                let mut bytes = masked.clone();
                let (head, tail) = bytes.split_at_mut(cut);
                unmask(head, mask);
                unmask(tail, advance(mask, cut));
                assert_eq!(bytes, plain, "length {length}, cut {cut}");
            }
        }
    }
}
