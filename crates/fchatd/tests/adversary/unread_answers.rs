//! People that are logged in and do not read. A client that does not read its answers is not read any more. All backlogs
//! together have one budget; beyond it the connections with the largest backlogs go, and the memory goes back to the system.

use std::thread;
use std::time::{Duration, Instant};

use crate::bystanders::Bystanders;
use crate::scene::in_each_layout;

const ATTACKERS: usize = 6;
/// Far more than any machine needs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Large messages, as many as one likes.
const WORDS: [&str; 8] = [
    "--set",
    "backlog_max=32",
    "--set",
    "msg_flood=0",
    "--set",
    "command_rate=0",
    "--set",
    "msg_max=50000",
];

#[test]
fn the_largest_backlogs_are_cut_off_and_their_memory_goes_back() {
    in_each_layout(ATTACKERS, &WORDS, |scene| {
        let bystanders = Bystanders::start(scene);
        let mut sockets: Vec<_> = (0..ATTACKERS).map(|number| scene.attacker(number)).collect();
        for socket in &mut sockets {
            socket.say(r#"JCH {"channel":"Development"}"#).unwrap();
            socket.await_text(|text| text.starts_with("CDS ")).unwrap();
        }
        let (before, _) = scene.memory();
        let line = format!(
            r#"MSG {{"channel":"Development","message":"{}"}}"#,
            "x".repeat(40_000)
        );
        // From now on only the first one reads its frames, and that is nothing but the end.
        let mut said = 0;
        while bystanders.gauge("of the largest cut off") == 0 {
            assert!(said < 10_000, "nobody is cut off");
            for _ in 0..50 {
                sockets[0].say(&line).unwrap();
                said += 1;
            }
        }
        scene.server.await_log("which exceeds backlog_max");
        scene.assert_memory_bounded();
        let (_, most) = scene.memory();
        assert!(most > before + 16 * 1024, "there was no attack: {most} KiB");
        drop(sockets);
        let start = Instant::now();
        loop {
            let (now, _) = scene.memory();
            // Room for the memory of a debug build and of the log.
            if now < before + before / 5 + 4096 {
                break;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{now} KiB are held, {before} KiB before"
            );
            thread::sleep(Duration::from_millis(200));
        }
        bystanders.unharmed(scene);
    });
}
