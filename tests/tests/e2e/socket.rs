//! Who gets in: the socket, its directory, and what stands in its way.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixListener,
    },
    path::Path,
    process::Command,
};

use agent_memory_proto::{Response, model::ScopeRef};
use agent_memory_tests::{Exit, Instance, requests};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).mode() & 0o777
}

#[test]
fn everything_is_for_the_owner_only() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let stored = instance.connect().call(&requests::add_knowledge(ScopeRef::GLOBAL, "a", "b"));
    assert!(matches!(stored, Response::Written(_)), "{stored:?}");
    assert_eq!(mode(&instance.socket()), 0o600);
    assert_eq!(mode(instance.socket().parent().expect("a directory")), 0o700);
    assert_eq!(mode(instance.data_dir()), 0o700);
}

#[test]
fn the_umask_of_the_starter_does_not_matter() {
    let instance = Instance::new();
    let daemon = agent_memory_tests::executable(agent_memory_tests::DAEMON);
    let mut command = instance.command("sh");
    command.args(["-c", "umask 000; exec \"$0\""]).arg(daemon);
    let _daemon = instance.await_ready(agent_memory_tests::Daemon::spawn(command, instance.root()));
    assert_eq!(mode(&instance.socket()), 0o600);
    assert_eq!(mode(instance.data_dir()), 0o700);
}

#[test]
fn a_file_at_the_sockets_place_is_left_alone_and_named() {
    let instance = Instance::new();
    private_directory(instance.socket().parent().expect("a directory"));
    fs::write(instance.socket(), "precious").expect("writes");
    let mut daemon = instance.spawn_daemon();
    assert_eq!(daemon.wait(), Exit::Code(1), "{}", daemon.log());
    assert_eq!(fs::read_to_string(instance.socket()).expect("reads"), "precious");
    assert!(daemon.log().contains("no socket"), "{}", daemon.log());
}

#[test]
fn a_daemon_that_nobody_can_reach_any_more_gives_up_its_place() {
    let instance = Instance::new();
    let mut daemon = instance.start_daemon();
    fs::remove_file(instance.socket()).expect("removes");
    assert_eq!(daemon.wait(), Exit::Code(0), "{}", daemon.log());
    assert!(daemon.log().contains("the socket was removed"), "{}", daemon.log());
    let _next = instance.start_daemon();
}

#[test]
fn another_programs_socket_is_left_alone() {
    let instance = Instance::new();
    private_directory(instance.socket().parent().expect("a directory"));
    let theirs = UnixListener::bind(instance.socket()).expect("binds");
    let mut daemon = instance.spawn_daemon();
    assert_ne!(daemon.wait(), Exit::Code(0), "{}", daemon.log());
    assert!(daemon.log().contains("in use by another daemon or program"), "{}", daemon.log());
    drop(theirs);
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let instance = Instance::new();
    let directory = instance.socket().parent().expect("a directory").to_owned();
    private_directory(&directory);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).expect("sets");
    let mut daemon = instance.spawn_daemon();
    assert_eq!(daemon.wait(), Exit::Code(1), "{}", daemon.log());
    assert!(daemon.log().contains("others may write"), "{}", daemon.log());
}

#[test]
fn a_socket_path_that_is_too_long_names_the_limit() {
    let instance = Instance::new();
    let long = instance.root().join("s".repeat(120));
    let instance = instance.with("SOCKET", long.display());
    let mut daemon = instance.spawn_daemon();
    assert_ne!(daemon.wait(), Exit::Code(0));
    assert!(daemon.log().contains("at most 107 bytes"), "{}", daemon.log());
}

/// Opens every permission bit and connects as another user: only the check of the peer is left.
#[test]
fn another_user_is_turned_away_even_where_the_bits_would_let_him_in() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not root: cannot become another user; the permission bits are tested elsewhere");
        return;
    }
    let instance = Instance::new();
    let daemon = instance.start_daemon();
    for path in [instance.root(), instance.socket().parent().expect("a directory"), &instance.socket()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("sets");
    }
    let script = "import os, socket, sys\n\
                  os.setgid(65534); os.setuid(65534)\n\
                  s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])\n\
                  s.sendall(bytes.fromhex(sys.argv[2])); print(len(s.recv(128)))";
    let hello = agent_memory_tests::Hello::new(agent_memory_proto::handshake::Purpose::Library).0.to_bytes();
    let hello: String = hello.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(instance.socket())
        .arg(hello)
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let cut_off = said.trim() == "0"
        || String::from_utf8_lossy(&output.stderr).contains("reset by peer")
        || String::from_utf8_lossy(&output.stderr).contains("Broken pipe");
    assert!(cut_off, "{output:?}");
    daemon.wait_for_log("65534");
}

fn private_directory(path: &Path) {
    fs::create_dir_all(path).expect("makes");
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("sets");
}
