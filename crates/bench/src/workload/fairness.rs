//! A quiet channel beside bad neighbours: users that flood, that never read, and that read one byte a second.
//!
//! The neighbours have a separate thread, so that the generator's work for them does not delay the measured
//! users. `generator_late_p99_ms` shows a remaining delay.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::load::crowd::Crowd;
use crate::load::dice::Dice;
use crate::load::hearing::Kind;
use crate::load::people::Identity;
use crate::report::sample::Sample;
use crate::server::Site;
use crate::workload::shape::Shape;
use crate::workload::yard::Yard;

/// Number of neighbours of each kind in a channel.
const OF_EACH_IN_A_CHANNEL: usize = 5;

/// Measures the channel alone first, then with neighbours.
pub(crate) fn beside_others(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    yard.log_in()?;
    yard.check_pause(
        Kind::Channel,
        shape.rate.unwrap_or(f64::INFINITY) / shape.speakers.max(1) as f64,
    )?;
    yard.crowd
        .settle(0..shape.clients, 1, shape.speakers, shape.channel.as_deref())?;
    yard.calm();
    let (mut next, speakers) = (0, shape.speakers.clamp(1, shape.clients));
    let mut speak = |crowd: &mut Crowd, intended| {
        crowd.speak(next, intended, shape.size);
        next = (next + 1) % speakers;
        Ok(())
    };
    let fan = shape.clients.saturating_sub(1) as u64;
    let alone = yard.converse(fan, &mut speak)?;
    let before = yard.resident()?;

    let stop = Arc::new(AtomicBool::new(false));
    let (ready, told) = mpsc::channel();
    let neighbours = Neighbours {
        site: yard.server.site.clone(),
        people: std::mem::take(&mut yard.others),
        shape: shape.clone(),
        stop: Arc::clone(&stop),
    };
    let thread = thread::spawn(move || neighbours.live(&ready));
    // They are many; the measured users must go on reading meanwhile.
    let mut arrived = Err(mpsc::TryRecvError::Empty);
    while arrived == Err(mpsc::TryRecvError::Empty) {
        yard.crowd.turn(Duration::from_millis(5));
        arrived = told.try_recv();
    }
    let measured = if arrived.is_ok() {
        yard.converse(fan, &mut speak)
    } else {
        Ok(Sample::default())
    };
    let after = yard.resident()?;
    stop.store(true, Ordering::Relaxed);
    let lives = thread
        .join()
        .map_err(|_| Error::new("the neighbours' thread has failed"))??;
    let mut sample = measured?;
    for (name, own) in [
        ("alone_p50_ms", "latency_p50_ms"),
        ("alone_p99_ms", "latency_p99_ms"),
        ("alone_server_cores", "server_cores"),
    ] {
        if let Some(value) = alone.figures.get(own) {
            sample.set(name, *value);
        }
    }
    // Costs per message or delivery of the quiet channel would include the neighbours' cost.
    for name in [
        "server_cpu_us_per_delivery",
        "server_cpu_us_per_message",
        "server_user_us_per_message",
        "generator_cpu_us_per_delivery",
    ] {
        sample.figures.remove(name);
    }
    sample.set("flood_messages_per_second", lives.flooded as f64 / lives.seconds);
    sample.set("neighbours_cut_off", lives.cut_off as f64);
    sample.set("neighbours_errors", lives.errors as f64);
    if let (Some(before), Some(after)) = (before, after) {
        sample.set("resident_mib", after as f64 / f64::from(1 << 20));
        sample.set(
            "grown_mib",
            after.saturating_sub(before) as f64 / f64::from(1 << 20),
        );
    }
    Ok(sample)
}

struct Neighbours {
    site: Site,
    people: Vec<Identity>,
    shape: Shape,
    stop: Arc<AtomicBool>,
}

/// Counters of the neighbours.
struct Lives {
    flooded: u64,
    seconds: f64,
    cut_off: u64,
    errors: u64,
}

impl Neighbours {
    fn live(self, ready: &mpsc::Sender<()>) -> Result<Lives, Error> {
        let each = self.shape.neighbours;
        let total = self.people.len();
        let mut crowd = Crowd::new(&self.site, self.people)?;
        crowd.counted = 0;
        let rooms = each.div_ceil(OF_EACH_IN_A_CHANNEL).max(1);
        // The kinds alternate, so that each channel has some of all kinds.
        let kind = |index: usize| (index / rooms) % 3;
        for (index, client) in crowd.clients.iter_mut().enumerate() {
            client.narrow = kind(index) != 0;
        }
        if total > 0 {
            crowd.log_in(0..total, self.shape.at_once.min(50))?;
            crowd.settle(0..total, rooms, 0, None)?;
        }
        for (index, client) in crowd.clients.iter_mut().enumerate() {
            client.reads = kind(index) == 0;
        }
        let of = |wanted: usize| {
            (0..total)
                .filter(|index| kind(*index) == wanted)
                .collect::<Vec<_>>()
        };
        let (floods, sippers) = (of(0), of(2));
        let _ = ready.send(());
        let begun = Instant::now();
        let (mut flooded, mut sipped) = (0_u64, 0_u64);
        // Random order: in turn, all would be allowed to speak at the same moment, which is unlike real
        // floods.
        let mut dice = Dice::new(1);
        let size = self.shape.size;
        while !self.stop.load(Ordering::Relaxed) {
            let passed = begun.elapsed().as_secs_f64();
            // Their reads are spread evenly over the second.
            let due = (passed * sippers.len() as f64) as u64;
            while sipped < due {
                if let Some(index) = sippers.get((sipped % sippers.len().max(1) as u64) as usize) {
                    crowd.sip(*index, 1);
                }
                sipped += 1;
            }
            let due = (passed * self.shape.flood_rate) as u64;
            let mut full = 0;
            while flooded < due && !floods.is_empty() && full < floods.len() {
                if let Some(index) = floods.get(dice.below(floods.len())) {
                    // A client that the server slows down does not queue further messages.
                    if crowd.is_blocked(*index) {
                        full += 1;
                    } else {
                        crowd.speak(*index, 0, size);
                        flooded += 1;
                    }
                }
            }
            crowd.turn(Duration::from_millis(1));
        }
        Ok(Lives {
            flooded,
            seconds: begun.elapsed().as_secs_f64(),
            cut_off: crowd.lost,
            errors: crowd.hearing.error_count(),
        })
    }
}
