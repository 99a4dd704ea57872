//! Storms: all users do the same at once.

use std::time::{Duration, Instant};

use crate::Error;
use crate::load::client::Phase;
use crate::load::crowd::Crowd;
use crate::load::hearing::Kind;
use crate::load::pace;
use crate::report::sample::Sample;
use crate::statistics::Histogram;
use crate::workload::yard::{Cost, Yard};

/// Number of measurements while the number of users grows.
const LOOKS: usize = 20;

/// All users log in, some at a time. Then some more follow, so that the cost of a log-in among many connected
/// users is known separately.
pub(crate) fn log_ins(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let (shape, server) = (yard.shape, yard.server);
    let mut sample = Sample::default();
    let empty = yard.resident()?;
    let storm = yard.begin()?;
    let mut looks = Vec::new();
    let every = (shape.clients / LOOKS).max(1);
    let mut next_look = every;
    yard.crowd
        .log_in_each(0..shape.clients, shape.at_once, |_, present| {
            if present >= next_look
                && let Some(account) = server.account()?
            {
                looks.push((present, account));
                next_look = present + every;
            }
            Ok(())
        })?;
    let cost = yard.end(&storm)?;
    let took = times(&yard.crowd, 0..shape.clients);
    sample.set("log_ins_per_second", shape.clients as f64 / cost.seconds);
    sample.set_latency(&took);
    price_log_ins(&mut sample, &cost, shape.clients);
    let (mut in_total, mut in_user) = (Vec::new(), Vec::new());
    for pair in looks.windows(2) {
        if let [(before, earlier), (after, later)] = pair {
            let (spent, count) = (later.since(earlier), (after - before) as f64);
            in_total.push((
                f64::midpoint(*before as f64, *after as f64),
                spent.total as f64 / 1e3 / count,
            ));
            if let Some(user) = spent.user {
                in_user.push((
                    f64::midpoint(*before as f64, *after as f64),
                    user as f64 / 1e3 / count,
                ));
            }
        }
    }
    sample
        .series
        .insert("server_cpu_us_per_log_in".to_owned(), in_total);
    sample
        .series
        .insert("server_user_us_per_log_in".to_owned(), in_user);

    yard.calm();
    let full = yard.begin()?;
    let late = shape.latecomers();
    yard.crowd
        .log_in(shape.clients..shape.clients + late, shape.at_once)?;
    let cost = yard.end(&full)?;
    if let Some(server) = cost.server {
        sample.set(
            "full_house_cpu_us_per_log_in",
            server.total as f64 / 1e3 / late as f64,
        );
        sample.set_known(
            "full_house_user_us_per_log_in",
            server.user.map(|user| user as f64 / 1e3 / late as f64),
        );
    }
    sample.set("full_house_bytes_per_log_in", cost.bytes as f64 / late as f64);
    if let (Some(empty), Some(now)) = (empty, yard.resident()?) {
        sample.set("resident_mib", now as f64 / f64::from(1 << 20));
        sample.set(
            "resident_kib_per_client",
            now.saturating_sub(empty) as f64 / 1024.0 / (shape.clients + late) as f64,
        );
    }
    cost.tell_waiting(&mut sample);
    yard.tell_faults(0, &mut sample);
    Ok(sample)
}

/// Times from the start of the connection to the end of the log-in.
fn times(crowd: &Crowd, who: std::ops::Range<usize>) -> Histogram {
    let mut took = Histogram::default();
    for client in crowd.clients.get(who).unwrap_or_default() {
        if client.phase == Phase::Present {
            took.record(client.entered.saturating_sub(client.opened));
        }
    }
    took
}

