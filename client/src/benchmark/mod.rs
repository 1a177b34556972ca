//! `client benchmark`: measures operations through the socket, and beside each the floor that it
//! is set against, in the same run.

mod arguments;
mod corpus;
mod crew;
mod floor;
mod machine;
mod measure;
mod operation;
mod permits;
mod report;
mod requests;
mod scratch;
mod tally;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use agent_memory_client::{ConnectOptions, ReconnectingClient};
use agent_memory_proto::handshake::Purpose;
use indicatif::{ProgressBar, ProgressStyle};

pub(crate) use arguments::BenchmarkArgs;

use self::{machine::Surroundings, measure::Measurement, permits::Permits, scratch::Scratch};
use crate::{
    failure::{EXIT_FAILURE, Failure},
    invocation::Invocation,
};

/// Runs the benchmark and removes what it made, also when it fails or is interrupted.
pub(crate) async fn run(invocation: &Invocation, args: BenchmarkArgs) -> Result<(), Failure> {
    let options = connect_options(invocation);
    // Preparing and cleaning up is not measured, and never limited; it is done as whoever runs the benchmark, since
    // its agents may have nothing granted.
    let agent_id = invocation.connect_options().agent_id.clone();
    let control =
        ReconnectingClient::new(ConnectOptions { lift_rate_limits: true, agent_id, ..options.clone() });
    let surroundings = Surroundings::look(&control).await?;
    let admin_key = invocation.locations.settings.text("ADMIN_KEY");
    let mut permits = Permits::new(&control, admin_key);
    let mut scratch = Scratch::create(&control, args.seed).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let result = tokio::select! {
        result = measured(&control, &options, &surroundings, &args, (&mut scratch, &mut permits), &stop) => result.map(Some),
        () = interrupted() => Ok(None),
    };
    stop.store(true, Ordering::Relaxed);
    let removed = permits.take_back().await.and(scratch.remove(&control, admin_key).await);
    let Some(measurement) = result? else {
        removed?;
        return Err(Failure::local("interrupted; the scratch project was removed"));
    };
    report::show(invocation.output.clone(), &args, &surroundings, &measurement);
    removed?;
    match measurement.errors() {
        0 => Ok(()),
        _ => Err(Failure::told(EXIT_FAILURE)),
    }
}

async fn measured(
    control: &ReconnectingClient,
    options: &ConnectOptions,
    surroundings: &Surroundings,
    args: &BenchmarkArgs,
    (scratch, permits): (&mut Scratch, &mut Permits<'_>),
    stop: &Arc<AtomicBool>,
) -> Result<Measurement, Failure> {
    let progress = progress(u64::from(args.entries), "preparing entries");
    scratch.fill(control, args.seed, u64::from(args.entries), &progress).await?;
    progress.finish_and_clear();
    let sessions = Scratch::sessions_for(args.ops + args.warm_up());
    let progress = self::progress(sessions, "preparing sessions");
    scratch.start_sessions(control, sessions, &progress).await?;
    progress.finish_and_clear();
    let options = ConnectOptions { lift_rate_limits: !args.respect_limits, ..options.clone() };
    if surroundings.is_strict {
        permits.let_write(&options.agent_id, scratch.scope()).await?;
    }
    if args.mix.iter().any(|operation| operation.is_checked()) {
        permits.let_read_only(&measure::reader(&options), scratch.scope()).await?;
    }
    Measurement::take(control, &options, surroundings.is_remote(), args, &Arc::new(scratch.clone()), stop)
        .await
}

fn connect_options(invocation: &Invocation) -> ConnectOptions {
    let mut options = invocation.connect_options().clone();
    options.purpose = Purpose::Benchmark;
    if options.agent_id.is_empty() {
        options.agent_id = format!("benchmark-{}", std::process::id());
    }
    options
}

/// A bar on a terminal; nothing elsewhere.
fn progress(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24} {bar:30} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what)
}

#[cfg(unix)]
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
