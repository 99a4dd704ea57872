//! The digest under which the store keeps the name of a deleted character or account.

use fchatd_store::NameDigest;
use sha2::{Digest, Sha256};

/// The digest of a name, the same for each spelling in upper or lower case.
pub(crate) fn name_digest(name: &str) -> NameDigest {
    NameDigest(Sha256::digest(name.to_lowercase().as_bytes()).into())
}