/// All connections break at once. All users reconnect and join their channels again, and chat continues
/// without a loss.
pub(crate) fn reconnects(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    yard.log_in()?;
    yard.crowd
        .settle(0..shape.clients, shape.rooms, 1, shape.channel.as_deref())?;
    yard.calm();
    let mut sample = Sample::default();
    let mut back = Histogram::default();
    let beginning = yard.begin()?;
    let broken = yard.crowd.now();
    for index in 0..shape.clients {
        yard.crowd.close(index, true);
    }
    // A logged-in user requests its channel at once, like a client.
    let mut asked = vec![false; shape.clients];
    let ask = |crowd: &mut Crowd, asked: &mut Vec<bool>| {
        for (index, asked) in asked.iter_mut().enumerate() {
            if !*asked
                && crowd
                    .clients
                    .get(index)
                    .is_some_and(|client| client.phase == Phase::Present)
            {
                *asked = true;
                crowd.ask_to_join(index);
            }
        }
    };
    let mut last = 0;
    yard.crowd
        .log_in_each(0..shape.clients, shape.at_once, |crowd, present| {
            // The search over all clients is needed only when the number has changed.
            if present != last {
                last = present;
                ask(crowd, &mut asked);
            }
            Ok(())
        })?;
    ask(&mut yard.crowd, &mut asked);
    let all = yard
        .crowd
        .until(Duration::from_secs(20), |crowd| Ok(crowd.joined >= shape.clients))?;
    if !all {
        return Err(yard.crowd.complaint("some users are not back in their channel"));
    }
    let seconds = (yard.crowd.now() - broken) as f64 / 1e6;
    let cost = yard.end(&beginning)?;
    for client in yard.crowd.clients.get(..shape.clients).unwrap_or_default() {
        back.record(client.entered.saturating_sub(broken));
    }
    sample.set("returns_per_second", shape.clients as f64 / seconds);
    sample.set_latency(&back);
    price_log_ins(&mut sample, &cost, shape.clients);
    // One message in each channel proves that all members are really there.
    for speaker in 0..shape.rooms {
        let now = yard.crowd.now();
        yard.crowd.speak(speaker, now, shape.size);
    }
    let lost = pace::settle(&mut yard.crowd)?;
    cost.tell_waiting(&mut sample);
    yard.tell_faults(lost, &mut sample);
    Ok(sample)
}

/// All users change their status at once, again and again; a round ends when every change has reached all
/// users.
pub(crate) fn presence(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    yard.log_in()?;
    yard.crowd.expect_announcements(shape.clients);
    yard.calm();
    // On a server with a limit on status changes, there is a single round.
    let single = yard.crowd.hearing.status_pause > 0.0;
    if !single && shape.warm_up > 0.0 {
        round(&mut yard.crowd, shape.clients)?;
        yard.crowd.hearing.of_mut(Kind::Status).latency.clear();
    }
    let beginning = yard.begin()?;
    let (begun, mut rounds, mut lost) = (Instant::now(), 0_u64, 0);
    while rounds == 0 || (!single && lost == 0 && begun.elapsed().as_secs_f64() < shape.seconds) {
        lost = round(&mut yard.crowd, shape.clients)?;
        rounds += 1;
    }
    let cost = yard.end(&beginning)?;
    let latency = yard.crowd.hearing.of(Kind::Status).latency.clone();
    let (changes, deliveries) = (
        rounds as f64 * shape.clients as f64,
        latency.count().max(1) as f64,
    );
    let mut sample = Sample::default();
    sample.set("changes_per_second", changes / cost.seconds);
    sample.set("deliveries_per_second", deliveries / cost.seconds);
    sample.set_latency(&latency);
    if let Some(server) = cost.server {
        sample.set(
            "server_cpu_us_per_delivery",
            server.total as f64 / 1e3 / deliveries,
        );
        sample.set("server_cpu_us_per_message", server.total as f64 / 1e3 / changes);
        sample.set("server_cores", server.total as f64 / 1e9 / cost.seconds);
    }
    sample.set(
        "generator_cpu_us_per_delivery",
        cost.generator.total as f64 / 1e3 / deliveries,
    );
    cost.tell_waiting(&mut sample);
    yard.tell_faults(lost, &mut sample);
    Ok(sample)
}

fn round(crowd: &mut Crowd, people: usize) -> Result<u64, Error> {
    let intended = crowd.now();
    for index in 0..people {
        crowd.announce(index, intended);
        // Read the answers meanwhile, so that they do not fill up the sockets.
        if index % 64 == 63 {
            crowd.turn(Duration::ZERO);
        }
    }
    pace::settle(crowd)
}

/// Records the costs per log-in.
fn price_log_ins(sample: &mut Sample, cost: &Cost, log_ins: usize) {
    let each = |amount: u64| amount as f64 / log_ins as f64;
    let each_frame = |nanoseconds: u64| nanoseconds as f64 / 1e3 / cost.frames.max(1) as f64;
    sample.set("bytes_per_log_in", each(cost.bytes));
    if let Some(server) = cost.server {
        sample.set("server_cpu_us_per_log_in", each(server.total) / 1e3);
        sample.set_known(
            "server_user_us_per_log_in",
            server.user.map(|user| each(user) / 1e3),
        );
        sample.set("server_cpu_us_per_frame", each_frame(server.total));
    }
    sample.set("generator_cpu_us_per_frame", each_frame(cost.generator.total));
}
