//! Connecting, losing the connection, and connecting again.

use std::time::{Duration, Instant};

use agent_memory_testbed::{Authority, Redis as Server, RedisOptions as ServerOptions, Validity};

use super::*;
use crate::actors::block_on;

#[test]
fn without_a_server_it_starts_and_it_heals_by_itself() {
    let mut server = Server::start().unwrap();
    server.stop().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = on(&server, &supervisor).await;
        assert!(!redis.is_connected());
        for _ in 0..20 {
            let error = ping(&redis).await.expect_err("nobody is there");
            assert!(error.is_certainly_not_applied(), "{error}");
        }
        let (health, problems) = redis.probe().await;
        assert!(!health.connected && health.connection_failures > 0);
        assert!(problems[0].contains("nothing is lost"), "{problems:?}");
        server.run().unwrap();
        let took = until_it_answers(&redis).await;
        println!("taken up again {took:?} after the server was back");
        let (health, problems) = redis.probe().await;
        assert!(health.connected && problems.is_empty(), "{problems:?}");
        assert_eq!((health.host.as_str(), health.port), ("127.0.0.1", server.port()));
        assert!(health.engine_version.starts_with(|digit: char| digit.is_ascii_digit()), "{health:?}");
    })
    .unwrap();
}

#[test]
fn silence_costs_one_timeout_once_and_nothing_afterwards() {
    let server = Server::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let url = ("REDIS_URL", server.url());
        let redis =
            start(options(&[url, ("REDIS_RESPONSE_TIMEOUT_MS", "300".to_owned())]), &supervisor).await;
        ping(&redis).await.expect("it answers");
        server.freeze().unwrap();
        let began = Instant::now();
        ping(&redis).await.expect_err("it is silent");
        let first = began.elapsed();
        assert!(first < Duration::from_millis(600), "{first:?}");
        let began = Instant::now();
        for _ in 0..200 {
            ping(&redis).await.expect_err("it is silent");
            tokio::task::yield_now().await;
        }
        let later = began.elapsed();
        println!("the first took {first:?}, the next 200 together {later:?}");
        assert!(later < Duration::from_millis(100), "{later:?}");
        server.go_on().unwrap();
        until_it_answers(&redis).await;
    })
    .unwrap();
}

#[test]
fn a_killed_server_is_taken_up_again_and_scripts_are_sent_again() {
    let mut server = Server::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = on(&server, &supervisor).await;
        let script = redis::Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
        let counted = |by: i64| {
            let mut call = script.prepare_invoke();
            call.key(redis.key("count")).arg(by);
            call
        };
        assert_eq!(redis.run::<i64>(&counted(2)).await, Ok(2));
        server.kill().unwrap();
        server.run().unwrap();
        until_it_answers(&redis).await;
        assert_eq!(redis.run::<i64>(&counted(3)).await, Ok(3), "it forgot the number and the script");
        assert_eq!(server.command(&["GET", "agentmem:count"]).unwrap(), "3");
    })
    .unwrap();
}

#[test]
fn a_command_that_is_refused_says_nothing_about_the_connection() {
    let server = Server::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = on(&server, &supervisor).await;
        for _ in 0..10 {
            let refused = redis.query::<String>(redis::cmd("GET").arg("a").arg("b")).await;
            assert!(matches!(refused, Err(StoreError::Other(_))), "{refused:?}");
        }
        assert_eq!(ping(&redis).await.as_deref(), Ok("PONG"));
    })
    .unwrap();
}

#[test]
fn a_password_and_a_user_of_the_access_list_are_asked_for_and_given() {
    let user = "worker on >secret ~agentmem:* &agentmem:* +@all -@admin -@dangerous +info";
    let server =
        Server::start_with(ServerOptions::default().with_password("sesame").with_user(user)).unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let with = |given: &[(&str, &str)]| {
            let given = given.iter().map(|(name, value)| (*name, (*value).to_owned()));
            options(&given.chain([("REDIS_URL", server.url())]).collect::<Vec<_>>())
        };
        for given in [
            &[("REDIS_PASSWORD", "sesame")][..],
            &[("REDIS_USERNAME", "worker"), ("REDIS_PASSWORD", "secret")],
        ] {
            let redis = start(with(given), &supervisor).await;
            assert_eq!(ping(&redis).await.as_deref(), Ok("PONG"), "{given:?}");
        }
        let wrong = [
            &[][..],
            &[("REDIS_PASSWORD", "secret")],
            &[("REDIS_USERNAME", "worker"), ("REDIS_PASSWORD", "x")],
        ];
        for given in wrong {
            let redis = start(with(given), &supervisor).await;
            let error = ping(&redis).await.expect_err("it is refused").to_string();
            assert!(error.contains("AGENT_MEMORY_REDIS_PASSWORD"), "{given:?}: {error}");
        }
    })
    .unwrap();
}

#[test]
fn tls_checks_the_certificate_and_the_name_unless_told_not_to() {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let tls = ServerOptions::default().with_tls(&authority, "localhost", Validity::Now).unwrap();
    let server = Server::start_with(tls).unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let with = |host: &str, given: &[(&str, String)]| {
            let place = [("REDIS_TLS", "1".to_owned()), ("REDIS_HOST", host.to_owned())];
            options(&[&place, &[("REDIS_PORT", server.port().to_string())][..], given].concat())
        };
        let trusted = ("REDIS_TLS_CA", authority.file().display().to_string());
        let redis = start(with("localhost", std::slice::from_ref(&trusted)), &supervisor).await;
        assert_eq!(ping(&redis).await.as_deref(), Ok("PONG"));
        let unverified = ("REDIS_TLS_REJECT_UNAUTHORIZED", "0".to_owned());
        let redis = start(with("127.0.0.1", &[unverified]), &supervisor).await;
        assert_eq!(ping(&redis).await.as_deref(), Ok("PONG"));
        let stranger = ("REDIS_TLS_CA", other.file().display().to_string());
        for (host, authorities) in [("127.0.0.1", trusted), ("localhost", stranger)] {
            let redis = start(with(host, &[authorities]), &supervisor).await;
            let error = ping(&redis).await.expect_err("it is not believed").to_string();
            assert!(error.to_lowercase().contains("certificate"), "{host}: {error}");
        }
    })
    .unwrap();
}
