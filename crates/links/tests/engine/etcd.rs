//! etcd, of one member and of three.

use fchatd_cluster::view::{Answer, Ask};
use fchatd_engines::EtcdCluster;
use fchatd_links::engine::{Engine, EngineSettings, Kind};

use crate::plays::{away, engine, race, read, record, refusal, round_trip, until, write};

fn settings(servers: Vec<String>) -> EngineSettings {
    EngineSettings {
        kind: Kind::Etcd,
        servers,
        name: "chat".to_owned(),
        user: String::new(),
        password: String::new(),
        authorities: None,
    }
}

#[tokio::test]
async fn a_record_is_written_and_replaced() {
    let etcd = EtcdCluster::start(1);
    round_trip(&settings(etcd.urls())).await;
}

#[tokio::test]
async fn of_several_who_write_at_once_one_has_won() {
    let etcd = EtcdCluster::start(3);
    race(&settings(etcd.urls())).await;
}

#[tokio::test]
async fn a_server_that_is_killed_or_frozen_is_away_until_it_is_back() {
    let mut etcd = EtcdCluster::start(1);
    let engine = engine(&settings(etcd.urls()));
    let first = record(1, "core-a");
    let revision = write(&engine, &first).await;
    etcd.freeze(0);
    let reason = away(&engine, revision + 1).await;
    assert!(reason.contains("no answer came"), "{reason}");
    etcd.thaw(0);
    assert_eq!(read(&engine).await, (revision, Some(first.clone())));
    etcd.kill(0);
    away(&engine, revision).await;
    let reason = refusal(&engine).await;
    assert!(reason.contains("can't be reached"), "{reason}");
    etcd.start_again(0);
    assert_eq!(read(&engine).await, (revision, Some(first)));
    write(&engine, &record(2, "core-c")).await;
}

