//! Tags, tasks and relations go into a file and out of it again: nothing is lost on the way, and what is left out is
//! counted and told.

use std::path::{Path, PathBuf};

use agent_memory_tests::{Backend, Instance, on_every_backend};
use serde_json::{Value, json};

on_every_backend!(
    everything_comes_back_and_a_second_time_nothing_changes,
    what_is_there_is_met_as_asked,
    with_new_ids_and_in_another_project_everything_hangs_together,
    what_has_no_other_end_is_left_out_and_told,
    tasks_in_a_circle_are_refused,
);

/// The fields of a JSON answer.
fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} of {value}"))
}

/// An instance with a project, two rules and a tool of it, relations in a circle, a tag and tasks.
fn filled(backend: Backend) -> Instance {
    let instance = backend.instance();
    let shop = |arguments: &[&str]| -> Value {
        instance.json(["--project", "shop"].into_iter().chain(arguments.iter().copied()))
    };
    instance.json(["project", "create", "shop"]);
    shop(&["guideline", "add", "tabs", "Use tabs", "--tag", "style"]);
    shop(&["guideline", "add", "spaces", "Or spaces"]);
    shop(&["tool", "add", "fmt", "Formats"]);
    for (source, kind, target) in [
        ("guideline:tabs", "conflicts_with", "guideline:spaces"),
        ("guideline:spaces", "conflicts_with", "guideline:tabs"),
        ("guideline:tabs", "depends_on", "tool:fmt"),
        ("tool:fmt", "applies_to", "project:shop"),
    ] {
        shop(&["relation", "create", source, kind, target, "--metadata", "{\"since\":1}"]);
    }
    shop(&["tag", "create", "style", "--category", "meta", "--description", "How it looks"]);
    shop(&["tag", "create", "unused", "--category", "domain"]);
    let weld = shop(&["task", "add", "Weld"]);
    let paint = shop(&["task", "add", "Paint", "--parent", text(&weld, "/task/id")]);
    let sell = shop(&["task", "add", "Sell"]);
    shop(&["task", "block", text(&sell, "/task/id"), text(&paint, "/task/id")]);
    shop(&["task", "status", text(&paint, "/task/id"), "in_progress"]);
    instance
}

fn export(instance: &Instance, name: &str, more: &[&str]) -> (PathBuf, String) {
    let path = instance.root().join(name);
    let arguments = ["export", path.to_str().expect("ASCII")];
    let ran = instance.run(arguments.into_iter().chain(more.iter().copied())).ok();
    (path, ran.err)
}

fn import(instance: &Instance, path: &Path, more: &[&str]) -> Value {
    instance.json(["import", path.to_str().expect("ASCII")].into_iter().chain(more.iter().copied()))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON")
}

fn write(instance: &Instance, document: &Value) -> PathBuf {
    let path = instance.root().join("edited.json");
    std::fs::write(&path, document.to_string()).expect("written");
    path
}

/// What became of tags, tasks and relations, each as created, updated, replaced and skipped.
fn fates(report: &Value) -> [[u64; 4]; 3] {
    ["tags", "tasks", "relations"].map(|kind| {
        ["created", "updated", "replaced", "skipped"]
            .map(|fate| report[kind][fate].as_u64().unwrap_or_else(|| panic!("{kind} of {report}")))
    })
}

