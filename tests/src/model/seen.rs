//! What only the daemon knows before it answers: the time, and the ids and tokens that it makes.

use agent_memory_proto::{
    Response,
    model::{FileLock, Id},
};

/// As far as an answer tells it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// When the write happened.
    pub(super) at_ms: i64,
    /// The id that the daemon made, where the request gave none.
    pub(super) id: Option<Id>,
    /// The lock that was granted.
    pub(super) lock: Option<FileLock>,
    /// How long the caller waited for it.
    pub(super) waited_ms: u64,
}

impl Seen {
    pub(super) fn in_answer(answer: &Response) -> Self {
        let (at_ms, id) = match answer {
            Response::Written(written) => (written.at_ms, Some(written.id)),
            Response::BulkWritten(written) => (written.first().map_or(0, |first| first.at_ms), None),
            Response::Remembered(remembered) => (remembered.written.at_ms, Some(remembered.written.id)),
            Response::Org(org) => (org.created_at_ms, Some(org.id)),
            Response::Project(project) => (project.updated_at_ms, Some(project.id)),
            Response::Session(session) => {
                (session.ended_at_ms.unwrap_or(session.started_at_ms), Some(session.id))
            }
            Response::SessionReport(report) => {
                (report.session.ended_at_ms.unwrap_or_default(), Some(report.session.id))
            }
            _ => (0, None),
        };
        let (lock, waited_ms) = match answer {
            Response::CheckedOut(checked_out) => (Some(checked_out.lock.clone()), checked_out.waited_ms),
            _ => (None, 0),
        };
        Self { at_ms, id, lock, waited_ms }
    }
}
