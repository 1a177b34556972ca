//! Life under a service manager: readiness, watchdog, stopping, and a socket that was opened before.

use std::{
    os::unix::net::{UnixDatagram, UnixStream},
    time::Duration,
};

use agent_memory_proto::{ErrorCode, Request, handshake::FLAG_MANAGED, request::HandOver};
use agent_memory_tests::{DAEMON, Daemon, Exit, Instance, executable, until};
use rustix::process::Signal;

fn next_state(notifications: &UnixDatagram) -> String {
    let mut bytes = [0; 1_024];
    let count = notifications.recv(&mut bytes).expect("a notification");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

fn wait_for_state(notifications: &UnixDatagram, state: &str) {
    until(&format!("{state} is notified"), || {
        next_state(notifications).lines().any(|line| line == state).then_some(())
    });
}

#[test]
fn ready_watchdog_and_stopping_are_notified() {
    let instance = Instance::new().with("IDLE_EXIT_MS", 1);
    let path = instance.root().join("notify");
    let notifications = UnixDatagram::bind(&path).expect("binds");
    notifications.set_read_timeout(Some(Duration::from_secs(30))).expect("sets");
    let mut command = instance.command(executable(DAEMON));
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    let mut daemon = Daemon::spawn(command, instance.root());
    wait_for_state(&notifications, "READY=1");
    let welcome = instance.probe().expect("ready means that it answers");
    assert_eq!(welcome.flags & FLAG_MANAGED, FLAG_MANAGED);
    let build = "99.0.0".to_owned();
    let refused = instance.connect().refused(&Request::HandOver(HandOver { build }));
    assert_eq!(refused.code, ErrorCode::Busy, "its life is the service manager's: {refused}");
    for _ in 0..3 {
        wait_for_state(&notifications, "WATCHDOG=1");
    }
    daemon.signal(Signal::TERM);
    wait_for_state(&notifications, "STOPPING=1");
    assert_eq!(daemon.wait(), Exit::Code(0), "{}", daemon.log());
}

/// Opens the socket before the daemon is there, as systemd does: whoever connects early waits.
#[test]
fn an_activated_socket_is_served_and_left_in_place() {
    let instance = Instance::new();
    let directory = instance.socket().parent().expect("a directory").to_owned();
    std::fs::create_dir_all(&directory).expect("makes");
    let script = "import os, socket, sys\n\
                  s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(16)\n\
                  s.fileno() == 3 or os.dup2(s.fileno(), 3)\n\
                  os.set_inheritable(3, True)\n\
                  os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n\
                  os.execv(sys.argv[2], [sys.argv[2]])";
    let mut command = instance.command("python3");
    command.args(["-c", script]).arg(instance.socket()).arg(executable(DAEMON));
    let daemon = Daemon::spawn(command, instance.root());
    let early = until("the socket is there", || UnixStream::connect(instance.socket()).ok());
    let mut daemon = instance.await_ready(daemon);
    drop(early);
    assert_eq!(instance.probe().map(|welcome| welcome.flags & FLAG_MANAGED), Some(FLAG_MANAGED));
    assert_eq!(daemon.stop(), Exit::Code(0), "{}", daemon.log());
    assert!(instance.socket().exists(), "the socket is the service manager's");
}
