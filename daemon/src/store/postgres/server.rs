//! A server: where it may be found, as whom to connect, and how encrypted.

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use agent_memory_proto::settings::{PREFIX, Settings};
use tokio_postgres::{Config, config::SslMode};

use super::{
    address::{self, Address, Encryption},
    password_file,
};

/// A server, or several of which one takes writes.
#[derive(Clone)]
pub struct Server {
    pub(super) places: Vec<Place>,
    /// All but the place, the encryption, and a password from a file.
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) password_file: Option<PathBuf>,
}

/// Where a server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// A name, or the directory of a Unix socket.
    pub(super) host: String,
    /// Where the host is, when its name is not to be looked up.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

impl Place {
    /// Whether it is on this machine, so that nothing crosses a network.
    pub(super) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

/// For people and in messages.
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// How connections over a network are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    #[default]
    Off,
    /// Certificate and host name are checked, against the authorities of the file or the system.
    Verified {
        /// A PEM file.
        authorities: Option<PathBuf>,
    },
    /// Any certificate will do.
    Unverified,
}

impl Server {
    /// The server that the settings name, with an address in the setting `url`, if it is set.
    ///
    /// # Errors
    /// When the address cannot be read or contradicts the settings; the text names the settings and
    /// never shows an address, which may hold a password.
    pub(super) fn from_settings(settings: &Settings, url: &str) -> Result<Self, String> {
        let address = match settings.text(url) {
            Some(text) => {
                address::parse(text).map_err(|error| format!("{PREFIX}{url} cannot be read: {error}"))?
            }
            None => Address::default(),
        };
        let tls = tls(settings, &address, url)?;
        let mut server = Self::of(address, settings, tls);
        if server.password_file.is_none() {
            server.password_file = password_file::place(&|name| std::env::var(name).ok());
        }
        Ok(server)
    }

    fn of(address: Address, settings: &Settings, tls: Tls) -> Self {
        let default_port = u16::try_from(settings.number("PG_PORT")).unwrap_or(5_432);
        let mut hosts = address.hosts;
        if hosts.is_empty() {
            hosts.push((String::new(), None));
        }
        if let [(host, port)] = hosts.as_slice()
            && host.is_empty()
        {
            let named = settings.text("PG_HOST").unwrap_or("localhost").split(',');
            hosts = named.map(|host| (host.trim().to_owned(), *port)).collect();
        }
        let places = hosts.into_iter().enumerate().map(|(at, (host, port))| Place {
            host: if host.is_empty() { "localhost".to_owned() } else { host },
            address: address.host_addresses.get(at).copied(),
            port: port.unwrap_or(default_port),
        });
        let mut config = Config::new();
        let text = |given: Option<String>, name| given.or_else(|| settings.text(name).map(str::to_owned));
        config.user(text(address.user, "PG_USER").unwrap_or_default());
        config.dbname(text(address.database, "PG_DATABASE").unwrap_or_default());
        if let Some(password) = text(address.password, "PG_PASSWORD") {
            config.password(password);
        }
        config.application_name(address.application_name.unwrap_or_else(|| "agent-memoryd".to_owned()));
        if let Some(options) = address.options {
            config.options(options);
        }
        if let Some(timeout) = address.connect_timeout {
            config.connect_timeout(timeout);
        }
        if let Some(binding) = address.channel_binding {
            config.channel_binding(binding);
        }
        let password_file = address.password_file.map(PathBuf::from);
        Self { places: places.collect(), config, tls, password_file }
    }

    /// Where it is, for people: `postgresql://host:port/database`. Never the password.
    #[must_use]
    pub fn location(&self) -> String {
        let database = self.config.get_dbname().unwrap_or_default();
        match self.places.as_slice() {
            [place] if place.is_socket() => {
                format!("postgresql:///{database}?host={}&port={}", place.host, place.port)
            }
            places => {
                let places: Vec<String> = places.iter().map(ToString::to_string).collect();
                format!("postgresql://{}/{database}", places.join(","))
            }
        }
    }

