//! Scope chains: which scopes stand above a scope, remembered until the tree of scopes changes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_memory_proto::model::ScopeRef;
use quick_cache::sync::Cache;

const CHAINS_MAX: usize = 10_000;

#[derive(Clone, Debug)]
struct Chain {
    scopes: Arc<[ScopeRef]>,
    tree: u64,
    expires_at: Instant,
}

/// The cache of chains.
#[derive(Debug)]
pub struct ScopeCache {
    chains: Cache<ScopeRef, Chain>,
}

impl Default for ScopeCache {
    fn default() -> Self {
        Self { chains: Cache::new(CHAINS_MAX) }
    }
}

impl ScopeCache {
    /// The scope and those above it, if known under this state of the tree.
    #[must_use]
    pub fn get(&self, scope: ScopeRef, tree: u64, now: Instant) -> Option<Arc<[ScopeRef]>> {
        let chain = self.chains.get(&scope)?;
        (chain.tree == tree && chain.expires_at > now).then_some(chain.scopes)
    }

    /// Forgets every chain.
    pub fn clear(&self) {
        self.chains.clear();
    }

    /// Keeps a chain that was read after the tree stood at `tree`.
    pub fn put(&self, scope: ScopeRef, scopes: Arc<[ScopeRef]>, tree: u64, now: Instant, ttl: Duration) {
        if !ttl.is_zero() {
            self.chains.insert(scope, Chain { scopes, tree, expires_at: now + ttl });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_forgotten_when_the_tree_changes_or_time_passes() {
        let cache = ScopeCache::default();
        let now = Instant::now();
        let ttl = Duration::from_secs(1);
        cache.put(ScopeRef::GLOBAL, Arc::from([ScopeRef::GLOBAL]), 1, now, ttl);
        assert!(cache.get(ScopeRef::GLOBAL, 1, now).is_some());
        assert!(cache.get(ScopeRef::GLOBAL, 2, now).is_none());
        assert!(cache.get(ScopeRef::GLOBAL, 1, now + ttl).is_none());
    }
}
