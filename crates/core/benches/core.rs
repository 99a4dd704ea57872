//! The cost of commands in the core, from the text of a message to the frames of its answer, without sockets and
//! without fan-out: `cargo bench -p fchatd-core`. BENCHMARKS.md has figures.
#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

mod site;

use divan::Bencher;
use divan::counter::ItemsCount;
use site::{LINE, Site, login_answer};

fn main() {
    divan::main();
}

/// Measures `count` commands that `work` gives.
fn measure(mut site: Site, bencher: Bencher<'_, '_>, count: u32, mut work: impl FnMut(&mut Site)) {
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        work(&mut site);
        divan::black_box(&site.outputs);
        site.outputs.clear();
    });
}

#[divan::bench]
fn msg_to_200(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    site.fill_channel();
    let text = format!(r#"MSG {{"channel":"Development","message":"{LINE}"}}"#);
    site.expect(0, &text, "MSG");
    measure(site, bencher, 1, |site| site.say(0, &text));
}

#[divan::bench]
fn msg_refused_by_throttle(bencher: Bencher<'_, '_>) {
    let mut site = Site::with_pause(5_000, 0.5);
    site.fill_channel();
    let text = format!(r#"MSG {{"channel":"Development","message":"{LINE}"}}"#);
    site.expect(0, &text, "MSG");
    site.expect(0, &text, "ERR");
    measure(site, bencher, 1, |site| site.say(0, &text));
}

#[divan::bench]
fn pri(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    let text = format!(r#"PRI {{"recipient":"Person 1","message":"{LINE}"}}"#);
    site.expect(0, &text, "PRI");
    measure(site, bencher, 1, |site| site.say(0, &text));
}

#[divan::bench]
fn sta_5000_online(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    let text = r#"STA {"status":"busy","statusmsg":"back in ten minutes"}"#;
    site.expect(0, text, "STA");
    measure(site, bencher, 1, |site| site.say(0, text));
}

#[divan::bench]
fn jch_and_lch_200_members(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(5_000);
    site.fill_channel();
    let (join, leave) = (
        r#"JCH {"channel":"development"}"#,
        r#"LCH {"channel":"development"}"#,
    );
    site.expect(300, join, "JCH");
    site.expect(300, leave, "LCH");
    measure(site, bencher, 2, |site| {
        site.say(300, join);
        site.say(300, leave);
    });
}

/// One that finds about as many characters as a search may, and looks through six lists for them.
#[divan::bench]
fn fks_20000_online(bencher: Bencher<'_, '_>) {
    let mut site = Site::of(20_000);
    let text = r#"FKS {"kinks":[7,20],"genders":["Male","Female","Herm"],"orientations":["Gay","Straight"],
        "languages":["None"],"furryprefs":["None"],"roles":["None"],"positions":["Switch","Always bottom"]}"#;
    let found = site.expect(0, text, "FKS").matches("\"Person ").count();
    assert!((100..=350).contains(&found), "the search finds {found}");
    measure(site, bencher, 1, |site| {
        site.now.monotonic += 5_000;
        site.say(0, text);
    });
}

/// One character comes and goes: `IDN`, the answer of the login check, the burst with the whole user list, the
/// end. Each coming makes one or two chunks of that list anew.
#[divan::bench]
fn log_in_and_go_10000_online(bencher: Bencher<'_, '_>) {
    come_and_go(bencher, 0);
}

/// The same after 1,000 people all over the list have changed their status, which is measured too: the price that a
/// log-in pays for a list that is stale throughout.
#[divan::bench]
fn log_in_and_go_10000_online_after_1000_sta(bencher: Bencher<'_, '_>) {
    come_and_go(bencher, 1_000);
}

#[divan::bench]
fn sta_1000_alone_10000_online(bencher: Bencher<'_, '_>) {
    let site = Site::of(10_000);
    measure(site, bencher, 1_000, |site| site.change_status(1_000));
}

fn come_and_go(bencher: Bencher<'_, '_>, changes: u32) {
    let mut site = Site::of(10_000);
    let mut slot = 10_000;
    let answers: Vec<String> = (0..100).map(|number| login_answer(slot + number)).collect();
    site.enter(slot);
    let bytes = site.outputs.bytes.len();
    assert!(bytes > 250_000, "the burst has {bytes} bytes");
    site.go(slot);
    measure(site, bencher, 1, |site| {
        site.change_status(changes);
        slot += 1;
        site.enter_as(slot, &answers[slot as usize % answers.len()]);
        site.go(slot);
    });
}
