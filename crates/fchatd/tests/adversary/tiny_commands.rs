//! Commands of three letters that are none, as fast as the network takes them.

use crate::attacker::{at_once, many};
use crate::bystanders::Bystanders;
use crate::scene::in_each_layout;

const ATTACKERS: usize = 4;
/// For each attacker.
const WRITES: usize = 10;
const COMMANDS_PER_WRITE: usize = 1_000;

#[test]
fn a_flood_of_commands_leaves_room_for_others() {
    in_each_layout(ATTACKERS, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let commands = many("XXX", COMMANDS_PER_WRITE);
        let sockets: Vec<_> = (0..ATTACKERS).map(|number| scene.attacker(number)).collect();
        at_once(ATTACKERS, |number| {
            let mut writer = sockets[number].writer().unwrap();
            for _ in 0..WRITES {
                if writer.raw(&commands).is_err() {
                    break;
                }
            }
        });
        // The commands wait in the sockets; the operator is answered before they have been handled.
        bystanders.status();
        scene.assert_memory_bounded();
        bystanders.unharmed(scene);
    });
}
