//! What a durable write tells others.

use agent_memory_proto::{
    Event,
    event::ChangeAction,
    model::{EntryKind, ScopeRef},
};

use super::fixtures::{World, guideline, new_content, written};
use crate::store::{Change, Write};

fn told(world: &World) -> Vec<Change> {
    std::mem::take(&mut world.changes.lock().unwrap())
}

pub(crate) async fn every_durable_write_is_told(world: World) {
    let project = world.project("app").await;
    let scope = ScopeRef::project(project.id);
    let tree: Vec<ScopeRef> = told(&world).into_iter().filter(|c| c.scope_tree).map(|c| c.scope).collect();
    assert_eq!(tree, [scope]);
    let id = world.add(guideline(scope, "tabs", 1)).await.id;
    world.update(id, new_content("spaces", "bob")).await;
    written(world.write(world.deactivating(EntryKind::Guideline, id)).await);
    written(world.write(world.deactivating(EntryKind::Guideline, id)).await);
    let ids = vec![id];
    let deleted_by = Some("eve".to_owned());
    let delete = Write::DeleteEntries { kind: EntryKind::Guideline, ids, bulk: false, deleted_by };
    written(world.write(delete).await);
    let expected = [
        (ChangeAction::Added, 1, "ada"),
        (ChangeAction::Updated, 2, "bob"),
        (ChangeAction::Deactivated, 3, "ada"),
        (ChangeAction::Deleted, 3, "eve"),
    ];
    let expected = expected.map(|(action, version, by)| Change {
        scope,
        scope_tree: false,
        permissions: false,
        event: Some(Event::EntryChanged {
            entry_id: id,
            kind: EntryKind::Guideline,
            scope,
            action,
            version,
            changed_by: Some(by.to_owned()),
        }),
    });
    assert_eq!(told(&world), expected);
    let session = world.session(Some(project.id)).await;
    told(&world);
    world.write(Write::DeleteProject(project.id)).await.unwrap();
    let mut scopes: Vec<ScopeRef> = told(&world).iter().filter(|c| c.scope_tree).map(|c| c.scope).collect();
    scopes.sort();
    assert_eq!(scopes, [scope, ScopeRef::session(session.id)]);
}

pub(crate) async fn refused_writes_are_not_told(world: World) {
    world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
    told(&world);
    let same = vec![
        world.new_entry(guideline(ScopeRef::GLOBAL, "new", 1)),
        world.new_entry(guideline(ScopeRef::GLOBAL, "tabs", 1)),
    ];
    world.refusal(Write::AddEntries { entries: same, bulk: true }).await;
    assert_eq!(told(&world), []);
}
