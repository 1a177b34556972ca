//! The health of a store.

use agent_memory_proto::model::{EntryKind, ScopeRef};

use super::fixtures::{World, guideline, knowledge, written};

pub(crate) async fn a_healthy_store_says_so(world: World) {
    let hidden = world.add(guideline(ScopeRef::GLOBAL, "a", 1)).await;
    world.add(guideline(ScopeRef::GLOBAL, "b", 1)).await;
    world.add(knowledge(ScopeRef::GLOBAL, "c")).await;
    written(world.write(world.deactivating(EntryKind::Guideline, hidden.id)).await);
    let (health, problems) = world.store.health.probe().await.unwrap();
    assert_eq!(problems, Vec::<String>::new());
    assert!(health.connected);
    assert!(health.write_us.is_some() && health.read_us.is_some());
    assert_eq!(health.entries, [1, 1, 0]);
    assert!(health.size_bytes > 0 && health.schema_version > 0 && health.pool_size > 0);
    // And once more: a canary must not only be found when it is the first.
    assert!(world.store.health.probe().await.unwrap().0.connected);
}
