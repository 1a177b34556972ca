//! A Redis server with a replica, and three sentinels that make the replica the master when it is lost.

use anyhow::{Context, Result};

use crate::{Redis, RedisOptions};

/// What the sentinels call the master.
const MASTER: &str = "mymaster";
const SENTINELS: usize = 3;

/// A master, a replica, and sentinels, each on a port of 127.0.0.1.
#[derive(Debug)]
pub struct RedisSentinels {
    servers: Vec<Redis>,
    sentinels: Vec<Redis>,
}

impl RedisSentinels {
    /// Starts them with nothing in them, and waits until the replica follows the master.
    ///
    /// # Errors
    /// When Redis is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(RedisOptions::default(), RedisOptions::default())
    }

    /// Starts them with these options of the servers and of the sentinels.
    ///
    /// # Errors
    /// As [`RedisSentinels::start`].
    pub fn start_with(server: RedisOptions, mut sentinel: RedisOptions) -> Result<Self> {
        let mut server = server.set("repl-diskless-sync-delay", "0").set("repl-diskless-load", "swapdb");
        if let Some(password) = server.password.clone() {
            server = server.set("masterauth", &password);
            sentinel = sentinel.set("sentinel", &format!("auth-pass {MASTER} {password}"));
        }
        if let Some(password) = sentinel.password.clone() {
            sentinel = sentinel.set("sentinel", &format!("sentinel-pass {password}"));
        }
        let master = Redis::start_with(server.clone())?;
        let follow = format!("127.0.0.1 {}", master.port());
        let mut replica = Redis::start_with(server.set("replicaof", &follow))?;
        replica.wait_for_line("MASTER <-> REPLICA sync: Finished with success")?;
        let watch = format!("monitor {MASTER} {follow} 2");
        sentinel.settings.insert(0, ("sentinel".to_owned(), watch));
        // Each connects anew to the server that it has just called the master, and asks once a second: with less
        // than this, all of them take it for lost at once, and make the other one the master, and so on.
        let patience = format!("down-after-milliseconds {MASTER} 2000");
        let known = format!("known-replica {MASTER} 127.0.0.1 {}", replica.port());
        sentinel.is_sentinel = true;
        let sentinel = sentinel.set("sentinel", &patience).set("sentinel", &known);
        let mut sentinels = Vec::new();
        for _ in 0..SENTINELS {
            sentinels.push(Redis::start_with(sentinel.clone())?);
        }
        for sentinel in &mut sentinels {
            for _ in 1..SENTINELS {
                sentinel.wait_for_line("+sentinel sentinel")?;
            }
        }
        Ok(Self { servers: vec![master, replica], sentinels })
    }

    /// Where the sentinels are, as `127.0.0.1:26379,127.0.0.1:26380`.
    #[must_use]
    pub fn addresses(&self) -> String {
        let addresses: Vec<_> =
            self.sentinels.iter().map(|one| format!("127.0.0.1:{}", one.port())).collect();
        addresses.join(",")
    }

    /// The sentinels.
    pub fn sentinels(&mut self) -> &mut [Redis] {
        &mut self.sentinels
    }

    /// The server that the sentinels call the master.
    ///
    /// # Errors
    /// When no sentinel runs.
    pub fn master(&mut self) -> Result<&mut Redis> {
        let sentinel = self.sentinels.iter().find(|sentinel| sentinel.is_running()).context("a sentinel")?;
        let answer = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER])?;
        let port = answer.lines().last().and_then(|port| port.parse().ok()).context("a port")?;
        self.servers.iter_mut().find(|server| server.port() == port).context("one of the servers")
    }

    /// Waits until all sentinels call another server the master.
    ///
    /// # Errors
    /// When they do not in time.
    pub fn until_replaced(&mut self) -> Result<()> {
        self.sentinels.iter_mut().try_for_each(|sentinel| sentinel.wait_for_line("+switch-master"))
    }

    /// The servers that were killed or stopped.
    pub fn lost(&mut self) -> impl Iterator<Item = &mut Redis> {
        self.servers.iter_mut().filter(|server| !server.is_running())
    }

    /// Has the sentinels make another server the master, while the one that is stays alive.
    ///
    /// # Errors
    /// When they refuse.
    pub fn hand_over(&self) -> Result<()> {
        self.sentinels[0].command(&["SENTINEL", "FAILOVER", MASTER]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replica_becomes_the_master_when_it_is_lost() {
        let mut redis = RedisSentinels::start().expect("servers");
        let before = redis.master().expect("a master").port();
        redis.master().expect("a master").kill().expect("killed");
        redis.until_replaced().expect("agreed");
        let after = redis.master().expect("a master");
        assert_ne!(after.port(), before);
        assert_eq!(after.command(&["SET", "a", "1"]).expect("it takes writes"), "OK");
        assert_eq!(redis.lost().map(|server| server.port()).collect::<Vec<_>>(), [before]);
    }
}
