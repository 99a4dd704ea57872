//! The language of comments and documents, as counts that may only fall.

use fchatd_tidy::Kind;
use fchatd_tidy::language::{count, counts, name};

use crate::{limit, none, repository};

#[test]
fn sentences_name_their_nouns() {
    let repository = repository();
    let counts = counts(&repository);
    assert_eq!(counts.len(), 6, "{counts:?}");
    let mut over = Vec::new();
    for (&kind, &sum) in &counts {
        println!(
            "{kind}: {:.2} of 100 words, in {} words",
            sum.per_hundred(),
            sum.words
        );
        let most = limit(kind);
        if sum.per_hundred() > most {
            over.push(format!(
                "{kind}: {:.2} of 100 words, {most} at most",
                sum.per_hundred()
            ));
            // The files that matter most.
            let mut files: Vec<_> = repository
                .files
                .iter()
                .filter(|file| name(file.kind) == Some(kind))
                .map(|file| (count(file).counted, &file.path))
                .collect();
            files.sort_unstable_by(|one, other| other.cmp(one));
            let worst = files.iter().take(8);
            over.extend(worst.map(|(counted, path)| format!("    {counted} in {path}")));
        }
    }
    none(
        "name the noun instead of who, whoever, whom, whose, what, whatever, somebody, nobody, everybody, anybody",
        &over,
    );
}

/// The name of a function is a sentence, too.
#[test]
fn names_of_functions_begin_with_a_noun_or_a_verb() {
    let repository = repository();
    let mut riddles = Vec::new();
    for file in repository.of(Kind::Rust) {
        for line in file.text.lines() {
            let name = line.split_once("fn ").map_or("", |(_, name)| name);
            let begin = name.split('_').next().unwrap_or_default();
            if name.contains('_') && ["who", "whoever", "whose", "what", "whatever"].contains(&begin) {
                riddles.push(format!("{}: {}", file.path, line.trim()));
            }
        }
    }
    none("the name of a function names its subject", &riddles);
}
