//! An identity provider of our own that can lie in each part of its answers. The browser test `sign-in.test.js`
//! has a real one.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fchatd_accounts::{IdentitySettings, Registration};
use fchatd_links::oidc::{OidcClient, OidcSettings};
use fchatd_links::web::WebClient;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::START;

pub(super) const CLIENT: &str = "chat";
const SECRET: &str = "a secret: with & signs";

/// The answers of the provider. Tests change them.
pub(super) struct Plan {
    /// The whole answers that take the place of the honest ones, by their paths. An empty one is silence.
    pub(super) instead: HashMap<&'static str, Vec<u8>>,
    /// Changes the claims of an ID token.
    pub(super) claims: fn(&mut Value),
    /// The head of an ID token; `kid` is that of the key.
    pub(super) algorithm: &'static str,
    /// The last bytes of the token are another signature.
    pub(super) wrong_signature: bool,
    /// The subject of the person at the provider.
    pub(super) subject: &'static str,
    /// The values that the browser was sent with.
    pub(super) nonce: String,
    pub(super) challenge: String,
    /// Unix seconds.
    pub(super) now: u64,
    /// The key that signs, and its name.
    pub(super) key: (Arc<EcdsaKeyPair>, String),
    /// The requests, by their paths.
    pub(super) requests: HashMap<String, usize>,
}

pub(super) struct Provider {
    pub(super) base: String,
    plan: Arc<Mutex<Plan>>,
}

pub(super) fn new_key() -> Arc<EcdsaKeyPair> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
    Arc::new(key.unwrap())
}

pub(super) fn response(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let plan = Arc::new(Mutex::new(Plan {
            instead: HashMap::new(),
            claims: |_| {},
            algorithm: "ES256",
            wrong_signature: false,
            subject: "subject 1",
            nonce: String::new(),
            challenge: String::new(),
            now: START,
            key: (new_key(), "first".to_owned()),
            requests: HashMap::new(),
        }));
        let (own, shared) = (base.clone(), Arc::clone(&plan));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, own.clone(), Arc::clone(&shared)));
            }
        });
        Self { base, plan }
    }

    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    pub(super) fn requests(&self, path: &str) -> usize {
        self.plan().requests.get(path).copied().unwrap_or(0)
    }

    pub(super) fn settings(&self, registration: Registration) -> IdentitySettings {
        let client = OidcClient::new(
            WebClient::new(2).unwrap(),
            OidcSettings {
                issuer: self.base.clone(),
                client_id: CLIENT.to_owned(),
                client_secret: SECRET.to_owned(),
                scopes: vec!["email".to_owned()],
                redirect: "https://chat.example/oidc/return".to_owned(),
                // A slow machine must not fail; a silent provider is waited for.
                patience: Duration::from_secs(3),
            },
        );
        IdentitySettings {
            client: client.unwrap(),
            name: "Example ID".to_owned(),
            registration,
        }
    }
}

async fn converse(mut stream: TcpStream, base: String, plan: Arc<Mutex<Plan>>) {
    while let Some((head, body)) = receive(&mut stream).await {
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let answer = {
            let mut plan = plan.lock().unwrap();
            *plan.requests.entry(path.clone()).or_default() += 1;
            match plan.instead.get(path.as_str()) {
                Some(answer) => answer.clone(),
                None => honest(&plan, &base, &path, &head, &body),
            }
        };
        if answer.is_empty() {
            // Silence, until the client gives up.
            let _ = stream.read_u8().await;
            return;
        }
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

fn honest(plan: &Plan, base: &str, path: &str, head: &str, body: &str) -> Vec<u8> {
    let answer = match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize?tenant=1"),
            "token_endpoint": format!("{base}/token"),
            "jwks_uri": format!("{base}/keys"),
            "response_types_supported": ["code"],
        }),
        "/keys" => json!({ "keys": [jwk(plan)] }),
        "/token" => return token_answer(plan, base, head, body),
        _ => return response("404 Not Found", "{}"),
    };
    response("200 OK", &answer.to_string())
}

fn jwk(plan: &Plan) -> Value {
    let point = plan.key.0.public_key().as_ref();
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": plan.key.1,
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
        "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    })
}

fn token_answer(plan: &Plan, base: &str, head: &str, body: &str) -> Vec<u8> {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    assert!(head.contains(&format!("Basic {basic}")), "{head}");
    assert!(!body.contains("client_secret"), "{body}");
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["redirect_uri"], "https://chat.example/oidc/return");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if form["code"] != "good code" || challenge != plan.challenge {
        return response(
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"<b>no</b>"}"#,
        );
    }
    let answer = json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token(plan, base) });
    response("200 OK", &answer.to_string())
}

fn id_token(plan: &Plan, base: &str) -> String {
    let head = json!({ "alg": plan.algorithm, "kid": plan.key.1, "typ": "JWT" });
    let mut claims = json!({
        "iss": base,
        "aud": CLIENT,
        "sub": plan.subject,
        "nonce": plan.nonce,
        "iat": plan.now,
        "exp": plan.now + 300,
        "email": "ada@example.org",
        "preferred_username": "Ada L\u{f6}velace",
    });
    (plan.claims)(&mut claims);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(&claims));
    let signature = match plan.algorithm {
        "none" => Vec::new(),
        // The public key as a shared secret: the attack on libraries that take the method from the token.
        "HS256" => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, plan.key.0.public_key().as_ref());
            ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
        }
        _ => {
            let signature = plan.key.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            signature.as_ref().to_vec()
        }
    };
    let signature = match plan.wrong_signature {
        true => signature.iter().rev().copied().collect(),
        false => signature,
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
