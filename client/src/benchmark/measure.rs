//! The measurement: one operation at a time, each with its floor, then searches while writes go on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use agent_memory_client::{CallOptions, ConnectOptions, ReconnectingClient};
use agent_memory_proto::codec::Message;

use super::{
    arguments::BenchmarkArgs,
    crew::{Crew, Maker},
    floor::{self, FloorRate},
    operation::Operation,
    progress, requests,
    scratch::Scratch,
    tally::Tally,
};
use crate::failure::Failure;

/// Parts of a measurement; between them its floor is measured, so that both see the same machine.
const PARTS: u64 = 4;
/// Where those of the searches and writes at once begin.
const WHILE_WRITING_AT: u64 = 1 << 41;

/// What one operation reached, and its floors.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) tally: Tally,
    /// The frame echo on the same connections, with requests and replies of the same size.
    pub(crate) echo_ops_per_s: Option<f64>,
    /// The same SQL in a bare loop.
    pub(crate) sql_ops_per_s: Option<f64>,
    /// The bare loop at rest, where the one above ran beside other load.
    pub(crate) at_rest_ops_per_s: Option<f64>,
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Measurement {
    /// One operation at a time.
    pub(crate) rows: Vec<Row>,
    /// Searches while writes go on, and those writes.
    pub(crate) while_writing: Vec<Row>,
}

impl Measurement {
    /// Measures what the arguments ask for.
    pub(crate) async fn take(
        control: &ReconnectingClient,
        options: &ConnectOptions,
        is_remote: bool,
        args: &BenchmarkArgs,
        scratch: &Arc<Scratch>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let further = args.also_socket.iter().map(|socket| {
            let socket = socket.clone();
            ConnectOptions { socket, ..options.clone() }.without_start()
        });
        let daemons: Vec<_> = std::iter::once(options.clone()).chain(further).collect();
        let crew = Crew::connect(&daemons, args.clients, args.pipeline, Arc::clone(stop)).await?;
        let bench = Bench { control, options, is_remote, args, scratch, crew };
        let mut operations = args.mix.clone();
        operations.sort_unstable();
        operations.dedup();
        let progress = progress(operations.len() as u64, "measuring");
        let mut rows = Vec::new();
        for operation in &operations {
            progress.set_message(format!("measuring {}", operation.name()));
            rows.push(bench.row(*operation).await?);
            progress.inc(1);
        }
        let mut while_writing = Vec::new();
        if [Operation::Search, Operation::Write].iter().all(|operation| operations.contains(operation)) {
            progress.set_message("searches while writing");
            while_writing = bench.while_writing(&rows).await?;
        }
        progress.finish_and_clear();
        Ok(Self { rows, while_writing })
    }

    /// How many operations failed.
    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().chain(&self.while_writing).map(|row| row.tally.errors).sum()
    }
}

/// The agent that may read only the scratch project.
pub(crate) fn reader(options: &ConnectOptions) -> String {
    format!("{}-reader", options.agent_id)
}

struct Bench<'a> {
    control: &'a ReconnectingClient,
    options: &'a ConnectOptions,
    /// The store is outside of the daemon: what a read costs is not the way to the daemon.
    is_remote: bool,
    args: &'a BenchmarkArgs,
    scratch: &'a Arc<Scratch>,
    crew: Crew,
}

impl Bench<'_> {
    async fn row(&self, operation: Operation) -> Result<Row, Failure> {
        let seed = self.args.seed;
        let echo = match operation.question() {
            Operation::CachedRead => Some(self.echo_like(operation).await?),
            Operation::SimpleRead if !self.is_remote => Some(self.echo_like(operation).await?),
            _ => None,
        };
        let agent = operation.is_checked().then(|| reader(self.options));
        let warm_up = requests::maker(operation, self.scratch, seed, self.args.ops);
        self.crew.run(self.args.warm_up(), warm_up, agent.as_deref()).await;
        let mut sql = FloorRate::default();
        let (mut tally, mut echoed) = (Tally::new(), Tally::new());
        sql.add_some(floor::measure(self.control, operation, self.args, self.scratch).await?);
        let part = self.args.ops.div_ceil(PARTS);
        let mut begun = 0;
        while begun < self.args.ops {
            let count = part.min(self.args.ops - begun);
            let maker = requests::maker(operation, self.scratch, seed, begun);
            tally.merge(self.crew.run(count, maker, agent.as_deref()).await);
            if let Some(echo) = &echo {
                echoed.merge(self.crew.run(count, Arc::clone(echo), agent.as_deref()).await);
            }
            begun += count;
        }
        sql.add_some(floor::measure(self.control, operation, self.args, self.scratch).await?);
        let echo_ops_per_s = echo.map(|_| echoed.ops_per_s());
        let sql_ops_per_s = sql.ops_per_s();
        Ok(Row { operation, tally, echo_ops_per_s, sql_ops_per_s, at_rest_ops_per_s: None })
    }

    /// Searches while one more client writes as fast as it can. The floor is measured under the
    /// same load; what it was at rest is told beside it.
    async fn while_writing(&self, alone: &[Row]) -> Result<Vec<Row>, Failure> {
        let stop_writing = Arc::new(AtomicBool::new(false));
        let writer =
            Crew::connect(std::slice::from_ref(self.options), 1, 1, Arc::clone(&stop_writing)).await?;
        let seed = self.args.seed;
        let writes = writer.run(
            u64::MAX,
            requests::maker(Operation::Write, self.scratch, seed, WHILE_WRITING_AT),
            None,
        );
        let searches = async {
            let maker = requests::maker(Operation::Search, self.scratch, seed, WHILE_WRITING_AT);
            let tally = self.crew.run(self.args.ops, maker, None).await;
            let floor = floor::measure(self.control, Operation::Search, self.args, self.scratch).await;
            stop_writing.store(true, Ordering::Relaxed);
            floor.map(|floor| (tally, floor))
        };
        let (written, searched) = tokio::join!(writes, searches);
        let (tally, floor) = searched?;
        let mut sql = FloorRate::default();
        sql.add_some(floor);
        let rest = alone.iter().find(|row| row.operation == Operation::Search);
        let row = |operation, tally, sql_ops_per_s| Row {
            operation,
            tally,
            echo_ops_per_s: None,
            sql_ops_per_s,
            at_rest_ops_per_s: None,
        };
        let mut search = row(Operation::Search, tally, sql.ops_per_s());
        search.at_rest_ops_per_s = rest.and_then(|row| row.sql_ops_per_s);
        Ok(vec![search, row(Operation::Write, written, None)])
    }

    /// The echo whose request and reply are as large as those of an operation.
    async fn echo_like(&self, operation: Operation) -> Result<Maker, Failure> {
        let request = requests::request(operation, self.scratch, self.args.seed, 0);
        let reply = self.control.call(&request, CallOptions::default()).await?.response;
        let bytes = |encoded: Result<Vec<u8>, _>| {
            encoded
                .map(|bytes| bytes.len())
                .map_err(|error: agent_memory_proto::codec::CodecError| Failure::local(error.to_string()))
        };
        Ok(requests::echo(bytes(request.encode())?, bytes(reply.encode())?))
    }
}
