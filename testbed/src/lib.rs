//! Private servers for tests: each is started in a temporary directory on a free port, and is gone
//! with its directory when it is dropped, or when the test process dies.

mod certificates;
mod files;
mod pgbouncer;
pub mod postgres;
mod process;
mod proxy;
mod redis;
mod redis_cluster;
mod redis_sentinels;
mod small_disk;

pub use certificates::{Authority, Validity};
pub use pgbouncer::{PgBouncer, PgBouncerOptions, PoolMode};
pub use postgres::{Postgres, PostgresOptions};
pub use proxy::{Proxy, Traffic};
pub use redis::{Redis, RedisOptions};
pub use redis_cluster::{MovingSlot, RedisCluster};
pub use redis_sentinels::RedisSentinels;
pub use small_disk::SmallDisk;
