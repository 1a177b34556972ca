//! Who an agent is: names that are proved by tokens, and what becomes of those that are not.

mod clients;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    handshake::Purpose,
    model::{AuditEntry, EntryKind, Permission, PermissionLevel, ScopeRef},
    request::*,
    response::{AgentPage, AgentRegistered},
};
use agent_memory_tests::{
    Backend, Bridge, Hello, Instance, Wire, hostile, on_every_backend, requests, until,
};
use serde_json::{Value, json};

use crate::permissions::grant;

fn proving(backend: Backend) -> Instance {
    backend.instance().with("PERMISSIONS_MODE", "strict").with("AGENT_AUTH", "token").without_rate_limits()
}

fn owner(instance: &Instance) -> Wire {
    Wire::open(&instance.socket(), &Hello::new(Purpose::CommandLine).of_agent("")).expect("opens")
}

/// A connection that says a name, which is a claim.
fn agent(instance: &Instance, name: &str) -> Wire {
    Wire::open(&instance.socket(), &Hello::new(Purpose::Library).of_agent(name)).expect("opens")
}

fn registered(response: Response) -> AgentRegistered {
    match response {
        Response::AgentRegistered(registered) => *registered,
        other => panic!("not registered: {other:?}"),
    }
}

fn registering(name: &str, admin_key: Option<&str>) -> Request {
    let admin_key = admin_key.map(str::to_owned);
    Request::RegisterAgent(RegisterAgent { name: name.to_owned(), admin_key })
}

fn register(owner: &mut Wire, name: &str) -> String {
    registered(owner.call(&registering(name, None))).token
}

fn revoke(owner: &mut Wire, name: &str) {
    let request = RevokeAgent { name: name.to_owned(), admin_key: None };
    assert!(matches!(owner.call(&Request::RevokeAgent(request)), Response::AgentRevoked(_)));
}

fn agents(owner: &mut Wire) -> AgentPage {
    match owner.call(&Request::ListAgents(ListAgents { admin_key: None, limit: 20, offset: 0 })) {
        Response::Agents(page) => page,
        other => panic!("no agents: {other:?}"),
    }
}

fn showing(token: &str) -> Request {
    Request::Authenticate(Authenticate { token: token.to_owned() })
}

/// Shows a token that is good, and returns whose it is.
fn proves(wire: &mut Wire, token: &str) -> String {
    match wire.call(&showing(token)) {
        Response::Authenticated(who) => who.agent_id,
        other => panic!("not taken: {other:?}"),
    }
}

fn denied(error: &ErrorBody) {
    assert_eq!(error.code, ErrorCode::PermissionDenied, "{error}");
    assert!(error.suggestion.is_some(), "{error}");
}

fn add(title: &str) -> Request {
    requests::add_knowledge(ScopeRef::GLOBAL, title, "content")
}

/// Who wrote the entry of that name.
fn author(wire: &mut Wire, title: &str) -> Option<String> {
    let selector = EntrySelector::Name { scope: ScopeRef::GLOBAL, name: title.to_owned(), inherit: false };
    let get = GetEntry { kind: EntryKind::Knowledge, selector, include_inactive: false };
    match wire.call(&Request::GetEntry(get)) {
        Response::Entry(entry) => entry.created_by,
        other => panic!("no entry: {other:?}"),
    }
}

