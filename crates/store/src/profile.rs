//! The part of a character's profile that the chat uses. The whole profile is in `profiles`.

/// The choices of a character's profile that the chat uses: the `select` members of the login answer. `None` means that
/// the owner chose nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// `Gender`.
    pub gender: Option<String>,
    /// `Orientation`.
    pub orientation: Option<String>,
    /// `Language preference`.
    pub language_preference: Option<String>,
    /// `Furry preference`.
    pub furry_preference: Option<String>,
    /// `Dom/Sub Role`.
    pub role: Option<String>,
    /// `Position`.
    pub position: Option<String>,
}

impl Profile {
    /// The members that were given, under the names that the login answer uses.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("Gender", &self.gender),
            ("Orientation", &self.orientation),
            ("Language preference", &self.language_preference),
            ("Furry preference", &self.furry_preference),
            ("Dom/Sub Role", &self.role),
            ("Position", &self.position),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
    }
}
