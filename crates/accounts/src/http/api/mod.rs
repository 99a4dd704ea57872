//! Handlers of `/json/api/NAME.php`, the interface of existing clients (docs/api.md). Their rows are in
//! [`super::endpoints`].

pub(super) mod characters;
pub(super) mod friends;
pub(super) mod lists;
pub(super) mod made_up;
pub(super) mod notes;
pub(super) mod page_json;
pub(super) mod reports;
pub(super) mod tables;
