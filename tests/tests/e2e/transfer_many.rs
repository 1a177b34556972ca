//! Many entries, each with a relation to the next, and tasks that wait for each other go out of a store and into
//! another: the same bytes, and memory that does not grow with them. `scripts/campaign-transfer` runs it with very many
//! and prints what it measures.

use std::{
    fmt::Write as _,
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use agent_memory_tests::{Backend, Instance, from_environment, on_every_backend, until_within};

on_every_backend!(many_entries_in_constant_memory);

/// Peak of the client's memory, however many entries there are.
const CLIENT_KIB_MAX: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(3_600);

fn many_entries_in_constant_memory(backend: Backend) {
    let entries = from_environment("AGENT_MEMORY_TRANSFER_ENTRIES", 1_500);
    let (first, second) = (instance(backend, entries), instance(backend, entries));
    let (mut of_first, mut of_second) = (first.start_daemon(), second.start_daemon());
    let made = first.root().join("made.json");
    fs::write(&made, document(entries)).expect("written");
    let path = |instance: &Instance| instance.root().join("all.json").to_str().expect("text").to_owned();
    let (out, again) = (path(&first), path(&second));
    let made = made.to_str().expect("text");
    eprintln!("{backend:?}, {entries} entries; seconds, peak MiB of the client");
    measured(&first, "import, made", &["import", made]);
    measured(&first, "export", &["export", &out]);
    eprintln!("peak MiB of the daemon so far: {}", peak_kib(of_first.id()).expect("it runs") / 1024);
    measured(&second, "import, exported", &["import", &out]);
    eprintln!("peak MiB of the daemon: {}", peak_kib(of_second.id()).expect("it runs") / 1024);
    measured(&second, "export again", &["export", &again]);
    assert!(fs::read(&out).expect("exported") == fs::read(&again).expect("exported"), "{out} {again}");
    eprintln!("the same {} MiB", fs::metadata(&out).expect("exported").len() / 1024 / 1024);
    of_first.stop();
    of_second.stop();
}

fn instance(backend: Backend, entries: u64) -> Instance {
    backend.instance().without_rate_limits().with("MAX_IMPORT_ENTRIES", entries.max(1))
}

fn document(entries: u64) -> String {
    let mut text = "{\"version\":\"1.0\",\"entries\":{\"knowledge\":[".to_owned();
    for number in 0..entries {
        let lead = if number == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{lead}\n{{\"id\":\"{}\",\"scopeType\":\"global\",\"title\":\"fact {number}\",\"tags\":[\"t{}\"],\"content\":\"Service {number} \
             listens on port {} behind the balancer, and its owner is team {}; restarts are announced an hour ahead.\"}}",
            id(1, number),
            number % 50,
            1_024 + number % 60_000,
            number % 97,
        );
    }
    text.push_str("\n]},\n\"tasks\":[");
    for number in 0..entries / 10 {
        let (lead, blocker) = match number {
            0 => ("", String::new()),
            _ => (",", format!("\"{}\"", id(2, number - 1))),
        };
        let blocker = if number % 20 == 0 { String::new() } else { blocker };
        let _ = write!(
            text,
            "{lead}\n{{\"id\":\"{}\",\"scopeType\":\"global\",\"title\":\"Restart {number}\",\
             \"blockedBy\":[{blocker}],\"createdAt\":\"2026-11-23T00:00:00Z\"}}",
            id(2, number),
        );
    }
    text.push_str("\n],\n\"relations\":[");
    for number in 0..entries {
        let lead = if number == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{lead}\n{{\"id\":\"{}\",\"sourceType\":\"knowledge\",\"sourceId\":\"{}\",\"relationType\":\"related_to\",\
             \"targetType\":\"knowledge\",\"targetId\":\"{}\",\"createdAt\":\"2026-11-23T00:00:00Z\"}}",
            id(3, number),
            id(1, number),
            id(1, (number + 1) % entries),
        );
    }
    text.push_str("\n]}\n");
    text
}

/// An id of a sort of things.
fn id(sort: u8, number: u64) -> String {
    format!("018f0000-{sort:04x}-7000-8000-{number:012x}")
}

/// Runs a command line that must succeed, and prints what it took.
fn measured(instance: &Instance, what: &str, arguments: &[&str]) {
    let since = Instant::now();
    let mut command = instance.client_command(arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut peak = 0;
    let status = until_within(PATIENCE, what, || {
        peak = peak_kib(child.id()).unwrap_or(0).max(peak);
        child.try_wait().expect("a child can be waited for")
    });
    assert!(status.success(), "{what}: {status}");
    eprintln!("{what}: {:.1} s, {} MiB", since.elapsed().as_secs_f64(), peak / 1024);
    assert!(peak < CLIENT_KIB_MAX, "{what}: {peak} KiB");
}

/// The most memory that a process ever had; `None` when it has ended.
fn peak_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
