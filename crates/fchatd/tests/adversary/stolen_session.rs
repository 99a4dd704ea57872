//! An attacker with a stolen ticket that is online with it, and an owner that changes the password: everything that
//! goes back to the old password ends, and the owner's own connection stays.

use serde_json::Value;

use crate::attacker::address;
use crate::bystanders::Bystanders;
use crate::scene::{PASSWORD, Scene, attacker_account, character, in_each_layout};

fn post(scene: &Scene, path: &str, form: &str, from: usize) -> Value {
    let answer = scene.post(path, form, address(from));
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).unwrap_or_default()
}

#[test]
fn another_password_puts_everybody_else_out() {
    in_each_layout(1, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let account = attacker_account(0);
        let stolen = scene.ticket(&account, address(1));
        let mut owner = scene.log_in(&account, &character(0, 0), address(0));
        let mut thief = scene.log_in(&account, &character(0, 1), address(1));

        let password = PASSWORD.replace(' ', "+");
        let name = character(0, 0).replace(' ', "+");
        let form =
            format!("account={account}&password={password}&new_password=a+better+one&character={name}");
        let changed = post(scene, "/api/password", &form, 0);
        assert_eq!(changed["error"], "", "{changed}");

        let put_out = |text: &str| text.starts_with("ERR ") && text.contains("\"number\":40");
        thief.await_text(put_out).unwrap();
        while let Ok(Some(_)) = thief.next_text() {}
        for path in ["/api/characters", "/api/renew"] {
            let told = post(scene, path, &format!("account={account}&ticket={stolen}"), 1);
            assert_eq!(told["error"], "Invalid ticket.", "{path}");
        }
        assert!(
            scene.new_ticket(&account, address(2)).is_err(),
            "the old password is over"
        );
        let again = scene.try_log_in(&account, &character(0, 1), address(1));
        assert!(again.is_err(), "the stolen ticket is over");

        owner.say(r#"JCH {"channel":"Quiet Corner"}"#).unwrap();
        owner.await_text(|text| text.starts_with("CDS ")).unwrap();
        let fresh = changed["ticket"].as_str().unwrap();
        let told = post(
            scene,
            "/api/characters",
            &format!("account={account}&ticket={fresh}"),
            0,
        );
        assert_eq!(told["error"], "");
        bystanders.unharmed(scene);
    });
}
