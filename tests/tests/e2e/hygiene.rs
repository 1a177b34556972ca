//! What makes room for other entries, is joined with them or forgotten: it comes back on no way of reading unless it is
//! asked for, and a dry run tells what the run then does.

use agent_memory_proto::{
    ErrorCode, Request, Response,
    handshake::Purpose,
    model::{EntryBody, EntryKind, Id, PermissionLevel, PortableEntry, ScopeRef},
    request::{
        AddEntry, AddEntryInstead, BeginImport, ConflictStrategy, Consolidate, ConsolidateAction, ExportPage,
        FinishImport, Forget, ForgetStrategy, GetContext, ImportItem, ImportOptions, Quickstart, Remember,
        RememberInstead, StageImport,
    },
    response::{Consolidated, EntryAdded, Forgotten},
};
use agent_memory_tests::{Backend, Hello, Wire, on_every_backend, requests::*};
use serde_json::Value;

use crate::permissions::grant;

const PROJECT: Id = Id([9; 16]);
const SCOPE: ScopeRef = ScopeRef::project(PROJECT);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn guideline(content: &str, priority: u8) -> EntryBody {
    EntryBody::Guideline {
        content: content.to_owned(),
        priority,
        rationale: None,
        examples: None,
        verification_rules: None,
    }
}

fn adding(name: &str, body: EntryBody, supersedes: &[Id]) -> Request {
    let add = AddEntry { id: None, draft: draft(SCOPE, name, body) };
    let supersedes = supersedes.to_vec();
    Request::AddEntryInstead(Box::new(AddEntryInstead { add, supersedes, find_similar: true }))
}

fn add(wire: &mut Wire, name: &str, body: EntryBody, supersedes: &[Id]) -> EntryAdded {
    match wire.call(&adding(name, body, supersedes)) {
        Response::EntryAdded(added) => *added,
        other => panic!("not added: {other:?}"),
    }
}

fn consolidate(action: ConsolidateAction, dry_run: bool, cursor: Option<&str>) -> Request {
    Request::Consolidate(Box::new(Consolidate {
        action,
        scope: SCOPE,
        kinds: Vec::new(),
        threshold: 0.6,
        stale_days: 90,
        limit: 2,
        cursor: cursor.map(str::to_owned),
        dry_run,
        consolidated_by: None,
    }))
}

fn consolidated(wire: &mut Wire, request: &Request) -> Consolidated {
    match wire.call(request) {
        Response::Consolidated(report) => *report,
        other => panic!("not consolidated: {other:?}"),
    }
}

fn forgetting(strategy: ForgetStrategy, dry_run: bool) -> Request {
    Request::Forget(Box::new(Forget {
        scope: SCOPE,
        kinds: Vec::new(),
        strategy,
        stale_days: 90,
        importance_threshold: 0.3,
        limit: 100,
        cursor: None,
        dry_run,
        forgotten_by: Some("carol".to_owned()),
    }))
}

fn forgotten(wire: &mut Wire, request: &Request) -> Forgotten {
    match wire.call(request) {
        Response::Forgotten(report) => *report,
        other => panic!("not forgotten: {other:?}"),
    }
}

/// An entry that was last changed so many days ago.
fn aged(name: &str, body: EntryBody, days: i64, now_ms: i64) -> ImportItem {
    let mut entry = PortableEntry::new(SCOPE, name, body);
    let at_ms = Some(now_ms - days * DAY_MS);
    (entry.created_at_ms, entry.updated_at_ms, entry.versions[0].created_at_ms) = (at_ms, at_ms, at_ms);
    ImportItem { at: name.to_owned(), entry }
}

fn import(wire: &mut Wire, items: Vec<ImportItem>) {
    let options = ImportOptions {
        strategy: ConflictStrategy::Error,
        scope_mapping: Vec::new(),
        generate_new_ids: false,
        imported_by: None,
    };
    let begun = wire.call(&Request::BeginImport(BeginImport { options, admin_key: None }));
    let Response::ImportBegun(import_id) = begun else { panic!("{begun:?}") };
    wire.call(&Request::StageImport(StageImport { import_id, part: 0, scopes: Vec::new(), items }));
    let done = wire.call(&Request::FinishImport(FinishImport { import_id, dry_run: false }));
    assert!(matches!(&done, Response::ImportOutcome(outcome) if outcome.report.applied), "{done:?}");
}

