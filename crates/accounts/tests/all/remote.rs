//! Asking a website, on the runtime of an edge, against a server made by hand so that it can misbehave.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fchatd_accounts::login::remote::{RemoteLogin, SiteChecks};
use fchatd_accounts::{
    AccountHttp, Catalogue, LiveCatalogue, LoginCheck, LoginOutcome, LoginProvider, Secret,
};
use fchatd_links::web::{WebAddress, WebClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const GOOD: &str = r#"{"error":"","char":{"character_id":1,"name":"Ada"}}"#;

/// The requests that the site saw.
#[derive(Default)]
struct Seen {
    connections: Cell<usize>,
    heads: RefCell<Vec<String>>,
    forms: RefCell<Vec<Vec<(String, String)>>>,
    at_once: Cell<usize>,
    most_at_once: Cell<usize>,
    release: Notify,
}

fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// One request: its head, and the fields of its form. Nothing when the client has gone.
async fn receive(stream: &mut TcpStream) -> Option<(String, Vec<(String, String)>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let mut body = vec![0; length.split("\r\n").next().unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, form_urlencoded::parse(&body).into_owned().collect()))
}

async fn converse(mut stream: TcpStream, seen: Rc<Seen>) {
    while let Some((head, form)) = receive(&mut stream).await {
        let ticket = form
            .iter()
            .find(|(key, _)| key == "ticket")
            .map(|(_, value)| value.clone());
        seen.heads.borrow_mut().push(head);
        seen.forms.borrow_mut().push(form);
        seen.at_once.set(seen.at_once.get() + 1);
        seen.most_at_once
            .set(seen.most_at_once.get().max(seen.at_once.get()));
        let last = match ticket.as_deref().unwrap_or_default() {
            "slow" => {
                std::future::pending::<()>().await;
                Vec::new()
            }
            "held" => {
                seen.release.notified().await;
                response("200 OK", GOOD)
            }
            "html" => response("200 OK", "<html>down for maintenance</html>"),
            "latin" => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{\"\xe4\"}".to_vec(),
            "500" => response("500 Oops", GOOD),
            "204" => b"HTTP/1.1 204 Nothing\r\n\r\n".to_vec(),
            "redirect" => b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "huge" => response("200 OK", &format!("\"{}\"", "x".repeat(10 << 20))),
            "endless head" => format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20)).into_bytes(),
            "no http" => b"SSH-2.0-nonsense\r\n".to_vec(),
            "broken off" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"error\":".to_vec(),
            "last" => response("200 OK", GOOD),
            "silence" => Vec::new(),
            "chunked" => {
                let (one, two) = GOOD.split_at(9);
                let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                format!("{head}{}{}0\r\n\r\n", chunk(one), chunk(two)).into_bytes()
            }
            "refused" => response("200 OK", r#"{"error":"Invalid ticket."}"#),
            _ => response("200 OK", GOOD),
        };
        seen.at_once.set(seen.at_once.get() - 1);
        if stream.write_all(&last).await.is_err() {
            return;
        }
        if matches!(
            ticket.as_deref(),
            Some("broken off" | "last" | "silence" | "endless head" | "no http")
        ) {
            return;
        }
    }
}

async fn site() -> (SocketAddr, Rc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Rc::new(Seen::default());
    let shared = Rc::clone(&seen);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            shared.connections.set(shared.connections.get() + 1);
            tokio::task::spawn_local(converse(stream, Rc::clone(&shared)));
        }
    });
    (address, seen)
}

fn provider(address: SocketAddr) -> LoginProvider {
    patient(address, Duration::from_secs(20))
}

fn patient(address: SocketAddr, patience: Duration) -> LoginProvider {
    let address = WebAddress::parse(&format!("http://{address}/login?key=of+the+chat")).unwrap();
    LoginProvider::Remote(RemoteLogin::new(
        WebClient::new(2).unwrap(),
        address,
        checks(patience),
    ))
}

fn checks(patience: Duration) -> SiteChecks {
    SiteChecks {
        at_once: 2,
        waiting: 20_000,
        patience,
    }
}

fn check(ticket: &str) -> LoginCheck {
    LoginCheck {
        account: "ada & co".into(),
        ticket: Secret::new(ticket),
        character: "Ada Löve".into(),
        client_name: "cli=ent".into(),
        client_version: "1.0+".into(),
        address: IpAddr::from([127, 0, 0, 1]),
    }
}

/// A check of another account, from another address.
fn check_of(number: usize, ticket: &str) -> LoginCheck {
    let [.., high, low] = number.to_be_bytes();
    LoginCheck {
        account: format!("account {number}"),
        address: IpAddr::from([127, 1, high, low]),
        ..check(ticket)
    }
}

