//! The measurement: one operation at a time, each with its floor, then searches while writes go on.

use std::sync::{Arc, atomic::AtomicBool};

use agent_memory_client::{CallOptions, ConnectOptions, ReconnectingClient};
use agent_memory_proto::codec::Message;

use super::{
    arguments::BenchmarkArgs,
    crew::{Crew, Maker, Tallies},
    floor::{self, FloorRate},
    operation::Operation,
    progress, requests,
    scratch::Scratch,
    tally::Tally,
};
use crate::failure::Failure;

/// Parts of a measurement; between them its floor is measured, so that both see the same machine.
const PARTS: u64 = 4;
/// Where the numbers of warming up begin: far from those that are measured.
const WARM_UP_AT: u64 = 1 << 40;
/// Where those of the interleaved part begin.
const INTERLEAVED_AT: u64 = 1 << 41;
/// Most operations of warming up.
const WARM_UP_MAX: u64 = 2_000;

/// What one operation reached, and its floors.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) tally: Tally,
    /// The frame echo on the same connections, with requests and replies of the same size.
    pub(crate) echo_ops_per_s: Option<f64>,
    /// The same SQL in a bare loop.
    pub(crate) sql_ops_per_s: Option<f64>,
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Measurement {
    /// One operation at a time.
    pub(crate) rows: Vec<Row>,
    /// Searches and writes at once.
    pub(crate) interleaved: Vec<Row>,
}

impl Measurement {
    /// Measures what the arguments ask for.
    pub(crate) async fn take(
        control: &ReconnectingClient,
        options: &ConnectOptions,
        args: &BenchmarkArgs,
        scratch: &Arc<Scratch>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let crew = Crew::connect(options, args.clients, args.pipeline, Arc::clone(stop)).await?;
        let bench = Bench { control, args, scratch, crew };
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
        let both = [Operation::Search, Operation::Write];
        let mut interleaved = Vec::new();
        if both.iter().all(|operation| operations.contains(operation)) {
            progress.set_message("searches while writing");
            interleaved = bench.interleaved(both.to_vec(), &rows).await?;
        }
        progress.finish_and_clear();
        Ok(Self { rows, interleaved })
    }

    /// How many operations failed.
    pub(crate) fn errors(&self) -> u64 {
        self.rows.iter().chain(&self.interleaved).map(|row| row.tally.errors).sum()
    }
}

struct Bench<'a> {
    control: &'a ReconnectingClient,
    args: &'a BenchmarkArgs,
    scratch: &'a Arc<Scratch>,
    crew: Crew,
}

impl Bench<'_> {
    async fn row(&self, operation: Operation) -> Result<Row, Failure> {
        let seed = self.args.seed;
        let echo = match operation {
            Operation::CachedRead | Operation::SimpleRead => Some(self.echo_like(operation).await?),
            _ => None,
        };
        let warm_up = (self.args.ops / 10).clamp(u64::from(self.args.concurrency()), WARM_UP_MAX);
        self.crew.run(warm_up, requests::maker(operation, self.scratch, seed, WARM_UP_AT)).await;
        let mut sql = FloorRate::default();
        let (mut tally, mut echoed) = (Tally::new(), Tally::new());
        sql.add_some(floor::measure(self.control, operation, self.args, self.scratch).await?);
        let part = self.args.ops.div_ceil(PARTS);
        let mut begun = 0;
        while begun < self.args.ops {
            let count = part.min(self.args.ops - begun);
            let maker = requests::maker(operation, self.scratch, seed, begun);
            merge(&mut tally, self.crew.run(count, maker).await);
            if let Some(echo) = &echo {
                merge(&mut echoed, self.crew.run(count, Arc::clone(echo)).await);
            }
            begun += count;
        }
        sql.add_some(floor::measure(self.control, operation, self.args, self.scratch).await?);
        let echo_ops_per_s = echo.map(|_| echoed.ops_per_s());
        Ok(Row { operation, tally, echo_ops_per_s, sql_ops_per_s: sql.ops_per_s() })
    }

    /// Searches and writes in turn, against the floors that each had alone.
    async fn interleaved(&self, operations: Vec<Operation>, alone: &[Row]) -> Result<Vec<Row>, Failure> {
        let total = self.args.ops * operations.len() as u64;
        let maker = requests::interleaved(operations, self.scratch, self.args.seed, INTERLEAVED_AT);
        let tallies = self.crew.run(total, maker).await;
        let row = |(operation, tally): (Operation, Tally)| {
            let sql_ops_per_s =
                alone.iter().find(|row| row.operation == operation).and_then(|row| row.sql_ops_per_s);
            Row { operation, tally, echo_ops_per_s: None, sql_ops_per_s }
        };
        Ok(tallies.into_iter().map(row).collect())
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

fn merge(all: &mut Tally, tallies: Tallies) {
    tallies.into_values().for_each(|tally| all.merge(tally));
}
