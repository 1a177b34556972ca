//! Roles: one that owns the schema and migrates it, and one that may do no more than a daemon needs.

use agent_memory_testbed::{Postgres, postgres::query};

use super::{
    super::{Level, PostgresOptions, inspect, migrate},
    open,
};
use crate::{
    actors::block_on,
    clock::Clock,
    store::{
        StoreError,
        contract::{Scenario, guideline},
    },
};

/// The statements of docs/guides/postgresql.md, with names of the test.
const ROLES: &str = "\
    CREATE ROLE owner LOGIN; CREATE ROLE app LOGIN; \
    CREATE DATABASE memory OWNER owner ENCODING 'UTF8' TEMPLATE template0;";
const SCHEMA: &str = "CREATE SCHEMA AUTHORIZATION owner; REVOKE CREATE ON SCHEMA public FROM PUBLIC;";

fn url(server: &Postgres, role: &str) -> String {
    format!("postgres://{role}@127.0.0.1:{}/memory", server.port())
}

fn options(server: &Postgres, role: &str) -> PostgresOptions {
    PostgresOptions { migrate: role == "owner", ..PostgresOptions::new(url(server, role).parse().unwrap()) }
}

/// The guide's own statements for the application role.
fn grants() -> String {
    let guide = include_str!("../../../../../docs/guides/postgresql.md");
    let start = guide.find("<!-- grants:").expect("the guide has grants");
    let block = guide[start..].split("```sql").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("a block of SQL").replace("agent_memory_owner", "owner").replace("agent_memory", "app")
}

fn server_with_roles() -> Postgres {
    let server = Postgres::start().unwrap();
    for statement in ROLES.split_inclusive(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        server.sql("postgres", statement).unwrap();
    }
    server
}

/// Runs a scenario as the application role, after the owner has migrated.
fn as_application(scenario: Scenario) {
    let server = server_with_roles();
    block_on(async {
        migrate(&options(&server, "owner"), &Clock::system()).await.expect("the owner migrates");
        query(&url(&server, "owner"), &grants()).expect("the grants of the guide");
        let (world, handle) = open(options(&server, "app")).await;
        scenario(world).await;
        handle.close().await;
    })
    .unwrap();
}

super::scenarios! { as_application;
    entries::deactivated_entries_are_hidden_and_keep_their_names,
    entries::deleted_entries_are_gone_with_their_history,
    updates::every_update_is_a_version,
    updates::two_agents_at_once_are_a_conflict,
    idempotency::keys_are_forgotten_after_a_day,
    scopes::a_deleted_project_takes_everything_along,
    scopes::sessions_end_and_are_taken_up_again,
    changes::every_durable_write_is_told,
    health::a_healthy_store_says_so,
    backups::what_was_is_put_back_and_what_is_is_kept,
    search::words_find_what_has_them_best_first,
}

/// What is missing is told with its GRANT, and heals when that was run.
#[test]
fn a_role_without_rights_is_told_what_to_grant() {
    let server = server_with_roles();
    block_on(async {
        migrate(&options(&server, "owner"), &Clock::system()).await.unwrap();
        let (world, _handle) = open(options(&server, "app")).await;
        let global = agent_memory_proto::model::ScopeRef::GLOBAL;
        let refused = world.store.scopes.chain(global).await.expect_err("no rights");
        let StoreError::Unavailable(text) = &refused else { panic!("{refused:?}") };
        assert!(text.contains("GRANT SELECT ON TABLE schema_migrations TO app"), "{text}");
        let findings = inspect(&options(&server, "app"), None).await;
        let rights = findings.iter().find(|finding| finding.level == Level::Bad).expect("a problem");
        let mend = rights.mend.as_deref().unwrap_or_default();
        assert!(mend.contains("GRANT SELECT ON TABLE schema_migrations TO app"), "{rights:?}");
        query(&url(&server, "owner"), "GRANT SELECT ON TABLE schema_migrations TO app").unwrap();
        let findings = inspect(&options(&server, "app"), None).await;
        let rights = findings.iter().find(|finding| finding.about == "rights").expect("rights are looked at");
        let mend = rights.mend.clone().unwrap_or_default();
        assert!(mend.contains("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE entries TO app"), "{mend}");
        let statements = mend.split_once(": ").expect("statements").1;
        query(&url(&server, "owner"), statements).expect("the statements as they are told");
        let findings = inspect(&options(&server, "app"), None).await;
        assert!(findings.iter().all(|finding| finding.level != Level::Bad), "{findings:?}");
        let healed = async {
            while world.store.scopes.chain(global).await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), healed).await.expect("heals by itself");
    })
    .unwrap();
}

/// The application role cannot migrate, and says who can.
#[test]
fn a_role_that_may_not_create_says_who_migrates() {
    let server = server_with_roles();
    block_on(async {
        let options = PostgresOptions { migrate: true, ..options(&server, "app") };
        let refused = migrate(&options, &Clock::system()).await.expect_err("no right to create").to_string();
        assert!(refused.contains("agent-memory db migrate"), "{refused}");
        let findings = inspect(&options, None).await;
        assert!(findings.iter().any(|finding| finding.level == Level::Bad), "{findings:?}");
    })
    .unwrap();
}

/// The first schema of the role's search_path that is there is used.
#[test]
fn another_schema_than_public_is_used_through_the_search_path() {
    let server = server_with_roles();
    for statement in SCHEMA.split_inclusive(';').map(str::trim) {
        query(&url(&server, "postgres"), statement).unwrap();
    }
    block_on(async {
        let (world, handle) = open(options(&server, "owner")).await;
        let entry = world.add(guideline(agent_memory_proto::model::ScopeRef::GLOBAL, "rule", 50)).await;
        assert!(world.get(entry.kind, entry.id).await.is_some());
        handle.close().await;
    })
    .unwrap();
    assert_eq!(query(&url(&server, "postgres"), "SELECT count(*) FROM owner.entries").unwrap(), "1");
    assert_eq!(
        query(&url(&server, "postgres"), "SELECT to_regclass('public.entries') IS NULL").unwrap(),
        "t"
    );
}
