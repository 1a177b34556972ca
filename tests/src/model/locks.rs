//! Locks of files. None of them ends by itself while a sequence runs.

use agent_memory_proto::{
    ErrorCode, Response, limits,
    model::{FileLock, Id},
    request::{CheckinFile, CheckoutFile, ForceUnlockFile, GetFileLock, ListFileLocks},
    response::{CheckedIn, CheckedOut, FileLockPage, FileLockStatus},
};

use super::{Model, NOT_SEEN, Predicted, Refusal, page, refuse, seen::Seen};

impl Model {
    pub(super) fn checkout(&mut self, request: &CheckoutFile, agent: &str, seen: &Seen) -> Predicted {
        let path = normal(&request.path)?;
        let agent_id = request.agent_id.clone().unwrap_or_else(|| agent.to_owned());
        let ttl_ms = request.ttl_ms.unwrap_or(limits::LOCK_TTL_MS_DEFAULT);
        if !(limits::LOCK_TTL_MS_MIN..=limits::LOCK_TTL_MS_MAX).contains(&ttl_ms) {
            return refuse(ErrorCode::InvalidParameter, "ttlMs");
        }
        self.require_project(request.project_id)?;
        if let Some(id) = request.session_id {
            match self.session(id) {
                None => return refuse(ErrorCode::NotFound, "sessionId"),
                Some(session) if session.ended_at_ms.is_some() => {
                    return refuse(ErrorCode::Conflict, "sessionId");
                }
                Some(_) => {}
            }
        }
        let granted = seen.lock.as_ref();
        let (lock, renewed) = match self.locks.get(&path) {
            Some(held) if !holds(held, &agent_id, request.session_id) => {
                return refuse(ErrorCode::FileLocked, "file_path");
            }
            Some(held) => {
                // It never ends sooner than it would have.
                let expires_at_ms = granted.map_or(0, |lock| lock.expires_at_ms).max(held.expires_at_ms);
                let lock = FileLock {
                    project_id: request.project_id.or(held.project_id),
                    reason: request.reason.clone().or_else(|| held.reason.clone()),
                    metadata: request.metadata.clone().or_else(|| held.metadata.clone()),
                    expires_at_ms,
                    ..held.clone()
                };
                (lock, true)
            }
            None => {
                let acquired_at_ms = granted.map_or(0, |lock| lock.acquired_at_ms);
                let lock = FileLock {
                    id: granted.map_or(NOT_SEEN, |lock| lock.id),
                    path: path.clone(),
                    agent_id,
                    session_id: request.session_id,
                    project_id: request.project_id,
                    reason: request.reason.clone(),
                    metadata: request.metadata.clone(),
                    // Of two locks the later one has the larger token.
                    token: granted.map_or(0, |lock| lock.token).max(self.last_token + 1),
                    acquired_at_ms,
                    expires_at_ms: acquired_at_ms + i64::try_from(ttl_ms).unwrap_or(i64::MAX),
                };
                (lock, false)
            }
        };
        self.last_token = self.last_token.max(lock.token);
        self.locks.insert(path, lock.clone());
        Ok(Response::CheckedOut(Box::new(CheckedOut { lock, renewed, waited_ms: seen.waited_ms })))
    }

    pub(super) fn checkin(&mut self, request: &CheckinFile, agent: &str) -> Predicted {
        let path = normal(&request.path)?;
        let agent_id = request.agent_id.as_deref().unwrap_or(agent);
        let Some(held) = self.locks.get(&path) else { return refuse(ErrorCode::NotFound, "file_path") };
        if !holds(held, agent_id, request.session_id) {
            return refuse(ErrorCode::FileLocked, "file_path");
        }
        if request.token.is_some_and(|token| token != held.token) {
            return refuse(ErrorCode::Conflict, "token");
        }
        self.unlock(&path, false)
    }

    pub(super) fn force_unlock(&mut self, request: &ForceUnlockFile) -> Predicted {
        let path = normal(&request.path)?;
        self.unlock(&path, true)
    }

    fn unlock(&mut self, path: &str, forced: bool) -> Predicted {
        match self.locks.remove(path) {
            Some(lock) => Ok(Response::CheckedIn(Box::new(CheckedIn { lock, forced }))),
            None => refuse(ErrorCode::NotFound, "file_path"),
        }
    }

    pub(super) fn lock_status(&self, request: &GetFileLock) -> Predicted {
        let path = normal(&request.path)?;
        let lock = self.locks.get(&path).cloned();
        Ok(Response::FileLockStatus(Box::new(FileLockStatus { path, lock, waiting: 0 })))
    }

    pub(super) fn list_locks(&self, request: &ListFileLocks) -> Predicted {
        let is_wanted = |lock: &&FileLock| {
            (request.project_id.is_none() || lock.project_id == request.project_id)
                && (request.session_id.is_none() || lock.session_id == request.session_id)
                && request.agent_id.as_ref().is_none_or(|agent| lock.agent_id == *agent)
        };
        let locks = self.locks.values().filter(is_wanted).cloned().collect();
        let (locks, has_more) = page(locks, request.limit, request.offset)?;
        Ok(Response::FileLocks(FileLockPage { locks, has_more }))
    }

    /// The token of a path's lock.
    pub(super) fn token(&self, path: &str) -> Option<u64> {
        self.locks.get(&normal(path).ok()?).map(|lock| lock.token)
    }
}

/// A lock of a session is of that session only; one without is of the agent in whatever session.
fn holds(lock: &FileLock, agent_id: &str, session_id: Option<Id>) -> bool {
    lock.agent_id == agent_id && (lock.session_id.is_none() || lock.session_id == session_id)
}

/// The one name of a file; the paths of the steps are those of Unix.
fn normal(path: &str) -> Result<String, Refusal> {
    if path.is_empty() {
        return refuse(ErrorCode::MissingField, "file_path");
    }
    if !path.starts_with('/') {
        return refuse(ErrorCode::InvalidParameter, "file_path");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}
