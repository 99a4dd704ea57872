//! A person makes a character with the name of a moderator in the imported state, a name that looks like another
//! person's, or one that people would take for the site's.

use serde_json::Value;

use crate::attacker::address;
use crate::bystanders::Bystanders;
use crate::scene::{OPERATOR, Scene, attacker_account};
use crate::site::Site;

/// The `error` of the answer to a request for a name.
fn asked_for(scene: &Scene, name: &str) -> String {
    let account = attacker_account(0);
    let ticket = scene.ticket(&account, address(0));
    let form = format!(
        "account={account}&ticket={ticket}&name={}&gender=None",
        name.replace(' ', "+")
    );
    let answer = scene.post("/api/character-create", &form, address(0));
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["error"].as_str().unwrap_or(&answer).to_owned()
}

#[test]
fn a_stranger_gets_neither_the_name_of_a_moderator_nor_one_that_looks_like_others() {
    let site = Site::new();
    site.write("old/ops.json", r#"["Minerva"]"#);
    site.write("old/channels.json", r#"{"public": [], "private": []}"#);
    let old = site.path("old");
    let imported = site.run(&["state", "import", &old.to_string_lossy()]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let told = &imported.stdout;
    assert!(
        told.contains("Minerva") && told.contains("fchatd character add"),
        "{told}"
    );

    let scene = Scene::open_in(site, 1, &[]);
    let bystanders = Bystanders::start(&scene);
    for name in ["Minerva", "MINERVA", "Mlnerva", "rninerva", "Min-erva"] {
        let told = asked_for(&scene, name);
        assert!(told.contains("a role in this chat"), "{name}: {told}");
    }
    for name in ["0lga", "O-l-g-a", "T0m", "To rn", "Llna"] {
        let told = asked_for(&scene, name);
        assert!(told.contains("looks too much like"), "{name}: {told}");
    }
    for name in ["Admin", "Adm1n", "Moderator", "M0derator 2", "Sys-tem", "Server"] {
        let told = asked_for(&scene, name);
        assert!(told.contains("is reserved"), "{name}: {told}");
    }
    assert_eq!(asked_for(&scene, "Nobody Else"), "");
    let rename = |to| scene.site.run(&["character", "rename", "Nobody Else", to]);
    rename("Minerva").assert_refused(&["a role in this chat"]);
    rename("Admin").assert_refused(&["reserved"]);
    rename("0lga").assert_refused(&["looks too much like"]);
    scene
        .site
        .run(&["character", "add", OPERATOR, "Minerva"])
        .assert_done();
    bystanders.unharmed(&scene);
}