fn everything_comes_back_and_a_second_time_nothing_changes(backend: Backend) {
    let first = filled(backend);
    let (path, said) = export(&first, "all.json", &[]);
    assert!(said.contains("3 entries, 2 tags, 3 tasks and 4 relations written"), "{said}");
    assert!(said.contains("permissions (0) and the list of conflicts (0) are not carried"), "{said}");
    let second = backend.instance();
    let report = import(&second, &path, &[]);
    assert_eq!(fates(&report), [[2, 0, 0, 0], [3, 0, 0, 0], [4, 0, 0, 0]], "{report}");
    let again = export(&second, "again.json", &[]).0;
    assert_eq!(read(&path), read(&again));
    assert_eq!(std::fs::read(&path).expect("readable"), std::fs::read(&again).expect("readable"));

    let found = second.json(["--project", "shop", "query", "search", "--related-to", "tool:fmt"]);
    assert!(found.to_string().contains("tabs"), "{found}");
    let blocked = second.json(["--project", "shop", "task", "list", "--blocked"]);
    assert_eq!(text(&blocked, "/tasks/0/title"), "Sell", "{blocked}");
    let paint = text(&blocked, "/tasks/0/openBlockers/0").to_owned();
    let history = second.json(["task", "history", &paint]);
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(2), "{history}");

    for strategy in ["update", "skip"] {
        let report = import(&second, &path, &["--on-conflict", strategy]);
        assert_eq!(fates(&report), [[0, 0, 0, 2], [0, 0, 0, 3], [0, 0, 0, 4]], "{report}");
    }
    assert_eq!(read(&path), read(&export(&second, "third.json", &[]).0));
}

fn what_is_there_is_met_as_asked(backend: Backend) {
    let instance = filled(backend);
    let (path, _) = export(&instance, "all.json", &[]);
    let mut changed = read(&path);
    changed["tags"][0]["description"] = json!("Another");
    changed["tasks"][0]["title"] = json!("Weld it");
    changed["tasks"][2]["blockedBy"] = json!([]);
    changed["relations"][0]["metadata"] = json!({ "since": 2 });
    let edited = write(&instance, &changed);
    let refused = instance
        .run(["--json", "import", edited.to_str().expect("ASCII"), "--on-conflict", "error"])
        .code_is(5);
    // Every entry, task and relation, and the tag that says something else.
    assert_eq!(refused.json()["errorCount"], 3 + 3 + 4 + 1, "{}", refused.out);
    let report = import(&instance, &edited, &["--on-conflict", "skip"]);
    assert_eq!(fates(&report), [[0, 0, 0, 2], [0, 0, 0, 3], [0, 0, 0, 4]], "{report}");
    let dry = import(&instance, &edited, &["--dry-run"]);
    let report = import(&instance, &edited, &[]);
    assert_eq!(fates(&report), fates(&dry));
    assert_eq!(fates(&report), [[0, 1, 0, 1], [0, 2, 0, 1], [0, 1, 0, 3]], "{report}");
    let now = read(&export(&instance, "now.json", &[]).0);
    assert_eq!(now["tags"], changed["tags"]);
    assert_eq!(now["relations"], changed["relations"]);
    assert_eq!(text(&now, "/tasks/0/title"), "Weld it");
    assert_eq!((&now["tasks"][2]["blockedBy"], &now["tasks"][2]["version"]), (&json!([]), &json!(3)));

    let report = import(&instance, &path, &["--on-conflict", "replace"]);
    assert_eq!(fates(&report), [[0, 0, 1, 1], [0, 0, 3, 0], [4, 0, 0, 0]], "{report}");
    assert_eq!(report["relations"]["removed"], 4, "{report}");
    assert_eq!(read(&export(&instance, "now.json", &[]).0), read(&path));
}

