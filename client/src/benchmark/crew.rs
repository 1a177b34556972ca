//! The load: threads with a runtime of their own, each with its share of the connections, so that
//! this side is not what limits the figures. Connections stay open from job to job.

use std::{
    collections::BTreeMap,
    fmt,
    rc::Rc,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use agent_memory_client::{CallOptions, Client, ClientError, ConnectOptions};
use agent_memory_proto::Request;
use tokio::task::LocalSet;

use super::{
    operation::Operation,
    tally::{Span, Tally},
};

/// How long one operation may take before it counts as failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// Makes the request of a number.
pub(crate) type Maker = Arc<dyn Fn(u64) -> (Operation, Request) + Send + Sync>;

/// What a job counted, by operation.
pub(crate) type Tallies = BTreeMap<Operation, Tally>;

#[derive(Clone)]
struct Job {
    maker: Maker,
    next: Arc<AtomicU64>,
    total: u64,
    start: Arc<Barrier>,
    stop: Arc<AtomicBool>,
}

type Done = (Tallies, Span);

/// The threads.
pub(crate) struct Crew {
    members: Vec<Member>,
    stop: Arc<AtomicBool>,
}

struct Member {
    jobs: mpsc::Sender<Job>,
    done: mpsc::Receiver<Done>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("threads", &self.members.len()).finish_non_exhaustive()
    }
}

impl Crew {
    /// Connects `clients` times and gets ready to keep `pipeline` requests under way on each.
    pub(crate) fn connect(
        options: &ConnectOptions,
        clients: u32,
        pipeline: u32,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, ClientError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(clients as usize).max(1);
        let mut members = Vec::new();
        for index in 0..threads {
            let share = clients as usize / threads + usize::from(index < clients as usize % threads);
            let (jobs, queue) = mpsc::channel();
            let (report, done) = mpsc::channel();
            let (connected, ready) = mpsc::channel();
            let options = options.clone();
            let thread = thread::spawn(move || {
                serve(&options, share, pipeline, &queue, &report, &connected);
            });
            let gone = || ClientError::ConnectionLost { reason: "a thread of the load ended".to_owned() };
            ready.recv().map_err(|_| gone())??;
            members.push(Member { jobs, done, thread: Some(thread) });
        }
        Ok(Self { members, stop })
    }

    /// Does `total` operations and returns what was counted. Fewer when it was told to stop.
    pub(crate) fn run(&self, total: u64, maker: Maker) -> Tallies {
        let job = Job {
            maker,
            next: Arc::new(AtomicU64::new(0)),
            total,
            start: Arc::new(Barrier::new(self.members.len())),
            stop: Arc::clone(&self.stop),
        };
        for member in &self.members {
            // A member that has ended is missing in the results below.
            let _ = member.jobs.send(job.clone());
        }
        let mut all = Tallies::new();
        let mut spans = Vec::new();
        for (tallies, span) in self.members.iter().filter_map(|member| member.done.recv().ok()) {
            spans.push(span);
            for (operation, tally) in tallies {
                all.entry(operation).or_insert_with(Tally::new).merge(tally);
            }
        }
        let elapsed = Span::over(&spans);
        all.values_mut().for_each(|tally| tally.elapsed = elapsed);
        all
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in &mut self.members {
            let (closed, _) = mpsc::channel();
            drop(std::mem::replace(&mut member.jobs, closed));
            if let Some(thread) = member.thread.take() {
                // A panic in it has been printed already.
                let _ = thread.join();
            }
        }
    }
}

fn serve(
    options: &ConnectOptions,
    clients: usize,
    pipeline: u32,
    jobs: &mpsc::Receiver<Job>,
    report: &mpsc::Sender<Done>,
    connected: &mpsc::Sender<Result<(), ClientError>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime without threads needs only file descriptors");
    let connect = async {
        let mut all = Vec::with_capacity(clients);
        for _ in 0..clients {
            all.push(Client::connect(options.clone()).await?);
        }
        Ok(all)
    };
    let all = match runtime.block_on(connect) {
        Ok(all) => all,
        Err(error) => return drop(connected.send(Err(error))),
    };
    let _ = connected.send(Ok(()));
    while let Ok(job) = jobs.recv() {
        let done = LocalSet::new().block_on(&runtime, work(&all, pipeline, Rc::new(job)));
        if report.send(done).is_err() {
            return;
        }
    }
}

async fn work(clients: &[Client], pipeline: u32, job: Rc<Job>) -> Done {
    job.start.wait();
    let began = Instant::now();
    let workers: Vec<_> = clients
        .iter()
        .flat_map(|client| (0..pipeline).map(move |_| client.clone()))
        .map(|client| tokio::task::spawn_local(repeat(client, Rc::clone(&job))))
        .collect();
    let mut all = Tallies::new();
    for worker in workers {
        let Ok(tallies) = worker.await else { continue };
        for (operation, tally) in tallies {
            all.entry(operation).or_insert_with(Tally::new).merge(tally);
        }
    }
    (all, Span { began, ended: Instant::now() })
}

/// One request after the other, until the numbers are used up.
async fn repeat(client: Client, job: Rc<Job>) -> Tallies {
    let mut tallies = Tallies::new();
    let options = CallOptions::default().with_deadline(DEADLINE);
    while !job.stop.load(Ordering::Relaxed) {
        let number = job.next.fetch_add(1, Ordering::Relaxed);
        if number >= job.total {
            break;
        }
        let (operation, request) = (job.maker)(number);
        let tally = tallies.entry(operation).or_insert_with(Tally::new);
        let began = Instant::now();
        match client.call(&request, options.clone()).await {
            Ok(reply) => tally.success(began.elapsed(), reply.cached),
            Err(error) => tally.failure(error),
        }
        if client.is_closed() {
            break;
        }
    }
    tallies
}
