//! The fields of requests and the members of answers, as data for the documents. Handlers check the fields themselves.

/// The type of a field. All of them are texts in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// JSON.
    Json,
}

/// A field of a request, or several fields of which a request has one.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name and the type; more than one where a request has one of them.
    pub names: &'static [(&'static str, Kind)],
    /// Whether the request is refused without it.
    pub required: bool,
    /// The meaning.
    pub about: &'static str,
}

/// A field that a request must have.
pub(super) const fn required(names: &'static [(&'static str, Kind)], about: &'static str) -> Field {
    Field {
        names,
        required: true,
        about,
    }
}

/// A field that a request may have.
pub(super) const fn optional(names: &'static [(&'static str, Kind)], about: &'static str) -> Field {
    Field {
        names,
        required: false,
        about,
    }
}

/// The type of a member of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text.
    Text,
    /// A text or `null`.
    TextOrNull,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of texts.
    Texts,
    /// An object.
    Object(&'static [Member]),
    /// A list of objects.
    List(&'static [Member]),
    /// An object with names of its own, such as numbers; each value is an object.
    Map(&'static [Member]),
    /// An object with names of its own; each value is a text.
    TextMap,
    /// An object that is described elsewhere.
    Any,
}

/// A member of a JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub shape: Shape,
    /// The meaning; may be empty where the name says it.
    pub about: &'static str,
}

/// A member of an answer.
pub(super) const fn member(name: &'static str, shape: Shape, about: &'static str) -> Member {
    Member { name, shape, about }
}
