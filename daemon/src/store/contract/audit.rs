//! The audit: a line for everything that a write changed, in the same transaction.

use agent_memory_proto::{
    model::{AuditAction, AuditEntry, AuditKind, AuditVia, EntryKind, Id, ScopeRef},
    request::ReadAudit,
};

use super::{World, guideline, new_content};
use crate::store::{Caller, IdempotencyKey, LockClaim, LockOwner, Write};

/// All of it, the latest first.
async fn read(world: &World, request: ReadAudit) -> Vec<AuditEntry> {
    let page = world.store.audit.audit(request).await.expect("a readable audit");
    assert_eq!(page.next, None, "one page has all of it");
    page.entries
}

pub(super) async fn all(world: &World) -> Vec<AuditEntry> {
    read(world, ReadAudit::all(100, None)).await
}

fn told(entries: &[AuditEntry]) -> Vec<(AuditAction, AuditKind, Option<u32>, Option<u32>)> {
    entries.iter().map(|line| (line.action, line.kind, line.before_version, line.after_version)).collect()
}

pub(crate) async fn every_write_is_in_the_audit_once(world: World) {
    assert_eq!(all(&world).await, []);
    let draft = guideline(ScopeRef::GLOBAL, "one", 5);
    let write = world.adding(draft.clone());
    let key = Some(IdempotencyKey { key: world.clock.new_id(), fingerprint: 7 });
    for _ in 0..2 {
        world.write_keyed(write.clone(), key).await.expect("stored, and told again");
    }
    assert_eq!(all(&world).await.len(), 1, "what is told again is not done again");
    world.refusal(world.adding(draft)).await;
    let entries = [guideline(ScopeRef::GLOBAL, "two", 5), guideline(ScopeRef::GLOBAL, "one", 5)];
    let entries = entries.map(|draft| world.new_entry(draft)).to_vec();
    world.refusal(Write::AddEntries { entries, bulk: true }).await;
    let only = all(&world).await;
    assert_eq!(only.len(), 1, "a write that is undone has no line");
    let caller = Caller::benchmark();
    let expected = AuditEntry {
        number: only[0].number,
        id: only[0].id,
        scope: Some(ScopeRef::GLOBAL),
        after_version: Some(1),
        ..caller.entry(AuditAction::Add, AuditKind::Guideline, world.clock.now_ms())
    };
    assert_eq!(only, [expected]);
}

pub(crate) async fn the_audit_says_what_happened_to_entries(world: World) {
    let project = world.project("shop").await;
    let scope = ScopeRef::project(project.id);
    let added = world.add(guideline(scope, "one", 5)).await;
    world.update(added.id, new_content("other words", "ada")).await;
    for _ in 0..2 {
        world.write(world.deactivating(EntryKind::Guideline, added.id)).await.expect("hidden");
    }
    let entries = ["two", "three"].map(|name| world.new_entry(guideline(scope, name, 5))).to_vec();
    world.write(Write::AddEntries { entries, bulk: true }).await.expect("stored");
    let kind = EntryKind::Guideline;
    let delete = Write::DeleteEntries { kind, ids: vec![added.id], bulk: false, deleted_by: None };
    world.write(delete).await.expect("deleted");
    world.write(Write::DeleteProject(project.id)).await.expect("deleted");
    let lines = all(&world).await;
    use AuditAction::{Add, Deactivate, Delete, Update};
    use AuditKind::{Guideline, Project};
    assert_eq!(
        told(&lines),
        [
            (Delete, Project, None, None),
            (Delete, Guideline, Some(3), None),
            (Add, Guideline, None, Some(1)),
            (Add, Guideline, None, Some(1)),
            (Deactivate, Guideline, Some(3), Some(3)),
            (Deactivate, Guideline, Some(2), Some(3)),
            (Update, Guideline, Some(1), Some(2)),
            (Add, Guideline, None, Some(1)),
            (Add, Project, None, None),
        ]
    );
    assert!(lines.iter().all(|line| line.scope == Some(scope)), "{lines:?}");
    assert!(lines.windows(2).all(|pair| pair[0].number > pair[1].number));
}

pub(crate) async fn the_audit_is_narrowed_and_paged(world: World) {
    let project = world.project("shop").await;
    let mut ids = Vec::new();
    for number in 0..5 {
        world.clock.advance(1_000);
        ids.push(world.add(guideline(ScopeRef::GLOBAL, &number.to_string(), 5)).await.id);
    }
    let of = |request: ReadAudit| read(&world, request);
    let everything = || ReadAudit::all(100, None);
    assert_eq!(of(ReadAudit { id: Some(ids[2]), ..everything() }).await.len(), 1);
    assert_eq!(of(ReadAudit { action: Some(AuditAction::Delete), ..everything() }).await, []);
    assert_eq!(of(ReadAudit { scope: Some(ScopeRef::GLOBAL), ..everything() }).await.len(), 5);
    assert_eq!(of(ReadAudit { scope: Some(ScopeRef::project(project.id)), ..everything() }).await.len(), 1);
    assert_eq!(of(ReadAudit { agent: Some("nobody".to_owned()), ..everything() }).await, []);
    let latest_ms = world.clock.now_ms();
    let since = ReadAudit { since_ms: Some(latest_ms - 1_000), until_ms: Some(latest_ms), ..everything() };
    assert_eq!(of(since).await.len(), 1);
    let (mut request, mut found) = (ReadAudit::all(2, None), Vec::new());
    loop {
        let page = world.store.audit.audit(request.clone()).await.expect("a page");
        found.extend(page.entries);
        let Some(next) = page.next else { break };
        request.before = Some(next);
    }
    assert_eq!(found, all(&world).await);
}

pub(crate) async fn what_is_noted_is_kept_as_it_is(world: World) {
    let claim = LockClaim {
        id: world.clock.new_id(),
        path: "/repo/a".to_owned(),
        owner: LockOwner { agent_id: "ada".to_owned(), session_id: None },
        project_id: None,
        reason: None,
        metadata: None,
        ttl_ms: 60_000,
        ticket: None,
    };
    world.write(Write::CheckoutFile(claim)).await.expect("locked");
    let unlock = Write::CheckinFile { path: "/repo/a".to_owned(), owner: None, token: None };
    world.write(unlock).await.expect("unlocked");
    let noted = AuditEntry {
        id: Some(Id([7; 16])),
        times: 40,
        agent: None,
        session: Some(Id([8; 16])),
        via: AuditVia::Mcp,
        detail: Some("get_entry".to_owned()),
        ..Caller::benchmark().entry(AuditAction::Refuse, AuditKind::Request, 5)
    };
    world.write(Write::Note(vec![noted.clone()])).await.expect("noted");
    let lines = all(&world).await;
    assert_eq!(lines[0], AuditEntry { number: lines[0].number, ..noted });
    let details: Vec<_> = lines[1..].iter().map(|line| (line.action, line.detail.as_deref())).collect();
    assert_eq!(
        details,
        [(AuditAction::ForceUnlock, Some("/repo/a (of ada)")), (AuditAction::Lock, Some("/repo/a"))]
    );
}
