//! All plays of `tests/dialogues` over the core without sockets.

use std::path::Path;

use fchatd_dialogue::core_stage::CoreStage;
use fchatd_dialogue::play::Play;
use fchatd_dialogue::{Failure, plays_in, run};
use fchatd_script::builtin;

#[test]
fn every_play_comes_out_over_the_core() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/dialogues"));
    let wanted = std::env::var("PLAY").unwrap_or_default();
    let files = plays_in(folder).unwrap();
    let scripts = builtin::scripts();
    let mut failures = Vec::new();
    let mut played = 0;
    for file in files
        .iter()
        .filter(|file| file.to_string_lossy().contains(&wanted))
    {
        let outcome = Play::read(file).and_then(|play| {
            let fault = |message| Failure {
                file: file.clone(),
                line: 1,
                message,
            };
            let mut stage = CoreStage::new(&play, &scripts).map_err(fault)?;
            run::run(&play, &mut stage)
        });
        played += 1;
        if let Err(failure) = outcome {
            failures.push(failure.to_string());
        }
    }
    assert!(played > 0, "there are no plays in {}", folder.display());
    assert!(
        failures.is_empty(),
        "{} of {played} plays did not come out:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
