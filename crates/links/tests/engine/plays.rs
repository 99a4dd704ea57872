//! The questions that every engine has to answer in the same way.

use std::collections::BTreeMap;

use fchatd_cluster::view::{Answer, Ask, Record, Revision, Swapped};
use fchatd_engines::PATIENCE;
use fchatd_links::engine::{Engine, EngineSettings};

/// The rounds of a race.
const ROUNDS: u64 = 20;
/// The cores that race.
const RACERS: u64 = 4;

pub(crate) fn record(epoch: u64, wrote: &str) -> Record {
    Record {
        epoch,
        leader: wrote.to_owned(),
        standby: Some("core-b".to_owned()),
        wrote: wrote.to_owned(),
        nonce: u64::MAX - epoch,
        at: BTreeMap::from([(wrote.to_owned(), "10.0.0.1:9730".to_owned())]),
    }
}

pub(crate) fn engine(settings: &EngineSettings) -> Engine {
    Engine::from_settings(settings).unwrap()
}

/// The record, as soon as the engine says something about it.
pub(crate) async fn read(engine: &Engine) -> (Revision, Option<Record>) {
    until(async || match engine.ask(Ask::Read).await {
        Answer::Record(revision, record) => Ok((revision, record.map(|record| *record))),
        other => Err(format!("{other:?}")),
    })
    .await
}

/// Tries until something comes about.
pub(crate) async fn until<T>(mut attempt: impl AsyncFnMut() -> Result<T, String>) -> T {
    let start = tokio::time::Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(reason) => assert!(start.elapsed() < PATIENCE, "it never came about: {reason}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub(crate) async fn swap(engine: &Engine, from: Revision, record: &Record) -> Swapped {
    match engine.ask(Ask::Swap(from, Box::new(record.clone()))).await {
        Answer::Swapped(swapped) => swapped,
        other => panic!("{other:?}"),
    }
}

/// Writes this record over the last one, whatever it was, and returns its revision.
pub(crate) async fn write(engine: &Engine, record: &Record) -> Revision {
    until(async || {
        let (from, found) = read(engine).await;
        if found.as_ref() == Some(record) {
            return Ok(from);
        }
        match swap(engine, from, record).await {
            Swapped::Done(revision) => Ok(revision),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

/// A record is written, read and replaced; who names another revision than the last one is refused.
pub(crate) async fn round_trip(settings: &EngineSettings) {
    let engine = engine(settings);
    assert_eq!(read(&engine).await, (0, None));
    let first = record(1, "core-a");
    let revision = write(&engine, &first).await;
    assert_eq!(read(&engine).await, (revision, Some(first.clone())));
    let second = record(2, "core-a");
    let newer = write(&engine, &second).await;
    assert!(newer > revision);
    for from in [0, revision, newer + 1] {
        let late = until(async || match swap(&engine, from, &record(9, "core-c")).await {
            Swapped::Unknown(reason) => Err(reason),
            said => Ok(said),
        });
        assert_eq!(late.await, Swapped::Not, "from {from}");
    }
    assert_eq!(read(&engine).await, (newer, Some(second)));
    let other = EngineSettings {
        name: "another_chat".to_owned(),
        ..settings.clone()
    };
    assert_eq!(read(&self::engine(&other)).await, (0, None));
}

/// Of several cores that replace the same record at once, at most one is told that it did, and the record is the one of this core.
pub(crate) async fn race(settings: &EngineSettings) {
    let onlooker = engine(settings);
    let mut clear = 0;
    for round in 0..ROUNDS {
        let (from, _) = read(&onlooker).await;
        let racing = tokio::task::LocalSet::new();
        let mut racers = Vec::new();
        for racer in 0..RACERS {
            let (settings, mine) = (settings.clone(), record(round + 1, &format!("core-{racer}")));
            racers.push(racing.spawn_local(async move {
                let engine = engine(&settings);
                // Connected before the race.
                read(&engine).await;
                (swap(&engine, from, &mine).await, mine)
            }));
        }
        let mut done = Vec::new();
        let mut unknown = Vec::new();
        racing.await;
        for racer in racers {
            let (swapped, mine) = racer.await.unwrap();
            match swapped {
                Swapped::Done(revision) => done.push((revision, mine)),
                Swapped::Not => {}
                Swapped::Unknown(_) => unknown.push(mine),
            }
        }
        let (revision, found) = read(&onlooker).await;
        match &done[..] {
            [(theirs, winner)] => {
                assert_eq!((*theirs, Some(winner)), (revision, found.as_ref()));
                clear += 1;
            }
            // On a machine that is too slow for the limit the winner may not know that it won.
            [] => assert!(
                !unknown.is_empty()
                    && (revision == from || unknown.iter().any(|mine| Some(mine) == found.as_ref())),
                "round {round}: nobody has won, and {found:?} was written"
            ),
            several => panic!("round {round}: {several:?} have won"),
        }
    }
    assert!(clear > 0, "no winner knew that it had won");
}

/// An engine that does not answer is away, and says so in a sentence; nothing of a change is known.
pub(crate) async fn away(engine: &Engine, from: Revision) -> String {
    let swapped = swap(engine, from, &record(99, "core-x")).await;
    assert!(matches!(swapped, Swapped::Unknown(_)), "{swapped:?}");
    match engine.ask(Ask::Read).await {
        Answer::Away(reason) => {
            assert!(
                reason.len() < 4096 && !reason.contains(char::is_control),
                "{reason:?}"
            );
            reason
        }
        other => panic!("{other:?}"),
    }
}

/// Waits until an engine is away for a reason other than that it is slow, and returns the sentence.
pub(crate) async fn refusal(engine: &Engine) -> String {
    until(async || match engine.ask(Ask::Read).await {
        Answer::Away(reason) if !reason.contains("no answer") => Ok(reason),
        other => Err(format!("{other:?}")),
    })
    .await
}
