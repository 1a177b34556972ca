//! Which store a test runs on. A promise that holds whatever the store is one function over a
//! [`Backend`], and [`on_every_backend!`](crate::on_every_backend) makes a test of it for each.

use agent_memory_testbed::{Postgres, Redis};

use crate::Instance;

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file in the data directory.
    Sqlite,
    /// A server of the test's own.
    Postgres,
    /// The same, with a Redis of the test's own.
    PostgresRedis,
}

impl Backend {
    /// Whether many daemons may share the store.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::Sqlite)
    }

    /// A new instance with an empty store of this kind.
    ///
    /// # Panics
    /// When there is no PostgreSQL or Redis on this machine, or it does not start.
    #[must_use]
    pub fn instance(self) -> Instance {
        match self {
            Self::Sqlite => Instance::new(),
            Self::Postgres => Instance::new().with_server(Postgres::start().expect("a PostgreSQL server")),
            Self::PostgresRedis => {
                Self::Postgres.instance().with_redis(Redis::start().expect("a Redis server"))
            }
        }
    }
}

/// Makes a test on every backend of each of these functions.
#[macro_export]
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test($crate::Backend::Sqlite); })+
        }
        mod postgres {
            $(#[test] fn $test() { super::$test($crate::Backend::Postgres); })+
        }
        mod postgres_redis {
            $(#[test] fn $test() { super::$test($crate::Backend::PostgresRedis); })+
        }
    };
}
