//! Orders from the command line about bans of networks and about registration.

use fchatd_protocol::exchange::{GateOrder, Outputs};
use fchatd_world::Now;

use crate::Core;

impl Core {
    /// As [`World::order_gate`](fchatd_world::World::order_gate).
    ///
    /// # Errors
    /// A sentence that says why nothing was done.
    pub fn order_gate(
        &mut self,
        now: Now,
        order: &GateOrder,
        by: &str,
        outputs: &mut Outputs,
    ) -> Result<String, String> {
        self.outside_input(now, outputs, |core| core.world.order_gate(order, by))
    }
}
