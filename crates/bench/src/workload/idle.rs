//! Users are connected and idle.

use std::time::Duration;

use crate::Error;
use crate::report::sample::Sample;
use crate::workload::yard::Yard;

/// The cost of one idle user: memory above that of the empty server, and processor time.
pub(crate) fn crowd(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    // The first user logs in alone, so that one-time costs are not charged to the others.
    yard.crowd.log_in(0..1, 1)?;
    yard.calm();
    let before = yard.resident()?;
    yard.crowd.log_in(1..shape.clients, shape.at_once)?;
    yard.calm();
    let after = yard.resident()?;
    let beginning = yard.begin()?;
    yard.rest(Duration::from_secs_f64(shape.seconds));
    let cost = yard.end(&beginning)?;
    let mut sample = Sample::default();
    if let (Some(before), Some(after)) = (before, after) {
        sample.set("base_mib", before as f64 / f64::from(1 << 20));
        sample.set("resident_mib", after as f64 / f64::from(1 << 20));
        sample.set(
            "resident_kib_per_client",
            after.saturating_sub(before) as f64 / 1024.0 / (shape.clients - 1) as f64,
        );
    }
    if let Some(server) = cost.server {
        sample.set("idle_cpu_percent", server.total as f64 / 1e7 / cost.seconds);
    }
    sample.set("frames_per_second", cost.frames as f64 / cost.seconds);
    cost.tell_waiting(&mut sample);
    yard.tell_faults(0, &mut sample);
    Ok(sample)
}
