//! `db check`: whether a daemon can work with the database, and what to change if not.

use clap::Args;

use super::{DONE, FAILED, print, report};
use crate::store::postgres::{Level, PostgresOptions, inspect};

/// Arguments of `db check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Daemons that are to share the database, for the sum of their connections; those that share it now when
    /// not given
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    daemons: Option<u32>,
    /// Prints JSON for programs
    #[arg(long)]
    json: bool,
}

/// The exit code is that of a failure when something would fail.
pub(super) async fn run(options: &PostgresOptions, args: &CheckArgs) -> Result<u8, String> {
    let findings = inspect(options, args.daemons).await;
    match args.json {
        true => print(&report::as_json(&findings).to_string()),
        false => print(&report::as_text(&findings)),
    }
    let is_bad = findings.iter().any(|finding| finding.level == Level::Bad);
    Ok(if is_bad { FAILED } else { DONE })
}
