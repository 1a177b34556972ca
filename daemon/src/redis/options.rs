//! What can be chosen about Redis. What is wrong is told without an address, which may hold a password.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use agent_memory_proto::settings::{PREFIX, Settings};
use redis::{ConnectionAddr, ConnectionInfo};

use super::{
    address,
    kind::{self, Kind, Place},
    locks::LockOptions,
};
use crate::places;

/// Settings of Redis.
#[derive(Clone)]
pub struct RedisOptions {
    /// One server, or several that belong together.
    pub(super) kind: Kind,
    /// Where, as whom, and which database; of sentinels and of a cluster all but the address counts.
    pub(super) server: ConnectionInfo,
    /// The file of the authorities that may sign the server's certificate.
    pub(super) authorities: Option<PathBuf>,
    /// How every key and channel begins.
    pub(super) key_prefix: String,
    /// The channel on which daemons tell each other of their changes.
    pub(super) event_channel: String,
    /// Where this daemon runs, for the others: the machine and the directory.
    pub(super) daemon_place: String,
    /// How locks of files are told.
    pub(super) locks: LockOptions,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
}

/// The password stays out of logs.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions").field("location", &self.location()).finish_non_exhaustive()
    }
}

const KEY_PREFIX_BYTES_MAX: usize = 64;

impl RedisOptions {
    /// Reads the settings; `None` when Redis is not asked for.
    ///
    /// # Errors
    /// When the address cannot be read, or settings contradict each other.
    pub fn from_settings(settings: &Settings, data_dir: &Path) -> Result<Option<Self>, String> {
        if !settings.flag("REDIS_ENABLED") {
            return Ok(None);
        }
        if settings.text("DB_TYPE") != Some("postgresql") {
            return Err(format!(
                "{PREFIX}REDIS_ENABLED is 1 and {PREFIX}DB_TYPE is sqlite: an SQLite store belongs to one daemon, which \
                 has nothing to share through Redis; set {PREFIX}DB_TYPE=postgresql, or {PREFIX}REDIS_ENABLED=0"
            ));
        }
        let key_prefix = settings.text("REDIS_KEY_PREFIX").unwrap_or_default().to_owned();
        let is_plain = |letter: char| letter.is_ascii_graphic() && !"{}*?[]\\".contains(letter);
        if key_prefix.len() > KEY_PREFIX_BYTES_MAX || !key_prefix.chars().all(is_plain) {
            return Err(format!(
                "{PREFIX}REDIS_KEY_PREFIX={key_prefix:?}: it takes up to {KEY_PREFIX_BYTES_MAX} visible ASCII characters \
                 other than {{ }} * ? [ ] \\, as agentmem:"
            ));
        }
        let (server, authorities) = address::server(settings)?;
        let kind = Kind::from_settings(settings, &server)?;
        let event_channel = match settings.text("REDIS_EVENT_CHANNEL") {
            Some(channel) if channel.chars().all(is_plain) && channel.len() <= 2 * KEY_PREFIX_BYTES_MAX => {
                channel.to_owned()
            }
            Some(channel) => {
                return Err(format!(
                    "{PREFIX}REDIS_EVENT_CHANNEL={channel:?}: it takes up to {} visible ASCII characters other than {{ }} * \
                     ? [ ] \\, as agentmem:events",
                    2 * KEY_PREFIX_BYTES_MAX
                ));
            }
            None => format!("{key_prefix}events"),
        };
        Ok(Some(Self {
            event_channel,
            daemon_place: format!("{}:{}", places::machine(), data_dir.display()),
            kind,
            server,
            authorities,
            key_prefix,
            locks: LockOptions {
                shown_max: Duration::from_millis(settings.number("REDIS_LOCK_TTL_MS")),
                retries: u32::try_from(settings.number("REDIS_LOCK_RETRY_COUNT")).unwrap_or(u32::MAX),
                retry_delay: Duration::from_millis(settings.number("REDIS_LOCK_RETRY_DELAY_MS")),
            },
            connect_timeout: Duration::from_millis(settings.number("REDIS_CONNECT_TIMEOUT_MS")),
            response_timeout: Duration::from_millis(settings.number("REDIS_RESPONSE_TIMEOUT_MS")),
        }))
    }

    /// Where Redis is, as far as the settings say: a host and a port, or a socket and 0.
    pub(super) fn place(&self) -> Place {
        match &self.kind {
            Kind::Server => address::place(&self.server),
            Kind::Sentinels { sentinels: places, .. } | Kind::Cluster { nodes: places } => {
                places.first().cloned().unwrap_or_else(|| address::place(&self.server))
            }
        }
    }

