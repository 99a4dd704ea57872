//! The way of states and commits to the disk, and the reports when they do not reach it.

use fchatd_protocol::change::Change;

use super::*;

fn with_operator(number: u32) -> Snapshot {
    Snapshot {
        operators: vec![format!("Operator {number}")],
        ..Snapshot::default()
    }
}

#[test]
fn the_last_state_is_the_one_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    let places = Places {
        store: store.clone(),
        classic: Some(folder.path().to_owned()),
        actions: None,
        claim: None,
    };
    let mut keeper = Keeper::start(places, |_| ()).unwrap();
    for number in 0..20 {
        keeper.save(with_operator(number), Occasion::Turn);
    }
    keeper.finish(with_operator(20)).unwrap();
    keeper.save(with_operator(21), Occasion::Turn);
    assert_eq!(store.load_snapshot().unwrap(), Some(with_operator(20)));
    let operators = std::fs::read_to_string(folder.path().join("ops.json")).unwrap();
    assert!(operators.contains("Operator 20"), "{operators}");
}

#[test]
fn a_failure_is_told_at_the_end_and_a_success_makes_up_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    let classic = folder.path().join("classic");
    std::fs::write(&classic, "a file where a folder should be").unwrap();
    let places = || Places {
        store: store.clone(),
        classic: Some(classic.clone()),
        actions: None,
        claim: None,
    };
    let mut keeper = Keeper::start(places(), |_| ()).unwrap();
    assert!(keeper.finish(with_operator(1)).is_err());
    let mut keeper = Keeper::start(places(), |_| ()).unwrap();
    keeper.save(with_operator(2), Occasion::Decision);
    std::fs::remove_file(&classic).unwrap();
    keeper.finish(with_operator(3)).unwrap();
}

#[test]
fn commits_are_reported_when_they_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data")).unwrap();
    let (report, reports) = std::sync::mpsc::channel();
    let places = Places {
        store: store.clone(),
        classic: None,
        actions: None,
        claim: None,
    };
    let mut keeper = Keeper::start(places, move |told| report.send(told).unwrap()).unwrap();
    keeper.save(Snapshot::default(), Occasion::Start);
    for number in 1..=50 {
        keeper.commit(Commit {
            number,
            actor: None,
            changes: vec![Change::Operators(vec![format!("Operator {number}")])],
        });
    }
    let mut last = 0;
    while last < 50 {
        let told = reports.recv().unwrap();
        assert_eq!(told.unsaved, None);
        assert!(told.commit > last, "each is reported once, in order");
        last = told.commit;
        let kept = store.load_snapshot().unwrap().unwrap().operators;
        let number: u64 = kept[0].trim_start_matches("Operator ").parse().unwrap();
        assert!(number >= last, "{number} is on disk, {last} is reported");
    }
    keeper.finish(with_operator(50)).unwrap();
}

#[test]
fn unsaved_changes_are_told_once_and_saved_when_the_disk_allows() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let store = Store::open(&data).unwrap();
    let (report, reports) = std::sync::mpsc::channel();
    let places = Places {
        store: store.clone(),
        classic: None,
        actions: None,
        claim: None,
    };
    // Away, so that nothing can be opened.
    let away = folder.path().join("away");
    std::fs::rename(&data, &away).unwrap();
    let keeper = Keeper::start(places, move |told| report.send(told).unwrap()).unwrap();
    let commit = |number| Commit {
        number,
        actor: None,
        changes: vec![Change::SuperOperators(vec![number.to_string()])],
    };
    for number in 1..=3 {
        keeper.commit(commit(number));
    }
    let mut told = Vec::new();
    while told.len() < 3 {
        told.extend(reports.recv().unwrap().unsaved.unwrap());
    }
    assert_eq!(told, [(None, 1), (None, 2), (None, 3)]);
    std::fs::rename(&away, &data).unwrap();
    let saved = Report {
        generation: 0,
        commit: 3,
        unsaved: None,
    };
    assert_eq!(reports.recv().unwrap(), saved, "by itself, within a second");
    let kept = store.load_snapshot().unwrap().unwrap();
    assert_eq!(kept.super_operators, ["3"]);
}
