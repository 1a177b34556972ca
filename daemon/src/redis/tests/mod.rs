//! Redis as it really is: servers that are away, fall silent, forget, ask for a password, or take TLS.

mod cluster;
mod connecting;
mod locks;
mod sentinels;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_memory_proto::settings::{PREFIX, Settings};
use agent_memory_testbed::Redis as Server;

use super::{Redis, RedisOptions};
use crate::{
    breaker::BreakerOptions, clock::Clock, store::StoreError, supervisor::Supervisor, waiting::until_within,
};

const BREAKER: BreakerOptions =
    BreakerOptions { failure_threshold: 5, reset_timeout: Duration::from_secs(30), success_threshold: 2 };

/// The options that settings make.
fn options(variables: &[(&str, String)]) -> RedisOptions {
    let on = [("REDIS_ENABLED", "1".to_owned()), ("DB_TYPE", "postgresql".to_owned())];
    let given = on.iter().chain(variables);
    let given = given.map(|(name, value)| (format!("{PREFIX}{name}"), value.clone()));
    let settings = Settings::resolve(given, None).expect("each is allowed");
    RedisOptions::from_settings(&settings, std::path::Path::new("/data"))
        .expect("they fit")
        .expect("it is enabled")
}

/// Redis as the daemon uses it, on a server.
async fn on(server: &Server, supervisor: &Supervisor) -> Redis {
    start(options(&[("REDIS_URL", server.url())]), supervisor).await
}

async fn start(options: RedisOptions, supervisor: &Supervisor) -> Redis {
    Redis::start(options, Clock::system().new_id(), BREAKER, supervisor, Arc::new(|_| {}))
        .await
        .expect("it starts")
}

async fn ping(redis: &Redis) -> Result<String, StoreError> {
    redis.query(&redis::cmd("PING")).await
}

/// Waits until Redis answers.
async fn until_it_answers(redis: &Redis) -> Duration {
    let began = Instant::now();
    until(async || ping(redis).await.is_ok()).await;
    began.elapsed()
}

/// Looks until it is so; less than half a minute, which is when the breaker would try by itself.
async fn until(is_so: impl AsyncFnMut() -> bool) {
    until_within(Duration::from_secs(20), "it heals", is_so).await;
}
