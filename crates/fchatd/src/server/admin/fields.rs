//! The fields of requests as the table of endpoints describes them, and the paths that are answered before a handler is asked.

/// The paths about sessions, which `access` answers.
pub(super) const SIGN_IN: &str = "/admin/api/sign-in";
pub(super) const CONFIRM: &str = "/admin/api/confirm";
pub(super) const SIGN_OUT: &str = "/admin/api/sign-out";
/// The path of the caller's description, which strangers may ask, too.
pub(super) const SESSION: &str = "/admin/api/session";
/// The path of the description of all endpoints.
pub(super) const OPENAPI: &str = "/admin/api/openapi";

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Flag,
}

/// A field of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_needed: bool,
    /// Its meaning, as a phrase.
    pub(super) meaning: &'static str,
}
