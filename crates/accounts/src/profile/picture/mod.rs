//! Pictures: the format of an upload by its own bytes, and the avatar of a name without one.

mod clean;
mod format;
mod portrait;

pub(crate) use clean::clean;
pub(crate) use format::examine;
pub(crate) use portrait::{neutral, portrait};

/// Bytes of a picture.
pub(crate) const PICTURE_BYTES_MAX: usize = 128 * 1024;
/// Pixels of each side of a picture.
pub(crate) const PIXELS_MAX: u32 = 512;
