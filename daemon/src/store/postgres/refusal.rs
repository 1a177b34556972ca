//! Why there is no connection, in words that name what mends it.

use std::{io, time::Duration};

use rustls::CertificateError;
use tokio_postgres::Error;

use super::{
    error::chain,
    server::{Place, Server, Tls},
};
use crate::store::StoreError;

/// What the server, the network or the encryption said.
pub(super) fn explain(
    error: &Error,
    server: &Server,
    place: &Place,
    password: &Result<(), String>,
) -> StoreError {
    let text = chain(error);
    let code = error.code().map(tokio_postgres::error::SqlState::code);
    let mend = match code {
        Some(code) => of_server(code, &text, password),
        None => match certificate(error) {
            Some(cause) => of_certificate(cause, &server.tls),
            None => of_connection(&text, password),
        },
    };
    let code = code.map_or_else(String::new, |code| format!(" (SQLSTATE {code})"));
    let mend = mend.map_or_else(String::new, |mend| format!("; {mend}"));
    StoreError::Unavailable(format!("cannot connect to {place}: {text}{code}{mend}"))
}

/// The server took the connection, and is one that takes no writes.
pub(super) fn standby(place: &Place) -> StoreError {
    StoreError::Unavailable(format!(
        "{place} is a standby, which takes no writes; name the primary, or all servers \
         (AGENT_MEMORY_PG_HOST=one,two): the one that is the primary is found"
    ))
}

/// Nothing came back.
pub(super) fn no_answer(place: &Place, after: Duration) -> StoreError {
    StoreError::Unavailable(format!(
        "{place} did not answer within {} ms (AGENT_MEMORY_PG_CONNECTION_TIMEOUT_MS)",
        after.as_millis()
    ))
}

/// The causes of several places.
pub(super) fn both(first: Option<StoreError>, second: StoreError) -> StoreError {
    match (first, second) {
        (Some(StoreError::Unavailable(first)), StoreError::Unavailable(second)) => {
            StoreError::Unavailable(format!("{first}. And: {second}"))
        }
        (_, second) => second,
    }
}

/// Poolers take only the startup options that they know.
pub(super) fn is_of_options(error: &Error) -> bool {
    chain(error).contains("startup parameter")
}

fn of_server(code: &str, text: &str, password: &Result<(), String>) -> Option<String> {
    Some(match code {
        "28000" if text.contains("no encryption") => {
            "the server wants TLS, or knows no such role from here: set AGENT_MEMORY_PG_SSL=1, or see pg_hba.conf"
                .to_owned()
        }
        "28P01" | "28000" => {
            let file = password.as_ref().err().map(|cause| format!(" ({cause})")).unwrap_or_default();
            format!(
                "check AGENT_MEMORY_PG_USER and AGENT_MEMORY_PG_PASSWORD or the password file{file}, \
                 and pg_hba.conf of the server"
            )
        }
        "3D000" => "create the database, or set AGENT_MEMORY_PG_DATABASE".to_owned(),
        "42501" => "let the role in: GRANT CONNECT ON DATABASE, as its owner".to_owned(),
        "53300" => {
            "lower AGENT_MEMORY_PG_POOL_MAX or raise max_connections of the server; `agent-memory db check` does the sum"
                .to_owned()
        }
        "57P03" => "it is starting or stopping; this heals by itself".to_owned(),
        _ => return None,
    })
}

fn of_connection(text: &str, password: &Result<(), String>) -> Option<String> {
    Some(match text {
        text if text.contains("password missing") => {
            let file = password.as_ref().err().map(|cause| format!(" ({cause})")).unwrap_or_default();
            format!(
                "the server asks for a password: set AGENT_MEMORY_PG_PASSWORD, or use a password file{file}"
            )
        }
        text if text.contains("does not support TLS") => {
            "set ssl = on at the server, or AGENT_MEMORY_PG_SSL=0 to send everything in the clear".to_owned()
        }
        _ => "check that the server runs there, and AGENT_MEMORY_PG_HOST and AGENT_MEMORY_PG_PORT".to_owned(),
    })
}

fn of_certificate(cause: &rustls::Error, tls: &Tls) -> Option<String> {
    let rustls::Error::InvalidCertificate(cause) = cause else {
        return Some("TLS was not agreed upon; see the log of the server".to_owned());
    };
    let authorities = match tls {
        Tls::Verified { authorities: Some(file) } => format!("those of {}", file.display()),
        _ => "those of this system".to_owned(),
    };
    Some(match cause {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "nobody of the authorities that are trusted ({authorities}) signed the server's certificate; name the file \
             of the one who did with AGENT_MEMORY_PG_SSL_CA"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for other names; set AGENT_MEMORY_PG_HOST to one of them, or have it \
             issued for this one"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired; renew it (AGENT_MEMORY_PG_SSL checks it)".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; see the clocks of both machines (AGENT_MEMORY_PG_SSL \
             checks it)"
                .to_owned()
        }
        _ => "AGENT_MEMORY_PG_SSL checks the server's certificate, and this one cannot be trusted; have it issued \
              by an authority, and name that one's file with AGENT_MEMORY_PG_SSL_CA"
            .to_owned(),
    })
}

/// What the encryption said, if it was the encryption.
fn certificate(error: &Error) -> Option<&rustls::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        if let Some(found) = next.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An I/O error is silent about the error that it holds.
        if let Some(held) = next.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = held.downcast_ref::<rustls::Error>()
        {
            return Some(found);
        }
        cause = next.source();
    }
    None
}
