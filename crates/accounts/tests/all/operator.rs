//! The operator's desk beside a running service: the events for the service, invitations, imports.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use crate::support::{PASSWORD, Site, header, post, site, site_with, site_with_events, told};
use fchatd_accounts::{
    AccountEvent, AccountId, AccountSettings, Import, ImportFormat, ImportOutcome, Limit, Registration,
    read_import,
};
use fchatd_edge::http::HttpService;
use serde_json::Value;

#[tokio::test]
async fn the_chat_hears_what_the_operator_does() {
    let (mut site, mut events) = site_with_events();
    site.desk.ban("ada", None, "spam").unwrap();
    site.desk.set_admin("bob", true).unwrap();
    site.desk.move_character("Bob", "ada").unwrap();
    site.desk.rename_character("bob", "Robert").unwrap();
    site.desk.delete_character_named("robert").unwrap();
    assert_eq!(told(&mut events), Vec::<String>::new(), "not before it looks");
    site.service.hear_operators().await.unwrap();
    let heard = told(&mut events);
    assert_eq!(
        heard,
        [
            r#"KIK {"a":1,"banned":true,"m":"This account is banned. The reason given: spam","s":true}"#,
            r#"ADM {"a":2,"admin":true}"#,
            r#"CDL {"a":2,"n":"4"}"#,
            r#"CDL {"a":1,"n":"4"}"#,
            r#"CDL {"a":1,"n":"4"}"#,
        ]
    );
    site.desk
        .reset_password("bob", &fchatd_accounts::Secret::new("another password"))
        .unwrap();
    site.desk.delete_account_of("bob").unwrap();
    site.service.hear_operators().await.unwrap();
    assert_eq!(told(&mut events), [r#"KIK {"a":2,"s":true}"#; 2]);
    site.service.hear_operators().await.unwrap();
    assert_eq!(told(&mut events), Vec::<String>::new());
    assert!(matches!(
        AccountEvent::Admin(AccountId(3), false).message(),
        ("ADM", text) if text == r#"{"a":3,"admin":false}"#
    ));
}

async fn register(site: &Site, account: &str, code: &str) -> String {
    let fields = [("account", account), ("password", PASSWORD), ("invitation", code)];
    let answer = site.post("/api/register", &fields).await;
    answer["error"].as_str().unwrap().to_owned()
}

fn by_invitation() -> Site {
    site_with(|settings| AccountSettings {
        registration: Registration::Invitation,
        ..settings
    })
}

#[tokio::test]
async fn a_code_lets_a_person_register() {
    let mut site = by_invitation();
    let about = crate::support::call(&site.http, crate::support::get("/api/site", "")).await;
    assert_eq!(about["registration"], "invitation");
    let (id, code) = site.desk.invite(2, Some(60), "for Bob").unwrap();
    let refused =
        "This invitation code is not valid, or not any more. Please check it, or ask for another one.";
    for wrong in ["", "ABCD-EFGH-JKLM-NPQR", &"x".repeat(200)] {
        assert_eq!(register(&site, "bob", wrong).await, refused, "{wrong:?}");
        assert_eq!(register(&site, "ada", wrong).await, refused, "names are not told");
    }
    let typed = code.reveal().to_lowercase();
    assert_eq!(register(&site, "bob", &typed).await, "");
    assert_eq!(
        register(&site, "ada", &typed).await,
        "This account name is already taken. Please choose another one."
    );
    assert_eq!(register(&site, "cem", code.reveal()).await, "");
    assert_eq!(register(&site, "dot", code.reveal()).await, refused);
    let left: Vec<_> = site
        .desk
        .invitations()
        .unwrap()
        .into_iter()
        .map(|one| (one.id, one.uses_left, one.note))
        .collect();
    assert_eq!(left, [(id, 0, "for Bob".to_owned())]);
    let (_, late) = site.desk.invite(1, Some(60), "").unwrap();
    site.advance(60);
    assert_eq!(register(&site, "dot", late.reveal()).await, refused);
    let (number, revoked) = site.desk.invite(1, None, "").unwrap();
    assert!(site.desk.revoke_invitation(number.0).unwrap());
    assert_eq!(register(&site, "dot", revoked.reveal()).await, refused);
    for file in std::fs::read_dir(site.folder()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for form in [code.reveal().to_owned(), code.reveal().replace('-', "")] {
            assert!(!bytes.windows(form.len()).any(|part| part == form.as_bytes()));
        }
    }
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_and_the_door_says_for_how_long() {
    let site = site_with(|settings| AccountSettings {
        registration: Registration::Invitation,
        registration_tries_per_address: Limit {
            burst: 3,
            seconds_each: 70,
        },
        ..settings
    });
    for _ in 0..3 {
        assert!(register(&site, "bob", "guess").await.contains("not valid"));
    }
    let fields = [
        ("account", "bob"),
        ("password", PASSWORD),
        ("invitation", "guess"),
    ];
    let answer = site.http.call(post("/api/register", "", &fields)).await;
    assert_eq!(header(&answer, "retry-after"), Some("70"));
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        told["error"],
        "Too many attempts. Please try again in 70 seconds."
    );
}

fn import(site: &mut Site, text: &str, how: Import) -> ImportOutcome {
    let entries = read_import(text, ImportFormat::Csv).unwrap();
    site.desk.import(entries, how, &mut |_, _| {}).unwrap()
}

#[tokio::test]
async fn imported_accounts_can_log_in() {
    let mut site = site();
    site.desk
        .add_account("hashed", &fchatd_accounts::Secret::new("from elsewhere"), false)
        .unwrap();
    let hash =
        "$argon2id$v=19$m=16,t=2,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$6h+nqL8Bk5xBJDZ8wM3xbg1DTD7aWfSYSBvQPVrxL6A";
    let text = format!(
        "name,password,password_hash,characters,admin,banned\nbob,correct horse,,Bob;Robert,,\n\
         cem,,\"{hash}\",Cem,yes,\nada,correct horse,,,,\ndot,short,,,,\neve,correct horse,,Bob,,\n\
         fay,correct horse,,zoe,,\ngil,correct horse,,,,yes\nBOB,correct horse,,,,\nhal,,$2b$10$x,,,\n"
    );
    for how in [Import::Try, Import::AllOrNothing] {
        let outcome = import(&mut site, &text, how);
        let faults: Vec<_> = outcome.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "line 4: the account name \"ada\" is already taken",
                "line 5: Please choose a password of at least 8 characters and at most 256 bytes",
                "line 6: the character \"Bob\" is in line 2 already",
                "line 7: the character name \"zoe\" is already taken",
                "line 9: the account \"BOB\" is in line 2 already",
                "line 10: the password_hash has to be one of Argon2, such as $argon2id$v=19$m=19456,t=2,p=1$salt$hash",
            ]
        );
        assert_eq!((outcome.accounts, outcome.characters), (3, 3));
        assert_eq!(site.desk.list_accounts().unwrap().len(), 2);
    }
    import(&mut site, &text, Import::SkipStrange);
    assert_eq!(site.desk.list_accounts().unwrap().len(), 5);
    let bob = site.person("bob").await;
    assert_eq!(bob.ask("/api/characters", &[]).await["default_character"], "Bob");
    let fields = [("account", "gil"), ("password", PASSWORD)];
    assert_eq!(
        site.post("/json/getApiTicket.php", &fields).await["error"],
        "This account is banned."
    );
    assert!(site.desk.details("cem").unwrap().0.admin);
}

#[test]
fn a_hundred_thousand_accounts_come_in_at_once() {
    let mut site = site();
    // Made elsewhere at a low cost; otherwise the hashing takes long.
    let hash =
        "$argon2id$v=19$m=16,t=2,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$6h+nqL8Bk5xBJDZ8wM3xbg1DTD7aWfSYSBvQPVrxL6A";
    let mut text = "name,password_hash,characters\n".to_owned();
    for number in 0..100_000 {
        text.push_str(&format!("account{number},\"{hash}\",Somebody {number}\n"));
    }
    let outcome = import(&mut site, &text, Import::AllOrNothing);
    assert_eq!(outcome.faults, []);
    assert_eq!((outcome.accounts, outcome.characters), (100_000, 100_000));
    assert_eq!(site.desk.list_accounts().unwrap().len(), 100_001);
}
