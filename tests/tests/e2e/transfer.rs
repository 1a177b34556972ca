//! What is stored goes into a file and out of it again: whole, the same byte for byte, and all or nothing.

use std::path::{Path, PathBuf};

use agent_memory_tests::{Backend, Instance, on_every_backend};
use serde_json::{Value, json};

on_every_backend!(
    an_export_of_the_original_system_is_imported_whole,
    export_import_and_export_give_the_same_bytes,
    one_refused_entry_refuses_all_and_every_one_is_told,
    conflicts_are_met_as_asked,
    entries_of_one_import_meet_each_other,
    an_entry_cannot_take_a_name_or_an_id_that_is_taken,
    two_imports_at_once_store_everything_once,
    a_quiet_transfer_prints_errors_only,
    entries_go_into_another_scope_with_new_ids,
);

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

fn export(instance: &Instance, name: &str) -> PathBuf {
    let path = instance.root().join(name);
    let _ = instance.run(["export", path.to_str().expect("ASCII")]).ok();
    path
}

fn import(instance: &Instance, path: &Path, more: &[&str]) -> Value {
    let path = path.to_str().expect("ASCII");
    instance.json(["import", path].into_iter().chain(more.iter().copied()))
}

/// The document with one list of entries.
fn document(list: &str, entries: &[Value]) -> Value {
    json!({ "version": "1.0", "entries": { list: entries } })
}

fn write(instance: &Instance, name: &str, document: &Value) -> PathBuf {
    let path = instance.root().join(name);
    std::fs::write(&path, document.to_string()).expect("written");
    path
}

fn guideline(name: &str, content: &str) -> Value {
    json!({ "scopeType": "global", "scopeId": null, "name": name, "content": content })
}

fn an_export_of_the_original_system_is_imported_whole(backend: Backend) {
    let instance = backend.instance();
    let original = read(&data("export-1.0.json"));
    let report = import(&instance, &data("export-1.0.json"), &[]);
    assert_eq!((&report["created"], &report["errorCount"]), (&json!(12), &json!(0)), "{report}");
    assert_eq!(report["createdScopeCount"], 1, "{report}");

    let exported = read(&export(&instance, "out.json"));
    for list in ["tools", "guidelines", "knowledge"] {
        let sorted = |document: &Value| {
            let mut entries = document["entries"][list].as_array().expect("a list").clone();
            entries.sort_by_key(|entry| entry["id"].as_str().map(str::to_owned));
            entries
        };
        let (ours, theirs) = (sorted(&exported), sorted(&original));
        assert_eq!(ours.len(), theirs.len(), "{list}");
        for (our, their) in ours.iter().zip(&theirs) {
            assert_same(their, our, list);
        }
    }
    let again = import(&instance, &data("export-1.0.json"), &[]);
    assert_eq!((&again["created"], &again["updated"], &again["skipped"]), (&json!(0), &json!(0), &json!(12)));
    let found = instance.json(["query", "search", "kafka", "--all-scopes"]);
    assert!(found.to_string().contains("knowledge bulk 0"), "{found}");
}

