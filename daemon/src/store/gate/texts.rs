//! Every text of every write, one line for each: a field that is not named here does not compile.

use agent_memory_proto::{
    ErrorBody,
    model::{
        BodyPatch, EntryBody, EntryKind, Org, PortableEntry, PortableExtra, PortableScope, PortableVersion,
        Project, Session,
    },
    request::{EntryDraft, EntryPatch, ImportExtra, ImportItem, PromoteSession, UpdateProject},
};

use super::{Texts, links, tasks, tidy, walk::Walk};
use crate::store::{EntryUpdate, LockClaim, LockOwner, NewEntry, Write};

type Checked = Result<(), ErrorBody>;

impl Texts for Write {
    #[allow(clippy::too_many_lines, reason = "a line for each variant")]
    fn show(&mut self, walk: &mut Walk<'_>) -> Checked {
        match self {
            Self::AddEntries { entries, bulk } => {
                for (index, NewEntry { id: _, version_id: _, draft: entry }) in entries.iter_mut().enumerate()
                {
                    listed(walk, "entries", bulk.then_some(index), |walk| draft(walk, entry))?;
                }
                Ok(())
            }
            Self::UpdateEntries { updates, bulk, conflict_window_ms: _ } => {
                for (index, update) in updates.iter_mut().enumerate() {
                    let EntryUpdate { id: _, version_id: _, expected_version: _, patch: changes } = update;
                    listed(walk, "updates", bulk.then_some(index), |walk| patch(walk, changes))?;
                }
                Ok(())
            }
            Self::DeactivateEntry { kind: _, id: _, version_id: _, updated_by, change_reason } => {
                walk.optional_name("updatedBy", updated_by.as_ref())?;
                walk.optional("changeReason", change_reason)
            }
            Self::DeleteEntries { kind: _, ids: _, bulk: _, deleted_by } => {
                walk.optional_name("deletedBy", deleted_by.as_ref())
            }
            // What is in it passed when it was handed over.
            Self::Import(_) => Ok(()),
            Self::CreateOrg(new) => org(walk, new),
            Self::CreateProject(new) => project(walk, new),
            Self::UpdateProject(changes) => project_changes(walk, changes),
            Self::StartSession(new) => session(walk, new),
            Self::Remember { entry: NewEntry { id: _, version_id: _, draft: entry }, inferred_by: _ } => {
                draft(walk, entry)
            }
            Self::Bind { project_id: _, project: new, create_project: _, session: started } => {
                if let Some(new) = new {
                    walk.inside("project", None, |walk| project(walk, new))?;
                }
                walk.inside("session", None, |walk| session(walk, started))
            }
            Self::CheckoutFile(claim) => lock_claim(walk, claim),
            Self::Task(write) => tasks::task_write(walk, write),
            Self::PromoteSession(PromoteSession { id: _, entry_ids: _, strategy: _, promoted_by }) => {
                walk.optional_name("promotedBy", promoted_by.as_ref())
            }
            Self::SetPermission(new) => links::permission(walk, new),
            Self::RegisterAgent(known) => links::agent(walk, known),
            Self::CreateRelation(new) => links::relation(walk, new),
            Self::CreateTag(new) => links::tag(walk, new),
            Self::ChangeTag(change) => links::tag_change(walk, change),
            Self::ResolveConflict(how) => tasks::resolution(walk, how),
            Self::Succeed(new) => tidy::succession(walk, new),
            Self::Tidy(steps) => tidy::steps(walk, steps),
            Self::EndSession { id: _, status: _, summary } => walk.changed("summary", summary),
            // The daemon made them without secrets; that holds where it is not asked, too.
            Self::Note(lines) => lines.iter_mut().try_for_each(|line| {
                walk.optional("agent", &mut line.agent)?;
                walk.optional("detail", &mut line.detail)
            }),
            // Nothing of these is kept.
            Self::DeleteProject(_)
            | Self::DeleteRelation(_)
            | Self::RemovePermission(_)
            | Self::RevokeAgent(_)
            | Self::EndAbandonedSessions { before_ms: _, limit: _ }
            | Self::CheckinFile { path: _, owner: _, token: _ } => Ok(()),
        }
    }
}

