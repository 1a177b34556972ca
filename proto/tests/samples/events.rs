//! Every event.

use agent_memory_proto::{
    Event,
    event::{BreakerState, ChangeAction},
    model::{EntryKind, ScopeRef},
};

use super::{id, named_variants, text};

/// Every event, by name.
pub(crate) fn events() -> Vec<(String, Event)> {
    let all = [
        Event::EntryChanged {
            entry_id: id(1),
            kind: EntryKind::Knowledge,
            scope: ScopeRef::project(id(2)),
            action: ChangeAction::Updated,
            version: 3,
            changed_by: text("claude"),
        },
        Event::ShuttingDown { retry_after_ms: 250 },
        Event::Lagged { missed: 7 },
        Event::BreakerChanged {
            service: "postgresql".to_owned(),
            state: BreakerState::Open,
            retry_after_ms: Some(30_000),
        },
        Event::ChangesMissed { reason: "the connection for events was lost".to_owned() },
        super::tasks::event(),
    ];
    named_variants!(all, {
        Event::EntryChanged { .. } => "entry_changed",
        Event::ShuttingDown { .. } => "shutting_down",
        Event::Lagged { .. } => "lagged",
        Event::BreakerChanged { .. } => "breaker_changed",
        Event::ChangesMissed { .. } => "changes_missed",
        Event::TaskChanged { .. } => "task_changed",
    })
}
