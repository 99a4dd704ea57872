//! Measures several servers in turn, so that other load of the machine affects them alike.

use std::time::Instant;

use crate::Error;
use crate::load::people::People;
use crate::report::document::Outcome;
use crate::report::figure::FAULTS;
use crate::report::sample::Sample;
use crate::server::Wanted;
use crate::workload::Workload;
use crate::workload::shape::Shape;

/// Measures each server `repetitions` times: A B, B A, A B, … `told` gets a line for each measurement.
///
/// # Errors
/// Those of the workload, prefixed with the name of the server.
pub fn interleave(
    servers: &[&Wanted],
    people: &People,
    workload: Workload,
    shape: &Shape,
    repetitions: usize,
    mut told: impl FnMut(&str),
) -> Result<Vec<Outcome>, Error> {
    let mut outcomes: Vec<Outcome> = servers
        .iter()
        .map(|server| Outcome {
            workload,
            shape: shape.clone(),
            server: server.label.clone(),
            samples: Vec::new(),
        })
        .collect();
    for repetition in 0..repetitions.max(1) {
        let mut order: Vec<usize> = (0..servers.len()).collect();
        if repetition % 2 == 1 {
            order.reverse();
        }
        for place in order {
            let (Some(server), Some(outcome)) = (servers.get(place), outcomes.get_mut(place)) else {
                continue;
            };
            let begun = Instant::now();
            let sample = workload
                .measure(server, people, shape)
                .map_err(|error| Error::because(&server.label, error))?;
            told(&line(
                workload,
                shape,
                &server.label,
                repetition,
                &sample,
                begun.elapsed().as_secs_f64(),
            ));
            outcome.samples.push(sample);
        }
    }
    Ok(outcomes)
}

fn line(
    workload: Workload,
    shape: &Shape,
    server: &str,
    repetition: usize,
    sample: &Sample,
    seconds: f64,
) -> String {
    let faults: Vec<String> = FAULTS
        .iter()
        .filter_map(|name| Some((name, sample.get(name).filter(|value| *value > 0.0)?)))
        .map(|(name, value)| format!(", {value} {}", name.replace('_', " ")))
        .collect();
    let remarks: String = sample
        .remarks
        .iter()
        .map(|remark| format!("\n  {remark}"))
        .collect();
    format!(
        "{} ({}), {server}, repetition {}: {seconds:.0} s{}{remarks}",
        workload.name(),
        shape.words(workload),
        repetition + 1,
        faults.concat()
    )
}