impl Texts for ImportItem {
    fn show(&mut self, walk: &mut Walk<'_>) -> Checked {
        let Self { at, entry } = self;
        portable(&mut walk.at(at), entry)
    }
}

impl Texts for ImportExtra {
    fn show(&mut self, walk: &mut Walk<'_>) -> Checked {
        let Self { at, extra } = self;
        let walk = &mut walk.at(at);
        match extra {
            PortableExtra::Tag(tag) => links::tag(walk, tag),
            PortableExtra::Task(task) => tasks::carried(walk, task),
            PortableExtra::Relation(relation) => links::relation(walk, relation),
        }
    }
}

impl Texts for PortableScope {
    fn show(&mut self, walk: &mut Walk<'_>) -> Checked {
        walk.at(&self.scope().to_string()).inside("scopes", None, |walk| match self {
            Self::Org(one) => org(walk, one),
            Self::Project(one) => project(walk, one),
            Self::Session(one) => session(walk, one),
        })
    }
}

pub(super) fn listed(
    walk: &mut Walk<'_>,
    list: &'static str,
    index: Option<usize>,
    show: impl FnOnce(&mut Walk<'_>) -> Checked,
) -> Checked {
    if index.is_some() { walk.inside(list, index, show) } else { show(walk) }
}

pub(super) fn draft(walk: &mut Walk<'_>, draft: &mut EntryDraft) -> Checked {
    let kind = draft.body.kind();
    let EntryDraft { scope: _, name, category, tags, metadata, body, created_by, change_reason } = draft;
    named(walk, kind, name, category.as_ref(), tags)?;
    walk.json("metadata", metadata)?;
    entry_body(walk, body)?;
    walk.optional_name("createdBy", created_by.as_ref())?;
    walk.optional("changeReason", change_reason)
}

fn patch(walk: &mut Walk<'_>, patch: &mut EntryPatch) -> Checked {
    let kind = patch.body.kind();
    let EntryPatch { name, category, tags, metadata, body, updated_by, change_reason } = patch;
    walk.optional_name(kind.name_field(), name.as_ref())?;
    walk.changed_name("category", category)?;
    walk.names("tags", tags.as_deref().unwrap_or_default())?;
    walk.changed_json("metadata", metadata)?;
    body_patch(walk, body)?;
    walk.optional_name("updatedBy", updated_by.as_ref())?;
    walk.optional("changeReason", change_reason)
}

fn named(
    walk: &Walk<'_>,
    kind: EntryKind,
    name: &str,
    category: Option<&String>,
    tags: &[String],
) -> Checked {
    walk.name(kind.name_field(), name)?;
    walk.optional_name("category", category)?;
    walk.names("tags", tags)
}

pub(super) fn entry_body(walk: &mut Walk<'_>, body: &mut EntryBody) -> Checked {
    match body {
        EntryBody::Guideline { content, priority: _, rationale, examples, verification_rules } => {
            walk.text("content", content)?;
            walk.optional("rationale", rationale)?;
            walk.json("examples", examples)?;
            walk.json("verificationRules", verification_rules)
        }
        EntryBody::Knowledge {
            content,
            confidence: _,
            source,
            valid_from_ms: _,
            valid_until_ms: _,
            invalidated_by: _,
        } => {
            walk.text("content", content)?;
            walk.optional("source", source)
        }
        EntryBody::Tool { description, parameters, examples, constraints } => {
            walk.text("description", description)?;
            walk.json("parameters", parameters)?;
            walk.json("examples", examples)?;
            walk.optional("constraints", constraints)
        }
    }
}

fn body_patch(walk: &mut Walk<'_>, body: &mut BodyPatch) -> Checked {
    match body {
        BodyPatch::Guideline { content, priority: _, rationale, examples, verification_rules } => {
            walk.optional("content", content)?;
            walk.changed("rationale", rationale)?;
            walk.changed_json("examples", examples)?;
            walk.changed_json("verificationRules", verification_rules)
        }
        BodyPatch::Knowledge {
            content,
            confidence: _,
            source,
            valid_from_ms: _,
            valid_until_ms: _,
            invalidated_by: _,
        } => {
            walk.optional("content", content)?;
            walk.changed("source", source)
        }
        BodyPatch::Tool { description, parameters, examples, constraints } => {
            walk.optional("description", description)?;
            walk.changed_json("parameters", parameters)?;
            walk.changed_json("examples", examples)?;
            walk.changed("constraints", constraints)
        }
    }
}

fn org(walk: &mut Walk<'_>, org: &mut Org) -> Checked {
    let Org { id: _, name, metadata, created_at_ms: _ } = org;
    walk.name("name", name)?;
    walk.json("metadata", metadata)
}

fn project(walk: &mut Walk<'_>, project: &mut Project) -> Checked {
    let Project {
        id: _,
        org_id: _,
        name,
        description,
        root_path,
        metadata,
        created_at_ms: _,
        updated_at_ms: _,
    } = project;
    walk.name("name", name)?;
    walk.optional("description", description)?;
    walk.optional_name("rootPath", root_path.as_ref())?;
    walk.json("metadata", metadata)
}

fn project_changes(walk: &mut Walk<'_>, changes: &mut UpdateProject) -> Checked {
    let UpdateProject { id: _, name, org_id: _, description, root_path, metadata } = changes;
    walk.optional_name("name", name.as_ref())?;
    walk.changed("description", description)?;
    walk.changed_name("rootPath", root_path)?;
    walk.changed_json("metadata", metadata)
}

fn session(walk: &mut Walk<'_>, session: &mut Session) -> Checked {
    let Session {
        id: _,
        project_id: _,
        name,
        purpose,
        agent_id,
        status: _,
        metadata,
        started_at_ms: _,
        ended_at_ms: _,
    } = session;
    walk.optional_name("name", name.as_ref())?;
    walk.optional("purpose", purpose)?;
    walk.optional_name("agentId", agent_id.as_ref())?;
    walk.json("metadata", metadata)
}

fn lock_claim(walk: &mut Walk<'_>, claim: &mut LockClaim) -> Checked {
    let LockClaim { id: _, path, owner, project_id: _, reason, metadata, ttl_ms: _, ticket: _ } = claim;
    let LockOwner { agent_id, session_id: _ } = owner;
    walk.name("path", path)?;
    walk.name("agentId", agent_id)?;
    walk.optional("reason", reason)?;
    walk.json("metadata", metadata)
}

fn portable(walk: &mut Walk<'_>, entry: &mut PortableEntry) -> Checked {
    let kind = entry.kind().unwrap_or(EntryKind::Knowledge);
    let PortableEntry {
        id: _,
        scope: _,
        name,
        category,
        tags,
        metadata,
        is_active: _,
        created_at_ms: _,
        created_by,
        updated_at_ms: _,
        updated_by,
        versions,
    } = entry;
    named(walk, kind, name, category.as_ref(), tags)?;
    walk.json("metadata", metadata)?;
    walk.optional_name("createdBy", created_by.as_ref())?;
    walk.optional_name("updatedBy", updated_by.as_ref())?;
    let has_several = versions.len() > 1;
    for (index, version) in versions.iter_mut().enumerate() {
        let PortableVersion {
            id: _,
            number: _,
            body,
            created_at_ms: _,
            created_by,
            change_reason,
            conflict: _,
        } = version;
        listed(walk, "versions", has_several.then_some(index), |walk| {
            entry_body(walk, body)?;
            walk.optional_name("createdBy", created_by.as_ref())?;
            walk.optional("changeReason", change_reason)
        })?;
    }
    Ok(())
}
