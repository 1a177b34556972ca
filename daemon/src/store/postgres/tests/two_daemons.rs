//! Two daemons write to one database at the same time.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, Id, ScopeRef},
};
use agent_memory_testbed::Postgres;

use super::{PostgresHandle, PostgresOptions, audit::audit, open_with};
use crate::{
    actors::{all_at_once, block_on},
    clock::Clock,
    store::{
        EntryUpdate, IdempotencyKey, StoreError, Write,
        contract::{START_MS, World, guideline, new_content},
    },
};

const ROUNDS: u32 = 10;

/// Runs a test on two stores of one server, and looks at what they left.
fn with_two(test: impl AsyncFnOnce([&World; 2])) {
    let server = Postgres::start().unwrap();
    block_on(async {
        let clock = Clock::manual(START_MS);
        let options = || PostgresOptions::new(server.url("postgres").parse().unwrap());
        let (one, one_handle): (World, PostgresHandle) = open_with(options(), clock.clone()).await;
        let (other, other_handle) = open_with(options(), clock).await;
        test([&one, &other]).await;
        one_handle.close().await;
        other_handle.close().await;
    })
    .unwrap();
    audit(&server);
}

fn code(result: Result<Response, StoreError>) -> Result<Response, ErrorCode> {
    result.map_err(|error| match error {
        StoreError::Refused(body) => body.code,
        other => panic!("not refused: {other:?}"),
    })
}

#[test]
fn of_racing_updates_exactly_one_wins_each_version() {
    with_two(async |[one, other]| {
        let id = one.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
        for version in 1..=ROUNDS {
            let updates = (0..10).map(|number| {
                let world = if number % 2 == 0 { one } else { other };
                let patch = new_content(&format!("{version} by {number}"), &format!("agent {number}"));
                world.write(world.updating_from(id, Some(version), patch))
            });
            let results: Vec<_> = all_at_once(updates).await.into_iter().map(code).collect();
            let winners: Vec<usize> = (0..10).filter(|number| results[*number].is_ok()).collect();
            let stale = results.iter().filter(|result| **result == Err(ErrorCode::Conflict)).count();
            assert_eq!((winners.len(), stale), (1, 9), "version {version}: {results:?}");
            let entry = other.get(EntryKind::Guideline, id).await.unwrap();
            assert_eq!(entry.version.number, version + 1);
            assert_eq!(entry.version.body.text(), format!("{version} by {}", winners[0]));
        }
    });
}

#[test]
fn updates_without_a_version_are_all_applied() {
    with_two(async |[one, other]| {
        let id = one.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
        let updates = (0..40).map(|number| {
            let world = if number % 2 == 0 { one } else { other };
            world.write(world.updating(id, new_content(&format!("by {number}"), "ada")))
        });
        let mut versions: Vec<u32> = all_at_once(updates)
            .await
            .into_iter()
            .map(|result| crate::store::contract::written(result).version)
            .collect();
        versions.sort_unstable();
        assert!(versions.into_iter().eq(2..=41));
    });
}

#[test]
fn a_name_is_taken_once() {
    with_two(async |[one, other]| {
        let adds = (0..100).map(|number| {
            let world = if number % 2 == 0 { one } else { other };
            world.write(world.adding(guideline(ScopeRef::GLOBAL, &format!("rule {}", number / 4), 1)))
        });
        let results: Vec<_> = all_at_once(adds).await.into_iter().map(code).collect();
        for same in results.chunks(4) {
            let taken = same.iter().filter(|result| **result == Err(ErrorCode::AlreadyExists)).count();
            assert_eq!(taken, 3, "{same:?}");
        }
    });
}

