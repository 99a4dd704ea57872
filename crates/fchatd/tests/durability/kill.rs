//! Changes of every kind at the same time over real sockets, and SIGKILL in the middle of them.
//!
//! `DURABILITY_ROUNDS=50` kills more often, `DURABILITY_SEED=7` at other moments. The work of people between two answers
//! depends on the speed of the machine; the seed only chooses their wishes and the moment of the end.

use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::actor::{Actor, Pass};
use crate::facts::{self, Facts};
use crate::random::Chance;
use crate::site::{Server, Site};
use crate::work::{BANNED, Ground, KINDS, Worker};

const ROUNDS: u64 = 5;
/// Rounds that may follow until each kind of change has been answered once.
const FURTHER_ROUNDS: u64 = 6;
const PASSWORD: &str = "correct horse battery";

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(otherwise)
}

/// The people that log in.
struct Passes {
    staff: Pass,
    people: Pass,
    ignorer: Pass,
    targets: [Pass; 2],
}

#[test]
fn a_change_is_there_once_its_answer_was_seen() {
    let (seed, rounds) = (
        variable("DURABILITY_SEED", 1),
        variable("DURABILITY_ROUNDS", ROUNDS),
    );
    eprintln!("DURABILITY_SEED={seed} DURABILITY_ROUNDS={rounds}");
    let mut chance = Chance(seed);
    let site = Site::new();
    let mut server = begin(&site);
    let passes = passes(&server);
    let mut before = facts::read(&site.data());
    let mut deeds = [0; KINDS.len()];
    // On a busy machine a change that needs a password hash may have no answer in any of these rounds: longer ones follow.
    let mut round = 0;
    while round < rounds || (deeds.contains(&0) && round < rounds + FURTHER_ROUNDS) {
        let longer = 1 + 2 * (round + 1).saturating_sub(rounds);
        let patience = Duration::from_millis((300 + chance.below(900) as u64) * longer);
        let workers = work(&server, &passes, round, &before, &mut chance, || {
            thread::sleep(patience);
        });
        let answered: usize = workers.iter().map(|worker| worker.deeds).sum();
        eprintln!("round {round}: killed after {patience:?} with {answered} changes answered");
        for (sum, worker) in deeds.iter_mut().zip(&workers) {
            *sum += worker.deeds;
        }
        server = site.start();
        let after = found(&site, &server, &passes, round);
        compare(&before, &after, &workers, round);
        before = after;
        round += 1;
    }
    server.stop();
    assert_eq!(
        facts::read(&site.data()),
        before,
        "an orderly end changes nothing"
    );
    for (kind, deeds) in KINDS.iter().zip(deeds) {
        assert!(deeds > 0, "{}: nothing was ever answered", kind.name);
    }
}

/// Lets all people work, kills the server when `end` returns, and gives their knowledge.
fn work(
    server: &Server,
    passes: &Passes,
    round: u64,
    facts: &Facts,
    chance: &mut Chance,
    end: impl FnOnce(),
) -> Vec<Worker> {
    let threads: Vec<_> = KINDS
        .iter()
        .map(|kind| {
            let mut worker = Worker::new(kind, facts);
            let mut ground = Ground {
                server: server.address,
                round: round as usize,
                staff: passes.staff.clone(),
                people: passes.people.clone(),
                ignorer: passes.ignorer.clone(),
                targets: passes.targets.clone(),
                chance: Chance(chance.below(usize::MAX) as u64),
            };
            thread::spawn(move || {
                worker.work(&mut ground);
                worker
            })
        })
        .collect();
    end();
    rustix::process::kill_process(server.pid(), rustix::process::Signal::KILL).unwrap();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
        .collect()
}

/// The knowledge of the server that has started again. It has written that before the change that is answered here.
fn found(site: &Site, server: &Server, passes: &Passes, round: u64) -> Facts {
    let mut actor = Actor::enter(server.address, &passes.staff, "Worker 0").unwrap();
    let wanted = format!("CRC {}", json!({"channel": format!("Round {round}")}));
    actor.ask_for(&wanted, "SYS ", "has been made").unwrap();
    facts::read(&site.data())
}

/// Everything that was answered is there, of each worker at most the one change more, and it as a whole.
fn compare(before: &Facts, after: &Facts, workers: &[Worker], round: u64) {
    for worker in workers {
        let found = Worker::new(worker.kind, after).certain;
        let fits = found == worker.certain || Some(&found) == worker.possible.as_ref();
        assert!(
            fits,
            "round {round}, {}: found {found:#?}\nanswered {:#?}\nasked for last {:#?}",
            worker.kind.name, worker.certain, worker.possible
        );
    }
    let others = |facts: &Facts| {
        let mut facts = facts.clone();
        facts.retain(|fact, _| !KINDS.iter().any(|kind| kind.is_owner(fact)));
        facts
    };
    let mut wanted = others(before);
    let name = format!("Round {round}");
    wanted.insert(
        facts::channel(&name),
        facts::head("public", "both", "", &name, ""),
    );
    assert_eq!(others(after), wanted, "round {round}: what nobody has changed");
}

/// Accounts, characters and public channels to work on.
fn begin(site: &Site) -> Server {
    site.add_administrator("staff", PASSWORD);
    let server = site.start();
    let accounts = ["people", "ignorer", "target0", "target1"];
    for account in accounts.into_iter().chain(BANNED) {
        let form = [("account", account), ("password", PASSWORD)];
        assert_eq!(server.post("/api/register", &form).unwrap()["error"], "");
    }
    server
}

fn passes(server: &Server) -> Passes {
    let pass = |account: &str, characters: &[&str]| {
        let form = [("account", account), ("password", PASSWORD)];
        let answer = server.post("/json/getApiTicket.php", &form).unwrap();
        let ticket = answer["ticket"].as_str().expect("a ticket").to_owned();
        for character in characters {
            let form = [
                ("account", account),
                ("ticket", &ticket),
                ("name", character),
                ("gender", "None"),
            ];
            let answer = server.post("/api/character-create", &form).unwrap();
            assert_eq!(answer["error"], "", "{character}");
        }
        Pass {
            account: account.to_owned(),
            ticket,
        }
    };
    let workers: Vec<String> = (0..8).map(|number| format!("Worker {number}")).collect();
    let staff: Vec<&str> = workers
        .iter()
        .map(String::as_str)
        .chain(["Friend of 1"])
        .collect();
    let passes = Passes {
        staff: pass("staff", &staff),
        people: pass("people", &["Helper0", "Helper1", "Helper2"]),
        ignorer: pass("ignorer", &["Iggy"]),
        targets: [pass("target0", &["Target 0"]), pass("target1", &["Target 1"])],
    };
    for name in BANNED {
        // Only a person that the site knows can be banned, and a ban holds for the whole account.
        pass(name, &[name]);
    }
    let mut actor = Actor::enter(server.address, &passes.staff, "Worker 0").unwrap();
    for number in 0..3 {
        let wanted = format!("CRC {}", json!({"channel": format!("Plaza {number}")}));
        actor.ask_for(&wanted, "SYS ", "has been made").unwrap();
    }
    passes
}
