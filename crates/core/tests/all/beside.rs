//! The durable state, and the traffic with the services beside the chat: state, bridge, web servers, logs.

use crate::support::Simulation;
use crate::support::play::{Play, site};
use fchatd_protocol::exchange::{Input, Outputs, Request};
use fchatd_script::builtin;
use fchatd_script::host::Scripts;
use fchatd_world::Settings;
use fchatd_world::settings::Value as Setting;
use fchatd_world::settings::keys;

#[test]
fn durable_state_comes_back() {
    let mut play = Play::with(&["Admin Ann", "Alice/7", "Bob/8", "Owner"]);
    for name in ["Owner", "Bob"] {
        play.say(name, r#"JCH {"channel":"garden"}"#);
    }
    for (name, text) in [
        ("Owner", r#"CBU {"channel":"garden","character":"bob"}"#),
        (
            "Owner",
            r#"CTU {"channel":"garden","character":"Eve","length":5}"#,
        ),
        ("Owner", r#"COA {"channel":"garden","character":"alice"}"#),
        ("Owner", r#"CDS {"channel":"garden","description":"<new>"}"#),
        ("Owner", r#"CTO {"channel":"garden","topic":"Roses & <tea>"}"#),
        ("Owner", r#"RMO {"channel":"garden","mode":"chat"}"#),
        ("Owner", r#"CCR {"channel":"a private room"}"#),
        ("Admin Ann", r#"AOP {"character":"alice"}"#),
        ("Admin Ann", r#"SCP {"action":"add","character":"Sue"}"#),
        ("Alice", r#"SFC {"action":"report","report":"help"}"#),
        ("Admin Ann", r#"ACB {"character":"bob"}"#),
    ] {
        play.say(name, text);
    }
    let revision = play.chat.core.revision();
    play.say("Alice", r#"MSG {"channel":"garden","message":"x"}"#);
    assert_eq!(play.chat.core.revision(), revision, "talk does not last");
    play.say("Owner", r#"CUB {"channel":"garden","character":"nobody"}"#);
    assert_eq!(
        play.chat.core.revision(),
        revision,
        "what is refused does not last"
    );
    play.say("Owner", r#"CDS {"channel":"garden","description":"&lt;new&gt;"}"#);
    assert_ne!(play.chat.core.revision(), revision);
    play.say("Owner", r#"CDS {"channel":"garden","description":"<new>"}"#);
    let snapshot = play.chat.core.snapshot();
    let garden = snapshot
        .channels
        .iter()
        .find(|channel| channel.head.name == "Garden")
        .unwrap();
    assert_eq!(
        (garden.head.mode.as_str(), garden.head.description.as_str()),
        ("chat", "&lt;new&gt;")
    );
    assert_eq!(garden.head.topic, "Roses &amp; &lt;tea&gt;");
    let moderators: Vec<_> = garden
        .moderators
        .iter()
        .map(|held| (&*held.name, &*held.by))
        .collect();
    assert_eq!(moderators, [("Modder", "Owner"), ("Alice", "Owner")]);
    let bans: Vec<_> = garden
        .bans
        .iter()
        .map(|ban| (&*ban.name, ban.until == 0))
        .collect();
    assert_eq!(bans, [("Bob", true), ("Eve", false)]);
    assert_eq!(snapshot.channels.len(), 6, "the staff room does not last");
    assert_eq!(snapshot.operators, ["Globalmod", "Alice"]);
    assert_eq!(snapshot.super_operators, ["Superone", "Sue"]);
    assert_eq!(
        (snapshot.bans[0].account, &*snapshot.bans[0].character),
        (8, "Bob")
    );
    assert_eq!(snapshot.staff_calls[0].report, "help");

    let mut again = Play::on(&snapshot, Settings::default(), &["Alice"]);
    assert_eq!(again.chat.core.snapshot(), snapshot);
    again.check("Alice", "PCR", "Alice: SFC SYS");
    let refused = again.enter("Bobby/8");
    assert_eq!(refused[0].1["number"], 9);
}

#[test]
fn a_fresh_site_has_channels() {
    let chat = Simulation::new();
    assert_eq!(chat.core.snapshot().channels.len(), 3);
}

#[test]
fn the_website_speaks() {
    let mut play = Play::with(&["Alice/7", "Alt/7", "Bob/8", "Globalmod"]);
    let mut bridge = |code: &str, payload: &str, wanted: &str| {
        play.chat.handle(Input::Bridge { code, payload });
        assert_eq!(play.heard(), wanted, "{code} {payload}");
    };
    bridge("RTB", r#"{"a":7,"c":"{\"type\":\"note\"}"}"#, "Alice, Alt: RTB");
    bridge("RTB", r#"{"a":"8","c":"{}"}"#, "Bob: RTB");
    for nonsense in [
        "",
        "{",
        "[]",
        "5",
        r#"{"a":7}"#,
        r#"{"c":"{}"}"#,
        r#"{"a":{},"c":[]}"#,
    ] {
        for code in ["RTB", "HLB", "CDL", "XXX", "KIK"] {
            if !(nonsense.contains("\"a\":7") && matches!(code, "HLB" | "KIK")) {
                bridge(code, nonsense, "");
            }
        }
    }
    bridge(
        "CDL",
        r#"{"a":7,"n":"ALT"}"#,
        "Alice, Bob, Globalmod: FLN | Alt: ERR 40",
    );
    bridge("HLB", r#"{"a":8}"#, "Globalmod: SYS");
    bridge("KIK", r#"{"a":8,"s":true,"keep":"BOB","ip":"10.0.0.2"}"#, "");
    bridge(
        "KIK",
        r#"{"a":7,"s":true,"keep":"Alice","ip":"10.0.0.2"}"#,
        "Alice: ERR 40 | Bob, Globalmod: FLN",
    );
    bridge("KIK", r#"{"a":12345}"#, "Globalmod: SYS");
    play.check("Bob", r#"PRI {"recipient":"globalmod","message":"x"}"#, "");
}

#[test]
fn confirmed_reports_are_posted_and_the_answer_is_told() {
    let mut settings = Settings::default();
    settings
        .set("handle_report_url", Setting::Text("http://site/".into()))
        .unwrap();
    let mut play = Play::on(&site(), settings, &["Alice", "Globalmod"]);
    let report = r#"SFC {"action":"report","report":"x","logid":42}"#;
    let frames = play.frames("Alice", report, "Globalmod");
    let call = frames[0].1["callid"].as_str().unwrap().to_owned();
    play.chat.requests.clear();
    play.say(
        "Globalmod",
        &format!(r#"SFC {{"action":"confirm","callid":"{call}"}}"#),
    );
    let posts = play.chat.requests.iter().filter_map(|request| match request {
        Request::HttpPost { id, url, form, .. } => Some((*id, url.clone(), form.clone())),
        _ => None,
    });
    let (id, url, form) = posts.into_iter().next().unwrap();
    assert_eq!(url, "http://site/");
    assert_eq!(form[0], ("log_id".to_owned(), "42".to_owned()));
    for body in [r#"{"message":"Thank you."}"#, "again"] {
        play.chat.handle(Input::HttpAnswer {
            id,
            status: 200,
            body,
        });
    }
    assert_eq!(play.heard(), "Globalmod: SYS", "an answer counts once");
}

#[test]
fn the_moderator_hears_how_the_website_took_a_confirmed_report() {
    let mut settings = Settings::default();
    settings
        .set_from_text("handle_report_url", "http://site/")
        .unwrap();
    let mut play = Play::on(&site(), settings, &["Alice", "Globalmod"]);
    let answer = |play: &mut Play, status, body: &str| {
        play.chat.pass(200_000);
        let report = r#"SFC {"action":"report","report":"x","logid":42}"#;
        let frames = play.frames("Alice", report, "Globalmod");
        let call = frames[0].1["callid"].as_str().unwrap().to_owned();
        play.chat.requests.clear();
        let confirm = format!(r#"SFC {{"action":"confirm","callid":"{call}"}}"#);
        play.say("Globalmod", &confirm);
        let post = play.chat.requests.iter().find_map(|request| match request {
            Request::HttpPost { id, line: 0, .. } => Some(*id),
            _ => None,
        });
        let id = post.expect("it is posted in nobody's name");
        play.chat.handle(Input::HttpAnswer { id, status, body });
    };
    let told = |play: &mut Play, status, body: &str| {
        answer(play, status, body);
        let frames = play.chat.take(play.id("Globalmod"));
        let mut messages = frames.iter().filter(|frame| frame.0 == "SYS");
        messages
            .next()
            .map(|frame| frame.1["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(told(&mut play, 200, "Noted.").as_deref(), Some("Noted."));
    assert_eq!(
        told(&mut play, 200, r#"{"message":"Kept."}"#).as_deref(),
        Some("Kept.")
    );
    assert_eq!(told(&mut play, 200, r#"{"error":"No such log."}"#), None);
    assert_eq!(told(&mut play, 200, ""), None);
    assert_eq!(told(&mut play, 200, "<html>"), None);
    assert!(told(&mut play, 0, "").unwrap().contains("could not be told"));
    assert!(told(&mut play, 500, "<html>").unwrap().contains("status 500"));
}

#[test]
fn answers_of_web_servers_reach_their_function() {
    let mut scripts = builtin::scripts();
    scripts.main.push_str(
        r#"
        function event.TPN(con, args)
            http.get("back", "http://site/", con, { word = "extra", array_list = { 1, 2 } })
        end
        function httpcb.back(con, status, body, extras)
            local text = type(body) == "table" and body.a or body
            u.send(con, "SYS", { message = status .. text .. extras.word .. #extras.array_list })
            return const.FERR_THROTTLE_AD
        end"#,
    );
    let mut chat = Simulation::with(&scripts, Settings::default(), None);
    let ada = chat.log_in("Ada");
    chat.forget();
    for (body, wanted) in [(r#"{"a":"json"}"#, "200jsonextra2"), ("plain", "200plainextra2")] {
        chat.say(ada, "TPN");
        let Some(Request::HttpGet { id, .. }) = chat.requests.pop() else {
            panic!("it asks");
        };
        chat.handle(Input::HttpAnswer {
            id,
            status: 200,
            body,
        });
        let frames = chat.take(ada);
        assert_eq!(frames[0].1["message"], wanted);
        assert_eq!(frames[1].1["number"], 56);
    }
}

#[test]
fn the_answer_for_who_has_gone_reaches_nobody_in_the_same_place() {
    let mut scripts = builtin::scripts();
    scripts.main.push_str(
        r#"
        function event.TPN(con, args) http.get("back", "http://site/", con) end
        function event.ORS(con, args) http.get("back", "http://site/", nil) end
        function httpcb.back(con) s.broadcast("SYS", { message = con and u.getName(con) or "nobody" }) end"#,
    );
    let mut chat = Simulation::with(&scripts, Settings::default(), None);
    let (ada, bob) = (chat.log_in("Ada"), chat.log_in("Bob"));
    let asked = |chat: &mut Simulation, who, command| {
        chat.requests.clear();
        chat.say(who, command);
        match chat.requests.pop() {
            Some(Request::HttpGet { id, line, .. }) => (id, line),
            other => panic!("{other:?}"),
        }
    };
    let (first, line) = asked(&mut chat, ada, "TPN");
    let (second, same_line) = asked(&mut chat, ada, "TPN");
    let (of_bob, other_line) = asked(&mut chat, bob, "TPN");
    let (of_nobody, no_line) = asked(&mut chat, ada, "ORS");
    assert_eq!((line, no_line), (same_line, 0));
    assert!(line != 0 && line != other_line && other_line != 0);
    let place = chat.core.world().find_id(ada).unwrap();
    chat.requests.clear();
    chat.go(ada);
    assert_eq!(
        chat.requests
            .iter()
            .filter(|request| matches!(request, Request::HttpCancel { .. }))
            .collect::<Vec<_>>(),
        [&Request::HttpCancel {
            ids: vec![first, second]
        }]
    );
    let eve = chat.log_in("Eve");
    let now_there = chat.core.world().find_id(eve).unwrap();
    assert_eq!(
        now_there.index, place.index,
        "the test is about a place that is taken again"
    );
    assert_ne!(now_there, place);
    chat.take(eve);
    let hears = |chat: &mut Simulation, id| {
        chat.handle(Input::HttpAnswer {
            id,
            status: 200,
            body: "",
        });
        let frames = chat.take(eve);
        frames
            .iter()
            .map(|frame| frame.1["message"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(hears(&mut chat, first), [""; 0]);
    assert_eq!(hears(&mut chat, second), [""; 0]);
    assert_eq!(hears(&mut chat, of_bob), [r#""Bob""#]);
    assert_eq!(hears(&mut chat, of_nobody), [r#""nobody""#]);
    assert!(chat.core.world().web_calls.is_empty());
}

#[test]
fn questions_to_web_servers_have_bounds() {
    let mut scripts = builtin::scripts();
    scripts.main.push_str(
        r#"
        local function try(con, ...)
            local fine, refusal = pcall(http.post, ...)
            u.send(con, "SYS", { message = fine and "asked" or refusal })
        end
        function event.TPN(con, args)
            for _ = 1, 3 do try(con, "back", "http://site/", {}, nil) end
        end
        function event.ORS(con, args)
            try(con, "back", "http://site/" .. string.rep("x", 8192), {}, nil)
            try(con, "back", "http://site/", { a = string.rep("x", 65536) }, nil)
            try(con, "back", "http://site/", {}, nil, { a = string.rep("x", 65536) })
        end"#,
    );
    let mut settings = Settings::default();
    settings.set_from_text("http_per_call", "2").unwrap();
    settings.set_from_text("http_open", "3").unwrap();
    let mut chat = Simulation::with(&scripts, settings, None);
    let ada = chat.log_in("Ada");
    let say = |chat: &mut Simulation, text: &str, wanted: [&str; 3]| {
        chat.forget();
        chat.say(ada, text);
        let frames = chat.take(ada);
        assert_eq!(frames.len(), 3);
        for (frame, wanted) in frames.iter().zip(wanted) {
            let told = frame.1["message"].as_str().unwrap();
            assert!(told.contains(wanted), "{told} is not {wanted}");
        }
    };
    say(&mut chat, "ORS", ["an address", "fields of a form", "extras"]);
    say(&mut chat, "TPN", ["asked", "asked", "2 times (http_per_call)"]);
    say(&mut chat, "TPN", ["asked", "http_open = 3", "http_open = 3"]);
}

#[test]
fn logs_are_plain_data() {
    let mut settings = Settings::default();
    settings.set("log_start", Setting::Boolean(true)).unwrap();
    let mut play = Play::on(&site(), settings, &["Admin Ann", "Alice", "Bob"]);
    play.chat.requests.clear();
    play.say("Alice", r#"PRI {"recipient":"bob","message":"<hi>"}"#);
    let Some(Request::Log(entry)) = play.chat.requests.pop() else {
        panic!("it is logged");
    };
    assert_eq!(
        (&*entry.kind, &*entry.from.character),
        ("message_private", "Alice")
    );
    assert_eq!(entry.to.unwrap().character, "Bob");
    assert_eq!(entry.body.as_deref(), Some("&lt;hi&gt;"));
    play.say("Admin Ann", r#"KIK {"character":"bob"}"#);
    let action = play.chat.requests.iter().find_map(|request| match request {
        Request::Action(entry) => Some(entry.clone()),
        _ => None,
    });
    let action = action.unwrap();
    assert_eq!((&*action.code, &*action.name), ("KIK", "Admin Ann"));
    assert_eq!(action.arguments, r#"{"character":"bob"}"#);
    play.check("Admin Ann", r#"ZZZ {"command":"logger-stop"}"#, "Admin Ann: ZZZ");
    play.chat.requests.clear();
    play.say("Alice", r#"MSG {"channel":"garden","message":"x"}"#);
    play.say("Alice", r#"PRI {"recipient":"Admin Ann","message":"x"}"#);
    assert_eq!(play.chat.requests, []);
}

#[test]
fn presence_is_told_only_on_request() {
    let told = |wanted: bool| {
        let mut play = Play::with(&[]);
        play.chat.core.tell_presence(wanted);
        play.enter("Alice");
        play.enter("Bob");
        play.leave("Alice");
        let online: Vec<String> = play
            .chat
            .core
            .world()
            .online_names()
            .map(|name| name.to_string())
            .collect();
        assert_eq!(online, ["Bob"]);
        let requests = play.chat.requests.iter();
        requests
            .filter_map(|request| match request {
                Request::Presence { name, online } => Some((name.clone(), *online)),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let wanted = [("Alice", true), ("Bob", true), ("Alice", false)];
    assert_eq!(told(true), wanted.map(|(name, online)| (name.to_owned(), online)));
    assert_eq!(told(false), []);
}

#[test]
fn settings_can_change() {
    let mut play = Play::with(&["Alice", "Bob"]);
    let mut settings = Settings::default();
    settings.set("msg_flood", Setting::Number(0.0)).unwrap();
    play.chat
        .core
        .configure(play.chat.now, settings, &mut Outputs::default())
        .unwrap();
    for _ in 0..3 {
        let heard = play.say_quickly("Alice", r#"PRI {"recipient":"bob","message":"x"}"#);
        assert_eq!(heard, "Bob: PRI");
    }
}

#[test]
fn settings_that_the_scripts_refuse_change_nothing() {
    let mut play = Play::with(&["Alice", "Bob"]);
    let scripts = Scripts {
        main: "event = {}
            local words
            function chat_init()
                words = s.getConfigString('version')
                if words == 'bad' then error('not with me') end
            end
            function event.UPT(con) u.send(con, 'SYS', { message = words }) end"
            .into(),
        ..Scripts::default()
    };
    let (now, mut outputs) = (play.chat.now, Outputs::default());
    let configure = |play: &mut Play, version: &str, outputs: &mut Outputs| {
        let mut settings = play.chat.core.world().settings.clone();
        settings.set("version", Setting::Text(version.into())).unwrap();
        play.chat.core.configure(now, settings, outputs)
    };
    play.chat.replace_scripts(scripts);
    configure(&mut play, "good", &mut outputs).unwrap();
    let refused = configure(&mut play, "bad", &mut outputs).unwrap_err();
    assert!(refused.message.contains("not with me"), "{refused:?}");
    assert_eq!(play.chat.core.world().settings.text(keys::VERSION), "good");
    let frames = play.frames("Alice", "UPT", "Alice");
    assert_eq!(frames[0].1["message"], "good");
}

#[test]
fn the_limits_of_scripts_can_change() {
    let mut play = Play::with(&["Alice", "Bob"]);
    let scripts = Scripts {
        main: "event = {}
            function event.UPT(con) local t = {} for i = 1, 4e6 do t[i] = i end return const.FERR_OK end"
            .into(),
        ..Scripts::default()
    };
    let (now, mut outputs) = (play.chat.now, Outputs::default());
    play.chat.replace_scripts(scripts);
    let mut settings = Settings::default();
    settings.set("luamemory", Setting::Number(4.0)).unwrap();
    play.chat.core.configure(now, settings, &mut outputs).unwrap();
    assert!(play.say("Alice", "UPT").contains("ERR"));
    let mut settings = Settings::default();
    settings.set("luamemory", Setting::Number(1024.0)).unwrap();
    play.chat.core.configure(now, settings, &mut outputs).unwrap();
    assert_eq!(play.say("Alice", "UPT"), "");
}
