//! An entry or project on the command line: its kind, and its id or name.

use std::str::FromStr;

use agent_memory_proto::{
    Request, Response,
    model::{Id, Node, NodeKind},
    request::{EntrySelector, GetEntry, GetProject},
};

use crate::{failure::Failure, invocation::Invocation};

/// `KIND:ID` or `KIND:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeArgument {
    kind: NodeKind,
    id_or_name: String,
}

impl FromStr for NodeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').filter(|(_, name)| !name.is_empty());
        let kind = parts.and_then(|(kind, name)| Some((kind.parse::<NodeKind>().ok()?, name)));
        let (kind, name) = kind.ok_or_else(|| {
            let kinds = NodeKind::ALL.map(NodeKind::name).join(", ");
            format!("give a kind and an id or a name, as knowledge:port; kinds: {kinds}")
        })?;
        Ok(Self { kind, id_or_name: name.to_owned() })
    }
}

impl NodeArgument {
    /// What is meant. A name is looked up in the project and the scopes around it.
    pub(crate) async fn node(&self, invocation: &Invocation) -> Result<Node, Failure> {
        let kind = self.kind;
        if let Ok(id) = self.id_or_name.parse::<Id>() {
            return Ok(Node { kind, id });
        }
        let name = self.id_or_name.clone();
        let request = match kind.entry() {
            Some(kind) => {
                let scope = invocation.scope_to_read(None).await?;
                let selector = EntrySelector::Name { name, scope, inherit: true };
                Request::GetEntry(GetEntry { kind, selector, include_inactive: true })
            }
            None => {
                let request = GetProject { id: None, root_path: None, name: Some(name), org_id: None };
                Request::GetProject(request)
            }
        };
        match invocation.call(request).await? {
            Response::Entry(entry) => Ok(Node { kind, id: entry.id }),
            Response::Project(project) => Ok(Node { kind, id: project.id }),
            _ => Err(Failure::unexpected("get_entry")),
        }
    }

    /// What is meant, if something is.
    pub(crate) async fn node_of(
        argument: Option<&Self>,
        invocation: &Invocation,
    ) -> Result<Option<Node>, Failure> {
        match argument {
            Some(argument) => argument.node(invocation).await.map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_colons_and_the_kind_is_one_of_a_set() {
        let given: NodeArgument = "tool:cargo: test".parse().expect("a node");
        assert_eq!(given, NodeArgument { kind: NodeKind::Tool, id_or_name: "cargo: test".to_owned() });
        for wrong in ["", "tool", "tool:", "session:x", ":x"] {
            assert!(wrong.parse::<NodeArgument>().is_err(), "{wrong}");
        }
    }
}
