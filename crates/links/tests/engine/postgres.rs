//! PostgreSQL.

use fchatd_engines::{PASSWORD, PostgresServer};
use fchatd_links::engine::{Engine, EngineSettings, Kind};

use crate::plays::{away, engine, race, read, record, refusal, round_trip, until, write};

fn settings(servers: Vec<String>) -> EngineSettings {
    EngineSettings {
        kind: Kind::Postgres,
        servers,
        name: "chat".to_owned(),
        user: String::new(),
        password: PASSWORD.to_owned(),
        authorities: None,
    }
}

#[tokio::test]
async fn a_record_is_written_and_replaced() {
    let server = PostgresServer::start(&[]);
    round_trip(&settings(vec![server.url()])).await;
}

#[tokio::test]
async fn of_several_who_write_at_once_one_has_won() {
    // Settings of a server by which changes could be confirmed too early, or fail when they meet.
    let server = PostgresServer::start(&[
        "synchronous_commit=off",
        "default_transaction_isolation=serializable",
    ]);
    race(&settings(vec![server.url()])).await;
}

#[tokio::test]
async fn a_server_that_is_killed_or_frozen_is_away_until_it_is_back() {
    let mut server = PostgresServer::start(&["synchronous_commit=off"]);
    let engine = engine(&settings(vec![server.url()]));
    let first = record(1, "core-a");
    let revision = write(&engine, &first).await;
    server.freeze();
    let reason = away(&engine, revision + 1).await;
    assert!(reason.contains("no answer came"), "{reason}");
    server.thaw();
    assert_eq!(read(&engine).await, (revision, Some(first.clone())));
    server.kill();
    away(&engine, revision + 1).await;
    let reason = refusal(&engine).await;
    assert!(reason.contains("can't be reached"), "{reason}");
    server.start_again();
    assert_eq!(read(&engine).await, (revision, Some(first)));
    write(&engine, &record(2, "core-c")).await;
}

#[tokio::test]
async fn a_replica_is_passed_over() {
    let primary = PostgresServer::start(&[]);
    let mut replica = PostgresServer::start(&[]);
    replica.kill();
    let _ = replica.file("standby.signal", "");
    replica.start_again();
    let alone = engine(&settings(vec![replica.url()]));
    let reason = refusal(&alone).await;
    assert!(reason.contains("is a replica"), "{reason}");
    until(async || {
        let survey = alone.survey().await;
        let fault = survey
            .faults
            .iter()
            .any(|fault| fault.contains("all PostgreSQL servers are replicas"));
        if fault { Ok(()) } else { Err(format!("{survey:?}")) }
    })
    .await;
    let both = settings(vec![replica.url(), primary.url()]);
    write(&engine(&both), &record(1, "core-a")).await;
}

#[tokio::test]
async fn two_servers_that_accept_changes_are_found() {
    let (one, other) = (PostgresServer::start(&["fsync=off"]), PostgresServer::start(&[]));
    let engine = engine(&settings(vec![one.url(), other.url()]));
    until(async || {
        let survey = engine.survey().await;
        let fault = survey
            .faults
            .iter()
            .any(|fault| fault.contains("both accept changes"));
        let remark = survey.remarks.iter().any(|remark| remark.contains("fsync"));
        if fault && remark {
            Ok(())
        } else {
            Err(format!("{survey:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server = PostgresServer::start(&[]);
    let right = settings(vec![server.url()]);
    let wrong_password = EngineSettings {
        password: "hush".to_owned(),
        ..right.clone()
    };
    let reason = refusal(&engine(&wrong_password)).await;
    assert!(
        reason.contains("cluster_engine_password right") && !reason.contains("hush"),
        "{reason}"
    );
    let reason = refusal(&engine(&settings(vec![
        server.url().replace("/postgres", "/absent"),
    ])))
    .await;
    assert!(reason.contains("createdb"), "{reason}");
    let no_tls = settings(vec![format!("{}?sslmode=require", server.url())]);
    let reason = refusal(&engine(&no_tls)).await;
    assert!(reason.contains("TLS"), "{reason}");
    assert!(!format!("{wrong_password:?} {:?}", engine(&wrong_password)).contains("hush"));
}

#[tokio::test]
async fn certificates_of_the_authority_are_believed_and_no_others() {
    let mut server = PostgresServer::start(&[]);
    let own = rcgen::generate_simple_self_signed([fchatd_engines::loopback().to_string()]).unwrap();
    server.kill();
    for (setting, name, text) in [
        ("ssl_cert_file", "own.pem", own.cert.pem()),
        ("ssl_key_file", "own.key", own.signing_key.serialize_pem()),
    ] {
        let path = server.file(name, &text);
        server.set(&format!("{setting}={}", path.display()));
    }
    server.set("ssl=on");
    server.start_again();
    let trusting = EngineSettings {
        authorities: Some(own.cert.pem().into_bytes()),
        ..settings(vec![server.url()])
    };
    round_trip(&trusting).await;
    let browsers = settings(vec![format!("{}?sslmode=require", server.url())]);
    let reason = refusal(&engine(&browsers)).await;
    assert!(reason.contains("certificate"), "{reason}");
}

#[test]
fn connection_strings_that_can_not_be_used_are_refused() {
    for (server, part) in [
        ("postgres://me:hush@10.0.0.1/chat", "cluster_engine_password"),
        ("host=10.0.0.1 password=hush", "cluster_engine_password"),
        ("postgres://me@10.0.0.1,10.0.0.2/chat", "one host"),
        ("host=/var/run/postgresql user=me", "one host"),
        ("host=10.0.0.1", "needs a user"),
        ("http://10.0.0.1:2379", "malformed"),
        ("hush hush", "malformed"),
    ] {
        let refused = Engine::from_settings(&settings(vec![server.to_owned()])).unwrap_err();
        let refused = refused.to_string();
        assert!(
            refused.contains(part) && !refused.contains("hush"),
            "{server}: {refused}"
        );
    }
}
