//! Relations and tags at the command line: relations are made, listed, followed by searches, and gone with what they
//! were between; tags are attached, counted and searched by.

use agent_memory_tests::{Backend, Instance, on_every_backend};
use serde_json::{Value, json};

fn names(found: &Value, list: &str) -> Vec<String> {
    let hits = found[list].as_array().expect("a list").iter();
    let mut names: Vec<String> =
        hits.filter_map(|hit| hit["title"].as_str().or(hit["name"].as_str())).map(str::to_owned).collect();
    names.sort();
    names
}

/// A project with a rule, two facts and a tool.
fn shop(instance: &Instance) -> impl Fn(&[&str]) -> Value + '_ {
    instance.json(["project", "create", "shop", "--root", "/src/shop"]);
    let in_shop = move |arguments: &[&str]| instance.json(["--project", "shop"].iter().chain(arguments));
    in_shop(&["guideline", "add", "pool limits", "Keep pools below 20 connections"]);
    in_shop(&["knowledge", "add", "port", "The database listens on 5433"]);
    in_shop(&["knowledge", "add", "host", "The database runs on db.example.com"]);
    in_shop(&["tool", "add", "psql", "Opens a shell of the database"]);
    in_shop
}

fn relations_are_made_listed_and_followed(backend: Backend) {
    let instance = backend.instance();
    let shop = shop(&instance);
    let create = |source: &str, kind: &str, target: &str| {
        shop(&["--agent", "ada", "relation", "create", source, kind, target])
    };
    let made = create("tool:psql", "depends_on", "knowledge:port");
    assert_eq!((&made["existed"], &made["relation"]["createdBy"]), (&json!(false), &json!("ada")));
    let again = create("tool:psql", "depends_on", "knowledge:port");
    assert_eq!((&again["existed"], &again["relation"]["id"]), (&json!(true), &made["relation"]["id"]));
    create("knowledge:port", "related_to", "knowledge:host");
    create("guideline:pool limits", "applies_to", "project:shop");

    let listed = shop(&["relation", "list", "--source", "tool:psql"]);
    assert_eq!(listed["relations"][0]["targetName"], "port");
    assert_eq!(shop(&["relation", "list"])["meta"]["returnedCount"], 3);

    let near = shop(&["query", "search", "--related-to", "tool:psql"]);
    assert_eq!(names(&near, "results"), ["port"]);
    let far = ["query", "search", "database", "--related-to", "tool:psql", "--depth", "2"];
    assert_eq!(names(&shop(&far), "results"), ["host", "port"]);
    let of_project = shop(&["query", "search", "--related-to", "project:shop", "--direction", "backward"]);
    assert_eq!(names(&of_project, "results"), ["pool limits"]);
    let followed = shop(&["query", "search", "5433", "--follow-relations"]);
    assert_eq!(names(&followed, "results"), ["port"]);
    assert_eq!(names(&followed, "related"), ["host", "psql"]);
    assert_eq!(followed["related"][0]["relatedFrom"]["id"], followed["results"][0]["id"]);
}

/// Searches are answered from caches: a relation that is new or gone makes them wrong in every scope.
fn a_search_sees_every_relation_that_was_acknowledged(backend: Backend) {
    let instance = backend.instance();
    let shop = shop(&instance);
    instance.json(["knowledge", "add", "everywhere", "Known in every project", "--scope", "global"]);
    let related = || names(&shop(&["query", "search", "--related-to", "tool:psql"]), "results");
    assert!(related().is_empty() && related().is_empty());
    let made = shop(&["relation", "create", "tool:psql", "related_to", "knowledge:everywhere"]);
    assert_eq!(related(), ["everywhere"]);
    shop(&["relation", "delete", made["relation"]["id"].as_str().expect("an id")]);
    assert!(related().is_empty());
    shop(&["relation", "create", "tool:psql", "related_to", "knowledge:host"]);
    assert_eq!(related(), ["host"]);
    shop(&["knowledge", "delete", "host"]);
    assert!(related().is_empty());
    assert_eq!(shop(&["relation", "list"])["meta"]["returnedCount"], 0, "it went with its end");
}

fn a_tag_is_attached_counted_and_searched_by(backend: Backend) {
    let instance = backend.instance();
    let shop = shop(&instance);
    let tagged = || names(&shop(&["query", "search", "--tag", "ops"]), "results");
    assert!(tagged().is_empty());
    let attached = shop(&["--agent", "ada", "tag", "attach", "tool:psql", "ops"]);
    assert_eq!((&attached["changed"], &attached["entryTag"]["tagName"]), (&json!(true), &json!("ops")));
    assert_eq!(tagged(), ["psql"], "no cache is older than the answer");
    shop(&["tag", "attach", "knowledge:port", "ops"]);
    let made = shop(&["tag", "create", "ops", "--category", "domain", "--description", "Running it"]);
    assert_eq!((&made["existed"], &made["tag"]["description"]), (&json!(true), &json!("Running it")));
    let listed = shop(&["tag", "list", "--category", "domain"]);
    assert_eq!((&listed["tags"][0]["name"], &listed["tags"][0]["entryCount"]), (&json!("ops"), &json!(2)));
    assert_eq!(shop(&["tag", "of", "tool:psql"])["tags"][0]["category"], "domain");
    shop(&["tag", "detach", "tool:psql", "ops"]);
    assert_eq!(tagged(), ["port"]);
    let history = shop(&["tool", "history", "psql"]);
    assert_eq!(history["versions"][0]["changeReason"], "tag detached: ops");
    let refused = instance.run(["--project", "shop", "tag", "attach", "project:shop", "ops"]);
    assert!(refused.code_is(2).err.contains("projects have no tags"));
}

on_every_backend!(
    relations_are_made_listed_and_followed,
    a_search_sees_every_relation_that_was_acknowledged,
    a_tag_is_attached_counted_and_searched_by,
);
