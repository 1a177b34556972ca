//! Permissions: what several agents may do, and that nobody goes on answering from before.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Event, Request, Response,
    frame::FLAG_CACHED,
    handshake::Purpose,
    model::{EntryKind, Id, Permission, PermissionLevel, ScopeRef},
    request::*,
};
use agent_memory_testbed::Postgres;
use agent_memory_tests::{Backend, Bridge, Hello, Instance, Wire, on_every_backend, requests, until};
use serde_json::json;

use PermissionLevel::{Admin, Read, Write};

fn strict(backend: Backend) -> Instance {
    backend.instance().with("PERMISSIONS_MODE", "strict").without_rate_limits()
}

/// A connection of whoever owns the socket.
fn owner(instance: &Instance) -> Wire {
    agent(instance, "")
}

fn agent(instance: &Instance, name: &str) -> Wire {
    Wire::open(&instance.socket(), &Hello::new(Purpose::Library).of_agent(name)).expect("opens")
}

fn granting(agent: &str, scope: ScopeRef, kind: Option<EntryKind>, level: PermissionLevel) -> Request {
    let (agent_id, created_by, admin_key) = (agent.to_owned(), None, None);
    Request::GrantPermission(GrantPermission { agent_id, scope, kind, level, created_by, admin_key })
}

pub(crate) fn grant(owner: &mut Wire, agent: &str, scope: ScopeRef, level: PermissionLevel) -> Permission {
    permission(owner.call(&granting(agent, scope, None, level)))
}

fn permission(response: Response) -> Permission {
    match response {
        Response::Permission(change) => change.permission,
        other => panic!("no permission: {other:?}"),
    }
}

fn revoke(owner: &mut Wire, agent: &str, scope: ScopeRef, level: PermissionLevel) -> Permission {
    let target = PermissionTarget::Level { agent_id: agent.to_owned(), scope, kind: None, level };
    let request = RevokePermission { target, created_by: None, admin_key: None };
    permission(owner.call(&Request::RevokePermission(request)))
}

fn denied(error: &ErrorBody) {
    assert_eq!(error.code, ErrorCode::PermissionDenied, "{error}");
}

fn project(owner: &mut Wire, name: &str) -> ScopeRef {
    match owner.call(&requests::create_project(requests::new_id(), name)) {
        Response::Project(project) => ScopeRef::project(project.id),
        other => panic!("{other:?}"),
    }
}

fn add(wire: &mut Wire, scope: ScopeRef, title: &str) -> Id {
    match wire.call(&requests::add_knowledge(scope, title, "the content")) {
        Response::Written(written) => written.id,
        other => panic!("not written: {other:?}"),
    }
}

fn get(id: Id) -> Request {
    let (kind, selector) = (EntryKind::Knowledge, EntrySelector::Id(id));
    Request::GetEntry(GetEntry { kind, selector, include_inactive: false })
}

fn titles(wire: &mut Wire, scope: Option<ScopeRef>) -> Vec<String> {
    match wire.call(&Request::Search(requests::search("content", scope))) {
        Response::SearchPage(page) => page.hits.into_iter().map(|hit| hit.name).collect(),
        other => panic!("{other:?}"),
    }
}

fn what_is_protected_takes_the_level_admin(backend: Backend) {
    let instance = backend.instance().with("PROTECTED", "guidelines,global").without_rate_limits();
    let daemon = instance.start_daemon();
    let (mut owner, mut ada) = (owner(&instance), agent(&instance, "ada"));
    let shop = project(&mut owner, "shop");
    assert!(daemon.log().contains("protected=\"guidelines,global\""), "{}", daemon.log());
    // Where everything else is open, it is read.
    add(&mut ada, shop, "fact");
    let rule = requests::add_guideline(shop, "rule", "content");
    let everywhere = requests::add_knowledge(ScopeRef::GLOBAL, "fact", "content");
    grant(&mut owner, "ada", ScopeRef::GLOBAL, Write);
    for (request, scope) in [(&rule, shop), (&everywhere, ScopeRef::GLOBAL)] {
        let refused = ada.refused(request);
        denied(&refused);
        let (suggestion, command) =
            (refused.suggestion.clone(), format!("grant ada admin --scope {scope} --type"));
        assert!(refused.message.contains("AGENT_MEMORY_PROTECTED"), "{refused}");
        assert!(suggestion.is_some_and(|mend| mend.contains(&command)), "{refused}");
    }
    let Response::Written(written) = owner.call(&rule) else { panic!("the owner may") };
    let kind = EntryKind::Guideline;
    let hide = DeactivateEntry { kind, id: written.id, updated_by: None, change_reason: None };
    let hide = Request::DeactivateEntry(hide);
    denied(&ada.refused(&hide));
    let Request::AddEntry(rule) = rule else { panic!("it adds a guideline") };
    denied(&ada.refused(&Request::BulkAddEntries(BulkAddEntries { entries: vec![rule] })));
    grant(&mut owner, "ada", shop, Admin);
    assert!(matches!(ada.call(&hide), Response::Written(_)));
    denied(&ada.refused(&everywhere));
}

