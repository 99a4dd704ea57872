//! GIF: a screen, then blocks of which some belong to applications.

use super::Bytes;

/// Applications with a block about how often an animation is repeated.
const LOOPS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn clean(picture: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Bytes(picture);
    let mut clean = Vec::with_capacity(picture.len());
    let head = rest.take(6)?;
    if head != b"GIF87a" && head != b"GIF89a" {
        return None;
    }
    clean.extend(head);
    let screen: [u8; 7] = rest.array()?;
    clean.extend(screen);
    clean.extend(colours(&mut rest, screen[4])?);
    let mut has_image = false;
    loop {
        let start = rest;
        let kept = match rest.byte()? {
            0x2c => {
                let image: [u8; 9] = rest.array()?;
                colours(&mut rest, image[8])?;
                rest.byte()?;
                blocks(&mut rest)?;
                has_image = true;
                true
            }
            0x21 => match rest.byte()? {
                0xf9 => {
                    blocks(&mut rest)?;
                    true
                }
                0xff => {
                    let mut inside = rest;
                    let length = inside.byte()?;
                    let application = inside.take(length.into())?;
                    blocks(&mut rest)?;
                    // Three bytes and the end; a longer block says something else.
                    let is_short = inside.remaining() - rest.remaining() == 5;
                    LOOPS.contains(&application) && is_short
                }
                // Comments, text, and unknown blocks.
                _ => {
                    blocks(&mut rest)?;
                    false
                }
            },
            0x3b => {
                clean.push(0x3b);
                return has_image.then_some(clean);
            }
            _ => return None,
        };
        if kept {
            let length = start.remaining() - rest.remaining();
            clean.extend(start.0.get(..length)?);
        }
    }
}

/// The table of colours that follows, if the flags say that there is one.
fn colours<'a>(rest: &mut Bytes<'a>, flags: u8) -> Option<&'a [u8]> {
    match flags & 0x80 {
        0 => Some(&[]),
        _ => rest.take(3 << ((flags & 7) + 1)),
    }
}

/// Goes to the end of a chain of blocks.
fn blocks(rest: &mut Bytes<'_>) -> Option<()> {
    loop {
        match rest.byte()? {
            0 => return Some(()),
            length => rest.take(length.into())?,
        };
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One pixel, shown for ever, and the given text in every place for text.
    pub(crate) fn sample(secret: &[u8]) -> Vec<u8> {
        let text = [&[u8::try_from(secret.len()).unwrap()], secret, b"\0"].concat();
        [
            b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".as_slice(),
            b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0",
            b"\x21\xfe",
            &text,
            b"\x21\xff\x0bXMP DataXMP",
            &text,
            b"\x21\xf9\x04\0\0\0\0\0",
            b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0",
            b"\x21\x01",
            &text,
            b"\x3b",
        ]
        .concat()
    }

    #[test]
    fn the_animation_stays() {
        let clean = clean(&sample(b"x")).unwrap();
        let holds = |part: &[u8]| clean.windows(part.len()).any(|window| window == part);
        assert!(holds(b"NETSCAPE2.0\x03\x01\0\0\0") && holds(b"\x21\xf9\x04"));
        assert!(!holds(b"XMP"));
    }
}
