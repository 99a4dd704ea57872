//! Recognises PNG, GIF, JPEG and WebP by their bytes and reads their size. Pixels are not decoded.

/// The format of a picture. Nothing is decoded: pictures from strangers are for the browsers' decoders, which are made for
/// that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) media_type: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Reads type and size from the picture's own bytes; nothing when it is not one of the four kinds.
pub(crate) fn examine(bytes: &[u8]) -> Option<Format> {
    png(bytes)
        .or_else(|| gif(bytes))
        .or_else(|| jpeg(bytes))
        .or_else(|| webp(bytes))
}

fn png(bytes: &[u8]) -> Option<Format> {
    let header = bytes
        .strip_prefix(b"\x89PNG\r\n\x1a\n")?
        .strip_prefix(b"\0\0\0\rIHDR")?;
    Some(Format {
        media_type: "image/png",
        width: u32::from_be_bytes(array(header, 0)?),
        height: u32::from_be_bytes(array(header, 4)?),
    })
}

fn gif(bytes: &[u8]) -> Option<Format> {
    let screen = bytes
        .strip_prefix(b"GIF87a")
        .or_else(|| bytes.strip_prefix(b"GIF89a"))?;
    Some(Format {
        media_type: "image/gif",
        width: u16::from_le_bytes(array(screen, 0)?).into(),
        height: u16::from_le_bytes(array(screen, 2)?).into(),
    })
}

/// Walks over the segments to the frame's header.
fn jpeg(bytes: &[u8]) -> Option<Format> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let [0xff, marker] = array(rest, 0)? else {
            return None;
        };
        if marker == 0xff {
            // A byte to fill up.
            rest = rest.get(1..)?;
            continue;
        }
        let length = usize::from(u16::from_be_bytes(array(rest, 2)?));
        let segment = rest.get(4..2 + length)?;
        match marker {
            // Frame headers of all kinds of coding; C4, C8 and CC are something else.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some(Format {
                    media_type: "image/jpeg",
                    height: u16::from_be_bytes(array(segment, 1)?).into(),
                    width: u16::from_be_bytes(array(segment, 3)?).into(),
                });
            }
            // The picture begins or ends without a frame header.
            0xd8..=0xda => return None,
            _ => rest = rest.get(2 + length..)?,
        }
    }
}

fn webp(bytes: &[u8]) -> Option<Format> {
    let (b"RIFF", b"WEBP") = (bytes.get(..4)?, bytes.get(8..12)?) else {
        return None;
    };
    let chunk = bytes.get(20..)?;
    let (width, height) = match bytes.get(12..16)? {
        b"VP8 " => {
            let [0x9d, 0x01, 0x2a] = array(chunk, 3)? else {
                return None;
            };
            let side = |at| array(chunk, at).map(|side| u32::from(u16::from_le_bytes(side) & 0x3fff));
            (side(6)?, side(8)?)
        }
        b"VP8L" => {
            let [0x2f] = array(chunk, 0)? else { return None };
            let bits = u32::from_le_bytes(array(chunk, 1)?);
            ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        b"VP8X" => {
            let side = |at| {
                let [first, second, third] = array(chunk, at)?;
                Some(u32::from_le_bytes([first, second, third, 0]) + 1)
            };
            (side(4)?, side(7)?)
        }
        _ => return None,
    };
    Some(Format {
        media_type: "image/webp",
        width,
        height,
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
        examine(bytes).map(|format| (format.media_type, format.width, format.height))
    }

    #[test]
    fn each_kind_is_known_by_its_own_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x64\0\0\0\x32\x08\x02";
        assert_eq!(found(png), Some(("image/png", 100, 50)));
        assert_eq!(found(b"GIF89a\x64\0\x32\0rest"), Some(("image/gif", 100, 50)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x0b\x08\0\x32\0\x64\x03abc";
        assert_eq!(found(jpeg), Some(("image/jpeg", 100, 50)));
        let lossy = b"RIFF....WEBPVP8 ....\0\0\0\x9d\x01\x2a\x64\0\x32\0";
        assert_eq!(found(lossy), Some(("image/webp", 100, 50)));
        let bits = (99_u32 | 49 << 14).to_le_bytes();
        let lossless = [b"RIFF....WEBPVP8L....\x2f".as_slice(), &bits].concat();
        assert_eq!(found(&lossless), Some(("image/webp", 100, 50)));
        let extended = b"RIFF....WEBPVP8X....\0\0\0\0\x63\0\0\x31\0\0";
        assert_eq!(found(extended), Some(("image/webp", 100, 50)));
    }

    #[test]
    fn other_files_and_incomplete_pictures_are_refused() {
        let whole = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x32\0\x64\x03abc";
        for length in 0..whole.len() {
            assert_eq!(found(&whole[..length]), None, "{length}");
        }
        for bytes in [
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".as_slice(),
            b"<html>",
            b"BM....",
            b"GIF90a\x64\0\x32\0",
            b"\xff\xd8\xff\xd9",
            b"\xff\xd8\xff\xe0\0\0",
            b"RIFF....WAVEVP8 ",
            b"",
        ] {
            assert_eq!(found(bytes), None, "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_examined(
            kind in proptest::sample::select(vec![
                b"".as_slice(), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"\xff\xd8\xff", b"RIFF....WEBPVP8 ",
                b"RIFF....WEBPVP8L", b"RIFF....WEBPVP8X",
            ]),
            rest: Vec<u8>,
        ) {
            let bytes = [kind, &rest].concat();
            if let Some((media_type, ..)) = found(&bytes) {
                proptest::prop_assert!(media_type.starts_with("image/"));
            }
        }
    }
}
