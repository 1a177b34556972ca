//! Responses as JSON objects in the shapes of the original system, with a few fields more. Pure:
//! the command line prints them, the MCP bridge answers with them.

mod agents;
mod audit;
mod backups;
mod cluster;
mod conflicts;
mod context;
mod entry;
mod event;
mod file_locks;
mod health;
mod hygiene;
mod permissions;
mod relations;
mod scopes;
mod search;
mod tags;
mod tasks;
mod transfer;
mod written;

use agent_memory_proto::{
    ErrorBody, Response,
    response::{ConfigReport, Degradation, Masking},
};
use serde_json::{Map, Value, json};

pub use audit::audit_entry;
pub use backups::size;
pub use conflicts::conflict;
pub use context::{context, quickstarted};
pub use entry::{entry, entry_page, entry_page_of, history, version};
pub use event::event;
pub use file_locks::file_lock;
pub use health::{full_health_report, health, health_report, health_with_redis};
pub use hygiene::added;
pub use permissions::permission;
pub use relations::{related_search_page, relation};
pub use scopes::{org, project, promoted, session, session_report};
pub use search::search_page;
pub use tags::tag;
pub use tasks::task;
pub use transfer::import_report;
pub use written::{action, bulk_written, remembered, written};

use crate::times;

/// Any response as one JSON object.
#[must_use]
#[allow(clippy::too_many_lines, reason = "one line for each variant")]
pub fn response(response: &Response) -> Value {
    match response {
        Response::Error(body) => error(body),
        Response::Echo(bytes) => json!({ "success": true, "bytes": bytes.len() }),
        Response::Health(report) => health(report),
        Response::HealthWithRedis(report) => health_with_redis(report),
        Response::HealthReport(report) => health_report(report),
        Response::FullHealthReport(full) => full_health_report(full),
        Response::Config(report) => config(report),
        Response::Done => json!({ "success": true }),
        Response::Written(one) => written(one),
        Response::BulkWritten(all) => bulk_written(all),
        Response::Entry(one) => json!({ one.kind().name(): entry(one) }),
        Response::Entries(page) => entry_page(page),
        Response::History(report) => history(report),
        Response::Org(one) => json!({ "success": true, "organization": org(one) }),
        Response::Orgs(page) => list("organizations", page.orgs.iter().map(org), page.has_more),
        Response::Project(one) => json!({ "success": true, "project": project(one) }),
        Response::Projects(page) => list("projects", page.projects.iter().map(project), page.has_more),
        Response::Session(one) => json!({ "success": true, "session": session(one) }),
        Response::SessionPromoted(report) => promoted(report),
        Response::SessionReport(one) => json!({ "success": true, "session": session_report(one) }),
        Response::SessionReports(page) => {
            list("sessions", page.sessions.iter().map(session_report), page.has_more)
        }
        Response::Sessions(page) => list("sessions", page.sessions.iter().map(session), page.has_more),
        Response::SearchPage(page) => search_page(page),
        Response::Context(report) => context(report),
        Response::Remembered(report) => remembered(report),
        Response::Quickstarted(report) => quickstarted(report),
        Response::Exported(page) => {
            json!({ "entryCount": page.entries.len(), "nextCursor": page.next_cursor })
        }
        Response::ImportBegun(id) => json!({ "importId": id }),
        Response::ImportStaged(entries) => json!({ "entryCount": entries }),
        Response::Imported(report) => import_report(report),
        Response::ImportOutcome(outcome) => transfer::import_outcome(outcome),
        Response::ExportedExtras(page) => {
            json!({ "extraCount": page.extras.len(), "nextCursor": page.next_cursor })
        }
        Response::Floor(floor) => json!({
            "rounds": floor.rounds,
            "elapsedUs": floor.elapsed_us,
            "p50Ns": floor.p50_ns,
            "p99Ns": floor.p99_ns,
        }),
        Response::CheckedOut(report) => file_locks::checked_out(report),
        Response::CheckedIn(report) => file_locks::checked_in(report),
        Response::FileLockStatus(status) => file_locks::status(status),
        Response::FileLocks(page) => file_locks::page(page),
        Response::ClusterStatus(report) => cluster::status(report),
        Response::Task(one) => json!({ "task": task(one) }),
        Response::Tasks(page) => tasks::page(page),
        Response::TaskHistory(report) => tasks::history(report),
        Response::TaskWritten(report) => tasks::written(report),
        Response::Conflicts(page) => conflicts::page(page),
        Response::Conflict(report) => conflicts::details(report),
        Response::ConflictResolved(report) => conflicts::resolved(report),
        Response::BackupCreated(report) => backups::created(report),
        Response::Backups(found) => backups::list(found),
        Response::BackupVerified(report) => backups::verified(report),
        Response::BackupRestored(restored) => backups::restored(restored),
        Response::BackupsCleaned(cleaned) => backups::cleaned(cleaned),
        Response::RelationCreated(report) => relations::created(report),
        Response::Relations(page) => relations::page(page),
        Response::RelationDeleted(one) => json!({ "success": true, "relation": relation(one) }),
        Response::RelatedSearchPage(page) => related_search_page(page),
        Response::TagCreated(report) => tags::created(report),
        Response::Tags(page) => tags::page(page),
        Response::EntryTagged(report) => tags::tagged(report),
        Response::Permission(change) => permissions::changed(change),
        Response::PermissionCheck(check) => permissions::check(check),
        Response::Permissions(page) => permissions::page(page),
        Response::Audit(page) => audit::page(page),
        Response::Authenticated(who) => agents::authenticated(who),
        Response::AgentRegistered(registered) => agents::registered(registered),
        Response::AgentRevoked(agent) => agents::revoked(agent),
        Response::Agents(page) => agents::page(page),
        Response::EntryAdded(report) => added(report),
        Response::RememberedInstead(report) => hygiene::remembered_instead(report),
        Response::Consolidated(report) => hygiene::consolidated(report),
        Response::Forgotten(report) => hygiene::forgotten(report),
    }
}

