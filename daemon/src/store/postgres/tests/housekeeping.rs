//! What is done now and then, by one daemon at a time.

use agent_memory_proto::model::{EntryKind, ScopeRef};
use agent_memory_testbed::Postgres;

use super::{PostgresOptions, open};
use crate::{
    actors::block_on,
    store::{
        contract::guideline,
        postgres::{
            housekeeping::{clean_index, fold_counts},
            values::value,
        },
    },
};

#[test]
fn counts_are_folded_together_and_stay_what_they_are() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        for number in 0..20 {
            world.add(guideline(ScopeRef::GLOBAL, &format!("rule {number}"), 1)).await;
        }
        let hidden = world.find("rule 3", &[ScopeRef::GLOBAL]).await.unwrap();
        world.write(world.deactivating(EntryKind::Guideline, hidden.id)).await.unwrap();
        let rows = || server.sql("postgres", "SELECT count(*), sum(active) FROM entry_counts").unwrap();
        assert_eq!(rows().trim(), "21|19");

        let (other, connection) = (handle.store.lease().await.unwrap(), handle.store.lease().await.unwrap());
        let lock = "SELECT pg_advisory_xact_lock($1)";
        other.begin_with("BEGIN", lock, &[value(&0x6167_6d68_6f75_7365_i64)]).await.unwrap();
        fold_counts(&connection).await.unwrap();
        assert_eq!(rows().trim(), "21|19", "another daemon keeps house");
        other.rollback().await;
        fold_counts(&connection).await.unwrap();
        assert_eq!(rows().trim(), "1|19");
        fold_counts(&connection).await.unwrap();
        assert_eq!(rows().trim(), "1|19");
        drop((other, connection));
        handle.close().await;
    })
    .unwrap();
}

#[test]
fn new_words_do_not_wait_for_their_place_in_the_index() {
    let server = Postgres::start().unwrap();
    server.sql("postgres", "CREATE EXTENSION pgstattuple").unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        handle.store.housekeeping.close();
        world.add(guideline(ScopeRef::GLOBAL, "some words", 1)).await;
        let pending = || {
            server.sql("postgres", "SELECT pending_tuples FROM pgstatginindex('entry_index_terms')").unwrap()
        };
        assert_ne!(pending().trim(), "0");
        clean_index(&handle.store.lease().await.unwrap()).await.unwrap();
        assert_eq!(pending().trim(), "0");
        handle.close().await;
    })
    .unwrap();
}
