//! Errors of the account desk as sentences for the operator.

use fchatd_accounts::AccountError;

use crate::failure::Failure;

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn told(error: AccountError) -> Failure {
    sentence(&error)
}

/// The error for the operator: where it is of the store, the store's own sentence.
pub(super) fn sentence(error: &AccountError) -> Failure {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