fn each_agent_does_what_it_was_granted_and_no_more(backend: Backend) {
    let instance = strict(backend);
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let (shop, blog) = (project(&mut owner, "shop"), project(&mut owner, "blog"));
    let (in_shop, in_blog) = (add(&mut owner, shop, "shop fact"), add(&mut owner, blog, "blog fact"));
    add(&mut owner, ScopeRef::GLOBAL, "global fact");
    grant(&mut owner, "ada", shop, Write);
    grant(&mut owner, "eve", shop, Read);
    let (mut ada, mut eve, mut bob) =
        (agent(&instance, "ada"), agent(&instance, "eve"), agent(&instance, "bob"));

    assert!(matches!(ada.call(&get(in_shop)), Response::Entry(_)));
    assert!(matches!(eve.call(&get(in_shop)), Response::Entry(_)));
    for wire in [&mut ada, &mut eve] {
        let unreadable = wire.refused(&get(in_blog));
        let absent = wire.refused(&get(requests::new_id()));
        denied(&unreadable);
        let told = |error: &ErrorBody| (error.code, error.field.clone(), error.suggestion.clone());
        assert_eq!(told(&unreadable), told(&absent), "nobody learns whether there is such an entry");
    }
    denied(&bob.refused(&get(in_shop)));
    add(&mut ada, shop, "of ada");
    let refused = eve.refused(&requests::add_knowledge(shop, "of eve", "content"));
    denied(&refused);
    let suggestion = refused.suggestion.clone().unwrap_or_default();
    assert!(suggestion.contains(&format!("permission grant eve write --scope {shop}")), "{refused}");

    // What is inherited and may not be read is left out; without a scope it has to be named.
    assert_eq!(titles(&mut ada, Some(shop)).len(), 2);
    let everywhere = ada.refused(&Request::Search(requests::search("content", None)));
    denied(&everywhere);
    assert!(everywhere.suggestion.clone().unwrap_or_default().contains(&shop.to_string()), "{everywhere}");
    denied(&ada.refused(&Request::Search(requests::search("content", Some(blog)))));
    let list = |limit| Request::ListProjects(ListProjects { org_id: None, limit, offset: 0 });
    let Response::Projects(page) = ada.call(&list(20)) else { panic!("no projects") };
    assert_eq!(page.projects.iter().map(|one| ScopeRef::project(one.id)).collect::<Vec<_>>(), [shop]);

    // Removing for good is for admins; of many, nothing is done when one may not be.
    let kind = EntryKind::Knowledge;
    denied(&ada.refused(&Request::DeleteEntry(DeleteEntry { kind, id: in_shop })));
    grant(&mut owner, "ada", shop, Admin);
    let both = Request::BulkDeleteEntries(BulkDeleteEntries { kind, ids: vec![in_shop, in_blog] });
    denied(&ada.refused(&both));
    assert!(matches!(ada.call(&get(in_shop)), Response::Entry(_)), "nothing was removed");
    assert!(matches!(
        ada.call(&Request::DeleteEntry(DeleteEntry { kind, id: in_shop })),
        Response::Written(_)
    ));
}

