//! The checks of WebAuthn, without a network and without memory: the data that an authenticator signs, and its statement about a new
//! key. Attestation is not asked for, so nothing is said about the make of an authenticator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The methods of signing that are accepted, by their numbers in the registry of COSE: ECDSA with P-256, EdDSA, RSA.
pub(crate) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Bytes of an identifier that an authenticator gives a key.
const CREDENTIAL_BYTES_MAX: usize = 1023;
/// Bytes of a public key in the form of COSE.
const KEY_BYTES_MAX: usize = 1100;

/// Bits of the flags of an authenticator.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const CAN_BE_BACKED_UP: u8 = 0x08;
const IS_BACKED_UP: u8 = 0x10;
const HAS_KEY: u8 = 0x40;

/// The reason why an answer of an authenticator is refused, as the end of a sentence.
pub(crate) type Fault = &'static str;

/// The site as browsers and authenticators know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    /// The origin of its pages.
    pub(crate) origin: String,
    /// The host, for which keys are good.
    pub(crate) id: String,
}

/// The part of the browser in an answer.
#[derive(Debug, Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

/// A new key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewKey {
    pub(crate) credential: Vec<u8>,
    pub(crate) algorithm: i64,
    /// In the form of COSE.
    pub(crate) public_key: Vec<u8>,
    pub(crate) sign_count: u32,
}

/// The challenge that the browser's part of an answer names, after the checks of that part. `kind` is `webauthn.create` or
/// `webauthn.get`.
pub(crate) fn challenge(client_data: &[u8], kind: &str, party: &Party) -> Result<Vec<u8>, Fault> {
    let data: ClientData = serde_json::from_slice(client_data).map_err(|_| "it can't be read")?;
    if data.kind != kind {
        return Err("it is meant for something else");
    }
    if data.origin != party.origin || data.cross_origin {
        return Err("it was made for a page of another address than site_address");
    }
    let challenge = URL_SAFE_NO_PAD.decode(data.challenge.trim_end_matches('='));
    challenge.map_err(|_| "it can't be read")
}

/// The part of an authenticator: the flags, the counter, and the bytes that follow.
fn authenticator<'a>(data: &'a [u8], party: &Party) -> Result<(u8, u32, &'a [u8]), Fault> {
    let (host, rest) = data.split_first_chunk::<32>().ok_or("it is cut off")?;
    let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or("it is cut off")?;
    let (count, rest) = rest.split_first_chunk::<4>().ok_or("it is cut off")?;
    if host[..] != Sha256::digest(party.id.as_bytes())[..] {
        return Err("it was made for another site");
    }
    if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
        return Err("the device did not check who you are; set up its fingerprint, face or PIN");
    }
    if flags & IS_BACKED_UP != 0 && flags & CAN_BE_BACKED_UP == 0 {
        return Err("its flags contradict each other");
    }
    Ok((flags, u32::from_be_bytes(*count), rest))
}

/// The new key in an attestation object.
pub(crate) fn new_key(attestation: &[u8], party: &Party) -> Result<NewKey, Fault> {
    const STRANGE: Fault = "it can't be read";
    let object: Value = ciborium::from_reader(attestation).map_err(|_| STRANGE)?;
    let members = object.as_map().ok_or(STRANGE)?;
    let data = members
        .iter()
        .find(|(name, _)| name.as_text() == Some("authData"))
        .and_then(|(_, value)| value.as_bytes())
        .ok_or(STRANGE)?;
    let (flags, sign_count, rest) = authenticator(data, party)?;
    if flags & HAS_KEY == 0 {
        return Err("there is no key in it");
    }
    // The make of the authenticator comes first.
    let (_, rest) = rest.split_first_chunk::<16>().ok_or(STRANGE)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(STRANGE)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (credential, rest) = rest.split_at_checked(length).ok_or(STRANGE)?;
    if !(1..=CREDENTIAL_BYTES_MAX).contains(&length) {
        return Err("its identifier is empty or too long");
    }
    let mut after = rest;
    let key: Value = ciborium::from_reader(&mut after).map_err(|_| STRANGE)?;
    let mut public_key = Vec::new();
    ciborium::into_writer(&key, &mut public_key).map_err(|_| STRANGE)?;
    let algorithm = number(&key, 3).ok_or(STRANGE)?;
    if public_key.len() > KEY_BYTES_MAX || Checker::of(algorithm, &key).is_none() {
        return Err("its kind of key is not one of ES256, EdDSA and RS256");
    }
    Ok(NewKey {
        credential: credential.to_vec(),
        algorithm,
        public_key,
        sign_count,
    })
}

/// Checks the data that an authenticator has signed; gives its counter.
pub(crate) fn check(
    (algorithm, public_key): (i64, &[u8]),
    client_data: &[u8],
    data: &[u8],
    signature: &[u8],
    party: &Party,
) -> Result<u32, Fault> {
    let (_, sign_count, _) = authenticator(data, party)?;
    let key: Value = ciborium::from_reader(public_key).map_err(|_| "its key is damaged")?;
    let checker = Checker::of(algorithm, &key).ok_or("its key is damaged")?;
    let mut message = data.to_vec();
    message.extend_from_slice(&Sha256::digest(client_data));
    match checker.is_good(&message, signature) {
        true => Ok(sign_count),
        false => Err("its signature is wrong"),
    }
}

/// A public key that can check signatures.
enum Checker<'a> {
    /// The point of an elliptic curve, uncompressed.
    Es256(Vec<u8>),
    EdDsa(&'a [u8]),
    Rs256 {
        n: &'a [u8],
        e: &'a [u8],
    },
}

impl<'a> Checker<'a> {
    /// The key in the form of COSE, if it fits the method.
    fn of(algorithm: i64, key: &'a Value) -> Option<Self> {
        if number(key, 3) != Some(algorithm) {
            return None;
        }
        match (algorithm, number(key, 1)?) {
            (ES256, 2) if number(key, -1) == Some(1) => {
                let (x, y) = (bytes(key, -2)?, bytes(key, -3)?);
                (x.len() == 32 && y.len() == 32).then(|| Self::Es256([&[4], x, y].concat()))
            }
            (EDDSA, 1) if number(key, -1) == Some(6) => {
                let x = bytes(key, -2)?;
                (x.len() == 32).then_some(Self::EdDsa(x))
            }
            (RS256, 3) => {
                let (n, e) = (bytes(key, -1)?, bytes(key, -2)?);
                (256..=1024).contains(&n.len()).then_some(Self::Rs256 { n, e })
            }
            _ => None,
        }
    }

    fn is_good(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .is_ok()
    }
}

/// The member of a map with this number as its name.
fn member(map: &Value, label: i64) -> Option<&Value> {
    let members = map.as_map()?.iter();
    let mut found = members.filter(|(name, _)| as_number(name) == Some(label));
    found.next().map(|(_, value)| value)
}

fn number(map: &Value, label: i64) -> Option<i64> {
    member(map, label).and_then(as_number)
}

fn as_number(value: &Value) -> Option<i64> {
    value.as_integer().and_then(|number| number.try_into().ok())
}

fn bytes(map: &Value, label: i64) -> Option<&[u8]> {
    member(map, label)?.as_bytes().map(Vec::as_slice)
}
