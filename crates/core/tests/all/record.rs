//! The flight recorder without files: a machine made of an image goes on as the one that was written down, and a
//! recording with any byte changed is never taken for a good one.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::whisper::{scripts_with, whisper};
use crate::support::{Simulation, answer};
use fchatd_core::Core;
use fchatd_core::record::format::{self, Fault, Records};
use fchatd_core::record::{
    Call, Digester, Done, End, Mark, PROGRAM, Record, Replay, Start, Verdict, redacted,
};
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Outputs, Request, VERSION};
use fchatd_script::builtin;
use fchatd_script::engine::Watchdog;
use fchatd_script::host::Scripts;
use fchatd_world::settings::Value;
use fchatd_world::{Now, Settings};
use proptest::prelude::*;

const NAMES: [&str; 6] = ["Ada", "Bob", "Cyd", "Dot", "Eve", "Fay"];

/// A chat with something of everything in it.
fn lively() -> (Simulation, Vec<ConnectionId>) {
    let mut settings = Settings::default();
    for flood in ["msg_flood", "lfrp_flood", "sta_flood"] {
        settings.set(flood, Value::Number(1.0)).unwrap();
    }
    settings
        .set("handle_report_secret", Value::Text("report-secret".into()))
        .unwrap();
    let mut chat = Simulation::with(&builtin::scripts(), settings, None);
    chat.core.record_changes(true);
    let admin = chat.open();
    let as_admin = answer(1, 1, "Ada").replace(r#""admin":"0""#, r#""admin":"1""#);
    chat.log_in_with(admin, "Ada", &as_admin);
    let mut people = vec![admin];
    people.extend(NAMES[1..].iter().map(|name| chat.log_in(name)));
    chat.open();
    for text in [
        r#"CRC {"channel":"Tavern"}"#,
        r#"AOP {"character":"Bob"}"#,
        r#"CCR {"channel":"A room"}"#,
    ] {
        chat.say(admin, text);
    }
    for &person in &people {
        chat.say(person, r#"JCH {"channel":"Tavern"}"#);
        chat.say(person, r#"JCH {"channel":"Frontpage"}"#);
        chat.say(person, r#"MSG {"channel":"Tavern","message":"hello"}"#);
        chat.say(person, r#"LRP {"channel":"Frontpage","message":"an ad"}"#);
        chat.say(person, r#"STA {"status":"looking","statusmsg":"for you"}"#);
    }
    chat.say(
        people[1],
        r#"CTU {"channel":"Tavern","character":"Fay","length":"5"}"#,
    );
    chat.say(people[2], r#"IGN {"action":"add","character":"Eve"}"#);
    chat.say(
        people[4],
        r#"SFC {"action":"report","report":"help","character":"Eve"}"#,
    );
    chat.go(people[3]);
    chat.pass(700);
    (chat, people)
}

/// A message of a person, and the time that passes before.
fn inputs() -> impl Strategy<Value = Vec<(usize, String, u64)>> {
    let text = prop_oneof![
        Just(r#"MSG {"channel":"Tavern","message":"again"}"#.to_owned()),
        Just(r#"LRP {"channel":"Frontpage","message":"another ad"}"#.to_owned()),
        Just(r#"JCH {"channel":"Tavern"}"#.to_owned()),
        Just(r#"LCH {"channel":"Tavern"}"#.to_owned()),
        Just(r#"CCR {"channel":"Another room"}"#.to_owned()),
        Just(r#"RLL {"channel":"Tavern","dice":"3d6"}"#.to_owned()),
        Just(r#"FKS {"kinks":["1"],"genders":["Female"]}"#.to_owned()),
        Just(r#"STA {"status":"busy","statusmsg":""}"#.to_owned()),
        Just(r#"CKU {"channel":"Tavern","character":"Eve"}"#.to_owned()),
        Just(r#"ZZZ {"command":"status"}"#.to_owned()),
        Just(r#"ZZZ {"command":"reload","arg":"yes"}"#.to_owned()),
        Just(r#"SFC {"action":"report","report":"again","character":"Bob"}"#.to_owned()),
        Just("PCR".to_owned()),
        Just("CHA".to_owned()),
        Just("ORS".to_owned()),
        Just("RLD {}".to_owned()),
        Just("UPT".to_owned()),
        Just("gone".to_owned()),
    ];
    prop::collection::vec((0..NAMES.len(), text, 0..1500_u64), 1..40)
}

fn input<'a>(connection: ConnectionId, text: &'a str) -> Input<'a> {
    match text {
        "gone" => Input::Closed {
            connection,
            departure: Departure::Goodbye,
        },
        text => Input::Message { connection, text },
    }
}

/// As the application records: the call first, then its outputs.
struct Recorder {
    records: Vec<u8>,
    digester: Digester,
}

impl Recorder {
    fn start(core: &mut Core, now: Now) -> Self {
        let mut digester = Digester::new(&core.world().settings);
        let mut outputs = Outputs::default();
        let image = core.checkpoint(now, &mut outputs).unwrap();
        let mut records = Vec::new();
        Record::Start(Start {
            program: PROGRAM,
            exchange: VERSION,
            unix: now.unix,
            image: &image,
        })
        .write(&mut records);
        let digest = digester.digest(&outputs, Mark::default());
        Record::Done(done(digest)).write(&mut records);
        Self { records, digester }
    }

    fn call(&mut self, core: &mut Core, now: Now, call: Call<'_>) -> Outputs {
        // Outputs of before in the same turn do not count.
        let mut outputs = Outputs::default();
        outputs.frame(|out| out.extend_from_slice(b"before"));
        let mark = Mark::of(&outputs);
        Record::Turn(now).write(&mut self.records);
        core.turn();
        call.make(core, now, &mut outputs);
        Record::Call(call).write(&mut self.records);
        let digest = self.digester.digest(&outputs, mark);
        Record::Done(done(digest)).write(&mut self.records);
        outputs
    }

    fn file(mut self) -> Vec<u8> {
        Record::End(End::Stopped).write(&mut self.records);
        let mut file = format::MAGIC.to_vec();
        file.extend_from_slice(&format::head(&self.records));
        file.extend_from_slice(&self.records);
        file
    }
}

fn done(digest: u64) -> Done {
    Done {
        digest,
        timed_out: false,
        panicked: false,
    }
}

/// Makes all calls again; the verdicts, and how it ends.
fn replay(file: &[u8]) -> (Vec<Verdict>, Option<End>, Option<Fault>) {
    let mut replay = Replay::new(file, Watchdog::start().unwrap()).unwrap();
    let mut verdicts = vec![replay.start().verdict];
    while let Some(call) = replay.next_call() {
        verdicts.push(replay.make(call).verdict);
    }
    (verdicts, replay.end, replay.fault())
}

#[test]
fn a_chunk_with_nothing_in_it_is_nothing() {
    let mut file = format::MAGIC.to_vec();
    for content in [&[][..], &[]] {
        file.extend_from_slice(&format::head(content));
    }
    assert_eq!(Records::of(&file).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// After the image any inputs follow: both machines answer the same.
    #[test]
    fn a_machine_goes_on_from_its_image(said in inputs()) {
        let (chat, people) = lively();
        let (mut core, mut now) = (chat.core, chat.now);
        let mut recorder = Recorder::start(&mut core, now);
        for (who, text, milliseconds) in &said {
            now.monotonic += milliseconds;
            now.unix += *milliseconds as i64;
            recorder.call(&mut core, now, Call::Input(Input::Tick));
            let outputs = recorder.call(&mut core, now, Call::Input(input(people[*who], text)));
            for request in outputs.requests {
                match request {
                    Request::ReadScripts { connection, isolated } => {
                        let scripts: Scripts = builtin::scripts();
                        let (connection, scripts) = (Some(connection), Ok((&scripts).into()));
                        recorder.call(&mut core, now, Call::ScriptsRead { connection, isolated, scripts });
                    }
                    Request::Commit(commit) if milliseconds % 2 == 0 => {
                        recorder.call(&mut core, now, Call::Input(Input::Stored { commit: commit.number }));
                    }
                    _ => {}
                }
            }
        }
        let settings = (&core.world().settings).into();
        recorder.call(&mut core, now, Call::Configure { settings });
        let file = recorder.file();
        prop_assert!(!String::from_utf8_lossy(&file).contains("report-secret"));
        let (verdicts, end, fault) = replay(&file);
        prop_assert!(verdicts.len() > 2 * said.len());
        prop_assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Same), "{verdicts:?}");
        prop_assert_eq!((end, fault), (Some(End::Stopped), None));
    }

    /// A changed byte is noticed where it is, a missing end too, and the records before it are good.
    #[test]
    fn damage_is_noticed(place in any::<prop::sample::Index>(), bit in 0..8_u32, cut in any::<prop::sample::Index>()) {
        let mut file = format::MAGIC.to_vec();
        for seconds in 0..20 {
            let mut chunk = Vec::new();
            Record::Turn(Now { monotonic: seconds, unix: 0 }).write(&mut chunk);
            Record::Call(Call::Input(Input::Tick)).write(&mut chunk);
            file.extend_from_slice(&format::head(&chunk));
            file.extend_from_slice(&chunk);
        }
        let read = |file: &[u8]| Records::of(file).map(|records| records.filter_map(Result::err).next());
        prop_assert_eq!(read(&file), Ok(None));
        let place = place.index(file.len());
        let mut changed = file.clone();
        changed[place] ^= 1 << bit;
        match read(&changed) {
            Err(Fault::NotARecording) => prop_assert!(place < format::MAGIC.len()),
            Ok(Some(Fault::Damaged { at })) => prop_assert!(at <= place && place < at + 30),
            other => prop_assert!(false, "{other:?}"),
        }
        let cut = cut.index(file.len());
        match read(&file[..cut]) {
            Err(Fault::NotARecording) => prop_assert!(cut < format::MAGIC.len()),
            Ok(Some(Fault::Torn { at })) => prop_assert!(at < cut),
            // Just between two chunks.
            Ok(None) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// The redacted message makes the machine do the same.
    #[test]
    fn a_message_without_its_secrets_is_answered_the_same(
        code in "(IDN|idn|IDN |IdN|MSG|VAR)",
        separator in "[ \t{x]?",
        payload in r#"(\{("(method|account|ticket|character|cname|cversion|password|channel|recipient)":("ticket"|"s3cret"|7|1e30|-0.1|null|true|\[\]|"frontpage"),?)*\}?|s3cret|\[\])"#,
        identified in any::<bool>(),
    ) {
        let text = format!("{code}{separator}{payload}");
        let kept = redacted(&text);
        let answers = [text.as_str(), &kept].map(|text| {
            let mut settings = Settings::default();
            settings.set("error_context", Value::Boolean(true)).unwrap();
            let mut chat = Simulation::with(&builtin::scripts(), settings, None);
            let connection = if identified { chat.log_in("Ada") } else { chat.open() };
            chat.forget();
            chat.say(connection, text);
            for request in &mut chat.requests {
                if let Request::CheckLogin { ticket, .. } = request {
                    ticket.clear();
                }
            }
            (chat.take(connection), chat.edge.closed.clone(), chat.requests.clone())
        });
        prop_assert_eq!(&answers[0], &answers[1], "{:?} {:?}", text, kept);
        if code.eq_ignore_ascii_case("IDN") {
            for field in ["ticket", "password"] {
                let secret = format!(r#""{field}":"s3cret""#);
                prop_assert!(!kept.contains(&secret), "{}", kept);
            }
        }
    }

    /// Garbage is refused, however it is wrapped.
    #[test]
    fn garbage_is_refused(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut file = format::MAGIC.to_vec();
        file.extend_from_slice(&format::head(&garbage));
        file.extend_from_slice(&garbage);
        for bytes in [&garbage, &file] {
            if let Ok(records) = Records::of(bytes) {
                prop_assert!(records.count() <= garbage.len() + 1);
            }
        }
    }
}

#[test]
fn scripts_that_are_taken_back_are_taken_back_in_a_replay_too() {
    let (chat, people) = lively();
    let (mut core, now) = (chat.core, chat.now);
    let bad = |number: u32| {
        let mut scripts = builtin::scripts();
        let end = format!("\nfunction event.UPT() if {number} > 1 then error('bad') end return 8 end");
        scripts.main.push_str(&end);
        scripts
    };
    let read = |scripts: Scripts, core: &mut Core, outputs: &mut Outputs| {
        let read = core.rehearsal(false).run(scripts).unwrap();
        core.scripts_read(now, None, false, Ok(read), outputs);
    };
    read(bad(1), &mut core, &mut Outputs::default());
    read(bad(2), &mut core, &mut Outputs::default());
    core.handle(now, input(people[1], "UPT"), &mut Outputs::default());
    // In the middle of a probation.
    let mut recorder = Recorder::start(&mut core, now);
    let mut answers = Vec::new();
    for _ in 0..4 {
        let outputs = recorder.call(&mut core, now, Call::Input(input(people[1], "UPT")));
        let text = String::from_utf8_lossy(&outputs.bytes).into_owned();
        answers.push(text.contains("\"number\":8"));
    }
    assert_eq!(answers, [false, false, true, true]);
    let (verdicts, ..) = replay(&recorder.file());
    assert!(
        verdicts.iter().all(|verdict| *verdict == Verdict::Same),
        "{verdicts:?}"
    );
}

#[test]
fn other_outputs_are_noticed() {
    let (chat, people) = lively();
    let (mut core, now) = (chat.core, chat.now);
    let mut recorder = Recorder::start(&mut core, now);
    recorder.call(&mut core, now, Call::Input(input(people[1], "UPT")));
    let last = recorder.records.len();
    recorder.call(&mut core, now, Call::Input(input(people[1], "UPT")));
    // As if the machine had said something else then.
    let said = recorder.records[last..]
        .windows(3)
        .position(|bytes| bytes == b"UPT")
        .unwrap();
    recorder.records[last + said] = b'Q';
    let (verdicts, _, _) = replay(&recorder.file());
    assert_eq!(verdicts, [Verdict::Same, Verdict::Same, Verdict::Different]);
}

#[test]
fn the_call_that_the_program_died_of_is_known() {
    let (chat, people) = lively();
    let (mut core, now) = (chat.core, chat.now);
    let mut recorder = Recorder::start(&mut core, now);
    recorder.call(&mut core, now, Call::Input(input(people[1], "UPT")));
    Record::Call(Call::Input(input(people[1], "PCR"))).write(&mut recorder.records);
    let mut file = format::MAGIC.to_vec();
    file.extend_from_slice(&format::head(&recorder.records));
    file.extend_from_slice(&recorder.records);
    let mut replay = Replay::new(&file, Watchdog::start().unwrap()).unwrap();
    replay.start();
    let call = replay.next_call().unwrap();
    assert!(!replay.is_unfinished());
    replay.make(call);
    let call = replay.next_call().unwrap();
    assert!(replay.is_unfinished() && call.summary().starts_with("PCR of connection "));
    assert_eq!(replay.make(call).verdict, Verdict::Unknown);
    assert!(replay.next_call().is_none() && replay.end.is_none());
}

#[test]
fn a_script_that_was_stopped_is_told_of_and_does_not_stop_the_replay() {
    let mut scripts = builtin::scripts();
    scripts
        .main
        .push_str("\nfunction event.LOP(con) while true do end end\n");
    let mut settings = Settings::default();
    settings.set("luatimeout", Value::Number(0.01)).unwrap();
    let mut chat = Simulation::with(&scripts, settings, None);
    let ada = chat.log_in("Ada");
    let (mut core, now) = (chat.core, chat.now);
    let mut recorder = Recorder::start(&mut core, now);
    Record::Call(Call::Input(input(ada, "LOP"))).write(&mut recorder.records);
    Record::Done(Done {
        digest: 0,
        timed_out: true,
        panicked: false,
    })
    .write(&mut recorder.records);
    recorder.call(&mut core, now, Call::Input(input(ada, "UPT")));
    let (verdicts, _, _) = replay(&recorder.file());
    assert_eq!(verdicts[..2], [Verdict::Same, Verdict::TimedOut]);
}

#[test]
fn an_isolated_administrator_is_not_thrown_out_of_their_state() {
    let (mut chat, people) = lively();
    chat.say(people[0], r#"ZZZ {"command":"isolate"}"#);
    chat.read_scripts(&builtin::scripts());
    let failure = chat
        .core
        .checkpoint(chat.now, &mut Outputs::default())
        .unwrap_err();
    assert!(failure.to_string().contains("state of their own"), "{failure}");
}

/// Topics are durable, and whispers come from a script of the site: one waits for its turn, one is held for a broken
/// connection.
#[test]
fn topics_and_whispers_are_replayed_byte_for_byte() {
    let mut settings = Settings::default();
    settings.set("msg_flood", Value::Number(2.0)).unwrap();
    let mut chat = Simulation::with(&scripts_with(&whisper()), settings, None);
    chat.core.record_changes(true);
    let admin = chat.open();
    let as_admin = answer(1, 1, "Ada").replace(r#""admin":"0""#, r#""admin":"1""#);
    chat.log_in_with(admin, "Ada", &as_admin);
    let bob = chat.log_in("Bob");
    chat.say(admin, r#"CRC {"channel":"Tavern"}"#);
    let join = r#"JCH {"channel":"Tavern"}"#;
    for person in [admin, bob] {
        chat.say(person, join);
    }
    let back = chat.open();
    let (mut core, mut now) = (chat.core, chat.now);
    let mut recorder = Recorder::start(&mut core, now);
    let whispered =
        |message: &str| format!(r#"XWH {{"channel":"Tavern","character":"Bob","message":"{message}"}}"#);
    let break_off = Input::Closed {
        connection: bob,
        departure: Departure::Lost,
    };
    let (first, second, third) = (whispered("one & two"), whispered("waits"), whispered("held"));
    let log_in = r#"IDN {"method":"ticket","account":"Bob","ticket":"x","character":"Bob","cname":"c","cversion":"1"}"#;
    let as_bob = answer(2, 2, "Bob");
    let said = [
        input(admin, r#"CTO {"channel":"Tavern","topic":"Roses & <tea>"}"#),
        input(admin, &first),
        input(admin, &second),
        Input::Tick,
        break_off,
        input(admin, &third),
        input(admin, r#"CTO {"channel":"Tavern","topic":""}"#),
        input(back, log_in),
        Input::LoginAnswer {
            connection: back,
            answer: Some(&as_bob),
        },
        input(back, join),
    ];
    let mut recorded: Vec<Vec<u8>> = Vec::new();
    for input in said {
        now.monotonic += 3000;
        now.unix += 3000;
        let outputs = recorder.call(&mut core, now, Call::Input(input));
        recorded.push(outputs.bytes["before".len()..].to_vec());
    }
    let file = recorder.file();
    let mut replay = Replay::new(&file, Watchdog::start().unwrap()).unwrap();
    assert_eq!(replay.start().verdict, Verdict::Same);
    let mut replayed: Vec<Vec<u8>> = Vec::new();
    while let Some(call) = replay.next_call() {
        assert_eq!(replay.make(call).verdict, Verdict::Same);
        replayed.push(replay.outputs().bytes.clone());
    }
    assert_eq!((replay.end, replay.fault()), (Some(End::Stopped), None));
    assert_eq!(replayed, recorded);
    let all = String::from_utf8(recorded.concat()).unwrap();
    for part in ["Roses &amp; &lt;tea&gt;", "one &amp; two", "waits", "held"] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
}
