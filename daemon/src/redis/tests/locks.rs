//! Locks as they are shown: what comes late never hides what is newer.

use agent_memory_proto::model::{FileLock, Id};

use super::{
    super::locks::{Said, Scripts, tell},
    *,
};
use crate::actors::block_on;

const HOUR_MS: u64 = 3_600_000;

fn lock(token: u64, agent: &str) -> FileLock {
    FileLock {
        id: Id([1; 16]),
        path: "/src/{a} b.rs".to_owned(),
        agent_id: agent.to_owned(),
        session_id: None,
        project_id: None,
        reason: Some("new grammar".to_owned()),
        metadata: None,
        token,
        acquired_at_ms: 0,
        expires_at_ms: 1,
    }
}

fn held(token: u64, agent: &str, ttl_ms: u64) -> Said {
    Said::Held { lock: Box::new(lock(token, agent)), ttl_ms }
}

fn ended(token: u64) -> Said {
    Said::Ended { path: lock(token, "").path, token }
}

/// The token, the owner, and how long it is shown.
async fn shown(redis: &Redis) -> (Option<u64>, Option<String>, i64) {
    let key = redis.key("lock:/src/{a} b.rs");
    let mut fields = redis::cmd("HMGET");
    fields.arg(&key).arg("token").arg("owner");
    let (token, owner) = redis.query(&fields).await.expect("it answers");
    (token, owner, redis.query(redis::cmd("PTTL").arg(&key)).await.expect("it answers"))
}

#[test]
fn an_older_token_never_hides_a_newer_one_and_what_ended_stays_so() {
    let server = Server::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let redis = on(&server, &supervisor).await;
        let scripts = Scripts::new();
        let say = async |said| tell(&redis, &scripts, &said).await.expect("it answers");
        let owned = |owner: &str| Some(owner.to_owned());

        say(held(7, "ada", HOUR_MS)).await;
        let (token, owner, left) = shown(&redis).await;
        assert_eq!((token, owner), (Some(7), owned("ada")));
        assert!((3_500_000..=3_600_000).contains(&left), "{left}");
        say(held(7, "ada", 60_000)).await;
        assert!(shown(&redis).await.2 > 3_500_000, "a renewal never shortens it");
        for late in [held(6, "bob", HOUR_MS), ended(6)] {
            say(late).await;
            assert_eq!(shown(&redis).await.1, owned("ada"));
        }
        say(ended(7)).await;
        say(held(7, "ada", HOUR_MS)).await;
        let (token, owner, left) = shown(&redis).await;
        assert_eq!((token, owner), (Some(7), None), "what ended is not shown again");
        assert!((1..=60_000).contains(&left), "{left}");
        say(held(8, "bob", 60_000)).await;
        assert_eq!(shown(&redis).await.1, owned("bob"));
        server.flush().unwrap();
        say(held(9, "cyd", 60_000)).await;
        assert_eq!(shown(&redis).await.0, Some(9));
        // The end of a lock may be told before anybody heard of the lock.
        say(ended(10)).await;
        say(held(10, "dan", HOUR_MS)).await;
        assert_eq!(shown(&redis).await.1, None);
    })
    .unwrap();
}

#[test]
fn a_lock_is_shown_no_longer_than_the_setting_says() {
    let server = Server::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let settings = [("REDIS_URL", server.url()), ("REDIS_LOCK_TTL_MS", "5000".to_owned())];
        let redis = start(options(&settings), &supervisor).await;
        tell(&redis, &Scripts::new(), &held(1, "ada", HOUR_MS)).await.expect("it answers");
        assert!((1..=5_000).contains(&shown(&redis).await.2));
    })
    .unwrap();
}

#[test]
fn what_redis_missed_is_told_again() {
    let mut server = Server::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let retries = [("REDIS_LOCK_RETRY_COUNT", "100"), ("REDIS_LOCK_RETRY_DELAY_MS", "50")];
        let retries = retries.map(|(name, value)| (name, value.to_owned()));
        let settings = [&[("REDIS_URL", server.url())], retries.as_slice()].concat();
        let redis = start(options(&settings), &supervisor).await;
        redis.tell_locks(&supervisor).expect("it starts");
        server.kill().unwrap();
        redis.show_lock(&lock(3, "ada"), HOUR_MS);
        let error = ping(&redis).await.expect_err("nobody is there");
        assert!(error.is_certainly_not_applied(), "{error}");
        server.run().unwrap();
        until_it_answers(&redis).await;
        until(async || shown(&redis).await.0 == Some(3)).await;
    })
    .unwrap();
}
