//! Sessions: what they came to, that those which were abandoned end by themselves, and that entries move to the
//! project.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Response,
    model::{Entry, EntryKind, Id, ScopeRef, Session, SessionReport, SessionStatus},
    request::{ListSessions, PromoteSession, PromoteStrategy, Search},
    response::PromotedEntry,
};

use super::{
    fixtures::{World, guideline, knowledge, new_content},
    tasks,
};
use crate::store::{LockClaim, LockOwner, SearchQuery, Write};

const HOUR_MS: i64 = 3_600_000;

async fn end(world: &World, id: Id, summary: Option<&str>) -> SessionReport {
    let summary = Some(summary.map(str::to_owned));
    match world.write(Write::EndSession { id, status: SessionStatus::Completed, summary }).await {
        Ok(Response::SessionReport(report)) => *report,
        other => panic!("not ended: {other:?}"),
    }
}

async fn end_abandoned(world: &World, before_ms: i64, limit: u32) -> (Vec<Id>, bool) {
    match world.write(Write::EndAbandonedSessions { before_ms, limit }).await {
        Ok(Response::SessionReports(page)) => {
            (page.sessions.iter().map(|report| report.session.id).collect(), page.has_more)
        }
        other => panic!("not looked for: {other:?}"),
    }
}

async fn listed(world: &World) -> Vec<SessionReport> {
    let all = ListSessions { project_id: None, status: None, limit: 100, offset: 0 };
    world.store.scopes.sessions(all).await.expect("a readable store").sessions
}

pub(crate) async fn a_session_says_what_it_came_to(world: World) {
    let session = world.session(None).await;
    let ended = end(&world, session.id, Some("the nozzle holds")).await;
    assert_eq!(ended.summary.as_deref(), Some("the nozzle holds"));
    assert_eq!(listed(&world).await, std::slice::from_ref(&ended));
    assert_eq!(end(&world, session.id, None).await, ended, "what was said stays");
    let again = end(&world, session.id, Some("and is painted")).await;
    assert_eq!(again.summary.as_deref(), Some("and is painted"));
    assert_eq!(again.session.ended_at_ms, ended.session.ended_at_ms);
}

pub(crate) async fn abandoned_sessions_end_by_themselves(world: World) {
    let start = async |name: &str| {
        let session = Session { name: Some(name.to_owned()), ..world.session_of(None) };
        world.write(Write::StartSession(session.clone())).await.expect("started");
        session.id
    };
    let [silent, writing, working, locking, paused] = [
        start("silent").await,
        start("writing").await,
        start("working").await,
        start("locking").await,
        start("paused").await,
    ];
    world
        .write(Write::EndSession { id: paused, status: SessionStatus::Paused, summary: None })
        .await
        .expect("paused");
    let taken_up = start("taken up").await;
    world.clock.advance(2 * HOUR_MS);
    world.add(knowledge(ScopeRef::session(writing), "something")).await;
    tasks::add(&world, ScopeRef::session(working), tasks::details("something")).await;
    let lock = LockClaim {
        id: world.clock.new_id(),
        path: "/a".to_owned(),
        owner: LockOwner { agent_id: "ada".to_owned(), session_id: Some(locking) },
        project_id: None,
        reason: None,
        metadata: None,
        // A backend may go by a clock of its own, which is ahead of that of the world.
        ttl_ms: 86_400_000,
        ticket: None,
    };
    world.write(Write::CheckoutFile(lock)).await.expect("locked");
    for status in [SessionStatus::Completed, SessionStatus::Active] {
        world.write(Write::EndSession { id: taken_up, status, summary: None }).await.expect("taken up");
    }
    start("young").await;
    let before_ms = world.clock.now_ms() - HOUR_MS;
    assert_eq!(end_abandoned(&world, before_ms, 10).await, (vec![silent], false));
    assert_eq!(
        end_abandoned(&world, before_ms, 10).await,
        (vec![], false),
        "it makes no difference to look again"
    );
    for report in listed(&world).await {
        let session = &report.session;
        let status = match session.id {
            id if id == silent => SessionStatus::Completed,
            id if id == paused => SessionStatus::Paused,
            _ => SessionStatus::Active,
        };
        assert_eq!(session.status, status, "{:?}", session.name);
        assert_eq!(report.summary.is_some(), session.id == silent);
    }
    world.clock.advance(3 * HOUR_MS);
    let (first, has_more) = end_abandoned(&world, world.clock.now_ms() - HOUR_MS, 2).await;
    assert_eq!((first.len(), has_more), (2, true), "a few at a time");
}

