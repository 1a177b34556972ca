//! What the audit says of requests that write nothing else: refusals, and what administrators did. It is written by
//! the way, and nobody waits for it; what happens again and again is one line that says how often.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{AuditAction, AuditEntry, AuditKind, Id, ScopeRef},
};
use tokio::sync::Notify;

use crate::{
    handlers::Call,
    secrets::scrubbed,
    services::Services,
    store::{
        Caller, SecretsMode, StoreError, Write, WriteRequest,
        gate::{self, Masked},
    },
    supervisor::lock,
};

/// The same is said once in this time, and how often it was.
const WINDOW: Duration = Duration::from_secs(60);
/// How often it is looked whether that time is over, or the store is back.
const TURN: Duration = Duration::from_secs(1);
/// Different refusals that are told apart within that time; more are one line.
const REFUSALS_MAX: usize = 100;
/// Other lines that wait at most.
const WAITING_MAX: usize = 1_000;
/// What is said of refusals beyond those.
const OTHERS: &str = "others, too many to tell apart";
/// How long the end of the daemon waits for the last lines.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Lines that are still to be written.
#[derive(Debug, Default)]
pub struct Notes {
    /// By the line without its time and how often.
    lines: Mutex<HashMap<AuditEntry, Noted>>,
    wake: Notify,
}

/// How often something happened that was not said yet.
#[derive(Debug, Default)]
struct Noted {
    times: u32,
    /// When the first of these was.
    at_ms: i64,
    said_at: Option<Instant>,
}

impl Notes {
    /// Takes note of a line.
    fn take(&self, line: AuditEntry) {
        self.put(line);
        self.wake.notify_one();
    }

    fn put(&self, line: AuditEntry) {
        let (times, at_ms) = (line.times, line.at_ms);
        let mut key = AuditEntry { times: 0, at_ms: 0, ..line };
        let mut lines = lock(&self.lines);
        let most = if key.action == AuditAction::Refuse { REFUSALS_MAX } else { WAITING_MAX };
        if !lines.contains_key(&key) && lines.keys().filter(|line| line.action == key.action).count() >= most
        {
            key = AuditEntry {
                id: None,
                scope: None,
                agent: None,
                session: None,
                detail: Some(OTHERS.to_owned()),
                ..key
            };
        }
        let noted = match lines.entry(key) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => place.insert(Noted::default()),
        };
        if noted.times == 0 {
            noted.at_ms = at_ms;
        }
        noted.times = noted.times.saturating_add(times);
    }

    /// Takes out what is to be said now; at the end, all of it.
    fn due(&self, now: Instant, is_end: bool) -> Vec<AuditEntry> {
        let is_over = |said_at: Instant| now.saturating_duration_since(said_at) >= WINDOW;
        let mut due = Vec::new();
        lock(&self.lines).retain(|line, noted| {
            if noted.times == 0 {
                return !noted.said_at.is_some_and(is_over);
            }
            if is_end || noted.said_at.is_none_or(is_over) {
                due.push(AuditEntry { times: noted.times, at_ms: noted.at_ms, ..line.clone() });
                *noted = Noted { said_at: Some(now), ..Noted::default() };
            }
            true
        });
        due.sort_by_key(|line| line.at_ms);
        due
    }

    fn is_empty(&self) -> bool {
        lock(&self.lines).is_empty()
    }
}

impl Call {
    /// Who asks, as the audit names them.
    pub(crate) fn caller(&self) -> Caller {
        let agent = match self.services.config.secrets {
            SecretsMode::Allow => self.agent.clone(),
            SecretsMode::Mask | SecretsMode::Refuse => self.agent.clone().map(scrubbed),
        };
        let daemon = Arc::clone(&self.services.daemon);
        Caller { agent, session: self.session, via: self.via, daemon }
    }

    /// Notes for the audit what was done that writes nothing else.
    pub(crate) fn note(&self, action: AuditAction, kind: AuditKind, detail: Option<&str>) {
        let line = self.caller().entry(action, kind, self.now_ms);
        self.services.notes.take(AuditEntry { detail: detail.map(str::to_owned).map(scrubbed), ..line });
    }

