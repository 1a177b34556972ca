//! The writer: batches, errors and panics at every step.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
};

use super::{all_at_once, restarts, supervised};
use crate::{
    actors::{BatchWriter, WriterHandle},
    store::StoreError,
    supervisor::Supervisor,
};

/// What a writer is asked to do.
enum Step {
    Keep(u32),
    Refuse,
    PanicInApply,
    PanicInCommit,
    FailCommit,
    /// Holds the writer up until the test lets it go.
    Wait(Receiver<()>),
}

/// What became of the steps; outlives its writers.
#[derive(Default)]
struct Journal {
    kept: Vec<u32>,
    commits: u32,
    undone: u32,
    told: Vec<u32>,
    is_closed: bool,
    begin_fails: bool,
}

struct TestWriter {
    journal: Arc<Mutex<Journal>>,
    open: Vec<u32>,
    commit_panics: bool,
    commit_fails: bool,
}

impl BatchWriter for TestWriter {
    type Request = Mutex<Step>;
    type Reply = u32;

    fn begin(&mut self) -> Result<(), StoreError> {
        if self.journal.lock().unwrap().begin_fails {
            return Err(StoreError::ReadOnly("asked to".to_owned()));
        }
        self.open.clear();
        Ok(())
    }

    fn apply(&mut self, step: &Mutex<Step>) -> Result<u32, StoreError> {
        match &*step.lock().unwrap() {
            Step::Keep(value) => {
                self.open.push(*value);
                return Ok(*value);
            }
            Step::Refuse => return Err(StoreError::Other("asked to".to_owned())),
            Step::PanicInApply => panic!("asked to in apply"),
            Step::PanicInCommit => self.commit_panics = true,
            Step::FailCommit => self.commit_fails = true,
            Step::Wait(go) => go.recv().expect("the test lets it go"),
        }
        Ok(0)
    }

    fn undo(&mut self) {
        self.journal.lock().unwrap().undone += 1;
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        assert!(!self.commit_panics, "asked to in commit");
        if std::mem::take(&mut self.commit_fails) {
            return Err(StoreError::DiskFull("asked to".to_owned()));
        }
        let mut journal = self.journal.lock().unwrap();
        journal.commits += 1;
        journal.kept.append(&mut self.open);
        Ok(())
    }

    fn rollback(&mut self) {
        self.open.clear();
    }

    fn committed(&mut self, reply: &u32) {
        self.journal.lock().unwrap().told.push(*reply);
    }

    fn idle(&mut self) -> bool {
        false
    }

    fn close(&mut self) {
        self.journal.lock().unwrap().is_closed = true;
    }
}

type Writer = WriterHandle<TestWriter>;
type Submitted<'a> = Pin<Box<dyn Future<Output = Result<u32, StoreError>> + 'a>>;

fn start(supervisor: &Supervisor, mailbox: usize) -> (Writer, Arc<Mutex<Journal>>) {
    let journal = Arc::<Mutex<Journal>>::default();
    let of_writers = Arc::clone(&journal);
    let writer = WriterHandle::start(supervisor, mailbox, move || {
        let journal = Arc::clone(&of_writers);
        Ok(TestWriter { journal, open: Vec::new(), commit_panics: false, commit_fails: false })
    });
    (writer.expect("a writer"), journal)
}

async fn submit(writer: &Writer, step: Step) -> Result<u32, StoreError> {
    writer.submit(Mutex::new(step)).await
}

/// Submits steps while the writer is held up, so that all of them are in one batch.
async fn in_one_batch(writer: &Writer, steps: Vec<Step>) -> Vec<Result<u32, StoreError>> {
    let mut results = held_up(writer, steps).await;
    results.remove(0).expect("the step that waited");
    results
}

/// As [`in_one_batch`], with the step that waited as the first.
async fn held_up(writer: &Writer, steps: Vec<Step>) -> Vec<Result<u32, StoreError>> {
    let (go, wait) = channel();
    let held = Step::Wait(wait);
    let released = async move {
        go.send(()).expect("the writer waits");
        Ok(0)
    };
    let steps = std::iter::once(held).chain(steps);
    let submits = steps.map(|step| Box::pin(submit(writer, step)) as Submitted<'_>);
    let submits: Vec<_> = submits.collect();
    let release: Submitted<'_> = Box::pin(released);
    let mut results = all_at_once(submits.into_iter().chain([release])).await;
    results.pop();
    results
}

#[test]
fn many_writes_are_few_commits() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 1_000);
        let steps = (0..200).map(Step::Keep).collect();
        let results = in_one_batch(&writer, steps).await;
        assert!(results.into_iter().eq((0..200).map(Ok)), "each gets its own answer");
        let journal = journal.lock().unwrap();
        assert_eq!(journal.kept, (0..200).collect::<Vec<_>>());
        assert_eq!(journal.commits, 1);
        assert_eq!(journal.told.len(), 201, "the writer is told of each before the answer");
    });
}

#[test]
fn a_lone_write_waits_for_nobody() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 10);
        for value in 0..3 {
            assert_eq!(submit(&writer, Step::Keep(value)).await, Ok(value));
            assert_eq!(journal.lock().unwrap().commits, value + 1);
        }
    });
}

