//! Idempotency keys.

use agent_memory_proto::{ErrorCode, model::ScopeRef};

use super::fixtures::{World, guideline};
use crate::store::{IdempotencyKey, StoreError};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(crate) async fn a_key_is_applied_once(world: World) {
    let key = Some(IdempotencyKey { key: world.clock.new_id(), fingerprint: u64::MAX });
    let write = world.adding(guideline(ScopeRef::GLOBAL, "once", 1));
    // Both may be in one batch, and the second must not see the first as a taken name.
    let writes = [world.write_keyed(write.clone(), key), world.write_keyed(write.clone(), key)];
    let [first, second] = writes.map(Box::pin);
    let (first, second) = tokio::join!(first, second);
    let (mut first, mut second) = (first.unwrap(), second.unwrap());
    if first.replayed {
        std::mem::swap(&mut first, &mut second);
    }
    assert_eq!((first.replayed, second.replayed), (false, true));
    world.clock.advance(DAY_MS - 1);
    let third = world.write_keyed(write, key).await.unwrap();
    assert!(third.replayed);
    assert_eq!((&first.reply, &first.reply), (&second.reply, &third.reply));
    assert_eq!((first.changes.len(), second.changes.len(), third.changes.len()), (1, 0, 0));
}

pub(crate) async fn a_key_with_another_request_is_refused(world: World) {
    let key = IdempotencyKey { key: world.clock.new_id(), fingerprint: 1 };
    let first = world.adding(guideline(ScopeRef::GLOBAL, "one", 1));
    world.write_keyed(first, Some(key)).await.unwrap();
    let other = world.adding(guideline(ScopeRef::GLOBAL, "other", 1));
    let refused = world.write_keyed(other, Some(IdempotencyKey { fingerprint: 2, ..key })).await;
    let Err(StoreError::Refused(body)) = refused else { panic!("not refused: {refused:?}") };
    assert_eq!((body.code, body.field.as_deref()), (ErrorCode::Conflict, Some("idempotencyKey")));
    assert_eq!(world.find("other", &[ScopeRef::GLOBAL]).await, None);
}

pub(crate) async fn keys_are_forgotten_after_a_day(world: World) {
    let key = Some(IdempotencyKey { key: world.clock.new_id(), fingerprint: 1 });
    let write = world.adding(guideline(ScopeRef::GLOBAL, "once", 1));
    world.write_keyed(write.clone(), key).await.unwrap();
    world.clock.advance(DAY_MS + 1);
    let again = world.write_keyed(write, key).await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "it is applied again: {again:?}");
}

pub(crate) async fn a_refused_write_does_not_use_its_key_up(world: World) {
    let key = Some(IdempotencyKey { key: world.clock.new_id(), fingerprint: 1 });
    let project = world.project_named("app");
    let write = world.adding(guideline(ScopeRef::project(project.id), "early", 1));
    world.write_keyed(write.clone(), key).await.unwrap_err();
    world.create_project(project).await;
    let outcome = world.write_keyed(write, key).await.unwrap();
    assert!(!outcome.replayed);
}