/// Everything that the original wrote is in ours; times are written as RFC 3339.
fn assert_same(their: &Value, our: &Value, at: &str) {
    match (their, our) {
        (Value::Object(theirs), _) => {
            // The original writes an empty list of relations into each entry; ours stand beside the entries.
            for (name, their) in theirs.iter().filter(|(name, _)| *name != "relations") {
                assert_same(their, &our[name], &format!("{at}.{name}"));
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            assert_eq!(theirs.len(), ours.len(), "{at}");
            for (index, (their, our)) in theirs.iter().zip(ours).enumerate() {
                assert_same(their, our, &format!("{at}[{index}]"));
            }
        }
        (Value::String(their), Value::String(our)) if at.ends_with("At") => {
            assert_eq!(&format!("{}.000Z", their.replacen(' ', "T", 1)), our, "{at}");
        }
        (Value::Number(their), Value::Number(our)) => assert_eq!(their.as_f64(), our.as_f64(), "{at}"),
        _ => assert_eq!(their, our, "{at}"),
    }
}

fn export_import_and_export_give_the_same_bytes(backend: Backend) {
    let instance = Instance::new();
    let org = instance.json(["org", "create", "acme"]);
    let org = org["organization"]["id"].as_str().expect("an id").to_owned();
    let _ = instance.run(["project", "create", "rocket", "--org", &org, "--root", "/src/rocket"]).ok();
    let id = |added: &Value, kind: &str| added[kind]["id"].as_str().expect("an id").to_owned();
    let rule = instance.json([
        "guideline",
        "add",
        "tabs",
        "Use tabs",
        "--tag",
        "b",
        "--tag",
        "a",
        "--scope",
        "global",
    ]);
    let rule = id(&rule, "guideline");
    for content in ["Use tabs, always", "Use tabs \u{1f680} \"quoted\"\n\\ and \u{7f}"] {
        let _ = instance.run(["guideline", "update", &rule, content, "--agent", "other"]).ok();
    }
    let fact = instance.json([
        "--project",
        "rocket",
        "knowledge",
        "add",
        "port",
        "5432",
        "--confidence",
        "0.30000000000000004",
    ]);
    let _ = instance.run(["knowledge", "deactivate", &id(&fact, "knowledge")]).ok();
    let first = export(&instance, "first.json");

    let other = backend.instance();
    let report = import(&other, &first, &[]);
    assert_eq!(report["created"], 2, "{report}");
    let second = export(&other, "second.json");
    let bytes = |path: &Path| std::fs::read_to_string(path).expect("readable");
    assert_eq!(bytes(&first), bytes(&second));
    assert_eq!(read(&second)["entries"]["guidelines"][0]["versions"].as_array().map(Vec::len), Some(3));
    let history = other.json(["guideline", "history", &rule]);
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(3), "{history}");
}

fn one_refused_entry_refuses_all_and_every_one_is_told(backend: Backend) {
    let instance = backend.instance();
    let entries = [
        guideline("good", "stays out"),
        guideline("", "no name"),
        json!({ "scopeType": "galaxy", "name": "where", "content": "x" }),
        guideline("twice", "one"),
        guideline("long", &"x".repeat(100_001)),
    ];
    let path = write(&instance, "bad.json", &document("guidelines", &entries));
    let ran = instance.run(["--json", "import", path.to_str().expect("ASCII")]).code_is(5);
    let report = ran.json();
    assert_eq!((&report["applied"], &report["errorCount"]), (&json!(false), &json!(3)), "{report}");
    let mut places: Vec<&str> = report["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|one| one["position"].as_str())
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        ["entries.guidelines[1]", "entries.guidelines[2]", "entries.guidelines[4]"],
        "{report}"
    );
    let listed = instance.json(["guideline", "list", "--scope", "global"]);
    assert_eq!(listed["meta"]["returnedCount"], 0, "{listed}");

    let cut = instance.root().join("cut.json");
    std::fs::write(&cut, &document("guidelines", &entries[..1]).to_string()[..60]).expect("written");
    let ran = instance.run(["import", cut.to_str().expect("ASCII")]).code_is(5);
    assert!(ran.err.contains("the document cannot be read"), "{}", ran.err);
}

fn conflicts_are_met_as_asked(backend: Backend) {
    let instance = backend.instance();
    let old = write(
        &instance,
        "old.json",
        &document("guidelines", &[guideline("a", "old"), guideline("b", "same")]),
    );
    let new = write(
        &instance,
        "new.json",
        &document("guidelines", &[guideline("a", "new"), guideline("b", "same")]),
    );
    let path = new.to_str().expect("ASCII");
    let content = || {
        let found = instance.json(["guideline", "get", "a", "--scope", "global"]);
        let version = &found["guideline"]["currentVersion"];
        (
            version["content"].as_str().expect("text").to_owned(),
            version["versionNum"].as_u64().expect("a number"),
        )
    };
    assert_eq!(import(&instance, &old, &[])["created"], 2);
    let refused = instance.run(["--json", "import", path, "--on-conflict", "error"]).code_is(5).json();
    assert_eq!(refused["errorCount"], 2, "{refused}");
    assert_eq!(import(&instance, &new, &["--on-conflict", "skip"])["skipped"], 2);
    let dry = import(&instance, &new, &["--dry-run"]);
    assert_eq!((&dry["applied"], &dry["updated"], &dry["skipped"]), (&json!(false), &json!(1), &json!(1)));
    assert_eq!(content(), ("old".to_owned(), 1));
    assert_eq!(import(&instance, &new, &[])["updated"], 1);
    assert_eq!(content(), ("new".to_owned(), 2));
    assert_eq!(import(&instance, &old, &["--on-conflict", "replace"])["replaced"], 2);
    assert_eq!(content(), ("old".to_owned(), 1));
    let found = instance.json(["query", "search", "old", "--scope", "global"]);
    assert_eq!(found.to_string().matches("\"old\"").count().min(1), 1, "{found}");
}

