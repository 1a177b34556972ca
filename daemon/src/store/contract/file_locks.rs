//! Locks of files. How time passes is a matter of the backend: one goes by the clock of the world, another
//! by its server's. So locks that are to end are short, and the scenario waits for both.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{FileLock, Id, SessionStatus},
    request::ListFileLocks,
    response::CheckedOut,
};

use super::fixtures::World;
use crate::{
    actors::all_at_once,
    store::{LockClaim, LockOwner, Write},
};

const LONG_MS: u64 = 3_600_000;
const SHORT_MS: u64 = 50;

fn owner(agent: &str) -> LockOwner {
    LockOwner { agent_id: agent.to_owned(), session_id: None }
}

fn claim(world: &World, path: &str, owner: LockOwner, ttl_ms: u64) -> Write {
    Write::CheckoutFile(LockClaim {
        id: world.clock.new_id(),
        path: path.to_owned(),
        owner,
        project_id: None,
        reason: Some("refactoring".to_owned()),
        metadata: None,
        ttl_ms,
        ticket: None,
    })
}

fn checkin(path: &str, owner: Option<LockOwner>, token: Option<u64>) -> Write {
    Write::CheckinFile { path: path.to_owned(), owner, token }
}

async fn checkout(world: &World, path: &str, agent: &str, ttl_ms: u64) -> CheckedOut {
    match world.write(claim(world, path, owner(agent), ttl_ms)).await {
        Ok(Response::CheckedOut(checked_out)) => *checked_out,
        other => panic!("not checked out: {other:?}"),
    }
}

async fn held(world: &World, path: &str) -> Option<FileLock> {
    let found = world.store.locks.file_lock(path.to_owned(), world.clock.now_ms()).await;
    found.expect("a readable store").map(|held| held.lock)
}

