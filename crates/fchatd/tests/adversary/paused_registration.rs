//! Accounts made by the dozen, until the operator pauses registration.

use crate::attacker::address;
use crate::bystanders::Bystanders;
use crate::scene::{Scene, in_each_layout};

fn register(scene: &Scene, number: usize) -> String {
    let form = format!("account=raider{number}&password=correct+horse+battery");
    scene.post("/api/register", &form, address(number))
}

#[test]
fn nobody_makes_accounts_while_registration_is_paused() {
    in_each_layout(1, &["--set", "registration=open"], |scene| {
        let bystanders = Bystanders::start(scene);
        assert!(register(scene, 0).contains("account_id"));
        let done = scene.site.run(&["registration", "pause"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        for number in 1..10 {
            let answer = register(scene, number);
            assert!(answer.contains("registration is paused"), "{answer}");
        }
        assert!(
            scene
                .get("/api/site", address(0))
                .contains(r#""registration":"paused""#)
        );
        // People with an account come in.
        let _account_holder = scene.attacker(0);
        bystanders.operate(r#"RGP {"paused":false}"#);
        while !register(scene, 10).contains("account_id") {
            bystanders.status();
        }
        let shown = scene.site.run(&["registration", "status"]).stdout;
        assert!(shown.starts_with("not paused"), "{shown}");
        bystanders.unharmed(scene);
    });
}