/// Every way of reading, with the ids that it leads to: what is asked for by words, as a context, by a list, by name,
/// by the start of a session, by an export, and as what is similar.
fn read(wire: &mut Wire, everything: bool, names: &[&str]) -> Vec<(&'static str, Vec<Id>)> {
    let mut search = search("deploy migrations server", Some(SCOPE));
    search.include_inactive = everything;
    let mut ways = Vec::new();
    match wire.call(&Request::Search(search)) {
        Response::SearchPage(page) => ways.push(("search", page.hits.iter().map(|hit| hit.id).collect())),
        other => panic!("{other:?}"),
    }
    let (mut listed, mut named) = (Vec::new(), Vec::new());
    for kind in EntryKind::ALL {
        let Request::ListEntries(mut list) = list(kind, SCOPE, 100, 0) else { panic!("a list") };
        list.include_inactive = everything;
        match wire.call(&Request::ListEntries(list)) {
            Response::Entries(page) => listed.extend(page.entries.iter().map(|entry| entry.id)),
            other => panic!("{other:?}"),
        }
        for name in names {
            let Request::GetEntry(mut get) = get_by_name(kind, SCOPE, name) else { panic!("a get") };
            get.include_inactive = everything;
            if let Response::Entry(entry) = wire.call(&Request::GetEntry(get)) {
                named.push(entry.id);
            }
        }
    }
    ways.extend([("list", listed), ("get by name", named)]);
    let mut exported = Vec::new();
    let mut cursor = None;
    loop {
        let export = ExportPage {
            kinds: Vec::new(),
            scope: Some(SCOPE),
            tags: Vec::new(),
            include_inactive: everything,
            include_versions: false,
            cursor,
        };
        let Response::Exported(page) = wire.call(&Request::ExportPage(export)) else { panic!("an export") };
        exported.extend(page.entries.iter().filter_map(|entry| entry.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    ways.push(("export", exported));
    ways
}

/// Ways of reading that never bring back what is hidden.
fn read_what_is_there(wire: &mut Wire) -> Vec<(&'static str, Vec<Id>)> {
    let context = GetContext {
        scope: SCOPE,
        inherit: true,
        query: Some("deploy migrations server".to_owned()),
        kinds: Vec::new(),
        budget_tokens: Some(10_000),
        limit_per_kind: None,
    };
    let quickstart = Quickstart {
        project_id: Some(PROJECT),
        root_path: None,
        project_name: None,
        project_description: None,
        create_project: false,
        session_name: None,
        session_purpose: None,
        agent_id: None,
        inherit: true,
        limit_per_kind: None,
        budget_tokens: Some(10_000),
    };
    let contexts = [Request::GetContext(context), Request::Quickstart(quickstart)];
    let mut ways = Vec::new();
    for request in contexts {
        let (way, context) = match wire.call(&request) {
            Response::Context(context) => ("context", context),
            Response::Quickstarted(started) => ("quickstart", started.context),
            other => panic!("{other:?}"),
        };
        ways.push((way, context.entries.iter().map(|entry| entry.id).collect()));
    }
    ways
}

fn what_made_room_comes_back_only_when_asked_for(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect_unlimited();
    wire.call(&create_project(PROJECT, "shop"));
    let say = |more: &str| format!("Run the migrations of the server before each deploy {more}");
    let old = add(&mut wire, "old", guideline(&say("by hand"), 50), &[]).written;
    let known = match wire.call(&add_knowledge(SCOPE, "known", &say("as it was in May"))) {
        Response::Written(written) => written,
        other => panic!("{other:?}"),
    };
    let new = add(&mut wire, "new", guideline(&say("by the script"), 50), &[old.id, known.id]);
    assert_eq!(new.superseded.iter().map(|one| one.id).collect::<Vec<_>>(), [old.id, known.id]);
    assert_eq!(new.similar, [], "what it superseded is not told as similar");
    let unimportant = add(&mut wire, "unimportant", guideline(&say("or so"), 5), &[]);
    assert_eq!(unimportant.similar.first().map(|entry| entry.id), Some(new.written.id));
    assert!(unimportant.similar[0].similarity > 0.6, "{:?}", unimportant.similar);
    let names = ["old", "known", "new", "unimportant", "newest"];
    let of_all = |ways: &[(&str, Vec<Id>)], id: Id| ways.iter().filter(|(_, ids)| ids.contains(&id)).count();
    // What was read before is not answered again from a cache.
    let before = [read(&mut wire, false, &names), read_what_is_there(&mut wire)].concat();
    assert_eq!(of_all(&before, unimportant.written.id), before.len(), "{before:?}");

    let analysed = forgotten(&mut wire, &forgetting(ForgetStrategy::Importance, true));
    assert_eq!(analysed.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [unimportant.written.id]);
    let done = forgotten(&mut wire, &forgetting(ForgetStrategy::Importance, false));
    assert_eq!((done.entries, done.dry_run), (analysed.entries, false));
    let text = "The migrations of the server run before each deploy, by a job";
    let told = Remember {
        text: text.to_owned(),
        scope: SCOPE,
        force_kind: Some(EntryKind::Knowledge),
        priority: None,
        tags: Vec::new(),
    };
    let remember = RememberInstead { remember: told, supersedes: vec![new.written.id] };
    let Response::RememberedInstead(newest) = wire.call(&Request::RememberInstead(Box::new(remember))) else {
        panic!("not remembered")
    };
    let newest_id = newest.remembered.written.id;

    let hidden = [old.id, known.id, unimportant.written.id, new.written.id];
    let ways = [read(&mut wire, false, &names), read_what_is_there(&mut wire)].concat();
    for (way, ids) in &ways {
        let back: Vec<&Id> = hidden.iter().filter(|id| ids.contains(id)).collect();
        assert!(back.is_empty(), "{way} brings back {back:?}");
        assert!(*way == "get by name" || ids.contains(&newest_id), "{way}");
    }
    for (way, ids) in read(&mut wire, true, &names) {
        assert!(hidden.iter().all(|id| ids.contains(id)), "{way} has what is asked for: {ids:?}");
    }
    let similar = add(&mut wire, "similar", guideline(&say("by hand"), 50), &[]).similar;
    assert!(similar.iter().all(|entry| !hidden.contains(&entry.id)), "{similar:?}");
    let refused = wire.refused(&adding("again", guideline("x", 5), &[old.id]));
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Conflict, Some("supersedes[0]")));
    let twice = wire.refused(&adding("twice", guideline("x", 5), &[newest_id, newest_id]));
    assert_eq!(twice.field.as_deref(), Some("supersedes[1]"));
    let frequency = wire.refused(&forgetting(ForgetStrategy::Frequency, true));
    assert!(frequency.message.contains("not counted"), "{frequency:?}");
}

fn a_dry_run_tells_what_the_run_then_does(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect_unlimited();
    wire.call(&create_project(PROJECT, "shop"));
    let texts = [
        ("deploying", "Run the migrations before each deploy of the server", 50),
        ("deploy", "Before each deploy of the server run the migrations", 70),
        ("deploys", "Run migrations before each deploy of the server\nTell ada", 50),
        ("tabs", "Indent the sources with tabs always", 50),
        ("tab", "Always indent sources with tabs", 50),
        ("logs", "Keep the logs of the night for thirty days", 50),
    ];
    for (name, text, priority) in texts {
        add(&mut wire, name, guideline(text, priority), &[]);
    }
    let pages = |wire: &mut Wire, action| {
        let mut pages = vec![consolidated(wire, &consolidate(action, true, None))];
        while let Some(cursor) = pages.last().and_then(|page| page.next_cursor.clone()) {
            pages.push(consolidated(wire, &consolidate(action, true, Some(&cursor))));
        }
        pages
    };
    let found = pages(&mut wire, ConsolidateAction::FindSimilar);
    let groups: Vec<_> = found.iter().flat_map(|page| &page.groups).collect();
    let names: Vec<Vec<&str>> = groups
        .iter()
        .map(|group| std::iter::once(&group.best).chain(&group.others).map(|one| one.name.as_str()).collect())
        .collect();
    assert_eq!(names, [vec!["deploy", "deploying", "deploys"], vec!["tab", "tabs"]]);

    let dry = consolidated(&mut wire, &consolidate(ConsolidateAction::Merge, true, None));
    let run = consolidate(ConsolidateAction::Merge, false, None);
    let key = new_id();
    let (_, Response::Consolidated(done)) = wire.write(&run, key).expect("answered") else {
        panic!("a report")
    };
    assert_eq!(*done, Consolidated { dry_run: false, ..dry });
    let (_, again) = wire.write(&run, key).expect("answered");
    assert_eq!(again, Response::Consolidated(done.clone()), "once, and answered the same");
    assert!(
        done.groups[0].taken.as_deref().is_some_and(|taken| taken.starts_with("1 line from ")),
        "{done:?}"
    );
    assert_eq!(done.groups[1].taken.as_deref(), Some("nothing new"));
    let Response::Entry(best) = wire.call(&get_by_name(EntryKind::Guideline, SCOPE, "deploy")) else {
        panic!("the best stays")
    };
    assert_eq!(best.version.body.text(), "Before each deploy of the server run the migrations\nTell ada");
    assert_eq!((best.version.number, best.is_active), (2, true));
    let left = pages(&mut wire, ConsolidateAction::Dedupe);
    assert!(left.iter().all(|page| page.groups.is_empty()), "nothing is left: {left:?}");
    let Response::Entries(page) = wire.call(&list(EntryKind::Guideline, SCOPE, 100, 0)) else {
        panic!("a list")
    };
    let mut left: Vec<&str> = page.entries.iter().map(|entry| entry.name.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["deploy", "logs", "tab"]);
}

fn what_is_stale_is_archived_unless_its_priority_protects_it(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect_unlimited();
    wire.call(&create_project(PROJECT, "shop"));
    let now_ms = add(&mut wire, "new", guideline("just said", 50), &[]).written.at_ms;
    let items = vec![
        aged("stale", guideline("nobody reads this", 50), 100, now_ms),
        aged("protected", guideline("never delete backups", 95), 400, now_ms),
        aged("young", guideline("said a month ago", 50), 30, now_ms),
    ];
    import(&mut wire, items);
    let dry = consolidated(&mut wire, &consolidate(ConsolidateAction::ArchiveStale, true, None));
    assert_eq!(
        (dry.stale.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), dry.protected),
        (vec!["stale"], 1)
    );
    let done = consolidated(&mut wire, &consolidate(ConsolidateAction::ArchiveStale, false, None));
    assert_eq!(done, Consolidated { dry_run: false, ..dry });
    let done = forgotten(&mut wire, &forgetting(ForgetStrategy::Recency, false));
    assert_eq!((done.entries.len(), done.protected), (0, 1));
}

