//! The performance targets, and a run that checks all of them against reference servers with a minimum of
//! work.
//!
//! The references are two programs that only read, look up and write: one writes once for each recipient and
//! turn ("gathering"), the other makes a system call for each delivery ("plain").

use crate::Error;
use crate::load::people::People;
use crate::report::document::{Document, Outcome};
use crate::report::figure::{Figure, number};
use crate::report::series::interleave;
use crate::report::table;
use crate::server::Wanted;
use crate::statistics::Spread;
use crate::workload::Workload;
use crate::workload::shape::{Shape, Wishes};

/// The reference for a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Against {
    Nobody,
    Gathering,
    Plain,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// One load and its targets.
struct Test {
    name: &'static str,
    workload: Workload,
    clients: Option<usize>,
    outstanding: Option<u64>,
    rate: Option<f64>,
    targets: &'static [(&'static str, Against, Bound)],
}

use Against::{Gathering, Nobody, Plain};
use Bound::{AtLeast, AtMost};

const TESTS: &[Test] = &[
    Test {
        name: "channel of 200, 64 outstanding",
        workload: Workload::Big,
        clients: None,
        outstanding: Some(64),
        rate: None,
        targets: &[
            ("deliveries_per_second", Gathering, AtLeast(1.0)),
            ("server_cpu_us_per_delivery", Gathering, AtMost(1.1)),
            ("latency_p99_ms", Nobody, AtMost(12.0)),
        ],
    },
    Test {
        name: "channel of 200, 4 outstanding",
        workload: Workload::Big,
        clients: None,
        outstanding: Some(4),
        rate: None,
        targets: &[("deliveries_per_second", Gathering, AtLeast(0.9))],
    },
    Test {
        name: "channel of 200, 40,000 deliveries/s",
        workload: Workload::Big,
        clients: None,
        outstanding: None,
        rate: Some(40_000.0 / 199.0),
        targets: &[
            ("server_cpu_us_per_delivery", Plain, AtMost(1.05)),
            ("latency_p50_ms", Nobody, AtMost(3.0)),
            ("latency_p99_ms", Nobody, AtMost(8.0)),
        ],
    },
    Test {
        name: "private messages, 64 outstanding",
        workload: Workload::Private,
        clients: None,
        outstanding: Some(64),
        rate: None,
        targets: &[("server_cpu_us_per_message", Gathering, AtMost(1.35))],
    },
    Test {
        name: "private messages, one outstanding",
        workload: Workload::Private,
        clients: None,
        outstanding: Some(1),
        rate: None,
        targets: &[("server_cpu_us_per_message", Gathering, AtMost(1.25))],
    },
    // The core's own time cannot be measured from outside. The whole time in user mode is larger, so a value
    // below the limit is safe.
    Test {
        name: "log-ins at 10,000 online",
        workload: Workload::Login,
        clients: Some(10_000),
        outstanding: None,
        rate: None,
        targets: &[("full_house_user_us_per_log_in", Nobody, AtMost(300.0))],
    },
    Test {
        name: "20,000 idle",
        workload: Workload::Idle,
        clients: Some(20_000),
        outstanding: None,
        rate: None,
        targets: &[
            ("resident_kib_per_client", Nobody, AtMost(4.0)),
            ("idle_cpu_percent", Nobody, AtMost(3.0)),
        ],
    },
];

/// The measured server and the references.
#[derive(Debug)]
pub struct Contest<'a> {
    /// The server.
    pub server: &'a Wanted,
    /// Writes once for each recipient and turn.
    pub gathering: &'a Wanted,
    /// Writes once for each delivery.
    pub plain: &'a Wanted,
}

/// Measures all targets; returns the table of the targets, and all figures. A divisor makes the largest
/// workloads smaller, for a trial.
///
/// # Errors
/// Those of the workloads.
pub fn measure(
    contest: &Contest<'_>,
    people: &People,
    wishes: &Wishes,
    repetitions: usize,
    divisor: usize,
    mut told: impl FnMut(&str),
) -> Result<(String, Document), Error> {
    let mut rows = vec![
        ["target", "reached", "wanted", ""]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<String>>(),
    ];
    if divisor > 1 {
        // Marks the results of a trial as such.
        rows.push(vec![format!(
            "a trial: the large crowds are divided by {divisor}"
        )]);
    }
    let mut document = Document::new();
    let mut faults = 0.0;
    for test in TESTS {
        let wishes = Wishes {
            clients: test.clients.map(|clients| clients / divisor.max(1)),
            outstanding: test.outstanding,
            rate: test.rate,
            ..wishes.clone()
        };
        let shape = Shape::new(test.workload, &wishes);
        let mut servers = vec![contest.server];
        for (against, server) in [(Gathering, contest.gathering), (Plain, contest.plain)] {
            if test.targets.iter().any(|target| target.1 == against) {
                servers.push(server);
            }
        }
        let outcomes = interleave(&servers, people, test.workload, &shape, repetitions, &mut told)?;
        let Some(own) = outcomes.first() else { continue };
        faults += own.samples.iter().map(super::sample::Sample::faults).sum::<f64>();
        for (figure, against, bound) in test.targets {
            rows.push(row(test.name, figure, *against, *bound, own, &outcomes));
        }
        document.outcomes.extend(outcomes);
    }
    rows.push(vec![
        "lost, out of order, doubled, refused, cut off in all of it".to_owned(),
        number(faults, 0),
        "0".to_owned(),
        verdict(faults == 0.0),
    ]);
    Ok((table::markdown(&rows), document))
}

fn verdict(reached: bool) -> String {
    if reached { "yes" } else { "**no**" }.to_owned()
}

fn row(
    test: &str,
    name: &str,
    against: Against,
    bound: Bound,
    own: &Outcome,
    all: &[Outcome],
) -> Vec<String> {
    // Each test has at most one reference.
    let value: Option<Spread> = match against {
        Nobody => own.spread(name),
        Gathering | Plain => all.get(1).and_then(|other| own.ratio(other, name)),
    };
    let figure = Figure::named(name);
    let title = figure.map_or(name, |figure| figure.title).trim();
    let title = if name == "full_house_user_us_per_log_in" {
        "server CPU outside the kernel per log-in"
    } else {
        title
    };
    let text = |value: f64| match (against, figure) {
        (Nobody, Some(figure)) => format!("{} {}", figure.text(value), figure.unit),
        (Nobody, None) => number(value, 2),
        (Gathering, _) => format!("{} × gathering", number(value, 2)),
        (Plain, _) => format!("{} × plain", number(value, 2)),
    };
    let reached = value.map_or("not measured".to_owned(), |value| match (against, figure) {
        (Nobody, Some(figure)) => table::spread(figure, value),
        _ => table::ratio(value),
    });
    let (wanted, good) = match bound {
        AtLeast(least) => (
            format!("≥ {}", text(least)),
            value.is_some_and(|value| value.median >= least),
        ),
        AtMost(most) => (
            format!("≤ {}", text(most)),
            value.is_some_and(|value| value.median <= most),
        ),
    };
    vec![format!("{test}: {title}"), reached, wanted, verdict(good)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_of_a_figure_that_exists() {
        for (name, _, _) in TESTS.iter().flat_map(|test| test.targets) {
            assert!(Figure::named(name).is_some(), "{name}");
        }
    }
}
