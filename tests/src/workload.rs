//! Callers that write all the time, through one or more daemons, and remember what they were
//! answered: with the client library, which repeats under idempotency keys, and by hand, without.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use agent_memory_client::{CallOptions, ConnectOptions, ReconnectingClient};
use agent_memory_proto::{
    ErrorCode, Request, Response,
    handshake::Purpose,
    model::{EntryKind, Id, ScopeRef},
};

use crate::{Instance, StopOnDrop, Wire, check_audit, on_runtime, requests, until_within};

/// How long a caller of the library lets it repeat.
const LIBRARY_DEADLINE: Duration = Duration::from_secs(20);
/// A caller that is refused waits before its next request as it is told, but no longer than this.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    /// The answer says that nothing was stored.
    NotStored,
    Unknown,
}

/// Refusals of one code.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    /// How many.
    pub count: usize,
    /// The longest time that one took.
    pub slowest: Duration,
    /// Whether all said when to try again.
    pub all_say_when: bool,
    /// The text of the first.
    pub example: String,
}

/// A running load, and its ledger.
#[derive(Debug)]
pub struct Workload {
    project: Id,
    stop: AtomicBool,
    fates: Mutex<BTreeMap<String, Fate>>,
    refusals: Mutex<BTreeMap<(bool, &'static str), Refusals>>,
    acknowledged: AtomicUsize,
    slowest: Mutex<Duration>,
}

/// One who writes titles of its own.
struct Caller<'a> {
    load: &'a Workload,
    name: String,
    with_library: bool,
}

impl Workload {
    /// Runs `story` while `hands` callers without keys and `libraries` callers of the client library
    /// write through each of the instances, whose daemons run.
    ///
    /// # Panics
    /// When the first of them cannot make the project that is written to.
    pub fn run(instances: &[&Instance], hands: usize, libraries: usize, story: impl FnOnce(&Self)) -> Self {
        let project = requests::new_id();
        let created = instances[0].connect().call(&requests::create_project(project, &project.to_string()));
        assert!(matches!(created, Response::Project(_)), "{created:?}");
        let load = Self {
            project,
            stop: AtomicBool::new(false),
            fates: Mutex::default(),
            refusals: Mutex::default(),
            acknowledged: AtomicUsize::new(0),
            slowest: Mutex::default(),
        };
        thread::scope(|scope| {
            let stop = StopOnDrop(&load.stop);
            for (index, instance) in instances.iter().enumerate() {
                for number in 0..hands + libraries {
                    let with_library = number >= hands;
                    let name = format!("d{index} c{number}");
                    let caller = Caller { load: &load, name, with_library };
                    scope.spawn(move || caller.write_until_stopped(instance));
                }
            }
            story(&load);
            drop(stop);
        });
        load
    }

    /// How many writes were acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many more are acknowledged, and tells how long that took.
    ///
    /// # Panics
    /// When it takes longer than two minutes.
    pub fn await_acknowledged(&self, more: usize) -> Duration {
        let (started, goal) = (Instant::now(), self.acknowledged() + more);
        until_within(Duration::from_secs(120), &format!("{more} more writes are acknowledged"), || {
            (self.acknowledged() >= goal).then_some(())
        });
        started.elapsed()
    }

    /// Waits until a caller without keys was refused with this code.
    ///
    /// # Panics
    /// When none is within two minutes.
    pub fn await_refusal(&self, code: ErrorCode) -> Refusals {
        until_within(Duration::from_secs(120), &format!("a refusal {}", code.name()), || self.refusals(code))
    }

    /// What callers without keys were refused with this code.
    #[must_use]
    pub fn refusals(&self, code: ErrorCode) -> Option<Refusals> {
        lock(&self.refusals).get(&(false, code.name())).cloned()
    }

    /// How many requests were not answered as they should be in the end.
    #[must_use]
    pub fn failed(&self) -> usize {
        lock(&self.fates).values().filter(|fate| **fate != Fate::Acknowledged).count()
    }

