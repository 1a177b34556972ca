//! A full disk: writes are refused with the cause, reads go on, and it recovers by itself. The data
//! directory is a small file system of its own, in a mount namespace that ends with the daemon.

use std::path::PathBuf;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    model::{EntryKind, ScopeRef},
};
use agent_memory_tests::{DAEMON, Daemon, Exit, Instance, executable, requests, until};

/// Starts the daemon on a file system of so many bytes. Its files are seen through `/proc`.
fn start_on_small_disk(instance: &Instance, megabytes: usize) -> (Daemon, PathBuf) {
    let mount = format!(
        "mount -t tmpfs -o size={megabytes}m,mode=0700 small \"$AGENT_MEMORY_DATA_DIR\" && exec \"$0\""
    );
    let user_namespace = !rustix::process::geteuid().is_root();
    std::fs::create_dir_all(instance.data_dir()).expect("makes");
    let mut command = instance.command("unshare");
    command.arg(if user_namespace { "-Urm" } else { "-m" });
    command.args(["--", "sh", "-c", &mount]).arg(executable(DAEMON));
    let daemon = instance.await_ready(Daemon::spawn(command, instance.root()));
    let inside = format!("/proc/{}/root{}", daemon.id(), instance.data_dir().display());
    (daemon, PathBuf::from(inside))
}

fn fill(inside: &std::path::Path) -> PathBuf {
    use std::io::Write;
    let path = inside.join("filler");
    let mut file = std::fs::File::create(&path).expect("creates");
    while file.write_all(&[0; 4_096]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
    path
}

fn assert_explained(error: &ErrorBody) {
    assert_eq!(error.code, ErrorCode::Database, "{error}");
    assert!(error.message.contains("no space left"), "{error}");
    assert!(error.suggestion.as_ref().is_some_and(|text| text.contains("free space")), "{error:?}");
}

#[test]
fn writes_are_refused_reads_go_on_and_it_recovers() {
    let instance = Instance::new().without_rate_limits();
    let (mut daemon, inside) = start_on_small_disk(&instance, 8);
    let mut wire = instance.connect();
    let text = "text ".repeat(500);
    for n in 0..20 {
        let added = wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, &format!("before {n}"), &text));
        assert!(matches!(added, Response::Written(_)), "{added:?}");
    }
    let filler = fill(&inside);
    let mut kept = 20;
    let error = (0..10_000)
        .find_map(|n| {
            match wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, &format!("full {n}"), &text)) {
                Response::Written(_) => {
                    kept += 1;
                    None
                }
                Response::Error(error) => Some(error),
                other => panic!("{other:?}"),
            }
        })
        .expect("the disk is full at last");
    assert_explained(&error);
    let read = wire.call(&requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "before 7"));
    assert!(matches!(read, Response::Entry(_)), "reads go on: {read:?}");
    let found = wire.call(&Request::Search(requests::search("text", None)));
    assert!(matches!(&found, Response::SearchPage(page) if !page.hits.is_empty()), "{found:?}");
    let health = wire.health().health;
    assert_ne!(health.status.name(), "healthy", "a full disk never looks healthy: {:?}", health.problems);
    assert!(!health.problems.is_empty());
    assert_explained(&wire.refused(&requests::add_knowledge(ScopeRef::GLOBAL, "still full", &text)));

    std::fs::remove_file(filler).expect("removes");
    until("it recovers by itself", || {
        match wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "after", &text)) {
            Response::Written(_) => Some(()),
            Response::Error(error) => {
                assert_explained(&error);
                None
            }
            other => panic!("{other:?}"),
        }
    });
    let Response::Entries(page) = wire.call(&requests::list(EntryKind::Knowledge, ScopeRef::GLOBAL, 1, kept))
    else {
        panic!("no list")
    };
    assert_eq!(page.entries.len(), 1, "what was acknowledged is there, what was refused is not");
    assert!(!page.has_more);
    assert_eq!(daemon.stop(), Exit::Code(0), "{}", daemon.log());
}

#[test]
fn a_kill_on_a_full_disk_does_not_hurt_the_store() {
    let instance = Instance::new().without_rate_limits();
    let (mut daemon, inside) = start_on_small_disk(&instance, 8);
    let mut wire = instance.connect();
    wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "kept", "text"));
    fill(&inside);
    let text = "text ".repeat(500);
    until("the disk is full", || {
        let title = requests::new_id().to_string();
        matches!(wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, &title, &text)), Response::Error(_))
            .then_some(())
    });
    // The file system ends with the daemon, so a copy is what the next start would find.
    let copy = instance.root().join("copy");
    std::fs::create_dir(&copy).expect("makes");
    daemon.signal(rustix::process::Signal::STOP);
    for name in ["memory.db", "memory.db-wal"] {
        if inside.join(name).exists() {
            std::fs::copy(inside.join(name), copy.join(name)).expect("copies");
        }
    }
    daemon.kill();
    let after = Instance::new().with_data_dir(&copy);
    let _daemon = after.start_daemon();
    let read = after.connect().call(&requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "kept"));
    assert!(matches!(read, Response::Entry(_)), "{read:?}");
}