fn what_is_taken_away_is_not_answered_from_the_cache(backend: Backend) {
    let instance = strict(backend);
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let shop = project(&mut owner, "shop");
    let id = add(&mut owner, shop, "fact");
    grant(&mut owner, "ada", shop, Read);
    let (mut ada, mut bob) = (agent(&instance, "ada"), agent(&instance, "bob"));
    let cached = |wire: &mut Wire| {
        let (flags, answer) = wire.exchange(&get(id), &Envelope::default()).expect("answered");
        assert!(matches!(answer, Response::Entry(_)), "{answer:?}");
        flags & FLAG_CACHED != 0
    };
    cached(&mut ada);
    until("an answer comes from the cache", || cached(&mut ada).then_some(()));
    denied(&bob.refused(&get(id)));
    revoke(&mut owner, "ada", shop, Read);
    denied(&ada.refused(&get(id)));
    let row = grant(&mut owner, "ada", shop, Read);
    cached(&mut ada);
    let target = PermissionTarget::Id(row.id);
    let remove = RevokePermission { target, created_by: None, admin_key: None };
    owner.call(&Request::RevokePermission(remove));
    denied(&ada.refused(&get(id)));
    // Whoever reads everything has the answers of everybody who does.
    grant(&mut owner, Permission::EVERYONE, ScopeRef::GLOBAL, Read);
    cached(&mut owner);
    until("everybody has the answer from the cache", || (cached(&mut ada) && cached(&mut bob)).then_some(()));
}

fn types_are_kept_apart(backend: Backend) {
    let instance = strict(backend);
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let shop = project(&mut owner, "shop");
    add(&mut owner, shop, "fact");
    owner.call(&requests::add_guideline(shop, "rule", "the content"));
    permission(owner.call(&granting("ada", shop, Some(EntryKind::Guideline), Read)));
    let mut ada = agent(&instance, "ada");
    assert_eq!(titles(&mut ada, Some(shop)), ["rule"]);
    let knowledge = requests::list(EntryKind::Knowledge, shop, 20, 0);
    denied(&ada.refused(&knowledge));
    let context = Request::GetContext(GetContext {
        scope: shop,
        inherit: true,
        query: None,
        kinds: Vec::new(),
        budget_tokens: None,
        limit_per_kind: None,
    });
    let Response::Context(found) = ada.call(&context) else { panic!("no context") };
    assert_eq!(found.entries.len(), 1);
    // Guidelines may be read above, too; knowledge in the project only: not in one answer.
    permission(owner.call(&granting("ada", ScopeRef::GLOBAL, Some(EntryKind::Guideline), Read)));
    permission(owner.call(&granting("ada", shop, Some(EntryKind::Knowledge), Read)));
    let refused = ada.refused(&context);
    denied(&refused);
    assert!(refused.suggestion.clone().unwrap_or_default().contains("one type"), "{refused}");
}

fn events_tell_only_what_may_be_read(backend: Backend) {
    let instance = strict(backend);
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let (shop, blog) = (project(&mut owner, "shop"), project(&mut owner, "blog"));
    grant(&mut owner, "ada", shop, Read);
    let mut ada = agent(&instance, "ada");
    assert_eq!(ada.call(&Request::Subscribe), Response::Done);
    add(&mut owner, blog, "unseen");
    let seen = add(&mut owner, shop, "seen");
    assert_eq!(changed_entry(&mut ada), seen);
    revoke(&mut owner, "ada", shop, Read);
    add(&mut owner, shop, "unseen now");
    grant(&mut owner, "ada", blog, Read);
    let last = add(&mut owner, blog, "seen again");
    assert_eq!(changed_entry(&mut ada), last);
}

/// The entry that the next change is told of. A daemon that has just begun to hear the others says that changes
/// may have been missed: that is told to everyone.
fn changed_entry(subscriber: &mut Wire) -> Id {
    loop {
        match subscriber.event() {
            Ok(Event::EntryChanged { entry_id, .. }) => return entry_id,
            Ok(Event::ChangesMissed { .. }) => {}
            other => panic!("another event: {other:?}"),
        }
    }
}

