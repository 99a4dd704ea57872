//! `fchatd bridge send`, and the senders of the documentation.

use std::process::{Command, Output};

use crate::site::{SECRET, Site};

#[track_caller]
fn assert_sent(output: &Output, form: &str) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains(form) && said.contains("can't be known"), "{said}");
}

#[track_caller]
fn assert_not_sent(output: &Output, reason: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(reason), "{output:?}");
    assert!(!said.contains(SECRET), "{said}");
}

#[test]
fn both_forms_arrive() {
    let site = Site::start(&[]);
    let mut admin = site.admin();
    let to = site.bridge().to_string();
    let environment = [("FCHATD_RTBSECRET", SECRET)];
    assert_sent(
        &site.run(&["--to", &to, "HLB", r#"{"a":7}"#], &environment),
        "v2 form",
    );
    admin.hear_silenced(7);
    let file = site.program.folder().join("secret.txt");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let words = [
        "--classic",
        "--to",
        &to,
        "--secret-file",
        file.to_str().unwrap(),
        "HLB",
        r#"{"a":8}"#,
    ];
    assert_sent(&site.run(&words, &[]), "classic form");
    admin.hear_silenced(8);
    // By itself it finds the server that is configured.
    let port = format!("port={}", site.program.address.port());
    let words = ["--set", &port, "HLB", r#"{"a":9}"#];
    assert_sent(&site.run(&words, &environment), "v2 form");
    admin.hear_silenced(9);
}

#[test]
fn mistakes_are_named() {
    let site = Site::start(&[]);
    let to = site.bridge().to_string();
    let environment = [("FCHATD_RTBSECRET", SECRET)];
    let run = |words: &[&str]| site.run(words, &environment);
    assert_not_sent(&run(&["--to", &to, "kik", "{}"]), "three capital letters");
    assert_not_sent(&run(&["--to", &to, "KIK", "{a:7}"]), "JSON object");
    assert_not_sent(&run(&["--to", &to, "KIK", "[7]"]), "JSON object");
    assert_not_sent(&run(&["--to", "nowhere", "KIK", "{}"]), "HOST:PORT");
    let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(66_000));
    assert_not_sent(&run(&["--to", &to, "KIK", &long]), "a datagram holds");
    let secret = format!("rtbsecret={SECRET}");
    assert_not_sent(
        &run(&["--set", &secret, "--to", &to, "KIK", "{}"]),
        "--secret-file",
    );
    assert_not_sent(&site.run(&["--to", &to, "KIK", "{}"], &[]), "no secret");
    let unused = {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().to_string()
    };
    assert_not_sent(&run(&["--to", &unused, "KIK", "{}"]), "nobody listens");
}

/// The code block of a language in the page about the bridge.
fn example(language: &str) -> String {
    let page = include_str!("../../../../docs/bridge.md");
    let start = format!("```{language}\n");
    let (_, rest) = page.split_once(&start).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

fn run_example(site: &Site, interpreter: &str, language: &str, account: u64) -> std::io::Result<Output> {
    let file = site.program.folder().join(format!("send.{language}"));
    std::fs::write(&file, example(language)).unwrap();
    Command::new(interpreter)
        .arg(file)
        .args(["HLB", &format!(r#"{{"a":{account}}}"#)])
        .arg(site.bridge().port().to_string())
        .env("FCHATD_RTBSECRET", SECRET)
        .output()
}

#[test]
fn the_example_in_python_works() {
    let site = Site::start(&["rtbclassic=false"]);
    let mut admin = site.admin();
    let ran = run_example(&site, "python3", "python", 7).expect("python3 is installed");
    assert!(ran.status.success(), "{ran:?}");
    admin.hear_silenced(7);
}

#[test]
fn the_example_in_php_works_where_there_is_one() {
    let site = Site::start(&["rtbclassic=false"]);
    let mut admin = site.admin();
    match run_example(&site, "php", "php", 7) {
        Ok(ran) => {
            assert!(ran.status.success(), "{ran:?}");
            admin.hear_silenced(7);
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
