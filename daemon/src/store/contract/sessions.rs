//! Sessions: what they came to, and that those which were abandoned end by themselves.

use agent_memory_proto::{
    Response,
    model::{Id, ScopeRef, Session, SessionReport, SessionStatus},
    request::ListSessions,
};

use super::{
    fixtures::{World, knowledge},
    tasks,
};
use crate::store::{LockClaim, LockOwner, Write};

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
    assert_eq!(listed(&world).await, [ended.clone()]);
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