fn a_name_counts_with_its_token_only(backend: Backend) {
    let instance = proving(backend);
    let daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    assert!(owner.welcome().proves_names());
    let (ada, bob) = (register(&mut owner, "ada"), register(&mut owner, "bob"));
    grant(&mut owner, "ada", ScopeRef::GLOBAL, PermissionLevel::Write);

    // The name alone is a claim; a token that is wrong, or of another, makes it no better.
    let mut wire = agent(&instance, "ada");
    denied(&wire.refused(&add("claimed")));
    assert!(matches!(wire.call(&Request::Config), Response::Config(_)), "that is for everybody");
    let wrong = [
        String::new(),
        "amt_".to_owned(),
        ada.replacen("amt_", "amt-", 1),
        format!("{ada}0"),
        "x".repeat(100_000),
    ];
    for token in wrong {
        denied(&wire.refused(&showing(&token)));
    }
    denied(&wire.refused(&add("wrong")));
    assert_eq!(proves(&mut wire, &bob), "bob");
    let of_another = wire.refused(&add("of bob"));
    denied(&of_another);
    assert_eq!((of_another.field.as_deref(), of_another.value.as_deref()), (Some("agent_id"), Some("ada")));
    assert_eq!(proves(&mut wire, &ada), "ada");
    assert!(matches!(wire.call(&add("proved")), Response::Written(_)));
    assert_eq!(author(&mut wire, "proved").as_deref(), Some("ada"));

    // Nobody speaks as another, as who asks or as who did it.
    let as_bob = Envelope { agent_id: Some("bob".to_owned()), ..Envelope::default() };
    let (_, answer) = wire.exchange(&add("as bob"), &as_bob).expect("answered");
    let Response::Error(error) = answer else { panic!("{answer:?}") };
    denied(&error);
    let mut by_bob = add("by bob");
    if let Request::AddEntry(add) = &mut by_bob {
        add.draft.created_by = Some("bob".to_owned());
    }
    let refused = wire.refused(&by_bob);
    denied(&refused);
    assert_eq!(refused.field.as_deref(), Some("createdBy"));

    let log = daemon.log();
    assert!(log.contains("wrong_credential") && !log.contains("amt_") && !log.contains(&ada[4..]), "{log}");
    let page = agents(&mut owner);
    assert_eq!((page.total, page.names_are_proved, page.wrong_credentials), (2, true, 5));
}

fn what_is_taken_back_or_replaced_is_worthless_at_once(backend: Backend) {
    let instance = proving(backend);
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let ada = register(&mut owner, "ada");
    grant(&mut owner, "ada", ScopeRef::GLOBAL, PermissionLevel::Write);
    let mut wire = agent(&instance, "ada");
    assert_eq!(proves(&mut wire, &ada), "ada");
    let (mut claims, mut nameless) = (agent(&instance, "ada"), agent(&instance, ""));
    assert_eq!(
        (proves(&mut claims, &ada), proves(&mut nameless, &ada)),
        ("ada".to_owned(), "ada".to_owned())
    );
    revoke(&mut owner, "ada");
    let refused = claims.refused(&add("revoked"));
    denied(&refused);
    assert!(refused.message.contains("revoked or replaced"), "{refused}");
    denied(&nameless.refused(&add("revoked")));
    let mut by_ada = add("by ada");
    if let Request::AddEntry(add) = &mut by_ada {
        add.draft.created_by = Some("ada".to_owned());
    }
    assert!(nameless.refused(&by_ada).message.contains("revoked or replaced"), "also as who did it");
    denied(&wire.refused(&showing(&ada)));
    let first = register(&mut owner, "ada");
    assert_eq!(proves(&mut wire, &first), "ada");
    let second = registered(owner.call(&registering("ada", None)));
    assert!(second.replaced && second.token != first);
    denied(&wire.refused(&add("replaced")));
    assert_eq!(proves(&mut wire, &second.token), "ada");
    assert!(matches!(wire.call(&add("registered again")), Response::Written(_)));
}

fn hostile_names_and_tokens_are_refused_or_kept(backend: Backend) {
    let instance = proving(backend);
    let daemon = instance.start_daemon();
    let mut hand = owner(&instance);
    for text in hostile::classic_texts() {
        let what = hostile::shown(&text);
        match hand.call(&registering(&text, None)) {
            Response::AgentRegistered(registered) => {
                assert_eq!(registered.agent.name, text, "{what}");
                let mut wire = agent(&instance, "");
                assert_eq!(proves(&mut wire, &registered.token), text, "{what}");
                revoke(&mut hand, &text);
            }
            Response::Error(error) => assert_eq!(error.field.as_deref(), Some("name"), "{what}: {error:?}"),
            other => panic!("{what}: {other:?}"),
        }
        let mut claim = add("claimed");
        if let Request::AddEntry(add) = &mut claim {
            add.draft.created_by = Some(text.clone());
        }
        let error = hand.refused(&claim);
        assert_eq!(error.field.as_deref(), Some("createdBy"), "{what}: {error:?}");
        assert!(error.message.len() < 4_000, "{what}: {error:?}");
    }
    assert_eq!(agents(&mut hand).total, 0);
    assert!(!daemon.log().contains("panicked"));
}