/// An error: `{"success": false, "error": {"code", "message", …}}`.
#[must_use]
pub fn error(body: &ErrorBody) -> Value {
    json!({ "success": false, "error": body })
}

/// That an answer may be stale, as the field `degraded`.
#[must_use]
pub fn degradation(degradation: &Degradation) -> Value {
    json!({ "ageMs": degradation.age_ms, "reason": degradation.reason })
}

/// Which secrets were masked, as the field `masked`.
#[must_use]
pub fn masking(masking: &Masking) -> Value {
    json!(masking)
}

/// Every setting, with where its value came from.
#[must_use]
pub fn config(report: &ConfigReport) -> Value {
    let settings: Vec<Value> = report
        .settings
        .iter()
        .map(|setting| {
            json!({
                "name": setting.name,
                "value": setting.value,
                "source": setting.source,
                "reloadable": setting.reloadable,
            })
        })
        .collect();
    json!({ "settings": settings, "file": report.file })
}

/// A list with its `meta`, as the original answers it.
pub(crate) fn list(name: &str, rows: impl Iterator<Item = Value>, has_more: bool) -> Value {
    let rows: Vec<Value> = rows.collect();
    let meta = json!({ "returnedCount": rows.len(), "hasMore": has_more });
    json!({ name: rows, "meta": meta })
}

/// A scope as the two fields of the original.
pub(crate) fn put_scope(fields: &mut Map<String, Value>, scope: agent_memory_proto::model::ScopeRef) {
    fields.insert("scopeType".to_owned(), json!(scope.level.name()));
    fields.insert("scopeId".to_owned(), json!(scope.id));
}

pub(crate) fn time(ms: i64) -> Value {
    Value::String(times::format(ms))
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{
        ErrorBody,
        model::{Id, Org},
        response::OrgPage,
    };

    use super::*;

    #[test]
    fn an_error_has_its_code_as_text() {
        let value = error(&ErrorBody::missing("name"));
        assert_eq!(value["success"], false);
        assert_eq!(value["error"]["code"], "E1000");
        assert_eq!(value["error"]["field"], "name");
    }

    #[test]
    fn a_list_counts_its_rows() {
        let org = Org { id: Id([0; 16]), name: "acme".to_owned(), metadata: None, created_at_ms: 0 };
        let value = response(&Response::Orgs(OrgPage { orgs: vec![org], has_more: true }));
        assert_eq!(value["meta"], json!({ "returnedCount": 1, "hasMore": true }));
        assert_eq!(value["organizations"][0]["createdAt"], "1970-01-01T00:00:00.000Z");
        assert_eq!(value["organizations"][0]["metadata"], Value::Null);
    }
}
