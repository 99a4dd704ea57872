//! People who are logged in and do not read their answers. All backlogs together have one budget; beyond it those go for
//! whom most waits, and the memory goes back to the system.

use std::thread;
use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::frame;

use crate::attacker::at_once;
use crate::bystanders::Bystanders;
use crate::scene::in_each_layout;

const ATTACKERS: usize = 6;
const PING: u8 = 0x9;
/// Far more than any machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn the_largest_backlogs_are_cut_off_and_their_memory_goes_back() {
    in_each_layout(ATTACKERS, &["--set", "backlog_max=32"], |scene| {
        let bystanders = Bystanders::start(scene);
        let sockets: Vec<_> = (0..ATTACKERS).map(|number| scene.attacker(number)).collect();
        let (before, _) = scene.memory();
        let pings = frame(PING, &[b'x'; 125]).repeat(1_000);
        // Each asks for as much as it gets until it is cut off; the last one alone may never be.
        let enough = 64 << 20;
        at_once(ATTACKERS, |number| {
            let mut writer = sockets[number].writer().unwrap();
            let mut sent = 0;
            while sent < enough && writer.raw(&pings).is_ok() {
                sent += pings.len();
            }
        });
        assert!(bystanders.gauge("of the largest cut off so far") > 0);
        scene.server.await_log("which is all that backlog_max allows");
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
