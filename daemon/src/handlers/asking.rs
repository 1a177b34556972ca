//! Questions that others ask, too: those who ask the same at the same time share one answer, and what
//! another daemon has left is not asked of the store again.

use std::time::Duration;

use agent_memory_proto::{Request, codec::Message, frame::FLAG_CACHED, model::ScopeRef, response::PassedOn};
use bytes::Bytes;

use super::{Answer, Cacheable, Call, Handled, Reply, handle, is_cacheable};
use crate::{
    cache::{Boarding, Dependencies, Place, Question},
    permissions::{demands_nothing, lose_name},
    services::Landed,
};

/// How often one waits for another's answer, before one asks alone.
const FLIGHTS_MAX: usize = 4;

/// What became of a request.
pub(crate) struct Asked {
    /// What stands for the request among those of everybody who may do the same, if that is known.
    pub(crate) key: Option<Bytes>,
    pub(crate) handled: Handled,
}

/// Answers one request, of these bytes; once for all who may do the same and ask the same just now.
pub(crate) async fn handle_once(mut call: Call, request: Request, bytes: Bytes) -> Asked {
    let services = std::sync::Arc::clone(&call.services);
    match services.permissions.of(&services, call.asker()).await {
        Ok(Some(rights)) => call.rights = rights,
        Ok(None) => match lose_name(&mut call) {
            Err(error) if !demands_nothing(&request) => {
                call.note_refusal(request.name(), None, None, &error);
                return Asked { key: None, handled: Err(error) };
            }
            _ => return Box::pin(handle_once(call, request, bytes)).await,
        },
        Err(_) if demands_nothing(&request) => {}
        Err(error) => {
            let rights = services.permissions.last_known(call.asker());
            return Asked { key: rights.map(|rights| rights.keyed(&bytes)), handled: Err(error) };
        }
    }
    if !is_cacheable(&request) {
        return Asked { handled: handle(call, request).await, key: None };
    }
    let key = call.rights.keyed(&bytes);
    Asked { handled: handle_keyed(call, request, &key).await, key: Some(key) }
}

async fn handle_keyed(call: Call, request: Request, key: &Bytes) -> Handled {
    let services = std::sync::Arc::clone(&call.services);
    let generations = &services.changes.generations;
    if generations.are_blind() {
        return handle(call, request).await;
    }
    for _ in 0..FLIGHTS_MAX {
        let following = match services.flights.board(key) {
            Boarding::Lead(flight) => {
                let handled = handle(call, request).await;
                if flight.is_followed() {
                    flight.land(landed(&handled));
                }
                return handled;
            }
            Boarding::Follow(following) => following,
        };
        match following.landed().await.as_deref() {
            // Everything that was known to have changed when this request came is in it.
            Some(Some(landed)) if landed.dependencies.hold() && !generations.are_blind() => {
                return Ok(Answer { reply: landed.reply.clone(), flags: FLAG_CACHED, cacheable: None });
            }
            // It is older than what is known by now, or whoever led gave up: somebody else leads.
            Some(Some(_)) | None => {}
            // What one is refused is for the others to find out.
            Some(None) => break,
        }
    }
    handle(call, request).await
}

/// What is answered to those who ask the same.
fn landed(handled: &Handled) -> Option<Landed> {
    let Ok(Answer { reply, cacheable: Some(cacheable), .. }) = handled else { return None };
    Some(Landed { reply: reply.clone(), dependencies: cacheable.dependencies.clone() })
}

/// Questions whose answers are left for other daemons: those that cost the store more than it costs to
/// look whether they are there.
#[derive(Clone, Copy, Debug)]
pub(super) enum QuestionKind {
    Search,
    Context,
    List,
}

impl QuestionKind {
    fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Context => "context",
            Self::List => "list",
        }
    }

    fn is_answered_by(self, answer: &[u8]) -> bool {
        let expected = match self {
            Self::Search => PassedOn::SearchPage,
            Self::Context => PassedOn::Context,
            Self::List => PassedOn::Entries,
        };
        PassedOn::of(answer) == Some(expected)
    }
}

/// What became of the look at what other daemons have left.
pub(super) enum Left {
    /// The answer.
    Found(Box<Answer>),
    /// Nothing of use; the place of a better one.
    Nothing(Option<Place>),
}

impl Call {
    /// Looks at what other daemons have left for a question about these scopes. `setting` is what the
    /// settings add to the question.
    pub(super) async fn look_at_left(
        &self,
        kind: QuestionKind,
        request: &impl Message,
        setting: u32,
        scopes: Option<&[ScopeRef]>,
        dependencies: &Dependencies,
    ) -> Left {
        let Some(shared) = &self.services.shared_answers else { return Left::Nothing(None) };
        let question = || Question::new(kind.name(), request, setting, scopes);
        let Some(place) = shared.place(question, scopes, dependencies, self.now_ms) else {
            return Left::Nothing(None);
        };
        let found = shared.find(&place, |payload| kind.is_answered_by(payload)).await;
        let Some(found) = found else { return Left::Nothing(Some(place)) };
        let ttl = Duration::from_millis(found.good_until_ms.saturating_sub(self.now_ms).cast_unsigned());
        let cacheable = Some(Cacheable { dependencies: dependencies.clone(), ttl, place: None });
        let reply = Reply::PassedOn(found.payload.into());
        Left::Found(Box::new(Answer { reply, flags: FLAG_CACHED, cacheable }))
    }
}
