//! The server, the way to it, and the role.

use super::{Finding, text};
use crate::store::{
    StoreError,
    postgres::{
        connection::Connection,
        connector::Connector,
        options::PostgresOptions,
        server::{Server, Tls},
    },
};

/// The oldest server whose SQL is that of the migrations.
const VERSION_MIN: i32 = 110_000;

pub(super) async fn look(
    connection: &Connection,
    connector: &Connector,
    options: &PostgresOptions,
) -> Result<Vec<Finding>, StoreError> {
    Ok(vec![
        version(connection).await?,
        encoding(connection).await?,
        pooler(connector),
        encryption(&options.server),
        role(connection).await?,
        durability(connection).await?,
    ])
}

async fn version(connection: &Connection) -> Result<Finding, StoreError> {
    let shown = text(connection, "SELECT current_setting('server_version')").await?;
    let number = text(connection, "SELECT current_setting('server_version_num')").await?;
    let what = format!("PostgreSQL {shown}, a primary");
    Ok(match number.parse::<i32>() {
        Ok(number) if number < VERSION_MIN => Finding::bad(
            "server",
            what,
            "Upgrade it: PostgreSQL 11 is the oldest that has what the schema needs",
        ),
        _ => Finding::good("server", what),
    })
}

async fn encoding(connection: &Connection) -> Result<Finding, StoreError> {
    let found = text(connection, "SELECT current_setting('server_encoding')").await?;
    Ok(match found.as_str() {
        "UTF8" => Finding::good("encoding", "UTF8"),
        _ => Finding::bad(
            "encoding",
            format!("{found}: most texts cannot be stored"),
            "Create the database with ENCODING 'UTF8' TEMPLATE template0",
        ),
    })
}

fn pooler(connector: &Connector) -> Finding {
    match connector.is_pooled() {
        true => Finding::good(
            "pooler",
            "a pooler stands before the server: statements are not kept prepared, and the pooler's own limits apply",
        ),
        false => Finding::good("pooler", "none: connections are the server's own"),
    }
}

fn encryption(server: &Server) -> Finding {
    const ABOUT: &str = "encryption";
    let is_local = server
        .places
        .iter()
        .all(|place| place.is_socket() || ["localhost", "127.0.0.1", "::1"].contains(&place.host.as_str()));
    match &server.tls {
        _ if server.places.iter().all(|place| place.is_socket()) => {
            Finding::good(ABOUT, "none needed: a Unix socket of this machine")
        }
        Tls::Verified { authorities: Some(file) } => Finding::good(
            ABOUT,
            format!("TLS; certificate and host name are checked against {}", file.display()),
        ),
        Tls::Verified { authorities: None } => Finding::good(
            ABOUT,
            "TLS; certificate and host name are checked against the authorities of this system",
        ),
        Tls::Unverified => Finding::doubtful(
            ABOUT,
            "TLS with any certificate: anybody in between can read and change everything",
            "Name the authority with AGENT_MEMORY_PG_SSL_CA, and remove AGENT_MEMORY_PG_SSL_REJECT_UNAUTHORIZED",
        ),
        Tls::Off if is_local => Finding::good(ABOUT, "none, and the server is this machine"),
        Tls::Off => Finding::doubtful(
            ABOUT,
            "none: everybody on the way can read along",
            "Set AGENT_MEMORY_PG_SSL=1, and ssl = on at the server",
        ),
    }
}

async fn role(connection: &Connection) -> Result<Finding, StoreError> {
    const SQL: &str = "SELECT current_user::text, rolsuper FROM pg_roles WHERE rolname = current_user";
    let Some(row) = connection.row(SQL, &[]).await? else {
        return Ok(Finding::bad(
            "role",
            "the server does not tell who this is",
            "See pg_roles of the server",
        ));
    };
    let (name, is_superuser): (String, bool) = (row.get(0), row.get(1));
    Ok(match is_superuser {
        true => Finding::doubtful(
            "role",
            format!("{name}, a superuser: it may do far more than a daemon needs"),
            "Make a role of its own, as docs/guides/postgresql.md shows",
        ),
        false => Finding::good("role", name),
    })
}

/// What was acknowledged must be there after a crash.
async fn durability(connection: &Connection) -> Result<Finding, StoreError> {
    let commit = text(connection, "SELECT current_setting('synchronous_commit')").await?;
    let sync = text(connection, "SELECT current_setting('fsync')").await?;
    let full_page = text(connection, "SELECT current_setting('full_page_writes')").await?;
    Ok(match (commit.as_str(), sync.as_str()) {
        ("off", _) => Finding::bad(
            "durability",
            "synchronous_commit is off: writes that were acknowledged are lost when the server crashes",
            "ALTER ROLE of the daemon: SET synchronous_commit = on",
        ),
        (_, "off") => Finding::doubtful(
            "durability",
            "fsync is off: a power cut destroys the database",
            "Set fsync = on at the server, unless this is a test",
        ),
        _ => Finding::good(
            "durability",
            format!("synchronous_commit {commit}, fsync {sync}, full_page_writes {full_page}"),
        ),
    })
}
