//! The profile fields that the chat knows by name.

use fchatd_store::Profile;

/// The fields that the chat knows by name: the search looks at them, and the login answer has them under `select`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfileField {
    Gender,
    Orientation,
    LanguagePreference,
    FurryPreference,
    Role,
    Position,
}

impl ProfileField {
    pub(crate) const ALL: [Self; 6] = [
        Self::Gender,
        Self::Orientation,
        Self::LanguagePreference,
        Self::FurryPreference,
        Self::Role,
        Self::Position,
    ];

    /// The field of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Its name in the tables and in the login answer.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gender => "Gender",
            Self::Orientation => "Orientation",
            Self::LanguagePreference => "Language preference",
            Self::FurryPreference => "Furry preference",
            Self::Role => "Dom/Sub Role",
            Self::Position => "Position",
        }
    }

    /// Its place in a profile.
    pub(crate) fn of(self, profile: &mut Profile) -> &mut Option<String> {
        match self {
            Self::Gender => &mut profile.gender,
            Self::Orientation => &mut profile.orientation,
            Self::LanguagePreference => &mut profile.language_preference,
            Self::FurryPreference => &mut profile.furry_preference,
            Self::Role => &mut profile.role,
            Self::Position => &mut profile.position,
        }
    }

    /// The value of a profile's field.
    pub(crate) fn value(self, profile: &Profile) -> Option<&str> {
        match self {
            Self::Gender => &profile.gender,
            Self::Orientation => &profile.orientation,
            Self::LanguagePreference => &profile.language_preference,
            Self::FurryPreference => &profile.furry_preference,
            Self::Role => &profile.role,
            Self::Position => &profile.position,
        }
        .as_deref()
    }
}