#[test]
fn a_refused_write_and_one_that_panics_fail_alone() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 10);
        let steps = vec![Step::Keep(1), Step::Refuse, Step::PanicInApply, Step::Keep(2)];
        let results = in_one_batch(&writer, steps).await;
        assert_eq!((&results[0], &results[3]), (&Ok(1), &Ok(2)));
        assert!(matches!(results[1], Err(StoreError::Other(_))), "{results:?}");
        assert!(matches!(results[2], Err(StoreError::Lost(_))), "{results:?}");
        let journal = journal.lock().unwrap();
        assert_eq!((journal.kept.as_slice(), journal.commits, journal.undone), (&[1, 2][..], 1, 1));
        assert_eq!(restarts(&supervisor, "writer").0, 0, "the writer itself lives on");
    });
}

#[test]
fn a_failed_commit_refuses_its_whole_batch_and_the_next_one_works() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 10);
        let results =
            in_one_batch_refused(&writer, vec![Step::Keep(1), Step::FailCommit, Step::Refuse]).await;
        assert!(matches!(results[0], Err(StoreError::DiskFull(_))), "{results:?}");
        assert!(matches!(results[1], Err(StoreError::DiskFull(_))), "{results:?}");
        assert!(matches!(results[2], Err(StoreError::Other(_))), "a refusal keeps its cause: {results:?}");
        assert_eq!(submit(&writer, Step::Keep(2)).await, Ok(2));
        let journal = journal.lock().unwrap();
        assert_eq!((journal.kept.as_slice(), journal.told.as_slice()), (&[2][..], &[2][..]));
    });
}

/// As [`in_one_batch`], for a batch whose commit fails, and with it the step that waited.
async fn in_one_batch_refused(writer: &Writer, steps: Vec<Step>) -> Vec<Result<u32, StoreError>> {
    let mut results = held_up(writer, steps).await;
    assert!(results.remove(0).is_err(), "the step that waited is in the batch");
    results
}

#[test]
fn a_panic_in_the_commit_fails_the_batch_and_the_writer_is_back_for_the_next() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 10);
        let lost = submit(&writer, Step::PanicInCommit).await;
        assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
        assert_eq!(submit(&writer, Step::Keep(1)).await, Ok(1), "not refused");
        assert_eq!(journal.lock().unwrap().kept, [1]);
        let (count, cause) = restarts(&supervisor, "writer");
        assert_eq!(count, 1);
        assert!(cause.expect("a cause").contains("asked to in commit"));
    });
}

#[test]
fn what_waits_behind_a_panic_goes_to_the_next_writer() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 1_000);
        // More than one batch: the first one ends in a panic, the rest is still in the mailbox.
        let steps = std::iter::once(Step::PanicInCommit).chain((0..600).map(Step::Keep));
        let results = all_at_once(steps.map(|step| submit(&writer, step))).await;
        let lost = results.iter().filter(|result| matches!(result, Err(StoreError::Lost(_)))).count();
        let kept: Vec<u32> = results.iter().filter_map(|result| result.clone().ok()).collect();
        assert_eq!(lost + kept.len(), 601, "nothing else happens: {results:?}");
        assert!(lost <= 256, "only the batch in hand is lost");
        let mut applied = journal.lock().unwrap().kept.clone();
        applied.sort_unstable();
        assert!(applied == kept, "each applied once: {applied:?}");
    });
}

#[test]
fn a_writer_that_cannot_begin_says_why_and_recovers() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 10);
        journal.lock().unwrap().begin_fails = true;
        let refused = submit(&writer, Step::Keep(1)).await;
        assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
        journal.lock().unwrap().begin_fails = false;
        assert_eq!(submit(&writer, Step::Keep(2)).await, Ok(2));
    });
}

#[test]
fn a_full_mailbox_is_busy() {
    supervised(async |supervisor| {
        let (writer, _) = start(&supervisor, 4);
        assert_eq!(submit(&writer, Step::Keep(0)).await, Ok(0), "the writer has started");
        let (go, wait) = channel();
        let mut steps = vec![Step::Wait(wait)];
        steps.extend((0..50).map(Step::Keep));
        let submits = steps.into_iter().map(|step| Box::pin(submit(&writer, step)) as Submitted<'_>);
        let release: Submitted<'_> = Box::pin(async move {
            go.send(()).expect("the writer waits");
            Ok(0)
        });
        let results = all_at_once(submits.chain([release])).await;
        let busy = results.iter().filter(|result| matches!(result, Err(StoreError::Busy { .. }))).count();
        let kept = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(busy + kept, 52);
        assert!(busy >= 40, "at most a mailbox and one in hand are kept: {busy}");
    });
}

#[test]
fn a_caller_who_gave_up_is_not_served() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 10);
        let (go, wait) = channel();
        let waits = Box::pin(submit(&writer, Step::Wait(wait))) as Submitted<'_>;
        let gives_up = Box::pin(async {
            let mut impatient = Box::pin(submit(&writer, Step::Keep(1)));
            std::future::poll_fn(|context| {
                assert!(impatient.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
            drop(impatient);
            go.send(()).expect("the writer waits");
            Ok(0)
        });
        all_at_once([waits, gives_up]).await;
        assert_eq!(submit(&writer, Step::Keep(2)).await, Ok(2));
        assert_eq!(journal.lock().unwrap().kept, [2]);
    });
}

#[test]
fn closing_finishes_what_was_submitted_and_refuses_the_rest() {
    supervised(async |supervisor| {
        let (writer, journal) = start(&supervisor, 1_000);
        let results = in_one_batch(&writer, (0..100).map(Step::Keep).collect()).await;
        assert_eq!(results.len(), 100);
        writer.close().await;
        assert!(journal.lock().unwrap().is_closed);
        let refused = submit(&writer, Step::Keep(1)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        writer.close().await;
    });
}