    /// The settings of a connection to one of its places. A password file is read anew each time,
    /// so that a changed password is taken up.
    ///
    /// # Errors
    /// Why the password file was left alone; the connection is then made without a password.
    pub(super) fn config_for(&self, place: &Place) -> (Config, Result<(), String>) {
        let mut config = self.config.clone();
        config.host(&place.host).port(place.port);
        if let Some(address) = place.address {
            config.hostaddr(address);
        }
        let is_plain = self.tls == Tls::Off || place.is_socket();
        config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        let Some(file) = self.password_file.as_deref().filter(|_| config.get_password().is_none()) else {
            return (config, Ok(()));
        };
        let wanted = password_file::Wanted {
            host: &place.host,
            port: place.port,
            database: config.get_dbname().unwrap_or_default(),
            user: config.get_user().unwrap_or_default(),
        };
        let found = password_file::find(file, wanted);
        if let Ok(Some(password)) = &found {
            config.password(password);
        }
        (config, found.map(|_| ()))
    }
}

/// Reads an address; what it leaves out has the defaults of the settings.
impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let variable = (format!("{PREFIX}PG_URL"), text.to_owned());
        let settings = Settings::resolve([variable], None).map_err(|error| error.to_string())?;
        Self::from_settings(&settings, "PG_URL")
    }
}

/// The password stays out of logs.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("location", &self.location()).finish_non_exhaustive()
    }
}

