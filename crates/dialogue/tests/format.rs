//! A play that does not match the server fails with its file and line; a sentence that is not understood is
//! reported.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;

use fchatd_dialogue::core_stage::CoreStage;
use fchatd_dialogue::play::Play;
use fchatd_dialogue::run;
use fchatd_script::builtin;

const BEGINNING: &str = "# A rule.\nAda, Bob and Cem are online.\nAda and Bob join Development.\n";

/// The result of a play with this beginning.
fn outcome(rest: &str) -> Result<usize, String> {
    let text = format!("{BEGINNING}{rest}");
    let file = Path::new("rule.play");
    let play = Play::parse(file, &text).map_err(|(line, message)| format!("{line}: {message}"))?;
    let mut stage = CoreStage::new(&play, &builtin::scripts())?;
    run::run(&play, &mut stage).map_err(|failure| failure.to_string())
}

#[track_caller]
fn assert_fails(rest: &str, parts: &[&str]) {
    let message = outcome(rest).unwrap_err();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

const SAID: &str = "Ada says MSG {\"channel\": \"development\", \"message\": \"hi <3\"}\n";
const HEARD: &str =
    "Bob hears MSG {\"channel\": \"Development\", \"character\": \"Ada\", \"message\": \"hi &lt;3\"}\n";

#[test]
fn a_play_that_is_right_succeeds() {
    assert_eq!(outcome(&format!("{SAID}{HEARD}Ada hears nothing.\n")), Ok(5));
    let split = "Bob hears MSG\n  {\"channel\": \"Development\", \"character\": \"Ada\",\n  \"message\": \"hi &lt;3\"}\n";
    assert_eq!(outcome(&format!("{SAID}{split}")), Ok(4));
}

#[test]
fn an_unmentioned_frame_is_a_failure() {
    assert_fails(SAID, &["rule.play:4", "Bob also heard MSG", "hi &lt;3"]);
    assert_fails(
        &format!("{SAID}Ada says PIN\n{HEARD}"),
        &["rule.play:5", "after line 4 Bob also heard MSG"],
    );
    assert_fails(
        &format!("{SAID}Bob hears nothing.\n"),
        &["rule.play:5", "Bob should hear nothing"],
    );
    assert_fails("Bob connects again.\n", &["4: this sentence is not understood"]);
    assert_fails(
        "Dot connects.\nDot says IDN {}\nDot hears ERR 1.\n",
        &["Dot was disconnected", "not mention"],
    );
}

#[test]
fn a_missing_frame_is_a_failure() {
    let silent = "Ada says PIN\n";
    assert_fails(
        &format!("{silent}{HEARD}"),
        &["rule.play:5", "Bob should hear MSG", "hears nothing"],
    );
    assert_fails(
        &format!("{SAID}{HEARD}{HEARD}"),
        &["rule.play:6", "hears nothing"],
    );
    assert_fails(
        &format!("{silent}Ada is disconnected.\n"),
        &["Ada should have been disconnected"],
    );
    assert_fails(
        &format!("{SAID}Everyone hears MSG {{}}\n"),
        &["Ada should hear MSG and hears nothing"],
    );
}

#[test]
fn a_different_frame_is_a_failure() {
    let frame = |members: &str| format!("{SAID}Bob hears MSG {{{members}}}\n");
    let fails = |members: &str| {
        assert_fails(
            &frame(members),
            &["rule.play:5", "Bob should hear MSG", "and hears MSG"],
        );
    };
    fails(r#""channel": "development", "character": "Ada", "message": "hi &lt;3""#);
    fails(r#""channel": "Development", "character": "Ada""#);
    fails(r#""channel": "Development", "character": "Ada", "message": "hi &lt;3", "extra": 1"#);
    fails(r#""channel": "Development", "character": "Ada", "message": "<number>""#);
    fails(r#""channel": "Development", "character": "Ada", "message": "ho <text>""#);
    assert_fails(
        &format!("{SAID}{}", HEARD.replace("MSG", "LRP")),
        &["should hear LRP", "hears MSG"],
    );
}

#[test]
fn placeholders_stand_for_what_they_say() {
    let roll = |results: &str, rest: &str| {
        let said = "Ada says RLL {\"channel\": \"Development\", \"dice\": \"1d2+4\"}\n";
        let heard = format!(
            "Ada and Bob hear RLL {{\"type\": \"dice\", \"channel\": \"${{where}}\", \"character\": \"${{who}}\", \"rolls\": \"<any>\", \
             \"results\": {results}, \"endresult\": \"<number>\", \"message\": \"[user]${{who}}[/user] <text> 1d2+4<text>\"}}\n{rest}"
        );
        outcome(&format!("{said}{heard}"))
    };
    assert!(roll("[\"<number 1 to 2>\", 4]", "").is_ok());
    assert!(roll("[\"<in any order>\", 4, \"<number 1 to 2>\"]", "").is_ok());
    assert!(roll("[\"<number 3 to 9>\", 4]", "").is_err());
    assert!(roll("[\"<number 1 to 2>\"]", "").is_err());
    assert!(roll("[4, \"<number 1 to 2>\"]", "").is_err());
    let again = "Bob says MSG {\"channel\": \"${where|lower}\", \"message\": \"<ab*3>\"}\n";
    let heard = |who| {
        format!(
            "{again}Ada hears MSG {{\"channel\": \"${{where}}\", \"character\": \"{who}\", \"message\": \"ababab\"}}\n"
        )
    };
    assert!(roll("\"<any>\"", &heard("Bob")).is_ok());
    assert!(
        roll("\"<any>\"", &heard("${who}")).is_err(),
        "the name stands for Ada by now"
    );
    assert_fails(
        "Ada says MSG {\"channel\": \"${nowhere}\"}\n",
        &["rule.play:4", "nothing was captured as ${nowhere}"],
    );
}

#[test]
fn a_failing_preparation_is_a_failure() {
    assert_fails("Cem joins Nowhere.\n", &["rule.play:4", "Cem hears ERR"]);
    assert_fails(
        "Beforehand, Cem says KIC {\"channel\": \"Development\"}\n",
        &["rule.play:4", "Cem hears ERR"],
    );
    assert_fails("Dot says PIN\n", &["rule.play:4", "Dot is not connected"]);
    assert_fails(
        "Mo is a global moderator.\n",
        &["4: settings and characters come before"],
    );
    assert_fails("Ada hears MSG {\n", &["4: ", "no JSON"]);
    let untitled = Play::parse(Path::new("rule.play"), "Ada is online.\n").unwrap_err();
    assert!(untitled.1.contains("which rule"), "{untitled:?}");
}