async fn promote(world: &World, id: Id, entry_ids: &[Id], strategy: PromoteStrategy) -> Vec<PromotedEntry> {
    match world.write(promoting(id, entry_ids, strategy)).await {
        Ok(Response::SessionPromoted(promoted)) => promoted.entries,
        other => panic!("not promoted: {other:?}"),
    }
}

fn promoting(id: Id, entry_ids: &[Id], strategy: PromoteStrategy) -> Write {
    let promoted_by = Some("ada".to_owned());
    Write::PromoteSession(PromoteSession { id, entry_ids: entry_ids.to_vec(), strategy, promoted_by })
}

async fn found(world: &World, word: &str, scope: ScopeRef) -> usize {
    let query = SearchQuery {
        request: Search { limit: 20, ..Search::new(word, None) },
        scopes: Some(vec![scope]),
        now_ms: world.clock.now_ms(),
        deadline: Instant::now() + Duration::from_secs(20),
    };
    world.store.search.search(query).await.expect("a readable store").hits.len()
}

pub(crate) async fn entries_of_a_session_move_to_its_project(world: World) {
    let project = world.project("shop").await.id;
    let session = world.session(Some(project)).await.id;
    let (shop, own) = (ScopeRef::project(project), ScopeRef::session(session));
    let first = world.add(guideline(own, "first", 5)).await.id;
    world.update(first, new_content("Weld it anew", "bob")).await;
    let second = world.add(knowledge(own, "second")).await.id;
    let hidden = world.add(knowledge(own, "hidden")).await.id;
    world.write(world.deactivating(EntryKind::Knowledge, hidden)).await.expect("hidden");
    let taken = world.add(knowledge(own, "taken")).await.id;
    let holder = world.add(knowledge(shop, "taken")).await.id;
    let before = world.get(EntryKind::Guideline, first).await.expect("there");

    let refused = world.refusal(promoting(session, &[], PromoteStrategy::Refuse)).await;
    assert_eq!(
        (refused.code, refused.field.as_deref()),
        (ErrorCode::AlreadyExists, Some("conflictStrategy"))
    );
    assert!(refused.message.contains(&holder.to_string()), "{}", refused.message);
    assert_eq!(world.get(EntryKind::Guideline, first).await, Some(before.clone()), "nothing was moved");
    let elsewhere = world.refusal(promoting(session, &[first, holder], PromoteStrategy::Skip)).await;
    assert_eq!((elsewhere.code, elsewhere.field.as_deref()), (ErrorCode::NotFound, Some("ids[1]")));

    let moved = promote(&world, session, &[], PromoteStrategy::Skip).await;
    let stays: Vec<(Id, Option<Id>)> = moved.iter().map(|entry| (entry.id, entry.stays_for)).collect();
    assert_eq!(stays, [(first, None), (second, None), (taken, Some(holder))]);
    let after = world.get(EntryKind::Guideline, first).await.expect("there");
    assert_eq!(after, Entry { scope: shop, ..before }, "it is what it was, elsewhere");
    let history = world.store.entries.history(EntryKind::Guideline, first, 10, 0).await.expect("readable");
    assert_eq!(history.expect("there").versions.len(), 2);
    assert_eq!((found(&world, "anew", shop).await, found(&world, "anew", own).await), (1, 0));
    assert_eq!(world.find("first", &[shop]).await.map(|entry| entry.id), Some(first));
    assert_eq!(world.find("first", &[own]).await, None);
    let told = world.changes.lock().expect("no test panicked").clone();
    assert!(told.iter().any(|change| change.scope == own && change.event.is_none()));

    assert_eq!(promote(&world, session, &[hidden], PromoteStrategy::Refuse).await.len(), 1);
    assert_eq!(world.get(EntryKind::Knowledge, hidden).await.map(|entry| entry.scope), Some(shop));
    world.add(guideline(own, "first", 5)).await;
    let (health, problems) = world.store.health.probe().await.expect("probed");
    assert!(health.connected && problems.is_empty(), "{problems:?}");
    let alone = world.session(None).await.id;
    let refused = world.refusal(promoting(alone, &[], PromoteStrategy::Skip)).await;
    assert_eq!(refused.code, ErrorCode::Conflict);
    let nobody = world.refusal(promoting(project, &[], PromoteStrategy::Skip)).await;
    assert_eq!(nobody.code, ErrorCode::NotFound);
}
