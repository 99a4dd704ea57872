//! Scripts in the manner of the classic server on the real program: a rule file and a test file of ours with all functions that such
//! files rely on, and the battery of calls with known results on the classic server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "../adversary/attacker.rs"]
#[allow(dead_code, reason = "the adversary suite uses the rest")]
mod attacker;
#[path = "../adversary/scene.rs"]
#[allow(dead_code, reason = "the adversary suite uses the rest")]
mod scene;
#[path = "../process/site.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest")]
mod site;

mod battery;
mod rules;
mod test_file;

/// The rule file.
const RULES: &str = include_str!("rules.lua");

/// A folder with the rule file in it.
fn site() -> site::Site {
    let site = site::Site::new();
    std::fs::create_dir(site.path("script")).unwrap();
    site.write("script/main.lua", RULES);
    site
}
