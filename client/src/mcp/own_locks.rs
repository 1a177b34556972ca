//! Locks of agents that nobody named: such an agent is called as its program is, so several of them at once
//! would be one owner. Each bridge adds the number of its process, and checks in at its end what is still locked.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use agent_memory_proto::{Request, Response, request::CheckinFile};

use crate::{CallOptions, Client};

/// How long checking in may hold up the end of a bridge.
const END_MAX: Duration = Duration::from_millis(500);

/// The locks of a bridge's own.
#[derive(Debug, Default)]
pub(super) struct OwnLocks {
    /// The owner of each path.
    held: Mutex<HashMap<String, String>>,
}

/// Where a request is to say whose lock it is about, and says neither agent nor session.
pub(super) fn unnamed_owner(request: &mut Request) -> Option<&mut Option<String>> {
    let (owner, session) = match request {
        Request::CheckoutFile(request) => (&mut request.agent_id, request.session_id),
        Request::CheckinFile(request) => (&mut request.agent_id, request.session_id),
        _ => return None,
    };
    (owner.is_none() && session.is_none()).then_some(owner)
}

/// What an agent that nobody named is called as the owner of locks.
pub(super) fn own_name(agent: &str) -> String {
    format!("{agent}:{}", std::process::id())
}

impl OwnLocks {
    /// Notes what an answer says of a lock.
    pub(super) fn learn(&self, response: &Response) {
        match response {
            Response::CheckedOut(report) if is_own(&report.lock.agent_id) => {
                self.held().insert(report.lock.path.clone(), report.lock.agent_id.clone());
            }
            Response::CheckedIn(report) => {
                self.held().remove(&report.lock.path);
            }
            _ => {}
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks in what is left, as far as the daemon answers at once. What is not ends by itself.
    pub(super) async fn check_in_all(&self, client: Option<Client>) {
        let held = std::mem::take(&mut *self.held());
        let Some(client) = client.filter(|_| !held.is_empty()) else { return };
        let all = async {
            for (path, owner) in held {
                let checkin = CheckinFile { path, agent_id: Some(owner), session_id: None, token: None };
                // What is refused was unlocked by force, or ended.
                if let Err(error) = client.call(Request::CheckinFile(checkin), CallOptions::default()).await {
                    tracing::debug!(%error, "a lock of this bridge was not checked in");
                }
            }
        };
        if tokio::time::timeout(END_MAX, all).await.is_err() {
            tracing::warn!("locks of this bridge could not be checked in; they end by themselves");
        }
    }
}

fn is_own(owner: &str) -> bool {
    owner.rsplit_once(':').is_some_and(|(_, process)| process == std::process::id().to_string())
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::Id;

    use super::*;

    fn is_unnamed(agent_id: Option<&str>, session_id: Option<Id>) -> bool {
        let agent_id = agent_id.map(str::to_owned);
        let checkin = CheckinFile { path: String::new(), agent_id, session_id, token: None };
        unnamed_owner(&mut Request::CheckinFile(checkin)).is_some()
    }

    #[test]
    fn only_who_was_not_named_is_told_apart_by_its_process() {
        let own = own_name("claude-code");
        assert!(own.starts_with("claude-code:") && is_own(&own), "{own}");
        assert!(is_unnamed(None, None));
        assert!(!is_unnamed(None, Some(Id([1; 16]))), "its session tells it apart");
        assert!(!is_unnamed(Some("ada"), None));
        assert!(!is_own("ada"));
    }
}
