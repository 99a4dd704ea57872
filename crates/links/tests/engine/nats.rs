//! NATS, one server and three.

use fchatd_cluster::view::{Answer, Ask};
use fchatd_engines::NatsCluster;
use fchatd_links::engine::{Engine, EngineSettings, Kind};

use crate::plays::{away, engine, race, read, record, refusal, round_trip, until, write};

fn settings(servers: Vec<String>) -> EngineSettings {
    EngineSettings {
        kind: Kind::Nats,
        servers,
        name: "chat".to_owned(),
        user: String::new(),
        password: String::new(),
        authorities: None,
    }
}

#[tokio::test]
async fn a_record_is_written_and_replaced() {
    let nats = NatsCluster::start(1, "");
    round_trip(&settings(nats.urls())).await;
}

#[tokio::test]
async fn of_several_who_write_at_once_one_has_won() {
    let nats = NatsCluster::start(3, "");
    race(&settings(nats.urls())).await;
}

#[tokio::test]
async fn a_server_that_is_killed_or_frozen_is_away_until_it_is_back() {
    let mut nats = NatsCluster::start(1, "");
    let engine = engine(&settings(nats.urls()));
    let first = record(1, "core-a");
    let revision = write(&engine, &first).await;
    nats.freeze(0);
    away(&engine, revision + 1).await;
    nats.thaw(0);
    assert_eq!(read(&engine).await, (revision, Some(first.clone())));
    nats.kill(0);
    away(&engine, revision + 1).await;
    nats.start_again(0);
    assert_eq!(read(&engine).await, (revision, Some(first)));
    write(&engine, &record(2, "core-c")).await;
}

#[tokio::test]
async fn three_servers_go_on_without_any_one_and_not_without_two() {
    let mut nats = NatsCluster::start(3, "");
    let engine = engine(&settings(nats.urls()));
    let mut revision = write(&engine, &record(1, "core-a")).await;
    // One of them leads the bucket.
    for member in 0..3 {
        nats.kill(member);
        let newer = write(&engine, &record(2 + member as u64, "core-c")).await;
        assert!(newer > revision);
        revision = newer;
        nats.start_again(member);
        assert_eq!(read(&engine).await.0, revision);
    }
    nats.kill(0);
    nats.kill(1);
    until(async || match engine.ask(Ask::Read).await {
        Answer::Away(_) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let nats = NatsCluster::start(1, "authorization { user: fchatd, password: \"hush\" }");
    let login = |password: &str| EngineSettings {
        user: "fchatd".to_owned(),
        password: password.to_owned(),
        ..settings(nats.urls())
    };
    let reason = refusal(&engine(&login("hush, wrong"))).await;
    assert!(
        reason.contains("cluster_engine_password right") && !reason.contains("hush"),
        "{reason}"
    );
    let right = login("hush");
    round_trip(&right).await;
    let engine = engine(&right);
    assert!(!format!("{right:?} {engine:?}").contains("hush"));
    until(async || {
        let survey = engine.survey().await;
        let replicas = survey
            .remarks
            .iter()
            .any(|remark| remark.contains("1 of the 3 replicas"));
        if replicas && survey.faults.is_empty() {
            Ok(())
        } else {
            Err(format!("{survey:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn certificates_of_the_authority_are_believed_and_no_others() {
    let folder = tempfile::TempDir::new().unwrap();
    let own = rcgen::generate_simple_self_signed([fchatd_engines::loopback().to_string()]).unwrap();
    let (certificate, key) = (folder.path().join("own.pem"), folder.path().join("own.key"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let tls = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}",
        certificate.display(),
        key.display()
    );
    let nats = NatsCluster::start(1, &tls);
    let trusting = EngineSettings {
        authorities: Some(own.cert.pem().into_bytes()),
        ..settings(nats.urls())
    };
    round_trip(&trusting).await;
    let secure = nats
        .urls()
        .iter()
        .map(|url| url.replace("nats://", "tls://"))
        .collect();
    let reason = refusal(&engine(&settings(secure))).await;
    assert!(reason.contains("certificate"), "{reason}");
}

#[test]
fn addresses_that_can_not_be_used_are_refused() {
    for (server, part) in [
        ("nats://me:hush@10.0.0.1:4222", "cluster_engine_password"),
        ("http://10.0.0.1:4222", "cluster_engine must be"),
        ("nats://", "cluster_engine must be"),
    ] {
        let refused = Engine::from_settings(&settings(vec![server.to_owned()]))
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(part) && !refused.contains("hush"),
            "{server}: {refused}"
        );
    }
}
