//! Locks of agents that nobody named: such an agent is called as its program is, so several of them at once
//! would be one owner. Each bridge adds the number of its process, and checks in at its end what is still locked.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{CallOptions, Client};
use agent_memory_proto::{Request, Response, model::Id, request::CheckinFile};

/// How long checking in may hold up the end of a bridge.
const END_MAX: Duration = Duration::from_millis(500);

/// The locks of a bridge's own.
#[derive(Debug, Default)]
pub(super) struct OwnLocks {
    /// The owner of each path.
    held: Mutex<HashMap<String, String>>,
}

/// Whether a request is about the owner of a lock.
pub(super) const fn concerns(request: &Request) -> bool {
    matches!(request, Request::CheckoutFile(_) | Request::CheckinFile(_))
}

/// Names the owner of a lock where the call names neither agent nor session.
pub(super) fn name_owner(request: &mut Request, agent: Option<&str>) {
    let (Some(agent), Some((owner, None))) = (agent, owner(request)) else { return };
    owner.get_or_insert_with(|| format!("{agent}:{}", std::process::id()));
}

fn owner(request: &mut Request) -> Option<(&mut Option<String>, Option<Id>)> {
    match request {
        Request::CheckoutFile(request) => Some((&mut request.agent_id, request.session_id)),
        Request::CheckinFile(request) => Some((&mut request.agent_id, request.session_id)),
        _ => None,
    }
}

impl OwnLocks {
    /// Notes what an answer says of a lock.
    pub(super) fn learn(&self, response: &Response) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match response {
            Response::CheckedOut(report) if is_own(&report.lock.agent_id) => {
                held.insert(report.lock.path.clone(), report.lock.agent_id.clone());
            }
            Response::CheckedIn(report) => {
                held.remove(&report.lock.path);
            }
            _ => {}
        }
    }

    /// Checks in what is left, as far as the daemon answers at once. What is not ends by itself.
    pub(super) async fn check_in_all(&self, client: Option<Client>) {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
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
    use super::*;

    fn named(agent_id: Option<&str>, session_id: Option<Id>, agent: Option<&str>) -> Option<String> {
        let agent_id = agent_id.map(str::to_owned);
        let mut request =
            Request::CheckinFile(CheckinFile { path: String::new(), agent_id, session_id, token: None });
        name_owner(&mut request, agent);
        owner(&mut request).and_then(|(owner, _)| owner.clone())
    }

    #[test]
    fn only_who_was_not_named_is_told_apart_by_its_process() {
        let own = named(None, None, Some("claude-code")).expect("an owner");
        assert!(own.starts_with("claude-code:") && is_own(&own), "{own}");
        assert_eq!(named(None, None, None), None);
        assert_eq!(named(None, Some(Id([1; 16])), Some("claude-code")), None, "its session tells it apart");
        assert_eq!(named(Some("ada"), None, Some("claude-code")).as_deref(), Some("ada"));
        assert!(!is_own("ada"));
    }
}
