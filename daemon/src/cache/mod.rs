//! Caches: answers by request, scope chains, and the generations that keep both right. A write
//! makes old answers unreachable by raising one number; nothing is searched for or removed.

mod generations;
mod query_cache;
mod scope_cache;

pub use generations::{Dependencies, Generations};
pub use query_cache::{CachedReply, QueryCache, QueryCacheOptions};
pub use scope_cache::ScopeCache;
