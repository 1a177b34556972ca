//! Every request there is, sent by agents who may not make it: without a right nothing is answered but what
//! stands on a short list, with reading nothing is written, and with rights elsewhere nothing is told of here.

use agent_memory_proto::{
    ErrorCode, Request, Response,
    handshake::Purpose,
    model::{Permission, PermissionLevel, ScopeRef},
};
use agent_memory_tests::{Backend, Hello, Instance, Wire, on_every_backend, requests};

use crate::{permissions::grant, samples};

/// What everybody is answered: how the daemon is, and nothing of what is stored.
const FOR_EVERYBODY: &[&str] = &["echo", "health", "config", "subscribe", "hand_over", "cluster_status"];
/// What everybody may ask, with nothing in the answer that may not be read.
const WITH_NOTHING_IN_IT: &[&str] = &["list_orgs", "list_permissions", "list_conflicts"];

fn open(instance: &Instance, agent: &str) -> Wire {
    Wire::open(&instance.socket(), &Hello::new(Purpose::Benchmark).of_agent(agent).unlimited())
        .expect("opens")
}

fn is_empty(response: &Response) -> bool {
    match response {
        Response::Orgs(page) => page.orgs.is_empty(),
        Response::Permissions(page) => page.permissions.is_empty(),
        Response::Conflicts(page) => page.conflicts.is_empty(),
        _ => false,
    }
}

/// Fills the store with what the samples name, so that a refusal is not for want of it.
fn fill(owner: &mut Wire) {
    let scope = ScopeRef::project(samples::id(2));
    owner.call(&requests::create_project(samples::id(2), "samples"));
    for (name, request) in samples::requests() {
        if ["start_session", "add_entry", "create_org", "checkout_file"].contains(&name.as_str()) {
            owner.call(&request);
        }
    }
    owner.call(&requests::add_knowledge(scope, "secret", "nobody else may know"));
}

fn check_refused(wire: &mut Wire, who: &str, is_on_list: impl Fn(&str) -> bool) {
    for (sample, request) in samples::requests() {
        let name = request.name();
        // The daemon would go on answering only until it is done.
        let response = wire.call(&request);
        match &response {
            Response::Error(error) if error.code == ErrorCode::PermissionDenied => {
                assert!(!FOR_EVERYBODY.contains(&name), "{who}: {sample} is for everybody: {error}");
                assert!(error.suggestion.is_some(), "{who}: {sample}: {error}");
            }
            _ if FOR_EVERYBODY.contains(&name) => {}
            answer if WITH_NOTHING_IN_IT.contains(&name) && is_empty(answer) => {}
            _ if is_on_list(&sample) => {}
            answer => panic!("{who} was answered {sample}: {answer:?}"),
        }
    }
}

fn without_a_right_nothing_of_what_is_stored_is_answered(backend: Backend) {
    let instance = backend.instance().with("PERMISSIONS_MODE", "strict");
    let _daemon = instance.start_daemon();
    let mut owner = open(&instance, "");
    fill(&mut owner);
    let before = samples_state(&mut owner);
    check_refused(&mut open(&instance, "stranger"), "an agent without rights", |_| false);
    let mut nameless =
        Wire::open(&instance.socket(), &Hello::new(Purpose::Bridge).of_agent("").unlimited()).expect("opens");
    check_refused(&mut nameless, "a bridge that names no agent", |_| false);

    // Rights elsewhere: everything has to be looked up, and still nothing of this project is told.
    owner.call(&requests::create_project(samples::id(99), "elsewhere"));
    grant(&mut owner, "neighbour", ScopeRef::project(samples::id(99)), PermissionLevel::Admin);
    check_refused(&mut open(&instance, "neighbour"), "an agent with rights elsewhere", |sample| {
        // Its own permission is in the list; locks that nobody holds are nobody's.
        sample.starts_with("list_permissions") || sample == "get_file_lock"
    });
    assert_eq!(samples_state(&mut owner), before, "nothing was changed");
}

/// What is stored in the project of the samples.
fn samples_state(owner: &mut Wire) -> (u64, bool) {
    let export = agent_memory_proto::request::ExportPage {
        kinds: Vec::new(),
        scope: None,
        tags: Vec::new(),
        include_inactive: true,
        include_versions: true,
        cursor: None,
    };
    match owner.call(&Request::ExportPage(export)) {
        Response::Exported(page) => (page.entries_in_store.unwrap_or_default(), page.changed_at_ms.is_some()),
        other => panic!("{other:?}"),
    }
}

fn with_reading_nothing_is_written(backend: Backend) {
    let instance = backend.instance().with("PERMISSIONS_MODE", "strict");
    let _daemon = instance.start_daemon();
    let mut owner = open(&instance, "");
    fill(&mut owner);
    grant(&mut owner, Permission::EVERYONE, ScopeRef::GLOBAL, PermissionLevel::Read);
    let before = samples_state(&mut owner);
    let mut reader = open(&instance, "reader");
    let administers = |request: &Request| {
        matches!(
            request,
            Request::Stop
                | Request::MeasureFloor(_)
                | Request::EchoStored(_)
                | Request::CreateBackup(_)
                | Request::ListBackups
                | Request::VerifyBackup(_)
                | Request::RestoreBackup(_)
                | Request::CleanupBackups(_)
                | Request::ReadAudit(_)
                | Request::BeginImport(_)
                | Request::StageImport(_)
                | Request::StageExtras(_)
                | Request::EndImport(_)
                | Request::RegisterAgent(_)
                | Request::ListAgents(_)
        )
    };
    for (sample, request) in samples::requests() {
        let response = reader.call(&request);
        let is_denied =
            matches!(&response, Response::Error(error) if error.code == ErrorCode::PermissionDenied);
        if request.is_write() || administers(&request) {
            assert!(is_denied, "a reader was answered {sample}: {response:?}");
        } else if !["check_permission", "authenticate"].contains(&sample.as_str()) {
            assert!(!is_denied, "a reader was refused {sample}: {response:?}");
        }
    }
    assert_eq!(samples_state(&mut owner), before, "nothing was changed");
}

on_every_backend!(without_a_right_nothing_of_what_is_stored_is_answered, with_reading_nothing_is_written,);
