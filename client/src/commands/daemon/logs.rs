//! `daemon logs`: the end of the daemon's log, and what is added to it.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use clap::Args;

use crate::{failure::Failure, invocation::Invocation, output};

const POLL: Duration = Duration::from_millis(200);
/// Bytes of the log that are searched for the last lines.
const TAIL_BYTES: u64 = 4 << 20;

#[derive(Args, Debug)]
pub(crate) struct LogsArgs {
    /// Lines to show
    #[arg(long, short = 'n', default_value_t = 50)]
    lines: usize,
    /// Goes on showing what is added, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(invocation: &Invocation, args: &LogsArgs) -> Result<(), Failure> {
    let path = &invocation.locations.log_file;
    let position = match last_lines(path, args.lines) {
        Ok((text, end)) => {
            output::print(&text);
            end
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            invocation.output.note(&format!(
                "no client has started a daemon yet: {} does not exist. A daemon of a service manager logs there \
                 (journalctl --user -u agent-memoryd)",
                path.display()
            ));
            0
        }
        Err(error) => return Err(Failure::local(format!("{}: {error}", path.display()))),
    };
    if args.follow {
        follow(path, position).await;
    }
    Ok(())
}

/// Shows what is added, until Ctrl-C.
async fn follow(path: &Path, mut position: u64) {
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return,
            () = tokio::time::sleep(POLL) => {}
        }
        if let Ok((text, end)) = added(path, position) {
            output::print(&text);
            position = end;
        }
    }
}

fn last_lines(path: &Path, lines: usize) -> io::Result<(String, u64)> {
    let length = std::fs::metadata(path)?.len();
    let (text, end) = added(path, length.saturating_sub(TAIL_BYTES))?;
    let all: Vec<&str> = text.lines().collect();
    let last = &all[all.len().saturating_sub(lines)..];
    Ok((last.iter().map(|line| format!("{line}\n")).collect(), end))
}

/// What stands after a position, and the position after that. A log that became shorter was put
/// aside: then all of it is new.
fn added(path: &Path, position: u64) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let position = if file.metadata()?.len() < position { 0 } else { position };
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let end = position + bytes.len() as u64;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_followed_over_its_replacement() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        std::fs::write(&path, "one\ntwo\nthree\n").expect("writes");
        let (text, end) = last_lines(&path, 2).expect("reads");
        assert_eq!((text.as_str(), end), ("two\nthree\n", 14));
        std::fs::write(&path, "new\n").expect("writes");
        assert_eq!(added(&path, end).expect("reads"), ("new\n".to_owned(), 4));
    }
}