fn with_new_ids_and_in_another_project_everything_hangs_together(backend: Backend) {
    let instance = filled(backend);
    let (path, _) = export(&instance, "all.json", &[]);
    let document = read(&path);
    let made = instance.json(["project", "create", "stall"]);
    let (shop, stall) = (text(&document, "/scopes/projects/0/id"), text(&made, "/project/id"));
    let map = format!("project:{shop}=project:{stall}");
    let report = import(&instance, &path, &["--new-ids", "--map", &map]);
    assert_eq!(fates(&report), [[0, 0, 0, 2], [3, 0, 0, 0], [4, 0, 0, 0]], "{report}");
    let copy = read(&export(&instance, "stall.json", &["--scope", &format!("project:{stall}")]).0);
    let names = |document: &Value| -> Vec<(String, String)> {
        let mut found: Vec<_> = document["relations"]
            .as_array()
            .expect("relations")
            .iter()
            .map(|relation| {
                (text(relation, "/sourceType").to_owned(), text(relation, "/relationType").to_owned())
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(names(&copy), names(&document));
    assert!(!copy.to_string().contains(shop), "{copy}");
    let tasks = copy["tasks"].as_array().expect("tasks");
    let titled = |title: &str| tasks.iter().find(|task| task["title"] == title).expect(title);
    assert_eq!(titled("Paint")["parentTaskId"], titled("Weld")["id"]);
    assert_eq!(titled("Sell")["blockedBy"], json!([titled("Paint")["id"]]));

    // Entries that are met by their names: relations lead to those that are there.
    let report = import(&instance, &path, &["--new-ids", "--map", &map]);
    assert_eq!(fates(&report), [[0, 0, 0, 2], [3, 0, 0, 0], [0, 0, 0, 4]], "{report}");
}

fn what_has_no_other_end_is_left_out_and_told(backend: Backend) {
    let instance = filled(backend);
    let shop = |arguments: &[&str]| {
        instance.json(["--project", "shop"].into_iter().chain(arguments.iter().copied()))
    };
    shop(&["knowledge", "add", "port", "5432", "--scope", "global"]);
    shop(&["relation", "create", "guideline:tabs", "related_to", "knowledge:port"]);
    let (path, said) = export(&instance, "shop.json", &["--scope", "project:shop"]);
    assert!(said.contains("3 entries, 1 tags, 3 tasks and 4 relations written"), "{said}");
    assert!(said.contains("1 relations were left out"), "{said}");
    let (_, said) = export(&instance, "tools.json", &["--type", "tool"]);
    assert!(said.contains("1 entries, 0 tags, 0 tasks and 1 relations written"), "{said}");
    let (_, said) = export(&instance, "style.md", &["--tag", "style"]);
    assert!(said.contains("1 entries, 1 tags, 0 tasks and 0 relations written"), "{said}");
    let (_, said) = export(&instance, "api.json", &["--format", "openapi"]);
    assert!(said.contains("1 tags, tasks and relations were left out: the format has no place"), "{said}");

    let mut document = read(&path);
    document["entries"]["tools"] = json!([]);
    document["tasks"].as_array_mut().expect("tasks").remove(1);
    let other = backend.instance();
    let edited = write(&other, &document);
    let report = import(&other, &edited, &[]);
    assert_eq!(fates(&report), [[1, 0, 0, 0], [2, 0, 0, 0], [2, 0, 0, 0]], "{report}");
    assert_eq!(
        (&report["relations"]["leftOut"], &report["taskLinksLeftOut"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let told = other.run(["import", edited.to_str().expect("ASCII")]).ok();
    assert!(
        told.out.contains("2 relations were left out") && told.out.contains("1 parents and blockers"),
        "{told:?}"
    );
}

fn tasks_in_a_circle_are_refused(backend: Backend) {
    let first = filled(backend);
    let mut document = read(&export(&first, "all.json", &[]).0);
    let ids: Vec<Value> = (0..3).map(|place| document["tasks"][place]["id"].clone()).collect();
    document["tasks"][0]["blockedBy"] = json!([ids[2]]);
    document["tasks"][1]["blockedBy"] = json!([ids[0]]);
    let other = backend.instance();
    let edited = write(&other, &document);
    let refused = other.run(["--json", "import", edited.to_str().expect("ASCII")]).code_is(5).json();
    assert_eq!((&refused["applied"], &refused["errorCount"]), (&json!(false), &json!(1)), "{refused}");
    assert_eq!(
        (text(&refused, "/errors/0/position"), text(&refused, "/errors/0/field")),
        ("tasks[2]", "blockerId")
    );
    assert_eq!(other.json(["task", "list", "--all-scopes"])["tasks"], json!([]));
    document["tasks"][0]["blockedBy"] = json!([ids[0]]);
    document["tasks"][1]["version"] = json!(1);
    let edited = write(&other, &document);
    let refused = other.run(["--json", "import", edited.to_str().expect("ASCII")]).code_is(5).json();
    assert_eq!(refused["errorCount"], 2, "{refused}");
}
