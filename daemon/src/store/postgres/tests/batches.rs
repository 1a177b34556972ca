//! New entries of many callers that are stored together: each caller gets the answer to its own.

use std::time::Duration;

use agent_memory_proto::{ErrorCode, Response, model::ScopeRef};
use agent_memory_testbed::Postgres;
use futures_util::FutureExt;

use super::{PostgresOptions, audit::audit, open};
use crate::{
    actors::{all_at_once, block_on},
    store::{
        IdempotencyKey, StoreError, Write,
        contract::{World, guideline},
    },
};

fn with_store(test: impl AsyncFnOnce(&World, &Postgres)) {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        test(&world, &server).await;
        handle.close().await;
    })
    .unwrap();
    audit(&server);
}

fn refusal(result: Result<Response, StoreError>) -> (ErrorCode, Option<String>) {
    match result {
        Err(StoreError::Refused(body)) => (body.code, body.field),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn what_stands_in_the_way_of_one_does_not_hold_up_the_others() {
    with_store(async |world, _| {
        world.add(guideline(ScopeRef::GLOBAL, "taken", 1)).await;
        let key = IdempotencyKey { key: world.clock.new_id(), fingerprint: 1 };
        let first = world.write_keyed(world.adding(guideline(ScopeRef::GLOBAL, "kept", 1)), Some(key)).await;
        let mut poisoned = guideline(ScopeRef::GLOBAL, "poisoned", 1);
        poisoned.tags = vec!["a\0b".to_owned()];
        let drafts = [
            guideline(ScopeRef::GLOBAL, "new", 1),
            guideline(ScopeRef::GLOBAL, "taken", 1),
            guideline(ScopeRef::project(world.clock.new_id()), "nowhere", 1),
            guideline(ScopeRef::GLOBAL, "twice", 1),
            guideline(ScopeRef::GLOBAL, "twice", 1),
            poisoned,
        ];
        let mut writes: Vec<(Write, Option<IdempotencyKey>)> =
            drafts.into_iter().map(|draft| (world.adding(draft), None)).collect();
        writes.push((world.adding(guideline(ScopeRef::GLOBAL, "kept", 1)), Some(key)));
        writes.push((
            world.adding(guideline(ScopeRef::GLOBAL, "other", 1)),
            Some(IdempotencyKey { fingerprint: 2, ..key }),
        ));
        for number in 0..40 {
            writes.push((world.adding(guideline(ScopeRef::GLOBAL, &format!("rule {number}"), 1)), None));
        }
        let writes = writes.into_iter().map(|(write, key)| world.write_keyed(write, key));
        let mut results = all_at_once(writes).await.into_iter();
        let mut next = || results.next().unwrap().map(|outcome| outcome.reply);
        assert!(next().is_ok());
        assert_eq!(refusal(next()), (ErrorCode::AlreadyExists, Some("name".to_owned())));
        assert_eq!(refusal(next()), (ErrorCode::NotFound, Some("scopeId".to_owned())));
        let twice = [next(), next()];
        assert_eq!(twice.iter().filter(|result| result.is_ok()).count(), 1, "{twice:?}");
        let poisoned = next();
        assert!(matches!(poisoned, Err(StoreError::Other(_))), "{poisoned:?}");
        assert_eq!(next(), first.map(|outcome| outcome.reply));
        assert_eq!(refusal(next()), (ErrorCode::Conflict, Some("idempotencyKey".to_owned())));
        for result in results {
            assert!(result.is_ok(), "{result:?}");
        }
    });
}

#[test]
fn many_writes_are_few_transactions() {
    with_store(async |world, server| {
        let commits = || -> i64 {
            let sql = "SELECT count(DISTINCT xmin::text) FROM entries";
            server.sql("postgres", sql).unwrap().parse().unwrap()
        };
        let writes = (0..200).map(|number| {
            world.write(world.adding(guideline(ScopeRef::GLOBAL, &format!("rule {number}"), 1)))
        });
        for result in all_at_once(writes).await {
            result.unwrap();
        }
        assert!(commits() < 20, "{}", commits());
    });
}

#[test]
fn a_write_is_finished_though_its_caller_has_gone() {
    with_store(async |world, _| {
        let id = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
        let update = world.updating(id, crate::store::contract::new_content("spaces", "ada"));
        for write in [world.adding(guideline(ScopeRef::GLOBAL, "left alone", 1)), update] {
            assert!(world.write(write).now_or_never().is_none(), "it takes more than a moment");
        }
        let finished = async {
            loop {
                let found = world.find("left alone", &[ScopeRef::GLOBAL]).await;
                let changed = world.find("tabs", &[ScopeRef::GLOBAL]).await.unwrap();
                if found.is_some() && changed.version.number == 2 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), finished).await.unwrap();
    });
}

#[test]
fn accepted_writes_are_finished_before_the_store_is_closed() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        let writes = (0..50).map(|number| {
            world.write(world.adding(guideline(ScopeRef::GLOBAL, &format!("rule {number}"), 1)))
        });
        assert!(all_at_once(writes).now_or_never().is_none());
        handle.close().await;
        let refused = world.write(world.adding(guideline(ScopeRef::GLOBAL, "too late", 1))).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    })
    .unwrap();
    assert_eq!(server.sql("postgres", "SELECT count(*) FROM entries").unwrap(), "50");
    audit(&server);
}