#[test]
fn a_key_is_applied_by_one_daemon_and_answered_by_both() {
    with_two(async |[one, other]| {
        for round in 0..ROUNDS {
            let key = Some(IdempotencyKey { key: one.clock.new_id(), fingerprint: 7 });
            let draft = guideline(ScopeRef::GLOBAL, &format!("rule {round}"), 1);
            // Each daemon chooses ids of its own for the same request.
            let writes = [one, other].map(|world| world.write_keyed(world.adding(draft.clone()), key));
            let outcomes: Vec<_> = all_at_once(writes).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(outcomes.iter().filter(|outcome| outcome.replayed).count(), 1);
            assert_eq!(outcomes[0].reply, outcomes[1].reply);

            let Response::Written(added) = &outcomes[0].reply else { panic!("{outcomes:?}") };
            let key = Some(IdempotencyKey { key: one.clock.new_id(), fingerprint: 8 });
            let writes = [one, other].map(|world| {
                world.write_keyed(world.updating(added.id, new_content("changed once", "ada")), key)
            });
            let outcomes: Vec<_> = all_at_once(writes).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(outcomes.iter().filter(|outcome| outcome.replayed).count(), 1);
            assert_eq!(outcomes[0].reply, outcomes[1].reply);
            let entry = one.get(EntryKind::Guideline, added.id).await.unwrap();
            assert_eq!(entry.version.number, 2);
        }
    });
}

#[test]
fn a_project_goes_while_entries_are_added_to_it() {
    with_two(async |[one, other]| {
        for round in 0..3 {
            let project = one.project(&format!("app {round}")).await;
            let scope = ScopeRef::project(project.id);
            let adders = (0..8).map(|number| {
                let world = if number % 2 == 0 { one } else { other };
                async move {
                    for count in 0.. {
                        let draft = guideline(scope, &format!("rule {number} {count}"), 1);
                        let bulk = (0..2).map(|_| {
                            let mut draft = draft.clone();
                            draft.name = world.clock.new_id().to_string();
                            world.new_entry(draft)
                        });
                        let write = match number % 4 {
                            0 => Write::AddEntries { entries: bulk.collect(), bulk: true },
                            _ => world.adding(draft),
                        };
                        match code(world.write(write).await) {
                            Ok(_) => {}
                            Err(refusal) => {
                                assert_eq!(refusal, ErrorCode::NotFound);
                                return count;
                            }
                        }
                    }
                    0
                }
            });
            let remover = async {
                for count in 0..20 {
                    one.add(guideline(scope, &format!("until {count}"), 1)).await;
                }
                assert_eq!(other.write(Write::DeleteProject(project.id)).await, Ok(Response::Done));
                0
            };
            let adders = adders.map(|adder| Box::pin(adder) as std::pin::Pin<Box<dyn Future<Output = i32>>>);
            let all = adders.chain(std::iter::once(Box::pin(remover) as _));
            let counts = all_at_once(all).await;
            assert!(counts.iter().sum::<i32>() > 0, "something was added: {counts:?}");
        }
    });
}

#[test]
fn bulk_updates_in_opposite_orders_all_succeed() {
    with_two(async |[one, other]| {
        let mut ids: Vec<Id> = Vec::new();
        for number in 0..10 {
            ids.push(one.add(guideline(ScopeRef::GLOBAL, &format!("rule {number}"), 1)).await.id);
        }
        let updating = |world: &World, ids: &[Id]| Write::UpdateEntries {
            updates: ids
                .iter()
                .map(|id| EntryUpdate {
                    id: *id,
                    version_id: world.clock.new_id(),
                    expected_version: None,
                    patch: new_content(&world.clock.new_id().to_string(), "ada"),
                })
                .collect(),
            bulk: true,
            conflict_window_ms: 0,
        };
        let reversed: Vec<Id> = ids.iter().rev().copied().collect();
        for _ in 0..ROUNDS {
            let writes = [(one, &ids), (other, &reversed), (one, &reversed), (other, &ids)];
            let writes = writes.map(|(world, ids)| world.write(updating(world, ids)));
            for result in all_at_once(writes).await {
                assert!(matches!(result, Ok(Response::BulkWritten(_))), "{result:?}");
            }
        }
        for id in ids {
            let entry = one.get(EntryKind::Guideline, id).await.unwrap();
            assert_eq!(entry.version.number, 1 + 4 * ROUNDS);
        }
    });
}