fn nothing_is_joined_or_superseded_without_the_right_to(backend: Backend) {
    let instance = backend.instance().with("PERMISSIONS_MODE", "strict");
    let _daemon = instance.start_daemon();
    let open = |agent: &str| {
        Wire::open(&instance.socket(), &Hello::new(Purpose::Library).of_agent(agent).unlimited())
            .expect("opens")
    };
    let mut owner = open("");
    owner.call(&create_project(PROJECT, "shop"));
    let elsewhere = Id([8; 16]);
    owner.call(&create_project(elsewhere, "elsewhere"));
    let old = add(&mut owner, "old", guideline("Deploy by hand", 50), &[]).written;
    grant(&mut owner, "neighbour", ScopeRef::project(elsewhere), PermissionLevel::Write);
    grant(&mut owner, "reader", SCOPE, PermissionLevel::Read);
    let (mut neighbour, mut reader) = (open("neighbour"), open("reader"));
    let draft = draft(ScopeRef::project(elsewhere), "new", guideline("Deploy by script", 50));
    let add = AddEntry { id: None, draft };
    let supersedes = vec![old.id];
    let request = AddEntryInstead { add, supersedes, find_similar: true };
    let refused = neighbour.refused(&Request::AddEntryInstead(Box::new(request)));
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    for dry_run in [true, false] {
        for request in [
            consolidate(ConsolidateAction::Dedupe, dry_run, None),
            forgetting(ForgetStrategy::Recency, dry_run),
        ] {
            assert_eq!(neighbour.refused(&request).code, ErrorCode::PermissionDenied);
            let is_refused = matches!(reader.call(&request), Response::Error(error) if error.code == ErrorCode::PermissionDenied);
            assert_eq!(is_refused, !dry_run, "a reader may look");
        }
    }
    let Response::Entry(entry) = owner.call(&get_by_name(EntryKind::Guideline, SCOPE, "old")) else {
        panic!("it is there")
    };
    assert_eq!(entry.version.number, 1);
}

