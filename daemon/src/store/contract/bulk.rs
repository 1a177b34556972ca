//! Bulk writes: all or nothing, in order.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, Id, ScopeRef},
    request::EntryDraft,
    response::Written,
};

use super::fixtures::{CONFLICT_WINDOW_MS, World, guideline, knowledge, new_content};
use crate::store::{EntryUpdate, Write};

fn adding(world: &World, drafts: Vec<EntryDraft>) -> Write {
    Write::AddEntries {
        entries: drafts.into_iter().map(|draft| world.new_entry(draft)).collect(),
        bulk: true,
    }
}

fn updating(world: &World, ids: &[Id], expected_version: Option<u32>) -> Write {
    let update = |id: &Id| EntryUpdate {
        id: *id,
        version_id: world.clock.new_id(),
        expected_version,
        patch: new_content("all at once", "ada"),
    };
    Write::UpdateEntries {
        updates: ids.iter().map(update).collect(),
        bulk: true,
        conflict_window_ms: CONFLICT_WINDOW_MS,
    }
}

fn deleting(ids: &[Id]) -> Write {
    Write::DeleteEntries { kind: EntryKind::Guideline, ids: ids.to_vec(), bulk: true, deleted_by: None }
}

async fn done(world: &World, write: Write) -> Vec<Written> {
    match world.write(write).await {
        Ok(Response::BulkWritten(written)) => written,
        other => panic!("not written: {other:?}"),
    }
}

fn rules(names: &[&str]) -> Vec<EntryDraft> {
    names.iter().map(|name| guideline(ScopeRef::GLOBAL, name, 1)).collect()
}

pub(crate) async fn bulk_writes_are_all_or_nothing(world: World) {
    let refused = world.refusal(adding(&world, rules(&["a", "b", "a"]))).await;
    assert_eq!(refused.code, ErrorCode::AlreadyExists);
    assert_eq!(world.find("a", &[ScopeRef::GLOBAL]).await, None, "nothing was added");

    let ids: Vec<Id> = done(&world, adding(&world, rules(&["a", "b"]))).await.iter().map(|w| w.id).collect();
    let unknown = world.clock.new_id();
    let refused = world.refusal(updating(&world, &[ids[0], unknown], None)).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert_eq!(world.get(EntryKind::Guideline, ids[0]).await.unwrap().version.number, 1);
    let refused = world.refusal(deleting(&[ids[0], ids[1], unknown])).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    assert!(world.get(EntryKind::Guideline, ids[0]).await.is_some());

    done(&world, updating(&world, &ids, Some(1))).await;
    assert_eq!(world.get(EntryKind::Guideline, ids[1]).await.unwrap().version.number, 2);
    done(&world, deleting(&ids)).await;
    assert_eq!(world.get(EntryKind::Guideline, ids[1]).await, None);
}

pub(crate) async fn bulk_errors_name_the_position(world: World) {
    let field = |body: agent_memory_proto::ErrorBody| body.field.unwrap();
    let mut drafts = rules(&["a", "b", "c", "b"]);
    assert_eq!(field(world.refusal(adding(&world, drafts.clone())).await), "entries[3].name");
    drafts[1].scope = ScopeRef::project(world.clock.new_id());
    assert_eq!(field(world.refusal(adding(&world, drafts)).await), "entries[1].scopeId");
    let one = world.add(guideline(ScopeRef::GLOBAL, "a", 1)).await.id;
    let stale = world.refusal(updating(&world, &[one, one], Some(1))).await;
    assert_eq!(field(stale), "updates[1].expectedVersion");
    let twice = world.refusal(deleting(&[one, one])).await;
    assert_eq!(field(twice), "ids[1].id");
}

pub(crate) async fn bulk_replies_keep_the_order(world: World) {
    let mut drafts = rules(&["b", "a"]);
    drafts.push(knowledge(ScopeRef::GLOBAL, "a"));
    let written = done(&world, adding(&world, drafts)).await;
    let told: Vec<_> = written.iter().map(|one| (one.kind, one.name.as_str())).collect();
    let expected = [(EntryKind::Guideline, "b"), (EntryKind::Guideline, "a"), (EntryKind::Knowledge, "a")];
    assert_eq!(told, expected);
    let only = done(&world, adding(&world, rules(&["alone"]))).await;
    assert_eq!(only.len(), 1, "a bulk of one is a bulk");
}
