//! Ways to the server: TLS, Unix sockets, password files, several hosts.

use std::{fs, path::Path};

use agent_memory_testbed::{Authority, Postgres, PostgresOptions as ServerOptions, Validity};

use super::super::{PostgresOptions, connection::Connection, connector::Connector};
use crate::{actors::block_on, store::StoreError};

fn connector(url: &str) -> Result<Connector, StoreError> {
    let options = PostgresOptions::new(url.parse().expect("an address"));
    Connector::new(&options, &options.server)
}

/// Connects, and says what the server thinks of the encryption.
fn connect(url: &str) -> Result<bool, String> {
    block_on(async {
        let connection = connector(url)?.connect().await?;
        is_encrypted(&connection).await
    })
    .expect("an actor system")
    .map_err(|error: StoreError| error.to_string())
}

async fn is_encrypted(connection: &Connection) -> Result<bool, StoreError> {
    let row = connection.row("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await?;
    Ok(row.expect("a row for this connection").get(0))
}

fn url(server: &Postgres, host: &str, query: &str) -> String {
    format!("postgres://postgres@{host}:{}/postgres?{query}", server.port())
}

fn verified(authority: &Authority) -> String {
    format!("sslmode=verify-full&sslrootcert={}", authority.file().display())
}

#[test]
fn a_certificate_is_checked_with_its_authority_and_name() {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let server = Postgres::start_with(authority.server("localhost", Validity::Now).unwrap()).unwrap();
    assert_eq!(connect(&url(&server, "localhost", &verified(&authority))), Ok(true));
    assert_eq!(connect(&url(&server, "localhost", "sslmode=disable")), Ok(false));
    let refused = |host: &str, query: &str| connect(&url(&server, host, query)).expect_err("is refused");
    let unknown = refused("localhost", &verified(&other));
    assert!(unknown.contains("AGENT_MEMORY_PG_SSL_CA") && unknown.contains("ca.pem"), "{unknown}");
    let misnamed = refused("127.0.0.1", &verified(&authority));
    assert!(misnamed.contains("AGENT_MEMORY_PG_HOST"), "{misnamed}");
    let nowhere = refused("localhost", "sslmode=require&sslrootcert=/nowhere/ca.pem");
    assert!(nowhere.contains("AGENT_MEMORY_PG_SSL_CA=/nowhere/ca.pem"), "{nowhere}");
}

#[test]
fn an_expired_certificate_and_a_server_without_any_are_refused() {
    let authority = Authority::new().unwrap();
    let server = Postgres::start_with(authority.server("localhost", Validity::Expired).unwrap()).unwrap();
    let expired = connect(&url(&server, "localhost", &verified(&authority))).expect_err("is refused");
    assert!(expired.contains("renew it") && expired.contains("AGENT_MEMORY_PG_SSL"), "{expired}");
    let plain = Postgres::start().unwrap();
    let plain = connect(&url(&plain, "localhost", &verified(&authority))).expect_err("is refused");
    assert!(plain.contains("ssl = on") && plain.contains("AGENT_MEMORY_PG_SSL=0"), "{plain}");
}

#[test]
fn an_unchecked_certificate_is_taken_when_the_settings_say_so() {
    let authority = Authority::new().unwrap();
    let server = Postgres::start_with(authority.server("elsewhere", Validity::Expired).unwrap()).unwrap();
    let mut options = PostgresOptions::new(url(&server, "127.0.0.1", "sslmode=require").parse().unwrap());
    options.server.tls = super::super::Tls::Unverified;
    let encrypted = block_on(async {
        let connection = Connector::new(&options, &options.server)?.connect().await?;
        is_encrypted(&connection).await
    });
    assert_eq!(encrypted.unwrap(), Ok(true));
}

/// The server takes a request to cancel only over TLS here, as the rest.
#[test]
fn a_statement_is_cancelled_over_tls() {
    let authority = Authority::new().unwrap();
    let mut options = authority.server("localhost", Validity::Now).unwrap();
    options.access = vec!["hostssl all all 127.0.0.1/32 trust".to_owned()];
    let server = Postgres::start_with(options).unwrap();
    let unencrypted = connect(&url(&server, "127.0.0.1", "sslmode=disable")).expect_err("is refused");
    assert!(unencrypted.contains("AGENT_MEMORY_PG_SSL=1"), "{unencrypted}");
    block_on(async {
        let connector = connector(&url(&server, "localhost", &verified(&authority))).unwrap();
        let connection = connector.connect().await.unwrap();
        let token = connection.cancel_token();
        let asleep = connection.rows("SELECT pg_sleep(60)", &[]);
        let cancel = async {
            // Whatever comes too early cancels nothing.
            loop {
                connector.cancel(token.clone()).await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = asleep => assert_eq!(answer.map(|_| ()), Err(StoreError::DeadlineExceeded)),
            () = cancel => {}
        }
    })
    .unwrap();
}

#[test]
fn a_unix_socket_needs_no_tls() {
    let server = Postgres::start().unwrap();
    let directory = server.socket_directory().display().to_string().replace('/', "%2F");
    assert_eq!(connect(&url(&server, &directory, "sslmode=verify-full&sslrootcert=system")), Ok(false));
}

#[test]
fn of_several_hosts_the_one_that_answers_is_used() {
    let server = Postgres::start().unwrap();
    let several = format!("postgres://postgres@127.0.0.1:1,127.0.0.1:{}/postgres", server.port());
    assert_eq!(connect(&several), Ok(false));
    let none = connect("postgres://postgres@127.0.0.1:1,127.0.0.1:2/postgres").expect_err("is refused");
    assert!(none.contains("127.0.0.1:1") && none.contains("127.0.0.1:2"), "{none}");
}

#[test]
fn of_several_servers_the_primary_is_used() {
    let primary = Postgres::start().unwrap();
    let mut standby = Postgres::start().unwrap();
    standby.stop().unwrap();
    fs::write(standby.data().join("standby.signal"), "").unwrap();
    standby.run().unwrap();
    let both =
        format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres", standby.port(), primary.port());
    let port = block_on(async {
        let connection = connector(&both)?.connect().await?;
        let row = connection.row("SELECT inet_server_port()", &[]).await?;
        Ok::<i32, StoreError>(row.expect("a row").get(0))
    });
    assert_eq!(port.unwrap(), Ok(i32::from(primary.port())));
    let alone = connect(&standby.url("postgres")).expect_err("is refused");
    assert!(alone.contains("is a standby") && alone.contains("AGENT_MEMORY_PG_HOST"), "{alone}");
}

/// A changed password is taken up by the next connection.
#[test]
fn a_password_file_is_read_for_every_connection() {
    let access = vec!["local all all trust".to_owned(), "host all all 127.0.0.1/32 scram-sha-256".to_owned()];
    let server = Postgres::start_with(ServerOptions { access, ..ServerOptions::default() }).unwrap();
    let set_password = |word: &str| {
        let socket = format!(
            "host={} port={} user=postgres dbname=postgres",
            server.socket_directory().display(),
            server.port()
        );
        let sql = format!("ALTER ROLE postgres PASSWORD '{word}'");
        agent_memory_testbed::postgres::query(&socket, &sql).expect("a new password");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgpass");
    set_password("sesame one");
    let address = url(&server, "127.0.0.1", &format!("passfile={}", file.display()));
    let missing = connect(&address).expect_err("no password");
    assert!(missing.contains("AGENT_MEMORY_PG_PASSWORD") && missing.contains("password file"), "{missing}");
    block_on(async {
        let connector = connector(&address).unwrap();
        write_private(&file, "127.0.0.1:*:postgres:postgres:sesame one\n");
        connector.connect().await.expect("the password of the file");
        set_password("sesame two");
        let wrong = connector.connect().await.expect_err("an old password").to_string();
        assert!(wrong.contains("28P01") && !wrong.contains("sesame"), "{wrong}");
        write_private(&file, "*:*:*:*:sesame two\n");
        connector.connect().await.expect("the new password of the file");
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let public = connector.connect().await.expect_err("a file that others may read").to_string();
        assert!(public.contains("chmod 600") && !public.contains("sesame"), "{public}");
    })
    .unwrap();
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("writes");
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
}
