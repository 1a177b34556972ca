//! Reads `postgres://` addresses. What is wrong is told without the value: it may hold a password.

use std::{net::IpAddr, time::Duration};

use percent_encoding::percent_decode_str;
use tokio_postgres::config::ChannelBinding;

/// What an address says. What it leaves out, the settings say.
#[derive(Clone, Default)]
pub(super) struct Address {
    /// Names, or directories of Unix sockets, each with its port.
    pub(super) hosts: Vec<(String, Option<u16>)>,
    /// Where the hosts are, so that their names need not be looked up.
    pub(super) host_addresses: Vec<IpAddr>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<String>,
    pub(super) encryption: Option<Encryption>,
    pub(super) authorities: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) options: Option<String>,
    pub(super) application_name: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) channel_binding: Option<ChannelBinding>,
}

/// `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// `disable`
    Off,
    /// `require`: the certificate is checked unless the settings say otherwise.
    On,
    /// `verify-ca` or `verify-full`: it is checked in any case.
    Verified,
}

const FORM: &str = "it takes postgres://user:password@host:port/database?sslmode=verify-full, with %3A for `:`, \
                    %2F for `/`, %3F for `?` and %40 for `@` in a user or password";

/// Reads an address.
///
/// # Errors
/// What is wrong with it, without quoting it.
pub(super) fn parse(text: &str) -> Result<Address, String> {
    let rest = ["postgres://", "postgresql://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| format!("it does not begin with postgres:// ({FORM})"))?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (user_info, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    if database.contains(['@', '/']) || user_info.contains('@') || query.contains('@') {
        return Err(format!("there is an `@` or `/` where none may be ({FORM})"));
    }
    let mut address = Address::default();
    let (user, password) = user_info.split_once(':').map_or((user_info, None), |(u, p)| (u, Some(p)));
    address.user = some(decoded(user, "the user")?);
    address.password = password.map(|password| decoded(password, "the password")).transpose()?;
    address.database = some(decoded(database, "the database")?);
    for host in hosts.split(',').filter(|_| !hosts.is_empty()) {
        let (host, port) = host_and_port(host)?;
        address.hosts.push((decoded(host, "a host")?, port.map(port_number).transpose()?));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| format!("a parameter has no value ({FORM})"))?;
        address.set(key, decoded(value, key)?)?;
    }
    if !address.host_addresses.is_empty() && address.host_addresses.len() != address.hosts.len() {
        return Err("there are not as many hostaddr as hosts".to_owned());
    }
    Ok(address)
}

impl Address {
    fn set(&mut self, key: &str, value: String) -> Result<(), String> {
        match key {
            "user" => self.user = some(value),
            "password" => self.password = some(value),
            "dbname" => self.database = some(value),
            "host" => {
                let ports: Vec<Option<u16>> = self.hosts.drain(..).map(|(_, port)| port).collect();
                let hosts = value.split(',').enumerate();
                self.hosts =
                    hosts.map(|(at, host)| (host.to_owned(), ports.get(at).copied().flatten())).collect();
            }
            "port" => self.set_ports(&value)?,
            "hostaddr" => {
                let addresses: Result<Vec<IpAddr>, _> = value.split(',').map(str::parse).collect();
                self.host_addresses = addresses.map_err(|_| "hostaddr takes IP addresses".to_owned())?;
            }
            "sslmode" => self.encryption = Some(encryption(&value)?),
            "sslrootcert" => self.authorities = some(value),
            "passfile" => self.password_file = some(value),
            "options" => self.options = some(value),
            "application_name" => self.application_name = some(value),
            "connect_timeout" => {
                let seconds: u64 =
                    value.parse().map_err(|_| "connect_timeout takes whole seconds".to_owned())?;
                self.connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            "channel_binding" => self.channel_binding = Some(channel_binding(&value)?),
            "target_session_attrs" => return check_session(&value),
            _ => {
                return Err(format!(
                    "the parameter {key} is not known; it takes user, password, dbname, host, port, hostaddr, sslmode, \
                     sslrootcert, passfile, options, application_name, connect_timeout, channel_binding and \
                     target_session_attrs"
                ));
            }
        }
        Ok(())
    }

    fn set_ports(&mut self, value: &str) -> Result<(), String> {
        let ports: Vec<u16> = value.split(',').map(port_number).collect::<Result<_, _>>()?;
        if self.hosts.is_empty() {
            self.hosts = ports.iter().map(|port| (String::new(), Some(*port))).collect();
        } else if ports.len() == 1 || ports.len() == self.hosts.len() {
            for (at, (_, port)) in self.hosts.iter_mut().enumerate() {
                *port = ports.get(at).or(ports.first()).copied();
            }
        } else {
            return Err("there are not as many ports as hosts".to_owned());
        }
        Ok(())
    }
}

fn host_and_port(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) =
            rest.split_once(']').ok_or_else(|| format!("an IPv6 address lacks its `]` ({FORM})"))?;
        return Ok((host, port.strip_prefix(':').filter(|port| !port.is_empty())));
    }
    Ok(match text.split_once(':') {
        Some((host, port)) => (host, Some(port).filter(|port| !port.is_empty())),
        None => (text, None),
    })
}

