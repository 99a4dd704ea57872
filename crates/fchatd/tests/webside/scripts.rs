//! Requests of scripts to web servers.

use serde_json::json;

use crate::chat::Person;
use crate::receiver::{Deed, Receiver, answer, eventually};
use crate::site::{Server, Site};

/// Asks for an address that a person names, and sends the answer to that person.
const RULES: &str = r#"
    function event.TPN(con, args)
        http.get("back", args.url, con, { name = args.name })
    end
    function httpcb.back(con, status, body, extras)
        local told = type(body) == "table" and "table " .. tostring(body.word) or string.sub(body, 1, 20)
        local text = extras.name .. ": " .. status .. " " .. told
        u.send(con, "SYS", { message = text })
        return 0
    end"#;

fn start(settings: &[&str]) -> (Site, Server) {
    let site = Site::new();
    site.write_scripts(RULES);
    let mut words = vec![
        "--dev",
        "--set",
        "load_balancers=127.0.0.1",
        "--set",
        "max_per_ip=100",
        "--set",
        "command_rate=0",
    ];
    for setting in settings {
        words.extend(["--set", setting]);
    }
    let server = site.start(&words);
    (site, server)
}

fn ask(person: &mut Person, url: &str, name: &str) {
    person.say(&format!("TPN {}", json!({ "url": url, "name": name })));
}

#[test]
fn answers_come_in_the_order_of_the_questions_and_nobody_waits_for_others() {
    let web = Receiver::start(|asked| match asked.path.as_str() {
        "/broken" => Deed::Raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nlate".to_owned()),
        "/json" => answer(200, r#"{"word":"yes"}"#),
        path => answer(404, path),
    });
    let (_site, server) = start(&["http_hosts=127.0.0.1"]);
    let (mut ada, mut bob) = (
        Person::enter(&server, "ada", "Ada"),
        Person::enter(&server, "bob", "Bob"),
    );
    for number in 0..30 {
        let path = ["/json", "/broken", "/other"][number % 3];
        ask(&mut ada, &web.url(path), &number.to_string());
    }
    ask(&mut bob, &web.url("/json"), "bob");
    assert_eq!(bob.told(), "bob: 200 table yes");
    for number in 0..30 {
        let told = ada.told();
        assert!(
            told.starts_with(&format!("{number}: ")),
            "{told} comes {number}th"
        );
        match number % 3 {
            0 => assert!(told.ends_with("200 table yes"), "{told}"),
            1 => assert!(told.ends_with(": 0 "), "{told}"),
            _ => assert!(told.ends_with("404 /other"), "{told}"),
        }
    }
}

#[test]
fn a_question_that_hangs_holds_up_its_own_line_only_and_is_given_up_with_its_asker() {
    let web = Receiver::start(|asked| match asked.path.as_str() {
        "/hangs" => Deed::Silence,
        _ => answer(200, "well"),
    });
    let (_site, server) = start(&["http_hosts=127.0.0.1", "http_parallel=4"]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    let (mut ada, mut bob) = (
        Person::enter(&server, "ada", "Ada"),
        Person::enter(&server, "bob", "Bob"),
    );
    ask(&mut ada, &web.url("/hangs"), "first");
    ask(&mut ada, &web.url("/well"), "second");
    web.await_asked(1);
    ask(&mut bob, &web.url("/well"), "bob");
    assert_eq!(bob.told(), "bob: 200 well");
    let status = admin.status("scripts' web servers");
    assert!(status.contains("1 questions under way, 1 waiting"), "{status}");
    ada.leave();
    eventually("the question is given up", || web.given_up() == 1);
    // A person that comes in her place hears nothing of it.
    let mut eve = Person::enter(&server, "eve", "Eve");
    ask(&mut eve, &web.url("/well"), "eve");
    assert_eq!(eve.told(), "eve: 200 well");
    let status = admin.status("scripts' web servers");
    assert!(
        status.contains("0 questions under way, 0 waiting; so far 4 ended (2 answered, 2 given up)"),
        "{status}"
    );
    let paths: Vec<String> = web.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/hangs", "/well", "/well"]);
}

#[test]
fn web_servers_that_are_not_as_they_should_be_are_status_0() {
    let web = Receiver::start(|asked| match asked.path.split('?').next().unwrap() {
        "/huge" => answer(200, &"x".repeat(5000)),
        "/endless" => Deed::Raw(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(100_000))),
        "/broken" => Deed::Raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_owned()),
        "/chunks" => Deed::Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned()),
        "/garbage" => Deed::Raw("this is no HTTP at all\r\n\r\n".to_owned()),
        "/head" => Deed::Raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000))),
        "/nothing" => Deed::Raw(String::new()),
        "/silent" => Deed::Silence,
        "/away" => answer(302, "moved"),
        path => answer(200, path),
    });
    let (_site, server) = start(&["http_hosts=127.0.0.1", "http_timeout=1", "http_answer_max=4"]);
    let mut ada = Person::enter(&server, "ada", "Ada");
    for path in [
        "/huge", "/endless", "/broken", "/chunks", "/garbage", "/head", "/nothing", "/silent",
    ] {
        ask(&mut ada, &web.url(&format!("{path}?key=hidden")), path);
        assert_eq!(ada.told(), format!("{path}: 0 "));
    }
    let port = web.address.port();
    let closed = crate::site::taken_port().1;
    for url in [
        format!("http://127.0.0.1:{closed}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        "http://user:hidden@127.0.0.1/".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        String::new(),
    ] {
        ask(&mut ada, &url, "x");
        assert_eq!(ada.told(), "x: 0 ", "{url}");
    }
    ask(&mut ada, &web.url("/away"), "moved");
    assert_eq!(ada.told(), "moved: 302 moved");
    ask(&mut ada, &web.url("/fine"), "fine");
    assert_eq!(ada.told(), "fine: 200 /fine");
    assert!(web.asked().iter().all(|asked| asked.path != "/elsewhere"));
    server.terminate();
    let log = server.ended().stderr;
    assert!(
        log.contains("scripts may not ask localhost: it is not in http_hosts"),
        "{log}"
    );
    assert!(
        !log.contains("hidden"),
        "what is secret in an address stays out of the log"
    );
}

#[test]
fn the_allowed_hosts_can_change_while_the_server_runs() {
    let web = Receiver::start(|_| answer(200, "well"));
    let (site, server) = start(&[]);
    let mut ada = Person::enter(&server, "ada", "Ada");
    ask(&mut ada, &web.url("/"), "before");
    assert_eq!(ada.told(), "before: 0 ");
    site.write("script/startup_config.lua", "http_hosts = {\"127.0.0.1\"}\n");
    server.hang_up();
    server.await_log("In force now: http_hosts");
    ask(&mut ada, &web.url("/"), "after");
    assert_eq!(ada.told(), "after: 200 well");
    site.write(
        "script/startup_config.lua",
        "http_hosts = {\"http://127.0.0.1/\"}\n",
    );
    server.hang_up();
    server.await_log("is no host name");
    ask(&mut ada, &web.url("/"), "still");
    assert_eq!(ada.told(), "still: 200 well");
    site.write("script/startup_config.lua", "http_hosts = {}\n");
    server.hang_up();
    server.await_log("In force now: http_hosts");
    ask(&mut ada, &web.url("/"), "not any more");
    assert_eq!(ada.told(), "not any more: 0 ");
}
