//! Agents whose names are proved, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::Agent,
    response::{AgentPage, AgentRegistered},
};

use super::{
    style::{Style, more},
    tables::fields,
};

pub(crate) fn registered(style: Style, registered: &AgentRegistered) -> String {
    let name = &registered.agent.name;
    let replaced = registered.replaced.then_some("The token that it had before is worthless now.\n");
    let shown = fields(
        style,
        &format!("registered {}", style.bold(name)),
        &[
            ("token", Some(registered.token.clone())),
            ("by", registered.agent.created_by.clone()),
            ("at", Some(times::format(registered.agent.created_at_ms))),
        ],
    );
    format!(
        "{}\n{}It is shown this once. Give it to the agent as AGENT_MEMORY_AGENT_TOKEN.",
        shown.trim_end_matches('\n'),
        replaced.unwrap_or_default()
    )
}

pub(crate) fn revoked(style: Style, agent: &Agent) -> String {
    format!("revoked {}: its token is worthless now", style.bold(&agent.name))
}

pub(crate) fn page(style: Style, page: &AgentPage) -> String {
    let rows = page.agents.iter().map(|agent| {
        let by = agent.created_by.clone().unwrap_or_default();
        vec![agent.name.clone(), times::format(agent.created_at_ms), by]
    });
    let table = style.table(&["agent", "token since", "by"], rows) + more(page.has_more);
    let names = match page.names_are_proved {
        true => "Names are proved by tokens.",
        false => "Names are taken as they are said (AGENT_MEMORY_AGENT_AUTH=none): no token is asked for.",
    };
    let wrong = page.wrong_credentials;
    format!(
        "{}\n{names} Wrong tokens and keys since the daemon's start: {wrong}",
        table.trim_end_matches('\n')
    )
}
