//! The names that requests say for whoever makes them: as who did it, or as who holds it.

use agent_memory_proto::Request;

/// A name that a request says for whoever makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim<'a> {
    pub(super) field: &'static str,
    pub(super) name: &'a str,
}

/// Those names. Of others a request may speak: whom it gives a task or a right, whose entries it looks for.
/// What is imported says who wrote it elsewhere.
#[allow(clippy::too_many_lines, reason = "a line for each variant")]
pub(super) fn claims(request: &Request) -> Vec<Claim<'_>> {
    match request {
        Request::AddEntry(add) => one("createdBy", add.draft.created_by.as_ref()),
        Request::UpdateEntry(update) => one("updatedBy", update.patch.updated_by.as_ref()),
        Request::DeactivateEntry(hide) => one("updatedBy", hide.updated_by.as_ref()),
        Request::BulkAddEntries(bulk) => {
            bulk.entries.iter().flat_map(|add| one("createdBy", add.draft.created_by.as_ref())).collect()
        }
        Request::BulkUpdateEntries(bulk) => bulk
            .updates
            .iter()
            .flat_map(|update| one("updatedBy", update.patch.updated_by.as_ref()))
            .collect(),
        Request::StartSession(start) => one("agentId", start.agent_id.as_ref()),
        Request::Quickstart(quickstart) => one("agentId", quickstart.agent_id.as_ref()),
        Request::PromoteSession(promote) => one("agentId", promote.promoted_by.as_ref()),
        Request::BeginImport(begin) => one("importedBy", begin.options.imported_by.as_ref()),
        Request::CheckoutFile(checkout) => one("agentId", checkout.agent_id.as_ref()),
        Request::CheckinFile(checkin) => one("agentId", checkin.agent_id.as_ref()),
        Request::ForceUnlockFile(unlock) => one("agentId", unlock.agent_id.as_ref()),
        Request::AddTask(add) => one("createdBy", add.created_by.as_ref()),
        Request::UpdateTask(update) => one("updatedBy", update.updated_by.as_ref()),
        Request::DeactivateTask(hide) => one("updatedBy", hide.updated_by.as_ref()),
        Request::AddTaskBlocker(add) => one("updatedBy", add.updated_by.as_ref()),
        Request::RemoveTaskBlocker(remove) => one("updatedBy", remove.updated_by.as_ref()),
        Request::ClaimTask(claim) => one("agentId", claim.agent_id.as_ref()),
        Request::ResolveConflict(resolve) => one("resolvedBy", resolve.resolved_by.as_ref()),
        Request::CreateRelation(create) => one("createdBy", create.created_by.as_ref()),
        Request::AttachTag(tag) | Request::DetachTag(tag) => one("updatedBy", tag.updated_by.as_ref()),
        Request::GrantPermission(grant) => one("created_by", grant.created_by.as_ref()),
        Request::RevokePermission(revoke) => one("created_by", revoke.created_by.as_ref()),
        Request::AddEntryInstead(new) => one("createdBy", new.add.draft.created_by.as_ref()),
        Request::Consolidate(consolidate) => one("consolidatedBy", consolidate.consolidated_by.as_ref()),
        Request::Forget(forget) => one("agentId", forget.forgotten_by.as_ref()),
        Request::Echo(_)
        | Request::Health
        | Request::Config
        | Request::Subscribe
        | Request::HandOver(_)
        | Request::Stop
        | Request::GetEntry(_)
        | Request::ListEntries(_)
        | Request::EntryHistory(_)
        | Request::DeleteEntry(_)
        | Request::BulkDeleteEntries(_)
        | Request::CreateOrg(_)
        | Request::ListOrgs(_)
        | Request::CreateProject(_)
        | Request::UpdateProject(_)
        | Request::GetProject(_)
        | Request::ListProjects(_)
        | Request::DeleteProject(_)
        | Request::EndSession(_)
        | Request::ListSessions(_)
        | Request::Search(_)
        | Request::GetContext(_)
        | Request::Remember(_)
        | Request::RememberInstead(_)
        | Request::MeasureFloor(_)
        | Request::ExportPage(_)
        | Request::ExportExtras(_)
        | Request::StageImport(_)
        | Request::StageExtras(_)
        | Request::FinishImport(_)
        | Request::EndImport(_)
        | Request::GetFileLock(_)
        | Request::ListFileLocks(_)
        | Request::ClusterStatus
        | Request::EchoStored(_)
        | Request::GetTask(_)
        | Request::ListTasks(_)
        | Request::TaskHistory(_)
        | Request::DeleteTask(_)
        | Request::ListConflicts(_)
        | Request::GetConflict(_)
        | Request::FinishSession(_)
        | Request::CreateBackup(_)
        | Request::ListBackups
        | Request::VerifyBackup(_)
        | Request::RestoreBackup(_)
        | Request::CleanupBackups(_)
        | Request::ListRelations(_)
        | Request::DeleteRelation(_)
        | Request::SearchRelated(_)
        | Request::CreateTag(_)
        | Request::ListTags(_)
        | Request::TagsOfEntry(_)
        | Request::CheckPermission(_)
        | Request::ListPermissions(_)
        | Request::ReadAudit(_)
        | Request::Authenticate(_)
        | Request::RegisterAgent(_)
        | Request::RevokeAgent(_)
        | Request::ListAgents(_) => Vec::new(),
    }
}

fn one<'a>(field: &'static str, name: Option<&'a String>) -> Vec<Claim<'a>> {
    name.map(|name| Claim { field, name }).into_iter().collect()
}
