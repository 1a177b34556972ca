//! What `deploy/`, `systemd/` and the guides tell people to set exists and works.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use agent_memory_proto::settings::{ALL, PREFIX};
use agent_memory_testbed::{Postgres, PostgresOptions, Redis, RedisOptions};
use agent_memory_tests::{Instance, until};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The names of settings in a text, without their prefix.
fn names(text: &str) -> Vec<&str> {
    let name = |rest: &'_ str| rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
    text.split(PREFIX).skip(1).map(|rest| &rest[..name(rest)]).filter(|name| !name.is_empty()).collect()
}

/// The variables that compose gives to a service, after the merge of its template.
fn environment(service: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("deploy/compose.yaml")).expect("it is there");
    let compose: Value = serde_saphyr::from_str(&text).expect("it is YAML");
    let template = &compose["x-daemon"];
    let service = &compose["services"][service];
    assert!(service["<<"].is_null() || &service["<<"] == template, "{service}");
    let variables = template["environment"].as_object().expect("variables");
    variables.iter().map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())).collect()
}

#[test]
fn every_setting_that_a_guide_names_exists() {
    let mut seen = 0;
    for directory in ["deploy", "systemd", "docs/guides"] {
        for file in fs::read_dir(root().join(directory)).expect("a directory") {
            let path = file.expect("an entry").path();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for name in names(&text) {
                // `AGENT_MEMORY_PG_*` stands for a group.
                let is_known = ALL.iter().any(|setting| {
                    setting.name == name || name.ends_with('_') && setting.name.starts_with(name)
                });
                assert!(is_known, "{}: no setting {PREFIX}{name}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen} names");
}

#[test]
fn the_daemon_of_the_compose_file_starts_and_is_healthy() {
    let server = Postgres::start_with(PostgresOptions::default()).expect("a server");
    server.sql("postgres", "CREATE ROLE agent_memory LOGIN PASSWORD 'sesame'").expect("a role");
    server.sql("postgres", "CREATE DATABASE agent_memory OWNER agent_memory").expect("a database");
    let redis = Redis::start_with(RedisOptions::default().with_password("open")).expect("Redis");
    let mut instance = Instance::new();
    for (name, value) in environment("one") {
        let name = name.strip_prefix(PREFIX).unwrap_or_else(|| panic!("{name} is none of ours")).to_owned();
        // What is the container's own.
        let value = match name.as_str() {
            "DATA_DIR" | "SOCKET" => continue,
            "PG_HOST" | "REDIS_HOST" => "127.0.0.1".to_owned(),
            "PG_PASSWORD" => "sesame".to_owned(),
            "REDIS_PASSWORD" => "open".to_owned(),
            _ => value,
        };
        assert!(!value.contains("${"), "{name}={value}");
        instance = instance.with(&name, value);
    }
    let instance = instance.with("PG_PORT", server.port()).with("REDIS_PORT", redis.port());
    let _daemon = instance.start_daemon();
    let health = until("it is healthy", || {
        let health = instance.json(["health"]);
        (health["status"] == "healthy").then_some(health)
    });
    assert_eq!(health["redis"]["connected"], json!(true), "{health}");
    assert_eq!(health["database"]["type"], "postgresql", "{health}");
}
