//! Text frames without content: each costs its sender six bytes and the server a queued input.

use crate::attacker::{address, at_once, drain, empty_frame};
use crate::bystanders::Bystanders;
use crate::scene::in_each_layout;

const SOCKETS: usize = 40;
/// For each socket.
const WRITES: usize = 20;
const FRAMES_PER_WRITE: usize = 1_000;

#[test]
fn empty_frames_do_not_fill_the_memory() {
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let frames = empty_frame().repeat(FRAMES_PER_WRITE);
        at_once(SOCKETS, |number| {
            let Ok(mut socket) = scene.websocket(address(number)) else {
                return;
            };
            for _ in 0..WRITES {
                if socket.raw(&frames).is_err() {
                    break;
                }
            }
            let _ = socket.close();
            drain(socket);
        });
        scene.assert_memory_bounded();
        bystanders.unharmed(scene);
    });
}
