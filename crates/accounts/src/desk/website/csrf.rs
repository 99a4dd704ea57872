//! Tokens of forms, so that no other website can have a browser send one. A token is an HMAC of the address group that asked
//! for the form and of the hour, with a key that exists in the memory of this process only. So nothing is kept for it: a
//! token is bound to its address group, and ends after some hours or with the process.

use std::net::IpAddr;

use fchatd_protocol::address::AddressGroup;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Seconds for which all tokens of an address group are the same, so that the page can be cached.
const SLOT: u64 = 3600;
/// Slots in which a token is good, the one of its making included.
const SLOTS: u64 = 12;
/// Bytes of a token, which is written in hexadecimal digits.
const LENGTH: usize = 16;

/// Makes tokens and checks them.
pub(crate) struct FormTokens {
    /// `None` when the system gave no random numbers: then there are no tokens, and none is good.
    key: Option<[u8; 32]>,
}

impl FormTokens {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        let filled = getrandom::fill(&mut key);
        if let Err(error) = &filled {
            tracing::error!(%error, "the system gives no random numbers: nobody can sign in on the website");
        }
        Self {
            key: filled.ok().map(|()| key),
        }
    }

    /// The token for forms that are sent from this address. Letters and digits only, because clients look for these.
    pub(crate) fn token(&self, address: IpAddr, now: u64) -> String {
        let mac = self
            .mac(address, now / SLOT)
            .map(|mac| mac.finalize().into_bytes());
        let bytes = mac.iter().flatten().take(LENGTH);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether a form with this token was given to this address not long ago.
    pub(crate) fn is_good(&self, token: &str, address: IpAddr, now: u64) -> bool {
        let Some(given) = bytes_of(token) else {
            return false;
        };
        let slot = now / SLOT;
        (slot.saturating_sub(SLOTS - 1)..=slot).any(|slot| {
            // In constant time.
            self.mac(address, slot)
                .is_some_and(|mac| mac.verify_truncated_left(&given).is_ok())
        })
    }

    fn mac(&self, address: IpAddr, slot: u64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_ref()?).ok()?;
        mac.update(format!("form {slot} {}", AddressGroup::from(address)).as_bytes());
        Some(mac)
    }
}

/// The key must not reach a log.
impl std::fmt::Debug for FormTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("FormTokens(…)")
    }
}

fn bytes_of(token: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    if token.len() != 2 * LENGTH || !token.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(token.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_address_and_some_hours() {
        let tokens = FormTokens::new();
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let now = 100 * SLOT;
        let token = tokens.token(here, now);
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(
            token,
            tokens.token(here, now + SLOT - 1),
            "the page can be cached"
        );
        assert!(tokens.is_good(&token, here, now));
        assert!(tokens.is_good(&token, here, now + SLOTS * SLOT - 1));
        assert!(!tokens.is_good(&token, here, now + SLOTS * SLOT));
        assert!(!tokens.is_good(&token, here, now - 1), "of an hour to come");
        assert!(!tokens.is_good(&token, there, now));
        assert!(
            !FormTokens::new().is_good(&token, here, now),
            "of another process"
        );
        for strange in [
            "",
            "x",
            &token[1..],
            &format!("{token}00"),
            &"\u{e9}".repeat(16),
            &"+1".repeat(16),
        ] {
            assert!(!tokens.is_good(strange, here, now), "{strange}");
        }
    }
}
