//! What goes to stdout: text and tables for people, JSON for programs, or ids only.

mod agents;
mod audit;
mod backups;
mod cluster;
mod conflicts;
mod entries;
pub(crate) mod events;
mod file_locks;
mod health;
mod hygiene;
mod ids;
mod permissions;
mod relations;
mod results;
mod style;
mod tables;
mod tags;
mod tasks;
mod writes;

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use agent_memory_client::{render, transfer::text};
use agent_memory_proto::{
    Response,
    model::{Entry, Project},
    response::{Degradation, EntryAdded, Masking, Written},
};
use serde_json::Value;

pub(crate) use health::size;
pub(crate) use style::Style;

/// Where and how answers are shown.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    mode: Mode,
    style: Style,
    /// What is to be said about the answers: the oldest of them counts.
    degraded: Arc<Mutex<Option<Degradation>>>,
    /// What was stored otherwise than it was given.
    masked: Arc<Mutex<Option<Masking>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    People,
    Json,
    Ids,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let mode = match (json, quiet) {
            (true, _) => Mode::Json,
            (false, true) => Mode::Ids,
            (false, false) => Mode::People,
        };
        Self { mode, style: Style::of_stdout(), degraded: Arc::default(), masked: Arc::default() }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.mode == Mode::Json
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.mode == Mode::Ids
    }

    /// Notes that what is shown later may be stale.
    pub(crate) fn may_be_stale(&self, degradation: Degradation) {
        let mut noted = self.degraded.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.as_ref().is_none_or(|noted| noted.age_ms < degradation.age_ms) {
            *noted = Some(degradation);
        }
    }

    /// Notes what was masked of what is shown later as written, and says so on stderr.
    pub(crate) fn was_masked(&self, masking: Masking) {
        if !self.is_json() {
            self.note(&masking.to_string());
        }
        let mut noted = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get_or_insert_default().add(masking);
    }

    fn masked(&self) -> Option<Masking> {
        self.masked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn degraded(&self) -> Option<Degradation> {
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows an answer. A scope that is `project` is shown by its name.
    pub(crate) fn show(&self, response: &Response, project: Option<&Project>) {
        match self.mode {
            Mode::Json => self.json(&render::response(response)),
            Mode::Ids => ids::of(response).iter().for_each(|id| print(&format!("{id}\n"))),
            Mode::People => self.line(&self.text(response, project)),
        }
        if let Some(degradation) = self.degraded().filter(|_| !self.is_json()) {
            self.note(&degradation.to_string());
        }
    }

    /// Shows a write with the whole entry, as the original answers it.
    pub(crate) fn written_entry(&self, written: &Written, entry: &Entry) {
        let mut value = render::written(written);
        value[entry.kind().name()] = render::entry(entry);
        self.json(&value);
    }

    /// As [`Output::written_entry`], with what is told beside a new entry.
    pub(crate) fn added_entry(&self, added: &EntryAdded, entry: &Entry) {
        let mut value = render::added(added);
        value[entry.kind().name()] = render::entry(entry);
        self.json(&value);
    }

    /// Prints one JSON object: in one line, or indented on a terminal.
    pub(crate) fn json(&self, value: &Value) {
        let mut value = value.clone();
        if let (Some(degradation), Some(fields)) = (self.degraded(), value.as_object_mut()) {
            fields.insert("degraded".to_owned(), render::degradation(&degradation));
        }
        if let (Some(masking), Some(fields)) = (self.masked(), value.as_object_mut()) {
            fields.insert("masked".to_owned(), render::masking(&masking));
        }
        if self.style.is_terminal { self.line(&format!("{value:#}")) } else { self.line(&value.to_string()) }
    }

    /// Prints a line, or several.
    pub(crate) fn line(&self, text: &str) {
        print(&format!("{}\n", text.trim_end_matches('\n')));
    }

    /// Says something beside the answer, on stderr.
    pub(crate) fn note(&self, text: &str) {
        eprintln!("{text}");
    }

    /// Says something beside the answer to people who want more than ids.
    pub(crate) fn remark(&self, text: &str) {
        if !self.is_quiet() {
            self.note(text);
        }
    }

    /// How text is coloured.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    #[allow(clippy::too_many_lines, reason = "one line for each variant")]
    fn text(&self, response: &Response, project: Option<&Project>) -> String {
        let style = self.style;
        match response {
            Response::Error(body) => body.to_string(),
            Response::Echo(bytes) => format!("{} bytes", bytes.len()),
            Response::Health(report) => health::health(style, report),
            Response::HealthWithRedis(report) => health::with_redis(style, report),
            Response::HealthReport(report) => health::report(style, report),
            Response::FullHealthReport(full) => health::full(style, full),
            Response::Config(report) => results::config(style, report),
            Response::Done => "done".to_owned(),
            Response::Written(one) => writes::written(style, one, project),
            Response::BulkWritten(all) => {
                all.iter().map(|one| writes::written(style, one, project)).collect::<Vec<_>>().join("\n")
            }
            Response::Entry(one) => entries::entry(style, one, project),
            Response::Entries(page) => entries::page(style, page, project),
            Response::History(history) => entries::history(style, history),
            Response::Org(one) => tables::orgs(style, std::slice::from_ref(one), false),
            Response::Orgs(page) => tables::orgs(style, &page.orgs, page.has_more),
            Response::Project(one) => tables::project(style, one),
            Response::Projects(page) => tables::projects(style, &page.projects, page.has_more),
            Response::Session(one) => tables::session(style, one, None),
            Response::SessionPromoted(report) => tables::promoted(style, report, project),
            Response::SessionReport(one) => tables::session(style, &one.session, one.summary.as_deref()),
            Response::Sessions(page) => {
                tables::sessions(style, page.sessions.iter().map(|one| (one, None)), page.has_more)
            }
            Response::SessionReports(page) => {
                let rows = page.sessions.iter().map(|one| (&one.session, one.summary.as_deref()));
                tables::sessions(style, rows, page.has_more)
            }
            Response::SearchPage(page) => results::search_page(style, page, project),
            Response::Context(report) => results::context(style, report, project),
            Response::Remembered(report) => writes::remembered(style, report, project),
            Response::EntryAdded(report) => hygiene::added(style, report, project),
            Response::RememberedInstead(report) => hygiene::remembered(style, report, project),
            Response::Consolidated(report) => hygiene::consolidated(style, report, project),
            Response::Forgotten(report) => hygiene::forgotten(style, report, project),
            Response::Quickstarted(report) => results::context(style, &report.context, Some(&report.project)),
            Response::Exported(page) => format!("{} entries", page.entries.len()),
            Response::ImportBegun(id) => id.to_string(),
            Response::ImportStaged(entries) => format!("{entries} entries"),
            Response::Imported(report) => text::import_report(report),
            Response::ImportOutcome(outcome) => text::import_outcome(outcome),
            Response::ExportedExtras(page) => format!("{} tags, tasks and relations", page.extras.len()),
            Response::Floor(floor) => format!("{} rounds in {} us", floor.rounds, floor.elapsed_us),
            Response::CheckedOut(report) => file_locks::checked_out(style, report),
            Response::CheckedIn(report) => file_locks::checked_in(style, report),
            Response::FileLockStatus(status) => file_locks::status(style, status),
            Response::FileLocks(page) => file_locks::page(style, &page.locks, page.has_more),
            Response::ClusterStatus(report) => cluster::status(style, report),
            Response::Task(task) => tasks::one(style, task, project),
            Response::Tasks(page) => tasks::page(style, &page.tasks, page.has_more),
            Response::TaskHistory(report) => tasks::history(style, report),
            Response::TaskWritten(report) => tasks::written(style, report, project),
            Response::Conflicts(page) => conflicts::page(style, page),
            Response::Conflict(report) => conflicts::details(style, report, project),
            Response::ConflictResolved(report) => conflicts::resolved(style, report, project),
            Response::BackupCreated(report) => backups::report(style, "made and verified", report),
            Response::Backups(found) => backups::list(style, found),
            Response::BackupVerified(report) => backups::report(style, "sound:", report),
            Response::BackupRestored(restored) => backups::restored(style, restored),
            Response::BackupsCleaned(cleaned) => backups::cleaned(cleaned),
            Response::RelationCreated(report) => relations::created(report),
            Response::Relations(page) => relations::page(style, page),
            Response::RelationDeleted(one) => relations::deleted(one),
            Response::RelatedSearchPage(page) => relations::search(style, page, project),
            Response::TagCreated(report) => tags::created(report),
            Response::Tags(page) => tags::page(style, page),
            Response::EntryTagged(report) => tags::tagged(report),
            Response::Permission(change) => permissions::changed(style, change),
            Response::PermissionCheck(check) => permissions::check(style, check),
            Response::Permissions(page) => permissions::page(style, page),
            Response::Audit(page) => audit::page(style, page, project),
            Response::Authenticated(who) => who.agent_id.clone(),
            Response::AgentRegistered(registered) => agents::registered(style, registered),
            Response::AgentRevoked(agent) => agents::revoked(style, agent),
            Response::Agents(page) => agents::page(style, page),
        }
    }
}

/// Writes to stdout. A reader that went away (`| head`) is no failure worth telling.
pub(crate) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a line to stdout; false when its reader went away.
pub(crate) fn try_line(text: &str) -> bool {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).is_ok()
}

/// Whether people look at stdout.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}
