//! The data folder is moved away, deleted and replaced while the server runs.

use std::fs;

use crate::bystanders::Bystanders;
use crate::scene::{NEWCOMER, Scene};
use crate::site::content_of;

const IN_PLACE: &str = "data folder: in its place";

/// Waits until the operator is shown something.
#[track_caller]
fn await_status(bystanders: &Bystanders, part: &str) {
    let patience = std::time::Instant::now();
    loop {
        let status = bystanders.status();
        if status.contains(part) {
            return;
        }
        assert!(patience.elapsed() < crate::site::PATIENCE, "{part:?}: {status}");
    }
}

#[test]
fn a_folder_that_is_moved_away_is_noticed_and_saved_to_when_it_is_back() {
    let scene = Scene::open(1, &[]);
    let bystanders = Bystanders::start(&scene);
    await_status(&bystanders, IN_PLACE);
    let (data, away) = (scene.site.path("data"), scene.site.path("away"));
    let mut attacker = scene.attacker(0);
    fs::rename(&data, &away).unwrap();
    await_status(&bystanders, "was deleted or moved away");
    attacker.say(r#"IGN {"action":"add","character":"Tom"}"#).unwrap();
    attacker
        .await_text(|text| text.starts_with("ERR ") && text.contains("\"number\":-6"))
        .unwrap();
    assert!(!attacker.is_closed);
    let restart = scene.site.run(&["restart"]);
    assert_ne!(restart.code, Some(0), "{restart:?}");
    assert!(!data.exists(), "nothing makes the folder anew");
    fs::rename(&away, &data).unwrap();
    await_status(&bystanders, IN_PLACE);
    await_status(&bystanders, "everything is on disk");
    let log = scene.server.logged();
    let told = log.matches("was deleted or moved away while").count();
    assert_eq!(told, 1, "once: {log}");
    bystanders.unharmed(&scene);
    drop(attacker);
    scene.server.terminate();
    let Scene { server, site, .. } = scene;
    assert_eq!(server.ended().code, Some(0));
    let checked = site.run(&["state", "check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn a_folder_that_is_replaced_is_not_written_to_and_the_end_is_a_failure() {
    let scene = Scene::open(0, &[]);
    let bystanders = Bystanders::start(&scene);
    let (data, away) = (scene.site.path("data"), scene.site.path("away"));
    fs::rename(&data, &away).unwrap();
    fs::create_dir(&data).unwrap();
    fs::copy(away.join("fchatd.sqlite"), data.join("fchatd.sqlite")).unwrap();
    let before = content_of(&data);
    await_status(&bystanders, "was replaced by another file");
    // A person that changes the account is told that it does not work.
    let form = format!("account={NEWCOMER}&password=wrong");
    scene.post(
        "/json/getApiTicket.php",
        &form,
        std::net::Ipv4Addr::new(127, 100, 0, 9),
    );
    bystanders.operate(r#"CRC {"channel":"Lost"}"#);
    await_status(&bystanders, "are not on disk yet");
    scene.server.terminate();
    let Scene { server, site, .. } = scene;
    let ended = server.ended();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("the state could not be saved at the end"),
        "{}",
        ended.stderr
    );
    assert_eq!(content_of(&data), before, "the other folder is as it was");
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&away, &data).unwrap();
    let checked = site.run(&["state", "check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn files_that_are_deleted_alone_are_made_again() {
    let scene = Scene::open(0, &[]);
    let bystanders = Bystanders::start(&scene);
    let data = scene.site.path("data");
    fs::remove_file(data.join("fchatd.lock")).unwrap();
    let made_again = || data.join("fchatd.lock").exists();
    let start = std::time::Instant::now();
    while !made_again() {
        assert!(
            start.elapsed() < crate::site::PATIENCE,
            "the lock is not made again"
        );
        bystanders.status();
    }
    // A second server finds the folder taken.
    let second = scene.site.run(&["state", "import", "nowhere"]);
    assert!(second.stderr.contains("a server is running"), "{second:?}");
    bystanders.unharmed(&scene);
}
