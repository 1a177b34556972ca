//! The query cache: encoded answers by the bytes of their request, bounded by number and by bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use agent_memory_proto::response::CacheHealth;
use foldhash::fast::RandomState;
use quick_cache::{Lifecycle, Weighter, sync::Cache};

use super::Dependencies;

/// Bytes that an entry costs beside its key and its answer.
const ENTRY_OVERHEAD_BYTES: u64 = 256;

/// An encoded answer and what it depends on.
#[derive(Debug)]
pub struct CachedReply {
    /// The encoded response.
    pub payload: Box<[u8]>,
    /// What must not have changed.
    pub dependencies: Dependencies,
    /// When it was read.
    pub read_at: Instant,
    /// When it may no longer be answered as if it were fresh.
    pub expires_at: Instant,
}

/// Bounds of the cache.
#[derive(Clone, Copy, Debug)]
pub struct QueryCacheOptions {
    /// Most answers; 0 switches the cache off.
    pub entries_max: u64,
    /// Most bytes.
    pub bytes_max: u64,
}

#[derive(Clone, Debug)]
struct ByteWeighter {
    floor: u64,
}

impl Weighter<Box<[u8]>, Arc<CachedReply>> for ByteWeighter {
    fn weight(&self, key: &Box<[u8]>, reply: &Arc<CachedReply>) -> u64 {
        entry_bytes(key, reply).max(self.floor)
    }
}

fn entry_bytes(key: &[u8], reply: &CachedReply) -> u64 {
    (key.len() + reply.payload.len()) as u64 + ENTRY_OVERHEAD_BYTES
}

/// Counts the answers that are given up for want of room.
#[derive(Clone, Debug, Default)]
struct Evictions(Arc<AtomicU64>);

impl Lifecycle<Box<[u8]>, Arc<CachedReply>> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Box<[u8]>, _: Arc<CachedReply>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

type Answers = Cache<Box<[u8]>, Arc<CachedReply>, ByteWeighter, RandomState, Evictions>;

/// The cache.
#[derive(Debug)]
pub struct QueryCache {
    answers: Option<Answers>,
    options: QueryCacheOptions,
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: Evictions,
}

impl QueryCache {
    /// An empty cache. Every answer weighs at least its share of the bytes, so that the number of
    /// answers is bounded by the same means.
    #[must_use]
    pub fn new(options: QueryCacheOptions) -> Self {
        let evictions = Evictions::default();
        let answers = (options.entries_max > 0 && options.bytes_max > 0).then(|| {
            let floor = (options.bytes_max / options.entries_max).max(1);
            let capacity = usize::try_from(options.entries_max).unwrap_or(usize::MAX);
            Cache::with(
                capacity.min(1 << 20),
                options.bytes_max,
                ByteWeighter { floor },
                RandomState::default(),
                evictions.clone(),
            )
        });
        Self { answers, options, hits: 0.into(), misses: 0.into(), evictions }
    }

    /// The answer to these bytes, if nothing it depends on has changed.
    #[must_use]
    pub fn get(&self, request: &[u8], now: Instant) -> Option<Arc<CachedReply>> {
        let found = self.answers.as_ref()?.get(request);
        let fresh = found.filter(|reply| reply.expires_at > now && reply.dependencies.hold());
        let counter = if fresh.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        fresh
    }

    /// The answer to these bytes, however old, unless it is known that something changed since.
    #[must_use]
    pub fn get_stale(&self, request: &[u8]) -> Option<Arc<CachedReply>> {
        self.answers.as_ref()?.get(request).filter(|reply| reply.dependencies.hold())
    }

    /// Keeps an answer for `ttl`, unless it is stale already.
    pub fn put(
        &self,
        request: &[u8],
        payload: &[u8],
        dependencies: Dependencies,
        now: Instant,
        ttl: Duration,
    ) {
        let Some(answers) = &self.answers else { return };
        if ttl.is_zero() || !dependencies.hold() {
            return;
        }
        let reply = CachedReply {
            payload: payload.into(),
            dependencies,
            read_at: now,
            expires_at: now.checked_add(ttl).unwrap_or(now),
        };
        answers.insert(request.into(), Arc::new(reply));
    }

    /// Forgets every answer: they may depend on settings that have just changed.
    pub fn clear(&self) {
        if let Some(answers) = &self.answers {
            answers.clear();
        }
    }

    /// Answers that were given up for want of room.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.evictions.0.load(Ordering::Relaxed)
    }

    /// How full it is and how well it does.
    #[must_use]
    pub fn health(&self) -> CacheHealth {
        let bytes = |cache: &Answers| cache.iter().map(|(key, reply)| entry_bytes(&key, &reply)).sum();
        CacheHealth {
            entries: self.answers.as_ref().map_or(0, |cache| cache.len() as u64),
            memory_bytes: self.answers.as_ref().map_or(0, bytes),
            memory_limit_bytes: self.options.bytes_max,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::ScopeRef;

    use super::*;
    use crate::cache::Generations;

    const TTL: Duration = Duration::from_secs(60);

    #[test]
    fn an_answer_is_gone_once_its_scope_changes() {
        let generations = Generations::default();
        let cache = QueryCache::new(QueryCacheOptions { entries_max: 10, bytes_max: 100_000 });
        let now = Instant::now();
        cache.put(b"question", b"answer", generations.capture(Some(&[ScopeRef::GLOBAL])), now, TTL);
        assert_eq!(&*cache.get(b"question", now).expect("cached").payload, b"answer");
        assert!(cache.get(b"question", now + TTL).is_none());
        generations.raise(ScopeRef::GLOBAL, false);
        assert!(cache.get(b"question", now).is_none());
    }

    #[test]
    fn an_old_answer_is_there_for_bad_times_unless_it_is_known_to_be_wrong() {
        let generations = Generations::default();
        let cache = QueryCache::new(QueryCacheOptions { entries_max: 10, bytes_max: 100_000 });
        let now = Instant::now();
        cache.put(b"question", b"answer", generations.capture(Some(&[ScopeRef::GLOBAL])), now, TTL);
        assert!(cache.get(b"question", now + TTL).is_none());
        assert_eq!(cache.get_stale(b"question").expect("kept").read_at, now);
        generations.raise(ScopeRef::GLOBAL, false);
        assert!(cache.get_stale(b"question").is_none());
    }

    #[test]
    fn a_slow_reader_cannot_put_back_a_stale_answer() {
        let generations = Generations::default();
        let cache = QueryCache::new(QueryCacheOptions { entries_max: 10, bytes_max: 100_000 });
        let captured = generations.capture(Some(&[ScopeRef::GLOBAL]));
        generations.raise(ScopeRef::GLOBAL, false);
        cache.put(b"question", b"old answer", captured, Instant::now(), TTL);
        assert!(cache.get(b"question", Instant::now()).is_none());
    }

    #[test]
    fn the_number_and_the_bytes_are_bounded() {
        let generations = Generations::default();
        let cache = QueryCache::new(QueryCacheOptions { entries_max: 100, bytes_max: 1_000_000 });
        for n in 0..10_000_u32 {
            cache.put(&n.to_le_bytes(), &[0; 500], generations.capture(None), Instant::now(), TTL);
        }
        let health = cache.health();
        assert!(health.entries <= 100, "{health:?}");
        assert!(health.memory_bytes <= 1_000_000, "{health:?}");
        assert_eq!(cache.evictions(), 10_000 - health.entries);
        cache.clear();
        assert_eq!(cache.evictions(), 10_000 - health.entries, "what is forgotten was not in the way");
    }
}
