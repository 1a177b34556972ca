//! The address of Redis in the settings, with whom to be there. What is wrong is told without it, for it may
//! hold a password.

use std::path::PathBuf;

use agent_memory_proto::settings::{PREFIX, Settings};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use super::kind::Place;

const FORM: &str = "it takes redis://user:password@host:port/db, rediss:// for TLS, or redis+unix:///path?db=0, with \
                    %3A for `:`, %2F for `/` and %40 for `@` in a user or password";

/// The server of the settings, and the file of the authorities that may sign its certificate.
pub(super) fn server(settings: &Settings) -> Result<(ConnectionInfo, Option<PathBuf>), String> {
    let host = settings.text("REDIS_HOST").unwrap_or("localhost").to_owned();
    let port = u16::try_from(settings.number("REDIS_PORT")).unwrap_or(6_379);
    let given = match settings.text("REDIS_URL") {
        Some(url) => address(url, port)?,
        None if host.starts_with('/') => of(ConnectionAddr::Unix(host.into()))?,
        None => of(ConnectionAddr::Tcp(host, port))?,
    };
    let mut tls = settings.flag("REDIS_TLS");
    let place = match given.addr().clone() {
        ConnectionAddr::TcpTls { host, port, .. } => {
            if settings.is_set("REDIS_TLS") && !tls {
                return Err(format!(
                    "{PREFIX}REDIS_URL begins with rediss:// and {PREFIX}REDIS_TLS is 0; remove one of the two"
                ));
            }
            tls = true;
            Some((host, port))
        }
        ConnectionAddr::Tcp(host, port) => Some((host, port)),
        _ => None,
    };
    let authorities = settings.text("REDIS_TLS_CA").map(PathBuf::from);
    let Some((host, port)) = place else { return Ok((identified(given, settings), None)) };
    if let (false, Some(file)) = (tls, &authorities) {
        return Err(format!(
            "{PREFIX}REDIS_TLS_CA={} names certificate authorities and TLS is off, so nothing would be checked; set \
             {PREFIX}REDIS_TLS=1, or do not name any",
            file.display()
        ));
    }
    let insecure = !settings.flag("REDIS_TLS_REJECT_UNAUTHORIZED");
    let place = if tls {
        ConnectionAddr::TcpTls { host, port, insecure, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    Ok((identified(given.set_addr(place), settings), authorities))
}

/// With the user, the password and the database of the settings, unless the address names them.
fn identified(given: ConnectionInfo, settings: &Settings) -> ConnectionInfo {
    let mut who = given.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    if let (None, Some(name)) = (who.username(), settings.text("REDIS_USERNAME")) {
        who = who.set_username(name);
    }
    if let (None, Some(password)) = (who.password(), settings.text("REDIS_PASSWORD")) {
        who = who.set_password(password);
    }
    if who.db() == 0 {
        who = who.set_db(i64::try_from(settings.number("REDIS_DB")).unwrap_or_default());
    }
    given.set_redis_settings(who)
}

fn address(url: &str, default_port: u16) -> Result<ConnectionInfo, String> {
    if url.contains('#') {
        return Err(format!(
            "{PREFIX}REDIS_URL: what follows a `#` is not taken ({FORM}); to take any certificate set \
             {PREFIX}REDIS_TLS_REJECT_UNAUTHORIZED=0"
        ));
    }
    let info = url.into_connection_info().map_err(|_| format!("{PREFIX}REDIS_URL cannot be read: {FORM}"))?;
    let is_socket = matches!(info.addr(), ConnectionAddr::Unix(_));
    if is_socket || names_port(url) {
        return Ok(info);
    }
    let there = moved(info.addr(), &Place { port: default_port, ..place(&info) });
    Ok(info.set_addr(there))
}

/// Whether an address that could be read names a port.
fn names_port(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    place.rsplit_once(']').map_or(place, |(_, port)| port).contains(':')
}

fn of(place: ConnectionAddr) -> Result<ConnectionInfo, String> {
    place.into_connection_info().map_err(|error| format!("{PREFIX}REDIS_HOST: {error}"))
}

/// The host and port of an address, or a socket and 0.
pub(super) fn place(server: &ConnectionInfo) -> Place {
    match server.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            Place { host: host.clone(), port: *port }
        }
        ConnectionAddr::Unix(path) => Place { host: path.display().to_string(), port: 0 },
        other => Place { host: other.to_string(), port: 0 },
    }
}

/// The address of another place, encrypted as this one is.
pub(super) fn moved(like: &ConnectionAddr, place: &Place) -> ConnectionAddr {
    let (host, port) = (place.host.clone(), place.port);
    match like {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
        }
        _ => ConnectionAddr::Tcp(host, port),
    }
}
