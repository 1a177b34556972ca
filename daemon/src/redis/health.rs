//! How Redis is: asked just now, and never for longer than one timeout.

use agent_memory_proto::response::{RedisHealth, RedisKind};

use super::{Redis, kind::Place};

impl Redis {
    /// Which kind of Redis the settings name.
    #[must_use]
    pub fn kind(&self) -> RedisKind {
        self.0.options.kind.told()
    }

    /// How Redis is, and what is wrong in words.
    pub async fn probe(&self) -> (RedisHealth, Vec<String>) {
        let parts = &self.0;
        let Place { host, port } = parts.link.place();
        let events = parts.events.standing();
        let mut health = RedisHealth {
            connected: false,
            host,
            port,
            engine_version: String::new(),
            ping_us: None,
            memory_bytes: None,
            memory_limit_bytes: None,
            connection_failures: 0,
            events_heard: events.is_whole,
            event_lag_us: events.lag_us,
            event_gaps: events.gaps,
            daemons: u32::try_from(events.daemons).unwrap_or(u32::MAX),
        };
        let mut problems = Vec::new();
        // Health is asked for when something is wrong: it looks past the breaker, and is not counted.
        match parts.link.ping().await {
            Ok(took) => {
                health.connected = true;
                health.ping_us = Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
                let facts = parts.link.facts().await;
                let version = facts.iter().find_map(|facts| field(facts, "redis_version"));
                health.engine_version = version.unwrap_or_default().to_owned();
                health.memory_bytes = sum(&facts, "used_memory");
                health.memory_limit_bytes = sum(&facts, "maxmemory").filter(|bytes| *bytes > 0);
            }
            Err(error) => problems.push(format!(
                "Redis at {} cannot be used, so daemons share less and are slower, and nothing is lost: {error}",
                parts.options.location()
            )),
        }
        health.connection_failures = parts.link.failures();
        (health, problems)
    }
}

/// What is in a field of all answers together.
fn sum(facts: &[String], name: &str) -> Option<u64> {
    let each = facts.iter().map(|facts| field(facts, name)?.parse::<u64>().ok());
    each.reduce(|sum, more| Some(sum? + more?)).flatten()
}

/// A field of what `INFO` answers.
pub(super) fn field<'a>(facts: &'a str, name: &str) -> Option<&'a str> {
    facts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::{field, sum};

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let facts = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_human:0B\r\nmaxmemory:1048576\r\n";
        assert_eq!(field(facts, "redis_version"), Some("7.0.15"));
        assert_eq!(field(facts, "maxmemory"), Some("1048576"));
        assert_eq!(field(facts, "used_memory"), None);
        let both = [facts.to_owned(), "maxmemory:1\r\n".to_owned()];
        assert_eq!(sum(&both, "maxmemory"), Some(1_048_577));
        assert_eq!(sum(&[], "maxmemory"), None);
    }
}
