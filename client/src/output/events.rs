//! Events, for people: a line each.

use agent_memory_proto::Event;

use super::style::{Style, first_line, scope};

/// A name that is longer is cut.
const NAME_CHARS_MAX: usize = 80;

pub(crate) fn line(style: Style, event: &Event) -> String {
    let by = |agent: &Option<String>| {
        agent.as_ref().map_or_else(String::new, |agent| format!(" by {}", first_line(agent, NAME_CHARS_MAX)))
    };
    match event {
        Event::EntryChanged { entry_id, kind, scope: of, action, version, changed_by } => format!(
            "{} {kind} {entry_id} version {version} in {}{}",
            style.bold(action.name()),
            scope(*of, None),
            by(changed_by)
        ),
        Event::TaskChanged { task_id, scope: of, action, status, assignee, version, changed_by } => {
            let assignee = assignee
                .as_ref()
                .map_or_else(String::new, |agent| format!(", of {}", first_line(agent, NAME_CHARS_MAX)));
            format!(
                "{} task {task_id} version {version} in {}: {status}{assignee}{}",
                style.bold(action.name()),
                scope(*of, None),
                by(changed_by)
            )
        }
        Event::ShuttingDown { .. } => style.doubtful("the daemon is stopping"),
        Event::Lagged { missed } => {
            style.bad(&format!("{missed} events were missed: this reader was too slow"))
        }
        Event::BreakerChanged { service, state, retry_after_ms } => {
            let retry = retry_after_ms.map_or_else(String::new, |ms| format!(", tried again in {ms} ms"));
            style.doubtful(&format!("the circuit breaker of {service} is {}{retry}", state.name()))
        }
        Event::ChangesMissed { reason } => style.bad(&format!("changes may have been missed: {reason}")),
    }
}
