//! Passkeys, with an authenticator in software that can lie in each part of its answers.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod authenticator;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use fchatd_accounts::{AccountHttp, Secret};
use fchatd_edge::http::{HttpRequest, HttpService};
use serde_json::{Value, json};

use self::authenticator::{Answer, Device, HONEST, WITH_KEY, text};
use crate::support::{PASSWORD, Site, object, post, site};

const ORIGIN: &str = "https://chat.example";
struct Scene {
    site: Site,
    http: AccountHttp,
}

fn scene() -> Scene {
    let site = site();
    let http = site.http.clone().with_passkeys(ORIGIN);
    Scene { site, http }
}

impl Scene {
    async fn post<V: AsRef<str>>(&self, path: &str, fields: &[(&str, V)]) -> Value {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_ref()))
            .collect();
        object(&self.http.call(post(path, "", &fields)).await)
    }

    async fn challenge(&self) -> String {
        let answer = self.post::<&str>("/api/passkey-start", &[]).await;
        assert_eq!(answer["rp_id"], "chat.example");
        answer["challenge"].as_str().unwrap().to_owned()
    }

    async fn sign_in(&self, device: &Device) -> Value {
        let answer = device.honest(&self.challenge().await);
        self.post("/api/passkey-sign-in", &answer.fields(device)).await
    }

    /// The challenge for a new key of `ada`, whose handle the device takes.
    async fn begin_adding(&self, device: &mut Device, ticket: &str) -> String {
        let fields = [("account", "ada"), ("ticket", ticket), ("password", PASSWORD)];
        let answer = self.post("/api/passkey-add-start", &fields).await;
        assert_eq!(answer["error"], "", "{answer}");
        device.handle = URL_SAFE_NO_PAD
            .decode(answer["user_handle"].as_str().unwrap())
            .unwrap();
        answer["challenge"].as_str().unwrap().to_owned()
    }

    /// Adds a key with an answer that `change` has changed; gives the error.
    async fn add(
        &self,
        device: &mut Device,
        ticket: &str,
        change: impl FnOnce(&mut Answer, &mut Cbor),
    ) -> String {
        let challenge = self.begin_adding(device, ticket).await;
        let mut answer = device.honest(&challenge);
        (answer.kind, answer.flags) = ("webauthn.create", WITH_KEY);
        let mut key = device.public_key();
        change(&mut answer, &mut key);
        let fields = [
            ("account", "ada".to_owned()),
            ("ticket", ticket.to_owned()),
            ("name", "My key".to_owned()),
            ("client_data", text(&answer.client_data())),
            ("attestation", text(&answer.attestation(&key))),
        ];
        let answer = self.post("/api/passkey-add", &fields).await;
        answer["error"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_key_signs_in_once_for_each_challenge() {
    for is_edwards in [false, true] {
        let scene = scene();
        let ticket = scene.site.ticket().await;
        let mut device = Device::new(1, is_edwards);
        assert_eq!(scene.add(&mut device, &ticket, |_, _| {}).await, "");
        let answer = device.honest(&scene.challenge().await);
        let fields = answer.fields(&device);
        let signed_in = scene.post("/api/passkey-sign-in", &fields).await;
        assert_eq!(
            (&signed_in["error"], &signed_in["account"]),
            (&json!(""), &json!("ada"))
        );
        let own = [
            ("account", "ada"),
            ("ticket", signed_in["ticket"].as_str().unwrap()),
        ];
        assert_eq!(
            scene.post("/api/sign-ins", &own).await["passkeys"][0]["name"],
            "My key"
        );
        let again = scene.post("/api/passkey-sign-in", &fields).await;
        assert!(again["error"].as_str().unwrap().contains("sent twice"), "{again}");
        assert_eq!(scene.sign_in(&device).await["error"], "");
        let late = device.honest(&scene.challenge().await);
        scene.site.advance(601);
        let late = scene.post("/api/passkey-sign-in", &late.fields(&device)).await;
        assert!(
            late["error"].as_str().unwrap().contains("took too long"),
            "{late}"
        );
    }
}

#[tokio::test]
async fn each_lie_of_a_sign_in_is_refused_with_its_sentence() {
    type Lie = fn(&mut Answer);
    let lies: &[(&str, Lie)] = &[
        ("a page of another address", |answer| {
            answer.origin = "https://chat.example.evil.example";
        }),
        ("a page of another address", |answer| {
            answer.origin = "http://chat.example";
        }),
        ("a page of another address", |answer| answer.cross_origin = true),
        ("meant for something else", |answer| {
            answer.kind = "webauthn.create";
        }),
        ("made for another site", |answer| answer.host = "evil.example"),
        ("did not check who you are", |answer| answer.flags = 0x01),
        ("did not check who you are", |answer| answer.flags = 0x04),
        ("flags contradict", |answer| answer.flags = HONEST | 0x10),
        ("signature is wrong", |answer| answer.wrong_signature = true),
        ("not known here", |answer| answer.credential = vec![9; 32]),
        ("not known here", |answer| answer.credential = Vec::new()),
        ("not known here", |answer| answer.handle = vec![9; 32]),
        ("counter went back", |answer| answer.count = 1),
        ("counter went back", |answer| answer.count = 0),
        ("cut off", |answer| answer.left = 36),
        ("cut off", |answer| answer.left = 0),
        ("sent twice", |answer| answer.challenge = text(&[7; 32])),
        ("can't be read", |answer| answer.challenge = "***".to_owned()),
    ];
    let scene = scene();
    let ticket = scene.site.ticket().await;
    let mut device = Device::new(1, false);
    assert_eq!(scene.add(&mut device, &ticket, |_, _| {}).await, "");
    for (words, lie) in lies {
        let mut answer = device.honest(&scene.challenge().await);
        lie(&mut answer);
        let answer = scene.post("/api/passkey-sign-in", &answer.fields(&device)).await;
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!(answer["ticket"], Value::Null);
        assert_eq!(
            scene.sign_in(&device).await["error"],
            "",
            "{words}: the owner signs in as ever"
        );
    }
    let big = "x".repeat(17_000);
    for (name, value) in [
        ("client_data", "%%"),
        ("signature", big.as_str()),
        ("client_data", ""),
    ] {
        let mut fields = device.honest(&scene.challenge().await).fields(&device);
        fields
            .iter_mut()
            .filter(|(own, _)| *own == name)
            .for_each(|(_, own)| *own = value.to_owned());
        let answer = scene.post("/api/passkey-sign-in", &fields).await;
        assert_ne!(answer["error"], "", "{name}");
    }
    // A page of another site sends an answer of its own account.
    let fields = device.honest(&scene.challenge().await).fields(&device);
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let foreign = HttpRequest {
        is_cross_site: true,
        ..post("/api/passkey-sign-in", "", &fields)
    };
    let answer = object(&scene.http.call(foreign).await);
    assert!(
        answer["error"].as_str().unwrap().contains("another site"),
        "{answer}"
    );
}

#[tokio::test]
async fn each_lie_about_a_new_key_is_refused_with_its_sentence() {
    type Lie = fn(&mut Answer, &mut Cbor);
    let lies: &[(&str, Lie)] = &[
        ("meant for something else", |answer, _| {
            answer.kind = "webauthn.get";
        }),
        ("a page of another address", |answer, _| {
            answer.origin = "https://evil.example";
        }),
        ("made for another site", |answer, _| answer.host = "example"),
        ("did not check who you are", |answer, _| answer.flags = 0x41),
        ("there is no key in it", |answer, _| answer.flags = HONEST),
        ("empty or too long", |answer, _| answer.credential = Vec::new()),
        ("empty or too long", |answer, _| answer.credential = vec![1; 1024]),
        ("not one of ES256", |_, key| {
            change(key, 3, Cbor::Integer((-37).into()));
        }),
        ("not one of ES256", |_, key| {
            change(key, 1, Cbor::Integer(3.into()));
        }),
        ("not one of ES256", |_, key| {
            change(key, -2, Cbor::Bytes(vec![1; 31]));
        }),
        ("not one of ES256", |_, key| {
            change(key, -1, Cbor::Bytes(vec![1; 4000]));
        }),
        ("can't be read", |_, key| *key = Cbor::Null),
        ("can't be read", |answer, _| answer.left = 36),
    ];
    let scene = scene();
    let ticket = scene.site.ticket().await;
    let mut device = Device::new(1, false);
    for (words, lie) in lies {
        let error = scene.add(&mut device, &ticket, lie).await;
        assert!(
            error.contains(words) || (*words == "can't be read" && !error.is_empty()),
            "{words}: {error}"
        );
    }
    // Lists in lists, and a length that is not there.
    for garbage in [
        vec![0x81; 12_000],
        vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0xff],
        Vec::new(),
    ] {
        let challenge = scene.begin_adding(&mut device, &ticket).await;
        let mut answer = device.honest(&challenge);
        answer.kind = "webauthn.create";
        let fields = [
            ("account", "ada".to_owned()),
            ("ticket", ticket.clone()),
            ("name", "x".to_owned()),
            ("client_data", text(&answer.client_data())),
            ("attestation", text(&garbage)),
        ];
        let error = scene.post("/api/passkey-add", &fields).await;
        assert!(
            error["error"].as_str().unwrap().contains("can't be read"),
            "{error}"
        );
    }
    let all = scene
        .post(
            "/api/sign-ins",
            &[("account", "ada"), ("ticket", ticket.as_str())],
        )
        .await;
    assert_eq!(all["passkeys"], json!([]));
}

fn change(key: &mut Cbor, label: i64, value: Cbor) {
    let members = key.as_map_mut().unwrap();
    let place = members
        .iter_mut()
        .find(|(name, _)| *name == Cbor::Integer(label.into()));
    place.unwrap().1 = value;
}

#[tokio::test]
async fn keys_belong_to_one_account_and_are_bounded() {
    let mut scene = scene();
    let ticket = scene.site.ticket().await;
    scene
        .site
        .desk
        .add_account("eve", &Secret::new(PASSWORD), false)
        .unwrap();
    let eve = scene.site.person("eve").await.ticket;
    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    let no_password = scene.post("/api/passkey-add-start", &own).await;
    assert_eq!(no_password["error"], "Please enter the password of the account.");
    let mut device = Device::new(1, false);
    // Eve takes a challenge that was made for ada.
    let challenge = scene.begin_adding(&mut device, &ticket).await;
    let mut answer = device.honest(&challenge);
    (answer.kind, answer.flags) = ("webauthn.create", WITH_KEY);
    let fields = [
        ("account", "eve".to_owned()),
        ("ticket", eve.clone()),
        ("name", "x".to_owned()),
        ("client_data", text(&answer.client_data())),
        ("attestation", text(&answer.attestation(&device.public_key()))),
    ];
    let error = scene.post("/api/passkey-add", &fields).await["error"].to_string();
    assert!(error.contains("not for a new passkey of this account"), "{error}");
    for number in 1..=21 {
        let mut device = Device::new(number, false);
        let error = scene.add(&mut device, &ticket, |_, _| {}).await;
        assert_eq!(error.is_empty(), number <= 20, "{number}: {error}");
        let twice = scene.add(&mut device, &ticket, |_, _| {}).await;
        assert!(!twice.is_empty(), "{number}: the same identifier twice");
    }
    let all = scene.post("/api/sign-ins", &own).await;
    let number = all["passkeys"][0]["id"].to_string();
    for (name, is_good) in [
        ("Key of my phone", true),
        ("", false),
        ("a\nb", false),
        (&*"x".repeat(61), false),
    ] {
        let fields = [own[0], own[1], ("id", number.as_str()), ("name", name)];
        assert_eq!(
            scene.post("/api/passkey-rename", &fields).await["error"] == "",
            is_good,
            "{name}"
        );
    }
    let stolen = [
        ("account", "eve"),
        ("ticket", eve.as_str()),
        ("password", PASSWORD),
        ("id", number.as_str()),
    ];
    assert!(
        scene.post("/api/passkey-remove", &stolen).await["error"]
            .to_string()
            .contains("none of this number")
    );
    let fields = [own[0], own[1], ("password", PASSWORD), ("id", number.as_str())];
    assert_eq!(scene.post("/api/passkey-remove", &fields).await["error"], "");
    scene.site.desk.ban("ada", None, "Spam").unwrap();
    let mut second = Device::new(2, false);
    second.handle.clear();
    let error = scene.sign_in(&second).await["error"].to_string();
    assert!(
        error.contains("signature is wrong"),
        "another device's key: {error}"
    );
}

#[tokio::test]
async fn guessing_keys_is_slowed_down() {
    let scene = scene();
    let device = Device::new(1, false);
    let mut last = String::new();
    for _ in 0..200 {
        let answer = scene.sign_in(&device).await;
        last = answer["error"].as_str().unwrap().to_owned();
        if last.starts_with("Too many attempts") {
            break;
        }
    }
    assert!(last.starts_with("Too many attempts"), "{last}");
}

#[tokio::test]
async fn an_address_without_a_name_has_no_passkeys() {
    for address in [
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443",
        "http://127.0.0.1:9722",
        "x",
    ] {
        let scene = scene();
        let http = scene.site.http.clone().with_passkeys(address);
        let answer = object(&http.call(post("/api/passkey-start", "", &[])).await);
        assert!(
            answer["error"].as_str().unwrap().contains("site_address"),
            "{address}"
        );
    }
    for address in [
        "https://chat.example",
        "https://chat.example:8443",
        "http://localhost:9722",
    ] {
        let http = scene().site.http.clone().with_passkeys(address);
        assert_eq!(
            object(&http.call(post("/api/passkey-start", "", &[])).await)["error"],
            "",
            "{address}"
        );
    }
}
