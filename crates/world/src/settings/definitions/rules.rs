//! Rules.

use crate::settings::key::section;

/// The genders that the protocol names.
pub const GENDERS: &[&str] = &[
    "None",
    "Male",
    "Female",
    "Transgender",
    "Herm",
    "Shemale",
    "Male-Herm",
    "Cunt-boy",
];

section! {
    "Rules",
    keys: [
        BLACKLIST_PHRASES = key(
            "blacklist_phrases",
            List(&[]),
            Live,
            "phrase filter: messages and notes with one of these phrases are not delivered",
        ),
        SUPER_MODERATOR_LIST = key(
            "super_moderator_list",
            Flag(false),
            Live,
            "grant the rights of super moderators to the names in their list (SCP, scops.json); otherwise only the log-in check appoints them, as on the classic server",
        ),
        GENDERS = key(
            "genders",
            List(GENDERS),
            Live,
            "the genders that a character can have; others become None",
        ),
    ]
}
