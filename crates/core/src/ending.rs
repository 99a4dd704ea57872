//! The end of a run: the script's farewell to all people that are there to the last.

use fchatd_protocol::exchange::Outputs;
use fchatd_world::Now;

use crate::Core;
use crate::dispatch::STOP;

/// After so many farewells that ran out of time the others are left out: the end must come.
const TIME_OUTS_MAX: u64 = 3;

impl Core {
    /// Calls `event.pre_disconnect` for all characters online, also for those that are away, with the reason "stop". The
    /// classic server did not: its scripts end rooms there, which would be lost. It is the last thing
    /// to be done with the machine but for [`Core::snapshot`]: no character departs, since that would end the rooms that
    /// are to be saved.
    pub fn take_leave(&mut self, now: Now, outputs: &mut Outputs) {
        if self.engine.is_classic() {
            return;
        }
        self.outside_input(now, outputs, |core| {
            let online: Vec<_> = core.world.online().collect();
            let time_outs = core.time_outs();
            for (place, &key) in online.iter().enumerate() {
                if core.time_outs() - time_outs >= TIME_OUTS_MAX {
                    let left = online.len() - place;
                    tracing::error!(
                        "event.pre_disconnect takes too long: it is not called for the last {left}"
                    );
                    break;
                }
                core.farewell(key, STOP);
            }
            // Connections that a script has closed meanwhile have had the farewell too.
            core.world.take_farewells();
            core.world.take_closing();
        });
    }
}
