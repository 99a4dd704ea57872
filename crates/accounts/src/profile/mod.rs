//! The content of profiles: the catalogue of fields and kinks, and the check of pictures. No storage.

pub(crate) mod catalogue;
pub(crate) mod picture;
