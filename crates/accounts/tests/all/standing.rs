//! Rights over HTTP: accounts that moderators have banned, names that are not for all people, sessions that end.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use crate::support::{PASSWORD, Site, site, site_with, site_with_events, told};
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use fchatd_accounts::{AccountError, AccountSettings, Import, ImportFormat, Profile, Secret, read_import};
use fchatd_store::Store;
use fchatd_store::snapshot::{AccountBan, AccountTimeout, Snapshot};

const PATH: &str = "/json/getApiTicket.php";
const COMPOSED: &str = "p\u{e4}ssw\u{f6}rter";
const DECOMPOSED: &str = "pa\u{308}sswo\u{308}rter";

/// The saved state of the chat.
fn save(site: &Site, snapshot: &Snapshot) {
    Store::open(site.folder())
        .unwrap()
        .save_snapshot(snapshot)
        .unwrap();
}

async fn log_in(site: &Site, account: &str, password: &str) -> String {
    let answer = site
        .post(PATH, &[("account", account), ("password", password)])
        .await;
    answer["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_ban_of_the_chat_closes_everything_at_once_and_an_unban_opens_it() {
    let (site, _events) = site_with_events();
    let bob = site.person("bob").await;
    bob.done("bookmark-add", &[("name", "Ada")]).await;
    save(
        &site,
        &Snapshot {
            bans: vec![AccountBan {
                account: 2,
                character: "Bob".into(),
            }],
            ..Snapshot::default()
        },
    );
    let banned = "This account is banned by the moderators of the chat.";
    assert_eq!(log_in(&site, "bob", PASSWORD).await, banned);
    assert!(
        log_in(&site, "bob", "wrong horse").await.contains("mismatch"),
        "strangers are not told"
    );
    for (path, fields) in [
        ("/api/renew", &[] as &[(&str, &str)]),
        ("/api/characters", &[]),
        ("/api/character-create", &[("name", "Bobby"), ("gender", "None")]),
        ("/api/profile-save", &[("name", "Bob"), ("title", "x")]),
        (
            "/api/avatar-save",
            &[
                ("name", "Bob"),
                ("image", "R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs="),
            ],
        ),
        ("/api/default-character", &[("name", "Bob")]),
        ("/api/ignore-add", &[("name", "Ada")]),
        ("/json/api/bookmark-add.php", &[("name", "Zoe")]),
        (
            "/json/api/request-send2.php",
            &[("source_name", "Bob"), ("dest_name", "Ada")],
        ),
        (
            "/json/api/character-memo-save.php",
            &[("target", "1"), ("note", "x")],
        ),
        (
            "/json/api/report-submit.php",
            &[
                ("character", "Bob"),
                ("reportText", "x"),
                ("log", "[]"),
                ("channel", "x"),
                ("reportUser", "Ada"),
            ],
        ),
    ] {
        assert_eq!(bob.refused(path, fields).await, banned, "{path}");
    }
    let change = [
        ("account", "bob"),
        ("password", PASSWORD),
        ("new_password", "better horse"),
    ];
    assert_eq!(site.post("/api/password", &change).await["error"], banned);
    let timeout = AccountTimeout {
        account: 2,
        character: "Bob".into(),
        until: i64::try_from(crate::support::START).unwrap() + 600,
    };
    save(
        &site,
        &Snapshot {
            timeouts: vec![timeout],
            ..Snapshot::default()
        },
    );
    let told = bob.refused("/api/characters", &[]).await;
    assert_eq!(
        told,
        "This account is banned by the moderators of the chat for another 10 minutes."
    );
    site.advance(600);
    bob.edit("characters", &[]).await;
    save(&site, &Snapshot::default());
    bob.done("bookmark-add", &[("name", "Zoe")]).await;
    assert_eq!(log_in(&site, "bob", PASSWORD).await, "");
}

#[tokio::test]
async fn names_of_others_of_staff_and_reserved_ones_are_not_for_everybody() {
    let mut site = site_with(|settings| AccountSettings {
        reserved_names: ["Admin", "Moderator"].map(str::to_owned).into(),
        ..settings
    });
    save(
        &site,
        &Snapshot {
            operators: vec!["Minerva".into()],
            ..Snapshot::default()
        },
    );
    site.desk
        .add_account("eve", &Secret::new(PASSWORD), false)
        .unwrap();
    let eve = site.person("eve").await;
    for (name, part) in [
        ("Zoe", "already taken"),
        ("Z0e", "looks too much like"),
        ("Z-o-e", "looks too much like"),
        ("Ad a", "looks too much like"),
        ("Minerva", "a role in this chat"),
        ("rnlnerva", "a role in this chat"),
        ("Admin", "is reserved"),
        ("Adm1n 2", "is reserved"),
        ("Modera-tor", "is reserved"),
    ] {
        let fields = [("name", name), ("gender", "None")];
        let told = eve.refused("/api/character-create", &fields).await;
        assert!(told.contains(part), "{name}: {told}");
    }
    eve.edit("character-create", &[("name", "Eve"), ("gender", "None")])
        .await;
    for name in ["Minerva", "Admin", "Zo-e"] {
        let renamed = site.desk.rename_character("Eve", name);
        assert!(
            matches!(
                renamed,
                Err(AccountError::CharacterNameHasRole
                    | AccountError::ReservedName
                    | AccountError::CharacterNameLooksTaken)
            ),
            "{name}: {renamed:?}"
        );
    }
    site.desk.rename_character("Eve", "EVE").unwrap();
    assert_eq!(site.desk.unclaimed_roles().unwrap(), ["Minerva"]);
    for name in ["Minerva", "Admin", "Z0e"] {
        site.desk.add_character("eve", name, &Profile::default()).unwrap();
    }
    assert_eq!(site.desk.unclaimed_roles().unwrap(), Vec::<String>::new());
    site.desk.rename_character("Minerva", "Minnie").unwrap();
    site.desk.rename_character("Minnie", "Minerva").unwrap();
    let register = [("account", "Admin"), ("password", PASSWORD)];
    let told = site.post("/api/register", &register).await;
    assert!(told["error"].as_str().unwrap().contains("is reserved"), "{told}");
    site.desk
        .add_account("admin", &Secret::new(PASSWORD), true)
        .unwrap();
}

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let mut site = site();
    let register = [("account", "eve"), ("password", DECOMPOSED)];
    assert_eq!(site.post("/api/register", &register).await["error"], "");
    assert_eq!(log_in(&site, "eve", COMPOSED).await, "");
    // As older programs have kept it.
    let old = Argon2::default()
        .hash_password(DECOMPOSED.as_bytes())
        .unwrap()
        .to_string();
    let file = format!(r#"[{{"name":"old","password_hash":"{old}"}}]"#);
    let entries = read_import(&file, ImportFormat::Json).unwrap();
    site.desk
        .import(entries, Import::AllOrNothing, &mut |_, _| {})
        .unwrap();
    assert!(
        log_in(&site, "old", COMPOSED).await.contains("mismatch"),
        "nobody can know it yet"
    );
    assert_eq!(log_in(&site, "old", DECOMPOSED).await, "");
    assert_eq!(log_in(&site, "old", COMPOSED).await, "", "the hash was replaced");
    assert_eq!(log_in(&site, "old", DECOMPOSED).await, "");
}

#[tokio::test]
async fn another_password_ends_everything_but_the_connection_that_set_it() {
    let (site, mut events) = site_with_events();
    let (here, elsewhere) = (site.person("ada").await, site.person("ada").await);
    let change = [
        ("account", "ada"),
        ("password", PASSWORD),
        ("new_password", "better horse"),
        ("character", "Ada"),
    ];
    let answer = site.post("/api/password", &change).await;
    assert_eq!(answer["error"], "");
    assert_eq!(
        told(&mut events),
        [r#"KIK {"a":1,"ip":"192.0.2.1","keep":"Ada","s":true}"#]
    );
    for person in [here, elsewhere] {
        assert_eq!(person.refused("/api/characters", &[]).await, "Invalid ticket.");
    }
    let fields = [("account", "ada"), ("ticket", answer["ticket"].as_str().unwrap())];
    assert_eq!(site.post("/api/characters", &fields).await["error"], "");
    assert!(log_in(&site, "ada", PASSWORD).await.contains("mismatch"));
    let change = [
        ("account", "ada"),
        ("password", "better horse"),
        ("new_password", "best horse"),
    ];
    assert_eq!(site.post("/api/password", &change).await["error"], "");
    assert_eq!(told(&mut events), [r#"KIK {"a":1,"s":true}"#]);
}

#[tokio::test]
async fn a_ticket_is_not_renewed_for_ever() {
    let site = site_with(|settings| AccountSettings {
        session_lifetime: 3600,
        ..settings
    });
    let mut ada = site.person("ada").await;
    for _ in 0..3 {
        site.advance(1000);
        let answer = ada.ask("/api/renew", &[]).await;
        assert_eq!(answer["error"], "");
        ada.ticket = answer["ticket"].as_str().unwrap().to_owned();
    }
    site.advance(599);
    ada.edit("characters", &[]).await;
    site.advance(1);
    let told = ada.refused("/api/renew", &[]).await;
    assert!(told.contains("expired"), "{told}");
    assert!(
        site.check("ada", &ada.ticket, "Ada").await["error"]
            .as_str()
            .unwrap()
            .contains("expired")
    );
    assert_eq!(log_in(&site, "ada", PASSWORD).await, "");
}

#[tokio::test]
async fn metadata_of_pictures_is_removed() {
    let site = site();
    let ada = site.person("ada").await;
    // A comment stands behind the screen, and something behind the end.
    let gif = "R0lGODlhAQABAIAAAAAAAP///yH+FDUyLjUyMDAgTiwgMTMuNDA1MCBFACwAAAAAAQABAAACAkQBADs1Mi41MjAwIE4=";
    ada.edit("avatar-save", &[("name", "Ada"), ("image", gif)]).await;
    let request = crate::support::get("/avatar/Ada", "");
    let picture = fchatd_edge::http::HttpService::call(&site.http, request).await;
    assert!(picture.body.starts_with(b"GIF89a") && picture.body.ends_with(b"\x02\x02D\x01\0;"));
    assert!(
        !picture.body.windows(5).any(|part| part == b"52.52"),
        "{:?}",
        picture.body
    );
    let cut_off = &gif[..32];
    let told = ada
        .refused("/api/avatar-save", &[("name", "Ada"), ("image", cut_off)])
        .await;
    assert!(told.contains("broken one"), "{told}");
}
