//! An authenticator in software, with one key, that can lie in each part of its answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::ORIGIN;

pub(super) const HONEST: u8 = 0x05;
pub(super) const WITH_KEY: u8 = 0x45;

pub(super) enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

/// An authenticator with one key.
pub(super) struct Device {
    pub(super) key: Key,
    pub(super) credential: Vec<u8>,
    pub(super) handle: Vec<u8>,
    pub(super) count: AtomicU32,
}

/// The parts of an answer. Tests change them.
pub(super) struct Answer {
    pub(super) kind: &'static str,
    pub(super) origin: &'static str,
    pub(super) cross_origin: bool,
    pub(super) host: &'static str,
    pub(super) flags: u8,
    pub(super) count: u32,
    pub(super) challenge: String,
    pub(super) credential: Vec<u8>,
    pub(super) handle: Vec<u8>,
    pub(super) wrong_signature: bool,
    /// Bytes that are left of the authenticator's data.
    pub(super) left: usize,
}

pub(super) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    pub(super) fn new(number: u8, is_edwards: bool) -> Self {
        let random = SystemRandom::new();
        let key = if is_edwards {
            let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            Key::EdDsa(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
        } else {
            let method = &ECDSA_P256_SHA256_ASN1_SIGNING;
            let document = EcdsaKeyPair::generate_pkcs8(method, &random).unwrap();
            Key::Es256(EcdsaKeyPair::from_pkcs8(method, document.as_ref(), &random).unwrap())
        };
        Self {
            key,
            credential: vec![number; 32],
            handle: Vec::new(),
            count: AtomicU32::new(0),
        }
    }

    pub(super) fn public_key(&self) -> Cbor {
        let number = |value: i64| Cbor::Integer(value.into());
        let pair = |label, value| (number(label), value);
        Cbor::Map(match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                vec![
                    pair(1, number(2)),
                    pair(3, number(-7)),
                    pair(-1, number(1)),
                    pair(-2, Cbor::Bytes(point[1..33].to_vec())),
                    pair(-3, Cbor::Bytes(point[33..].to_vec())),
                ]
            }
            Key::EdDsa(key) => vec![
                pair(1, number(1)),
                pair(3, number(-8)),
                pair(-1, number(6)),
                pair(-2, Cbor::Bytes(key.public_key().as_ref().to_vec())),
            ],
        })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Key::EdDsa(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    pub(super) fn honest(&self, challenge: &str) -> Answer {
        Answer {
            kind: "webauthn.get",
            origin: ORIGIN,
            cross_origin: false,
            host: "chat.example",
            flags: HONEST,
            count: self.count.fetch_add(1, Ordering::Relaxed) + 1,
            challenge: challenge.to_owned(),
            credential: self.credential.clone(),
            handle: self.handle.clone(),
            wrong_signature: false,
            left: usize::MAX,
        }
    }
}

impl Answer {
    pub(super) fn client_data(&self) -> Vec<u8> {
        let data = json!({
            "type": self.kind, "challenge": self.challenge, "origin": self.origin, "crossOrigin": self.cross_origin,
        });
        data.to_string().into_bytes()
    }

    pub(super) fn authenticator_data(&self) -> Vec<u8> {
        let mut data = Sha256::digest(self.host.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.count.to_be_bytes());
        data.truncate(self.left);
        data
    }

    /// The fields of `/api/passkey-sign-in`.
    pub(super) fn fields(&self, device: &Device) -> Vec<(&'static str, String)> {
        let (client_data, data) = (self.client_data(), self.authenticator_data());
        let mut message = data.clone();
        message.extend(Sha256::digest(&client_data));
        if self.wrong_signature {
            message.push(0);
        }
        vec![
            ("credential", text(&self.credential)),
            ("client_data", text(&client_data)),
            ("authenticator_data", text(&data)),
            ("signature", text(&device.sign(&message))),
            ("user_handle", text(&self.handle)),
        ]
    }

    /// The attestation object of a new key.
    pub(super) fn attestation(&self, key: &Cbor) -> Vec<u8> {
        let mut data = self.authenticator_data();
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        ciborium::into_writer(key, &mut data).unwrap();
        let member = |name: &str, value| (Cbor::Text(name.to_owned()), value);
        let object = Cbor::Map(vec![
            member("fmt", Cbor::Text("none".to_owned())),
            member("attStmt", Cbor::Map(Vec::new())),
            member("authData", Cbor::Bytes(data)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&object, &mut bytes).unwrap();
        bytes
    }
}
