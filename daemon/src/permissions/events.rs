//! Events, for those who may read what they tell of.

use std::{borrow::Cow, time::Duration};

use agent_memory_proto::{ErrorBody, Event, model::PermissionLevel};

use crate::handlers::Call;

/// How long it may take to find out whether a subscriber may read what an event tells of.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// The protocol version that knows that changes were missed.
const MISSED_SINCE: u16 = 2;

/// What a subscriber is told of an event; nothing when it may not read what it is about. Where that cannot be
/// found out, it is told that it missed something.
pub(crate) async fn hearable<'a>(subscriber: &Call, event: &'a Event) -> Option<Cow<'a, Event>> {
    let looked = tokio::time::timeout(LOOK_MAX, may_hear(subscriber, event)).await;
    let reason = match looked {
        Ok(Ok(true)) => return Some(Cow::Borrowed(event)),
        Ok(Ok(false)) => return None,
        Ok(Err(error)) => error.message,
        Err(_) => "the store did not answer".to_owned(),
    };
    let reason = format!("what the subscriber may read could not be looked up: {reason}");
    (subscriber.protocol >= MISSED_SINCE).then_some(Cow::Owned(Event::ChangesMissed { reason }))
}

async fn may_hear(subscriber: &Call, event: &Event) -> Result<bool, ErrorBody> {
    let (scope, kind) = match event {
        Event::EntryChanged { scope, kind, .. } => (*scope, Some(*kind)),
        Event::TaskChanged { scope, .. } => (*scope, None),
        Event::ShuttingDown { .. }
        | Event::Lagged { .. }
        | Event::BreakerChanged { .. }
        | Event::ChangesMissed { .. } => return Ok(true),
    };
    let services = &subscriber.services;
    // Whose token is not good any more hears nothing.
    let Some(rights) = services.permissions.of(services, subscriber.asker()).await? else { return Ok(false) };
    if rights.reads_everything() {
        return Ok(true);
    }
    let subscriber = Call { rights, ..subscriber.clone() };
    subscriber.may(scope, kind, PermissionLevel::Read).await
}
