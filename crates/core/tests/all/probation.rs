//! Scripts that were read again and fail: the ones before them come back by themselves.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::play::Play;
use fchatd_figures::StatusText;
use fchatd_protocol::exchange::Outputs;
use fchatd_script::builtin;
use fchatd_script::host::Scripts;
use fchatd_world::settings::Value;

const ANN: &str = "Admin Ann";
const ECHO: &str = r#"MSG {"channel":"garden","message":"hello"}"#;

/// The rules of the server, with this at their end.
fn with(source: &str) -> Scripts {
    let mut scripts = builtin::scripts();
    scripts.main.push('\n');
    scripts.main.push_str(source);
    scripts
}

/// A person that talks, a person that hears it, and an administrator; the first rules answer `UPT` with an error of
/// their own, so that they can be told from others.
fn play() -> Play {
    let mut play = Play::in_garden(&[ANN, "Alice", "Bob"]);
    play.chat
        .replace_scripts(with("function event.UPT() return 8 end"));
    play.heard();
    play
}

fn say(play: &mut Play, text: &str) -> String {
    play.chat.pass(2_000);
    play.heard();
    play.say("Alice", text)
}

fn conduct(play: &mut Play) -> String {
    let mut text = StatusText::default();
    play.chat.core.figures(None, &mut text);
    let text = text.finish();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("scripts' conduct: "));
    line.unwrap().to_owned()
}

#[test]
fn rules_that_fail_at_once_are_taken_back_and_administrators_hear_why() {
    let mut play = play();
    play.chat.replace_scripts(with(
        "function event.UPT() return 9 end function event.MSG() error('oh no') end",
    ));
    assert!(conduct(&mut play).starts_with("on probation, "));
    assert!(say(&mut play, "UPT").contains("ERR 9"));
    for _ in 0..2 {
        assert!(say(&mut play, ECHO).contains("Alice: ERR -2"));
    }
    let third = say(&mut play, ECHO);
    assert!(third.contains("ERR -2"), "{third}");
    assert!(third.contains(&format!("{ANN}: SYS")), "{third}");
    assert!(!third.contains("Bob: SYS"), "only administrators: {third}");
    let after = say(&mut play, ECHO);
    assert!(after.contains("MSG") && !after.contains("ERR"), "{after}");
    assert!(say(&mut play, "UPT").contains("ERR 8"), "those of before");
    let conduct = conduct(&mut play);
    assert!(
        conduct.starts_with("not on probation") && conduct.ends_with("so far 1 returns to earlier scripts")
    );
}

#[test]
fn a_function_that_failed_before_or_seldom_fails_takes_nothing_back() {
    let mut play = play();
    play.chat.replace_scripts(with(
        "function event.UPT() return 8 end function event.PCR() error('always') end",
    ));
    // These stand their own probation, in spite of one failure.
    say(&mut play, "PCR");
    for _ in 0..110 {
        say(&mut play, "UPT");
    }
    assert!(conduct(&mut play).starts_with("not on probation, 1 functions have failed"));
    play.chat.replace_scripts(with(
        "local n = 0
        function event.UPT() n = n + 1 if n % 3 == 0 then error('now and then') end return 9 end
        function event.PCR() error('always') end",
    ));
    for _ in 0..30 {
        assert!(say(&mut play, "PCR").contains("ERR -2"));
        say(&mut play, "UPT");
    }
    assert!(conduct(&mut play).contains("so far 0 returns"));
}

#[test]
fn a_probation_ends_after_its_time_and_its_calls() {
    let mut play = play();
    let late =
        with("local n = 0 function event.UPT() n = n + 1 if n > 150 then error('late') end return 9 end");
    play.chat.replace_scripts(late);
    play.chat.pass(3_600_000);
    assert!(
        conduct(&mut play).starts_with("on probation, 0 ms left"),
        "nobody has called anything"
    );
    for _ in 0..160 {
        say(&mut play, "UPT");
    }
    assert!(
        say(&mut play, "UPT").contains("ERR -2"),
        "it is too late to take them back"
    );
    assert!(conduct(&mut play).starts_with("not on probation"));
    // Without a probation there is nothing to come back to.
    let mut settings = play.chat.core.world().settings.clone();
    settings.set("script_probation", Value::Number(0.0)).unwrap();
    let now = play.chat.now;
    play.chat
        .core
        .configure(now, settings, &mut Outputs::default())
        .unwrap();
    play.chat
        .replace_scripts(with("function event.UPT() error('bad') end"));
    for _ in 0..10 {
        assert!(say(&mut play, "UPT").contains("ERR -2"));
    }
}

#[test]
fn after_two_bad_readings_the_last_good_rules_come_back() {
    let mut play = play();
    for _ in 0..2 {
        play.chat
            .replace_scripts(with("function event.UPT() error('bad') end"));
        assert!(say(&mut play, "UPT").contains("ERR -2"));
    }
    play.chat
        .replace_scripts(with("function event.UPT() error('bad, too') end"));
    for _ in 0..3 {
        say(&mut play, "UPT");
    }
    assert!(say(&mut play, "UPT").contains("ERR 8"));
}