    /// Where Redis is, for people. Never the password.
    #[must_use]
    pub fn location(&self) -> String {
        match &self.kind {
            Kind::Server => self.server.addr().to_string(),
            Kind::Sentinels { sentinels, master, .. } => {
                format!("the master {master} of the sentinels {}", kind::listed(sentinels))
            }
            Kind::Cluster { nodes } => format!("the cluster of {}", kind::listed(nodes)),
        }
    }

    /// The server at a place, with the user, the password, the database and the TLS of the settings.
    pub(super) fn at(&self, place: &Place) -> ConnectionInfo {
        self.server.clone().set_addr(address::moved(self.server.addr(), place))
    }

    /// Whether the server's certificate is not checked.
    pub(super) fn is_unverified(&self) -> bool {
        matches!(self.server.addr(), ConnectionAddr::TcpTls { insecure: true, .. })
    }

    /// Whether connections are encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.server.addr(), ConnectionAddr::TcpTls { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> Result<Option<RedisOptions>, String> {
        let given = variables.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()));
        RedisOptions::from_settings(
            &Settings::resolve(given, None).expect("each is allowed"),
            Path::new("/data"),
        )
    }

    fn redis(variables: &[(&str, &str)]) -> Result<RedisOptions, String> {
        let on = [("REDIS_ENABLED", "true"), ("DB_TYPE", "postgresql")];
        Ok(options(&[&on, variables].concat())?.expect("it is enabled"))
    }

    #[test]
    fn it_is_off_unless_asked_for_and_nothing_for_an_sqlite_store() {
        assert!(options(&[("REDIS_HOST", "cache")]).expect("allowed").is_none());
        let error = options(&[("REDIS_ENABLED", "1")]).expect_err("nothing to share");
        assert!(error.contains("DB_TYPE=postgresql") && error.contains("REDIS_ENABLED=0"), "{error}");
    }

    #[test]
    fn settings_fill_in_what_the_address_leaves_out() {
        let found =
            redis(&[("REDIS_HOST", "cache"), ("REDIS_PORT", "7000"), ("REDIS_PASSWORD", "s")]).unwrap();
        assert_eq!(found.place().to_string(), "cache:7000");
        assert_eq!(found.server.redis_settings().password(), Some("s"));
        assert_eq!(found.key_prefix, "agentmem:");
        let url = ("REDIS_URL", "redis://me:s%40s@[::1]/3");
        let found = redis(&[url, ("REDIS_PORT", "7000"), ("REDIS_USERNAME", "other")]).unwrap();
        assert_eq!(found.place().to_string(), "[::1]:7000");
        let who = found.server.redis_settings();
        assert_eq!((who.username(), who.password(), who.db()), (Some("me"), Some("s@s"), 3));
        assert!(!format!("{found:?}").contains("s@s"));
        let found = redis(&[("REDIS_HOST", "/run/redis.sock"), ("REDIS_DB", "2")]).unwrap();
        assert_eq!((found.place().host.as_str(), found.server.redis_settings().db()), ("/run/redis.sock", 2));
    }

    #[test]
    fn tls_is_on_when_the_address_or_the_setting_asks_for_it() {
        assert!(!redis(&[]).unwrap().is_encrypted());
        assert!(redis(&[("REDIS_TLS", "true")]).unwrap().is_encrypted());
        let url = ("REDIS_URL", "rediss://cache:7001");
        assert_eq!(redis(&[url]).unwrap().place().to_string(), "cache:7001");
        assert!(redis(&[url]).unwrap().is_encrypted() && !redis(&[url]).unwrap().is_unverified());
        assert!(redis(&[url, ("REDIS_TLS_REJECT_UNAUTHORIZED", "0")]).unwrap().is_unverified());
    }

    #[test]
    fn what_is_wrong_is_told_without_the_secret() {
        type Variables = &'static [(&'static str, &'static str)];
        let wrong: [(Variables, &str); 6] = [
            (&[("REDIS_URL", "zzzyyy")], "redis://"),
            (&[("REDIS_URL", "redis://me:zzzyyy@cache/x")], "redis://"),
            (&[("REDIS_URL", "rediss://me:zzzyyy@cache/#insecure")], "REDIS_TLS_REJECT_UNAUTHORIZED"),
            (&[("REDIS_URL", "rediss://cache"), ("REDIS_TLS", "0")], "remove one"),
            (&[("REDIS_TLS_CA", "/ca.pem")], "REDIS_TLS=1"),
            (&[("REDIS_KEY_PREFIX", "a b")], "agentmem:"),
        ];
        for (variables, part) in wrong {
            let error = redis(variables).expect_err("wrong");
            assert!(error.contains(part), "{variables:?}: {error}");
            assert!(!error.contains("zzzyyy"), "{error}");
        }
    }
}
