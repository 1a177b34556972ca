//! Locks of files: every request and response about them.

use agent_memory_proto::{Request, Response, model::FileLock, request::*, response::*};

use super::{AT_MS, id, json, text};

pub(super) fn requests() -> Vec<Request> {
    let path = || "/src/rocket/engine.rs".to_owned();
    vec![
        Request::CheckoutFile(CheckoutFile {
            path: path(),
            agent_id: text("claude"),
            session_id: Some(id(5)),
            project_id: Some(id(2)),
            reason: text("rewriting the nozzle"),
            metadata: json("{}"),
            ttl_ms: Some(60_000),
            wait_ms: 5_000,
        }),
        Request::CheckinFile(CheckinFile {
            path: path(),
            agent_id: text("claude"),
            session_id: Some(id(5)),
            token: Some(7),
        }),
        Request::GetFileLock(GetFileLock { path: path() }),
        Request::ListFileLocks(ListFileLocks {
            project_id: Some(id(2)),
            agent_id: text("claude"),
            session_id: Some(id(5)),
            limit: 20,
            offset: 0,
        }),
        Request::ForceUnlockFile(ForceUnlockFile {
            path: path(),
            agent_id: text("claude"),
            reason: text("its owner is gone"),
            admin_key: text("key"),
        }),
    ]
}

pub(super) fn responses() -> Vec<Response> {
    vec![
        Response::CheckedOut(Box::new(CheckedOut { lock: file_lock(), renewed: true, waited_ms: 12 })),
        Response::CheckedIn(Box::new(CheckedIn { lock: file_lock(), forced: true })),
        Response::FileLockStatus(Box::new(FileLockStatus {
            path: file_lock().path,
            lock: Some(file_lock()),
            waiting: 3,
        })),
        Response::FileLocks(FileLockPage { locks: vec![file_lock()], has_more: false }),
    ]
}

fn file_lock() -> FileLock {
    FileLock {
        id: id(7),
        path: "/src/rocket/engine.rs".to_owned(),
        agent_id: "claude".to_owned(),
        session_id: Some(id(5)),
        project_id: Some(id(2)),
        reason: text("rewriting the nozzle"),
        metadata: json("{}"),
        token: 7,
        acquired_at_ms: AT_MS,
        expires_at_ms: AT_MS + 60_000,
    }
}
