//! `db migrate`: brings the schema up to date.

use clap::Args;
use serde_json::json;

use super::{DONE, print};
use crate::{
    clock::Clock,
    store::postgres::{PostgresOptions, Step, migrate, pending_migrations},
};

/// Arguments of `db migrate`.
#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// Only says which steps are to be done, and what each of them locks
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &PostgresOptions, args: &MigrateArgs) -> Result<u8, String> {
    let steps = match args.dry_run {
        true => pending_migrations(options).await,
        false => migrate(options, &Clock::system()).await,
    };
    let (version, steps) = steps.map_err(|error| error.to_string())?;
    if args.json {
        print(&as_json(options, version, &steps, args.dry_run).to_string());
        return Ok(DONE);
    }
    let doing = if args.dry_run { "to do" } else { "done" };
    for Step { version, name, locks } in &steps {
        print(&format!("{doing}: {version} {name}; locks {locks}"));
    }
    let outcome = match (steps.is_empty(), args.dry_run) {
        (true, _) => format!("nothing to do, the schema has version {version}"),
        (false, true) => "nothing was changed".to_owned(),
        (false, false) => format!("the schema has version {version}"),
    };
    print(&format!("{}: {outcome}", options.location()));
    Ok(DONE)
}

fn as_json(options: &PostgresOptions, version: u32, steps: &[Step], dry_run: bool) -> serde_json::Value {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| json!({ "version": step.version, "name": step.name, "locks": step.locks }))
        .collect();
    json!({
        "success": true,
        "location": options.location(),
        "schemaVersion": version,
        "dryRun": dry_run,
        "steps": steps,
    })
}