/// More entries than are looked at together, and some of them come again.
fn entries_of_one_import_meet_each_other(backend: Backend) {
    const NUMBER: usize = 300;
    let instance = backend.instance();
    let mut entries: Vec<Value> =
        (0..NUMBER).map(|number| guideline(&format!("rule {number}"), "first")).collect();
    entries
        .extend([0, 1, NUMBER - 2, NUMBER - 1].map(|number| guideline(&format!("rule {number}"), "second")));
    let path = write(&instance, "twice.json", &document("guidelines", &entries));
    let contents = |number: usize| {
        let name = format!("rule {number}");
        let history = instance.json(["guideline", "history", &name, "--scope", "global"]);
        let versions = history["versions"].as_array().expect("versions");
        let mut contents: Vec<String> =
            versions.iter().map(|version| version["content"].as_str().expect("text").to_owned()).collect();
        contents.sort_unstable();
        contents
    };
    let strict = instance.run(["--json", "import", path.to_str().expect("ASCII"), "--on-conflict", "error"]);
    let refused = strict.code_is(5).json();
    assert_eq!(refused["errorCount"], 4, "{refused}");
    assert_eq!(refused["errors"][0]["position"], format!("entries.guidelines[{NUMBER}]"), "{refused}");

    let dry = import(&instance, &path, &["--on-conflict", "skip", "--dry-run"]);
    assert_eq!((&dry["created"], &dry["skipped"]), (&json!(NUMBER), &json!(4)), "{dry}");
    let report = import(&instance, &path, &[]);
    assert_eq!((&report["created"], &report["updated"]), (&json!(NUMBER), &json!(4)), "{report}");
    for number in [0, NUMBER - 1] {
        assert_eq!(contents(number), ["first", "second"]);
    }
    assert_eq!(contents(2), ["first"]);
    let report = import(&instance, &path, &["--on-conflict", "replace"]);
    assert_eq!((&report["created"], &report["replaced"]), (&json!(0), &json!(NUMBER + 4)), "{report}");
    for number in [0, NUMBER - 1] {
        assert_eq!(contents(number), ["second"]);
    }
    let found = instance.json(["query", "search", "second", "--scope", "global"]);
    assert_eq!(found["results"].as_array().map(Vec::len), Some(4), "{found}");
}

fn an_entry_cannot_take_a_name_or_an_id_that_is_taken(backend: Backend) {
    let instance = backend.instance();
    let id = |number: u8| format!("00000000-0000-7000-8000-0000000000{number:02}");
    let with_id = |number: u8, mut entry: Value| {
        entry["id"] = id(number).into();
        entry
    };
    let there = [with_id(1, guideline("a", "x")), with_id(2, guideline("b", "x"))];
    import(&instance, &write(&instance, "there.json", &document("guidelines", &there)), &[]);
    let bad = json!({ "version": "1.0", "entries": {
        "guidelines": [
            guideline("c", "new"),
            with_id(1, guideline("b", "takes the name of another one")),
            with_id(3, guideline("d", "new")),
        ],
        "knowledge": [
            { "id": id(2), "scopeType": "global", "title": "e", "content": "takes the id of another kind" },
            { "id": id(3), "scopeType": "global", "title": "f", "content": "takes an id of the same import" },
        ],
    } });
    let path = write(&instance, "bad.json", &bad);
    let report = instance.run(["--json", "import", path.to_str().expect("ASCII")]).code_is(5).json();
    let mut places: Vec<&str> = report["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|one| one["position"].as_str())
        .collect();
    places.sort_unstable();
    assert_eq!(places, ["entries.guidelines[1]", "entries.knowledge[0]", "entries.knowledge[1]"], "{report}");
    let listed = instance.json(["guideline", "list", "--scope", "global"]);
    assert_eq!(listed["meta"]["returnedCount"], 2, "{listed}");
}

fn two_imports_at_once_store_everything_once(backend: Backend) {
    const NUMBER: usize = 500;
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let entries: Vec<Value> =
        (0..NUMBER).map(|number| guideline(&format!("rule {number}"), "the same")).collect();
    let path = write(&instance, "all.json", &document("guidelines", &entries));
    let reports: Vec<Value> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..3).map(|_| scope.spawn(|| import(&instance, &path, &[]))).collect();
        running.into_iter().map(|one| one.join().expect("an import")).collect()
    });
    let sum = |field: &str| -> u64 { reports.iter().filter_map(|report| report[field].as_u64()).sum() };
    assert_eq!((sum("created"), sum("skipped")), (NUMBER as u64, 2 * NUMBER as u64), "{reports:?}");
}

