//! Which kind of Redis the settings ask for: one server, a master that sentinels name, or a cluster.

use std::fmt;

use agent_memory_proto::{
    response::RedisKind,
    settings::{PREFIX, Settings},
};
use redis::ConnectionInfo;

use super::address;

const SENTINEL_PORT: u16 = 26_379;
/// Sentinels, or nodes of a cluster, that can be named.
const PLACES_MAX: usize = 64;

/// One server, or several that belong together.
#[derive(Clone)]
pub(super) enum Kind {
    Server,
    /// Some that watch a master and its replicas, and agree on another master when it is lost.
    Sentinels {
        sentinels: Vec<Place>,
        /// What they call it.
        master: String,
        /// Who asks them.
        username: Option<String>,
        password: Option<String>,
    },
    /// Masters that have parts of the keys, with their replicas; some of them are known.
    Cluster {
        nodes: Vec<Place>,
    },
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Kind {
    /// Reads the settings; `server` is what they say about one server.
    ///
    /// # Errors
    /// When settings contradict each other, or name nobody.
    pub(super) fn from_settings(settings: &Settings, server: &ConnectionInfo) -> Result<Self, String> {
        let is_cluster = settings.flag("REDIS_CLUSTER");
        match (settings.text("REDIS_SENTINELS"), is_cluster) {
            (Some(_), true) => Err(format!(
                "{PREFIX}REDIS_SENTINELS is set and {PREFIX}REDIS_CLUSTER is 1: sentinels watch over one master, a \
                 cluster over itself; remove one of the two"
            )),
            (Some(places), false) => Self::sentinels(settings, places),
            (None, true) => Self::cluster(settings, server),
            (None, false) => {
                refuse(
                    settings,
                    &["REDIS_CLUSTER_NODES"],
                    "is for a cluster; set {PREFIX}REDIS_CLUSTER=1, or remove it",
                )?;
                let of_sentinels =
                    ["REDIS_SENTINEL_MASTER", "REDIS_SENTINEL_USERNAME", "REDIS_SENTINEL_PASSWORD"];
                refuse(
                    settings,
                    &of_sentinels,
                    "says nothing without sentinels; set {PREFIX}REDIS_SENTINELS=host:port,host:port, or remove it",
                )?;
                Ok(Self::Server)
            }
        }
    }

    fn sentinels(settings: &Settings, places: &str) -> Result<Self, String> {
        let reason = "contradicts {PREFIX}REDIS_SENTINELS: the sentinels say where the server is; remove it. The \
                      {PREFIX}REDIS_USERNAME, _PASSWORD, _DB and _TLS settings are for the server that they name";
        refuse(settings, &["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_CLUSTER_NODES"], reason)?;
        let owned = |name| settings.text(name).map(ToOwned::to_owned);
        Ok(Self::Sentinels {
            sentinels: listed_in("REDIS_SENTINELS", places, SENTINEL_PORT)?,
            master: owned("REDIS_SENTINEL_MASTER").unwrap_or_default(),
            username: owned("REDIS_SENTINEL_USERNAME"),
            password: owned("REDIS_SENTINEL_PASSWORD"),
        })
    }

    fn cluster(settings: &Settings, server: &ConnectionInfo) -> Result<Self, String> {
        let database = server.redis_settings().db();
        if database != 0 {
            return Err(format!(
                "{PREFIX}REDIS_CLUSTER is 1 and database {database} is asked for: a cluster has only database 0; set \
                 {PREFIX}REDIS_DB=0 and tell installations apart by {PREFIX}REDIS_KEY_PREFIX"
            ));
        }
        let place = address::place(server);
        if place.port == 0 {
            return Err(format!(
                "{PREFIX}REDIS_CLUSTER is 1 and Redis is at the Unix socket {}: the nodes of a cluster name each other by \
                 host and port; set {PREFIX}REDIS_HOST and {PREFIX}REDIS_PORT to those of one node",
                place.host
            ));
        }
        let nodes = match settings.text("REDIS_CLUSTER_NODES") {
            Some(nodes) => {
                let named = ["REDIS_URL", "REDIS_HOST"].iter().any(|name| settings.is_set(name));
                let mut nodes = listed_in("REDIS_CLUSTER_NODES", nodes, place.port)?;
                if named && !nodes.contains(&place) {
                    nodes.insert(0, place);
                }
                nodes
            }
            None => vec![place],
        };
        Ok(Self::Cluster { nodes })
    }

    /// As it is told.
    pub(super) const fn told(&self) -> RedisKind {
        match self {
            Self::Server => RedisKind::Single,
            Self::Sentinels { .. } => RedisKind::Sentinel,
            Self::Cluster { .. } => RedisKind::Cluster,
        }
    }
}

/// The places, for people.
pub(super) fn listed(places: &[Place]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Refuses settings that have no meaning here.
fn refuse(settings: &Settings, names: &[&str], reason: &str) -> Result<(), String> {
    match names.iter().find(|name| settings.is_set(name) && settings.text(name).is_some()) {
        Some(name) => Err(format!("{PREFIX}{name} {}", reason.replace("{PREFIX}", PREFIX))),
        None => Ok(()),
    }
}

/// The places of a list.
fn listed_in(name: &str, list: &str, default_port: u16) -> Result<Vec<Place>, String> {
    let mut places = Vec::new();
    for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let place = place(item, default_port).ok_or_else(|| {
            format!(
                "{PREFIX}{name}: {item:?} is no host with a port; it takes host:port,host:port, as \
                 redis-1.example.com:{default_port},[fd00::2]:{default_port}"
            )
        })?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() || places.len() > PLACES_MAX {
        return Err(format!("{PREFIX}{name} names {} places; it takes 1 to {PLACES_MAX}", places.len()));
    }
    Ok(places)
}

/// A host, or an address in brackets, with a port or without.
fn place(item: &str, default_port: u16) -> Option<Place> {
    let (host, port) = match item.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match item.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (item, None),
        },
    };
    let is_of_a_host = |letter: char| letter.is_ascii_alphanumeric() || "-._:%".contains(letter);
    let port = port.map_or(Some(default_port), |port| port.parse().ok().filter(|port| *port > 0))?;
    (!host.is_empty() && host.chars().all(is_of_a_host)).then(|| Place { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(variables: &[(&str, &str)]) -> Result<Kind, String> {
        let given = variables.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()));
        let settings = Settings::resolve(given, None).expect("each is allowed");
        let (server, _) = address::server(&settings)?;
        Kind::from_settings(&settings, &server)
    }

