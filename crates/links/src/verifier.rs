//! Authenticates and parses the datagrams of the real-time bridge.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::freshness::{Freshness, Stale};

/// The commands that every website may send. The scripts know further commands of this kind for the server's
/// own use, which must not come from outside: `ADM` makes an administrator.
pub const COMMANDS: [&str; 4] = ["RTB", "HLB", "KIK", "CDL"];
/// The commands by which the server itself informs the scripts of changes of accounts.
pub const OWN_COMMANDS: [&str; 2] = ["ADM", "IGN"];

/// An order of the website: a command's code and its JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<'a> {
    /// One of [`COMMANDS`], or of the additionally allowed commands.
    pub code: &'a str,
    /// The rest, which should be JSON; not parsed here.
    pub payload: &'a str,
}

/// The reason why a datagram was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The sender's address is not authorised.
    #[error("its address is neither rtbaddress nor loopback")]
    Address,
    /// It begins with no signature of either form.
    #[error("it is not signed")]
    Unsigned,
    /// The classic form is disabled.
    #[error("it is signed in the classic form, which rtbclassic = false refuses")]
    ClassicForm,
    /// The signature is wrong.
    #[error("its signature is wrong; is rtbsecret the same on both sides?")]
    Signature,
    /// The v2 form without a time.
    #[error("it has no time")]
    Time,
    /// Older than a minute, or older than this process.
    #[error("it is too old; are the clocks of both sides right?")]
    Old,
    /// More than a minute ahead of the server's clock.
    #[error("it comes from the future; are the clocks of both sides right?")]
    Early,
    /// A replay.
    #[error("it was seen before")]
    Replayed,
    /// Too many messages within a minute.
    #[error("too many messages came within a minute")]
    Full,
    /// Authentic, but with invalid arguments.
    #[error("its arguments are no JSON object such as {{\"a\":7}}")]
    Arguments,
    /// Authentic, but not a command.
    #[error("it holds no command: three capital letters and JSON in UTF-8")]
    Command,
    /// Authentic, but a command that a website may not send.
    #[error("its command is not one that the bridge takes: RTB, HLB, KIK, CDL and those of rtb_commands")]
    Unknown,
}

impl Refusal {
    /// The number of reasons.
    pub(crate) const NUMBER: usize = Self::Unknown as usize + 1;
}

impl From<Stale> for Refusal {
    fn from(stale: Stale) -> Self {
        match stale {
            Stale::Old => Self::Old,
            Stale::Early => Self::Early,
            Stale::Seen => Self::Replayed,
            Stale::Full => Self::Full,
        }
    }
}

/// Holds the secret and the recently seen messages.
pub struct Verifier {
    secret: Vec<u8>,
    classic: bool,
    further: Vec<String>,
    freshness: Freshness,
}

impl Verifier {
    /// A verifier. It accepts the classic form only when `classic` is set, and no v2 message signed before
    /// `started` (Unix seconds).
    #[must_use]
    pub fn new(secret: &str, classic: bool, started: u64) -> Self {
        Self {
            secret: secret.as_bytes().to_vec(),
            classic,
            further: Vec::new(),
            freshness: Freshness::new(started),
        }
    }

    /// Allows these commands in addition to [`COMMANDS`].
    #[must_use]
    pub fn with_commands(self, further: &[String]) -> Self {
        let further = further.to_vec();
        Self { further, ..self }
    }

    /// The order in a datagram, if it is authentic at the moment `now` (Unix seconds).
    ///
    /// # Errors
    /// The reason of the refusal.
    pub fn verify<'a>(&mut self, datagram: &'a [u8], now: u64) -> Result<Order<'a>, Refusal> {
        match datagram.strip_prefix(b"v2") {
            Some(signed) => self.verify_v2(signed, now),
            None => self.verify_classic(datagram),
        }
    }

    /// Parses 32 lower-case hex digits of MD5(secret ‖ rest), then the rest.
    fn verify_classic<'a>(&self, datagram: &'a [u8]) -> Result<Order<'a>, Refusal> {
        let (signature, rest) = signature::<16>(datagram)?;
        if datagram.iter().take(32).any(u8::is_ascii_uppercase) {
            return Err(Refusal::Unsigned);
        }
        if !self.classic {
            return Err(Refusal::ClassicForm);
        }
        let right = Md5::new()
            .chain_update(&self.secret)
            .chain_update(rest)
            .finalize();
        if !bool::from(right.as_slice().ct_eq(&signature)) {
            return Err(Refusal::Signature);
        }
        order(rest, &self.further)
    }

    /// Parses 64 hex digits of HMAC-SHA256(secret, rest), then the rest: Unix seconds, a space, the command.
    fn verify_v2<'a>(&mut self, signed: &'a [u8], now: u64) -> Result<Order<'a>, Refusal> {
        let (signature, rest) = signature::<32>(signed)?;
        // HMAC accepts keys of every length.
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret).map_err(|_| Refusal::Signature)?;
        let right: [u8; 32] = mac.chain_update(rest).finalize().into_bytes().into();
        if !bool::from(right.ct_eq(&signature)) {
            return Err(Refusal::Signature);
        }
        let space = rest.iter().position(|&byte| byte == b' ').ok_or(Refusal::Time)?;
        let (time, command) = rest.split_at(space);
        if time.is_empty() || !time.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::Time);
        }
        let time = std::str::from_utf8(time).ok().and_then(|time| time.parse().ok());
        let order = order(command.get(1..).unwrap_or_default(), &self.further)?;
        self.freshness.take(signature, time.ok_or(Refusal::Time)?, now)?;
        Ok(order)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("classic", &self.classic)
            .finish_non_exhaustive()
    }
}