fn the_audit_tells_of_names(backend: Backend) {
    let instance = proving(backend);
    let _daemon = instance.start_daemon();
    let mut hand = owner(&instance);
    let token = register(&mut hand, "ada");
    register(&mut hand, "ada");
    denied(&agent(&instance, "ada").refused(&add("claimed")));
    denied(&agent(&instance, "").refused(&showing(&token)));
    revoke(&mut hand, "ada");
    let wanted = [
        "add agent ada",
        "update agent ada",
        "revoke agent ada",
        "refuse request add_entry as ada",
        "refuse request authenticate",
    ];
    let lines = until("all of it is in the audit", || {
        let Response::Audit(page) = hand.call(&Request::ReadAudit(ReadAudit::all(20, None))) else {
            return None;
        };
        let line = |line: &AuditEntry| {
            format!("{} {} {}", line.action, line.kind, line.detail.as_deref().unwrap_or(""))
        };
        let lines: Vec<String> = page.entries.iter().map(line).collect();
        wanted.iter().all(|wanted| lines.iter().any(|line| line == wanted)).then_some(lines)
    });
    assert!(!format!("{lines:?}").contains("amt_"), "{lines:?}");
}

fn whoever_has_no_token_may_do_what_everyone_may(backend: Backend) {
    let instance = proving(backend);
    let _daemon = instance.start_daemon();
    let mut owner = owner(&instance);
    let token = register(&mut owner, "ada");
    assert!(matches!(owner.call(&add("of the owner")), Response::Written(_)));
    assert_eq!(author(&mut owner, "of the owner"), None);
    // Without a name it is nobody, also where it may not be told from the owner otherwise.
    let mut nobody = agent(&instance, "");
    let refused = nobody.refused(&add("of nobody"));
    denied(&refused);
    assert!(refused.suggestion.clone().unwrap_or_default().contains("AGENT_MEMORY_AGENT_TOKEN"), "{refused}");
    denied(&nobody.refused(&registering("mallory", None)));
    grant(&mut owner, Permission::EVERYONE, ScopeRef::GLOBAL, PermissionLevel::Write);
    assert!(matches!(nobody.call(&add("of nobody")), Response::Written(_)));
    assert_eq!(author(&mut owner, "of nobody"), None);
    // A token that was good makes a connection nobody's once it is not, and never the owner's.
    let mut was_ada =
        Wire::open(&instance.socket(), &Hello::new(Purpose::CommandLine).of_agent("")).expect("opens");
    proves(&mut was_ada, &token);
    assert!(matches!(was_ada.call(&add("of ada")), Response::Written(_)));
    revoke(&mut owner, "ada");
    assert!(matches!(was_ada.call(&add("of nobody again")), Response::Written(_)));
    assert_eq!(author(&mut owner, "of ada").as_deref(), Some("ada"));
    assert_eq!(author(&mut owner, "of nobody again"), None);
    denied(&was_ada.refused(&registering("mallory", None)));
    // The owner who says a name says one that has to be proved.
    let as_ada = Envelope { agent_id: Some("ada".to_owned()), ..Envelope::default() };
    let (_, answer) = owner.exchange(&add("as ada"), &as_ada).expect("answered");
    assert!(
        matches!(&answer, Response::Error(error) if error.code == ErrorCode::PermissionDenied),
        "{answer:?}"
    );
}

fn bridge(instance: &Instance, agent: &str, token: &str) -> Bridge {
    let all = [("AGENT_MEMORY_AGENT", agent), ("AGENT_MEMORY_AGENT_TOKEN", token)];
    let set: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Bridge::start_with(instance, &set)
}

fn adding(title: &str) -> Value {
    json!({ "action": "add", "title": title, "content": "c", "scopeType": "global" })
}

