//! The floors that the daemon measures: the same SQL in a bare loop on a copy of the store.

use std::time::Duration;

use agent_memory_client::{CallOptions, ReconnectingClient};
use agent_memory_proto::{
    Request, Response,
    request::{FloorOperation, MeasureFloor, Search},
    response::Floor,
};

use super::{arguments::BenchmarkArgs, corpus, operation::Operation, scratch::Scratch};
use crate::failure::Failure;

/// A copy of a large store takes its time, and other benchmarks may be waiting.
const DEADLINE: Duration = Duration::from_secs(300);
/// How often a floor is measured: before and after its operation. Together they do as many rounds
/// as there are operations.
const MEASUREMENTS: u64 = 2;
/// Most rounds that the daemon takes.
const ROUNDS_MAX: u32 = 1_000_000;
/// Searches that the loop runs in turn.
const SEARCHES_MAX: u64 = 2_000;

/// Rounds and time, summed over several measurements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FloorRate {
    rounds: u64,
    elapsed_us: u64,
}

impl FloorRate {
    /// Takes in one more measurement, if there was one.
    pub(crate) fn add_some(&mut self, floor: Option<Floor>) {
        let Some(floor) = floor else { return };
        self.rounds += u64::from(floor.rounds);
        self.elapsed_us += floor.elapsed_us;
    }

    /// Rounds a second.
    #[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
    pub(crate) fn ops_per_s(self) -> Option<f64> {
        (self.elapsed_us > 0).then(|| self.rounds as f64 * 1e6 / self.elapsed_us as f64)
    }
}

/// Runs the loop that belongs to an operation; `None` when it has none.
pub(crate) async fn measure(
    client: &ReconnectingClient,
    operation: Operation,
    args: &BenchmarkArgs,
    scratch: &Scratch,
) -> Result<Option<Floor>, Failure> {
    let batch = args.concurrency();
    let floor_operation = match operation {
        Operation::Echo | Operation::CachedRead | Operation::CheckedCachedRead => return Ok(None),
        Operation::SimpleRead | Operation::CheckedRead => FloorOperation::SimpleRead,
        Operation::ScopedRead => FloorOperation::ScopedRead,
        Operation::Search => FloorOperation::Search,
        Operation::Context => FloorOperation::Context,
        Operation::Write if batch == 1 => FloorOperation::Write,
        Operation::Write => FloorOperation::GroupWrite,
        Operation::Lock => FloorOperation::Lock,
    };
    let request = MeasureFloor {
        operation: floor_operation,
        project_id: scratch.project_id,
        rounds: u32::try_from(args.ops.div_ceil(MEASUREMENTS)).unwrap_or(ROUNDS_MAX).min(ROUNDS_MAX),
        batch,
        searches: searches(operation, args, scratch),
    };
    let options = CallOptions::default().with_deadline(DEADLINE);
    match client.call(Request::MeasureFloor(request), options).await?.response {
        Response::Floor(floor) => Ok(Some(floor)),
        _ => Err(Failure::unexpected("measure_floor")),
    }
}

/// The searches that are measured through the socket, as many as the loop can take.
fn searches(operation: Operation, args: &BenchmarkArgs, scratch: &Scratch) -> Vec<Search> {
    if operation != Operation::Search {
        return Vec::new();
    }
    let count = args.ops.clamp(1, SEARCHES_MAX);
    (0..count).map(|number| corpus::search(args.seed, number, scratch.scope())).collect()
}
