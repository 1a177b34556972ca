//! The ids in an answer, for `--quiet`.

use agent_memory_proto::Response;

/// The ids of what was answered, or the one word that matters.
#[allow(clippy::too_many_lines, reason = "one line for each variant")]
pub(crate) fn of(response: &Response) -> Vec<String> {
    match response {
        Response::Error(_) | Response::Echo(_) | Response::Done | Response::Floor(_) => Vec::new(),
        Response::ImportStaged(_) | Response::Imported(_) | Response::ImportOutcome(_) => Vec::new(),
        Response::ExportedExtras(page) => page.extras.iter().map(|extra| extra.id().to_string()).collect(),
        Response::ImportBegun(id) => vec![id.to_string()],
        Response::Exported(page) => {
            page.entries.iter().filter_map(|entry| entry.id).map(|id| id.to_string()).collect()
        }
        Response::Health(report) => vec![report.status.name().to_owned()],
        Response::HealthWithRedis(report) => vec![report.health.status.name().to_owned()],
        Response::HealthReport(report) => vec![report.health.status.name().to_owned()],
        Response::FullHealthReport(full) => vec![full.report.health.status.name().to_owned()],
        Response::Config(report) => {
            report.settings.iter().map(|setting| format!("{}={}", setting.name, setting.value)).collect()
        }
        Response::Written(one) => vec![one.id.to_string()],
        Response::BulkWritten(all) => all.iter().map(|one| one.id.to_string()).collect(),
        Response::Entry(one) => vec![one.id.to_string()],
        Response::Entries(page) => page.entries.iter().map(|one| one.id.to_string()).collect(),
        Response::History(history) => history.versions.iter().map(|one| one.id.to_string()).collect(),
        Response::Org(one) => vec![one.id.to_string()],
        Response::Orgs(page) => page.orgs.iter().map(|one| one.id.to_string()).collect(),
        Response::Project(one) => vec![one.id.to_string()],
        Response::Projects(page) => page.projects.iter().map(|one| one.id.to_string()).collect(),
        Response::Session(one) => vec![one.id.to_string()],
        Response::SessionPromoted(report) => {
            let moved = report.entries.iter().filter(|entry| entry.stays_for.is_none());
            moved.map(|entry| entry.id.to_string()).collect()
        }
        Response::SessionReport(one) => vec![one.session.id.to_string()],
        Response::SessionReports(page) => {
            page.sessions.iter().map(|one| one.session.id.to_string()).collect()
        }
        Response::Sessions(page) => page.sessions.iter().map(|one| one.id.to_string()).collect(),
        Response::SearchPage(page) => page.hits.iter().map(|hit| hit.id.to_string()).collect(),
        Response::Context(context) => context.entries.iter().map(|entry| entry.id.to_string()).collect(),
        Response::Remembered(report) => vec![report.written.id.to_string()],
        Response::EntryAdded(report) => vec![report.written.id.to_string()],
        Response::RememberedInstead(report) => vec![report.remembered.written.id.to_string()],
        Response::Consolidated(report) => {
            let others = report.groups.iter().flat_map(|group| &group.others);
            others.chain(&report.stale).map(|entry| entry.id.to_string()).collect()
        }
        Response::Forgotten(report) => report.entries.iter().map(|entry| entry.id.to_string()).collect(),
        Response::Quickstarted(report) => vec![report.session.id.to_string()],
        Response::CheckedOut(report) => vec![report.lock.token.to_string()],
        Response::CheckedIn(report) => vec![report.lock.token.to_string()],
        Response::FileLockStatus(status) => status.lock.iter().map(|lock| lock.token.to_string()).collect(),
        Response::ClusterStatus(report) => report.daemons.iter().map(|one| one.id.to_string()).collect(),
        Response::Task(task) => vec![task.id.to_string()],
        Response::Tasks(page) => page.tasks.iter().map(|one| one.id.to_string()).collect(),
        Response::TaskHistory(report) => report.versions.iter().map(|one| one.id.to_string()).collect(),
        Response::Conflicts(page) => page.conflicts.iter().map(|one| one.id.to_string()).collect(),
        Response::Conflict(report) => vec![report.conflict.id.to_string()],
        Response::ConflictResolved(report) => vec![report.conflict.id.to_string()],
        Response::TaskWritten(report) => vec![report.task.id.to_string()],
        Response::BackupCreated(report) | Response::BackupVerified(report) => {
            vec![report.backup.filename.clone()]
        }
        Response::Backups(list) => list.backups.iter().map(|backup| backup.filename.clone()).collect(),
        Response::BackupRestored(restored) => vec![restored.kept_aside.filename.clone()],
        Response::BackupsCleaned(cleaned) => cleaned.deleted.clone(),
        Response::RelationCreated(report) => vec![report.relation.id.to_string()],
        Response::Relations(page) => {
            page.relations.iter().map(|listed| listed.relation.id.to_string()).collect()
        }
        Response::RelationDeleted(one) => vec![one.id.to_string()],
        Response::TagCreated(report) => vec![report.tag.id.to_string()],
        Response::Tags(page) => page.tags.iter().map(|tag| tag.name.clone()).collect(),
        Response::EntryTagged(report) => vec![report.written.id.to_string()],
        Response::RelatedSearchPage(found) => {
            let related = found.related.iter().map(|related| related.hit.id);
            found.page.hits.iter().map(|hit| hit.id).chain(related).map(|id| id.to_string()).collect()
        }
        Response::Permission(change) => vec![change.permission.id.to_string()],
        Response::PermissionCheck(check) => vec![check.level.to_string()],
        Response::Authenticated(who) => vec![who.agent_id.clone()],
        Response::AgentRegistered(registered) => vec![registered.token.clone()],
        Response::AgentRevoked(agent) => vec![agent.name.clone()],
        Response::Agents(page) => page.agents.iter().map(|agent| agent.name.clone()).collect(),
        Response::Permissions(page) => page.permissions.iter().map(|row| row.id.to_string()).collect(),
        Response::Audit(page) => page.entries.iter().map(|entry| entry.number.to_string()).collect(),
        Response::FileLocks(page) => page.locks.iter().map(|lock| lock.path.clone()).collect(),
    }
}
