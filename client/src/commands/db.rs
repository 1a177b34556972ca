//! `db`: work on the database itself. The client never opens one: the daemon's executable does it, in
//! place of this process.

use std::ffi::OsString;

use clap::Args;

use super::daemon;
use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct DbArgs {
    /// What agent-memoryd db takes; --help lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    arguments: Vec<OsString>,
}

pub(crate) fn run(invocation: &Invocation, args: DbArgs) -> Result<(), Failure> {
    let mut arguments = vec![OsString::from("db")];
    arguments.extend(args.arguments);
    if invocation.globals.json {
        arguments.push("--json".into());
    }
    daemon::become_daemon(invocation, &arguments)
}
