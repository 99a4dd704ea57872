//! The settings (docs/settings.md): one table of keys, and the values in force.
//!
//! To add a key, add one entry to the file of its theme in [`mod@definitions`]; the reference, the sample file, the
//! checks, the environment, the command line and reloading follow from it. Then run the tests of this module with
//! `UPDATE_REFERENCE=1`.

mod classic;
mod definition;
pub mod definitions;
pub mod key;
mod reading;
mod reference;
mod suggestion;
mod values;

pub use definition::{Change, Definition, Kind, Section};
pub use definitions::{GENDERS, SECTIONS, definition, definitions, keys};
pub use key::Key;
pub use reference::{reference, sample};
pub use values::{SettingError, Settings, Value, unknown, unusable};
