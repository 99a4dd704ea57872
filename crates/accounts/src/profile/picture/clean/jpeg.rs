//! JPEG: segments with a marker and a length, and the coded picture behind the last ones.

use super::Bytes;

/// Exif with nothing in it but how the camera was held; the last byte but four is set to that.
const ORIENTATION: [u8; 36] =
    *b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
const ORIENTATION_AT: usize = 29;

pub(super) fn clean(picture: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(picture.strip_prefix(b"\xff\xd8")?);
    let mut clean = Vec::with_capacity(picture.len());
    clean.extend(b"\xff\xd8");
    let (mut has_frame, mut has_scan, mut orientation) = (false, false, None);
    loop {
        let marker = marker(&mut rest)?;
        if marker == 0xd9 {
            clean.extend(b"\xff\xd9");
            return (has_frame && has_scan).then_some(clean);
        }
        let length = usize::from(u16::from_be_bytes(rest.array()?));
        let data = rest.take(length.checked_sub(2)?)?;
        match marker {
            // JFIF without its thumbnail.
            0xe0 => {
                if let Some(head) = data.strip_prefix(b"JFIF\0").and_then(|head| head.get(..7)) {
                    clean.extend(b"\xff\xe0\0\x10JFIF\0");
                    clean.extend(head);
                    clean.extend(b"\0\0");
                }
            }
            // How the colours are coded.
            0xee => {
                if let Some(head) = data.strip_prefix(b"Adobe").and_then(|head| head.get(..7)) {
                    clean.extend(b"\xff\xee\0\x0eAdobe");
                    clean.extend(head);
                }
            }
            0xe1 if orientation.is_none() => {
                orientation = data.strip_prefix(b"Exif\0\0").and_then(self::orientation);
                if let Some(turned @ 2..=8) = orientation {
                    let mut segment = ORIENTATION;
                    if let Some(place) = segment.get_mut(ORIENTATION_AT) {
                        *place = turned;
                    }
                    clean.extend(segment);
                }
            }
            // Other applications' data, and comments.
            0xe1..=0xef | 0xfe => {}
            // Tables, frames, scans.
            0xc0..=0xcf | 0xda..=0xdd => {
                has_frame |= !matches!(marker, 0xc4 | 0xc8 | 0xcc | 0xda..=0xdd);
                clean.extend([0xff, marker]);
                clean.extend(u16::try_from(length).ok()?.to_be_bytes());
                clean.extend(data);
                if marker == 0xda {
                    has_scan = true;
                    clean.extend(scan(&mut rest)?);
                }
            }
            _ => return None,
        }
    }
}

/// The next marker; bytes that fill up before it are left out.
fn marker(rest: &mut Bytes<'_>) -> Option<u8> {
    if rest.byte()? != 0xff {
        return None;
    }
    loop {
        match rest.byte()? {
            0xff => {}
            marker => return Some(marker),
        }
    }
}

/// Coded data up to the next marker that is not part of it.
fn scan<'a>(rest: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let data = rest.0;
    let mut length = 0;
    loop {
        match (data.get(length)?, data.get(length + 1)?) {
            (0xff, 0x00 | 0xd0..=0xd7) => length += 2,
            (0xff, 0xff) => length += 1,
            (0xff, _) => return rest.take(length),
            _ => length += 1,
        }
    }
}

/// How the camera was held, of the first directory of Exif data.
fn orientation(exif: &[u8]) -> Option<u8> {
    let is_little = match exif.get(..4)? {
        b"II\x2a\0" => true,
        b"MM\0\x2a" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let offset: [u8; 4] = exif.get(4..8)?.try_into().ok()?;
    let offset = if is_little {
        u32::from_le_bytes(offset)
    } else {
        u32::from_be_bytes(offset)
    };
    let directory = usize::try_from(offset).ok()?;
    for entry in 0..usize::from(short(directory)?) {
        let at = directory.checked_add(2 + entry * 12)?;
        if short(at)? == 0x0112 {
            return u8::try_from(short(at + 8)?)
                .ok()
                .filter(|turned| (1..=8).contains(turned));
        }
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], data].concat()
    }

    fn exif(turned: u8, secret: &[u8]) -> Vec<u8> {
        let head = b"Exif\0\0II\x2a\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x04\0\0\0abc\0\x12\x01\x03\0\x01\0\0\0";
        segment(
            0xe1,
            &[head.as_slice(), &[turned, 0, 0, 0], b"\0\0\0\0", secret].concat(),
        )
    }

    /// Something with two scans, and the given text in every place for text.
    pub(crate) fn sample(secret: &[u8]) -> Vec<u8> {
        [
            b"\xff\xd8".to_vec(),
            segment(
                0xe0,
                &[b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01".as_slice(), secret].concat(),
            ),
            exif(6, secret),
            segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", secret].concat()),
            segment(0xe2, &[b"ICC_PROFILE\0", secret].concat()),
            segment(0xee, &[b"Adobe\0\x64\0\0\0\0\0".as_slice(), secret].concat()),
            segment(0xfe, secret),
            segment(0xdb, &[1; 65]),
            segment(0xc2, b"\x08\0\x10\0\x20\x01\x01\x11\0"),
            segment(0xc4, &[0; 17]),
            segment(0xda, b"\x01\x01\0\0\0\0"),
            b"\x12\x34\xff\x00\x56\xff\xd0\x78".to_vec(),
            segment(0xfe, secret),
            segment(0xda, b"\x01\x01\0\0\0\0"),
            b"\x9a".to_vec(),
            b"\xff\xd9".to_vec(),
        ]
        .concat()
    }

    #[test]
    fn how_the_camera_was_held_stays() {
        let clean_one = clean(&sample(b"x")).unwrap();
        let mut expected = ORIENTATION;
        expected[ORIENTATION_AT] = 6;
        assert!(clean_one.windows(36).any(|window| window == expected));
        assert_eq!(orientation(&expected[10..]), Some(6));
        let upright = [b"\xff\xd8".to_vec(), exif(1, b"x"), sample(b"x").split_off(2)].concat();
        assert!(
            !clean(&upright)
                .unwrap()
                .windows(4)
                .any(|window| window == b"Exif")
        );
    }

    #[test]
    fn parts_that_nobody_knows_are_refused() {
        for marker in [0x01, 0xd8, 0xf0, 0xbf] {
            let strange = [
                b"\xff\xd8".to_vec(),
                segment(marker, b"x"),
                sample(b"x").split_off(2),
            ]
            .concat();
            assert_eq!(clean(&strange), None, "{marker:x}");
        }
    }
}
