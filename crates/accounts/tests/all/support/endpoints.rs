//! The paths that want a ticket, from the table of endpoints.

use fchatd_accounts::{Access, Method, endpoints};

/// All of them.
pub(crate) fn paths_with_ticket() -> impl Iterator<Item = String> {
    let endpoints = endpoints().filter(|one| one.access == Access::Ticket);
    endpoints
        .inspect(|one| assert!(one.methods.contains(&Method::Post), "{one:?}"))
        .map(|one| one.place.template())
}
