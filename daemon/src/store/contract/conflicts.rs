//! Conflicts: what is read of them, and that each is resolved once, by a version of its own.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{Conflict, EntryKind, Id, ScopeRef},
    request::{ConflictPick, ListConflicts},
    response::{ConflictPage, ConflictResolved},
};

use super::fixtures::{World, guideline, new_content};
use crate::store::{Resolution, Write};

const ALL: ListConflicts =
    ListConflicts { kind: None, resolved: None, entry_id: None, limit: 100, offset: 0 };

async fn page(world: &World, request: ListConflicts) -> ConflictPage {
    world.store.conflicts.conflicts(request).await.expect("a readable store")
}

/// An entry whose second version is ada's and whose third is bob's, both at once.
async fn conflict(world: &World, name: &str) -> Conflict {
    let id = world.add(guideline(ScopeRef::GLOBAL, name, 5)).await.id;
    world.update(id, new_content("by ada", "ada")).await;
    assert!(world.update(id, new_content("by bob", "bob")).await.conflict);
    let found = page(world, ListConflicts { entry_id: Some(id), ..ALL }).await;
    found.conflicts.into_iter().next().expect("a conflict")
}

fn resolving(world: &World, id: Id, pick: ConflictPick, expected_version: Option<u32>) -> Write {
    Write::ResolveConflict(Box::new(Resolution {
        id,
        version_id: world.clock.new_id(),
        resolution: "ada was right".to_owned(),
        pick,
        expected_version,
        resolved_by: Some("carol".to_owned()),
    }))
}

async fn resolve(world: &World, write: Write) -> ConflictResolved {
    match world.write(write).await {
        Ok(Response::ConflictResolved(resolved)) => *resolved,
        other => panic!("not resolved: {other:?}"),
    }
}

async fn content(world: &World, id: Id) -> (u32, String, Option<String>) {
    let version = world.get(EntryKind::Guideline, id).await.expect("there").version;
    (version.number, version.body.text().to_owned(), version.change_reason)
}

pub(crate) async fn conflicts_are_listed_with_both_versions(world: World) {
    let first = conflict(&world, "one").await;
    let second = conflict(&world, "two").await;
    assert_eq!((first.first.version, first.second.version, first.entry_version), (2, 3, 3));
    assert_eq!((first.first.by.as_deref(), first.second.by.as_deref()), (Some("ada"), Some("bob")));
    assert!(first.first.at_ms.is_some() && first.first.version_id.is_some());
    assert_eq!(first.second.version_id, Some(first.id));
    assert_eq!(world.store.conflicts.conflict(first.id).await, Ok(Some(first.clone())));
    assert_eq!(world.store.conflicts.conflict(first.entry_id).await, Ok(None));
    let ids = |page: ConflictPage| page.conflicts.iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(page(&world, ALL).await), [second.id, first.id], "latest first");
    let later = page(&world, ListConflicts { limit: 1, ..ALL }).await;
    assert!(later.has_more && ids(later) == [second.id]);
    assert_eq!(ids(page(&world, ListConflicts { offset: 1, ..ALL }).await), [first.id]);
    assert!(ids(page(&world, ListConflicts { kind: Some(EntryKind::Tool), ..ALL }).await).is_empty());

    resolve(&world, resolving(&world, first.id, ConflictPick::Current, None)).await;
    for (resolved, expected) in [(true, first.id), (false, second.id)] {
        assert_eq!(ids(page(&world, ListConflicts { resolved: Some(resolved), ..ALL }).await), [expected]);
    }
}

pub(crate) async fn a_conflict_is_resolved_once_by_a_version_of_its_own(world: World) {
    let picks = [
        ("a", ConflictPick::First, (4, "by ada")),
        ("b", ConflictPick::Second, (4, "by bob")),
        ("merged", ConflictPick::Merged("by both".to_owned()), (4, "by both")),
        ("as it is", ConflictPick::Current, (3, "by bob")),
    ];
    for (name, pick, (number, text)) in picks {
        let found = conflict(&world, name).await;
        let resolved = resolve(&world, resolving(&world, found.id, pick.clone(), None)).await;
        assert_eq!(resolved.conflict.resolution.as_deref(), Some("ada was right"));
        assert_eq!(resolved.written.is_some(), pick != ConflictPick::Current);
        assert_eq!(world.store.conflicts.conflict(found.id).await, Ok(Some(resolved.conflict)));
        let (stored, said, reason) = content(&world, found.entry_id).await;
        assert_eq!((stored, said.as_str()), (number, text));
        if number == 4 {
            assert_eq!(reason.as_deref(), Some("ada was right"));
        }
        world.clock.advance(7_000);
        let refused = world.refusal(resolving(&world, found.id, ConflictPick::First, None)).await;
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Conflict, Some("id")));
        assert!(refused.message.contains("\"carol\" 7 s ago"), "{}", refused.message);
        assert_eq!(content(&world, found.entry_id).await.0, number);
    }
    let nothing = world.refusal(resolving(&world, world.clock.new_id(), ConflictPick::First, None)).await;
    assert_eq!(nothing.code, ErrorCode::NotFound);
}

pub(crate) async fn a_later_change_is_not_overruled_unseen(world: World) {
    let found = conflict(&world, "one").await;
    world.clock.advance(60_000);
    world.update(found.entry_id, new_content("by dave", "dave")).await;
    let refused = world.refusal(resolving(&world, found.id, ConflictPick::First, None)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Conflict, Some("expectedVersion")));
    resolve(&world, resolving(&world, found.id, ConflictPick::First, Some(4))).await;
    assert_eq!(content(&world, found.entry_id).await.1, "by ada");
}
