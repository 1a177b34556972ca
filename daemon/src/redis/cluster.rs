//! A cluster: connections to all its masters, used only while every one of them answers, so that what
//! is known of one key is known of all.

use redis::{
    Cmd, ErrorKind, FromRedisValue as _, Pipeline, RedisResult, ServerErrorKind, TlsMode, Value,
    aio::ConnectionLike as _,
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

/// Sends a command to the master that has its keys. A master that does not have them has done nothing, and
/// says where they are.
pub(super) async fn send(cluster: &mut ClusterConnection, command: &Cmd) -> RedisResult<Value> {
    let mut answer = cluster.req_packed_command(command).await;
    if is_refused_as(&answer, ServerErrorKind::Moved) {
        // The driver asks where before it sends anything else.
        answer = cluster.req_packed_command(command).await;
    }
    let place = match &answer {
        Err(error) if is_refused_as(&answer, ServerErrorKind::Ask) => {
            error.redirect_node().and_then(|(address, _)| place_of(address))
        }
        _ => None,
    };
    match place {
        Some(place) => send_to_receiver(cluster, command, place).await,
        None => answer,
    }
}

/// Sends a command to the master that its keys are being moved to just now. Leave to answer for keys that are
/// not its own yet is for the next command of the connection, so both go as one.
async fn send_to_receiver(
    cluster: &mut ClusterConnection,
    command: &Cmd,
    Place { host, port }: Place,
) -> RedisResult<Value> {
    let mut both = Pipeline::with_capacity(2);
    both.cmd("ASKING").add_command(command.clone());
    let receiver = SingleNodeRoutingInfo::ByAddress { host, port };
    let answers = cluster.route_pipeline(both, 0, 2, receiver).await?;
    answers.into_iter().next_back().unwrap_or(Value::Nil).extract_error()
}

fn is_refused_as(answer: &RedisResult<Value>, kind: ServerErrorKind) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server(kind))
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
    all_answered(answers.map_err(|error| opening.told(&error))?, size)
}

/// The masters that answered, when all did.
fn all_answered(answers: Value, size: usize) -> Result<Vec<Place>, String> {
    let Value::Map(answers) = answers else {
        return Err(
            "it is not known which masters of the cluster answer: their answers came without their names"
                .to_owned(),
        );
    };
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
    place_of(std::str::from_utf8(from).ok()?)
}

/// An address as the nodes tell it, which has no brackets.
fn place_of(address: &str) -> Option<Place> {
    let (host, port) = address.rsplit_once(':')?;
    Some(Place { host: host.to_owned(), port: port.parse().ok()? }).filter(|place| !place.host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(from: &str, answer: Value) -> (Value, Value) {
        (Value::BulkString(from.into()), answer)
    }

    #[test]
    fn all_masters_have_to_answer_and_to_be_named() {
        let pong = || Value::SimpleString("PONG".to_owned());
        let error = || {
            let refused = redis::parse_redis_value(b"-NOAUTH Authentication required.\r\n");
            refused.expect("an answer")
        };
        let place = |port| Place { host: "10.0.0.1".to_owned(), port };
        let both = Value::Map(vec![answer("10.0.0.1:1", pong()), answer("10.0.0.1:2", pong())]);
        assert_eq!(all_answered(both, 2), Ok(vec![place(1), place(2)]));
        let one = Value::Map(vec![answer("10.0.0.1:1", pong()), answer("10.0.0.1:2", error())]);
        let told = all_answered(one, 2).expect_err("one refuses");
        assert!(told.contains("1 of the 2 masters"), "{told}");
        for nameless in [pong(), Value::Array(vec![pong(), pong()]), Value::Nil] {
            let told = all_answered(nameless, 2).expect_err("nobody knows who answered");
            assert!(told.contains("without their names"), "{told}");
        }
    }

    #[test]
    fn an_address_of_a_node_needs_a_host() {
        assert_eq!(place_of("fd00::2:7000"), Some(Place { host: "fd00::2".to_owned(), port: 7000 }));
        assert_eq!((place_of(":7000"), place_of("one:"), place_of("one")), (None, None, None));
    }
}
