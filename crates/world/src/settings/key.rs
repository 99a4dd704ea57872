//! Typed keys: one constant for each entry of the table, so that a misspelt key, or one of another type, does not compile.
//!
//! [`section!`] makes the entries of the table and the constants of [`super::keys`] out of the same lines. Scripts and
//! the configuration file name keys by text; they use [`super::Settings::get`] and [`super::Settings::set`].

use std::marker::PhantomData;

/// The key of a setting. `K` is one of the types in [`of`].
pub struct Key<K> {
    name: &'static str,
    kind: PhantomData<fn() -> K>,
}

/// The types of keys, each named like its [`super::Kind`].
pub mod of {
    /// A switch.
    #[derive(Debug)]
    pub enum Flag {}
    /// A whole number.
    #[derive(Debug)]
    pub enum Whole {}
    /// A number.
    #[derive(Debug)]
    pub enum Number {}
    /// A text with a default.
    #[derive(Debug)]
    pub enum Text {}
    /// A text without a default.
    #[derive(Debug)]
    pub enum Unset {}
    /// A text that no message shows.
    #[derive(Debug)]
    pub enum Secret {}
    /// One of several words.
    #[derive(Debug)]
    pub enum Choice {}
    /// A list of texts.
    #[derive(Debug)]
    pub enum List {}

    /// Keys with a number as value.
    pub trait Numeric {}
    impl Numeric for Whole {}
    impl Numeric for Number {}

    /// Keys with a text as value.
    pub trait Textual {}
    impl Textual for Text {}
    impl Textual for Unset {}
    impl Textual for Secret {}
    impl Textual for Choice {}
}

impl<K> Key<K> {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            kind: PhantomData,
        }
    }

    /// The key as the configuration file has it.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl<K> Clone for Key<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Key<K> {}

impl<K> std::fmt::Debug for Key<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Whether a constant is named like its key, in upper case.
pub(super) const fn is_named_like(constant: &str, key: &str) -> bool {
    let (mut constant, mut key) = (constant.as_bytes(), key.as_bytes());
    while let ([upper, constant_rest @ ..], [letter, key_rest @ ..]) = (constant, key) {
        if *upper != letter.to_ascii_uppercase() {
            return false;
        }
        (constant, key) = (constant_rest, key_rest);
    }
    constant.is_empty() && key.is_empty()
}

/// A section of the table: its heading, and for each key the constant, the key, its type with default and bounds, how
/// it changes, and its meaning as a phrase that goes on after "key:".
macro_rules! section {
    ($heading:literal, keys: [$($constant:ident = key(
        $key:literal, $kind:ident $(($($bounds:tt)*))?, $change:ident, $meaning:literal $(,)?
    )),* $(,)?]) => {
        pub(super) const SECTION: $crate::settings::Section = $crate::settings::Section {
            heading: $heading,
            definitions: &[$($crate::settings::Definition {
                key: $key,
                kind: $crate::settings::Kind::$kind $(($($bounds)*))?,
                change: $crate::settings::Change::$change,
                meaning: $meaning,
            }),*],
        };

        /// The keys of this section.
        pub(super) mod keys {
            use $crate::settings::key::{Key, is_named_like, of};

            $(
                #[doc = concat!("The setting `", $key, "`.")]
                pub const $constant: Key<of::$kind> = Key::new($key);
                const _: () = assert!(is_named_like(stringify!($constant), $key), $key);
            )*
        }
    };
}

pub(super) use section;

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, definitions, keys};

    #[test]
    fn typed_keys_read_what_was_set_by_text() {
        let mut settings = Settings::default();
        for (key, text) in [
            ("port", "80"),
            ("msg_flood", "1.5"),
            ("flood_mode", "reject"),
            ("deflate", "false"),
            ("genders", "a,b"),
            ("webhook_secret", "hush"),
        ] {
            settings.set_from_text(key, text).unwrap();
        }
        assert_eq!(settings.count(keys::PORT), 80);
        assert_eq!(settings.number(keys::PORT), 80.0);
        assert_eq!(settings.seconds(keys::MSG_FLOOD).as_millis(), 1500);
        assert_eq!(settings.text(keys::FLOOD_MODE), "reject");
        assert_eq!(settings.text(keys::WEBHOOK_SECRET), "hush");
        assert!(!settings.flag(keys::DEFLATE));
        assert_eq!(settings.list(keys::GENDERS), ["a", "b"]);
    }

    #[test]
    fn a_constant_names_its_key() {
        assert_eq!(keys::MAX_PER_IP.name(), "max_per_ip");
        assert!(definitions().any(|definition| definition.key == keys::MAX_PER_IP.name()));
        assert!(super::is_named_like("MAX_PER_IP", "max_per_ip"));
        assert!(!super::is_named_like("MAX_PER_IP", "max_per_id"));
        assert!(!super::is_named_like("MAX_PER", "max_per_ip"));
    }
}
