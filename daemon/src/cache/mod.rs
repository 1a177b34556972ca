//! Caches: answers by request, of this daemon and of all, scope chains, the next change of validity, and
//! the generations that keep them right. A write makes old answers unreachable by raising one number;
//! nothing is searched for or removed.

mod flights;
mod generations;
mod query_cache;
mod requirements;
mod scope_cache;
mod shared;
mod shared_value;
mod validity;

pub use flights::{Boarding, Flight, Flights};
pub use generations::{Dependencies, Generations};
pub use query_cache::{CachedReply, QueryCache, QueryCacheOptions};
pub use requirements::{Requirements, Ticket};
pub use scope_cache::ScopeCache;
pub use shared::{Place, SharedCache, Snapshots};
pub use shared_value::{Question, SharedAnswer};
pub use validity::NextValidityChange;
