//! A person that moderators have banned from the chat, with a ticket from before: the HTTP side is closed to it, too.

use serde_json::Value;

use crate::attacker::address;
use crate::bystanders::Bystanders;
use crate::scene::{Scene, attacker_account, character, in_each_layout};

/// The `error` of an answer.
fn error(scene: &Scene, path: &str, form: &str) -> String {
    let answer = scene.post(path, form, address(0));
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["error"].as_str().unwrap_or(&answer).to_owned()
}

#[test]
fn a_ban_of_the_chat_closes_http_and_an_unban_opens_it() {
    in_each_layout(1, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let mut mallory = scene.attacker(0);
        let (account, name) = (attacker_account(0), character(0, 0).replace(' ', "+"));
        let ticket = scene.ticket(&account, address(0));
        let who = format!("account={account}&ticket={ticket}");
        let attempts = [
            ("/api/renew", String::new()),
            ("/api/characters", String::new()),
            (
                "/api/character-create",
                "&name=Mallory+Again&gender=None".to_owned(),
            ),
            ("/api/profile-save", format!("&name={name}&title=still+here")),
            ("/api/ignore-add", "&name=Tom".to_owned()),
            ("/json/api/bookmark-add.php", "&name=Tom".to_owned()),
            (
                "/json/api/request-send2.php",
                format!("&source_name={name}&dest_name=Tom"),
            ),
        ];
        let banned = "This account is banned by the moderators of the chat.";
        bystanders.operate(&format!(r#"ACB {{"character":"{}"}}"#, character(0, 0)));
        mallory.await_text(|text| text.starts_with("ERR ")).unwrap();
        for (path, fields) in &attempts {
            assert_eq!(error(scene, path, &format!("{who}{fields}")), banned, "{path}");
        }
        let refused = scene.new_ticket(&account, address(0)).unwrap_err();
        assert!(refused.contains(banned), "{refused}");

        bystanders.operate(&format!(r#"UNB {{"character":"{}"}}"#, character(0, 0)));
        // An answer after it: it is done.
        bystanders.status();
        for (path, fields) in &attempts {
            assert_eq!(error(scene, path, &format!("{who}{fields}")), "", "{path}");
        }
        scene.new_ticket(&account, address(0)).unwrap();
        bystanders.unharmed(scene);
    });
}