/// What the settings and an address say together about encryption. Where they contradict each
/// other, neither is followed.
fn tls(settings: &Settings, address: &Address, url: &str) -> Result<Tls, String> {
    let flag = settings.flag("PG_SSL");
    let is_set = settings.is_set("PG_SSL");
    let is_on = match address.encryption {
        None => flag,
        Some(Encryption::Off) if flag => {
            return Err(format!(
                "{PREFIX}{url} says sslmode=disable and {PREFIX}PG_SSL is 1; remove one of the two"
            ));
        }
        Some(Encryption::On | Encryption::Verified) if is_set && !flag => {
            return Err(format!(
                "{PREFIX}{url} asks for TLS with sslmode and {PREFIX}PG_SSL is 0; remove one of the two"
            ));
        }
        Some(mode) => mode != Encryption::Off,
    };
    let setting = settings.text("PG_SSL_CA");
    let authorities = match (address.authorities.as_deref(), setting) {
        (Some(one), Some(other)) if one != other => {
            return Err(format!(
                "{PREFIX}{url} says sslrootcert={one} and {PREFIX}PG_SSL_CA is {other}; remove one of the two"
            ));
        }
        (one, other) => one.or(other),
    };
    if !is_on {
        return match authorities {
            Some(file) => Err(format!(
                "certificate authorities are named ({file}) and TLS is off, so nothing would be checked; \
                 set {PREFIX}PG_SSL=1, or do not name any"
            )),
            None => Ok(Tls::Off),
        };
    }
    match (settings.flag("PG_SSL_REJECT_UNAUTHORIZED"), address.encryption) {
        (true, _) => {
            let authorities = authorities.filter(|file| *file != "system").map(PathBuf::from);
            Ok(Tls::Verified { authorities })
        }
        (false, Some(Encryption::Verified)) => Err(format!(
            "{PREFIX}{url} asks for a checked certificate with sslmode and {PREFIX}PG_SSL_REJECT_UNAUTHORIZED is 0; \
             remove one of the two"
        )),
        (false, _) => Ok(Tls::Unverified),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(variables: &[(&str, &str)]) -> Result<Server, String> {
        let variables =
            variables.iter().map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()));
        Server::from_settings(&Settings::resolve(variables, None).expect("settings"), "PG_URL")
    }

    fn tls_of(variables: &[(&str, &str)]) -> Result<Tls, String> {
        server(variables).map(|server| server.tls)
    }

    #[test]
    fn settings_fill_in_what_the_address_leaves_out() {
        let found = server(&[("PG_URL", "postgres://db/"), ("PG_PORT", "6000"), ("PG_USER", "zoë")]).unwrap();
        assert_eq!(found.location(), "postgresql://db:6000/agent_memory");
        assert_eq!(found.config.get_user(), Some("zoë"));
        let found = server(&[("PG_URL", "postgres://a:s%20s@[::1],db:7000/x"), ("PG_USER", "b")]).unwrap();
        assert_eq!(found.location(), "postgresql://[::1]:5432,db:7000/x");
        assert_eq!((found.config.get_user(), found.config.get_password()), (Some("a"), Some(&b"s s"[..])));
        assert!(!format!("{found:?}").contains("s s"));
    }

    #[test]
    fn a_host_may_be_a_directory_or_several() {
        let found = server(&[("PG_HOST", "/run/postgresql"), ("PG_SSL", "1")]).unwrap();
        assert_eq!(found.location(), "postgresql:///agent_memory?host=/run/postgresql&port=5432");
        assert_eq!(found.config_for(&found.places[0]).0.get_ssl_mode(), SslMode::Disable);
        let found = server(&[("PG_HOST", "one,two"), ("PG_PORT", "5433")]).unwrap();
        assert_eq!(found.location(), "postgresql://one:5433,two:5433/agent_memory");
    }

    #[test]
    fn tls_is_on_when_the_address_or_the_setting_asks_for_it() {
        let verified = |file: Option<&str>| Ok(Tls::Verified { authorities: file.map(PathBuf::from) });
        let address = |query: &'static str| ("PG_URL", query);
        assert_eq!(tls_of(&[]), Ok(Tls::Off));
        assert_eq!(tls_of(&[("PG_SSL", "1")]), verified(None));
        assert_eq!(tls_of(&[("PG_SSL", "1"), ("PG_SSL_CA", "/ca")]), verified(Some("/ca")));
        assert_eq!(tls_of(&[address("postgres://db/x?sslmode=require")]), verified(None));
        let text = "postgres://db/x?sslmode=verify-full&sslrootcert=/ca";
        assert_eq!(tls_of(&[address(text)]), verified(Some("/ca")));
        assert_eq!(tls_of(&[("PG_SSL", "1"), address("postgres://db/x")]), verified(None));
        assert_eq!(tls_of(&[("PG_SSL", "0"), address("postgres://db/x?sslmode=disable")]), Ok(Tls::Off));
        let unchecked = ("PG_SSL_REJECT_UNAUTHORIZED", "0");
        assert_eq!(tls_of(&[unchecked, address("postgres://db/x?sslmode=require")]), Ok(Tls::Unverified));
    }

    #[test]
    fn contradictions_are_refused_with_both_names() {
        type Variables = &'static [(&'static str, &'static str)];
        let contradictions: [(Variables, [&str; 2]); 5] = [
            (
                &[("PG_SSL", "1"), ("PG_URL", "postgres://db/x?sslmode=disable")],
                ["sslmode=disable", "PG_SSL is 1"],
            ),
            (&[("PG_SSL", "0"), ("PG_URL", "postgres://db/x?sslmode=require")], ["sslmode", "PG_SSL is 0"]),
            (
                &[("PG_SSL_REJECT_UNAUTHORIZED", "0"), ("PG_URL", "postgres://db/x?sslmode=verify-full")],
                ["sslmode", "PG_SSL_REJECT_UNAUTHORIZED is 0"],
            ),
            (
                &[("PG_SSL", "1"), ("PG_SSL_CA", "/one"), ("PG_URL", "postgres://db/x?sslrootcert=/two")],
                ["sslrootcert=/two", "PG_SSL_CA is /one"],
            ),
            (&[("PG_SSL_CA", "/one")], ["/one", "PG_SSL=1"]),
        ];
        for (variables, parts) in contradictions {
            let error = tls_of(variables).expect_err("a contradiction");
            assert!(parts.iter().all(|part| error.contains(part)), "{variables:?}: {error}");
        }
    }
}
