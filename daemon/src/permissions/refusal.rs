//! Refusals: who may not do what where, and the command that would allow it.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{EntryKind, Id, PermissionLevel, ScopeRef},
};

/// Scopes that a refusal names.
const NAMED_MAX: usize = 10;

/// What was to be done.
const fn verb(level: PermissionLevel) -> &'static str {
    match level {
        PermissionLevel::None | PermissionLevel::Read => "read",
        PermissionLevel::Write => "write",
        PermissionLevel::Admin => "administer",
    }
}

fn who(agent: Option<&str>) -> String {
    agent.map_or_else(|| "whoever names no agent".to_owned(), |agent| format!("agent {agent}"))
}

fn what(kind: Option<EntryKind>) -> &'static str {
    kind.map_or("", EntryKind::plural)
}

/// The agent may not do it in a scope; or, where it is not to learn which of the two, there is no such scope.
pub(super) fn in_scope(
    agent: Option<&str>,
    scope: ScopeRef,
    kind: Option<EntryKind>,
    level: PermissionLevel,
) -> ErrorBody {
    let (who, verb, what) = (who(agent), verb(level), what(kind));
    let space = if what.is_empty() { "" } else { " " };
    let message = format!("{who} may not {verb}{space}{what} in {scope}, or there is no such scope");
    denied(agent, message, level).with_suggestion(how_to_allow(agent, scope, kind, level))
}

/// What is there takes more to write than other entries; or, as above, there is no such scope.
pub(super) fn protected(agent: Option<&str>, scope: ScopeRef, kind: EntryKind) -> ErrorBody {
    let (who, what, level) = (who(agent), kind.plural(), PermissionLevel::Admin);
    let message = format!(
        "{who} may not write {what} in {scope}, which are protected (AGENT_MEMORY_PROTECTED); or there is no \
         such scope"
    );
    denied(agent, message, level).with_suggestion(how_to_allow(agent, scope, Some(kind), level))
}

/// The agent may not do it in every scope, which it would have to.
pub(super) fn everywhere(
    agent: Option<&str>,
    kind: Option<EntryKind>,
    level: PermissionLevel,
    possible: &[ScopeRef],
) -> ErrorBody {
    let (who, verb, what) = (who(agent), verb(level), kind.map_or("everything", EntryKind::plural));
    let error = denied(agent, format!("{who} may not {verb} {what} in every scope"), level);
    if possible.is_empty() {
        return error.with_suggestion(how_to_allow(agent, ScopeRef::GLOBAL, kind, level));
    }
    let mut names: Vec<String> = possible.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    if possible.len() > NAMED_MAX {
        names.push(format!("and {} more", possible.len() - NAMED_MAX));
    }
    error.with_suggestion(format!("Name a scope that it may {verb} in: {}", names.join(", ")))
}

/// The agent may not do it with something of that id; or there is none. `what` is a noun.
pub(super) fn with(agent: Option<&str>, what: &str, id: Id, level: PermissionLevel) -> ErrorBody {
    let message = format!("{} may not {} that {what}, or there is none of that id", who(agent), verb(level));
    denied(agent, message, level).with_value(id).with_suggestion(
        "Search or list for what there is. Whoever looks after the memory can allow more: \
         agent-memory permission list",
    )
}

/// The agent may not do it with a project; or there is none that is called so.
pub(super) fn project(agent: Option<&str>, named: &str, level: PermissionLevel) -> ErrorBody {
    let message = format!("{} may not {} the project {named:?}, or there is none", who(agent), verb(level));
    denied(agent, message, level).with_suggestion(
        "List the projects for those that it may read. Whoever looks after the memory can allow more: \
         agent-memory permission grant",
    )
}

/// The agent may not change a permission; or there is none of that id.
pub(super) fn permission(agent: Option<&str>, id: Id) -> ErrorBody {
    let message = format!("{} may not change the permission {id}, or there is none", who(agent));
    denied(agent, message, PermissionLevel::Admin)
        .with_suggestion("List the permissions; those of a scope are changed by its admins")
}

/// What may be read differs between the kinds, and cannot be read together.
pub(super) fn kinds_differ(agent: Option<&str>, kinds: &[EntryKind]) -> ErrorBody {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.plural()).collect();
    let message = format!(
        "{} may read {} in different scopes, which cannot be looked at together",
        who(agent),
        kinds.join(" and ")
    );
    denied(agent, message, PermissionLevel::Read)
        .with_suggestion("Ask for one type at a time, or without the scopes above")
}

fn denied(agent: Option<&str>, message: String, level: PermissionLevel) -> ErrorBody {
    ErrorBody::new(ErrorCode::PermissionDenied, message)
        .with_field("agent_id")
        .with_value(agent.unwrap_or_default())
        .with_allowed(format!("what the level {level} allows"))
}

fn how_to_allow(
    agent: Option<&str>,
    scope: ScopeRef,
    kind: Option<EntryKind>,
    level: PermissionLevel,
) -> String {
    let name = agent.map_or("'*'", |agent| plain(agent).unwrap_or("AGENT"));
    let kind = kind.map_or_else(String::new, |kind| format!(" --type {kind}"));
    format!(
        "Whoever looks after the memory can allow it: agent-memory permission grant {name} {level} --scope {scope}{kind}"
    )
}

/// A name that may be put into a command; none that a shell would read as something else.
pub(super) fn plain(name: &str) -> Option<&str> {
    let is_plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "._-@:/".contains(char));
    Some(name).filter(|_| is_plain && !name.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_agent_scope_level_and_the_command() {
        let kind = Some(EntryKind::Tool);
        let error = in_scope(Some("ada"), ScopeRef::GLOBAL, kind, PermissionLevel::Write);
        assert_eq!(error.message, "agent ada may not write tools in global, or there is no such scope");
        let suggestion = error.suggestion.expect("a suggestion");
        assert!(
            suggestion.ends_with("permission grant ada write --scope global --type tool"),
            "{suggestion}"
        );
        let error = everywhere(None, None, PermissionLevel::Read, &[]);
        assert!(error.suggestion.expect("a suggestion").contains("grant '*' read --scope global"));
    }

    #[test]
    fn a_hostile_name_is_no_part_of_a_command() {
        for name in ["x; true", "'", "$(id)", "-rf", "a b", "ä"] {
            let error = in_scope(Some(name), ScopeRef::GLOBAL, None, PermissionLevel::Read);
            assert!(error.suggestion.expect("a suggestion").contains("grant AGENT read"), "{name:?}");
        }
    }
}
