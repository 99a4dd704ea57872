//! The results, for readers and for programs.

pub mod document;
pub mod figure;
pub mod plot;
pub mod sample;
pub mod series;
pub mod table;
pub mod targets;
