//! The generator must detect a server that drops, duplicates, reorders or delays messages.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod faulty;

use faulty::{Faults, serve};
use fchatd_bench::load::people::People;
use fchatd_bench::report::sample::Sample;
use fchatd_bench::server::Wanted;
use fchatd_bench::workload::Workload;
use fchatd_bench::workload::shape::{Shape, Wishes};

fn measure(workload: Workload, faults: Faults, wishes: Wishes) -> Sample {
    let server = Wanted::parse(&serve(faults).to_string());
    let wishes = Wishes {
        clients: Some(8),
        seconds: Some(0.4),
        warm_up: Some(0.0),
        ..wishes
    };
    let shape = Shape::new(workload, &wishes);
    workload.measure(&server, &People::default(), &shape).unwrap()
}

fn closed() -> Wishes {
    Wishes {
        outstanding: Some(4),
        ..Wishes::default()
    }
}

fn open(rate: f64) -> Wishes {
    Wishes {
        rate: Some(rate),
        ..Wishes::default()
    }
}

fn figure(sample: &Sample, name: &str) -> f64 {
    sample
        .get(name)
        .unwrap_or_else(|| panic!("there is no {name} in {sample:?}"))
}

#[test]
fn a_server_without_faults_has_none() {
    for workload in [Workload::Big, Workload::Private] {
        let sample = measure(workload, Faults::default(), closed());
        assert_eq!(sample.faults(), 0.0, "{sample:?}");
        assert!(figure(&sample, "deliveries_per_second") > 0.0);
    }
}

#[test]
fn many_channels_do_not_mix() {
    let wishes = Wishes {
        rooms: Some(3),
        ..closed()
    };
    let sample = measure(Workload::Many, Faults::default(), wishes);
    assert_eq!(sample.faults(), 0.0, "{sample:?}");
}

fn drops_one_in_fifty(wishes: Wishes) {
    let faults = Faults {
        drop: 50,
        ..Faults::default()
    };
    let sample = measure(Workload::Big, faults, wishes);
    let (lost, all) = (
        figure(&sample, "lost"),
        figure(&sample, "messages_per_second") * 0.4 * 7.0,
    );
    assert!(lost >= 1.0, "{sample:?}");
    // The end of the measured time is not known exactly.
    assert!((lost - all / 50.0).abs() <= all / 100.0 + 2.0, "{lost} of {all}");
    assert_eq!(
        figure(&sample, "doubled") + figure(&sample, "disordered"),
        0.0,
        "{sample:?}"
    );
}

#[test]
fn dropped_messages_are_counted() {
    drops_one_in_fifty(open(400.0));
}

/// The loop must not stop because an awaited message never arrives.
#[test]
fn a_closed_loop_goes_on_when_messages_are_dropped() {
    drops_one_in_fifty(closed());
}

#[test]
fn doubled_messages_are_counted_and_nothing_else() {
    let sample = measure(
        Workload::Big,
        Faults {
            double: 50,
            ..Faults::default()
        },
        open(400.0),
    );
    assert!(figure(&sample, "doubled") >= 1.0, "{sample:?}");
    assert_eq!(
        figure(&sample, "lost") + figure(&sample, "disordered"),
        0.0,
        "{sample:?}"
    );
}

#[test]
fn broken_order_is_counted_and_nothing_else() {
    // Only messages of the same speaker have an order.
    let wishes = Wishes {
        speakers: Some(1),
        ..open(400.0)
    };
    let sample = measure(
        Workload::Big,
        Faults {
            swap: 50,
            ..Faults::default()
        },
        wishes,
    );
    assert!(figure(&sample, "disordered") >= 1.0, "{sample:?}");
    assert_eq!(figure(&sample, "doubled"), 0.0, "{sample:?}");
    // Messages held back at the very end may still be missing.
    assert!(figure(&sample, "lost") <= 7.0, "{sample:?}");
}

/// Of two hundred messages in a second and a half, eighty have their intended time during the stall. A
/// generator that waits for answers before it sends, or that counts from the actual time of sending, would
/// report one slow message.
#[test]
fn a_server_that_stands_still_is_charged_for_all_whom_it_lets_wait() {
    let faults = Faults {
        stall: Some((50, 400)),
        ..Faults::default()
    };
    let wishes = Wishes {
        seconds: Some(1.5),
        ..open(200.0)
    };
    let server = Wanted::parse(&serve(faults).to_string());
    let wishes = Wishes {
        clients: Some(8),
        warm_up: Some(0.0),
        ..wishes
    };
    let shape = Shape::new(Workload::Big, &wishes);
    let sample = Workload::Big
        .measure(&server, &People::default(), &shape)
        .unwrap();
    let at = |share: f64| {
        sample
            .latency
            .iter()
            .find(|(other, _)| *other == share)
            .unwrap()
            .1
    };
    assert!(at(0.9) > 100.0, "{:?}", sample.latency);
    assert!(figure(&sample, "latency_p99_ms") > 300.0, "{:?}", sample.latency);
    assert_eq!(sample.faults(), 0.0, "{sample:?}");
}

#[test]
fn a_server_that_closes_during_the_log_ins_is_an_error() {
    let server = Wanted::parse(
        &serve(Faults {
            refuse: true,
            ..Faults::default()
        })
        .to_string(),
    );
    let shape = Shape::new(Workload::Big, &closed());
    let error = Workload::Big
        .measure(&server, &People::default(), &shape)
        .unwrap_err();
    assert!(error.to_string().contains("ERR"), "{error}");
}

#[test]
fn a_server_that_only_passes_on_is_not_asked_for_more() {
    let server = Wanted::parse(&serve(Faults::default()).to_string());
    let shape = Shape::new(
        Workload::Presence,
        &Wishes {
            clients: Some(4),
            ..Wishes::default()
        },
    );
    let error = Workload::Presence
        .measure(&server, &People::default(), &shape)
        .unwrap_err();
    assert!(error.to_string().contains("whole chat server"), "{error}");
}