fn bridges_prove_who_they_are(backend: Backend) {
    let instance = proving(backend);
    let daemon = instance.start_daemon();
    let mut hand = owner(&instance);
    let token = register(&mut hand, "ada");
    grant(&mut hand, "ada", ScopeRef::GLOBAL, PermissionLevel::Write);
    let refused = |bridge: &mut Bridge, words: &str| {
        let answer = bridge.call("memory_knowledge", &adding("refused"));
        assert_eq!(answer["isError"], true, "{answer}");
        let text = answer.to_string();
        assert!(text.contains(words) && !text.contains(&token), "{words}: {answer}");
    };
    let mut right = bridge(&instance, "", &token);
    right.call_ok("memory_knowledge", &adding("with the token"));
    assert_eq!(author(&mut hand, "with the token").as_deref(), Some("ada"));
    bridge(&instance, "ada", &token).call_ok("memory_knowledge", &adding("with both"));
    // Without a token: nobody, unless a name is said. With a wrong one, or another's name: refused.
    refused(&mut bridge(&instance, "", ""), "AGENT_MEMORY_AGENT_TOKEN");
    refused(&mut bridge(&instance, "ada", ""), "the name ada is not proved");
    refused(&mut bridge(&instance, "ada", &format!("amt_{:064x}", 1)), "none of a registered agent");
    refused(&mut bridge(&instance, "bob", &token), "speaks for ada, and not for bob");
    let mut as_bob = adding("as bob");
    as_bob["agentId"] = json!("bob");
    assert_eq!(right.call("memory_knowledge", &as_bob)["isError"], true);
    as_bob["agentId"] = json!("ada");
    right.call_ok("memory_knowledge", &as_bob);

    // A lost connection is made again, and proved again, before anything is sent.
    drop(daemon);
    let daemon = instance.start_daemon();
    right.call_ok("memory_knowledge", &adding("after a restart"));
    let mut hand = owner(&instance);
    assert_eq!(author(&mut hand, "after a restart").as_deref(), Some("ada"));
    grant(&mut hand, Permission::EVERYONE, ScopeRef::GLOBAL, PermissionLevel::Write);
    revoke(&mut hand, "ada");
    // Though everyone may: an agent that has a token does not go on in nobody's name.
    refused(&mut right, "revoked or replaced");
    bridge(&instance, "", "").call_ok("memory_knowledge", &adding("of nobody"));
    assert_eq!(author(&mut hand, "of nobody"), None);
    assert!(!daemon.log().contains(&token[4..]));
}

fn tokens_survive_a_backup_and_a_restart(backend: Backend) {
    let instance = proving(backend);
    let mut daemon = instance.start_daemon();
    let mut hand = owner(&instance);
    let token = register(&mut hand, "ada");
    let made = instance.json(["backup", "create"]);
    let name = made["filename"].as_str().unwrap_or_else(|| panic!("no name: {made}")).to_owned();
    revoke(&mut hand, "ada");
    let mut wire = agent(&instance, "ada");
    denied(&wire.refused(&showing(&token)));
    let _ = instance.run(["backup", "restore", &name]).ok();
    assert_eq!(proves(&mut wire, &token), "ada", "it is as it was");
    daemon.stop();
    let _daemon = instance.start_daemon();
    assert_eq!(proves(&mut agent(&instance, "ada"), &token), "ada");
}

on_every_backend!(
    a_name_counts_with_its_token_only,
    what_is_taken_back_or_replaced_is_worthless_at_once,
    whoever_has_no_token_may_do_what_everyone_may,
    bridges_prove_who_they_are,
    tokens_survive_a_backup_and_a_restart,
    hostile_names_and_tokens_are_refused_or_kept,
    the_audit_tells_of_names,
);

fn another_daemon_hears_of_a_revocation(backend: Backend) {
    let one = proving(backend);
    let other = one.another();
    let (_first, _second) = (one.start_daemon(), other.start_daemon());
    let mut here = owner(&one);
    grant(&mut here, "ada", ScopeRef::GLOBAL, PermissionLevel::Write);
    let token = register(&mut here, "ada");
    let mut there = agent(&other, "ada");
    until("the other daemon knows the token", || {
        matches!(there.call(&showing(&token)), Response::Authenticated(_)).then_some(())
    });
    let read = requests::list(EntryKind::Knowledge, ScopeRef::GLOBAL, 20, 0);
    until("it knows what ada may", || matches!(there.call(&read), Response::Entries(_)).then_some(()));
    revoke(&mut here, "ada");
    until("the other daemon has heard of it", || {
        matches!(there.call(&read), Response::Error(error) if error.code == ErrorCode::PermissionDenied)
            .then_some(())
    });
}

#[test]
fn another_daemon_hears_of_a_revocation_from_postgres() {
    another_daemon_hears_of_a_revocation(Backend::Postgres);
}

#[test]
fn another_daemon_hears_of_a_revocation_with_redis() {
    another_daemon_hears_of_a_revocation(Backend::PostgresRedis);
}
