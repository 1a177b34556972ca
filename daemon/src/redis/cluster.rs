//! A cluster: connections to all its masters, used only while every one of them answers, so that what
//! is known of one key is known of all.

use redis::{
    FromRedisValue as _, TlsMode, Value,
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    cluster_routing::{MultipleNodeRoutingInfo, Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr},
};

use super::{health::field, kind::Place, opening::Opening};

/// Connects to the nodes that can be reached: those of the settings, and those that were known last.
///
/// # Errors
/// Why there is no connection.
pub(super) async fn open(
    opening: &Opening,
    nodes: &[Place],
    known: &[Place],
) -> Result<ClusterConnection, String> {
    let options = &opening.options;
    let more = known.iter().filter(|place| !nodes.contains(place));
    let mut builder = ClusterClient::builder(nodes.iter().chain(more).map(|place| options.at(place)))
        .connection_timeout(options.connect_timeout)
        .response_timeout(options.response_timeout)
        // What was sent and not answered may have been done.
        .retries(0);
    if let Some(certificates) = &opening.certificates {
        builder = builder.certs(certificates.clone());
    }
    if options.is_unverified() {
        builder = builder.tls(TlsMode::Insecure);
    }
    let client = builder.build().map_err(|error| opening.told(&error))?;
    // First to those that are known, then to those that they name; all of each at once.
    let limit = options.connect_timeout * 2 + options.response_timeout;
    opening.within(limit, client.get_async_connection()).await
}

/// The masters, all of which answer.
///
/// # Errors
/// Which do not.
pub(super) async fn masters(
    opening: &Opening,
    connection: &mut ClusterConnection,
) -> Result<Vec<Place>, String> {
    let mut info = redis::cmd("CLUSTER");
    info.arg("INFO");
    let some_master = SingleNodeRoutingInfo::SpecificNode(Route::new(0, SlotAddr::Master));
    let facts = connection.route_command(info, RoutingInfo::SingleNode(some_master)).await;
    let facts = facts.and_then(|facts| Ok(String::from_redis_value(facts)?));
    let facts = facts.map_err(|error| opening.told(&error))?;
    if field(&facts, "cluster_state") != Some("ok") {
        return Err("the cluster does not serve every key now: a master is away, or has no slots".to_owned());
    }
    let size = field(&facts, "cluster_size").and_then(|size| size.parse::<usize>().ok()).unwrap_or(1);
    let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answers = connection.route_command(redis::cmd("PING"), everywhere).await;
    let Value::Map(answers) = answers.map_err(|error| opening.told(&error))? else { return Ok(Vec::new()) };
    let masters: Vec<_> = answers.iter().filter_map(|(from, answer)| answered(from, answer)).collect();
    match masters.len() {
        answered if answered >= size => Ok(masters),
        answered => Err(format!("{answered} of the {size} masters of the cluster answer")),
    }
}

/// The address of a node that did not answer with an error.
fn answered(from: &Value, answer: &Value) -> Option<Place> {
    let (Value::BulkString(from), false) = (from, matches!(answer, Value::ServerError(_))) else {
        return None;
    };
    let (host, port) = std::str::from_utf8(from).ok()?.rsplit_once(':')?;
    Some(Place { host: host.to_owned(), port: port.parse().ok()? })
}
