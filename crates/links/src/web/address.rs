//! Addresses of web servers.

use std::fmt;

use hyper::Uri;

/// An `http://` or `https://` address. Its `Debug` shows only the host, because queries of sites may contain
/// secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct WebAddress(pub(super) Uri);

/// The reason why an address can't be used. The texts do not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not a valid address.
    #[error("it must be an address such as https://www.example.org/chat/login.php")]
    Malformed,
    /// It contains a user name, which would not be sent.
    #[error("it must not hold a user name or a password before the host; put a secret into the query")]
    UserName,
}

impl WebAddress {
    /// Parses an address.
    ///
    /// # Errors
    /// The reason why it is invalid.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let address: Uri = text.trim().parse().map_err(|_| AddressError::Malformed)?;
        let named = address.host().is_some_and(|host| !host.is_empty());
        if !named || !matches!(address.scheme_str(), Some("http" | "https")) {
            return Err(AddressError::Malformed);
        }
        let authority = address.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(AddressError::UserName);
        }
        Ok(Self(address))
    }

    /// The host, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Whether requests to it are encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// The whole address, for a reader that must have it, such as a browser. It may contain secrets.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.to_string()
    }

    /// The port; the default port of the scheme where none is named.
    #[must_use]
    pub fn port(&self) -> u16 {
        port_of(&self.0)
    }
}

pub(super) fn port_of(address: &Uri) -> u16 {
    let usual = if address.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    address.port_u16().unwrap_or(usual)
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WebAddress({})", self.host())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_addresses_are_refused_and_nothing_secret_is_shown() {
        for text in [
            "",
            "example.org",
            "/login",
            "ftp://example.org/",
            "http://",
            "https:///x",
            "ht tp://x",
        ] {
            assert_eq!(WebAddress::parse(text), Err(AddressError::Malformed), "{text}");
        }
        let named = WebAddress::parse("https://user:hidden@example.org/");
        assert_eq!(named, Err(AddressError::UserName));
        let good = WebAddress::parse("https://example.org/login?key=hidden").unwrap();
        assert_eq!(format!("{good:?}"), "WebAddress(example.org)");
    }
}
