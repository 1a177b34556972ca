//! Sentinels: which server they call the master, and whether it is one. One that was cut off may name
//! the master of yesterday, so all are asked, and what most of them say is tried first.

use futures_util::future::join_all;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, aio::MultiplexedConnection};

use super::{
    health::field,
    kind::{Kind, Place},
    opening::Opening,
};

/// A connection to the master.
///
/// # Errors
/// Why there is none, of each sentinel and of each server that was named.
pub(super) async fn master(
    opening: &Opening,
    config: &AsyncConnectionConfig,
) -> Result<(MultiplexedConnection, Place), String> {
    let (named, mut causes) = asked(opening).await;
    for (place, _) in named {
        let found = match opening.to(opening.options.at(&place), config).await {
            Ok(mut connection) => is_master(opening, &mut connection).await.map(|()| connection),
            Err(cause) => Err(cause),
        };
        match found {
            Ok(connection) => return Ok((connection, place)),
            Err(cause) => causes.push(format!("the sentinels name {place}: {cause}")),
        }
    }
    Err(causes.join("; "))
}

/// Whether the connection leads to the master.
///
/// # Errors
/// Why not.
pub(super) async fn look(
    opening: &Opening,
    connection: &mut MultiplexedConnection,
    place: &Place,
) -> Result<(), String> {
    is_master(opening, connection).await.map_err(|cause| format!("{place}: {cause}"))?;
    let (named, _) = asked(opening).await;
    let Kind::Sentinels { sentinels, .. } = &opening.options.kind else { return Ok(()) };
    match named.first() {
        Some((other, votes)) if other != place && votes * 2 > sentinels.len() => {
            Err(format!("the sentinels name {other} instead of {place}"))
        }
        _ => Ok(()),
    }
}

async fn is_master(opening: &Opening, connection: &mut MultiplexedConnection) -> Result<(), String> {
    let asked = redis::cmd("INFO").arg("replication").query_async::<String>(connection).await;
    let facts = asked.map_err(|error| opening.told(&error))?;
    match field(&facts, "role") {
        Some("master") => Ok(()),
        _ => Err("it is a replica, and takes no writes".to_owned()),
    }
}

/// The servers that are named, the most named first, with how many name it; and why others name none.
async fn asked(opening: &Opening) -> (Vec<(Place, usize)>, Vec<String>) {
    let Kind::Sentinels { sentinels, .. } = &opening.options.kind else { return Default::default() };
    let (mut named, mut causes) = (Vec::<(Place, usize)>::new(), Vec::new());
    for (sentinel, answer) in
        sentinels.iter().zip(join_all(sentinels.iter().map(|one| ask(opening, one))).await)
    {
        match answer {
            Ok(place) => match named.iter_mut().find(|(other, _)| *other == place) {
                Some((_, votes)) => *votes += 1,
                None => named.push((place, 1)),
            },
            Err(cause) => causes.push(format!("the sentinel {sentinel}: {cause}")),
        }
    }
    named.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
    (named, causes)
}

async fn ask(opening: &Opening, sentinel: &Place) -> Result<Place, String> {
    let Kind::Sentinels { master, username, password, .. } = &opening.options.kind else {
        return Err("no sentinels are set".to_owned());
    };
    let mut who = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2);
    if let Some(username) = username {
        who = who.set_username(username);
    }
    if let Some(password) = password {
        who = who.set_password(password);
    }
    let server = opening.options.at(sentinel).set_redis_settings(who);
    let opened = opening.to(server, &opening.config()).await;
    let mut connection = opened.map_err(|cause| of_sentinels(&cause))?;
    let question = ["GET-MASTER-ADDR-BY-NAME", master];
    let answer =
        redis::cmd("SENTINEL").arg(&question).query_async::<Option<(String, u16)>>(&mut connection).await;
    match answer {
        Ok(Some((host, port))) => Ok(Place { host, port }),
        Ok(None) => Err(format!(
            "it knows no master {master:?}; set AGENT_MEMORY_REDIS_SENTINEL_MASTER to the name in its configuration"
        )),
        Err(error) => Err(of_sentinels(&opening.told(&error))),
    }
}

/// A sentinel has settings of its own for who asks it.
fn of_sentinels(cause: &str) -> String {
    cause.replace("AGENT_MEMORY_REDIS_", "AGENT_MEMORY_REDIS_SENTINEL_")
}
