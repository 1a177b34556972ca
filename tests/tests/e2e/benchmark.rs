//! The benchmark: it measures also where nothing is granted, and leaves nothing behind.

use agent_memory_tests::{Backend, on_every_backend};
use serde_json::json;

fn it_measures_a_strict_store_and_leaves_nothing_behind(backend: Backend) {
    let instance = backend.instance().with("PERMISSIONS_MODE", "strict");
    let _daemon = instance.start_daemon();
    let mix = "cached_read,checked_cached_read,simple_read,checked_read,write";
    let arguments = ["client", "benchmark", "--mix", mix, "--ops", "60", "--entries", "30"];
    let report = instance.json(arguments);
    let operations = report["operations"].as_array().expect("operations");
    assert_eq!(operations.len(), 5, "{report}");
    for operation in operations {
        assert_eq!((&operation["errors"], &operation["ops"]), (&json!(0), &json!(60)), "{operation}");
    }
    assert_eq!(instance.json(["permission", "list"])["permissions"], json!([]));
    assert_eq!(instance.json(["project", "list"])["projects"], json!([]));
}

on_every_backend!(it_measures_a_strict_store_and_leaves_nothing_behind,);