fn port_number(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| format!("the port is no number from 1 to 65535 ({FORM})"))
}

fn decoded(text: &str, what: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.ok().filter(|text| !text.contains('\0'));
    decoded.map(Into::into).ok_or_else(|| format!("{what} is no text once its %.. are decoded"))
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn encryption(value: &str) -> Result<Encryption, String> {
    match value {
        "disable" => Ok(Encryption::Off),
        "require" => Ok(Encryption::On),
        "verify-ca" | "verify-full" => Ok(Encryption::Verified),
        "allow" | "prefer" => Err(format!(
            "sslmode={value} encrypts only when the server happens to offer it, so it protects from nobody; \
             say sslmode=verify-full, or sslmode=disable"
        )),
        _ => Err("sslmode takes disable, require, verify-ca or verify-full".to_owned()),
    }
}

fn channel_binding(value: &str) -> Result<ChannelBinding, String> {
    match value {
        "disable" => Ok(ChannelBinding::Disable),
        "prefer" => Ok(ChannelBinding::Prefer),
        "require" => Ok(ChannelBinding::Require),
        _ => Err("channel_binding takes disable, prefer or require".to_owned()),
    }
}

/// Of several hosts the one that takes writes is used in any case.
fn check_session(value: &str) -> Result<(), String> {
    match value {
        "any" | "read-write" | "primary" => Ok(()),
        "read-only" | "standby" | "prefer-standby" => Err(format!(
            "target_session_attrs={value} asks for a server that takes no writes; say read-write"
        )),
        _ => Err("target_session_attrs takes read-write, primary or any".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_everything() {
        let text = "postgresql://zo%C3%AB:p%40s%3A%2Fs%3F@db1:6000,[::1],%2Frun%2Fpg/mem%20ory?sslmode=verify-full&\
                    target_session_attrs=read-write&options=-c%20search_path%3Dmine&connect_timeout=3";
        let address = parse(text).expect("an address");
        assert_eq!(address.user.as_deref(), Some("zoë"));
        assert_eq!(address.password.as_deref(), Some("p@s:/s?"));
        assert_eq!(address.database.as_deref(), Some("mem ory"));
        let hosts = [("db1", Some(6_000)), ("::1", None), ("/run/pg", None)];
        assert_eq!(address.hosts, hosts.map(|(host, port)| (host.to_owned(), port)));
        assert_eq!(address.encryption, Some(Encryption::Verified));
        assert_eq!(address.options.as_deref(), Some("-c search_path=mine"));
        assert_eq!(address.connect_timeout, Some(Duration::from_secs(3)));
    }

    #[test]
    fn an_address_may_leave_everything_out() {
        let address = parse("postgres://").expect("an address");
        assert!(address.hosts.is_empty() && address.user.is_none() && address.password.is_none());
        let address = parse("postgres:///memory?host=/run/postgresql&port=5433").expect("an address");
        assert_eq!(address.hosts, [("/run/postgresql".to_owned(), Some(5_433))]);
    }

    #[test]
    fn what_is_wrong_is_told_without_the_secret() {
        let wrong = [
            ("zzzyyy", "postgres://"),
            ("host=db password=zzzyyy", "postgres://"),
            ("postgres://me:zzzyyy@x@db/memory", "%40"),
            ("postgres://me:zzz/yyy@db/memory", "%2F"),
            ("postgres://me:zzz?yyy=1@db/memory", "%3F"),
            ("postgres://me:zzzyyy", "port"),
            ("postgres://db/memory?ssl=true", "the parameter ssl"),
            ("postgres://db/memory?sslmode=prefer", "verify-full"),
            ("postgres://db/memory?target_session_attrs=standby", "read-write"),
            ("postgres://db:0/memory", "65535"),
        ];
        for (text, part) in wrong {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text} is wrong"));
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("zzz") && !error.contains("yyy"), "{text}: {error}");
        }
    }
}
