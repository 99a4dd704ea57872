//! PNG: chunks with a length, a type and a check sum.

use super::Bytes;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that say how the picture looks, animations included. Text, Exif, times, colour profiles and everything that
/// is not known are not among them.
const KEPT: [&[u8; 4]; 13] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs", b"acTL",
    b"fcTL", b"fdAT",
];

pub(super) fn clean(picture: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(picture.strip_prefix(SIGNATURE)?);
    let mut clean = Vec::with_capacity(picture.len());
    clean.extend(SIGNATURE);
    let (mut chunks, mut has_data) = (0, false);
    loop {
        let mut whole = rest;
        let length = u32::from_be_bytes(rest.array()?);
        let kind: [u8; 4] = rest.array()?;
        let length = usize::try_from(length).ok()?;
        rest.take(length)?;
        let sum = u32::from_be_bytes(rest.array()?);
        // The first chunk is the header, and there is one only.
        if (chunks == 0) != (kind == *b"IHDR") || (chunks == 0 && length != 13) {
            return None;
        }
        chunks += 1;
        let chunk = whole.take(length + 12)?;
        if KEPT.contains(&&kind) {
            if crc32(chunk.get(4..length + 8)?) != sum {
                return None;
            }
            clean.extend(chunk);
        } else if kind.first().is_some_and(u8::is_ascii_uppercase) {
            // A part that a reader has to know.
            return None;
        }
        has_data |= kind == *b"IDAT";
        if kind == *b"IEND" {
            return (has_data && length == 0).then_some(clean);
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        let index = (sum ^ u32::from(*byte)) & 0xff;
        (sum >> 8) ^ TABLE.get(index as usize).copied().unwrap_or_default()
    })
}

#[expect(
    clippy::indexing_slicing,
    reason = "the table has an entry for each index of the loop"
)]
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (0xedb8_8320 & (value & 1).wrapping_neg());
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let body = [kind.as_slice(), data].concat();
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &body, &crc32(&body).to_be_bytes()].concat()
    }

    /// One grey pixel, and the given text in every place for text.
    pub(crate) fn sample(secret: &[u8]) -> Vec<u8> {
        let data = b"\x78\x01\x63\x60\x00\x00\x00\x02\x00\x01";
        [
            SIGNATURE.to_vec(),
            chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"),
            chunk(b"tEXt", &[b"Comment\0", secret].concat()),
            chunk(b"iCCP", &[b"profile\0\0", secret].concat()),
            chunk(b"eXIf", secret),
            chunk(b"IDAT", data),
            chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", secret].concat()),
            chunk(b"prIv", secret),
            chunk(b"IEND", b""),
        ]
        .concat()
    }

    #[test]
    fn check_sums_and_order_are_looked_at() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let sample = sample(b"x");
        assert!(clean(&sample).is_some());
        let place = sample.windows(4).position(|window| window == b"IDAT").unwrap();
        let mut broken = sample;
        broken[place + 5] ^= 1;
        assert_eq!(clean(&broken), None);
        let headless = [SIGNATURE, &chunk(b"IDAT", b"x"), &chunk(b"IEND", b"")].concat();
        assert_eq!(clean(&headless), None);
        let critical = [
            SIGNATURE,
            &chunk(b"IHDR", &[0; 13]),
            &chunk(b"EVIL", b"x"),
            &chunk(b"IDAT", b"x"),
            &chunk(b"IEND", b""),
        ];
        assert_eq!(clean(&critical.concat()), None);
    }
}
