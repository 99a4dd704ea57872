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
            "messages and notes with one of these phrases are swallowed",
        ),
        SUPER_MODERATOR_LIST = key(
            "super_moderator_list",
            Flag(false),
            Live,
            "whether the list of super moderators (SCP, scops.json) gives its names their rights; otherwise only the log-in check does, as on the classic server",
        ),
        GENDERS = key(
            "genders",
            List(GENDERS),
            Live,
            "the genders that a character can have; others become None",
        ),
    ]
}