    fn places(variables: &[(&str, &str)]) -> String {
        match kind(variables).expect("they fit") {
            Kind::Server => "a server".to_owned(),
            Kind::Sentinels { sentinels, master, .. } => format!("{master}: {}", listed(&sentinels)),
            Kind::Cluster { nodes } => listed(&nodes),
        }
    }

    #[test]
    fn settings_choose_between_a_server_sentinels_and_a_cluster() {
        assert_eq!(places(&[("REDIS_HOST", "cache")]), "a server");
        let sentinels = ("REDIS_SENTINELS", "one, two:7000,[fd00::3]:7001,one:26379");
        assert_eq!(places(&[sentinels]), "mymaster: one:26379, two:7000, [fd00::3]:7001");
        assert_eq!(places(&[("REDIS_SENTINELS", "one"), ("REDIS_SENTINEL_MASTER", "m")]), "m: one:26379");
        let cluster = ("REDIS_CLUSTER", "true");
        assert_eq!(places(&[cluster, ("REDIS_URL", "redis://cache:7000")]), "cache:7000");
        assert_eq!(places(&[cluster, ("REDIS_CLUSTER_NODES", "a:1,b"), ("REDIS_PORT", "7")]), "a:1, b:7");
        assert_eq!(
            places(&[cluster, ("REDIS_CLUSTER_NODES", "a:1"), ("REDIS_HOST", "b")]),
            "b:6379, a:1",
            "the named host is one of them"
        );
    }

    #[test]
    fn what_contradicts_or_cannot_be_read_is_refused_with_the_mend() {
        type Variables = &'static [(&'static str, &'static str)];
        let wrong: [(Variables, &str); 11] = [
            (&[("REDIS_SENTINELS", "a"), ("REDIS_CLUSTER", "1")], "remove one of the two"),
            (&[("REDIS_SENTINELS", "a"), ("REDIS_HOST", "b")], "REDIS_HOST contradicts"),
            (&[("REDIS_SENTINELS", "a"), ("REDIS_URL", "redis://b")], "REDIS_URL contradicts"),
            (&[("REDIS_SENTINELS", "a:0")], "\"a:0\" is no host with a port"),
            (&[("REDIS_SENTINELS", "a:1:2")], "REDIS_SENTINELS"),
            (&[("REDIS_SENTINELS", " , ")], "names 0 places"),
            (&[("REDIS_SENTINEL_PASSWORD", "s")], "REDIS_SENTINEL_PASSWORD says nothing without sentinels"),
            (&[("REDIS_CLUSTER_NODES", "a:1")], "REDIS_CLUSTER=1"),
            (
                &[("REDIS_CLUSTER", "1"), ("REDIS_DB", "3")],
                "database 3 is asked for: a cluster has only database 0",
            ),
            (&[("REDIS_CLUSTER", "1"), ("REDIS_URL", "redis://b/2")], "REDIS_DB=0"),
            (&[("REDIS_CLUSTER", "1"), ("REDIS_HOST", "/run/redis.sock")], "REDIS_PORT to those of one node"),
        ];
        for (variables, part) in wrong {
            let error = kind(variables).err().expect("wrong");
            assert!(error.contains(part), "{variables:?}: {error}");
        }
    }
}