fn a_scope_is_tidied_at_the_command_line(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let text = |name: &str, text: &str, more: &[&str]| {
        let arguments = ["guideline", "add", name, text, "--scope", "global"];
        instance.json(arguments.into_iter().chain(more.iter().copied()))
    };
    let one = text("tabs", "Always indent the sources with tabs", &[]);
    assert_eq!(one["similar"], Value::Array(Vec::new()));
    let two = text("tab", "Indent sources with tabs, always", &[]);
    assert_eq!(two["similar"][0]["id"], one["guideline"]["id"]);
    let shown = instance.json(["consolidate", "find-similar", "--scope", "global"]);
    assert_eq!((&shown["groupsFound"], &shown["entriesInGroups"]), (&1.into(), &2.into()));
    let dry = instance.json(["consolidate", "dedupe", "--scope", "global"]);
    assert_eq!((&dry["dryRun"], &dry["entriesDeactivated"]), (&true.into(), &0.into()));
    let ran = instance.run(["consolidate", "dedupe", "--scope", "global"]).ok();
    assert!(ran.out.contains("1 group in global") && ran.out.contains("--apply"), "{ran:?}");
    let done = instance.json(["consolidate", "dedupe", "--scope", "global", "--apply"]);
    assert_eq!(done["entriesDeactivated"], 1);
    assert_eq!(done["groups"][0]["keep"]["id"], two["guideline"]["id"], "the latest");
    let id = two["guideline"]["id"].as_str().expect("an id");
    let three = text("spaces", "Indent with four spaces", &["--supersedes", id]);
    assert_eq!(three["superseded"][0]["id"], two["guideline"]["id"]);
    let listed = instance.json(["guideline", "list", "--scope", "global"]);
    assert_eq!(listed["meta"]["returnedCount"], 1);
    let remembered = ["remember", "We indent with two spaces", "--kind", "guideline", "--scope", "global"];
    let id = three["guideline"]["id"].as_str().expect("an id");
    let remembered = instance.json(remembered.into_iter().chain(["--supersedes", id, "--priority", "20"]));
    assert_eq!(remembered["superseded"][0]["id"], three["guideline"]["id"]);
    let forget = ["forget", "--strategy", "importance", "--scope", "global"];
    assert_eq!(instance.json(forget)["stats"]["candidates"], 1);
    assert_eq!(instance.json(forget.into_iter().chain(["--apply"]))["stats"]["forgotten"], 1);
    let ran = instance.run(["forget", "--strategy", "frequency", "--scope", "global"]);
    assert!(ran.code != 0 && ran.err.contains("not counted"), "{ran:?}");
}

on_every_backend!(
    a_dry_run_tells_what_the_run_then_does,
    a_scope_is_tidied_at_the_command_line,
    nothing_is_joined_or_superseded_without_the_right_to,
    what_is_stale_is_archived_unless_its_priority_protects_it,
    what_made_room_comes_back_only_when_asked_for,
);
