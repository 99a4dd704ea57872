//! All plays of `tests/dialogues` on the real program over real sockets, a server for each.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use fchatd_dialogue::play::Play;
use fchatd_dialogue::socket_stage::SocketStage;
use fchatd_dialogue::{Failure, plays_in, run};

/// Some plays wait for a connection to be closed, which takes a second; the others need not.
const AT_ONCE: usize = 6;

fn play(file: &Path) -> Result<(), Failure> {
    let play = Play::read(file)?;
    let fault = |message| Failure {
        file: file.to_owned(),
        line: 1,
        message,
    };
    let mut stage = SocketStage::new(&play, Path::new(env!("CARGO_BIN_EXE_fchatd"))).map_err(fault)?;
    run::run(&play, &mut stage)?;
    let log = stage.end();
    if log.contains("ERROR") || log.contains("panicked") {
        return Err(fault(format!("the server complains:\n{log}")));
    }
    Ok(())
}

#[test]
fn every_play_comes_out_over_real_sockets() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/dialogues"));
    let wanted = std::env::var("PLAY").unwrap_or_default();
    let mut files = plays_in(folder).unwrap();
    files.retain(|file| file.to_string_lossy().contains(&wanted));
    let count = files.len();
    let queue = Mutex::new(files.into_iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(file) = next else { break };
                    if let Err(failure) = play(&file) {
                        failures.lock().unwrap().push(failure.to_string());
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(count > 0, "there are no plays in {}", folder.display());
    assert!(
        failures.is_empty(),
        "{} of {count} plays did not come out:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