fn agents_over_mcp_are_told_what_they_may(backend: Backend) {
    let instance = strict(backend).with("ADMIN_KEY", "sesame");
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let shop = project(&mut owner, "shop");
    let id = shop.id.expect("an id").to_string();
    let (mut ada, mut bob) = (Bridge::start(&instance, "ada"), Bridge::start(&instance, "bob"));
    let add = json!({ "action": "add", "title": "t", "content": "c", "scopeType": "project", "scopeId": id });
    let refused = bob.call("memory_knowledge", &add);
    assert_eq!(refused["isError"], true, "{refused}");
    assert!(refused.to_string().contains("permission grant bob write"), "{refused}");
    let grant = json!({ "action": "grant", "agent_id": "ada", "permission": "write", "scope_type": "project",
        "scope_id": id, "admin_key": "sesame" });
    // The bridge lends the key of its own settings; the level is asked for besides.
    assert_eq!(bob.call("memory_permission", &grant)["isError"], true);
    let request = GrantPermission {
        agent_id: "ada".to_owned(),
        scope: shop,
        kind: None,
        level: Admin,
        created_by: None,
        admin_key: Some("sesame".to_owned()),
    };
    permission(owner.call(&Request::GrantPermission(request)));
    ada.call_ok("memory_knowledge", &add);
    let to_bob = json!({ "action": "grant", "agent_id": "bob", "permission": "read", "scope_type": "project",
        "scope_id": id });
    let granted = ada.call_ok("memory_permission", &to_bob);
    assert_eq!(granted["structuredContent"]["permission"]["agentId"], "bob", "{granted}");
    assert_eq!(granted["structuredContent"]["permission"]["createdBy"], "ada", "{granted}");
    let list = json!({ "action": "list", "scopeType": "project", "scopeId": id });
    bob.call_ok("memory_knowledge", &list);
    let check = json!({ "action": "check", "agent_id": "bob", "permission": "write", "scope_type": "project",
        "scope_id": id });
    let checked = bob.call_ok("memory_permission", &check);
    assert_eq!(checked["structuredContent"]["has_permission"], false, "{checked}");
    assert_eq!(checked["structuredContent"]["level"], "read", "{checked}");
}

on_every_backend!(
    each_agent_does_what_it_was_granted_and_no_more,
    what_is_taken_away_is_not_answered_from_the_cache,
    types_are_kept_apart,
    events_tell_only_what_may_be_read,
    agents_over_mcp_are_told_what_they_may,
    what_is_protected_takes_the_level_admin,
);

#[test]
fn a_store_of_ones_own_is_open_and_one_that_is_shared_is_not() {
    for (backend, is_open) in [(Backend::Sqlite, true), (Backend::Postgres, false)] {
        let instance = backend.instance().without("PERMISSIONS_MODE");
        let daemon = instance.start_daemon();
        let mut wire = agent(&instance, "ada");
        let answer = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "t", "c"));
        assert_eq!(matches!(answer, Response::Written(_)), is_open, "{answer:?}");
        let mode = if is_open { "permissive" } else { "strict" };
        assert!(daemon.log().contains(&format!("mode=\"{mode}\"")), "{}", daemon.log());
        let told = wire.full_health().figure("permissions", "mode").map(ToString::to_string);
        assert_eq!(told.as_deref(), Some(mode));
    }
}

#[test]
fn another_daemon_refuses_what_was_taken_away() {
    let server = Postgres::start().expect("a server");
    let one = Instance::new()
        .with("PERMISSIONS_MODE", "strict")
        .with_database(&server.url("postgres"))
        .without_rate_limits();
    let other = one.another();
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let (mut here, mut there) = (owner(&one), agent(&other, "ada"));
    let shop = project(&mut here, "shop");
    let id = add(&mut here, shop, "fact");
    denied(&there.refused(&get(id)));
    grant(&mut here, "ada", shop, Read);
    until("the other daemon has heard of it", || {
        matches!(there.call(&get(id)), Response::Entry(_)).then_some(())
    });
    there.call(&get(id));
    revoke(&mut here, "ada", shop, Read);
    until("the other daemon has heard of it", || {
        matches!(there.call(&get(id)), Response::Error(error) if error.code == ErrorCode::PermissionDenied)
            .then_some(())
    });
}
