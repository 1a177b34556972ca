//! Every text of the writes of relations, tags, permissions and agents.

use agent_memory_proto::{
    ErrorBody,
    model::{Agent, Permission, Relation, Tag},
    request::TagSelector,
};

use super::walk::Walk;
use crate::store::{KnownAgent, TagChange};

type Checked = Result<(), ErrorBody>;

pub(super) fn relation(walk: &mut Walk<'_>, relation: &mut Relation) -> Checked {
    let Relation { id: _, source: _, target: _, kind: _, metadata, created_at_ms: _, created_by } = relation;
    walk.json("metadata", metadata)?;
    walk.optional_name("createdBy", created_by.as_ref())
}

pub(super) fn tag(walk: &mut Walk<'_>, tag: &mut Tag) -> Checked {
    let Tag { id: _, name, category: _, description, is_predefined: _, created_at_ms: _ } = tag;
    walk.name("name", name)?;
    walk.optional("description", description)
}

pub(super) fn tag_change(walk: &Walk<'_>, change: &TagChange) -> Checked {
    let TagChange { kind: _, id: _, tag, attach: _, version_id: _, new_tag_id: _, updated_by } = change;
    match tag {
        TagSelector::Id(_) => {}
        TagSelector::Name(name) => walk.name("tagName", name)?,
    }
    walk.optional_name("updatedBy", updated_by.as_ref())
}

pub(super) fn permission(walk: &Walk<'_>, permission: &Permission) -> Checked {
    let Permission { id: _, agent_id, scope: _, kind: _, level: _, created_by, created_at_ms: _ } =
        permission;
    walk.name("agentId", agent_id)?;
    walk.optional_name("createdBy", created_by.as_ref())
}

pub(super) fn agent(walk: &Walk<'_>, known: &KnownAgent) -> Checked {
    let KnownAgent { agent: Agent { name, created_by, created_at_ms: _ }, token: _ } = known;
    walk.name("name", name)?;
    walk.optional_name("createdBy", created_by.as_ref())
}
