//! memory_health: how the daemon and its store are.

use agent_memory_proto::Request;

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_health",
    actions: &[],
    parameters: &[],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(_: &mut Arguments, _: &str, _: &Scopes) -> Result<Request, Refusal> {
    Ok(Request::Health)
}
