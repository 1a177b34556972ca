//! Caches: answers by request, scope chains, the next change of validity, and the generations that
//! keep them right. A write makes old answers unreachable by raising one number; nothing is searched
//! for or removed.

mod generations;
mod query_cache;
mod scope_cache;
mod validity;

pub use generations::{Dependencies, Generations};
pub use query_cache::{CachedReply, QueryCache, QueryCacheOptions};
pub use scope_cache::ScopeCache;
pub use validity::NextValidityChange;
