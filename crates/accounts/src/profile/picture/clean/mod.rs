//! Removes metadata from pictures: Exif, XMP, colour profiles, comments, text, and all further data between or behind the
//! parts. Only parts that are known to be needed are kept, so the structure of all of the file
//! is checked on the way. Nothing is decoded.

mod bytes;
mod gif;
mod jpeg;
mod png;
mod webp;

pub(super) use bytes::Bytes;

/// The picture without its metadata; nothing when it is none of the four kinds, or not whole.
pub(crate) fn clean(picture: &[u8]) -> Option<Vec<u8>> {
    match picture {
        [0x89, b'P', b'N', b'G', ..] => png::clean(picture),
        [b'G', b'I', b'F', ..] => gif::clean(picture),
        [0xff, 0xd8, ..] => jpeg::clean(picture),
        [b'R', b'I', b'F', b'F', ..] => webp::clean(picture),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Small whole pictures of each kind, with metadata.

    pub(crate) use super::gif::tests::sample as gif;
    pub(crate) use super::jpeg::tests::sample as jpeg;
    pub(crate) use super::png::tests::sample as png;
    pub(crate) use super::webp::tests::sample as webp;
}

#[cfg(test)]
mod tests {
    use super::samples::{gif, jpeg, png, webp};
    use super::*;

    /// The text in the metadata of all samples.
    const SECRET: &[u8] = b"52.5200 N, 13.4050 E";

    fn holds(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn metadata_and_trailing_bytes_are_removed_and_nothing_else() {
        for (kind, make) in [
            ("PNG", png as fn(&[u8]) -> Vec<u8>),
            ("GIF", gif),
            ("JPEG", jpeg),
            ("WebP", webp),
        ] {
            let picture = make(SECRET);
            assert!(holds(&picture, SECRET), "{kind}");
            let trailing = [picture.as_slice(), SECRET].concat();
            let clean_one = clean(&trailing).expect(kind);
            assert!(!holds(&clean_one, SECRET), "{kind}");
            assert_eq!(clean(&picture), Some(clean_one.clone()), "{kind}");
            assert_eq!(
                clean(&clean_one),
                Some(clean_one.clone()),
                "{kind}: a clean picture stays as it is"
            );
            let examined = |bytes: &[u8]| {
                crate::profile::picture::examine(bytes).map(|format| (format.width, format.height))
            };
            assert_eq!(examined(&clean_one), examined(&picture), "{kind}");
        }
    }

    #[test]
    fn incomplete_pictures_are_refused() {
        for (kind, make) in [
            ("PNG", png as fn(&[u8]) -> Vec<u8>),
            ("GIF", gif),
            ("JPEG", jpeg),
            ("WebP", webp),
        ] {
            let whole = make(SECRET);
            for length in 0..whole.len() {
                assert_eq!(clean(&whole[..length]), None, "{kind} of {length} bytes");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived_and_the_result_is_clean(
            kind in 0_usize..4,
            changes in proptest::collection::vec((proptest::prelude::any::<u16>(), proptest::prelude::any::<u8>()), 0..8),
        ) {
            let mut picture = [png, gif, jpeg, webp][kind](SECRET);
            for (place, byte) in changes {
                let place = usize::from(place) % picture.len();
                picture[place] = byte;
            }
            if let Some(clean_one) = clean(&picture) {
                proptest::prop_assert!(clean_one.len() <= picture.len() + 64);
                let again = clean(&clean_one);
                proptest::prop_assert_eq!(again, Some(clean_one));
            }
        }
    }
}
