//! Random sequences of requests from several agents, through reconnects and restarts: every answer is the
//! one that a plain model in memory gives. `AGENT_MEMORY_MODEL_CASES` and `AGENT_MEMORY_MODEL_STEPS` set
//! how many sequences there are and how long they get.

use std::cell::{Cell, RefCell};

use agent_memory_proto::{
    Request, Response,
    handshake::Purpose,
    request::{Envelope, Search},
};
use agent_memory_tests::{
    Backend, Daemon, Hello, Instance, Wire, from_environment,
    model::{AGENTS, Asked, Known, Model, Step, Verdict, Wish, agent_name, steps},
    on_every_backend,
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Sequences on one store; then there is a new one, so that neither it nor the model gets large.
const CASES_OF_A_STORE: u32 = 40;
/// How long a sequence is made shorter, in milliseconds: every attempt takes a new store.
const SHRINKING_MS: u32 = 60_000;

on_every_backend!(every_answer_is_the_one_of_the_model);

fn every_answer_is_the_one_of_the_model(backend: Backend) {
    let (cases, length) = match backend {
        Backend::Sqlite => (40, 60),
        Backend::Postgres | Backend::PostgresRedis => (15, 60),
    };
    let cases = from_environment("AGENT_MEMORY_MODEL_CASES", cases);
    let length = from_environment("AGENT_MEMORY_MODEL_STEPS", length);
    let restarts = from_environment("AGENT_MEMORY_MODEL_RESTARTS", 15);
    let config =
        Config { cases, failure_persistence: None, max_shrink_time: SHRINKING_MS, ..Config::default() };
    let world: RefCell<Option<World>> = RefCell::new(None);
    let (number, asked) = (Cell::new(0), Cell::new(0_u64));
    let outcome = TestRunner::new(config).run(&steps(length, restarts), |steps| {
        let mut world = world.borrow_mut();
        number.set(number.get() + 1);
        let now = world.get_or_insert_with(|| World::on(backend));
        let verdict = now.play(number.get(), &steps, &asked);
        // A store and a model that differ are of no more use.
        if verdict.is_err() || now.cases >= CASES_OF_A_STORE {
            *world = None;
        }
        verdict.map_err(TestCaseError::fail)
    });
    eprintln!("{backend:?}: {} sequences, {} requests", number.get(), asked.get());
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// A store with its daemon and agents, and the model of it.
struct World {
    model: Model,
    wires: Vec<Wire>,
    daemon: Daemon,
    instance: Instance,
    cases: u32,
}

impl World {
    fn on(backend: Backend) -> Self {
        let instance = backend.instance().without_rate_limits();
        let daemon = instance.start_daemon();
        let mut world = Self { model: Model::default(), wires: Vec::new(), daemon, instance, cases: 0 };
        world.connect_all();
        world
    }

    fn connect_all(&mut self) {
        self.wires = (0..AGENTS).map(|agent| self.connect(agent)).collect();
    }

    fn connect(&self, agent: u8) -> Wire {
        let hello = Hello::new(Purpose::Library).of_agent(&agent_name(agent));
        Wire::open(&self.instance.socket(), &hello).expect("the daemon accepts a connection")
    }

    fn play(&mut self, case: u32, steps: &[Step], asked: &Cell<u64>) -> Verdict {
        self.cases += 1;
        let mut known = Known::new(case);
        // Whatever the sequence is, it has scopes to work in.
        let first = [
            Wish::CreateOrg { name: 0 },
            Wish::CreateProject { org: Some(1), name: 0, path: Some(0) },
            Wish::StartSession { project: Some(1), names_agent: false },
        ];
        let first = first.map(|wish| Step { agent: 0, wish });
        for (number, step) in first.iter().chain(steps).enumerate() {
            match &step.wish {
                Wish::Reconnect => self.wires[usize::from(step.agent)] = self.connect(step.agent),
                Wish::Restart { killed } => self.restart(*killed),
                _ => {
                    let Some(ask) = known.asked(step, &self.model) else { continue };
                    asked.set(asked.get() + 1);
                    let answer =
                        self.ask(step.agent, &ask).map_err(|error| format!("step {number}: {error}"))?;
                    known.learn(&ask, &answer);
                }
            }
        }
        Ok(())
    }

    fn restart(&mut self, killed: bool) {
        let _ = if killed { self.daemon.kill() } else { self.daemon.stop() };
        self.daemon = self.instance.start_daemon();
        self.connect_all();
    }

    fn ask(&mut self, agent: u8, asked: &Asked) -> Result<Response, String> {
        let answer = self.send(agent, asked, &asked.request)?;
        if let (Request::Search(search), Response::SearchPage(first)) = (&asked.request, &answer) {
            let mut pages = vec![first.clone()];
            while let Some(cursor) = pages.last().and_then(|page| page.next_cursor.clone()) {
                let next = Request::Search(Search { cursor: Some(cursor), ..search.clone() });
                match self.send(agent, asked, &next)? {
                    Response::SearchPage(page) => pages.push(page),
                    other => return Err(format!("{next:?}\nis answered {other:?}")),
                }
            }
            self.model.check_pages(asked, pages, search.limit)?;
        } else {
            self.model.check(asked, &answer)?;
        }
        Ok(answer)
    }

    fn send(&mut self, agent: u8, asked: &Asked, request: &Request) -> Result<Response, String> {
        let envelope = Envelope {
            idempotency_key: asked.key,
            // A repeated request is the first agent's, whoever repeats it.
            agent_id: Some(asked.agent.clone()).filter(|name| *name != agent_name(agent)),
            ..Envelope::default()
        };
        let answer = self.wires[usize::from(agent)].exchange(request, &envelope);
        answer.map(|(_, response)| response).map_err(|error| format!("{request:?}: {error}"))
    }
}
