//! JSON as this protocol needs it: a reader that fills a reusable tape, and writers into a byte buffer.

pub mod read;
pub mod write;
