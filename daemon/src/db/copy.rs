//! `db copy`: everything from one backend to the other.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{DONE, FAILED, copy_progress, print};
use crate::{
    clock::Clock,
    config::Config,
    lifecycle::{DataLock, LockError},
    server,
    store::{
        StoreError,
        copy::{self, CopyReport, Progress},
        postgres::{PostgresOptions, PostgresSide},
        sqlite::SqliteSide,
    },
    stores,
};

/// Arguments of `db copy`.
#[derive(Args, Debug)]
pub struct CopyArgs {
    /// The store to copy
    #[arg(long, value_name = "BACKEND")]
    from: Backend,
    /// The store to copy into, which must be empty
    #[arg(long, value_name = "BACKEND")]
    to: Backend,
    /// Counts and checks both sides, and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON for programs
    #[arg(long)]
    json: bool,
}

/// A backend. The settings say where each of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// The data directory
    Sqlite,
    /// The server of the AGENT_MEMORY_PG_* settings
    #[value(alias = "postgresql")]
    Postgres,
}

/// The exit code is that of a failure when the sides differ, or a copy would be refused.
pub(super) async fn run(config: &Config, args: &CopyArgs) -> Result<u8, String> {
    if args.from == args.to {
        return Err(
            "--from and --to name the same backend; one of them is sqlite, the other postgres".to_owned()
        );
    }
    let postgres = PostgresOptions::from_settings(&config.settings)?;
    let _lock = lock(config, args)?;
    let mut progress = copy_progress::shown(std::io::stderr().is_terminal());
    let done = match args.dry_run {
        true => compare(config, args, postgres, &mut *progress).await,
        false => copy(config, args, postgres, &mut *progress).await,
    };
    drop(progress);
    let report = done.map_err(|error| text_of(&error))?;
    let would_work = args.dry_run && report.is_target_empty();
    if args.json {
        print(&as_json(&report, args.dry_run).to_string());
    } else {
        print(&report.to_string());
        print(verdict(&report, args.dry_run));
    }
    Ok(if report.is_same() || would_work { DONE } else { FAILED })
}

/// Nobody else uses the data directory meanwhile. One that is not there has nothing to lock.
fn lock(config: &Config, args: &CopyArgs) -> Result<Option<DataLock>, String> {
    if !config.data_dir.exists() {
        if args.from == Backend::Sqlite {
            return Err(no_store(config));
        }
        if args.dry_run {
            return Ok(None);
        }
        server::make_data_dir(config).map_err(|error| error.to_string())?;
    }
    match DataLock::take(&config.data_dir, &config.socket) {
        Ok(lock) => Ok(Some(lock)),
        Err(error @ LockError::Held { .. }) => Err(format!(
            "{error}. Stop it first: `agent-memory daemon stop`, or through the service manager that runs it; nothing was \
             changed"
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn no_store(config: &Config) -> String {
    format!("there is no store in {}; AGENT_MEMORY_DATA_DIR names its directory", config.data_dir.display())
}

async fn copy(
    config: &Config,
    args: &CopyArgs,
    postgres: PostgresOptions,
    progress: &mut dyn Progress,
) -> Result<CopyReport, StoreError> {
    let (sqlite, clock) = (stores::sqlite_options(config), Clock::system());
    match args.from {
        Backend::Sqlite => {
            let source = SqliteSide::open(sqlite, clock.clone())?;
            let mut source = source.ok_or_else(|| StoreError::Unavailable(no_store(config)))?;
            copy::copy(&mut source, &mut PostgresSide::target(postgres, clock).await?, progress).await
        }
        Backend::Postgres => {
            let place = postgres.location();
            let source = PostgresSide::open(postgres, clock.clone()).await?;
            let mut source =
                source.ok_or_else(|| StoreError::Unavailable(format!("{place} has no store")))?;
            copy::copy(&mut source, &mut SqliteSide::target(sqlite, clock), progress).await
        }
    }
}

async fn compare(
    config: &Config,
    args: &CopyArgs,
    postgres: PostgresOptions,
    progress: &mut dyn Progress,
) -> Result<CopyReport, StoreError> {
    let (options, clock) = (stores::sqlite_options(config), Clock::system());
    let (sqlite_place, postgres_place) = (options.database().display().to_string(), postgres.location());
    let mut sqlite = SqliteSide::open(options, clock.clone())?;
    let mut postgres = PostgresSide::open(postgres, clock).await?;
    match (args.from, &mut sqlite, &mut postgres) {
        (Backend::Sqlite, Some(source), target) => {
            copy::compare(source, target.as_mut(), postgres_place, progress).await
        }
        (Backend::Postgres, target, Some(source)) => {
            copy::compare(source, target.as_mut(), sqlite_place, progress).await
        }
        (Backend::Sqlite, None, _) => Err(StoreError::Unavailable(no_store(config))),
        (Backend::Postgres, _, None) => {
            Err(StoreError::Unavailable(format!("{postgres_place} has no store")))
        }
    }
}

fn text_of(error: &StoreError) -> String {
    match error {
        StoreError::Refused(body) => {
            let mend = body.suggestion.as_ref().map(|mend| format!(". {mend}")).unwrap_or_default();
            format!("{}{mend}", body.message)
        }
        other => other.to_string(),
    }
}

fn verdict(report: &CopyReport, dry_run: bool) -> &'static str {
    match (dry_run, report.is_same(), report.is_target_empty()) {
        (false, true, _) => "everything was copied, and both sides are the same",
        (false, false, _) => "the sides differ, so nothing was kept",
        (true, true, _) => "both sides are the same; nothing was changed",
        (true, false, true) => "it can be copied; nothing was changed",
        (true, false, false) => {
            "the side to copy into is not empty, so a copy is refused; nothing was changed"
        }
    }
}

fn as_json(report: &CopyReport, dry_run: bool) -> Value {
    let sum = |sum: &copy::TableSum| json!({ "rows": sum.rows, "sha256": sum.hex() });
    let tables: Vec<Value> = report
        .tables
        .iter()
        .map(|table| {
            json!({
                "table": table.name,
                "from": sum(&table.from),
                "to": table.to.as_ref().map(sum),
                "same": table.is_same(),
            })
        })
        .collect();
    json!({
        "success": report.is_same() || dry_run && report.is_target_empty(),
        "dryRun": dry_run,
        "from": report.from,
        "to": report.to,
        "same": report.is_same(),
        "outcome": verdict(report, dry_run),
        "tables": tables,
    })
}
