//! Signature checks of JSON web tokens by `ring`, which the program has for TLS already. Nothing is signed here.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use signature::Verifier;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory,
    verifier_factory,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| unsupported(),
        rsa_pub_components_from_public_key: |_| unsupported(),
        ec_pub_components_from_private_key: |_, _| unsupported(),
        ed_pub_components_from_private_key: |_, _| unsupported(),
        compute_digest: |_, _| unsupported(),
    },
};

/// Makes the library use `ring`. Further calls change nothing.
pub(super) fn install() {
    // The provider is in force already, or the process has another one that does the same.
    let _ = PROVIDER.install_default();
}

fn unsupported<T>() -> Result<T, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn signer_factory(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    unsupported()
}

/// The check of one kind of signature.
enum Check {
    Rsa(&'static RsaParameters),
    Other(&'static dyn VerificationAlgorithm),
}

struct Checker {
    algorithm: Algorithm,
    check: Check,
    key: DecodingKey,
}

/// The methods that are accepted. There is none with a shared secret: a public key must never serve as one.
fn check_of(algorithm: Algorithm) -> Option<(Check, AlgorithmFamily)> {
    Some(match algorithm {
        Algorithm::RS256 => (Check::Rsa(&RSA_PKCS1_2048_8192_SHA256), AlgorithmFamily::Rsa),
        Algorithm::RS384 => (Check::Rsa(&RSA_PKCS1_2048_8192_SHA384), AlgorithmFamily::Rsa),
        Algorithm::RS512 => (Check::Rsa(&RSA_PKCS1_2048_8192_SHA512), AlgorithmFamily::Rsa),
        Algorithm::PS256 => (Check::Rsa(&RSA_PSS_2048_8192_SHA256), AlgorithmFamily::Rsa),
        Algorithm::PS384 => (Check::Rsa(&RSA_PSS_2048_8192_SHA384), AlgorithmFamily::Rsa),
        Algorithm::PS512 => (Check::Rsa(&RSA_PSS_2048_8192_SHA512), AlgorithmFamily::Rsa),
        Algorithm::ES256 => (Check::Other(&ECDSA_P256_SHA256_FIXED), AlgorithmFamily::Ec),
        Algorithm::ES384 => (Check::Other(&ECDSA_P384_SHA384_FIXED), AlgorithmFamily::Ec),
        Algorithm::EdDSA => (Check::Other(&ED25519), AlgorithmFamily::Ed),
        _ => return None,
    })
}

/// Whether tokens that are signed by this method are accepted with a key of that family.
pub(super) fn is_accepted(algorithm: Algorithm, family: AlgorithmFamily) -> bool {
    check_of(algorithm).is_some_and(|(_, own)| own == family)
}

fn verifier_factory(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    match check_of(*algorithm) {
        Some((check, family)) if family == key.family() => Ok(Box::new(Checker {
            algorithm: *algorithm,
            check,
            key: key.clone(),
        })),
        Some(_) => Err(ErrorKind::InvalidKeyFormat.into()),
        None => unsupported(),
    }
}

impl Verifier<Vec<u8>> for Checker {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let checked = match (&self.check, self.key.kind()) {
            (Check::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Check::Other(algorithm), DecodingKeyKind::SecretOrDer(key)) => {
                UnparsedPublicKey::new(*algorithm, key).verify(message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        checked.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Checker {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