fn on_an_edge<F: Future<Output = ()>>(test: F) {
    fchatd_edge::runtime().unwrap().block_on(test);
}

fn good() -> LoginOutcome {
    LoginOutcome::Answer(GOOD.into())
}

#[test]
fn the_form_says_what_the_client_said_and_the_connection_is_kept() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = provider(address);
        for _ in 0..5 {
            assert_eq!(provider.check(check("t+1&%")).await, good());
        }
        assert_eq!(provider.check(check("chunked")).await, good());
        assert_eq!(seen.connections.get(), 1);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            seen.forms.borrow()[0],
            [
                pair("method", "ticket"),
                pair("account", "ada & co"),
                pair("ticket", "t+1&%"),
                pair("char", "Ada Löve"),
                pair("client", "cli=ent"),
                pair("client_version", "1.0+"),
            ]
        );
        let head = seen.heads.borrow()[0].clone();
        assert!(
            head.starts_with("post /login?key=of+the+chat http/1.1\r\n"),
            "{head}"
        );
        assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
        assert!(
            head.contains("content-type: application/x-www-form-urlencoded\r\n"),
            "{head}"
        );
    });
}

#[test]
fn answers_other_than_200_with_json_are_a_failure() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = provider(address);
        let bad = [
            "html",
            "latin",
            "500",
            "204",
            "redirect",
            "huge",
            "endless head",
            "no http",
            "broken off",
            "silence",
        ];
        for ticket in bad {
            assert_eq!(
                provider.check(check(ticket)).await,
                LoginOutcome::Failed,
                "{ticket}"
            );
            assert_eq!(
                provider.check(check("fine")).await,
                good(),
                "the next one after {ticket}"
            );
        }
        let redirected = seen.heads.borrow().iter().any(|head| head.contains("/other"));
        assert!(!redirected, "a redirect was followed");
        let LoginProvider::Remote(site) = &provider else {
            unreachable!()
        };
        assert_eq!(site.failures(), bad.len() as u64);
    });
}

/// A site that speaks TLS with an untrusted certificate, and the number of its requests.
async fn impostor() -> (SocketAddr, Rc<Cell<usize>>) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Rc::new(Cell::new(0));
    let shared = Rc::clone(&heard);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await
                && stream.read_u8().await.is_ok()
            {
                shared.set(shared.get() + 1);
            }
        }
    });
    (address, heard)
}

#[test]
fn a_site_that_cannot_prove_who_it_is_hears_no_ticket() {
    on_an_edge(async {
        let (impostor, heard) = impostor().await;
        let (plain, _) = site().await;
        for address in [impostor, plain] {
            let address = WebAddress::parse(&format!("https://{address}/login")).unwrap();
            let patience = Duration::from_secs(20);
            let site = RemoteLogin::new(WebClient::new(2).unwrap(), address, checks(patience));
            let provider = LoginProvider::Remote(site.clone());
            assert_eq!(provider.check(check("fine")).await, LoginOutcome::Failed);
            assert_eq!(site.failures(), 1);
        }
        assert_eq!(heard.get(), 0);
    });
}

#[test]
fn a_connection_that_the_site_gave_up_is_replaced() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = provider(address);
        for _ in 0..10 {
            assert_eq!(provider.check(check("last")).await, good());
        }
        assert_eq!(seen.connections.get(), 10);
    });
}

#[test]
fn a_slow_site_is_waited_for_so_long_and_not_longer() {
    on_an_edge(async {
        let (address, _seen) = site().await;
        assert_eq!(
            patient(address, Duration::from_millis(50))
                .check(check("slow"))
                .await,
            LoginOutcome::Failed
        );
    });
}

#[test]
fn no_more_checks_than_allowed_are_with_the_site_at_once() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = provider(address);
        let checks: Vec<_> = (0..7)
            .map(|number| {
                let provider = provider.clone();
                tokio::task::spawn_local(async move { provider.check(check_of(number, "held")).await })
            })
            .collect();
        while seen.at_once.get() < 2 {
            tokio::task::yield_now().await;
        }
        // A client that went away does not keep the others waiting.
        checks.last().unwrap().abort();
        while checks.iter().any(|check| !check.is_finished()) {
            seen.release.notify_one();
            tokio::task::yield_now().await;
        }
        let mut ends = Vec::new();
        for check in checks {
            ends.push(check.await.ok());
        }
        assert_eq!(ends.pop(), Some(None));
        assert_eq!(ends, vec![Some(good()); 6]);
        assert_eq!(seen.most_at_once.get(), 2);
        assert_eq!(seen.forms.borrow().len(), 6);
        assert_eq!(seen.connections.get(), 2);
    });
}

