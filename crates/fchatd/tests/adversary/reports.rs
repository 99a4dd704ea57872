//! Reports to the staff: huge ones, many of them, and those that a server without bounds has kept. A moderator gets them in
//! pages and is not cut off, also after a restart; the operator can drop them.

use std::collections::BTreeSet;

use fchatd_dialogue::websocket::WebSocket;
use fchatd_store::Store;
use fchatd_store::snapshot::{Snapshot, StaffCall};
use serde_json::{Value, json};

use crate::bystanders::Bystanders;
use crate::long_names::{fields, read_to};
use crate::scene::{Scene, character};
use crate::site::Site;

const HUGE: usize = 500_000;
/// Reports of an old state; the huge ones are more than the queue of a connection takes.
const HUGE_KEPT: usize = 40;
const SMALL_KEPT: usize = 200;

/// Reports something; the answer.
#[track_caller]
fn report(socket: &mut WebSocket, text: &str) -> String {
    let report = json!({ "action": "report", "report": text, "tab": "Frontpage" });
    socket.say(&format!("SFC {report}")).unwrap();
    loop {
        let answer = socket.next_text().unwrap().unwrap();
        if answer.starts_with("ERR ") || answer.starts_with("SYS ") {
            return answer;
        }
    }
}

#[test]
fn huge_and_many_reports_are_refused() {
    let scene = Scene::open(2, &["--set", "staffcall_flood=0"]);
    let bystanders = Bystanders::start(&scene);
    let (mut mallory, mut moderator) = (scene.attacker(0), scene.attacker(1));
    bystanders.operate(&format!("AOP {}", json!({ "character": character(1, 0) })));
    read_to(&mut moderator, "AOP ");
    let huge = "x".repeat(HUGE);
    for _ in 0..12 {
        assert!(report(&mut mallory, &huge).starts_with("ERR "));
    }
    for number in 0..3 {
        let text = format!("{number}{}", "&".repeat(10_000));
        assert!(report(&mut mallory, &text).starts_with("SYS "));
        let call = fields(&read_to(&mut moderator, "SFC ").pop().unwrap());
        assert_eq!(call["report"].as_str().map(str::len), Some(50_001));
    }
    // An account has three open reports.
    assert!(report(&mut mallory, "once more").starts_with("ERR "));
    assert_eq!(bystanders.gauge("open, "), 3);
    moderator.say("PCR").unwrap();
    for _ in 0..3 {
        read_to(&mut moderator, "SFC ");
    }
    scene.assert_memory_bounded();
    bystanders.unharmed(&scene);
}

#[test]
fn kept_reports_are_cut_and_come_in_pages() {
    let site = Site::new();
    let kept = (0..HUGE_KEPT + SMALL_KEPT).map(|number| StaffCall {
        id: format!("{number}:Caller {number}"),
        character: format!("Caller {number}"),
        report: "x".repeat(if number < HUGE_KEPT { HUGE } else { 10 }),
        log: -1,
        tab: "Frontpage".to_owned(),
        time: 1_790_000_000,
        ..StaffCall::default()
    });
    let snapshot = Snapshot {
        operators: vec![character(0, 0)],
        staff_calls: kept.collect(),
        ..Snapshot::default()
    };
    let store = Store::open(&site.path("data")).unwrap();
    store.save_snapshot(&snapshot).unwrap();
    drop(store);
    let scene = Scene::open_in(site, 1, &[]);
    let bystanders = Bystanders::start(&scene);
    let mut moderator = scene.attacker(0);
    let mut seen = BTreeSet::new();
    while seen.len() < HUGE_KEPT + SMALL_KEPT {
        let call = fields(&read_to(&mut moderator, "SFC ").pop().unwrap());
        assert!(call["report"].as_str().unwrap().len() <= 10_240);
        assert!(seen.insert(call["callid"].to_string()), "{call} came twice");
        // A sign of life, as clients give it.
        moderator.say("PIN").unwrap();
    }
    scene.assert_memory_bounded();
    bystanders.unharmed(&scene);
}

#[test]
fn the_operator_lists_and_drops_reports() {
    let scene = Scene::open(1, &[]);
    let bystanders = Bystanders::start(&scene);
    let mut mallory = scene.attacker(0);
    assert!(report(&mut mallory, "some <b>text</b>").starts_with("SYS "));
    let listed = scene.site.run(&["calls", "list", "--json"]);
    listed.assert_done();
    let call: Value = serde_json::from_str(listed.stdout.trim()).unwrap();
    assert_eq!(call["character"], json!(character(0, 0)));
    assert_eq!(call["report"], "some &lt;b&gt;text&lt;/b&gt;");
    let id = call["id"].as_str().unwrap();
    assert!(scene.site.run(&["calls", "list"]).stdout.contains(id));
    scene.site.run(&["calls", "drop", id]).assert_done();
    assert_eq!(bystanders.gauge("open, "), 0);
    assert_ne!(scene.site.run(&["calls", "drop", id]).code, Some(0));
    assert!(
        report(&mut mallory, "again").starts_with("ERR "),
        "the pause between two reports"
    );
    bystanders.unharmed(&scene);
    // The same without a server.
    scene.server.terminate();
    let Scene { site, server, .. } = scene;
    server.ended();
    assert_eq!(site.run(&["calls", "list"]).stdout, "no reports are open\n");
    assert_ne!(site.run(&["calls", "drop", id]).code, Some(0));
}