#[tokio::test]
async fn a_cluster_of_three_goes_on_without_its_leader_and_without_any_one_member() {
    let mut etcd = EtcdCluster::start(3);
    let engine = engine(&settings(etcd.urls()));
    let mut epoch = 1;
    let mut revision = write(&engine, &record(epoch, "core-a")).await;
    for round in 0..3 {
        let leader = until(async || etcd.leader().ok_or_else(|| "there is no leader".to_owned())).await;
        // The leader is killed, frozen; then the member that is asked first.
        match round {
            0 => etcd.kill(leader),
            1 => etcd.freeze(leader),
            _ => etcd.kill(0),
        }
        assert_eq!(read(&engine).await.0, revision);
        epoch += 1;
        let newer = write(&engine, &record(epoch, "core-c")).await;
        assert!(newer > revision);
        revision = newer;
        match round {
            0 => etcd.start_again(leader),
            1 => etcd.thaw(leader),
            _ => etcd.start_again(0),
        }
        until(async || {
            etcd.leader()
                .map(drop)
                .ok_or_else(|| "there is no leader".to_owned())
        })
        .await;
    }
    etcd.kill(0);
    etcd.kill(1);
    // Without a majority nothing is read either: it might be old.
    until(async || match engine.ask(Ask::Read).await {
        Answer::Away(_) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    away(&engine, revision).await;
}

#[tokio::test]
async fn with_authentication_the_user_and_the_password_count() {
    let etcd = EtcdCluster::start(1);
    etcd.protect("fchatd", "hush 'ü'");
    let nobody = settings(etcd.urls());
    let login = |user: &str, password: &str| EngineSettings {
        user: user.to_owned(),
        password: password.to_owned(),
        ..nobody.clone()
    };
    let refused = async |settings: &EngineSettings, part: &str| {
        let reason = refusal(&engine(settings)).await;
        assert!(reason.contains(part) && !reason.contains("hush"), "{reason}");
    };
    refused(&nobody, "set cluster_engine_user").await;
    refused(&login("fchatd", "hush, wrong"), "cluster_engine_password right").await;
    refused(&login("stranger", "hush"), "cluster_engine_password right").await;
    let right = login("fchatd", "hush 'ü'");
    round_trip(&right).await;
    assert!(!format!("{right:?} {:?}", engine(&right)).contains("hush"));
}

#[tokio::test]
async fn a_token_that_the_server_has_forgotten_is_asked_for_again() {
    let mut etcd = EtcdCluster::start(1);
    etcd.protect("fchatd", "hush");
    let engine = engine(&EngineSettings {
        user: "fchatd".to_owned(),
        password: "hush".to_owned(),
        ..settings(etcd.urls())
    });
    write(&engine, &record(1, "core-a")).await;
    etcd.kill(0);
    etcd.start_again(0);
    write(&engine, &record(2, "core-a")).await;
}

#[tokio::test]
async fn a_user_without_authentication_is_a_mistake() {
    let etcd = EtcdCluster::start(1);
    let engine = engine(&EngineSettings {
        user: "fchatd".to_owned(),
        password: "hush".to_owned(),
        ..settings(etcd.urls())
    });
    assert!(refusal(&engine).await.contains("auth enable"));
}

#[tokio::test]
async fn certificates_of_the_authority_are_believed_and_no_others() {
    let address = fchatd_engines::loopback().to_string();
    let own = rcgen::generate_simple_self_signed([address]).unwrap();
    let etcd = EtcdCluster::start_tls(&own.cert.pem(), &own.signing_key.serialize_pem());
    let trusting = EngineSettings {
        authorities: Some(own.cert.pem().into_bytes()),
        ..settings(etcd.urls())
    };
    round_trip(&trusting).await;
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    for authorities in [None, Some(other.cert.pem().into_bytes())] {
        let engine = engine(&EngineSettings {
            authorities,
            ..trusting.clone()
        });
        let reason = refusal(&engine).await;
        assert!(reason.contains("certificate"), "{reason}");
    }
}

#[tokio::test]
async fn servers_of_two_clusters_are_found() {
    let (one, other) = (EtcdCluster::start(1), EtcdCluster::start(1));
    // Each start of a cluster takes its number from its members' addresses, which differ.
    let both = settings([one.urls(), other.urls()].concat());
    let engine = engine(&both);
    let fault = until(async || {
        let survey = engine.survey().await;
        survey
            .faults
            .first()
            .cloned()
            .ok_or_else(|| format!("{survey:?}"))
    })
    .await;
    assert!(fault.contains("different etcd clusters"), "{fault}");
    let alone = self::engine(&settings(one.urls()));
    until(async || {
        let survey = alone.survey().await;
        match (&survey.faults[..], &survey.remarks[..]) {
            ([], [remark]) if remark.contains("1 of the 3 members") => Ok(()),
            _ => Err(format!("{survey:?}")),
        }
    })
    .await;
}

#[test]
fn addresses_that_can_not_be_used_are_refused() {
    for (servers, part) in [
        (&[][..], "must have 1 to"),
        (&["10.0.0.1:2379"], "must be an address"),
        (&["http://10.0.0.1"], "needs a port"),
        (&["http://10.0.0.1:2379/v3"], "must end after the port"),
        (&["http://me:hush@10.0.0.1:2379"], "must not hold a user name"),
    ] {
        let servers = servers.iter().map(|&text| text.to_owned()).collect();
        let refused = Engine::from_settings(&settings(servers)).unwrap_err().to_string();
        assert!(refused.contains(part) && !refused.contains("hush"), "{refused}");
    }
    for name in ["", "a/b", "a b", &"x".repeat(65)] {
        let named = EngineSettings {
            name: name.to_owned(),
            ..settings(vec!["http://10.0.0.1:2379".to_owned()])
        };
        assert!(
            Engine::from_settings(&named)
                .unwrap_err()
                .to_string()
                .starts_with("cluster_name")
        );
    }
    for authorities in [
        "",
        "hush",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let wrong = EngineSettings {
            authorities: Some(authorities.into()),
            ..settings(vec!["https://10.0.0.1:2379".to_owned()])
        };
        let refused = Engine::from_settings(&wrong).unwrap_err().to_string();
        assert!(refused.starts_with("cluster_engine_ca"), "{refused}");
    }
}