/// Lets so much time pass by both clocks that the path is free.
async fn until_free(world: &World, path: &str) {
    world.clock.advance(SHORT_MS.cast_signed());
    while held(world, path).await.is_some() {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn a_file_has_one_owner_at_a_time(world: World) {
    let first = checkout(&world, "/src/a.rs", "ada", LONG_MS).await;
    assert!(!first.renewed);
    assert_eq!(held(&world, "/src/a.rs").await, Some(first.lock.clone()));
    let refused = world.refusal(claim(&world, "/src/a.rs", owner("bob"), LONG_MS)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::FileLocked, Some("file_path")));
    for told in ["/src/a.rs", "ada", "refactoring", "3600 s"] {
        assert!(refused.message.contains(told), "{told} is not in {}", refused.message);
    }
    assert!(refused.retry_after_ms.is_some_and(|left_ms| left_ms <= LONG_MS));
    checkout(&world, "/src/A.rs", "bob", LONG_MS).await;

    for (write, code) in [
        (checkin("/src/a.rs", Some(owner("bob")), None), ErrorCode::FileLocked),
        (checkin("/src/a.rs", Some(owner("ada")), Some(first.lock.token + 1)), ErrorCode::Conflict),
        (checkin("/src/b.rs", Some(owner("ada")), None), ErrorCode::NotFound),
    ] {
        assert_eq!(world.refusal(write).await.code, code);
    }
    let Ok(Response::CheckedIn(ended)) =
        world.write(checkin("/src/a.rs", Some(owner("ada")), Some(first.lock.token))).await
    else {
        panic!("not checked in")
    };
    assert_eq!((ended.lock, ended.forced), (first.lock, false));
    assert_eq!(held(&world, "/src/a.rs").await, None);
    checkout(&world, "/src/a.rs", "bob", LONG_MS).await;
    let Ok(Response::CheckedIn(ended)) = world.write(checkin("/src/a.rs", None, None)).await else {
        panic!("not unlocked")
    };
    assert_eq!((ended.lock.agent_id.as_str(), ended.forced), ("bob", true));
}

pub(crate) async fn tokens_only_grow(world: World) {
    let mut last = 0;
    for round in 0..6 {
        let path = format!("/src/{}.rs", round % 2);
        let lock = checkout(&world, &path, "ada", LONG_MS).await.lock;
        assert!(lock.token > last, "{} after {last}", lock.token);
        last = lock.token;
        world.write(checkin(&path, Some(owner("ada")), None)).await.expect("checked in");
    }
}

pub(crate) async fn a_lock_is_renewed_by_its_owner_only(world: World) {
    let session = world.session(None).await.id;
    let of_session = LockOwner { agent_id: "ada".to_owned(), session_id: Some(session) };
    let first = checkout(&world, "/a", "ada", 10_000).await.lock;
    let again = checkout(&world, "/a", "ada", LONG_MS).await;
    assert!(again.renewed);
    assert_eq!((again.lock.token, again.lock.id), (first.token, first.id));
    assert!(again.lock.expires_at_ms > first.expires_at_ms);
    let shorter = checkout(&world, "/a", "ada", 10_000).await.lock;
    assert_eq!(shorter.expires_at_ms, again.lock.expires_at_ms, "it never ends sooner than was promised");
    world
        .write(claim(&world, "/a", of_session.clone(), LONG_MS))
        .await
        .expect("the same agent, in a session");

    world.write(claim(&world, "/b", of_session.clone(), LONG_MS)).await.expect("free");
    for other in [owner("ada"), LockOwner { agent_id: "bob".to_owned(), ..of_session.clone() }] {
        assert_eq!(
            world.refusal(claim(&world, "/b", other.clone(), LONG_MS)).await.code,
            ErrorCode::FileLocked
        );
        let refused = world.refusal(checkin("/b", Some(other), None)).await;
        assert!(refused.message.contains(&session.to_string()), "{}", refused.message);
    }
    world.write(checkin("/b", Some(of_session), None)).await.expect("its owner");
}

pub(crate) async fn a_lock_ends_by_itself(world: World) {
    let first = checkout(&world, "/a", "ada", SHORT_MS).await.lock;
    until_free(&world, "/a").await;
    let refused = world.refusal(checkin("/a", Some(owner("ada")), Some(first.token))).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
    let second = checkout(&world, "/a", "bob", SHORT_MS).await;
    assert!(!second.renewed && second.lock.token > first.token);
    until_free(&world, "/a").await;
    let third = checkout(&world, "/a", "bob", LONG_MS).await;
    assert!(!third.renewed && third.lock.token > second.lock.token, "somebody may have had it in between");
}

async fn in_session(world: &World, path: &str, session: Id) -> Result<Response, crate::store::StoreError> {
    let owner = LockOwner { agent_id: "ada".to_owned(), session_id: Some(session) };
    world.write(claim(world, path, owner, LONG_MS)).await
}

pub(crate) async fn locks_end_with_their_session(world: World) {
    let project = world.project("app").await.id;
    let (ended, deleted, other) =
        (world.session(None).await.id, world.session(Some(project)).await.id, world.session(None).await.id);
    for (path, session) in [("/a", ended), ("/b", ended), ("/c", deleted), ("/d", other)] {
        in_session(&world, path, session).await.expect("free");
    }
    checkout(&world, "/e", "ada", LONG_MS).await;
    world
        .write(Write::EndSession { id: ended, status: SessionStatus::Paused, summary: None })
        .await
        .expect("paused");
    assert!(held(&world, "/a").await.is_some(), "it goes on later");
    world
        .write(Write::EndSession { id: ended, status: SessionStatus::Completed, summary: None })
        .await
        .expect("ended");
    assert!(held(&world, "/a").await.is_none() && held(&world, "/b").await.is_none());
    world.write(Write::DeleteProject(project)).await.expect("deleted");
    assert!(held(&world, "/c").await.is_none());
    assert!(held(&world, "/d").await.is_some() && held(&world, "/e").await.is_some());
}

pub(crate) async fn a_lock_of_an_ended_session_is_refused(world: World) {
    let session = world.session(None).await.id;
    world
        .write(Write::EndSession { id: session, status: SessionStatus::Discarded, summary: None })
        .await
        .expect("ended");
    for (session, code) in [(session, ErrorCode::Conflict), (world.clock.new_id(), ErrorCode::NotFound)] {
        let owner = LockOwner { agent_id: "ada".to_owned(), session_id: Some(session) };
        let refused = world.refusal(claim(&world, "/a", owner, LONG_MS)).await;
        assert_eq!((refused.code, refused.field.as_deref()), (code, Some("sessionId")));
    }
    assert_eq!(held(&world, "/a").await, None);
}

pub(crate) async fn locks_are_listed_by_path(world: World) {
    let session = world.session(None).await.id;
    checkout(&world, "/gone", "ada", SHORT_MS).await;
    until_free(&world, "/gone").await;
    for (path, agent) in [("/c", "ada"), ("/a", "bob"), ("/b", "ada")] {
        checkout(&world, path, agent, LONG_MS).await;
    }
    in_session(&world, "/d", session).await.expect("free");
    let all = ListFileLocks { project_id: None, agent_id: None, session_id: None, limit: 100, offset: 0 };
    let list = async |request| {
        let page = world.store.locks.file_locks(request, world.clock.now_ms()).await.expect("readable");
        (page.locks.into_iter().map(|lock| lock.path).collect::<Vec<_>>(), page.has_more)
    };
    assert_eq!(list(all.clone()).await, (["/a", "/b", "/c", "/d"].map(str::to_owned).to_vec(), false));
    let second = ListFileLocks { limit: 1, offset: 1, ..all.clone() };
    assert_eq!(list(second).await, (vec!["/b".to_owned()], true));
    let of_ada = ListFileLocks { agent_id: Some("ada".to_owned()), ..all.clone() };
    assert_eq!(list(of_ada).await.0, ["/b", "/c", "/d"]);
    let of_session = ListFileLocks { session_id: Some(session), ..all };
    assert_eq!(list(of_session).await.0, ["/d"]);
}

pub(crate) async fn of_many_at_once_one_gets_the_file(world: World) {
    let mut last = 0;
    for _ in 0..5 {
        let tries = (0..16).map(|n| world.write(claim(&world, "/a", owner(&format!("agent {n}")), LONG_MS)));
        let done = all_at_once(tries).await;
        let granted: Vec<FileLock> = (done.into_iter())
            .filter_map(|reply| match reply {
                Ok(Response::CheckedOut(checked_out)) => Some(checked_out.lock),
                Ok(other) => panic!("{other:?}"),
                Err(_) => None,
            })
            .collect();
        let [lock] = granted.as_slice() else { panic!("{} have it", granted.len()) };
        assert!(lock.token > last);
        last = lock.token;
        world.write(checkin("/a", Some(owner(&lock.agent_id)), None)).await.expect("its owner");
    }
}