/// So many log-ins wait at once when a server comes back and all people with it.
const CROWD: usize = 10_000;

#[test]
fn ten_thousand_checks_at_once_are_all_answered_two_at_a_time() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = patient(address, Duration::from_secs(300));
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let provider = provider.clone();
                tokio::task::spawn_local(async move { provider.check(check_of(number, "fine")).await })
            })
            .collect();
        for one in crowd {
            assert_eq!(one.await.unwrap(), good());
        }
        assert!(seen.most_at_once.get() <= 2);
        assert_eq!(seen.forms.borrow().len(), CROWD, "nobody is asked about twice");
        assert!(seen.connections.get() < 100, "connections are used again");
    });
}

#[test]
fn ten_thousand_checks_with_a_silent_site_all_come_to_an_end() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = patient(address, Duration::from_millis(300));
        let crowd: Vec<_> = (0..CROWD)
            .map(|number| {
                let provider = provider.clone();
                tokio::task::spawn_local(async move { provider.check(check_of(number, "slow")).await })
            })
            .collect();
        for one in crowd {
            assert_eq!(one.await.unwrap(), LoginOutcome::Failed);
        }
        assert!(seen.connections.get() <= CROWD);
        assert_eq!(provider.check(check("fine")).await, good(), "and it goes on");
    });
}

#[test]
fn bad_tickets_neither_flood_the_site_nor_take_the_turns_of_others() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = provider(address);
        let _guesses: Vec<_> = (0..200)
            .map(|_| {
                let provider = provider.clone();
                tokio::task::spawn_local(async move { provider.check(check("refused")).await })
            })
            .collect();
        let LoginProvider::Remote(remote) = &provider else {
            unreachable!()
        };
        while remote.held_back() == 0 {
            tokio::task::yield_now().await;
        }
        for number in 0..50 {
            assert_eq!(provider.check(check_of(number, "fine")).await, good());
        }
        let forms = seen.forms.borrow();
        let guessed = forms
            .iter()
            .filter(|form| {
                form.iter()
                    .any(|(key, value)| key == "ticket" && value == "refused")
            })
            .count();
        // Five at once, and some more while a slow machine runs the test.
        assert!((1..50).contains(&guessed), "{guessed} of 200 reached the site");
    });
}

#[test]
fn one_address_does_not_hold_all_turns_at_a_slow_site() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let provider = provider(address);
        let _slow: Vec<_> = (0..20)
            .map(|_| {
                let provider = provider.clone();
                tokio::task::spawn_local(async move { provider.check(check("slow")).await })
            })
            .collect();
        while seen.at_once.get() == 0 {
            tokio::task::yield_now().await;
        }
        for number in 0..50 {
            assert_eq!(provider.check(check_of(number, "fine")).await, good());
        }
    });
}

#[test]
fn a_site_that_is_not_there_is_a_failure() {
    on_an_edge(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(provider(address).check(check("t")).await, LoginOutcome::Failed);
    });
}

#[test]
fn a_server_without_accounts_says_so() {
    on_an_edge(async {
        let (address, seen) = site().await;
        let http = AccountHttp::new(
            provider(address),
            vec!["None".into()],
            LiveCatalogue::new(Catalogue::builtin(), &[]),
        );
        let ask = async |method: &str, path: &str| {
            let request = fchatd_edge::http::HttpRequest {
                method: method.into(),
                path: path.into(),
                query: String::new(),
                content_type: Some("application/x-www-form-urlencoded".into()),
                if_none_match: None,
                accept_encoding: None,
                cookie: None,
                authorization: None,
                user_agent: None,
                is_cross_site: false,
                is_https: false,
                body: "account=ada&password=secret&ticket=t&name=x".into(),
                address: [127, 0, 0, 1].into(),
            };
            let answer = http.route(&request).unwrap().await;
            serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap()
        };
        let about = ask("GET", "/api/site").await;
        assert_eq!(
            (about["accounts"].as_str(), about["registration"].as_str()),
            (Some("remote"), Some("closed"))
        );
        for path in [
            "/json/getApiTicket.php",
            "/api/register",
            "/api/character-create",
            "/api/characters",
            "/api/renew",
        ] {
            let answer = ask("POST", path).await;
            assert!(
                answer["error"].as_str().unwrap().contains("the website"),
                "{path}: {answer}"
            );
        }
        assert_eq!(
            seen.connections.get(),
            0,
            "passwords must not travel to the log-in site"
        );
    });
}
