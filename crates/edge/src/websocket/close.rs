//! Close codes: those the server sends, and the rule for those it may receive (RFC 6455, section 7.4).

use super::decode::{INVALID_TEXT, Violation, protocol};

/// A close code that the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The connection is no longer needed.
    Normal = 1000,
    /// The server is going down.
    GoingAway = 1001,
    /// The peer broke the protocol.
    Protocol = 1002,
    /// The peer sent a kind of data that is not accepted, such as a binary message.
    Unsupported = 1003,
    /// A text was not UTF-8.
    InvalidText = 1007,
    /// The peer broke a rule of the server that has no code of its own.
    Policy = 1008,
    /// A message was larger than the limit.
    TooBig = 1009,
    /// The server failed.
    Internal = 1011,
    /// The server restarts; the client may reconnect at once.
    Restart = 1012,
    /// The server is overloaded; the client should reconnect later.
    TryAgainLater = 1013,
}

impl CloseCode {
    /// The number in the frame.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }
}

/// Whether a peer may send this code in a close frame. 1004, 1005, 1006 and 1015 are reserved and never sent;
/// 1012 to 1014 were registered after the RFC.
pub(super) const fn may_be_received(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The code and the reason in the payload of a close frame.
///
/// # Errors
/// An incomplete code, a code that may not be sent, or a reason that is not UTF-8.
pub(super) fn payload(payload: &[u8]) -> Result<(Option<u16>, &str), Violation> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok((None, ""))
        } else {
            Err(protocol("close frame with half a code"))
        };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_received(code) {
        return Err(protocol("close code that may not be sent"));
    }
    let reason = str::from_utf8(reason).map_err(|_| INVALID_TEXT)?;
    Ok((Some(code), reason))
}

#[cfg(test)]
mod tests {
    use super::may_be_received;

    #[test]
    fn received_codes() {
        let table = [
            (0, false),
            (999, false),
            (1000, true),
            (1001, true),
            (1002, true),
            (1003, true),
            (1004, false),
            (1005, false),
            (1006, false),
            (1007, true),
            (1008, true),
            (1009, true),
            (1010, true),
            (1011, true),
            (1012, true),
            (1013, true),
            (1014, true),
            (1015, false),
            (1016, false),
            (1100, false),
            (2000, false),
            (2999, false),
            (3000, true),
            (3999, true),
            (4000, true),
            (4999, true),
            (5000, false),
            (65535, false),
        ];
        for (code, allowed) in table {
            assert_eq!(may_be_received(code), allowed, "close code {code}");
        }
    }
}
