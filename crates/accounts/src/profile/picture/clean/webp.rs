//! WebP: chunks in a RIFF container; those of an animation hold further ones.

use super::Bytes;

/// The flags of an extended header that announce a colour profile, Exif or XMP.
const METADATA: u8 = 0x20 | 0x08 | 0x04;

pub(super) fn clean(picture: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(picture);
    if rest.take(4)? != b"RIFF" {
        return None;
    }
    let size = usize::try_from(u32::from_le_bytes(rest.array()?)).ok()?;
    let mut rest = Bytes(rest.take(size)?);
    if rest.take(4)? != b"WEBP" {
        return None;
    }
    let mut chunks = Vec::with_capacity(picture.len());
    let mut has_image = false;
    while !rest.is_empty() {
        let (kind, data) = chunk(&mut rest)?;
        match &kind {
            b"VP8X" => {
                let mut head: [u8; 10] = data.try_into().ok()?;
                head[0] &= !METADATA;
                push(&mut chunks, kind, &head)?;
            }
            b"VP8 " | b"VP8L" => {
                has_image = true;
                push(&mut chunks, kind, data)?;
            }
            b"ANMF" => {
                has_image = true;
                push(&mut chunks, kind, &frame(data)?)?;
            }
            b"ALPH" | b"ANIM" => push(&mut chunks, kind, data)?,
            _ => {}
        }
    }
    let size = u32::try_from(chunks.len() + 4).ok()?;
    has_image.then(|| [b"RIFF", &size.to_le_bytes()[..], b"WEBP", &chunks].concat())
}

/// A frame of an animation: its place, and its chunks.
fn frame(data: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(data);
    let mut frame = rest.take(16)?.to_vec();
    while !rest.is_empty() {
        let (kind, data) = chunk(&mut rest)?;
        if matches!(&kind, b"VP8 " | b"VP8L" | b"ALPH") {
            push(&mut frame, kind, data)?;
        }
    }
    Some(frame)
}

fn chunk<'a>(rest: &mut Bytes<'a>) -> Option<([u8; 4], &'a [u8])> {
    let kind = rest.array()?;
    let length = usize::try_from(u32::from_le_bytes(rest.array()?)).ok()?;
    let data = rest.take(length)?;
    rest.take(length % 2)?;
    Some((kind, data))
}

fn push(chunks: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> Option<()> {
    chunks.extend(kind);
    chunks.extend(u32::try_from(data.len()).ok()?.to_le_bytes());
    chunks.extend(data);
    chunks.extend(std::iter::repeat_n(0, data.len() % 2));
    Some(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn made(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut chunk = Vec::new();
        push(&mut chunk, *kind, data).unwrap();
        chunk
    }

    /// An animation of one pixel, and the given text in every place for text.
    pub(crate) fn sample(secret: &[u8]) -> Vec<u8> {
        let image = made(b"VP8L", b"\x2f\0\0\0\0\x88\x88\x08\x01");
        let frame = [vec![0; 16], made(b"PRIV", secret), image].concat();
        let chunks = [
            made(b"VP8X", b"\x3e\0\0\0\0\0\0\0\0\0"),
            made(b"ICCP", secret),
            made(b"ANIM", b"\0\0\0\0\0\0"),
            made(b"ANMF", &frame),
            made(b"EXIF", secret),
            made(b"XMP ", secret),
            made(b"abcd", secret),
        ]
        .concat();
        let size = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
        [b"RIFF", &size[..], b"WEBP", &chunks].concat()
    }

    #[test]
    fn the_head_no_longer_announces_what_is_gone() {
        let clean = clean(&sample(b"x")).unwrap();
        assert_eq!(clean.get(12..21), Some(b"VP8X\x0a\0\0\0\x12".as_slice()));
        let size = u32::from_le_bytes(clean[4..8].try_into().unwrap());
        assert_eq!(usize::try_from(size).unwrap(), clean.len() - 8);
    }
}