/// The `N` bytes of the signature, and the text after its hex digits.
fn signature<const N: usize>(datagram: &[u8]) -> Result<([u8; N], &[u8]), Refusal> {
    let (digits, rest) = datagram.split_at_checked(2 * N).ok_or(Refusal::Unsigned)?;
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for &digit in pair {
            let value = char::from(digit).to_digit(16).ok_or(Refusal::Unsigned)?;
            *byte = *byte << 4 | value as u8;
        }
    }
    Ok((bytes, rest))
}

fn order<'a>(text: &'a [u8], further: &[String]) -> Result<Order<'a>, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| Refusal::Command)?;
    match text.split_at_checked(3) {
        Some((code, payload)) if code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            if COMMANDS.contains(&code) || further.iter().any(|other| other == code) {
                Ok(Order { code, payload })
            } else {
                Err(Refusal::Unknown)
            }
        }
        _ => Err(Refusal::Command),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "correct horse";
    const NOW: u64 = 1_700_000_000;

    fn verifier() -> Verifier {
        Verifier::new(SECRET, true, NOW - 1000)
    }

    fn hex(bytes: &[u8]) -> Vec<u8> {
        bytes
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect()
    }

    fn classic(secret: &str, rest: &[u8]) -> Vec<u8> {
        let digest = Md5::new().chain_update(secret).chain_update(rest).finalize();
        [&hex(&digest), rest].concat()
    }

    fn v2(secret: &str, rest: &[u8]) -> Vec<u8> {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .unwrap()
            .chain_update(rest);
        [b"v2".as_slice(), &hex(&mac.finalize().into_bytes()), rest].concat()
    }

    fn at(time: u64, command: &str) -> Vec<u8> {
        v2(SECRET, format!("{time} {command}").as_bytes())
    }

    #[test]
    fn both_forms_are_understood() {
        // Expected values from md5sum and openssl, so that an error of this code cannot confirm itself.
        let known_classic = br#"0c5ff1b1a0915ccc2b381151bcb2ab62KIK{"a":7}"#;
        let known_v2 = concat!(
            "v270044fc5fa651175ce47e030fb56cb1643e5890a68d244ec1f0c7a12f51caf83",
            r#"1700000000 KIK{"a":7}"#
        );
        let wanted = Order {
            code: "KIK",
            payload: r#"{"a":7}"#,
        };
        assert_eq!(verifier().verify(known_classic, NOW), Ok(wanted));
        assert_eq!(verifier().verify(known_v2.as_bytes(), NOW), Ok(wanted));
        assert_eq!(
            verifier().verify(&classic(SECRET, b"RTB"), NOW),
            Ok(Order {
                code: "RTB",
                payload: ""
            })
        );
    }

    #[test]
    fn invalid_datagrams_are_refused() {
        let refused = |datagram: &[u8]| verifier().verify(datagram, NOW).unwrap_err();
        assert_eq!(refused(b""), Refusal::Unsigned);
        assert_eq!(refused(b"v2"), Refusal::Unsigned);
        assert_eq!(refused(b"0123456789abcdef0123456789abcde"), Refusal::Unsigned);
        assert_eq!(refused(&[b'z'; 100]), Refusal::Unsigned);
        assert_eq!(refused(&classic("wrong", b"KIK{}")), Refusal::Signature);
        assert_eq!(refused(&classic("", b"KIK{}")), Refusal::Signature);
        assert_eq!(
            refused(&classic(SECRET, b"KIK{}").to_ascii_uppercase()),
            Refusal::Unsigned
        );
        for rest in ["", "KI", "kik{}", "K1K{}", "KÄK", " KIK{}"] {
            assert_eq!(
                refused(&classic(SECRET, rest.as_bytes())),
                Refusal::Command,
                "{rest}"
            );
        }
        assert_eq!(refused(&classic(SECRET, b"KIK\xff")), Refusal::Command);
        assert_eq!(
            refused(&v2("wrong", format!("{NOW} KIK{{}}").as_bytes())),
            Refusal::Signature
        );
        for rest in [
            "",
            "KIK{}",
            " KIK{}",
            "x KIK{}",
            "+1700000000 KIK{}",
            "99999999999999999999999 KIK{}",
        ] {
            assert_eq!(refused(&v2(SECRET, rest.as_bytes())), Refusal::Time, "{rest}");
        }
        assert_eq!(refused(&at(NOW, "KI")), Refusal::Command);
        assert_eq!(refused(&at(NOW - 61, "KIK{}")), Refusal::Old);
        assert_eq!(refused(&at(NOW + 61, "KIK{}")), Refusal::Early);
        assert_eq!(refused(&at(0, "KIK{}")), Refusal::Old);
        assert_eq!(refused(&at(u64::MAX, "KIK{}")), Refusal::Early);
    }

    #[test]
    fn the_v2_form_works_once_and_the_classic_one_can_be_switched_off() {
        let mut verifier = verifier();
        let datagram = at(NOW, "KIK{}");
        assert!(verifier.verify(&datagram, NOW).is_ok());
        assert_eq!(verifier.verify(&datagram, NOW), Err(Refusal::Replayed));
        // The same signature in upper-case hex digits is still the same message.
        let mut disguised = datagram.clone();
        disguised[2..66].make_ascii_uppercase();
        assert_eq!(verifier.verify(&disguised, NOW), Err(Refusal::Replayed));
        assert!(verifier.verify(&at(NOW + 1, "KIK{}"), NOW).is_ok());
        let mut strict = Verifier::new(SECRET, false, NOW);
        assert_eq!(
            strict.verify(&classic(SECRET, b"KIK{}"), NOW),
            Err(Refusal::ClassicForm)
        );
        assert!(strict.verify(&datagram, NOW).is_ok());
    }

    #[test]
    fn only_commands_of_a_website_are_taken() {
        for code in ["ADM", "IGN", "XYZ", "UNB", "AAA"] {
            let command = format!("{code}{{}}");
            let datagram = classic(SECRET, command.as_bytes());
            assert_eq!(verifier().verify(&datagram, NOW), Err(Refusal::Unknown), "{code}");
            assert_eq!(
                verifier().verify(&at(NOW, &command), NOW),
                Err(Refusal::Unknown),
                "{code}"
            );
        }
        let mut verifier = verifier().with_commands(&["XYZ".to_owned()]);
        assert!(verifier.verify(&at(NOW, "XYZ{}"), NOW).is_ok());
        assert_eq!(verifier.verify(&at(NOW, "ADM{}"), NOW), Err(Refusal::Unknown));
    }

    #[test]
    fn the_secret_is_never_shown() {
        assert!(!format!("{:?}", verifier()).contains(SECRET));
    }

    proptest! {
        #[test]
        fn a_signed_order_is_accepted(code in prop::sample::select(&COMMANDS[..]), payload in "\\PC{0,200}", secret in "\\PC{1,100}") {
            let mut verifier = Verifier::new(&secret, true, NOW);
            let rest = format!("{code}{payload}");
            let wanted = Order { code, payload: &payload };
            let datagram = classic(&secret, rest.as_bytes());
            prop_assert_eq!(verifier.verify(&datagram, NOW), Ok(wanted));
            let datagram = v2(&secret, format!("{NOW} {rest}").as_bytes());
            prop_assert_eq!(verifier.verify(&datagram, NOW), Ok(wanted));
            prop_assert_eq!(verifier.verify(&datagram, NOW), Err(Refusal::Replayed));
        }

        #[test]
        fn one_changed_byte_is_refused(place in any::<prop::sample::Index>(), flip in 1u8.., second in any::<bool>()) {
            let mut datagram = if second { at(NOW, "KIK{\"a\":7}") } else { classic(SECRET, b"KIK{\"a\":7}") };
            let place = place.index(datagram.len());
            let before = datagram[place];
            datagram[place] ^= flip;
            // The hex digits of v2 are case-insensitive.
            prop_assume!(!(second && (2..66).contains(&place) && datagram[place].eq_ignore_ascii_case(&before)));
            prop_assert!(verifier().verify(&datagram, NOW).is_err());
        }

        #[test]
        fn noise_is_refused(datagram in proptest::collection::vec(any::<u8>(), 0..300), prefix in "(v2)?[0-9a-f]{0,70}") {
            let noise = [prefix.as_bytes(), &datagram].concat();
            prop_assert!(verifier().verify(&noise, NOW).is_err());
        }
    }
}
