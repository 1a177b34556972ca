//! What becomes of the changes that other daemons make in a shared store. While they are not heard,
//! nothing is answered from a cache as if it were fresh; before it is again, everything is dropped.

use std::sync::Arc;

use agent_memory_proto::Event;

use crate::{
    breaker::Gate,
    services::Services,
    store::{Change, Follower},
};

/// Keeps the caches right, and the subscribers informed.
pub struct Following {
    services: Arc<Services>,
    /// The service that tells of the changes.
    channel: &'static str,
    /// The breaker of the service that tells of the changes: that it does, or ceases to, says
    /// something about it.
    gate: Option<Gate>,
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Following").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl Following {
    /// Follows the changes that `service` tells of.
    #[must_use]
    pub fn new(services: &Arc<Services>, service: &'static str) -> Self {
        let gate = services.supervisor.breakers().gate(service);
        Self { services: Arc::clone(services), channel: service, gate }
    }
}

impl Follower for Following {
    fn changed(&self, change: &Change) {
        self.services.changes.publish_of_other(change);
    }

    fn freed(&self, path: Option<&str>) {
        match path {
            Some(path) => self.services.lock_lines.freed(path),
            None => self.services.lock_lines.all_freed(),
        }
    }

    fn lost(&self, reason: &str) {
        self.services.changes.go_deaf(self.channel, reason);
        if let Some(gate) = &self.gate {
            gate.suspect();
        }
    }

    fn restored(&self) {
        self.services.forget_everything();
        // Some may have been freed meanwhile.
        self.services.lock_lines.all_freed();
        let reason = self.services.changes.hear_again(self.channel).unwrap_or_default();
        self.services.changes.tell(Event::ChangesMissed { reason });
        if let Some(gate) = &self.gate {
            gate.seen();
        }
    }

    fn missed(&self, reason: &str) {
        tracing::warn!("caches are dropped: {reason}");
        self.services.everything_changed();
        self.services.changes.tell(Event::ChangesMissed { reason: reason.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use agent_memory_proto::model::ScopeRef;

    use crate::{
        cache::{Generations, QueryCache, QueryCacheOptions},
        services::Changes,
    };

    const TTL: Duration = Duration::from_secs(60);

    #[test]
    fn a_reader_that_began_before_the_gap_ended_cannot_keep_what_it_read() {
        let (changes, now) = (Changes::default(), Instant::now());
        let cache = QueryCache::new(QueryCacheOptions { entries_max: 10, bytes_max: 100_000 });
        let generations: &Generations = &changes.generations;
        changes.go_deaf("one", "the connection ended");
        let captured = generations.capture(Some(&[ScopeRef::GLOBAL]));
        cache.clear();
        assert_eq!(changes.hear_again("one").as_deref(), Some("the connection ended"));
        cache.put(b"question", b"old answer", captured, now, TTL);
        assert!(cache.get(b"question", now).is_none() && cache.get_stale(b"question").is_none());
        assert_eq!(changes.deaf(), None);
    }
}
