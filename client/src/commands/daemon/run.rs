//! The daemon's executable in the foreground, in place of this process.

use std::{ffi::OsString, process::Command};

use agent_memory_client::find_daemon;

use crate::{failure::Failure, invocation::Invocation};

pub(crate) fn run(invocation: &Invocation, arguments: &[OsString]) -> Result<(), Failure> {
    let locations = &invocation.locations;
    let program = locations.settings.text("DAEMON").map_or_else(find_daemon, Into::into);
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .env("AGENT_MEMORY_DATA_DIR", &locations.data_dir)
        .env("AGENT_MEMORY_SOCKET", &locations.socket);
    let failed = |error: std::io::Error| {
        Failure::local(format!(
            "{} cannot be run: {error}; set AGENT_MEMORY_DAEMON to the path of agent-memoryd",
            program.display()
        ))
    };
    match replace(&mut command).map_err(failed)? {
        0 => Ok(()),
        exit => Err(Failure::told(exit)),
    }
}

/// On Unix the daemon takes this process over, with its terminal and its signals.
#[cfg(unix)]
fn replace(command: &mut Command) -> std::io::Result<u8> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

/// Elsewhere this process waits for it. The result is its exit code.
#[cfg(not(unix))]
fn replace(command: &mut Command) -> std::io::Result<u8> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.unwrap_or(crate::failure::EXIT_FAILURE))
}