    /// Notes for the audit that a request was refused, if whoever asks may not make it.
    pub(crate) fn note_refusal(
        &self,
        request: &str,
        id: Option<Id>,
        scope: Option<ScopeRef>,
        error: &ErrorBody,
    ) {
        if error.code != ErrorCode::PermissionDenied {
            return;
        }
        let line = self.caller().entry(AuditAction::Refuse, AuditKind::Request, self.now_ms);
        self.services.notes.take(AuditEntry { id, scope, detail: Some(request.to_owned()), ..line });
    }
}

/// Writes what is noted, until the daemon stops.
pub(crate) async fn keep_up(services: Arc<Services>) {
    loop {
        if services.notes.is_empty() {
            services.notes.wake.notified().await;
        } else {
            // It does not matter which of the two it was.
            let _ = tokio::time::timeout(TURN, services.notes.wake.notified()).await;
        }
        say(&services, services.notes.due(Instant::now(), false)).await;
    }
}

/// Writes what is left, at the end of the daemon.
pub(crate) async fn say_the_rest(services: &Services) {
    let lines = services.notes.due(Instant::now(), true);
    if tokio::time::timeout(LAST_WORD, say(services, lines)).await.is_err() {
        tracing::warn!("the last lines of the audit were not written in time");
    }
}

/// Writes lines; those that cannot be written wait, and are tried again.
async fn say(services: &Services, lines: Vec<AuditEntry>) {
    if lines.is_empty() {
        return;
    }
    if let Err(error) = write(services, lines.clone()).await {
        tracing::debug!(%error, "lines of the audit are written later");
        lines.into_iter().for_each(|line| services.notes.put(line));
    }
}

async fn write(services: &Services, lines: Vec<AuditEntry>) -> Result<(), StoreError> {
    let write = gate::pass(services.config.secrets, Write::Note(lines), &Masked::default())
        .map_err(StoreError::refused)?;
    let (caller, at_ms) = (Caller::daemon(&services.daemon), services.clock.now_ms());
    let request = WriteRequest { write, caller, at_ms, idempotency: None };
    services.store.writes.write(request).await.map(drop)
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::AuditVia;

    use super::*;
    use crate::store::DaemonName;

    fn refusal(agent: &str, at_ms: i64) -> AuditEntry {
        let daemon = Arc::new(DaemonName { id: Id([0; 16]), host: "here".to_owned() });
        let caller = Caller { agent: Some(agent.to_owned()), session: None, via: AuditVia::Mcp, daemon };
        caller.entry(AuditAction::Refuse, AuditKind::Request, at_ms)
    }

    fn told(notes: &Notes, now: Instant) -> Vec<(i64, u32)> {
        notes.due(now, false).iter().map(|line| (line.at_ms, line.times)).collect()
    }

    #[test]
    fn the_first_is_said_at_once_and_the_others_together() {
        let (notes, start) = (Notes::default(), Instant::now());
        notes.take(refusal("ada", 1));
        assert_eq!(told(&notes, start), [(1, 1)]);
        for at_ms in 2..1_002 {
            notes.take(refusal("ada", at_ms));
        }
        assert_eq!(told(&notes, start + WINDOW / 2), []);
        assert_eq!(told(&notes, start + WINDOW), [(2, 1_000)]);
        assert_eq!(told(&notes, start + WINDOW * 2), []);
        assert!(notes.is_empty(), "what does not happen any more is forgotten");
    }

    #[test]
    fn a_flood_of_different_refusals_is_few_lines() {
        let notes = Notes::default();
        for number in 0..10_000 {
            notes.take(refusal(&format!("agent {number}"), number));
        }
        let due = notes.due(Instant::now(), false);
        assert_eq!(due.len(), REFUSALS_MAX + 1);
        assert_eq!(due.iter().map(|line| line.times).sum::<u32>(), 10_000);
    }

    #[test]
    fn at_the_end_everything_is_said() {
        let (notes, now) = (Notes::default(), Instant::now());
        notes.take(refusal("ada", 1));
        notes.due(now, false);
        notes.take(refusal("ada", 2));
        assert_eq!(notes.due(now, true).len(), 1);
    }
}
