//! A connection for commands, to one server or to all masters of a cluster.

use futures_util::FutureExt as _;
use redis::{
    Cmd, ErrorKind, Pipeline, RedisFuture, ServerErrorKind, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
};

/// A connection. Cheap to clone.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    /// It repeats nothing by itself: what was sent once may have been done.
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let cluster = match self {
            Self::One(connection) => return connection.req_packed_command(command),
            Self::Cluster(cluster) => cluster,
        };
        async move {
            match cluster.req_packed_command(command).await {
                // Not done, for the keys are elsewhere; the driver asks where before it sends anything else.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) => {
                    cluster.req_packed_command(command).await
                }
                answer => answer,
            }
        }
        .boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
