//! The load: threads with a runtime of their own, each with its share of the connections, so that
//! this side is not what limits the figures. Connections stay open from job to job.

use std::{
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
use tokio::{sync::oneshot, task::LocalSet};

use super::{
    requests,
    tally::{Span, Tally},
};

/// How long one operation may take before it counts as failed.
const DEADLINE: Duration = Duration::from_secs(60);

/// Makes, or looks up, the request of a number.
pub(crate) type Maker = Arc<dyn Fn(u64) -> Arc<Request> + Send + Sync>;

struct Job {
    maker: Maker,
    /// Who asks, where that is not the connection's agent.
    agent: Option<String>,
    next: Arc<AtomicU64>,
    total: u64,
    start: Arc<Barrier>,
    stop: Arc<AtomicBool>,
    done: oneshot::Sender<Done>,
}

type Done = (Tally, Span);

/// The threads.
pub(crate) struct Crew {
    members: Vec<Member>,
    stop: Arc<AtomicBool>,
}

struct Member {
    jobs: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("threads", &self.members.len()).finish_non_exhaustive()
    }
}

impl Crew {
    /// Connects `clients` times, to each of the daemons in turn, and gets ready to keep `pipeline`
    /// requests under way on each connection.
    pub(crate) async fn connect(
        daemons: &[ConnectOptions],
        clients: u32,
        pipeline: u32,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, ClientError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(clients as usize).max(1);
        let mut crew = Self { members: Vec::new(), stop };
        let mut connections = 0;
        for index in 0..threads {
            let share = clients as usize / threads + usize::from(index < clients as usize % threads);
            let (jobs, queue) = mpsc::channel();
            let (connected, ready) = oneshot::channel();
            let ways: Vec<_> = daemons.iter().cycle().skip(connections).take(share).cloned().collect();
            connections += share;
            let thread = thread::spawn(move || serve(&ways, pipeline, &queue, connected));
            crew.members.push(Member { jobs, thread: Some(thread) });
            ready.await.unwrap_or_else(|_| {
                Err(ClientError::ConnectionLost { reason: "a thread of the load ended".to_owned() })
            })?;
        }
        Ok(crew)
    }

    /// Does `total` operations, as this agent or as that of the connections, and returns what was counted. Fewer
    /// when it was told to stop.
    pub(crate) async fn run(&self, total: u64, maker: Maker, agent: Option<&str>) -> Tally {
        let next = Arc::new(AtomicU64::new(0));
        let start = Arc::new(Barrier::new(self.members.len()));
        let mut under_way = Vec::new();
        for member in &self.members {
            let (done, report) = oneshot::channel();
            let (maker, next, start) = (Arc::clone(&maker), Arc::clone(&next), Arc::clone(&start));
            // A member that has ended is missing in the results below.
            let (agent, stop) = (agent.map(str::to_owned), Arc::clone(&self.stop));
            let _ = member.jobs.send(Job { maker, agent, next, total, start, stop, done });
            under_way.push(report);
        }
        let mut all = Tally::new();
        let mut spans = Vec::new();
        for report in under_way {
            let Ok((tally, span)) = report.await else { continue };
            spans.push(span);
            all.merge(tally);
        }
        all.elapsed = Span::over(&spans);
        all
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
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
    ways: &[ConnectOptions],
    pipeline: u32,
    jobs: &mpsc::Receiver<Job>,
    connected: oneshot::Sender<Result<(), ClientError>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime without threads needs only file descriptors");
    let connect = async {
        let mut all = Vec::with_capacity(ways.len());
        for options in ways {
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
        LocalSet::new().block_on(&runtime, work(&all, pipeline, job));
    }
}

async fn work(clients: &[Client], pipeline: u32, job: Job) {
    job.start.wait();
    let began = Instant::now();
    let load = Rc::new(Load {
        maker: job.maker,
        agent: job.agent,
        next: job.next,
        total: job.total,
        stop: job.stop,
    });
    let workers: Vec<_> = clients
        .iter()
        .flat_map(|client| (0..pipeline).map(move |_| client.clone()))
        .map(|client| tokio::task::spawn_local(repeat(client, Rc::clone(&load))))
        .collect();
    let mut all = Tally::new();
    for worker in workers {
        if let Ok(tally) = worker.await {
            all.merge(tally);
        }
    }
    // Nobody waits for it after an interruption.
    let _ = job.done.send((all, Span { began, ended: Instant::now() }));
}

/// What the workers of one thread share.
struct Load {
    maker: Maker,
    agent: Option<String>,
    next: Arc<AtomicU64>,
    total: u64,
    stop: Arc<AtomicBool>,
}

/// One request after the other, until the numbers are used up. Answers are read whole and left
/// encoded, those of the echo as well: what a program makes of an answer is not the daemon's time.
async fn repeat(client: Client, load: Rc<Load>) -> Tally {
    let mut tally = Tally::new();
    let options = CallOptions { agent_id: load.agent.clone(), ..CallOptions::default() };
    let options = options.with_deadline(DEADLINE);
    while !load.stop.load(Ordering::Relaxed) {
        let number = load.next.fetch_add(1, Ordering::Relaxed);
        if number >= load.total {
            break;
        }
        let request = (load.maker)(number);
        let began = Instant::now();
        let mut done = client.call_encoded(&*request, options.clone()).await;
        if let (Ok(_), Some(next)) = (&done, requests::after(&request)) {
            done = client.call_encoded(next, options.clone()).await;
        }
        match done {
            Ok(reply) => tally.success(began.elapsed(), reply.is_cached()),
            Err(error) => tally.failure(error),
        }
        if client.is_closed() {
            break;
        }
    }
    tally
}