    /// The codes that callers without keys were refused with.
    #[must_use]
    pub fn codes(&self) -> BTreeSet<&'static str> {
        lock(&self.refusals).keys().filter(|(with_library, _)| !with_library).map(|(_, code)| *code).collect()
    }

    /// Reads everything back through a daemon: what was acknowledged is there once, and nothing of
    /// what was refused with the word that it was not stored.
    ///
    /// # Panics
    /// When that is not so.
    pub fn check(&self, instance: &Instance) {
        let mut wire = instance.connect_unlimited();
        let stored = titles(&mut wire, self.project);
        check_audit(&mut wire, self.project);
        let distinct: BTreeSet<&String> = stored.iter().collect();
        assert_eq!(distinct.len(), stored.len(), "a write was applied twice");
        let fates = lock(&self.fates);
        let of = |fate| fates.iter().filter(move |(_, its)| **its == fate).map(|(title, _)| title);
        let lost: Vec<_> = of(Fate::Acknowledged).filter(|title| !distinct.contains(title)).collect();
        assert!(lost.is_empty(), "{} acknowledged writes are lost: {lost:?}", lost.len());
        let kept: Vec<_> = of(Fate::NotStored).filter(|title| distinct.contains(title)).collect();
        assert!(kept.is_empty(), "{} were stored although the answer denies it: {kept:?}", kept.len());
        let strangers: Vec<_> = stored.iter().filter(|title| !fates.contains_key(*title)).collect();
        assert!(strangers.is_empty(), "nobody wrote {strangers:?}");
        // Titles are unique: a write that is applied a second time is refused.
        assert!(!self.codes().contains(ErrorCode::AlreadyExists.name()), "{self}");
        let refusals = lock(&self.refusals);
        let by_library = refusals.get(&(true, ErrorCode::AlreadyExists.name()));
        assert!(by_library.is_none(), "a repeated write was applied twice: {by_library:?}");
    }

    fn note(&self, title: String, fate: Fate) {
        lock(&self.fates).insert(title, fate);
        if fate == Fate::Acknowledged {
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn note_refusal(
        &self,
        with_library: bool,
        code: &'static str,
        says_when: bool,
        took: Duration,
        text: &str,
    ) {
        let mut all = lock(&self.refusals);
        let known = all.entry((with_library, code)).or_insert_with(|| Refusals {
            all_say_when: true,
            example: text.to_owned(),
            ..Refusals::default()
        });
        known.count += 1;
        known.slowest = known.slowest.max(took);
        known.all_say_when &= says_when;
    }
}

/// For people: what was acknowledged, and what callers were told.
impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = lock(&self.fates).values().filter(|fate| **fate == Fate::Unknown).count();
        write!(
            f,
            "{} acknowledged (slowest {} ms), {unknown} unknown",
            self.acknowledged(),
            lock(&self.slowest).as_millis()
        )?;
        for ((with_library, code), refusals) in &*lock(&self.refusals) {
            write!(
                f,
                "\n  {} {code}: {} times, slowest {} ms, {}: {}",
                if *with_library { "library" } else { "by hand" },
                refusals.count,
                refusals.slowest.as_millis(),
                if refusals.all_say_when { "all with retry_after" } else { "not all with retry_after" },
                refusals.example
            )?;
        }
        Ok(())
    }
}

impl Caller<'_> {
    fn write_until_stopped(&self, instance: &Instance) {
        if self.with_library {
            on_runtime(self.write_with_library(instance));
        } else {
            self.write_by_hand(instance);
        }
    }

    fn titles(&self) -> impl Iterator<Item = (String, Request)> {
        (0..).take_while(|_| !self.load.stop.load(Ordering::SeqCst)).map(|number| {
            let title = format!("{} n{number}", self.name);
            let add = requests::add_knowledge(ScopeRef::project(self.load.project), &title, "text");
            (title, add)
        })
    }

    fn write_by_hand(&self, instance: &Instance) {
        let mut wire = instance.connect();
        for (title, add) in self.titles() {
            let started = Instant::now();
            let Ok((_, answer)) = wire.exchange(&add, &Default::default()) else {
                self.load.note(title, Fate::Unknown);
                wire = until_within(LIBRARY_DEADLINE, "the daemon accepts", || {
                    instance.probe().map(|_| instance.connect())
                });
                continue;
            };
            match answer {
                Response::Written(_) => self.acknowledged(title, started.elapsed()),
                Response::Error(error) => {
                    let (code, when) = (error.code, error.retry_after_ms);
                    let (took, text) = (started.elapsed(), error.to_string());
                    self.load.note_refusal(false, code.name(), when.is_some(), took, &text);
                    let denied = error.suggestion.is_some_and(|text| text.contains("Nothing was stored"));
                    self.load.note(title, if denied { Fate::NotStored } else { Fate::Unknown });
                    thread::park_timeout(Duration::from_millis(when.unwrap_or(20)).min(PAUSE_MAX));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    async fn write_with_library(&self, instance: &Instance) {
        let options = ConnectOptions::new(&instance.locations(), Purpose::Library).without_start();
        let client = ReconnectingClient::new(options);
        for (title, add) in self.titles() {
            let started = Instant::now();
            match client.call(&add, CallOptions::default().with_deadline(LIBRARY_DEADLINE)).await {
                Ok(reply) => {
                    assert!(matches!(reply.response, Response::Written(_)), "{:?}", reply.response);
                    self.acknowledged(title, started.elapsed());
                }
                Err(error) => {
                    let body = error.refusal();
                    let code = body.map_or("client", |body| body.code.name());
                    let when = body.is_some_and(|body| body.retry_after_ms.is_some());
                    self.load.note_refusal(true, code, when, started.elapsed(), &error.to_string());
                    self.load.note(title, Fate::Unknown);
                    tokio::time::sleep(PAUSE_MAX).await;
                }
            }
        }
    }

    fn acknowledged(&self, title: String, took: Duration) {
        let mut slowest = lock(&self.load.slowest);
        *slowest = took.max(*slowest);
        drop(slowest);
        self.load.note(title, Fate::Acknowledged);
    }
}

/// The titles of all knowledge in a project.
///
/// # Panics
/// When the daemon refuses to list them.
#[must_use]
pub fn titles(wire: &mut Wire, project: Id) -> Vec<String> {
    entries(wire, project).into_iter().map(|(_, title)| title).collect()
}

/// The ids and titles of all knowledge in a project.
///
/// # Panics
/// When the daemon refuses to list them.
#[must_use]
pub fn entries(wire: &mut Wire, project: Id) -> Vec<(Id, String)> {
    let mut found = Vec::new();
    loop {
        let offset = u32::try_from(found.len()).expect("not that many");
        let request = requests::list(EntryKind::Knowledge, ScopeRef::project(project), 100, offset);
        let Response::Entries(page) = wire.call(&request) else { panic!("no list at {offset}") };
        found.extend(page.entries.into_iter().map(|entry| (entry.id, entry.name)));
        if !page.has_more {
            return found;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
