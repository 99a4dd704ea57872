//! Draws the avatar of a character without a picture: a PNG derived from the name.

use sha2::{Digest, Sha256};

/// Pixels of each side.
const SIDE: usize = 100;
/// Squares of each side; the outer half of a square is left free all around.
const SQUARES: usize = 5;
const SQUARE: usize = SIDE / (SQUARES + 1);
const MARGIN: usize = (SIDE - SQUARES * SQUARE) / 2;
/// Bytes of a line: one bit for each pixel.
const LINE: usize = SIDE.div_ceil(8);

/// The avatar of a name without a picture: a PNG of a symmetric pattern, always the same for the name in any case.
pub(crate) fn portrait(name: &str) -> Vec<u8> {
    let digest: [u8; 32] = Sha256::digest(name.to_lowercase().as_bytes()).into();
    let [hue, light, pattern @ ..] = digest;
    // Two bytes are enough: three columns of five squares decide, the others mirror them.
    let pattern = u16::from_be_bytes([pattern[0], pattern[1]]);
    drawn(pattern, colour(hue, 90 + light % 40))
}

/// The picture for a missing one: an empty square.
pub(crate) fn neutral() -> Vec<u8> {
    drawn(0, [0; 3])
}

fn drawn(pattern: u16, foreground: [u8; 3]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(SIDE * (LINE + 1));
    for row in 0..SIDE {
        // No filter.
        lines.push(0);
        let mut line = [0_u8; LINE];
        for column in 0..SIDE {
            if is_set(pattern, row, column)
                && let Some(byte) = line.get_mut(column / 8)
            {
                *byte |= 0x80 >> (column % 8);
            }
        }
        lines.extend_from_slice(&line);
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend_from_slice(&(SIDE as u32).to_be_bytes());
    header.extend_from_slice(&(SIDE as u32).to_be_bytes());
    // One bit, palette, and the only methods there are.
    header.extend_from_slice(&[1, 3, 0, 0, 0]);
    chunk(&mut png, b"IHDR", &header);
    chunk(
        &mut png,
        b"PLTE",
        &[&[0xee, 0xee, 0xf2], foreground.as_slice()].concat(),
    );
    chunk(&mut png, b"IDAT", &stored(&lines));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn is_set(pattern: u16, row: usize, column: usize) -> bool {
    let square = |at: usize| {
        at.checked_sub(MARGIN)
            .map(|at| at / SQUARE)
            .filter(|at| *at < SQUARES)
    };
    let (Some(row), Some(column)) = (square(row), square(column)) else {
        return false;
    };
    let column = column.min(SQUARES - 1 - column);
    pattern >> (row * 3 + column) & 1 == 1
}

/// A colour of middling lightness from a place on the colour wheel.
fn colour(hue: u8, level: u8) -> [u8; 3] {
    let step = u16::from(hue) * 6;
    let (sector, within) = (step / 256, (step % 256) as u8);
    let rise = (u16::from(level) * u16::from(within) / 255) as u8;
    let fall = level - rise;
    let base = 50;
    let [red, green, blue] = match sector {
        0 => [level, rise, 0],
        1 => [fall, level, 0],
        2 => [0, level, rise],
        3 => [0, fall, level],
        4 => [rise, 0, level],
        _ => [level, 0, fall],
    };
    [red + base, green + base, blue + base]
}

/// A zlib stream that holds the bytes as they are: small enough, and no compressor is needed.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(&(!length).to_le_bytes());
    stream.extend_from_slice(bytes);
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend_from_slice(&(high << 16 | low).to_be_bytes());
    stream
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(data);
    let mut check = u32::MAX;
    for byte in png.get(start..).unwrap_or_default() {
        check ^= u32::from(*byte);
        for _ in 0..8 {
            check = if check & 1 == 1 {
                check >> 1 ^ 0xedb8_8320
            } else {
                check >> 1
            };
        }
    }
    png.extend_from_slice(&(!check).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::picture::examine;

    #[test]
    fn a_name_has_one_face() {
        let ada = portrait("Ada");
        assert_eq!(ada, portrait("aDA"));
        assert_ne!(ada, portrait("Bob"));
        let format = examine(&ada).unwrap();
        assert_eq!(
            (format.media_type, format.width, format.height),
            ("image/png", 100, 100)
        );
        assert!(
            ada.ends_with(&[b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]),
            "the check sums are right"
        );
    }

    #[test]
    fn the_pattern_is_the_same_from_both_sides() {
        for pattern in [0b010_101_011_110_001, u16::MAX, 0] {
            for row in 0..SIDE {
                for column in 0..SIDE {
                    assert_eq!(
                        is_set(pattern, row, column),
                        is_set(pattern, row, SIDE - 1 - column)
                    );
                }
            }
        }
    }
}