fn a_quiet_transfer_prints_errors_only(backend: Backend) {
    let instance = backend.instance();
    let mut entries = document("guidelines", &[guideline("a", "x")]);
    entries["relations"] = json!([{}, {}]);
    let good = write(&instance, "good.json", &entries);
    let (good, out) = (good.to_str().expect("ASCII"), instance.root().join("out.json"));
    let ran = instance.run(["import", good]).ok();
    assert!(ran.err.contains("2 relations were not imported"), "{}", ran.err);
    for command in [["--quiet", "import", good], ["--quiet", "export", out.to_str().expect("ASCII")]] {
        let ran = instance.run(command).ok();
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{command:?}");
    }
    let bad = write(&instance, "bad.json", &document("guidelines", &[guideline("", "no name")]));
    let ran = instance.run(["--quiet", "import", bad.to_str().expect("ASCII")]).code_is(5);
    assert!(ran.err.contains("entries.guidelines[0]"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

fn entries_go_into_another_scope_with_new_ids(backend: Backend) {
    let instance = backend.instance();
    let made = instance.json(["project", "create", "here"]);
    let project = made["project"]["id"].as_str().expect("an id");
    let from = "project:60afd39c-30b2-4cb2-a15e-7f66caacaa32";
    let nowhere = format!("{from}=project:{}", "00000000-0000-7000-8000-000000000001");
    let file = data("export-1.0.json");
    let ran = instance.run(["import", file.to_str().expect("ASCII"), "--map", &nowhere]).code_is(4);
    assert!(ran.err.contains("scopeMapping") || ran.err.contains("project"), "{}", ran.err);
    let map = format!("{from}=project:{project}");
    let report = import(&instance, &file, &["--map", &map, "--new-ids"]);
    assert_eq!((&report["created"], &report["createdScopeCount"]), (&json!(12), &json!(0)), "{report}");
    let text = std::fs::read_to_string(export(&instance, "out.json")).expect("readable");
    for old in [
        "60afd39c-30b2-4cb2-a15e-7f66caacaa32",
        "c7bfc355-6658-4445-8179-4927be329f80",
        "578efba5-6220-4278-a1b4-3134f5c7afcb",
    ] {
        assert!(!text.contains(old), "{old}");
    }
}

/// What a daemon has in its caches is of no use after an import through another one.
#[test]
fn an_import_is_seen_through_the_other_daemons_at_once() {
    let instance = Backend::Postgres.instance();
    let other = instance.another();
    let (_one, _two) = (instance.start_daemon(), other.start_daemon());
    let document = |content: &str| {
        write(
            &instance,
            "rules.json",
            &document("guidelines", &[guideline("a", content), guideline("b", content)]),
        )
    };
    let content = || {
        let found = other.json(["guideline", "get", "a", "--scope", "global"]);
        found["guideline"]["currentVersion"]["content"].as_str().expect("text").to_owned()
    };
    import(&instance, &document("first"), &[]);
    agent_memory_tests::until("the entries are seen", || {
        let listed = other.json(["guideline", "list", "--scope", "global"]);
        (listed["meta"]["returnedCount"] == 2).then_some(())
    });
    // Twice, so that the second answer is out of the cache.
    assert_eq!((content(), content()), ("first".to_owned(), "first".to_owned()));
    import(&instance, &document("second"), &[]);
    let since = std::time::Instant::now();
    agent_memory_tests::until("the new content is seen", || (content() == "second").then_some(()));
    assert!(since.elapsed() < std::time::Duration::from_secs(2), "{:?}", since.elapsed());
    assert_eq!(content(), "second");
}
